package switchboard

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"dovidka/internal/call"
)

// walk is a random life of a centre: three operators, two citizens, a department; anybody does anything at any moment.
type walk struct {
	*centre
	r        *rand.Rand
	citizens []*citizen
	said     []string // what was done, for a failure
}

func (w *walk) pick(of ...string) string { return of[w.r.IntN(len(of))] }
func (w *walk) agent() string            { return w.pick("olena", "petro", "ivan") }

func (w *walk) target() Target {
	if w.r.IntN(4) == 0 {
		return Target{ToDepartment, "rada"}
	}
	if w.r.IntN(8) == 0 {
		return Target{ToQueue, "social"}
	}
	return Target{ToAgent, w.who(func(v AgentView) bool { return v.Me.Status == "ready" && v.Me.Activity == "idle" })}
}

// leg does something to some telephone that is up.
func (w *walk) leg(do func(*fakeLeg)) {
	if all := w.phones.alive(); len(all) > 0 {
		do(all[w.r.IntN(len(all))])
	}
}

// who is mostly somebody for whom it makes sense, and at times anybody.
func (w *walk) who(sense func(AgentView) bool) string {
	var all []string
	for _, l := range []string{"olena", "petro", "ivan"} {
		if sense(w.s.View(l)) {
			all = append(all, l)
		}
	}
	if len(all) == 0 || w.r.IntN(10) == 0 {
		return w.agent()
	}
	return w.pick(all...)
}

func talks(v AgentView) bool { return v.Talk != nil }
func rings(v AgentView) bool { return v.Offer != nil }
func away(v AgentView) bool  { return v.Me.Status != "ready" || !v.Me.DeviceAlive }

// act is something that people do, so often among all.
type act struct {
	often int
	what  string
	do    func()
}

// step does one thing; whether it fits is the switchboard's affair.
func (w *walk) step() {
	t, o, r, any := w.who(talks), w.who(rings), w.who(away), w.agent()
	acts := []act{
		{30, o + " answers", func() { _ = w.s.Answer(o) }}, {3, o + " refuses", func() { _ = w.s.Refuse(o) }},
		{12, t + " consults", func() { _ = w.s.Consult(t, w.target()) }}, {5, t + " transfers", func() { _ = w.s.Transfer(t, w.target()) }},
		{4, t + " completes", func() { _ = w.s.Complete(t) }}, {4, t + " returns", func() { _ = w.s.Return(t) }},
		{7, t + " joins all", func() { _ = w.s.Conference(t) }}, {3, t + " parks", func() { _ = w.s.Park(t) }},
		{6, any + " takes", func() { _ = w.s.TakeParked(any, 1) }}, {4, t + " holds", func() { _ = w.s.Hold(t, w.r.IntN(3) == 0) }},
		{3, t + " hangs up", func() { _ = w.s.Hangup(t) }}, {5, t + " moves", func() { _ = w.s.Move(t, w.pick(DeviceBrowser, DevicePhone)) }},
		{2, any + " chooses", func() { _ = w.s.SetDevice(w.Context(), any, w.pick(DeviceBrowser, DevicePhone, DeviceBoth)) }},
		{20, "all are ready", w.allReady},
		{2, any + " rests", func() { _ = w.s.SetStatus(w.Context(), any, "break", "") }}, {8, any + " writes no more", func() { _ = w.s.WrapUpDone(any) }},
		{5, t + " loses the page", func() { w.flip(t, false) }}, {5, r + " has the page", func() { w.flip(r, true) }},
		{3, "a phone is put down", func() { w.leg(func(l *fakeLeg) { l.hangs() }) }},
		{2, "a phone breaks", func() { w.leg(func(l *fakeLeg) { l.end("silence", "") }) }},
		{12, "a citizen calls", w.call}, {3, "a citizen leaves", w.leave},
	}
	n := 0
	for _, a := range acts {
		n += a.often
	}
	n = w.r.IntN(n)
	for _, a := range acts {
		if n -= a.often; n < 0 {
			w.said = append(w.said, a.what)
			a.do()
			return
		}
	}
}

func (w *walk) allReady() {
	for _, a := range []string{"olena", "petro", "ivan"} {
		w.flip(a, true)
		_ = w.s.SetStatus(w.Context(), a, "ready", "")
		_ = w.s.WrapUpDone(a)
	}
}

