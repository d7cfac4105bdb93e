package journal_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/fault"
	"dovidka/internal/journal"
	"dovidka/internal/store"
	"dovidka/internal/store/storetest"
)

var (
	ctx   = context.Background()
	start = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	quiet = slog.New(slog.DiscardHandler)
)

func open(t *testing.T, db *store.DB) *journal.Journal {
	t.Helper()
	return openSpill(t, db, filepath.Join(t.TempDir(), "spill.jsonl"))
}

func openSpill(t *testing.T, db *store.DB, spill string) *journal.Journal {
	t.Helper()
	j, err := journal.New(db, spill, quiet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Stop(ctx) })
	return j
}

// eventually polls until ok, for what another goroutine or process does.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within 15 s", what)
		}
	}
}

func fact(id call.ID, s int, k call.Kind) call.Fact {
	return call.Fact{Call: id, At: start.Add(time.Duration(s) * time.Second), Kind: k}
}

func arrived(id call.ID, s int, from call.Number) call.Fact {
	f := fact(id, s, call.Arrived)
	f.From, f.To, f.Name = from, "+380800353608", "sip"
	return f
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func kinds(facts []call.Fact) string {
	var k []string
	for _, f := range facts {
		k = append(k, fmt.Sprintf("%d:%s", f.Seq, f.Kind))
	}
	return strings.Join(k, " ")
}

func TestOneCall(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		j := open(t, db)
		var mu sync.Mutex
		var told []call.Fact
		j.OnCommit(func(f []call.Fact) { mu.Lock(); told = append(told, f...); mu.Unlock() })
		must(t, j.Append(ctx, arrived("a", 0, "+380671234567")))
		heard := fact("a", 5, call.Heard)
		heard.Name, heard.Share, heard.Value = "service:x/summary", 0.75, "it's \x00 a \xff 'quote' \\ ; ї"
		j.AppendLater(fact("a", 1, call.Answered), heard)
		over := fact("a", 9, call.HungUp)
		over.Seconds, over.Share = math.NaN(), math.Inf(1) // no database takes these
		j.AppendLater(over)
		if s, err := j.Story(ctx, "a"); err != nil || !s.Open || s.Record.Outcome != "" {
			t.Errorf("while it goes on: %+v %v", s, err)
		}
		r, err := j.Close(ctx, "a")
		must(t, err)
		again, err := j.Close(ctx, "a")
		must(t, err)
		s, err := j.Story(ctx, "a")
		must(t, err)
		for _, got := range []call.Record{again, s.Record} {
			if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", r) {
				t.Errorf("the record changed:\n%+v\n%+v", r, got)
			}
		}
		if r.Outcome != call.OutInformed || s.Open || kinds(s.Facts) != "1:arrived 2:answered 3:heard 4:hung_up" {
			t.Errorf("%s %s", r.Outcome, kinds(s.Facts))
		}
		if got := s.Facts[3]; got.Share != 0 || got.Seconds != 0 {
			t.Errorf("%+v: JSON and SQL have no such numbers", got)
		}
		if got := s.Facts[2]; got.Share != 0.75 || got.Value != "it's  a � 'quote' \\ ; ї" || !got.At.Equal(heard.At) {
			t.Errorf("%+v", got)
		}
		mu.Lock()
		defer mu.Unlock()
		if kinds(told) != kinds(s.Facts) {
			t.Errorf("told %s", kinds(told))
		}
	})
}

func TestLateFactsComputeTheRecordAnew(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		j := open(t, db)
		talk := fact("a", 3, call.Connected)
		talk.Agent = "olena"
		must(t, j.Append(ctx, arrived("a", 0, ""), fact("a", 1, call.Answered), talk, fact("a", 9, call.HungUp)))
		_, err := j.Close(ctx, "a")
		must(t, err)
		wrap := fact("a", 30, call.WrappedUp)
		wrap.Seconds = 21
		must(t, j.Append(ctx, wrap))
		must(t, j.Stop(ctx))
		j = open(t, db) // another run: the call is known from the database only
		score := fact("a", 31, call.Scored)
		score.Value = "4"
		must(t, j.Append(ctx, score))
		s, err := j.Story(ctx, "a")
		must(t, err)
		if s.Record.WrapUp != 21*time.Second || s.Record.Score != 4 || kinds(s.Facts)[len(kinds(s.Facts))-8:] != "6:scored" {
			t.Errorf("%+v %s", s.Record, kinds(s.Facts))
		}
		if n, err := j.Recover(ctx, start.Add(time.Hour)); n != 0 || err != nil {
			t.Errorf("%d calls left open (%v), want none", n, err)
		}
	})
}

