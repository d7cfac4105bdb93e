package switchboard

import (
	"errors"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/hours"
	"dovidka/internal/media"
	"dovidka/internal/speech"
)

const anyone = "0671234567"

// wants checks a record's outcome.
func wants(z *citizen, o call.Outcome) call.Record {
	z.c.Helper()
	r := z.record()
	if r.Outcome != o {
		z.c.Fatalf("outcome %s, want %s; facts: %s\n%s", r.Outcome, o, z.c.journal.kinds(r.Call), z.c.log)
	}
	return r
}

func TestInformationOnly(t *testing.T) {
	inCentre(t, nil, func(c *centre) {
		z := c.dial(anyone)
		z.hears("Вітаємо")
		z.press("23")
		time.Sleep(500 * time.Millisecond)
		z.press("1")
		time.Sleep(60 * time.Second)
		z.hangs()
		r := wants(z, call.OutInformed)
		if len(r.Path) < 2 || len(r.Services) == 0 {
			c.Fatalf("path %v services %v", r.Path, r.Services)
		}
		if r.Cause != "bye" {
			c.Fatal(r.Cause)
		}
	})
}

func TestOperatorByBrowser(t *testing.T) {
	inCentre(t, nil, func(c *centre) {
		c.ready("olena")
		z := c.dial(anyone)
		z.hears("Вітаємо")
		z.press("0")
		z.hears("З'єдную з оператором")
		v := c.offered("olena")
		if v.Offer.NumberMasked != "… 45 67" || v.Me.Activity != "offered" {
			c.Fatalf("%+v", v.Offer)
		}
		agent := c.answers("olena")
		go agent.speaks(440, 2*time.Second)
		z.speaks(1000, 2*time.Second)
		synctest.Wait()
		if a, b := z.tone(440), agent.tone(1000); a < -30 || b < -30 {
			c.Fatalf("they do not hear each other: %.0f %.0f dB", a, b)
		}
		if a, b := z.tone(1000), agent.tone(440); a > -40 || b > -40 {
			c.Fatalf("they hear themselves: %.0f %.0f dB", a, b)
		}
		v = c.until("olena", "card", func(v AgentView) bool { return v.Talk != nil && v.Talk.Card != "" })
		if v.Talk.Number != "067 123 45 67" || v.Today.Answered != 1 {
			c.Fatalf("%+v", v.Talk)
		}
		if err := c.s.Hangup("olena"); err != nil {
			c.Fatal(err)
		}
		z.hears("Оцініть")
		z.press("4")
		z.hears("Чи вирішено")
		z.press("1")
		z.hears("Дякуємо за вашу думку")
		z.hears("На все добре")
		r := wants(z, call.OutServed)
		if r.Score != 4 || r.Solved != "yes" || r.Agent != "olena" || r.Talk < 2*time.Second {
			c.Fatalf("%+v", r)
		}
		v = c.s.View("olena")
		if v.WrapUp == nil || v.WrapUp.Card == "" {
			c.Fatalf("no wrap-up: %+v", v)
		}
		if err := c.s.WrapUpDone("olena"); err != nil {
			c.Fatal(err)
		}
		if v = c.s.View("olena"); v.Me.Activity != "idle" || v.Today.TalkS < 2 {
			c.Fatalf("%+v", v)
		}
		if w := c.journal.all(call.WrappedUp); len(w) != 1 || w[0].Agent != "olena" {
			c.Fatalf("%+v", w)
		}
		if n := c.cards.made(); len(n) != 1 || n[0].Agent != "olena" {
			c.Fatalf("%+v", n)
		}
	})
}

