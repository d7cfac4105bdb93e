package queue

import (
	"math"
	"testing"
	"time"

	"dovidka/internal/call"
)

var t0 = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

// bench is a queue under a hand-driven clock.
type bench struct {
	*testing.T
	s   *State
	now time.Time
}

func newBench(t *testing.T, agents ...string) *bench {
	b := &bench{t, NewState(Config{}), t0}
	for _, a := range agents {
		b.do(Reach{a, true})
		b.do(SetStatus{a, Ready, ""})
		b.after(time.Second)
	}
	return b
}

func (b *bench) do(e Event) []Order { return Step(b.s, b.now, e) }

func (b *bench) after(d time.Duration) []Order {
	b.now = b.now.Add(d)
	return b.do(Tick{})
}

func find[T Order](orders []Order) (T, bool) {
	for _, o := range orders {
		if v, ok := o.(T); ok {
			return v, true
		}
	}
	var zero T
	return zero, false
}

func want[T Order](b *bench, orders []Order) T {
	b.Helper()
	v, ok := find[T](orders)
	if !ok {
		b.Fatalf("no %T in %+v", v, orders)
	}
	return v
}

func none[T Order](b *bench, orders []Order) {
	b.Helper()
	if v, ok := find[T](orders); ok {
		b.Fatalf("unexpected %+v", v)
	}
}

func (b *bench) agent(login string) Agent { return Snap(b.s).Agent(login) }

func TestLongestIdleFirst(t *testing.T) {
	b := newBench(t, "olena", "petro")
	if o := want[Offer](b, b.do(Enter{Call: "c1"})); o.Agent != "olena" || o.Deadline != b.now.Add(20*time.Second) {
		t.Fatalf("first offer %+v", o)
	}
	// The caller hangs up while it rings: olena keeps her place among the idle.
	if o := want[Revoke](b, b.do(Leave{Call: "c1", Abandoned: true})); o.Cause != CauseGone {
		t.Fatalf("revoke %+v", o)
	}
	b.after(time.Second)
	if o := want[Offer](b, b.do(Enter{Call: "c2"})); o.Agent != "olena" {
		t.Fatalf("second offer %+v", o)
	}
	b.do(Connect{"c2", "olena"})
	b.do(Ended{"c2"})
	b.do(WrapUpDone{"olena"})
	b.after(time.Second)
	if o := want[Offer](b, b.do(Enter{Call: "c3"})); o.Agent != "petro" {
		t.Fatalf("olena has just talked, but: %+v", o)
	}
}

func TestMissedOfferKeepsThePlace(t *testing.T) {
	b := newBench(t, "olena")
	b.do(Enter{Call: "c1"})
	b.do(Enter{Call: "c2"})
	none[Revoke](b, b.after(19*time.Second))
	if o := want[Revoke](b, b.after(time.Second)); o.Cause != CauseNoAnswer {
		t.Fatalf("%+v", o)
	}
	if a := b.agent("olena"); a.Status != Break || a.Reason != ReasonMissed || a.Activity != Idle {
		t.Fatalf("%+v", a)
	}
	none[Connected](b, b.do(Connect{"c1", "olena"})) // late: changes nothing
	if o := want[Offer](b, b.do(SetStatus{"olena", Ready, ""})); o.Call != "c1" {
		t.Fatalf("the place is lost: %+v", o)
	}
	b.do(Decline{"c1", "olena", CauseRefused})
	if a := b.agent("olena"); a.Status != Break || a.Reason != ReasonRefused {
		t.Fatalf("refused: %+v", a)
	}
	none[Offer](b, b.after(time.Minute)) // no loop of fast re-offers
}