func TestRecoverClosesWhatWasGoingOn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		j := open(t, db)
		talk := fact("talking", 3, call.Connected)
		must(t, j.Append(ctx, arrived("talking", 0, ""), fact("talking", 1, call.Answered), talk))
		must(t, j.Append(ctx, arrived("menu", 0, ""), fact("menu", 1, call.Answered)))
		must(t, j.Append(ctx, arrived("over", 0, ""), fact("over", 1, call.Answered), fact("over", 2, call.HungUp)))
		must(t, j.Stop(ctx))
		j = open(t, db)
		n, err := j.Recover(ctx, start.Add(time.Hour))
		must(t, err)
		if n != 3 {
			t.Errorf("closed %d calls, want 3", n)
		}
		for id, want := range map[call.ID]call.Outcome{"talking": call.OutServed, "menu": call.OutDropped, "over": call.OutAbandonedGreeting} {
			s, err := j.Story(ctx, id)
			must(t, err)
			if s.Open || s.Record.Outcome != want || s.Facts[len(s.Facts)-1].Kind != call.Restarted {
				t.Errorf("%s: %s, want %s; %s", id, s.Record.Outcome, want, kinds(s.Facts))
			}
		}
		if n, err := j.Recover(ctx, start.Add(2*time.Hour)); n != 0 || err != nil {
			t.Errorf("a second time: %d %v", n, err)
		}
	})
}

func TestRefusals(t *testing.T) {
	j := open(t, storetest.SQLite(t))
	if err := j.Append(ctx, call.Fact{Kind: call.Arrived}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a fact without a call: %v", err)
	}
	j.AppendLater(call.Fact{Kind: call.Arrived}) // must not harm anybody
	if _, err := j.Close(ctx, "nobody"); !fault.Is(err, fault.NotFound) {
		t.Errorf("closing an unknown call: %v", err)
	}
	if _, err := j.Story(ctx, "nobody"); !fault.Is(err, fault.NotFound) {
		t.Errorf("the story of an unknown call: %v", err)
	}
	for _, f := range []journal.Filter{{Day: "23.11.2026"}, {Month: "листопад"}, {Before: "x"}, {Metric: "x"}} {
		if _, err := j.List(ctx, f); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", f, err)
		}
	}
	must(t, j.Stop(ctx))
	must(t, j.Stop(ctx))
	if err := j.Append(ctx, arrived("a", 0, "")); err == nil {
		t.Error("a stopped journal takes facts")
	}
}

// TestStopWritesWhatIsQueued: nothing handed over before Stop is lost.
func TestStopWritesWhatIsQueued(t *testing.T) {
	db := storetest.SQLite(t)
	j := open(t, db)
	const n = 5000 // more than one commit takes
	for i := range n {
		j.AppendLater(fact("a", i, call.Pressed))
	}
	must(t, j.Stop(ctx))
	s, err := open(t, db).Story(ctx, "a")
	must(t, err)
	if len(s.Facts) != n {
		t.Errorf("%d facts, want %d", len(s.Facts), n)
	}
	for i, f := range s.Facts {
		if f.Seq != i+1 || !f.At.Equal(start.Add(time.Duration(i)*time.Second)) {
			t.Fatalf("fact %d: %+v", i, f)
		}
	}
}

func TestGroupsOfManyWriters(t *testing.T) {
	j := open(t, storetest.SQLite(t))
	var groups, facts int
	j.OnCommit(func(f []call.Fact) { groups++; facts += len(f) })
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			id := call.ID(fmt.Sprint("call", i))
			if err := j.Append(ctx, arrived(id, i, "")); err != nil {
				t.Error(err)
			}
			for n := range 20 {
				j.AppendLater(fact(id, n, call.Pressed))
			}
			if _, err := j.Close(ctx, id); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	must(t, j.Stop(ctx))
	if facts != 50*21 || groups > facts/4 {
		t.Errorf("%d facts in %d commits: they are to be committed in groups", facts, groups)
	}
}

func TestList(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		j := open(t, db)
		// 22:30 UTC on the 23rd is 0:30 of the 24th in Kyiv.
		night := int((14*time.Hour + 30*time.Minute).Seconds())
		for i, s := range []int{0, 60, 120, night} {
			id := call.ID(fmt.Sprint("c", i))
			must(t, j.Append(ctx, arrived(id, s, call.Number(fmt.Sprintf("+38067123456%d", i))), fact(id, s+1, call.Answered), fact(id, s+2+i*3, call.HungUp)))
			_, err := j.Close(ctx, id)
			must(t, err)
		}
		must(t, j.Append(ctx, arrived("user", 600, "olena_k"), fact("user", 601, call.HungUp)))
		_, err := j.Close(ctx, "user")
		must(t, err)
		cases := []struct {
			f    journal.Filter
			want string
		}{
			{journal.Filter{}, "c3 user c2 c1 c0"},
			{journal.Filter{Day: "2026-11-23"}, "user c2 c1 c0"},
			{journal.Filter{Day: "2026-11-24"}, "c3"},
			{journal.Filter{Day: "2026-11-25"}, ""},
			{journal.Filter{Month: "2026-11", Limit: 2}, "c3 user"},
			{journal.Filter{Month: "2026-10"}, ""},
			{journal.Filter{Outcome: call.OutAbandonedGreeting}, "c1 c0"},
			{journal.Filter{Number: "067 123 45 61"}, "c1"},
			{journal.Filter{Number: "+380671234562"}, "c2"},
			{journal.Filter{Number: "4563"}, "c3"},
			{journal.Filter{Number: "06712"}, "c3 c2 c1 c0"},
			{journal.Filter{Number: "olena_k"}, "user"},
			{journal.Filter{Number: "%"}, ""},
			{journal.Filter{Agent: "olena"}, ""},
			{journal.Filter{Metric: journal.MetricCalls, Day: "2026-11-24"}, "c3"},
		}
		for _, c := range cases {
			p, err := j.List(ctx, c.f)
			must(t, err)
			if got := ids(p); got != c.want {
				t.Errorf("%+v: %q, want %q", c.f, got, c.want)
			}
		}
		var all []string
		f := journal.Filter{Limit: 2}
		for {
			p, err := j.List(ctx, f)
			must(t, err)
			all = append(all, ids(p))
			if f.Before = p.Next; p.Next == "" {
				break
			}
		}
		if !slices.Equal(all, []string{"c3 user", "c2 c1", "c0"}) {
			t.Errorf("pages %q", all)
		}
	})
}

