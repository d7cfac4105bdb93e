package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// generator makes calls: one socket for SIP, one per call for RTP, one clock that sends and listens for all.
type generator struct {
	to   *net.UDPAddr
	sip  *net.UDPConn
	stop chan struct{}

	mu    sync.Mutex
	wait  map[string]chan string // by Call-ID: final responses
	all   chan string            // all others
	calls []*phone
	n     int
	late  []time.Duration // how late the clock was, per tick
	gauge atomic.Bool     // measuring now
}

func newGenerator(server string) (*generator, error) {
	g := &generator{stop: make(chan struct{}), wait: map[string]chan string{}}
	go g.clock()
	if server == "" {
		return g, nil
	}
	var err error
	if g.to, err = net.ResolveUDPAddr("udp", server); err != nil {
		return nil, err
	}
	if g.sip, err = net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
		return nil, err
	}
	g.sip.SetReadBuffer(4 << 20)
	go g.listen()
	return g, nil
}

func (g *generator) close() {
	close(g.stop)
	if g.sip != nil {
		g.sip.Close()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, p := range g.calls {
		p.close()
	}
	g.calls = nil
}

func (g *generator) listen() {
	buf := make([]byte, 65536)
	for {
		n, from, err := g.sip.ReadFromUDP(buf)
		if err != nil {
			return
		}
		m := string(buf[:n])
		if strings.HasPrefix(m, "BYE ") || strings.HasPrefix(m, "OPTIONS ") {
			g.sip.WriteToUDP([]byte(answerTo(m, "200 OK", "", "")), from)
			continue
		}
		g.mu.Lock()
		w := g.wait[header(m, "Call-ID")]
		if w == nil {
			w = g.all
		}
		g.mu.Unlock()
		if w != nil && strings.HasPrefix(m, "SIP/2.0 ") && m[8] != '1' && strings.HasSuffix(header(m, "CSeq"), "INVITE") {
			select {
			case w <- m:
			default:
			}
		}
	}
}

// header gives the value of a header that is written as we and the server write it.
func header(m, name string) string {
	_, rest, ok := strings.Cut(m, "\r\n"+name+": ")
	if !ok {
		return ""
	}
	v, _, _ := strings.Cut(rest, "\r\n")
	return strings.TrimSpace(v)
}

// answerTo answers a request with its own headers.
func answerTo(m, status, more, body string) string {
	var b strings.Builder
	b.WriteString("SIP/2.0 " + status + "\r\n")
	for _, l := range strings.Split(m, "\r\n") {
		name, _, _ := strings.Cut(l, ":")
		switch strings.ToLower(name) {
		case "via", "from", "call-id", "cseq", "record-route":
			b.WriteString(l + "\r\n")
		case "to":
			if more != "" && !strings.Contains(l, "tag=") {
				l += ";tag=phone"
			}
			b.WriteString(l + "\r\n")
		}
	}
	b.WriteString(more)
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	return b.String()
}

var errRefused = errors.New("not answered")

func (g *generator) dial() (*phone, error) {
	p, err := newPhone()
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	g.n++
	p.id = fmt.Sprintf("load-%d-%d", os.Getpid(), g.n)
	w := make(chan string, 4)
	g.wait[p.id] = w
	g.mu.Unlock()
	invite := g.invite(p.id, p.local.Port())
	began := time.Now()
	for try := range 6 { // RFC 3261 timer A; a repeated INVITE counts in the set-up time
		g.sip.WriteToUDP([]byte(invite), g.to)
		select {
		case m := <-w:
			p.setup = time.Since(began)
			return p, g.answered(p, m)
		case <-time.After(500 * time.Millisecond << try):
		}
	}
	p.close()
	return nil, errRefused
}

func (g *generator) invite(id string, port uint16) string {
	body := sdp(port)
	return fmt.Sprintf("%sContact: <sip:load@%s>\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", g.head("INVITE", id, "", 1), g.sip.LocalAddr(), len(body), body)
}

func (g *generator) head(method, id, tag string, cseq int) string {
	to := "<sip:0800353608@127.0.0.1>"
	if tag != "" {
		to += ";tag=" + tag
	}
	return fmt.Sprintf("%s sip:0800353608@%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK-%s-%s-%d\r\nMax-Forwards: 70\r\nFrom: <sip:380670000067@127.0.0.1>;tag=f%s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\n",
		method, g.to, g.sip.LocalAddr(), id, strings.ToLower(method), cseq, id, to, id, cseq, method)
}

func (g *generator) inside(method, id, tag string, cseq int) {
	g.sip.WriteToUDP([]byte(g.head(method, id, tag, cseq)+"Content-Length: 0\r\n\r\n"), g.to)
}

// toTag is the far end's tag of an answer.
func toTag(m string) string {
	_, tag, _ := strings.Cut(header(m, "To"), ";tag=")
	tag, _, _ = strings.Cut(tag, ";")
	return tag
}

// mediaOf is where an answer wants the sound.
func mediaOf(m string) (netip.AddrPort, bool) {
	_, host, _ := strings.Cut(m, "\r\nc=IN IP4 ")
	host, _, _ = strings.Cut(host, "\r\n")
	_, port, _ := strings.Cut(m, "\r\nm=audio ")
	port, _, _ = strings.Cut(port, " ")
	n, err := strconv.Atoi(port)
	ip, err2 := netip.ParseAddr(host)
	return netip.AddrPortFrom(ip, uint16(n)), err == nil && err2 == nil
}

func (g *generator) answered(p *phone, m string) error {
	if !strings.HasPrefix(m, "SIP/2.0 200") {
		p.close()
		return fmt.Errorf("%w: %s", errRefused, strings.SplitN(m, "\r\n", 2)[0])
	}
	far, ok := mediaOf(m)
	if p.tag = toTag(m); !ok || p.tag == "" {
		return errors.New("the 200 has no sound or no tag")
	}
	p.talkTo(far)
	g.inside("ACK", p.id, p.tag, 1)
	g.join(p)
	return nil
}

// join lets the clock care for p.
func (g *generator) join(p *phone) {
	g.mu.Lock()
	g.calls = append(g.calls, p)
	g.mu.Unlock()
}

func (g *generator) hangup(p *phone) {
	g.inside("BYE", p.id, p.tag, 2)
	g.mu.Lock()
	g.calls = slices.DeleteFunc(g.calls, func(q *phone) bool { return q == p })
	delete(g.wait, p.id)
	g.mu.Unlock()
	p.close()
}

// firstAnswer calls until the server that has just been started answers.
func (g *generator) firstAnswer(began time.Time) (time.Duration, error) {
	for time.Since(began) < 30*time.Second {
		p, err := g.dial()
		if err == nil {
			d := time.Since(began)
			g.hangup(p)
			return d, nil
		}
	}
	return 0, errRefused
}

// maxHeard is how many calls the generator can listen to and still be on time; of more it hears every fifth.
const maxHeard = 600

// ramp makes n calls, at most 100 a second.
func (g *generator) ramp(n int) ([]*phone, error) {
	out := make([]*phone, 0, n)
	for range n {
		p, err := g.dial()
		if err != nil {
			return nil, fmt.Errorf("call %d: %w", len(out)+1, err)
		}
		if p.deaf = n > maxHeard && len(out)%5 != 0; p.deaf {
			_ = unix.SetsockoptInt(p.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 1) // the kernel drops what nobody hears
		}
		out = append(out, p)
		time.Sleep(9 * time.Millisecond)
	}
	return out, nil
}