func TestDeskPhone(t *testing.T) {
	inCentre(t, nil, func(c *centre) {
		c.phones.sip["petro"] = 3 * time.Second
		if err := c.s.SetDevice(c.Context(), "petro", DevicePhone); err != nil {
			c.Fatal(err)
		}
		c.ready("petro")
		z := c.dial(anyone)
		z.hears("Вітаємо")
		z.press("0")
		c.offered("petro")
		if c.s.Answer("petro") == nil {
			c.Fatal("a desk phone is picked up, not clicked")
		}
		c.until("petro", "talk", func(v AgentView) bool { return v.Talk != nil })
		c.phones.leg("petro").hangs()
		z.hears("Оцініть")
		z.hangs()
		wants(z, call.OutServed)
		if o := c.journal.all(call.Offered); len(o) != 1 || o[0].Name != DevicePhone {
			c.Fatalf("%+v", o)
		}
	})
}

func TestNobodyAnswers(t *testing.T) {
	inCentre(t, nil, func(c *centre) {
		c.ready("olena", "petro")
		z := c.dial(anyone)
		z.hears("Вітаємо")
		z.press("0")
		c.offered("olena")
		c.until("olena", "a break", func(v AgentView) bool {
			return v.Me.Status == "break" && v.Me.Reason == "пропущений дзвінок"
		})
		c.offered("petro")
		if err := c.s.Refuse("petro"); err != nil {
			c.Fatal(err)
		}
		c.until("petro", "a break", func(v AgentView) bool { return v.Me.Reason == "відхилений дзвінок" })
		z.hears("Дякуємо за очікування")
		z.hears("Вибачте, оператор не зміг відповісти") // after 10 minutes
		z.hears("Після сигналу")
		time.Sleep(20 * time.Second)
		z.speaks(500, 4*time.Second)
		z.press("#")
		z.hears("Повідомлення збережено")
		z.hears("На все добре")
		r := wants(z, call.OutMessageLeft)
		if r.Wait < 10*time.Minute || r.LeftFor != "timeout" || r.Card == "" {
			c.Fatalf("%+v", r)
		}
		if m := c.journal.all(call.Missed); len(m) != 2 {
			c.Fatalf("%+v", m)
		}
	})
}

func TestNobodySignedIn(t *testing.T) {
	inCentre(t, nil, func(c *centre) {
		if v := c.s.View("kerivnyk"); len(v.Strips) == 0 || v.Strips[0].Kind != "alarm" {
			c.Fatalf("no red strip: %+v", v.Strips)
		}
		z := c.dial(anyone)
		z.hears("Вітаємо")
		z.press("0")
		z.hears("немає доступних операторів")
		z.hears("Після сигналу")
		time.Sleep(15 * time.Second)
		z.speaks(500, 3*time.Second)
		time.Sleep(10 * time.Second) // forgot the key: silence ends it
		z.hears("Повідомлення збережено")
		wants(z, call.OutMessageLeft)
		m := c.cards.saved()
		if len(m) != 1 || m[0].Seconds > 16 || m[0].Seconds < 3 {
			c.Fatalf("%+v", m)
		}
		if !strings.HasPrefix(m[0].Sound, "messages/") {
			c.Fatal(m[0].Sound)
		}
		f, err := os.Open(c.s.o.MessageDir + "/" + strings.TrimPrefix(m[0].Sound, "messages/"))
		if err != nil {
			c.Fatal(err)
		}
		defer f.Close()
		if alaw, err := media.ReadWAV(f); err != nil || media.ToneLevel(alaw[len(alaw)-16000:len(alaw)-8000], 500) < -25 {
			c.Fatal("the message is not what was said", err)
		}
		if v := c.s.View("kerivnyk"); v.Messages.Open != 1 {
			c.Fatalf("%+v", v.Messages)
		}
	})
}

// A strip for the queue would come and go with every call and move the desk under the hand: the view has the queue itself.
func TestTheQueueIsNoStrip(t *testing.T) {
	inCentre(t, nil, func(c *centre) {
		c.ready("olena")
		if err := c.s.SetStatus(c.Context(), "olena", "break", "обід"); err != nil {
			c.Fatal(err)
		}
		z := c.dial(anyone)
		z.hears("Вітаємо")
		z.press("0")
		time.Sleep(5 * time.Second)
		v := c.s.View("olena")
		if v.Queue.Waiting != 1 || len(v.Strips) != 0 {
			c.Fatalf("%+v %+v", v.Queue, v.Strips)
		}
		q, team := c.s.Team()
		if q.Waiting != 1 || q.LongestS < 3 || len(team) != 1 || team[0].Login != "olena" || team[0].Status != "break" || team[0].Reason != "обід" {
			c.Fatalf("%+v %+v", q, team)
		}
		z.Hangup("caller")
	})
}

