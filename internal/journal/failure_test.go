package journal_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"dovidka/internal/call"
	"dovidka/internal/journal"
	"dovidka/internal/store"
	"dovidka/internal/store/storetest"
)

// TestLockedDatabase: another program holds the file; facts go to the spill file, calls go on; afterwards all is replayed once.
func TestLockedDatabase(t *testing.T) {
	db := storetest.SQLite(t)
	spill := filepath.Join(t.TempDir(), "spill.jsonl")
	j := openSpill(t, db, spill)
	told := make(chan call.Fact, 100)
	j.OnCommit(func(f []call.Fact) {
		for _, x := range f {
			told <- x
		}
	})
	must(t, j.Append(ctx, arrived("a", 0, ""), fact("a", 1, call.Answered)))

	other, err := sql.Open("sqlite3", "file:"+db.Path()+"?_txlock=immediate")
	must(t, err)
	defer other.Close()
	lock, err := other.Begin()
	must(t, err)

	began := time.Now()
	must(t, j.Append(ctx, fact("a", 2, call.Connected)))
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("the first fact waited %v", took)
	}
	if j.Healthy() {
		t.Error("healthy while the database is locked")
	}
	must(t, j.Append(ctx, arrived("b", 3, "")))
	must(t, j.Append(ctx, fact("a", 9, call.HungUp)))
	r, err := j.Close(ctx, "a")
	must(t, err)
	if r.Outcome != call.OutServed || r.Talk != 7*time.Second {
		t.Errorf("closed from memory: %+v", r)
	}
	if kept, _ := os.ReadFile(spill); strings.Count(string(kept), "\n") != 3 {
		t.Errorf("spill file: %s", kept)
	}

	must(t, lock.Rollback())
	eventually(t, "the database is used again", j.Healthy)
	must(t, j.Append(ctx, fact("b", 4, call.Cancelled)))
	_, err = j.Close(ctx, "b")
	must(t, err)
	for id, want := range map[call.ID]string{"a": "1:arrived 2:answered 3:connected 4:hung_up", "b": "1:arrived 2:cancelled"} {
		s, err := j.Story(ctx, id)
		must(t, err)
		if s.Open || kinds(s.Facts) != want {
			t.Errorf("%s: open %v, %s", id, s.Open, kinds(s.Facts))
		}
	}
	if len(told) != 6 {
		t.Errorf("%d facts told, want each of 6 once", len(told))
	}
	if _, err := os.Stat(spill); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("spill file after the replay: %v", err)
	}
	if n, err := j.Recover(ctx, start); n != 0 || err != nil {
		t.Errorf("left open: %d %v", n, err)
	}
}

// TestWriterHoldsTheTurn: a long transaction of another room makes the journal spill too, never wait for ever.
func TestWriterHoldsTheTurn(t *testing.T) {
	db := storetest.SQLite(t)
	j := open(t, db)
	err := db.Tx(ctx, func(_ context.Context, _ bun.Tx) error { return j.Append(ctx, arrived("a", 0, "")) })
	must(t, err)
	eventually(t, "the replay", j.Healthy)
	s, err := j.Story(ctx, "a")
	must(t, err)
	if kinds(s.Facts) != "1:arrived" {
		t.Error(kinds(s.Facts))
	}
}

// TestNoDiskAtAll: neither database nor spill file: the caller is told, the facts are kept and written when there is room again.
func TestNoDiskAtAll(t *testing.T) {
	blocked := filepath.Join(t.TempDir(), "blocked")
	must(t, os.WriteFile(blocked, nil, 0o600))
	spill := filepath.Join(blocked, "spill.jsonl")
	j := openSpill(t, nil, spill)
	if err := j.Append(ctx, arrived("a", 0, "")); err == nil {
		t.Error("a fact that stands nowhere was acknowledged")
	}
	must(t, os.Remove(blocked))
	must(t, j.Append(ctx, fact("a", 1, call.Answered)))
	if kept, _ := os.ReadFile(spill); strings.Count(string(kept), "\n") != 2 {
		t.Errorf("spill file: %s", kept)
	}
}

// killEnv tells the test binary to be the program that is killed; its value is the data folder.
const killEnv = "DOVIDKA_JOURNAL_KILL"

