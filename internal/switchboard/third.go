package switchboard

import (
	"time"

	"dovidka/internal/call"
	"dovidka/internal/fault"
	"dovidka/internal/queue"
)

// What an agent may wish of the present talk.
const (
	doHangup     = "hangup"
	doHold       = "hold"
	doMute       = "mute"
	doDigits     = "digits"
	doConsult    = "consult"    // ask a second party while the citizen hears music
	doComplete   = "complete"   // «З'єднати»: leave the citizen to the second party
	doReturn     = "return"     // «Повернутися»: back to the citizen, without the second party
	doConference = "conference" // «Разом утрьох»
	doTransfer   = "transfer"   // leave at once
	doPark       = "park"
	doMove       = "move" // go on at another telephone of one's own
)

// command is an agent's wish about the present talk; done answers it.
type command struct {
	by    string // login
	do    string
	on    bool
	keys  string // digits; the device to move to
	to    Target
	aside Leg // doConsult: the second call of the agent's desk phone, which asks for it
	done  chan error
}

// fits lists which wishes fit which stage; any other is late or doubled: it changes nothing, and the agent is told so. A guest may
// leave, be silent, press keys and change the telephone, and no more: the call is not theirs.
func fits(st stage, guest bool, do string) bool {
	switch do {
	case doHangup, doMute, doMove:
		return true
	case doDigits:
		return st == talking || st == conference
	case doHold, doConsult, doTransfer, doPark:
		return !guest && st == talking
	case doReturn:
		return !guest && st != talking
	case doComplete:
		return !guest && st != talking
	case doConference:
		return !guest && st == consulting
	}
	return false
}

// unfit tells an agent why a wish came to nothing.
func unfit(st stage, guest bool) error {
	why := map[stage]string{
		talking:    "Зараз ви розмовляєте лише з громадянином.",
		calling:    "Зараз дзвонить колезі або підрозділу. Дочекайтеся відповіді або поверніться до громадянина.",
		consulting: "Громадянин чує музику. Спершу з'єднайте його або поверніться до нього.",
		conference: "Ви розмовляєте втрьох. Спершу залиште розмову або поверніться до громадянина.",
	}[st]
	if guest {
		why = "Цю розмову веде колега: вирішує колега."
	}
	return fault.New(fault.Conflict, why)
}

// command does what an agent wishes.
func (t *talk) command(m command) error {
	p := t.me
	if m.by != t.me.id {
		if p = t.guest; p.agent() != m.by {
			return errTalkOver
		}
	}
	if !fits(t.stage, p == t.guest, m.do) {
		return unfit(t.stage, p == t.guest)
	}
	t.set(func() { t.notice = "" })
	switch m.do {
	case doHangup:
		t.hangUp(p)
	case doHold:
		t.hold = m.on
		if !m.on {
			p.phone = false
		}
		t.holding()
	case doMute:
		p.leg.Media().Mute(m.on)
		t.set(func() { p.muted = m.on })
	case doDigits:
		t.c.port.SendDigits(m.keys)
	case doConsult:
		err := t.consult(m.to)
		if err == nil {
			t.aside = m.aside
		}
		return err
	case doTransfer:
		return t.transfer(m.to)
	case doComplete:
		t.complete()
	case doReturn:
		t.back("returned")
	case doConference:
		t.conference()
	case doPark:
		t.over(ending{how: endParked})
	case doMove:
		return t.moveTo(p, m.keys)
	}
	return nil
}

// hangUp is the red button.
func (t *talk) hangUp(p *party) {
	switch {
	case p == t.guest:
		t.back("left")
	case t.stage == talking:
		t.over(ending{how: endAgent})
	case t.stage == calling:
		t.over(ending{how: endAway, ring: t.ring, aim: t.ring.aim, blind: true, left: true})
	default:
		t.handOver(false)
	}
}

