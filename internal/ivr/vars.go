package ivr

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"dovidka/internal/spoken"
)

// promptPause is the silence after a prompt, itemPause the one after an item of a list, documentPause after a document.
const (
	promptPause   = 350 * time.Millisecond
	itemPause     = 400 * time.Millisecond
	documentPause = 500 * time.Millisecond
)

// ErrNoPrompt: the edition has no prompt of that id.
var ErrNoPrompt = errors.New("no such prompt")

// Line is the prompt with its variables filled in. The centre's constants need not be given. A value is a spoken.Value, or a
// plain one that the variable's type explains: text, an int (minutes, a place in the queue) or a time (clock or date, in the
// schedule's place).
func (m *Menu) Line(id string, vars map[string]any) (Line, error) {
	p, ok := m.Prompts[id]
	if !ok {
		return Line{}, fmt.Errorf("ivr: prompt %q: %w", id, ErrNoPrompt)
	}
	if !strings.Contains(p.Text, "{") {
		return Line{ID: id, Text: p.Text, Interruptible: p.Interruptible, Pause: promptPause}, nil
	}
	values := make(map[string]spoken.Value, len(vars)+len(m.Consts))
	for name, text := range m.Consts {
		values[name] = spoken.Text(text)
	}
	for name, v := range vars {
		value, err := m.value(name, v)
		if err != nil {
			return Line{}, fmt.Errorf("ivr: prompt %q: %w", id, err)
		}
		values[name] = value
	}
	text, err := spoken.Fill(p.Text, values)
	if err != nil {
		return Line{}, fmt.Errorf("ivr: prompt %q: %w", id, err)
	}
	return Line{ID: id, Text: text, Interruptible: p.Interruptible, Pause: promptPause}, nil
}

// value gives a plain value the type that its variable declares.
func (m *Menu) value(name string, v any) (spoken.Value, error) {
	kinds := spoken.VarTypes()[name].Kinds
	switch v := v.(type) {
	case spoken.Value:
		return v, nil
	case string:
		switch {
		case slices.Contains(kinds, spoken.KindTicket):
			return spoken.Ticket(v), nil
		case slices.Contains(kinds, spoken.KindPhone):
			return spoken.Phone(v), nil
		}
		return spoken.Text(v), nil
	case int:
		switch {
		case slices.Contains(kinds, spoken.KindOrdinal):
			return spoken.Ordinal(v), nil
		case slices.Contains(kinds, spoken.KindCount):
			return spoken.Minutes(v), nil
		}
	case time.Time:
		v = v.In(m.Hours.Location())
		switch {
		case slices.Contains(kinds, spoken.KindClock):
			return spoken.Time(v), nil
		case slices.Contains(kinds, spoken.KindDate):
			return spoken.Date(v), nil
		}
	}
	return spoken.Value{}, fmt.Errorf("variable %q: no type for %T", name, v)
}

// prompts are fixed phrases. One that cannot be said is left out: Check has proved that there is none, and a call goes on.
func (m *Menu) prompts(ids ...string) []Line {
	var out []Line
	for _, id := range ids {
		if l, err := m.Line(id, nil); err == nil {
			out = append(out, l)
		}
	}
	return out
}

func (m *Menu) prompt(id string, vars map[string]any) []Line {
	l, err := m.Line(id, vars)
	if err != nil {
		return nil
	}
	return []Line{l}
}

func (m *Menu) noInput() time.Duration {
	if m.NoInput > 0 {
		return m.NoInput
	}
	return defaultNoInput
}

func (m *Menu) maxErrors() int {
	if m.MaxErrors > 0 {
		return m.MaxErrors
	}
	return defaultMaxErrors
}

func (m *Menu) parent(id string) string {
	if n := m.Nodes[id]; n != nil {
		return n.Parent
	}
	return ""
}

// topic is what a caller at this node wants to talk about: the nearest topic on the way to main.
func (m *Menu) topic(id string) string {
	for range maxDepth + 2 {
		n := m.Nodes[id]
		if n == nil || n.Topic != "" || id == "" {
			if n != nil && n.Topic != "" {
				return n.Topic
			}
			break
		}
		id = n.Parent
	}
	return TopicGeneral
}

// TopicGeneral is the topic of a caller who asked for a person before choosing anything.
const TopicGeneral = "general"
