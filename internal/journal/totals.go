package journal

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"dovidka/internal/call"
)

// Totals are the figures of one month in Europe/Kyiv (docs/metrics.md). Shares are 0..1; test calls are not in them.
type Totals struct {
	Month             string               `json:"month"`
	Target            time.Duration        `json:"target"`              // T of ServiceLevel
	Calls             int                  `json:"calls"`               // every INVITE but test calls
	Tests             int                  `json:"tests"`               // test calls, shown apart
	Outcomes          map[call.Outcome]int `json:"outcomes"`            // adds up to Calls + Tests
	SelfService       int                  `json:"self_service"`        // ended in the menu after a service block, no person asked for
	Informed          int                  `json:"informed"`            // outcome informed
	Asked             int                  `json:"asked"`               // asked for a person
	Offered           int                  `json:"offered"`             // entered the queue
	Served            int                  `json:"served"`              // answered by a person
	Abandoned         int                  `json:"abandoned"`           // hung up waiting
	AbandonedShort    int                  `json:"abandoned_short"`     // … within 5 s
	AbandonmentRate   Share                `json:"abandonment_rate"`    // (ab − ab≤S) / (offered − ab≤S)
	LeftForMessage    int                  `json:"left_for_message"`    // left the queue otherwise: message, timeout, menu
	DroppedInQueue    int                  `json:"dropped_in_queue"`    // lost from the queue by our fault
	ServiceLevel      Share                `json:"service_level"`       // for Target
	ServiceLevel20    Share                `json:"service_level_20"`    // for 20 s
	ServiceLevelNamed NamedLevels          `json:"service_level_named"` // what others print, by name
	ASA               time.Duration        `json:"asa"`                 // mean queue wait of the answered
	TimeToPerson      time.Duration        `json:"time_to_person"`      // mean, from our 200 to the agent's voice
	Talk              Spread               `json:"talk"`
	Hold              Spread               `json:"hold"`
	WrapUp            Spread               `json:"wrap_up"`
	Handling          Spread               `json:"handling"`     // AHT: talk + hold + wrap-up
	Messages          int                  `json:"messages"`     // outcome message_left
	Satisfaction      Satisfaction         `json:"satisfaction"` // of the survey after a talk
}

// Share is a part of a whole. Whole 0 means that there is nothing to divide.
type Share struct {
	Part  int     `json:"part"`
	Whole int     `json:"whole"`
	Value float64 `json:"value"` // 0..1
}

// NamedLevels are service levels as other systems define them, for comparison (docs/metrics.md).
type NamedLevels struct {
	OfAnswered Share `json:"of_answered"` // ans≤T / ans
	Amazon     Share `json:"amazon"`      // all leaving within T / queued
	SL2        Share `json:"sl2"`         // (ans≤T + ab≤T) / (ans + ab)
}

// Spread is how long something took: n times, mean, median, 90th percentile.
type Spread struct {
	N      int           `json:"n"`
	Mean   time.Duration `json:"mean"`
	Median time.Duration `json:"median"`
	P90    time.Duration `json:"p90"`
}

// Satisfaction is the national scale (docs/metrics.md). Below 5 answers Published is false and only N and the rate are shown.
type Satisfaction struct {
	N            int            `json:"n"`
	Counts       [4]int         `json:"counts"` // score 1 … 4
	Good         Share          `json:"good"`   // чудово + добре
	Low          float64        `json:"low"`    // Wilson 95 % interval of Good
	High         float64        `json:"high"`
	ResponseRate Share          `json:"response_rate"` // answers / served
	Solved       map[string]int `json:"solved"`        // yes, partly, no
	Published    bool           `json:"published"`
}

// minAnswers is how many answers a satisfaction needs to be published (docs/metrics.md).
const minAnswers = 5

// Totals computes the figures of a month ("2026-11") from its records; target is T of the service level (0: 30 s).
func (j *Journal) Totals(ctx context.Context, month string, target time.Duration) (Totals, error) {
	if target <= 0 {
		target = DefaultTarget
	}
	if _, _, err := j.month(month); err != nil {
		return Totals{}, fmt.Errorf("journal: totals: %w", err)
	}
	var records []call.Record
	err := j.each(ctx, Filter{Month: month}, func(r call.Record) bool {
		records = append(records, r)
		return true
	})
	if err != nil {
		return Totals{}, fmt.Errorf("journal: totals: %w", err)
	}
	t := Sum(records, target)
	t.Month = month
	return t, nil
}

