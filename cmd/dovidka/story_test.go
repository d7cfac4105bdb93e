package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"dovidka/internal/media"
	"dovidka/internal/speech"
)

// The stories of testdata/script run the real binary (this test binary, re-executed) with real SIP, real sound and a real
// database. Their words are in cmds below; docs/stories.md lists them for a reader.

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"dovidka": main})
}

// storyPassword is the demo accounts' password in the stories.
const storyPassword = "story-password-1"

func TestStories(t *testing.T) {
	clips := storyClips(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "../../testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Condition: func(cond string) (bool, error) { // make test sets it; the everyday loop leaves the long stories out
			return cond == "all" && os.Getenv("DOVIDKA_ALL_STORIES") != "", nil
		},
		Setup: func(e *testscript.Env) error {
			w := &world{dir: e.WorkDir, clips: clips, people: map[string]*citizen{}, robots: map[string]*robot{}, env: e}
			e.Values["world"] = w
			e.Setenv("DOVIDKA_DEMO_PASSWORD", storyPassword)
			w.http, w.sip = fmt.Sprintf("127.0.0.1:%d", freePort()), fmt.Sprintf("127.0.0.1:%d", freePort())
			e.Setenv("SIP", w.sip)
			e.Setenv("PHONE", strconv.Itoa(freePort()))
			e.Setenv("CARRIER", strconv.Itoa(freePort()))
			e.Setenv("MEDIA", strconv.Itoa(freePort()))
			e.Defer(w.end)
			conf := storyConfig(clips)
			if err := os.WriteFile(filepath.Join(e.WorkDir, "closed.toml"), []byte(conf+closedToday(time.Now())), 0o600); err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(e.WorkDir, "recording.toml"), []byte(recordingConfig(conf)), 0o600); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(e.WorkDir, "dovidka.toml"), []byte(conf), 0o600)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"serve": with((*world).cmdServe), "crash": with((*world).cmdCrash), "shutdown": with((*world).cmdShutdown),
			"call": with((*world).cmdCall), "hear": with((*world).cmdHear), "press": with((*world).cmdPress), "speak": with((*world).cmdSpeak),
			"hangup": with((*world).cmdHangup), "ended": with((*world).cmdEnded), "rejected": with((*world).cmdRejected),
			"operator": with((*world).cmdOperator), "offered": with((*world).cmdOffered), "answer": with((*world).cmdAnswer),
			"bridged": with((*world).cmdBridged), "report": with((*world).cmdReport), "fact": with((*world).cmdFact), "get": with((*world).cmdGet),
			"supervise": with((*world).cmdSupervise), "leave": with((*world).cmdLeave), "voices": with((*world).cmdVoices),
			"recorded": with((*world).cmdRecorded), "playback": with((*world).cmdPlayback), "refused": with((*world).cmdRefused), "audited": with((*world).cmdAudited),
			"health": with((*world).cmdHealth), "device": with((*world).cmdDevice), "desk": with((*world).cmdDesk), "shows": with((*world).cmdShows), "echoed": with((*world).cmdEchoed), "post": with((*world).cmdPost), "doctor-trunk": with((*world).cmdDoctorTrunk),
			"term": with((*world).cmdTerm), "ended-program": with((*world).cmdEndedProgram),
		},
	})
}

// with finds the story's world and turns an error into the story's failure.
func with(do func(*world, []string) error) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		w := ts.Value("world").(*world)
		err := do(w, args)
		switch {
		case err != nil && !neg:
			ts.Logf("%s", w.log())
			ts.Fatalf("%v", err)
		case err == nil && neg:
			ts.Fatalf("it happened, but should not have")
		}
	}
}

// storyClips keeps rendered clips between stories and runs: they are content-addressed, so an old one can only be right.
func storyClips(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("RHVoice-test"); err != nil {
		t.Skip("whole-binary stories listen to the voice RHVoice, which is not installed: run scripts/need test")
	}
	base, err := os.UserCacheDir()
	if err != nil {
		base = t.TempDir()
	}
	dir := filepath.Join(base, "dovidka-test-clips")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func storyConfig(clips string) string {
	return fmt.Sprintf("[speech]\nclips = %q\nprepare = false\n[limits]\nwrap_up = 5\ndrain = 20\n", clips)
}

// closedToday is a schedule that is closed today and tomorrow, whatever the day.
func closedToday(now time.Time) string {
	names := []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}
	open := names[(int(now.Weekday())+3)%7]
	conf := "[hours]\n"
	for _, n := range names {
		work := ""
		if n == open {
			work = "8:00-17:15"
		}
		conf += fmt.Sprintf("%s = %q\n", n, work)
	}
	return conf
}

