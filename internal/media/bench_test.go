//go:build linux && !portable

package media

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// BenchmarkFrame is the engine's own work for one leg and 20 ms: a packet in, a prompt's frame out, over memory.
func BenchmarkFrame(b *testing.B) {
	e, p, w := quickLeg(b)
	p.Play(Loop(make([]byte, 8000)))
	now := e.base
	b.ReportAllocs()
	for b.Loop() {
		w.arrive()
		now = now.Add(FrameTime)
		e.Tick(now)
	}
}

// BenchmarkForward is one packet through a bridge, over memory.
func BenchmarkForward(b *testing.B) {
	e, p, w := quickLeg(b)
	q := e.attach(&quickWire{}, nil)
	if _, err := q.Answer(offer(farAddr)); err != nil {
		b.Fatal(err)
	}
	Bridge(p, q)
	now := e.base
	b.ReportAllocs()
	for b.Loop() {
		w.arrive()
		now = now.Add(FrameTime)
		e.Tick(now)
	}
}

// TestNoAllocs: nothing is allocated per frame, neither over memory nor over real sockets with a locked source.
func TestNoAllocs(t *testing.T) {
	e, p, w := quickLeg(t)
	p.Play(Loop(make([]byte, 8000)))
	stop := p.Listen(sinkFunc(func(*Frame) {}))
	defer stop()
	now := e.base
	if n := testing.AllocsPerRun(1000, func() {
		w.arrive()
		now = now.Add(FrameTime)
		e.Tick(now)
	}); n != 0 {
		t.Errorf("%.1f allocations per frame", n)
	}
	a, err := openSock(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	z, err := openSock(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if err := z.Only(a.local); err != nil {
		t.Skip(err)
	}
	buf := make([]byte, 2048)
	_, _, _ = z.Recv(buf) // settles
	if n := testing.AllocsPerRun(1000, func() {
		if err := a.Send(buf[:172], z.local); err != nil {
			t.Fatal(err)
		}
		for {
			if _, _, err := z.Recv(buf); err == nil {
				break
			}
		}
	}); n != 0 {
		t.Errorf("%.1f allocations per packet on a real socket", n)
	}
}

// BenchmarkMenuLegs measures what 200 menu legs cost on real sockets: CPU milliseconds per second and call. The far ends live in
// a process of their own and tell the p99 gap between the packets that they heard. naive is the usual design, for comparison.
func BenchmarkMenuLegs(b *testing.B) {
	const calls, seconds = 200, 3
	b.Run("engine", func(b *testing.B) {
		e := newEngine(b, 1)
		music := all(Tone(440, time.Second, -15))
		measure(b, calls, seconds, func(far netip.AddrPort) netip.AddrPort {
			p, err := e.Open()
			if err != nil {
				b.Fatal(err)
			}
			if _, err := p.Answer(offer(far)); err != nil {
				b.Fatal(err)
			}
			p.Play(Loop(music))
			return p.LocalAddr()
		})
	})
	b.Run("naive", func(b *testing.B) {
		measure(b, calls, seconds, func(far netip.AddrPort) netip.AddrPort { return naiveCall(b, far) })
	})
	b.Run("bare", func(b *testing.B) {
		open, stop := bareCalls(b)
		defer stop()
		measure(b, calls, seconds, open)
	})
}

// bareCalls is the floor: one loop that does nothing but one receive and one send for every call in 20 ms.
func bareCalls(b *testing.B) (open func(far netip.AddrPort) netip.AddrPort, stop func()) {
	type call struct {
		s   *sock
		far netip.AddrPort
	}
	var mu sync.Mutex
	var calls []call
	end := make(chan struct{})
	var loop sync.WaitGroup
	loop.Go(func() {
		var in [2048]byte
		var out [rtpHeader + FrameSize]byte
		putRTP(out[:], ptALaw, false, 1, 1, 1)
		tick := time.NewTicker(slotTime)
		defer tick.Stop()
		for n := 0; ; n++ {
			select {
			case <-end:
				return
			case <-tick.C:
			}
			mu.Lock()
			for i := n % slots; i < len(calls); i += slots {
				_, _, _ = calls[i].s.Recv(in[:])
				_ = calls[i].s.Send(out[:], calls[i].far)
			}
			mu.Unlock()
		}
	})
	open = func(far netip.AddrPort) netip.AddrPort {
		s, err := openSock(netip.MustParseAddrPort("127.0.0.1:0"))
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { s.Close() })
		if err := s.Only(far); err != nil {
			b.Fatal(err)
		}
		mu.Lock()
		calls = append(calls, call{s, far})
		mu.Unlock()
		return s.local
	}
	return open, func() { close(end); loop.Wait() }
}

// BenchmarkBridgedLegs is the same for 100 bridges (200 legs), so that figures per call are doubled per leg.
func BenchmarkBridgedLegs(b *testing.B) {
	const calls, seconds = 200, 3
	e := newEngine(b, 1)
	var last *Port
	measure(b, calls, seconds, func(far netip.AddrPort) netip.AddrPort {
		p, err := e.Open()
		if err != nil {
			b.Fatal(err)
		}
		if _, err := p.Answer(offer(far)); err != nil {
			b.Fatal(err)
		}
		if last == nil {
			last = p
		} else {
			Bridge(last, p)
			last = nil
		}
		return p.LocalAddr()
	})
}

// naiveCall is a goroutine with a socket and a ticker per call.
func naiveCall(b *testing.B, far netip.AddrPort) netip.AddrPort {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close() })
	go func() {
		buf := make([]byte, 2048)
		for {
			n, _, err := c.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			parseRTP(buf[:n])
		}
	}()
	go func() {
		tick := time.NewTicker(FrameTime)
		defer tick.Stop()
		k, out, src, f := talker{}, [rtpHeader + FrameSize]byte{}, Loop(make([]byte, 8000)), Frame{}
		for range tick.C {
			src.Next(&f)
			k.seq++
			k.ts += FrameSize
			putRTP(out[:], ptALaw, false, k.seq, k.ts, 1)
			copy(out[rtpHeader:], f[:])
			if _, err := c.WriteToUDPAddrPort(out[:], far); err != nil {
				return
			}
		}
	}()
	return c.LocalAddr().(*net.UDPAddr).AddrPort()
}

