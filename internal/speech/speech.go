// Package speech turns words into sound: engines, the telephone chain, the cache of clips and the embedded clips.
//
// It owns the folder of clips and the processes of the engines. Every text goes through spoken first; a clip is cached per
// sentence under a key of all that shapes its sound, joined with pauses, and is heard only after the checks of its render
// (check.go). When one engine fails the next one speaks, and at last an embedded clip: the line is never mute. Engines are
// separate processes with a time-out, at most two at once. A crash at any moment leaves whole clips or none.
package speech

import (
	"context"
	"log/slog"
	"time"
)

// Clip is speech as the telephone plays it: A-law, 8 kHz, whole frames of 20 ms.
type Clip struct {
	ALaw   []byte
	Hash   string // content address of the sound
	Engine string // who spoke it ("rhvoice", "espeak", "command"); "embedded" when no engine could
}

// Duration is how long the clip sounds.
func (c Clip) Duration() time.Duration { return seconds(len(c.ALaw)) }

// Options of a studio.
type Options struct {
	Dir     string   // where clips are kept; made when missing
	Engines []string // in the order of trial; default rhvoice, espeak ("command" when Command is given)
	Voice   string   // RHVoice voice; default natalia
	Command []string // argv of the engine "command": text on its input, WAV on its output
	Log     *slog.Logger
}

// EngineStatus is one engine's state for doctor.
type EngineStatus struct {
	Name    string `json:"name"`    // "rhvoice", "espeak", "command"
	OK      bool   `json:"ok"`      // it has just spoken a test sentence
	Voice   string `json:"voice"`   // the voice in use
	Version string `json:"version"` // what identifies program and voice in the keys of clips
	Say     string `json:"say"`     // what is wrong and what to do, plain Ukrainian; empty when OK
}

// Status has every engine, in the order of trial, speak a sentence.
func (s *Studio) Status() []EngineStatus {
	var out []EngineStatus
	for _, e := range s.engines {
		st := EngineStatus{Name: e.name(), Voice: e.voice(), Version: e.identity()}
		if err := e.ready(); err != nil {
			st.Say = err.Error()
		} else if _, _, err := s.renderOne(context.Background(), e, "Перевірка голосу."); err != nil {
			st.Say = "синтез не пройшов перевірки: " + err.Error()
		} else {
			st.OK = true
			if r, ok := e.(*rhvoice); ok && r.voice() != r.want {
				st.Say = "голосу " + r.want + " немає, говорить " + r.voice()
			}
		}
		out = append(out, st)
	}
	return out
}