// TestKillNine kills a program that writes as fast as it can: what it acknowledged is there, and every call gets its record.
func TestKillNine(t *testing.T) {
	if dir := os.Getenv(killEnv); dir != "" {
		writeUntilKilled(t, dir)
		return
	}
	dir := t.TempDir()
	for round := range 3 {
		acked := killedRun(t, dir, 20+30*round)
		db, err := store.Open(ctx, "sqlite:"+filepath.Join(dir, "dovidka.db"))
		must(t, err)
		j, err := journal.New(db, filepath.Join(dir, "spill.jsonl"), quiet)
		must(t, err)
		n, err := j.Recover(ctx, start.Add(time.Hour))
		must(t, err)
		for _, a := range acked {
			s, err := j.Story(ctx, a)
			must(t, err)
			if s.Open || s.Record.Outcome != call.OutServed || !strings.HasPrefix(kinds(s.Facts), "1:arrived 2:answered 3:connected") {
				t.Errorf("%s: open %v, %s, %s", a, s.Open, s.Record.Outcome, kinds(s.Facts))
			}
		}
		t.Logf("round %d: %d acknowledged, %d closed after the restart", round, len(acked), n)
		if n == 0 {
			t.Error("nothing was left open: the test no longer kills in mid-call")
		}
		must(t, j.Stop(ctx))
		must(t, db.Close())
	}
}

// killedRun starts the program, reads what it acknowledges, kills it after n calls and gives these.
func killedRun(t *testing.T, dir string, n int) (acked []call.ID) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKillNine$")
	cmd.Env = append(os.Environ(), killEnv+"="+dir)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		id, ok := strings.CutPrefix(lines.Text(), "ack ")
		if !ok {
			continue
		}
		if acked = append(acked, call.ID(id)); len(acked) == n {
			must(t, cmd.Process.Kill())
		}
	}
	if cmd.Wait() == nil {
		t.Fatal("the program ended by itself")
	}
	return acked
}

// writeUntilKilled is the program: calls that arrive, are answered and connected, each acknowledged on standard output when its
// facts are said to be on the disk. Every fourth is closed.
func writeUntilKilled(t *testing.T, dir string) {
	db, err := store.Open(ctx, "sqlite:"+filepath.Join(dir, "dovidka.db"))
	must(t, err)
	j, err := journal.New(db, filepath.Join(dir, "spill.jsonl"), quiet)
	must(t, err)
	for i := 0; ; i++ {
		id := call.NewID(time.Now())
		j.AppendLater(arrived(id, 0, ""), fact(id, 1, call.Answered))
		must(t, j.Append(ctx, fact(id, 2, call.Connected)))
		if i%4 == 0 {
			_, err := j.Close(ctx, id)
			must(t, err)
		}
		fmt.Println("ack", id)
	}
}

// TestTurnedAway: a refused call is one commit with its record, also while the database is away, and is computed anew by a late fact.
func TestTurnedAway(t *testing.T) {
	db := storetest.SQLite(t)
	j := open(t, db)
	refusal := func(id call.ID) {
		over := fact(id, 0, call.Overloaded)
		over.Cause = "503"
		j.TurnedAway(arrived(id, 0, "+380671234567"), over)
	}
	for i := range 300 {
		refusal(call.ID(fmt.Sprintf("busy-%03d", i)))
	}
	must(t, j.Append(ctx, arrived("other", 0, ""))) // the writer has passed the others
	page, err := j.List(ctx, journal.Filter{Day: "2026-11-23"})
	must(t, err)
	if len(page.Calls) == 0 || page.Calls[0].Outcome != call.OutOverload || page.Calls[0].Cause != "503" {
		t.Fatalf("%+v", page)
	}
	n := 0
	must(t, db.NewSelect().TableExpr("records").ColumnExpr("count(*)").Where("outcome = ?", string(call.OutOverload)).Scan(ctx, &n))
	if n != 300 {
		t.Errorf("%d records of 300 refusals", n)
	}
	must(t, db.NewSelect().TableExpr("open_calls").ColumnExpr("count(*)").Scan(ctx, &n))
	if n != 1 {
		t.Errorf("%d calls stand open, one is", n)
	}
	must(t, j.Append(ctx, fact("busy-000", 1, call.Pressed)))
	s, err := j.Story(ctx, "busy-000")
	must(t, err)
	if len(s.Facts) != 3 || s.Record.Outcome != call.OutOverload {
		t.Errorf("%+v", s)
	}
	away := open(t, nil)
	away.TurnedAway(arrived("gone", 0, ""), fact("gone", 0, call.Overloaded))
	must(t, away.Append(ctx, arrived("more", 0, "")))
}
