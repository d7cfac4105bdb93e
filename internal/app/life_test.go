package app

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/journal"
	"dovidka/internal/selftest"
)

// conf is a centre on this machine's own free ports, whose voice needs no engine.
func conf(t *testing.T) Config {
	t.Helper()
	c := Defaults()
	c.Data = filepath.Join(t.TempDir(), "data")
	c.HTTP.Listen, c.HTTP.HTTPS, c.SIP.Listen, c.SIP.RTP = "127.0.0.1:0", "", "127.0.0.1:0", freeRange(t)
	c.Speech.Engines, c.Speech.Command, c.Speech.Prepare, c.DemoHours = []string{"command"}, []string{"/bin/false"}, false, "always"
	c.Limits.DrainSeconds = 5
	if err := os.MkdirAll(c.Data, 0o750); err != nil {
		t.Fatal(err)
	}
	return c
}

// freeRange finds forty neighbouring UDP ports of which the first, the browsers', is free now. They lie below those that the system
// gives out by itself, so that no other test takes them meanwhile.
func freeRange(t *testing.T) string {
	t.Helper()
	for range 200 {
		from := 4000 + rand.IntN(5900)
		p, err := net.ListenPacket("udp", fmt.Sprintf("127.0.0.1:%d", from))
		if err == nil {
			p.Close()
			return fmt.Sprintf("%d-%d", from, from+40)
		}
	}
	t.Fatal("no free port")
	return ""
}

var quiet = slog.New(slog.DiscardHandler)

// up opens the house as Serve does.
func up(t *testing.T, c Config) *rooms {
	t.Helper()
	d, err := openDoors(c, quiet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.close)
	r, err := open(t.Context(), c, d, quiet)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range d.list {
		s := &http.Server{Handler: r.handler()}
		go s.Serve(l)
		r.servers = append(r.servers, s)
	}
	return r
}

