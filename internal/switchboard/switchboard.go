// Package switchboard conducts calls: it is where the voice menu, the queue, the agents and the records meet.
//
// Take is one goroutine per call and reads from top to bottom: arrival, answer, menu, queue, talk, survey or message, goodbye,
// record. The rooms below never call back; agents' commands and the queue's orders come to the call as messages.
//
// Invariants, each with a test:
//   - every call that reached Take ends with exactly one record (journal.Close), whoever hung up, whenever, and also when
//     something of ours panicked; its arrival is committed before our 200;
//   - hanging up is a cancelled context; closing work (record, message, card) outlives it with a bound of its own;
//   - a key stops interruptible sound at once, and an announcement in the queue stops the moment an agent is rung;
//   - an agent's page that reloads or dies does not end the citizen's call: music at once, the agent back, or the head of the queue;
//   - whoever of a citizen, an agent and a second party hangs up, reloads or dies at whatever moment of a consultation, a transfer, a
//     three-way talk or a parking: nobody who is left hears dead air, no leg is left behind, and the citizen has a way on (decision 050);
//   - no message is recorded without a live caller; what was said before hanging up is kept, also when the program was killed then;
//   - no talk is recorded unless its recording was announced to the end; the key 8 means that no file exists; the file follows the
//     talk through hold, transfer and a new wait, and what the agent pauses is not in it;
//   - a head who listens changes nothing of the talk, also by vanishing; a citizen never hears a whisper; each time is a fact;
//   - when the menu or the voice fails, the embedded clip says that the line works and leads to a person (regulation 3.5).
//
// It owns no table and no socket. Regulation 1.1, 2.2, 3.3, 3.5, 4.2.
package switchboard

import (
	"context"
	"log/slog"
	"os"
	"sync"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/queue"
	"dovidka/internal/speech"
	"dovidka/internal/staff"
)

// Options are the limits of the switchboard and the rooms it uses. Menus, Clips, Journal, Cards, Surveys, Agents and Phones are
// needed; all else has a default.
type Options struct {
	Menus    Menus
	Clips    Clips
	Journal  Journal
	Cards    Cards
	Surveys  Surveys
	Agents   Agents
	Phones   Phones
	Requests Requests // nil: no state of requests is told

	Departments func(ctx context.Context) ([]Department, error) // to whom calls may be transferred outside; nil: to nobody
	ParkFor     time.Duration                                   // how long a call may be parked before it comes back (default 3 min)

	Queue        queue.Config
	MaxCalls     int                       // calls at once; more are told 503 (default 200)
	Overload     int                       // calls beyond MaxCalls that are told that all lines are taken, before the rest gets 503
	MessageDir   string                    // where messages' sound is written (default: the system's folder for temporary files)
	MessageMax   time.Duration             // longest message (default 120 s)
	RecordingDir string                    // where talks are recorded, after the notice; "": they are not
	SurveyEvery  time.Duration             // the same number is asked for its opinion at most once in this time; 0: after each talk
	Known        func(to call.Number) bool // nil: every called number is ours; false: 404
	Test         func(leg Leg) bool        // self-test and training calls: outside citizens' figures
	Emergency    func() bool               // true: every call hears the technical clip and is ended
	FaultClip    []byte                    // A-law: that there is a fault, and whom to call (default speech.Fault without a number)
	Alarms       func() []string           // further red strips for the desk, plain Ukrainian
	Shift        func([]staff.Interval)    // keeps agents' intervals; must not block; nil: nobody does

	SupervisorTone   bool // the agent hears a short tone when a head begins to listen
	SupervisorHidden bool // the agent's screen does not say that a head listens; that a head speaks it always says
	// Supervised is told when a head no longer listens: who, whose call and talk, how long. For the audit.
	Supervised func(head string, id call.ID, agent string, took time.Duration)

	Log *slog.Logger
}

// Switchboard conducts all calls of one process.
type Switchboard struct {
	o    Options
	log  *slog.Logger
	desk *queue.Desk
	run  chan struct{} // closed when Run has begun

	mu       sync.Mutex
	calls    map[call.ID]*conductor
	rings    map[string]*ringing     // by agent
	talks    map[string]*talk        // by agent
	wraps    map[string]*conductor   // by agent: the call that they still write about
	shelf    map[int]*parked         // by slot
	devices  map[string]string       // by agent: browser, phone or both; browser unless chosen
	people   map[string]person       // names and roles, kept for a while
	supers   map[string]*supervision // by head
	days     map[string]*day         // today's facts of an agent
	surveyed map[call.Number]time.Time
	draining bool
	idle     chan struct{} // closed when draining and the last call is over

	messages openMessages
	watchers watchers
}

