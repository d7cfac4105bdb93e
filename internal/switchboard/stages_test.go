package switchboard

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/queue"
)

// TestHangUpAtEveryStage: whoever hangs up, whenever, leaves one record and no trace in the queue.
func TestHangUpAtEveryStage(t *testing.T) {
	toQueue := func(c *centre, z *citizen) { z.hears("Вітаємо"); z.press("0") }
	busy := func(c *centre) { c.ready("olena"); c.s.SetStatus(c.Context(), "olena", "break", "обід") }
	talk := func(c *centre, z *citizen) { c.ready("olena"); toQueue(c, z); c.answers("olena") }
	survey := func(c *centre, z *citizen) { talk(c, z); c.s.Hangup("olena"); z.hears("Оцініть") }
	for _, stage := range []struct {
		name string
		play func(*centre, *citizen)
		want call.Outcome
	}{
		{"before the answer", func(*centre, *citizen) {}, call.OutCancelled},
		{"greeting", func(_ *centre, z *citizen) { z.hears("Вітаємо") }, call.OutAbandonedGreeting},
		{"menu", func(_ *centre, z *citizen) { z.hears("Вітаємо"); time.Sleep(8 * time.Second) }, call.OutAbandonedMenu},
		{"service", func(_ *centre, z *citizen) { z.hears("Вітаємо"); z.press("231"); time.Sleep(40 * time.Second) }, call.OutInformed},
		{"digits", func(_ *centre, z *citizen) {
			z.hears("Вітаємо")
			z.press("51")
			time.Sleep(8 * time.Second)
			z.press("12")
		}, call.OutAbandonedMenu},
		{"queue, announcement", func(c *centre, z *citizen) { busy(c); toQueue(c, z); z.hears("Усі оператори") }, call.OutAbandonedQueue},
		{"queue, music", func(c *centre, z *citizen) { busy(c); toQueue(c, z); time.Sleep(45 * time.Second) }, call.OutAbandonedQueue},
		{"while an agent is rung", func(c *centre, z *citizen) { c.ready("olena"); toQueue(c, z); c.offered("olena") }, call.OutAbandonedQueue},
		{"talk", talk, call.OutServed},
		{"hold", func(c *centre, z *citizen) { talk(c, z); c.s.Hold("olena", true) }, call.OutServed},
		{"lost page", func(c *centre, z *citizen) {
			talk(c, z)
			c.phones.leg("olena").alive <- false
			c.until("olena", "lost", func(v AgentView) bool { return v.Talk.Lost })
		}, call.OutServed},
		{"queue after a dead page", func(c *centre, z *citizen) {
			talk(c, z)
			c.phones.leg("olena").alive <- false
			time.Sleep(16 * time.Second)
		}, call.OutServed},
		{"survey, first question", survey, call.OutServed},
		{"survey, second question", func(c *centre, z *citizen) { survey(c, z); z.press("3") }, call.OutServed},
		{"intro of a message", func(c *centre, z *citizen) { toQueue(c, z); z.hears("Після сигналу") }, call.OutAbandonedQueue},
		{"tone", tone, call.OutAbandonedQueue},
		{"message, silent", func(c *centre, z *citizen) { tone(c, z); time.Sleep(5 * time.Second) }, call.OutAbandonedQueue},
		{"message, spoken", func(c *centre, z *citizen) { tone(c, z); z.speaks(500, 3*time.Second) }, call.OutMessageLeft},
		{"message, number", func(c *centre, z *citizen) {
			tone(c, z)
			z.speaks(500, 3*time.Second)
			z.press("#")
			z.hears("збережено")
		}, call.OutMessageLeft},
	} {
		t.Run(stage.name, func(t *testing.T) {
			inCentre(t, nil, func(c *centre) {
				z := c.dial(anyone)
				stage.play(c, z)
				z.hangs()
				r := wants(z, stage.want)
				if n := c.journal.closings(r.Call); n != 1 {
					c.Fatalf("closed %d times", n)
				}
				if n := len(c.cards.saved()); (stage.want == call.OutMessageLeft) != (n == 1) {
					c.Fatalf("%d messages", n)
				}
				time.Sleep(31 * time.Second) // the longest wrap-up
				v := c.s.View("olena")
				if v.Talk != nil || v.Offer != nil || v.Me.Activity != "idle" || v.Queue.Waiting != 0 || c.s.Calls() != 0 {
					c.Fatalf("left behind: %+v", v)
				}
				if log := c.log.String(); strings.Contains(log, "ERROR") {
					c.Fatal(log)
				}
				inOrder(c)
			})
		})
	}
}

// inOrder checks that the facts of every call are numbered 1, 2, 3 …
func inOrder(c *centre) {
	c.Helper()
	c.journal.mu.Lock()
	defer c.journal.mu.Unlock()
	for id, facts := range c.journal.facts {
		seen := map[int]bool{}
		for _, f := range facts {
			seen[f.Seq] = true
		}
		for i := range facts {
			if !seen[i+1] {
				c.Fatalf("%s: fact %d of %d is missing", id, i+1, len(facts))
			}
		}
	}
}

