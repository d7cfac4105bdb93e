package speech

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// wavOf makes a WAV; size lies when it is not -1.
func wavOf(p pcm, size int) []byte {
	var b bytes.Buffer
	data := make([]byte, 2*len(p.samples))
	for i, s := range p.samples {
		binary.LittleEndian.PutUint16(data[2*i:], uint16(int16(math.Round(s*32767))))
	}
	if size < 0 {
		size = len(data)
	}
	b.WriteString("RIFF")
	binary.Write(&b, binary.LittleEndian, uint32(36+size))
	b.WriteString("WAVEfmt ")
	for _, v := range []any{uint32(16), uint16(1), uint16(1), uint32(p.rate), uint32(2 * p.rate), uint16(2), uint16(16)} {
		binary.Write(&b, binary.LittleEndian, v)
	}
	b.WriteString("data")
	binary.Write(&b, binary.LittleEndian, uint32(size))
	b.Write(data)
	return b.Bytes()
}

func TestReadWAV(t *testing.T) {
	p := babble(24000, 1.5, 0.3, 0)
	for name, size := range map[string]int{"true size": -1, "streamed size": 0x7ffff000} {
		got, err := readWAV(wavOf(p, size))
		if err != nil || got.rate != 24000 || len(got.samples) != len(p.samples) {
			t.Errorf("%s: %v, %d samples", name, err, len(got.samples))
		}
	}
	for name, b := range map[string][]byte{"empty": nil, "text": []byte("не звук, а текст помилки"), "header": wavOf(p, -1)[:30]} {
		if _, err := readWAV(b); err == nil {
			t.Errorf("%s is read", name)
		}
	}
}

func FuzzReadWAV(f *testing.F) {
	f.Add(wavOf(pcm{8000, []float64{0, 0.5, -0.5}}, -1))
	f.Add([]byte("RIFF\xff\xff\xff\xffWAVEdata\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := readWAV(b); err == nil && (p.rate < 8000 || len(p.samples) > len(b)) {
			t.Fatalf("%d Hz, %d samples of %d bytes", p.rate, len(p.samples), len(b))
		}
	})
}

func TestCommandEngine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.wav")
	if err := os.WriteFile(file, wavOf(babble(22050, 2.2, 0.3, 0), 0x7ffff000), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := New(Options{Dir: t.TempDir(), Engines: []string{"command"}, Command: []string{"sh", "-c", "grep -q день && cat " + file}})
	if err != nil {
		t.Fatal(err)
	}
	if c, err := s.Clip(t.Context(), "Добрий день."); err != nil || c.Engine != "command" {
		t.Errorf("%q %v", c.Engine, err)
	}
	if st := s.Status(); len(st) != 1 || st[0].OK || st[0].Say == "" {
		t.Errorf("a command that fails its test sentence: %+v", st)
	}
}

func TestAHangingEngineIsKilled(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	if _, err := run(ctx, 1, "", "sh", "-c", "sleep 30 & sleep 30"); err == nil {
		t.Error("no error")
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("it took %v", d)
	}
}

func TestEngineErrorsCarryItsWords(t *testing.T) {
	if _, err := run(t.Context(), 1, "", "sh", "-c", "echo no such voice >&2; exit 3"); err == nil || !strings.Contains(err.Error(), "no such voice") {
		t.Errorf("%v", err)
	}
}

