package sipua

import (
	"bytes"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"dovidka/internal/media"
)

// ear notices any sound but silence.
type ear chan struct{}

// Put takes a frame.
func (e ear) Put(f *media.Frame) {
	if bytes.Count(f[:], []byte{f[0]}) == len(f) {
		return
	}
	select {
	case e <- struct{}{}:
	default:
	}
}

// Whoever dials hears what the far end says before it answers.
func TestEarlyMediaIsHeard(t *testing.T) {
	h := serve(t, withMedia(t))
	ports := make(chan *media.Port, 2)
	phone, invite, d := h.ring(t.Context(), DialOptions{Early: func(p *media.Port) { ports <- p }})
	m := regexp.MustCompile(`m=audio (\d+)`).FindStringSubmatch(invite)
	if m == nil {
		t.Fatal(invite)
	}
	sound, err := net.Dial("udp4", "127.0.0.1:"+m[1])
	if err != nil {
		t.Fatal(err)
	}
	defer sound.Close()
	sdp := strings.Replace(goodSDP, "40000", strings.TrimPrefix(sound.LocalAddr().String(), "127.0.0.1:"), 1)
	phone.send(answer(invite, "183 Session Progress", "p", contactOf(phone), sdp))
	phone.send(answer(invite, "183 Session Progress", "p", contactOf(phone), sdp)) // said again: shown once
	var p *media.Port
	select {
	case p = <-ports:
	case <-time.After(3 * time.Second):
		t.Fatal("no early media")
	}
	heard := make(ear, 1)
	stop := p.Listen(heard)
	defer stop()
	packet := make([]byte, 172)
	packet[0], packet[1] = 0x80, 8
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for seq, limit := byte(1), time.After(3*time.Second); ; seq++ {
		packet[3], packet[6], packet[7] = seq, seq>>1, seq*160&0xff
		for i := range packet[12:] {
			packet[12+i] = byte(i)
		}
		_, _ = sound.Write(packet)
		select {
		case <-heard:
		case <-limit:
			t.Fatal("the early sound was not heard")
		case <-tick.C:
			continue
		}
		break
	}
	phone.send(answer(invite, "200 OK", "p", contactOf(phone), sdp))
	phone.want("ACK ")
	d.wait(t)
	if d.err != nil || d.leg.Media() != p || len(ports) != 0 {
		t.Fatal(d.err, len(ports))
	}
}
