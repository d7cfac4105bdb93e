// Package sipua is the centre's SIP user agent: it answers the citizens' INVITEs, rings desk phones and keeps their registrations.
//
// What it owns: the SIP sockets (UDP, TCP and TLS, IPv4 and IPv6), every dialog, the carriers' trunks, the desk phones' bindings and
// their digest nonces. It stands on sipgo for parsing, transports and transactions only; the dialog layer is its own. What it never does: decide what a
// caller hears, read a database, follow a redirection, place or move a call for a stranger (a REFER of a desk phone is handed on).
//
// Invariants, each with a test:
//   - no message, however broken, ends the server or another call: bytes are tried in a guard before sipgo reads them, every
//     request passes a gate before any handler, every handler and every call has its own recover (RFC 4475);
//   - a leg ends exactly once, with one cause, whoever ends it; BYE goes out before the media closes;
//   - a 2xx is repeated until its ACK and followed by a BYE after 64*T1 without one (RFC 3261 §13.3.1.4);
//   - a 200 that crosses our CANCEL gets its ACK and its BYE, and so does every fork after the first (§9.1, §13.2.2.4);
//   - a failed re-INVITE leaves the call as it was (§14.2); requests are matched by both tags, never by Call-ID alone (§12.2.2);
//   - a session timer that was agreed on is kept by refreshes, or ends the call (RFC 4028); a REFER is heard from our own desk phones
//     only; keys by INFO come once and in their order;
//   - a challenge is answered only for a request of ours and only in the realm of its credentials; a trunk's realm is learned once, and
//     only from the trunk's own server;
//   - with trunks set, a call from an address of none of them is no citizen's; a trunk that is gone is tried ever more seldom;
//   - what is kept of a trunk's messages to be shown holds no number, no name and no credentials, but for the one call that somebody
//     has asked to see (Inspect);
//   - memory per stranger is bounded: sources, connections, nonces and penalties are all limited, and so is what strangers'
//     packets cost: they pay at the door, before they are read (strangers.go);
//   - over its limits a call is refused before anything is spent on it: 503 at once, no port, no disk, one refusal told (admission).
//
// RFC 3261 (SIP), 3262 (PRACK), 3264 (offer/answer), 3311 (UPDATE), 3325 (P-Asserted-Identity), 3515 (REFER), 3581
// (rport), 4028 (session timers), 6026 (2xx transactions), 8760 (digest). Choices that they leave: docs/decisions/010-dialogs.md.
package sipua

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/media"

	"github.com/emiago/sipgo/sip"
)

// Options says where the agent listens and whom it asks. Zero values have defaults.
type Options struct {
	Addr     string         // UDP and TCP listen here, such as "0.0.0.0:5060", or several with commas; port 0: any free one
	TLSAddr  string         // TLS listens here too; "": nowhere
	TLS      *tls.Config    // with the certificate of TLSAddr; its GetCertificate may give a renewed one
	Roots    *x509.CertPool // whom we believe when we dial a trunk by TLS; nil: the system's authorities
	PublicIP netip.Addr     // what Via and Contact say to far ends outside the local net; zero: the address of the route
	Media    *media.Engine  // opens a port for every leg

	Known     func(user string) bool                    // is this called number ours; nil: every one is
	Limit     int                                       // incoming calls at a time; 0: no limit
	Patience  time.Duration                             // how long a crowd may wait for our 200 before new calls get 503; 0: for ever
	Busy      func() bool                               // the running calls suffer: in a storm new ones get 503; nil: never
	OnCall    func(*Leg)                                // one goroutine per incoming call
	OnPhone   func(*Leg)                                // the same for calls that our registered desk phones place; nil: they are anybody's
	OnRefused func(from, to call.Number, status string) // an INVITE that never became a Leg: "404", "488", "503" …

	Realm      string                                  // of the desk phones' digest; default "dovidka"
	Account    func(user string) (ha1 string, ok bool) // MD5(user:realm:password) in hex (RFC 2617 §3.2.2.2); nil: no registrar
	OnRegister func(aor string, registered bool)       // a phone has come or gone

	Timers Timers // session timers (RFC 4028)

	T1  time.Duration // RFC 3261 §17.1.1.1; default 500 ms; all waits of the dialog layer are multiples of it
	Log *slog.Logger  // default: slog.Default()

	IgnoreStrangers bool // whoever is no trunk's peer, registered phone or party of a call gets no answer, but to REGISTER

	strict   bool                     // loopback addresses are strangers too; tests
	peer     func(netip.Addr) bool    // instead of the trunks' own; tests
	refusals int                      // refusals in 32 s whose transaction is kept; tests make it small
	sources  int                      // UDP sources before the reader is turned over; tests make it small
	open     func() (sound, error)    // a leg's media port; tests bring deaf ones
	second   time.Duration            // of session timers; tests make it short
	route    func(dest string) string // our own address on the way to dest; tests move it
}

// ringLimit is how long an incoming INVITE may stay unanswered before it is given up with 480 (RFC 3261 §13.3.1.1 says minutes).
const ringLimit = 3 * time.Minute

// maxRefusals bounds the memory of refusals: about 10 KB each.
const maxRefusals = 2000

// ErrEnded says that the leg has ended, so nothing more can be done with it.
var ErrEnded = errors.New("sipua: the leg has ended")

// sound is what a leg needs of a media port.
type sound interface {
	Answer(offer []byte) (answer []byte, err error)
	Offer() ([]byte, error)
	Accept(answer []byte) error
	InjectDigit(key byte)
	Silent() <-chan struct{}
	Bound(packets int)
	Vouch(ip netip.Addr, packets int)
	Close()
}

