package sipua

import (
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emiago/sipgo/sip"
)

const whole = "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 4\r\n\r\nbody"

// A sender who trickles loses the connection after maxWhole, whatever it sends in between; an idle phone keeps it.
func TestSlowSender(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far, near := net.Pipe()
		left := false
		c := &connGuard{Conn: near, parser: sip.NewParser(), left: func() { left = true }}
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			time.Sleep(20 * time.Minute) // idle between messages is what phones do
			_, _ = far.Write([]byte(whole))
			for i := range len(whole) - 1 {
				time.Sleep(time.Second)
				if _, err := far.Write([]byte(whole[i : i+1])); err != nil {
					return
				}
			}
		}()
		buf := make([]byte, 4096)
		n, err := c.Read(buf)
		if err != nil || string(buf[:n]) != whole {
			t.Fatalf("%q %v", buf[:n], err)
		}
		begin := time.Now()
		if n, err := c.Read(buf); err == nil {
			t.Fatalf("half a message came: %q", buf[:n])
		}
		if d := time.Since(begin); d < maxWhole || d > maxWhole+2*time.Second {
			t.Fatalf("closed after %v", d)
		}
		c.Close()
		if !left {
			t.Fatal("its place is not free")
		}
		far.Close()
		<-sent
	})
}

// Messages that come in one piece, or cut at any octet, are handed on one by one and whole.
func TestFraming(t *testing.T) {
	two := "\r\n" + whole + whole
	for cut := range len(two) {
		in := []byte(two[:cut])
		var got []string
		for _, more := range []string{"", two[cut:]} {
			in = append(in, more...)
			for {
				msg, skip, err := frame(in)
				if err != nil {
					t.Fatal(cut, err)
				}
				in = in[skip:]
				if msg == nil {
					break
				}
				got = append(got, string(msg))
				in = in[len(msg):]
			}
		}
		if len(got) != 2 || got[0] != whole || got[1] != whole {
			t.Fatalf("cut at %d: %q", cut, got)
		}
	}
	for _, bad := range []string{strings.Replace(whole, "Content-Length: 4", "Content-Length: -4", 1), strings.Replace(whole, "Content-Length: 4\r\n", "", 1),
		strings.Replace(whole, "Content-Length: 4", "Content-Length: 99999999", 1), strings.Repeat("x", maxHeader+1)} {
		if _, _, err := frame([]byte(bad)); err == nil {
			t.Errorf("%.40q was taken", bad)
		}
	}
}

func TestConnectionsPerAddress(t *testing.T) {
	g := newListenerGuard(nil)
	for range maxPerIP {
		if !g.enter("192.0.2.1") {
			t.Fatal("too few")
		}
	}
	if g.enter("192.0.2.1") {
		t.Fatal("too many")
	}
	if !g.enter("192.0.2.2") {
		t.Fatal("another address pays for the first")
	}
	g.leave("192.0.2.1")
	if !g.enter("192.0.2.1") {
		t.Fatal("a free place is not given")
	}
}
