package switchboard

import (
	"context"
	"slices"
	"time"

	"dovidka/internal/ivr"
	"dovidka/internal/queue"
)

// Colleague is another operator as somebody sees them who wants to transfer a call.
type Colleague struct {
	Login    string `json:"login"`
	Name     string `json:"name"`
	Status   string `json:"status" enum:"ready,break,offline"`
	Activity string `json:"activity" enum:"idle,offered,talking,wrapup"`
	Reason   string `json:"reason"`
	Free     bool   `json:"free"` // can be rung now
}

// team lists the others who are at work, the free ones first.
func (s *Switchboard) team(login string, snap queue.Snapshot) []Colleague {
	out := []Colleague{}
	for _, a := range snap.Agents {
		if a.Login == login || a.Status == queue.Offline {
			continue
		}
		p := s.person(a.Login)
		free := a.Status == queue.Ready && a.Activity == queue.Idle && a.Alive
		out = append(out, Colleague{a.Login, p.name, string(a.Status), string(a.Activity), a.Reason, free})
	}
	slices.SortStableFunc(out, func(a, b Colleague) int {
		switch {
		case a.Free == b.Free:
			return 0
		case a.Free:
			return -1
		}
		return 1
	})
	return out
}

// Topics are the topics of the queue, in the menu's order: the general one first.
func (s *Switchboard) Topics() []string {
	out := []string{ivr.TopicGeneral}
	m := s.o.Menus.Current()
	if m == nil {
		return out
	}
	var more []string
	for _, n := range m.Nodes {
		if n.Topic != "" && n.Topic != ivr.TopicGeneral && !slices.Contains(more, n.Topic) {
			more = append(more, n.Topic)
		}
	}
	slices.Sort(more)
	return append(out, more...)
}

// Departments are the numbers outside to which a call may be transferred.
func (s *Switchboard) Departments() ([]Department, error) {
	if s.o.Departments == nil {
		return nil, nil
	}
	ctx, stop := context.WithTimeout(context.Background(), 2*time.Second)
	defer stop()
	return s.o.Departments(ctx)
}
