package ivr

import (
	"maps"
	"slices"
	"time"

	"dovidka/internal/hours"
)

// walk proves by walking what the shape of the menu cannot show. The walker has the menu's own Step and two schedules:
// one that is always open and one that never opens.
func (c *checker) walk() {
	never, err := hours.New(hours.Config{})
	if err != nil {
		c.bad("", "графік без робочих годин: %v.", err)
		return
	}
	now := time.Date(2026, time.November, 23, 12, 30, 0, 0, time.UTC)
	for path, id := range c.m.paths() {
		for _, h := range []*hours.Schedule{hours.Always(), never} {
			m := *c.m
			m.Hours = h
			w := &walker{m: &m, now: now}
			c.from(w, id, path)
		}
	}
}

// paths are the keys that lead to every node from main.
func (m *Menu) paths() map[string]string {
	out := map[string]string{}
	var down func(id, keys string)
	down = func(id, keys string) {
		out[keys] = id
		for _, k := range slices.Sorted(maps.Keys(m.Nodes[id].Keys)) {
			down(m.Nodes[id].Keys[k], keys+k)
		}
	}
	down("", "")
	return out
}

// from proves the promises at one node.
func (c *checker) from(w *walker, id, path string) {
	if w.to(path); w.person() { // an operator or message node: reached already
		return
	}
	if w.press('0'); !w.person() {
		c.bad(id, "нуль не веде до людини.")
	}
	w.to(path)
	for range 20 {
		if w.person() {
			break
		}
		w.wait()
	}
	if !w.person() {
		c.bad(id, "мовчання не веде до людини.")
	}
	w.to(path)
	for range c.m.maxErrors() + 1 {
		w.step(Key{'8'})
	}
	for range 20 { // where digits are collected the key is a digit; what follows is silence
		if w.person() {
			break
		}
		w.wait()
	}
	if !w.person() {
		c.bad(id, "помилки не ведуть до людини.")
	}
	w.to(path)
	for range maxDepth + 2 {
		if w.s.Node != "" {
			w.step(Key{'#'})
		}
	}
	if w.s.Node != "" || w.s.Phase != Choosing {
		c.bad(id, "решітка не веде до головного меню.")
	}
}

// walker is a caller in a trial.
type walker struct {
	m      *Menu
	s      State
	now    time.Time
	handed Order // Enqueue or Leave, when the walk has come to a person
}

// to begins a new call and presses the keys.
func (w *walker) to(keys string) {
	w.s, w.handed = State{}, nil
	w.step(Begin{})
	for _, k := range []byte(keys) {
		w.step(Key{k})
	}
}

func (w *walker) step(e Event) {
	for _, o := range Step(w.m, &w.s, w.now, e) {
		switch o := o.(type) {
		case Enqueue, Leave:
			w.handed = o
		case Lookup:
			w.step(Returned{How: "no_match"})
		}
	}
}

// press is a key and then the silence that makes a zero among digits a request for a person.
func (w *walker) press(k byte) {
	collecting := w.s.Phase == Number || w.s.Phase == Last4
	w.step(Key{k})
	if collecting {
		w.step(Timeout{})
	}
	if w.s.Phase == Closing { // outside hours: the choice is a message or the menu
		w.step(Key{'1'})
	}
}

// wait is what happens by itself: what is said ends, then nobody presses anything.
func (w *walker) wait() {
	w.step(Ended{})
	w.step(Timeout{})
}

func (w *walker) person() bool { return w.handed != nil }