// consult begins to ring a second party; the citizen hears music.
func (t *talk) consult(to Target) error {
	if to.Kind == ToQueue {
		return fault.New(fault.Invalid, "Порадитися з чергою не можна. Передайте дзвінок до черги одразу.")
	}
	a, err := t.c.s.aimAt(t.me.id, to)
	if err != nil {
		return err
	}
	r, err := t.c.reach(a, t.me, whyConsult)
	if err != nil {
		return err
	}
	t.hold, t.held = false, false
	t.set(func() { t.ring, t.stage = r, calling })
	t.c.note(call.Fact{Kind: call.ConsultBegun, Agent: t.me.id, Name: a.kind, Value: a.value()})
	t.sound()
	return nil
}

// answered: the ringing of the second party is over.
func (t *talk) answered(out rung) {
	r := t.ring
	p, cause := t.c.taken(r, out, true)
	if p == nil {
		t.unanswered(cause, out.words())
		return
	}
	if !t.asideUp() {
		t.set(func() { t.ring, t.guest = nil, p })
		t.back("returned")
		return
	}
	if t.me.lost { // from now on the citizen has somebody to go to: the seconds are counted here
		t.c.s.desk.Do(queue.Back{Call: t.c.id})
		t.me.patience.Reset(t.c.s.lostFor())
	}
	t.set(func() { t.ring, t.guest, t.stage = nil, p, consulting })
	t.c.note(call.Fact{Kind: call.ConsultAnswered, Agent: t.me.id, Name: p.kind, Value: p.value()})
	if p.agent() != "" {
		t.c.s.talking(t, p.id)
	}
	if t.asked != nil { // the phone's user has left it to us
		t.handOver(false)
		return
	}
	t.sound()
}

// unanswered: nobody took the call within their time, or refused it; the agent is with the citizen again.
func (t *talk) unanswered(cause, words string) {
	r := t.ring
	t.c.unanswered(r, cause)
	if words == "" {
		words = causeWords(cause) + "."
	}
	notice := r.name + ": " + words
	t.back(cause)
	t.set(func() { t.notice = notice })
}

// back brings the agent and the citizen together again, without the second party.
func (t *talk) back(cause string) {
	a := t.second()
	t.dropRing()
	t.dropAside()
	t.tell(referStatus(cause))
	if g := t.guest; g != nil {
		g.leg.Hangup("")
		g.patience.Stop()
		t.c.s.desk.Do(queue.Part{Call: t.c.id, Agent: g.agent(), Lost: cause == "lost"})
		t.c.s.silent(t, g.agent())
		if t.moves == g {
			t.stopMove()
		}
	}
	t.set(func() { t.guest, t.stage = nil, talking })
	t.c.note(call.Fact{Kind: call.ConsultEnded, Agent: t.me.id, Name: a.kind, Value: a.value(), Cause: cause})
	if cause == "left" || cause == "lost" {
		t.set(func() { t.notice = a.name + ": " + causeWords(cause) + "." })
	}
	if t.me.lost { // nobody is left but one who is away: the queue counts
		t.me.patience.Stop()
		t.c.note(call.Fact{Kind: call.AgentLost, Agent: t.me.id, Value: string(talking)})
		t.count(t.me)
	}
	t.holding()
}

// second is who is consulted, or rung for it.
func (t *talk) second() aim {
	switch {
	case t.guest != nil:
		return t.guest.aim
	case t.ring != nil:
		return t.ring.aim
	}
	return aim{}
}

// dropRing stops to ring the second party.
func (t *talk) dropRing() {
	if r := t.ring; r != nil {
		t.set(func() { t.ring = nil })
		t.c.drop(r)
	}
}

func (t *talk) conference() {
	t.set(func() { t.stage = conference })
	t.c.note(call.Fact{Kind: call.Conference, Agent: t.me.id, Name: t.guest.kind, Value: t.guest.value()})
	t.sound()
}

// complete leaves the citizen to the second party, who is there or is still being rung.
func (t *talk) complete() {
	if t.stage == calling {
		t.over(ending{how: endAway, ring: t.ring, aim: t.ring.aim, blind: true})
		return
	}
	t.handOver(false)
}

