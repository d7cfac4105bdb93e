package speech

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// engine speaks sentences. Every engine is a separate process that may hang, crash or lie.
type engine interface {
	name() string
	voice() string
	identity() string // all that shapes the sound: part of the key of every clip
	ready() error     // nil when it can be tried; the error says what is missing
	batch() int       // how many sentences one process may speak
	speak(ctx context.Context, sentences []string) ([]pcm, error)
}

// Bounds of an engine's process.
const (
	startTime    = 10 * time.Second       // of every process
	sentenceTime = 2 * time.Second        // added for each sentence
	maxSound     = 256 << 20              // bytes of output
	waitDelay    = 500 * time.Millisecond // between the kill and giving up on its pipes
)

// run starts a process with the text on its input and gives its output.
func run(ctx context.Context, sentences int, input string, argv ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, startTime+time.Duration(sentences)*sentenceTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.WaitDelay = waitDelay
	cmd.Stdin = strings.NewReader(input)
	out, errs := &capped{most: maxSound}, &capped{most: 2000}
	cmd.Stdout, cmd.Stderr = out, errs
	err := cmd.Start()
	if err == nil {
		if isPatient(ctx) { // an error leaves it at our own niceness: it is only less polite
			_ = unix.Setpriority(unix.PRIO_PROCESS, cmd.Process.Pid, patientNice)
		}
		err = cmd.Wait()
	}
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, fmt.Errorf("%s: %w: %s", filepath.Base(argv[0]), err, strings.TrimSpace(errs.buf.String()))
	}
	return out.buf.Bytes(), nil
}

// patientNice is the niceness of engines that prepare: calls' sound and callers' phrases go first.
const patientNice = 10

// patient marks work that nobody waits for: it has slots of its own and steps aside for calls.
func patient(ctx context.Context) context.Context {
	return context.WithValue(ctx, patientKey{}, true)
}

type patientKey struct{}

func isPatient(ctx context.Context) bool { return ctx.Value(patientKey{}) != nil }

// capped keeps the first bytes of an output.
type capped struct {
	buf  bytes.Buffer
	most int
}

