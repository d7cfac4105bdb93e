package casework

import (
	"context"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/uptrace/bun"

	"dovidka/internal/call"
	"dovidka/internal/fault"
	"dovidka/internal/store"
)

// States of a message and of a request.
const (
	StateOpen  = "open"  // nobody deals with it yet
	StateTaken = "taken" // an agent deals with it
	StateDone  = "done"
)

// Message is a recorded message; it has a card of the same number.
type Message struct {
	Number  string      `json:"number"`
	Call    call.ID     `json:"call"`
	Box     string      `json:"box"`
	Created time.Time   `json:"created"`
	From    call.Number `json:"from"`
	Seconds float64     `json:"seconds"`
	Sound   string      `json:"-"` // path of the WAV under the data folder
	Due     time.Time   `json:"due"`
	TakenBy string      `json:"taken_by"`
	TakenAt time.Time   `json:"taken_at,omitzero"`
	DoneBy  string      `json:"done_by"`
	DoneAt  time.Time   `json:"done_at,omitzero"`
	Note    string      `json:"note"`
}

// State is StateOpen, StateTaken or StateDone.
func (m Message) State() string {
	switch {
	case !m.DoneAt.IsZero():
		return StateDone
	case m.TakenBy != "":
		return StateTaken
	}
	return StateOpen
}

// NewMessage is a message just recorded.
type NewMessage struct {
	Call    call.ID
	Box     string
	Sound   string // path under the data folder; names the message: saved twice it is one
	Seconds float64
	From    call.Number
	At      time.Time
	Due     time.Time
	Topic   string
	Path    []string
}

// SaveMessage makes the card and the message; a second time for the same sound it gives what is there.
func (c *Casework) SaveMessage(ctx context.Context, n NewMessage) (Message, error) {
	if n.Sound == "" || n.Box != BoxMessages && n.Box != BoxProposals {
		return Message{}, fault.Wrap(fault.Invalid, "Повідомлення без звуку або без скриньки.", fmt.Errorf("casework: message into %q", n.Box))
	}
	var out Message
	err := c.db.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var row messageRow
		err := tx.NewSelect().Model(&row).Where("sound = ?", n.Sound).Scan(ctx)
		if errors.Is(err, sql.ErrNoRows) {
			row, err = c.insertMessage(ctx, tx, n)
		}
		if err != nil {
			return err
		}
		out = row.message()
		return nil
	})
	if err != nil {
		return Message{}, fmt.Errorf("casework: message of %s: %w", n.Call, err)
	}
	return out, nil
}

func (c *Casework) insertMessage(ctx context.Context, tx bun.Tx, n NewMessage) (messageRow, error) {
	kind := KindMessage
	if n.Box == BoxProposals {
		kind = KindProposal
	}
	card, err := c.insert(ctx, tx, NewCard{Call: n.Call, At: n.At, From: n.From, Topic: n.Topic, Path: n.Path}, originMessage, kind)
	if err != nil {
		return messageRow{}, err
	}
	row := messageRow{
		Number: card.Number, Call: string(n.Call), Box: n.Box, Created: store.Micros(n.At), From: string(n.From), Seconds: n.Seconds,
		Sound: n.Sound, Due: store.Micros(n.Due),
	}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return messageRow{}, fmt.Errorf("insert message: %w", err)
	}
	return row, nil
}

// Kinds of the cards that messages make; an agent may change them.
const (
	KindMessage  = "message"
	KindProposal = "proposal" // from the box of proposals and remarks (regulation 4.3)
)

// listBound bounds a list of messages.
const listBound = 500

// Messages lists a box ("" both); state is "open" (not done), "done" or "all" ("" too). What is not done comes first, by due time;
// then what is done, newest first.
func (c *Casework) Messages(ctx context.Context, box, state string) ([]Message, error) {
	var rows []messageRow
	q := c.db.In(ctx).NewSelect().Model(&rows).Limit(listBound)
	if box != "" {
		q = q.Where("box = ?", box)
	}
	switch state {
	case StateOpen:
		q = q.Where("done_at = 0").Order("due", "number")
	case StateDone:
		q = q.Where("done_at > 0").Order("done_at DESC", "number DESC")
	case "", "all":
		q = q.OrderExpr("CASE WHEN done_at = 0 THEN 0 ELSE 1 END, CASE WHEN done_at = 0 THEN due ELSE -done_at END, number")
	default:
		return nil, fault.Wrap(fault.Invalid, "Такого стану повідомлень немає.", fmt.Errorf("casework: state %q", state))
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("casework: messages: %w", err)
	}
	out := make([]Message, len(rows))
	for i, r := range rows {
		out[i] = r.message()
	}
	return out, nil
}

// Message gives one message; fault.NotFound.
func (c *Casework) Message(ctx context.Context, number string) (Message, error) {
	m, err := message(ctx, c.db.In(ctx), number)
	if err != nil {
		return Message{}, fmt.Errorf("casework: message: %w", err)
	}
	return m, nil
}

func message(ctx context.Context, db bun.IDB, number string) (Message, error) {
	var row messageRow
	if err := db.NewSelect().Model(&row).Where("number = ?", number).Scan(ctx); err != nil {
		return Message{}, notFound(err, "Такого повідомлення немає.")
	}
	return row.message(), nil
}

