package switchboard

import (
	"time"

	"dovidka/internal/call"
	"dovidka/internal/fault"
	"dovidka/internal/queue"
)

// What a call can be transferred to (the Name of its facts).
const (
	ToAgent      = "agent"      // an operator, by login
	ToQueue      = "queue"      // the queue, by topic
	ToDepartment = "department" // a number outside, by the id of its department
)

// Target is to whom an agent wants to transfer, or whom to consult.
type Target struct {
	Kind string `json:"kind" enum:"agent,queue,department"`
	ID   string `json:"id"`
}

// Department is a number outside to which calls may be transferred.
type Department struct {
	ID     string
	Name   string
	Number call.Number
}

// party is one with whom the citizen talks: an agent at one telephone, or a department. The conductor's goroutine owns it; what
// views read is changed by talk.set.
type party struct {
	aim
	device   string // which of the agent's telephones
	why      string // Value of the fact connected: "" from the queue, "transfer", "return", "park"
	leg      Leg
	alive    <-chan bool
	phone    bool        // the phone's own hold
	muted    bool        // the desk's button
	lost     bool        // the page is gone and may come back
	patience *time.Timer // how long for, where the queue does not count
}

// aim is a target that exists.
type aim struct {
	kind   string
	id     string // login, topic, id of the department
	name   string // for people
	number call.Number
}

// value is the Value of facts about it.
func (a aim) value() string {
	if a.kind == ToDepartment {
		return a.name
	}
	return a.id
}

func newParty(a aim, r rung) *party {
	p := &party{aim: a, device: r.device, leg: r.leg, alive: r.leg.Alive(), patience: time.NewTimer(time.Hour)}
	p.patience.Stop()
	return p
}

// agent is the login; "" for a department and for nobody.
func (p *party) agent() string {
	if p == nil || p.kind != ToAgent {
		return ""
	}
	return p.id
}

// away tells whether the party cannot hear just now.
func (p *party) away() bool { return p.phone || p.lost }

// hungUp tells a party that left by hanging up from one that died; only after Done.
func (p *party) hungUp() bool { c := p.leg.Cause(); return c == "caller" || c == "us" }

// ears are the channels of a party; of nobody: none ever tells anything.
type ears struct {
	done     <-chan struct{}
	alive    <-chan bool
	hold     <-chan bool
	patience <-chan time.Time
	refer    <-chan call.Refer
}

func (p *party) ears() ears {
	if p == nil {
		return ears{}
	}
	return ears{p.leg.Done(), p.alive, p.leg.Media().HoldChanged(), p.patience.C, refers(p.leg)}
}

// aimAt finds the target; by is who asks.
func (s *Switchboard) aimAt(by string, t Target) (aim, error) {
	switch t.Kind {
	case ToAgent:
		if t.ID == by {
			return aim{}, fault.New(fault.Invalid, "Передати дзвінок самому собі не можна.")
		}
		a := aim{kind: ToAgent, id: t.ID, name: s.person(t.ID).name}
		return a, s.free(a)
	case ToQueue:
		for _, topic := range s.Topics() {
			if topic == t.ID {
				return aim{kind: ToQueue, id: t.ID}, nil
			}
		}
		return aim{}, fault.New(fault.NotFound, "Такої теми черги немає.")
	case ToDepartment:
		all, err := s.Departments()
		if err != nil {
			return aim{}, err
		}
		for _, d := range all {
			if d.ID == t.ID {
				return aim{ToDepartment, d.ID, d.Name, d.Number}, nil
			}
		}
		return aim{}, fault.New(fault.NotFound, "Такого підрозділу немає в переліку.")
	}
	return aim{}, fault.New(fault.Invalid, "Так передати дзвінок не можна.")
}

// free says why an agent cannot be rung for a colleague's call; nil: they can.
func (s *Switchboard) free(a aim) error {
	q := s.desk.Snapshot().Agent(a.id)
	why := ""
	switch {
	case q.Status == queue.Offline:
		why = "не на роботі"
	case q.Activity == queue.Talking, q.Activity == queue.Offered:
		why = "зайнято іншим дзвінком"
	case q.Activity == queue.WrapUp:
		why = "оформлює попередній дзвінок"
	case q.Status == queue.Break:
		why = "на перерві"
	case !q.Alive:
		why = "немає зв'язку з телефоном"
	default:
		return nil
	}
	return fault.New(fault.Conflict, a.name+": "+why+". Виберіть когось іншого.")
}