// Write drops what exceeds the bound.
func (c *capped) Write(p []byte) (int, error) {
	if room := c.most - c.buf.Len(); room > 0 {
		c.buf.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

// errSilent says that an engine ended well and gave no sound.
var errSilent = errors.New("the engine gave no sound")

// forEngine makes a line an engine's sentence: a list item's semicolon becomes a full stop.
func forEngine(sentence string) string {
	s := strings.TrimRight(strings.TrimSpace(sentence), ",:;—- ")
	if s != "" && !strings.ContainsAny(s[len(s)-1:], ".!?") {
		s += "."
	}
	return s
}

// rhvoice speaks with RHVoice-test. Its traps: an unknown voice speaks as another one and exits 0, symbols alone give no file
// and exit 0, a streamed header has invented sizes.
type rhvoice struct {
	program string
	dirs    []string // where voices may be installed
	want    string   // the voice asked for
	tmp     string   // folder for its output
	mark    func(ctx context.Context) ([]byte, error)
}

func (e *rhvoice) name() string { return "rhvoice" }

// voice is the voice asked for, else the first installed of those we know.
func (e *rhvoice) voice() string {
	for _, v := range []string{e.want, "natalia", "anatol", "marianna", "volodymyr"} {
		if e.voiceDir(v) != "" {
			return v
		}
	}
	return e.want
}

// voiceDir finds an installed voice; "" when it is not there.
func (e *rhvoice) voiceDir(v string) string {
	for _, d := range e.dirs {
		if _, err := os.Stat(filepath.Join(d, v, "voice.info")); v != "" && err == nil {
			return filepath.Join(d, v)
		}
	}
	return ""
}

func (e *rhvoice) ready() error {
	if _, err := exec.LookPath(e.program); err != nil {
		return fmt.Errorf("немає програми %s: встановіть пакунки rhvoice та rhvoice-ukrainian", e.program)
	}
	if e.voiceDir(e.voice()) == "" {
		return fmt.Errorf("немає голосу %s: встановіть пакунок rhvoice-ukrainian", e.want)
	}
	return nil
}

// voiceFacts are the lines of voice.info that change with the sound.
var voiceFacts = regexp.MustCompile(`(?m)^(?:name|format|revision)=(.*)$`)

func (e *rhvoice) identity() string {
	dir := e.voiceDir(e.voice())
	info, _ := os.ReadFile(filepath.Join(dir, "voice.info"))
	var out []string
	for _, m := range voiceFacts.FindAllStringSubmatch(string(info), -1) {
		out = append(out, strings.TrimSpace(m[1]))
	}
	for _, f := range []string{"16000/voice.data", "16000/dur.pdf"} {
		if s, err := os.Stat(filepath.Join(dir, f)); err == nil {
			out = append(out, fmt.Sprint(s.Size()))
		}
	}
	if path, err := exec.LookPath(e.program); err == nil {
		if s, err := os.Stat(path); err == nil {
			out = append(out, fmt.Sprint(s.Size()))
		}
	}
	return strings.Join(out, "/")
}

// batch is some two seconds of work, so that a live phrase soon gets a turn while everything is being prepared.
func (e *rhvoice) batch() int { return 16 }

// marker is the sentence between the sentences of one process. RHVoice speaks each sentence alike wherever it stands, sample
// for sample, so the marker's own sound cuts the output exactly.
const marker = "Ґе."

// speak renders one sentence, or many in one process with markers between. When the markers are not found as often as they
// were put in (an older version may smooth across sentences), each sentence gets a process of its own.
func (e *rhvoice) speak(ctx context.Context, sentences []string) ([]pcm, error) {
	if len(sentences) > 1 {
		if out, err := e.many(ctx, sentences); err == nil {
			return out, nil
		} else if ctx.Err() != nil {
			return nil, err
		}
	}
	var out []pcm
	for _, s := range sentences {
		raw, err := e.raw(ctx, 1, forEngine(s))
		if err != nil {
			return nil, err
		}
		p, err := readWAV(raw)
		if err != nil {
			return nil, fmt.Errorf("rhvoice: %w", err)
		}
		out = append(out, p)
	}
	return out, nil
}

// raw gives the WAV of a text. Quality "min" is 16 kHz, twice what the telephone carries, for three quarters of the work.
func (e *rhvoice) raw(ctx context.Context, sentences int, text string) ([]byte, error) {
	f, err := os.CreateTemp(e.tmp, "rhvoice-*.wav")
	if err != nil {
		return nil, fmt.Errorf("rhvoice: %w", err)
	}
	f.Close()
	defer os.Remove(f.Name())
	if _, err := run(ctx, sentences, text+"\n", e.program, "-q", "min", "-p", e.voice(), "-o", f.Name()); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(f.Name())
	if err == nil && len(b) <= 44 {
		err = errSilent
	}
	if err != nil {
		return nil, fmt.Errorf("rhvoice: %w", err)
	}
	return b, nil
}

// many renders all sentences in one process and cuts at the markers.
func (e *rhvoice) many(ctx context.Context, sentences []string) ([]pcm, error) {
	mark, err := e.mark(ctx)
	if err != nil {
		return nil, err
	}
	var text strings.Builder
	for _, s := range sentences {
		text.WriteString(forEngine(s) + "\n" + marker + "\n")
	}
	raw, err := e.raw(ctx, len(sentences), text.String())
	if err != nil {
		return nil, err
	}
	const header = 44
	parts := bytes.Split(raw[header:], mark[header:])
	if len(parts) != len(sentences)+1 || len(parts[len(sentences)]) != 0 {
		return nil, fmt.Errorf("rhvoice: %d sentences came as %d parts", len(sentences), len(parts)-1)
	}
	var out []pcm
	for _, p := range parts[:len(sentences)] {
		wav, err := readWAV(append(bytes.Clone(raw[:header]), p...))
		if err != nil || len(wav.samples) == 0 {
			return nil, errSilent
		}
		out = append(out, wav)
	}
	return out, nil
}

// espeak speaks with espeak-ng: the last resort, so that the line is never mute.
type espeak struct{ program string }

func (e espeak) name() string  { return "espeak" }
func (e espeak) voice() string { return "uk" }
func (e espeak) batch() int    { return 1 }

func (e espeak) ready() error {
	if _, err := exec.LookPath(e.program); err != nil {
		return fmt.Errorf("немає програми %s: встановіть пакунок espeak-ng", e.program)
	}
	return nil
}

func (e espeak) identity() string {
	path, err := exec.LookPath(e.program)
	if err != nil {
		return ""
	}
	s, err := os.Stat(path)
	if err != nil {
		return path
	}
	return fmt.Sprint(s.Size(), "/145")
}

func (e espeak) speak(ctx context.Context, sentences []string) ([]pcm, error) {
	return eachByWAV(ctx, e.name(), sentences, e.program, "-v", "uk", "-s", "145", "--stdout")
}

// command speaks with any program: text on its input, WAV on its output.
type command struct{ argv []string }

func (e command) name() string     { return "command" }
func (e command) voice() string    { return strings.Join(e.argv, " ") }
func (e command) identity() string { return strings.Join(e.argv, "\x00") }
func (e command) batch() int       { return 1 }

func (e command) ready() error {
	if len(e.argv) == 0 {
		return errors.New("команду синтезу не задано")
	}
	if _, err := exec.LookPath(e.argv[0]); err != nil {
		return fmt.Errorf("немає програми %s", e.argv[0])
	}
	return nil
}

func (e command) speak(ctx context.Context, sentences []string) ([]pcm, error) {
	return eachByWAV(ctx, e.name(), sentences, e.argv...)
}

// eachByWAV runs a program once per sentence.
func eachByWAV(ctx context.Context, name string, sentences []string, argv ...string) ([]pcm, error) {
	var out []pcm
	for _, s := range sentences {
		raw, err := run(ctx, 1, forEngine(s)+"\n", argv...)
		if err != nil {
			return nil, err
		}
		p, err := readWAV(raw)
		if err == nil && len(p.samples) == 0 {
			err = errSilent
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out = append(out, p)
	}
	return out, nil
}
