package web

import (
	"context"
	"net/http"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"

	"dovidka/internal/fault"
)

// The pace of a desk's live view.
const (
	liveGap    = 50 * time.Millisecond // at most one push in this time
	liveRepeat = 10 * time.Second      // a push without a change, so that the page can tell that the line lives
	liveWrite  = 5 * time.Second       // a page that takes longer to read one message is gone
)

// closeNoSession is the close code that tells a page to sign in again (private range, RFC 6455 §7.4.2).
const closeNoSession websocket.StatusCode = 4401

// live pushes the agent's whole view on every change. The page sends nothing; what it does goes through the API.
func (s *Server) live(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil) // refuses another site's page by Origin
	if err != nil {
		return // Accept has answered
	}
	defer func() { _ = conn.CloseNow() }()
	ctx := conn.CloseRead(r.Context())
	changed, stop := s.o.Desk.Watch()
	defer stop()
	repeat := time.NewTicker(s.repeat)
	defer repeat.Stop()
	for {
		if err := s.push(ctx, conn); err != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
			if !pause(ctx, liveGap) {
				return
			}
		case <-repeat.C:
			if !s.stillIn(ctx) {
				_ = conn.Close(closeNoSession, "session over")
				return
			}
		}
	}
}

func (s *Server) push(ctx context.Context, conn *websocket.Conn) error {
	v := s.view(login(ctx)) // before the clock starts: it may have to look things up
	ctx, cancel := context.WithTimeout(ctx, liveWrite)
	defer cancel()
	return wsjson.Write(ctx, conn, v)
}

// stillIn tells whether the session that opened the connection still stands.
func (s *Server) stillIn(ctx context.Context) bool {
	_, err := s.o.Staff.Session(ctx, text(ctx, keyToken))
	return err == nil || fault.Is(err, fault.Internal) // a database that is away signs nobody out
}

// pause waits; false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

func (s *Server) phone(w http.ResponseWriter, r *http.Request) {
	if s.o.Phones == nil {
		s.refuse(w, r, errNoPath)
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	go s.whileIn(ctx, cancel)
	s.o.Phones.ServeAgent(w, r.WithContext(ctx), login(ctx))
}

// whileIn ends ctx when its session is over: who has signed out has no telephone.
func (s *Server) whileIn(ctx context.Context, cancel context.CancelFunc) {
	for pause(ctx, s.repeat) {
		if !s.stillIn(ctx) {
			cancel()
			return
		}
	}
}

func (s *Server) citizen(w http.ResponseWriter, r *http.Request) {
	if s.o.Phones == nil || !s.o.Centre.Status(r.Context()).CitizenCall {
		s.refuse(w, r, fault.New(fault.NotFound, "Дзвінок зі сторінки вимкнено."))
		return
	}
	s.o.Phones.ServeCitizen(w, r)
}
