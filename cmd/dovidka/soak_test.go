package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestSoak (make soak) lets random callers of every kind at the real program for DOVIDKA_SOAK_MINUTES: menu walks, talks at a desk
// phone and at browsers, messages, hang-ups at every stage, cancels, vanished callers, SIP errors, reloads of the desk. Goroutines,
// memory and open files must be flat, and the ledger must add up to the INVITEs.
func TestSoak(t *testing.T) {
	minutes, err := strconv.ParseFloat(os.Getenv("DOVIDKA_SOAK_MINUTES"), 64)
	if err != nil {
		t.Skip("make soak runs it")
	}
	w := soakWorld(t)
	s := &soak{t: t, w: w, to: w.sip, ends: make(chan struct{})}
	s.hire(t.Context())
	s.sample()
	begin := time.Now()
	var callers sync.WaitGroup
	for i := range 12 {
		callers.Go(func() { s.calls(rand.New(rand.NewPCG(uint64(i), 2026))) })
	}
	for time.Since(begin).Minutes() < minutes {
		<-time.After(10 * time.Second)
		s.sample()
		if n := len(s.samples); n%6 == 0 {
			s.reload(t.Context(), "olena")
			t.Log(s.samples[n-1])
		}
	}
	close(s.ends)
	callers.Wait()
	s.quiet()
	s.judge()
}

// soakWorld starts the program as the stories do.
func soakWorld(t *testing.T) *world {
	w := &world{dir: t.TempDir(), clips: storyClips(t), robots: map[string]*robot{}}
	w.http, w.sip = fmt.Sprintf("127.0.0.1:%d", freePort()), fmt.Sprintf("127.0.0.1:%d", freePort())
	w.data = filepath.Join(w.dir, "data")
	conf := strings.Replace(storyConfig(w.clips), "[limits]\n", "[limits]\ncalls = 60\n", 1)
	if err := os.WriteFile(filepath.Join(w.dir, "dovidka.toml"), []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	w.out = &safeBuffer{}
	w.cmd = exec.Command(os.Getenv("DOVIDKA_SOAK_PROGRAM"), "serve", "--demo", "--config", filepath.Join(w.dir, "dovidka.toml"), "--data", w.data, "--http", w.http,
		"--https", "127.0.0.1:0", "--sip", w.sip, "--rtp", soundPorts(600))
	w.cmd.Env = append(os.Environ(), "DOVIDKA_DEMO_PASSWORD="+storyPassword)
	w.cmd.Stdout, w.cmd.Stderr = w.out, w.out
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.end)
	for range 400 {
		if r, err := http.Get("http://" + w.http + "/healthz"); err == nil {
			r.Body.Close()
			return w
		}
		<-time.After(50 * time.Millisecond)
	}
	t.Fatalf("the program does not answer:\n%s", w.out)
	return nil
}

// soak is one long run.
type soak struct {
	t       *testing.T
	w       *world
	to      string
	ends    chan struct{}
	invites atomic.Int64 // INVITEs that the ledger must know
	kinds   [12]atomic.Int64
	talks   atomic.Int64
	samples []soakSample
	phone   *soakPhone
}

type soakSample struct {
	at                                    time.Duration
	goroutines, heapKB, rssKB, fds, calls int
}

func (x soakSample) String() string {
	return fmt.Sprintf("%6.0f s %5d goroutines %7d KB heap %7d KB resident %4d files %3d calls", x.at.Seconds(), x.goroutines, x.heapKB, x.rssKB, x.fds, x.calls)
}

// hire puts an operator at a browser and one at a desk phone.
func (s *soak) hire(ctx context.Context) {
	s.reload(ctx, "olena")
	out, err := exec.Command(os.Getenv("DOVIDKA_SOAK_PROGRAM"), "user", "phone", "petro", "--config", filepath.Join(s.w.dir, "dovidka.toml"), "--data", s.w.data).CombinedOutput()
	secret := regexp.MustCompile(`один раз\): (\S+)`).FindSubmatch(out)
	if err != nil || secret == nil {
		s.t.Fatalf("%v: %s", err, out)
	}
	s.phone = newSoakPhone(s.t, s.to, "petro", string(secret[1]))
	c, err := signIn(s.w.http, "petro")
	if err != nil {
		s.t.Fatal(err)
	}
	r := &robot{host: s.w.http, client: c, cancel: func() {}}
	if err := r.post("/api/desk/device", map[string]string{"device": "phone"}); err != nil {
		s.t.Fatal(err)
	}
	if err := r.post("/api/desk/status", map[string]string{"status": "ready", "reason": ""}); err != nil {
		s.t.Fatal(err)
	}
}

