package queue

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dovidka/internal/call"
)

func TestDeskKeepsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []Order
		var gone atomic.Bool
		var log bytes.Buffer
		d := NewDesk(Options{
			Orders: func(o []Order) { got = append(got, o...) },
			Live:   func() map[call.ID]bool { return map[call.ID]bool{"c1": !gone.Load()} },
			Log:    slog.New(slog.NewTextHandler(&log, nil)),
		})
		ctx, cancel := context.WithCancel(t.Context())
		go d.Run(ctx)
		d.Do(Reach{"olena", true})
		d.Do(SetStatus{"olena", Ready, ""})
		if _, ok := find[Offer](d.Do(Enter{Call: "c1"})); !ok {
			t.Fatal("no offer")
		}
		time.Sleep(20*time.Second + time.Millisecond)
		synctest.Wait()
		if o, ok := find[Revoke](got); !ok || o.Cause != CauseNoAnswer {
			t.Fatalf("the desk slept through the deadline: %+v", got)
		}
		gone.Store(true) // the call vanished without a word
		time.Sleep(watch + time.Second)
		synctest.Wait()
		if n := len(d.Snapshot().Waiting); n != 0 {
			t.Fatalf("%d ghosts wait", n)
		}
		if !strings.Contains(log.String(), "alarm: healed") {
			t.Fatalf("no alarm:\n%s", log.String())
		}
		cancel()
		synctest.Wait()
		if d.Do(Tick{}) != nil {
			t.Fatal("a stopped desk answered")
		}
	})
}

func TestStuckIsSeen(t *testing.T) {
	b := newBench(t, "olena")
	b.do(Enter{Call: "c1"})
	// A state that Step cannot make: the offer forgotten on both sides.
	b.s.waiting[0].Agent = ""
	a := b.s.agents["olena"]
	a.Activity, a.Call, a.Until = Idle, "", time.Time{}
	if Stuck(b.s, b.now.Add(2*time.Second), watch) || !Stuck(b.s, b.now.Add(3*time.Second), watch) {
		t.Fatal("the watchdog sleeps")
	}
	want[Offer](b, b.do(Reconcile{map[call.ID]bool{"c1": true}}))
}
