package staff

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"dovidka/internal/store"
)

// Interval is a time in which an agent had one status (what they chose), one activity (what the switch knew) and one device. The
// intervals of an agent follow each other without gap or overlap while the program runs.
type Interval struct {
	Login    string
	Since    time.Time
	Until    time.Time // zero: it goes on
	Status   string
	Reason   string // of a break
	Activity string
	Device   string
}

// shiftRow is an interval as it stands in its table.
type shiftRow struct {
	bun.BaseModel `bun:"table:shifts"`

	Login    string `bun:"login,pk"`
	Since    int64  `bun:"since,pk"`
	Until    int64  `bun:"until"`
	Seen     int64  `bun:"seen"`
	Status   string `bun:"status"`
	Reason   string `bun:"reason"`
	Activity string `bun:"activity"`
	Device   string `bun:"device"`
}

func (r shiftRow) interval() Interval {
	return Interval{r.Login, store.Time(r.Since), store.Time(r.Until), r.Status, r.Reason, r.Activity, r.Device}
}

// SaveShift keeps intervals; one with the login and beginning of another takes its place.
func (s *Staff) SaveShift(ctx context.Context, list ...Interval) error {
	if len(list) == 0 {
		return nil
	}
	rows := make([]shiftRow, len(list))
	for i, v := range list {
		rows[i] = shiftRow{Login: v.Login, Since: store.Micros(v.Since), Until: store.Micros(v.Until), Seen: store.Micros(s.now()),
			Status: v.Status, Reason: v.Reason, Activity: v.Activity, Device: v.Device}
	}
	err := s.db.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		for i := range rows { // one by one: two rows of one statement may not touch the same row
			_, err := tx.NewInsert().Model(&rows[i]).On("CONFLICT (login, since) DO UPDATE").Set("until = EXCLUDED.until, seen = EXCLUDED.seen, " +
				"status = EXCLUDED.status, reason = EXCLUDED.reason, activity = EXCLUDED.activity, device = EXCLUDED.device").Exec(ctx)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("staff: shift: %w", err)
	}
	return nil
}

// SeeShifts notes that the running intervals go on still.
func (s *Staff) SeeShifts(ctx context.Context) error {
	err := s.db.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewUpdate().Model((*shiftRow)(nil)).Set("seen = ?", store.Micros(s.now())).Where("until = 0").Exec(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("staff: shifts: %w", err)
	}
	return nil
}

// EndShifts closes the intervals that the last run of the program left open, at the moment when they were last seen, and gives them.
func (s *Staff) EndShifts(ctx context.Context) ([]Interval, error) {
	var rows []shiftRow
	err := s.db.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := tx.NewSelect().Model(&rows).Where("until = 0").Order("login", "since").Scan(ctx); err != nil {
			return err
		}
		_, err := tx.NewUpdate().Model((*shiftRow)(nil)).Set("until = CASE WHEN seen > since THEN seen ELSE since END").Where("until = 0").Exec(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("staff: shifts: %w", err)
	}
	out := make([]Interval, len(rows))
	for i, r := range rows {
		r.Until = max(r.Seen, r.Since)
		out[i] = r.interval()
	}
	return out, nil
}

// Shift gives an agent's intervals that touch [from, to), the oldest first.
func (s *Staff) Shift(ctx context.Context, login string, from, to time.Time) ([]Interval, error) {
	var rows []shiftRow
	err := s.db.In(ctx).NewSelect().Model(&rows).Where("login = ? AND since < ? AND (until = 0 OR until > ?)", login, store.Micros(to), store.Micros(from)).
		Order("since").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("staff: shift of %s: %w", login, err)
	}
	out := make([]Interval, len(rows))
	for i, r := range rows {
		out[i] = r.interval()
	}
	return out, nil
}
