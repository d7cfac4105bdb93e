// Package survey owns the citizens' answers about a talk.
package survey

import (
	"context"
	"errors"
	"time"

	"dovidka/internal/call"
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

// Save stores the answers of a call; a later save fills what was unanswered and never clears.
func (s *Survey) Save(ctx context.Context, id call.ID, score int, solved string, at time.Time) error {
	return errors.ErrUnsupported
}

// Answer gives the answers of a call; fault.NotFound when nothing was answered.
func (s *Survey) Answer(ctx context.Context, id call.ID) (Answer, error) {
	return Answer{}, errors.ErrUnsupported
}
