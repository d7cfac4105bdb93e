// Command load measures a whole dovidka from outside: another process on another core makes real calls over SIP and RTP and says
// what it cost the server and how late the packets came. It is a tool of `make bench` (docs/benchmarks.md), not shipped.
//
// Everything stays on 127.0.0.1, is bounded in count and time, and is stopped at the end. A run in which the generator itself
// was late (p99 over 5 ms) or over 80 % busy is void and says so.
package main

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// plan is what one run measures.
type plan struct {
	bin, clips              string
	calls, bridged          []int
	recorded, crowd, steady int
	compare, storms         bool
	hold                    time.Duration
}

func main() {
	var p plan
	flag.StringVar(&p.bin, "dovidka", "bin/dovidka", "the program to measure")
	calls := flag.String("calls", "100,200,400", "concurrent menu calls, one run each")
	bridged := flag.String("bridged", "100", "concurrent bridged calls, one run each; empty: none")
	flag.IntVar(&p.recorded, "recorded", 100, "concurrent bridged calls that are recorded; 0: none")
	flag.IntVar(&p.crowd, "crowd", 1500, "menu calls of the run that is judged by gaps; 0: none")
	flag.IntVar(&p.steady, "steady", 100, "calls that go on beside the storm of set-ups")
	flag.BoolVar(&p.compare, "compare", true, "also run the naive design and the bare loop")
	flag.BoolVar(&p.storms, "storms", true, "also look for the most set-ups a second, and storm beyond")
	flag.DurationVar(&p.hold, "hold", 8*time.Second, "how long each level is measured")
	flag.StringVar(&p.clips, "clips", "", "folder of rendered clips to use (empty: a new one, which takes two minutes to fill)")
	serve := flag.String("serve", "", "be one of the things compared with: naive or bare")
	n := flag.Int("n", 0, "calls of -serve")
	flag.Parse()
	var err error
	if *serve != "" {
		err = baseline(*serve, *n)
	} else if p.calls, err = numbers(*calls); err == nil {
		if p.bridged, err = numbers(*bridged); err == nil {
			err = p.run()
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func numbers(list string) (out []int, err error) {
	for _, f := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' }) {
		n, err := strconv.Atoi(strings.TrimSpace(f))
		if err != nil {
			return nil, fmt.Errorf("%q is no list of numbers", list)
		}
		out = append(out, n)
	}
	return out, nil
}

// run measures everything; bridged calls are last, because they need operators, who cost time to hire.
func (p *plan) run() error {
	naive, bare := map[int]float64{}, map[int]float64{}
	if p.compare {
		for _, n := range p.calls {
			for kind, into := range map[string]map[int]float64{"naive": naive, "bare": bare} {
				r, err := compare(kind, n, p.hold)
				if err != nil {
					return fmt.Errorf("%s: %w", kind, err)
				}
				into[n] = r.cpu * 1000 / float64(n)
				fmt.Printf("%-5s %4d: CPU %.2f ms/s per call, gap p99 %s, delivered %.2f %%; generator: busy %.0f %%, late p99 %s%s\n",
					kind, n, into[n], ms(r.gap99), r.delivered*100, r.busy*100, ms(r.late99), r.verdict())
			}
		}
	}
	if err := p.centre("", func(s *server, g *generator) error { return p.menu(s, g, naive, bare) }); err != nil {
		return err
	}
	if len(p.bridged) > 0 {
		err := p.centre("", func(s *server, g *generator) error {
			l := &line{s: s, g: g}
			defer l.close()
			for _, n := range p.bridged {
				if err := l.bridgedLevel("bridged", n, p.hold); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if p.recorded == 0 {
		return nil
	}
	return p.centre("[recording]\non = true\nground = \"випробування\"\n", func(s *server, g *generator) error {
		l := &line{s: s, g: g}
		defer l.close()
		return l.bridgedLevel("bridged and recorded", p.recorded, p.hold)
	})
}

// centre starts a server and a generator for what is to be measured, and stops them.
func (p *plan) centre(settings string, f func(*server, *generator) error) error {
	s, err := startServer(p.bin, p.clips, settings)
	if err != nil {
		return err
	}
	defer s.stop()
	g, err := newGenerator(s.sip)
	if err != nil {
		return err
	}
	defer g.close()
	first, err := g.firstAnswer(s.began)
	if err != nil {
		return fmt.Errorf("first call: %w\n%s", err, s.log())
	}
	if err := s.waitVoice(5 * time.Minute); err != nil {
		return err
	}
	if settings == "" {
		fmt.Printf("start to first answered call: %d ms\n", first.Milliseconds())
	}
	return f(s, g)
}

// menu measures menu calls at every level, a crowd of them, and storms of set-ups.
func (p *plan) menu(s *server, g *generator, naive, bare map[int]float64) error {
	resident, heap := s.memory()
	fmt.Printf("idle memory: %.1f MB, heap %.1f MB\n", float64(resident)/1024, float64(heap)/1024)
	if err := setups(g, 200); err != nil {
		return err
	}
	for _, n := range p.calls {
		if err := menuLevel(s, g, n, p.hold, naive[n], bare[n]); err != nil {
			return err
		}
	}
	if p.crowd > 0 {
		if err := menuLevel(s, g, p.crowd, p.hold, 0, 0); err != nil {
			return err
		}
	}
	if !p.storms {
		return nil
	}
	return storms(s, g, p.steady)
}

// setups makes calls one after another and prints INVITE → 200.
func setups(g *generator, n int) error {
	var took []time.Duration
	for range n {
		c, err := g.dial()
		if err != nil {
			return err
		}
		took = append(took, c.setup)
		g.hangup(c)
	}
	fmt.Printf("set-up, INVITE to 200: p50 %s, p99 %s (%d calls, one after another)\n", ms(quantile(took, 0.5)), ms(quantile(took, 0.99)), n)
	return nil
}

// menuLevel holds n menu calls and prints what they cost and how they sounded.
func menuLevel(s *server, g *generator, n int, hold time.Duration, naive, bare float64) error {
	before, heap := s.memory()
	calls, err := g.ramp(n)
	if err != nil {
		return err
	}
	time.Sleep(2 * time.Second)
	r := g.measure(s.cmd.Process.Pid, calls, hold)
	after, heapAfter := s.memory()
	each := r.cpu * 1000 / float64(n)
	ratio := ""
	if naive > 0 && bare > 0 {
		ratio = fmt.Sprintf(" = %.2f of naive, %.2f of bare", each/naive, each/bare)
	}
	fmt.Printf("menu calls %4d: CPU %.2f ms/s per call%s (%.0f %% of one core), gap p99 %s max %s, delivered %.2f %%, memory %.0f KB per call (heap %.0f KB); generator: busy %.0f %%, late p99 %s%s\n",
		n, each, ratio, r.cpu*100, ms(r.gap99), ms(r.gapMax), r.delivered*100, float64(after-before)/float64(n), float64(heapAfter-heap)/float64(n), r.busy*100, ms(r.late99), r.verdict())
	digits := g.digits(calls, 60)
	fmt.Printf("  digit's end to new audio with %d calls: p50 %s, p99 %s (%d presses)\n", n, ms(quantile(digits, 0.5)), ms(quantile(digits, 0.99)), len(digits))
	for _, c := range calls {
		g.hangup(c)
	}
	time.Sleep(4 * time.Second) // freed ports rest 3 s
	return nil
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }
