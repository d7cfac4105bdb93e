package journal

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"dovidka/internal/call"
	"dovidka/internal/store"
)

// factRow is a fact as it stands in its table.
type factRow struct {
	bun.BaseModel `bun:"table:facts"`

	Call    string  `bun:"call,pk"`
	Seq     int     `bun:"seq,pk"`
	At      int64   `bun:"at"`
	Kind    string  `bun:"kind"`
	From    string  `bun:"from_number"`
	To      string  `bun:"to_number"`
	Agent   string  `bun:"agent"`
	Name    string  `bun:"name"`
	Value   string  `bun:"value"`
	Cause   string  `bun:"cause"`
	Share   float64 `bun:"share"`
	Count   int     `bun:"count"`
	Seconds float64 `bun:"seconds"`
	Test    bool    `bun:"test"`
}

func rowOf(f call.Fact) factRow {
	return factRow{
		Call: string(f.Call), Seq: f.Seq, At: store.Micros(f.At), Kind: string(f.Kind), From: string(f.From), To: string(f.To),
		Agent: f.Agent, Name: f.Name, Value: f.Value, Cause: f.Cause, Share: f.Share, Count: f.Count, Seconds: f.Seconds, Test: f.Test,
	}
}

func (r factRow) fact() call.Fact {
	return call.Fact{
		Call: call.ID(r.Call), Seq: r.Seq, At: store.Time(r.At), Kind: call.Kind(r.Kind), From: call.Number(r.From), To: call.Number(r.To),
		Agent: r.Agent, Name: r.Name, Value: r.Value, Cause: r.Cause, Share: r.Share, Count: r.Count, Seconds: r.Seconds, Test: r.Test,
	}
}

// recordRow is a record as it stands in its table.
type recordRow struct {
	bun.BaseModel `bun:"table:records"`

	Call         string `bun:"call,pk"`
	Arrived      int64  `bun:"arrived"`
	Answered     int64  `bun:"answered"`
	Ended        int64  `bun:"ended"`
	From         string `bun:"from_number"`
	To           string `bun:"to_number"`
	Via          string `bun:"via"`
	Outcome      string `bun:"outcome"`
	Cause        string `bun:"cause"`
	Path         string `bun:"path"`
	Services     string `bun:"services"`
	Informed     bool   `bun:"informed"`
	Asked        bool   `bun:"asked"`
	Topic        string `bun:"topic"`
	Queued       bool   `bun:"queued"`
	LeftFor      string `bun:"left_for"`
	Agent        string `bun:"agent"`
	Wait         int64  `bun:"wait_us"`
	TimeToPerson int64  `bun:"time_to_person_us"`
	Talk         int64  `bun:"talk_us"`
	Hold         int64  `bun:"hold_us"`
	WrapUp       int64  `bun:"wrap_up_us"`
	Score        int    `bun:"score"`
	Solved       string `bun:"solved"`
	Card         string `bun:"card"`
	Test         bool   `bun:"test"`
}

// openRow names a call that has facts and no record yet.
type openRow struct {
	bun.BaseModel `bun:"table:open_calls"`

	Call string `bun:"call,pk"`
}

func recordRowOf(r call.Record) (recordRow, error) {
	path, err := json.Marshal(r.Path)
	if err != nil {
		return recordRow{}, fmt.Errorf("path: %w", err)
	}
	services, err := json.Marshal(r.Services)
	if err != nil {
		return recordRow{}, fmt.Errorf("services: %w", err)
	}
	return recordRow{
		Call: string(r.Call), Arrived: store.Micros(r.Arrived), Answered: store.Micros(r.Answered), Ended: store.Micros(r.Ended),
		From: string(r.From), To: string(r.To), Via: r.Via, Outcome: string(r.Outcome), Cause: r.Cause, Path: string(path),
		Services: string(services), Informed: r.Informed, Asked: r.Asked, Topic: r.Topic, Queued: r.Queued, LeftFor: r.LeftFor,
		Agent: r.Agent, Wait: r.Wait.Microseconds(), TimeToPerson: r.TimeToPerson.Microseconds(), Talk: r.Talk.Microseconds(),
		Hold: r.Hold.Microseconds(), WrapUp: r.WrapUp.Microseconds(), Score: r.Score, Solved: r.Solved, Card: r.Card, Test: r.Test,
	}, nil
}

