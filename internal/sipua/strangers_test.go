package sipua

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// wire is a UDP socket in memory: packets come from any address.
type wire struct {
	net.PacketConn // for its address
	in             chan parcel
	sent           atomic.Int64
	out            chan []byte // what was sent, if anybody looks
	once           sync.Once
	closed         chan struct{}
}

type parcel struct {
	from netip.AddrPort
	text []byte
}

func newWire(t testing.TB) *wire {
	t.Helper()
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &wire{PacketConn: c, in: make(chan parcel), closed: make(chan struct{})}
}

func (w *wire) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	select {
	case p := <-w.in:
		return copy(b, p.text), p.from, nil
	case <-w.closed:
		return 0, netip.AddrPort{}, net.ErrClosed
	}
}

func (w *wire) WriteTo(b []byte, _ net.Addr) (int, error) {
	w.sent.Add(1)
	select {
	case w.out <- append([]byte(nil), b...):
	default: // nobody looks
	}
	return len(b), nil
}

func (w *wire) end() { w.once.Do(func() { close(w.closed) }) }

// plug lets a server read a wire beside its own socket, until the wire's end.
func (h *house) plug(w *wire) (ended chan struct{}) { return plug(h.Server, w, maxSources) }

func plug(s *Server, w *wire, most int) (ended chan struct{}) {
	g, ended := newPacketGuard(w, s.porch, most), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			_ = s.tpl.ServeUDP(g)
			select {
			case <-w.closed:
				return
			default:
			}
		}
	}()
	return ended
}

func stranger(i uint32) netip.AddrPort {
	i = i*2654435761 + 12345
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{byte(i>>24) | 1, byte(i >> 16), byte(i >> 8), byte(i)}), 5060)
}

func ask(method string, from netip.AddrPort, n int) []byte {
	return fmt.Appendf(nil, "%s sip:0800353608@h SIP/2.0\r\nVia: SIP/2.0/UDP %s;rport;branch=z9hG4bK%d\r\nFrom: <sip:a@%s>;tag=1\r\nTo: <sip:b@h>\r\n"+
		"Call-ID: %d\r\nCSeq: 1 %s\r\nUser-Agent: friendly-scanner\r\nContent-Length: 0\r\n\r\n", method, from, n, from.Addr(), n, method)
}

// A flood of a million forged sources, each with a whole request, costs a bounded share of work and memory – the guard's, sipgo's
// table of sources and its transactions – and a call that is up goes on through it.
func TestMillionSources(t *testing.T) {
	flood := 200_000 // the same bounds are reached; the million is in the long run
	if os.Getenv("DOVIDKA_ALL_STORIES") != "" {
		flood = 1_000_000
	}
	const bound = 64 << 20 // what the heap may grow by
	h := serve(t, func(o *Options) { o.strict = true })
	c := h.citizen()
	l := h.up(c)
	w := newWire(t)
	ended := h.plug(w)
	before, begin := heap(), time.Now()
	most := before
	for i := range flood {
		from := stranger(uint32(i))
		w.in <- parcel{from, ask("OPTIONS", from, i)}
		if i%100_000 == 99_999 {
			most = max(most, heap())
		}
	}
	took := time.Since(begin)
	c.send(c.request("OPTIONS", 2, "", "")) // its own bucket: everybody's is empty
	c.want("SIP/2.0 200")
	w.end()
	<-ended
	answers := w.sent.Load()
	if limit := int64(2000 + 1000*(took.Seconds()+1)); answers > limit {
		t.Errorf("%d answers in %v, want at most %d", answers, took, limit)
	}
	if grown := int64(most) - int64(before); grown > bound {
		t.Errorf("the heap grew by %d MB", grown>>20)
	} else {
		t.Logf("%d packets in %v, %d answered, the heap grew by %d KB", flood, took, answers, grown>>10)
	}
	l.Hangup("")
	c.want("BYE ")
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// One scanner gets its burst and then its rate, and nothing of what it does touches another stranger.
func TestScannerPays(t *testing.T) {
	h := serve(t, func(o *Options) { o.strict = true; o.Known = func(string) bool { return false } })
	w := newWire(t)
	w.out = make(chan []byte, 4096)
	ended := h.plug(w)
	from := netip.MustParseAddrPort("192.0.2.9:5060")
	begin := time.Now()
	for i := range 1000 {
		w.in <- parcel{netip.AddrPortFrom(from.Addr(), uint16(1024+i)), ask("OPTIONS", from, i)} // another port is the same stranger
	}
	other := netip.MustParseAddrPort("198.51.100.9:5060")
	w.in <- parcel{other, ask("OPTIONS", other, 5000)}
	h.until(func() bool { return h.porch.turned.Load() > 0 })
	got := 0
	h.until(func() bool {
		for len(w.out) > 0 {
			got++
			if strings.Contains(string(<-w.out), "Call-ID: 5000\r\n") {
				return true
			}
		}
		return false
	})
	w.end()
	<-ended
	if most := 100 + 10*(int(time.Since(begin).Seconds())+1) + 1; got > most+5 {
		t.Errorf("%d answers for one scanner, want at most %d", got, most)
	}
}

// With strangers ignored nobody learns that there is a telephone here, but for peers, for phones that register, and inside calls.
func TestIgnoreStrangers(t *testing.T) {
	var peers atomic.Bool
	peers.Store(true)
	account := func(user string) (string, bool) { return HA1("ivanova", "dovidka", "s3cret"), user == "ivanova" }
	h := serve(t, func(o *Options) {
		o.strict, o.IgnoreStrangers, o.Account = true, true, account
		o.peer = func(netip.Addr) bool { return peers.Load() } // all rogues of this test have one address
	})
	c := h.citizen()
	l := h.up(c)
	peers.Store(false)
	scanner := h.citizen()
	for _, m := range []string{"OPTIONS", "INVITE", "BYE", "SUBSCRIBE", "XYZZY"} {
		scanner.send(scanner.request(m, 1, "", ""))
	}
	scanner.send("INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: x\r\nTo: y\r\nCall-ID: 1\r\nCSeq: hm\r\n\r\n")
	h.until(func() bool { return h.porch.ignored.Load() >= 5 })
	scanner.send(scanner.request("REGISTER", 1, "", ""))
	if m := (<-scanner.in).text; !strings.HasPrefix(m, "SIP/2.0 401") {
		t.Fatalf("the first thing that a stranger hears:\n%s", m)
	}
	if len(h.calls) > 0 || len(h.refused) > 0 {
		t.Error("a stranger's INVITE has come in")
	}
	second := h.citizen() // the carrier's other machine, which no one has named
	second.id, second.tag, second.theirs = c.id, c.tag, c.theirs
	second.send(second.request("INFO", 2, "", ""))
	second.want("SIP/2.0 200")
	peers.Store(true)
	scanner.send(scanner.request("OPTIONS", 1, "", ""))
	scanner.want("SIP/2.0 200")
	l.Hangup("")
	c.want("BYE ")
}

// A scanner's refused INVITEs fill neither the journal nor the log: sixty are written down, the rest are one number a minute.
func TestRefusalsAreCounted(t *testing.T) {
	var text strings.Builder
	h := serve(t, func(o *Options) {
		o.strict, o.Known = true, func(string) bool { return false }
		o.OnRefused = func(_, _ callNumber, _ string) {}
		o.Log = slog.New(slog.NewTextHandler(&text, nil))
	})
	written := 0
	for i := range uint32(200) {
		if h.porch.writes(stranger(i).String()) {
			written++
		}
	}
	if written < 60 || written > 62 {
		t.Errorf("%d were written down", written)
	}
	h.reportOnce()
	h.reportOnce()
	if got := text.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, fmt.Sprintf("refusals_not_recorded=%d", 200-written)) {
		t.Errorf("log: %s", got)
	}
}

