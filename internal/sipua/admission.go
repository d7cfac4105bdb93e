package sipua

import (
	"math/rand/v2"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Bounds of calls that are being set up. fewWaiting: fewer than that may wait for our 200 as long as it takes – when the disk stands still
// for a second, that is no reason to refuse the only caller; more of them, for longer than Options.Patience, is a queue that only
// grows. maxSetups bounds it in any case: at 2 ms each the last of them still has its 200 before its INVITE is repeated.
// When set-ups take the processor from the running calls, the media threads notice first: while they are late, a storm is refused.
const (
	fewWaiting = 32
	maxSetups  = 128
	stormy     = 100  // set-ups within a second from which on the running calls' lateness counts
	fewStrange = 16   // unacknowledged set-ups that any source may have
	maxProven  = 4096 // sources remembered for having acknowledged a call
	maxTold    = 8192 // refused INVITEs remembered, so that a repetition is not counted again
	assumed    = 1000 // calls, where no limit is set
)

// admission decides about a call from outside before anything is spent on it: no media port, no disk, no goroutine. It sees the
// set-ups only: how many calls may go on is the table's matter.
//
// A call whose 200 is never acknowledged holds its port for 32 s (RFC 3261 §13.3.1.4), so a source of such calls could fill the range
// of ports. Sources that never acknowledged anything get a quarter of the lines together and few each; the others half of them.
type admission struct {
	limit    int
	patience time.Duration // 0: for ever
	busy     func() bool   // the running calls' sound comes late

	mu      sync.Mutex
	second  int64    // that is being counted
	came    int      // set-ups asked for in the second before it
	now     int      // and in it
	waiting int      // set-ups without our 200
	queue   []*setup // all that waited, oldest first
	open    map[netip.Addr]int
	strange int // open set-ups of sources that have proved nothing
	proven  map[netip.Addr]bool
	told    map[string]bool
	order   []string // of told
}

// setup is one call from outside until its ACK.
type setup struct {
	from           netip.Addr
	since          time.Time
	strange        bool
	waits, pending bool // for our 200; for their ACK
}

func newAdmission(limit int, patience time.Duration, busy func() bool) *admission {
	if limit <= 0 {
		limit = assumed
	}
	if busy == nil {
		busy = func() bool { return false }
	}
	return &admission{limit: limit, patience: patience, busy: busy, open: map[netip.Addr]int{}, proven: map[netip.Addr]bool{}, told: map[string]bool{}}
}

// enter gives the set-up of a call from a source, or nil when there is no room for it.
func (a *admission) enter(source string, now time.Time) *setup {
	ip := netip.Addr{}
	if ap, err := netip.ParseAddrPort(source); err == nil {
		ip = ap.Addr().Unmap()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	strange := !a.proven[ip]
	if a.stormed(now) || a.behind(now) || a.crowded(ip, strange) {
		return nil
	}
	e := &setup{from: ip, since: now, strange: strange, waits: true, pending: true}
	a.waiting++
	a.queue = append(a.queue, e)
	a.open[ip]++
	if strange {
		a.strange++
	}
	return e
}

// stormed tells that so many calls come that the sound of the running ones suffers. One call on a machine that is slow for other
// reasons is no storm.
func (a *admission) stormed(now time.Time) bool {
	if s := now.Unix(); s != a.second {
		if a.came = a.now; s != a.second+1 {
			a.came = 0
		}
		a.second, a.now = s, 0
	}
	a.now++
	return max(a.now, a.came) > stormy && a.busy()
}

// behind tells that callers wait too long for our 200.
func (a *admission) behind(now time.Time) bool {
	for len(a.queue) > 0 && !a.queue[0].waits {
		a.queue[0] = nil
		a.queue = a.queue[1:]
	}
	if a.waiting < fewWaiting || a.patience == 0 {
		return false
	}
	return a.waiting >= maxSetups || now.Sub(a.queue[0].since) > a.patience
}

// crowded tells that a source has too many calls that it has not acknowledged.
func (a *admission) crowded(ip netip.Addr, strange bool) bool {
	if !strange {
		return a.open[ip] >= max(fewStrange, a.limit/2)
	}
	return a.open[ip] >= max(fewStrange, a.limit/16) || a.strange >= max(fewStrange, a.limit/4)
}

// answered: our 200 is out. acknowledged: its ACK is here. over: the call has ended, in whatever state. Each may come twice.
func (a *admission) answered(e *setup) { a.settle(e, false, false) }

func (a *admission) acknowledged(e *setup) { a.settle(e, true, true) }

func (a *admission) over(e *setup) { a.settle(e, true, false) }

func (a *admission) settle(e *setup, done, proved bool) {
	if e == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if e.waits {
		e.waits = false
		a.waiting--
	}
	if !done || !e.pending {
		return
	}
	e.pending = false
	if a.open[e.from]--; a.open[e.from] <= 0 {
		delete(a.open, e.from)
	}
	if e.strange {
		a.strange--
	}
	if proved && !a.proven[e.from] {
		if len(a.proven) >= maxProven {
			for k := range a.proven { // any: it proves itself again by its next call
				delete(a.proven, k)
				break
			}
		}
		a.proven[e.from] = true
	}
}

// first tells whether an INVITE is refused for the first time: its repetitions are the same call in the ledger.
func (a *admission) first(key string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.told[key] {
		return false
	}
	if len(a.order) >= maxTold {
		delete(a.told, a.order[0])
		a.order = a.order[1:]
	}
	a.told[key] = true
	a.order = append(a.order, key)
	return true
}

// later asks the caller to come again, not all of them at the same moment (RFC 3261 §21.5.4).
func later() sip.Header { return sip.NewHeader("Retry-After", strconv.Itoa(5+rand.IntN(11))) }
