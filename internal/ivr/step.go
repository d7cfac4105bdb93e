package ivr

import (
	"time"

	"dovidka/internal/hours"
)

// State is one caller's place in the menu. The zero value is a caller who has not been greeted yet; it belongs to one call
// and is changed by Step alone.
type State struct {
	Node     string // where the caller is: a node's ID, "" main
	Phase    Phase
	Topic    string // what the last Enqueue or Leave was about
	Service  string // the card last opened, "" when the caller went elsewhere since
	Errors   int    // wrong keys in a row
	Silences int    // silences in a row

	digits   string // collected so far
	number   string // request number, while its last four digits are collected
	tries    int    // requests asked for without a match
	said     []Line // what * repeats
	navHeard bool   // menu.navigation was played to its end
	noteDue  string // the card's notice that has not been heard yet in this visit
}

// Phase is what the caller is doing at the node.
type Phase string

// The phases. Events that do not fit the phase are late or doubled and change nothing.
const (
	Fresh    Phase = ""         // not greeted
	Choosing Phase = "choosing" // hears a menu, list or card, may choose
	Hearing  Phase = "hearing"  // hears a text, goes back to its menu after it
	Number   Phase = "number"   // keys in the number of a request
	Last4    Phase = "last4"    // keys in the last four digits of the telephone
	ToPerson Phase = "toperson" // hears why, then is handed to a person (or to the closed dialogue, or to a message)
	Closing  Phase = "closed"   // asked for a person outside hours: 1 message, # menu
	Away     Phase = "away"     // handed over to the queue, the recorder or the look-up
	Farewell Phase = "farewell" // hears goodbye
	Over     Phase = "over"     // Bye has been ordered
)

// Problem is one reason why an edition may not be published (or, as a warning, should not).
type Problem struct {
	Node    string // node ID, or the prompt's or card's id
	Text    string // plain Ukrainian, for the editor
	Warning bool   // may be published nevertheless
}

// Step takes one event of one call and says what to do; it changes s and nothing else.
func Step(m *Menu, s *State, now time.Time, e Event) []Order {
	return nil
}

// Line is the prompt with its variables filled in (and the centre's constants, which need not be given).
func (m *Menu) Line(id string, vars map[string]any) (Line, error) {
	return Line{}, nil
}

// AllLines is everything that can be said without variables of the caller, and the likely sentences of queue and survey
// (positions 1–20, waits of 1–60 minutes): for rendering ahead.
func (m *Menu) AllLines() []Line { return nil }

// LinesAround is what depends on the day: the sentences about opening hours as they would be said at now.
func (m *Menu) LinesAround(now time.Time) []Line { return nil }

// Check proves what the package comment says of an edition. No problems that are not warnings: it may be published.
func Check(m *Menu) []Problem { return nil }

var _ = hours.Always
