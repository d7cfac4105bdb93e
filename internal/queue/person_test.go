package queue

import (
	"slices"
	"testing"
	"time"

	"dovidka/internal/call"
)

// scene is a queue with olena talking with c1 and petro free.
func scene() (*State, time.Time) {
	s, now := NewState(Config{}), time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	for _, l := range []string{"olena", "petro"} {
		Step(s, now, Reach{l, true})
	}
	Step(s, now, SetStatus{"olena", Ready, ""})
	Step(s, now, Enter{Call: "c1", Topic: "social"})
	Step(s, now.Add(5*time.Second), Connect{"c1", "olena"})
	Step(s, now.Add(5*time.Second), SetStatus{"petro", Ready, ""})
	return s, now.Add(10 * time.Second)
}

func has[T Order](orders []Order) bool {
	return slices.ContainsFunc(orders, func(o Order) bool { _, ok := o.(T); return ok })
}

func TestConsultedColleagueIsBusyAndFreeAtOnce(t *testing.T) {
	s, now := scene()
	if !has[Rung](Step(s, now, Reserve{"c1", "petro", 25 * time.Second, false})) {
		t.Fatal("not rung")
	}
	if has[Offer](Step(s, now, Enter{Call: "c2"})) {
		t.Fatal("who is asked in person is offered another caller")
	}
	if !has[Joined](Step(s, now, Join{Call: "c1", Agent: "petro", Guest: true})) || s.agents["petro"].Activity != Talking || s.talking("c1").Login != "olena" {
		t.Fatalf("%+v", *s.agents["petro"])
	}
	if o := Step(s, now, Part{"c1", "petro", false}); !has[Offer](o) {
		t.Fatalf("a guest who has left is not offered the waiting caller: %v", o)
	}
}

func TestHandedOver(t *testing.T) {
	s, now := scene()
	Step(s, now, Reserve{"c1", "petro", 25 * time.Second, false})
	Step(s, now, Join{Call: "c1", Agent: "petro", Guest: true})
	if !has[Handed](Step(s, now.Add(time.Minute), Hand{"c1", "olena", "petro", false})) {
		t.Fatal("not handed")
	}
	if o, p := s.agents["olena"], s.agents["petro"]; o.Activity != WrapUp || o.Call != "c1" || p.Activity != Talking || p.Guest {
		t.Fatalf("%+v %+v", *o, *p)
	}
	Step(s, now.Add(2*time.Minute), Lost{Call: "c1", Final: true})
	if w := s.waiter("c1"); w == nil || !w.Head || w.Topic != "social" || w.Kept != 5*time.Second || s.agents["petro"].Status != Break {
		t.Fatalf("the caller of a dead heir is not at the head: %+v", w)
	}
}

func TestUnansweredInPersonAfterItsTime(t *testing.T) {
	s, now := scene()
	Step(s, now, Reserve{"c1", "petro", 25 * time.Second, false})
	if d := Due(s); !d.Equal(now.Add(25 * time.Second)) {
		t.Fatal(d)
	}
	o := Step(s, now.Add(25*time.Second), Tick{})
	if i := slices.Index(o, Order(Revoke{"c1", "petro", CauseNoAnswer})); i < 0 || s.agents["petro"].Reason != ReasonMissed || s.agents["olena"].Activity != Talking {
		t.Fatalf("%v %+v", o, *s.agents["petro"])
	}
}

func TestRefusingAColleagueIsNoBreak(t *testing.T) {
	s, now := scene()
	Step(s, now, Reserve{"c1", "petro", 25 * time.Second, false})
	Step(s, now, Decline{"c1", "petro", CauseRefused})
	if a := s.agents["petro"]; a.Status != Ready || a.Activity != Idle {
		t.Fatalf("%+v", *a)
	}
}

// The own call that comes back interrupts the writing of its card, and nobody is rung who chose to be away from others' calls.
func TestOwnCallComesBack(t *testing.T) {
	s, now := scene()
	Step(s, now, Release{"c1", "olena"})
	if has[Rung](Step(s, now, Reserve{"c1", "olena", 25 * time.Second, false})) {
		t.Fatal("a stranger's call interrupts the writing")
	}
	if !has[Rung](Step(s, now, Reserve{"c1", "olena", 25 * time.Second, true})) {
		t.Fatal("the own call does not come back")
	}
	if !has[Joined](Step(s, now, Join{Call: "c1", Agent: "olena"})) || s.talking("c1").Login != "olena" {
		t.Fatal("not joined")
	}
	Step(s, now, SetStatus{"petro", Break, "обід"})
	if has[Rung](Step(s, now, Reserve{"c9", "petro", time.Second, false})) || !has[Rung](Step(s, now, Reserve{"c9", "petro", time.Second, true})) {
		t.Fatal("a break holds back others' calls, not the own wish")
	}
}

// Whoever has talked and waits again is before the others and is not turned away for a full queue.
func TestTransferToTheQueue(t *testing.T) {
	s, now := scene()
	Step(s, now, SetStatus{"petro", Break, ""})
	for _, id := range []string{"c2", "c3"} {
		s.cfg.MaxWaiting = 2
		Step(s, now, Enter{Call: call.ID(id)})
	}
	Step(s, now, Release{"c1", "olena"})
	o := Step(s, now, Enter{Call: "c1", Topic: "property", Head: true, Kept: 5 * time.Second})
	if !slices.Contains(o, Order(Placed{"c1", 1})) || s.waiting[0].Topic != "property" {
		t.Fatalf("%v", o)
	}
}

func TestEndedFreesAll(t *testing.T) {
	s, now := scene()
	Step(s, now, Reserve{"c1", "petro", 25 * time.Second, false})
	if !has[Revoke](Step(s, now, Ended{"c1"})) || s.agents["petro"].Activity != Idle || s.agents["olena"].Activity != WrapUp {
		t.Fatalf("%+v", s.agents)
	}
	if has[Healed](Step(s, now, Reconcile{Live: nil})) {
		t.Fatal("nothing was left to heal")
	}
}

// Healing knows of second parties: they go with the call, and a living one is left alone.
func TestHealsSecondParties(t *testing.T) {
	s, now := scene()
	Step(s, now, Reserve{"c1", "petro", 25 * time.Second, false})
	if has[Healed](Step(s, now, Reconcile{Live: map[call.ID]bool{"c1": true}})) {
		t.Fatal("a living call was healed")
	}
	if !has[Healed](Step(s, now, Reconcile{})) || s.agents["petro"].Activity != Idle {
		t.Fatalf("%+v", *s.agents["petro"])
	}
	s, now = scene()
	Step(s, now, Reserve{"c1", "petro", 25 * time.Second, false})
	Step(s, now, Join{Call: "c1", Agent: "petro", Guest: true})
	Step(s, now, Reconcile{})
	if p, o := s.agents["petro"], s.agents["olena"]; p.Activity != Idle || o.Activity != WrapUp {
		t.Fatalf("%+v %+v", *p, *o)
	}
}