func TestMessageKeys(t *testing.T) {
	inCentre(t, nil, func(c *centre) {
		c.ready("olena")
		c.s.SetStatus(c.Context(), "olena", "break", "обід") // all on a break: the queue
		z := c.dial(anyone)
		z.hears("Вітаємо")
		z.press("0")
		z.hears("Усі оператори")
		z.press("5") // means nothing here
		z.press("1")
		z.hears("Після сигналу")
		c.eventually("tone", func() bool { return len(c.journal.all(call.Recording)) == 1 }, nil)
		tone := time.Now()
		z.hears("Ми нічого не почули")
		if d := time.Since(tone); d > 10*time.Second {
			c.Fatalf("silence noticed only after %v", d)
		}
		c.eventually("second tone", func() bool { return len(c.journal.all(call.Recording)) == 2 }, nil)
		z.speaks(700, 2*time.Second)
		z.press("0") // the operator; what was said is kept
		c.eventually("in the queue again", func() bool { return len(c.journal.all(call.Queued)) == 2 }, nil)
		if m := c.cards.saved(); len(m) != 1 {
			c.Fatalf("%+v", m)
		}
		z.hangs()
		wants(z, call.OutMessageLeft)
	})
}

func TestClosed(t *testing.T) {
	shut, err := hours.New(hours.Config{TimeZone: "Europe/Kyiv", Monday: "8:00-17:15"})
	if err != nil {
		t.Fatal(err)
	}
	inCentre(t, func(c *centre, _ *Options) { c.menu = theMenu(t, shut) }, func(c *centre) {
		// A bubble begins on Saturday, 1 January 2000.
		z := c.dial(anyone)
		z.hears("Вітаємо")
		z.press("0")
		time.Sleep(3 * time.Second)
		z.hangs()
		wants(z, call.OutClosedNoMessage)
		if a := c.journal.all(call.Answered); a[0].Value != string(hours.Weekend) {
			c.Fatalf("%+v", a)
		}
	})
}

func TestPageReload(t *testing.T) {
	inCentre(t, nil, func(c *centre) {
		c.ready("olena")
		z := c.dial(anyone)
		z.hears("Вітаємо")
		z.press("0")
		agent := c.answers("olena")
		agent.alive <- false
		c.until("olena", "lost", func(v AgentView) bool { return v.Talk != nil && v.Talk.Lost })
		time.Sleep(2 * time.Second)
		if l := z.loud(); l < -40 {
			c.Fatalf("silence while the page reloads: %.0f dBov", l)
		}
		agent.alive <- true
		c.until("olena", "back", func(v AgentView) bool { return v.Talk != nil && !v.Talk.Lost })
		agent.speaks(440, 2*time.Second)
		if z.tone(440) < -30 {
			c.Fatal("not bridged again")
		}
		c.s.Hangup("olena")
		z.hears("Оцініть")
		z.hangs()
		wants(z, call.OutServed)
		if len(c.journal.all(call.AgentLost)) != 1 || len(c.journal.all(call.AgentBack)) != 1 || len(c.journal.all(call.Requeued)) != 0 {
			c.Fatal(c.journal.kinds(""))
		}
	})
}

func TestDeadPage(t *testing.T) {
	inCentre(t, nil, func(c *centre) {
		c.ready("olena")
		z := c.dial(anyone)
		z.hears("Вітаємо")
		z.press("0")
		agent := c.answers("olena")
		agent.alive <- false
		c.phones.page("olena", false)
		c.until("olena", "requeued", func(v AgentView) bool { return v.Me.Status == "break" && v.Queue.Waiting == 1 })
		if n := len(c.journal.all(call.Requeued)); n != 1 {
			c.Fatal(n)
		}
		c.ready("petro")
		c.answers("petro")
		z.hangs()
		r := wants(z, call.OutServed)
		if r.Agent != "petro" {
			c.Fatalf("%+v", r)
		}
		select {
		case <-agent.Done():
		default:
			c.Fatal("the dead page keeps its leg")
		}
	})
}

