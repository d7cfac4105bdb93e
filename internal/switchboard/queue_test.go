package switchboard

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/hours"
)

func TestKeyStopsSoundAtOnce(t *testing.T) {
	inCentre(t, nil, func(c *centre) {
		z := c.dial(anyone)
		z.hears("Вітаємо")
		time.Sleep(time.Second)
		z.port.InjectDigit('2')
		time.Sleep(60 * time.Millisecond)
		synctest.Wait()
		z.mu.Lock()
		last := z.texts[len(z.texts)-1]
		z.mu.Unlock()
		if !strings.Contains(last, "прописка") {
			c.Fatalf("60 ms after the key one hears %q", last)
		}
		h := c.journal.all(call.Heard)
		if len(h) != 1 || h[0].Name != "greeting.main" || h[0].Share <= 0 || h[0].Share >= 1 {
			c.Fatalf("heard: %+v", h)
		}
		z.hangs()
		z.record()
	})
}

func TestHeardShareOfABlock(t *testing.T) {
	inCentre(t, nil, func(c *centre) {
		z := c.dial(anyone)
		z.hears("Вітаємо")
		z.press("231") // a card's summary
		c.eventually("the summary", func() bool {
			for _, f := range c.journal.all(call.Heard) {
				if strings.HasPrefix(f.Name, "service:") && strings.HasSuffix(f.Name, "/summary") && f.Share > 0.99 {
					return true
				}
			}
			return false
		}, func() string { return fmt.Sprintf("%+v", c.journal.all(call.Heard)) })
		z.press("1")
		time.Sleep(2 * time.Second)
		z.press("#") // most of the documents unheard
		synctest.Wait()
		for _, f := range c.journal.all(call.Heard) {
			if strings.HasSuffix(f.Name, "/documents") && f.Share > 0.5 {
				c.Fatalf("2 s of a long list count as %.2f", f.Share)
			}
		}
		z.hangs()
		if r := z.record(); len(r.Services) != 1 {
			c.Fatalf("%+v", r.Services)
		}
	})
}

func TestPlaceIsSaidOnlyWhenBetter(t *testing.T) {
	inCentre(t, nil, func(c *centre) {
		c.ready("olena")
		c.s.SetStatus(c.Context(), "olena", "break", "обід")
		first := c.dial("0670000001")
		first.hears("Вітаємо")
		first.press("0")
		first.hears("Ви наступні")
		second := c.dial("0670000002")
		second.hears("Вітаємо")
		second.press("0")
		second.hears("Ваше місце в черзі — друге")
		time.Sleep(3 * time.Minute)
		places := func() (n int) {
			second.mu.Lock()
			defer second.mu.Unlock()
			for _, s := range second.texts {
				if strings.Contains(s, "місце в черзі") || strings.Contains(s, "Ви наступні") {
					n++
				}
			}
			return n
		}
		if n := places(); n != 1 {
			c.Fatalf("the place was said %d times", n)
		}
		first.hangs()
		second.hears("Ви наступні")
		second.press("*")
		second.hears("Ви наступні")
		a := c.journal.all(call.Announced)
		if len(a) != 4 {
			c.Fatalf("%+v", a)
		}
		second.hangs()
		second.record()
	})
}

func TestWaitIsSaid(t *testing.T) {
	inCentre(t, nil, func(c *centre) {
		c.ready("olena")
		for range 10 { // ten talks of a minute and a half make an estimate worth saying
			z := c.dial(anyone)
			z.hears("Вітаємо")
			z.press("0")
			c.answers("olena")
			time.Sleep(90 * time.Second)
			c.s.Hangup("olena")
			if err := c.s.WrapUpDone("olena"); err != nil {
				c.Fatal(err)
			}
			z.hangs()
			z.record()
		}
		z := c.dial(anyone)
		z.hears("Вітаємо")
		z.press("0")
		c.answers("olena")
		waiting := c.dial("0670000002")
		waiting.hears("Вітаємо")
		waiting.press("0")
		waiting.hears("Очікування — приблизно дві хвилини")
		if a := c.journal.all(call.Announced); len(a) != 1 || a[0].Seconds < 85 || a[0].Seconds > 95 {
			c.Fatalf("%+v", a)
		}
		waiting.hangs()
		waiting.record()
		z.hangs()
		z.record()
	})
}

func TestQueueFull(t *testing.T) {
	inCentre(t, func(_ *centre, o *Options) { o.Queue.MaxWaiting = 1 }, func(c *centre) {
		c.ready("olena")
		c.s.SetStatus(c.Context(), "olena", "break", "")
		first := c.dial("0670000001")
		first.hears("Вітаємо")
		first.press("0")
		first.hears("Ви наступні")
		z := c.dial("")
		z.hears("Вітаємо")
		z.press("0")
		z.hears("забагато дзвінків")
		z.hears("Після сигналу")
		c.eventually("tone", func() bool { return len(c.journal.all(call.Recording)) == 1 }, nil)
		z.speaks(500, 3*time.Second)
		z.press("#")
		z.hears("Повідомлення збережено")
		z.mu.Lock()
		said := z.texts[z.read-1]
		z.mu.Unlock()
		if strings.Contains(said, "передзвонимо") {
			c.Fatalf("a call back is promised to a hidden number: %q", said)
		}
		if r := wants(z, call.OutMessageLeft); r.LeftFor != "full" {
			c.Fatalf("%+v", r)
		}
		first.hangs()
		first.record()
	})
}

