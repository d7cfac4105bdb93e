package main

import (
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// soakLine is a telephone written by hand, so that it can misbehave: one SIP socket, one RTP socket.
type soakLine struct {
	sip, rtp *net.UDPConn
	to       *net.UDPAddr
	buf      []byte
	id, tag  string
	seq      int
	far      *net.UDPAddr
	num      uint16
	ts       uint32
}

func newSoakLine(t *testing.T, to string) soakLine {
	addr, err := net.ResolveUDPAddr("udp", to)
	if err != nil {
		t.Fatal(err)
	}
	return soakLine{sip: loopbackUDP(t), rtp: loopbackUDP(t), to: addr, buf: make([]byte, 1<<16)}
}

var soakCalls atomic.Int64

func (l *soakLine) fresh() {
	l.id, l.tag, l.seq, l.far = fmt.Sprintf("soak-%d-%d", time.Now().UnixNano(), soakCalls.Add(1)), "", 0, nil
}

func (l *soakLine) sdp(more string) string {
	return fmt.Sprintf("v=0\r\no=soak 1 %d IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n%s", l.seq+1, l.rtp.LocalAddr().(*net.UDPAddr).Port, more)
}

// text writes a request; a CANCEL and an ACK of a refusal have the INVITE's own branch.
func (l *soakLine) text(method string, seq int, kind, body string) string {
	to := "<sip:0800353608@127.0.0.1>"
	if l.tag != "" {
		to += ";tag=" + l.tag
	}
	branch := fmt.Sprintf("%s-%d", l.id, seq)
	if method != "INVITE" && method != "CANCEL" && !(method == "ACK" && l.far == nil) {
		branch += method
	}
	if kind != "" {
		kind = "Content-Type: " + kind + "\r\n"
	}
	return fmt.Sprintf("%s sip:0800353608@%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s\r\nMax-Forwards: 70\r\nFrom: <sip:380670000067@127.0.0.1>;tag=f%s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\nContact: <sip:soak@%s>\r\n%sContent-Length: %d\r\n\r\n%s",
		method, l.to, l.sip.LocalAddr(), branch, l.id, to, l.id, seq, method, l.sip.LocalAddr(), kind, len(body), body)
}

func (l *soakLine) send(m string) { _, _ = l.sip.WriteToUDP([]byte(m), l.to) }

// final sends an INVITE, again while nothing comes, and gives its final answer; requests of the server are answered meanwhile.
func (l *soakLine) final(invite string) string {
	l.seq++
	for try := range 7 {
		l.send(invite)
		for end := time.Now().Add(500 * time.Millisecond << min(try, 3)); time.Now().Before(end); {
			m := l.hear(time.Until(end))
			if strings.HasPrefix(m, "SIP/2.0 ") && !strings.HasPrefix(m, "SIP/2.0 1") && strings.Contains(m, "Call-ID: "+l.id+"\r\n") && strings.Contains(m, " INVITE\r\n") {
				_, tag, _ := strings.Cut(m[strings.Index(m, "\r\nTo: "):], ";tag=")
				l.tag, _, _ = strings.Cut(tag, "\r\n")
				return m
			}
			if m == "" {
				break
			}
		}
	}
	return ""
}

// hear gives the next message, "" when none comes; a BYE and the like get their 200.
func (l *soakLine) hear(wait time.Duration) string {
	_ = l.sip.SetReadDeadline(time.Now().Add(wait))
	n, from, err := l.sip.ReadFromUDP(l.buf)
	if err != nil {
		return ""
	}
	m := string(l.buf[:n])
	if !strings.HasPrefix(m, "SIP/2.0 ") && !strings.HasPrefix(m, "ACK ") && !strings.HasPrefix(m, "INVITE ") {
		_, _ = l.sip.WriteToUDP([]byte(soakAnswer(m, "200 OK", "", "")), from)
	}
	return m
}

func soakAnswer(m, status, more, body string) string {
	out := "SIP/2.0 " + status + "\r\n"
	for h := range strings.SplitSeq(m, "\r\n") {
		name, _, _ := strings.Cut(h, ":")
		switch name {
		case "Via", "From", "Call-ID", "CSeq", "Record-Route":
			out += h + "\r\n"
		case "To":
			if more != "" && !strings.Contains(h, "tag=") {
				h += ";tag=desk"
			}
			out += h + "\r\n"
		}
	}
	return fmt.Sprintf("%s%sContent-Length: %d\r\n\r\n%s", out, more, len(body), body)
}

var soakMedia = regexp.MustCompile(`\r\nm=audio (\d+) `)

// up makes a call; false when it was refused, which its ACK has settled.
func (l *soakLine) up(kind, body string) bool {
	m := l.final(l.text("INVITE", 1, kind, body))
	if !strings.HasPrefix(m, "SIP/2.0 200") {
		if m != "" {
			l.send(l.text("ACK", 1, "", ""))
		}
		return false
	}
	if f := soakMedia.FindStringSubmatch(m); f != nil {
		port, _ := strconv.Atoi(f[1])
		l.far = &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}
	}
	return l.far != nil
}