// BenchmarkStranger compares in one run what a server spends on strangers' packets and on a call, all in memory: no socket's cost
// is in it, so the shares are the house's own.
func BenchmarkStranger(b *testing.B) {
	far := netip.MustParseAddrPort("127.0.0.1:5060")
	rig := func(b *testing.B, change func(*Options)) (*Server, *wire) {
		b.Helper()
		o := Options{Addr: "127.0.0.1:0", T1: testT1, Log: slog.New(slog.DiscardHandler), OnCall: func(l *Leg) { _ = l.Answer(b.Context()) },
			open: func() (sound, error) { return newDeaf(), nil }}
		change(&o)
		s, err := New(o)
		if err != nil {
			b.Fatal(err)
		}
		w := newWire(b)
		w.out = make(chan []byte, 64)
		ended := plug(s, w, maxSources)
		b.Cleanup(func() { s.Close(); w.end(); <-ended })
		return s, w
	}
	b.Run("turned-away", func(b *testing.B) {
		_, w := rig(b, func(o *Options) { o.strict = true })
		from := netip.MustParseAddrPort("192.0.2.1:5060")
		text := ask("OPTIONS", from, 1)
		for range 200 {
			w.in <- parcel{from, text}
		}
		for b.Loop() {
			w.in <- parcel{from, text}
		}
	})
	answered := func(method string, change func(*Options), want string) func(b *testing.B) {
		return func(b *testing.B) {
			_, w := rig(b, change)
			for i := 0; b.Loop(); i++ {
				w.in <- parcel{far, ask(method, far, i)}
				for id := fmt.Sprintf("\r\nCall-ID: %d\r\n", i); ; { // others are repetitions of earlier refusals
					got := string(<-w.out)
					if strings.Contains(got, id) && strings.HasPrefix(got, want) {
						break
					}
				}
			}
		}
	}
	b.Run("options-answered", answered("OPTIONS", func(*Options) {}, "SIP/2.0 200"))
	b.Run("invite-refused", answered("INVITE", func(o *Options) { o.Known = func(string) bool { return false } }, "SIP/2.0 404"))
	b.Run("register-challenged", answered("REGISTER", func(o *Options) { o.Account = func(string) (string, bool) { return "", false } }, "SIP/2.0 401"))
	b.Run("call", func(b *testing.B) {
		_, w := rig(b, func(*Options) {})
		want := func(prefix string) string {
			for {
				if got := string(<-w.out); strings.HasPrefix(got, prefix) {
					return got
				}
			}
		}
		c := &citizen{rogue: &rogue{to: net.UDPAddrFromAddrPort(far), addr: far.String()}, tag: "t", user: "0800353608"}
		for i := 0; b.Loop(); i++ {
			c.id, c.theirs = fmt.Sprint("call-", i), ""
			w.in <- parcel{far, []byte(c.request("INVITE", 1, "application/sdp", goodSDP))}
			c.theirs = toTag(want("SIP/2.0 200"))
			w.in <- parcel{far, []byte(c.request("ACK", 1, "", ""))}
			w.in <- parcel{far, []byte(c.request("BYE", 2, "", ""))}
			for !strings.Contains(want("SIP/2.0 200"), "CSeq: 2 BYE") {
				continue
			}
		}
	})
}
