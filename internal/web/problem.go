package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"dovidka/internal/fault"
)

// statusOf gives the HTTP status of a fault kind.
func statusOf(k fault.Kind) int {
	switch k {
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.Conflict:
		return http.StatusConflict
	case fault.Denied:
		return http.StatusForbidden
	case fault.Busy:
		return http.StatusTooManyRequests
	default:
		return http.StatusInternalServerError
	}
}

// model is the body of every refusal (RFC 9457): title is the fault kind, detail the Ukrainian sentence for the person.
func model(err error) *huma.ErrorModel {
	kind := fault.KindOf(err)
	m := &huma.ErrorModel{Status: statusOf(kind), Title: string(kind), Detail: fault.Say(err)}
	if errors.Is(err, errNoSession) {
		m.Status, m.Title = http.StatusUnauthorized, "no_session"
	}
	return m
}

// problem is the one wrapper of errors: our own faults are logged here, once; what the person can mend is not our log's matter.
func (s *Server) problem(ctx context.Context, path string, err error) error {
	m := model(err)
	if m.Status == http.StatusInternalServerError && ctx.Err() == nil {
		s.log.Error("web: request failed", "path", path, "err", err)
	}
	return m
}

// refuse answers a request that did not come to an operation.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	m := s.problem(r.Context(), r.URL.Path, err).(*huma.ErrorModel)
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(m.Status)
	_ = json.NewEncoder(w).Encode(m) // the client may be gone
}

// ukrainianProblem puts huma's own refusals (validation, unreadable body) into Ukrainian; ours pass as they are.
func ukrainianProblem(_ huma.Context, _ string, v any) (any, error) {
	m, ok := v.(*huma.ErrorModel)
	if !ok || strings.ToLower(m.Title) == m.Title { // a fault kind: already ours
		return v, nil
	}
	out := *m
	out.Title = string(fault.Invalid)
	switch m.Status {
	case http.StatusRequestEntityTooLarge:
		out.Detail = "Запит завеликий."
	case http.StatusUnsupportedMediaType, http.StatusNotAcceptable:
		out.Detail = "Потрібен запит у форматі JSON."
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		out.Detail = "Дані заповнено неправильно. Перевірте: " + fields(m.Errors) + "."
	default:
		out.Title, out.Detail = string(fault.Internal), fault.Say(nil)
	}
	out.Errors = nil // English, for programs; the fields are named in the sentence
	return &out, nil
}

// fields names the fields that huma complained about.
func fields(errs []*huma.ErrorDetail) string {
	var names []string
	for _, e := range errs {
		if e != nil && e.Location != "" {
			names = append(names, strings.TrimPrefix(strings.TrimPrefix(e.Location, "body."), "query."))
		}
	}
	if len(names) == 0 {
		return "запит"
	}
	return strings.Join(names, ", ")
}