// Server is one SIP user agent.
type Server struct {
	o          Options
	log        *slog.Logger
	tpl        *sip.TransportLayer
	txl        *sip.TransactionLayer
	second     time.Duration
	extensions []string
	calls      *table
	porch      *porch
	door       *admission
	flood      flood
	reg        *registrar
	byes       atomic.Int32 // BYEs that wait for their answer
	done       chan struct{}
	once       sync.Once

	places     []*place // where we listen; the first is Addr
	secure     []*place // the same for TLS
	dialledTCP *injected
	dialledTLS *injected
	lines      lines // the trunks
	ladders    ladders
}

// tame sets sipgo's package variables, once for the process: its bound of 1,300 bytes for UDP messages (an INVITE with many Via
// headers makes a longer answer, and refusing to send it would lose the call where IP fragments would not), and its default log.
var tame = sync.OnceFunc(func() {
	sip.UDPMTUSize = 64 << 10
	sip.SetDefaultLogger(slog.New(slog.DiscardHandler))
})

// New listens on o.Addr and serves until Shutdown or Close. An address that is taken is an error here, not later.
func New(o Options) (*Server, error) {
	tame()
	if o.T1 == 0 {
		o.T1 = 500 * time.Millisecond
	}
	if o.Realm == "" {
		o.Realm = "dovidka"
	}
	if o.refusals == 0 {
		o.refusals = maxRefusals
	}
	if o.sources == 0 {
		o.sources = maxSources
	}
	if o.second == 0 {
		o.second = time.Second
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	s := &Server{o: o, log: o.Log, second: o.second, extensions: append(o.Timers.extensions(), "100rel"), calls: newTable(64 * o.T1), door: newAdmission(o.Limit, o.Patience, o.Busy), flood: flood{most: o.refusals}, done: make(chan struct{})}
	s.dialledTCP, s.dialledTLS = newInjected(s.done), newInjected(s.done)
	s.reg = newRegistrar(o)
	s.porch = s.newPorch()
	if err := s.listen(); err != nil {
		return nil, err
	}
	// sipgo logs whole messages when it cannot parse them; they hold numbers, so it gets no log (house rule: nothing personal).
	quiet := slog.New(slog.DiscardHandler)
	s.tpl = sip.NewTransportLayer(net.DefaultResolver, sip.NewParser(), nil, sip.WithTransportLayerLogger(quiet))
	s.txl = sip.NewTransactionLayer(s.tpl, sip.WithTransactionLayerLogger(quiet),
		sip.WithTransactionLayerUnhandledResponseHandler(func(*sip.Response) {}))
	s.txl.OnRequest(s.onRequest)
	s.serve()
	return s, nil
}

// openMedia opens a port of the family that the far end speaks.
func (o *Options) openMedia(six bool) (sound, error) {
	if o.Media == nil {
		return nil, media.ErrNoPorts
	}
	p, err := (*media.Port)(nil), media.ErrNoPorts
	if six {
		p, err = o.Media.Open6()
	}
	if errors.Is(err, media.ErrNoPorts) { // of the other family: its answer will be 488
		p, err = o.Media.Open()
	}
	if err != nil {
		return nil, err // never a nil *Port in the interface
	}
	return p, nil
}

// openFor opens the port for a leg: tests' own, else one of the family of the far end's description, or where it has none yet, of its
// address. A call may come by IPv4 and bring its sound by IPv6 (RFC 6157).
func (s *Server) openFor(sdp []byte, far string) (sound, error) {
	if s.o.open != nil {
		return s.o.open()
	}
	if _, addr, ok := bytes.Cut(sdp, []byte("\nc=IN IP")); ok && len(addr) > 0 {
		return s.o.openMedia(addr[0] == '6')
	}
	at, err := netip.ParseAddrPort(far)
	return s.o.openMedia(err == nil && at.Addr().Unmap().Is6())
}

// Calls tells how many legs are up, incoming and dialled.
func (s *Server) Calls() int { return s.calls.len() }

// Registered tells whether a desk phone is registered for the account.
func (s *Server) Registered(aor string) bool { _, ok := s.reg.find(aor, time.Now()); return ok }

// Drain refuses new calls with 503 from now on; running ones go on.
func (s *Server) Drain() { s.calls.drain() }

// Shutdown refuses new calls with 503, lets running ones finish until ctx ends, then hangs up what is left and closes.
func (s *Server) Shutdown(ctx context.Context) error {
	s.Drain()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	var err error
	for err == nil && s.calls.len() > 0 {
		select {
		case <-ctx.Done():
			err = context.Cause(ctx)
		case <-tick.C:
		}
	}
	return errors.Join(err, s.Close())
}

// Close hangs up every leg and closes the sockets. Twice is harmless.
func (s *Server) Close() error {
	s.once.Do(func() {
		s.calls.drain()
		s.stopTrunks()
		for _, l := range s.calls.all() {
			l.leave("us", "503")
		}
		limit, tick := time.NewTimer(4*s.o.T1), time.NewTicker(5*time.Millisecond)
		defer limit.Stop()
		defer tick.Stop()
		for open := true; open && s.calls.len()+int(s.byes.Load()) > 0; {
			select {
			case <-limit.C: // the BYEs' answers are a courtesy, not a condition
				open = false
			case <-tick.C:
			}
		}
		for _, l := range s.calls.all() {
			l.end("us")
		}
		close(s.done)
		s.reg.close()
		s.shutDoors()
		s.txl.Close()
		_ = s.tpl.Close()
	})
	return nil
}

// background runs f with a recover: a fault in one call must not end the others.
func (s *Server) background(act string, f func()) {
	go func() {
		defer s.caught(act)
		f()
	}()
}

func (s *Server) caught(act string) {
	if p := recover(); p != nil {
		s.log.Error("sipua: recovered", "act", act, "err", fmt.Sprint(p), "stack", stack())
	}
}
