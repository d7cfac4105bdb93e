package web

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"dovidka/internal/audit"
)

type signInInput struct {
	Body struct {
		Login    string `json:"login" minLength:"1" maxLength:"64"`
		Password string `json:"password" minLength:"1" maxLength:"256"`
	}
}

type signedIn struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      Who
}

type signedOut struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
}

func (s *Server) sessionOps() {
	handle(s, huma.Operation{OperationID: "signIn", Method: "POST", Path: "/api/session", Summary: "Увійти"}, s.signIn)
	handle(s, huma.Operation{OperationID: "session", Method: "GET", Path: "/api/session", Summary: "Хто увійшов"}, s.session)
	handle(s, huma.Operation{OperationID: "signOut", Method: "DELETE", Path: "/api/session", Summary: "Вийти", DefaultStatus: 204}, s.signOut)
}

func (s *Server) signIn(ctx context.Context, in *signInInput) (*signedIn, error) {
	se, err := s.o.Staff.SignIn(ctx, in.Body.Login, in.Body.Password, text(ctx, keyIP))
	if err != nil {
		return nil, err
	}
	err = s.o.Audit.Note(ctx, audit.Entry{At: s.o.Now(), By: se.Agent.Login, Act: "sign_in", IP: text(ctx, keyIP)})
	if err != nil { // no reason to keep the agent from answering calls
		s.log.Error("web: audit of a sign-in", "agent", se.Agent.Login, "err", err)
	}
	return &signedIn{SetCookie: cookie(ctx, se.Token, se.Expires), Body: who(se.Agent)}, nil
}

func (s *Server) session(ctx context.Context, _ *struct{}) (*body[Who], error) {
	me, _ := whoOf(ctx)
	return &body[Who]{me}, nil
}

func (s *Server) signOut(ctx context.Context, _ *struct{}) (*signedOut, error) {
	out := &signedOut{SetCookie: cookie(ctx, "", time.Unix(1, 0))}
	token := text(ctx, keyToken)
	if token == "" {
		return out, nil
	}
	if me, in := whoOf(ctx); in && !head(ctx) { // nobody waits for who has gone home
		if err := s.o.Desk.SetStatus(ctx, me.Login, "offline", ""); err != nil {
			s.log.Error("web: status at sign-out", "agent", me.Login, "err", err)
		}
	}
	return out, s.o.Staff.SignOut(ctx, token)
}

// cookie is the session cookie; Secure whenever the page came by https (plain http is served on loopback only).
func cookie(ctx context.Context, token string, until time.Time) http.Cookie {
	secure, _ := ctx.Value(keySecure).(bool)
	return http.Cookie{Name: sessionCookie(secure), Value: token, Path: "/", Expires: until, HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode}
}
