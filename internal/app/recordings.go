package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"dovidka/internal/audit"
	"dovidka/internal/call"
	"dovidka/internal/fault"
	"dovidka/internal/journal"
	"dovidka/internal/media"
)

const (
	recordingsName = "recordings" // folder of the recorded talks
	expireEvery    = time.Hour
	nobody         = "system" // who did it, in facts and in the audit
)

// talkArchive is the sound of recorded talks: it finds what a killed program left, deletes what is too old or must go. The index is the
// journal's, made from facts; a file is removed before the fact says so, so that no fact is ever false.
type talkArchive struct {
	journal *journal.Journal
	audit   *audit.Audit
	dir     string
	days    int
	log     *slog.Logger
}

func (a talkArchive) file(id string) string { return filepath.Join(a.dir, id+".wav") }

// takeUp ends what a killed program was recording: the file is whole up to its last half second and its call gets the facts.
func (a talkArchive) takeUp(ctx context.Context) (n int, err error) {
	open, err := a.journal.OpenRecordings(ctx)
	if err != nil {
		return 0, err
	}
	known := map[string]bool{}
	for _, r := range open {
		known[r.ID] = true
		err = errors.Join(err, a.end(ctx, r.ID, r.Call, nil))
		n++
	}
	files, readErr := os.ReadDir(a.dir)
	if readErr != nil && !errors.Is(readErr, fs.ErrNotExist) {
		return n, errors.Join(err, readErr)
	}
	for _, f := range files {
		id, isWAV := strings.CutSuffix(f.Name(), ".wav")
		of, ok := journal.CallOfRecording(id)
		if !isWAV || !ok || known[id] || !f.Type().IsRegular() {
			continue
		}
		r, e := a.journal.Recording(ctx, id)
		switch {
		case fault.Is(e, fault.NotFound): // killed before the fact reached the disk
			e = a.end(ctx, id, of, &call.Fact{Kind: call.RecordingStarted})
			n++
		case e == nil && !r.Deleted.IsZero(): // came back with a backup
			e = os.Remove(a.file(id))
		}
		err = errors.Join(err, e)
	}
	return n, err
}

// end writes how long a recording is that nobody ended, and, if it is not even known, that it began.
func (a talkArchive) end(ctx context.Context, id string, of call.ID, began *call.Fact) error {
	if _, err := a.journal.Story(ctx, of); err != nil {
		return fmt.Errorf("recording %s: %w", id, err)
	}
	at := time.Now()
	length, err := media.RepairWAV(a.file(id))
	if info, e := os.Stat(a.file(id)); e == nil {
		at = info.ModTime()
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		a.log.Error("a recording cannot be repaired", "call", of, "err", err) // its row says so: no length
	}
	facts := []call.Fact{{Call: of, Kind: call.RecordingStopped, Name: id, Seconds: length.Seconds(), Cause: "restart", At: at}}
	if began != nil {
		began.Call, began.Name, began.At = of, id, at.Add(-length)
		facts = append([]call.Fact{*began}, facts...)
	}
	return a.journal.Append(ctx, facts...)
}

// expire deletes the sound of recordings that are older than the head's decision allows.
func (a talkArchive) expire(ctx context.Context, now time.Time) (n int, err error) {
	for {
		old, err := a.journal.RecordingsBefore(ctx, now.AddDate(0, 0, -a.days))
		if err != nil || len(old) == 0 {
			return n, err
		}
		for _, r := range old {
			if err := a.Delete(ctx, r.ID, nobody, "", call.Retention); err != nil {
				return n, err
			}
			n++
		}
	}
}

// Delete removes the sound of one recording and writes down who did it and why (web.Recordings).
func (a talkArchive) Delete(ctx context.Context, id, by, ip, reason string) error {
	r, err := a.journal.Recording(ctx, id)
	switch {
	case err != nil:
		return err
	case !r.Deleted.IsZero():
		return fault.New(fault.Conflict, "Цей запис уже видалено.")
	case r.Ended.IsZero():
		return fault.New(fault.Conflict, "Розмова ще триває. Видалити запис можна, коли вона завершиться.")
	}
	if err := os.Remove(a.file(id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("recording %s: %w", id, err)
	}
	if err := a.audit.Note(ctx, audit.Entry{By: by, Act: "delete", What: "recording", Of: id, IP: ip, Note: reason}); err != nil {
		return err
	}
	return a.journal.Append(ctx, call.Fact{Call: r.Call, Kind: call.RecordingDeleted, Name: id, Agent: by, Value: reason})
}

// run deletes what is too old now and every hour until ctx ends.
func (a talkArchive) run(ctx context.Context) {
	tick := time.NewTicker(expireEvery)
	defer tick.Stop()
	for {
		n, err := a.expire(ctx, time.Now())
		switch {
		case err != nil && ctx.Err() == nil:
			a.log.Error("alarm: old recordings cannot be deleted", "err", err)
		case n > 0:
			a.log.Info("old recordings deleted", "count", n)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// supervised writes into the audit how long a head took part in a talk; that it began the door has written.
func (r *rooms) supervised(head string, id call.ID, agent string, took time.Duration) {
	if r.audit == nil {
		return
	}
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	note := fmt.Sprintf("%s, %d с", agent, int(took.Seconds()))
	if err := r.audit.Note(ctx, audit.Entry{By: head, Act: "supervise_end", What: "call", Of: string(id), Note: note}); err != nil {
		r.log.Error("audit: end of listening", "call", id, "err", err)
	}
}

// recordings is the doctor's line about recorded talks.
func recordings(c Config) finding {
	n, bytes := 0, int64(0)
	files, err := os.ReadDir(filepath.Join(c.Data, recordingsName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return finding{"запис розмов", false, osReason(err)}
	}
	for _, f := range files {
		if info, err := f.Info(); err == nil && info.Mode().IsRegular() {
			n, bytes = n+1, bytes+info.Size()
		}
	}
	kept := fmt.Sprintf("записів %d, разом %d МБ", n, (bytes+1<<20-1)>>20)
	if !c.Recording.On {
		return finding{"запис розмов", true, "вимкнено; " + kept}
	}
	return finding{"запис розмов", true, fmt.Sprintf("увімкнено, підстава: %s; зберігаємо %d днів; %s", c.Recording.Ground, c.Recording.Days, kept)}
}