// world is one story's running program and its people.
type world struct {
	env    *testscript.Env
	dir    string
	clips  string
	data   string
	cmd    *exec.Cmd
	out    *safeBuffer
	http   string
	sip    string
	line   *line
	people map[string]*citizen
	robots map[string]*robot
	studio *speech.Studio
	head   *http.Client
}

// safeBuffer collects the program's output.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func (w *world) log() string {
	if w.out == nil {
		return ""
	}
	return w.out.String()
}

// end stops everything that the story started.
func (w *world) end() {
	for _, c := range w.people {
		c.hangup()
	}
	for _, r := range w.robots {
		r.close()
	}
	if w.line != nil {
		w.line.close()
	}
	if w.cmd != nil && w.cmd.Process != nil {
		w.cmd.Process.Kill()
		w.cmd.Wait()
	}
}

// freePort finds a port that nobody has, for UDP and TCP alike. It lies below those that the system gives out by itself (32768 and
// up): it is bound by another process only later, and the other tests' sockets must not take it meanwhile.
func freePort() int {
	for range 200 {
		addr := fmt.Sprintf("127.0.0.1:%d", 20000+2*rand.IntN(6000))
		c, err := net.ListenPacket("udp", addr)
		if err != nil {
			continue
		}
		l, err := net.Listen("tcp", addr)
		c.Close()
		if err == nil {
			l.Close()
			return l.Addr().(*net.TCPAddr).Port
		}
	}
	return 0
}

// soundPorts is a range for the program's sound, apart from freePort's ports; its first port, the browsers', is free.
func soundPorts(n int) string {
	from := 0
	for range 200 {
		from = 10000 + 2*rand.IntN(4900)
		c, err := net.ListenPacket("udp", fmt.Sprintf("127.0.0.1:%d", from))
		if err == nil {
			c.Close()
			break
		}
	}
	return fmt.Sprintf("%d-%d", from, from+n)
}