func ids(p journal.Page) string {
	var s []string
	for _, r := range p.Calls {
		s = append(s, string(r.Call))
	}
	return strings.Join(s, " ")
}

func TestCSV(t *testing.T) {
	j := open(t, storetest.SQLite(t))
	menu := fact("a", 2, call.Entered)
	menu.Value = `=HYPERLINK("x");`
	must(t, j.Append(ctx, arrived("a", 0, "+380671234567"), fact("a", 1, call.Answered), menu, fact("a", 61, call.HungUp)))
	_, err := j.Close(ctx, "a")
	must(t, err)
	var out bytes.Buffer
	must(t, j.CSV(ctx, &out, "2026-11"))
	lines := strings.Split(strings.TrimSuffix(out.String(), "\r\n"), "\r\n")
	want := `a;2026-11-23 10:00:00;2026-11-23 10:00:01;2026-11-23 10:01:01;067 123 45 67;телефон;завершено в меню;abandoned_menu;` +
		`"'=HYPERLINK(""x"");";;;ні;ні;0;0;;0;0;0;;;;ні`
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "\ufeffДзвінок;Надійшов;") || lines[1] != want {
		t.Errorf("%s", out.String())
	}
	if strings.Count(lines[0], ";") != 22 {
		t.Errorf("%d columns in the heading", strings.Count(lines[0], ";")+1)
	}
	if err := j.CSV(ctx, &out, "2026"); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
}

// TestEmergency: without a database every fact goes to the spill file; the next start with one replays it once.
func TestEmergency(t *testing.T) {
	spill := filepath.Join(t.TempDir(), "emergency", "spill.jsonl")
	j := openSpill(t, nil, spill)
	if j.Healthy() {
		t.Error("healthy without a database")
	}
	must(t, j.Append(ctx, arrived("a", 0, "+380671234567"), fact("a", 1, call.Answered)))
	must(t, j.Append(ctx, fact("a", 9, call.HungUp)))
	r, err := j.Close(ctx, "a")
	must(t, err)
	if r.Outcome != call.OutAbandonedMenu {
		t.Errorf("outcome %s", r.Outcome)
	}
	if _, err := j.List(ctx, journal.Filter{}); err == nil {
		t.Error("a list without a database")
	}
	if n, err := j.Recover(ctx, start); n != 0 || err != nil {
		t.Errorf("recover: %d %v", n, err)
	}
	must(t, j.Stop(ctx))
	kept, err := os.ReadFile(spill)
	must(t, err)
	os.WriteFile(spill, append(bytes.Clone(kept), `{"call":"torn`...), 0o600)
	j = openSpill(t, nil, spill) // a second emergency run after a kill: its facts must not be spoilt by the torn line
	must(t, j.Append(ctx, arrived("later", 0, "")))
	must(t, j.Stop(ctx))
	if both, _ := os.ReadFile(spill); !strings.Contains(string(both), "torn\n{") {
		t.Errorf("%s", both)
	}

	db := storetest.SQLite(t)
	os.WriteFile(spill, append(kept, `{"call":"b","seq":1,"ki`...), 0o600) // a line torn by a kill
	for range 2 {                                                          // killed between commit and removal: the same file is replayed again
		j = openSpill(t, db, spill)
		_, err = j.Recover(ctx, start.Add(time.Hour))
		must(t, err)
		must(t, j.Stop(ctx))
		if _, err := os.Stat(spill); !os.IsNotExist(err) {
			t.Errorf("the spill file is still there: %v", err)
		}
		os.WriteFile(spill, kept, 0o600)
	}
	s, err := openSpill(t, db, filepath.Join(t.TempDir(), "x")).Story(ctx, "a")
	must(t, err)
	if s.Open || s.Record.Outcome != call.OutAbandonedMenu || kinds(s.Facts) != "1:arrived 2:answered 3:hung_up 4:restarted" {
		t.Errorf("%s: %s", s.Record.Outcome, kinds(s.Facts))
	}
	if left, _ := filepath.Glob(spill + ".unreadable-*"); len(left) != 1 {
		t.Errorf("the file with an unreadable line is to be kept: %v", left)
	}
}
