package speech

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"dovidka/internal/fault"
)

// Prepare renders all texts that are not kept yet, many sentences in one engine process, so that a call never waits for an
// engine. progress (may be nil) is told how many sentences are there, of how many; it is never called twice at once. A text
// that cannot be spoken does not stop the others; all such errors come back joined.
func (s *Studio) Prepare(ctx context.Context, texts []string, progress func(done, total int)) error {
	var all []string
	var errs []error
	seen := map[string]bool{}
	for _, t := range texts {
		lines, err := sentences(t)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for _, l := range lines {
			if !seen[l] {
				seen[l] = true
				all = append(all, l)
			}
		}
	}
	i := slices.IndexFunc(s.engines, s.usable)
	if i < 0 {
		return errors.Join(append(errs, fault.New(fault.Internal, "Немає жодного голосового рушія: встановіть rhvoice або espeak-ng."))...)
	}
	first := s.engines[i]
	var todo []string
	for _, l := range all {
		if !s.cache.has(key(first, l)) {
			todo = append(todo, l)
		}
	}
	w := &work{studio: s, engine: first, total: len(all), done: len(all) - len(todo), progress: progress, errs: errs}
	w.tell(0)
	w.run(patient(ctx), todo)
	return errors.Join(w.errs...)
}

// work is one Prepare.
type work struct {
	studio   *Studio
	engine   engine
	progress func(done, total int)

	mu          sync.Mutex
	done, total int
	errs        []error
}

// tell adds finished sentences and reports.
func (w *work) tell(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done += n
	if w.progress != nil {
		w.progress(w.done, w.total)
	}
}

// run hands batches to as many workers as engine processes may run.
func (w *work) run(ctx context.Context, todo []string) {
	batches := make(chan []string)
	var workers sync.WaitGroup
	for range processes {
		workers.Go(func() {
			for b := range batches {
				w.batch(ctx, b)
			}
		})
	}
	for b := range slices.Chunk(todo, max(1, min(w.engine.batch(), len(todo)/processes+1))) {
		if ctx.Err() != nil {
			break
		}
		batches <- b
	}
	close(batches)
	workers.Wait()
	if err := ctx.Err(); err != nil {
		w.errs = append(w.errs, fmt.Errorf("speech: prepare: %w", err))
	}
}

// batch renders sentences in one process; those that fail their checks are tried alone, by every engine.
func (w *work) batch(ctx context.Context, lines []string) {
	sounds, err := w.studio.speak(ctx, w.engine, lines)
	for i, l := range lines {
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			alaw, m, bad := finish(w.engine, l, sounds[i])
			if bad == nil && w.studio.cache.put(key(w.engine, l), alaw, m) == nil {
				w.tell(1)
				continue
			}
		}
		if _, _, bad := w.studio.sentence(ctx, l); bad != nil {
			w.mu.Lock()
			w.errs = append(w.errs, bad)
			w.mu.Unlock()
		}
		w.tell(1)
	}
}
