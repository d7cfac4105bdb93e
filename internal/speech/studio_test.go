package speech

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dovidka/internal/fault"
)

// fake is an engine in the test's own hand.
type fake struct {
	called string
	say    func(words string) (pcm, error)
	calls  atomic.Int32
	most   int // batch
	gone   bool
	broken atomic.Bool // speak fails when asked for many at once
}

func (f *fake) name() string     { return f.called }
func (f *fake) voice() string    { return "" }
func (f *fake) identity() string { return "1" }
func (f *fake) batch() int       { return max(1, f.most) }
func (f *fake) ready() error {
	if f.gone {
		return errors.New("немає")
	}
	return nil
}

func (f *fake) speak(_ context.Context, lines []string) ([]pcm, error) {
	f.calls.Add(1)
	if len(lines) > 1 && f.broken.Load() {
		return nil, errors.New("too many")
	}
	var out []pcm
	for _, l := range lines {
		p, err := f.say(l)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// well speaks a second for every sentence; dumb gives silence; dead fails.
func well(string) (pcm, error) { return babble(24000, 2.2, 0.3, 0), nil }
func dumb(string) (pcm, error) { return pcm{24000, make([]float64, 24000)}, nil }
func dead(string) (pcm, error) { return pcm{}, errors.New("crashed") }

func studio(t testing.TB, engines ...engine) *Studio {
	t.Helper()
	s, err := New(Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if engines != nil {
		s.engines = engines
	}
	return s
}

func TestNextEngineOnFailure(t *testing.T) {
	for name, first := range map[string]func(string) (pcm, error){"crashed": dead, "silent": dumb} {
		a, b := &fake{called: "a", say: first}, &fake{called: "b", say: well}
		s := studio(t, a, b)
		c, err := s.Clip(t.Context(), "Добрий день.")
		if err != nil || c.Engine != "b" || c.Duration() < time.Second/2 {
			t.Errorf("%s: engine %q, %v, %v", name, c.Engine, c.Duration(), err)
		}
	}
}

func TestAFailedEngineRests(t *testing.T) {
	a, b := &fake{called: "a", say: dead}, &fake{called: "b", say: well}
	s := studio(t, a, b)
	for _, text := range []string{"Один.", "Два.", "Три."} {
		if _, err := s.Clip(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	if a.calls.Load() != 1 || b.calls.Load() != 3 {
		t.Errorf("the dead engine was tried %d times, the other one %d times", a.calls.Load(), b.calls.Load())
	}
}

func TestTheBetterVoiceComesBack(t *testing.T) {
	ill := true
	a := &fake{called: "a", say: func(w string) (pcm, error) {
		if ill {
			return dead(w)
		}
		return well(w)
	}}
	s := studio(t, a, &fake{called: "b", say: well})
	if c, err := s.Clip(t.Context(), "Один."); err != nil || c.Engine != "b" {
		t.Fatalf("%q %v", c.Engine, err)
	}
	ill = false
	clear(s.resting) // the rest is over
	if c, err := s.Clip(t.Context(), "Один."); err != nil || c.Engine != "a" {
		t.Errorf("%q %v", c.Engine, err)
	}
}

func TestWithoutAnyEngineTheEmbeddedClipPlays(t *testing.T) {
	s := studio(t, &fake{called: "a", say: dead}, &fake{called: "b", gone: true})
	c, err := s.Clip(t.Context(), "Добрий день.")
	if err == nil || c.Engine != "embedded" || !bytes.Equal(c.ALaw, Embedded("line_works")) {
		t.Errorf("engine %q, %d bytes, %v", c.Engine, len(c.ALaw), err)
	}
	if s := studio(t, &fake{called: "b", gone: true}); s.Ready() {
		t.Error("ready without an engine")
	}
}

func TestBadTextIsTheEditorsFault(t *testing.T) {
	s := studio(t, &fake{called: "a", say: well})
	for _, text := range []string{"Press Enter now", "", "…"} {
		c, err := s.Clip(t.Context(), text)
		if !fault.Is(err, fault.Invalid) || len(c.ALaw) == 0 {
			t.Errorf("%q: %v, %d bytes", text, err, len(c.ALaw))
		}
	}
}

func TestManyCallersOneRender(t *testing.T) {
	release := make(chan struct{})
	a := &fake{called: "a", say: func(w string) (pcm, error) { <-release; return well(w) }}
	s := studio(t, a)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := s.Clip(context.Background(), "Зачекайте."); err != nil {
				t.Error(err)
			}
		})
	}
	close(release)
	all.Wait()
	if n := a.calls.Load(); n != 1 {
		t.Errorf("%d renders", n)
	}
}

func TestACallerWhoLeavesDoesNotWait(t *testing.T) {
	release := make(chan struct{})
	a := &fake{called: "a", say: func(w string) (pcm, error) { <-release; return well(w) }}
	s := studio(t, a)
	started := make(chan struct{})
	go func() { close(started); s.Clip(context.Background(), "Зачекайте.") }()
	<-started
	ctx, cancel := context.WithCancel(t.Context())
	for { // until the first caller's render is under way
		s.mu.Lock()
		n := len(s.flights)
		s.mu.Unlock()
		if n == 1 {
			break
		}
		runtime.Gosched()
	}
	cancel()
	if _, err := s.Clip(ctx, "Зачекайте."); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	close(release)
}

func TestJoinedSentencesHavePauses(t *testing.T) {
	s := studio(t, &fake{called: "a", say: well})
	one, _ := s.Clip(t.Context(), "Один.")
	two, err := s.Clip(t.Context(), "Один. Два.")
	if err != nil || len(two.ALaw)%clipFrame != 0 {
		t.Fatalf("%v, %d bytes", err, len(two.ALaw))
	}
	x := make([]float64, len(two.ALaw))
	for i, b := range two.ALaw {
		x[i] = float64(decodeALaw(b)) / 32768
	}
	if _, _, gap := pauses(x); math.Abs(gap-pause.Seconds()) > 0.05 {
		t.Errorf("pause of %.2f s", gap)
	}
	if len(two.ALaw) < 2*len(one.ALaw) {
		t.Error("a sentence is missing")
	}
}

func TestClipsSurviveAndAreContentAddressed(t *testing.T) {
	dir := t.TempDir()
	a := &fake{called: "a", say: well}
	for range 2 {
		s, err := New(Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		s.engines = []engine{a}
		if _, err := s.Clip(t.Context(), "Добрий день."); err != nil {
			t.Fatal(err)
		}
	}
	if a.calls.Load() != 1 {
		t.Errorf("rendered %d times", a.calls.Load())
	}
	b := &fake{called: "b"}
	if key(a, "а") == key(b, "а") || key(a, "а") == key(a, "б") || key(a, "й") != key(a, "и\u0306") {
		t.Error("keys: engine and words must differ, Unicode forms must not")
	}
}

func TestCachedSpeaksNothing(t *testing.T) {
	a := &fake{called: "a", say: well}
	s := studio(t, a)
	if _, ok := s.Cached("Один. Два."); ok || a.calls.Load() != 0 {
		t.Error("a clip out of nothing")
	}
	want, err := s.Clip(t.Context(), "Один. Два.")
	if err != nil {
		t.Fatal(err)
	}
	clear(s.memory)
	if got, ok := s.Cached("Один. Два."); !ok || got.Hash != want.Hash || a.calls.Load() != 2 {
		t.Errorf("%v, %d renders", ok, a.calls.Load())
	}
	if _, ok := s.Cached("Один. Три."); ok {
		t.Error("a text with an unknown sentence counts as cached")
	}
}

// TestCrashSafety damages a clip in every way that a crash or a disk can: it is rendered again, never played.
func TestCrashSafety(t *testing.T) {
	for name, harm := range map[string]func(alaw, meta string) error{
		"no metrics":   func(_, meta string) error { return os.Remove(meta) },
		"no sound":     func(alaw, _ string) error { return os.Remove(alaw) },
		"short sound":  func(alaw, _ string) error { return os.Truncate(alaw, 100) },
		"empty sound":  func(alaw, _ string) error { return os.Truncate(alaw, 0) },
		"half metrics": func(_, meta string) error { return os.Truncate(meta, 20) },
		"other sound":  func(alaw, _ string) error { return os.WriteFile(alaw, []byte("xxx"), 0o644) },
	} {
		a := &fake{called: "a", say: well}
		s := studio(t, a)
		want, err := s.Clip(t.Context(), "Добрий день.")
		if err != nil {
			t.Fatal(err)
		}
		k := key(a, "Добрий день.")
		if err := harm(s.cache.path(k, ".alaw"), s.cache.path(k, ".json")); err != nil {
			t.Fatal(err)
		}
		clear(s.memory)
		got, err := s.Clip(t.Context(), "Добрий день.")
		if err != nil || !bytes.Equal(got.ALaw, want.ALaw) || a.calls.Load() != 2 {
			t.Errorf("%s: %v, %d renders", name, err, a.calls.Load())
		}
		if _, _, err := s.cache.get(k); err != nil {
			t.Errorf("%s: not mended: %v", name, err)
		}
	}
}

func TestNoTemporaryFilesStay(t *testing.T) {
	s := studio(t, &fake{called: "a", say: well})
	if _, err := s.Clip(t.Context(), "Один. Два. Три."); err != nil {
		t.Fatal(err)
	}
	n := 0
	err := filepath.WalkDir(s.cache.dir, func(path string, d fs.DirEntry, err error) error {
		if strings.Contains(path, "tmp-") {
			t.Errorf("left over: %s", path)
		}
		if !d.IsDir() {
			n++
		}
		return err
	})
	if err != nil || n != 6 {
		t.Errorf("%d files, %v", n, err)
	}
}

func TestAFullDiskDoesNotMuteTheLine(t *testing.T) {
	s := studio(t, &fake{called: "a", say: well})
	if err := os.WriteFile(s.cache.dir, nil, 0o644); err != nil { // a file where the folder should be
		t.Fatal(err)
	}
	if c, err := s.Clip(t.Context(), "Добрий день."); err != nil || c.Engine != "a" {
		t.Errorf("%q %v", c.Engine, err)
	}
}

func TestPrepare(t *testing.T) {
	a := &fake{called: "a", most: 10, say: func(w string) (pcm, error) {
		if strings.Contains(w, "погано") {
			return dumb(w)
		}
		return well(w)
	}}
	b := &fake{called: "b", say: well}
	s := studio(t, a, b)
	texts := []string{"Один. Два. Три.", "Два. Чотири.", "Тут погано.", "No way"}
	last, total := 0, 0
	err := s.Prepare(t.Context(), texts, func(d, n int) {
		if d < last {
			t.Errorf("progress goes back: %d after %d", d, last)
		}
		last, total = d, n
	})
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("the Latin text is no error: %v", err)
	}
	if last != 5 || total != 5 {
		t.Errorf("progress ended at %d of %d", last, total)
	}
	before := a.calls.Load() + b.calls.Load()
	for _, text := range texts[:3] {
		if _, err := s.Clip(t.Context(), text); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
	// The sentence that the first engine speaks badly is tried by it again, all others are there.
	if n := a.calls.Load() + b.calls.Load() - before; n > 1 {
		t.Errorf("%d renders after preparing", n)
	}
	if c, _ := s.Clip(t.Context(), "Тут погано."); c.Engine != "b" {
		t.Errorf("the bad render was kept: %q", c.Engine)
	}
}

// A phrase that a caller waits for does not stand behind what is being prepared, and those engines are niced.
func TestACallerGoesBeforeABatch(t *testing.T) {
	release, busy := make(chan struct{}), make(chan struct{}, processes)
	a := &fake{called: "a", most: 1, say: func(w string) (pcm, error) {
		if !strings.Contains(strings.ToLower(w), "терміново") {
			busy <- struct{}{}
			<-release
		}
		return well(w)
	}}
	s := studio(t, a)
	done := make(chan error, 1)
	go func() {
		done <- s.Prepare(t.Context(), []string{"Один.", "Два.", "Три.", "Чотири."}, nil)
	}()
	for range processes {
		<-busy
	}
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
	defer stop()
	if _, err := s.Clip(ctx, "Терміново."); err != nil {
		t.Errorf("while a batch is rendered: %v", err)
	}
	close(release)
	go func() {
		for range busy { // the others
		}
	}()
	if err := <-done; err != nil {
		t.Error(err)
	}
	close(busy)
}

func TestPatientEnginesAreNiced(t *testing.T) {
	nice, err := exec.LookPath("nice")
	if err != nil {
		t.Skip("no nice")
	}
	own, err := run(t.Context(), 1, "", nice)
	if err != nil {
		t.Fatal(err)
	}
	// The priority is set just after the start: let it be set before the shell looks.
	got, err := run(patient(t.Context()), 1, "", "sh", "-c", "sleep 0.2; nice")
	if err != nil {
		t.Fatal(err)
	}
	a, _ := strconv.Atoi(strings.TrimSpace(string(own)))
	b, _ := strconv.Atoi(strings.TrimSpace(string(got)))
	if b != min(19, max(a, patientNice)) {
		t.Errorf("niceness %d, ours %d", b, a)
	}
}

func TestPrepareGoesOnWhenABatchFails(t *testing.T) {
	a := &fake{called: "a", most: 10, say: well}
	a.broken.Store(true)
	b := &fake{called: "b", say: well}
	s := studio(t, a, b)
	if err := s.Prepare(t.Context(), []string{"Один. Два. Три. Чотири."}, nil); err != nil {
		t.Fatal(err)
	}
	if c, err := s.Clip(t.Context(), "Два."); err != nil || c.Engine != "b" {
		t.Errorf("%q %v", c.Engine, err)
	}
}

func TestPrepareWithoutEngines(t *testing.T) {
	s := studio(t, &fake{called: "a", gone: true})
	if err := s.Prepare(t.Context(), []string{"Один."}, nil); err == nil {
		t.Error("no error")
	}
}

func TestUnknownEngineIsRefused(t *testing.T) {
	if _, err := New(Options{Dir: t.TempDir(), Engines: []string{"bigtts"}}); !fault.Is(err, fault.Invalid) {
		t.Errorf("%v", err)
	}
}

func TestJudge(t *testing.T) {
	good := Metrics{Bytes: 8000, Seconds: 1, Expected: 1, Level: -22, Peak: -6, DC: -80, Lead: 0.04, Tail: 0.12, Gap: 0.1}
	if err := judge(good); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Metrics){
		"empty": func(m *Metrics) { m.Bytes = 0 }, "half": func(m *Metrics) { m.Seconds = 0.5 }, "digits": func(m *Metrics) { m.Seconds = 2.6 },
		"loud": func(m *Metrics) { m.Level = -18 }, "faint": func(m *Metrics) { m.Level = -30 }, "peak": func(m *Metrics) { m.Peak = -1 },
		"DC": func(m *Metrics) { m.DC = -40 }, "late": func(m *Metrics) { m.Lead = 0.3 }, "cut": func(m *Metrics) { m.Tail = 0.02 },
		"long tail": func(m *Metrics) { m.Tail = 0.9 }, "hole": func(m *Metrics) { m.Gap = 2 },
	} {
		m := good
		spoil(&m)
		if judge(m) == nil {
			t.Errorf("%s passes", name)
		}
	}
}

func TestEmbeddedClips(t *testing.T) {
	for name, want := range map[string]struct{ least, most, level float64 }{
		"technical": {3, 12, targetLevel}, "line_works": {3, 12, targetLevel}, "leave_message": {3, 12, targetLevel}, "beep": {0.3, 0.6, -20}, "music": {30, 60, -26},
	} {
		b := Embedded(name)
		x := make([]float64, len(b))
		sum := 0.0
		for i, s := range b {
			x[i] = float64(decodeALaw(s)) / 32768
			sum += x[i] * x[i]
		}
		length := float64(len(b)) / outRate
		level, _ := activeLevel(x)
		if name == "music" {
			level = 10 * math.Log10(sum/float64(len(x)))
			// The seam: the step from the last sample to the first is no larger than the steps beside it.
			if d := math.Abs(x[0] - x[len(x)-1]); d > 0.05 {
				t.Errorf("music: a step of %.3f at the seam", d)
			}
			if m := Music(); !bytes.Equal(m, b) {
				t.Error("music: the file is not what the program composes; run go generate")
			}
		}
		if length < want.least || length > want.most || math.Abs(level-want.level) > 1.2 || len(b)%clipFrame != 0 {
			t.Errorf("%s: %.1f s, %.1f dB, %d bytes", name, length, level, len(b))
		}
	}
	if Embedded("nothing") != nil {
		t.Error("an unknown clip")
	}
}
