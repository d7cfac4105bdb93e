package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/casework"
	"dovidka/internal/fault"
	"dovidka/internal/ivr"
	"dovidka/internal/sipua"
	"dovidka/internal/spoken"
	"dovidka/internal/staff"
	"dovidka/internal/switchboard"
)

// phones joins the two kinds of agents' telephones to the switchboard.
type phones struct{ r *rooms }

// Dial rings one device until it answers.
func (p phones) Dial(ctx context.Context, login, device string, ring switchboard.Ring) (switchboard.Leg, error) {
	if device == switchboard.DevicePhone {
		leg, err := p.r.sip.Dial(ctx, sipua.Target{AOR: login}, sipua.DialOptions{From: ring.From, FromName: p.r.conf.Centre.ShortName, Elsewhere: switchboard.ErrElsewhere})
		var no *sipua.RefusedError
		if errors.As(err, &no) && slices.Contains([]int{486, 600, 603}, no.Status) {
			return nil, fmt.Errorf("%w: %w", switchboard.ErrRefused, err)
		}
		if err != nil {
			return nil, err // not leg: a nil *Leg in an interface is not nil
		}
		return leg, nil
	}
	leg, err := p.r.hub.Dial(ctx, login, ring.Accepted)
	if err != nil {
		return nil, err
	}
	return leg, nil
}

// Alive tells whether the device could be rung now.
func (p phones) Alive(login, device string) bool {
	if device == switchboard.DevicePhone {
		return p.r.sip.Registered(login)
	}
	return p.r.hub.Alive(login)
}

// departments are the numbers that the head has allowed to be dialled: a call may be transferred to each.
func (r *rooms) departments(ctx context.Context) ([]switchboard.Department, error) {
	all, err := r.trunks.Destinations(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]switchboard.Department, len(all))
	for i, d := range all {
		out[i] = switchboard.Department{ID: string(d.Number), Name: d.Title, Number: d.Number}
	}
	return out, nil
}

// requests tells the state of a request by voice: the same answer for "not found" and "no match" (regulation 5.7).
type requests struct{ c *casework.Casework }

// Lookup finds a request and gives the lines to say.
func (q requests) Lookup(ctx context.Context, m *ivr.Menu, number, last4 string) (bool, []ivr.Line, error) {
	now := time.Now()
	s, err := q.c.Status(ctx, number, last4, now)
	if fault.Is(err, fault.NotFound) {
		l, err := m.Line("ticket.not_found", nil)
		return false, []ivr.Line{l}, err
	}
	if err != nil {
		return false, nil, err
	}
	l, err := m.Line(statusPrompt(s, m))
	return true, []ivr.Line{l}, err
}

func statusPrompt(s casework.Status, m *ivr.Menu) (id string, vars map[string]any) {
	day := func(t time.Time) spoken.Value { return spoken.Date(t.In(m.Hours.Location())) }
	switch s.State {
	case "done":
		return "ticket.status_done", map[string]any{"date_genitive": day(s.DoneAt)}
	case "taken":
		return "ticket.status_in_work", map[string]any{"department": spoken.Text(m.Consts["org_name_short"]), "date_genitive": day(s.Due)}
	}
	return "ticket.status_new", map[string]any{"date_genitive": day(s.Created)}
}

// noRecords stands in for the records in emergency mode: nothing is read, nothing is lost silently.
type noRecords struct{}

var errEmergency = fault.New(fault.Busy, "Аварійний режим: база недоступна.")

func (noRecords) NewCard(context.Context, casework.NewCard) (casework.Card, error) {
	return casework.Card{}, errEmergency
}

func (noRecords) SaveMessage(context.Context, casework.NewMessage) (casework.Message, error) {
	return casework.Message{}, errEmergency
}

func (noRecords) Counts(context.Context, time.Time) (int, int, error) { return 0, 0, nil } // asked every few seconds

func (noRecords) Save(context.Context, call.ID, int, string, time.Time) error { return errEmergency }

func (noRecords) Agent(context.Context, string) (staff.Agent, error) {
	return staff.Agent{}, errEmergency
}
