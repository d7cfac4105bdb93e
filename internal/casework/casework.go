// Package casework owns the cards of calls and the messages people leave: what was asked, what was answered, what is still owed
// (regulation 5.5: date, time, essence and answer of every talk; 4.3: proposals and remarks).
//
// Invariants:
//   - numbers run «2026-00001», «2026-00002» … without a gap within a year of Europe/Kyiv, on both engines, also when two are made at once;
//   - a talk has one card; a message has a card of its own with the same number; nothing is ever deleted;
//   - every change of a card is kept with who made it; a save over somebody else's is refused (fault.Conflict);
//   - over the telephone a wrong number and wrong digits get the same answer (regulation 5.7).
package casework

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
	_ "time/tzdata" // the year of a number is Kyiv's, whatever the server knows of zones

	"github.com/uptrace/bun"

	"dovidka/internal/call"
	"dovidka/internal/fault"
	"dovidka/internal/store"
)

// Casework is the room's door.
type Casework struct {
	db   *store.DB
	zone *time.Location
}

// New makes the room over an open database.
func New(db *store.DB) *Casework {
	zone, err := time.LoadLocation("Europe/Kyiv")
	if err != nil { // cannot be: the zones are in the binary
		zone = time.FixedZone("Europe/Kyiv", 2*60*60)
	}
	return &Casework{db: db, zone: zone}
}

// Boxes of messages.
const (
	BoxMessages  = "messages"  // to be called back
	BoxProposals = "proposals" // proposals and remarks (regulation 4.3)
)

// Card is what is written about a call (regulation 5.5). Fields above Essence are filled by the system.
type Card struct {
	Number   string      `json:"number"` // "2026-00001"
	Call     call.ID     `json:"call"`
	Created  time.Time   `json:"created"`
	From     call.Number `json:"from"`
	Topic    string      `json:"topic"`
	Path     []string    `json:"path"`     // labels of the menu nodes
	WaitedS  int         `json:"waited_s"` // seconds in the queue
	Agent    string      `json:"agent"`    // login of who talked last
	Essence  string      `json:"essence"`
	Answer   string      `json:"answer"`
	Services []string    `json:"services"` // ids of service cards
	Result   string      `json:"result"`
	Kind     string      `json:"kind"`
	Updated  time.Time   `json:"updated"`
	Version  int         `json:"version"` // 1 when made; +1 by each save
}

// NewCard is what the system knows when an agent is connected.
type NewCard struct {
	Call    call.ID
	At      time.Time
	From    call.Number
	Topic   string
	Service string // id of the service card heard last; "" if none
	Path    []string
	WaitedS int
	Agent   string
}

// Change is one state of a card with who brought it about.
type Change struct {
	At   time.Time `json:"at"`
	By   string    `json:"by"`   // login, or System
	Card Card      `json:"card"` // as it stood after this change
}

// System is the author of what no person wrote.
const System = "system"

// NewCard makes the card of a talk. A second time for the same call it gives the card that is there, with the agent who talks now.
func (c *Casework) NewCard(ctx context.Context, n NewCard) (Card, error) {
	card, err := c.talkCard(ctx, n)
	if err != nil && ctx.Err() == nil { // two at once on PostgreSQL: the index let one in, the other now finds its card
		card, err = c.talkCard(ctx, n)
	}
	if err != nil {
		return Card{}, fmt.Errorf("casework: new card of %s: %w", n.Call, err)
	}
	return card, nil
}

func (c *Casework) talkCard(ctx context.Context, n NewCard) (Card, error) {
	var out Card
	err := c.db.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var row cardRow
		err := tx.NewSelect().Model(&row).Where("call = ?", string(n.Call)).Where("origin = ?", originTalk).Scan(ctx)
		if errors.Is(err, sql.ErrNoRows) {
			out, err = c.insert(ctx, tx, n, originTalk, "")
			return err
		}
		if err != nil {
			return fmt.Errorf("card of the call: %w", err)
		}
		if out, err = row.card(); err != nil || n.Agent == "" || out.Agent == n.Agent {
			return err
		}
		out.Agent, out.WaitedS = n.Agent, n.WaitedS
		return change(ctx, tx, &out, System, n.At)
	})
	return out, err
}

// insert makes a card with the next number.
func (c *Casework) insert(ctx context.Context, tx bun.Tx, n NewCard, origin, kind string) (Card, error) {
	number, err := c.nextNumber(ctx, tx, n.At)
	if err != nil {
		return Card{}, err
	}
	card := Card{
		Number: number, Call: n.Call, Created: n.At.UTC().Truncate(time.Microsecond), From: n.From, Topic: n.Topic, Path: list(n.Path),
		WaitedS: n.WaitedS, Agent: n.Agent, Services: []string{}, Kind: kind, Version: 1,
	}
	card.Updated = card.Created
	if n.Service != "" {
		card.Services = []string{n.Service}
	}
	row, err := rowOf(card, origin)
	if err != nil {
		return Card{}, err
	}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return Card{}, fmt.Errorf("insert card: %w", err)
	}
	return card, keep(ctx, tx, card, System, n.At)
}

