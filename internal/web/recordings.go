package web

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"dovidka/internal/call"
	"dovidka/internal/fault"
	"dovidka/internal/journal"
	"dovidka/internal/media"
)

type recordingInput struct {
	ID    string `path:"id" maxLength:"64"`
	Range string `header:"Range"`
}

type deleteInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Reason string `json:"reason" minLength:"3" maxLength:"200" doc:"Чому видаляємо, наприклад: заява громадянина"`
	}
}

func (s *Server) recordingOps() {
	handle(s, huma.Operation{OperationID: "recordingSound", Method: "GET", Path: "/api/recordings/{id}/sound",
		Summary: "Послухати запис розмови (керівник; оператор — свою)", Responses: binary("audio/wav")}, s.recordingSound)
	handle(s, huma.Operation{OperationID: "recordingFile", Method: "GET", Path: "/api/recordings/{id}/file",
		Summary: "Завантажити запис розмови (керівник)", Responses: binary("audio/wav")}, s.recordingFile)
	handle(s, huma.Operation{OperationID: "deleteRecording", Method: "POST", Path: "/api/recordings/{id}/delete",
		Summary: "Видалити звук запису (керівник)", DefaultStatus: http.StatusNoContent}, s.deleteRecording)
	handle(s, huma.Operation{OperationID: "deskRecording", Method: "POST", Path: "/api/desk/recording",
		Summary: "Запис розмови: призупинити (false) або продовжити"}, func(ctx context.Context, in *onInput) (*body[AgentView], error) {
		return s.after(ctx, s.o.Desk.PauseRecording(login(ctx), !in.Body.On))
	})
}

var (
	errNotYours = fault.New(fault.Denied, "Слухати можна лише записи своїх розмов. Записи інших слухає керівник.")
	errNoSound  = fault.New(fault.NotFound, "Звуку цього запису вже немає.")
	errGoing    = fault.New(fault.Conflict, "Розмова ще триває. Запис можна буде послухати, коли вона завершиться.")
)

// mayHear tells whether the reader may listen to the recordings of a call: the head, and who talked in it.
func (sh *shower) mayHear(facts []call.Fact) bool {
	return sh.head || slices.ContainsFunc(facts, func(f call.Fact) bool { return f.Kind == call.Connected && f.Agent == sh.me })
}

// recordings are the recordings of a call as the reader may see them.
func (sh *shower) recordings(rs []journal.Recording, facts []call.Fact) []TalkRecording {
	out := []TalkRecording{}
	for _, r := range rs {
		v := TalkRecording{ID: r.ID, Started: r.Started, Seconds: r.Seconds, Going: r.Ended.IsZero()}
		if !r.Deleted.IsZero() {
			v.Deleted, v.DeletedText = r.Deleted, sh.deleted(r.DeletedBy, r.Reason)
		}
		kept := !v.Going && r.Deleted.IsZero()
		v.Play, v.Manage = kept && sh.mayHear(facts), kept && sh.head
		out = append(out, v)
	}
	return out
}

func (s *Server) recordingSound(ctx context.Context, in *recordingInput) (*huma.StreamResponse, error) {
	r, err := s.o.Journal.Recording(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if !head(ctx) {
		st, err := s.o.Journal.Story(ctx, r.Call)
		if err != nil {
			return nil, err
		}
		if sh := (&shower{me: login(ctx)}); !sh.mayHear(st.Facts) {
			return nil, errNotYours
		}
	}
	// A player asks for one listening in many pieces: it is noted at its beginning, and whoever begins elsewhere is noted too.
	began := in.Range == "" || strings.HasPrefix(in.Range, "bytes=0-")
	if !s.heard.lately(login(ctx)+" "+r.ID, s.o.Now()) || began {
		if err := s.note(ctx, "listen", "recording", r.ID); err != nil {
			return nil, err
		}
	}
	return s.talkSound(r, "inline")
}

func (s *Server) recordingFile(ctx context.Context, in *recordingInput) (*huma.StreamResponse, error) {
	if !head(ctx) {
		return nil, errOnlyHead
	}
	r, err := s.o.Journal.Recording(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := s.note(ctx, "export", "recording", r.ID); err != nil {
		return nil, err
	}
	return s.talkSound(r, "attachment")
}

// talkSound serves the sound with ranges; the name of the file tells nothing but the call.
func (s *Server) talkSound(r journal.Recording, how string) (*huma.StreamResponse, error) {
	switch {
	case !r.Deleted.IsZero():
		return nil, errNoSound
	case r.Ended.IsZero():
		return nil, errGoing
	case s.o.Sounds == nil:
		return nil, errNoSound
	}
	f, err := s.o.Sounds.Open("recordings/" + r.ID + ".wav")
	if err != nil {
		return nil, fault.Wrap(fault.NotFound, fault.Say(errNoSound), err)
	}
	sound, err := openTalk(f)
	if err != nil {
		_ = f.Close() // read only
		return nil, fault.Wrap(fault.Internal, "Файл запису пошкоджено.", fmt.Errorf("recording %s: %w", r.ID, err))
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		defer func() { _ = f.Close() }()
		q, w := humago.Unwrap(hc)
		w.Header().Set("Content-Type", "audio/wav")
		w.Header().Set("Content-Disposition", how+`; filename="rozmova-`+r.ID+`.wav"`)
		http.ServeContent(w, q, "", time.Time{}, sound)
	}}, nil
}

func openTalk(f interface{ io.Reader }) (*media.TalkSound, error) {
	at, ok := f.(interface {
		io.ReaderAt
		io.Seeker
	})
	if !ok {
		return nil, fmt.Errorf("%T cannot be read at a place", f)
	}
	size, err := at.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	return media.OpenTalk(at, size)
}

func (s *Server) deleteRecording(ctx context.Context, in *deleteInput) (*struct{}, error) {
	if !head(ctx) {
		return nil, errOnlyHead
	}
	return nil, s.o.Talks.Delete(ctx, in.ID, login(ctx), text(ctx, keyIP), strings.TrimSpace(in.Body.Reason))
}

// listenings remembers for an hour who listens to what, so that a player's further requests are not noted as new listenings.
type listenings struct {
	mu   sync.Mutex
	last map[string]time.Time
}

// lately tells whether key was seen within the hour, and remembers it.
func (l *listenings) lately(key string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last == nil {
		l.last = map[string]time.Time{}
	}
	for k, at := range l.last {
		if now.Sub(at) > time.Hour {
			delete(l.last, k)
		}
	}
	_, was := l.last[key]
	l.last[key] = now
	return was
}