func (r recordRow) record() (call.Record, error) {
	out := call.Record{
		Call: call.ID(r.Call), Arrived: store.Time(r.Arrived), Answered: store.Time(r.Answered), Ended: store.Time(r.Ended),
		From: call.Number(r.From), To: call.Number(r.To), Via: r.Via, Outcome: call.Outcome(r.Outcome), Cause: r.Cause,
		Informed: r.Informed, Asked: r.Asked, Topic: r.Topic, Queued: r.Queued, LeftFor: r.LeftFor, Agent: r.Agent,
		Wait: micros(r.Wait), TimeToPerson: micros(r.TimeToPerson), Talk: micros(r.Talk), Hold: micros(r.Hold), WrapUp: micros(r.WrapUp),
		Score: r.Score, Solved: r.Solved, Card: r.Card, Test: r.Test,
	}
	if err := json.Unmarshal([]byte(r.Path), &out.Path); err != nil {
		return out, fmt.Errorf("record %s: path: %w", r.Call, err)
	}
	if err := json.Unmarshal([]byte(r.Services), &out.Services); err != nil {
		return out, fmt.Errorf("record %s: services: %w", r.Call, err)
	}
	return out, nil
}

func micros(us int64) time.Duration { return time.Duration(us) * time.Microsecond }

// insertChunk bounds the rows of one INSERT.
const insertChunk = 200

// insertFacts appends facts; one that is there already (same call and Seq) stays as it is.
func insertFacts(ctx context.Context, tx bun.IDB, facts []call.Fact) error {
	for len(facts) > 0 {
		n := min(insertChunk, len(facts))
		rows := make([]factRow, n)
		for i, f := range facts[:n] {
			rows[i] = rowOf(f)
		}
		if _, err := tx.NewInsert().Model(&rows).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
			return fmt.Errorf("insert facts: %w", err)
		}
		if err := indexRecordings(ctx, tx, facts[:n]); err != nil {
			return err
		}
		facts = facts[n:]
	}
	return nil
}

// factsOf reads the facts of a call in order.
func factsOf(ctx context.Context, tx bun.IDB, id call.ID) ([]call.Fact, error) {
	var rows []factRow
	if err := tx.NewSelect().Model(&rows).Where("call = ?", string(id)).Order("seq").Scan(ctx); err != nil {
		return nil, fmt.Errorf("facts of %s: %w", id, err)
	}
	facts := make([]call.Fact, len(rows))
	for i, r := range rows {
		facts[i] = r.fact()
	}
	return facts, nil
}

// hasRecord tells whether a call is closed.
func hasRecord(ctx context.Context, tx bun.IDB, id call.ID) (bool, error) {
	ok, err := tx.NewSelect().Model((*recordRow)(nil)).Where("call = ?", string(id)).Exists(ctx)
	if err != nil {
		return false, fmt.Errorf("record of %s: %w", id, err)
	}
	return ok, nil
}

// putRecord stores the record of a call, in the place of an earlier one.
func putRecord(ctx context.Context, tx bun.IDB, r call.Record) error {
	row, err := recordRowOf(r)
	if err != nil {
		return err
	}
	if _, err := tx.NewDelete().Model(&row).WherePK().Exec(ctx); err != nil {
		return fmt.Errorf("replace record: %w", err)
	}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return fmt.Errorf("insert record: %w", err)
	}
	if _, err := tx.NewDelete().Model((*openRow)(nil)).Where("call = ?", row.Call).Exec(ctx); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	return nil
}

// newRecord stores the first record of a call; marked: it stands in open_calls.
func newRecord(ctx context.Context, tx bun.IDB, r call.Record, marked bool) error {
	row, err := recordRowOf(r)
	if err != nil {
		return err
	}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return fmt.Errorf("insert record: %w", err)
	}
	if !marked {
		return nil
	}
	if _, err := tx.NewDelete().Model((*openRow)(nil)).Where("call = ?", row.Call).Exec(ctx); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	return nil
}

// putOpen marks a call as having facts and no record.
func putOpen(ctx context.Context, tx bun.IDB, id call.ID) error {
	if _, err := tx.NewInsert().Model(&openRow{Call: string(id)}).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
		return fmt.Errorf("open: %w", err)
	}
	return nil
}