// report is what the load process tells.
type report struct {
	Heard  int
	GapP99 float64 // ms between two packets of one call
	LateP9 float64 // ms that the load itself was late (p99)
}

// measure lets a load process call n legs and reports our own CPU time.
func measure(b *testing.B, n, seconds int, open func(far netip.AddrPort) netip.AddrPort) {
	cmd := exec.Command(os.Args[0], "-test.run=^TestLoad$", "-test.v")
	cmd.Env = append(os.Environ(), fmt.Sprintf("MEDIA_LOAD=%d", n))
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	next := func(v any) {
		for lines.Scan() {
			if s, ok := strings.CutPrefix(lines.Text(), "load: "); ok {
				if err := json.Unmarshal([]byte(s), v); err != nil {
					b.Fatal(err)
				}
				return
			}
		}
		b.Fatal("the load process is gone")
	}
	var far, near []netip.AddrPort
	next(&far)
	for _, a := range far {
		near = append(near, open(a))
	}
	if err := json.NewEncoder(in).Encode(near); err != nil {
		b.Fatal(err)
	}
	time.Sleep(time.Second)
	var r report
	for b.Loop() {
		before, at := cpu(b), time.Now()
		time.Sleep(time.Duration(seconds) * time.Second)
		used := (cpu(b) - before).Seconds() * 1000
		b.ReportMetric(used/time.Since(at).Seconds()/float64(n), "cpu-ms/s/leg")
	}
	b.StopTimer()
	in.Close()
	next(&r)
	_ = cmd.Wait()
	b.ReportMetric(r.GapP99, "p99-gap-ms")
	b.ReportMetric(r.LateP9, "load-late-ms")
	b.ReportMetric(0, "ns/op")
}

func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestLoad is the load process of the benchmarks; otherwise it does nothing.
func TestLoad(t *testing.T) {
	var n int
	if _, err := fmt.Sscan(os.Getenv("MEDIA_LOAD"), &n); err != nil {
		return
	}
	conns, addrs := make([]*net.UDPConn, n), make([]netip.AddrPort, n)
	for i := range conns {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		conns[i], addrs[i] = c, c.LocalAddr().(*net.UDPAddr).AddrPort()
	}
	say := func(v any) {
		b, _ := json.Marshal(v)
		fmt.Printf("\nload: %s\n", b)
	}
	say(addrs)
	in := bufio.NewReader(os.Stdin)
	var near []netip.AddrPort
	line, _ := in.ReadBytes('\n')
	if err := json.Unmarshal(line, &near); err != nil {
		t.Fatal(err)
	}
	gaps := make([][]float64, n)
	for i, c := range conns {
		go func() {
			buf := make([]byte, 2048)
			last := time.Time{}
			for {
				if _, err := c.Read(buf); err != nil {
					return
				}
				now := time.Now()
				if !last.IsZero() {
					gaps[i] = append(gaps[i], now.Sub(last).Seconds()*1000)
				}
				last = now
			}
		}()
	}
	end := make(chan struct{})
	go func() { _, _ = in.ReadByte(); close(end) }()
	late := pace(conns, near, end)
	var all []float64
	for _, c := range conns {
		c.Close()
	}
	for _, g := range gaps {
		all = append(all, g[min(len(g), 25):]...)
	}
	say(report{Heard: len(all), GapP99: percentile(all, 99), LateP9: percentile(late, 99)})
}

