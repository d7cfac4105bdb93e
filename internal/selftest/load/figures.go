package main

import (
	"encoding/binary"
	"os"
	"slices"
	"sync/atomic"
	"time"
)

// listen notes when packets come.
func (p *phone) listen(gauge *atomic.Bool) {
	buf := make([]byte, 2048)
	for {
		n, err := p.rtp.Read(buf)
		if err != nil {
			return
		}
		now := time.Now()
		p.mu.Lock()
		if gauge.Load() {
			if !p.last.IsZero() {
				p.gaps = append(p.gaps, now.Sub(p.last))
			}
			p.packets++
			p.last = now
		}
		if p.armed && n > 12 && buf[1]&0x7f == 8 && fresh(buf[:n]) {
			p.armed = false
			p.sound <- now
		}
		p.mu.Unlock()
	}
}

// fresh tells the first packet of new audio: the marker bit (RFC 3551 §4.1), set when a new prompt starts.
func fresh(pkt []byte) bool { return pkt[1]&0x80 != 0 }

// result is one level's figures.
type result struct {
	cpu, busy     float64 // share of one core: the server, the generator
	gap99, gapMax time.Duration
	late99        time.Duration
	delivered     float64
}

func (r result) verdict() string {
	if r.busy > 0.8 || r.late99 > 5*time.Millisecond {
		return " VOID: the generator was the bottleneck"
	}
	return ""
}

// measure watches menu calls for a while and keeps the menu talking: '*' repeats it.
func (g *generator) measure(s *server, calls []*phone, hold time.Duration) result {
	return g.measureFor(s, calls, hold, func() {
		for _, p := range calls {
			g.press(p, 10, 2)
		}
	})
}

// measureFor watches the calls and does act every four seconds.
func (g *generator) measureFor(s *server, calls []*phone, hold time.Duration, act func()) result {
	for _, p := range calls {
		p.mu.Lock()
		p.gaps, p.packets, p.last = p.gaps[:0], 0, time.Time{}
		p.mu.Unlock()
	}
	g.mu.Lock()
	g.late = g.late[:0]
	g.mu.Unlock()
	began, theirs, mine := time.Now(), cpu(s.cmd.Process.Pid), cpu(os.Getpid())
	g.gauge.Store(true)
	for time.Since(began) < hold {
		act()
		time.Sleep(min(4*time.Second, max(0, hold-time.Since(began))))
	}
	g.gauge.Store(false)
	took := time.Since(began).Seconds()
	r := result{cpu: (cpu(s.cmd.Process.Pid) - theirs).Seconds() / took, busy: (cpu(os.Getpid()) - mine).Seconds() / took}
	var gaps []time.Duration
	packets := 0
	for _, p := range calls {
		p.mu.Lock()
		gaps = append(gaps, p.gaps...)
		packets += p.packets
		p.mu.Unlock()
	}
	r.gap99, r.gapMax = quantile(gaps, 0.99), quantile(gaps, 1)
	r.delivered = float64(packets) / (float64(len(calls)) * took * 50)
	g.mu.Lock()
	r.late99 = quantile(g.late, 0.99)
	g.mu.Unlock()
	return r
}

// press sends an RFC 4733 event: packets long and three times its end. It returns when the first end packet went out.
func (g *generator) press(p *phone, event byte, packets int) time.Time {
	pkt := make([]byte, 16)
	g.mu.Lock()
	defer g.mu.Unlock()
	var end time.Time
	for i := range packets + 3 {
		p.seq++
		pkt[0], pkt[1] = 0x80, 101
		if i == 0 {
			pkt[1] |= 0x80
			p.ts += 160
		}
		binary.BigEndian.PutUint16(pkt[2:], p.seq)
		binary.BigEndian.PutUint32(pkt[4:], p.ts)
		binary.BigEndian.PutUint32(pkt[8:], p.ssrc())
		pkt[12], pkt[13] = event, 10
		if i >= packets {
			pkt[13] |= 0x80
			if end.IsZero() {
				end = time.Now()
			}
		}
		binary.BigEndian.PutUint16(pkt[14:], uint16(min(i+1, packets)*160))
		p.rtp.WriteToUDP(pkt, p.far)
	}
	return end
}

// digits presses '*' in n calls, one after another, and gives the times from the digit's end to the new prompt's first packet.
func (g *generator) digits(calls []*phone, n int) []time.Duration {
	var out []time.Duration
	for _, p := range calls[:n] {
		p.mu.Lock()
		p.armed = true
		p.mu.Unlock()
		select {
		case <-p.sound:
		default:
		}
		end := g.press(p, 10, 1)
		select {
		case at := <-p.sound:
			out = append(out, max(0, at.Sub(end)))
		case <-time.After(2 * time.Second):
		}
		time.Sleep(15 * time.Millisecond)
	}
	return out
}

func quantile(in []time.Duration, q float64) time.Duration {
	if len(in) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(in))
	return s[min(len(s)-1, int(q*float64(len(s))))]
}