// TestStorm: a thousand mixed calls add up to exactly one outcome each.
func TestStorm(t *testing.T) {
	if testing.Short() {
		t.Skip("a thousand calls take some seconds of CPU")
	}
	const calls = 1000
	inCentre(t, func(_ *centre, o *Options) { o.MaxCalls = 24 }, func(c *centre) {
		agents := []string{"a1", "a2", "a3", "a4", "a5"}
		over := make(chan struct{})
		var staff, citizens sync.WaitGroup
		for i, a := range agents {
			staff.Go(func() { c.robot(a, rand.New(rand.NewPCG(7, uint64(i))), over) })
		}
		for i := range calls {
			rnd := rand.New(rand.NewPCG(42, uint64(i)))
			time.Sleep(time.Duration(rnd.ExpFloat64() * float64(2500*time.Millisecond)))
			citizens.Go(func() { c.stranger(i, rnd) })
		}
		citizens.Wait()
		close(over)
		staff.Wait()
		time.Sleep(time.Minute)
		if n := c.s.Calls(); n != 0 {
			c.Fatalf("%d calls left", n)
		}
		sum, outcomes := 0, map[call.Outcome]int{}
		for _, r := range c.journal.records() {
			outcomes[r.Outcome]++
			sum++
			if n := c.journal.closings(r.Call); n != 1 {
				c.Fatalf("%s closed %d times", r.Call, n)
			}
		}
		if sum != calls || c.journal.calls() != calls {
			c.Fatalf("%d records of %d calls: %v", sum, calls, outcomes)
		}
		inOrder(c)
		for _, o := range []call.Outcome{call.OutServed, call.OutMessageLeft, call.OutInformed, call.OutAbandonedQueue, call.OutAbandonedMenu, call.OutOverload, call.OutCancelled, call.OutAbandonedGreeting} {
			if outcomes[o] == 0 {
				c.Fatalf("the storm has no %s: %v", o, outcomes)
			}
		}
		if outcomes[call.OutDropped] != 0 {
			c.Fatalf("dropped calls: %v\n%s", outcomes, c.log)
		}
		for _, line := range strings.Split(c.log.String(), "\n") {
			if strings.Contains(line, "ERROR") {
				c.Fatal(line)
			}
		}
		for _, a := range c.s.desk.Snapshot().Agents {
			if a.Activity != queue.Idle {
				c.Fatalf("stuck: %+v", a)
			}
		}
		t.Log(fmt.Sprint(outcomes), slices.Sorted(maps.Keys(outcomes)))
	})
}

// stranger is a caller of the storm: random keys at random times, then a hang-up.
func (c *centre) stranger(i int, rnd *rand.Rand) {
	z := c.dial(fmt.Sprintf("067%07d", i))
	patience := time.After(time.Duration(rnd.ExpFloat64() * float64(70*time.Second)))
	scripts := []string{"231", "0", "0", "0", "01", "0", "1", "52", "999", "31*#", "51123#4567", "0"}
	keys := scripts[rnd.IntN(len(scripts))]
	if rnd.IntN(20) > 0 {
		select {
		case <-z.answered:
		case <-z.over:
			return
		}
	} else {
		z.hangs()
		<-z.over
		return
	}
	talks := rnd.IntN(3) > 0
	for k := 0; ; k++ {
		if k < len(keys) {
			z.port.InjectDigit(keys[k])
		} else if rnd.IntN(6) == 0 {
			z.port.InjectDigit("0123456789*#"[rnd.IntN(12)])
		}
		if talks && rnd.IntN(4) == 0 {
			z.speaks(300, time.Second)
		}
		select {
		case <-z.over:
			return
		case <-patience:
			z.hangs()
			<-z.over
			return
		case <-time.After(time.Duration(rnd.IntN(6000)) * time.Millisecond):
		}
	}
}

// robot is an agent of the storm: answers, refuses, sleeps, reloads, dies, goes for lunch.
func (c *centre) robot(login string, rnd *rand.Rand, over <-chan struct{}) {
	c.ready(login)
	for {
		select {
		case <-over:
			return
		case <-time.After(time.Duration(500+rnd.IntN(3000)) * time.Millisecond):
		}
		v := c.s.View(login)
		n := rnd.IntN(20)
		switch {
		case v.Offer != nil && n < 14:
			c.s.Answer(login)
		case v.Offer != nil && n < 16:
			c.s.Refuse(login)
		case v.Talk != nil && n < 3:
			c.s.Hangup(login)
		case v.Talk != nil && n < 5:
			c.s.Hold(login, n == 3)
		case v.Talk != nil && n < 6:
			if leg := c.phones.leg(login); leg != nil {
				select {
				case leg.alive <- false:
				default:
				}
				time.Sleep(time.Duration(rnd.IntN(25)) * time.Second)
				select {
				case leg.alive <- true:
				default:
				}
			}
		case v.Talk != nil && n < 7:
			c.phones.leg(login).end([]string{"caller", "silence"}[rnd.IntN(2)], "")
		case v.WrapUp != nil && n < 10:
			c.s.WrapUpDone(login)
		case v.Me.Status != "ready" && n < 12:
			c.ready(login)
		case n == 19:
			c.s.SetStatus(c.Context(), login, []string{"break", "offline"}[rnd.IntN(2)], "обід")
		}
	}
}

func TestWatchCostsNothing(t *testing.T) {
	inCentre(t, nil, func(c *centre) {
		changed, stop := c.s.Watch()
		var others []func()
		for range 100 {
			_, end := c.s.Watch() // nobody reads these: nobody may be blocked by them
			others = append(others, end)
		}
		c.ready("olena")
		select {
		case <-changed:
		case <-time.After(time.Second):
			c.Fatal("no nudge")
		}
		stop()
		stop()
		for _, end := range others {
			end()
		}
		synctest.Wait()
		if n := len(c.s.watchers.all); n != 0 {
			c.Fatalf("%d watchers left", n)
		}
	})
}
