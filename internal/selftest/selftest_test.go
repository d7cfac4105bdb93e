package selftest

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"dovidka/internal/fault"
	"dovidka/internal/media"
	"dovidka/internal/sipua"
)

// speech makes sound that is like speech in what the ear looks at: noise of a voice's band in syllables of its own rhythm.
func speech(seed uint64, seconds float64) []byte {
	rnd := rand.New(rand.NewPCG(seed, 1))
	out := make([]byte, int(seconds*media.Rate))
	var low, high, gain, want float64
	for i := range out {
		if i%(media.Rate/9) == 0 { // syllables
			want = math.Pow(rnd.Float64(), 2) * 9000
			if i < media.Rate/20 {
				want = 0
			}
		}
		gain += (want - gain) * 0.004
		n := rnd.NormFloat64()
		low += (n - low) * 0.4
		high += (low - high) * 0.05
		out[i] = media.EncodeALaw(int16(max(-30000, min(30000, (low-high)*gain))))
	}
	return out
}

func names(ps []Prompt) []string {
	var out []string
	for _, p := range ps {
		out = append(out, p.Name)
	}
	return out
}

// named makes clips of one line each.
func named(sounds map[string][]byte) []Clip {
	var out []Clip
	for name, alaw := range sounds {
		out = append(out, Clip{Name: name, ALaw: alaw})
	}
	return out
}

func TestRecogniseBlocks(t *testing.T) {
	others := speech(4, 1.4) // the last item of both lists
	clips := []Clip{{"list:1", 0, speech(1, 2.3)}, {"list:1", 1, others}, {"list:2", 0, speech(2, 2)}, {"list:2", 1, speech(3, 1.7)}, {"list:2", 2, others},
		{"place", 0, speech(5, 2)}, {"place", 1, speech(6, 2)}}
	still := bytes.Repeat([]byte{media.EncodeALaw(0)}, media.Rate*6/10)
	var heard []byte
	for _, i := range []int{2, 3, 4, 2, 3, 4, 0, 1, 5} { // a list, the same again, the other list, a place in the queue
		heard = slices.Concat(heard, still, clips[i].ALaw)
	}
	got := Recognise(append(heard, still...), clips)
	if !slices.Equal(names(got), []string{"list:2", "list:2", "list:1", "place"}) {
		t.Fatalf("%+v", got)
	}
	for _, p := range got {
		if p.Share < 0.97 {
			t.Errorf("%+v", p)
		}
	}
	if math.Abs(got[0].Seconds-5.1) > 0.01 {
		t.Errorf("a list of %.2f s, want 5.1", got[0].Seconds)
	}
}

func TestRecognise(t *testing.T) {
	clips := map[string][]byte{"greeting": speech(1, 4), "menu": speech(2, 6), "passport": speech(3, 5), "beep": {}}
	clips["menu2"] = append(slices.Clone(clips["menu"][:3*media.Rate]), speech(9, 3)...) // begins like the menu
	known := named(clips)
	still := make([]byte, media.Rate)
	for i := range still {
		still[i] = media.EncodeALaw(0)
	}
	part := func(parts ...[]byte) []byte { return slices.Concat(parts...) }
	change := func(b []byte, f func(int, int16) int16) []byte {
		out := slices.Clone(b)
		for i := range out {
			out[i] = media.EncodeALaw(f(i, media.DecodeALaw(out[i])))
		}
		return out
	}
	whole := part(still, clips["greeting"], still, clips["menu"], still[:800], clips["greeting"], still)
	for _, k := range []struct {
		name  string
		heard []byte
		want  []string
		least float64
	}{
		{"as they are", whole, []string{"greeting", "menu", "greeting"}, 0.97},
		{"6 dB softer", change(whole, func(_ int, v int16) int16 { return v / 2 }), []string{"greeting", "menu", "greeting"}, 0.97},
		{"by way of mu-law", change(whole, func(_ int, v int16) int16 { return media.DecodeULaw(media.EncodeULaw(v)) }), []string{"greeting", "menu", "greeting"}, 0.97},
		{"1 % of the packets lost", change(whole, func(i int, v int16) int16 {
			if i/160%100 == 50 {
				return 0
			}
			return v
		}), []string{"greeting", "menu", "greeting"}, 0.97},
		{"a frame slipped out", part(still, clips["menu"][:20000], clips["menu"][20160:], still), []string{"menu"}, 0.9},
		{"the other menu", part(still, clips["menu2"], still), []string{"menu2"}, 0.97},
		{"nothing", part(still, still, still), nil, 0},
		{"a wrong prompt", part(still, speech(77, 5), still), nil, 0},
		{"halves swapped", part(clips["passport"][20000:], clips["passport"][:20000]), []string{"passport"}, 0.3},
	} {
		got := Recognise(k.heard, known)
		if !slices.Equal(names(got), k.want) {
			t.Errorf("%s: %v, want %v", k.name, names(got), k.want)
			continue
		}
		for _, p := range got {
			if p.Share < k.least || k.least < 0.9 && p.Share > 0.6 {
				t.Errorf("%s: %s share %.2f", k.name, p.Name, p.Share)
			}
		}
	}
	cut := Recognise(part(still, clips["menu"][:3*media.Rate], clips["passport"], still), known) // a key was pressed half way
	if !slices.Equal(names(cut), []string{"menu", "passport"}) || math.Abs(cut[0].Share-0.5) > 0.1 || cut[1].Share < 0.97 || math.Abs(cut[1].At-4) > 0.02 {
		t.Errorf("cut: %+v", cut)
	}
}