func TestWrapUpAndNextStatus(t *testing.T) {
	b := newBench(t, "olena")
	b.do(Enter{Call: "c1"})
	c := want[Connected](b, b.do(Connect{"c1", "olena"}))
	if c.Waited != 0 {
		t.Fatalf("%+v", c)
	}
	b.do(Enter{Call: "c2"})
	b.do(SetStatus{"olena", Break, "обід"})
	if a := b.agent("olena"); a.Status != Ready || a.Next.Reason != "обід" {
		t.Fatalf("next status: %+v", a)
	}
	b.after(time.Minute)
	b.do(Ended{"c1"})
	none[WrappedUp](b, b.after(29*time.Second))
	w := want[WrappedUp](b, b.after(time.Second))
	if w.Took != 30*time.Second {
		t.Fatalf("%+v", w)
	}
	if a := b.agent("olena"); a.Status != Break || a.Reason != "обід" || a.Next.Status != "" {
		t.Fatalf("after: %+v", a)
	}
	none[Offer](b, b.after(time.Second))
}

func TestDeadBrowser(t *testing.T) {
	b := newBench(t, "olena", "petro")
	b.do(SetStatus{"petro", Break, ""})
	b.do(Enter{Call: "c1"})
	b.after(7 * time.Second)
	b.do(Connect{"c1", "olena"})
	b.do(Enter{Call: "c2"})
	b.after(time.Minute)
	b.do(Lost{Call: "c1"})
	none[Requeued](b, b.after(10*time.Second))
	b.do(Back{"c1"}) // re-attached in time
	none[Requeued](b, b.after(time.Minute))
	b.do(Lost{Call: "c1"})
	b.do(Reach{"olena", false})
	none[Requeued](b, b.after(14*time.Second))
	want[Requeued](b, b.after(time.Second))
	snap := Snap(b.s)
	if len(snap.Waiting) != 2 || snap.Waiting[0].Call != "c1" || snap.Waiting[0].Waited(b.now) != 7*time.Second {
		t.Fatalf("head of the queue: %+v", snap.Waiting)
	}
	if a := b.agent("olena"); a.Status != Break || a.Reason != ReasonLost {
		t.Fatalf("%+v", a)
	}
	if o := want[Offer](b, b.do(SetStatus{"petro", Ready, ""})); o.Call != "c1" {
		t.Fatalf("%+v", o)
	}
	b.after(3 * time.Second)
	if c := want[Connected](b, b.do(Connect{"c1", "petro"})); c.Waited != 10*time.Second {
		t.Fatalf("waiting time not kept: %+v", c)
	}
}

func TestWhoCannotWait(t *testing.T) {
	b := newBench(t)
	if o := want[Expelled](b, b.do(Enter{Call: "c0"})); o.Why != WhyNoOperators {
		t.Fatalf("%+v", o)
	}
	b.do(SetStatus{"olena", Break, "обід"}) // all on a break: the queue
	for i := range 20 {
		p := want[Placed](b, b.do(Enter{Call: call.ID(rune('a' + i))}))
		if p.Position != i+1 {
			t.Fatalf("%+v", p)
		}
	}
	if o := want[Expelled](b, b.do(Enter{Call: "c21"})); o.Why != WhyFull {
		t.Fatalf("%+v", o)
	}
	b.do(Reach{"olena", true})
	none[Expelled](b, b.after(10*time.Minute-time.Second))
	if o := want[Expelled](b, b.after(time.Second)); o.Why != WhyTimeout {
		t.Fatalf("%+v", o)
	}
	b.do(Enter{Call: "late"})
	if o := want[Expelled](b, b.do(SetStatus{"olena", Offline, ""})); o.Why != WhyNoOperators || o.Call != "late" {
		t.Fatalf("%+v", o)
	}
}

func TestNobodyIsSentAwayWhileRung(t *testing.T) {
	b := newBench(t, "olena")
	b.do(SetStatus{"olena", Break, ""})
	b.do(Enter{Call: "c1"})
	b.after(10*time.Minute - 10*time.Second)
	want[Offer](b, b.do(SetStatus{"olena", Ready, ""}))
	none[Expelled](b, b.after(15*time.Second)) // longer than the longest wait, but somebody is being rung
	o := b.after(5 * time.Second)
	want[Revoke](b, o)
	if e := want[Expelled](b, o); e.Why != WhyTimeout {
		t.Fatalf("%+v", e)
	}
}

