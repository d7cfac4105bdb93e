package ivr

import "time"

const (
	maxDepth = 4 // menus and lists one below the other, main is the first
	maxItems = 5 // items of a menu or list, 9 not counted
)

// Problem is one reason why an edition may not be published (or, as a warning, should not).
type Problem struct {
	Node    string // node ID, or the prompt's or card's id
	Text    string // plain Ukrainian, for the editor
	Warning bool   // may be published nevertheless
}

// AllLines is everything that can be said without variables of the caller, and the likely sentences of queue and survey
// (positions 1–20, waits of 1–60 minutes): for rendering ahead.
func (m *Menu) AllLines() []Line { return nil }

// LinesAround is what depends on the day: the sentences about opening hours as they would be said at now.
func (m *Menu) LinesAround(now time.Time) []Line { return nil }

// Check proves what the package comment says of an edition. No problems that are not warnings: it may be published.
func Check(m *Menu) []Problem { return nil }