// cmdServe: serve [more flags] — start the program and wait until it takes calls.
func (w *world) cmdServe(args []string) error {
	w.data = filepath.Join(w.dir, "data")
	flags := []string{"serve", "--demo", "--config", filepath.Join(w.dir, "dovidka.toml"), "--data", w.data, "--http", w.http, "--https", "127.0.0.1:0",
		"--sip", w.sip, "--rtp", soundPorts(60)}
	exe, err := exec.LookPath("dovidka")
	if err != nil {
		for _, kv := range w.env.Vars {
			if p, ok := strings.CutPrefix(kv, "PATH="); ok {
				exe = filepath.Join(strings.Split(p, string(os.PathListSeparator))[0], "dovidka")
			}
		}
	}
	w.out = &safeBuffer{}
	w.cmd = exec.Command(exe, append(flags, args...)...)
	w.cmd.Env, w.cmd.Dir, w.cmd.Stdout, w.cmd.Stderr = w.env.Vars, w.dir, w.out, w.out
	if err := w.cmd.Start(); err != nil {
		return err
	}
	for range 200 {
		if r, err := http.Get("http://" + w.http + "/healthz"); err == nil {
			r.Body.Close()
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("the program does not answer:\n%s", w.out)
}

// cmdCrash: crash — kill -9.
func (w *world) cmdCrash([]string) error {
	err := w.cmd.Process.Kill()
	w.cmd.Wait()
	return err
}

// cmdTerm: term — SIGTERM.
func (w *world) cmdTerm([]string) error { return w.cmd.Process.Signal(syscall.SIGTERM) }

// cmdEndedProgram: ended-program — the program ends by itself with code 0.
func (w *world) cmdEndedProgram([]string) error {
	done := make(chan error, 1)
	go func() { done <- w.cmd.Wait() }()
	select {
	case err := <-done:
		return err
	case <-time.After(30 * time.Second):
		return fmt.Errorf("still running 30 s after SIGTERM")
	}
}

// cmdShutdown: shutdown — SIGTERM and a good end.
func (w *world) cmdShutdown(args []string) error {
	if err := w.cmdTerm(args); err != nil {
		return err
	}
	return w.cmdEndedProgram(args)
}

// cmdHealth: health CODE — what /healthz comes to answer.
func (w *world) cmdHealth(args []string) error {
	return eventually(func() error {
		r, err := http.Get("http://" + w.http + "/healthz")
		if err != nil {
			return err
		}
		defer r.Body.Close()
		if strconv.Itoa(r.StatusCode) != args[0] {
			return fmt.Errorf("/healthz is %d, not %s", r.StatusCode, args[0])
		}
		return nil
	})
}

// asHead gives a signed-in client of the head of the centre.
func (w *world) asHead() (*http.Client, error) {
	if w.head != nil {
		return w.head, nil
	}
	c, err := signIn(w.http, "kerivnyk")
	w.head = c
	return c, err
}

func signIn(host, login string) (*http.Client, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	c := &http.Client{Jar: jar, Timeout: 10 * time.Second}
	body, _ := json.Marshal(map[string]string{"login": login, "password": storyPassword})
	r, err := c.Post("http://"+host+"/api/session", "application/json", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		b, _ := io.ReadAll(r.Body)
		return nil, fmt.Errorf("sign-in of %s: %d %s", login, r.StatusCode, b)
	}
	return c, nil
}

func (w *world) getJSON(path string, into any) error {
	c, err := w.asHead()
	if err != nil {
		return err
	}
	r, err := c.Get("http://" + w.http + path)
	if err != nil {
		return err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %d %s %v", path, r.StatusCode, b, err)
	}
	return json.Unmarshal(b, into)
}

// eventually asks until ok or 15 s are over: the journal closes a call just after it has ended.
func eventually(ask func() error) error {
	var err error
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if err = ask(); err == nil {
			return nil
		}
	}
	return err
}

type journalCalls struct {
	Calls []map[string]any `json:"calls"`
}

// cmdReport: report OUTCOME… — the outcomes of all calls, oldest first.
func (w *world) cmdReport(want []string) error {
	return eventually(func() error {
		var page journalCalls
		if err := w.getJSON("/api/calls?limit=100", &page); err != nil {
			return err
		}
		var got []string
		for _, c := range page.Calls {
			got = append([]string{fmt.Sprint(c["outcome"])}, got...)
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			return fmt.Errorf("outcomes are %v, not %v", got, want)
		}
		return nil
	})
}

// cmdFact: fact KIND [key=value] — the newest call has such a fact.
func (w *world) cmdFact(args []string) error {
	return eventually(func() error {
		var page journalCalls
		if err := w.getJSON("/api/calls?limit=1", &page); err != nil || len(page.Calls) == 0 {
			return fmt.Errorf("no call: %w", err)
		}
		var story struct {
			Facts []struct{ Kind, Text string } `json:"facts"`
		}
		if err := w.getJSON("/api/calls/"+fmt.Sprint(page.Calls[0]["call"]), &story); err != nil {
			return err
		}
		for _, f := range story.Facts {
			if f.Kind == args[0] && (len(args) == 1 || strings.Contains(f.Text, strings.Join(args[1:], " "))) {
				return nil
			}
		}
		return fmt.Errorf("no fact %v among %v", args, story.Facts)
	})
}

// cmdGet: get PATH TEXT — the head's page or API answer holds the text; month=now is the present month.
func (w *world) cmdGet(args []string) error {
	return eventually(func() error {
		c, err := w.asHead()
		if err != nil {
			c = http.DefaultClient // emergency mode: there is nobody to sign in
		}
		r, err := c.Get("http://" + w.http + strings.ReplaceAll(args[0], "month=now", "month="+time.Now().Format("2006-01")))
		if err != nil {
			return err
		}
		defer r.Body.Close()
		b, _ := io.ReadAll(r.Body)
		if want := strings.Join(args[1:], " "); !bytes.Contains(b, []byte(want)) {
			return fmt.Errorf("%s answers %d without %q: %.400s", args[0], r.StatusCode, want, b)
		}
		return nil
	})
}

// voice opens the clips that the program itself uses.
func (w *world) voice() (*speech.Studio, error) {
	if w.studio == nil {
		s, err := speech.New(speech.Options{Dir: w.clips})
		if err != nil {
			return nil, err
		}
		w.studio = s
	}
	return w.studio, nil
}

func (w *world) telephone() (*line, error) {
	if w.line == nil {
		l, err := newLine()
		if err != nil {
			return nil, err
		}
		w.line = l
	}
	return w.line, nil
}

func loopbackEngine() (*media.Engine, error) {
	return media.NewEngine(media.EngineOptions{BindIP: netip.MustParseAddr("127.0.0.1"), PublicIP: netip.MustParseAddr("127.0.0.1"), Threads: 1})
}

func bounded(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), d)
}
