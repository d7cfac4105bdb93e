package journal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"dovidka/internal/call"
	"dovidka/internal/fault"
)

const (
	gather     = 10 * time.Millisecond // facts nobody waits for are gathered so long before they are committed
	dbBound    = 2 * time.Second       // a commit that takes longer has failed: the facts go to the spill file
	retryPace  = time.Second           // how often a failed database is tried again
	groupBound = 2000                  // facts and closings in one commit; more wait for the next
	closeCost  = 10                    // facts that closing a call counts for
	keepKnown  = 4096                  // closed calls remembered for late facts; older ones are looked up
	spillSeq   = 1 << 20               // first Seq for facts of a call about which the failed database cannot be asked
)

// known is what the writer knows of one call.
type known struct {
	last   int         // highest Seq given
	facts  []call.Fact // of a call that goes on; nil after its close
	closed bool
	marked bool // stands in open_calls
	guess  bool // made while the database could not be asked
}

// writer is the one goroutine that writes; everything in it is its own.
type writer struct {
	j       *Journal
	calls   map[call.ID]*known
	order   []call.ID // closed calls, oldest first
	pending []call.ID // closed while the database failed: their records are still to be stored
	unsaved []call.Fact
	down    bool
	retry   *time.Timer
}

func newWriter(j *Journal) *writer {
	w := &writer{j: j, calls: map[call.ID]*known{}, down: j.db == nil, retry: time.NewTimer(retryPace)}
	w.retry.Stop()
	return w
}

// run takes groups of jobs until the journal is stopped and nothing is queued.
func (w *writer) run() {
	defer close(w.j.stopped)
	defer w.j.spill.close()
	for {
		select {
		case <-w.j.wake:
		case <-w.retry.C:
			w.tryAgain()
		}
		jobs, stop := w.j.take()
		if !stop && len(jobs) > 0 && !urgent(jobs) {
			jobs = append(jobs, w.gatherMore()...)
		}
		w.group(jobs)
		if stop && len(jobs) == 0 {
			if err := w.writeSpill(nil); err != nil {
				w.j.log.Error("facts lost at the end of the program", "err", err, "count", len(w.unsaved))
			}
			return
		}
		if stop {
			w.j.nudge()
		}
	}
}

// take gives the next jobs of the queue: all, unless so many that one commit of them would be slow.
func (j *Journal) take() (jobs []job, stop bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	n, facts := 0, 0
	for n < len(j.jobs) && facts < groupBound {
		facts += 1 + len(j.jobs[n].facts)
		if j.jobs[n].close != "" {
			facts += closeCost
		}
		n++
	}
	jobs, j.jobs = j.jobs[:n:n], j.jobs[n:]
	if len(j.jobs) == 0 {
		j.jobs, j.urgent = nil, false
	} else {
		j.nudge()
	}
	return jobs, j.stopping
}

func urgent(jobs []job) bool {
	return slices.ContainsFunc(jobs, func(o job) bool { return o.done != nil })
}

// gatherMore waits for more facts to commit together, until somebody waits for his.
func (w *writer) gatherMore() []job {
	over := time.NewTimer(gather)
	defer over.Stop()
	for {
		select {
		case <-over.C:
			jobs, _ := w.j.take()
			return jobs
		case <-w.j.wake:
			w.j.mu.Lock()
			now := w.j.urgent || w.j.stopping
			w.j.mu.Unlock()
			if now {
				jobs, _ := w.j.take()
				w.j.nudge() // a stop must be seen again
				return jobs
			}
		}
	}
}

// group writes one group of jobs: all facts in one commit, then the records of the calls that were closed, in the same one.
func (w *writer) group(jobs []job) {
	var facts []call.Fact
	var closing []call.ID
	for _, o := range jobs {
		facts = append(facts, o.facts...)
		if o.close != "" {
			closing = append(closing, o.close)
		}
	}
	var err error
	records := map[call.ID]call.Record{}
	if len(facts)+len(closing) > 0 {
		err = w.write(facts, closing, records)
	}
	for _, o := range jobs {
		a := answer{err: err}
		switch {
		case o.do != nil:
			a.n, a.err = o.do(context.Background(), w)
		case o.close != "" && err == nil:
			r, ok := records[o.close]
			if a.record = r; !ok {
				a.err = fault.New(fault.NotFound, "Такого дзвінка немає в журналі.")
			}
		}
		if o.done != nil {
			o.done <- a
		}
	}
}

