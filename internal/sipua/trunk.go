package sipua

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/fault"

	"github.com/emiago/sipgo/sip"
)

// Trunk is a carrier's link: how we sign in to it, from where its calls come, how it writes numbers. Zero values have defaults.
type Trunk struct {
	Name      string
	Register  bool   // sign in to Server (RFC 3261 §10); otherwise it knows our address
	Server    string // HOST or HOST:PORT, whose name is the domain too; "": calls only come, from Peers
	Proxy     string // where to send instead of Server (outbound proxy)
	Transport string // "udp", "tcp" or "tls"

	User, AuthUser, Password string
	Realm                    string        // "" is learned from the first challenge of the trunk's own server
	Expires                  time.Duration // default 2 min
	Keepalive                time.Duration // between two OPTIONS; 0: none

	Peers    []netip.Prefix // from where calls are taken, besides Server and Proxy
	Channels int            // calls at a time, both ways; 0: no limit

	CallerID call.Number   // what we show; "" leaves it to the carrier
	Format   string        // of called numbers: call.FormatPlus …
	In, Out  []Prefix      // rules for the beginning of numbers
	Caller   string        // header that tells who calls, before the usual order
	Called   string        // header that tells who is called; "": the Request-URI
	Numbers  []call.Number // called numbers that are ours, besides what Known says
	Codecs   []string      // "PCMA", "PCMU" in the order of preference
	DTMF     []string      // "rfc4733", "info", "inband"
	Timers   bool          // session timers (RFC 4028)
}

// Prefix is a rule for the beginning of a number: Cut is replaced by Add.
type Prefix struct{ Cut, Add string }

func rewrite(rules []Prefix, s string) string {
	for _, r := range rules {
		if rest, ok := strings.CutPrefix(s, r.Cut); ok {
			return r.Add + rest
		}
	}
	return s
}

// link is the part of a trunk whose change means a new connection; all else is taken over by a running one.
func (t Trunk) link() Trunk {
	t.Channels, t.CallerID, t.Format, t.In, t.Out, t.Caller, t.Called, t.Numbers = 0, "", "", nil, nil, "", "", nil
	t.Codecs, t.DTMF, t.Timers = nil, nil, false
	t.Peers = slices.Clone(t.Peers)
	return t
}

func (t Trunk) sameLink(u Trunk) bool {
	a, b := t.link(), u.link()
	peers := slices.Equal(a.Peers, b.Peers)
	a.Peers, b.Peers = nil, nil
	return peers && a.Name == b.Name && a.Register == b.Register && a.Server == b.Server && a.Proxy == b.Proxy && a.Transport == b.Transport &&
		a.User == b.User && a.AuthUser == b.AuthUser && a.Password == b.Password && a.Realm == b.Realm && a.Expires == b.Expires && a.Keepalive == b.Keepalive
}

// TrunkState is what is known of a trunk now.
type TrunkState struct {
	Name       string
	Up         bool
	Since      time.Time // of Up or of its opposite
	Addr       string    // where its server is; "" while its name does not resolve
	Resolve    string    // why the name does not resolve
	Reached    time.Time // when it answered last, with whatever
	Registered bool
	Until      time.Time // of the registration
	Register   int       // status of the last REGISTER; 0: none, or no answer
	Options    int       // status of the last OPTIONS; 0: none, or no answer
	Fails      int       // tries in vain since the last good one
	Failure    string    // why the last try failed: "resolve", "connect", "certificate", "timeout", "refused"
	Busy       int       // calls
	Channels   int
	Invite     time.Time // the last call that came
}

// lines are the trunks at work.
type lines struct {
	mu       sync.RWMutex
	all      []*line
	stranger Stranger
}

// Stranger is the last source of a call that no trunk of ours knows: what a carrier calls from when its address was not told.
type Stranger struct {
	Addr netip.Addr
	At   time.Time
}

// SetTrunks puts the trunks into force: new ones sign in, those that are gone sign off, and one that differs only in rules goes on.
// Calls that are up go on in any case.
func (s *Server) SetTrunks(trunks []Trunk) {
	s.lines.mu.Lock()
	defer s.lines.mu.Unlock()
	select {
	case <-s.done:
		return
	default:
	}
	old := s.lines.all
	s.lines.all = nil
	for _, t := range trunks {
		if t.Expires <= 0 {
			t.Expires = 2 * time.Minute
		}
		i := slices.IndexFunc(old, func(l *line) bool { return l.trunk().Name == t.Name })
		if i >= 0 && old[i].trunk().sameLink(t) {
			old[i].set(t)
			s.lines.all = append(s.lines.all, old[i])
			old = slices.Delete(slices.Clone(old), i, i+1)
			continue
		}
		l := newLine(s, t)
		if i >= 0 {
			l.ladder, l.state.Invite = old[i].ladder, old[i].now().Invite
		}
		s.lines.all = append(s.lines.all, l)
	}
	for _, l := range old {
		l.stop()
	}
	for _, l := range s.lines.all {
		l.start()
	}
	s.ladders.set(s.lines.all)
}

// stopTrunks signs off everywhere and waits for it, at most as long as a transaction lasts.
func (s *Server) stopTrunks() {
	s.lines.mu.Lock()
	all := s.lines.all
	s.lines.all = nil
	s.lines.mu.Unlock()
	for _, l := range all {
		l.stop()
	}
	limit := time.NewTimer(4 * s.o.T1)
	defer limit.Stop()
	for _, l := range all {
		select {
		case <-l.gone:
		case <-limit.C:
			return
		}
	}
}

