// Package web is the browser's door: the HTTP API (OpenAPI at /api/openapi.json), live events, the static pages of the UI and the
// few pages that must work without JavaScript.
//
// It owns no table and no rule of the trade. A handler checks who asks, reads what is asked, asks one room and shows the answer;
// it returns an error, and one wrapper (problem) turns the error's fault kind into a status and a Ukrainian sentence.
//
// Invariants, each with a test:
//   - everything except the public list (guard.go) needs a session; a table test asks every endpoint both ways;
//   - a change of state from another site's page is refused (http.CrossOriginProtection; WebSockets check Origin);
//   - every view of one person's data (a call's story, a card, a message's or a talk's sound, a talk listened to) is noted in the audit (Law 2297-VI);
//   - a fact of every kind becomes a plain Ukrainian sentence (story.go);
//   - no cell of a CSV can become a formula.
package web

import (
	"context"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// Options are what the door needs; app fills them. Nil rooms are allowed only for printing the API (see openapi_test.go).
type Options struct {
	Staff     Staff
	Journal   Journal
	Casework  Casework
	Survey    Survey
	Catalogue Catalogue
	Audit     Audit
	Desk      Desk
	Phones    Phones // nil: no browser telephones
	Talks     Talks
	Centre    Centre
	Trunks    Trunks // nil rooms of trunks answer nothing: emergency mode has no such door
	Lines     Lines

	Sounds   fs.FS          // the data folder: messages' sound lies in it
	UI       fs.FS          // ui/dist: index.html and assets/
	CACert   []byte         // PEM of the own local CA; nil when the certificate is somebody else's
	Location *time.Location // Europe/Kyiv
	Target   time.Duration  // T of the service level; default 30 s
	Log      *slog.Logger
	Now      func() time.Time // default time.Now
}

// Server is the door. Handler gives what an http.Server serves.
type Server struct {
	o     Options
	api   huma.API
	mux   *http.ServeMux
	ui    *static
	heard listenings
	log   *slog.Logger

	repeat  time.Duration // liveRepeat; tests make it shorter
	sockets sockets
}

// New builds the door: every endpoint is registered, nothing listens yet.
func New(o Options) *Server {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Location == nil {
		o.Location = time.UTC
	}
	if o.Target == 0 {
		o.Target = 30 * time.Second
	}
	s := &Server{o: o, mux: http.NewServeMux(), log: o.Log, repeat: liveRepeat, ui: newStatic(o.UI)}
	s.api = humago.New(s.mux, apiConfig())
	s.sessionOps()
	s.callOps()
	s.messageOps()
	s.cardOps()
	s.deskOps()
	s.recordingOps()
	s.boardOps()
	s.statusOps()
	s.trunkOps()
	settle(s.api.OpenAPI())
	s.plainRoutes()
	return s
}

// apiConfig is huma's configuration without its own pages and schema links: one document at /api/openapi.json.
func apiConfig() huma.Config {
	c := huma.DefaultConfig("Довідка", "1")
	c.Info.Description = "API кол-центру ЦНАП. Сесія — печиво «" + secureCookie + "» (без https — «" + cookieName + "») після POST /api/session."
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "/api/openapi", "", ""
	c.CreateHooks = nil
	c.Transformers = []huma.Transformer{ukrainianProblem}
	return c
}

// settle makes the document say what the answers are: a list is never null, the parts named here may be.
func settle(doc *huma.OpenAPI) {
	schemas := doc.Components.Schemas.Map()
	for _, s := range schemas {
		for _, p := range s.Properties {
			if p.Type == huma.TypeArray {
				p.Nullable = false
			}
		}
	}
	for name, parts := range map[string][]string{
		"CallStory": {"card", "survey", "message"}, "AgentView": {"offer", "talk", "wrapup"}, "Status": {"inside"}, "Board": {"mine"}} {
		for _, part := range parts {
			schemas[name].Properties[part] = &huma.Schema{OneOf: []*huma.Schema{schemas[name].Properties[part], {Type: "null"}}}
		}
	}
	doc.Paths["/api/cards"].Get.Responses["200"].Content["application/json"].Schema.Nullable = false
	doc.Paths["/api/services"].Get.Responses["200"].Content["application/json"].Schema.Nullable = false
}

// plainRoutes are the routes that are not JSON operations.
func (s *Server) plainRoutes() {
	s.mux.HandleFunc("GET /healthz", s.health)
	s.mux.HandleFunc("GET /api/live", s.within(s.live))
	s.mux.HandleFunc("GET /api/phone", s.within(s.phone))
	s.mux.HandleFunc("GET /api/citizen", s.citizen)
	s.mux.HandleFunc("GET /ca.crt", s.caCert)
	s.mux.HandleFunc("GET /ca", s.caPage)
	s.mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) { s.refuse(w, r, errNoPath) })
	s.mux.Handle("/", s.ui)
}

// Handler gives the whole door: recover, security headers, cross-site check and session check stand before every route.
func (s *Server) Handler() http.Handler {
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.refuse(w, r, errCrossSite) }))
	return s.recovered(secured(cross.Handler(s.guard(s.mux))))
}

// body is a JSON answer.
type body[T any] struct{ Body T }

// handle registers one operation; the wrapper sorts its errors (house rule: a handler returns an error).
func handle[I, O any](s *Server, op huma.Operation, h func(context.Context, *I) (*O, error)) {
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := h(ctx, in)
		if err != nil {
			return nil, s.problem(ctx, op.Path, err)
		}
		return out, nil
	})
}