// reload opens the browser's desk anew, as F5 does, and answers what is offered.
func (s *soak) reload(ctx context.Context, login string) {
	if old := s.w.robots[login]; old != nil {
		old.close()
	}
	c, err := signIn(s.w.http, login)
	if err != nil {
		s.t.Error(err)
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	r := &robot{host: s.w.http, client: c, cancel: cancel}
	s.w.robots[login] = r
	if err := r.open(ctx); err != nil {
		s.t.Error(err)
		return
	}
	go func() {
		ready := time.Time{}
		for ctx.Err() == nil {
			<-time.After(200 * time.Millisecond)
			r.mu.Lock()
			r.heard = nil
			up := r.up
			r.mu.Unlock()
			if up && time.Since(ready) > 20*time.Second {
				ready = time.Now()
				_ = r.post("/api/desk/status", map[string]string{"status": "ready", "reason": ""})
			}
			if r.has("offer") && r.post("/api/desk/answer", nil) == nil {
				s.talks.Add(1)
			}
		}
	}()
}

var selfLine = regexp.MustCompile(`msg=self goroutines=(\d+) heap_kb=(\d+).* calls=(\d+)`)

// sample asks the program for itself and the kernel for the rest.
func (s *soak) sample() {
	before := strings.Count(s.w.log(), "msg=self")
	pid := s.w.cmd.Process.Pid
	_ = syscall.Kill(pid, syscall.SIGUSR1)
	for range 100 {
		if strings.Count(s.w.log(), "msg=self") > before {
			break
		}
		<-time.After(20 * time.Millisecond)
	}
	all := selfLine.FindAllStringSubmatch(s.w.log(), -1)
	if len(all) == 0 {
		return
	}
	last := all[len(all)-1]
	x := soakSample{}
	x.goroutines, _ = strconv.Atoi(last[1])
	x.heapKB, _ = strconv.Atoi(last[2])
	x.calls, _ = strconv.Atoi(last[3])
	files, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	x.fds = len(files)
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if _, rest, ok := strings.Cut(string(status), "VmRSS:"); ok {
		fmt.Sscanf(strings.TrimSpace(rest), "%d", &x.rssKB)
	}
	if len(s.samples) > 0 {
		x.at = s.samples[len(s.samples)-1].at + 10*time.Second
	}
	s.samples = append(s.samples, x)
}

// quiet waits until every call is over: those that vanished end by silence or by their missing ACK.
func (s *soak) quiet() {
	for range 12 {
		<-time.After(10 * time.Second)
		s.sample()
		if s.samples[len(s.samples)-1].calls == 0 {
			break
		}
	}
	<-time.After(35 * time.Second) // SIP transactions are kept for 32 s (RFC 3261 §17)
	s.sample()
}

// judge compares the second quarter with the last one, the end with the beginning, and the ledger with the INVITEs.
func (s *soak) judge() {
	n := len(s.samples) - 2
	part := func(from, to int, f func(soakSample) int) int {
		var v []int
		for _, x := range s.samples[from:max(to, from+1)] {
			v = append(v, f(x))
		}
		slices.Sort(v)
		return v[len(v)/2]
	}
	idle, end := s.samples[0], s.samples[len(s.samples)-1]
	fmt.Printf("begin %s\nend   %s\n", idle, end)
	for _, m := range []struct {
		name  string
		f     func(soakSample) int
		slack int
	}{
		{"goroutines", func(x soakSample) int { return x.goroutines }, 60},
		{"heap KB", func(x soakSample) int { return x.heapKB }, 4096},
		{"resident KB", func(x soakSample) int { return x.rssKB }, 12288},
		{"files", func(x soakSample) int { return x.fds }, 40},
	} {
		early, late := part(n/4, n/2, m.f), part(n*3/4, n, m.f)
		fmt.Printf("%-12s median of the second quarter %7d, of the last %7d, at the end %7d (begin %d)\n", m.name, early, late, m.f(end), m.f(idle))
		if late > early*5/4+m.slack {
			s.t.Errorf("%s grow: %d, then %d", m.name, early, late)
		}
	}
	if end.goroutines > idle.goroutines+30 || end.fds > idle.fds+20 {
		s.t.Errorf("left behind: %s, at the beginning %s", end, idle)
	}
	s.ledger()
}

// ledger counts the records of the run by outcome.
func (s *soak) ledger() {
	got := map[string]int{}
	sum := 0
	next := ""
	for {
		var page struct {
			Calls []map[string]any `json:"calls"`
			Next  string           `json:"next"`
		}
		if err := s.w.getJSON("/api/calls?limit=100"+next, &page); err != nil {
			s.t.Fatal(err)
		}
		for _, c := range page.Calls {
			got[fmt.Sprint(c["outcome"])]++
			sum++
		}
		if page.Next == "" {
			break
		}
		next = "&before=" + page.Next
	}
	names := []string{"menu walk", "operator", "gives up in the queue", "hangs up at once", "CANCEL", "SDP without sound", "not SDP", "never ACKs", "vanishes", "hold and resume", "menu walk to the end", "odd requests"}
	for i, n := range names {
		fmt.Printf("%-22s %6d\n", n, s.kinds[i].Load())
	}
	fmt.Printf("INVITEs %d, records %d, talks at the browser %d, at the desk phone %d\noutcomes %v\n", s.invites.Load(), sum, s.talks.Load(), s.phone.talks.Load(), got)
	if int64(sum) != s.invites.Load() {
		s.t.Errorf("%d records of %d INVITEs", sum, s.invites.Load())
	}
	if strings.Contains(s.w.log(), "panic") || strings.Contains(s.w.log(), "sipua: recovered") {
		s.t.Error("something of the program panicked")
	}
}

// newSoakPhone is a desk phone: it registers, answers everything and echoes.
func newSoakPhone(t *testing.T, to, login, secret string) *soakPhone {
	p := &soakPhone{soakLine: newSoakLine(t, to)}
	if err := p.register(login, secret); err != nil {
		t.Fatal(err)
	}
	go p.serve()
	go func() {
		buf := make([]byte, 2048)
		for {
			n, from, err := p.rtp.ReadFromUDP(buf)
			if err != nil {
				return
			}
			_, _ = p.rtp.WriteToUDP(buf[:n], from)
		}
	}()
	return p
}

// loopbackUDP opens a socket of this machine.
func loopbackUDP(t *testing.T) *net.UDPConn {
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}
