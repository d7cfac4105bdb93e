package sipua

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"dovidka/internal/media"

	"github.com/emiago/sipgo/sip"
)

// testT1 makes every wait of the dialog layer a tenth to a fiftieth of its real length: 64*T1 is 1.28 s.
const testT1 = 20 * time.Millisecond

// TestMain shortens sipgo's own timers with ours; they are package variables and must be set before any server runs.
func TestMain(m *testing.M) {
	sip.SetTimers(testT1, 8*testT1, 10*testT1)
	sip.Timer_D = 64 * testT1
	os.Exit(m.Run())
}

const goodSDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\n"

// deaf is a media port without media: it agrees to any SDP that offers payload type 8.
type deaf struct {
	mu       sync.Mutex
	keys     []byte
	accepted [][]byte
	offers   int
	waiting  bool // an offer is out
	answers  int
	bounds   string
	silent   chan struct{}
	closed   chan struct{}
	once     sync.Once
}

func newDeaf() *deaf { return &deaf{silent: make(chan struct{}), closed: make(chan struct{})} }

func (d *deaf) Answer(offer []byte) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !bytes.Contains(offer, []byte("RTP/AVP 8")) {
		return nil, media.ErrNotAcceptable
	}
	d.answers++
	return fmt.Appendf(nil, "%ss=answer %d\r\n", goodSDP, d.answers), nil
}

func (d *deaf) Offer() ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.offers++
	d.waiting = true
	return []byte(goodSDP + "s=offer\r\n"), nil
}

func (d *deaf) Accept(answer []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.waiting || !bytes.Contains(answer, []byte("RTP/AVP 8")) {
		return media.ErrNotAcceptable
	}
	d.waiting = false
	d.accepted = append(d.accepted, answer)
	return nil
}

func (d *deaf) InjectDigit(key byte) { d.mu.Lock(); d.keys = append(d.keys, key); d.mu.Unlock() }
func (d *deaf) Bound(n int)          { d.mu.Lock(); d.bounds += fmt.Sprint(n, " "); d.mu.Unlock() }
func (d *deaf) Vouch(ip netip.Addr, n int) {
	d.mu.Lock()
	d.bounds += fmt.Sprint(ip, "+", n, " ")
	d.mu.Unlock()
}
func (d *deaf) allowed() string         { d.mu.Lock(); defer d.mu.Unlock(); return d.bounds }
func (d *deaf) Silent() <-chan struct{} { return d.silent }
func (d *deaf) Close()                  { d.once.Do(func() { close(d.closed) }) }

func (d *deaf) pressed() string { d.mu.Lock(); defer d.mu.Unlock(); return string(d.keys) }

// house is a server under test with everything it told.
type house struct {
	*Server
	t       *testing.T
	calls   chan *Leg
	refused chan string
	mu      sync.Mutex
	ports   []*deaf
}

