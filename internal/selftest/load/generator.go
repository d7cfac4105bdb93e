package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// generator makes calls: one socket for SIP, one per call for RTP, one clock that sends for all.
type generator struct {
	to   *net.UDPAddr
	sip  *net.UDPConn
	stop chan struct{}

	mu    sync.Mutex
	wait  map[string]chan string // by Call-ID: final responses
	calls []*phone
	n     int
	late  []time.Duration // how late the clock was, per tick
	gauge atomic.Bool     // measuring now
}

// phone is one call.
type phone struct {
	id    string
	tag   string // the far end's
	setup time.Duration
	rtp   *net.UDPConn
	far   *net.UDPAddr
	seq   uint16
	ts    uint32

	mu      sync.Mutex
	last    time.Time
	gaps    []time.Duration
	packets int
	sound   chan time.Time // first packet of new audio after arm
	armed   bool
}

func newGenerator(server string) (*generator, error) {
	to, err := net.ResolveUDPAddr("udp", server)
	if err != nil {
		return nil, err
	}
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	c.SetReadBuffer(4 << 20)
	g := &generator{to: to, sip: c, stop: make(chan struct{}), wait: map[string]chan string{}}
	go g.listen()
	go g.clock()
	return g, nil
}

func (g *generator) close() {
	close(g.stop)
	g.sip.Close()
	for _, p := range g.calls {
		p.rtp.Close()
	}
}

var callID = regexp.MustCompile(`(?im)^Call-ID:\s*(\S+)`)

func (g *generator) listen() {
	buf := make([]byte, 65536)
	for {
		n, from, err := g.sip.ReadFromUDP(buf)
		if err != nil {
			return
		}
		m := string(buf[:n])
		id := callID.FindStringSubmatch(m)
		if id == nil {
			continue
		}
		if strings.HasPrefix(m, "BYE ") || strings.HasPrefix(m, "OPTIONS ") {
			g.sip.WriteToUDP([]byte(answerTo(m, "200 OK", "", "")), from)
			continue
		}
		g.mu.Lock()
		w := g.wait[id[1]]
		g.mu.Unlock()
		if w != nil && strings.HasPrefix(m, "SIP/2.0 ") && m[8] != '1' {
			select {
			case w <- m:
			default:
			}
		}
	}
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

func sdp(addr net.Addr) string {
	a := addr.(*net.UDPAddr)
	return fmt.Sprintf("v=0\r\no=load 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\n", a.Port)
}

var errRefused = errors.New("not answered")

func (g *generator) dial() (*phone, error) {
	rtp, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	g.n++
	p := &phone{id: fmt.Sprintf("load-%d-%d", os.Getpid(), g.n), rtp: rtp, sound: make(chan time.Time, 1)}
	w := make(chan string, 4)
	g.wait[p.id] = w
	g.mu.Unlock()
	body := sdp(rtp.LocalAddr())
	invite := fmt.Sprintf("%sContact: <sip:load@%s>\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", g.head("INVITE", p, 1), g.sip.LocalAddr(), len(body), body)
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
	return nil, errRefused
}

func (g *generator) head(method string, p *phone, cseq int) string {
	to := "<sip:0800353608@127.0.0.1>"
	if p.tag != "" {
		to += ";tag=" + p.tag
	}
	return fmt.Sprintf("%s sip:0800353608@%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK-%s-%s-%d\r\nMax-Forwards: 70\r\nFrom: <sip:380670000%03d@127.0.0.1>;tag=f%s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\n",
		method, g.to, g.sip.LocalAddr(), p.id, strings.ToLower(method), cseq, g.n%1000, p.id, to, p.id, cseq, method)
}

var (
	toTag    = regexp.MustCompile(`(?im)^To:.*;tag=([^;\s>]+)`)
	farMedia = regexp.MustCompile(`(?m)^m=audio (\d+)`)
	farAddr  = regexp.MustCompile(`(?m)^c=IN IP4 (\S+)`)
)

func (g *generator) answered(p *phone, m string) error {
	if !strings.HasPrefix(m, "SIP/2.0 200") {
		return fmt.Errorf("%w: %s", errRefused, strings.SplitN(m, "\r\n", 2)[0])
	}
	port, addr, tag := farMedia.FindStringSubmatch(m), farAddr.FindStringSubmatch(m), toTag.FindStringSubmatch(m)
	if port == nil || addr == nil || tag == nil {
		return errors.New("the 200 has no sound or no tag")
	}
	p.tag = tag[1]
	far, err := net.ResolveUDPAddr("udp", addr[1]+":"+port[1])
	if err != nil {
		return err
	}
	p.far = far
	g.sip.WriteToUDP([]byte(g.head("ACK", p, 1)+"Content-Length: 0\r\n\r\n"), g.to)
	g.join(p)
	return nil
}

// join lets the clock send for p and listens to it.
func (g *generator) join(p *phone) {
	g.mu.Lock()
	g.calls = append(g.calls, p)
	g.mu.Unlock()
	go p.listen(&g.gauge)
}

func (g *generator) hangup(p *phone) {
	g.sip.WriteToUDP([]byte(g.head("BYE", p, 2)+"Content-Length: 0\r\n\r\n"), g.to)
	g.mu.Lock()
	g.calls = slices.DeleteFunc(g.calls, func(q *phone) bool { return q == p })
	delete(g.wait, p.id)
	g.mu.Unlock()
	p.rtp.Close()
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

// ramp makes n calls, at most 50 a second.
func (g *generator) ramp(n int) ([]*phone, error) {
	out := make([]*phone, 0, n)
	for range n {
		p, err := g.dial()
		if err != nil {
			return nil, fmt.Errorf("call %d: %w", len(out)+1, err)
		}
		out = append(out, p)
		time.Sleep(20 * time.Millisecond)
	}
	return out, nil
}

// clock sends 20 ms of silence for every call, a tenth of them every 2 ms, and notes how late it is itself.
func (g *generator) clock() {
	next := time.Now()
	pkt := make([]byte, 172)
	for i := 12; i < len(pkt); i++ {
		pkt[i] = 0xD5
	}
	for slot := 0; ; slot = (slot + 1) % 10 {
		next = next.Add(2 * time.Millisecond)
		time.Sleep(time.Until(next))
		late := time.Since(next)
		select {
		case <-g.stop:
			return
		default:
		}
		g.mu.Lock()
		if g.gauge.Load() {
			g.late = append(g.late, late)
		}
		for i := slot; i < len(g.calls); i += 10 {
			g.calls[i].send(pkt, 8)
		}
		g.mu.Unlock()
	}
}

// send puts a header before the payload in pkt and sends it.
func (p *phone) send(pkt []byte, pt byte) {
	p.seq++
	p.ts += 160
	pkt[0], pkt[1] = 0x80, pt
	binary.BigEndian.PutUint16(pkt[2:], p.seq)
	binary.BigEndian.PutUint32(pkt[4:], p.ts)
	binary.BigEndian.PutUint32(pkt[8:], p.ssrc())
	p.rtp.WriteToUDP(pkt, p.far)
}

// ssrc is the stream's name: the local port serves.
func (p *phone) ssrc() uint32 { return uint32(p.rtp.LocalAddr().(*net.UDPAddr).Port) }
