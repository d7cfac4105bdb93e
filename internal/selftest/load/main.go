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

func main() {
	bin := flag.String("dovidka", "bin/dovidka", "the program to measure")
	levels := flag.String("calls", "50,100,200", "concurrent menu calls, one run each")
	bridged := flag.Int("bridged", 30, "concurrent bridged calls; 0: none")
	hold := flag.Duration("hold", 10*time.Second, "how long each level is measured")
	clips := flag.String("clips", "", "folder of rendered clips to use (empty: a new one, which takes two minutes to fill)")
	flag.Parse()
	if err := measure(*bin, *clips, *levels, *bridged, *hold); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func measure(bin, clips, levels string, bridged int, hold time.Duration) error {
	s, err := startServer(bin, clips)
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
	fmt.Printf("start to first answered call: %d ms\n", first.Milliseconds())
	if err := s.waitVoice(5 * time.Minute); err != nil {
		return err
	}
	idle := s.memory()
	fmt.Printf("idle memory: %.1f MB\n", float64(idle)/1024)
	if err := setups(g, 200); err != nil {
		return err
	}
	for _, f := range strings.Split(levels, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(f))
		if err != nil {
			return fmt.Errorf("-calls: %w", err)
		}
		if err := menuLevel(s, g, n, hold, idle); err != nil {
			return err
		}
	}
	if bridged > 0 {
		return bridgedLevel(s, g, bridged, hold)
	}
	return nil
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
func menuLevel(s *server, g *generator, n int, hold time.Duration, idle int) error {
	calls, err := g.ramp(n)
	if err != nil {
		return err
	}
	time.Sleep(2 * time.Second)
	r := g.measure(s, calls, hold)
	fmt.Printf("menu calls %4d: CPU %.2f ms/s per call (%.0f %% of one core), gap p99 %s max %s, delivered %.2f %%, memory %.0f KB per call; generator: busy %.0f %%, late p99 %s%s\n",
		n, r.cpu*1000/float64(n), r.cpu*100, ms(r.gap99), ms(r.gapMax), r.delivered*100, float64(s.memory()-idle)/float64(n), r.busy*100, ms(r.late99), r.verdict())
	digits := g.digits(calls, min(n, 100))
	fmt.Printf("  digit's end to new audio with %d calls: p50 %s, p99 %s (%d presses)\n", n, ms(quantile(digits, 0.5)), ms(quantile(digits, 0.99)), len(digits))
	for _, c := range calls {
		g.hangup(c)
	}
	time.Sleep(time.Second)
	return nil
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }
