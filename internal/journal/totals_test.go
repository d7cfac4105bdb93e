package journal_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"dovidka/internal/call"
	"dovidka/internal/journal"
	"dovidka/internal/store"
	"dovidka/internal/store/storetest"
)

const sec = time.Second

func answered(wait, talk, hold, wrap time.Duration, score int) call.Record {
	return call.Record{Outcome: call.OutServed, Asked: true, Queued: true, Wait: wait, TimeToPerson: wait + 20*sec, Talk: talk, Hold: hold,
		WrapUp: wrap, Score: score}
}

func hung(wait time.Duration) call.Record {
	return call.Record{Outcome: call.OutAbandonedQueue, Asked: true, Queued: true, Wait: wait}
}

func leaver(wait time.Duration, o call.Outcome, why string) call.Record {
	return call.Record{Outcome: o, Asked: true, Queued: true, Wait: wait, LeftFor: why}
}

// month is a hand-made month; every expected figure of TestTotals was reckoned on paper from it.
func month() []call.Record {
	return []call.Record{
		answered(10*sec, 60*sec, 0, 30*sec, 4), answered(20*sec, 120*sec, 10*sec, 20*sec, 3), answered(30*sec, 180*sec, 0, 30*sec, 1),
		answered(100*sec, 60*sec, 5*sec, 25*sec, 4),
		hung(3 * sec), hung(25 * sec), hung(200 * sec),
		leaver(20*sec, call.OutMessageLeft, "message"), leaver(600*sec, call.OutMessageLeft, "timeout"), leaver(40*sec, call.OutAbandonedMenu, "menu"),
		leaver(50*sec, call.OutDropped, ""),
		{Outcome: call.OutInformed, Informed: true, Services: []string{"x"}}, {Outcome: call.OutInformed, Informed: true},
		{Outcome: call.OutAbandonedGreeting}, {Outcome: call.OutRefused}, {Outcome: call.OutClosedNoMessage, Asked: true},
		{Outcome: call.OutMessageLeft, Asked: true},
		{Outcome: call.OutTest, Asked: true, Queued: true, Wait: 5 * sec, Talk: 100 * sec, Score: 4, Services: []string{"x"}, Test: true},
	}
}

func TestTotals(t *testing.T) {
	got := journal.Sum(month(), 30*sec)
	near := func(what string, s journal.Share, part, whole int) {
		t.Helper()
		if s.Part != part || s.Whole != whole || math.Abs(s.Value-float64(part)/float64(whole)) > 1e-9 {
			t.Errorf("%s: %+v, want %d/%d", what, s, part, whole)
		}
	}
	for what, n := range map[string][2]int{
		"calls": {got.Calls, 17}, "tests": {got.Tests, 1}, "self-service": {got.SelfService, 1}, "informed": {got.Informed, 2},
		"asked": {got.Asked, 13}, "offered": {got.Offered, 11}, "served": {got.Served, 4}, "abandoned": {got.Abandoned, 3},
		"short": {got.AbandonedShort, 1}, "left": {got.LeftForMessage, 3}, "dropped": {got.DroppedInQueue, 1}, "messages": {got.Messages, 3},
	} {
		if n[0] != n[1] {
			t.Errorf("%s: %d, want %d", what, n[0], n[1])
		}
	}
	near("abandonment", got.AbandonmentRate, 2, 10)
	near("service level 30", got.ServiceLevel, 3, 4+2+2)
	near("service level 20", got.ServiceLevel20, 2, 4+2+2)
	near("of answered", got.ServiceLevelNamed.OfAnswered, 3, 4)
	near("amazon", got.ServiceLevelNamed.Amazon, 6, 11)
	near("sl2", got.ServiceLevelNamed.SL2, 5, 7)
	if got.ASA != 40*sec || got.TimeToPerson != 60*sec {
		t.Errorf("ASA %v, time to person %v", got.ASA, got.TimeToPerson)
	}
	if got.Talk != (journal.Spread{N: 4, Mean: 105 * sec, Median: 90 * sec, P90: 180 * sec}) {
		t.Errorf("talk %+v", got.Talk)
	}
	if got.Handling.Mean != 135*sec || got.Hold.Mean != 15*sec/4 || got.WrapUp.Median != 27500*time.Millisecond {
		t.Errorf("handling %+v hold %+v wrap-up %+v", got.Handling, got.Hold, got.WrapUp)
	}
	near("response", got.Satisfaction.ResponseRate, 4, 4)
	if s := got.Satisfaction; s.Published || s.N != 4 || s.Good.Whole != 0 || s.Counts != [4]int{} {
		t.Errorf("four answers are not published: %+v", s)
	}
	gaveUp := journal.Sum([]call.Record{leaver(40*sec, call.OutAbandonedQueue, "timeout"), leaver(5*sec, call.OutAbandonedQueue, "message")}, 30*sec)
	if gaveUp.Abandoned != 0 || gaveUp.LeftForMessage != 2 || gaveUp.ServiceLevel.Whole != 1 {
		t.Errorf("who left the queue for a message and left none did not hang up waiting: %+v", gaveUp)
	}
	if empty := journal.Sum(nil, 30*sec); empty.ServiceLevel != (journal.Share{}) || empty.ASA != 0 || empty.Talk.N != 0 {
		t.Errorf("an empty month: %+v", empty)
	}
}

