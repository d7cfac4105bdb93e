// Package speech turns words into sound: engines, the telephone chain, the cache of clips and the embedded clips.
//
// It owns the folder of clips and the processes of the engines. Every text goes through spoken first; a clip is cached per
// sentence under a key of all that shapes its sound, joined with pauses, and is heard only after the checks of its render.
// When one engine fails the next one speaks, and at last an embedded clip: the line is never mute. Engines are separate
// processes with a time-out, at most two at once (docs/decisions: speech).
package speech

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// Clip is speech as the telephone plays it: A-law, 8 kHz.
type Clip struct {
	ALaw   []byte
	Hash   string // content address of the clip
	Engine string // who spoke it; "embedded" when no engine could
}

// Duration is how long the clip sounds.
func (c Clip) Duration() time.Duration { return time.Duration(len(c.ALaw)) * time.Second / 8000 }

// Options of a studio.
type Options struct {
	Dir     string   // where clips are kept
	Engines []string // in the order of trial; default rhvoice, espeak
	Voice   string   // RHVoice voice; default natalia
	Command []string // argv of the engine "command": text on stdin, WAV on stdout
	Log     *slog.Logger
}

// Studio makes and keeps clips. It is safe for concurrent use.
type Studio struct{ o Options }

// New opens a studio in o.Dir, which is made when missing.
func New(o Options) (*Studio, error) { return &Studio{o: o}, nil }

// Clip says a raw Ukrainian text.
func (s *Studio) Clip(ctx context.Context, text string) (Clip, error) {
	return Clip{ALaw: Embedded("technical"), Engine: "embedded"}, errors.New("speech: not built yet")
}

// Prepare renders all texts that are not in the cache yet; progress (may be nil) is told after each batch.
func (s *Studio) Prepare(ctx context.Context, texts []string, progress func(done, total int)) error {
	return nil
}

// EngineStatus is one engine's state for doctor.
type EngineStatus struct {
	Name    string `json:"name"`    // "rhvoice", "espeak", "command"
	OK      bool   `json:"ok"`      // it can speak now
	Voice   string `json:"voice"`   // the voice in use
	Version string `json:"version"` // as the engine tells it
	Say     string `json:"say"`     // what is wrong and what to do, plain Ukrainian; empty when OK
}

// Status asks every engine, in the order of trial.
func (s *Studio) Status() []EngineStatus { return nil }

// Embedded gives a clip that is in the binary (A-law, 8 kHz): "technical", "line_works", "beep", "music". An unknown name gives nil.
func Embedded(name string) []byte { return nil }
