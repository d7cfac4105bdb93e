package sipua

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"dovidka/internal/media"
)

// buzz is a sound without end.
type buzz struct{}

// Next fills a frame.
func (buzz) Next(f *media.Frame) bool {
	for i := range f {
		f[i] = byte(i)
	}
	return true
}

func offerFrom(addr net.Addr, version int, ip, format, direction string) string {
	port := addr.(*net.UDPAddr).Port
	return fmt.Sprintf("v=0\r\no=- 1 %d IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio %d RTP/AVP %s\r\n%s", version, ip, ip, port, format, direction)
}

// arrives waits until a packet of payload type pt comes.
func arrives(t *testing.T, c net.PacketConn, pt byte) {
	t.Helper()
	buf := make([]byte, 2048)
	_ = c.SetReadDeadline(time.Now().Add(4 * time.Second))
	for {
		n, _, err := c.ReadFrom(buf)
		if err != nil {
			t.Fatalf("no sound of type %d at %s: %v", pt, c.LocalAddr(), err)
		}
		if n > 12 && buf[0]>>6 == 2 && buf[1]&0x7f == pt {
			return
		}
	}
}

// Every shape of re-INVITE and UPDATE, with real sound: hold in its three ways, resume, no SDP, another codec, another address, and bad
// ones that leave the call as it was.
func TestEveryShapeOfAChange(t *testing.T) {
	h := serve(t, withMedia(t))
	one, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	two, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer two.Close()
	c := h.citizen()
	c.invite(offerFrom(one.LocalAddr(), 1, "127.0.0.1", "8 0", ""))
	l := h.leg()
	if err := l.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.theirs = toTag(c.want("SIP/2.0 200"))
	c.send(c.request("ACK", 1, "", ""))
	l.Media().Play(buzz{})
	arrives(t, one, 8)
	version := func(text string) string {
		return strings.Fields(head(strings.Replace(text, "\no=", "\nO:", 1), "O"))[2]
	}
	last := ""
	for i, k := range []struct {
		method, offer, want string
		held                bool
		at                  net.PacketConn // where the sound goes then; nil: nowhere in particular
		pt                  byte
	}{
		{"INVITE", offerFrom(one.LocalAddr(), 2, "127.0.0.1", "8 0", "a=sendonly\r\n"), "a=recvonly", true, nil, 8},
		{"INVITE", offerFrom(one.LocalAddr(), 3, "127.0.0.1", "8 0", "a=sendrecv\r\n"), "a=sendrecv", false, one, 8},
		{"INVITE", offerFrom(one.LocalAddr(), 4, "127.0.0.1", "8 0", "a=inactive\r\n"), "a=inactive", true, nil, 8},
		{"UPDATE", offerFrom(one.LocalAddr(), 5, "127.0.0.1", "8 0", ""), "a=sendrecv", false, one, 8},
		{"INVITE", offerFrom(one.LocalAddr(), 6, "0.0.0.0", "8 0", ""), "a=recvonly", true, nil, 8}, // RFC 2543 hold
		{"INVITE", "", "a=sendrecv", false, one, 8},                                                 // resumed by our offer and their answer
		{"INVITE", offerFrom(one.LocalAddr(), 7, "127.0.0.1", "0", ""), "RTP/AVP 0", false, one, 0},
		{"UPDATE", offerFrom(two.LocalAddr(), 8, "127.0.0.1", "8", ""), "RTP/AVP 8", false, two, 8},
		{"INVITE", offerFrom(one.LocalAddr(), 9, "127.0.0.1", "18", ""), "488", false, two, 8}, // G.729 only
		{"UPDATE", offerFrom(one.LocalAddr(), 9, "127.0.0.1", "18", ""), "488", false, two, 8},
		{"INVITE", "nonsense", "488", false, two, 8},
		{"UPDATE", "", "", false, two, 8}, // a refresh
	} {
		seq := i + 2
		kind := "application/sdp"
		if k.offer == "" {
			kind = ""
		}
		c.send(c.request(k.method, seq, kind, k.offer))
		if k.want == "488" {
			c.reply(fmt.Sprintf("%d %s", seq, k.method), "488")
			if k.method == "INVITE" {
				c.send(c.same("ACK", seq, "", ""))
			}
		} else {
			got := c.reply(fmt.Sprintf("%d %s", seq, k.method), "200")
			if !strings.Contains(got, k.want) {
				t.Errorf("%d %s: want %s:\n%s", seq, k.method, k.want, got)
			}
			if strings.Contains(got, "\no=") {
				if v := version(got); v == last {
					t.Errorf("%d: the version of our description has not grown", seq)
				} else {
					last = v
				}
			}
			if k.method == "INVITE" {
				body := ""
				if k.offer == "" {
					body, kind = offerFrom(one.LocalAddr(), 6, "127.0.0.1", "8", ""), "application/sdp"
				} else {
					kind = ""
				}
				c.send(c.request("ACK", seq, kind, body))
			}
		}
		h.until(func() bool { return l.Media().Held() == k.held })
		if k.at != nil {
			arrives(t, k.at, k.pt)
		}
	}
	// the same description again has the same version (RFC 3264 §8)
	again := offerFrom(two.LocalAddr(), 10, "127.0.0.1", "8", "")
	c.send(c.request("UPDATE", 20, "application/sdp", again))
	if got := c.reply("20 UPDATE", "200"); version(got) != last {
		t.Errorf("version %s after %s without a change", version(got), last)
	}
	c.send(c.request("BYE", 21, "", ""))
	over(t, l, "caller")
}