func TestSatisfaction(t *testing.T) {
	var records []call.Record
	for i, score := range []int{4, 4, 4, 3, 3, 2, 1, 4, 4, 3} {
		r := answered(sec, sec, 0, 0, score)
		r.Solved = []string{"yes", "yes", "partly", "no", ""}[i%5]
		records = append(records, r)
	}
	s := journal.Sum(append(records, answered(sec, sec, 0, 0, 0)), 0).Satisfaction
	if !s.Published || s.N != 10 || s.Counts != [4]int{1, 1, 3, 5} || s.Good.Part != 8 || s.ResponseRate.Whole != 11 {
		t.Errorf("%+v", s)
	}
	if s.Solved["yes"] != 4 || s.Solved["partly"] != 2 || s.Solved["no"] != 2 {
		t.Errorf("solved %v", s.Solved)
	}
	// Published example of the score interval: 8 of 10 is 0.490 … 0.943.
	if math.Abs(s.Low-0.4902) > 1e-3 || math.Abs(s.High-0.9433) > 1e-3 {
		t.Errorf("Wilson %.4f … %.4f", s.Low, s.High)
	}
	if low, high := journal.Wilson(0, 0); low != 0 || high != 0 {
		t.Errorf("nothing: %v %v", low, high)
	}
}

// TestEveryCallOnce: whatever the records, the ledger adds up and the queue loses nobody.
func TestEveryCallOnce(t *testing.T) {
	outcomes := []call.Outcome{call.OutTest, call.OutServed, call.OutMessageLeft, call.OutInformed, call.OutAbandonedQueue, call.OutAbandonedMenu,
		call.OutAbandonedGreeting, call.OutClosedNoMessage, call.OutCancelled, call.OutRefused, call.OutOverload, call.OutDropped}
	rapid.Check(t, func(t *rapid.T) {
		var records []call.Record
		for range rapid.IntRange(0, 40).Draw(t, "n") {
			records = append(records, call.Record{
				Outcome: rapid.SampledFrom(outcomes).Draw(t, "outcome"), Queued: rapid.Bool().Draw(t, "queued"), Asked: rapid.Bool().Draw(t, "asked"),
				LeftFor: rapid.SampledFrom([]string{"", "message", "menu", "timeout"}).Draw(t, "left"), Score: rapid.IntRange(0, 4).Draw(t, "score"),
				Wait: time.Duration(rapid.IntRange(0, 100).Draw(t, "wait")) * sec,
			})
		}
		sum := journal.Sum(records, 30*sec)
		ledger, servedUnqueued := 0, 0
		for _, n := range sum.Outcomes {
			ledger += n
		}
		for _, r := range records {
			if r.Outcome == call.OutServed && !r.Queued {
				servedUnqueued++
			}
		}
		if ledger != len(records) || sum.Calls+sum.Tests != len(records) {
			t.Fatalf("ledger %d, calls %d + tests %d, records %d", ledger, sum.Calls, sum.Tests, len(records))
		}
		if sum.Offered+servedUnqueued != sum.Served+sum.Abandoned+sum.LeftForMessage+sum.DroppedInQueue {
			t.Fatalf("offered %d: served %d abandoned %d left %d dropped %d", sum.Offered, sum.Served, sum.Abandoned, sum.LeftForMessage, sum.DroppedInQueue)
		}
		for _, s := range []journal.Share{sum.AbandonmentRate, sum.ServiceLevel, sum.ServiceLevel20, sum.ServiceLevelNamed.SL2, sum.Satisfaction.Good} {
			if s.Value < 0 || s.Value > 1 {
				t.Fatalf("a share of %+v in %+v", s, sum)
			}
		}
	})
}

// TestFiguresOpenTheirCalls: every figure of the month equals the length of the list behind it.
func TestFiguresOpenTheirCalls(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		j := open(t, db)
		for i := range 60 {
			id := call.ID(fmt.Sprintf("c%02d", i))
			facts := []call.Fact{arrived(id, i*60, ""), fact(id, i*60+1, call.Answered)}
			if facts[0].Test = i%20 == 19; i%3 > 0 {
				facts = append(facts, fact(id, i*60+10, call.Queued))
			}
			if i%3 == 1 {
				facts = append(facts, fact(id, i*60+15+i%40, call.Connected))
			}
			must(t, j.Append(ctx, append(facts, fact(id, i*60+14+i%40, call.HungUp))...))
			_, err := j.Close(ctx, id)
			must(t, err)
		}
		must(t, j.Append(ctx, arrived("october", -31*24*3600, "")))
		_, err := j.Close(ctx, "october")
		must(t, err)
		sum, err := j.Totals(ctx, "2026-11", 0)
		must(t, err)
		if sum.Month != "2026-11" || sum.Calls != 57 || sum.Tests != 3 || sum.Served == 0 || sum.Abandoned == 0 || sum.Target != 30*sec {
			t.Errorf("%+v", sum)
		}
		for name, want := range map[string]int{
			journal.MetricCalls: sum.Calls, journal.MetricTests: sum.Tests, journal.MetricOffered: sum.Offered, journal.MetricServed: sum.Served,
			journal.MetricAbandoned: sum.Abandoned, journal.MetricAbandonedShort: sum.AbandonedShort, journal.MetricInTarget: sum.ServiceLevel.Part,
			journal.MetricIn20: sum.ServiceLevel20.Part,
		} {
			p, err := j.List(ctx, journal.Filter{Month: "2026-11", Metric: name, Limit: 1000})
			must(t, err)
			if len(p.Calls) != want {
				t.Errorf("%s: %d calls listed, figure %d", name, len(p.Calls), want)
			}
		}
	})
}