// talk sends sound for a while and presses keys; false when the server hung up.
func (l *soakLine) talk(d time.Duration, key func() byte) bool {
	pkt := make([]byte, 172)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	begin := time.Now()
	for n := 0; time.Since(begin) < d; n++ {
		<-tick.C
		l.num++
		l.ts += 160
		pkt[0], pkt[1] = 0x80, 8
		binary.BigEndian.PutUint16(pkt[2:], l.num)
		binary.BigEndian.PutUint32(pkt[4:], l.ts)
		binary.BigEndian.PutUint32(pkt[8:], 7)
		_, _ = l.rtp.WriteToUDP(pkt, l.far)
		if n%75 == 40 && key != nil {
			if k := key(); k < 12 {
				l.press(k)
			}
		}
		if n%10 == 0 && strings.HasPrefix(l.hear(time.Millisecond), "BYE ") {
			return false
		}
	}
	return true
}

func (l *soakLine) press(k byte) {
	pkt := make([]byte, 16)
	for i := range 4 {
		l.num++
		pkt[0], pkt[1] = 0x80, 101
		binary.BigEndian.PutUint16(pkt[2:], l.num)
		binary.BigEndian.PutUint32(pkt[4:], l.ts)
		binary.BigEndian.PutUint32(pkt[8:], 7)
		pkt[12], pkt[13] = k, 10
		if i > 0 {
			pkt[13] |= 0x80
		}
		binary.BigEndian.PutUint16(pkt[14:], 800)
		_, _ = l.rtp.WriteToUDP(pkt, l.far)
	}
}

func (l *soakLine) bye() {
	l.send(l.text("BYE", 20, "", ""))
	for range 3 {
		if strings.Contains(l.hear(500*time.Millisecond), " BYE\r\n") {
			return
		}
		l.send(l.text("BYE", 20, "", ""))
	}
}

// calls is one caller after another until the soak ends.
func (s *soak) calls(rnd *rand.Rand) {
	for {
		select {
		case <-s.ends:
			return
		case <-time.After(time.Duration(rnd.IntN(1500)) * time.Millisecond):
		}
		s.one(rnd)
	}
}