// write numbers facts and brings them to the disk, in the database or else in the spill file, and tells them.
func (w *writer) write(facts []call.Fact, closing []call.ID, records map[call.ID]call.Record) error {
	err := errors.New("database is away")
	if !w.down {
		ctx, cancel := context.WithTimeout(context.Background(), dbBound)
		w.number(ctx, facts)
		err = w.commit(ctx, facts, closing, records)
		cancel()
		if err != nil {
			w.goDown(err)
		}
	} else {
		w.number(context.Background(), facts)
	}
	if err != nil {
		if err = w.writeSpill(facts); err != nil {
			w.j.log.Error("facts could be written neither to the database nor to the spill file; kept in memory", "err", err, "count", len(facts))
		}
		w.closeFromMemory(facts, closing, records)
	}
	w.remember(facts, records)
	w.j.mu.Lock()
	tell := w.j.onCommit
	w.j.mu.Unlock()
	if tell != nil && len(facts) > 0 && err == nil {
		tell(facts)
	}
	return err
}

// number gives every fact its Seq: one more than the last of its call.
func (w *writer) number(ctx context.Context, facts []call.Fact) {
	for i := range facts {
		f := &facts[i]
		k := w.known(ctx, f.Call, f.Kind == call.Arrived)
		if f.Seq <= 0 {
			f.Seq = k.last + 1
		}
		k.last = max(k.last, f.Seq)
	}
}

// known gives what is known of a call, from the database when it is none of this run's.
func (w *writer) known(ctx context.Context, id call.ID, fresh bool) *known {
	k := w.calls[id]
	if k != nil {
		return k
	}
	k = &known{}
	w.calls[id] = k
	if fresh {
		return k
	}
	if w.down {
		k.last, k.guess = spillSeq, true
		return k
	}
	facts, err := factsOf(ctx, w.j.db, id)
	if err == nil {
		k.closed, err = hasRecord(ctx, w.j.db, id)
	}
	if err != nil {
		k.last, k.guess = spillSeq, true
		return k
	}
	k.facts = facts
	if len(facts) > 0 {
		k.last = facts[len(facts)-1].Seq
	}
	return k
}

// commit writes facts and records in one transaction. Calls that are closed already and got new facts are computed anew.
func (w *writer) commit(ctx context.Context, facts []call.Fact, closing []call.ID, records map[call.ID]call.Record) error {
	return w.j.db.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := insertFacts(ctx, tx, facts); err != nil {
			return err
		}
		again := slices.Clone(closing)
		slices.Sort(again)
		for _, f := range facts {
			k := w.calls[f.Call]
			switch _, over := slices.BinarySearch(again[:len(closing)], f.Call); {
			case k.closed:
				again = append(again, f.Call)
			case !k.marked && !over:
				if err := putOpen(ctx, tx, f.Call); err != nil {
					return err
				}
				k.marked = true
			}
		}
		slices.Sort(again)
		for _, id := range slices.Compact(again) {
			if err := w.closeCall(ctx, tx, id, facts, records); err != nil {
				return err
			}
		}
		return nil
	})
}

// closeCall stores the record of a call: from the facts in memory when they are all there, as those of a call of this run are, else
// from the database.
func (w *writer) closeCall(ctx context.Context, tx bun.IDB, id call.ID, facts []call.Fact, records map[call.ID]call.Record) error {
	k := w.calls[id]
	if k == nil || k.closed || k.guess {
		return compute(ctx, tx, id, records)
	}
	all := slices.Clone(k.facts)
	for _, f := range facts {
		if f.Call == id {
			all = append(all, f)
		}
	}
	if len(all) == 0 {
		return compute(ctx, tx, id, records)
	}
	r := call.Close(all)
	records[id] = r
	return newRecord(ctx, tx, r, k.marked)
}

// compute stores the record of a call from its facts in the database. A call without facts gets none.
func compute(ctx context.Context, tx bun.IDB, id call.ID, records map[call.ID]call.Record) error {
	facts, err := factsOf(ctx, tx, id)
	if err != nil || len(facts) == 0 {
		return err
	}
	r := call.Close(facts)
	records[id] = r
	return putRecord(ctx, tx, r)
}

// closeFromMemory computes records while the database is away; they are stored when it is back.
func (w *writer) closeFromMemory(facts []call.Fact, closing []call.ID, records map[call.ID]call.Record) {
	clear(records)
	for _, id := range closing {
		all := slices.Clone(w.known(context.Background(), id, false).facts)
		for _, f := range facts {
			if f.Call == id {
				all = append(all, f)
			}
		}
		if len(all) > 0 {
			records[id] = call.Close(all)
			if w.j.db != nil {
				w.pending = append(w.pending, id)
			}
		}
	}
}

