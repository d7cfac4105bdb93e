package sipua

import (
	"net/netip"
	"strings"
	"time"

	"dovidka/internal/call"

	"github.com/emiago/sipgo/sip"
)

// Headers in which carriers say who calls whom.
const (
	HeaderRequest   = "Request-URI"
	HeaderTo        = "To"
	HeaderFrom      = "From"
	HeaderAsserted  = "P-Asserted-Identity"
	HeaderParty     = "Remote-Party-ID"
	HeaderDiversion = "Diversion"
	HeaderHistory   = "History-Info"
)

// whoHeaders is the order in which they are shown.
func whoHeaders() []string {
	return []string{HeaderRequest, HeaderTo, HeaderFrom, HeaderAsserted, HeaderParty, HeaderDiversion, HeaderHistory}
}

// rawIn gives the user part that a header of an INVITE holds, as the carrier wrote it. Of a chain of diversions it is the first
// called number: the last Diversion (RFC 5806 §4.1: the newest stands on top) and the first History-Info (RFC 7044 §5: by index).
func rawIn(req *sip.Request, header string) string {
	switch header {
	case HeaderRequest:
		return calledUser(&req.Recipient)
	case HeaderTo:
		return uriUser(&req.To().Address)
	case HeaderFrom:
		return uriUser(&req.From().Address)
	}
	var users []string
	for _, v := range values(req, header, "") {
		for _, spec := range addrSpecs(v) {
			var u sip.Uri
			if sip.ParseUri(spec, &u) == nil && spec != "" {
				users = append(users, uriUser(&u))
			}
		}
	}
	switch {
	case len(users) == 0:
		return ""
	case header == HeaderDiversion:
		return users[len(users)-1]
	}
	return users[0]
}

func uriUser(u *sip.Uri) string { return calledUser(u) }

// numberIn reads a header's number by the trunk's rules.
func (t Trunk) numberIn(req *sip.Request, header string) call.Number {
	return call.ParseNumber(rewrite(t.In, rawIn(req, header)))
}

// caller is who calls: the header that was learned, then what the carrier asserts (RFC 3325 §9), then what it says in the older way,
// then what the caller shows. None when the caller asks to hide it (RFC 3323 §4.2).
func (t Trunk) caller(req *sip.Request) call.Number {
	if private(req) {
		return ""
	}
	for _, h := range []string{t.Caller, HeaderAsserted, HeaderParty, HeaderFrom} {
		if h == "" {
			continue
		}
		if n := t.numberIn(req, h); n != "" {
			return n
		}
	}
	return ""
}

// private tells whether the caller asks for no name and number to be shown.
func private(req *sip.Request) bool {
	for _, v := range values(req, "privacy", "") {
		if v = strings.ToLower(v); strings.Contains(v, "id") || strings.Contains(v, "user") || strings.Contains(v, "header") {
			return true
		}
	}
	for _, v := range values(req, HeaderParty, "") {
		if v = strings.ToLower(v); strings.Contains(v, "privacy=full") || strings.Contains(v, "privacy=uri") {
			return true
		}
	}
	return false
}

// called is who is called: the header that was learned; else the Request-URI, or To where the carrier calls the login that we signed
// in with.
func (t Trunk) called(req *sip.Request) call.Number {
	if t.Called != "" {
		if n := t.numberIn(req, t.Called); n != "" {
			return n
		}
	}
	n := t.numberIn(req, HeaderRequest)
	if t.Register && string(n) == t.User || n == "" {
		if to := t.numberIn(req, HeaderTo); to != "" {
			return to
		}
	}
	return n
}

// Inspection is one INVITE laid open: for the person who teaches the program its carrier's habits. It is personal data.
type Inspection struct {
	At       time.Time
	From     netip.AddrPort
	Stranger bool // it came from an address that no trunk has; nothing else of it is kept
	Headers  []Inspected
}

// Inspected is one header: as it came, and the number in it.
type Inspected struct {
	Name, Value string
	Number      call.Number
}

// inspectFor bounds how long the next call is waited for.
const inspectFor = 10 * time.Minute

// Inspect keeps the next call of the trunk, whole, for who asked; what was kept is forgotten.
func (s *Server) Inspect(name string) {
	if l := s.line(name); l != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.armed, l.inspected = time.Now(), nil
	}
}

// Inspected gives what was kept, or nil; waiting tells that the next call will be.
func (s *Server) Inspected(name string) (i *Inspection, waiting bool) {
	l := s.line(name)
	if l == nil {
		return nil, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.inspected != nil && time.Since(l.inspected.At) > inspectFor {
		l.inspected = nil
	}
	return l.inspected, time.Since(l.armed) < inspectFor
}

// seen notes a call of the trunk, and lays it open when somebody waits for it.
func (l *line) seen(req *sip.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state.Invite = time.Now()
	if time.Since(l.armed) >= inspectFor {
		return
	}
	src, _ := netip.ParseAddrPort(req.Source())
	i := &Inspection{At: time.Now(), From: src}
	for _, h := range whoHeaders() {
		var v []string
		switch h {
		case HeaderRequest:
			v = []string{req.Recipient.String()}
		case HeaderTo:
			v = []string{req.To().Value()}
		case HeaderFrom:
			v = []string{req.From().Value()}
		default:
			v = values(req, h, "")
		}
		if len(v) > 0 {
			i.Headers = append(i.Headers, Inspected{h, clip(strings.Join(v, ", ")), l.t.numberIn(req, h)})
		}
	}
	l.armed, l.inspected = time.Time{}, i
}

// inspecting tells whether anybody waits for a call to look at.
func (s *Server) inspecting() bool {
	for _, l := range s.linesNow() {
		l.mu.Lock()
		armed := time.Since(l.armed) < inspectFor
		l.mu.Unlock()
		if armed {
			return true
		}
	}
	return false
}

// seenStranger tells who waits for a call that one came from an address that is not on the list.
func (l *line) seenStranger(src netip.AddrPort) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Since(l.armed) < inspectFor {
		l.inspected = &Inspection{At: time.Now(), From: src, Stranger: true}
	}
}

// clip keeps a header printable and short.
func clip(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
	if r := []rune(s); len(r) > 300 {
		return string(r[:300]) + "…"
	}
	return s
}