func (w *walk) flip(a string, up bool) {
	w.phones.page(a, up)
	for _, l := range w.phones.alive() {
		if l.from == call.Number(a) {
			select {
			case l.alive <- up:
			default:
			}
		}
	}
}

// call lets a citizen call and ask for a person.
func (w *walk) call() {
	n := 0
	for _, z := range w.citizens {
		if z.Cause() == "" {
			n++
		}
	}
	if n >= 2 {
		return
	}
	z := w.dial(fmt.Sprintf("06712345%02d", len(w.citizens)))
	w.citizens = append(w.citizens, z)
	<-z.answered
	time.Sleep(200 * time.Millisecond)
	z.press("0")
}

func (w *walk) leave() {
	if len(w.citizens) > 0 && w.r.IntN(3) == 0 {
		w.citizens[w.r.IntN(len(w.citizens))].hangs()
	}
}

// check: every citizen who talks, waits or is parked hears something, and no agent is in two places.
func (w *walk) check() {
	w.Helper()
	time.Sleep(1100 * time.Millisecond)
	synctest.Wait()
	w.s.mu.Lock()
	in := map[call.ID]string{}
	for login, t := range w.s.talks {
		in[t.c.id] += login + " "
	}
	for _, k := range w.s.shelf {
		in[k.c.id] += "shelf "
	}
	legs := map[call.ID]*fakeLeg{}
	for id, c := range w.s.calls {
		legs[id] = c.leg.(*fakeLeg)
	}
	w.s.mu.Unlock()
	for _, q := range w.s.desk.Snapshot().Waiting {
		in[q.Call] += "queue "
	}
	for id, where := range in {
		if l := legs[id]; l != nil && l.Cause() == "" && l.loud() < -50 {
			w.Fatalf("the citizen of %s hears dead air (%.0f dBov) with %s; done: %v; %s", id, l.loud(), where, w.said, w.journal.kinds(id))
		}
	}
}

// TestRandomTalks is the walk: after it everybody has left, and there is nothing left of anything: no leg, no ringing, no busy agent, a
// record for every call. (The bubble fails by itself when a goroutine is left behind.)
func TestRandomTalks(t *testing.T) {
	walks := 12
	if os.Getenv("DOVIDKA_ALL_STORIES") != "" {
		walks = 40 // a minute and a half under the race detector
	}
	for seed := range walks {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			inTalk(t, func(c *centre, z *citizen, _ *fakeLeg) {
				w := &walk{centre: c, r: rand.New(rand.NewPCG(uint64(seed), 7)), citizens: []*citizen{z}}
				c.phones.sip["ivan"], c.phones.sip["petro"] = 4*time.Second, 2*time.Second
				c.phones.picks = func(l *fakeLeg) { go l.speaks(700, time.Hour) }
				go c.phones.leg("olena").speaks(700, time.Hour)
				c.ready("ivan")
				for range 60 {
					w.step()
					w.check()
					time.Sleep([]time.Duration{0, 0, 0, 0, 0, 0, time.Second, 2 * time.Second, 4 * time.Second, 6 * time.Second, 16 * time.Second, 27 * time.Second}[w.r.IntN(12)])
				}
				for _, z := range w.citizens {
					z.hangs()
				}
				for _, z := range w.citizens {
					<-z.over
				}
				time.Sleep(2 * time.Minute)
				w.empty()
			})
		})
	}
}

// empty fails when something is left of the calls.
func (w *walk) empty() {
	w.Helper()
	w.quiet()
	w.s.mu.Lock()
	rings, talks, shelf := len(w.s.rings), len(w.s.talks), len(w.s.shelf)
	w.s.mu.Unlock()
	if rings+talks+shelf != 0 {
		w.Fatalf("%d ringing, %d talks, %d parked left; done: %v", rings, talks, shelf, w.said)
	}
	for _, a := range w.s.desk.Snapshot().Agents {
		if a.Activity != "idle" || a.Call != "" {
			w.Fatalf("%+v; done: %v", a, w.said)
		}
	}
	if got, want := len(w.journal.records()), w.journal.calls(); got != want {
		w.Fatalf("%d records of %d calls", got, want)
	}
}
