package sipua

import "sync"

// table holds the legs: by our tag, and the incoming ones by what names their INVITE whatever way it came.
type table struct {
	mu       sync.Mutex
	legs     map[string]*Leg
	asked    map[string]*Leg
	incoming int
	draining bool
}

func newTable() *table { return &table{legs: map[string]*Leg{}, asked: map[string]*Leg{}} }

// admit enters an incoming leg: "" when it is in, else the status to refuse with. limit 0: none.
func (t *table) admit(l *Leg, limit int) (refused string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.asked[l.key] != nil: // RFC 3261 §8.2.2.2: the same request by another way
		return "482"
	case t.draining || limit > 0 && t.incoming >= limit:
		return "503"
	}
	t.legs[l.d.localTag], t.asked[l.key] = l, l
	t.incoming++
	return ""
}

func (t *table) add(l *Leg) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.legs[l.d.localTag] = l
}

func (t *table) remove(l *Leg) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.legs[l.d.localTag] != l {
		return
	}
	delete(t.legs, l.d.localTag)
	if !l.dialled {
		delete(t.asked, l.key)
		t.incoming--
	}
}

func (t *table) byTag(tag string) *Leg {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.legs[tag]
}

func (t *table) byInvite(key string) *Leg {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.asked[key]
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