func dial(t *testing.T, r *rooms, seconds float64) selftest.Result {
	t.Helper()
	res, err := selftest.Call(t.Context(), selftest.Plan{Target: r.sip.Addr().String(), To: "0800353608", From: "0670000001", Seconds: seconds})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func get(t *testing.T, r *rooms, path string) (int, string) {
	t.Helper()
	resp, err := http.Get("http://" + r.doors.http + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func records(t *testing.T, c Config) []call.Record {
	t.Helper()
	db, _, err := openStore(t.Context(), c, quiet)
	if err != nil || db == nil {
		t.Fatal(err)
	}
	defer db.Close()
	j, err := journal.New(db, filepath.Join(c.Data, spillName), quiet)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Stop(context.WithoutCancel(t.Context()))
	page, err := j.List(t.Context(), journal.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	return page.Calls
}

func TestADamagedDatabaseIsLeftAloneAndEveryCallerHearsWhomToCall(t *testing.T) {
	for _, k := range []struct {
		name string
		file func(good []byte) []byte
	}{
		{"random", func([]byte) []byte { return bytes.Repeat([]byte("no database "), 1000) }},
		{"empty", func([]byte) []byte { return nil }},
		{"truncated", func(good []byte) []byte { return good[:len(good)/3] }},
	} {
		t.Run(k.name, func(t *testing.T) {
			c := conf(t)
			c.Centre.FallbackNumber = "0670000002"
			r := up(t, c) // a good start makes the database
			r.drain()
			r.close()
			path := filepath.Join(c.Data, dbName)
			good, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			bad := k.file(good)
			if err := os.WriteFile(path, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			r = up(t, c)
			if r.trouble == nil || strings.Contains(r.trouble.Error(), "\n") {
				t.Errorf("trouble %v", r.trouble)
			}
			if code, _ := get(t, r, "/healthz"); code != http.StatusServiceUnavailable {
				t.Errorf("/healthz answers %d", code)
			}
			if _, page := get(t, r, "/"); !strings.Contains(page, "067 000 00 02") || !strings.Contains(page, "dovidka restore") {
				t.Errorf("the page does not say what to do: %s", page)
			}
			if res := dial(t, r, 1); !res.Answered || res.Sound < 0.5 {
				t.Errorf("the caller heard %+v", res)
			}
			r.drain()
			r.close()
			if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, bad) {
				t.Errorf("the file was touched: %v", err)
			}
			if err := os.WriteFile(path, good, 0o600); err != nil {
				t.Fatal(err)
			}
			r = up(t, c)
			r.drain()
			r.close()
			if recs := records(t, c); len(recs) != 1 || recs[0].Outcome != call.OutDropped {
				t.Errorf("the call of the emergency is not in the journal as dropped: %+v", recs)
			}
		})
	}
}

func TestASecondProgramIsRefused(t *testing.T) {
	c := conf(t)
	unlock, err := lockData(c.Data)
	if err != nil {
		t.Fatal(err)
	}
	if err := Serve(t.Context(), c, io.Discard, quiet); err == nil || !strings.Contains(err.Error(), "уже працює інша Довідка") {
		t.Errorf("said %v", err)
	}
	if err := Restore(t.Context(), c, "any.tar.gz", io.Discard); err == nil || !strings.Contains(err.Error(), "уже працює") {
		t.Errorf("restore said %v", err)
	}
	unlock()
	if runs(c) {
		t.Error("nobody holds the folder any more")
	}
}

func TestATakenPortIsARefusal(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, set := range map[string]func(*Config){
		"http": func(c *Config) { c.HTTP.Listen = taken.Addr().String() }, "https": func(c *Config) { c.HTTP.HTTPS = taken.Addr().String() },
		"SIP": func(c *Config) { c.SIP.Listen = taken.Addr().String() },
	} {
		c := conf(t)
		set(&c)
		err := Serve(t.Context(), c, io.Discard, quiet)
		if err == nil || !strings.Contains(err.Error(), "порт "+name) || !strings.Contains(err.Error(), "уже зайнято") {
			t.Errorf("%s: said %v", name, err)
		}
	}
}

func TestSigtermRefusesNewCallsAndLetsRunningOnesFinish(t *testing.T) {
	c := conf(t)
	r := up(t, c)
	type end struct {
		res selftest.Result
		err error
	}
	running := make(chan end, 1)
	go func() {
		res, err := selftest.Call(t.Context(), selftest.Plan{Target: r.sip.Addr().String(), To: "0800353608", Seconds: 1.5})
		running <- end{res, err}
	}()
	for deadline := time.Now().Add(5 * time.Second); r.board.Calls() == 0 && time.Now().Before(deadline); {
		<-time.After(5 * time.Millisecond)
	}
	drained := make(chan struct{})
	go func() { r.drain(); close(drained) }()
	for deadline := time.Now().Add(5 * time.Second); !r.leaving.Load() && time.Now().Before(deadline); {
		<-time.After(5 * time.Millisecond)
	}
	if res := dial(t, r, 1); res.Status != 503 {
		t.Errorf("a new call while stopping gets %d", res.Status)
	}
	if w := r.Troubles(); len(w) != 1 || !w[0].Fatal {
		t.Errorf("/healthz would not tell of the end: %v", w)
	}
	if e := <-running; e.err != nil || e.res.Cause != "us" || e.res.Heard < 1.2 {
		t.Errorf("the running call did not finish: %+v %v", e.res, e.err)
	}
	<-drained
	r.close()
	if recs := records(t, c); len(recs) < 2 {
		t.Errorf("%d records, want the call and the refusal", len(recs))
	}
}

// TestARestartLeavesAgentsOnTheLine: who was ready before a restart is ready after it, and who had left is not.
func TestARestartLeavesAgentsOnTheLine(t *testing.T) {
	c := conf(t)
	c.Demo = true
	c.DemoDefaults()
	t.Setenv("DOVIDKA_DEMO_PASSWORD", "from-outside-1")
	r := up(t, c)
	for login, status := range map[string]string{"olena": "ready", "petro": "offline"} {
		for _, st := range []string{"ready", status} {
			if err := r.board.SetStatus(t.Context(), login, st, ""); err != nil {
				t.Fatal(err)
			}
		}
	}
	r.close() // no drain: as after kill -9
	again := up(t, c)
	defer again.close()
	if s := again.board.View("olena").Me.Status; s != "ready" {
		t.Errorf("olena is %s after the restart", s)
	}
	if s := again.board.View("petro").Me.Status; s != "offline" {
		t.Errorf("petro is %s after the restart", s)
	}
	day, err := again.staff.Shift(t.Context(), "olena", time.Now().Add(-time.Hour), time.Now())
	if err != nil || len(day) == 0 || day[len(day)-1].Status != "ready" {
		t.Errorf("the shift: %+v %v", day, err)
	}
}

func TestDemoAccounts(t *testing.T) {
	c := conf(t)
	c.Demo = true
	c.DemoDefaults()
	t.Setenv("DOVIDKA_DEMO_PASSWORD", "")
	r := up(t, c)
	_, pass, ok := strings.Cut(strings.TrimSpace(r.accounts), "(показано один раз): ")
	if !ok || len(pass) < 14 {
		t.Fatalf("no password in %q", r.accounts)
	}
	for _, login := range []string{"kerivnyk", "olena", "petro"} {
		if _, err := r.staff.SignIn(t.Context(), login, pass, "127.0.0.1"); err != nil {
			t.Errorf("%s cannot sign in: %v", login, err)
		}
	}
	r.drain()
	r.close()
	again := up(t, c)
	if strings.Contains(again.accounts, pass) || strings.Contains(again.accounts, "один раз") {
		t.Errorf("the second start shows a password: %q", again.accounts)
	}
	again.drain()
	again.close()
	t.Setenv("DOVIDKA_DEMO_PASSWORD", "from-outside-1")
	given := up(t, c)
	defer given.close()
	defer given.drain()
	if _, err := given.staff.SignIn(t.Context(), "olena", "from-outside-1", "127.0.0.1"); err != nil || strings.Contains(given.accounts, "from-outside-1") {
		t.Errorf("%v; banner %q", err, given.accounts)
	}
}
