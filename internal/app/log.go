package app

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"time"
)

// How much may be written of one kind of line, and how many kinds are told apart.
const (
	linesPerMinute = 60
	maxKinds       = 500
)

// NewLog writes one line a fact to w. A line cannot be forged by what strangers send: slog's text quotes whatever is not printable –
// ends of lines, escape sequences, marks that turn the direction of writing. And they cannot fill the disk: of one kind at most
// linesPerMinute are written a minute, then one that counts the rest.
func NewLog(w io.Writer) *slog.Logger {
	text := slog.NewTextHandler(w, nil)
	return slog.New(&calm{text, &counted{plain: text, kinds: map[string]int{}}})
}

// calm is a handler that does not lose its head in a flood.
type calm struct {
	slog.Handler
	c *counted
}

// counted is what a minute has seen; handlers made of one another share it.
type counted struct {
	plain slog.Handler // without anybody's attributes
	mu    sync.Mutex
	since time.Time
	kinds map[string]int
}

// Handle writes a line, or only counts it.
func (h *calm) Handle(ctx context.Context, r slog.Record) error {
	write, left := h.c.count(r.Message, r.Time)
	for kind, n := range left {
		sum := slog.NewRecord(r.Time, slog.LevelWarn, "log: lines left out", 0)
		sum.AddAttrs(slog.String("kind", kind), slog.Int("count", n))
		if err := h.c.plain.Handle(ctx, sum); err != nil {
			return err
		}
	}
	if !write {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

// count tells whether a line may be written, and at a minute's end what was left out in it.
func (c *counted) count(kind string, now time.Time) (write bool, left map[string]int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now.Sub(c.since) >= time.Minute || now.Before(c.since) {
		left = map[string]int{}
		for k, n := range c.kinds {
			if n > linesPerMinute {
				left[k] = n - linesPerMinute
			}
		}
		c.since, c.kinds = now, map[string]int{}
	}
	if _, there := c.kinds[kind]; !there && len(c.kinds) >= maxKinds {
		kind = "others"
	}
	c.kinds[kind]++
	return c.kinds[kind] <= linesPerMinute, left
}

// WithAttrs keeps the count.
func (h *calm) WithAttrs(a []slog.Attr) slog.Handler { return &calm{h.Handler.WithAttrs(a), h.c} }

// WithGroup keeps the count.
func (h *calm) WithGroup(name string) slog.Handler { return &calm{h.Handler.WithGroup(name), h.c} }
