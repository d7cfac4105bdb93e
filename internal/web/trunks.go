package web

import (
	"context"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"dovidka/internal/audit"
	"dovidka/internal/call"
	"dovidka/internal/fault"
	"dovidka/internal/trunk"
)

// Trunks keeps what is written down about the carriers' links. *trunk.Trunks fits.
type Trunks interface {
	List(ctx context.Context) ([]trunk.Trunk, error)
	Get(ctx context.Context, name string) (trunk.Trunk, error)
	Save(ctx context.Context, t trunk.Trunk, password *string) (trunk.Trunk, error)
	Delete(ctx context.Context, name string) error
	Learn(ctx context.Context, name, what, header, number, by string) error
	Forget(ctx context.Context, name string) error
	Destinations(ctx context.Context) ([]trunk.Destination, error)
	Allow(ctx context.Context, d trunk.Destination) error
	Disallow(ctx context.Context, n call.Number) error
	Outgoing(ctx context.Context, since time.Time, limit int) ([]trunk.Outgoing, error)
}

// Lines are the links at work; app joins them to what is written down.
type Lines interface {
	Apply(ctx context.Context) error          // what is written down is in force from now on
	Health(ctx context.Context) []TrunkHealth // of every trunk that is in force
	Try(name string)                          // now, without waiting for the pause
	Inspect(name string)                      // the next call is kept to be seen
	Inspection(name string) Inspection
}

type trunkPath struct {
	Name string `path:"name" maxLength:"32"`
}

type trunkInput struct {
	Body TrunkEdit
}

type trunkChange struct {
	Name string `path:"name" maxLength:"32"`
	Body TrunkEdit
}

type learnInput struct {
	Name string `path:"name" maxLength:"32"`
	Body struct {
		What   string `json:"what" enum:"caller,called" doc:"caller — це той, хто телефонує; called — це наш номер"`
		Header string `json:"header" maxLength:"40" doc:"Заголовок, на який показала людина"`
	}
}

type destinationInput struct {
	Body struct {
		Number string `json:"number" maxLength:"40"`
		Title  string `json:"title" maxLength:"200" doc:"Чий це номер"`
	}
}

type destinationPath struct {
	Number string `path:"number" maxLength:"20"`
}

func (s *Server) trunkOps() {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/api/trunks" + path, Summary: summary}
	}
	handle(s, op("trunks", "GET", "", "Лінії операторів зв’язку і шаблони"), headOnly(s.trunks))
	handle(s, op("addTrunk", "POST", "", "Додати лінію"), headOnly(s.addTrunk))
	handle(s, op("changeTrunk", "PUT", "/{name}", "Змінити лінію"), headOnly(s.changeTrunk))
	handle(s, op("deleteTrunk", "DELETE", "/{name}", "Прибрати лінію"), headOnly(s.deleteTrunk))
	handle(s, op("trunkHealth", "GET", "/{name}/health", "Перевірка лінії крок за кроком, сходинки SIP"), headOnly(s.trunkHealth))
	handle(s, op("tryTrunk", "POST", "/{name}/try", "Спробувати з’єднатися зараз"), headOnly(s.tryTrunk))
	handle(s, op("inspectTrunk", "POST", "/{name}/inspect", "Показати заголовки наступного дзвінка"), headOnly(s.inspectTrunk))
	handle(s, op("trunkInspection", "GET", "/{name}/inspect", "Заголовки дзвінка, якого чекали"), headOnly(s.trunkInspection))
	handle(s, op("learnTrunk", "POST", "/{name}/learn", "Навчити: чий це номер"), headOnly(s.learnTrunk))
	handle(s, op("forgetTrunk", "DELETE", "/{name}/learn", "Забути, чого навчили"), headOnly(s.forgetTrunk))
	handle(s, huma.Operation{OperationID: "outgoing", Method: "GET", Path: "/api/outgoing", Summary: "Куди можна телефонувати і що набирали за тиждень"}, headOnly(s.outgoing))
	handle(s, huma.Operation{OperationID: "allow", Method: "POST", Path: "/api/outgoing/allowed", Summary: "Дозволити номер"}, headOnly(s.allow))
	handle(s, huma.Operation{OperationID: "disallow", Method: "DELETE", Path: "/api/outgoing/allowed/{number}", Summary: "Прибрати номер із дозволених"}, headOnly(s.disallow))
}