func TestForEngine(t *testing.T) {
	for in, want := range map[string]string{"Паспорт;": "Паспорт.", "Добре!": "Добре!", "Так": "Так.", "": "", "Чи так?": "Чи так?"} {
		if got := forEngine(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

// needRHVoice skips a test where the voice is not installed; `make test` installs it.
func needRHVoice(t testing.TB) *rhvoice {
	t.Helper()
	e := newRHVoice("natalia", t.TempDir())
	if err := e.ready(); err != nil {
		t.Skipf("RHVoice with a Ukrainian voice is not installed (packages rhvoice, rhvoice-ukrainian): %v", err)
	}
	return e
}

func TestRHVoiceCutsExactly(t *testing.T) {
	e := needRHVoice(t)
	lines := []string{"Перше речення.", "Друге, довше за перше.", "Третє", "Чи вирішено ваше питання?", "Паспорт;"}
	together, err := e.many(t.Context(), lines)
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range lines {
		alone, err := e.speak(t.Context(), []string{l})
		if err != nil {
			t.Fatal(err)
		}
		if a, b := len(alone[0].samples), len(together[i].samples); math.Abs(float64(a-b)) > float64(alone[0].rate)/50 {
			t.Errorf("%q: %d samples alone, %d in a batch", l, a, b)
		}
	}
}

func TestRHVoiceRefusesAnUnknownVoice(t *testing.T) {
	e := needRHVoice(t)
	e.want = "oksana"
	if v := e.voice(); v == "oksana" {
		t.Error("a voice that is not installed is taken for granted: RHVoice-test would speak as another one and exit 0")
	}
	e.dirs = []string{t.TempDir()}
	if e.ready() == nil {
		t.Error("ready without any voice")
	}
}

// TestTenPromptsByRHVoice renders real prompts and checks them as they will sound.
func TestTenPromptsByRHVoice(t *testing.T) {
	e := needRHVoice(t)
	checkPrompts(t, e)
}

func TestTenPromptsByEspeak(t *testing.T) {
	e := espeak{"espeak-ng"}
	if err := e.ready(); err != nil {
		t.Skipf("espeak-ng is not installed: %v", err)
	}
	checkPrompts(t, e)
}

func checkPrompts(t *testing.T, e engine) {
	t.Helper()
	var prompts []struct {
		ID, Text string
		Vars     []string
	}
	b, err := os.ReadFile("../flow/content/prompts.uk.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &prompts); err != nil {
		t.Fatal(err)
	}
	var ids, lines []string
	n := 0
	for _, p := range prompts {
		if len(p.Vars) > 0 || n == 10 {
			continue
		}
		n++
		more, err := sentences(p.Text)
		if err != nil {
			t.Errorf("%s: %v", p.ID, err)
		}
		for _, l := range more {
			ids, lines = append(ids, p.ID), append(lines, l)
		}
	}
	sounds, err := e.speak(t.Context(), lines)
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range lines {
		_, m, err := finish(e, l, sounds[i])
		if err != nil {
			t.Errorf("%s: %v", ids[i], err)
		}
		if testing.Verbose() {
			t.Logf("%-24s %.2f s (model %.2f) %.1f dBov, peak %.1f, DC %.0f, lead %.2f, tail %.2f, gap %.2f",
				ids[i], m.Seconds, m.Expected, m.Level, m.Peak, m.DC, m.Lead, m.Tail, m.Gap)
		}
	}
}

// TestModelCatchesSkippedWords: a render that lacks half of its words is refused.
func TestModelCatchesSkippedWords(t *testing.T) {
	e := needRHVoice(t)
	if e.voice() != "natalia" {
		t.Skip("the voice natalia is not installed")
	}
	out, err := e.speak(t.Context(), []string{"Паспорт громадянина України."})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := finish(e, "Паспорт громадянина України, довідка про склад сім'ї та військово-обліковий документ.", out[0]); err == nil {
		t.Error("half of the words are missing and nobody noticed")
	}
}

func BenchmarkPrepare(b *testing.B) {
	needRHVoice(b)
	texts := strings.SplitAfter("Базова соціальна допомога об'єднує кілька виплат в одну. Проєкт діє з першого липня. Її призначає Пенсійний фонд за заявою. "+
		"Сума залежить від складу та доходів сім'ї. Порівняти допоможе оператор. Заяву подайте в Дії. Потрібні паспорти. Послуга безоплатна.", ". ")
	for b.Loop() {
		s := studio(b)
		if err := s.Prepare(b.Context(), texts, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(texts)*b.N)/b.Elapsed().Seconds(), "sentences/s")
}
