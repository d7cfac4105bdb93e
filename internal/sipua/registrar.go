package sipua

import (
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Bounds of a registration (RFC 3261 §10.3). A phone behind a NAT keeps its hole open by registering, so an hour is the most.
const (
	minExpires     = 60
	maxExpires     = 3600
	maxContacts    = 5 // per account
	defaultExpires = 600
)

// binding is one phone of an account: reached where it registered from, not where it believes to be.
type binding struct {
	contact sip.Uri
	source  string
	network string
	until   time.Time
	callID  string
	seq     uint32
}

// registrar keeps the desk phones' bindings. It is in memory: a phone registers again by itself.
type registrar struct {
	o     Options
	guard *doorkeeper

	mu     sync.Mutex
	phones map[string][]binding // by account; the newest first
	timers map[string]*time.Timer
}

func newRegistrar(o Options) *registrar {
	return &registrar{o: o, guard: newDoorkeeper(o.Realm, o.Account), phones: map[string][]binding{}, timers: map[string]*time.Timer{}}
}

// find gives the newest living binding of an account.
func (r *registrar) find(aor string, now time.Time) (binding, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, b := range r.phones[aor] {
		if b.until.After(now) {
			return b, true
		}
	}
	return binding{}, false
}

// livesAt tells whether a phone of the account has registered from the address.
func (r *registrar) livesAt(aor, ip string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.phones[aor], func(b binding) bool {
		host, _, _ := net.SplitHostPort(b.source)
		return host == ip && b.until.After(now)
	})
}

func (r *registrar) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range r.timers {
		t.Stop()
	}
}

// onRegister authenticates a phone and keeps its address. The account is the user of To; nobody registers for another.
func (s *Server) onRegister(req *sip.Request, tx *sip.ServerTx) {
	now := time.Now()
	if to := req.To().Address; to.Scheme != "sip" && to.Scheme != "sips" { // RFC 3261 §10.3 step 5, RFC 4475 §3.3.4 `unksm2`
		s.reply(tx, req, 400)
		return
	}
	auth := ""
	if h := req.GetHeader("authorization"); h != nil {
		auth = h.Value()
	}
	v := s.reg.guard.judge(auth, "REGISTER", req.Source(), now)
	if v.status != 0 {
		s.reply(tx, req, v.status, v.header)
		return
	}
	if v.user != calledUser(&req.To().Address) {
		s.reply(tx, req, 403)
		return
	}
	asked, status := contacts(req)
	if status != 0 {
		s.reply(tx, req, status, sip.NewHeader("Min-Expires", strconv.Itoa(minExpires)))
		return
	}
	before, after, ok := s.reg.update(v.user, asked, req, now)
	if !ok { // RFC 3261 §10.3 step 7: an older request than the one that made the binding
		s.reply(tx, req, 500)
		return
	}
	s.porch.welcome(req.Source(), 2) // the challenged one's too
	s.reply(tx, req, 200, s.reg.list(v.user, now)...)
	if before != after && s.o.OnRegister != nil {
		s.o.OnRegister(v.user, after)
	}
	if !before && after {
		s.log.Info("phone registered", "agent", v.user)
	}
}

// wish is one Contact of a REGISTER; all: "Contact: *" with Expires 0 takes every binding away.
type wish struct {
	uri     sip.Uri
	seconds int
	all     bool
}

