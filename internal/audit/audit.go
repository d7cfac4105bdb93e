// Package audit owns the note of who saw or changed whose personal data.
package audit

import (
	"context"
	"errors"
	"time"

	"dovidka/internal/store"
)

// Audit is the room's door.
type Audit struct{ db *store.DB }

// New makes the room over an open database.
func New(db *store.DB) *Audit { return &Audit{db: db} }

// Entry is one note; append only.
type Entry struct {
	ID   int64     `json:"id"`
	At   time.Time `json:"at"`
	By   string    `json:"by"`   // login, or "system"
	Act  string    `json:"act"`  // "view", "listen", "change", "export", "sign_in" …
	What string    `json:"what"` // kind of the thing: "call", "card", "message", "journal", "agent"
	Of   string    `json:"of"`   // its number or id
	IP   string    `json:"ip"`
	Note string    `json:"note"`
}

// Note writes one entry (inside the transaction that ctx carries, if any).
func (a *Audit) Note(ctx context.Context, e Entry) error { return errors.ErrUnsupported }

// Filter chooses entries; zero fields do not filter.
type Filter struct {
	By, Act, What, Of string
	From, Until       time.Time
	Before            int64 // only entries with a smaller ID: the cursor
	Limit             int   // default 100, bound 1000
}

// List gives entries, newest first.
func (a *Audit) List(ctx context.Context, f Filter) ([]Entry, error) {
	return nil, errors.ErrUnsupported
}
