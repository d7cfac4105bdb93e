// Package selftest calls a number as a stranger would – over real SIP and RTP – presses keys, listens, and tells what it heard.
//
// What it owns: nothing that lasts; every Call brings its own SIP agent and media engine and takes them away again. What it never
// does: look into the server it calls. Its ears know a prompt only by its sound: alignment by correlation of 0.5 s windows, so a
// wrong prompt, a cut one or one with swapped halves is told from the right one, whatever the level and the G.711 law.
//
// Invariants, each with a test: the same plan against the same server hears the same prompts; a key after a prompt's end is pressed
// only when something was heard and then nothing for 1.2 s; a refusal is a result, not an error.
package selftest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/fault"
	"dovidka/internal/media"
	"dovidka/internal/sipua"
)

// Plan is one test call.
type Plan struct {
	Target    string       // "HOST:PORT" of the server
	Transport string       // "udp" (default) or "tcp"
	To        string       // called number
	From      string       // shown number; "": hidden
	Press     []Step       // keys, in this order
	Say       string       // "silence" (default), "tone:440" in Hz, or a WAV file that is played once
	Seconds   float64      // hang up so long after the answer; default 20
	Heard     string       // WAV file for what was heard; "": none
	Clips     []Clip       // the sound of the lines to recognise
	Log       *slog.Logger // default: silent
}

// Step presses keys: At seconds after the answer, or, when At is negative, after the end of the next prompt.
type Step struct {
	Keys string
	At   float64
}

// Result is what the caller found out.
type Result struct {
	Answered bool      `json:"answered"`
	Status   int       `json:"status"`         // final SIP status; 0: nobody answered
	SetupMs  float64   `json:"setup_ms"`       // our INVITE to their 200
	Packets  uint64    `json:"packets"`        // RTP packets heard
	Lost     uint64    `json:"lost"`           // missing by number
	JitterMs float64   `json:"jitter_ms"`      // RFC 3550 §6.4.1
	Gaps     uint64    `json:"gaps_over_40ms"` // between two packets
	Level    float64   `json:"level_dbov"`     // of what was sound; -127: nothing was
	Heard    float64   `json:"heard_s"`        // seconds listened to
	Sound    float64   `json:"sound_s"`        // seconds of them that were not silent
	Digits   []Pressed `json:"digits"`         // keys that were pressed
	Prompts  []Prompt  `json:"prompts"`        // clips that were recognised, in the order heard
	Cause    string    `json:"cause"`          // who ended it: "caller" is the server's BYE, "us" ours; or "refused", "no_answer"
}

// Pressed is one key and what came of it.
type Pressed struct {
	Keys       string  `json:"keys"`
	At         float64 `json:"at_s"`         // after the answer
	NewAudioMs float64 `json:"new_audio_ms"` // from the key's start to the first sound after a silence; -1: none came
	PromptMs   float64 `json:"prompt_ms"`    // from the key's start to the start of the next clip recognised, jitter buffer included; -1: none

	heardAt float64 // second of what was heard
}

// How a prompt's end is known, and what is sound at all.
const (
	promptEnd   = 1200 * time.Millisecond // longer than any pause within a prompt (half a second after a document, and the clips' own edges)
	minSound    = 200 * time.Millisecond
	soundFloor  = -50.0 // dBov; G.711 silence and line noise lie below
	defaultTime = 20.0
	maxTime     = 600.0
)

// ParseSteps reads "2 3 @3.5:1": keys after prompts' ends, and with @ at seconds after the answer.
func ParseSteps(s string) ([]Step, error) {
	var out []Step
	for _, f := range strings.Fields(s) {
		st := Step{Keys: f, At: -1}
		if rest, ok := strings.CutPrefix(f, "@"); ok {
			at, keys, found := strings.Cut(rest, ":")
			sec, err := strconv.ParseFloat(at, 64)
			if !found || err != nil || sec < 0 || sec > maxTime {
				return nil, fault.New(fault.Invalid, "Незрозумілий час натискання «"+f+"»: очікується, наприклад, @3.5:1.")
			}
			st = Step{Keys: keys, At: sec}
		}
		if st.Keys == "" || strings.Trim(st.Keys, "0123456789*#ABCD") != "" {
			return nil, fault.New(fault.Invalid, "Незрозумілі клавіші «"+f+"».")
		}
		out = append(out, st)
	}
	return out, nil
}

// Call places the call and stays until it is over, Seconds have passed, or ctx ends. An error means that no call could be placed.
func Call(ctx context.Context, p Plan) (Result, error) {
	res := Result{Level: -127, Digits: []Pressed{}, Prompts: []Prompt{}}
	if p.Seconds <= 0 {
		p.Seconds = defaultTime
	}
	p.Seconds = min(p.Seconds, maxTime)
	if p.Log == nil {
		p.Log = slog.New(slog.DiscardHandler)
	}
	if _, _, err := net.SplitHostPort(p.Target); err != nil || p.To == "" {
		return res, fault.New(fault.Invalid, "Потрібні адреса сервера HOST:PORT і номер (--to).")
	}
	say, err := voice(p.Say, p.Seconds)
	if err != nil {
		return res, err
	}
	engine, err := media.NewEngine(media.EngineOptions{Threads: 1, Log: p.Log})
	if err != nil {
		return res, fmt.Errorf("selftest: %w", err)
	}
	defer engine.Close()
	agent, err := sipua.New(sipua.Options{Addr: "0.0.0.0:0", Media: engine, Log: p.Log})
	if err != nil {
		return res, fmt.Errorf("selftest: %w", err)
	}
	defer agent.Close()
	leg, begin, err := dial(ctx, agent, p, &res)
	if leg == nil {
		return res, err
	}
	ear := newEar(p.Seconds)
	stop := leg.Media().Listen(ear)
	leg.Media().Play(say...)
	conduct(ctx, p, leg, ear, begin, &res)
	stop()
	measure(leg, ear, p, &res)
	leg.Hangup("")
	select {
	case <-leg.Done():
		res.Cause = leg.Cause()
	case <-time.After(3 * time.Second):
		res.Cause = "us"
	}
	return res, save(p.Heard, ear.sound())
}

