package app

import (
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"syscall"
)

// tellOfSelf answers two signals until ctx ends, for whoever measures the running program: only its own user and root may send them,
// so nothing has to listen. SIGUSR1 collects the garbage and writes one log line of what is in use; SIGUSR2 also writes the profiles
// of heap and goroutines into the data folder, where nobody else reads.
func (r *rooms) tellOfSelf(ctx context.Context) {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1, syscall.SIGUSR2)
	defer signal.Stop(asked)
	for {
		select {
		case <-ctx.Done():
			return
		case s := <-asked:
			r.tellSelf()
			if s == syscall.SIGUSR2 {
				if err := writeProfiles(filepath.Join(r.conf.Data, "profile")); err != nil {
					r.log.Error("profiles", "err", err)
				}
			}
		}
	}
}

func (r *rooms) tellSelf() {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	legs, sip := 0, 0
	if r.media != nil {
		legs = r.media.Legs()
	}
	if r.sip != nil {
		sip = r.sip.Calls()
	}
	r.log.Info("self", "goroutines", runtime.NumGoroutine(), "heap_kb", m.HeapAlloc>>10, "stacks_kb", m.StackInuse>>10, "heap_kept_kb", (m.HeapSys-m.HeapReleased)>>10,
		"collections", m.NumGC, "calls", r.board.Calls(), "sip_legs", sip, "media_legs", legs)
}

func writeProfiles(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for _, name := range []string{"heap", "goroutine"} {
		f, err := os.OpenFile(filepath.Join(dir, name+".pprof"), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		if err := pprof.Lookup(name).WriteTo(f, 0); err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}
