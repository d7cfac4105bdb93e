package main

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os/exec"
	"regexp"
	"strings"
	"sync/atomic"
	"time"
)

// line is a centre with operators at desk phones, and the generator that calls it.
type line struct {
	s     *server
	g     *generator
	desks []*desk
}

// staffed puts operators at the line until there are n.
func (l *line) staffed(n int) error {
	for i := len(l.desks); i < n; i++ {
		d, err := newDesk(l.s, l.g, fmt.Sprintf("desk%03d", i))
		if err != nil {
			return fmt.Errorf("desk %d: %w", i, err)
		}
		l.desks = append(l.desks, d)
	}
	return nil
}

func (l *line) close() {
	for _, d := range l.desks {
		d.sip.Close()
		d.rtp.Close()
	}
}

// talking is how many desks are in a talk.
func (l *line) talking() (n int) {
	for _, d := range l.desks {
		if d.talks.Load() {
			n++
		}
	}
	return n
}

// bridgedLevel makes n calls that ask for a person, and measures the talks: every packet of a citizen goes through the bridge to the
// phone, which echoes it at once, and back.
func (l *line) bridgedLevel(what string, n int, hold time.Duration) error {
	if err := l.staffed(n); err != nil {
		return err
	}
	calls, err := l.g.ramp(n)
	if err != nil {
		return err
	}
	time.Sleep(time.Second)
	for _, p := range calls {
		l.g.press(p, 0, 4)
		time.Sleep(2 * time.Millisecond)
	}
	for end := time.Now().Add(40 * time.Second); time.Now().Before(end) && l.talking() < n; time.Sleep(100 * time.Millisecond) {
		continue
	}
	time.Sleep(2 * time.Second)
	r := l.g.measureFor(l.s.cmd.Process.Pid, calls, hold, nil)
	fmt.Printf("%s calls %d (of %d): CPU %.2f ms/s per call (%.0f %% of one core), gap p99 %s, delivered %.2f %%, echo through the bridge p50 %s p99 %s; generator: busy %.0f %%, late p99 %s%s\n",
		what, l.talking(), n, r.cpu*1000/float64(n), r.cpu*100, ms(r.gap99), r.delivered*100, ms(r.echo50), ms(r.echo9), r.busy*100, ms(r.late99), r.verdict())
	for _, p := range calls {
		l.g.hangup(p)
	}
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end) && l.talking() > 0; time.Sleep(100 * time.Millisecond) {
		continue
	}
	time.Sleep(7 * time.Second) // the operators' time for the card
	return nil
}

// desk is an operator with a SIP desk phone that answers everything and echoes.
type desk struct {
	sip   *net.UDPConn
	rtp   *net.UDPConn
	talks atomic.Bool
}

func newDesk(s *server, g *generator, login string) (*desk, error) {
	add := exec.Command(s.bin, "user", "add", login, "--name", "Телефон "+login, "--order", "1-демо", "--date", "2026-01-09", "--config", s.conf, "--data", s.data)
	add.Stdin = strings.NewReader(password + "\n")
	if out, err := add.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	phone := exec.Command(s.bin, "user", "phone", login, "--config", s.conf, "--data", s.data)
	out, err := phone.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	secret := regexp.MustCompile(`один раз\): (\S+)`).FindSubmatch(out)
	if secret == nil {
		return nil, fmt.Errorf("no SIP password in %q", out)
	}
	d := &desk{}
	if d.sip, err = net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
		return nil, err
	}
	if d.rtp, err = net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
		return nil, err
	}
	if err := d.register(g, login, string(secret[1])); err != nil {
		return nil, err
	}
	go d.serve()
	go d.echo()
	return d, ready(s.http, login)
}

