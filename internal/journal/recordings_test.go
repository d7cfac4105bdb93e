package journal_test

import (
	"path/filepath"
	"testing"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/fault"
	"dovidka/internal/journal"
	"dovidka/internal/store"
	"dovidka/internal/store/storetest"
)

// recorded are the facts of a call with one recording of a minute.
func recorded(at time.Time, kinds ...call.Kind) (call.ID, string, []call.Fact) {
	id := call.NewID(at)
	name := journal.RecordingID(id, 1)
	facts := []call.Fact{{Call: id, Seq: 1, At: at, Kind: call.Arrived}}
	for i, k := range kinds {
		facts = append(facts, call.Fact{Call: id, Seq: i + 2, At: at.Add(time.Duration(i) * time.Minute), Kind: k, Name: name, Agent: "kerivnyk", Value: "заява", Seconds: 60})
	}
	return id, name, facts
}

// TestTheIndexFollowsTheFacts: begun, ended, deleted; the same facts once more change nothing; what is deleted stays in the index.
func TestTheIndexFollowsTheFacts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		j := open(t, db)
		id, name, facts := recorded(start, call.RecordingStarted, call.RecordingStopped, call.RecordingDeleted)
		one := func(n int) journal.Recording {
			t.Helper()
			for range 2 {
				if err := j.Append(ctx, facts[:n]...); err != nil {
					t.Fatal(err)
				}
			}
			rs, err := j.Recordings(ctx, id)
			if err != nil || len(rs) != 1 || rs[0].ID != name || rs[0].Call != id || !rs[0].Started.Equal(start) {
				t.Fatalf("%+v %v", rs, err)
			}
			return rs[0]
		}
		if r := one(2); !r.Ended.IsZero() || r.Seconds != 0 {
			t.Errorf("begun: %+v", r)
		}
		if open, err := j.OpenRecordings(ctx); err != nil || len(open) != 1 {
			t.Errorf("%+v %v", open, err)
		}
		if r := one(3); r.Ended.IsZero() || r.Seconds != 60 || !r.Deleted.IsZero() {
			t.Errorf("ended: %+v", r)
		}
		for before, want := range map[time.Duration]int{0: 0, time.Second: 1} {
			if old, err := j.RecordingsBefore(ctx, start.Add(before)); err != nil || len(old) != want {
				t.Errorf("before %v: %+v %v", before, old, err)
			}
		}
		if r := one(4); r.Deleted.IsZero() || r.DeletedBy != "kerivnyk" || r.Reason != "заява" || r.Seconds != 60 {
			t.Errorf("deleted: %+v", r)
		}
		if old, err := j.RecordingsBefore(ctx, start.Add(time.Hour)); err != nil || len(old) != 0 {
			t.Errorf("deleted twice: %+v %v", old, err)
		}
		if _, err := j.Recording(ctx, "none"); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
	})
}

// TestTheIndexComesOutOfTheSpillFile too: a recording made while the database was away is found.
func TestTheIndexComesOutOfTheSpillFile(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		spill := filepath.Join(t.TempDir(), "spill.jsonl")
		id, name, facts := recorded(start, call.RecordingStarted, call.RecordingStopped)
		away, err := journal.New(nil, spill, quiet)
		if err != nil {
			t.Fatal(err)
		}
		if err := away.Append(ctx, facts...); err != nil {
			t.Fatal(err)
		}
		if err := away.Stop(ctx); err != nil {
			t.Fatal(err)
		}
		j := openSpill(t, db, spill)
		if _, err := j.Recover(ctx, start.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if r, err := j.Recording(ctx, name); err != nil || r.Call != id || r.Seconds != 60 {
			t.Errorf("%+v %v", r, err)
		}
	})
}

func TestNamesOfRecordings(t *testing.T) {
	id := call.NewID(start)
	if got, ok := journal.CallOfRecording(journal.RecordingID(id, 12)); !ok || got != id {
		t.Errorf("%q %v", got, ok)
	}
	for _, bad := range []string{"", string(id), string(id) + "-", string(id) + "-0", string(id) + "-01", string(id) + "-1/..", "../" + string(id) + "-1", "x-1"} {
		if _, ok := journal.CallOfRecording(bad); ok {
			t.Errorf("%q is taken for a recording", bad)
		}
	}
}