// pace sends 50 packets a second on every connection, evenly spread, and tells how late it was.
func pace(conns []*net.UDPConn, near []netip.AddrPort, end chan struct{}) (late []float64) {
	k := make([]talker, len(conns))
	step := FrameTime / time.Duration(len(conns))
	start := time.Now()
	body := frameOf(0x91)
	for i := 0; ; i++ {
		due := start.Add(time.Duration(i) * step)
		if d := time.Until(due); d > 0 {
			select {
			case <-end:
				return late
			case <-time.After(d):
			}
		}
		late = append(late, time.Since(due).Seconds()*1000)
		c := i % len(conns)
		k[c].pt, k[c].ssrc = ptALaw, uint32(c)
		_, _ = conns[c].WriteToUDPAddrPort(k[c].say(body), near[c])
	}
}

func percentile(v []float64, p int) float64 {
	if len(v) == 0 {
		return 0
	}
	v = slices.Sorted(slices.Values(v))
	return v[min(len(v)-1, len(v)*p/100)]
}

// BenchmarkBridgeLatency is the time of one packet through a bridge on real sockets, socket to socket.
func BenchmarkBridgeLatency(b *testing.B) {
	e := newEngine(b, 1)
	a, z := plainSocket(b), plainSocket(b)
	pa, pz := openLeg(b, e, a), openLeg(b, e, z)
	Bridge(pa, pz)
	k := talker{pt: 8, ssrc: 1}
	buf := make([]byte, 2048)
	pass := func() time.Duration {
		at := time.Now()
		_, _ = a.WriteToUDPAddrPort(k.say(frameOf(0x91)), pa.LocalAddr())
		_ = z.SetReadDeadline(at.Add(time.Second))
		for {
			n, err := z.Read(buf)
			if err != nil {
				return -1 // the bridge does not stand yet
			}
			if n > rtpHeader && buf[rtpHeader] == 0x91 {
				return time.Since(at)
			}
		}
	}
	until(b, "the bridge", func() bool { return pass() >= 0 })
	var took []float64
	for b.Loop() {
		d := pass()
		if d < 0 {
			b.Fatal("a packet was lost")
		}
		took = append(took, d.Seconds()*1e6)
		if len(took)%16 == 0 {
			time.Sleep(time.Millisecond)
		}
	}
	b.ReportMetric(percentile(took, 50), "p50-us")
	b.ReportMetric(percentile(took, 99), "p99-us")
}

// BenchmarkKeyToPrompt is the time from a key's packet to the new prompt's first packet, on real sockets, beside 200 menu legs'
// worth of nothing else: the call's own reaction is a goroutine that plays a clip.
func BenchmarkKeyToPrompt(b *testing.B) {
	e := newEngine(b, 1)
	a := plainSocket(b)
	p := openLeg(b, e, a)
	go func() {
		for range p.Digits() {
			p.Play(Seq(NewClip(frameOf(0x91)), Silence(-1)))
		}
	}()
	k := talker{pt: 8, ssrc: 1}
	buf := make([]byte, 2048)
	var took []float64
	for b.Loop() {
		time.Sleep(time.Duration(20+len(took)%20) * time.Millisecond)
		at := time.Now()
		_, _ = a.WriteToUDPAddrPort(k.event(5, true, uint32(len(took))*4000, 800), p.LocalAddr())
		for {
			n, err := a.Read(buf)
			if err != nil {
				b.Fatal(err)
			}
			if n > rtpHeader && buf[rtpHeader] == 0x91 {
				break
			}
		}
		took = append(took, time.Since(at).Seconds()*1e3)
	}
	b.ReportMetric(percentile(took, 50), "p50-ms")
	b.ReportMetric(percentile(took, 99), "p99-ms")
}

func plainSocket(b *testing.B) *net.UDPConn {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close() })
	_ = c.SetReadDeadline(time.Now().Add(time.Minute))
	return c
}

func openLeg(b *testing.B, e *Engine, c *net.UDPConn) *Port {
	p, err := e.Open()
	if err != nil {
		b.Fatal(err)
	}
	if _, err := p.Answer(offer(c.LocalAddr().(*net.UDPAddr).AddrPort())); err != nil {
		b.Fatal(err)
	}
	return p
}