// register answers the digest challenge (RFC 2617 with qop=auth).
func (d *desk) register(g *generator, login, secret string) error {
	uri, auth := "sip:"+g.to.String(), ""
	buf := make([]byte, 65536)
	for try := range 2 {
		m := fmt.Sprintf("REGISTER %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK-%s-%d\r\nMax-Forwards: 70\r\nFrom: <sip:%s@127.0.0.1>;tag=r\r\nTo: <sip:%s@127.0.0.1>\r\nCall-ID: reg-%s\r\nCSeq: %d REGISTER\r\nContact: <sip:%s@%s>\r\nExpires: 600\r\n%sContent-Length: 0\r\n\r\n",
			uri, d.sip.LocalAddr(), login, try, login, login, login, try+1, login, d.sip.LocalAddr(), auth)
		d.sip.WriteToUDP([]byte(m), g.to)
		d.sip.SetReadDeadline(time.Now().Add(3 * time.Second))
		n, err := d.sip.Read(buf)
		if err != nil {
			return err
		}
		d.sip.SetReadDeadline(time.Time{})
		answer := string(buf[:n])
		if strings.HasPrefix(answer, "SIP/2.0 200") {
			return nil
		}
		get := func(k string) string {
			if f := regexp.MustCompile(`(?i)\b` + k + `="?([^",\r\n]+)`).FindStringSubmatch(answer); f != nil {
				return f[1]
			}
			return ""
		}
		ha1 := md5hex(login + ":" + get("realm") + ":" + secret)
		response := md5hex(ha1 + ":" + get("nonce") + ":00000001:load:auth:" + md5hex("REGISTER:"+uri))
		auth = fmt.Sprintf("Authorization: Digest username=\"%s\", realm=\"%s\", nonce=\"%s\", uri=\"%s\", response=\"%s\", algorithm=MD5, qop=auth, nc=00000001, cnonce=\"load\"\r\n",
			login, get("realm"), get("nonce"), uri, response)
	}
	return fmt.Errorf("registration refused")
}

func md5hex(s string) string {
	h := md5.Sum([]byte(s))
	return hex.EncodeToString(h[:])
}

func (d *desk) serve() {
	buf := make([]byte, 65536)
	for {
		n, from, err := d.sip.ReadFromUDP(buf)
		if err != nil {
			return
		}
		m := string(buf[:n])
		switch {
		case strings.HasPrefix(m, "INVITE "):
			more := fmt.Sprintf("Contact: <sip:desk@%s>\r\nContent-Type: application/sdp\r\n", d.sip.LocalAddr())
			d.sip.WriteToUDP([]byte(answerTo(m, "200 OK", more, sdp(uint16(d.rtp.LocalAddr().(*net.UDPAddr).Port)))), from)
		case strings.HasPrefix(m, "ACK "):
			d.talks.Store(true)
		case strings.HasPrefix(m, "SIP/2.0"):
		case strings.HasPrefix(m, "BYE "):
			d.talks.Store(false)
			d.sip.WriteToUDP([]byte(answerTo(m, "200 OK", "", "")), from)
		default:
			d.sip.WriteToUDP([]byte(answerTo(m, "200 OK", "", "")), from)
		}
	}
}

func (d *desk) echo() {
	buf := make([]byte, 2048)
	for {
		n, from, err := d.rtp.ReadFromUDP(buf)
		if err != nil {
			return
		}
		d.rtp.WriteToUDP(buf[:n], from)
	}
}

// ready signs the operator in, chooses the desk phone and goes on line.
func ready(host, login string) error {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	c := &http.Client{Jar: jar, Timeout: 10 * time.Second}
	for _, step := range []struct {
		path string
		body map[string]string
	}{
		{"/api/session", map[string]string{"login": login, "password": password}},
		{"/api/desk/device", map[string]string{"device": "phone"}},
		{"/api/desk/status", map[string]string{"status": "ready", "reason": ""}},
	} {
		b, err := json.Marshal(step.body)
		if err != nil {
			return err
		}
		r, err := c.Post("http://"+host+step.path, "application/json", bytes.NewReader(b))
		if err != nil {
			return err
		}
		r.Body.Close()
		if r.StatusCode >= 300 {
			return fmt.Errorf("%s: %s", step.path, r.Status)
		}
	}
	return nil
}