// nextNumber takes the next number of the year: the row of the year is locked until the transaction ends, and what is rolled back
// is given to the next one, so there is no gap.
func (c *Casework) nextNumber(ctx context.Context, tx bun.Tx, at time.Time) (string, error) {
	year := at.In(c.zone).Year()
	row := numberRow{Year: year, Last: 1}
	_, err := tx.NewInsert().Model(&row).On("CONFLICT (year) DO UPDATE").Set("last = number_row.last + 1").Returning("last").Exec(ctx)
	if err != nil {
		return "", fmt.Errorf("next number: %w", err)
	}
	return fmt.Sprintf("%d-%05d", year, row.Last), nil
}

// change stores a new state of a card and keeps it in the history. c.Version is the version it is made from.
func change(ctx context.Context, tx bun.Tx, c *Card, by string, at time.Time) error {
	was := c.Version
	c.Version, c.Updated = was+1, at.UTC().Truncate(time.Microsecond)
	row, err := rowOf(*c, "")
	if err != nil {
		return err
	}
	res, err := tx.NewUpdate().Model(&row).ExcludeColumn("origin", "call", "created", "number").
		Where("number = ?", row.Number).Where("version = ?", was).Exec(ctx)
	if err != nil {
		return fmt.Errorf("update card: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return errors.Join(errMoved, err)
	}
	return keep(ctx, tx, *c, by, at)
}

// errMoved answers a save that was made from an older state.
var errMoved = fault.New(fault.Conflict, "Картку вже змінив хтось інший. Оновіть її і внесіть зміни ще раз.")

// Card gives one card; fault.NotFound.
func (c *Casework) Card(ctx context.Context, number string) (Card, error) {
	card, err := get(ctx, c.db.In(ctx), number)
	if err != nil {
		return Card{}, fmt.Errorf("casework: card: %w", err)
	}
	return card, nil
}

// CardOf gives the card of a call's talk, else of its latest message; fault.NotFound.
func (c *Casework) CardOf(ctx context.Context, id call.ID) (Card, error) {
	var row cardRow
	err := c.db.In(ctx).NewSelect().Model(&row).Where("call = ?", string(id)).Order("origin DESC", "number DESC").Limit(1).Scan(ctx)
	if err != nil {
		return Card{}, fmt.Errorf("casework: card of %s: %w", id, notFound(err, "До цього дзвінка немає картки."))
	}
	return row.card()
}

// maxUnfinished bounds the list of unfinished cards.
const maxUnfinished = 50

// Unfinished gives the cards of an agent's talks since a time that lack essence, answer or result (regulation 5.5), newest first.
func (c *Casework) Unfinished(ctx context.Context, agent string, since time.Time) ([]Card, error) {
	var rows []cardRow
	err := c.db.In(ctx).NewSelect().Model(&rows).Where("agent = ?", agent).Where("origin = ?", originTalk).
		Where("created >= ?", store.Micros(since)).Where("(essence = '' OR answer = '' OR result = '')").
		Order("created DESC", "number DESC").Limit(maxUnfinished).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("casework: unfinished cards: %w", err)
	}
	out := make([]Card, len(rows))
	for i, r := range rows {
		if out[i], err = r.card(); err != nil {
			return nil, fmt.Errorf("casework: unfinished cards: %w", err)
		}
	}
	return out, nil
}

// History gives all states of a card, oldest first.
func (c *Casework) History(ctx context.Context, number string) ([]Change, error) {
	var rows []changeRow
	if err := c.db.In(ctx).NewSelect().Model(&rows).Where("number = ?", number).Order("version").Scan(ctx); err != nil {
		return nil, fmt.Errorf("casework: history: %w", err)
	}
	out := make([]Change, len(rows))
	for i, r := range rows {
		var err error
		if out[i], err = r.change(); err != nil {
			return nil, fmt.Errorf("casework: history: %w", err)
		}
	}
	return out, nil
}

func get(ctx context.Context, db bun.IDB, number string) (Card, error) {
	var row cardRow
	if err := db.NewSelect().Model(&row).Where("number = ?", number).Scan(ctx); err != nil {
		return Card{}, notFound(err, "Такої картки немає.")
	}
	return row.card()
}

// notFound sorts "no row" as fault.NotFound.
func notFound(err error, say string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fault.Wrap(fault.NotFound, say, err)
	}
	return err
}