func TestUnreachableDevice(t *testing.T) {
	b := newBench(t, "olena")
	b.do(Enter{Call: "c1"})
	if o := want[Revoke](b, b.do(Reach{"olena", false})); o.Cause != CauseOffline {
		t.Fatalf("%+v", o)
	}
	if o := want[Offer](b, b.do(Reach{"olena", true})); o.Call != "c1" || b.agent("olena").Status != Ready {
		t.Fatalf("after a reload while it rang: %+v %+v", o, b.agent("olena"))
	}
	b.do(Decline{"c1", "olena", CauseOffline}) // alive, but cannot be rung: a break, or it would be rung for ever
	if a := b.agent("olena"); a.Status != Break || a.Reason != ReasonUnreachable {
		t.Fatalf("%+v", a)
	}
	b = newBench(t, "olena")
	b.do(Reach{"olena", false})
	none[Offer](b, b.do(Enter{Call: "c1"}))
	b.after(29 * time.Second)
	if b.agent("olena").Status != Ready {
		t.Fatal("a reload of the page must not cost the status")
	}
	b.after(time.Second)
	if a := b.agent("olena"); a.Status != Break || a.Reason != ReasonUnreachable {
		t.Fatalf("%+v", a)
	}
	b.after(time.Second)
	if o := want[Expelled](b, b.after(11*time.Minute)); b.agent("olena").Status != Offline {
		t.Fatalf("%+v %+v", o, b.agent("olena"))
	}
}

func TestReconcileHeals(t *testing.T) {
	b := newBench(t, "olena", "petro")
	b.do(Enter{Call: "talks"})
	b.do(Connect{"talks", "olena"})
	b.do(Enter{Call: "rings"})
	b.do(Enter{Call: "waits"})
	none[Healed](b, b.do(Reconcile{map[call.ID]bool{"talks": true, "rings": true, "waits": true}}))
	o := b.do(Reconcile{map[call.ID]bool{"waits": true}})
	want[Healed](b, o)
	if f := want[Offer](b, o); f.Call != "waits" || f.Agent != "petro" {
		t.Fatalf("%+v", f)
	}
	if a := b.agent("olena"); a.Activity != WrapUp {
		t.Fatalf("%+v", a)
	}
}

func TestEstimate(t *testing.T) {
	// By hand: 2 agents, 3 min each, nobody gives up: 90 s per place.
	if got := Estimate(3, 2, 3*time.Minute, 0); got.Round(time.Millisecond) != 270*time.Second {
		t.Fatal(got)
	}
	// θ = 1/180 per s: 1/(2/180) + 1/(3/180) + 1/(4/180) = 90 + 60 + 45.
	if got := Estimate(3, 2, 3*time.Minute, 1.0/180); math.Abs(got.Seconds()-195) > 0.001 {
		t.Fatal(got)
	}
	if Estimate(1, 0, time.Minute, 0) != 0 || Estimate(0, 1, time.Minute, 0) != 0 {
		t.Fatal("no estimate without agents or a place")
	}
	var p Promise
	if p.Wait(3*time.Minute) != 3*time.Minute || p.Wait(5*time.Minute) != 3*time.Minute || p.Wait(time.Minute) != time.Minute {
		t.Fatal("a promise rose")
	}
	if !p.Better(3) || p.Better(3) || p.Better(4) || !p.Better(1) {
		t.Fatal("a position is news only when better")
	}
	for d, m := range map[time.Duration]int{59 * time.Second: 0, time.Minute: 1, 61 * time.Second: 2, 5 * time.Minute: 5} {
		if Minutes(d) != m {
			t.Fatal(d, Minutes(d))
		}
	}
}

func TestEstimateLearns(t *testing.T) {
	b := newBench(t, "olena")
	for range Enough {
		b.do(Enter{Call: "c"})
		b.do(Connect{"c", "olena"})
		b.after(100 * time.Second)
		b.do(Ended{"c"})
		b.after(20 * time.Second)
		b.do(WrapUpDone{"olena"})
	}
	b.do(Enter{Call: "c1"})
	b.do(Connect{"c1", "olena"})
	b.do(Enter{Call: "c2"})
	w, ok := Snap(b.s).Caller("c2")
	if !ok || !w.Reliable || w.Estimate.Round(time.Second) != 2*time.Minute {
		t.Fatalf("%+v", w)
	}
}