// handOver leaves the citizen to the second party, who is there. A second party whose own page is gone is no way on.
func (t *talk) handOver(lost bool) {
	g := t.guest
	e := ending{how: endHanded, to: g, aim: g.aim, lost: lost}
	if g.lost {
		t.over(ending{how: endOrphan, lost: lost})
		return
	}
	if g.kind == ToAgent {
		t.c.s.writes(t.c, t.me.id)
		orders := t.c.s.desk.Do(queue.Hand{Call: t.c.id, From: t.me.id, To: g.id, Lost: lost})
		t.c.s.wrote(t.c, t.me.id)
		if !handed(orders) {
			e = ending{how: endOrphan, lost: lost}
		}
		g.why = whyTransfer
	}
	t.over(e)
}

func handed(orders []queue.Order) bool {
	for _, o := range orders {
		if _, ok := o.(queue.Handed); ok {
			return true
		}
	}
	return false
}

// transfer leaves the citizen to somebody who is yet to answer.
func (t *talk) transfer(to Target) error {
	a, err := t.c.s.aimAt(t.me.id, to)
	if err != nil {
		return err
	}
	if a.kind == ToQueue {
		t.over(ending{how: endQueue, aim: a, blind: true})
		return nil
	}
	r, err := t.c.reach(a, t.me, whyTransfer)
	if err != nil {
		return err
	}
	t.over(ending{how: endAway, ring: r, aim: a, blind: true})
	return nil
}

// moveBound is how long the other telephone of one's own is rung.
const moveBound = 20 * time.Second

// moveTo rings another telephone of the same agent; the talk goes on meanwhile where it is.
func (t *talk) moveTo(p *party, device string) error {
	switch {
	case device != DeviceBrowser && device != DevicePhone:
		return fault.New(fault.Invalid, "Такого пристрою немає.")
	case device == p.device:
		return fault.New(fault.Conflict, "Розмова вже йде на цьому пристрої.")
	case t.aside != nil:
		return fault.New(fault.Conflict, "Телефон зайнято двома дзвінками. Спершу завершіть один із них.")
	case t.move != nil:
		return fault.New(fault.Conflict, "Розмову вже переносимо на інший пристрій.")
	case !t.c.s.o.Phones.Alive(p.id, device):
		return fault.New(fault.Conflict, deviceStrip(device))
	}
	r := &ringing{aim: p.aim, device: device, why: whyMove, by: p.id}
	t.c.begin(r, moveBound)
	r.accept() // a browser has said so by the click; a desk phone is picked up
	t.set(func() { t.move, t.moves = r, p })
	return nil
}

// moved: the other telephone has answered, or has not.
func (t *talk) moved(out rung) {
	p, r := t.moves, t.move
	t.set(func() { t.move, t.moves = nil, nil })
	r.over = true
	r.cancel(nil)
	if out.err != nil {
		t.set(func() {
			t.notice = map[string]string{DevicePhone: "Телефон не відповів", DeviceBrowser: "Браузер не відповів"}[r.device] + ", розмова лишилася на місці."
		})
		return
	}
	old := p.leg
	t.apart()
	out.leg.Media().Mute(p.muted)
	t.set(func() { p.leg, p.alive, p.device, p.phone = out.leg, out.leg.Alive(), out.device, false })
	if p.lost {
		t.pageBack(p)
	}
	t.c.note(call.Fact{Kind: call.Moved, Agent: p.id, Name: p.device})
	t.holding()
	old.Hangup("")
}

func (t *talk) stopMove() {
	t.c.drop(t.move)
	t.set(func() { t.move, t.moves = nil, nil })
}

// causeWords says why a second party is not there (any more).
func causeWords(cause string) string {
	switch cause {
	case queue.CauseNoAnswer:
		return "немає відповіді"
	case queue.CauseRefused:
		return "дзвінок відхилено"
	case "denied":
		return "дзвінок на цей номер не дозволено"
	case "left":
		return "розмову завершено з того боку"
	case "lost":
		return "зв'язок перервався"
	}
	return "немає зв'язку"
}
