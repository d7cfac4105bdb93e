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

// Bounds of one page.
const (
	defaultLimit = 50
	maxLimit     = 1000
)

// Filter chooses records. Zero fields do not filter.
type Filter struct {
	Day     string        // "2026-11-23" in Europe/Kyiv
	Month   string        // "2026-11" in Europe/Kyiv
	Outcome call.Outcome  // one outcome
	Number  string        // as typed: any notation, or some digits of it
	Agent   string        // login of who talked last
	Metric  string        // the calls behind one figure of Totals: see Metrics
	Target  time.Duration // T of the metrics that have one; 0: 30 s
	Limit   int           // at most so many (default 50, bound 1000)
	Before  string        // cursor: Page.Next of the page before
}

// Page is a part of a list, newest first; Next is "" on the last one.
type Page struct {
	Calls []call.Record
	Next  string
}

// Story is everything known of one call. While it goes on Open is true and the record is provisional, without an outcome.
type Story struct {
	Record call.Record
	Facts  []call.Fact
	Open   bool
}

// List gives the records that the filter chooses, newest first.
func (j *Journal) List(ctx context.Context, f Filter) (Page, error) {
	limit := f.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
	limit = min(limit, maxLimit)
	page := Page{Calls: []call.Record{}}
	err := j.each(ctx, f, func(r call.Record) bool {
		if len(page.Calls) == limit {
			last := page.Calls[limit-1]
			page.Next = strconv.FormatInt(store.Micros(last.Arrived), 10) + "." + string(last.Call)
			return false
		}
		page.Calls = append(page.Calls, r)
		return true
	})
	if err != nil {
		return Page{}, fmt.Errorf("journal: list: %w", err)
	}
	return page, nil
}

// each walks the records that the filter chooses, newest first, until do says false.
func (j *Journal) each(ctx context.Context, f Filter, do func(call.Record) bool) error {
	if j.db == nil {
		return errAway
	}
	counts, err := metric(f.Metric, f.Target)
	if err != nil {
		return err
	}
	for {
		q, err := j.query(ctx, f)
		if err != nil {
			return err
		}
		var rows []recordRow
		if err := q.Limit(maxLimit).Scan(ctx, &rows); err != nil {
			return fmt.Errorf("read records: %w", err)
		}
		for _, row := range rows {
			r, err := row.record()
			if err != nil {
				return err
			}
			if counts(r) && !do(r) {
				return nil
			}
		}
		if len(rows) < maxLimit {
			return nil
		}
		last := rows[len(rows)-1]
		f.Before = strconv.FormatInt(last.Arrived, 10) + "." + last.Call
	}
}

// errAway answers every question in emergency mode.
var errAway = fault.New(fault.Busy, "База даних недоступна: кол-центр працює в аварійному режимі.")

// query turns a filter into SQL.
func (j *Journal) query(ctx context.Context, f Filter) (*bun.SelectQuery, error) {
	q := j.db.In(ctx).NewSelect().Model((*recordRow)(nil)).Order("arrived DESC", "call DESC")
	for text, period := range map[string]func(string) (from, to time.Time, err error){f.Day: j.day, f.Month: j.month} {
		if text == "" {
			continue
		}
		from, to, err := period(text)
		if err != nil {
			return nil, err
		}
		q = q.Where("arrived >= ?", store.Micros(from)).Where("arrived < ?", store.Micros(to))
	}
	if f.Outcome != "" {
		q = q.Where("outcome = ?", string(f.Outcome))
	}
	if f.Agent != "" {
		q = q.Where("agent = ?", f.Agent)
	}
	if f.Number != "" {
		digits := call.Search(f.Number)
		if digits == "" {
			return q.Where("1 = 0"), nil // no number holds what was typed
		}
		q = q.Where("from_number LIKE ? ESCAPE '!'", "%"+strings.ReplaceAll(digits, "_", "!_")+"%")
	}
	if f.Before != "" {
		at, id, ok := strings.Cut(f.Before, ".")
		us, err := strconv.ParseInt(at, 10, 64)
		if !ok || err != nil {
			return nil, fault.Wrap(fault.Invalid, "Невідоме місце у списку.", fmt.Errorf("cursor %q", f.Before))
		}
		q = q.Where("(arrived < ? OR (arrived = ? AND call < ?))", us, us, id)
	}
	return q, nil
}

// day gives the bounds of a day in Europe/Kyiv, 23 or 25 hours long when the clock changes.
func (j *Journal) day(text string) (from, to time.Time, err error) {
	from, err = time.ParseInLocation(time.DateOnly, text, j.zone)
	if err != nil {
		return from, to, fault.Wrap(fault.Invalid, "Дата має бути у вигляді 2026-11-23.", err)
	}
	return from, from.AddDate(0, 0, 1), nil
}

// month gives the bounds of a month in Europe/Kyiv.
func (j *Journal) month(text string) (from, to time.Time, err error) {
	from, err = time.ParseInLocation("2006-01", text, j.zone)
	if err != nil {
		return from, to, fault.Wrap(fault.Invalid, "Місяць має бути у вигляді 2026-11.", err)
	}
	return from, from.AddDate(0, 1, 0), nil
}

// AgentFacts gives the facts of agents' work since the midnight in Kyiv before now, in order of time: offers missed, talks begun
// and ended. Talks of calls that arrived up to a day earlier count too.
func (j *Journal) AgentFacts(ctx context.Context, now time.Time) ([]call.Fact, error) {
	if j.db == nil {
		return nil, fmt.Errorf("journal: facts of agents: %w", errAway)
	}
	y, m, d := now.In(j.zone).Date()
	from := time.Date(y, m, d, 0, 0, 0, 0, j.zone)
	recent := j.db.In(ctx).NewSelect().Model((*recordRow)(nil)).Column("call").Where("arrived >= ?", store.Micros(from.AddDate(0, 0, -1)))
	var rows []factRow
	err := j.db.In(ctx).NewSelect().Model(&rows).Where("call IN (?)", recent).Where("at >= ?", store.Micros(from)).
		Where("kind IN (?)", bun.List([]string{string(call.Missed), string(call.Connected), string(call.TalkEnded)})).Order("at", "call", "seq").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("journal: facts of agents: %w", err)
	}
	facts := make([]call.Fact, len(rows))
	for i, r := range rows {
		facts[i] = r.fact()
	}
	return facts, nil
}

// Story tells one call; fault.NotFound when there is none.
func (j *Journal) Story(ctx context.Context, id call.ID) (Story, error) {
	if j.db == nil {
		return Story{}, fmt.Errorf("journal: story: %w", errAway)
	}
	facts, err := factsOf(ctx, j.db.In(ctx), id)
	if err != nil {
		return Story{}, fmt.Errorf("journal: story: %w", err)
	}
	if len(facts) == 0 {
		return Story{}, fault.Wrap(fault.NotFound, "Такого дзвінка немає в журналі.", fmt.Errorf("journal: no call %q", id))
	}
	var row recordRow
	err = j.db.In(ctx).NewSelect().Model(&row).Where("call = ?", string(id)).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		r := call.Close(facts)
		r.Outcome, r.Cause = "", ""
		return Story{Record: r, Facts: facts, Open: true}, nil
	}
	if err != nil {
		return Story{}, fmt.Errorf("journal: story: %w", err)
	}
	r, err := row.record()
	if err != nil {
		return Story{}, fmt.Errorf("journal: story: %w", err)
	}
	return Story{Record: r, Facts: facts}, nil
}
