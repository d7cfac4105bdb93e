package sipua

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	mathrand "math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
)

// line is one trunk at work: a goroutine that signs in, keeps the link warm and notices when it is gone.
type line struct {
	s      *Server
	ladder *ladder
	kick   chan struct{} // try now
	gone   chan struct{} // closed when it has signed off
	begin  sync.Once
	cancel context.CancelFunc
	callID string
	tag    string

	mu        sync.Mutex
	t         Trunk
	state     TrunkState
	realm     string           // learned
	addrs     []netip.AddrPort // of the server
	next      int              // which of them is in use
	own       string           // our address on the way to it
	seq       uint32
	asked     time.Duration // Expires that we ask for: 423 raises it
	optioned  bool          // the last OPTIONS was answered
	armed     time.Time     // the next call is laid open
	inspected *Inspection
}

func newLine(s *Server, t Trunk) *line {
	return &line{s: s, t: t, ladder: &ladder{}, kick: make(chan struct{}, 1), gone: make(chan struct{}), cancel: func() {},
		callID: strings.ToLower(rand.Text()), tag: newTag(), asked: t.Expires, state: TrunkState{Name: t.Name, Since: time.Now()}}
}

func (l *line) trunk() Trunk { l.mu.Lock(); defer l.mu.Unlock(); return l.t }

// set takes over new rules for a link that stays.
func (l *line) set(t Trunk) { l.mu.Lock(); defer l.mu.Unlock(); l.t = t }

func (l *line) realmNow() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.t.Realm != "" {
		return l.t.Realm
	}
	return l.realm
}

// has tells whether an address is this trunk's.
func (l *line) has(ip netip.Addr) bool {
	ip = ip.Unmap()
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.addrs, func(a netip.AddrPort) bool { return a.Addr() == ip }) ||
		slices.ContainsFunc(l.t.Peers, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// now is the state for who looks.
func (l *line) now() TrunkState {
	l.mu.Lock()
	defer l.mu.Unlock()
	st := l.state
	st.Channels, st.Busy = l.t.Channels, l.s.calls.through(l.t.Name)
	if len(l.addrs) > 0 {
		st.Addr = l.addrs[l.next%len(l.addrs)].String()
	}
	return st
}

func (l *line) start() {
	l.begin.Do(func() {
		ctx, cancel := context.WithCancel(context.Background())
		l.cancel = cancel
		l.s.background("trunk", func() { defer close(l.gone); l.run(ctx) })
	})
}

func (l *line) stop() {
	l.begin.Do(func() { close(l.gone) }) // never started
	l.cancel()
}

// lookEvery is how often the way to the carrier is compared with the one that it knows, in T1: 5 s.
const lookEvery = 10

// run lives until ctx ends, then signs off.
func (l *line) run(ctx context.Context) {
	register, options := time.NewTimer(l.signIn(ctx)), time.NewTimer(0)
	look := time.NewTicker(lookEvery * l.s.o.T1)
	defer register.Stop()
	defer options.Stop()
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			l.signOff()
			return
		case <-l.s.done:
			return
		case <-register.C:
			register.Reset(l.signIn(ctx))
		case <-options.C:
			options.Reset(l.probe(ctx))
		case <-look.C:
			if l.moved() {
				register.Reset(0)
				options.Reset(0)
			}
			l.judge() // a registration may have run out
		case <-l.kick:
			register.Reset(0)
			options.Reset(0)
		}
	}
}

const never = 24 * time.Hour

// signIn registers, and tells after how long to do it again.
func (l *line) signIn(ctx context.Context) time.Duration {
	t := l.trunk()
	if !t.Register {
		return never
	}
	res, err := l.register(ctx, l.asked)
	l.mu.Lock()
	defer l.mu.Unlock()
	st := &l.state
	st.Register = 0
	if res != nil {
		st.Register = res.StatusCode
	}
	if err == nil && res.IsSuccess() {
		granted := granted(res, t.User, l.asked)
		st.Registered, st.Until, st.Fails, st.Failure = true, time.Now().Add(granted), 0, ""
		l.judgeLocked()
		return granted * 3 / 4 * time.Duration(90+mathrand.IntN(10)) / 100
	}
	if res != nil && res.StatusCode == 423 {
		if least := deltaOf(res, "min-expires"); least > l.asked && least <= 24*time.Hour {
			l.asked = least
			return 0
		}
	}
	l.failedLocked(res, err)
	if time.Now().After(st.Until) || res != nil {
		st.Registered = false
	}
	l.judgeLocked()
	return pause(st.Fails, mathrand.Float64(), 4*l.s.o.T1)
}

// pause is the back-off after a number of failures (RFC 5626 §4.5): doubled each time up to five minutes, half of it by chance, so
// that a carrier that comes up again is not met by all its customers at once.
func pause(fails int, chance float64, base time.Duration) time.Duration {
	d := min(base<<min(max(fails-1, 0), 16), 5*time.Minute)
	return d/2 + time.Duration(chance*float64(d)/2)
}

