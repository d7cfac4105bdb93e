package queue

import (
	"fmt"
	"testing"
	"time"

	"dovidka/internal/call"

	"pgregory.net/rapid"
)

// model is what the switchboard would believe from the orders alone.
type model struct {
	place map[call.ID]string // "waiting", "talking:agent"; absent: not in the queue
	rings map[string]call.ID // agent -> call
	seat  map[string]call.ID // rung in person or a guest: agent -> call
	sums  map[string]time.Duration
	last  map[string]time.Time
	seen  map[string]time.Time
}

func newModel() *model {
	return &model{map[call.ID]string{}, map[string]call.ID{}, map[string]call.ID{}, map[string]time.Duration{}, map[string]time.Time{}, map[string]time.Time{}}
}

// follow applies orders to the model and fails on any that does not fit.
func (m *model) follow(t *rapid.T, s *State, orders []Order) {
	for _, o := range orders {
		switch o := o.(type) {
		case Placed:
			if m.place[o.Call] != "" {
				t.Fatalf("%s placed while %s", o.Call, m.place[o.Call])
			}
			m.place[o.Call] = "waiting"
		case Expelled:
			for a, c := range m.rings {
				if c == o.Call {
					t.Fatalf("%s expelled (%s) while %s is rung", o.Call, o.Why, a)
				}
			}
			delete(m.place, o.Call)
		case Rung:
			if m.place[o.Call] == "waiting" || m.rings[o.Agent] != "" || m.seat[o.Agent] != "" {
				t.Fatalf("%s (%s) asked of %s in person (rings for %s)", o.Call, m.place[o.Call], o.Agent, m.rings[o.Agent])
			}
			for a, c := range m.seat {
				if c == o.Call {
					t.Fatalf("%s asked of %s beside %s", o.Call, o.Agent, a)
				}
			}
			m.rings[o.Agent], m.seat[o.Agent] = o.Call, o.Call
		case Joined:
			if m.rings[o.Agent] != o.Call || m.seat[o.Agent] != o.Call {
				t.Fatalf("%s joined by %s out of turn", o.Call, o.Agent)
			}
			delete(m.rings, o.Agent)
			if m.place[o.Call] == "" {
				m.place[o.Call] = "talking:" + o.Agent
				delete(m.seat, o.Agent)
			}
		case Handed:
			if m.place[o.Call] != "talking:"+o.From || m.seat[o.To] != o.Call || m.rings[o.To] != "" {
				t.Fatalf("%s handed from %s to %s out of turn", o.Call, o.From, o.To)
			}
			delete(m.seat, o.To)
			m.place[o.Call] = "talking:" + o.To
		case Offer:
			if m.place[o.Call] != "waiting" || m.rings[o.Agent] != "" {
				t.Fatalf("offer of %s (%s) to %s (rings for %s)", o.Call, m.place[o.Call], o.Agent, m.rings[o.Agent])
			}
			for a, c := range m.rings {
				if c == o.Call {
					t.Fatalf("%s offered to %s and %s", o.Call, a, o.Agent)
				}
			}
			m.rings[o.Agent] = o.Call
		case Revoke:
			if m.rings[o.Agent] != o.Call {
				t.Fatalf("revoke of %s from %s who rings for %q", o.Call, o.Agent, m.rings[o.Agent])
			}
			delete(m.rings, o.Agent)
			delete(m.seat, o.Agent)
		case Connected:
			if m.rings[o.Agent] != o.Call || m.place[o.Call] != "waiting" {
				t.Fatalf("%s connected to %s out of turn", o.Call, o.Agent)
			}
			delete(m.rings, o.Agent)
			m.place[o.Call] = "talking:" + o.Agent
		case Requeued:
			if m.place[o.Call] != "talking:"+o.Agent {
				t.Fatalf("%s requeued from %s while %s", o.Call, o.Agent, m.place[o.Call])
			}
			m.place[o.Call] = "waiting"
			m.leave(o.Call)
		case Interval:
			if l := m.last[o.Agent]; !l.IsZero() && !l.Equal(o.From) {
				t.Fatalf("interval of %s begins %v, the last ended %v", o.Agent, o.From, l)
			}
			if m.last[o.Agent].IsZero() {
				m.seen[o.Agent] = o.From
			}
			m.last[o.Agent] = o.To
			m.sums[o.Agent] += o.To.Sub(o.From)
		case Healed:
			t.Fatalf("healed %+v in a walk where every call lives", o)
		}
	}
}

// leave frees the guests of a call that is over for all.
func (m *model) leave(id call.ID) {
	for a, c := range m.seat {
		if c == id && m.rings[a] == "" {
			delete(m.seat, a)
		}
	}
}

