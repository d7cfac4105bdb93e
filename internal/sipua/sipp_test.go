package sipua

import (
	"context"
	"net"
	"net/netip"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"dovidka/internal/media"
)

// sipp runs a scenario of a foreign SIP stack against addr; it must succeed.
func sipp(t *testing.T, scenario string, port int, addr string, args ...string) <-chan error {
	t.Helper()
	bin, err := exec.LookPath("sipp")
	if err != nil {
		t.Skip("sipp is not installed (Debian: sip-tester): the foreign caller is not tried")
	}
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(stop)
	cmd := exec.CommandContext(ctx, bin, append([]string{"-sf", "testdata/sipp/" + scenario + ".xml", "-s", "0800353608", "-i", "127.0.0.1",
		"-p", strconv.Itoa(port), "-timeout", "15", "-timeout_error", "-nostdin", "-cid_str", "%u-%p@%s", addr}, args...)...)
	res := make(chan error, 1)
	go func() {
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Logf("sipp: %s", out[max(0, len(out)-3000):])
		}
		res <- err
	}()
	return res
}

// freePort finds a UDP port for sipp.
func freePort(t *testing.T) int {
	t.Helper()
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).Port
}

func withMedia(t *testing.T) func(*Options) {
	t.Helper()
	e, err := media.NewEngine(media.EngineOptions{BindIP: netip.MustParseAddr("127.0.0.1")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return func(o *Options) { o.Media = e; o.open = nil }
}

// patient gives a foreign stack the time that the RFC gives it: on a busy machine it may well need more than a test's own T1.
func patient(o *Options) { o.T1 = 0 }

func TestForeignCaller(t *testing.T) {
	m := withMedia(t)
	for _, transport := range []string{"u1", "t1"} {
		h := serve(t, func(o *Options) { m(o); patient(o) })
		done := make(chan string, 10)
		res := sipp(t, "call", freePort(t), h.Addr().String(), "-m", "5", "-r", "20", "-t", transport)
		for range 5 {
			l := h.leg()
			if err := l.Answer(t.Context()); err != nil {
				t.Fatal(err)
			}
			go func() { <-l.Done(); done <- l.Cause() }()
		}
		if err := <-res; err != nil {
			t.Fatal(err)
		}
		for range 5 {
			if c := <-done; c != "caller" {
				t.Fatal(c)
			}
		}
	}
}

func TestForeignCallerCancels(t *testing.T) {
	m := withMedia(t)
	h := serve(t, func(o *Options) { m(o); patient(o) })
	res := sipp(t, "cancel", freePort(t), h.Addr().String(), "-m", "1")
	l := h.leg()
	if err := l.Ring(); err != nil {
		t.Fatal(err)
	}
	over(t, l, "cancelled")
	if err := <-res; err != nil {
		t.Fatal(err)
	}
}

func TestForeignDeskPhone(t *testing.T) {
	m := withMedia(t)
	h := serve(t, func(o *Options) {
		m(o)
		patient(o)
		o.Account = func(u string) (string, bool) { return HA1("olena", "dovidka", "phone"), u == "olena" }
	})
	port := freePort(t)
	if err := <-sipp(t, "register", port, h.Addr().String(), "-m", "1", "-au", "olena", "-ap", "phone"); err != nil || !h.Registered("olena") {
		t.Fatal(err)
	}
	res := sipp(t, "ring", port, h.Addr().String(), "-m", "1")
	l, err := h.Dial(t.Context(), Target{AOR: "olena"}, DialOptions{From: "+380670000067"})
	if err != nil {
		t.Fatal(err)
	}
	if l.Media() == nil {
		t.Fatal("no media")
	}
	l.Hangup("")
	over(t, l, "us")
	if err := <-res; err != nil {
		t.Fatal(err)
	}
}

func TestForeignCallerWithASessionTimer(t *testing.T) {
	m := withMedia(t)
	h := serve(t, func(o *Options) { m(o); o.second = 20 * time.Millisecond }) // 90 s last 1.8 s
	res := sipp(t, "timer", freePort(t), h.Addr().String(), "-m", "1")
	l := h.leg()
	if err := l.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-res; err != nil {
		t.Fatal(err)
	}
	over(t, l, "lost")
}

func TestForeignCallerWantsPRACK(t *testing.T) {
	m := withMedia(t)
	h := serve(t, func(o *Options) { m(o); patient(o) })
	res := sipp(t, "prack", freePort(t), h.Addr().String(), "-m", "1")
	l := h.leg()
	if err := l.Ring(); err != nil {
		t.Fatal(err)
	}
	h.until(func() bool { return closed(l.rung.heard) })
	if err := l.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	over(t, l, "caller")
	if err := <-res; err != nil {
		t.Fatal(err)
	}
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestForeignDeskPhoneTransfers(t *testing.T) {
	m := withMedia(t)
	h := serve(t, func(o *Options) {
		m(o)
		patient(o)
		o.Account = func(u string) (string, bool) { return HA1("olena", "dovidka", "phone"), u == "olena" }
	})
	port := freePort(t)
	if err := <-sipp(t, "register", port, h.Addr().String(), "-m", "1", "-au", "olena", "-ap", "phone"); err != nil || !h.Registered("olena") {
		t.Fatal(err)
	}
	res := sipp(t, "refer", port, h.Addr().String(), "-m", "1")
	l, err := h.Dial(t.Context(), Target{AOR: "olena"}, DialOptions{From: "+380670000067"})
	if err != nil {
		t.Fatal(err)
	}
	select {
	case r := <-l.Refers():
		if r.User != "petro" {
			t.Errorf("%+v", r)
		}
		if err := r.Accept(); err != nil {
			t.Error(err)
		}
		r.Notify(200)
		l.Hangup("")
	case <-time.After(10 * time.Second):
		t.Fatal("no REFER")
	}
	if err := <-res; err != nil {
		t.Fatal(err)
	}
}
