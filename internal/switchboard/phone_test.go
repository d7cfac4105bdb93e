package switchboard

import (
	"slices"
	"sync"
	"testing"
	"time"

	"dovidka/internal/call"
)

// wish is a REFER of a desk phone and what it is told.
type wish struct {
	mu       sync.Mutex
	accepted bool
	statuses []int // of Refuse or Notify
}

func (w *wish) refer(user, replaces string) call.Refer {
	tell := func(status int) { w.mu.Lock(); w.statuses = append(w.statuses, status); w.mu.Unlock() }
	return call.Refer{User: user, To: call.ParseNumber(user), Replaces: replaces, Refuse: tell, Notify: tell,
		Accept: func() error { w.mu.Lock(); w.accepted = true; w.mu.Unlock(); return nil }}
}

// told waits for the answer to a REFER.
func (w *wish) told(c *centre, accepted bool, statuses ...int) {
	c.Helper()
	c.eventually("the phone is told", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.accepted == accepted && slices.Equal(w.statuses, statuses)
	}, func() string {
		w.mu.Lock()
		defer w.mu.Unlock()
		return call.Number("").Mask() + time.Duration(len(w.statuses)).String()
	})
}

// Without Replaces the phone keeps its call until the target has answered, and is told how it went.
func TestReferFromADeskPhone(t *testing.T) {
	inTalk(t, func(c *centre, z *citizen, olena *fakeLeg) {
		var nobody, late, good wish
		olena.refers <- nobody.refer("nobody", "")
		nobody.told(c, false, 404)
		c.voices([]*fakeLeg{z.fakeLeg, olena}, [][]int{{1}, {0}})
		olena.refers <- late.refer("petro", "")
		c.offered("petro")
		c.music("the citizen", z.fakeLeg)
		late.told(c, true, 480) // after 25 s
		c.stage("olena", talking)
		c.voices([]*fakeLeg{z.fakeLeg, olena}, [][]int{{1}, {0}})
		c.ready("petro")
		olena.refers <- good.refer("petro", "")
		c.offered("petro")
		c.must(c.s.Answer("petro"))
		c.until("petro", "the call is theirs", func(v AgentView) bool { return v.Talk != nil && !v.Talk.Guest })
		good.told(c, true, 200)
		c.voices([]*fakeLeg{z.fakeLeg, c.phones.leg("petro")}, [][]int{{1}, {0}})
		if olena.Cause() != "us" {
			c.Fatal("the phone that has transferred is still there")
		}
		c.finish(z, call.OutServed)
	})
}

// A phone that is put down after its REFER leaves the ringing to us.
func TestReferAndHangUp(t *testing.T) {
	inTalk(t, func(c *centre, z *citizen, olena *fakeLeg) {
		var w wish
		olena.refers <- w.refer(string(rada), "")
		c.stage("olena", calling)
		olena.hangs()
		c.eventually("outside", func() bool { return len(c.journal.all(call.Outside)) == 1 }, nil)
		c.voices([]*fakeLeg{z.fakeLeg, c.phones.leg(string(rada))}, [][]int{{1}, {0}})
		w.told(c, true, 200)
		c.finish(z, call.OutTransferredOut)
	})
}

// secondCall lets olena's desk phone hold the citizen and call petro, who answers.
func (c *centre) secondCall(olena *fakeLeg) *fakeLeg {
	c.Helper()
	second := newLeg(c, "olena")
	second.to = "petro"
	c.s.FromPhone("olena", second)
	c.stage("olena", calling)
	c.offered("petro")
	c.must(c.s.Answer("petro"))
	c.stage("olena", consulting)
	return second
}

func TestAttendedTransferByADeskPhone(t *testing.T) {
	for _, by := range []string{"first", "second"} {
		t.Run(by, func(t *testing.T) {
			inTalk(t, func(c *centre, z *citizen, olena *fakeLeg) {
				second := c.secondCall(olena)
				petro := c.phones.leg("petro")
				// both calls of the phone have their sound: it may join them itself
				c.voices([]*fakeLeg{z.fakeLeg, olena, petro, second}[:3], [][]int{{1}, {0}, {}})
				c.voices([]*fakeLeg{second, petro}, [][]int{{1}, {0}})
				var stranger, w wish
				olena.refers <- stranger.refer("petro", "another")
				stranger.told(c, false, 403)
				if by == "first" {
					olena.refers <- w.refer("petro", second.ID())
				} else {
					second.refers <- w.refer(anyone, olena.ID())
				}
				w.told(c, true, 200)
				c.until("petro", "the call is theirs", func(v AgentView) bool { return v.Talk != nil && !v.Talk.Guest })
				c.voices([]*fakeLeg{z.fakeLeg, petro}, [][]int{{1}, {0}})
				if second.Cause() != "us" || olena.Cause() != "us" {
					c.Fatal("the phone is left with a call")
				}
				c.finish(z, call.OutServed)
			})
		})
	}
}

