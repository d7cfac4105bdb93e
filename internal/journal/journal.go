// Package journal owns the facts and the records of calls: what happened, in order, and how it ended.
//
// Invariants:
//   - facts are appended and never edited; a record is computed from them by call.Close and computed anew when a late fact comes;
//   - Append returns when the facts are in the database or, if that fails or is locked too long, in the spill file, fsynced;
//   - the spill file is replayed into the database exactly once (a fact is known by its call and Seq);
//   - after Recover every call in the journal has a record, with exactly one outcome (docs/metrics.md, regulation 2.2);
//   - the index of recordings follows their facts in the same transaction; a recording whose sound is deleted stays in it;
//   - one goroutine writes. Facts committed together are told to OnCommit together, after the commit, in order.
package journal

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/fault"
	"dovidka/internal/store"
)

// Journal is the room's door. Its methods may be called by anybody at any time.
type Journal struct {
	db    *store.DB // nil in emergency mode
	log   *slog.Logger
	now   func() time.Time
	zone  *time.Location
	spill *spill

	mu       sync.Mutex
	jobs     []job
	urgent   bool          // somebody waits for one of jobs
	stopping bool          // no more jobs are taken
	stopped  chan struct{} // closed when the writer has ended
	wake     chan struct{} // jobs has grown
	onCommit func([]call.Fact)
	healthy  bool
}

// job is one order to the writer: facts to append, a call to close, or a piece of work that only the writer may do.
type job struct {
	facts []call.Fact
	close call.ID
	do    func(context.Context, *writer) (int, error)
	done  chan answer // nil: nobody waits
}

type answer struct {
	record call.Record
	n      int
	err    error
}

// New starts the writer. db may be nil (emergency mode): facts then go to the spill file only.
func New(db *store.DB, spillPath string, log *slog.Logger) (*Journal, error) {
	zone, err := time.LoadLocation("Europe/Kyiv")
	if err != nil {
		return nil, fmt.Errorf("journal: time zone: %w", err)
	}
	j := &Journal{
		db: db, log: log.With("topic", "journal"), now: time.Now, zone: zone, spill: &spill{path: spillPath},
		stopped: make(chan struct{}), wake: make(chan struct{}, 1), healthy: db != nil,
	}
	go newWriter(j).run()
	return j, nil
}

// OnCommit names who is told of facts that have reached the disk; called by the writer, in order, so it must not wait for the
// journal. Set it before the first Append.
func (j *Journal) OnCommit(fn func([]call.Fact)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.onCommit = fn
}

// Append writes facts and returns when they are on the disk. A fact without Seq or At gets them. When ctx ends first the facts are
// written all the same.
func (j *Journal) Append(ctx context.Context, facts ...call.Fact) error {
	facts, err := j.clean(facts)
	if err != nil {
		return err
	}
	a := j.ask(ctx, job{facts: facts})
	if a.err != nil {
		return fmt.Errorf("journal: append: %w", a.err)
	}
	return nil
}

// AppendLater hands facts to the next group and returns at once: sound and signalling never wait for the disk.
func (j *Journal) AppendLater(facts ...call.Fact) {
	facts, err := j.clean(facts)
	if err == nil {
		err = j.put(job{facts: facts})
	}
	if err != nil {
		j.log.Error("facts lost", "err", err, "count", len(facts))
	}
}

// TurnedAway writes a call that is over with its first facts, such as one refused in an overload, and its record in the same commit.
// It returns at once: a refusal must cost less than a call.
func (j *Journal) TurnedAway(facts ...call.Fact) {
	facts, err := j.clean(facts)
	if err == nil {
		err = j.put(job{facts: facts, close: facts[0].Call})
	}
	if err != nil {
		j.log.Error("facts lost", "err", err, "count", len(facts))
	}
}

// Close computes and stores the record of a call; a second time it answers the same. fault.NotFound when there is no fact of it.
func (j *Journal) Close(ctx context.Context, id call.ID) (call.Record, error) {
	a := j.ask(ctx, job{close: id})
	if a.err != nil {
		return call.Record{}, fmt.Errorf("journal: close %s: %w", id, a.err)
	}
	return a.record, nil
}

// Recover replays what an earlier run left in the spill file and closes every call without a record from its facts, with a
// Restarted fact at now. It gives how many it closed. Call it once, before calls are taken.
func (j *Journal) Recover(ctx context.Context, now time.Time) (n int, err error) {
	a := j.ask(ctx, job{do: func(ctx context.Context, w *writer) (int, error) { return w.recoverCalls(ctx, now) }})
	if a.err != nil {
		return a.n, fmt.Errorf("journal: recover: %w", a.err)
	}
	return a.n, nil
}

// Healthy tells whether facts reach the database (false: they go to the spill file).
func (j *Journal) Healthy() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.healthy
}

// Ping tells whether the writer moves: it must come to an order put now before ctx ends. Whether the database takes its facts is
// Healthy's to tell.
func (j *Journal) Ping(ctx context.Context) error {
	return j.ask(ctx, job{do: func(context.Context, *writer) (int, error) { return 0, nil }}).err
}

// Stop writes what is queued and ends the writer; later orders are refused. Stopping twice is harmless.
func (j *Journal) Stop(ctx context.Context) error {
	j.mu.Lock()
	j.stopping = true
	j.mu.Unlock()
	j.nudge()
	select {
	case <-j.stopped:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("journal: stop: %w", context.Cause(ctx))
	}
}

// put queues a job.
func (j *Journal) put(o job) error {
	j.mu.Lock()
	if j.stopping {
		j.mu.Unlock()
		return fault.New(fault.Internal, "Журнал уже зупинено.")
	}
	j.jobs = append(j.jobs, o)
	j.urgent = j.urgent || o.done != nil
	j.mu.Unlock()
	j.nudge()
	return nil
}

func (j *Journal) nudge() {
	select {
	case j.wake <- struct{}{}:
	default:
	}
}

// ask queues a job and waits for its answer.
func (j *Journal) ask(ctx context.Context, o job) answer {
	o.done = make(chan answer, 1)
	if err := j.put(o); err != nil {
		return answer{err: err}
	}
	select {
	case a := <-o.done:
		return a
	case <-ctx.Done():
		return answer{err: context.Cause(ctx)}
	}
}

// clean gives copies of facts that any database takes: dated, in UTC to the microsecond, texts without what PostgreSQL refuses.
func (j *Journal) clean(facts []call.Fact) ([]call.Fact, error) {
	out := make([]call.Fact, len(facts))
	for i, f := range facts {
		if f.Call == "" {
			return nil, fault.Wrap(fault.Invalid, "Подія без дзвінка.", fmt.Errorf("fact %s without a call", f.Kind))
		}
		if f.At.IsZero() {
			f.At = j.now()
		}
		f.At = f.At.UTC().Truncate(time.Microsecond)
		f.Call, f.Kind = call.ID(plain(string(f.Call))), call.Kind(plain(string(f.Kind)))
		f.From, f.To = call.Number(plain(string(f.From))), call.Number(plain(string(f.To)))
		f.Agent, f.Name, f.Value, f.Cause = plain(f.Agent), plain(f.Name), plain(f.Value), plain(f.Cause)
		f.Share, f.Seconds = finite(f.Share), finite(f.Seconds)
		out[i] = f
	}
	return out, nil
}

func plain(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "�"), "\x00", "")
}

func finite(x float64) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	return x
}