// failedLocked notes a failure and turns to the server's next address.
func (l *line) failedLocked(res *sip.Response, err error) {
	l.state.Fails++
	switch {
	case res != nil:
		l.state.Failure = "refused"
		return
	case errors.Is(err, errResolve):
		l.state.Failure = "resolve"
	case isCertificate(err):
		l.state.Failure = "certificate"
	case errors.Is(err, errConnect):
		l.state.Failure = "connect"
	default:
		l.state.Failure = "timeout"
	}
	l.next++
}

// isCertificate tells that the far end is not who its name says.
func isCertificate(err error) bool {
	var a *tls.CertificateVerificationError
	var b x509.HostnameError
	var c x509.UnknownAuthorityError
	return errors.As(err, &a) || errors.As(err, &b) || errors.As(err, &c)
}

// granted reads how long a registration holds: our Contact's expires, else the Expires header (RFC 3261 §10.2.4).
func granted(res *sip.Response, user string, asked time.Duration) time.Duration {
	for _, h := range res.GetHeaders("contact") {
		if c, ok := h.(*sip.ContactHeader); ok && c.Address.User == user {
			if n, err := strconv.ParseUint(param(c.Params, "expires"), 10, 31); err == nil && n > 0 {
				return time.Duration(n) * time.Second
			}
		}
	}
	if d := deltaOf(res, "expires"); d > 0 {
		return d
	}
	return asked
}

func deltaOf(res *sip.Response, name string) time.Duration {
	h := res.GetHeader(name)
	if h == nil {
		return 0
	}
	n, err := strconv.ParseUint(strings.TrimSpace(h.Value()), 10, 31)
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Second
}

// probe asks OPTIONS, and tells after how long to do it again. Any answer but a server's failure is a sign of life (RFC 3261 §11).
func (l *line) probe(ctx context.Context) time.Duration {
	t := l.trunk()
	if t.Keepalive <= 0 || t.Server == "" && t.Proxy == "" {
		l.judge()
		return never
	}
	res, err := l.request(ctx, sip.OPTIONS, nil)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state.Options = 0
	if res != nil {
		l.state.Options = res.StatusCode
	}
	was := l.optioned
	l.optioned = err == nil && res.StatusCode < 500 && res.StatusCode != 408
	if !t.Register && !l.optioned {
		l.failedLocked(res, err)
	} else if !t.Register {
		l.state.Fails, l.state.Failure = 0, ""
	}
	l.judgeLocked()
	if was && !l.optioned { // one packet may be lost: look again soon
		return min(t.Keepalive, 10*l.s.o.T1)
	}
	return t.Keepalive
}

func (l *line) judge() { l.mu.Lock(); defer l.mu.Unlock(); l.judgeLocked() }

// judgeLocked derives up or down from what is known.
func (l *line) judgeLocked() {
	up := (!l.t.Register || l.state.Registered && time.Now().Before(l.state.Until)) &&
		(l.t.Keepalive <= 0 || l.optioned || l.t.Server == "" && l.t.Proxy == "")
	if !up && l.t.Register && !time.Now().Before(l.state.Until) {
		l.state.Registered = false
	}
	if up == l.state.Up {
		return
	}
	l.state.Up, l.state.Since = up, time.Now()
	l.s.log.Info("trunk", "trunk", l.t.Name, "up", up, "cause", l.state.Failure)
}

// moved tells whether our own address on the way to the carrier has changed: a new network, a new lease.
func (l *line) moved() bool {
	l.mu.Lock()
	addrs, was := l.addrs, l.own
	l.mu.Unlock()
	if len(addrs) == 0 || was == "" {
		return false
	}
	now := l.s.ownAddr(addrs[0].String())
	if now == "" || now == was {
		return false
	}
	l.mu.Lock()
	l.own = now
	l.mu.Unlock()
	l.s.log.Info("trunk: our address has changed", "trunk", l.trunk().Name)
	return true
}

func (s *Server) ownAddr(dest string) string {
	if s.o.route != nil {
		return s.o.route(dest)
	}
	return s.routed(dest)
}

// signOff takes the registration back, as long as a transaction may last.
func (l *line) signOff() {
	l.mu.Lock()
	up := l.state.Registered
	l.mu.Unlock()
	if !up {
		return
	}
	ctx, stop := context.WithTimeout(context.Background(), 4*l.s.o.T1)
	defer stop()
	_, _ = l.register(ctx, 0)
}