// remember keeps the facts of calls that go on, and forgets the oldest that are closed.
func (w *writer) remember(facts []call.Fact, records map[call.ID]call.Record) {
	for _, f := range facts {
		if k := w.calls[f.Call]; !k.closed {
			k.facts = append(k.facts, f)
		}
	}
	for id := range records {
		k := w.calls[id]
		if k == nil { // closed anew long after its end: asked of the database if more comes
			continue
		}
		if !w.down {
			k.facts = nil
		}
		if !k.closed {
			k.closed = true
			w.order = append(w.order, id)
		}
	}
	for len(w.order) > keepKnown {
		delete(w.calls, w.order[0])
		w.order = w.order[1:]
	}
}

// goDown turns to the spill file and raises the alarm.
func (w *writer) goDown(err error) {
	w.down = true
	w.setHealthy(false)
	w.retry.Reset(retryPace)
	w.j.log.Error("alarm: the database takes no facts; they go to the spill file", "err", err)
}

func (w *writer) setHealthy(ok bool) {
	w.j.mu.Lock()
	defer w.j.mu.Unlock()
	w.j.healthy = ok
}

// writeSpill brings facts into the spill file, with those that even it did not take before.
func (w *writer) writeSpill(facts []call.Fact) error {
	w.unsaved = append(w.unsaved, facts...)
	if len(w.unsaved) == 0 {
		return nil
	}
	if err := w.j.spill.write(w.unsaved); err != nil {
		return err
	}
	w.unsaved = nil
	return nil
}

// tryAgain tries the failed database; when it is back everything that was spilled is replayed.
func (w *writer) tryAgain() {
	if !w.down || w.j.db == nil {
		return
	}
	n, err := w.replay(context.Background())
	if err != nil {
		w.retry.Reset(retryPace)
		return
	}
	w.down = false
	for id, k := range w.calls {
		if k.guess {
			delete(w.calls, id)
		}
	}
	w.setHealthy(true)
	w.j.log.Info("the database is back; spilled facts replayed", "count", n)
}

// replay commits the facts of the spill file and of memory once, with the records that wait, and drops the file.
func (w *writer) replay(ctx context.Context) (int, error) {
	facts, bad, err := w.j.spill.read()
	if err != nil {
		return 0, err
	}
	facts = append(facts, w.unsaved...)
	ctx, cancel := context.WithTimeout(ctx, 60*dbBound)
	defer cancel()
	err = w.j.db.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := insertFacts(ctx, tx, facts); err != nil {
			return err
		}
		return w.settle(ctx, tx, facts)
	})
	if err != nil {
		return 0, fmt.Errorf("replay: %w", err)
	}
	w.unsaved, w.pending = nil, nil
	if bad > 0 {
		w.j.log.Error("lines of the spill file cannot be read; it is kept", "count", bad)
	}
	return len(facts), w.j.spill.drop(bad, w.j.now())
}

// settle stores records after a replay: of calls that are closed, or wait to be; the others stay open.
func (w *writer) settle(ctx context.Context, tx bun.IDB, facts []call.Fact) error {
	again := slices.Clone(w.pending)
	for _, f := range facts {
		again = append(again, f.Call)
	}
	slices.Sort(again)
	for _, id := range slices.Compact(again) {
		closed, err := hasRecord(ctx, tx, id)
		if err != nil {
			return err
		}
		if closed || slices.Contains(w.pending, id) {
			err = compute(ctx, tx, id, map[call.ID]call.Record{})
		} else {
			err = putOpen(ctx, tx, id)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// recoverCalls replays the spill file and closes every call that an earlier run left open.
func (w *writer) recoverCalls(ctx context.Context, now time.Time) (int, error) {
	if w.j.db == nil {
		return 0, nil
	}
	if n, err := w.replay(ctx); err != nil {
		return 0, err
	} else if n > 0 {
		w.j.log.Info("facts of the spill file replayed", "count", n)
	}
	var open []openRow
	if err := w.j.db.NewSelect().Model(&open).Order("call").Scan(ctx); err != nil {
		return 0, fmt.Errorf("open calls: %w", err)
	}
	n := 0
	for _, o := range open {
		if err := w.closeLeft(ctx, call.ID(o.Call), now); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// closeLeft closes one call that was going on when the program ended.
func (w *writer) closeLeft(ctx context.Context, id call.ID, now time.Time) error {
	delete(w.calls, id)
	return w.j.db.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		facts, err := factsOf(ctx, tx, id)
		if err != nil {
			return err
		}
		seq := 1
		if len(facts) > 0 {
			seq = facts[len(facts)-1].Seq + 1
		}
		restarted := call.Fact{Call: id, Seq: seq, At: now.UTC(), Kind: call.Restarted}
		if err := insertFacts(ctx, tx, []call.Fact{restarted}); err != nil {
			return err
		}
		return compute(ctx, tx, id, map[call.ID]call.Record{})
	})
}
