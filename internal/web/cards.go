package web

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"dovidka/internal/casework"
)

type saveInput struct {
	Number string `path:"number" maxLength:"32"`
	Body   CardEdit
}

type searchInput struct {
	Q string `query:"q" maxLength:"200" doc:"Слова назви або запиту громадянина; порожньо — усі"`
}

type idInput struct {
	ID string `path:"id" maxLength:"100"`
}

func (s *Server) cardOps() {
	handle(s, huma.Operation{OperationID: "unfinishedCards", Method: "GET", Path: "/api/cards", Summary: "Мої незавершені картки"}, s.unfinished)
	handle(s, huma.Operation{OperationID: "card", Method: "GET", Path: "/api/cards/{number}", Summary: "Картка дзвінка"}, s.card)
	handle(s, huma.Operation{OperationID: "saveCard", Method: "PUT", Path: "/api/cards/{number}", Summary: "Зберегти картку"}, s.saveCard)
	handle(s, huma.Operation{OperationID: "services", Method: "GET", Path: "/api/services", Summary: "Пошук послуг"}, s.services)
	handle(s, huma.Operation{OperationID: "service", Method: "GET", Path: "/api/services/{id}", Summary: "Одна послуга"}, s.service)
}

func (s *Server) card(ctx context.Context, in *numberInput) (*body[Card], error) {
	c, err := s.o.Casework.Card(ctx, in.Number)
	if err != nil {
		return nil, err
	}
	return s.shownCard(ctx, c, "view")
}

// unfinishedFor is how long a card without an answer stands on the desk's list; older ones are found in the journal.
const unfinishedFor = 31 * 24 * time.Hour

// unfinished lists the agent's own cards that still lack essence, answer or result.
func (s *Server) unfinished(ctx context.Context, _ *struct{}) (*body[[]OpenCard], error) {
	cards, err := s.o.Casework.Unfinished(ctx, login(ctx), s.o.Now().Add(-unfinishedFor))
	if err != nil {
		return nil, err
	}
	sh, err := s.shower(ctx)
	if err != nil {
		return nil, err
	}
	out := []OpenCard{}
	for _, c := range cards {
		_, display := sh.number(c.From, true)
		out = append(out, OpenCard{Number: c.Number, Call: string(c.Call), Created: c.Created, FromDisplay: display, Essence: c.Essence})
	}
	return &body[[]OpenCard]{out}, nil
}

func (s *Server) saveCard(ctx context.Context, in *saveInput) (*body[Card], error) {
	c, err := s.o.Casework.SaveCard(ctx, in.Number, casework.Edit(in.Body), login(ctx), s.o.Now())
	if err != nil {
		return nil, err
	}
	return s.shownCard(ctx, c, "change")
}

func (s *Server) shownCard(ctx context.Context, c casework.Card, act string) (*body[Card], error) {
	if err := s.note(ctx, act, "card", c.Number); err != nil {
		return nil, err
	}
	sh, err := s.shower(ctx)
	if err != nil {
		return nil, err
	}
	return &body[Card]{sh.card(c)}, nil
}

func (s *Server) services(ctx context.Context, in *searchInput) (*body[[]Service], error) {
	list, err := s.o.Catalogue.Services(ctx, in.Q)
	if list == nil {
		list = []Service{}
	}
	for i := range list {
		list[i] = whole(list[i])
	}
	return &body[[]Service]{list}, err
}

func (s *Server) service(ctx context.Context, in *idInput) (*body[Service], error) {
	v, err := s.o.Catalogue.Service(ctx, in.ID)
	return &body[Service]{whole(v)}, err
}

// whole leaves no list null.
func whole(v Service) Service {
	v.Documents, v.RefusalGrounds, v.LegalBasis = list(v.Documents), list(v.RefusalGrounds), list(v.LegalBasis)
	return v
}

// list is v, never null in JSON.
func list[T any](v []T) []T {
	if v == nil {
		return []T{}
	}
	return v
}
