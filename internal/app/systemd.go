package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"time"
)

// supervisor is who started us and wants to know how we are: systemd, by the datagrams of sd_notify(3). Without it everything here
// does nothing.
type supervisor struct {
	conn  *net.UnixConn
	every time.Duration // how often it wants to hear that we live; 0: never
	log   *slog.Logger
}

// findSupervisor reads what systemd has left in the environment, and takes it out: our voice engines are not to speak for us.
func findSupervisor(log *slog.Logger) *supervisor {
	s := &supervisor{log: log}
	name, usec, pid := os.Getenv("NOTIFY_SOCKET"), os.Getenv("WATCHDOG_USEC"), os.Getenv("WATCHDOG_PID")
	for _, k := range []string{"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"} {
		os.Unsetenv(k)
	}
	if name == "" {
		return s
	}
	var err error
	if s.conn, err = net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"}); err != nil {
		log.Warn("systemd cannot be told how we are", "err", err)
		return s
	}
	if n, err := strconv.ParseInt(usec, 10, 64); err == nil && n > 0 && (pid == "" || pid == strconv.Itoa(os.Getpid())) {
		s.every = time.Duration(n) * time.Microsecond
	}
	return s
}

// tell sends one state, such as "READY=1".
func (s *supervisor) tell(state string) {
	if s.conn == nil {
		return
	}
	if _, err := s.conn.Write([]byte(state)); err != nil {
		s.log.Warn("systemd was not told", "err", err)
	}
}

// watch tells that we live three times in each watchdog period, as long as alive agrees; it may take one third of it. Who does not
// answer is named in the log; systemd then ends and starts us.
func (s *supervisor) watch(ctx context.Context, alive func(context.Context) error) {
	if s.conn == nil || s.every == 0 {
		return
	}
	pace := s.every / 3
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for {
		look, cancel := context.WithTimeout(ctx, pace)
		err := alive(look)
		cancel()
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			s.log.Error("watchdog: something stands still", "err", err)
		default:
			s.tell("WATCHDOG=1")
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// alive asks everything that a call needs and that could stand still whether it moves: the media threads, the goroutine of the
// queue, the writer of the journal. A database that is away is no reason to die: facts go to the spill file then.
func (r *rooms) alive(ctx context.Context) error {
	var all []error
	for what, ask := range map[string]func(context.Context) error{"media": r.media.Ping, "queue": r.board.Ping, "journal": r.journal.Ping} {
		if err := ask(ctx); err != nil {
			all = append(all, fmt.Errorf("%s: %w", what, err))
		}
	}
	return errors.Join(all...)
}

// stopping asks for the time that running calls may take.
func (s *supervisor) stopping(drain time.Duration) {
	s.tell(fmt.Sprintf("STOPPING=1\nEXTEND_TIMEOUT_USEC=%d", (drain + 20*time.Second).Microseconds()))
}
