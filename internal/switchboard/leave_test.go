package switchboard

import (
	"context"
	"testing"
	"time"

	"dovidka/internal/call"
)

// Every way in which somebody leaves a consultation or a talk of three, by hanging up, dying at once, or a page that stays dead.
func TestWhoeverLeavesWhenever(t *testing.T) {
	type who int
	const (
		z who = iota
		a
		b
	)
	cases := []struct {
		name  string
		stage stage
		who   who
		how   string // "hangs", "dies", "page"
		then  string // "b talks", "a talks", "queue", "over"
	}{
		{"a hangs up while it rings", calling, a, "hangs", "b rings"},
		{"a dies while it rings", calling, a, "dies", "queue"},
		{"a's page dies while it rings", calling, a, "page", "queue"},
		{"b's page dies while it rings", calling, b, "page", "a talks"},
		{"citizen leaves while it rings", calling, z, "hangs", "over"},
		{"a hangs up consulting", consulting, a, "hangs", "b talks"},
		{"a dies consulting", consulting, a, "dies", "b talks"},
		{"a's page dies consulting", consulting, a, "page", "b talks"},
		{"b hangs up consulting", consulting, b, "hangs", "a talks"},
		{"b dies consulting", consulting, b, "dies", "a talks"},
		{"b's page dies consulting", consulting, b, "page", "a talks"},
		{"citizen leaves consulting", consulting, z, "hangs", "over"},
		{"a hangs up among three", conference, a, "hangs", "b talks"},
		{"a dies among three", conference, a, "dies", "b talks"},
		{"a's page dies among three", conference, a, "page", "b talks"},
		{"b hangs up among three", conference, b, "hangs", "a talks"},
		{"b dies among three", conference, b, "dies", "a talks"},
		{"b's page dies among three", conference, b, "page", "a talks"},
		{"citizen leaves among three", conference, z, "hangs", "over"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			inTalk(t, func(c *centre, zed *citizen, olena *fakeLeg) {
				legs := map[who]*fakeLeg{z: zed.fakeLeg, a: olena}
				if tc.stage == calling {
					c.must(c.s.Consult("olena", Target{ToAgent, "petro"}))
					c.offered("petro")
				} else {
					legs[b] = c.consults()
				}
				if tc.stage == conference {
					c.must(c.s.Conference("olena"))
				}
				login := map[who]string{a: "olena", b: "petro"}[tc.who]
				switch tc.how {
				case "hangs":
					legs[tc.who].hangs()
				case "dies":
					legs[tc.who].end("silence", "")
				case "page":
					c.phones.page(login, false)
					if l := legs[tc.who]; l != nil {
						l.alive <- false
					}
					if tc.then != "over" && legs[tc.who] != nil {
						c.music("the citizen", zed.fakeLeg2(c, tc.stage))
					}
				}
				switch tc.then {
				case "over":
					wants(zed, call.OutServed)
				case "a talks":
					c.stage("olena", talking)
					c.voices([]*fakeLeg{zed.fakeLeg, olena}, [][]int{{1}, {0}})
				case "b talks":
					c.stage("petro", talking)
					c.voices([]*fakeLeg{zed.fakeLeg, legs[b]}, [][]int{{1}, {0}})
				case "b rings":
					c.music("the citizen", zed.fakeLeg)
					c.must(c.s.Answer("petro"))
					c.stage("petro", talking)
					c.voices([]*fakeLeg{zed.fakeLeg, c.phones.leg("petro")}, [][]int{{1}, {0}})
				case "queue":
					c.until("petro", "waits", func(v AgentView) bool { return v.Offer != nil && v.Offer.Why == "" })
					c.music("the citizen", zed.fakeLeg)
					c.answers("petro")
				}
				c.finish(zed, call.OutServed)
			})
		})
	}
}

// fakeLeg2 is the citizen's leg after a moment in which a voice has come to it, where the stage lets one through.
func (z *citizen) fakeLeg2(c *centre, st stage) *fakeLeg {
	if st == conference {
		for _, l := range c.phones.alive() {
			go l.speaks(700, 1200*time.Millisecond)
		}
	}
	return z.fakeLeg
}

// An agent who has hung up is not rung again: a colleague who does not answer gives the citizen to the queue.
func TestHangUpWhileItRingsThenNobody(t *testing.T) {
	inTalk(t, func(c *centre, z *citizen, _ *fakeLeg) {
		c.must(c.s.Consult("olena", Target{ToAgent, "petro"}))
		c.offered("petro")
		c.must(c.s.Hangup("olena"))
		c.must(c.s.WrapUpDone("olena"))
		c.must(c.s.SetStatus(c.Context(), "olena", "break", ""))
		c.must(c.s.Refuse("petro"))
		v := c.until("petro", "the queue's offer", func(v AgentView) bool { return v.Offer != nil && v.Offer.Why == "" })
		if v.Offer.WaitedS > 60 {
			c.Fatalf("%+v", v.Offer)
		}
		for _, o := range c.journal.all(call.Offered) {
			if o.Value == "return" {
				c.Fatal("who has hung up is rung again")
			}
		}
		c.answers("petro")
		c.finish(z, call.OutServed)
	})
}

// Who goes back to the citizen while it rings takes the ringing from the colleague at once, who has missed nothing.
func TestReturnWhileItRings(t *testing.T) {
	inTalk(t, func(c *centre, z *citizen, olena *fakeLeg) {
		c.must(c.s.Consult("olena", Target{ToAgent, "petro"}))
		c.offered("petro")
		c.must(c.s.Return("olena"))
		c.stage("olena", talking)
		v := c.until("petro", "free", func(v AgentView) bool { return v.Offer == nil && v.Me.Activity == "idle" })
		if v.Me.Status != "ready" || v.Today.Missed != 0 {
			c.Fatalf("%+v", v.Me)
		}
		c.voices([]*fakeLeg{z.fakeLeg, olena}, [][]int{{1}, {0}})
		c.finish(z, call.OutServed)
	})
}

// The page died while it rang, then the colleague answers: from now on the citizen has somebody to go to, after the patience.
func TestAnsweredAfterThePageDied(t *testing.T) {
	inTalk(t, func(c *centre, z *citizen, olena *fakeLeg) {
		c.must(c.s.Consult("olena", Target{ToAgent, "petro"}))
		c.offered("petro")
		c.phones.page("olena", false)
		olena.alive <- false
		time.Sleep(10 * time.Second)
		c.must(c.s.Answer("petro"))
		c.stage("petro", consulting)
		time.Sleep(10 * time.Second) // longer than the queue would have waited
		if v := c.s.View("petro"); v.Talk == nil || v.Talk.Stage != "consulting" || v.Queue.Waiting != 0 {
			c.Fatalf("%+v", v)
		}
		c.music("the colleague who waits", c.phones.leg("petro"))
		c.until("petro", "the call is theirs", func(v AgentView) bool { return v.Talk != nil && !v.Talk.Guest })
		c.voices([]*fakeLeg{z.fakeLeg, c.phones.leg("petro")}, [][]int{{1}, {0}})
		c.finish(z, call.OutServed)
	})
}

func TestShutdownWhileConsulting(t *testing.T) {
	inTalk(t, func(c *centre, z *citizen, _ *fakeLeg) {
		c.consults()
		ctx, end := context.WithTimeout(context.Background(), time.Second)
		defer end()
		c.s.Drain(ctx)
		wants(z, call.OutServed)
		c.quiet()
	})
}
