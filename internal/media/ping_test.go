package media

import (
	"context"
	"errors"
	"testing"
	"time"
)

type stuck chan struct{}

func (s stuck) Next(*Frame) bool { <-s; return false }

// TestPing: a thread that moves answers, one that a bad source holds does not, until it is let go.
func TestPing(t *testing.T) {
	e := newEngine(t, 2)
	if err := e.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := dial(t, e, newPhone(t))
	held := make(stuck)
	p.Play(held)
	ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer stop()
	if err := e.Ping(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a thread that stands still: %v", err)
	}
	close(held)
	if err := e.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}