// serve starts a server; change may alter its options. Every incoming leg comes to calls unanswered.
func serve(t *testing.T, change func(*Options)) *house {
	t.Helper()
	h := &house{t: t, calls: make(chan *Leg, 64), refused: make(chan string, 64)}
	o := Options{Addr: "127.0.0.1:0", T1: testT1, Log: slog.New(slog.DiscardHandler), OnCall: func(l *Leg) { h.calls <- l },
		OnRefused: func(_, _ callNumber, status string) { h.refused <- status }}
	o.open = func() (sound, error) {
		d := newDeaf()
		h.mu.Lock()
		h.ports = append(h.ports, d)
		h.mu.Unlock()
		return d, nil
	}
	if change != nil {
		change(&o)
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	h.Server = s
	t.Cleanup(func() { s.Close() })
	return h
}

func (h *house) port(i int) *deaf { h.mu.Lock(); defer h.mu.Unlock(); return h.ports[i] }

func (h *house) last() *deaf { h.mu.Lock(); defer h.mu.Unlock(); return h.ports[len(h.ports)-1] }

func (h *house) leg() *Leg {
	h.t.Helper()
	select {
	case l := <-h.calls:
		return l
	case <-time.After(3 * time.Second):
		h.t.Fatal("no call arrived")
		return nil
	}
}

func over(t *testing.T, l *Leg, cause string) {
	t.Helper()
	select {
	case <-l.Done():
	case <-time.After(5 * time.Second):
		t.Fatalf("the leg did not end, want %q", cause)
	}
	if got := l.Cause(); got != cause {
		t.Fatalf("cause %q, want %q", got, cause)
	}
}

// rogue is a far end that writes its messages by hand, so it can misbehave.
type rogue struct {
	t    *testing.T
	c    net.PacketConn
	to   net.Addr
	in   chan msg
	addr string
}

type msg struct {
	text string
	from net.Addr
}

func newRogue(t *testing.T, to string) *rogue {
	t.Helper()
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &rogue{t: t, c: c, in: make(chan msg, 256), addr: c.LocalAddr().String()}
	if to != "" {
		if r.to, err = net.ResolveUDPAddr("udp4", to); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { c.Close() })
	go func() {
		buf := make([]byte, 65536)
		for {
			n, from, err := c.ReadFrom(buf)
			if err != nil {
				if errors.Is(err, net.ErrClosed) {
					return
				}
				continue
			}
			r.in <- msg{string(buf[:n]), from}
		}
	}()
	return r
}

func (r *rogue) send(text string) {
	r.t.Helper()
	if _, err := r.c.WriteTo([]byte(text), r.to); err != nil {
		r.t.Fatal(err)
	}
}

// want reads until a message starts with prefix; others in between are dropped.
func (r *rogue) want(prefix string) string {
	r.t.Helper()
	limit := time.After(4 * time.Second)
	for {
		select {
		case m := <-r.in:
			if strings.HasPrefix(m.text, prefix) {
				return m.text
			}
		case <-limit:
			r.t.Fatalf("no %q came", prefix)
		}
	}
}

// reply waits for the answer to a request, by its CSeq: under load answers to earlier ones may be repeated in between.
func (r *rogue) reply(cseq, status string) string {
	r.t.Helper()
	for {
		m := r.want("SIP/2.0 ")
		if head(m, "CSeq") != cseq || strings.HasPrefix(m, "SIP/2.0 100") {
			continue
		}
		if !strings.HasPrefix(m, "SIP/2.0 "+status) {
			r.t.Fatalf("%s: want %s:\n%s", cseq, status, m)
		}
		return m
	}
}

// none proves that nothing with prefix comes for a while.
func (r *rogue) none(prefix string, d time.Duration) {
	r.t.Helper()
	limit := time.After(d)
	for {
		select {
		case m := <-r.in:
			if strings.HasPrefix(m.text, prefix) {
				r.t.Fatalf("unwanted:\n%s", m.text)
			}
		case <-limit:
			return
		}
	}
}

// quiet waits until nothing with prefix comes any more: repetitions may be on their way already.
func (r *rogue) quiet(prefix string) {
	r.t.Helper()
	window := time.NewTimer(10 * testT1) // repetitions are at most T2 apart
	defer window.Stop()
	for limit := time.After(4 * time.Second); ; {
		select {
		case m := <-r.in:
			if strings.HasPrefix(m.text, prefix) {
				window.Reset(10 * testT1)
			}
		case <-window.C:
			return
		case <-limit:
			r.t.Fatalf("%q goes on and on", prefix)
		}
	}
}

// head reads one header's value.
func head(text, name string) string {
	m := regexp.MustCompile(`(?im)^` + regexp.QuoteMeta(name) + `\s*:\s*(.*?)\r?$`).FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	return m[1]
}

func toTag(text string) string {
	_, tag, _ := strings.Cut(head(text, "To"), "tag=")
	tag, _, _ = strings.Cut(tag, ";")
	return tag
}

// citizen is a call of a rogue: what its requests are made of.
type citizen struct {
	*rogue
	id, tag, theirs string
	seq             int
	branch          int
	extra           string
	user            string
}

var ids counter

type counter struct {
	mu sync.Mutex
	n  int
}

func (c *counter) next() string { c.mu.Lock(); defer c.mu.Unlock(); c.n++; return strconv.Itoa(c.n) }

func (h *house) citizen() *citizen {
	return &citizen{rogue: newRogue(h.t, h.Addr().String()), id: "call-" + ids.next(), tag: "from-" + ids.next(), seq: 1, user: "0800353608"}
}

// request writes a request of method with number seq; a new branch each time.
func (c *citizen) request(method string, seq int, contentType, body string) string {
	c.branch++
	return c.same(method, seq, contentType, body)
}

// same does it with the branch of the last request: CANCEL, ACK of a refusal, a repeated request.
func (c *citizen) same(method string, seq int, contentType, body string) string {
	to := fmt.Sprintf("<sip:%s@127.0.0.1>", c.user)
	if c.theirs != "" {
		to += ";tag=" + c.theirs
	}
	ct := ""
	if contentType != "" {
		ct = "Content-Type: " + contentType + "\r\n"
	}
	return fmt.Sprintf("%s sip:%s@%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;rport;branch=z9hG4bK-%s-%d\r\nMax-Forwards: 70\r\n"+
		"From: <sip:+380670000067@127.0.0.1>;tag=%s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\nContact: <sip:citizen@%s>\r\n%s%sContent-Length: %d\r\n\r\n%s",
		method, c.user, c.to, c.addr, c.id, c.branch, c.tag, to, c.id, seq, method, c.addr, c.extra, ct, len(body), body)
}

func (c *citizen) invite(body string) {
	ct := ""
	if body != "" {
		ct = "application/sdp"
	}
	c.send(c.request("INVITE", c.seq, ct, body))
}

// up brings the call up: INVITE, answer, ACK.
func (h *house) up(c *citizen) *Leg {
	h.t.Helper()
	c.invite(goodSDP)
	l := h.leg()
	if err := l.Answer(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	c.theirs = toTag(c.want("SIP/2.0 200"))
	c.send(c.request("ACK", c.seq, "", ""))
	h.until(func() bool { l.mu.Lock(); defer l.mu.Unlock(); return l.state == talking })
	return l
}

// until polls a condition that another goroutine brings about.
func (h *house) until(ok func() bool) {
	h.t.Helper()
	limit := time.Now().Add(3 * time.Second)
	for !ok() {
		if time.Now().After(limit) {
			h.t.Fatal("it did not come about")
		}
		tick := time.NewTimer(2 * time.Millisecond)
		<-tick.C
	}
}