// contacts reads what a REGISTER wants; status 400 or 423 when it cannot be had (RFC 3261 §10.2.2, §10.3 steps 6 and 7).
func contacts(req *sip.Request) ([]wish, int) {
	general := defaultExpires
	if h := req.GetHeader("expires"); h != nil {
		if n, err := strconv.ParseUint(strings.TrimSpace(h.Value()), 10, 32); err == nil {
			general = int(min(n, maxExpires))
		}
	}
	var out []wish
	for _, h := range append(req.GetHeaders("contact"), req.GetHeaders("m")...) {
		c, ok := h.(*sip.ContactHeader)
		if !ok {
			continue
		}
		if c.Address.Wildcard {
			if general != 0 {
				return nil, 400
			}
			out = append(out, wish{all: true})
			continue
		}
		if gateURI(&c.Address) != nil || c.Address.Scheme == "tel" {
			return nil, 400
		}
		seconds := general
		if n, err := strconv.ParseUint(param(c.Params, "expires"), 10, 32); err == nil {
			seconds = int(min(n, maxExpires))
		}
		if seconds > 0 && seconds < minExpires {
			return nil, 423
		}
		out = append(out, wish{uri: *c.Address.Clone(), seconds: seconds})
	}
	if len(out) > 1 && slices.ContainsFunc(out, func(w wish) bool { return w.all }) {
		return nil, 400
	}
	return out, 0
}

// update changes the bindings of an account as one act; before and after tell whether any phone was and is there.
func (r *registrar) update(aor string, asked []wish, req *sip.Request, now time.Time) (before, after, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := slices.DeleteFunc(slices.Clone(r.phones[aor]), func(b binding) bool { return !b.until.After(now) })
	before = len(list) > 0
	callID, seq := req.CallID().Value(), req.CSeq().SeqNo
	for _, w := range asked {
		older := func(b binding) bool { return b.callID == callID && b.seq >= seq }
		mine := func(b binding) bool { return w.all || sameContact(&b.contact, &w.uri) }
		if slices.ContainsFunc(list, func(b binding) bool { return mine(b) && older(b) }) {
			return before, before, false
		}
		list = slices.DeleteFunc(list, mine)
		if !w.all && w.seconds > 0 {
			list = slices.Insert(list, 0, binding{contact: w.uri, source: req.Source(), network: req.Transport(),
				until: now.Add(time.Duration(w.seconds) * time.Second), callID: callID, seq: seq})
		}
	}
	if len(list) > maxContacts {
		list = list[:maxContacts]
	}
	r.keep(aor, list, now)
	return before, len(list) > 0, true
}

// keep stores the list and wakes up when its last binding runs out.
func (r *registrar) keep(aor string, list []binding, now time.Time) {
	if t := r.timers[aor]; t != nil {
		t.Stop()
		delete(r.timers, aor)
	}
	if len(list) == 0 {
		delete(r.phones, aor)
		return
	}
	r.phones[aor] = list
	last := slices.MaxFunc(list, func(a, b binding) int { return a.until.Compare(b.until) }).until
	r.timers[aor] = time.AfterFunc(last.Sub(now), func() { r.expire(aor, last) })
}

func (r *registrar) expire(aor string, last time.Time) {
	r.mu.Lock()
	gone := false
	if list := r.phones[aor]; len(list) > 0 && !slices.ContainsFunc(list, func(b binding) bool { return b.until.After(last) }) {
		delete(r.phones, aor)
		delete(r.timers, aor)
		gone = true
	}
	r.mu.Unlock()
	if gone && r.o.OnRegister != nil {
		r.o.OnRegister(aor, false)
	}
}

// list says what is registered (RFC 3261 §10.3 step 8).
func (r *registrar) list(aor string, now time.Time) []sip.Header {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []sip.Header
	for _, b := range r.phones[aor] {
		left := int(b.until.Sub(now).Round(time.Second) / time.Second)
		out = append(out, &sip.ContactHeader{Address: *b.contact.Clone(), Params: sip.HeaderParams{{K: "expires", V: strconv.Itoa(left)}}})
	}
	return append(out, sip.NewHeader("Date", now.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")))
}

// sameContact compares addresses as far as it matters for phones (RFC 3261 §19.1.4).
func sameContact(a, b *sip.Uri) bool {
	return a.User == b.User && strings.EqualFold(a.Host, b.Host) && a.Port == b.Port &&
		strings.EqualFold(param(a.UriParams, "transport"), param(b.UriParams, "transport"))
}
