package webphone

import (
	"context"
	"sync"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/media"
)

// Leg is one party of a call in a browser: an agent's page for one talk, or a citizen at the public page. It fits
// switchboard.Leg. An agent's leg outlives its page: only Hangup (or the hub's end) ends it.
type Leg struct {
	id       string
	from, to call.Number
	alive    chan bool                   // agent's: the page has gone (false) or come back (true); newest wins
	over     func(*Leg)                  // told once, when the leg has ended
	answer   func(context.Context) error // citizen's: nil for an agent's, which is answered when dialled
	state    func(message)               // citizen's: to the page

	done chan struct{}
	mu   sync.Mutex
	port *media.Port
	end  bool
	why  string
}

func newLeg() *Leg { return &Leg{id: string(call.NewID(time.Now())), done: make(chan struct{})} }

// ID names the leg in the log.
func (l *Leg) ID() string { return l.id }

// From is the citizen's number: a browser has none, so it is hidden.
func (l *Leg) From() call.Number { return l.from }

// To is the called number.
func (l *Leg) To() call.Number { return l.to }

// Via is "web".
func (l *Leg) Via() string { return "web" }

// Ring tells a citizen's page that it rings.
func (l *Leg) Ring() error {
	if l.state != nil {
		l.state(message{Type: "state", State: "connecting"})
	}
	return nil
}

// Answer waits until a citizen's sound is up; an agent's leg is answered when Dial returns it.
func (l *Leg) Answer(ctx context.Context) error {
	if l.answer == nil {
		return nil
	}
	return l.answer(ctx)
}

// Hangup ends the leg. A citizen's page is told; an agent's page stays, free for the next call. Twice is harmless.
func (l *Leg) Hangup(string) { l.finish("us") }

// Media is the leg's sound; nil before the answer.
func (l *Leg) Media() *media.Port {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.port
}

// Done is closed when the leg has ended.
func (l *Leg) Done() <-chan struct{} { return l.done }

// Cause says, after Done, why: "us", "caller" (the citizen left), "cancelled" (left before our answer), "lost" (the page or the
// hub has gone).
func (l *Leg) Cause() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.why
}

// Alive tells of an agent's page: false lost, true back with the same Port. Nil for a citizen's leg.
func (l *Leg) Alive() <-chan bool {
	if l.alive == nil {
		return nil
	}
	return l.alive
}

// Say shows a citizen's page what is being said; harmless for other legs.
func (l *Leg) Say(text string) {
	if l.state != nil {
		l.state(message{Type: "text", Text: text})
	}
}

// finish ends the leg once, whoever comes first.
func (l *Leg) finish(why string) {
	l.mu.Lock()
	if l.end {
		l.mu.Unlock()
		return
	}
	l.end, l.why = true, why
	port := l.port
	l.mu.Unlock()
	if l.over != nil {
		l.over(l)
	}
	if port != nil {
		port.Close()
	}
	close(l.done)
}

// take gives the leg its port; false when it has already ended.
func (l *Leg) take(p *media.Port) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.end {
		return false
	}
	l.port = p
	return true
}

func (l *Leg) connected() bool { return l.Media() != nil }

// attach joins the leg's sound to a page's connection.
func (l *Leg) attach(w *wire) {
	if p := l.Media(); p != nil {
		w.join(p)
	}
}

// mute parts the leg's sound from a connection that is gone.
func (l *Leg) mute(w *wire) {
	w.sink.Store(nil)
	if p := l.Media(); p != nil {
		p.SetConn(nil)
	}
}

// tell says that the page has gone or come; what was not yet read is out of date.
func (l *Leg) tell(up bool) {
	if l.alive == nil {
		return
	}
	l.settle()
	select {
	case l.alive <- up:
	default:
	}
}

// settle forgets what was not yet read.
func (l *Leg) settle() {
	select {
	case <-l.alive:
	default:
	}
}
