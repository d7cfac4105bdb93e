package queue

import (
	"slices"
	"time"

	"dovidka/internal/call"
)

// Enough is how many handled calls make an estimate worth saying (prompt queue.wait).
const Enough = 10

// history is what the estimate learns from: the last handling times and the last waits.
type history struct {
	handling []time.Duration // talk + wrap-up of the last calls
	waits    []wait
}

type wait struct {
	took      time.Duration
	abandoned bool
}

const (
	keepHandled = 50
	keepWaits   = 200
)

func (h *history) handled(d time.Duration) { h.handling = push(h.handling, d, keepHandled) }

func (h *history) waited(d time.Duration, abandoned bool) {
	h.waits = push(h.waits, wait{d, abandoned}, keepWaits)
}

func push[T any](list []T, v T, most int) []T {
	list = append(list, v)
	if len(list) > most {
		list = slices.Delete(list, 0, len(list)-most)
	}
	return list
}

// aht is the mean handling time; reliable once Enough calls are known.
func (h *history) aht(assumed time.Duration) (mean time.Duration, reliable bool) {
	if len(h.handling) < Enough {
		return assumed, false
	}
	var sum time.Duration
	for _, d := range h.handling {
		sum += d
	}
	return sum / time.Duration(len(h.handling)), true
}

// theta is the rate at which one waiting caller gives up, per second.
func (h *history) theta() float64 {
	var gone int
	var sum time.Duration
	for _, w := range h.waits {
		sum += w.took
		if w.abandoned {
			gone++
		}
	}
	if sum <= 0 {
		return 0
	}
	return float64(gone) / sum.Seconds()
}

// Estimate is the expected wait of the caller at position p (from 1) with n agents on duty, mean handling time aht and
// abandonment rate theta per second: the sum over j=0..p-1 of 1/(n/aht + j*theta) (docs/metrics.md, "wait estimate").
// Without agents or without a handling time there is none: 0.
func Estimate(p, n int, aht time.Duration, theta float64) time.Duration {
	if p <= 0 || n <= 0 || aht <= 0 {
		return 0
	}
	served := float64(n) / aht.Seconds()
	var sum float64
	for j := range p {
		sum += 1 / (served + float64(j)*theta)
	}
	return time.Duration(sum * float64(time.Second))
}

// estimate for a waiting caller at position p: from the agents on the line, whatever they do just now.
func (s *State) estimate(p int) (time.Duration, bool) {
	aht, reliable := s.past.aht(s.cfg.AHT)
	n := 0
	for _, a := range s.agents {
		if a.Status == Ready && (a.Alive || a.Activity == Talking) {
			n++
		}
	}
	return Estimate(p, n, aht, s.past.theta()), reliable && n > 0
}

// Promise is what one caller was told so far; what is said next never rises.
type Promise struct {
	said     time.Duration
	position int
}

// Better keeps a position and tells whether it is news: the first one, or better than any said before.
func (p *Promise) Better(position int) bool {
	if p.position != 0 && position >= p.position {
		return false
	}
	p.position = position
	return true
}

// Wait gives the estimate to say: a fresh one, or the last one said if the fresh one is longer.
func (p *Promise) Wait(fresh time.Duration) time.Duration {
	if p.said == 0 || fresh < p.said {
		p.said = fresh
	}
	return p.said
}

// Minutes is an estimate as it is said: whole minutes, rounded up; 0 means "less than a minute".
func Minutes(d time.Duration) int {
	if d < time.Minute {
		return 0
	}
	return int((d + time.Minute - 1) / time.Minute)
}

// Waiting is a waiting caller in a snapshot.
type Waiting struct {
	Call     call.ID
	Topic    string
	Service  string
	Position int // from 1
	Since    time.Time
	Kept     time.Duration
	Agent    string        // being offered to
	Estimate time.Duration // expected wait from now
	Reliable bool          // the estimate stands on enough calls to be said
}

// Waited is the time waited for a person, all stays together.
func (w Waiting) Waited(now time.Time) time.Duration { return w.Kept + now.Sub(w.Since) }

// Snapshot is the queue at one moment; a copy that nobody changes.
type Snapshot struct {
	At      time.Time
	Waiting []Waiting
	Agents  []Agent // by login
}

// Snap copies the state.
func Snap(s *State) Snapshot {
	out := Snapshot{At: s.now}
	for i, w := range s.waiting {
		est, ok := s.estimate(i + 1)
		out.Waiting = append(out.Waiting, Waiting{
			Call: w.Call, Topic: w.Topic, Service: w.Service, Position: i + 1, Since: w.Since, Kept: w.Kept,
			Agent: w.Agent, Estimate: est, Reliable: ok,
		})
	}
	for _, a := range s.sorted() {
		out.Agents = append(out.Agents, *a)
	}
	return out
}

// Agent finds an agent; an unknown one is offline and idle.
func (s Snapshot) Agent(login string) Agent {
	for _, a := range s.Agents {
		if a.Login == login {
			return a
		}
	}
	return Agent{Login: login, Status: Offline, Activity: Idle}
}

// Caller finds a waiting caller.
func (s Snapshot) Caller(id call.ID) (Waiting, bool) {
	for _, w := range s.Waiting {
		if w.Call == id {
			return w, true
		}
	}
	return Waiting{}, false
}