func (s *soak) one(rnd *rand.Rand) {
	l := newSoakLine(s.t, s.to)
	defer l.sip.Close()
	defer l.rtp.Close()
	l.fresh()
	kind := []int{0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}[rnd.IntN(15)]
	s.kinds[kind].Add(1)
	second := func(from, to int) time.Duration {
		return time.Duration(from*1000+rnd.IntN((to-from)*1000)) * time.Millisecond
	}
	if kind != 11 {
		s.invites.Add(1)
	}
	switch kind {
	case 4:
		l.send(l.text("INVITE", 1, "application/sdp", l.sdp("")))
		<-time.After(time.Duration(rnd.IntN(15)) * time.Millisecond)
		l.send(l.text("CANCEL", 1, "", ""))
		m := l.final(l.text("INVITE", 1, "application/sdp", l.sdp("")))
		if strings.HasPrefix(m, "SIP/2.0 200") { // it was faster
			l.far = l.to
			l.send(l.text("ACK", 1, "", ""))
			l.bye()
			return
		}
		l.send(l.text("ACK", 1, "", ""))
		return
	case 5:
		l.up("application/sdp", "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video 9 RTP/AVP 96\r\n")
		return
	case 6:
		l.up("text/plain", "Добрий день")
		return
	case 11:
		for _, m := range []string{"OPTIONS", "PUBLISH", "UPDATE", "BYE", "FOO"} {
			l.send(l.text(m, 1, "", ""))
			l.hear(200 * time.Millisecond)
		}
		l.send("INVITE nonsense\r\n\r\n")
		return
	}
	if !l.up("application/sdp", l.sdp("")) {
		return
	}
	if kind == 7 { // never: the server sends BYE after 32 s
		return
	}
	l.send(l.text("ACK", 1, "", ""))
	switch kind {
	case 0, 10:
		if !l.talk(second(4, 25), func() byte { return byte(rnd.IntN(16)) }) {
			return
		}
	case 1:
		once := byte(0)
		if !l.talk(second(12, 40), func() byte { k := once; once = 99; return k }) {
			return
		}
	case 2:
		once := byte(0)
		if !l.talk(second(2, 5), func() byte { k := once; once = 99; return k }) {
			return
		}
	case 8: // its battery is empty
		return
	case 9:
		for i, dir := range []string{"a=sendonly\r\n", "a=sendrecv\r\n", "a=inactive\r\n", ""} {
			if !l.talk(second(1, 3), nil) {
				return
			}
			if m := l.final(l.text("INVITE", 2+i, "application/sdp", l.sdp(dir))); strings.HasPrefix(m, "SIP/2.0 200") {
				l.send(l.text("ACK", 2+i, "", ""))
			}
		}
	}
	l.bye()
}

// soakPhone is a desk phone.
type soakPhone struct {
	soakLine
	talks atomic.Int64
}

func (p *soakPhone) register(login, secret string) error {
	auth, get := "", regexp.MustCompile(`(?i)\b(realm|nonce)="([^"]+)"`)
	for try := range 2 {
		p.send(fmt.Sprintf("REGISTER sip:%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKreg%d\r\nMax-Forwards: 70\r\nFrom: <sip:%s@127.0.0.1>;tag=r\r\nTo: <sip:%s@127.0.0.1>\r\nCall-ID: soak-%s\r\nCSeq: %d REGISTER\r\nContact: <sip:%s@%s>\r\nExpires: 3600\r\n%sContent-Length: 0\r\n\r\n",
			p.to, p.sip.LocalAddr(), try, login, login, login, try+1, login, p.sip.LocalAddr(), auth))
		m := p.hear(3 * time.Second)
		if strings.HasPrefix(m, "SIP/2.0 200") {
			return nil
		}
		c := map[string]string{}
		for _, f := range get.FindAllStringSubmatch(m, -1) {
			c[strings.ToLower(f[1])] = f[2]
		}
		md := func(s string) string { h := md5.Sum([]byte(s)); return hex.EncodeToString(h[:]) }
		uri := "sip:" + p.to.String()
		response := md(md(login+":"+c["realm"]+":"+secret) + ":" + c["nonce"] + ":00000001:soak:auth:" + md("REGISTER:"+uri))
		auth = fmt.Sprintf("Authorization: Digest username=%q, realm=%q, nonce=%q, uri=%q, response=%q, algorithm=MD5, qop=auth, nc=00000001, cnonce=\"soak\"\r\n", login, c["realm"], c["nonce"], uri, response)
	}
	return fmt.Errorf("the desk phone is not registered")
}

func (p *soakPhone) serve() {
	for {
		_ = p.sip.SetReadDeadline(time.Time{})
		n, from, err := p.sip.ReadFromUDP(p.buf)
		if err != nil {
			return
		}
		m := string(p.buf[:n])
		switch {
		case strings.HasPrefix(m, "INVITE "):
			body := p.sdp("")
			_, _ = p.sip.WriteToUDP([]byte(soakAnswer(m, "200 OK", fmt.Sprintf("Contact: <sip:desk@%s>\r\nContent-Type: application/sdp\r\n", p.sip.LocalAddr()), body)), from)
		case strings.HasPrefix(m, "ACK "):
			p.talks.Add(1)
		case strings.HasPrefix(m, "SIP/2.0"):
		default:
			_, _ = p.sip.WriteToUDP([]byte(soakAnswer(m, "200 OK", "", "")), from)
		}
	}
}