func TestDeadDeskPhone(t *testing.T) {
	inCentre(t, nil, func(c *centre) {
		c.ready("olena", "petro")
		z := c.dial(anyone)
		z.hears("Вітаємо")
		z.press("0")
		agent := c.answers("olena")
		agent.end("silence", "")
		c.answers("petro") // at once, without the patience for a page
		z.hangs()
		wants(z, call.OutServed)
	})
}

func TestHoldMuteDigits(t *testing.T) {
	inCentre(t, nil, func(c *centre) {
		c.ready("olena")
		z := c.dial(anyone)
		z.hears("Вітаємо")
		z.press("0")
		agent := c.answers("olena")
		if err := c.s.Hold("olena", true); err != nil {
			c.Fatal(err)
		}
		z.hears("Зачекайте")
		agent.speaks(440, 2*time.Second)
		if z.tone(440) > -40 {
			c.Fatal("a held citizen hears the agent")
		}
		time.Sleep(8 * time.Second)
		if l := z.loud(); l < -40 {
			c.Fatalf("no music on hold: %.0f dBov", l)
		}
		c.s.Hold("olena", false)
		c.s.Mute("olena", true)
		if v := c.s.View("olena"); v.Talk.Held || !v.Talk.Muted {
			c.Fatalf("%+v", v.Talk)
		}
		agent.speaks(440, 2*time.Second)
		if z.tone(440) > -40 {
			c.Fatal("a muted agent is heard")
		}
		c.s.Mute("olena", false)
		agent.speaks(440, 2*time.Second)
		if z.tone(440) < -30 {
			c.Fatal("not heard after hold and mute")
		}
		if c.s.Digits("olena", "12#") != nil || c.s.Digits("olena", "12x") == nil {
			c.Fatal("digits")
		}
		z.hangs()
		r := wants(z, call.OutServed)
		if r.Hold < 10*time.Second || r.Hold > 11*time.Second {
			c.Fatal(r.Hold)
		}
		if c.s.Hold("olena", true) == nil {
			c.Fatal("held a call that is over")
		}
	})
}

func TestAnnouncementStopsForAnAgent(t *testing.T) {
	inCentre(t, nil, func(c *centre) {
		c.ready("olena")
		c.s.SetStatus(c.Context(), "olena", "break", "обід")
		z := c.dial(anyone)
		z.hears("Вітаємо")
		z.press("0")
		z.hears("Усі оператори")
		c.s.SetStatus(c.Context(), "olena", "ready", "")
		synctest.Wait()
		z.mu.Lock()
		last := z.texts[len(z.texts)-1]
		z.mu.Unlock()
		if !strings.Contains(last, "З'єдную") {
			c.Fatalf("the announcement goes on: %q", last)
		}
		z.hangs()
		wants(z, call.OutAbandonedQueue)
	})
}

func TestDeviceThatFails(t *testing.T) {
	inCentre(t, nil, func(c *centre) {
		c.phones.fails["olena"] = errors.New("no page")
		c.ready("olena")
		z := c.dial(anyone)
		z.hears("Вітаємо")
		z.press("0")
		c.until("olena", "a break", func(v AgentView) bool { return v.Me.Status == "break" })
		c.ready("petro")
		c.answers("petro")
		z.hangs()
		wants(z, call.OutServed)
		if m := c.journal.all(call.Missed); len(m) != 1 || m[0].Cause != "offline" {
			c.Fatalf("%+v", m)
		}
	})
}

