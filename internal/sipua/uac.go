package sipua

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/fault"
	"dovidka/internal/media"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
)

// Target is whom to ring: the desk phone registered for an account, or a SIP URI.
type Target struct {
	AOR string // account of a registered phone
	URI string // or "sip:0800353608@192.0.2.1:5060;transport=tcp"
}

// DialOptions says as whom to ring.
type DialOptions struct {
	From     call.Number // shown to the far end; "" is anonymous
	FromName string      // display name, such as the topic
	Auth     *Credentials
	Timers   *Timers          // nil: as the server's
	Progress func(status int) // every provisional answer: 180, 183
	// Early is called when the far end sends sound before it answers (its own ringing tone, "the number is switched off"): it may be
	// played on to whoever waits. The port is closed when the call fails, and the leg's own when it is answered.
	Early func(*media.Port)
	// Elsewhere is the cause of a cancelled ctx that means: the call was answered at another telephone. The phone shows no missed call.
	Elsewhere error
}

// Credentials answer a challenge to our INVITE, in their own realm only.
type Credentials struct{ Realm, User, Password string }

// RefusedError is a final answer other than 2xx. Redirections are among them: we follow none.
type RefusedError struct {
	Status int
	Reason string
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("sipua: refused: %d %s", e.Status, e.Reason)
}

// ErrNoAnswer says that nobody answered the INVITE at all.
var ErrNoAnswer = errors.New("sipua: no answer from the far end")

// attempt is one call that we place: all its INVITEs and forks.
type attempt struct {
	s       *Server
	o       DialOptions
	uri     sip.Uri
	phone   string // account of the desk phone that is rung
	dest    string
	network string
	callID  string
	tag     string
	seq     uint32
	port    sound
	offer   []byte
	contact sip.Uri
	timers  Timers
	least   int    // Min-SE of those who found our session timer too short
	asked   int    // challenges in a row
	rel     bool   // they require reliable provisional answers
	heard   []byte // their description that the port has in force
	shown   bool   // the early media has been shown
	line    *line  // the trunk that it goes through; nil for phones

	elsewhere bool // another telephone has answered
	mu        sync.Mutex
	forks     map[string]*early       // by To tag
	acks      map[string]*sip.Request // by To tag: a repeated 2xx gets its ACK again, another tag is a fork
}

// Dial rings the target and returns when it has answered: the leg is up, with media. A cancelled ctx is a CANCEL; if the far end
// answers nevertheless, it gets its ACK and a BYE. Errors: a *RefusedError, ErrNoAnswer, the cause of ctx, or fault.NotFound when no
// phone is registered.
func (s *Server) Dial(ctx context.Context, t Target, o DialOptions) (*Leg, error) {
	uri, dest, network, err := s.route(t)
	if err != nil {
		return nil, err
	}
	return s.dial(ctx, &attempt{uri: uri, phone: t.AOR, dest: dest, network: network, o: o})
}

// dial makes the attempt that a says how to make.
func (s *Server) dial(ctx context.Context, a *attempt) (*Leg, error) {
	plain := &attempt{uri: a.uri, phone: a.phone, dest: a.dest, network: a.network, o: a.o, line: a.line}
	leg, err := s.try(ctx, a, a.network == "TLS")
	var r *RefusedError
	if a.network == "TLS" && errors.As(err, &r) && (r.Status == 488 || r.Status == 606) {
		return s.try(ctx, plain, false) // it does not speak SRTP: a call in the open is better than none
	}
	return leg, err
}

// askSecrecy makes a port ask for SRTP: the keys go by TLS.
func askSecrecy(p sound) {
	if m, ok := p.(interface{ SetSecrecy(media.Secrecy) }); ok {
		m.SetSecrecy(media.SecrecyAsked)
	}
}