// Take marks who deals with a message; fault.Conflict when another does or it is done. Taking one's own again changes nothing.
func (c *Casework) Take(ctx context.Context, number, by string, at time.Time) (Message, error) {
	return c.mark(ctx, "take", number, func(tx bun.Tx, m Message) (*bun.UpdateQuery, error) {
		switch {
		case m.State() == StateDone:
			return nil, fault.New(fault.Conflict, "Це повідомлення вже опрацьовано.")
		case m.TakenBy == by:
			return nil, nil
		case m.TakenBy != "":
			return nil, fault.New(fault.Conflict, "Це повідомлення вже опрацьовує інший оператор.")
		}
		return tx.NewUpdate().Model((*messageRow)(nil)).Set("taken_by = ?", by).Set("taken_at = ?", store.Micros(at)).Where("taken_by = ''"), nil
	})
}

// Done marks a message as dealt with; fault.Conflict when it was already.
func (c *Casework) Done(ctx context.Context, number, by, note string, at time.Time) (Message, error) {
	return c.mark(ctx, "done", number, func(tx bun.Tx, m Message) (*bun.UpdateQuery, error) {
		if m.State() == StateDone {
			return nil, fault.New(fault.Conflict, "Це повідомлення вже опрацьовано.")
		}
		q := tx.NewUpdate().Model((*messageRow)(nil)).Set("done_by = ?", by).Set("done_at = ?", store.Micros(at)).Set("note = ?", plain(note))
		return q.Where("done_at = 0"), nil
	})
}

// mark reads a message, lets act decide what to change (nil: nothing), changes it and gives it anew. The condition in act's query
// guards against somebody who does the same at the same moment.
func (c *Casework) mark(ctx context.Context, what, number string, act func(bun.Tx, Message) (*bun.UpdateQuery, error)) (Message, error) {
	var out Message
	err := c.db.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		m, err := message(ctx, tx, number)
		if err != nil {
			return err
		}
		q, err := act(tx, m)
		if err != nil {
			return err
		}
		if q != nil {
			res, err := q.Where("number = ?", number).Exec(ctx)
			if err != nil {
				return fmt.Errorf("update: %w", err)
			}
			if n, err := res.RowsAffected(); err != nil || n != 1 {
				return errors.Join(fault.New(fault.Conflict, "Повідомлення щойно змінив інший оператор."), err)
			}
		}
		out, err = message(ctx, tx, number)
		return err
	})
	if err != nil {
		return Message{}, fmt.Errorf("casework: %s message %s: %w", what, number, err)
	}
	return out, nil
}

// Counts tells how many messages are not done, and how many of these are past due at now.
func (c *Casework) Counts(ctx context.Context, now time.Time) (open, overdue int, err error) {
	q := func() *bun.SelectQuery {
		return c.db.In(ctx).NewSelect().Model((*messageRow)(nil)).Where("done_at = 0")
	}
	all, err := q().Count(ctx)
	if err != nil {
		return 0, 0, fmt.Errorf("casework: counts: %w", err)
	}
	late, err := q().Where("due > 0 AND due < ?", store.Micros(now)).Count(ctx)
	if err != nil {
		return 0, 0, fmt.Errorf("casework: counts: %w", err)
	}
	return int(all), int(late), nil
}

// Status is what may be told of a request over the telephone.
type Status struct {
	Number  string
	State   string // StateOpen, StateTaken, StateDone
	Created time.Time
	Due     time.Time // zero for a card without a message
	DoneAt  time.Time
}

// Status finds a request by its number as keyed ("202600001", or "1" of this year or the last) and the last four digits of the
// telephone. The same fault.NotFound answers for a number that does not exist and for digits that do not match.
func (c *Casework) Status(ctx context.Context, keyed, last4 string, now time.Time) (Status, error) {
	for _, number := range c.candidates(keyed, now) {
		card, err := get(ctx, c.db.In(ctx), number)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return Status{}, fmt.Errorf("casework: status: %w", err)
		}
		own := card.From.Last4()
		if len(own) != 4 || subtle.ConstantTimeCompare([]byte(own), []byte(last4)) != 1 {
			continue
		}
		s, err := c.statusOf(ctx, card)
		if err != nil {
			return Status{}, fmt.Errorf("casework: status: %w", err)
		}
		return s, nil
	}
	return Status{}, fault.New(fault.NotFound, "Звернення з таким номером не знайдено.")
}

// candidates are the card numbers that the keyed digits can mean.
func (c *Casework) candidates(keyed string, now time.Time) []string {
	const yearDigits, most = 4, 12
	if len(keyed) == 0 || len(keyed) > most {
		return nil
	}
	for _, d := range keyed {
		if d < '0' || d > '9' {
			return nil
		}
	}
	if len(keyed) > yearDigits+4 { // the whole number: four digits of the year and at least five
		n, _ := strconv.ParseInt(keyed[yearDigits:], 10, 64)
		return []string{fmt.Sprintf("%s-%05d", keyed[:yearDigits], n)}
	}
	n, _ := strconv.ParseInt(keyed, 10, 64)
	year := now.In(c.zone).Year()
	return []string{fmt.Sprintf("%d-%05d", year, n), fmt.Sprintf("%d-%05d", year-1, n)}
}

// statusOf tells the state of a card: its message's; without one, whether a result was written.
func (c *Casework) statusOf(ctx context.Context, card Card) (Status, error) {
	m, err := message(ctx, c.db.In(ctx), card.Number)
	switch {
	case fault.Is(err, fault.NotFound):
		s := Status{Number: card.Number, State: StateOpen, Created: card.Created}
		if card.Result != "" {
			s.State, s.DoneAt = StateDone, card.Updated
		}
		return s, nil
	case err != nil:
		return Status{}, err
	}
	return Status{Number: card.Number, State: m.State(), Created: m.Created, Due: m.Due, DoneAt: m.DoneAt}, nil
}