func TestParseSteps(t *testing.T) {
	got, err := ParseSteps("2 3 @3.5:1 12#")
	want := []Step{{"2", -1}, {"3", -1}, {"1", 3.5}, {"12#", -1}}
	if err != nil || !slices.Equal(got, want) {
		t.Fatal(got, err)
	}
	for _, bad := range []string{"x", "@:1", "@3", "@-1:2", "@1:"} {
		if _, err := ParseSteps(bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// centre answers with a greeting, on 2 says a second clip, on 9 hangs up.
func centre(t *testing.T, greeting, second []byte, heard chan<- []byte) string {
	t.Helper()
	e, err := media.NewEngine(media.EngineOptions{BindIP: netip.MustParseAddr("127.0.0.1")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	s, err := sipua.New(sipua.Options{Addr: "127.0.0.1:0", Media: e, Log: slog.New(slog.DiscardHandler),
		Known: func(u string) bool { return u == "0800353608" },
		OnCall: func(l *sipua.Leg) {
			if err := l.Answer(t.Context()); err != nil {
				return
			}
			p := l.Media()
			ear := newEar(10)
			defer p.Listen(ear)()
			p.Play(media.NewClip(greeting))
			for {
				select {
				case <-l.Done():
					heard <- ear.sound()
					return
				case d := <-p.Digits():
					switch d.Key {
					case '2':
						p.Play(media.NewClip(second))
					case '9':
						l.Hangup("")
					}
				}
			}
		}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s.Addr().String()
}

func TestCall(t *testing.T) {
	greeting, second := speech(1, 1.5), speech(2, 1.5)
	heard := make(chan []byte, 1)
	target := centre(t, greeting, second, heard)
	file := filepath.Join(t.TempDir(), "heard.wav")
	res, err := Call(t.Context(), Plan{Target: target, To: "0800353608", From: "0670000067", Say: "tone:440", Seconds: 12, Heard: file,
		Press: []Step{{"2", -1}, {"9", -1}}, Clips: named(map[string][]byte{"greeting": greeting, "second": second, "third": speech(3, 2)})})
	if err != nil {
		t.Fatal(err)
	}
	out, _ := json.Marshal(res)
	t.Logf("%s", out)
	if !res.Answered || res.Status != 200 || res.Cause != "caller" || res.SetupMs <= 0 || res.SetupMs > 500 {
		t.Errorf("call: %s", out)
	}
	if got := names(res.Prompts); !slices.Equal(got, []string{"greeting", "second"}) || res.Prompts[0].Share < 0.9 {
		t.Errorf("prompts: %v", res.Prompts)
	}
	if len(res.Digits) != 2 || res.Digits[0].NewAudioMs <= 0 || res.Digits[0].NewAudioMs > 500 || res.Digits[0].PromptMs <= 0 || res.Digits[0].PromptMs > 300 || res.Digits[1].PromptMs != -1 || res.Digits[0].At < 2.1 {
		t.Errorf("digits: %+v", res.Digits)
	}
	if res.Packets < 100 || res.Level < -40 || res.Level > -3 || res.Sound < 2 {
		t.Errorf("figures: %s", out)
	}
	if st, err := os.Stat(file); err != nil || st.Size() < 4*16000 {
		t.Error("no recording", err)
	}
	if far := <-heard; media.ToneLevel(far[media.Rate:2*media.Rate], 440) < -25 {
		t.Errorf("our tone came at %.1f dB", media.ToneLevel(far[media.Rate:2*media.Rate], 440))
	}
}

func TestRefusedAndUnreachable(t *testing.T) {
	target := centre(t, nil, nil, make(chan []byte, 1))
	res, err := Call(t.Context(), Plan{Target: target, To: "0800999999", Seconds: 1})
	if err != nil || res.Answered || res.Status != 404 || res.Cause != "refused" {
		t.Fatalf("%+v %v", res, err)
	}
	for _, p := range []Plan{{Target: "nowhere", To: "1"}, {Target: target}, {Target: target, To: "1", Say: "tone:9"}, {Target: target, To: "1", Say: "/no/such.wav"}} {
		if _, err := Call(t.Context(), p); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", p, err)
		}
	}
}

func TestCallOverTCPEndsInTime(t *testing.T) {
	target := centre(t, speech(1, 1), nil, make(chan []byte, 1))
	begin := time.Now()
	res, err := Call(t.Context(), Plan{Target: target, Transport: "tcp", To: "0800353608", Seconds: 1, Press: []Step{{"1", 0.3}}})
	if err != nil || !res.Answered || res.Cause != "us" || len(res.Digits) != 1 || time.Since(begin) > 4*time.Second {
		t.Fatalf("%+v %v", res, err)
	}
}