func TestLastCallOfTheDay(t *testing.T) {
	s, err := hours.New(hours.Config{TimeZone: "UTC", MartialLaw: true, Saturday: "0:00-0:05 0:10-0:20"})
	if err != nil {
		t.Fatal(err)
	}
	inCentre(t, func(c *centre, _ *Options) { c.menu = theMenu(t, s) }, func(c *centre) {
		c.ready("olena")
		c.s.SetStatus(c.Context(), "olena", "break", "")
		z := c.dial(anyone) // five minutes before a break: not the end of the day
		z.hears("Вітаємо")
		z.press("0")
		z.hears("Ви наступні")
		z.mu.Lock()
		all := strings.Join(z.texts, " ")
		z.mu.Unlock()
		if strings.Contains(all, "До кінця робочого дня") {
			c.Fatal(all)
		}
		z.hangs()
		z.record()
		time.Sleep(11 * time.Minute)
		z = c.dial(anyone)
		z.hears("Вітаємо")
		z.press("0")
		z.hears("До кінця робочого дня")
		z.hangs()
		z.record()
	})
}

// TestPhonesOwnHold: a re-INVITE with sendonly is hold, with music, like the desk's button.
func TestPhonesOwnHold(t *testing.T) {
	inCentre(t, func(c *centre, o *Options) { o.Phones = sdpPhone{c.phones} }, func(c *centre) {
		c.ready("petro")
		z := c.dial(anyone)
		z.hears("Вітаємо")
		z.press("0")
		c.until("petro", "talk", func(v AgentView) bool { return v.Talk != nil })
		agent := c.phones.leg("petro")
		if _, err := agent.port.Answer(offer("sendonly")); err != nil {
			c.Fatal(err)
		}
		c.until("petro", "held", func(v AgentView) bool { return v.Talk.Held })
		z.hears("Зачекайте")
		if _, err := agent.port.Answer(offer("sendrecv")); err != nil {
			c.Fatal(err)
		}
		c.until("petro", "resumed", func(v AgentView) bool { return !v.Talk.Held })
		z.hangs()
		wants(z, call.OutServed)
		if len(c.journal.all(call.Held)) != 1 || len(c.journal.all(call.Resumed)) != 1 {
			c.Fatal(c.journal.kinds(""))
		}
	})
}

func offer(direction string) []byte {
	return []byte("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 8 101\r\n" +
		"a=rtpmap:101 telephone-event/8000\r\na=" + direction + "\r\n")
}

// sdpPhone picks up at once, with a media port that was made by SDP.
type sdpPhone struct{ *fakePhones }

func (p sdpPhone) Dial(_ context.Context, login, _ string, _ Ring) (Leg, error) {
	l := newLeg(p.c, call.Number(login))
	port, err := p.c.engine.Open()
	if err != nil {
		return nil, err
	}
	if _, err = port.Answer(offer("sendrecv")); err != nil {
		return nil, err
	}
	l.port = port
	p.mu.Lock()
	p.legs[login] = l
	p.mu.Unlock()
	return l, nil
}

func TestRefusedOnTheDeskPhone(t *testing.T) {
	inCentre(t, nil, func(c *centre) {
		c.phones.fails["olena"] = fmt.Errorf("app: 486: %w", ErrRefused)
		c.ready("olena")
		z := c.dial(anyone)
		z.hears("Вітаємо")
		z.press("0")
		c.until("olena", "a break", func(v AgentView) bool { return v.Me.Reason == "відхилений дзвінок" })
		z.hangs()
		z.record()
	})
}

// TestMessageThatCannotBeKept: a full disk is told to the citizen, not hidden.
func TestMessageThatCannotBeKept(t *testing.T) {
	inCentre(t, nil, func(c *centre) {
		c.cards.fail = errors.New("disk full")
		z := c.dial(anyone)
		z.hears("Вітаємо")
		z.press("0")
		c.eventually("tone", func() bool { return len(c.journal.all(call.Recording)) == 1 }, nil)
		z.speaks(500, 3*time.Second)
		z.press("#")
		wants(z, call.OutDropped)
		if len(c.journal.all(call.MessageLeft)) != 0 {
			c.Fatal("a message that is not there was written down")
		}
	})
}

func TestQueueMusic(t *testing.T) {
	inCentre(t, nil, func(c *centre) {
		c.ready("olena")
		c.s.SetStatus(c.Context(), "olena", "break", "")
		z := c.dial(anyone)
		z.hears("Вітаємо")
		z.press("0")
		z.hears("Щоб залишити повідомлення")
		time.Sleep(10 * time.Second)
		if l := z.loud(); l < -40 {
			c.Fatalf("silence instead of music: %.0f dBov", l)
		}
		z.hangs()
		z.record()
	})
}
