package main

import (
	"fmt"
	"strings"
	"time"
)

// storm makes many short calls from one address: INVITE, 200, ACK, and BYE a quarter of a second later. Their sound goes to a socket
// that nobody reads.
type storm struct {
	g    *generator
	sip  *generator // its own SIP socket, without a clock of its own
	port uint16
}

// tally is what became of one storm.
type tally struct {
	sent, answered, refused, repeated, silent int
	took                                      []time.Duration
}

// rate sends calls at a rate for a while. An INVITE without any final answer within 500 ms is repeated, as RFC 3261 has it.
func (s *storm) rate(perSecond int, lasting time.Duration) tally {
	type open struct {
		began, sent time.Time
		text        string
		tries       int
	}
	type bye struct {
		at      time.Time
		id, tag string
	}
	var t tally
	calls := map[string]*open{}
	var byes []bye
	in := make(chan string, 1<<14)
	s.sip.mu.Lock()
	s.sip.all = in
	s.sip.mu.Unlock()
	begin := time.Now()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	look := begin
	for now := begin; now.Before(begin.Add(lasting)) || len(calls) > 0 && now.Before(begin.Add(lasting+4*time.Second)); {
		select {
		case m := <-in:
			now = time.Now()
			id := header(m, "Call-ID")
			c := calls[id]
			if c == nil {
				continue
			}
			delete(calls, id)
			tag := toTag(m)
			s.sip.inside("ACK", id, tag, 1)
			if !strings.HasPrefix(m, "SIP/2.0 200") {
				t.refused++
				continue
			}
			t.answered++
			t.took = append(t.took, now.Sub(c.began))
			byes = append(byes, bye{now.Add(250 * time.Millisecond), id, tag})
			continue
		case now = <-tick.C:
		}
		for want := int(now.Sub(begin).Seconds() * float64(perSecond)); t.sent < want && now.Before(begin.Add(lasting)); t.sent++ {
			s.sip.n++
			id := fmt.Sprintf("storm-%d-%d", pid(), s.sip.n)
			c := &open{began: time.Now(), sent: now, text: s.sip.invite(id, s.port)}
			calls[id] = c
			s.sip.sip.WriteToUDP([]byte(c.text), s.sip.to)
		}
		for len(byes) > 0 && byes[0].at.Before(now) {
			s.sip.inside("BYE", byes[0].id, byes[0].tag, 2)
			byes = byes[1:]
		}
		if now.Sub(look) < 20*time.Millisecond {
			continue
		}
		look = now
		for _, c := range calls {
			if now.Sub(c.sent) > 500*time.Millisecond<<c.tries && c.tries < 3 {
				c.tries++
				c.sent = now
				t.repeated++
				s.sip.sip.WriteToUDP([]byte(c.text), s.sip.to)
			}
		}
	}
	t.silent = len(calls)
	time.Sleep(300 * time.Millisecond)
	for _, b := range byes {
		s.sip.inside("BYE", b.id, b.tag, 2)
	}
	return t
}

// storms finds how many set-ups a second are answered without a repeated INVITE, then sends twice as many while calls go on.
func storms(s *server, g *generator, steady int) error {
	sip, err := newGenerator(s.sip)
	if err != nil {
		return err
	}
	defer sip.close()
	c, port, err := drainSocket()
	if err != nil {
		return err
	}
	defer c.Close()
	st := &storm{g: g, sip: sip, port: port}
	best := 0
	for _, r := range []int{100, 300, 500, 600} {
		t := st.rate(r, 3*time.Second)
		fmt.Printf("set-ups %4d/s for 3 s: answered %.1f %%, 503 %.1f %%, repeated INVITEs %d, no answer %d, set-up p50 %s p99 %s\n", r, 100*float64(t.answered)/float64(t.sent),
			100*float64(t.refused)/float64(t.sent), t.repeated, t.silent, ms(quantile(t.took, 0.5)), ms(quantile(t.took, 0.99)))
		time.Sleep(4 * time.Second) // ports rest 3 s
		if t.repeated == 0 && t.answered >= t.sent*99/100 {
			best = r
		}
		if t.answered < t.sent*9/10 {
			break
		}
	}
	calls, err := g.ramp(steady)
	if err != nil {
		return err
	}
	time.Sleep(time.Second)
	done := make(chan tally)
	go func() { done <- st.rate(2*max(best, 100), 6*time.Second) }()
	r := g.measureFor(s.cmd.Process.Pid, calls, 6*time.Second, nil)
	t := <-done
	fmt.Printf("storm of %d/s for 6 s beside %d calls: answered %.0f a second, 503 %.1f %%, repeated INVITEs %d, no answer %d, set-up p99 %s; the calls: gap p99 %s max %s, delivered %.2f %%; server %.0f %% of its core; generator: busy %.0f %%, late p99 %s%s\n",
		2*max(best, 100), steady, float64(t.answered)/6, 100*float64(t.refused)/float64(t.sent), t.repeated, t.silent, ms(quantile(t.took, 0.99)),
		ms(r.gap99), ms(r.gapMax), r.delivered*100, r.cpu*100, r.busy*100, ms(r.late99), r.verdict())
	for _, p := range calls {
		g.hangup(p)
	}
	return nil
}