// The phone's user puts the second call down: back to the citizen, the colleague is free.
func TestSecondCallPutDown(t *testing.T) {
	inTalk(t, func(c *centre, z *citizen, olena *fakeLeg) {
		second := c.secondCall(olena)
		second.hangs()
		c.stage("olena", talking)
		c.voices([]*fakeLeg{z.fakeLeg, olena}, [][]int{{1}, {0}})
		if v := c.s.View("petro"); v.Me.Activity != "idle" {
			c.Fatalf("%+v", v.Me)
		}
		third := newLeg(c, "olena")
		third.to = "nobody"
		c.s.FromPhone("olena", third)
		if third.status != "404" {
			c.Fatal(third.status)
		}
		c.finish(z, call.OutServed)
		lonely := newLeg(c, "petro")
		c.s.FromPhone("petro", lonely)
		if lonely.status != "403" {
			c.Fatal("a desk phone dials out by itself", lonely.status)
		}
	})
}

// The first call put down while the second talks: the citizen goes to the colleague.
func TestFirstCallPutDown(t *testing.T) {
	inTalk(t, func(c *centre, z *citizen, olena *fakeLeg) {
		second := c.secondCall(olena)
		olena.hangs()
		c.until("petro", "the call is theirs", func(v AgentView) bool { return v.Talk != nil && !v.Talk.Guest })
		c.voices([]*fakeLeg{z.fakeLeg, c.phones.leg("petro")}, [][]int{{1}, {0}})
		if second.Cause() != "us" {
			c.Fatal("the second call is left behind")
		}
		c.finish(z, call.OutServed)
	})
}

// What a talk sounds like follows from where it stands: nobody who listens hears dead air.
func TestPlans(t *testing.T) {
	c, a, g, x := citizenEar, agentEar, guestEar, asideEar
	cases := []struct {
		s scene
		p plan
	}{
		{scene{stage: talking}, plan{joined: []ear{c, a}}},
		{scene{stage: talking, hold: true}, plan{music: []ear{c}}},
		{scene{stage: talking, agentAway: true}, plan{music: []ear{c}}},
		{scene{stage: calling}, plan{music: []ear{c}, ringing: true}},
		{scene{stage: calling, agentAway: true}, plan{music: []ear{c}}},
		{scene{stage: consulting}, plan{joined: []ear{a, g}, music: []ear{c}}},
		{scene{stage: consulting, agentAway: true}, plan{music: []ear{c, g}}},
		{scene{stage: consulting, guestAway: true}, plan{music: []ear{c, a}}},
		{scene{stage: consulting, agentAway: true, guestAway: true}, plan{music: []ear{c}}},
		{scene{stage: conference}, plan{joined: []ear{c, a, g}}},
		{scene{stage: conference, agentAway: true}, plan{joined: []ear{c, g}}},
		{scene{stage: conference, guestAway: true}, plan{joined: []ear{c, a}}},
		{scene{stage: conference, agentAway: true, guestAway: true}, plan{music: []ear{c}}},
		{scene{stage: consulting, aside: true}, plan{joined: []ear{c, a}, also: []ear{g, x}}},
		{scene{stage: consulting, aside: true, agentAway: true}, plan{joined: []ear{g, x}, music: []ear{c}}},
		{scene{stage: consulting, aside: true, asideAway: true}, plan{joined: []ear{c, a}, music: []ear{g}}},
		{scene{stage: consulting, aside: true, asideAway: true, agentAway: true}, plan{music: []ear{c, g}}},
	}
	for _, tc := range cases {
		if p := tc.s.plan(); !p.equal(tc.p) {
			t.Errorf("%+v: %+v, want %+v", tc.s, p, tc.p)
		}
	}
}