// headOnly lets only the head through.
func headOnly[I, O any](h func(context.Context, *I) (*O, error)) func(context.Context, *I) (*O, error) {
	return func(ctx context.Context, in *I) (*O, error) {
		if !head(ctx) {
			return nil, errOnlyHead
		}
		return h(ctx, in)
	}
}

func (s *Server) trunks(ctx context.Context, _ *struct{}) (*body[TrunkList], error) {
	all, err := s.o.Trunks.List(ctx)
	if err != nil {
		return nil, err
	}
	out := TrunkList{Trunks: []TrunkView{}, Templates: templates()}
	health := s.o.Lines.Health(ctx)
	for _, k := range all {
		out.Trunks = append(out.Trunks, trunkView(k, health))
	}
	return &body[TrunkList]{out}, nil
}

func (s *Server) addTrunk(ctx context.Context, in *trunkInput) (*body[TrunkView], error) {
	k := in.Body.trunk()
	k.Version = 0
	return s.saveTrunk(ctx, k, in.Body.Password, trunk.Trunk{})
}

func (s *Server) changeTrunk(ctx context.Context, in *trunkChange) (*body[TrunkView], error) {
	was, err := s.o.Trunks.Get(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	k := in.Body.trunk()
	k.Name, k.Template = in.Name, was.Template
	if k.Version == 0 {
		return nil, fault.New(fault.Conflict, "Лінію тим часом змінив хтось інший. Відкрийте її знову.")
	}
	return s.saveTrunk(ctx, k, in.Body.Password, was)
}

func (s *Server) saveTrunk(ctx context.Context, k trunk.Trunk, password string, was trunk.Trunk) (*body[TrunkView], error) {
	var secret *string
	if password != "" { // an empty field leaves the one that is there
		secret = &password
	}
	saved, err := s.o.Trunks.Save(ctx, k, secret)
	if err != nil {
		return nil, err
	}
	act := "change"
	if was.Name == "" {
		act = "create"
	}
	if err := s.noteMore(ctx, act, "trunk", saved.Name, differences(was, saved, secret != nil)); err != nil {
		return nil, err
	}
	return s.applied(ctx, saved.Name)
}

// differences names the fields that were changed, never what stands in them.
func differences(was, now trunk.Trunk, password bool) string {
	var out []string
	a, b := reflect.ValueOf(was.Settings), reflect.ValueOf(now.Settings)
	for i := range a.NumField() {
		if !reflect.DeepEqual(a.Field(i).Interface(), b.Field(i).Interface()) {
			out = append(out, strings.Split(a.Type().Field(i).Tag.Get("json"), ",")[0])
		}
	}
	if was.Enabled != now.Enabled {
		out = append(out, "enabled")
	}
	if password {
		out = append(out, "password")
	}
	return strings.Join(out, " ")
}

// applied puts what is written down into force and shows the trunk.
func (s *Server) applied(ctx context.Context, name string) (*body[TrunkView], error) {
	if err := s.o.Lines.Apply(ctx); err != nil {
		return nil, err
	}
	k, err := s.o.Trunks.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	return &body[TrunkView]{trunkView(k, s.o.Lines.Health(ctx))}, nil
}

func (s *Server) deleteTrunk(ctx context.Context, in *trunkPath) (*struct{}, error) {
	if err := s.o.Trunks.Delete(ctx, in.Name); err != nil {
		return nil, err
	}
	if err := s.note(ctx, "delete", "trunk", in.Name); err != nil {
		return nil, err
	}
	return nil, s.o.Lines.Apply(ctx)
}

func (s *Server) trunkHealth(ctx context.Context, in *trunkPath) (*body[TrunkHealth], error) {
	for _, h := range s.o.Lines.Health(ctx) {
		if h.Name == in.Name {
			return &body[TrunkHealth]{h}, nil
		}
	}
	return nil, fault.New(fault.NotFound, "Ця лінія вимкнена або її вже немає.")
}

func (s *Server) tryTrunk(ctx context.Context, in *trunkPath) (*body[TrunkHealth], error) {
	s.o.Lines.Try(in.Name)
	return s.trunkHealth(ctx, in)
}

func (s *Server) inspectTrunk(ctx context.Context, in *trunkPath) (*body[Inspection], error) {
	if err := s.note(ctx, "inspect", "trunk", in.Name); err != nil {
		return nil, err
	}
	s.o.Lines.Inspect(in.Name)
	return &body[Inspection]{s.inspection(in.Name)}, nil
}

func (s *Server) inspection(name string) Inspection {
	i := s.o.Lines.Inspection(name)
	if i.Headers == nil {
		i.Headers = []InspectedHeader{}
	}
	return i
}

// trunkInspection shows a call's headers: numbers of a person, so the view is noted.
func (s *Server) trunkInspection(ctx context.Context, in *trunkPath) (*body[Inspection], error) {
	i := s.inspection(in.Name)
	if len(i.Headers) > 0 {
		if err := s.note(ctx, "view", "call_headers", in.Name); err != nil {
			return nil, err
		}
	}
	return &body[Inspection]{i}, nil
}

// learnTrunk keeps the rule that a person pointed at. The number comes from the call itself: nothing is typed.
func (s *Server) learnTrunk(ctx context.Context, in *learnInput) (*body[TrunkView], error) {
	number := ""
	for _, h := range s.inspection(in.Name).Headers {
		if h.Name == in.Body.Header {
			number = h.Number
		}
	}
	if number == "" {
		return nil, fault.New(fault.Conflict, "Дзвінок, за яким вчилися, уже забуто. Зателефонуйте ще раз.")
	}
	if err := s.o.Trunks.Learn(ctx, in.Name, in.Body.What, in.Body.Header, number, login(ctx)); err != nil {
		return nil, err
	}
	if err := s.noteMore(ctx, "learn", "trunk", in.Name, in.Body.What+" "+in.Body.Header); err != nil {
		return nil, err
	}
	return s.applied(ctx, in.Name)
}

func (s *Server) forgetTrunk(ctx context.Context, in *trunkPath) (*body[TrunkView], error) {
	if err := s.o.Trunks.Forget(ctx, in.Name); err != nil {
		return nil, err
	}
	if err := s.note(ctx, "forget", "trunk", in.Name); err != nil {
		return nil, err
	}
	return s.applied(ctx, in.Name)
}

// noteMore is note with a remark.
func (s *Server) noteMore(ctx context.Context, act, what, of, more string) error {
	return s.o.Audit.Note(ctx, audit.Entry{At: s.o.Now(), By: login(ctx), Act: act, What: what, Of: of, IP: text(ctx, keyIP), Note: more})
}

func (s *Server) outgoing(ctx context.Context, _ *struct{}) (*body[OutgoingPage], error) {
	list, err := s.o.Trunks.Destinations(ctx)
	if err != nil {
		return nil, err
	}
	dialled, err := s.o.Trunks.Outgoing(ctx, s.o.Now().Add(-7*24*time.Hour), 200)
	if err != nil {
		return nil, err
	}
	sh, err := s.shower(ctx)
	if err != nil {
		return nil, err
	}
	out := OutgoingPage{Allowed: []Allowed{}, Calls: []OutgoingCall{}}
	titles := map[call.Number]string{}
	for _, d := range list {
		titles[d.Number] = d.Title
		out.Allowed = append(out.Allowed, Allowed{Number: string(d.Number), Display: d.Number.Display(), Title: d.Title, By: sh.name(d.By), At: d.At})
	}
	for _, o := range dialled {
		c := OutgoingCall{At: o.At, By: sh.name(o.By), Reason: string(o.Reason), Display: o.To.Mask(), Title: titles[o.To], Call: string(o.Call),
			Refused: o.Refused, Alarm: o.Alarm, Trunk: o.Trunk, Result: o.Result}
		if c.Title != "" { // a department's number is nobody's secret
			c.Display = o.To.Display()
		}
		out.Calls = append(out.Calls, c)
	}
	return &body[OutgoingPage]{out}, nil
}

func (s *Server) allow(ctx context.Context, in *destinationInput) (*body[OutgoingPage], error) {
	n := call.ParseNumber(in.Body.Number)
	if err := s.o.Trunks.Allow(ctx, trunk.Destination{Number: n, Title: strings.TrimSpace(in.Body.Title), By: login(ctx)}); err != nil {
		return nil, err
	}
	if err := s.note(ctx, "allow", "number", string(n)); err != nil {
		return nil, err
	}
	return s.outgoing(ctx, nil)
}

func (s *Server) disallow(ctx context.Context, in *destinationPath) (*body[OutgoingPage], error) {
	n := call.ParseNumber(in.Number)
	if err := s.o.Trunks.Disallow(ctx, n); err != nil {
		return nil, err
	}
	if err := s.note(ctx, "disallow", "number", string(n)); err != nil {
		return nil, err
	}
	return s.outgoing(ctx, nil)
}
