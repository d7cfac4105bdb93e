package casework

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"dovidka/internal/fault"
)

// Bounds of what a person may write, in characters; far above any real card.
const (
	maxText     = 20_000
	maxShort    = 200
	maxServices = 50
)

// Edit is one save of a card by a person; Version is the one the person saw.
type Edit struct {
	Essence  string   `json:"essence"`
	Answer   string   `json:"answer"`
	Services []string `json:"services"`
	Result   string   `json:"result"`
	Kind     string   `json:"kind"`
	Version  int      `json:"version"`
}

// SaveCard saves an edit by an agent and keeps what stood there; fault.Conflict when the card has moved on since. A save that
// changes nothing (the page saves by itself) makes no new version.
func (c *Casework) SaveCard(ctx context.Context, number string, e Edit, by string, at time.Time) (Card, error) {
	if err := e.check(); err != nil {
		return Card{}, fmt.Errorf("casework: save card %s: %w", number, err)
	}
	var out Card
	err := c.db.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		card, err := get(ctx, tx, number)
		if err != nil {
			return err
		}
		out = card
		out.Essence, out.Answer, out.Result, out.Kind = plain(e.Essence), plain(e.Answer), plain(e.Result), plain(e.Kind)
		out.Services = list(e.Services)
		if same(card, out) {
			out = card
			return nil
		}
		if e.Version != card.Version {
			return errMoved
		}
		return change(ctx, tx, &out, by, at)
	})
	if err != nil {
		return Card{}, fmt.Errorf("casework: save card %s: %w", number, err)
	}
	return out, nil
}

// same tells whether two states of a card say the same.
func same(a, b Card) bool {
	return a.Essence == b.Essence && a.Answer == b.Answer && a.Result == b.Result && a.Kind == b.Kind && slices.Equal(a.Services, b.Services)
}

// check refuses what cannot be a card.
func (e Edit) check() error {
	for _, f := range []struct {
		text string
		most int
	}{{e.Essence, maxText}, {e.Answer, maxText}, {e.Result, maxShort}, {e.Kind, maxShort}} {
		if utf8.RuneCountInString(f.text) > f.most {
			return fault.New(fault.Invalid, fmt.Sprintf("Текст задовгий: найбільше %d знаків.", f.most))
		}
	}
	if len(e.Services) > maxServices {
		return fault.New(fault.Invalid, fmt.Sprintf("Забагато послуг в одній картці: найбільше %d.", maxServices))
	}
	return nil
}

// plain drops what PostgreSQL refuses; a text is otherwise kept as it was typed.
func plain(s string) string { return strings.ReplaceAll(strings.ToValidUTF8(s, "�"), "\x00", "") }

// list is never nil, so that JSON says [] and not null.
func list(s []string) []string {
	out := make([]string, len(s))
	for i, x := range s {
		out[i] = plain(x)
	}
	return out
}
