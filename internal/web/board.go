package web

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"dovidka/internal/audit"
	"dovidka/internal/call"
	"dovidka/internal/switchboard"
)

type superviseInput struct {
	Body struct {
		Call   string `json:"call" maxLength:"64"`
		Mode   string `json:"mode" enum:"listen,whisper,barge" doc:"слухати; підказувати операторові; розмовляти з обома"`
		Device string `json:"device" enum:"browser,phone" doc:"чим керівник слухає"`
	}
}

// boardOps are the head's: what goes on now, and taking part in a talk.
func (s *Server) boardOps() {
	handle(s, huma.Operation{OperationID: "board", Method: "GET", Path: "/api/board", Summary: "Зараз: розмови, черга, оператори (керівник)"}, s.board)
	handle(s, huma.Operation{OperationID: "supervise", Method: "POST", Path: "/api/board/supervise", Summary: "Слухати, підказати, втрутитися (керівник)"}, s.supervise)
	handle(s, huma.Operation{OperationID: "unsupervise", Method: "POST", Path: "/api/board/leave", Summary: "Більше не слухати (керівник)"},
		func(ctx context.Context, _ *struct{}) (*body[Board], error) {
			if !head(ctx) {
				return nil, errOnlyHead
			}
			s.o.Desk.Unsupervise(login(ctx))
			return s.board(ctx, nil)
		})
}

func (s *Server) board(ctx context.Context, _ *struct{}) (*body[Board], error) {
	if !head(ctx) {
		return nil, errOnlyHead
	}
	in, err := s.o.Centre.Inside(ctx)
	if err != nil {
		return nil, err
	}
	v := s.o.Desk.Board(login(ctx))
	return &body[Board]{Board{Talks: list(v.Talks), Waiting: list(v.Waiting), Mine: v.Mine, Agents: list(in.Agents), Now: v.Now}}, nil
}

// supervise notes who, whose talk and how before anything is heard: a listening that cannot be noted does not begin. That it was heard
// and for how long the switchboard tells at its end.
func (s *Server) supervise(ctx context.Context, in *superviseInput) (*body[Board], error) {
	if !head(ctx) {
		return nil, errOnlyHead
	}
	id := call.ID(in.Body.Call)
	err := s.o.Audit.Note(ctx, audit.Entry{At: s.o.Now(), By: login(ctx), Act: in.Body.Mode, What: "call", Of: in.Body.Call,
		IP: text(ctx, keyIP), Note: agentOf(s.o.Desk.Board(login(ctx)), id)})
	if err != nil {
		return nil, err
	}
	if err := s.o.Desk.Supervise(ctx, login(ctx), id, in.Body.Mode, in.Body.Device); err != nil {
		return nil, err
	}
	return s.board(ctx, nil)
}

// agentOf is whose talk it is.
func agentOf(v switchboard.BoardView, id call.ID) string {
	for _, t := range v.Talks {
		if t.Call == id {
			return t.Agent
		}
	}
	return ""
}