// Messages far greater than a packet: many proxies, long names. Over TCP in pieces, over UDP in fragments; the answer is as great.
func TestGreatMessages(t *testing.T) {
	h := serve(t, nil)
	var vias strings.Builder
	for i := range 100 {
		fmt.Fprintf(&vias, "Via: SIP/2.0/UDP proxy%d.example.invalid;branch=z9hG4bK%s\r\n", i, strings.Repeat("x", 60))
	}
	for network, lines := range map[string]int{"udp4": 100, "tcp4": 300} { // sipgo reads at most 32 KB of a datagram
		conn, err := net.Dial(network, h.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		c := h.citizen()
		c.extra = vias.String() + "User-Agent: " + strings.Repeat("w", 3000) + "\r\n"
		sdp := goodSDP + strings.Repeat("a=x-long:"+strings.Repeat("y", 90)+"\r\n", lines)
		text := strings.Replace(c.request("INVITE", 1, "application/sdp", sdp), "SIP/2.0/UDP "+c.addr, "SIP/2.0/"+strings.ToUpper(network[:3])+" "+conn.LocalAddr().String(), 1)
		if len(text) < lines*100+10_000 {
			t.Fatal(len(text))
		}
		piece := len(text)
		if network == "tcp4" {
			piece = 1400
		}
		for at := 0; at < len(text); at += piece {
			if _, err := conn.Write([]byte(text[at:min(at+piece, len(text))])); err != nil {
				t.Fatal(err)
			}
		}
		l := h.leg()
		if err := l.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := ""
		buf := make([]byte, 65536)
		_ = conn.SetReadDeadline(time.Now().Add(4 * time.Second))
		for !strings.Contains(got, "\r\n\r\n") || !strings.Contains(got, "m=audio") {
			n, err := conn.Read(buf)
			if err != nil {
				t.Fatalf("%s: %v", network, err)
			}
			if got += string(buf[:n]); strings.HasPrefix(got, "SIP/2.0 100") {
				got = ""
			}
		}
		if !strings.HasPrefix(got, "SIP/2.0 200") || strings.Count(got, "Via:") != 101 {
			t.Errorf("%s: %d octets, %d Via", network, len(got), strings.Count(got, "Via:"))
		}
		l.Hangup("")
	}
}