func (s *Server) try(ctx context.Context, a *attempt, secret bool) (*Leg, error) {
	port, err := s.openFor(nil, a.dest)
	if err != nil {
		return nil, fmt.Errorf("sipua: dial: %w", err)
	}
	if secret {
		askSecrecy(port)
	}
	if a.line != nil {
		port = a.line.trunk().shape(port)
	}
	offer, err := port.Offer()
	if err != nil {
		port.Close()
		return nil, fmt.Errorf("sipua: dial: %w", err)
	}
	user := "dovidka"
	a.timers = s.o.Timers
	if a.o.Timers != nil {
		a.timers = *a.o.Timers
	}
	if a.line != nil {
		t := a.line.trunk()
		a.timers.Off = a.timers.Off || !t.Timers
		if t.User != "" {
			user = t.User
		}
	}
	a.s, a.callID, a.tag, a.seq, a.port, a.offer = s, strings.ToLower(rand.Text()), newTag(), 1, port, offer
	a.contact, a.acks, a.forks = s.contactFor(user, a.network, a.dest), map[string]*sip.Request{}, map[string]*early{}
	s.calls.dial(a)
	defer s.calls.dialled(a)
	leg, err := a.run(ctx)
	if err != nil && !errors.Is(err, errAbandoned) {
		port.Close()
	}
	if errors.Is(err, errAbandoned) {
		err = context.Cause(ctx)
	}
	return leg, err
}

// errAbandoned: the caller's ctx ended; the background owns the port and the transaction now.
var errAbandoned = errors.New("sipua: abandoned")

// route finds the way to a target: for a phone the address it registered from (NAT), for a URI its own.
func (s *Server) route(t Target) (uri sip.Uri, dest, network string, err error) {
	if t.AOR != "" {
		b, ok := s.reg.find(t.AOR, time.Now())
		if !ok {
			return uri, "", "", fault.New(fault.NotFound, "Телефон оператора не зареєстровано.")
		}
		return *b.contact.Clone(), b.source, b.network, nil
	}
	if err := sip.ParseUri(t.URI, &uri); err != nil || uri.Host == "" {
		return uri, "", "", fault.Wrap(fault.Invalid, "Незрозуміла адреса SIP.", fmt.Errorf("sipua: uri %q: %v", t.URI, err))
	}
	network = "UDP"
	if strings.EqualFold(param(uri.UriParams, "transport"), "tcp") {
		network = "TCP"
	}
	return uri, hostPort(uri), network, nil
}

// invite makes the next INVITE of the attempt.
func (a *attempt) invite() *sip.Request {
	req := sip.NewRequest(sip.INVITE, *a.uri.Clone())
	host := a.s.hostFor(a.network, a.dest)
	from := sip.Uri{Scheme: "sip", User: string(a.o.From), Host: host}
	if a.line != nil {
		from = a.line.trunk().from()
	} else if a.o.From == "" { // RFC 3323 §4.1.1.3
		from = sip.Uri{Scheme: "sip", User: "anonymous", Host: "anonymous.invalid"}
	}
	forwards := sip.MaxForwardsHeader(70)
	id := sip.CallIDHeader(a.callID)
	kind := sip.ContentTypeHeader("application/sdp")
	to := sip.Uri{Scheme: "sip", User: a.uri.User, Host: a.uri.Host, Port: a.uri.Port}
	for _, h := range []sip.Header{
		&forwards,
		&sip.FromHeader{DisplayName: plain(a.o.FromName), Address: from, Params: tagged(a.tag)},
		&sip.ToHeader{Address: to}, &id,
		&sip.CSeqHeader{SeqNo: a.seq, MethodName: sip.INVITE},
		&sip.ContactHeader{Address: a.contact},
		sip.NewHeader("Allow", a.allow()), &kind,
	} {
		req.AppendHeader(h)
	}
	able := a.timers.extensions()
	if a.rel { // only when asked: "PRACK only when required" keeps calls simple
		able = append(able, "100rel")
	}
	req.AppendHeader(sip.NewHeader("Supported", strings.Join(able, ", ")))
	wishTimer(req, a.timers, terms{seconds: max(a.timers.expires(), a.least)}, a.least)
	if a.line != nil {
		if id := a.line.trunk().identity(); id != nil {
			req.AppendHeader(id)
		}
	}
	req.SetBody(a.offer)
	a.s.send(req, a.network, a.dest)
	return req
}

func (a *attempt) allow() string { return (&Leg{phone: a.phone}).allow() }

// plain keeps a display name from breaking its quotes.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == '"' || r == '\\' || r == 0x7f {
			return -1
		}
		return r
	}, s)
}

func (a *attempt) run(ctx context.Context) (*Leg, error) {
	req := a.invite()
	for range 8 {
		res, err := a.try(ctx, req)
		if err != nil {
			return nil, err
		}
		if res.IsSuccess() {
			return a.confirm(req, res)
		}
		next := a.next(res)
		if next == nil {
			return nil, &RefusedError{res.StatusCode, res.Reason}
		}
		req = next
	}
	return nil, ErrNoAnswer // a far end that always wants something else
}

