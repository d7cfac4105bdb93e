package switchboard

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/fault"
)

// rada is a department outside.
const rada = call.Number("+380441234567")

// inTalk is a centre with two operators in which olena talks with a citizen.
func inTalk(t *testing.T, story func(c *centre, z *citizen, olena *fakeLeg)) {
	inCentre(t, func(c *centre, o *Options) {
		o.Departments = func(context.Context) ([]Department, error) {
			return []Department{{ID: "rada", Name: "Відділ соціального захисту", Number: rada}, {ID: string(rada), Name: "Рада", Number: rada}}, nil
		}
		c.phones.outs[rada] = 3 * time.Second
	}, func(c *centre) {
		c.ready("olena")
		z := c.dial(anyone)
		z.hears("Вітаємо")
		z.press("0")
		l := c.answers("olena")
		c.ready("petro")
		story(c, z, l)
	})
}

// must fails when an act was refused.
func (c *centre) must(err error) {
	c.Helper()
	if err != nil {
		c.Fatalf("refused: %s", fault.Say(err))
	}
}

// stage waits until an agent's talk stands there.
func (c *centre) stage(login string, st stage) AgentView {
	c.Helper()
	return c.until(login, string(st), func(v AgentView) bool { return v.Talk != nil && v.Talk.Stage == string(st) })
}

// consults brings olena and petro to confer while the citizen hears music.
func (c *centre) consults() *fakeLeg {
	c.Helper()
	c.must(c.s.Consult("olena", Target{ToAgent, "petro"}))
	c.stage("olena", calling)
	v := c.offered("petro")
	if v.Offer.Why != "consult" || v.Offer.By != "Олена Прикладна" || v.Offer.NumberMasked != "… 45 67" {
		c.Fatalf("%+v", v.Offer)
	}
	c.must(c.s.Answer("petro"))
	c.stage("petro", consulting)
	return c.phones.leg("petro")
}

// voices lets each of the legs speak its own tone and checks who hears whom: want[i] are the others that leg i is to hear.
func (c *centre) voices(legs []*fakeLeg, want [][]int) {
	c.Helper()
	hz := []float64{500, 1000, 1700}
	for i, l := range legs {
		go l.speaks(hz[i], 2*time.Second)
	}
	time.Sleep(1900 * time.Millisecond)
	synctest.Wait()
	for i, l := range legs {
		for j := range legs {
			level, hears := l.tone(hz[j]), slices.Contains(want[i], j)
			if hears && level < -30 || !hears && level > -40 {
				c.Fatalf("leg %d hears the tone of leg %d at %.0f dB, expected to hear it: %v\n%s", i, j, level, hears, c.journal.kinds(""))
			}
		}
	}
	time.Sleep(200 * time.Millisecond)
}

// music fails when a leg hears dead air.
func (c *centre) music(who string, l *fakeLeg) {
	c.Helper()
	time.Sleep(1200 * time.Millisecond)
	synctest.Wait()
	if v := l.loud(); v < -45 {
		c.Fatalf("%s hears dead air: %.0f dBov; %s", who, v, c.journal.kinds(""))
	}
}

// quiet fails unless every telephone but those given is hung up, and no agent is left behind in the queue's eyes.
func (c *centre) quiet(but ...*fakeLeg) {
	c.Helper()
	synctest.Wait()
	for _, l := range c.phones.alive() {
		if !slices.Contains(but, l) {
			c.Fatalf("a leg of %s is left behind; %s", l.from, c.journal.kinds(""))
		}
	}
}

// finish ends a call by the citizen and checks that nothing of it is left.
func (c *centre) finish(z *citizen, o call.Outcome) call.Record {
	c.Helper()
	z.hangs()
	r := wants(z, o)
	c.quiet()
	for _, l := range []string{"olena", "petro"} {
		c.until(l, "free of the call", func(v AgentView) bool { return v.Talk == nil && v.Offer == nil && v.Me.Activity != "talking" })
	}
	if v := c.s.View("olena"); v.Queue.Waiting != 0 || len(v.Parked) != 0 {
		c.Fatalf("%+v %+v", v.Queue, v.Parked)
	}
	return r
}

