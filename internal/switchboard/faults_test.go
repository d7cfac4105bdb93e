package switchboard

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/casework"
	"dovidka/internal/ivr"
	"dovidka/internal/media"
	"dovidka/internal/queue"
)

// panicking is a room that fails in the worst way.
type panicking struct{}

func (panicking) Lookup(context.Context, *ivr.Menu, string, string) (bool, []ivr.Line, error) {
	panic("boom")
}

// mutePhone answers with a leg that has no sound: the talk cannot but panic.
type mutePhone struct {
	*fakePhones
	leg *fakeLeg
}

func (p mutePhone) Dial(context.Context, string, string, Ring) (Leg, error) { return mute{p.leg}, nil }

type mute struct{ *fakeLeg }

func (mute) Media() *media.Port { return nil }

func TestPanicInATalkFreesTheAgent(t *testing.T) {
	var leg *fakeLeg
	inCentre(t, func(c *centre, o *Options) {
		leg = newLeg(c, "")
		o.Phones = mutePhone{c.phones, leg}
	}, func(c *centre) {
		c.ready("olena")
		z := c.dial(anyone)
		z.hears("Вітаємо")
		z.press("0")
		r := z.record()
		if r.Cause != call.CauseFault || leg.Cause() != "us" {
			c.Fatalf("%+v %q", r, leg.Cause())
		}
		time.Sleep(31 * time.Second)
		if v := c.s.View("olena"); v.Me.Activity != "idle" || v.Queue.Waiting != 0 {
			c.Fatalf("%+v", v)
		}
	})
}

// stubborn picks up a second after the ringing was stopped.
type stubborn struct {
	*fakePhones
	leg *fakeLeg
}

func (p stubborn) Dial(ctx context.Context, _, _ string, _ Ring) (Leg, error) {
	<-ctx.Done()
	time.Sleep(time.Second)
	return p.leg, nil
}

func TestPickedUpTooLate(t *testing.T) {
	var leg *fakeLeg
	inCentre(t, func(c *centre, o *Options) {
		leg = newLeg(c, "")
		o.Phones = stubborn{c.phones, leg}
	}, func(c *centre) {
		c.ready("olena")
		z := c.dial(anyone)
		z.hears("Вітаємо")
		z.press("0")
		c.offered("olena")
		time.Sleep(22 * time.Second)
		if leg.Cause() != "us" {
			c.Fatal("the agent hears nothing for ever")
		}
		z.hangs()
		wants(z, call.OutAbandonedQueue)
	})
}

func TestSecondOfferStopsTheAnnouncement(t *testing.T) {
	inCentre(t, nil, func(c *centre) {
		c.ready("olena")
		z := c.dial(anyone)
		z.hears("Вітаємо")
		z.press("0")
		c.offered("olena")
		c.until("olena", "a break", func(v AgentView) bool { return v.Me.Status == "break" })
		z.hears("Дякуємо за очікування")
		c.ready("olena")
		time.Sleep(10 * time.Second)
		synctest.Wait()
		z.mu.Lock()
		last := z.texts[len(z.texts)-1]
		z.mu.Unlock()
		if !strings.Contains(last, "Дякуємо за очікування") {
			c.Fatalf("the announcement went on while an agent was rung: %q", last)
		}
		z.hangs()
		z.record()
	})
}

func TestDigitStopsThePrompt(t *testing.T) {
	inCentre(t, nil, func(c *centre) {
		z := c.dial(anyone)
		z.hears("Вітаємо")
		z.press("51")
		z.hears("Наберіть номер звернення")
		time.Sleep(500 * time.Millisecond)
		z.press("1")
		h := c.journal.all(call.Heard)
		if last := h[len(h)-1]; last.Name != "ticket.ask_number" || last.Share > 0.5 {
			c.Fatalf("a digit does not stop the prompt: %+v", last)
		}
		z.hangs()
		z.record()
	})
}

// TestNoMessageWithoutACaller: who hangs up in the tone has left no message, and none is begun.
func TestNoMessageWithoutACaller(t *testing.T) {
	var tone time.Duration
	play := func(c *centre, z *citizen) {
		z.hears("Вітаємо")
		z.press("0")
		z.hears("Після сигналу")
	}
	inCentre(t, nil, func(c *centre) {
		start := time.Now()
		z := c.dial(anyone)
		play(c, z)
		c.eventually("tone", func() bool { return len(c.journal.all(call.Recording)) == 1 }, nil)
		tone = time.Since(start)
		z.hangs()
		z.record()
	})
	inCentre(t, nil, func(c *centre) {
		start := time.Now()
		z := c.dial(anyone)
		play(c, z)
		time.Sleep(tone - time.Since(start) - 150*time.Millisecond)
		z.hangs()
		z.record()
		if n := len(c.journal.all(call.Recording)); n != 0 {
			c.Fatal("a recording began without a caller")
		}
	})
}

func TestForgottenByTheQueue(t *testing.T) {
	inCentre(t, nil, func(c *centre) {
		c.ready("olena")
		c.s.SetStatus(c.Context(), "olena", "break", "")
		z := c.dial(anyone)
		z.hears("Вітаємо")
		z.press("0")
		z.hears("Ви наступні")
		c.s.desk.Do(queue.Leave{Call: c.journal.all(call.Queued)[0].Call})
		time.Sleep(61 * time.Second)
		c.s.SetStatus(c.Context(), "olena", "ready", "")
		c.answers("olena")
		z.hangs()
		wants(z, call.OutServed)
	})
}

// panickyCards fail in the worst way.
type panickyCards struct{ *memCards }

func (panickyCards) NewCard(context.Context, casework.NewCard) (casework.Card, error) { panic("boom") }

func TestPanicInTheCardIsHarmless(t *testing.T) {
	inCentre(t, func(c *centre, o *Options) { o.Cards = panickyCards{c.cards} }, func(c *centre) {
		c.ready("olena")
		z := c.dial(anyone)
		z.hears("Вітаємо")
		z.press("0")
		c.answers("olena")
		time.Sleep(time.Second)
		z.hangs()
		wants(z, call.OutServed)
	})
}