// dial places the call; a nil leg without error is a refusal, told in res.
func dial(ctx context.Context, agent *sipua.Server, p Plan, res *Result) (*sipua.Leg, time.Time, error) {
	uri := "sip:" + p.To + "@" + p.Target
	if strings.EqualFold(p.Transport, "tcp") {
		uri += ";transport=tcp"
	}
	begin := time.Now()
	leg, err := agent.Dial(ctx, sipua.Target{URI: uri}, sipua.DialOptions{From: call.ParseNumber(p.From), FromName: "dovidka call"})
	now := time.Now()
	res.SetupMs = ms(now.Sub(begin))
	var refused *sipua.RefusedError
	switch {
	case err == nil:
		res.Answered, res.Status = true, 200
		return leg, now, nil
	case errors.As(err, &refused):
		res.Status, res.Cause = refused.Status, "refused"
		return nil, now, nil
	case errors.Is(err, sipua.ErrNoAnswer):
		res.Cause = "no_answer"
		return nil, now, nil
	}
	return nil, now, fmt.Errorf("selftest: %w", err)
}

// voice makes what the caller says.
func voice(say string, seconds float64) ([]media.Source, error) {
	d := time.Duration(seconds * float64(time.Second))
	switch hz, tone := strings.CutPrefix(say, "tone:"); {
	case say == "" || say == "silence":
		return []media.Source{media.Silence(d)}, nil
	case tone:
		f, err := strconv.ParseFloat(hz, 64)
		if err != nil || f < 50 || f > 3900 {
			return nil, fault.New(fault.Invalid, "Частота тону має бути від 50 до 3900 Гц.")
		}
		return []media.Source{media.Tone(f, d, -15)}, nil
	}
	f, err := os.Open(say)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "Не вдалося відкрити звуковий файл.", err)
	}
	defer f.Close()
	alaw, err := media.ReadWAV(f)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "Звуковий файл має бути WAV: моно, 8 кГц.", err)
	}
	return []media.Source{media.NewClip(alaw), media.Silence(d)}, nil
}

// conduct waits and presses until the call or the time is over.
func conduct(ctx context.Context, p Plan, leg *sipua.Leg, ear *ear, begin time.Time, res *Result) {
	over := time.NewTimer(time.Duration(p.Seconds * float64(time.Second)))
	defer over.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	steps := p.Press
	for {
		select {
		case <-ctx.Done():
			return
		case <-leg.Done():
			return
		case <-over.C:
			return
		case now := <-tick.C:
			if n := len(res.Digits); n > 0 && res.Digits[n-1].NewAudioMs < 0 {
				if d, ok := ear.answerTime(); ok {
					res.Digits[n-1].NewAudioMs = ms(d)
				}
			}
			if len(steps) == 0 {
				continue
			}
			at := now.Sub(begin).Seconds()
			if st := steps[0]; st.At >= 0 && at >= st.At || st.At < 0 && ear.promptOver() {
				heardAt := ear.pressed(now)
				leg.Media().SendDigits(st.Keys)
				res.Digits = append(res.Digits, Pressed{Keys: st.Keys, At: at, NewAudioMs: -1, PromptMs: -1, heardAt: heardAt})
				steps = steps[1:]
			}
		}
	}
}

// measure reads the figures before the leg is gone.
func measure(leg *sipua.Leg, ear *ear, p Plan, res *Result) {
	st := leg.Media().Stats()
	res.Packets, res.Lost, res.Gaps, res.JitterMs = st.Received, st.Lost, st.Gaps, ms(st.Jitter)
	heard := ear.sound()
	res.Heard = float64(len(heard)) / media.Rate
	var loud []byte
	for i := 0; i+media.FrameSize <= len(heard); i += media.FrameSize {
		if f := heard[i : i+media.FrameSize]; media.Level(f) > soundFloor {
			loud = append(loud, f...)
		}
	}
	res.Sound = float64(len(loud)) / media.Rate
	if len(loud) > 0 {
		res.Level = media.Level(loud)
	}
	if len(p.Clips) > 0 {
		res.Prompts = Recognise(heard, p.Clips)
	}
	for i := range res.Digits {
		d := &res.Digits[i]
		for _, pr := range res.Prompts {
			if d.PromptMs < 0 && pr.At >= d.heardAt {
				d.PromptMs = (pr.At - d.heardAt) * 1000
			}
		}
	}
}

func save(path string, alaw []byte) error {
	if path == "" {
		return nil
	}
	f, err := os.Create(path)
	if err != nil {
		return fault.Wrap(fault.Invalid, "Не вдалося записати почуте.", err)
	}
	if err := media.WriteWAV(f, alaw); err != nil {
		f.Close()
		return fault.Wrap(fault.Invalid, "Не вдалося записати почуте.", err)
	}
	if err := f.Close(); err != nil {
		return fault.Wrap(fault.Invalid, "Не вдалося записати почуте.", err)
	}
	return nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