func (s *Server) linesNow() []*line {
	s.lines.mu.RLock()
	defer s.lines.mu.RUnlock()
	return s.lines.all
}

func (s *Server) line(name string) *line {
	for _, l := range s.linesNow() {
		if l.trunk().Name == name {
			return l
		}
	}
	return nil
}

// Trunks tells how every trunk is, in the order in which they were set.
func (s *Server) Trunks() []TrunkState {
	var out []TrunkState
	for _, l := range s.linesNow() {
		out = append(out, l.now())
	}
	return out
}

// LastStranger tells from where a call was refused last, because no trunk has its address.
func (s *Server) LastStranger() Stranger {
	s.lines.mu.RLock()
	defer s.lines.mu.RUnlock()
	return s.lines.stranger
}

// Try makes a trunk try again at once, without waiting for its pause.
func (s *Server) Try(name string) {
	if l := s.line(name); l != nil {
		select {
		case l.kick <- struct{}{}:
		default:
		}
	}
}

// Peer tells whether the address is one of a trunk's.
func (s *Server) Peer(ip netip.Addr) bool {
	for _, l := range s.linesNow() {
		if l.has(ip) {
			return true
		}
	}
	return false
}

// lineOf gives the trunk from which a request comes: by its source, and where two have the same carrier, by the login that it names.
// strict: there are trunks, so nobody else's calls are citizens'.
func (s *Server) lineOf(req *sip.Request) (found *line, strict bool) {
	all := s.linesNow()
	src, err := netip.ParseAddrPort(req.Source())
	if err != nil {
		return nil, len(all) > 0
	}
	for _, l := range all {
		if !l.has(src.Addr()) {
			continue
		}
		if found == nil || req.Recipient.User != "" && req.Recipient.User == l.trunk().User {
			found = l
		}
	}
	return found, len(all) > 0
}

// trunkCall finds the trunk of a call from outside, and who calls whom in that carrier's words. done: the call is nobody's and has
// been answered.
func (s *Server) trunkCall(l *Leg) (done bool) {
	if l.phone != "" {
		return false
	}
	way, strict := s.lineOf(l.invite)
	if way == nil {
		return strict && s.notOurs(l)
	}
	way.seen(l.invite)
	t := way.trunk()
	l.line, l.from, l.to = t.Name, t.caller(l.invite), t.called(l.invite)
	l.channels, l.timers.Off = t.Channels, l.timers.Off || !t.Timers
	l.known = slices.Contains(t.Numbers, l.to) || t.Register && string(l.to) == t.User
	return false
}

// notOurs answers a call from an address that no trunk has: who has an account here may prove it and call the line from a desk; the
// others are refused. A challenge costs us no memory.
func (s *Server) notOurs(l *Leg) (done bool) {
	src, _ := netip.ParseAddrPort(l.invite.Source())
	s.lines.mu.Lock()
	s.lines.stranger = Stranger{src.Addr().Unmap(), time.Now()}
	all := s.lines.all
	s.lines.mu.Unlock()
	for _, way := range all {
		way.seenStranger(src)
	}
	if s.o.Account == nil {
		s.turnAway(l, 403)
		return true
	}
	auth := ""
	if h := l.invite.GetHeader("authorization"); h != nil {
		auth = h.Value()
	}
	v := s.reg.guard.judge(auth, "INVITE", l.invite.Source(), time.Now())
	if v.status != 0 {
		s.reply(l.tx, l.invite, v.status, v.header)
		return true
	}
	l.from = call.Number(v.user)
	return false
}

// DialTrunk calls a number through a trunk, as Dial does. fault.Busy: all its channels are taken, or it does not exist.
func (s *Server) DialTrunk(ctx context.Context, name string, to call.Number, o DialOptions) (*Leg, error) {
	l := s.line(name)
	if l == nil {
		return nil, fault.New(fault.NotFound, "Такої лінії немає.")
	}
	t := l.trunk()
	if !s.calls.reserve(name, t.Channels) {
		return nil, fault.New(fault.Busy, "Усі канали лінії зайнято.")
	}
	defer s.calls.release(name)
	dest, err := l.way(ctx)
	if err != nil {
		return nil, err
	}
	uri := sip.Uri{Scheme: "sip", User: rewrite(t.Out, to.Format(t.Format)), Host: t.domain()}
	return s.dial(ctx, &attempt{uri: uri, dest: dest, network: t.network(), o: o, line: l})
}

// from is who we say we are: where we sign in, our login, for a carrier takes no other; else the number that we show.
func (t Trunk) from() sip.Uri {
	u := sip.Uri{Scheme: "sip", User: t.User, Host: t.domain()}
	if !t.Register && t.CallerID != "" {
		u.User = t.CallerID.Format(t.Format)
	}
	if u.User == "" {
		u.User = "dovidka"
	}
	return u
}

// identity is the header in which a carrier that knows us by login is told the number to show (RFC 3325 §9.2); nil: none.
func (t Trunk) identity() sip.Header {
	if !t.Register || t.CallerID == "" {
		return nil
	}
	return sip.NewHeader("P-Preferred-Identity", "<sip:"+t.CallerID.Format(t.Format)+"@"+t.domain()+">")
}

func (t Trunk) authUser() string {
	if t.AuthUser != "" {
		return t.AuthUser
	}
	return t.User
}

func (t Trunk) network() string {
	if t.Transport == "" {
		return "UDP"
	}
	return strings.ToUpper(t.Transport)
}

// domain is the name in the addresses that we write: the server's, without its port.
func (t Trunk) domain() string {
	host, _ := splitHost(t.Server)
	if host == "" {
		host, _ = splitHost(t.Proxy)
	}
	return host
}
