package ivr

import "dovidka/internal/call"

// State is one caller's place in the menu. The zero value is a caller who has not been greeted yet; it belongs to one call
// and is changed by Step alone.
type State struct {
	Node     string // where the caller is: a node's ID, "" main
	Phase    Phase
	Service  string // the card that is open, "" at any other node
	Errors   int    // wrong keys in a row
	Silences int    // silences in a row

	digits   string // collected so far
	number   string // request number, while its last four digits are collected
	tries    int    // requests asked for without a match
	said     []Line // what * repeats
	offer    []Line // what is repeated after a wrong key or silence: the choice, without what was read before it
	playing  []Line // all of the last Say
	navHeard bool   // menu.navigation was played to its end
	noteDue  string // the card's notice that has not been heard yet in this visit
	then     next   // what follows ToPerson
	away     handed // to whom the caller was handed
}

// Phase is what the caller is doing at the node.
type Phase string

// The phases. Events that do not fit the phase are late or doubled and change nothing.
const (
	Fresh    Phase = ""         // not greeted
	Choosing Phase = "choosing" // hears a menu, list or card, may choose
	Hearing  Phase = "hearing"  // hears a text, goes back to its menu after it
	Number   Phase = "number"   // keys in the number of a request
	Last4    Phase = "last4"    // keys in the last four digits of the telephone
	ToPerson Phase = "toperson" // hears why, then is handed to a person (or to the closed dialogue, or to a message)
	Closing  Phase = "closed"   // asked for a person outside hours: 1 message, # menu
	Away     Phase = "away"     // handed over to the queue, the recorder or the look-up
	Farewell Phase = "farewell" // hears goodbye
	Over     Phase = "over"     // Bye has been ordered
)

// next is what follows the explanation heard in ToPerson: a person asked for in this way, or a message.
type next struct {
	how     string // value of the Asked fact
	message bool
}

type handed string

const (
	toQueue   handed = "queue"
	toMessage handed = "message"
	toLookup  handed = "lookup"
)

// The boxes of messages.
const (
	BoxMessages  = "messages"
	BoxProposals = "proposals"
)

// fact is a shorthand for the facts that Step writes.
func fact(k call.Kind, name, value string) Note {
	return Note{call.Fact{Kind: k, Name: name, Value: value}}
}
