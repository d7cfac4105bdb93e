package switchboard

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/fault"
	"dovidka/internal/media"
)

// The ways in which a head takes part in a talk.
const (
	Listen  = "listen"  // hears both, nobody hears the head
	Whisper = "whisper" // the agent hears the head too, the citizen does not
	Barge   = "barge"   // all three hear each other
)

// How long a supervision outlives things.
const (
	supervisorRings = 30 * time.Second // a desk phone that nobody picks up
	supervisorLost  = 15 * time.Second // a page that does not come back
	talkPause       = 30 * time.Second // between two talks of one call: a transfer that rings
)

// Why a supervision ends: causes of its context.
var (
	errLeft    = errors.New("switchboard: the head has left")
	errNoTalk  = errors.New("switchboard: the talk is over")
	errNoVoice = errors.New("switchboard: the head's telephone is gone")
)

// supervision is a head who listens to the talks of one call. Its goroutine owns the head's leg; the sound belongs to mu, because
// the talk tells of its changes (follow). It never holds up the talk: a head who vanishes is only a Mix that loses an ear.
type supervision struct {
	s          *Switchboard
	c          *conductor
	by, device string
	ctx        context.Context
	cancel     context.CancelCauseFunc
	began      chan error    // nil: the head hears; else why not
	ended      chan struct{} // closed when nothing of it is left

	mu    sync.Mutex
	mode  string
	leg   Leg       // nil: still rings
	since time.Time // when the head began to hear
	over  bool
	talk  company // as it was told last
	mix   *media.Mix
	ears  []*media.Port // of the mix
}

// hearing is who hears whom.
type hearing struct {
	ear    *media.Port
	voices []*media.Port
}

// hear judges: what the head, the agent and the others are to hear by the Mix. Who is not in it hears by the talk's own means.
func hear(mode string, head, agent *media.Port, joined []*media.Port) []hearing {
	without := func(p *media.Port, all []*media.Port) (out []*media.Port) {
		for _, q := range all {
			if q != p {
				out = append(out, q)
			}
		}
		return out
	}
	if mode == Listen {
		return []hearing{{head, joined}}
	}
	if len(joined) == 0 { // the citizen is on hold: the two confer
		joined = []*media.Port{agent}
	}
	out := []hearing{{head, joined}}
	for _, p := range joined {
		voices := without(p, joined)
		if mode == Barge || p == agent {
			voices = append(voices, head)
		}
		out = append(out, hearing{p, voices})
	}
	return out
}

// follow is told of every change in who talks with whom, by the talk's goroutine, after it has joined them its own way.
func (u *supervision) follow(k company) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.talk = k
	u.apply()
}

// apply puts the mix over the talk's own sound; u.mu is held.
func (u *supervision) apply() {
	var plan []hearing
	if u.leg != nil && !u.over && u.talk.at != nil {
		plan = hear(u.mode, u.leg.Media(), u.talk.at, u.talk.joined)
	}
	ears := make([]*media.Port, 0, len(plan))
	for _, h := range plan {
		ears = append(ears, h.ear)
	}
	for _, p := range u.ears {
		if !slices.Contains(ears, p) {
			u.mix.Leave(p)
		}
	}
	for _, h := range plan {
		u.mix.Hear(h.ear, h.voices...)
	}
	u.ears = ears
}

