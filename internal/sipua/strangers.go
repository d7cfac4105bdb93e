package sipua

import (
	"net/netip"
	"sync/atomic"
	"time"

	"dovidka/internal/crowd"

	"github.com/emiago/sipgo/sip"
)

const (
	knownFor = 2 * time.Hour // after the last sign that a source hears what we send to it; longer than any registration
	maxKnown = 8192
	perTell  = time.Minute
)

// porch decides what a packet may cost before it is read, and whom a stranger may disturb.
//
// A packet from an address that has not proved anything takes a token of its address, of its network and of everybody's bucket
// before it is read at all; what turns out to be part of a call or of a registration gives it back. So a scanner costs one look at
// a table, and a flood of forged sources costs at most everybody's bucket, whatever its size, while peers, registered phones and
// callers go past it.
type porch struct {
	peer    func(netip.Addr) bool
	ignore  bool
	ours    func(tag string) bool // names a leg of ours
	awaited func() bool           // a stranger's INVITE is waited for
	crowd   *crowd.Buckets
	own     *crowd.Table // of each known source
	known   *crowd.Known
	told    *crowd.Table // refused INVITEs of strangers that are written down one by one
	strict  bool
	turned  atomic.Uint64 // packets and connections turned away
	untold  atomic.Uint64 // refused INVITEs that were only counted
	ignored atomic.Uint64 // read, and left without an answer by policy
}

// newPorch is the server's: its trunks' peers are no strangers, and while the administrator waits for a call of an unknown carrier
// (Inspect) every INVITE is looked at.
func (s *Server) newPorch() *porch {
	p := newPorch(s.o)
	if p.peer == nil {
		p.peer = s.Peer
	}
	p.ours = func(tag string) bool { return s.calls.byTag(tag) != nil }
	p.awaited = s.inspecting
	return p
}

func newPorch(o Options) *porch {
	now := time.Now()
	host := crowd.Rate{Burst: 100, PerSecond: 10} // a whole office of telephones that wakes up behind one address fits the burst
	net := crowd.Rate{Burst: 400, PerSecond: 40}
	all := crowd.Rate{Burst: 2000, PerSecond: 1000} // a tenth of a core
	return &porch{
		peer: o.peer, ignore: o.IgnoreStrangers, strict: o.strict, crowd: crowd.NewBuckets(host, net, all, now),
		ours: func(string) bool { return false }, awaited: func() bool { return false },
		own: crowd.NewTable(crowd.Rate{Burst: 200, PerSecond: 50}, now), known: crowd.NewKnown(maxKnown),
		told: crowd.NewTable(crowd.Rate{Burst: 60, PerSecond: 1}, now),
	}
}

// free tells who pays nothing: our trunks' peers, and this very machine (a proxy in front of us; the kernel lets no packet of a
// loopback address in from outside).
func (p *porch) free(ip netip.Addr) bool {
	ip = ip.Unmap()
	return ip.IsLoopback() && !p.strict || p.peer != nil && p.peer(ip)
}

// trusts tells who is no stranger.
func (p *porch) trusts(from netip.AddrPort, now time.Time) bool {
	return p.free(from.Addr()) || p.known.Has(from, now)
}

// stranger tells it of a message's source.
func (p *porch) stranger(source string) bool {
	from, err := netip.ParseAddrPort(source)
	return err == nil && !p.trusts(from, time.Now())
}

// enter lets a packet be read.
func (p *porch) enter(from netip.AddrPort, now time.Time) bool {
	ok := true
	switch {
	case p.free(from.Addr()):
	case p.known.Has(from, now): // its NAT's other guests do not drain it, nor does a flood
		ok = p.own.Take(from, now)
	default:
		ok = p.crowd.Take(from.Addr(), now)
	}
	if !ok {
		p.turned.Add(1)
	}
	return ok
}

// welcome gives back what n packets of a source have cost, and knows it from now on: it has just shown that it hears us, by a tag
// or by a nonce that were sent to it.
func (p *porch) welcome(source string, n float32) {
	from, err := netip.ParseAddrPort(source)
	if err != nil || p.free(from.Addr()) {
		return
	}
	now := time.Now()
	if p.known.Has(from, now) {
		p.own.Give(from, n, now)
	} else {
		p.crowd.Give(from.Addr(), n, now)
	}
	p.known.Add(from, now.Add(knownFor), now)
}

// lets tells whether a message that was read goes any further. With strangers ignored, theirs do not: but a phone may register,
// and inside a call of ours anybody who knows its tag may speak (a carrier's second machine).
func (p *porch) lets(m sip.Message, from netip.AddrPort, now time.Time) bool {
	req, request := m.(*sip.Request)
	if !p.ignore || !request || p.trusts(from, now) || req.Method == sip.REGISTER {
		return true
	}
	if req.Method == sip.INVITE && p.awaited() {
		return true
	}
	to := req.To()
	if to != nil && p.ours(param(to.Params, "tag")) {
		return true
	}
	p.ignored.Add(1)
	return false
}

// replies tells whether a message that cannot be read is answered.
func (p *porch) replies(from netip.AddrPort, now time.Time) bool {
	return !p.ignore || p.trusts(from, now)
}

// writes tells whether a refused INVITE is worth a record of its own: a scanner must not fill the journal.
func (p *porch) writes(source string) bool {
	if !p.stranger(source) || p.told.Take(netip.AddrPort{}, time.Now()) {
		return true
	}
	p.untold.Add(1)
	return false
}

// report says once a minute what was turned away, if anything: one line, however great the flood.
func (s *Server) report() {
	tick := time.NewTicker(perTell)
	defer tick.Stop()
	for {
		select {
		case <-s.done:
			return
		case <-tick.C:
			s.reportOnce()
		}
	}
}

func (s *Server) reportOnce() {
	turned, ignored, untold := s.porch.turned.Swap(0), s.porch.ignored.Swap(0), s.porch.untold.Swap(0)
	if turned+ignored+untold > 0 {
		s.log.Warn("sipua: strangers", "turned_away", turned, "ignored", ignored, "refusals_not_recorded", untold)
	}
}
