package web

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"dovidka/internal/journal"
	"dovidka/internal/switchboard"
)

type statusInput struct {
	Body struct {
		Status string `json:"status" enum:"ready,break,offline"`
		Reason string `json:"reason,omitempty" maxLength:"100"`
	}
}

type deviceInput struct {
	Body struct {
		Device string `json:"device" enum:"browser,phone,both"`
	}
}

type onInput struct {
	Body struct {
		On bool `json:"on"`
	}
}

type digitsInput struct {
	Body struct {
		Keys string `json:"keys" minLength:"1" maxLength:"32" pattern:"^[0-9*#]+$"`
	}
}

func (s *Server) deskOps() {
	desk := func(id, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: "POST", Path: "/api/desk/" + path, Summary: summary}
	}
	handle(s, huma.Operation{OperationID: "desk", Method: "GET", Path: "/api/desk", Summary: "Стан робочого місця (те саме, що /api/live)"},
		func(ctx context.Context, _ *struct{}) (*body[AgentView], error) { return s.after(ctx, nil) })
	handle(s, huma.Operation{OperationID: "deskToday", Method: "GET", Path: "/api/desk/today", Summary: "Мої дзвінки за сьогодні"}, s.deskToday)
	handle(s, desk("deskStatus", "status", "На лінії, перерва, не працюю"), func(ctx context.Context, in *statusInput) (*body[AgentView], error) {
		if head(ctx) && in.Body.Status != "offline" {
			return nil, errOnlyOperator // the head's page has no telephone: citizens would ring nobody
		}
		return s.after(ctx, s.o.Desk.SetStatus(ctx, login(ctx), in.Body.Status, in.Body.Reason))
	})
	handle(s, desk("deskDevice", "device", "Браузер чи телефон"), func(ctx context.Context, in *deviceInput) (*body[AgentView], error) {
		return s.after(ctx, s.o.Desk.SetDevice(ctx, login(ctx), in.Body.Device))
	})
	handle(s, desk("deskHold", "hold", "Утримати або повернути"), func(ctx context.Context, in *onInput) (*body[AgentView], error) {
		return s.after(ctx, s.o.Desk.Hold(login(ctx), in.Body.On))
	})
	handle(s, desk("deskMute", "mute", "Вимкнути або увімкнути мікрофон"), func(ctx context.Context, in *onInput) (*body[AgentView], error) {
		return s.after(ctx, s.o.Desk.Mute(login(ctx), in.Body.On))
	})
	handle(s, desk("deskDigits", "digits", "Надіслати тонові сигнали"), func(ctx context.Context, in *digitsInput) (*body[AgentView], error) {
		return s.after(ctx, s.o.Desk.Digits(login(ctx), in.Body.Keys))
	})
	s.plainDeskOps(desk)
	s.transferOps(desk)
}

// plainDeskOps are the acts that carry nothing but who asks.
func (s *Server) plainDeskOps(desk func(id, path, summary string) huma.Operation) {
	handle(s, desk("deskAnswer", "answer", "Прийняти дзвінок"), func(ctx context.Context, _ *struct{}) (*body[AgentView], error) {
		return s.after(ctx, s.o.Desk.Answer(login(ctx)))
	})
	handle(s, desk("deskRefuse", "refuse", "Відхилити дзвінок"), func(ctx context.Context, _ *struct{}) (*body[AgentView], error) {
		return s.after(ctx, s.o.Desk.Refuse(login(ctx)))
	})
	handle(s, desk("deskHangup", "hangup", "Завершити розмову"), func(ctx context.Context, _ *struct{}) (*body[AgentView], error) {
		return s.after(ctx, s.o.Desk.Hangup(login(ctx)))
	})
	handle(s, desk("deskWrapUpDone", "wrapup-done", "Завершити оформлення"), func(ctx context.Context, _ *struct{}) (*body[AgentView], error) {
		return s.after(ctx, s.o.Desk.WrapUpDone(login(ctx)))
	})
}

// after answers an act with the desk as it is now, so that the page need not wait for the push.
func (s *Server) after(ctx context.Context, err error) (*body[AgentView], error) {
	if err != nil {
		return nil, err
	}
	return &body[AgentView]{s.view(login(ctx))}, nil
}

// view is the desk's state with no list null.
func (s *Server) view(login string) AgentView {
	v := s.o.Desk.View(login)
	if v.Me.Devices == nil {
		v.Me.Devices = []string{}
	}
	if v.Strips == nil {
		v.Strips = []switchboard.Strip{}
	}
	if v.Parked == nil {
		v.Parked = []switchboard.ParkedView{}
	}
	if v.Team == nil {
		v.Team = []switchboard.Colleague{}
	}
	if v.Offer != nil && v.Offer.Path == nil {
		o := *v.Offer
		o.Path = []string{}
		v.Offer = &o
	}
	if v.Talk != nil && v.Talk.Path == nil {
		t := *v.Talk
		t.Path = []string{}
		v.Talk = &t
	}
	return v
}

func (s *Server) deskToday(ctx context.Context, _ *struct{}) (*body[Calls], error) {
	day := s.o.Now().In(s.o.Location).Format("2006-01-02")
	out, err := s.list(ctx, journal.Filter{Day: day, Agent: login(ctx), Limit: 200})
	return &body[Calls]{out}, err
}
