// Package casework owns the cards of calls and the messages people leave.
package casework

import (
	"context"
	"errors"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/store"
)

// Casework is the room's door.
type Casework struct{ db *store.DB }

// New makes the room over an open database.
func New(db *store.DB) *Casework { return &Casework{db: db} }

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
	Agent    string      `json:"agent"`    // login
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

// Edit is one save of a card by a person; Version is the one the person saw.
type Edit struct {
	Essence  string   `json:"essence"`
	Answer   string   `json:"answer"`
	Services []string `json:"services"`
	Result   string   `json:"result"`
	Kind     string   `json:"kind"`
	Version  int      `json:"version"`
}

// NewCard makes the card of a talk; a second time for the same call it gives the card that is there.
func (c *Casework) NewCard(ctx context.Context, n NewCard) (Card, error) {
	return Card{}, errors.ErrUnsupported
}

// SaveCard saves an edit by an agent and keeps what stood there; fault.Conflict when the card has moved on since.
func (c *Casework) SaveCard(ctx context.Context, number string, e Edit, by string, at time.Time) (Card, error) {
	return Card{}, errors.ErrUnsupported
}

// Card gives one card; fault.NotFound.
func (c *Casework) Card(ctx context.Context, number string) (Card, error) {
	return Card{}, errors.ErrUnsupported
}

// CardOf gives the card of a call's talk, else of its message; fault.NotFound.
func (c *Casework) CardOf(ctx context.Context, id call.ID) (Card, error) {
	return Card{}, errors.ErrUnsupported
}

// Change is one state of a card that was replaced.
type Change struct {
	At   time.Time `json:"at"`
	By   string    `json:"by"`
	Card Card      `json:"card"` // as it stood after this change
}

// History gives all states of a card, oldest first.
func (c *Casework) History(ctx context.Context, number string) ([]Change, error) {
	return nil, errors.ErrUnsupported
}

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

// State is "open", "taken" or "done".
func (m Message) State() string { return "" }

// NewMessage is a message just recorded.
type NewMessage struct {
	Call    call.ID
	Box     string
	Sound   string // path under the data folder
	Seconds float64
	From    call.Number
	At      time.Time
	Due     time.Time
	Topic   string
	Path    []string
}

// SaveMessage makes the card and the message; a second time for the same sound it gives what is there.
func (c *Casework) SaveMessage(ctx context.Context, n NewMessage) (Message, error) {
	return Message{}, errors.ErrUnsupported
}

// Messages lists a box ("" both); state is "open" (not done), "done" or "all" (""). Open ones by due time, done ones newest first.
func (c *Casework) Messages(ctx context.Context, box, state string) ([]Message, error) {
	return nil, errors.ErrUnsupported
}

// Message gives one message; fault.NotFound.
func (c *Casework) Message(ctx context.Context, number string) (Message, error) {
	return Message{}, errors.ErrUnsupported
}

// Take marks who deals with a message; fault.Conflict when another does or it is done.
func (c *Casework) Take(ctx context.Context, number, by string, at time.Time) (Message, error) {
	return Message{}, errors.ErrUnsupported
}

// Done marks a message as dealt with; fault.Conflict when it was already.
func (c *Casework) Done(ctx context.Context, number, by, note string, at time.Time) (Message, error) {
	return Message{}, errors.ErrUnsupported
}

// Counts tells how many messages are not done, and how many of these are past due at now.
func (c *Casework) Counts(ctx context.Context, now time.Time) (open, overdue int, err error) {
	return 0, 0, errors.ErrUnsupported
}

// Status is what may be told of a request over the telephone.
type Status struct {
	Number  string
	State   string // "open", "taken", "done"
	Created time.Time
	Due     time.Time
	DoneAt  time.Time
}

// Status finds a request by its number as keyed and the last four digits of the telephone. The same fault.NotFound answers for a
// number that does not exist and for digits that do not match.
func (c *Casework) Status(ctx context.Context, keyed, last4 string, now time.Time) (Status, error) {
	return Status{}, errors.ErrUnsupported
}
