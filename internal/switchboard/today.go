package switchboard

import (
	"time"

	"dovidka/internal/call"
)

// day holds an agent's facts of the present day; what the desk shows is derived from them.
type day struct{ facts []call.Fact }

// today keeps the facts that make an agent's day. Facts of other days are dropped when a new one comes.
func (s *Switchboard) today(f call.Fact, now time.Time) {
	if f.Agent == "" {
		return
	}
	switch f.Kind {
	case call.Missed, call.Connected, call.TalkEnded:
	default:
		return
	}
	if f.At.IsZero() {
		f.At = now
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.days[f.Agent]
	if d == nil {
		d = &day{}
		s.days[f.Agent] = d
	}
	from := midnight(now)
	for len(d.facts) > 0 && d.facts[0].At.Before(from) {
		d.facts = d.facts[1:]
	}
	d.facts = append(d.facts, f)
}

// Seed gives the switchboard the day's facts at start, so that a restart does not empty the desks.
func (s *Switchboard) Seed(facts []call.Fact) {
	for _, f := range facts {
		s.today(f, time.Now())
	}
}

// view derives the figures: missed offers, talks, and the time of finished talks.
func (d *day) view(now time.Time) TodayView {
	var v TodayView
	began := map[call.ID]time.Time{}
	from := midnight(now)
	for _, f := range d.facts {
		if f.At.Before(from) {
			continue
		}
		switch f.Kind {
		case call.Missed:
			v.Missed++
		case call.Connected:
			v.Answered++
			began[f.Call] = f.At
		case call.TalkEnded:
			if t, ok := began[f.Call]; ok {
				v.TalkS += int(f.At.Sub(t).Seconds())
				delete(began, f.Call)
			}
		}
	}
	return v
}

// midnight is the beginning of now's day in Kyiv.
func midnight(now time.Time) time.Time {
	loc, err := time.LoadLocation("Europe/Kyiv")
	if err != nil {
		loc = time.UTC
	}
	y, m, d := now.In(loc).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, loc)
}