// register sends REGISTER and answers its challenge.
func (l *line) register(ctx context.Context, expires time.Duration) (*sip.Response, error) {
	t := l.trunk()
	more := func(req *sip.Request, dest string) {
		c := &sip.ContactHeader{Address: l.s.contactFor(t.User, t.network(), dest)}
		req.AppendHeader(c)
		req.AppendHeader(sip.NewHeader("Expires", strconv.Itoa(int(expires/time.Second))))
		req.AppendHeader(sip.NewHeader("Allow", allow))
	}
	return l.request(ctx, sip.REGISTER, more)
}

// request sends a request of the trunk's own (REGISTER, OPTIONS) and answers a challenge: at most twice, the second time only when the
// nonce was stale.
func (l *line) request(ctx context.Context, method sip.RequestMethod, more func(*sip.Request, string)) (*sip.Response, error) {
	dest, err := l.way(ctx)
	if err != nil {
		return nil, err
	}
	var header, value string
	for try := 0; ; try++ {
		req := l.compose(method, dest, more)
		if value != "" {
			req.AppendHeader(sip.NewHeader(header, value))
		}
		tx, err := l.s.txl.Request(ctx, req)
		if err != nil {
			return nil, errors.Join(errConnect, err)
		}
		res, err := l.s.final(ctx, tx)
		if err != nil {
			return nil, err
		}
		l.mu.Lock()
		l.state.Reached = time.Now()
		l.mu.Unlock()
		header, value = l.credentials(res, string(method), req.Recipient.String())
		if value == "" || try > 1 || try == 1 && !staleIn(res, "www-authenticate") && !staleIn(res, "proxy-authenticate") {
			return res, nil
		}
	}
}

// compose makes the request without credentials.
func (l *line) compose(method sip.RequestMethod, dest string, more func(*sip.Request, string)) *sip.Request {
	l.mu.Lock()
	t := l.t
	l.seq++
	seq := l.seq
	l.mu.Unlock()
	user := t.User
	if user == "" {
		user = "dovidka"
	}
	req := sip.NewRequest(method, sip.Uri{Scheme: "sip", Host: t.domain()})
	forwards, id := sip.MaxForwardsHeader(70), sip.CallIDHeader(l.callID+strings.ToLower(string(method[:1])))
	me := sip.Uri{Scheme: "sip", User: user, Host: t.domain()}
	to := me
	if method != sip.REGISTER {
		to = req.Recipient
	}
	for _, h := range []sip.Header{&forwards, &sip.FromHeader{Address: me, Params: tagged(l.tag)}, &sip.ToHeader{Address: to}, &id,
		&sip.CSeqHeader{SeqNo: seq, MethodName: method}} {
		req.AppendHeader(h)
	}
	if more != nil {
		more(req, dest)
	}
	req.SetBody(nil)
	l.s.send(req, t.network(), dest)
	return req
}

// credentials answers a challenge: the header and its value; "" when it is none that we answer: it must come from the trunk's own
// server and name the realm that is known. The realm itself is learned once, from the first such challenge.
func (l *line) credentials(res *sip.Response, method, uri string) (header, value string) {
	ask, header := "www-authenticate", "Authorization"
	switch res.StatusCode {
	case 401:
	case 407:
		ask, header = "proxy-authenticate", "Proxy-Authorization"
	default:
		return "", ""
	}
	t, realm := l.trunk(), l.realmNow()
	if t.Password == "" || !l.owns(res.Source()) {
		return "", ""
	}
	for _, h := range res.GetHeaders(ask) {
		c, err := digest.ParseChallenge(h.Value())
		if err != nil || realm != "" && c.Realm != realm || !digest.CanDigest(c) {
			continue
		}
		for i := range c.QOP {
			c.QOP[i] = strings.TrimSpace(c.QOP[i])
		}
		cred, err := digest.Digest(c, digest.Options{Method: method, URI: uri, Username: t.authUser(), Password: t.Password, Count: 1})
		if err != nil {
			continue
		}
		l.learn(c.Realm)
		return header, cred.String()
	}
	return "", ""
}

// staleIn tells whether a challenge says that only the nonce was too old.
func staleIn(res *sip.Response, name string) bool {
	for _, h := range res.GetHeaders(name) {
		if c, err := digest.ParseChallenge(h.Value()); err == nil && c.Stale {
			return true
		}
	}
	return false
}

func (l *line) learn(realm string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.realm == "" {
		l.realm = realm
	}
}

// owns tells whether an answer comes from the very server of the trunk: a peer from which calls may come is not enough.
func (l *line) owns(source string) bool {
	at, err := netip.ParseAddrPort(source)
	l.mu.Lock()
	defer l.mu.Unlock()
	return err == nil && slices.ContainsFunc(l.addrs, func(a netip.AddrPort) bool { return a.Addr() == at.Addr().Unmap() })
}

func splitHost(s string) (host string, port int) {
	h, p, err := net.SplitHostPort(s)
	if err != nil {
		return strings.Trim(s, "[]"), 0
	}
	n, _ := strconv.Atoi(p)
	return h, n
}
