package speech

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"dovidka/internal/fault"
	"dovidka/internal/spoken"
)

// Bounds of the studio.
const (
	processes  = 2                // engine processes at once for callers, and as many for what is prepared beside them
	restAfter  = 30 * time.Second // how long an engine that failed to run is left alone
	memoryMost = 48 << 20         // bytes of joined clips kept in memory
	pause      = 400 * time.Millisecond
	clipFrame  = 160 // bytes of 20 ms
)

// Studio makes and keeps clips. It is safe for concurrent use.
type Studio struct {
	engines []engine
	cache   cache
	log     *slog.Logger
	slots   chan struct{} // one for each engine process that may run while a caller waits
	beside  chan struct{} // the same for Prepare: a caller never waits behind a batch

	mu      sync.Mutex
	flights map[string]*flight   // sentences being rendered, by key
	resting map[string]time.Time // engines that failed, until when
	memory  map[string]Clip      // joined clips by raw text
	held    int                  // bytes in memory
}

// flight is one render that several callers wait for.
type flight struct {
	done chan struct{}
	alaw []byte
	err  error
}

// New opens a studio in o.Dir.
func New(o Options) (*Studio, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if o.Voice == "" {
		o.Voice = "natalia"
	}
	if len(o.Engines) == 0 {
		o.Engines = []string{"rhvoice", "espeak"}
		if len(o.Command) > 0 {
			o.Engines = slices.Insert(o.Engines, 0, "command")
		}
	}
	tmp := filepath.Join(o.Dir, "tmp")
	if err := os.MkdirAll(tmp, 0o755); err != nil {
		return nil, fmt.Errorf("speech: open studio: %w", err)
	}
	s := &Studio{cache: cache{filepath.Join(o.Dir, "clips")}, log: o.Log, slots: make(chan struct{}, processes),
		beside: make(chan struct{}, processes), flights: map[string]*flight{}, resting: map[string]time.Time{}, memory: map[string]Clip{}}
	for _, name := range o.Engines {
		switch name {
		case "rhvoice":
			s.engines = append(s.engines, newRHVoice(o.Voice, tmp))
		case "espeak":
			s.engines = append(s.engines, espeak{"espeak-ng"})
		case "command":
			s.engines = append(s.engines, command{o.Command})
		default:
			return nil, fault.New(fault.Invalid, "Невідомий голосовий рушій «"+name+"»: можна rhvoice, espeak, command.")
		}
	}
	return s, nil
}

// newRHVoice makes the engine with the usual places of Debian and of a local installation.
func newRHVoice(voice, tmp string) *rhvoice {
	e := &rhvoice{program: "RHVoice-test", want: voice, tmp: tmp,
		dirs: []string{"/usr/share/RHVoice/voices", "/usr/local/share/RHVoice/voices"}}
	var mu sync.Mutex
	var mark []byte
	e.mark = func(ctx context.Context) ([]byte, error) {
		mu.Lock()
		defer mu.Unlock()
		if mark == nil {
			b, err := e.raw(ctx, 1, marker)
			if err != nil {
				return nil, err
			}
			mark = b
		}
		return mark, nil
	}
	return e
}

// Ready tells whether any engine can be tried now; without one the switchboard had better lead every caller to a person.
func (s *Studio) Ready() bool {
	return slices.ContainsFunc(s.engines, func(e engine) bool { return e.ready() == nil })
}

// Clip says a raw Ukrainian text. The clip can always be played: with an error (the text has no reading, no engine could
// speak it) it is the embedded "line_works".
func (s *Studio) Clip(ctx context.Context, text string) (Clip, error) {
	s.mu.Lock()
	c, ok := s.memory[text]
	s.mu.Unlock()
	if ok {
		return c, nil
	}
	fallback := Clip{ALaw: Embedded("line_works"), Hash: "line_works", Engine: "embedded"}
	lines, err := sentences(text)
	if err != nil {
		return fallback, err
	}
	var parts [][]byte
	engineName := ""
	for _, l := range lines {
		alaw, name, err := s.sentence(ctx, l)
		if err != nil {
			return fallback, fmt.Errorf("speech: %w", err)
		}
		parts, engineName = append(parts, alaw), name
	}
	sound := join(parts)
	c = Clip{ALaw: sound, Hash: hashOf(sound), Engine: engineName}
	s.remember(text, c)
	return c, nil
}

// remember keeps a joined clip in memory, within bounds; what a stand-in spoke is not kept, so that the better voice comes back.
func (s *Studio) remember(text string, c Clip) {
	if i := slices.IndexFunc(s.engines, func(e engine) bool { return e.ready() == nil }); i < 0 || s.engines[i].name() != c.Engine {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held+len(c.ALaw) > memoryMost {
		clear(s.memory)
		s.held = 0
	}
	if _, ok := s.memory[text]; !ok {
		s.memory[text] = c
		s.held += len(c.ALaw)
	}
}

// sentences gives the lines of a raw text, each to be rendered by itself.
func sentences(text string) ([]string, error) {
	words, err := spoken.Words(text)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "Текст не можна вимовити: "+err.Error()+".", err)
	}
	lines := spoken.Lines(words)
	if len(lines) == 0 {
		return nil, fault.New(fault.Invalid, "У тексті немає жодного слова.")
	}
	return lines, nil
}