// New makes a switchboard. Run must be going before the first call.
func New(o Options) *Switchboard {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.MaxCalls <= 0 {
		o.MaxCalls = 200
	}
	if o.MessageMax <= 0 {
		o.MessageMax = 120 * time.Second
	}
	if o.MessageDir == "" {
		o.MessageDir = os.TempDir()
	}
	if o.ParkFor <= 0 {
		o.ParkFor = 3 * time.Minute
	}
	if len(o.FaultClip) == 0 {
		o.FaultClip = speech.Fault(nil)
	}
	s := &Switchboard{
		o: o, log: o.Log, run: make(chan struct{}), calls: map[call.ID]*conductor{}, rings: map[string]*ringing{},
		talks: map[string]*talk{}, wraps: map[string]*conductor{}, shelf: map[int]*parked{}, devices: map[string]string{}, people: map[string]person{}, days: map[string]*day{}, supers: map[string]*supervision{},
		surveyed: map[call.Number]time.Time{}, idle: make(chan struct{}),
	}
	s.desk = queue.NewDesk(queue.Options{Config: o.Queue, Log: o.Log, Live: s.live, Orders: s.dispatch, Changed: s.watchers.nudge})
	return s
}

// reachEvery is how often agents' devices are looked at; the page's own heartbeat is finer.
const reachEvery = 500 * time.Millisecond

// Ping tells whether the queue moves.
func (s *Switchboard) Ping(ctx context.Context) error { return s.desk.Ping(ctx) }

// Run owns the queue and watches agents' devices until ctx ends. End it after Drain.
func (s *Switchboard) Run(ctx context.Context) {
	var desk sync.WaitGroup
	desk.Go(func() { s.desk.Run(ctx) })
	defer desk.Wait()
	close(s.run)
	tick := time.NewTicker(reachEvery)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.reach()
			if n%10 == 0 {
				s.countMessages(ctx)
			}
		}
	}
}

// live gives the calls that really live: the desk drops what it believes of others.
func (s *Switchboard) live() map[call.ID]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make(map[call.ID]bool, len(s.calls))
	for id := range s.calls {
		out[id] = true
	}
	return out
}

// dispatch hands the queue's orders to their calls. It runs in the desk's goroutine and never blocks.
func (s *Switchboard) dispatch(orders []queue.Order) {
	for _, o := range orders {
		switch o := o.(type) {
		case queue.Offer:
			s.hand(o.Call, o)
		case queue.Revoke:
			s.hand(o.Call, o)
		case queue.Expelled:
			s.hand(o.Call, o)
		case queue.Requeued:
			s.hand(o.Call, o)
		case queue.WrappedUp:
			s.wrappedUp(o)
		}
	}
	s.shifted(orders)
}

func (s *Switchboard) hand(id call.ID, o queue.Order) {
	s.mu.Lock()
	c := s.calls[id]
	s.mu.Unlock()
	if c != nil {
		c.box.put(o)
	}
}

// enter counts a call in; false: too many, or we are going down. A call over the limit may still hear that all lines are taken.
func (s *Switchboard) enter(c *conductor) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.calls)
	s.calls[c.id] = c
	c.surplus = before >= s.o.MaxCalls
	return !s.draining && before < s.o.MaxCalls+s.o.Overload
}

func (s *Switchboard) forget(c *conductor) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.calls, c.id)
	if s.draining && len(s.calls) == 0 {
		s.closeIdle()
	}
}

// closeIdle tells Drain that the last call is over; s.mu is held.
func (s *Switchboard) closeIdle() {
	select {
	case <-s.idle:
	default:
		close(s.idle)
	}
}

// Calls is how many calls are going on.
func (s *Switchboard) Calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.calls)
}

// closingTime bounds what is done for a call after its end: record, card, message.
const closingTime = 10 * time.Second

// Drain takes no new call (503), waits for those going on until ctx ends, then hangs them up and waits for their records.
func (s *Switchboard) Drain(ctx context.Context) {
	s.mu.Lock()
	s.draining = true
	if len(s.calls) == 0 {
		s.closeIdle()
	}
	s.mu.Unlock()
	select {
	case <-s.idle:
		return
	case <-ctx.Done():
	}
	s.mu.Lock()
	for _, c := range s.calls {
		c.cancel(errShutdown)
	}
	s.mu.Unlock()
	bound := time.NewTimer(closingTime)
	defer bound.Stop()
	select {
	case <-s.idle:
	case <-bound.C:
		s.log.Error("switchboard: calls left behind at shutdown", "queue", s.Calls())
	}
}