// barges gives the head's port while all hear it; nil otherwise, and for nobody.
func (u *supervision) barges() *media.Port {
	if u == nil {
		return nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.mode != Barge || u.leg == nil || u.over {
		return nil
	}
	return u.leg.Media()
}

// company is who talk with each other in a talk.
type company struct {
	agent   string        // whose talk it is
	at      *media.Port   // that agent's
	joined  []*media.Port // those who hear each other; without the citizen's port the citizen hears music
	outside *media.Port   // one of them who was not told of a recording: a department
}

// sounded is told by the talk of every change in who talks with whom. The recording and the head who listens follow.
func (c *conductor) sounded(k company) {
	u := c.supervision()
	if u != nil {
		u.follow(k)
	}
	var persons []*media.Port
	if slices.Contains(k.joined, c.port) {
		for _, p := range k.joined {
			if p != c.port && p != k.outside {
				persons = append(persons, p)
			}
		}
		if p := u.barges(); p != nil {
			persons = append(persons, p)
		}
	}
	c.rec.follow(k.agent, persons...)
}

func (c *conductor) supervision() *supervision {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.super
}

// unsupervise ends whatever supervision there is: the call has no talk any more.
func (c *conductor) unsupervise() {
	if u := c.supervision(); u != nil {
		u.cancel(errNoTalk)
	}
}

// Supervise lets a head take part in the talk of a call, from the head's own telephone; asked again for the same call it changes the
// mode. Whether the head may is the door's to know, and to note. For a browser it returns when the head hears, for a desk phone when it rings.
func (s *Switchboard) Supervise(ctx context.Context, head string, id call.ID, mode, device string) error {
	if mode != Listen && mode != Whisper && mode != Barge || device != DeviceBrowser && device != DevicePhone {
		return fault.New(fault.Invalid, "Так слухати розмову не можна.")
	}
	u, fresh, err := s.supervise(head, id, mode, device)
	if err != nil {
		return err
	}
	if !fresh {
		u.change(mode)
		return nil
	}
	if device == DevicePhone {
		return nil
	}
	select {
	case err := <-u.began:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// supervise finds or makes the supervision.
func (s *Switchboard) supervise(head string, id call.ID, mode, device string) (u *supervision, fresh bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if own := s.supers[head]; own != nil {
		if own.c.id != id {
			return nil, false, fault.New(fault.Conflict, "Ви вже слухаєте іншу розмову. Спершу завершіть її.")
		}
		return own, false, nil
	}
	t := s.talkOf(id)
	if t == nil {
		return nil, false, errNoTalkNow
	}
	if s.talks[head] != nil {
		return nil, false, fault.New(fault.Conflict, "Ви самі зараз розмовляєте.")
	}
	c := t.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.super != nil {
		return nil, false, fault.New(fault.Conflict, "Цю розмову вже слухає інший керівник.")
	}
	u = &supervision{
		s: s, c: c, by: head, device: device, mode: mode, mix: media.NewMix(), began: make(chan error, 1), ended: make(chan struct{}),
	}
	u.ctx, u.cancel = context.WithCancelCause(c.ctx)
	c.super, s.supers[head] = u, u
	c.work.Go(u.run) // the call waits for it before its record; it is not over, since it has a talk
	return u, true, nil
}

// talkOf finds the talk of a call; s.mu is held.
func (s *Switchboard) talkOf(id call.ID) *talk {
	for _, t := range s.talks {
		if t.c.id == id {
			return t
		}
	}
	return nil
}

// Unsupervise ends the head's taking part. When there is none it changes nothing.
func (s *Switchboard) Unsupervise(head string) {
	s.mu.Lock()
	u := s.supers[head]
	s.mu.Unlock()
	if u != nil {
		u.cancel(errLeft)
		<-u.ended
	}
}

// change switches the mode.
func (u *supervision) change(mode string) {
	u.mu.Lock()
	was := u.mode
	u.mode = mode
	hears, agent := u.leg != nil && !u.over, u.talk.agent
	u.mu.Unlock()
	if was == mode {
		return
	}
	if hears {
		u.c.note(call.Fact{Kind: call.Supervised, Agent: agent, Name: mode, Value: u.by})
		u.resound(mode == Listen) // from a mix back to hearing each other on arrival
	}
	u.s.watchers.nudge()
}

// resounding asks a talk's goroutine to tell who talks with whom (conductor.sounded), after it has joined them anew if again.
type resounding struct {
	again bool
	done  chan struct{}
}

// resound lets the sound follow the supervision. A talk that does not answer in time has other troubles.
func (u *supervision) resound(again bool) {
	u.s.mu.Lock()
	t := u.s.talkOf(u.c.id)
	u.s.mu.Unlock()
	if t == nil {
		return
	}
	r := resounding{again, make(chan struct{})}
	bound := time.NewTimer(5 * time.Second)
	defer bound.Stop()
	select {
	case t.resounds <- r:
		<-r.done
	case <-t.ended:
	case <-bound.C:
		u.c.log.Warn("switchboard: the talk does not answer a head who listens", "agent", u.by)
	}
}

// run is a supervision from the ringing of the head's telephone to its end.
func (u *supervision) run() {
	defer close(u.ended)
	defer func() {
		if p := recover(); p != nil {
			u.c.log.Error("switchboard: supervision panics", "err", fmt.Sprint(p), "stack", string(debug.Stack()))
			u.tell(fault.New(fault.Internal, ""))
		}
	}()
	defer u.end()
	leg, err := u.dial()
	if err != nil {
		u.tell(err)
		return
	}
	defer leg.Hangup("")
	u.begin(leg)
	u.tell(nil)
	u.cancel(u.stay(leg))
}

// tell says once whether the head hears.
func (u *supervision) tell(err error) {
	select {
	case u.began <- err:
	default:
	}
}

// dial reaches the head's telephone. The button was pressed already, so a browser is joined at once.
func (u *supervision) dial() (Leg, error) {
	accepted := make(chan struct{})
	close(accepted)
	ctx, stop := context.WithTimeout(u.ctx, supervisorRings)
	defer stop()
	leg, err := u.s.o.Phones.Dial(ctx, u.by, u.device, Ring{Call: u.c.id, Accepted: accepted})
	switch {
	case err == nil:
		return leg, nil
	case errors.Is(context.Cause(u.ctx), errNoTalk):
		return nil, errNoTalkNow
	case u.device == DevicePhone:
		return nil, fault.Wrap(fault.Conflict, "Телефон на столі не відповів.", err)
	}
	return nil, fault.Wrap(fault.Conflict, "Звук у браузері не підключено. Дозвольте мікрофон або оновіть сторінку.", err)
}

// begin lets the head hear.
func (u *supervision) begin(leg Leg) {
	u.mu.Lock()
	u.leg, u.since = leg, time.Now()
	mode := u.mode
	u.mu.Unlock()
	u.resound(false)
	u.mu.Lock()
	agent, at := u.talk.agent, u.talk.at
	u.mu.Unlock()
	u.c.note(call.Fact{Kind: call.Supervised, Agent: agent, Name: mode, Value: u.by})
	if u.s.o.SupervisorTone && at != nil {
		at.Play(media.Tone(1400, 200*time.Millisecond, -25)) // for its length in the place of the citizen's voice
	}
	u.s.watchers.nudge()
}

// stay waits for the end of a supervision and tells why.
func (u *supervision) stay(leg Leg) error {
	lost := time.NewTimer(time.Hour)
	lost.Stop()
	look := time.NewTicker(time.Second)
	defer look.Stop()
	talked := time.Now()
	alive := leg.Alive()
	for {
		select {
		case <-u.ctx.Done():
			return context.Cause(u.ctx)
		case <-leg.Done():
			return errLeft
		case up, ok := <-alive:
			switch {
			case !ok:
				alive = nil
			case up:
				lost.Stop()
			default:
				lost.Reset(supervisorLost)
			}
		case <-lost.C:
			return errNoVoice
		case now := <-look.C:
			u.s.mu.Lock()
			if u.s.talkOf(u.c.id) != nil {
				talked = now
			}
			u.s.mu.Unlock()
			if now.Sub(talked) > talkPause {
				return errNoTalk
			}
		}
	}
}

// end takes the head out of the sound, then writes how long it was.
func (u *supervision) end() {
	u.cancel(errLeft)
	u.mu.Lock()
	u.over = true
	heard, since, agent, was := u.leg != nil, u.since, u.talk.agent, u.mode
	u.mu.Unlock()
	u.c.mu.Lock()
	u.c.super = nil
	u.c.mu.Unlock()
	if heard && was != Listen {
		u.resound(true) // the two hear each other on arrival again
	}
	u.mix.Close()
	u.s.mu.Lock()
	delete(u.s.supers, u.by)
	u.s.mu.Unlock()
	u.s.watchers.nudge()
	if !heard {
		return
	}
	took := time.Since(since)
	u.c.note(call.Fact{Kind: call.SupervisionEnded, Agent: agent, Value: u.by, Seconds: took.Seconds()})
	if u.s.o.Supervised != nil {
		u.s.o.Supervised(u.by, u.c.id, agent, took)
	}
}