func TestAttendedTransfer(t *testing.T) {
	inTalk(t, func(c *centre, z *citizen, olena *fakeLeg) {
		c.must(c.s.Consult("olena", Target{ToAgent, "petro"}))
		c.stage("olena", calling)
		c.music("the agent while it rings", olena)
		c.music("the citizen", z.fakeLeg)
		c.offered("petro")
		c.must(c.s.Answer("petro"))
		v := c.stage("petro", consulting)
		petro := c.phones.leg("petro")
		if !v.Talk.Guest || v.Talk.Second.Name != "Олена Прикладна" {
			c.Fatalf("%+v", v.Talk)
		}
		c.voices([]*fakeLeg{z.fakeLeg, olena, petro}, [][]int{{}, {2}, {1}})
		c.music("the citizen", z.fakeLeg)
		c.must(c.s.Complete("olena"))
		v = c.stage("petro", talking)
		if v.Talk.Guest || v.Talk.Card == "" {
			c.Fatalf("%+v", v.Talk)
		}
		c.voices([]*fakeLeg{z.fakeLeg, petro}, [][]int{{1}, {0}})
		if olena.Cause() != "us" || olena.tone(500) > -60 {
			c.Fatal("the first operator still hears the citizen")
		}
		if v := c.s.View("olena"); v.WrapUp == nil || v.WrapUp.Card == "" || v.Talk != nil {
			c.Fatalf("%+v", v)
		}
		r := c.finish(z, call.OutServed)
		if r.Agent != "petro" || r.Hold < 4*time.Second {
			c.Fatalf("%+v", r)
		}
		for _, k := range []call.Kind{call.ConsultBegun, call.ConsultAnswered, call.Transferred} {
			if len(c.journal.all(k)) != 1 {
				c.Fatal(k, c.journal.kinds(""))
			}
		}
		if n := c.cards.made(); n[0].Call != n[len(n)-1].Call {
			c.Fatal("the card did not go with the call")
		}
	})
}

func TestReturnFromConsulting(t *testing.T) {
	inTalk(t, func(c *centre, z *citizen, olena *fakeLeg) {
		petro := c.consults()
		c.must(c.s.Return("olena"))
		c.stage("olena", talking)
		c.voices([]*fakeLeg{z.fakeLeg, olena}, [][]int{{1}, {0}})
		if petro.Cause() != "us" {
			c.Fatal("the colleague's line is left behind")
		}
		if v := c.s.View("petro"); v.Me.Activity != "idle" || v.Me.Status != "ready" || v.Talk != nil || v.WrapUp != nil {
			c.Fatalf("%+v", v.Me)
		}
		c.finish(z, call.OutServed)
	})
}

func TestThreeWay(t *testing.T) {
	inTalk(t, func(c *centre, z *citizen, olena *fakeLeg) {
		petro := c.consults()
		c.must(c.s.Conference("olena"))
		c.stage("petro", conference)
		all := []*fakeLeg{z.fakeLeg, olena, petro}
		c.voices(all, [][]int{{1, 2}, {0, 2}, {0, 1}})
		// a page that reloads leaves the two others together, and comes back
		olena.alive <- false
		c.until("olena", "lost", func(v AgentView) bool { return v.Talk != nil && v.Talk.Lost })
		c.voices([]*fakeLeg{z.fakeLeg, petro}, [][]int{{1}, {0}})
		olena.alive <- true
		c.until("olena", "back", func(v AgentView) bool { return v.Talk != nil && !v.Talk.Lost })
		c.voices(all, [][]int{{1, 2}, {0, 2}, {0, 1}})
		c.must(c.s.Hangup("olena"))
		c.stage("petro", talking)
		c.voices([]*fakeLeg{z.fakeLeg, petro}, [][]int{{1}, {0}})
		c.finish(z, call.OutServed)
	})
}

// Muting holds in a talk of three as well.
func TestMutedAmongThree(t *testing.T) {
	inTalk(t, func(c *centre, z *citizen, olena *fakeLeg) {
		petro := c.consults()
		c.must(c.s.Conference("olena"))
		c.stage("olena", conference)
		c.must(c.s.Mute("olena", true))
		c.voices([]*fakeLeg{z.fakeLeg, olena, petro}, [][]int{{2}, {0, 2}, {0}})
		c.must(c.s.Mute("petro", true))
		if v := c.s.View("petro"); !v.Talk.Muted {
			c.Fatalf("%+v", v.Talk)
		}
		c.finish(z, call.OutServed)
	})
}

