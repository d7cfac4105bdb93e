package web

import (
	"context"
	"strings"
	"testing"
	"time"

	"dovidka/internal/audit"
	"dovidka/internal/call"
)

// TestWhoHearsARecording: the head any, an operator the own; each listening is noted once, however many pieces the player asks for.
func TestWhoHearsARecording(t *testing.T) {
	r := newRig(t, nil)
	id, _ := r.happened(time.Now().Add(-time.Minute))
	rec := r.recorded(id, call.RecordingStarted, call.RecordingStopped)
	url := "/api/recordings/" + rec + "/sound"
	if status, _, b := r.as("petro", "GET", url, ""); status != 403 || !strings.Contains(b, "своїх розмов") {
		t.Errorf("another operator: %d %s", status, b)
	}
	if r.noted("petro", "listen", "recording", rec) {
		t.Error("a refused listening is noted as one")
	}
	for _, login := range []string{"olena", "kerivnyk"} {
		status, h, b := r.as(login, "GET", url, "")
		if status != 200 || h.Get("Content-Type") != "audio/wav" || !strings.HasPrefix(b, "RIFF") || len(b) != 44+2*4*8000 {
			t.Errorf("%s: %d %v, %d bytes", login, status, h, len(b))
		}
		status, h, b = r.as(login, "GET", url, "", "Range", "bytes=1000-1099")
		if status != 206 || len(b) != 100 || h.Get("Content-Range") != "bytes 1000-1099/64044" {
			t.Errorf("%s, a piece: %d %s, %d bytes", login, status, h.Get("Content-Range"), len(b))
		}
		notes, err := r.audit.List(context.Background(), audit.Filter{By: login, Act: "listen", What: "recording", Of: rec})
		if err != nil || len(notes) != 1 || notes[0].IP == "" {
			t.Errorf("%s: %+v %v", login, notes, err)
		}
	}
	r.as("olena", "GET", url, "", "Range", "bytes=0-")
	if notes, err := r.audit.List(context.Background(), audit.Filter{By: "olena", Act: "listen", Of: rec}); err != nil || len(notes) != 2 {
		t.Errorf("listened twice: %d notes, %v", len(notes), err)
	}
}

// TestAPieceFromTheMiddleIsNotedToo: whoever asks for all but the first byte listens as well.
func TestAPieceFromTheMiddleIsNotedToo(t *testing.T) {
	r := newRig(t, nil)
	id, _ := r.happened(time.Now().Add(-time.Minute))
	rec := r.recorded(id, call.RecordingStarted, call.RecordingStopped)
	if status, _, _ := r.as("kerivnyk", "GET", "/api/recordings/"+rec+"/sound", "", "Range", "bytes=1-"); status != 206 || !r.noted("kerivnyk", "listen", "recording", rec) {
		t.Errorf("%d, noted: %v", status, r.noted("kerivnyk", "listen", "recording", rec))
	}
}

