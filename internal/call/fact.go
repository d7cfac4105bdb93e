// Package call holds the words of one call: its number, its facts, its outcome and its record.
//
// A call is one person's contact from arrival to record. Everything that happens to it is an append-only Fact; the Record is
// computed once from the facts by Close and says, with exactly one Outcome, how the call ended. The package is pure: no
// clock, no I/O. Definitions of the figures: docs/metrics.md (regulation 2.2, 4.2).
package call

import "time"

// ID names one call; sortable by time of arrival.
type ID string

// Kind is what a fact tells.
type Kind string

// The kinds of facts. Which fields a kind fills stands beside it; all others are empty.
const (
	Arrived     Kind = "arrived"      // From, To, Name=via ("sip", "web"), Test; the INVITE is here
	Refused     Kind = "refused"      // Cause=status ("404", "488", "403"); no 200 was sent
	Overloaded  Kind = "overloaded"   // Cause="503"; "prompt": said after our 200
	Cancelled   Kind = "cancelled"    // the caller left before our 200
	Answered    Kind = "answered"     // our 200 OK; Value="open" or the closed reason
	Entered     Kind = "entered"      // Name=menu node, Value=its label
	Heard       Kind = "heard"        // Name=prompt or block ("service:ID/summary"), Share=0..1 of it that was played
	Pressed     Kind = "pressed"      // Value=key, Name=menu node
	Mistook     Kind = "mistook"      // Value="silence" or the wrong key, Name=menu node
	Asked       Kind = "asked"        // a person was asked for; Value="key", "errors", "silence", "menu"; Name=topic
	Closed      Kind = "closed"       // a person was asked for outside hours; Value=reason
	Queued      Kind = "queued"       // Name=topic, Count=position
	Announced   Kind = "announced"    // Count=position, Seconds=estimate said (0: none)
	Offered     Kind = "offered"      // Agent, Name=device ("browser", "phone", "both"), Value="" (queue), "consult", "transfer", "return", "park"
	Missed      Kind = "missed"       // Agent, Cause ("no_answer", "refused", "offline")
	Connected   Kind = "connected"    // Agent, Seconds=waited in the queue
	Held        Kind = "held"         // Agent
	Resumed     Kind = "resumed"      // Agent
	AgentLost   Kind = "agent_lost"   // Agent's browser or phone vanished; the citizen hears music
	AgentBack   Kind = "agent_back"   // Agent re-attached
	Requeued    Kind = "requeued"     // back to the head of the queue, waiting time kept
	TalkEnded   Kind = "talk_ended"   // Agent, Cause ("caller", "agent", "lost", "transferred", "parked")
	Moved       Kind = "moved"        // Agent goes on at another telephone, Name=device
	LeftQueue   Kind = "left_queue"   // Value="message", "timeout", "full", "no_operators", "menu"
	Recording   Kind = "recording"    // Name=box; the tone before a message has sounded
	MessageLeft Kind = "message_left" // Name=box, Value=card number, Seconds=length
	StatusAsked Kind = "status_asked" // Value="found" or "no_match"
	Scored      Kind = "scored"       // Value=1..4
	Solved      Kind = "solved"       // Value="yes", "partly", "no"
	WrappedUp   Kind = "wrapped_up"   // Agent, Seconds; may follow HungUp
	Fault       Kind = "fault"        // Cause: something of ours failed; the call went on
	Sounded     Kind = "sounded"      // how a leg sounded: Agent (none: the citizen), Value=Good, Fair or Poor, Share of sound lost, Seconds of round trip
	HungUp      Kind = "hung_up"      // Name="caller", "us" or "silence"; Cause
	Restarted   Kind = "restarted"    // the program came up again and found this call without a record
)

// The kinds of facts about a second party. Where Name and Value stand, Name is what it is ("agent", "queue", "department") and Value
// which one (a login, a topic, a name).
const (
	ConsultBegun    Kind = "consult_begun"    // Agent, Name, Value: rung; the citizen hears music
	ConsultAnswered Kind = "consult_answered" // Agent, Name, Value: the two confer
	ConsultEnded    Kind = "consult_ended"    // Agent, Name, Value, Cause ("returned", "left", "refused", "no_answer", "offline", "lost"): the citizen is back with Agent
	Conference      Kind = "conference"       // Agent, Name, Value: all three talk
	Transferred     Kind = "transferred"      // Agent, Name, Value, Cause ("blind", "attended"): Agent has left the call to them
	TransferFailed  Kind = "transfer_failed"  // Agent, Name, Value, Cause: back to Agent, or to the head of the queue
	Parked          Kind = "parked"           // Agent, Count=slot; the citizen hears music
	Unparked        Kind = "unparked"         // Agent who takes it, Count=slot, Cause ("taken", "timeout")
	Outside         Kind = "outside"          // Value=department, which has answered and talks with the citizen; no agent is there
	OutsideEnded    Kind = "outside_ended"    // Value, Cause ("caller", "department", "lost")
)