func TestUnansweredAndRefused(t *testing.T) {
	inTalk(t, func(c *centre, z *citizen, olena *fakeLeg) {
		start := time.Now()
		c.must(c.s.Consult("olena", Target{ToAgent, "petro"}))
		v := c.until("olena", "returned", func(v AgentView) bool { return v.Talk.Stage == "talking" })
		if d := time.Since(start); d < 24*time.Second || d > 26*time.Second {
			c.Fatalf("returned after %v", d)
		}
		if v.Talk.Notice != "Петро Вигаданий: немає відповіді." {
			c.Fatal(v.Talk.Notice)
		}
		c.voices([]*fakeLeg{z.fakeLeg, olena}, [][]int{{1}, {0}})
		if v := c.s.View("petro"); v.Me.Status != "break" || v.Today.Missed != 1 {
			c.Fatalf("%+v", v)
		}
		err := c.s.Consult("olena", Target{ToAgent, "petro"})
		if err == nil || fault.Say(err) != "Петро Вигаданий: на перерві. Виберіть когось іншого." {
			c.Fatalf("%v", err)
		}
		c.ready("petro")
		c.must(c.s.Consult("olena", Target{ToAgent, "petro"}))
		c.offered("petro")
		c.must(c.s.Refuse("petro"))
		v = c.stage("olena", talking)
		if v.Talk.Notice != "Петро Вигаданий: дзвінок відхилено." {
			c.Fatal(v.Talk.Notice)
		}
		if v := c.s.View("petro"); v.Me.Status != "ready" || v.Today.Missed != 1 {
			c.Fatalf("to refuse a colleague costs the status: %+v", v.Me)
		}
		c.phones.page("petro", false)
		time.Sleep(time.Second)
		if err := c.s.Transfer("olena", Target{ToAgent, "petro"}); err == nil || !strings.Contains(fault.Say(err), "немає зв'язку") {
			c.Fatalf("%v", err)
		}
		c.voices([]*fakeLeg{z.fakeLeg, olena}, [][]int{{1}, {0}})
		c.finish(z, call.OutServed)
	})
}

func TestBlindTransfer(t *testing.T) {
	inTalk(t, func(c *centre, z *citizen, olena *fakeLeg) {
		c.must(c.s.Transfer("olena", Target{ToAgent, "petro"}))
		if v := c.s.View("olena"); v.Talk != nil || v.WrapUp == nil || olena.Cause() != "us" {
			c.Fatalf("%+v", v)
		}
		z.hears("З'єдную з оператором")
		v := c.offered("petro")
		if v.Offer.Why != "transfer" || v.Offer.By != "Олена Прикладна" {
			c.Fatalf("%+v", v.Offer)
		}
		c.music("the citizen", z.fakeLeg)
		c.must(c.s.Answer("petro"))
		c.stage("petro", talking)
		c.voices([]*fakeLeg{z.fakeLeg, c.phones.leg("petro")}, [][]int{{1}, {0}})
		if r := c.finish(z, call.OutServed); r.Agent != "petro" {
			c.Fatalf("%+v", r)
		}
	})
}

func TestBlindTransferComesBack(t *testing.T) {
	inTalk(t, func(c *centre, z *citizen, _ *fakeLeg) {
		start := time.Now()
		c.must(c.s.Transfer("olena", Target{ToAgent, "petro"}))
		v := c.offered("olena")
		if d := time.Since(start); d < 24*time.Second || d > 26*time.Second || v.Offer.Why != "return" || v.Offer.Note != "Петро Вигаданий: немає відповіді." {
			c.Fatalf("after %v: %+v", d, v.Offer)
		}
		c.must(c.s.Answer("olena"))
		c.stage("olena", talking)
		c.voices([]*fakeLeg{z.fakeLeg, c.phones.leg("olena")}, [][]int{{1}, {0}})
		if len(c.journal.all(call.TransferFailed)) != 1 {
			c.Fatal(c.journal.kinds(""))
		}
		c.finish(z, call.OutServed)
	})
}

// Neither the target nor the first operator answers: the head of the queue, before one who has never talked.
func TestBlindTransferToNobody(t *testing.T) {
	inTalk(t, func(c *centre, z *citizen, _ *fakeLeg) {
		c.must(c.s.Transfer("olena", Target{ToAgent, "petro"}))
		c.offered("olena")
		other := c.dial("0509999999")
		other.hears("Вітаємо")
		other.press("0")
		c.until("olena", "two wait", func(v AgentView) bool { return v.Queue.Waiting == 2 })
		if w := c.s.desk.Snapshot().Waiting[0]; w.Call != c.journal.all(call.Transferred)[0].Call {
			c.Fatal("who has talked does not wait first")
		}
		c.music("the citizen", z.fakeLeg)
		c.ready("petro")
		c.answers("petro")
		z.hangs()
		time.Sleep(time.Second)
		other.hangs()
		<-z.over
		<-other.over
		c.quiet()
	})
}