// Sum computes the figures of these records: pure, the same for a month, a day or a test.
func Sum(records []call.Record, target time.Duration) Totals {
	t := Totals{Target: target, Outcomes: map[call.Outcome]int{}}
	n := map[string]int{}
	for _, r := range records {
		t.Outcomes[r.Outcome]++
		for _, m := range metrics() {
			if m.counts(r, target) {
				n[m.name]++
			}
		}
	}
	t.Calls, t.Tests = n[MetricCalls], n[MetricTests]
	t.SelfService, t.Informed, t.Asked, t.Offered = n[MetricSelfService], n[MetricInformed], n[MetricAsked], n[MetricOffered]
	t.Served, t.Abandoned, t.AbandonedShort = n[MetricServed], n[MetricAbandoned], n[MetricAbandonedShort]
	t.LeftForMessage, t.DroppedInQueue, t.Messages = n[MetricLeft], n[MetricDroppedInQueue], n[MetricMessages]
	t.AbandonmentRate = share(t.Abandoned-t.AbandonedShort, t.Offered-t.AbandonedShort)
	owed := t.Served + t.Abandoned - t.AbandonedShort
	t.ServiceLevel = share(n[MetricInTarget], owed+n[MetricLeftLate])
	t.ServiceLevel20 = share(n[MetricIn20], owed+n[metricLeftLate20])
	t.ServiceLevelNamed = NamedLevels{
		OfAnswered: share(n[MetricInTarget], t.Served),
		Amazon:     share(n[metricGoneInTarget], t.Offered),
		SL2:        share(n[MetricInTarget]+n[metricAbandonedInTarget], t.Served+t.Abandoned),
	}
	t.times(records)
	t.Satisfaction = satisfaction(records, t.Served)
	return t
}

// times fills what is measured of the calls answered by a person.
func (t *Totals) times(records []call.Record) {
	var wait, person, talk, hold, wrap, all []time.Duration
	for _, r := range records {
		if !served(r) {
			continue
		}
		wait, person = append(wait, r.Wait), append(person, r.TimeToPerson)
		talk, hold, wrap = append(talk, r.Talk), append(hold, r.Hold), append(wrap, r.WrapUp)
		all = append(all, r.Talk+r.Hold+r.WrapUp)
	}
	t.ASA, t.TimeToPerson = spread(wait).Mean, spread(person).Mean
	t.Talk, t.Hold, t.WrapUp, t.Handling = spread(talk), spread(hold), spread(wrap), spread(all)
}

func share(part, whole int) Share {
	if whole <= 0 {
		return Share{}
	}
	return Share{Part: part, Whole: whole, Value: float64(part) / float64(whole)}
}

// spread gives mean, median and 90th percentile (nearest rank).
func spread(d []time.Duration) Spread {
	n := len(d)
	if n == 0 {
		return Spread{}
	}
	slices.Sort(d)
	var sum time.Duration
	for _, x := range d {
		sum += x
	}
	median := d[n/2]
	if n%2 == 0 {
		median = (d[n/2-1] + d[n/2]) / 2
	}
	return Spread{N: n, Mean: sum / time.Duration(n), Median: median, P90: d[(n*9+9)/10-1]}
}

// satisfaction counts the answers to the survey after a talk.
func satisfaction(records []call.Record, served int) Satisfaction {
	s := Satisfaction{Solved: map[string]int{}}
	for _, r := range records {
		if !rated(r) {
			continue
		}
		s.N++
		s.Counts[r.Score-1]++
		if r.Solved != "" {
			s.Solved[r.Solved]++
		}
	}
	s.ResponseRate = share(s.N, served)
	if s.N < minAnswers { // a percentage of three answers is nobody's satisfaction, and may be one person's answer
		return Satisfaction{N: s.N, ResponseRate: s.ResponseRate, Solved: map[string]int{}}
	}
	s.Published = true
	s.Good = share(s.Counts[2]+s.Counts[3], s.N)
	s.Low, s.High = Wilson(s.Good.Part, s.N)
	return s
}

// Wilson gives the 95 % interval of a share (E. B. Wilson 1927): honest for few answers, never outside 0..1.
func Wilson(part, n int) (low, high float64) {
	if n <= 0 {
		return 0, 0
	}
	const z = 1.959964
	p, m := float64(part)/float64(n), float64(n)
	mid := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return max(0, mid-half), min(1, mid+half)
}
