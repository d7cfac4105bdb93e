package switchboard

import (
	"context"
	"errors"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/casework"
	"dovidka/internal/ivr"
	"dovidka/internal/media"
	"dovidka/internal/outgoing"
	"dovidka/internal/speech"
	"dovidka/internal/staff"
)

// Leg is one party of a call: a trunk's, a desk phone's or a browser's. sipua and webphone fit it without knowing it.
type Leg interface {
	ID() string
	From() call.Number
	To() call.Number
	Via() string // "sip" or "web"
	// Ring tells the caller that it rings (180).
	Ring() error
	// Answer sends our 200 and returns when it is sent and the media is up.
	Answer(ctx context.Context) error
	// Hangup ends the leg: before the answer by a status ("404", "486", "488", "503"), after it by BYE. Twice is harmless.
	Hangup(cause string)
	// Media is the leg's sound; nil before Answer.
	Media() *media.Port
	// Done is closed when the leg has ended, whoever ended it.
	Done() <-chan struct{}
	// Cause tells why, after Done: "caller", "us", "cancelled", "silence", "no_ack", "lost".
	Cause() string
	// Alive tells of an agent's page: false lost, true back with the same Port. Nil for legs that cannot come back.
	Alive() <-chan bool
}

// Menus gives the edition in force; a call keeps the one it began with.
type Menus interface{ Current() *ivr.Menu }

// Clips turns text into sound.
type Clips interface {
	Clip(ctx context.Context, text string) (speech.Clip, error)
}

// Journal keeps facts and records.
type Journal interface {
	// Append returns when the facts are on the disk.
	Append(ctx context.Context, facts ...call.Fact) error
	// AppendLater returns at once.
	AppendLater(facts ...call.Fact)
	// Close makes the record of a call from its facts. A wrapped_up fact may come after it.
	Close(ctx context.Context, id call.ID) (call.Record, error)
}

// Cards keeps the card of every talk, and messages.
type Cards interface {
	NewCard(ctx context.Context, n casework.NewCard) (casework.Card, error)
	SaveMessage(ctx context.Context, n casework.NewMessage) (casework.Message, error)
	Counts(ctx context.Context, now time.Time) (open, overdue int, err error)
}

// Surveys keeps citizens' opinions.
type Surveys interface {
	Save(ctx context.Context, id call.ID, score int, solved string, at time.Time) error
}

// Agents knows the people by the order of the mayor.
type Agents interface {
	Agent(ctx context.Context, login string) (staff.Agent, error)
}

// Requests tells the state of a request. The lines are the same for "not found" and "no match" (regulation 5.7).
type Requests interface {
	Lookup(ctx context.Context, m *ivr.Menu, number, last4 string) (found bool, lines []ivr.Line, err error)
}

// The devices an agent may answer on, and the choice to be rung on both.
const (
	DeviceBrowser = "browser"
	DevicePhone   = "phone"
	DeviceBoth    = "both"
)

// Ring is what a telephone that is to ring should know.
type Ring struct {
	Call     call.ID
	From     call.Number     // shown on a desk phone
	Accepted <-chan struct{} // a browser is joined when this closes; a desk phone is picked up
}

// ErrRefused is what Dial gives, wrapped or not, when the person at the device refused the call (SIP 486, 600, 603).
var ErrRefused = errors.New("switchboard: the agent refused")

// Phones reaches agents' devices and numbers outside.
type Phones interface {
	// Dial rings the device until it answers; a cancelled ctx stops it (and the race of CANCEL and 200 is solved inside). With the
	// cause ErrElsewhere the telephone shows no missed call.
	Dial(ctx context.Context, login, device string, r Ring) (Leg, error)
	// Alive tells whether the device could be rung now: the page answered its ping, the desk phone is registered.
	Alive(login, device string) bool
	// DialOut calls a telephone number through a carrier and returns when it has answered. The allow-list, the limits and the reason
	// are looked at first: fault.Denied says in Ukrainian why the call may not go out. ErrRefused: busy or declined; fault.Busy: no
	// line is free.
	DialOut(ctx context.Context, o Outgoing) (Leg, error)
}

// Outgoing is a call to a telephone number outside: to whom, why, by whose hand, and for which citizen's call.
type Outgoing struct {
	To     call.Number
	Reason outgoing.Reason
	Author string  // login
	Call   call.ID // "" only for an operator's own call from the desk
}