// next makes the INVITE that a refusal asks for; nil when it is final.
func (a *attempt) next(res *sip.Response) *sip.Request {
	switch res.StatusCode {
	case 401:
		return a.authorize(res, "www-authenticate", "Authorization")
	case 407:
		return a.authorize(res, "proxy-authenticate", "Proxy-Authorization")
	case 421: // RFC 3261 §21.4.21
		if lists(res, "require", "", "100rel") && !a.rel {
			a.rel, a.asked = true, 0
			a.seq++
			return a.invite()
		}
	case 422: // RFC 4028 §7.3
		if least := minOf(res); !a.timers.Off && least > a.least {
			a.least, a.asked = least, 0
			a.seq++
			return a.invite()
		}
	}
	return nil
}

// try sends one INVITE and waits for its final answer.
func (a *attempt) try(ctx context.Context, req *sip.Request) (*sip.Response, error) {
	tx, err := a.s.txl.Request(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("sipua: dial: %w", err)
	}
	tx.OnRetransmission(func(res *sip.Response) { a.again(req, res) })
	begun := false
	for {
		select {
		case res := <-tx.Responses():
			if !res.IsProvisional() {
				return res, nil
			}
			begun = true
			a.provisional(req, res)
		case <-tx.Done():
			if err := tx.Err(); err != nil && !errors.Is(err, sip.ErrTransactionTimeout) {
				return nil, fmt.Errorf("%w: %w", ErrNoAnswer, err)
			}
			return nil, ErrNoAnswer
		case <-a.s.done:
			tx.Terminate()
			return nil, ErrEnded
		case <-ctx.Done():
			a.s.byes.Add(1)
			a.elsewhere = a.o.Elsewhere != nil && errors.Is(context.Cause(ctx), a.o.Elsewhere)
			a.s.background("abandon", func() { defer a.s.byes.Add(-1); defer a.port.Close(); a.abandon(req, tx, begun) })
			return nil, errAbandoned
		}
	}
}

// abandon cancels an INVITE. CANCEL may go out only after a provisional answer (RFC 3261 §9.1); a 200 that crosses it is
// acknowledged and hung up, or the far end would talk to nobody – and a trunk would bill it.
func (a *attempt) abandon(req *sip.Request, tx *sip.ClientTx, heard bool) {
	limit := time.NewTimer(64 * a.s.o.T1)
	defer limit.Stop()
	if heard {
		a.cancel(req)
	}
	for {
		select {
		case res := <-tx.Responses():
			switch {
			case res.IsProvisional():
				if !heard {
					heard = true
					a.cancel(req)
				}
			case res.IsSuccess():
				a.hangUp(req, res)
				return
			default:
				return
			}
		case <-tx.Done():
			return
		case <-a.s.done:
			tx.Terminate()
			return
		case <-limit.C:
			tx.Terminate()
			return
		}
	}
}

// cancel sends CANCEL: the INVITE's own Via, Request-URI, From, To, Call-ID and number (RFC 3261 §9.1).
func (a *attempt) cancel(req *sip.Request) {
	c := sip.NewRequest(sip.CANCEL, *req.Recipient.Clone())
	c.AppendHeader(sip.HeaderClone(req.Via()))
	for _, h := range []sip.Header{req.MaxForwards(), req.From(), req.To(), req.CallID()} {
		c.AppendHeader(sip.HeaderClone(h))
	}
	c.AppendHeader(&sip.CSeqHeader{SeqNo: req.CSeq().SeqNo, MethodName: sip.CANCEL})
	if a.elsewhere { // RFC 3326 §2
		c.AppendHeader(sip.NewHeader("Reason", `SIP;cause=200;text="Call completed elsewhere"`))
	}
	c.SetBody(nil)
	c.SetTransport(req.Transport())
	c.SetDestination(req.Destination())
	c.Laddr = req.Laddr
	tx, err := a.s.txl.Request(context.Background(), c)
	if err != nil {
		a.s.log.Warn("sipua: cancel", "err", err)
		return
	}
	a.s.background("cancel", func() { a.s.drainTx(tx) })
}

