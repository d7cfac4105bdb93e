package ivr

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Any event at any moment: the menu goes on or repeats, never a dead end, and a person stays one key away.
func TestRandomWalk(t *testing.T) {
	demo, office := small(t), small(t)
	office.ReadUnverified = false
	begin := at(t, "2026-11-23 07:50") // Monday before work; a walk reaches the break, the evening and the weekend
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.SampledFrom([]*Menu{demo, office}).Draw(t, "menu")
		now := begin
		var s State
		for range rapid.IntRange(1, 80).Draw(t, "length") {
			now = now.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 5, 60, 240}).Draw(t, "minutes")) * time.Minute)
			before := s
			e := drawEvent(t)
			orders := Step(m, &s, now, e)
			checkOrders(t, m, before, s, now, e, orders)
			if s.Phase != Fresh && s.Phase != Over && s.Phase != Away {
				personIsNear(t, m, s, now)
				silenceEnds(t, m, s, now)
			}
		}
	})
}

func drawEvent(t *rapid.T) Event {
	return rapid.SampledFrom([]Event{
		Begin{}, Ended{}, Ended{}, Timeout{}, Key{'0'}, Key{'1'}, Key{'1'}, Key{'2'}, Key{'3'}, Key{'4'}, Key{'5'}, Key{'7'}, Key{'9'}, Key{'*'}, Key{'#'}, Key{'x'},
		Returned{How: "talked"}, Returned{How: "menu"}, Returned{How: "message_left"}, Returned{How: "saved"}, Returned{How: "operator"}, Returned{How: "back"},
		Returned{How: "found", Lines: []Line{{ID: "ticket.status_new", Text: "Нове."}}}, Returned{How: "no_match"}, Returned{},
	}).Draw(t, "event")
}

// checkOrders looks at one step: what it orders fits the state it leads to.
func checkOrders(t *rapid.T, m *Menu, before, s State, now time.Time, e Event, orders []Order) {
	var says, waits, hands, byes int
	for i, o := range orders {
		switch o := o.(type) {
		case Say:
			says++
			if len(o.Lines) == 0 {
				t.Fatalf("%+v %#v: nothing to say", before, e)
			}
		case Wait:
			waits++
		case Enqueue, Leave, Lookup:
			hands++
			if _, queue := o.(Enqueue); queue && !m.Hours.At(now).Open {
				t.Fatalf("queued outside hours: %+v %#v", before, e)
			}
			if i != len(orders)-1 {
				t.Fatalf("%+v %#v: orders after a hand-over: %s", before, e, show(orders))
			}
		case Bye:
			byes++
		}
	}
	if says > 1 || hands > 1 || waits > 1 || (hands == 1) != (s.Phase == Away && len(orders) > 0) {
		t.Fatalf("%+v %#v: %s", before, e, show(orders))
	}
	if (byes > 0) != (s.Phase == Over && before.Phase != Over) {
		t.Fatalf("%+v %#v: %s", before, e, show(orders))
	}
	waiting := s.Phase == Choosing || s.Phase == Closing || s.Phase == Number || s.Phase == Last4
	if says == 1 && (waits == 1) != waiting {
		t.Fatalf("%+v %#v leads to %s with %s", before, e, s.Phase, show(orders))
	}
	if s.Errors >= m.maxErrors() || s.Silences >= maxSilences {
		t.Fatalf("%d errors, %d silences", s.Errors, s.Silences)
	}
	active := before.Phase != Fresh && before.Phase != Over && before.Phase != Away
	if k, key := e.(Key); active && key && isKey(k.Key) && says+waits+hands+byes == 0 {
		t.Fatalf("%+v: key %c leads nowhere", before, k.Key)
	}
	if _, timeout := e.(Timeout); timeout && waiting && before.Phase == s.Phase && says+waits+hands == 0 {
		t.Fatalf("%+v: silence leads nowhere", before)
	}
	if before.Phase == Away && len(orders) > 0 {
		if _, ok := e.(Returned); !ok {
			t.Fatalf("%#v disturbs whoever has the caller: %s", e, show(orders))
		}
	}
}

// personIsNear presses 0 in a copy of the state.
func personIsNear(t *rapid.T, m *Menu, s State, now time.Time) {
	trial := s
	orders := Step(m, &trial, now, Key{'0'})
	if s.Phase == Number || s.Phase == Last4 {
		if trial.Phase == Away { // the fourth digit
			return
		}
		if trial.Phase == s.Phase {
			orders = Step(m, &trial, now, Timeout{})
		} else {
			orders = Step(m, &trial, now, Key{'0'})
			orders = append(orders, Step(m, &trial, now, Timeout{})...)
		}
	}
	queued := false
	for _, o := range orders {
		if _, ok := o.(Enqueue); ok {
			queued = true
		}
	}
	if open := m.Hours.At(now).Open; queued != open || !open && trial.Phase != Closing {
		t.Fatalf("%+v: open %v, and 0 leads to %s: %s", s, open, trial.Phase, show(orders))
	}
}

// silenceEnds lets a copy of the state run on with nobody pressing anything.
func silenceEnds(t *rapid.T, m *Menu, s State, now time.Time) {
	trial := s
	for range 12 {
		Step(m, &trial, now, Ended{})
		if trial.Phase == Away || trial.Phase == Over {
			return
		}
		Step(m, &trial, now, Timeout{})
		if trial.Phase == Away || trial.Phase == Over {
			return
		}
	}
	t.Fatalf("%+v: silence never ends", s)
}
