package app

import (
	"context"
	"log/slog"
	"time"

	"dovidka/internal/staff"
)

// seeShifts is how often the running intervals of agents are noted as going on.
const seeShifts = 15 * time.Second

// shifts writes agents' intervals beside the queue, which never waits for the disk.
type shifts struct {
	staff *staff.Staff
	log   *slog.Logger
	in    chan []staff.Interval
	done  chan struct{}
}

func newShifts(s *staff.Staff, log *slog.Logger) *shifts {
	return &shifts{staff: s, log: log, in: make(chan []staff.Interval, 256), done: make(chan struct{})}
}

// put takes intervals to be written. When the disk has not answered for hundreds of changes, they are lost and the log says so.
func (s *shifts) put(list []staff.Interval) {
	select {
	case s.in <- list:
	default:
		s.log.Error("agents' intervals were not written", "cause", "disk")
	}
}

// run writes until ctx ends, and then what is left.
func (s *shifts) run(ctx context.Context) {
	defer close(s.done)
	tick := time.NewTicker(seeShifts)
	defer tick.Stop()
	for {
		select {
		case list := <-s.in:
			s.write(func(ctx context.Context) error { return s.staff.SaveShift(ctx, list...) })
		case <-tick.C:
			s.write(s.staff.SeeShifts)
		case <-ctx.Done():
			for len(s.in) > 0 {
				list := <-s.in
				s.write(func(ctx context.Context) error { return s.staff.SaveShift(ctx, list...) })
			}
			s.write(s.staff.SeeShifts)
			return
		}
	}
}

func (s *shifts) write(f func(context.Context) error) {
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
	defer stop()
	if err := f(ctx); err != nil {
		s.log.Error("agents' intervals were not written", "err", err)
	}
}

// resume gives the agents back what they had chosen when the last run ended. Without it they choose anew: no reason not to start.
func (r *rooms) resume(ctx context.Context) {
	left, err := r.staff.EndShifts(ctx)
	if err != nil {
		r.log.Warn("agents' last statuses could not be read", "err", err)
		return
	}
	r.board.Resume(left, time.Now())
}