func TestTransferToTheQueue(t *testing.T) {
	inTalk(t, func(c *centre, z *citizen, olena *fakeLeg) {
		if err := c.s.Transfer("olena", Target{ToQueue, "nothing"}); fault.KindOf(err) != fault.NotFound {
			c.Fatal(err)
		}
		c.must(c.s.Transfer("olena", Target{ToQueue, "social"}))
		v := c.offered("petro")
		if v.Offer.Topic != "social" || v.Offer.Why != "" {
			c.Fatalf("%+v", v.Offer)
		}
		c.answers("petro")
		c.voices([]*fakeLeg{z.fakeLeg, c.phones.leg("petro")}, [][]int{{1}, {0}})
		if r := c.finish(z, call.OutServed); r.Topic != "social" || r.Agent != "petro" {
			c.Fatalf("%+v", r)
		}
	})
}

func TestDepartmentBlind(t *testing.T) {
	inTalk(t, func(c *centre, z *citizen, _ *fakeLeg) {
		c.must(c.s.Transfer("olena", Target{ToDepartment, "rada"}))
		z.hears("Переводжу вас до підрозділу: Відділ соціального захисту")
		c.eventually("outside", func() bool { return len(c.journal.all(call.Outside)) == 1 }, nil)
		d := c.phones.leg(string(rada))
		c.voices([]*fakeLeg{z.fakeLeg, d}, [][]int{{1}, {0}})
		r := c.finish(z, call.OutTransferredOut)
		if r.Agent != "olena" || r.Cause != "bye" {
			c.Fatalf("%+v", r)
		}
	})
}

func TestDepartmentAttended(t *testing.T) {
	inTalk(t, func(c *centre, z *citizen, olena *fakeLeg) {
		c.must(c.s.Consult("olena", Target{ToDepartment, "rada"}))
		v := c.stage("olena", consulting)
		if v.Talk.Second == nil || v.Talk.Second.Name != "Відділ соціального захисту" {
			c.Fatalf("%+v", v.Talk)
		}
		d := c.phones.leg(string(rada))
		c.voices([]*fakeLeg{z.fakeLeg, olena, d}, [][]int{{}, {2}, {1}})
		c.must(c.s.Conference("olena"))
		c.voices([]*fakeLeg{z.fakeLeg, olena, d}, [][]int{{1, 2}, {0, 2}, {0, 1}})
		c.must(c.s.Complete("olena"))
		c.eventually("outside", func() bool { return len(c.journal.all(call.Outside)) == 1 }, nil)
		c.voices([]*fakeLeg{z.fakeLeg, d}, [][]int{{1}, {0}})
		if v := c.s.View("olena"); v.WrapUp == nil {
			c.Fatalf("%+v", v)
		}
		d.hangs()
		z.hears("Оцініть")
		c.finish(z, call.OutTransferredOut)
	})
}

func TestDepartmentThatFails(t *testing.T) {
	inTalk(t, func(c *centre, z *citizen, olena *fakeLeg) {
		c.phones.outErr = fault.New(fault.Denied, "Номера немає в дозволеному переліку.")
		c.must(c.s.Consult("olena", Target{ToDepartment, "rada"}))
		if v := c.stage("olena", talking); v.Talk.Notice != "Відділ соціального захисту: Номера немає в дозволеному переліку." {
			c.Fatal(v.Talk.Notice)
		}
		c.phones.outErr = nil
		c.phones.outs[rada] = -1
		start := time.Now()
		c.must(c.s.Transfer("olena", Target{ToDepartment, "rada"}))
		if v := c.offered("olena"); time.Since(start) < 24*time.Second || v.Offer.Note != "Відділ соціального захисту: немає відповіді." {
			c.Fatalf("%+v", v.Offer)
		}
		c.must(c.s.Answer("olena"))
		c.stage("olena", talking)
		// a department that dies while it talks with the citizen alone: the head of the queue
		c.phones.outs[rada] = time.Second
		c.must(c.s.Transfer("olena", Target{ToDepartment, "rada"}))
		c.eventually("outside", func() bool { return len(c.journal.all(call.Outside)) == 1 }, nil)
		c.phones.leg(string(rada)).end("silence", "")
		c.offered("petro")
		c.answers("petro")
		if r := c.finish(z, call.OutServed); r.Agent != "petro" {
			c.Fatalf("%+v", r)
		}
	})
}

