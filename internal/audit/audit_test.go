package audit_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"dovidka/internal/audit"
	"dovidka/internal/fault"
	"dovidka/internal/store"
	"dovidka/internal/store/storetest"
)

var at = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

func entry(by, act, of string) audit.Entry {
	return audit.Entry{At: at, By: by, Act: act, What: "card", Of: of, IP: "127.0.0.1", Note: "it's noted"}
}

func TestNotesAndList(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		a, sub := audit.New(db), audit.New(db) // sub: another program on the same database, at the same microsecond
		for _, e := range []struct {
			by *audit.Audit
			e  audit.Entry
		}{{a, entry("olena", "view", "1")}, {sub, entry("petro", "view", "1")}, {a, entry("olena", "change", "2")}} {
			if err := e.by.Note(ctx, e.e); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []struct {
			f    audit.Filter
			want string
		}{
			{audit.Filter{}, "olena change 2, petro view 1, olena view 1, "}, {audit.Filter{By: "petro"}, "petro view 1, "},
			{audit.Filter{Act: "view", Of: "1", What: "card", Limit: 1}, "petro view 1, "}, {audit.Filter{What: "call"}, ""},
			{audit.Filter{From: at, Until: at.Add(time.Second), By: "olena", Act: "view"}, "olena view 1, "}, {audit.Filter{Until: at}, ""},
		} {
			list, err := a.List(ctx, c.f)
			if err != nil {
				t.Fatal(err)
			}
			s := ""
			for _, e := range list {
				s += fmt.Sprintf("%s %s %s, ", e.By, e.Act, e.Of)
			}
			if s != c.want {
				t.Errorf("%+v: %q, want %q", c.f, s, c.want)
			}
		}
		list, err := a.List(ctx, audit.Filter{Limit: 1})
		if err != nil || list[0].Note != "it's noted" || !list[0].At.Equal(at) || list[0].IP != "127.0.0.1" {
			t.Errorf("%+v %v", list, err)
		}
		older, err := a.List(ctx, audit.Filter{Before: list[0].ID})
		if err != nil || len(older) != 2 {
			t.Errorf("%+v %v", older, err)
		}
		if err := a.Note(ctx, audit.Entry{Act: "view"}); !fault.Is(err, fault.Invalid) {
			t.Errorf("a note by nobody: %v", err)
		}
	})
}

func TestNotesTogetherAndRolledBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		a := audit.New(db)
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if err := a.Note(ctx, entry("olena", "view", "1")); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		stop := errors.New("the change failed")
		err := db.Tx(ctx, func(ctx context.Context, _ bun.Tx) error {
			return errors.Join(a.Note(ctx, entry("olena", "change", "1")), stop)
		})
		if err == nil {
			t.Fatal("no error")
		}
		list, err := a.List(ctx, audit.Filter{})
		if err != nil || len(list) != 20 {
			t.Errorf("%d notes (%v), want 20: the one of a failed change is not kept", len(list), err)
		}
	})
}