func TestRecordingsInTheStory(t *testing.T) {
	r := newRig(t, nil)
	id, _ := r.happened(time.Now().Add(-time.Minute))
	rec := r.recorded(id, call.RecordingStarted)
	see := func(login string) TalkRecording {
		t.Helper()
		rs := read[CallStory](r, login, "/api/calls/"+string(id)).Recordings
		if len(rs) != 1 || rs[0].ID != rec {
			t.Fatalf("%+v", rs)
		}
		return rs[0]
	}
	if v := see("kerivnyk"); !v.Going || v.Play || v.Manage {
		t.Errorf("while it goes on: %+v", v)
	}
	if status, _, _ := r.as("kerivnyk", "GET", "/api/recordings/"+rec+"/sound", ""); status != 409 {
		t.Errorf("while it goes on: %d", status)
	}
	if err := r.journal.Append(context.Background(), call.Fact{Call: id, Kind: call.RecordingStopped, Name: rec, Seconds: 2}); err != nil {
		t.Fatal(err)
	}
	for login, want := range map[string][2]bool{"kerivnyk": {true, true}, "olena": {true, false}, "petro": {false, false}} {
		if v := see(login); v.Play != want[0] || v.Manage != want[1] || v.Seconds != 2 || v.Going {
			t.Errorf("%s: %+v", login, v)
		}
	}
	_, h, _ := r.as("kerivnyk", "GET", "/api/recordings/"+rec+"/file", "")
	if d := h.Get("Content-Disposition"); !strings.HasPrefix(d, "attachment") || strings.Contains(d, "67123") || !r.noted("kerivnyk", "export", "recording", rec) {
		t.Errorf("download: %s", d)
	}
	if status, _, _ := r.as("kerivnyk", "POST", "/api/recordings/"+rec+"/delete", `{"reason":"заява громадянина"}`); status != 204 {
		t.Errorf("delete: %d", status)
	}
	v := see("kerivnyk")
	if v.Deleted.IsZero() || v.Play || !strings.Contains(v.DeletedText, "Керівник Тестовий") || !strings.Contains(v.DeletedText, "заява громадянина") {
		t.Errorf("%+v", v)
	}
	if status, _, _ := r.as("kerivnyk", "GET", "/api/recordings/"+rec+"/sound", ""); status != 404 {
		t.Errorf("deleted and heard: %d", status)
	}
	for _, bad := range []string{"nothing-1", "..%2f..%2fdovidka.db", rec + ".wav"} {
		if status, _, _ := r.as("kerivnyk", "GET", "/api/recordings/"+bad+"/sound", ""); status != 404 {
			t.Errorf("%s: %d", bad, status)
		}
	}
}

// TestEveryListeningToATalkIsNotedBeforeItBegins, with whose talk it is; the board is masked and the head's alone.
func TestEveryListeningToATalkIsNotedBeforeItBegins(t *testing.T) {
	r := newRig(t, nil)
	for _, mode := range []string{"listen", "whisper", "barge"} {
		in := `{"call":"talk-1","mode":"` + mode + `","device":"browser"}`
		if status, _, _ := r.as("petro", "POST", "/api/board/supervise", in); status != 403 {
			t.Errorf("an operator: %d", status)
		}
		if status, _, b := r.as("kerivnyk", "POST", "/api/board/supervise", in); status != 200 || strings.Contains(b, "1234567") {
			t.Errorf("%s: %d %s", mode, status, b)
		}
		notes, err := r.audit.List(context.Background(), audit.Filter{Act: mode, What: "call", Of: "talk-1"})
		if err != nil || len(notes) != 1 || notes[0].By != "kerivnyk" || notes[0].Note != "olena" || notes[0].IP == "" {
			t.Errorf("%s: %+v %v", mode, notes, err)
		}
	}
	for _, did := range r.desk.did {
		if strings.HasPrefix(did, "petro") {
			t.Errorf("an operator listened: %s", did)
		}
	}
	if status, _, _ := r.as("kerivnyk", "POST", "/api/board/supervise", `{"call":"talk-1","mode":"spy","device":"browser"}`); status != 422 {
		t.Errorf("nonsense: %d", status)
	}
}

// TestAListeningThatCannotBeNotedDoesNotBegin.
func TestAListeningThatCannotBeNotedDoesNotBegin(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Audit = mute{} })
	id, _ := r.happened(time.Now().Add(-time.Minute))
	rec := r.recorded(id, call.RecordingStarted, call.RecordingStopped)
	if status, _, _ := r.as("kerivnyk", "POST", "/api/board/supervise", `{"call":"talk-1","mode":"listen","device":"browser"}`); status < 500 || len(r.desk.did) != 0 {
		t.Errorf("%d %v", status, r.desk.did)
	}
	if status, _, b := r.as("kerivnyk", "GET", "/api/recordings/"+rec+"/sound", ""); status < 500 || strings.HasPrefix(b, "RIFF") {
		t.Errorf("%d", status)
	}
}

// mute is an audit that writes nothing.
type mute struct{}

func (mute) Note(context.Context, audit.Entry) error { return context.DeadlineExceeded }