func TestPark(t *testing.T) {
	inTalk(t, func(c *centre, z *citizen, olena *fakeLeg) {
		c.must(c.s.Park("olena"))
		v := c.until("petro", "parked", func(v AgentView) bool { return len(v.Parked) == 1 })
		if k := v.Parked[0]; k.Slot != 1 || k.ByName != "Олена Прикладна" || k.NumberMasked != "… 45 67" {
			c.Fatalf("%+v", k)
		}
		z.hears("Зачекайте, будь ласка")
		c.music("the citizen", z.fakeLeg)
		if err := c.s.TakeParked("petro", 2); fault.KindOf(err) != fault.Conflict {
			c.Fatal(err)
		}
		if err := c.s.TakeParked("kerivnyk", 1); fault.KindOf(err) != fault.Conflict || !strings.Contains(fault.Say(err), "не на роботі") {
			c.Fatal(err)
		}
		c.must(c.s.SetStatus(c.Context(), "petro", "break", "обід")) // on a break, by the own wish
		c.must(c.s.TakeParked("petro", 1))
		c.stage("petro", talking)
		c.voices([]*fakeLeg{z.fakeLeg, c.phones.leg("petro")}, [][]int{{1}, {0}})
		if v := c.s.View("olena"); len(v.Parked) != 0 {
			c.Fatalf("%+v", v.Parked)
		}
		if err := c.s.TakeParked("olena", 1); fault.KindOf(err) != fault.Conflict {
			c.Fatal(err)
		}
		c.finish(z, call.OutServed)
	})
}

func TestParkedTooLong(t *testing.T) {
	inTalk(t, func(c *centre, z *citizen, _ *fakeLeg) {
		start := time.Now()
		c.must(c.s.Park("olena"))
		v := c.offered("olena")
		if d := time.Since(start); d < 3*time.Minute || d > 3*time.Minute+time.Second || v.Offer.Why != "return" || len(v.Parked) != 0 {
			c.Fatalf("after %v: %+v", d, v.Offer)
		}
		c.music("the citizen", z.fakeLeg)
		c.until("olena", "missed", func(v AgentView) bool { return v.Me.Status == "break" })
		c.answers("petro") // the head of the queue
		if r := c.finish(z, call.OutServed); r.Agent != "petro" || r.Hold < 3*time.Minute {
			c.Fatalf("%+v", r)
		}
	})
}

func TestCitizenLeavesWhileParked(t *testing.T) {
	inTalk(t, func(c *centre, z *citizen, _ *fakeLeg) {
		c.must(c.s.Park("olena"))
		c.finish(z, call.OutServed)
	})
}

// Wishes that do not fit the stage change nothing, and a guest decides nothing.
func TestWishesThatDoNotFit(t *testing.T) {
	inTalk(t, func(c *centre, z *citizen, olena *fakeLeg) {
		for name, do := range map[string]func() error{
			"complete": func() error { return c.s.Complete("olena") }, "return": func() error { return c.s.Return("olena") },
			"conference": func() error { return c.s.Conference("olena") }, "a stranger": func() error { return c.s.Park("petro") },
			"oneself": func() error { return c.s.Transfer("olena", Target{ToAgent, "olena"}) },
			"a queue": func() error { return c.s.Consult("olena", Target{ToQueue, "general"}) },
			"nobody":  func() error { return c.s.Transfer("olena", Target{ToAgent, "nobody"}) },
			"a number": func() error {
				return c.s.Transfer("olena", Target{ToDepartment, "+380991112233"})
			},
			"nonsense": func() error { return c.s.Transfer("olena", Target{"moon", "1"}) },
		} {
			if err := do(); err == nil || fault.Say(err) == "" {
				c.Fatalf("%s: %v", name, err)
			}
		}
		petro := c.consults()
		for name, do := range map[string]func() error{
			"hold": func() error { return c.s.Hold("olena", true) }, "park": func() error { return c.s.Park("olena") },
			"again":       func() error { return c.s.Consult("olena", Target{ToDepartment, "rada"}) },
			"guest parks": func() error { return c.s.Park("petro") }, "guest completes": func() error { return c.s.Complete("petro") },
			"guest hands on": func() error { return c.s.Transfer("petro", Target{ToQueue, "general"}) },
			"guest joins":    func() error { return c.s.Conference("petro") }, "digits": func() error { return c.s.Digits("olena", "1") },
		} {
			if err := do(); fault.KindOf(err) != fault.Conflict {
				c.Fatalf("%s: %v", name, err)
			}
		}
		c.voices([]*fakeLeg{z.fakeLeg, olena, petro}, [][]int{{}, {2}, {1}})
		c.finish(z, call.OutServed)
	})
}