// The kinds of facts about recordings of talks and about a head who listens. Name of a recording is its ID (journal.Recording).
const (
	RecordingStarted Kind = "recording_started" // Agent, Name
	RecordingPaused  Kind = "recording_paused"  // Agent who paused it, Name
	RecordingResumed Kind = "recording_resumed" // Agent, Name
	RecordingStopped Kind = "recording_stopped" // Name, Seconds=length, Cause ("", "failed", "restart")
	RecordingRefused Kind = "recording_refused" // Value="notice" or "queue": where the citizen pressed 8; no talk of the call is recorded
	RecordingDeleted Kind = "recording_deleted" // Name, Agent=login or "system", Value=Retention or the reason; may come long after the end
	Supervised       Kind = "supervised"        // Agent=whose talk, Name="listen", "whisper" or "barge", Value=login of the head
	SupervisionEnded Kind = "supervision_ended" // Agent, Value=login of the head, Seconds=how long in all
)

// Retention is the Value of a RecordingDeleted whose time was over.
const Retention = "retention"

// The Values of a Sounded.
const (
	Good = "good"
	Fair = "fair"
	Poor = "poor"
)

// Fact is one thing that happened to a call. Facts are appended and never edited.
type Fact struct {
	Call    ID        `json:"call"`
	Seq     int       `json:"seq"` // 1, 2, 3 … within the call
	At      time.Time `json:"at"`  // UTC
	Kind    Kind      `json:"kind"`
	From    Number    `json:"from,omitempty"`
	To      Number    `json:"to,omitempty"`
	Agent   string    `json:"agent,omitempty"` // login
	Name    string    `json:"name,omitempty"`
	Value   string    `json:"value,omitempty"`
	Cause   string    `json:"cause,omitempty"`
	Share   float64   `json:"share,omitempty"`
	Count   int       `json:"count,omitempty"`
	Seconds float64   `json:"seconds,omitempty"`
	Test    bool      `json:"test,omitempty"`
}

// Outcome is how a call ended: the closed list, exactly one each (docs/metrics.md).
type Outcome string

// The outcomes, in the order of precedence: the first that applies.
const (
	OutTest              Outcome = "test"
	OutTransferredOut    Outcome = "transferred_out" // the last person to talk was outside: a department
	OutServed            Outcome = "served"
	OutCallbackTaken     Outcome = "callback_taken"
	OutMessageLeft       Outcome = "message_left"
	OutInformed          Outcome = "informed"
	OutAbandonedQueue    Outcome = "abandoned_queue"
	OutAbandonedMenu     Outcome = "abandoned_menu"
	OutAbandonedGreeting Outcome = "abandoned_greeting"
	OutClosedNoMessage   Outcome = "closed_no_message"
	OutCancelled         Outcome = "cancelled"
	OutRefused           Outcome = "refused"
	OutOverload          Outcome = "overload"
	OutDropped           Outcome = "dropped"
)

// Record is the closed summary of one call, computed once from its facts. Zero times and durations mean "did not happen".
type Record struct {
	Call         ID            `json:"call"`
	Arrived      time.Time     `json:"arrived"`
	Answered     time.Time     `json:"answered,omitzero"` // our 200
	Ended        time.Time     `json:"ended"`
	From         Number        `json:"from"`
	To           Number        `json:"to"`
	Via          string        `json:"via"` // "sip" or "web"
	Outcome      Outcome       `json:"outcome"`
	Cause        string        `json:"cause,omitempty"`
	Path         []string      `json:"path"`     // labels of the menu nodes entered, in order
	Services     []string      `json:"services"` // ids of service cards of which a block was heard >= 50 %
	Informed     bool          `json:"informed"` // heard a service block, hours or a status, whatever the outcome
	Asked        bool          `json:"asked"`    // a person was asked for
	Topic        string        `json:"topic,omitempty"`
	Queued       bool          `json:"queued"` // entered the queue ("offered" in metrics)
	LeftFor      string        `json:"left_for,omitempty"`
	Agent        string        `json:"agent,omitempty"` // who talked last
	Wait         time.Duration `json:"wait"`            // in the queue, all stays together
	TimeToPerson time.Duration `json:"time_to_person"`  // our 200 to the agent's voice
	Talk         time.Duration `json:"talk"`            // with all agents together, hold excluded; not with a department
	Hold         time.Duration `json:"hold"`            // music between people: held, consulting, transferred, parked
	WrapUp       time.Duration `json:"wrap_up"`
	Score        int           `json:"score,omitempty"` // 1..4
	Solved       string        `json:"solved,omitempty"`
	Card         string        `json:"card,omitempty"` // number of the card made from a message
	Test         bool          `json:"test"`
}
