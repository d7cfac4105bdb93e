// Package survey owns the citizens' answers about a talk: how it was (the national scale чудово / добре / прийнятно / жахливо) and
// whether the question was solved (regulation 2.2, 4.2: quality and effectiveness are two questions).
//
// Invariants: at most one answer a call; what was answered is never cleared by a later silence; answers are kept by call, never by
// the caller's number.
package survey

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"dovidka/internal/call"
	"dovidka/internal/fault"
	"dovidka/internal/store"
)

// Survey is the room's door.
type Survey struct{ db *store.DB }

// New makes the room over an open database.
func New(db *store.DB) *Survey { return &Survey{db: db} }

// Answer is what one citizen answered; 0 and "" are unanswered.
type Answer struct {
	Call   call.ID   `json:"call"`
	At     time.Time `json:"at"`
	Score  int       `json:"score"`  // 4 чудово, 3 добре, 2 прийнятно, 1 жахливо
	Solved string    `json:"solved"` // "yes", "partly", "no"
}

// row is an answer as it stands in its table.
type row struct {
	bun.BaseModel `bun:"table:survey_answers,alias:a"`

	Call   string `bun:"call,pk"`
	At     int64  `bun:"at"`
	Score  int    `bun:"score"`
	Solved string `bun:"solved"`
}

// Save stores the answers of a call; a later save fills what was unanswered and replaces what is answered anew, and never clears.
func (s *Survey) Save(ctx context.Context, id call.ID, score int, solved string, at time.Time) error {
	switch {
	case id == "", score < 0, score > 4, solved != "" && solved != "yes" && solved != "partly" && solved != "no":
		return fault.Wrap(fault.Invalid, "Такої відповіді в опитуванні немає.", fmt.Errorf("survey: score %d, solved %q", score, solved))
	case score == 0 && solved == "":
		return nil // nothing was answered: hanging up at any point is fine
	}
	r := row{Call: string(id), At: store.Micros(at), Score: score, Solved: solved}
	err := s.db.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewInsert().Model(&r).On("CONFLICT (call) DO UPDATE").
			Set("score = CASE WHEN EXCLUDED.score > 0 THEN EXCLUDED.score ELSE a.score END").
			Set("solved = CASE WHEN EXCLUDED.solved <> '' THEN EXCLUDED.solved ELSE a.solved END").Exec(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("survey: save %s: %w", id, err)
	}
	return nil
}

// Answer gives the answers of a call; fault.NotFound when nothing was answered.
func (s *Survey) Answer(ctx context.Context, id call.ID) (Answer, error) {
	var r row
	err := s.db.In(ctx).NewSelect().Model(&r).Where("call = ?", string(id)).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Answer{}, fault.Wrap(fault.NotFound, "На опитування не відповіли.", fmt.Errorf("survey: %s: %w", id, err))
	}
	if err != nil {
		return Answer{}, fmt.Errorf("survey: %s: %w", id, err)
	}
	return Answer{Call: call.ID(r.Call), At: store.Time(r.At), Score: r.Score, Solved: r.Solved}, nil
}

// Totals are the answers given in a time: how many of each score (index 1 … 4; 0 unused) and of each answer about the solution.
// Shares, intervals and the rule about few answers are in the journal's totals, which know who could have answered.
type Totals struct {
	Answers int            `json:"answers"`
	Scores  [5]int         `json:"scores"`
	Solved  map[string]int `json:"solved"`
}

// Totals counts the answers from from until before to.
func (s *Survey) Totals(ctx context.Context, from, to time.Time) (Totals, error) {
	var rows []row
	err := s.db.In(ctx).NewSelect().Model(&rows).Where("at >= ?", store.Micros(from)).Where("at < ?", store.Micros(to)).Scan(ctx)
	if err != nil {
		return Totals{}, fmt.Errorf("survey: totals: %w", err)
	}
	t := Totals{Answers: len(rows), Solved: map[string]int{}}
	for _, r := range rows {
		if r.Score > 0 && r.Score < len(t.Scores) {
			t.Scores[r.Score]++
		}
		if r.Solved != "" {
			t.Solved[r.Solved]++
		}
	}
	return t, nil
}
