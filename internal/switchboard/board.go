package switchboard

import (
	"slices"
	"strings"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/queue"
)

// BoardView is the line as a head sees it now. Numbers are masked: to see one in full the head opens the call, which is noted.
type BoardView struct {
	Talks   []BoardTalk    `json:"talks"`
	Waiting []BoardWaiting `json:"waiting"`
	Mine    *BoardMine     `json:"mine"` // what this head listens to; null: nothing
	Now     time.Time      `json:"now"`
}

// BoardTalk is one talk that goes on.
type BoardTalk struct {
	Call         call.ID   `json:"call"`
	Agent        string    `json:"agent"`
	AgentName    string    `json:"agent_name"`
	NumberMasked string    `json:"number_masked"`
	Topic        string    `json:"topic"`
	Service      string    `json:"service"`
	Since        time.Time `json:"since"`
	Held         bool      `json:"held"`
	Lost         bool      `json:"lost"`
	Stage        string    `json:"stage" enum:"talking,calling,consulting,conference"`
	Recording    string    `json:"recording" enum:",on,paused,refused,failed"`
	Supervised   string    `json:"supervised" enum:",listen,whisper,barge"`
	By           string    `json:"by"` // the head who listens, by name
}

// BoardWaiting is one caller in the queue.
type BoardWaiting struct {
	Call         call.ID `json:"call"`
	NumberMasked string  `json:"number_masked"`
	Topic        string  `json:"topic"`
	Service      string  `json:"service"`
	WaitedS      int     `json:"waited_s"`
	OfferedTo    string  `json:"offered_to"` // name of the agent who is rung
}

// BoardMine is what a head listens to.
type BoardMine struct {
	Call   call.ID   `json:"call"`
	Mode   string    `json:"mode" enum:"listen,whisper,barge"`
	Device string    `json:"device" enum:"browser,phone"`
	Hears  bool      `json:"hears"` // false: the telephone still rings
	Since  time.Time `json:"since,omitzero"`
}

// Board gives the talks, the longest first, and the queue in its order.
func (s *Switchboard) Board(head string) BoardView {
	now := time.Now()
	v := BoardView{Talks: []BoardTalk{}, Waiting: []BoardWaiting{}, Now: now.UTC()}
	s.mu.Lock()
	talks := make(map[string]*talk, len(s.talks))
	for login, t := range s.talks {
		talks[login] = t
	}
	mine := s.supers[head]
	s.mu.Unlock()
	for login, t := range talks {
		if b, guest := s.boardTalk(login, t); !guest {
			v.Talks = append(v.Talks, b)
		}
	}
	slices.SortFunc(v.Talks, func(a, b BoardTalk) int {
		if n := a.Since.Compare(b.Since); n != 0 {
			return n
		}
		return strings.Compare(a.Agent, b.Agent)
	})
	for _, w := range s.desk.Snapshot().Waiting {
		v.Waiting = append(v.Waiting, s.boardWaiting(w, now))
	}
	if mine != nil {
		v.Mine = mine.view()
	}
	return v
}

// boardTalk is a talk as its agent's; guest: this agent is in a colleague's.
func (s *Switchboard) boardTalk(login string, t *talk) (b BoardTalk, guest bool) {
	w := t.view(login)
	i := t.c.about()
	b = BoardTalk{
		Call: t.c.id, Agent: login, AgentName: s.person(login).name, NumberMasked: i.from.Mask(), Topic: i.topic, Service: w.Service,
		Since: w.Since, Held: w.Held, Lost: w.Lost, Stage: w.Stage, Recording: w.Recording,
	}
	if u := t.c.supervision(); u != nil {
		b.Supervised, b.By = u.view().Mode, s.person(u.by).name
	}
	return b, w.Guest
}

func (s *Switchboard) boardWaiting(w queue.Waiting, now time.Time) BoardWaiting {
	b := BoardWaiting{Call: w.Call, Topic: w.Topic, WaitedS: int(w.Waited(now).Seconds())}
	if w.Agent != "" {
		b.OfferedTo = s.person(w.Agent).name
	}
	s.mu.Lock()
	c := s.calls[w.Call]
	s.mu.Unlock()
	if c != nil {
		b.NumberMasked, b.Service = c.about().from.Mask(), c.serviceName(w.Service)
	}
	return b
}

func (u *supervision) view() *BoardMine {
	u.mu.Lock()
	defer u.mu.Unlock()
	return &BoardMine{Call: u.c.id, Mode: u.mode, Device: u.device, Hears: u.leg != nil, Since: u.since.UTC()}
}

// shownSupervision is what the agents' screens say of a head who takes part. Whom one hears one is told of always.
func (c *conductor) shownSupervision() string {
	u := c.supervision()
	if u == nil {
		return ""
	}
	v := u.view()
	if !v.Hears || v.Mode == Listen && c.s.o.SupervisorHidden {
		return ""
	}
	return v.Mode
}
