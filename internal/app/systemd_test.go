package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// manager is the other end of NOTIFY_SOCKET.
func manager(t *testing.T, period time.Duration) (say <-chan string) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "notify")
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	t.Setenv("NOTIFY_SOCKET", name)
	t.Setenv("WATCHDOG_USEC", strconv.FormatInt(period.Microseconds(), 10))
	t.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()))
	out := make(chan string, 1000)
	go func() {
		b := make([]byte, 4096)
		for {
			n, err := c.Read(b)
			if err != nil {
				return
			}
			out <- string(b[:n])
		}
	}()
	return out
}

func heardFrom(t *testing.T, say <-chan string, want string) {
	t.Helper()
	limit := time.After(time.Minute)
	for {
		select {
		case got := <-say:
			if strings.HasPrefix(got, want) {
				return
			}
		case <-limit:
			t.Fatalf("%q was not said", want)
		}
	}
}

// A running centre says that it is ready, that it lives, and that it stops, with time for its calls.
func TestSystemdIsTold(t *testing.T) {
	say := manager(t, 300*time.Millisecond)
	c := Defaults()
	c.Data, c.HTTP.Listen, c.HTTP.HTTPS, c.SIP.Listen, c.SIP.RTP, c.Speech.Prepare = t.TempDir(), "127.0.0.1:0", "", "127.0.0.1:0", freeRange(t), false
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		err := Serve(ctx, c, discard{}, slog.New(slog.DiscardHandler))
		if ctx.Err() == nil {
			t.Errorf("it did not start: %v", err)
		}
		done <- err
	}()
	for _, want := range []string{"READY=1", "WATCHDOG=1", "WATCHDOG=1"} {
		heardFrom(t, say, want)
	}
	if os.Getenv("NOTIFY_SOCKET")+os.Getenv("WATCHDOG_USEC") != "" {
		t.Error("a voice engine could speak for us")
	}
	stop()
	heardFrom(t, say, "STOPPING=1\nEXTEND_TIMEOUT_USEC=50000000")
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// Who stands still is not said to live, and is heard of again when it moves.
func TestWatchdogIsNotFed(t *testing.T) {
	say := manager(t, 60*time.Millisecond)
	s := findSupervisor(slog.New(slog.DiscardHandler))
	var asked atomic.Int32
	ctx, stop := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() {
		defer close(over)
		s.watch(ctx, func(ctx context.Context) error {
			switch n := asked.Add(1); {
			case n < 5: // stands still
				<-ctx.Done()
				return ctx.Err()
			case n < 10:
				return errors.New("the queue")
			}
			return nil
		})
	}()
	heardFrom(t, say, "WATCHDOG=1")
	if n := asked.Load(); n < 10 {
		t.Errorf("it was said to live after %d questions", n)
	}
	stop()
	<-over
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }

// The units that we ship are understood by systemd and shut in well; the time to stop fits the drain.
func TestUnits(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd-analyze немає: пакет systemd не встановлено (scripts/need test)")
	}
	dir := t.TempDir()
	for _, f := range []string{"dovidka.service", "dovidka-backup.service", "dovidka-backup.timer"} {
		b, err := os.ReadFile(filepath.Join("../../deploy", f))
		if err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(string(b), "/usr/local/bin/dovidka", "/bin/true") // it looks for the program
		if err := os.WriteFile(filepath.Join(dir, f), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command("systemd-analyze", "verify", "--man=no", filepath.Join(dir, "dovidka.service"), filepath.Join(dir, "dovidka-backup.timer")).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("verify: %v\n%s", err, out)
	}
	for _, unit := range []string{"dovidka.service", "dovidka-backup.service"} {
		out, err := exec.Command("systemd-analyze", "security", "--offline=true", "--threshold=30", "--no-pager", filepath.Join(dir, unit)).CombinedOutput()
		m := regexp.MustCompile(`exposure level for \S+: ([0-9.]+)`).FindSubmatch(out)
		if err != nil || m == nil {
			t.Errorf("security of %s: %v\n%s", unit, err, out)
			continue
		}
		t.Logf("%s: exposure %s", unit, m[1])
	}
	unit, err := os.ReadFile("../../deploy/dovidka.service")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^TimeoutStopSec=(\d+)$`).FindSubmatch(unit)
	if m == nil {
		t.Fatal("no TimeoutStopSec in seconds")
	}
	if n, _ := strconv.Atoi(string(m[1])); n < Defaults().Limits.DrainSeconds+20 {
		t.Errorf("%d s to stop, %d s to drain", n, Defaults().Limits.DrainSeconds)
	}
}