// join puts sentences together so that some 400 ms of silence, their own included, stand between them.
func join(parts [][]byte) []byte {
	between := int((pause.Seconds() - leadKept - tailKept) * outRate)
	var out []byte
	for i, p := range parts {
		if i > 0 {
			out = append(out, quiet(between)...)
		}
		out = append(out, p...)
	}
	if rest := len(out) % clipFrame; rest > 0 {
		out = append(out, quiet(clipFrame-rest)...)
	}
	return out
}

// quiet is A-law silence.
func quiet(n int) []byte { return []byte(strings.Repeat(string([]byte{silence}), n)) }

// sentence gives a sentence by the first engine that has it or can speak it.
func (s *Studio) sentence(ctx context.Context, words string) ([]byte, string, error) {
	var errs []error
	for _, e := range s.engines {
		k := key(e, words)
		if alaw, _, err := s.cache.get(k); err == nil {
			return alaw, e.name(), nil
		}
		if !s.usable(e) {
			continue
		}
		alaw, err := s.once(ctx, e, k, words)
		if err == nil {
			return alaw, e.name(), nil
		}
		errs = append(errs, err)
		if ctx.Err() != nil {
			break
		}
	}
	if len(errs) == 0 {
		errs = append(errs, errors.New("no engine is installed or well"))
	}
	return nil, "", fault.Wrap(fault.Internal, "Жоден голосовий рушій не зміг вимовити текст.", errors.Join(errs...))
}

// usable tells whether an engine is installed and not resting after a failure.
func (s *Studio) usable(e engine) bool {
	s.mu.Lock()
	until := s.resting[e.name()]
	s.mu.Unlock()
	return time.Now().After(until) && e.ready() == nil
}

// rest leaves an engine alone for a while after its process failed.
func (s *Studio) rest(e engine, err error) {
	s.log.Warn("speech engine failed", "engine", e.name(), "err", err)
	s.mu.Lock()
	s.resting[e.name()] = time.Now().Add(restAfter)
	s.mu.Unlock()
}

// once renders a sentence unless somebody is rendering it already. The render outlives a caller who hangs up: others may wait
// for it, and the next caller will need it; the engine's own time-out bounds it.
func (s *Studio) once(ctx context.Context, e engine, k, words string) ([]byte, error) {
	s.mu.Lock()
	f, flying := s.flights[k]
	if !flying {
		f = &flight{done: make(chan struct{})}
		s.flights[k] = f
		go s.fly(context.WithoutCancel(ctx), f, e, k, words)
	}
	s.mu.Unlock()
	select {
	case <-f.done:
		return f.alaw, f.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// fly renders for all who wait.
func (s *Studio) fly(ctx context.Context, f *flight, e engine, k, words string) {
	f.alaw, f.err = s.render(ctx, e, k, words)
	s.mu.Lock()
	delete(s.flights, k)
	s.mu.Unlock()
	close(f.done)
}

// render speaks a sentence, checks it and keeps it.
func (s *Studio) render(ctx context.Context, e engine, k, words string) ([]byte, error) {
	alaw, m, err := s.renderOne(ctx, e, words)
	if err != nil {
		return nil, err
	}
	if err := s.cache.put(k, alaw, m); err != nil {
		s.log.Warn("clip not kept", "err", err) // a full disk does not make the line mute
	}
	return alaw, nil
}

// renderOne speaks one sentence and checks it; nothing is kept.
func (s *Studio) renderOne(ctx context.Context, e engine, words string) ([]byte, Metrics, error) {
	out, err := s.speak(ctx, e, []string{words})
	if err != nil {
		return nil, Metrics{}, err
	}
	return finish(e, words, out[0])
}

// speak runs an engine in a slot of its kind.
func (s *Studio) speak(ctx context.Context, e engine, lines []string) ([]pcm, error) {
	slots := s.slots
	if isPatient(ctx) {
		slots = s.beside
	}
	select {
	case slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-slots }()
	out, err := e.speak(ctx, lines)
	if err == nil && len(out) != len(lines) {
		err = errSilent
	}
	if err != nil && ctx.Err() == nil {
		s.rest(e, err)
	}
	return out, err
}

// finish takes a sound through the telephone chain and its checks.
func finish(e engine, words string, sound pcm) ([]byte, Metrics, error) {
	alaw := telephone(sound)
	m := measure(alaw, words, e.voice())
	m.Engine = e.name()
	if err := judge(m); err != nil {
		return nil, m, fmt.Errorf("%s: %q: %w", e.name(), words, err)
	}
	return alaw, m, nil
}
