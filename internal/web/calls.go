package web

import (
	"bytes"
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"dovidka/internal/audit"
	"dovidka/internal/call"
	"dovidka/internal/fault"
	"dovidka/internal/journal"
)

type callsInput struct {
	Day     string `query:"day" pattern:"^(\\d{4}-\\d{2}-\\d{2})?$" doc:"2026-11-23"`
	Month   string `query:"month" pattern:"^(\\d{4}-\\d{2})?$" doc:"2026-11"`
	Outcome string `query:"outcome" maxLength:"32"`
	Number  string `query:"number" maxLength:"32" doc:"Номер або його частина"`
	Agent   string `query:"agent" maxLength:"64" doc:"Хто розмовляв"`
	Metric  string `query:"metric" maxLength:"32" doc:"Дзвінки, що стоять за показником підсумків"`
	Limit   int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
	Before  string `query:"before" maxLength:"64"`
}

type monthInput struct {
	Month string `query:"month" pattern:"^(\\d{4}-\\d{2})?$" doc:"2026-11; порожньо — цей місяць"`
}

type callInput struct {
	ID string `path:"id" maxLength:"64"`
}

// file is a download.
type file struct {
	Type        string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

func (s *Server) callOps() {
	handle(s, huma.Operation{OperationID: "calls", Method: "GET", Path: "/api/calls", Summary: "Журнал дзвінків"}, s.calls)
	handle(s, huma.Operation{OperationID: "call", Method: "GET", Path: "/api/calls/{id}", Summary: "Один дзвінок від початку до кінця"}, s.call)
	handle(s, huma.Operation{OperationID: "totals", Method: "GET", Path: "/api/totals", Summary: "Підсумки місяця"}, s.totals)
	handle(s, huma.Operation{OperationID: "callsCSV", Method: "GET", Path: "/api/calls.csv", Summary: "Журнал за місяць у CSV (керівник)",
		Responses: binary("text/csv")}, s.callsCSV)
}

// binary documents an answer that is not JSON.
func binary(mime string) map[string]*huma.Response {
	return map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{
		mime: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}}}
}

func (s *Server) calls(ctx context.Context, in *callsInput) (*body[Calls], error) {
	out, err := s.list(ctx, journal.Filter{Day: in.Day, Month: in.Month, Outcome: call.Outcome(in.Outcome), Number: in.Number,
		Agent: in.Agent, Metric: in.Metric, Target: s.o.Target, Before: in.Before, Limit: in.Limit})
	return &body[Calls]{out}, err
}

// list reads one page of calls.
func (s *Server) list(ctx context.Context, f journal.Filter) (Calls, error) {
	page, err := s.o.Journal.List(ctx, f)
	if err != nil {
		return Calls{}, err
	}
	sh, err := s.shower(ctx)
	if err != nil {
		return Calls{}, err
	}
	out := Calls{Calls: []Call{}, Next: page.Next}
	for _, r := range page.Calls {
		out.Calls = append(out.Calls, sh.call(r))
	}
	return out, nil
}

func (s *Server) call(ctx context.Context, in *callInput) (*body[CallStory], error) {
	st, err := s.o.Journal.Story(ctx, call.ID(in.ID))
	if err != nil {
		return nil, err
	}
	if err := s.note(ctx, "view", "call", in.ID); err != nil {
		return nil, err
	}
	out, err := s.story(ctx, st)
	return &body[CallStory]{out}, err
}

// story gathers what the rooms know of one call; a room that knows nothing (NotFound) leaves its part null.
func (s *Server) story(ctx context.Context, st journal.Story) (CallStory, error) {
	sh, err := s.shower(ctx)
	if err != nil {
		return CallStory{}, err
	}
	id := st.Record.Call
	out := CallStory{Record: sh.call(st.Record), Open: st.Open, Facts: sh.lines(st.Facts)}
	if c, err := s.o.Casework.CardOf(ctx, id); err == nil {
		out.Card = ptr(sh.card(c))
	} else if !fault.Is(err, fault.NotFound) {
		return out, err
	}
	rs, err := s.o.Journal.Recordings(ctx, id)
	if err != nil {
		return out, err
	}
	out.Recordings = sh.recordings(rs, st.Facts)
	if number := messageOf(st.Facts); number != "" {
		m, err := s.o.Casework.Message(ctx, number)
		if err == nil {
			out.Message = ptr(sh.message(m))
		} else if !fault.Is(err, fault.NotFound) {
			return out, err
		}
	}
	if a, err := s.o.Survey.Answer(ctx, id); err == nil {
		out.Survey = &Answers{a.Score, scoreText(a.Score), a.Solved, solvedText(a.Solved)}
	} else if !fault.Is(err, fault.NotFound) {
		return out, err
	}
	return out, nil
}

// messageOf is the number of the message that the call left.
func messageOf(facts []call.Fact) string {
	for _, f := range facts {
		if f.Kind == call.MessageLeft {
			return f.Value
		}
	}
	return ""
}

func (s *Server) totals(ctx context.Context, in *monthInput) (*body[Totals], error) {
	t, err := s.o.Journal.Totals(ctx, s.month(in.Month), s.o.Target)
	return &body[Totals]{totals(t)}, err
}

// callsCSV is the month's journal as a table. It holds numbers of citizens: the head's, and noted.
func (s *Server) callsCSV(ctx context.Context, in *monthInput) (*file, error) {
	if !head(ctx) {
		return nil, errOnlyHead
	}
	month := s.month(in.Month)
	if err := s.note(ctx, "export", "journal", month); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err := s.o.Journal.CSV(ctx, &b, month)
	return &file{"text/csv; charset=utf-8", `attachment; filename="dzvinky-` + month + `.csv"`, b.Bytes()}, err
}

// month is the month asked for, else the present one in the centre's time zone.
func (s *Server) month(asked string) string {
	if asked != "" {
		return asked
	}
	return s.o.Now().In(s.o.Location).Format("2006-01")
}

// note writes to the audit who did what to whose data.
func (s *Server) note(ctx context.Context, act, what, of string) error {
	return s.o.Audit.Note(ctx, audit.Entry{At: s.o.Now(), By: login(ctx), Act: act, What: what, Of: of, IP: text(ctx, keyIP)})
}

func seconds(d time.Duration) float64 { return d.Seconds() }

func ptr[T any](v T) *T { return &v }
