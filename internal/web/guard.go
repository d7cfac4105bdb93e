package web

import (
	"context"
	"net"
	"net/http"
	"runtime/debug"
	"strings"

	"dovidka/internal/fault"
	"dovidka/internal/staff"
)

// cookieName is the session cookie of plain http on loopback, secureCookie that of https. They are two, because a browser lets no
// plain page replace a Secure cookie of the same name and host (RFC 6265bis §5.7): who had opened the https page of this machine
// could not sign in at its http one. "__Host-" binds the cookie to this host alone.
const (
	cookieName   = "dovidka_session"
	secureCookie = "__Host-" + cookieName
)

// sessionCookie names the cookie of a connection.
func sessionCookie(secure bool) string {
	if secure {
		return secureCookie
	}
	return cookieName
}

var (
	errNoSession    = fault.New(fault.Denied, "Увійдіть, будь ласка: сеанс завершено або ще не розпочато.")
	errCrossSite    = fault.New(fault.Denied, "Запит надійшов з іншого сайту, його відхилено.")
	errNoPath       = fault.New(fault.NotFound, "Такої адреси немає.")
	errOnlyOperator = fault.New(fault.Denied, "Дзвінки приймають оператори: у керівника немає робочого місця.")
	errOnlyHead     = fault.New(fault.Denied, "Це може зробити лише керівник.")
)

// public tells whether a request needs no session. Everything outside /api is a static page, /healthz or the certificate.
func public(r *http.Request) bool {
	p := r.URL.Path
	if !strings.HasPrefix(p, "/api/") {
		return true
	}
	switch r.Method + " " + p {
	case "POST /api/session", "DELETE /api/session", "GET /api/status", "GET /api/citizen", "GET /api/openapi.json", "GET /api/openapi.yaml":
		return true
	}
	return false
}

type ctxKey int

const (
	keyWho ctxKey = iota
	keyToken
	keyIP
	keySecure
)

// guard reads the session of every API request and refuses those that need one and have none.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/api/") {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		ctx := context.WithValue(r.Context(), keyIP, remoteIP(r))
		ctx = context.WithValue(ctx, keySecure, r.TLS != nil)
		if c, err := r.Cookie(sessionCookie(r.TLS != nil)); err == nil && c.Value != "" {
			se, err := s.o.Staff.Session(ctx, c.Value)
			if err == nil {
				ctx = context.WithValue(context.WithValue(ctx, keyWho, who(se.Agent)), keyToken, c.Value)
			} else if fault.Is(err, fault.Internal) {
				s.refuse(w, r, err)
				return
			}
		}
		r = r.WithContext(ctx)
		if _, ok := whoOf(ctx); !ok && !public(r) {
			s.refuse(w, r, errNoSession)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// whoOf tells who is signed in.
func whoOf(ctx context.Context) (Who, bool) {
	who, ok := ctx.Value(keyWho).(Who)
	return who, ok
}

// login is the login of the signed-in person; guard has made sure that there is one.
func login(ctx context.Context) string {
	who, _ := whoOf(ctx)
	return who.Login
}

// head tells whether the head asks.
func head(ctx context.Context) bool {
	who, _ := whoOf(ctx)
	return who.Role == staff.RoleHead
}

func text(ctx context.Context, key ctxKey) string {
	v, _ := ctx.Value(key).(string)
	return v
}

// remoteIP is the address of the connection. Forwarded headers are not believed: anyone can write them.
func remoteIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// policy lets the pages use only what came with them. Sound is played from blobs and from our own addresses.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; media-src 'self' blob: mediastream:; manifest-src 'self'; worker-src 'self'; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// secured sets the security headers of every answer.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "microphone=(self), camera=(), geolocation=(), payment=(), usb=()")
		next.ServeHTTP(w, r)
	})
}

// recovered turns a panic of one request into a 500 and a log entry; other requests go on.
func (s *Server) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if v == http.ErrAbortHandler {
				panic(http.ErrAbortHandler) // net/http's own way to drop a connection
			}
			s.log.Error("web: panic", "path", r.Pattern, "err", v, "stack", string(debug.Stack()))
			s.refuse(w, r, fault.New(fault.Internal, ""))
		}()
		next.ServeHTTP(w, r)
	})
}
