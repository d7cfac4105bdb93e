// Package audit owns the note of who saw or changed whose personal data (regulation 5.7; an internal check of use, 1.4).
//
// Invariants: entries are only appended; no entry holds the data itself, only the number or id of the thing; ids rise with time.
package audit

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/uptrace/bun"

	"dovidka/internal/fault"
	"dovidka/internal/store"
)

// Audit is the room's door.
type Audit struct {
	db   *store.DB
	last atomic.Int64 // the last id given
}

// New makes the room over an open database.
func New(db *store.DB) *Audit { return &Audit{db: db} }

// Entry is one note.
type Entry struct {
	ID   int64     `json:"id"` // given by Note: microseconds since 1970, made unique
	At   time.Time `json:"at"`
	By   string    `json:"by"`   // login, or "system"
	Act  string    `json:"act"`  // "view", "listen", "change", "export", "sign_in" …
	What string    `json:"what"` // kind of the thing: "call", "card", "message", "journal", "agent"
	Of   string    `json:"of"`   // its number or id
	IP   string    `json:"ip"`
	Note string    `json:"note"`
}

// row is an entry as it stands in its table.
type row struct {
	bun.BaseModel `bun:"table:audit_notes"`

	ID    int64  `bun:"id,pk"`
	At    int64  `bun:"at"`
	Login string `bun:"login"`
	Act   string `bun:"act"`
	What  string `bun:"what"`
	Item  string `bun:"item"`
	IP    string `bun:"ip"`
	Note  string `bun:"note"`
}

// tries bounds how often an id is taken anew when another program (a sub-command) took the same one.
const tries = 5

// Note writes one entry (inside the transaction that ctx carries, if any). At is now when it is zero.
func (a *Audit) Note(ctx context.Context, e Entry) error {
	if e.By == "" || e.Act == "" {
		return fault.Wrap(fault.Invalid, "Запис без автора або без дії.", fmt.Errorf("audit: by %q act %q", e.By, e.Act))
	}
	if e.At.IsZero() {
		e.At = time.Now()
	}
	r := row{At: store.Micros(e.At), Login: e.By, Act: e.Act, What: e.What, Item: e.Of, IP: e.IP, Note: e.Note}
	err := a.db.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		for range tries {
			r.ID = a.next(r.At)
			res, err := tx.NewInsert().Model(&r).On("CONFLICT DO NOTHING").Exec(ctx)
			if err != nil {
				return err
			}
			if n, err := res.RowsAffected(); err != nil || n == 1 {
				return err
			}
		}
		return fmt.Errorf("no free id in %d tries", tries)
	})
	if err != nil {
		return fmt.Errorf("audit: note: %w", err)
	}
	return nil
}

// next gives an id not before at and after all given ones.
func (a *Audit) next(at int64) int64 {
	for {
		was := a.last.Load()
		id := max(at, was+1)
		if a.last.CompareAndSwap(was, id) {
			return id
		}
	}
}

// Bounds of one list.
const (
	defaultLimit = 100
	maxLimit     = 1000
)

// Filter chooses entries; zero fields do not filter.
type Filter struct {
	By, Act, What, Of string
	From, Until       time.Time // At from From, before Until
	Before            int64     // only entries with a smaller ID: the cursor
	Limit             int       // default 100, bound 1000
}

// List gives entries, newest first.
func (a *Audit) List(ctx context.Context, f Filter) ([]Entry, error) {
	var rows []row
	limit := f.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
	q := a.db.In(ctx).NewSelect().Model(&rows).Order("id DESC").Limit(int64(min(limit, maxLimit)))
	for column, want := range map[string]string{"login": f.By, "act": f.Act, "what": f.What, "item": f.Of} {
		if want != "" {
			q = q.Where("? = ?", bun.Ident(column), want)
		}
	}
	if !f.From.IsZero() {
		q = q.Where("at >= ?", store.Micros(f.From))
	}
	if !f.Until.IsZero() {
		q = q.Where("at < ?", store.Micros(f.Until))
	}
	if f.Before > 0 {
		q = q.Where("id < ?", f.Before)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("audit: list: %w", err)
	}
	out := make([]Entry, len(rows))
	for i, r := range rows {
		out[i] = Entry{ID: r.ID, At: store.Time(r.At), By: r.Login, Act: r.Act, What: r.What, Of: r.Item, IP: r.IP, Note: r.Note}
	}
	return out, nil
}
