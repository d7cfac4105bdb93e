package web

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

func (s *Server) statusOps() {
	handle(s, huma.Operation{OperationID: "status", Method: "GET", Path: "/api/status", Summary: "Стан лінії; без входу — лише загальнодоступне"}, s.status)
}

func (s *Server) status(ctx context.Context, _ *struct{}) (*body[Status], error) {
	st := s.o.Centre.Status(ctx)
	st.LocalCA, st.Now, st.Inside = s.o.CACert != nil, s.o.Now(), nil
	if _, in := whoOf(ctx); !in {
		return &body[Status]{st}, nil
	}
	in, err := s.o.Centre.Inside(ctx)
	if err != nil {
		return nil, err
	}
	in.Troubles = s.o.Centre.Troubles()
	if in.Troubles == nil {
		in.Troubles = []Trouble{}
	}
	if in.Agents == nil {
		in.Agents = []AgentStatus{}
	}
	st.Inside = &in
	return &body[Status]{st}, nil
}

// healthAnswer is the body of /healthz.
type healthAnswer struct {
	OK      bool     `json:"ok"`
	Reasons []string `json:"reasons"`
}

// health answers 200, or 503 with the reasons, for a monitor and for a person alike. Nothing in it is secret.
func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	out := healthAnswer{OK: true, Reasons: []string{}}
	for _, t := range s.o.Centre.Troubles() {
		out.OK = out.OK && !t.Fatal
		if t.Fatal {
			out.Reasons = append(out.Reasons, t.What+": "+t.Text+" "+t.Todo)
		}
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if !out.OK {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(out) // the client may be gone
}
