package web

import (
	"net/http"
	"sync"

	"dovidka/internal/fault"
)

// maxSockets bounds a session's open sockets: a page has two, and nobody works with ten tabs.
const maxSockets = 20

var errSockets = fault.New(fault.Busy, "Забагато відкритих вкладок. Закрийте зайві й оновіть сторінку.")

// sockets counts the open ones by session.
type sockets struct {
	mu sync.Mutex
	of map[string]int // only of open ones
}

// within runs h while the session has a place for one more socket.
func (s *Server) within(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token := text(r.Context(), keyToken)
		if !s.sockets.enter(token) {
			s.refuse(w, r, errSockets)
			return
		}
		defer s.sockets.leave(token)
		h(w, r)
	}
}

func (c *sockets) enter(token string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of[token] >= maxSockets {
		return false
	}
	if c.of == nil {
		c.of = map[string]int{}
	}
	c.of[token]++
	return true
}

func (c *sockets) leave(token string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of[token]--; c.of[token] <= 0 {
		delete(c.of, token)
	}
}