// ack acknowledges a 2xx, in a transaction of its own (RFC 3261 §13.2.2.4), and remembers how.
func (a *attempt) ack(req *sip.Request, res *sip.Response) dialog {
	d, _ := a.settled(req, res)
	ack := a.s.inside(&d, sip.ACK, req.CSeq().SeqNo)
	a.mu.Lock()
	a.acks[d.remoteTag] = ack
	a.mu.Unlock()
	if err := a.s.tpl.WriteMsg(ack); err != nil {
		a.s.log.Warn("sipua: ack", "err", err)
	}
	return d
}

// again is every 2xx after the first: repeated, it gets its ACK again; from another fork, ACK and BYE.
func (a *attempt) again(req *sip.Request, res *sip.Response) {
	defer a.s.caught("fork")
	if res.To() == nil {
		return
	}
	a.mu.Lock()
	ack := a.acks[param(res.To().Params, "tag")]
	a.mu.Unlock()
	if ack != nil {
		_ = a.s.tpl.WriteMsg(ack)
		return
	}
	a.hangUp(req, res)
}

// hangUp acknowledges a 2xx that nobody wants and says BYE.
func (a *attempt) hangUp(req *sip.Request, res *sip.Response) {
	if res.To() == nil {
		return
	}
	d := a.ack(req, res)
	tx, err := a.s.txl.Request(context.Background(), a.s.inside(&d, sip.BYE, d.localSeq+1))
	if err != nil {
		a.s.log.Warn("sipua: bye", "err", err)
		return
	}
	a.s.byes.Add(1)
	a.s.background("bye", func() { defer a.s.byes.Add(-1); a.s.drainTx(tx) })
}

// confirm makes the leg of the first 2xx.
func (a *attempt) confirm(req *sip.Request, res *sip.Response) (*Leg, error) {
	if res.To() == nil {
		return nil, &RefusedError{res.StatusCode, "без To"}
	}
	d, early := a.settled(req, res)
	sdp, _ := sdpOf(res)
	if sdp == nil { // the answer was in a reliable 183 of the same fork, or in one of those far ends that take any 183 for one
		sdp = early
	}
	err := errors.New("sipua: a 200 without a session description")
	if sdp != nil {
		err = a.hear(sdp)
	}
	if err != nil {
		a.hangUp(req, res)
		return nil, fmt.Errorf("sipua: dial: %w", err)
	}
	l := &Leg{s: a.s, id: string(call.NewID(time.Now())), from: a.o.From, to: call.ParseNumber(a.uri.User), dialled: true,
		port: a.port, done: make(chan struct{}), state: talking, media: true, phone: a.phone}
	if a.line != nil {
		t := a.line.trunk()
		l.line, l.from = t.Name, t.CallerID
	}
	if l.phone != "" {
		l.refers = make(chan Refer, 1)
	}
	l.d, l.timers = d, a.timers
	l.session.least = a.least
	l.note(res)
	if !l.timers.Off {
		l.startTimer(termsOf(res), false)
	}
	a.s.calls.add(l) // before the ACK: their next request may be quick
	a.ack(req, res)
	l.watch()
	return l, nil
}

// authorize answers a challenge to our INVITE, in the realm of our credentials only: any other would be a stranger collecting
// digests. A second challenge is answered only when it says that the first nonce was stale.
func (a *attempt) authorize(res *sip.Response, ask, give string) *sip.Request {
	try := a.asked
	a.asked++
	if a.line != nil { // a trunk answers by its own rules: only its own server, and the realm that is known
		header, value := a.line.credentials(res, "INVITE", a.uri.String())
		if value == "" || try > 1 || try == 1 && !staleIn(res, ask) {
			return nil
		}
		a.seq++
		req := a.invite()
		req.AppendHeader(sip.NewHeader(header, value))
		return req
	}
	if a.o.Auth == nil || a.o.Auth.Realm == "" {
		return nil
	}
	for _, h := range res.GetHeaders(ask) {
		c, err := digest.ParseChallenge(h.Value())
		if err != nil || c.Realm != a.o.Auth.Realm || try > 1 || try == 1 && !c.Stale || !digest.CanDigest(c) {
			continue
		}
		for i := range c.QOP {
			c.QOP[i] = strings.TrimSpace(c.QOP[i])
		}
		cred, err := digest.Digest(c, digest.Options{Method: "INVITE", URI: a.uri.String(), Username: a.o.Auth.User, Password: a.o.Auth.Password, Count: 1})
		if err != nil {
			continue
		}
		a.seq++
		req := a.invite()
		req.AppendHeader(sip.NewHeader(give, cred.String()))
		return req
	}
	return nil
}
