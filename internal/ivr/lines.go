package ivr

import (
	"maps"
	"slices"
	"strings"
	"time"
)

const (
	likelyPlaces  = 20 // longest queue
	likelyMinutes = 60 // longest wait that is said
)

// AllLines is everything that can be said without variables of the caller, and the likely sentences of the queue (places
// 1–20, waits of 1–60 minutes): for rendering ahead. What a caller hears first comes first.
func (m *Menu) AllLines() []Line {
	p := &pile{seen: map[string]bool{}}
	p.add(m.prompts("greeting.main", "greeting.automatic", "greeting.zero_anytime")...)
	p.add(m.menuLines(&State{}, m.Nodes[""], time.Time{})...)
	for _, id := range slices.Sorted(maps.Keys(m.Nodes)) {
		if n := m.Nodes[id]; n.Kind == KindMenu || n.Kind == KindList {
			p.add(m.menuLines(&State{}, n, time.Time{})...)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(m.Prompts)) {
		if !strings.HasPrefix(id, "operator.") { // those stand on the operator's screen
			p.add(m.prompts(id)...)
		}
	}
	for n := 1; n <= likelyPlaces; n++ {
		p.add(m.prompt("queue.position", map[string]any{"position_ordinal": n})...)
	}
	for n := 1; n <= likelyMinutes; n++ {
		for _, id := range []string{"queue.wait", "queue.wait_long", "queue.last_call"} {
			p.add(m.prompt(id, map[string]any{"wait_minutes": n, "minutes_left": n})...)
		}
	}
	p.add(m.prompt("voicemail.max", map[string]any{"max_minutes": 2})...)
	p.add(m.prompt("hours.week", map[string]any{"week_schedule": m.Hours.WeekSchedule()})...)
	for _, id := range slices.Sorted(maps.Keys(m.Services)) {
		s := &State{Service: id}
		for _, key := range []byte("123") {
			p.add(m.blockLines(s, key)...)
		}
		p.add(m.summaryLines(s)...)
	}
	return p.lines
}

// LinesAround is what depends on the day: the sentences about opening hours as they will be said from now to the end of the
// next day.
func (m *Menu) LinesAround(now time.Time) []Line {
	p := &pile{seen: map[string]bool{}}
	local := now.In(m.Hours.Location())
	end := time.Date(local.Year(), local.Month(), local.Day()+2, 0, 0, 0, 0, local.Location())
	for t := now; t.Before(end); {
		p.add(m.greeting(t)...)
		if v := m.Hours.At(t); !v.Open {
			p.add(m.closedLines(t)...)
		}
		p.add(m.hoursLines(t)...)
		t = nextChange(m, t, end)
	}
	return p.lines
}

// nextChange is when something else would be said: the state changes or a day begins.
func nextChange(m *Menu, t, end time.Time) time.Time {
	local := t.In(m.Hours.Location())
	next := time.Date(local.Year(), local.Month(), local.Day()+1, 0, 0, 0, 0, local.Location())
	if u := m.Hours.At(t).Until; !u.IsZero() && u.Before(next) {
		next = u
	}
	if !next.After(t) { // cannot be; a loop must end
		return end
	}
	return next
}

// pile gathers lines, each text once.
type pile struct {
	lines []Line
	seen  map[string]bool
}

func (p *pile) add(lines ...Line) {
	for _, l := range lines {
		if k := l.ID + "\n" + l.Text; !p.seen[k] {
			p.seen[k] = true
			p.lines = append(p.lines, l)
		}
	}
}
