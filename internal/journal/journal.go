// Package journal owns the facts and the records of calls.
package journal

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/store"
)

// Journal writes facts in groups and answers questions about calls.
type Journal struct{ db *store.DB }

// New starts the writer. db may be nil (emergency mode): facts then go to the spill file only.
func New(db *store.DB, spillPath string, log *slog.Logger) (*Journal, error) {
	return nil, errors.ErrUnsupported
}

// Append writes facts and returns when they are on the disk. A fact without Seq or At gets them.
func (j *Journal) Append(ctx context.Context, facts ...call.Fact) error { return errors.ErrUnsupported }

// AppendLater hands facts to the next group and returns at once.
func (j *Journal) AppendLater(facts ...call.Fact) {}

// OnCommit names who is told of committed facts; called by the writer after the commit, in order. Set it before the first Append.
func (j *Journal) OnCommit(fn func([]call.Fact)) {}

// Close computes and stores the record of a call; a second time it answers the same.
func (j *Journal) Close(ctx context.Context, id call.ID) (call.Record, error) {
	return call.Record{}, errors.ErrUnsupported
}

// Recover replays a spill file and closes every call without a record. Call it once, before calls are taken.
func (j *Journal) Recover(ctx context.Context, now time.Time) (n int, err error) {
	return 0, errors.ErrUnsupported
}

// Stop writes what is queued and ends the writer.
func (j *Journal) Stop(ctx context.Context) error { return nil }

// Healthy tells whether facts reach the database (false: they go to the spill file).
func (j *Journal) Healthy() bool { return true }

// Filter chooses records. Zero fields do not filter.
type Filter struct {
	Day     string        // "2026-11-23" in Europe/Kyiv
	Month   string        // "2026-11" in Europe/Kyiv
	Outcome call.Outcome  // one outcome
	Number  string        // as typed: any notation, or some digits of it
	Agent   string        // login
	Metric  string        // the calls behind one figure of Totals; see Metrics
	Target  time.Duration // T of the metrics that have one; 0: 30 s
	Limit   int           // at most so many (default 50, bound 1000)
	Before  string        // cursor: Page.Next of the page before
}

// Page is a part of a list, newest first; Next is "" on the last one.
type Page struct {
	Calls []call.Record
	Next  string
}

// List gives the records that the filter chooses, newest first.
func (j *Journal) List(ctx context.Context, f Filter) (Page, error) {
	return Page{}, errors.ErrUnsupported
}

// Story is everything known of one call. While it goes on Open is true and the record is provisional, without an outcome.
type Story struct {
	Record call.Record
	Facts  []call.Fact
	Open   bool
}

// Story tells one call; fault.NotFound when there is none.
func (j *Journal) Story(ctx context.Context, id call.ID) (Story, error) {
	return Story{}, errors.ErrUnsupported
}

// CSV writes the records of a month as a table that Excel opens in Ukrainian.
func (j *Journal) CSV(ctx context.Context, w io.Writer, month string) error {
	return errors.ErrUnsupported
}
