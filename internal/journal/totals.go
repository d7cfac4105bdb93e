package journal

import (
	"context"
	"errors"
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

// Totals computes the figures of a month ("2026-11") from its records; target is T of the service level (0: 30 s).
func (j *Journal) Totals(ctx context.Context, month string, target time.Duration) (Totals, error) {
	return Totals{}, errors.ErrUnsupported
}
