package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"dovidka/internal/call"
	"dovidka/internal/fault"
	"dovidka/internal/store"
)

// Recording is one recorded talk of the index. Its sound goes; that it was, and why it is gone, stays.
type Recording struct {
	ID        string    `json:"id"`
	Call      call.ID   `json:"call"`
	Started   time.Time `json:"started"`
	Ended     time.Time `json:"ended,omitzero"` // zero: it goes on, or the program was killed meanwhile
	Seconds   float64   `json:"seconds"`
	Deleted   time.Time `json:"deleted,omitzero"` // zero: the sound is kept
	DeletedBy string    `json:"deleted_by,omitempty"`
	Reason    string    `json:"reason,omitempty"`
}

// RecordingID names the nth recording of a call. It tells nothing but the call, so that a file without its fact still has one.
func RecordingID(id call.ID, n int) string { return string(id) + "-" + strconv.Itoa(n) }

// CallOfRecording reads the call out of the name; false for what is no name of a recording.
func CallOfRecording(name string) (call.ID, bool) {
	id, n, ok := strings.Cut(name, "-")
	k, err := strconv.Atoi(n)
	return call.ID(id), ok && err == nil && k > 0 && n == strconv.Itoa(k) && call.ID(id).Valid()
}

// recordingRow is a recording as it stands in its table.
type recordingRow struct {
	bun.BaseModel `bun:"table:recordings"`

	ID        string  `bun:"id,pk"`
	Call      string  `bun:"call"`
	Started   int64   `bun:"started"`
	Ended     int64   `bun:"ended"`
	Seconds   float64 `bun:"seconds"`
	Deleted   int64   `bun:"deleted"`
	DeletedBy string  `bun:"deleted_by"`
	Reason    string  `bun:"reason"`
}

func (r recordingRow) recording() Recording {
	return Recording{ID: r.ID, Call: call.ID(r.Call), Started: store.Time(r.Started), Ended: store.Time(r.Ended), Seconds: r.Seconds,
		Deleted: store.Time(r.Deleted), DeletedBy: r.DeletedBy, Reason: r.Reason}
}

// indexRecordings follows the facts about recordings, in the transaction that writes them. The same fact twice changes nothing.
func indexRecordings(ctx context.Context, tx bun.IDB, facts []call.Fact) error {
	for _, f := range facts {
		row := recordingRow{ID: f.Name, Call: string(f.Call), Started: store.Micros(f.At)}
		var err error
		switch f.Kind {
		case call.RecordingStarted:
			_, err = tx.NewInsert().Model(&row).On("CONFLICT DO NOTHING").Exec(ctx)
		case call.RecordingStopped:
			_, err = tx.NewUpdate().Model(&row).Set("ended = ?", store.Micros(f.At)).Set("seconds = ?", f.Seconds).WherePK().Where("ended = 0").Exec(ctx)
		case call.RecordingDeleted:
			_, err = tx.NewUpdate().Model(&row).Set("deleted = ?", store.Micros(f.At)).Set("deleted_by = ?", f.Agent).Set("reason = ?", f.Value).
				WherePK().Where("deleted = 0").Exec(ctx)
		}
		if err != nil {
			return fmt.Errorf("index of recordings: %w", err)
		}
	}
	return nil
}

// Recordings gives the recordings of a call, oldest first, those without sound too.
func (j *Journal) Recordings(ctx context.Context, id call.ID) ([]Recording, error) {
	return j.recordings(ctx, func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("call = ?", string(id)) })
}

// OpenRecordings gives those whose end is not told: of calls that go on, or of a program that was killed.
func (j *Journal) OpenRecordings(ctx context.Context) ([]Recording, error) {
	return j.recordings(ctx, func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("ended = 0") })
}

// RecordingsBefore gives finished recordings that began before a moment and whose sound is kept, at most some hundreds at once.
func (j *Journal) RecordingsBefore(ctx context.Context, before time.Time) ([]Recording, error) {
	return j.recordings(ctx, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("deleted = 0").Where("ended > 0").Where("started < ?", store.Micros(before)).Limit(maxLimit)
	})
}

func (j *Journal) recordings(ctx context.Context, which func(*bun.SelectQuery) *bun.SelectQuery) ([]Recording, error) {
	if j.db == nil {
		return nil, fmt.Errorf("journal: recordings: %w", errAway)
	}
	var rows []recordingRow
	if err := which(j.db.In(ctx).NewSelect().Model(&rows)).Order("started", "id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("journal: recordings: %w", err)
	}
	out := make([]Recording, len(rows))
	for i, r := range rows {
		out[i] = r.recording()
	}
	return out, nil
}

// Recording gives one; fault.NotFound.
func (j *Journal) Recording(ctx context.Context, id string) (Recording, error) {
	if j.db == nil {
		return Recording{}, fmt.Errorf("journal: recording: %w", errAway)
	}
	var row recordingRow
	err := j.db.In(ctx).NewSelect().Model(&row).Where("id = ?", id).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Recording{}, fault.Wrap(fault.NotFound, "Такого запису розмови немає.", fmt.Errorf("journal: no recording %q", id))
	}
	if err != nil {
		return Recording{}, fmt.Errorf("journal: recording: %w", err)
	}
	return row.recording(), nil
}
