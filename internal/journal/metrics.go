package journal

import (
	"fmt"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/fault"
)

// DefaultTarget is T of the service level (docs/metrics.md).
const DefaultTarget = 30 * time.Second

// shortAbandon is S of docs/metrics.md: who hangs up so soon has changed his mind.
const shortAbandon = 5 * time.Second

// The names of the figures that can list the calls behind them (Filter.Metric). Figures of one outcome are listed by Filter.Outcome.
const (
	MetricCalls          = "calls"
	MetricTests          = "tests"
	MetricSelfService    = "self_service"
	MetricInformed       = "informed"
	MetricAsked          = "asked"
	MetricOffered        = "offered"
	MetricServed         = "served"
	MetricAbandoned      = "abandoned"
	MetricAbandonedShort = "abandoned_short"
	MetricLeft           = "left_queue"
	MetricLeftLate       = "left_queue_late"
	MetricDroppedInQueue = "dropped_in_queue"
	MetricInTarget       = "answered_in_target"
	MetricIn20           = "answered_in_20"
	MetricMessages       = "messages"
	MetricRated          = "rated"

	metricLeftLate20        = "left_queue_late_20"
	metricGoneInTarget      = "gone_in_target"
	metricAbandonedInTarget = "abandoned_in_target"
)

// measure is one figure: which records it counts. One definition makes the figure and the list behind it.
type measure struct {
	name   string
	counts func(r call.Record, target time.Duration) bool
}

// Metrics names all figures that can list their calls.
func Metrics() []string {
	var names []string
	for _, m := range metrics() {
		names = append(names, m.name)
	}
	return names
}

// real drops test calls: they are in no figure of the citizens.
func real(r call.Record) bool { return r.Outcome != call.OutTest }

// served: answered by a person of ours, who may have put the citizen through to a department.
func served(r call.Record) bool {
	return r.Outcome == call.OutServed || r.Outcome == call.OutTransferredOut && r.Agent != ""
}

// abandoned: hung up waiting. Who left the queue first, for a message or the menu, is counted apart.
func abandoned(r call.Record) bool {
	return r.Queued && r.Outcome == call.OutAbandonedQueue && r.LeftFor == ""
}

func abandonedShort(r call.Record) bool { return abandoned(r) && r.Wait <= shortAbandon }

func droppedInQueue(r call.Record) bool { return r.Queued && r.Outcome == call.OutDropped }

// left: left the queue alive and unanswered. offered = served + abandoned + left + dropped in queue, by construction.
func left(r call.Record) bool {
	return real(r) && r.Queued && !served(r) && !abandoned(r) && !droppedInQueue(r)
}

// selfService: ended in the menu after a service block, without asking for a person.
func selfService(r call.Record) bool { return r.Outcome == call.OutInformed && len(r.Services) > 0 }

func rated(r call.Record) bool { return real(r) && r.Score > 0 }

// metrics are the definitions of docs/metrics.md.
func metrics() []measure {
	plain := func(f func(call.Record) bool) func(call.Record, time.Duration) bool {
		return func(r call.Record, _ time.Duration) bool { return f(r) }
	}
	return []measure{
		{MetricCalls, plain(real)},
		{MetricTests, plain(func(r call.Record) bool { return !real(r) })},
		{MetricSelfService, plain(selfService)},
		{MetricInformed, plain(func(r call.Record) bool { return r.Outcome == call.OutInformed })},
		{MetricAsked, plain(func(r call.Record) bool { return real(r) && r.Asked })},
		{MetricOffered, plain(func(r call.Record) bool { return real(r) && r.Queued })},
		{MetricServed, plain(served)},
		{MetricAbandoned, plain(abandoned)},
		{MetricAbandonedShort, plain(abandonedShort)},
		{MetricLeft, plain(left)},
		{MetricLeftLate, func(r call.Record, t time.Duration) bool { return left(r) && r.Wait > t }},
		{metricLeftLate20, plain(func(r call.Record) bool { return left(r) && r.Wait > 20*time.Second })},
		{MetricDroppedInQueue, plain(droppedInQueue)},
		{MetricInTarget, func(r call.Record, t time.Duration) bool { return served(r) && r.Wait <= t }},
		{MetricIn20, plain(func(r call.Record) bool { return served(r) && r.Wait <= 20*time.Second })},
		{metricGoneInTarget, func(r call.Record, t time.Duration) bool { return real(r) && r.Queued && r.Wait <= t }},
		{metricAbandonedInTarget, func(r call.Record, t time.Duration) bool { return abandoned(r) && r.Wait <= t }},
		{MetricMessages, plain(func(r call.Record) bool { return r.Outcome == call.OutMessageLeft })},
		{MetricRated, plain(rated)},
	}
}

// metric gives the test of one figure; "" counts everything.
func metric(name string, target time.Duration) (func(call.Record) bool, error) {
	if name == "" {
		return func(call.Record) bool { return true }, nil
	}
	if target <= 0 {
		target = DefaultTarget
	}
	for _, m := range metrics() {
		if m.name == name {
			return func(r call.Record) bool { return m.counts(r, target) }, nil
		}
	}
	return nil, fault.Wrap(fault.Invalid, "Такого показника немає.", fmt.Errorf("metric %q", name))
}
