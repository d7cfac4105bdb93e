// Package ivr is the voice menu as data and the judgement over it.
//
// A Menu is one published edition. Step is pure: the state, the time and an event go in, orders come out; the switchboard
// plays, collects, enqueues and records. Invariants (Check proves them before an edition may be published): every path ends;
// a person is reachable by 0 from every node (regulation 3.5); depth at most 4 menus and lists; at most 5 items plus 9.
package ivr

import (
	"time"

	"dovidka/internal/call"
	"dovidka/internal/hours"
)

// NodeKind is what a node of the menu does.
type NodeKind string

// The kinds of nodes.
const (
	KindMenu     NodeKind = "menu"     // a prompt that names its items
	KindList     NodeKind = "list"     // no prompt: spoken as «назва — ключ» for each item
	KindService  NodeKind = "service"  // summary, then 1 documents, 2 term and fee, 3 where and how
	KindText     NodeKind = "text"     // one text, then back to its menu
	KindHours    NodeKind = "hours"    // working hours and address, from the schedule
	KindStatus   NodeKind = "status"   // state of a request: number + last four digits of the phone
	KindMessage  NodeKind = "message"  // record a message into Box
	KindOperator NodeKind = "operator" // ask for a person about Topic
)

// Node is one place in the menu.
type Node struct {
	ID      string            `json:"id"` // the keys that lead here, "1-2"; "" is main
	Kind    NodeKind          `json:"kind"`
	Label   string            `json:"label"`
	Prompt  string            `json:"prompt,omitempty"`  // prompt id (menu, text)
	Service string            `json:"service,omitempty"` // service card id
	Topic   string            `json:"topic,omitempty"`
	Box     string            `json:"box,omitempty"`  // "messages" or "proposals"
	Keys    map[string]string `json:"keys,omitempty"` // key "1".."9" -> node id
	Parent  string            `json:"parent"`
}

// Service is what the menu reads of a service card; every text is ready to be spoken (already normalised or its own spoken text).
type Service struct {
	ID, Name               string
	Summary, TermFee, Ways string
	Documents              []string // one by one, half a second between them
	Verified               bool
}

// Prompt is a fixed phrase; Text may hold {variables} whose type and case are declared by VarTypes.
type Prompt struct {
	ID            string   `json:"id"`
	Text          string   `json:"text"`
	Vars          []string `json:"vars,omitempty"`
	Interruptible bool     `json:"interruptible"`
	Approved      bool     `json:"approved"`
}

// Menu is one edition of the voice menu with all it needs to speak.
type Menu struct {
	Edition  int
	Nodes    map[string]*Node
	Prompts  map[string]Prompt
	Services map[string]Service
	Consts   map[string]string // org_name, org_name_short, owner_name, address …: constants of the centre, in the case that the prompts need
	Hours    *hours.Schedule
	// ReadUnverified: unverified cards are read, followed by notice.unverified (demo); otherwise the notice and the operator.
	ReadUnverified bool
	NoInput        time.Duration // silence after a prompt (default 7 s)
	MaxErrors      int           // wrong keys in a row that lead to a person (default 3)
}

// Line is one utterance: a prompt with its variables filled in, or a block of a service card. Consecutive lines with the
// same ID are one block (the documents of a card, the items of a list): one Heard fact, its Share over all of them.
type Line struct {
	ID            string // prompt id, "list:NODE", or "service:ID/summary|documents|term_fee|ways": what a Heard fact names
	Text          string // raw Ukrainian text, variables already filled in
	Interruptible bool
	Pause         time.Duration // silence after it
}

// Event is something that happened to the caller in the menu.
type Event interface{ event() }

// The events.
type (
	// Begin: our 200 has been sent.
	Begin struct{ From call.Number }
	// Key: a digit 0-9, '*' or '#' was pressed (at any moment; the conductor has already stopped interruptible sound).
	Key struct{ Key byte }
	// Ended: all lines of the last Say were played to their end.
	Ended struct{}
	// Timeout: the time of the last Wait is over and nothing was pressed.
	Timeout struct{}
	// Returned: an order that handed the caller over (Enqueue, Leave, Lookup) has come back.
	Returned struct {
		How   string // Enqueue: "talked", "menu", "message_left"; Leave: "saved", "operator", "back"; Lookup: "found", "no_match"
		Lines []Line // Lookup: what to say
	}
)

func (Begin) event()    {}
func (Key) event()      {}
func (Ended) event()    {}
func (Timeout) event()  {}
func (Returned) event() {}

// Order is what the conductor shall do; the orders of one Step are carried out in order.
type Order interface{ order() }

// The orders.
type (
	// Say: stop what is played, then play these lines; Ended follows unless a key or a new Say came first.
	Say struct{ Lines []Line }
	// Wait: when the Say before it has ended (at once, if none is being played), give For for a key; then Timeout.
	Wait struct{ For time.Duration }
	// Enqueue: hand the caller to the queue; Step has already checked that it is open.
	Enqueue struct{ Topic, Service string }
	// Leave: record a message into Box after the intro lines and a tone.
	Leave struct {
		Box   string
		Intro []Line
	}
	// Lookup: tell the state of a request. The answer is the same for "not found" and "no match".
	Lookup struct{ Number, Last4 string }
	// Note: write this fact (Kind, Name, Value filled).
	Note struct{ Fact call.Fact }
	// Bye: hang up after what is being played.
	Bye struct{}
)

func (Say) order()     {}
func (Wait) order()    {}
func (Enqueue) order() {}
func (Leave) order()   {}
func (Lookup) order()  {}
func (Note) order()    {}
func (Bye) order()     {}
