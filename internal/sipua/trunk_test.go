package sipua

import (
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/fault"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
)

func TestTrunkSignsInAndStaysSignedIn(t *testing.T) {
	c, h := newCarrier(t), serve(t, nil)
	c.set(func() { c.expires = 2 })
	h.SetTrunks([]Trunk{c.trunk(func(t *Trunk) { t.Peers = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/28")} })})
	st := h.state("binotel", up)
	if !st.Registered || st.Register != 200 || st.Options != 200 || st.Addr != c.addr || time.Until(st.Until) > 2*time.Second {
		t.Errorf("%+v", st)
	}
	first := c.all("REGISTER")
	if len(first) < 2 || head(first[0], "Authorization") != "" || !strings.Contains(head(first[1], "Contact"), "<sip:100200@"+h.Addr().String()+">") ||
		head(first[0], "Call-ID") != head(first[1], "Call-ID") || !strings.HasPrefix(first[0], "REGISTER sip:127.0.0.1 SIP/2.0") {
		t.Errorf("%q", first)
	}
	h.until(func() bool { return len(c.all("REGISTER")) >= 4 }) // before the two seconds are over
	if st := h.state("binotel", up); time.Since(st.Since) < time.Second {
		t.Errorf("it was down in between: %+v", st)
	}
	if !h.Peer(netip.MustParseAddr("127.0.0.1")) || !h.Peer(netip.MustParseAddr("203.0.113.3")) || h.Peer(netip.MustParseAddr("203.0.113.16")) {
		t.Error("peers")
	}
	h.Close()
	last := c.all("REGISTER")
	if head(last[len(last)-1], "Expires") != "0" {
		t.Error("it left without signing off")
	}
}

func TestTrunkAnswersOnlyItsOwnCarrier(t *testing.T) {
	c, h := newCarrier(t), serve(t, nil)
	h.SetTrunks([]Trunk{c.trunk(func(t *Trunk) { t.Realm = "another.example" })})
	h.state("binotel", func(s TrunkState) bool { return s.Fails >= 2 && s.Failure == "refused" && s.Register == 401 })
	for _, r := range c.all("REGISTER") {
		if head(r, "Authorization") != "" {
			t.Fatal("credentials went to a realm that is not the trunk's")
		}
	}
	h.SetTrunks([]Trunk{c.trunk(nil)})
	h.state("binotel", up)
	c.set(func() { c.realm, c.got = "thief.example", nil }) // learned once: another realm is somebody else's
	h.Try("binotel")
	h.state("binotel", gone)
	for _, r := range c.all("REGISTER") {
		if head(r, "Authorization") != "" {
			t.Fatal("a second realm was answered")
		}
	}
}

func TestTrunkGoesDownAndComesBack(t *testing.T) {
	c, h := newCarrier(t), serve(t, nil)
	h.SetTrunks([]Trunk{c.trunk(nil)})
	h.state("binotel", up)
	c.set(func() { c.down = true })
	st := h.state("binotel", gone)
	if st.Options != 0 || time.Since(st.Since) > time.Second {
		t.Errorf("%+v", st)
	}
	c.set(func() { c.down = false })
	h.state("binotel", up)
	c.set(func() { c.options = 503 })
	h.state("binotel", gone)
	c.set(func() { c.options = 405 }) // a carrier without OPTIONS is alive
	h.state("binotel", up)
}

func TestWrongPasswordIsNotHammered(t *testing.T) {
	c, h := newCarrier(t), serve(t, nil)
	h.SetTrunks([]Trunk{c.trunk(func(t *Trunk) { t.Password = "wrong" })})
	h.state("binotel", func(s TrunkState) bool { return s.Fails == 3 && s.Register == 401 })
	if n := len(c.all("REGISTER")); n != 6 { // each try: one challenge, one answer
		t.Errorf("%d REGISTERs for 3 tries", n)
	}
}

func TestPause(t *testing.T) {
	base, before := 2*time.Second, time.Duration(0)
	for fails := 1; fails < 40; fails++ {
		least, most := pause(fails, 0, base), pause(fails, 1, base)
		if least != most/2 || most > 5*time.Minute || most < before || fails == 1 && most != base {
			t.Fatalf("after %d: %v to %v", fails, least, most)
		}
		before = most
	}
	if before != 5*time.Minute {
		t.Error(before)
	}
}

func TestTooShortAnExpiry(t *testing.T) {
	c, h := newCarrier(t), serve(t, nil)
	c.set(func() { c.least, c.expires = 300, 300 })
	h.SetTrunks([]Trunk{c.trunk(nil)})
	h.state("binotel", func(s TrunkState) bool { return s.Up && time.Until(s.Until) > 250*time.Second })
}

func TestANewNetworkIsNoticed(t *testing.T) {
	c := newCarrier(t)
	var own atomic.Value
	own.Store("192.0.2.1")
	h := serve(t, func(o *Options) { o.route = func(string) string { return own.Load().(string) } })
	h.SetTrunks([]Trunk{c.trunk(func(t *Trunk) { t.Keepalive = 0 })})
	h.state("binotel", up)
	n := len(c.all("REGISTER"))
	own.Store("192.0.2.77")
	h.until(func() bool { return len(c.all("REGISTER")) > n })
}

func TestOutboundProxyAndAuthLogin(t *testing.T) {
	c, h := newCarrier(t), serve(t, nil)
	h.SetTrunks([]Trunk{c.trunk(func(t *Trunk) {
		t.Server, t.Proxy, t.User, t.AuthUser = "carrier.example:5070", c.addr, "0800353608", "100200"
	})})
	h.state("binotel", up)
	r := c.all("REGISTER")[1]
	if !strings.HasPrefix(r, "REGISTER sip:carrier.example SIP/2.0") || !strings.Contains(head(r, "To"), "sip:0800353608@carrier.example") ||
		!strings.Contains(head(r, "Authorization"), `username="100200"`) {
		t.Error(r)
	}
}

func TestANameThatDoesNotResolve(t *testing.T) {
	h := serve(t, nil)
	h.SetTrunks([]Trunk{{Name: "x", Register: true, Server: "127.0.0.1.invalid:5060", User: "u"}})
	if st := h.state("x", func(s TrunkState) bool { return s.Failure == "resolve" }); st.Addr != "" || st.Resolve == "" {
		t.Errorf("%+v", st)
	}
}

// elsewhere is a caller from another address than the carrier's.
func (h *house) elsewhere() *citizen {
	c := h.citizen()
	pc, err := net.ListenPacket("udp4", "127.0.0.2:0")
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { pc.Close() })
	c.rogue.c.Close()
	r := &rogue{t: h.t, c: pc, to: c.to, in: make(chan msg, 64), addr: pc.LocalAddr().String()}
	go func() {
		buf := make([]byte, 65536)
		for {
			n, from, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			r.in <- msg{string(buf[:n]), from}
		}
	}()
	c.rogue = r
	return c
}

func TestCallsFromElsewhereAreNotCitizens(t *testing.T) {
	h := serve(t, nil)
	stranger := h.elsewhere()
	h.up(stranger) // without trunks everybody's calls are taken, as in the demonstration
	c := newCarrier(t)
	h.SetTrunks([]Trunk{c.trunk(nil)})
	h.state("binotel", up)
	second := h.elsewhere()
	second.invite(goodSDP)
	second.want("SIP/2.0 403")
	if s := <-h.refused; s != "403" {
		t.Error(s)
	}
	if s := h.LastStranger(); s.Addr.String() != "127.0.0.2" {
		t.Errorf("%+v", s)
	}
	h.up(h.citizen()) // from the carrier's address
	h.SetTrunks(nil)
	h.up(h.elsewhere())
}

func TestADeskPhoneMayCallTheLineDespiteTrunks(t *testing.T) {
	c := newCarrier(t)
	h := serve(t, func(o *Options) {
		o.Account = func(u string) (string, bool) { return HA1("olena", "dovidka", "phone"), u == "olena" }
	})
	h.SetTrunks([]Trunk{c.trunk(nil)})
	h.state("binotel", up)
	p := h.elsewhere()
	p.invite(goodSDP)
	refused := p.want("SIP/2.0 401")
	p.seq = 2
	p.extra = "Authorization: " + authFor(t, refused, "INVITE", "sip:0800353608@"+p.to.String(), "olena", "wrong") + "\r\n"
	p.invite(goodSDP)
	p.want("SIP/2.0 401")
}

func TestADeskPhoneWithItsPassword(t *testing.T) {
	c := newCarrier(t)
	h := serve(t, func(o *Options) {
		o.Account = func(u string) (string, bool) { return HA1("olena", "dovidka", "phone"), u == "olena" }
	})
	h.SetTrunks([]Trunk{c.trunk(nil)})
	h.state("binotel", up)
	p := h.elsewhere()
	p.invite(goodSDP)
	refused := p.want("SIP/2.0 401")
	p.seq = 2
	p.extra = "Authorization: " + authFor(t, refused, "INVITE", "sip:0800353608@"+p.to.String(), "olena", "phone") + "\r\n"
	if l := h.up(p); l.From() != "olena" || l.Trunk() != "" {
		t.Errorf("%q by %q", string(l.From()), l.Trunk())
	}
}

// authFor answers a challenge.
func authFor(t *testing.T, refused, method, uri, user, password string) string {
	t.Helper()
	c, err := digest.ParseChallenge(head(refused, "WWW-Authenticate"))
	if err != nil {
		t.Fatal(err)
	}
	cred, err := digest.Digest(c, digest.Options{Method: method, URI: uri, Username: user, Password: password, Count: 1})
	if err != nil {
		t.Fatal(err)
	}
	return cred.String()
}

// lockedText is a log that several goroutines write.
type lockedText struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}
func (l *lockedText) String() string { l.mu.Lock(); defer l.mu.Unlock(); return l.b.String() }

func TestChannels(t *testing.T) {
	c, h := newCarrier(t), serve(t, nil)
	h.SetTrunks([]Trunk{c.trunk(func(t *Trunk) { t.Channels = 2 })})
	h.state("binotel", up)
	first := h.up(h.citizen())
	out, err := h.DialTrunk(t.Context(), "binotel", "+380442000001", DialOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if st := h.state("binotel", up); st.Busy != 2 || first.Trunk() != "binotel" || out.Trunk() != "binotel" {
		t.Errorf("%+v", st)
	}
	third := h.citizen()
	third.invite(goodSDP)
	third.want("SIP/2.0 503")
	if _, err := h.DialTrunk(t.Context(), "binotel", "+380442000001", DialOptions{}); !fault.Is(err, fault.Busy) {
		t.Error(err)
	}
	out.Hangup("")
	over(t, out, "us")
	h.state("binotel", func(s TrunkState) bool { return s.Busy == 1 })
	if _, err := h.DialTrunk(t.Context(), "binotel", "+380442000001", DialOptions{}); err != nil {
		t.Error(err)
	}
}

func TestCallingOutThroughATrunk(t *testing.T) {
	c, h := newCarrier(t), serve(t, nil)
	c.set(func() { c.invite = 407 })
	h.SetTrunks([]Trunk{c.trunk(func(t *Trunk) {
		t.CallerID, t.Out = "+380800353608", []Prefix{{"38044", "044"}}
	})})
	h.state("binotel", up)
	l, err := h.DialTrunk(t.Context(), "binotel", "+380442000001", DialOptions{})
	if err != nil {
		t.Fatal(err)
	}
	sent := c.all("INVITE")
	if len(sent) != 2 || !strings.HasPrefix(sent[1], "INVITE sip:0442000001@127.0.0.1 SIP/2.0") || !strings.Contains(head(sent[1], "From"), "sip:100200@127.0.0.1") ||
		!strings.Contains(head(sent[1], "P-Preferred-Identity"), "380800353608") || head(sent[0], "Proxy-Authorization") != "" {
		t.Errorf("%q", sent)
	}
	l.Hangup("")
	over(t, l, "us")
	h.until(func() bool { return len(c.all("BYE")) == 1 })
	h.SetTrunks([]Trunk{c.trunk(func(t *Trunk) { t.Register, t.CallerID, t.Format = false, "+380800353608", call.FormatPlus })})
	if l, err = h.DialTrunk(t.Context(), "binotel", "+380442000001", DialOptions{}); err != nil {
		t.Fatal(err)
	}
	sent = c.all("INVITE")
	if last := sent[len(sent)-1]; !strings.HasPrefix(last, "INVITE sip:+380442000001@") || !strings.Contains(head(last, "From"), "sip:+380800353608@") || head(last, "P-Preferred-Identity") != "" {
		t.Error(last)
	}
	l.Hangup("")
	over(t, l, "us")
	if _, err := h.DialTrunk(t.Context(), "nobody", "1", DialOptions{}); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
}

func TestTrunksAreSwappedWhileTheyWork(t *testing.T) {
	c, h := newCarrier(t), serve(t, nil)
	h.SetTrunks([]Trunk{c.trunk(nil)})
	h.state("binotel", up)
	call := h.up(h.citizen())
	n := len(c.all("REGISTER"))
	h.SetTrunks([]Trunk{c.trunk(func(t *Trunk) { t.Called, t.Channels = HeaderTo, 5 })})
	if st := h.state("binotel", up); st.Channels != 5 || st.Busy != 1 || len(c.all("REGISTER")) != n {
		t.Errorf("a rule made it sign in anew: %+v", st)
	}
	h.SetTrunks([]Trunk{c.trunk(func(t *Trunk) { t.Expires = time.Hour })})
	h.until(func() bool { return len(c.all("REGISTER")) > n })
	h.state("binotel", up)
	h.SetTrunks(nil)
	h.until(func() bool { r := c.all("REGISTER"); return head(r[len(r)-1], "Expires") == "0" })
	if len(h.Trunks()) != 0 {
		t.Error("still there")
	}
	select {
	case <-call.Done():
		t.Error("the call was ended")
	default:
	}
}

func TestLadderHoldsNothingPersonal(t *testing.T) {
	c, h := newCarrier(t), serve(t, nil)
	h.SetTrunks([]Trunk{c.trunk(nil)})
	h.state("binotel", up)
	h.up(h.citizen())
	var all strings.Builder
	for _, r := range h.Ladder("binotel") {
		all.WriteString(strings.Join([]string{map[bool]string{true: ">", false: "<"}[r.Out], r.Text, r.Seq, r.Call, r.Far, "\n"}, " "))
	}
	s := all.String()
	for _, want := range []string{"> REGISTER 1 REGISTER", "< 401 Unauthorized 1 REGISTER", "> REGISTER 2 REGISTER", "< 200 OK 2 REGISTER", "> OPTIONS 3 OPTIONS", "< INVITE 1 INVITE", "> 200 OK 1 INVITE", "< ACK"} {
		if !strings.Contains(s, want) {
			t.Errorf("%q is missing in\n%s", want, s)
		}
	}
	for _, secret := range []string{carrierPassword, "38067", "800353608", "Digest", "nonce", "100200", "sip:"} {
		if strings.Contains(s, secret) {
			t.Errorf("%q stands in\n%s", secret, s)
		}
	}
	for range 3 * maxRungs {
		h.linesNow()[0].ladder.add(Rung{})
	}
	if n := len(h.Ladder("binotel")); n != maxRungs {
		t.Error(n)
	}
}

func TestOurNumbersOfATrunk(t *testing.T) {
	c := newCarrier(t)
	h := serve(t, func(o *Options) {
		o.Known = func(u string) bool { return call.ParseNumber(u) == "+380800353608" }
	})
	h.SetTrunks([]Trunk{c.trunk(nil)})
	h.state("binotel", up)
	h.up(h.citizen())
	technical := h.citizen()
	technical.user = "380441112233"
	technical.invite(goodSDP)
	technical.want("SIP/2.0 404")
	h.SetTrunks([]Trunk{c.trunk(func(t *Trunk) { t.Numbers = []call.Number{"+380441112233"} })})
	technical = h.citizen()
	technical.user = "380441112233"
	if l := h.up(technical); l.To() != "+380441112233" {
		t.Error(l.To())
	}
	login := h.citizen()
	login.user = "100200" // what we registered is ours
	h.up(login)
}

func TestInspector(t *testing.T) {
	c, h := newCarrier(t), serve(t, nil)
	h.SetTrunks([]Trunk{c.trunk(nil)})
	h.state("binotel", up)
	h.up(h.citizen())
	if i, waiting := h.Inspected("binotel"); i != nil || waiting {
		t.Error("kept without being asked")
	}
	h.Inspect("binotel")
	if i, waiting := h.Inspected("binotel"); i != nil || !waiting {
		t.Error("not waiting")
	}
	foreign := h.elsewhere()
	foreign.invite(goodSDP)
	foreign.want("SIP/2.0 403")
	if i, waiting := h.Inspected("binotel"); i == nil || !i.Stranger || i.From.Addr().String() != "127.0.0.2" || len(i.Headers) > 0 || !waiting {
		t.Errorf("%+v", i)
	}
	p := h.citizen()
	p.extra = "Diversion: <sip:0800353608@x>;reason=unconditional\r\nP-Asserted-Identity: <sip:+380501112233@x>\r\n"
	h.up(p)
	i, waiting := h.Inspected("binotel")
	if i == nil || i.Stranger || waiting {
		t.Fatalf("%+v", i)
	}
	found := map[string]call.Number{}
	for _, x := range i.Headers {
		found[x.Name] = x.Number
	}
	for name, n := range map[string]call.Number{HeaderRequest: "+380800353608", HeaderFrom: "+380670000067", HeaderAsserted: "+380501112233", HeaderDiversion: "+380800353608"} {
		if found[name] != n {
			t.Errorf("%s: %q", name, found[name])
		}
	}
	h.Inspect("binotel")
	if i, _ := h.Inspected("binotel"); i != nil {
		t.Error("the former call is still shown")
	}
}

func TestTrunkOverTCP(t *testing.T) {
	c, h := carrierAt(t, "tcp", "127.0.0.1:0", nil), serve(t, nil)
	h.SetTrunks([]Trunk{c.trunk(nil)})
	h.state("binotel", up)
	if r := c.all("REGISTER")[0]; !strings.Contains(head(r, "Contact"), "transport=tcp") || !strings.Contains(head(r, "Via"), "SIP/2.0/TCP") {
		t.Error(r)
	}
	l, err := h.DialTrunk(t.Context(), "binotel", "+380442000001", DialOptions{})
	if err != nil {
		t.Fatal(err)
	}
	l.Hangup("")
	over(t, l, "us")
	h.until(func() bool { return len(c.all("BYE")) == 1 })
	c.set(func() { // the carrier restarts: its connections are gone
		for a, s := range c.streams {
			s.Close()
			delete(c.streams, a)
		}
	})
	n := len(c.all("OPTIONS"))
	h.until(func() bool { return len(c.all("OPTIONS")) > n })
	h.state("binotel", up)
}

func TestTrunkOverTLSChecksTheName(t *testing.T) {
	cert, pool := certificate(t, "127.0.0.1", "carrier.example")
	c := carrierAt(t, "tls", "127.0.0.1:0", cert)
	h := serve(t, func(o *Options) { o.Roots = pool })
	h.SetTrunks([]Trunk{c.trunk(func(t *Trunk) { t.Transport, t.Server, t.Proxy = "tls", "carrier.example", c.addr })})
	h.state("binotel", up)
	if r := c.all("REGISTER")[0]; !strings.Contains(head(r, "Contact"), "transport=tls") || !strings.Contains(head(r, "Via"), "SIP/2.0/TLS") {
		t.Error(r)
	}
	before := len(c.all("REGISTER"))
	other := serve(t, func(o *Options) { o.Roots = pool })
	other.SetTrunks([]Trunk{c.trunk(func(t *Trunk) { t.Transport, t.Server, t.Proxy = "tls", "thief.example", c.addr })})
	other.state("binotel", func(s TrunkState) bool { return s.Failure == "certificate" })
	unknown := serve(t, nil) // the system's authorities do not know it
	unknown.SetTrunks([]Trunk{c.trunk(func(t *Trunk) { t.Transport, t.Server, t.Proxy = "tls", "carrier.example", c.addr })})
	unknown.state("binotel", func(s TrunkState) bool { return s.Failure == "certificate" })
	for _, r := range c.all("REGISTER")[before:] {
		if !strings.Contains(head(r, "Contact"), h.Addr().String()) {
			t.Fatal("something was sent to a server that is not who it says")
		}
	}
}

func TestTwoTrunksOfOneCarrier(t *testing.T) {
	c, h := newCarrier(t), serve(t, nil)
	h.SetTrunks([]Trunk{c.trunk(func(t *Trunk) { t.Name, t.User, t.Register = "one", "100201", false }),
		c.trunk(func(t *Trunk) { t.Name, t.User, t.Register = "two", "100202", false })})
	h.state("one", up)
	h.state("two", up)
	p := h.citizen()
	p.user = "100202"
	if l := h.up(p); l.Trunk() != "two" {
		t.Error(l.Trunk())
	}
	p = h.citizen()
	p.user = "100201"
	if l := h.up(p); l.Trunk() != "one" {
		t.Error(l.Trunk())
	}
}

func TestPeersWithoutAServer(t *testing.T) {
	h := serve(t, nil)
	h.SetTrunks([]Trunk{{Name: "static", Peers: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/31")}}})
	h.state("static", up)
	if l := h.up(h.citizen()); l.Trunk() != "static" {
		t.Error(l.Trunk())
	}
	e := h.elsewhere()
	e.invite(goodSDP)
	e.want("SIP/2.0 403")
}

func TestNothingOfATrunkIsLogged(t *testing.T) {
	var out lockedText
	c := newCarrier(t)
	h := serve(t, func(o *Options) { o.Log = slog.New(slog.NewTextHandler(&out, nil)) })
	h.SetTrunks([]Trunk{c.trunk(nil)})
	h.state("binotel", up)
	if _, err := h.DialTrunk(t.Context(), "binotel", "+380442000001", DialOptions{}); err != nil {
		t.Error(err)
	}
	h.Close()
	if s := out.String(); strings.Contains(s, carrierPassword) || strings.Contains(s, "44200") || !strings.Contains(s, "trunk=binotel up=true") {
		t.Error(s)
	}
}

// TestAChallengeFromElsewhereIsNotAnswered: an answer that another machine slips in learns no realm and gets no digest.
func TestAChallengeFromElsewhereIsNotAnswered(t *testing.T) {
	l := newLine(serve(t, nil).Server, Trunk{Name: "x", User: "100200", Password: carrierPassword})
	l.addrs = []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:5060")}
	m, err := sip.NewParser().ParseSIP([]byte("SIP/2.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"thief.example\", nonce=\"n\", algorithm=MD5, qop=\"auth\"\r\nContent-Length: 0\r\n\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	res := m.(*sip.Response)
	res.SetSource("127.0.0.2:5060")
	if _, v := l.credentials(res, "REGISTER", "sip:x"); v != "" || l.realmNow() != "" {
		t.Errorf("%q %q", v, l.realmNow())
	}
	res.SetSource("127.0.0.1:5060")
	if _, v := l.credentials(res, "REGISTER", "sip:x"); v == "" || l.realmNow() != "thief.example" {
		t.Error("its own server's challenge is not answered")
	}
}