func TestSurveyZeroIsTheOperator(t *testing.T) {
	inCentre(t, nil, func(c *centre) {
		c.ready("olena", "petro")
		z := c.dial(anyone)
		z.hears("Вітаємо")
		z.press("0")
		c.answers("olena")
		c.s.Hangup("olena")
		z.hears("Оцініть")
		z.press("0")
		c.answers("petro")
		z.hangs()
		wants(z, call.OutServed)
	})
}

func TestWithoutVoice(t *testing.T) {
	inCentre(t, nil, func(c *centre) {
		c.clips.break_(true)
		c.ready("olena")
		z := c.dial(anyone)
		c.answers("olena") // nothing was pressed: the way to a person is the only one left
		z.hangs()
		wants(z, call.OutServed)
		if !strings.Contains(c.log.String(), "alarm") {
			c.Fatal("no alarm")
		}
	})
}

// Without a voice and without people a message is asked for by the clip in the binary, 8 s after the beginning of line_works.
func TestWithoutVoiceAMessage(t *testing.T) {
	inCentre(t, nil, func(c *centre) {
		c.clips.break_(true)
		z := c.dial(anyone)
		time.Sleep(clipTime(speech.Embedded("line_works")) + 3*time.Second)
		if l := z.loud(); l < -40 {
			c.Fatalf("only %.0f dB: nobody says what to do", l)
		}
		z.hangs()
	})
}

func TestPanicIsOneCallsAffair(t *testing.T) {
	inCentre(t, func(c *centre, o *Options) { o.Requests = panicking{} }, func(c *centre) {
		z := c.dial(anyone)
		z.hears("Вітаємо")
		z.press("51")
		time.Sleep(time.Second)
		z.press("12345#")
		time.Sleep(time.Second)
		z.press("4567")
		r := wants(z, call.OutDropped)
		if r.Cause != call.CauseFault || c.journal.closings(r.Call) != 1 {
			c.Fatalf("%+v", r)
		}
		other := c.dial(anyone)
		other.hears("Вітаємо")
		other.hangs()
		wants(other, call.OutAbandonedGreeting)
	})
}

func TestRefusals(t *testing.T) {
	inCentre(t, func(c *centre, o *Options) {
		o.MaxCalls = 1
		o.Known = func(to call.Number) bool { return strings.HasSuffix(string(to), "3608") }
	}, func(c *centre) {
		z := c.dial(anyone)
		z.hears("Вітаємо")
		over := c.dial(anyone)
		wants(over, call.OutOverload)
		if over.status != "503" {
			c.Fatal(over.status)
		}
		z.hangs()
		z.record()
		wrong := newLeg(c, "")
		wrong.to = call.ParseNumber("0800000000")
		c.s.Take(c.Context(), wrong)
		bad := newLeg(c, "")
		bad.refuse = media.ErrNotAcceptable
		c.s.Take(c.Context(), bad)
		gone := newLeg(c, "")
		gone.refuse = errors.New("487")
		gone.end("cancelled", "")
		c.s.Take(c.Context(), gone)
		recs := c.journal.records()
		recs = recs[len(recs)-3:]
		if recs[0].Cause != "404" || recs[1].Cause != "488" || recs[0].Outcome != call.OutRefused || recs[1].Outcome != call.OutRefused || recs[2].Outcome != call.OutCancelled {
			c.Fatalf("%+v", recs)
		}
	})
}

func TestEmergency(t *testing.T) {
	inCentre(t, func(c *centre, o *Options) { o.Emergency = func() bool { return true } }, func(c *centre) {
		z := c.dial(anyone)
		if r := wants(z, call.OutDropped); z.Cause() != "us" {
			c.Fatal(z.Cause(), r)
		}
	})
}

func TestDrain(t *testing.T) {
	inCentre(t, nil, func(c *centre) {
		z := c.dial(anyone)
		z.hears("Вітаємо")
		c.stop()
		r := wants(z, call.OutDropped)
		if r.Cause != call.CauseShutdown {
			c.Fatal(r.Cause)
		}
		late := newLeg(c, "")
		c.s.Take(c.Context(), late)
		if late.status != "503" {
			c.Fatal(late.status)
		}
	})
}
