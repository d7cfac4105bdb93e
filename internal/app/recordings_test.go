package app

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dovidka/internal/audit"
	"dovidka/internal/call"
	"dovidka/internal/fault"
	"dovidka/internal/journal"
	"dovidka/internal/media"
	"dovidka/internal/store"
)

// archived is an archive over real records.
func archived(t *testing.T) talkArchive {
	t.Helper()
	dir := t.TempDir()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(dir, dbName))
	if err != nil {
		t.Fatal(err)
	}
	j, err := journal.New(db, filepath.Join(dir, spillName), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Stop(t.Context()); err != nil {
			t.Log(err)
		}
		db.Close()
	})
	a := talkArchive{journal: j, audit: audit.New(db), dir: filepath.Join(dir, recordingsName), days: 90, log: slog.New(slog.DiscardHandler)}
	if err := os.Mkdir(a.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return a
}

// talk writes the facts of a call that was recorded from at on, and its sound of two seconds as a killed program leaves it.
func (a talkArchive) talk(t *testing.T, at time.Time, kinds ...call.Kind) (call.ID, string) {
	t.Helper()
	id := call.NewID(at)
	name := journal.RecordingID(id, 1)
	facts := []call.Fact{{Kind: call.Arrived, From: "+380671234567"}, {Kind: call.Answered}, {Kind: call.Connected, Agent: "olena"}}
	for _, k := range kinds {
		facts = append(facts, call.Fact{Kind: k, Name: name, Seconds: 2})
	}
	for i := range facts {
		facts[i].Call, facts[i].Seq, facts[i].At = id, i+1, at.Add(time.Duration(i)*time.Second)
	}
	if err := a.journal.Append(t.Context(), facts...); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(a.file(name), make([]byte, 58+2*2*media.Rate), 0o600); err != nil {
		t.Fatal(err)
	}
	return id, name
}

// TestRecordingsOfAKilledProgram: the file gets a true header, the call gets the facts, also when the first fact was lost.
func TestRecordingsOfAKilledProgram(t *testing.T) {
	a := archived(t)
	begun, name := a.talk(t, time.Now().Add(-time.Hour), call.RecordingStarted)
	lost, nameLost := a.talk(t, time.Now().Add(-time.Hour))
	done, _ := a.talk(t, time.Now().Add(-time.Hour), call.RecordingStarted, call.RecordingStopped)
	if _, err := a.journal.Recover(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	for _, stray := range []string{"notes.txt", "x-1.wav", nameLost + ".wav.bak"} {
		if err := os.WriteFile(filepath.Join(a.dir, stray), []byte("RIFF"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	n, err := a.takeUp(t.Context())
	if err != nil || n != 2 {
		t.Fatalf("ended %d: %v", n, err)
	}
	if n, err = a.takeUp(t.Context()); err != nil || n != 0 {
		t.Fatalf("once more: %d: %v", n, err)
	}
	for _, id := range []call.ID{begun, lost, done} {
		rs, err := a.journal.Recordings(t.Context(), id)
		if err != nil || len(rs) != 1 || rs[0].Ended.IsZero() || rs[0].Seconds != 2 || rs[0].Call != id {
			t.Errorf("%+v %v", rs, err)
		}
		story, err := a.journal.Story(t.Context(), id)
		if err != nil || story.Open || story.Record.Outcome != call.OutServed {
			t.Errorf("%+v %v", story.Record, err)
		}
	}
	for _, name := range []string{name, nameLost} {
		f, err := os.Open(a.file(name))
		if err != nil {
			t.Fatal(err)
		}
		left, right, err := media.ReadTalk(f)
		f.Close()
		if err != nil || len(left) != 2*media.Rate || len(right) != len(left) {
			t.Errorf("%s does not play: %v", name, err)
		}
	}
}

// TestOldRecordingsGo: after its days the sound is gone, the row, the fact and the audit entry stay; the younger one stays whole.
func TestOldRecordingsGo(t *testing.T) {
	a := archived(t)
	now := time.Now()
	old, oldName := a.talk(t, now.AddDate(0, 0, -91), call.RecordingStarted, call.RecordingStopped)
	young, youngName := a.talk(t, now.AddDate(0, 0, -89), call.RecordingStarted, call.RecordingStopped)
	_, going := a.talk(t, now.AddDate(0, 0, -91), call.RecordingStarted)
	if n, err := a.expire(t.Context(), now); n != 1 || err != nil {
		t.Fatalf("%d %v", n, err)
	}
	for name, there := range map[string]bool{oldName: false, youngName: true, going: true} {
		if _, err := os.Stat(a.file(name)); os.IsNotExist(err) == there {
			t.Errorf("%s: %v", name, err)
		}
	}
	rs, err := a.journal.Recordings(t.Context(), old)
	if err != nil || rs[0].Deleted.IsZero() || rs[0].DeletedBy != nobody || rs[0].Reason != call.Retention || rs[0].Seconds != 2 {
		t.Errorf("%+v %v", rs, err)
	}
	if rs, err := a.journal.Recordings(t.Context(), young); err != nil || !rs[0].Deleted.IsZero() {
		t.Errorf("%+v %v", rs, err)
	}
	notes, err := a.audit.List(t.Context(), audit.Filter{Act: "delete", What: "recording", Of: oldName})
	if err != nil || len(notes) != 1 || notes[0].By != nobody {
		t.Errorf("%+v %v", notes, err)
	}
	story, err := a.journal.Story(t.Context(), old)
	if err != nil || story.Facts[len(story.Facts)-1].Kind != call.RecordingDeleted || story.Record.Ended.After(now.AddDate(0, 0, -90)) {
		t.Errorf("the call seems to have lasted until %v: %v", story.Record.Ended, err)
	}
	if err := a.Delete(t.Context(), oldName, "kerivnyk", "", "заява"); !fault.Is(err, fault.Conflict) {
		t.Error("deleted twice:", err)
	}
	if err := a.Delete(t.Context(), going, "kerivnyk", "", "заява"); !fault.Is(err, fault.Conflict) {
		t.Error("deleted while it grows:", err)
	}
	if err := a.Delete(t.Context(), youngName, "kerivnyk", "192.0.2.1", "заява громадянина"); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(a.file(oldName), []byte("from a backup"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := a.takeUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(a.file(oldName)); !os.IsNotExist(err) {
		t.Error("a backup brought a deleted recording back")
	}
}

func TestDoctorTellsOfRecordings(t *testing.T) {
	c := conf(t)
	if f := recordings(c); !f.ok || !strings.Contains(f.say, "вимкнено") || !strings.Contains(f.say, "записів 0") {
		t.Errorf("%+v", f)
	}
	c.Recording = Recording{On: true, Ground: "розпорядження від 01.02.2026 № 10", Days: 30}
	dir := filepath.Join(c.Data, recordingsName)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "a.wav"), bytes.Repeat([]byte{1}, 3<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if f := recordings(c); !f.ok || !strings.Contains(f.say, "№ 10") || !strings.Contains(f.say, "30 днів") || !strings.Contains(f.say, "записів 1, разом 3 МБ") {
		t.Errorf("%+v", f)
	}
}