// check compares the state with the model and the invariants of the package.
func (m *model) check(t *rapid.T, s *State) {
	n, unoffered := 0, 0
	seen := map[call.ID]bool{}
	for i, w := range s.waiting {
		if seen[w.Call] {
			t.Fatalf("%s waits twice", w.Call)
		}
		seen[w.Call] = true
		if m.place[w.Call] != "waiting" {
			t.Fatalf("%s waits but should be %q", w.Call, m.place[w.Call])
		}
		if w.Agent == "" {
			unoffered++
		} else if m.rings[w.Agent] != w.Call {
			t.Fatalf("%s offered to %s who rings for %q", w.Call, w.Agent, m.rings[w.Agent])
		}
		if i > 0 && !s.waiting[i-1].Head && (w.Head || w.Since.Before(s.waiting[i-1].Since)) {
			t.Fatalf("order of arrival broken at %d", i)
		}
		n++
	}
	for id, p := range m.place {
		if p == "waiting" && !seen[id] {
			t.Fatalf("%s is lost", id)
		}
	}
	for _, a := range s.agents {
		if unoffered > 0 && a.free() {
			t.Fatalf("%s is free beside %d waiting", a.Login, unoffered)
		}
		if a.Activity == Talking && !a.Guest && m.place[a.Call] != "talking:"+a.Login {
			t.Fatalf("%s talks with %s, which is %q", a.Login, a.Call, m.place[a.Call])
		}
		if a.Guest && (a.Activity != Talking || m.seat[a.Login] != a.Call || m.place[a.Call] == "" || m.place[a.Call] == "waiting") {
			t.Fatalf("guest without a host: %+v in %q", *a, m.place[a.Call])
		}
		if a.Direct && (a.Activity != Offered || m.seat[a.Login] != a.Call) {
			t.Fatalf("rung in person for nothing: %+v", *a)
		}
		if m.seat[a.Login] != "" && !a.Guest && !a.Direct {
			t.Fatalf("%s has lost the seat in %s", a.Login, m.seat[a.Login])
		}
		if (a.Activity == Offered) != (m.rings[a.Login] != "") {
			t.Fatalf("%s is %s, rings %q", a.Login, a.Activity, m.rings[a.Login])
		}
		if a.Activity == Idle && (a.Call != "" || !a.Until.IsZero() || a.Lost || a.Guest || a.Direct) {
			t.Fatalf("%s is idle with leftovers: %+v", a.Login, *a)
		}
		if l := m.last[a.Login]; !l.IsZero() {
			if !a.Since.Equal(l) || l.Sub(m.seen[a.Login]) != m.sums[a.Login] {
				t.Fatalf("intervals of %s do not add up", a.Login)
			}
		}
		if a.Activity != Idle && a.Status == Offline {
			t.Fatalf("%s is offline and %s", a.Login, a.Activity)
		}
	}
	if Stuck(s, s.now, 0) {
		t.Fatalf("stuck")
	}
}

// drawEvent throws any event at any moment, fitting or not.
func drawEvent(t *rapid.T) Event {
	id := call.ID(fmt.Sprintf("c%d", rapid.IntRange(1, 6).Draw(t, "call")))
	ag := fmt.Sprintf("a%d", rapid.IntRange(1, 3).Draw(t, "agent"))
	other := fmt.Sprintf("a%d", rapid.IntRange(1, 3).Draw(t, "other"))
	switch rapid.IntRange(0, 24).Draw(t, "event") {
	case 16, 17, 18:
		return Reserve{id, ag, 25 * time.Second, rapid.Bool().Draw(t, "own")}
	case 19, 20:
		return Join{Call: id, Agent: ag, Guest: rapid.Bool().Draw(t, "guest"), Kept: 7 * time.Second}
	case 21:
		return Hand{id, ag, other, rapid.Bool().Draw(t, "lost")}
	case 22:
		return rapid.SampledFrom([]Event{Part{id, ag, false}, Part{id, ag, true}, Withdraw{id, ag}}).Draw(t, "parting")
	case 23:
		return Release{id, ag}
	case 24:
		return Enter{Call: id, Head: true, Kept: 5 * time.Second}
	case 0, 1, 2:
		return Enter{Call: id}
	case 3:
		return Leave{Call: id, Abandoned: rapid.Bool().Draw(t, "abandoned")}
	case 4, 5, 6:
		return Connect{id, ag}
	case 7:
		return Decline{id, ag, rapid.SampledFrom([]string{CauseRefused, CauseOffline}).Draw(t, "cause")}
	case 8:
		return Ended{id}
	case 9:
		return Lost{id, rapid.Bool().Draw(t, "final")}
	case 10:
		return Back{id}
	case 11:
		return WrapUpDone{ag}
	case 12, 13:
		return SetStatus{ag, rapid.SampledFrom([]Status{Ready, Ready, Ready, Break, Offline}).Draw(t, "status"), "обід"}
	case 14:
		return Reach{ag, rapid.SampledFrom([]bool{true, true, true, false}).Draw(t, "alive")}
	}
	return Tick{}
}

func TestRandomWalk(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := NewState(Config{MaxWaiting: 4})
		m := newModel()
		now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
		for i := 1; i <= 3; i++ {
			ag := fmt.Sprintf("a%d", i)
			m.follow(t, s, Step(s, now, Reach{ag, true}))
			m.follow(t, s, Step(s, now, SetStatus{ag, Ready, ""}))
		}
		for range rapid.IntRange(1, 120).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.SampledFrom([]int{0, 0, 1, 4, 9, 16, 35, 700}).Draw(t, "seconds")) * time.Second)
			e := drawEvent(t)
			orders := Step(s, now, e)
			m.follow(t, s, orders)
			switch e := e.(type) { // what the doer knows without an order
			case Leave:
				if m.place[e.Call] == "waiting" {
					delete(m.place, e.Call)
				}
			case Ended:
				if p := m.place[e.Call]; p != "" && p != "waiting" {
					delete(m.place, e.Call)
				}
				m.leave(e.Call)
			case Release:
				if m.place[e.Call] == "talking:"+e.Agent {
					delete(m.place, e.Call)
					m.leave(e.Call)
				}
			case Part:
				if m.rings[e.Agent] == "" && m.seat[e.Agent] == e.Call {
					delete(m.seat, e.Agent)
				}
			case Enter:
				if p := m.place[e.Call]; p == "waiting" || p == "" {
					m.leave(e.Call)
				}
			}
			m.check(t, s)
			if due := Due(s); !due.IsZero() && !due.After(now) {
				t.Fatalf("due %v is not after %v: the desk would spin", due, now)
			}
		}
	})
}
