package main

import (
	"slices"
	"time"
)

// result is one level's figures.
type result struct {
	cpu, busy     float64 // share of one core: the server, the generator
	gap99, gapMax time.Duration
	late99        time.Duration
	delivered     float64
	echo50, echo9 time.Duration
}

func (r result) verdict() string {
	if r.busy > 0.8 || r.late99 > 5*time.Millisecond {
		return " VOID: the generator was the bottleneck"
	}
	return ""
}

// measure watches menu calls for a while and keeps the menu talking: every ten seconds each call presses '*', which repeats it.
func (g *generator) measure(server int, calls []*phone, hold time.Duration) result {
	return g.measureFor(server, calls, hold, func(p *phone) { g.press(p, 10, 2) })
}

// measureFor watches the calls and does act with each of them every ten seconds.
func (g *generator) measureFor(server int, calls []*phone, hold time.Duration, act func(*phone)) result {
	g.mu.Lock()
	for _, p := range calls {
		p.gaps, p.echoes, p.packets, p.last = make([]time.Duration, 0, int(hold.Seconds()*60)), p.echoes[:0], 0, time.Time{}
	}
	g.late = g.late[:0]
	g.mu.Unlock()
	began, theirs, mine := time.Now(), cpu(server), cpu(pid())
	g.gauge.Store(true)
	for n := 0; time.Since(began) < hold; n++ {
		if act != nil {
			act(calls[n%len(calls)])
		}
		time.Sleep(10 * time.Second / time.Duration(len(calls)))
	}
	g.gauge.Store(false)
	took := time.Since(began).Seconds()
	r := result{cpu: (cpu(server) - theirs).Seconds() / took, busy: (cpu(pid()) - mine).Seconds() / took}
	g.mu.Lock()
	defer g.mu.Unlock()
	var gaps, echoes []time.Duration
	packets, heard := 0, 0
	for _, p := range calls {
		if p.deaf {
			continue
		}
		heard++
		gaps, echoes = append(gaps, p.gaps...), append(echoes, p.echoes...)
		packets += p.packets
	}
	r.gap99, r.gapMax = quantile(gaps, 0.99), quantile(gaps, 1)
	r.echo50, r.echo9 = quantile(echoes, 0.5), quantile(echoes, 0.99)
	r.delivered = float64(packets) / (float64(heard) * took * 50)
	r.late99 = quantile(g.late, 0.99)
	return r
}

func quantile(in []time.Duration, q float64) time.Duration {
	if len(in) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(in))
	return s[min(len(s)-1, int(q*float64(len(s))))]
}
