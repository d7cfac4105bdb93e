package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"dovidka/internal/audit"
	"dovidka/internal/fault"
	"dovidka/internal/outgoing"
	"dovidka/internal/switchboard"
	"dovidka/internal/trunk"
)

var errNoLine = fault.New(fault.Busy, "Немає лінії, через яку можна зателефонувати: жодна не на зв’язку або всі канали зайнято.")

// DialOut judges the wish, writes it down, and calls through a trunk that is up and has a free channel.
func (p phones) DialOut(ctx context.Context, o switchboard.Outgoing) (switchboard.Leg, error) {
	r := p.r
	if r.trunks == nil {
		return nil, errEmergency
	}
	ask := outgoing.Ask{To: o.To, Reason: o.Reason, Author: o.Author, Call: o.Call, Tied: r.tied(ctx, o)}
	l := r.conf.Limits
	id, v, err := r.trunks.Judge(ctx, ask, trunk.Limits{Account: l.OutPerAgent, Number: l.OutPerNumber, House: l.OutPerHour})
	if err != nil {
		return nil, err
	}
	if v.Refused != "" {
		r.refusedOut(ctx, o, v)
		return nil, fault.New(fault.Denied, v.Say)
	}
	leg, name, err := p.through(ctx, o.To)
	result := "answered"
	if err != nil {
		result = outResult(err)
	}
	if err := r.trunks.Done(context.WithoutCancel(ctx), id, name, result); err != nil {
		r.log.Error("the end of an outgoing call was not written", "err", err)
	}
	if err != nil {
		return nil, err
	}
	return leg, nil
}

// tied tells whether the number is that of the very call that the wish names.
func (r *rooms) tied(ctx context.Context, o switchboard.Outgoing) bool {
	if o.Call == "" {
		return false
	}
	s, err := r.journal.Story(ctx, o.Call)
	return err == nil && s.Record.From != "" && s.Record.From == o.To
}

// refusedOut tells the log, and, when it smells, the audit: the strip across the desks is made of the same line.
func (r *rooms) refusedOut(ctx context.Context, o switchboard.Outgoing, v outgoing.Verdict) {
	r.log.Warn("outgoing call refused", "agent", o.Author, "cause", v.Refused, "number", o.To)
	if !v.Alarm {
		return
	}
	err := r.audit.Note(context.WithoutCancel(ctx), audit.Entry{By: who(o.Author), Act: "dial_refused", What: "number", Of: o.To.Mask(), Note: v.Refused})
	if err != nil {
		r.log.Error("audit of a refused outgoing call", "err", err)
	}
}

func who(login string) string {
	if login == "" {
		return "system"
	}
	return login
}

// outAlarm is the strip for an hour after an account met a limit or dialled abroad.
func (r *rooms) outAlarm(ctx context.Context) string {
	if r.trunks == nil {
		return ""
	}
	list, err := r.trunks.Outgoing(ctx, time.Now().Add(-time.Hour), 500)
	if err != nil {
		return ""
	}
	for _, o := range list {
		if o.Alarm {
			return fmt.Sprintf("обліковий запис «%s» о %s пробував телефонувати туди, куди не можна, або вичерпав межу.", o.By, o.At.In(r.hours.Location()).Format("15:04"))
		}
	}
	return ""
}

// outResult is the word for the record.
func outResult(err error) string {
	switch {
	case errors.Is(err, switchboard.ErrRefused):
		return "busy"
	case errors.Is(err, context.Canceled):
		return "cancelled"
	case errors.Is(err, errNoLine):
		return "no_line"
	}
	return "failed"
}
