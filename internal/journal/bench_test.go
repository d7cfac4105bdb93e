package journal_test

import (
	"fmt"
	"testing"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/journal"
	"dovidka/internal/store/storetest"
)

// BenchmarkAppend is what one fact costs when it is waited for (an arrival) and when it is not.
func BenchmarkAppend(b *testing.B) {
	for _, waited := range []bool{true, false} {
		b.Run(fmt.Sprintf("waited=%v", waited), func(b *testing.B) {
			j, err := journal.New(storetest.SQLite(b), b.TempDir()+"/spill.jsonl", quiet)
			if err != nil {
				b.Fatal(err)
			}
			i := 0
			for b.Loop() {
				i++
				if f := arrived(call.ID(fmt.Sprint("c", i)), 0, ""); !waited && i%100 != 0 {
					j.AppendLater(f)
				} else if err := j.Append(ctx, f); err != nil {
					b.Fatal(err)
				}
			}
			if err := j.Stop(ctx); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// BenchmarkTotals reads a month of a middling centre: 13 000 calls.
func BenchmarkTotals(b *testing.B) {
	j, err := journal.New(storetest.SQLite(b), b.TempDir()+"/spill.jsonl", quiet)
	if err != nil {
		b.Fatal(err)
	}
	defer j.Stop(ctx)
	done := make(chan struct{})
	for i := range 13_000 {
		id := call.ID(fmt.Sprintf("c%05d", i))
		j.AppendLater(arrived(id, i, ""), fact(id, i+1, call.Answered), fact(id, i+40, call.HungUp))
		go func() { j.Close(ctx, id); done <- struct{}{} }()
	}
	for range 13_000 {
		<-done
	}
	for b.Loop() {
		if t, err := j.Totals(ctx, "2026-11", 30*time.Second); err != nil || t.Calls != 13_000 {
			b.Fatal(t.Calls, err)
		}
	}
}
