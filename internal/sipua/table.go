package sipua

import (
	"sync"
	"time"
)

// table holds the legs: by our tag, and the incoming ones by what names their INVITE whatever way it came; and the calls that we are
// placing, by our tag.
type table struct {
	keep     time.Duration // how long an INVITE's name is remembered
	mu       sync.Mutex
	legs     map[string]*Leg
	asked    map[string]*Leg // nil: the call has ended, but its INVITE may still come another way
	placing  map[string]*attempt
	incoming int
	byLine   map[string]int // calls of each trunk
	draining bool
}

func newTable(keep time.Duration) *table {
	return &table{keep: keep, legs: map[string]*Leg{}, asked: map[string]*Leg{}, placing: map[string]*attempt{}, byLine: map[string]int{}}
}

// admit enters an incoming leg: "" when it is in, else the status to refuse with. limit 0: none.
func (t *table) admit(l *Leg, limit int) (refused string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, merged := t.asked[l.key]
	switch {
	case merged: // RFC 3261 §8.2.2.2: the same request by another way
		return "482"
	case t.draining || limit > 0 && t.incoming >= limit, l.channels > 0 && t.byLine[l.line] >= l.channels:
		return "503"
	}
	t.legs[l.d.localTag], t.asked[l.key] = l, l
	t.incoming++
	t.byLine[l.line]++
	return ""
}

func (t *table) add(l *Leg) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.legs[l.d.localTag] = l
	t.byLine[l.line]++
}

// reserve holds a channel of a trunk for a call that is being dialled.
func (t *table) reserve(line string, channels int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if channels > 0 && t.byLine[line] >= channels {
		return false
	}
	t.byLine[line]++
	return true
}

// release gives the channel back: the call has come up and counts itself, or it has not.
func (t *table) release(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byLine[line]--; t.byLine[line] <= 0 {
		delete(t.byLine, line)
	}
}

// through is how many calls a trunk carries.
func (t *table) through(line string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.byLine[line]
}

func (t *table) remove(l *Leg) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.legs[l.d.localTag] != l {
		return
	}
	delete(t.legs, l.d.localTag)
	if t.byLine[l.line]--; t.byLine[l.line] <= 0 {
		delete(t.byLine, l.line)
	}
	if l.dialled {
		return
	}
	t.incoming--
	left := t.keep - time.Since(l.begun)
	if left <= 0 {
		delete(t.asked, l.key)
		return
	}
	t.asked[l.key] = nil
	time.AfterFunc(left, func() { t.mu.Lock(); delete(t.asked, l.key); t.mu.Unlock() })
}

func (t *table) dial(a *attempt) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.placing[a.tag] = a
}

func (t *table) dialled(a *attempt) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.placing, a.tag)
}

func (t *table) byPlacing(tag string) *attempt {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.placing[tag]
}

func (t *table) byTag(tag string) *Leg {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.legs[tag]
}

// byInvite gives the leg of an INVITE; seen: there is or was one.
func (t *table) byInvite(key string) (l *Leg, seen bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l, seen = t.asked[key]
	return l, seen
}

func (t *table) full(limit int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.draining || limit > 0 && t.incoming >= limit
}

func (t *table) drain() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.draining = true
}

func (t *table) len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.legs)
}

func (t *table) all() []*Leg {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make([]*Leg, 0, len(t.legs))
	for _, l := range t.legs {
		out = append(out, l)
	}
	return out
}
