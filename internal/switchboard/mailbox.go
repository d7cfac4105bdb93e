package switchboard

import (
	"sync"

	"dovidka/internal/queue"
)

// mailbox carries the queue's orders to a call; putting never blocks.
type mailbox struct {
	mu     sync.Mutex
	orders []queue.Order
	bell   chan struct{}
}

func newMailbox() *mailbox { return &mailbox{bell: make(chan struct{}, 1)} }

func (m *mailbox) put(o queue.Order) {
	m.mu.Lock()
	m.orders = append(m.orders, o)
	m.mu.Unlock()
	select {
	case m.bell <- struct{}{}:
	default:
	}
}

// take empties the box.
func (m *mailbox) take() []queue.Order {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := m.orders
	m.orders = nil
	return out
}

// watchers are those who want to know that some view changed. A nudge is a hint: one is enough for many changes.
type watchers struct {
	mu  sync.Mutex
	all map[chan struct{}]bool
}

func (w *watchers) nudge() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.all {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

func (w *watchers) add() (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all == nil {
		w.all = map[chan struct{}]bool{}
	}
	w.all[c] = true
	return c, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.all, c)
	}
}

// Watch gives a channel that is nudged when some view changed, and the function that ends it. It costs no goroutine.
func (s *Switchboard) Watch() (changed <-chan struct{}, stop func()) { return s.watchers.add() }
