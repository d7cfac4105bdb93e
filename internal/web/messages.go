package web

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"dovidka/internal/casework"
)

type messagesInput struct {
	Box   string `query:"box" enum:"messages,proposals," doc:"порожньо — усі"`
	State string `query:"state" enum:"open,done,all" default:"open"`
}

type numberInput struct {
	Number string `path:"number" maxLength:"32"`
}

type doneInput struct {
	Number string `path:"number" maxLength:"32"`
	Body   struct {
		Note string `json:"note" maxLength:"2000" doc:"Що зроблено"`
	}
}

func (s *Server) messageOps() {
	handle(s, huma.Operation{OperationID: "messages", Method: "GET", Path: "/api/messages", Summary: "Повідомлення громадян"}, s.messages)
	handle(s, huma.Operation{OperationID: "takeMessage", Method: "POST", Path: "/api/messages/{number}/take", Summary: "Взяти в роботу"}, s.takeMessage)
	handle(s, huma.Operation{OperationID: "doneMessage", Method: "POST", Path: "/api/messages/{number}/done", Summary: "Виконано"}, s.doneMessage)
	handle(s, huma.Operation{OperationID: "messageSound", Method: "GET", Path: "/api/messages/{number}/sound", Summary: "Звук повідомлення",
		Responses: binary("audio/wav")}, s.messageSound)
}

func (s *Server) messages(ctx context.Context, in *messagesInput) (*body[MessageList], error) {
	list, err := s.o.Casework.Messages(ctx, in.Box, in.State)
	if err != nil {
		return nil, err
	}
	open, overdue, err := s.o.Casework.Counts(ctx, s.o.Now())
	if err != nil {
		return nil, err
	}
	sh, err := s.shower(ctx)
	if err != nil {
		return nil, err
	}
	return &body[MessageList]{MessageList{Messages: sh.messages(list), Open: open, Overdue: overdue}}, nil
}

func (s *Server) takeMessage(ctx context.Context, in *numberInput) (*body[Message], error) {
	m, err := s.o.Casework.Take(ctx, in.Number, login(ctx), s.o.Now())
	if err != nil {
		return nil, err
	}
	return s.shownMessage(ctx, m, "take")
}

func (s *Server) doneMessage(ctx context.Context, in *doneInput) (*body[Message], error) {
	m, err := s.o.Casework.Done(ctx, in.Number, login(ctx), in.Body.Note, s.o.Now())
	if err != nil {
		return nil, err
	}
	return s.shownMessage(ctx, m, "done")
}

// shownMessage answers a change of a message, notes it and lets the desks count anew.
func (s *Server) shownMessage(ctx context.Context, m casework.Message, act string) (*body[Message], error) {
	s.o.Desk.MessagesChanged(ctx)
	if err := s.note(ctx, act, "message", m.Number); err != nil {
		return nil, err
	}
	sh, err := s.shower(ctx)
	if err != nil {
		return nil, err
	}
	return &body[Message]{sh.message(m)}, nil
}

// messageSound serves the message as a WAV that every browser plays, with ranges (Safari asks for them).
func (s *Server) messageSound(ctx context.Context, in *numberInput) (*huma.StreamResponse, error) {
	m, err := s.o.Casework.Message(ctx, in.Number)
	if err != nil {
		return nil, err
	}
	if err := s.note(ctx, "listen", "message", in.Number); err != nil {
		return nil, err
	}
	sound, err := s.sound(m.Sound)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		r, w := humago.Unwrap(hc)
		w.Header().Set("Content-Type", "audio/wav")
		w.Header().Set("Content-Disposition", `inline; filename="message.wav"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(sound))
	}}, nil
}
