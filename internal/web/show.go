package web

import (
	"context"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/casework"
	"dovidka/internal/journal"
	"dovidka/internal/staff"
)

// shower turns the rooms' types into what one person may read. It lives for one request.
type shower struct {
	me      string
	head    bool
	now     time.Time
	names   map[string]string // login -> name
	service func(id string) string
	loc     *time.Location
}

func (s *Server) shower(ctx context.Context) (*shower, error) {
	agents, err := s.o.Staff.Agents(ctx)
	if err != nil {
		return nil, err
	}
	sh := &shower{me: login(ctx), head: head(ctx), now: s.o.Now(), names: map[string]string{}, loc: s.o.Location}
	for _, a := range agents {
		sh.names[a.Login] = a.Name
	}
	sh.service = func(id string) string {
		v, err := s.o.Catalogue.Service(ctx, id)
		if err != nil || v.Name == "" {
			return id // the card is gone; its id still tells which one it was
		}
		return v.Name
	}
	return sh, nil
}

// name is the person behind a login; the login itself when nobody knows it.
func (sh *shower) name(login string) string {
	if n := sh.names[login]; n != "" {
		return n
	}
	return login
}

// number shows a citizen's number in full to the head, to who talked with the citizen, and where a message asks to be called
// back; otherwise masked (minimal data, Law 2297-VI).
func (sh *shower) number(n call.Number, mine bool) (raw, display string) {
	if n.Hidden() {
		return "", "номер приховано"
	}
	if sh.head || mine {
		return string(n), n.Display()
	}
	return "", n.Mask()
}

func (sh *shower) call(r call.Record) Call {
	from, display := sh.number(r.From, r.Agent == sh.me || r.Outcome == call.OutMessageLeft)
	out := Call{
		Call: string(r.Call), Arrived: r.Arrived, Answered: r.Answered, Ended: r.Ended, From: from, FromDisplay: display,
		To: string(r.To), Via: r.Via, Outcome: string(r.Outcome), OutcomeText: outcomeText(r.Outcome), Cause: r.Cause,
		Path: list(r.Path), Services: list(r.Services), ServiceNames: []string{}, Informed: r.Informed, Asked: r.Asked,
		Topic: r.Topic, Queued: r.Queued, Agent: r.Agent, WaitS: seconds(r.Wait), ToPersonS: seconds(r.TimeToPerson),
		TalkS: seconds(r.Talk), HoldS: seconds(r.Hold), WrapUpS: seconds(r.WrapUp), Score: r.Score, Solved: r.Solved,
		Card: r.Card, Test: r.Test,
	}
	if r.Agent != "" {
		out.AgentName = sh.name(r.Agent)
	}
	for _, id := range r.Services {
		out.ServiceNames = append(out.ServiceNames, sh.service(id))
	}
	return out
}

func (sh *shower) card(c casework.Card) Card {
	from, display := sh.number(c.From, true)
	return Card{
		Number: c.Number, Call: string(c.Call), Created: c.Created, Updated: c.Updated, Agent: c.Agent, AgentName: sh.name(c.Agent),
		From: from, FromDisplay: display, Topic: c.Topic, Path: list(c.Path), WaitedS: c.WaitedS,
		CardEdit: CardEdit{c.Essence, c.Answer, list(c.Services), c.Result, c.Kind, c.Version},
	}
}

func (sh *shower) message(m casework.Message) Message {
	from, display := sh.number(m.From, true)
	return Message{
		Number: m.Number, Call: string(m.Call), Box: m.Box, From: from, FromDisplay: display, Created: m.Created,
		Seconds: m.Seconds, Due: m.Due, Overdue: m.DoneAt.IsZero() && sh.now.After(m.Due), State: m.State(),
		TakenBy: m.TakenBy, TakenByName: sh.name(m.TakenBy), TakenAt: m.TakenAt,
		DoneBy: m.DoneBy, DoneByName: sh.name(m.DoneBy), DoneAt: m.DoneAt, Note: m.Note,
	}
}

func (sh *shower) messages(ms []casework.Message) []Message {
	out := []Message{}
	for _, m := range ms {
		out = append(out, sh.message(m))
	}
	return out
}

func who(a staff.Agent) Who { return Who{Login: a.Login, Name: a.Name, Role: a.Role} }

func totals(t journal.Totals) Totals {
	out := Totals{
		Month: t.Month, Calls: t.Calls, Tests: t.Tests, Outcomes: counts(t.Outcomes), SelfService: t.SelfService,
		SelfShare: share(journal.Share{Part: t.SelfService, Whole: t.Calls}), Asked: t.Asked, Offered: t.Offered, Answered: t.Served,
		Abandoned: t.Abandoned, AbandonedShort: t.AbandonedShort, AbandonRate: share(t.AbandonmentRate),
		LeftMessage: t.LeftForMessage, Messages: t.Messages, TargetS: seconds(t.Target), ServiceLevel: share(t.ServiceLevel),
		ServiceLevel20: share(t.ServiceLevel20), OfAnswered: share(t.ServiceLevelNamed.OfAnswered), WaitS: seconds(t.ASA),
		ToPersonS: seconds(t.TimeToPerson), Talk: spread(t.Talk), Hold: spread(t.Hold), WrapUp: spread(t.WrapUp),
		Handling: spread(t.Handling), Satisfaction: satisfaction(t.Satisfaction),
	}
	return out
}

// counts lists every outcome in the order of precedence, those with no call too.
func counts(m map[call.Outcome]int) []Count {
	out := []Count{}
	for _, o := range outcomes() {
		out = append(out, Count{string(o), outcomeText(o), m[o]})
	}
	return out
}

// share is part/whole, nil when there is nothing to divide by.
func share(s journal.Share) *float64 {
	if s.Whole == 0 {
		return nil
	}
	return ptr(float64(s.Part) / float64(s.Whole))
}

func spread(s journal.Spread) Spread {
	return Spread{s.N, seconds(s.Mean), seconds(s.Median), seconds(s.P90)}
}

// satisfaction keeps back everything but the number of answers below five (docs/metrics.md).
func satisfaction(s journal.Satisfaction) Satisfaction {
	out := Satisfaction{Answers: s.N, Published: s.Published, ResponseRate: share(s.ResponseRate)}
	if !s.Published {
		return out
	}
	out.Terrible, out.Acceptable, out.Good, out.Excellent = s.Counts[0], s.Counts[1], s.Counts[2], s.Counts[3]
	out.Rate, out.Low, out.High = share(s.Good), ptr(s.Low), ptr(s.High)
	out.SolvedYes, out.SolvedPartly, out.SolvedNo = s.Solved["yes"], s.Solved["partly"], s.Solved["no"]
	return out
}
