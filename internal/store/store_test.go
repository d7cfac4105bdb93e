package store_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"dovidka/internal/fault"
	"dovidka/internal/store"
	"dovidka/internal/store/storetest"
)

var ctx = context.Background()

func file(t *testing.T) (path, dsn string) {
	path = filepath.Join(t.TempDir(), "дані центру", "dovidka?1.db") // a name that wants escaping
	return path, "sqlite:" + path
}

func mustOpen(t *testing.T, dsn string) *store.DB {
	t.Helper()
	db, err := store.Open(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func note(ctx context.Context, db *store.DB, id int) error {
	return db.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw(`INSERT INTO audit_notes VALUES (?, 0, '', '', '', '', '', ?)`, id, strings.Repeat("слово ", 50)).Exec(ctx)
		return err
	})
}

func count(t *testing.T, db *store.DB) (n int) {
	t.Helper()
	if err := db.In(ctx).NewRaw(`SELECT COUNT(*) FROM audit_notes`).Scan(ctx, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestFirstStartAndReopen(t *testing.T) {
	path, dsn := file(t)
	db := mustOpen(t, dsn)
	if err := note(ctx, db, 1); err != nil {
		t.Fatal(err)
	}
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "1", "foreign_keys": "1", "busy_timeout": "2000"} {
		var got string
		if err := db.NewRaw(`PRAGMA `+pragma).Scan(ctx, &got); err != nil || got != want {
			t.Errorf("%s = %q, want %q (%v)", pragma, got, want, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
	if n := count(t, mustOpen(t, dsn)); n != 1 {
		t.Errorf("%d notes after reopening, want 1", n)
	}
	left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*.bak"))
	if len(left) != 0 {
		t.Errorf("a backup was made of a database that was not older: %v", left)
	}
}

func TestKilledFirstStartBeginsAgain(t *testing.T) {
	path, dsn := file(t)
	os.MkdirAll(filepath.Dir(path), 0o700)
	os.WriteFile(path+".new", []byte("half a fi"), 0o600)
	if n := count(t, mustOpen(t, dsn)); n != 0 {
		t.Fatal(n)
	}
}

func TestDamagedIsToldAndLeftAlone(t *testing.T) {
	breaks := map[string]func([]byte) []byte{
		"no sqlite":    func([]byte) []byte { return []byte("це не база даних, а щось зовсім інше") },
		"empty":        func([]byte) []byte { return nil },
		"cut":          func(b []byte) []byte { return b[:len(b)/2] },
		"page garbage": func(b []byte) []byte { copy(b[3*4096:], bytes.Repeat([]byte{0xA5}, 5*4096)); return b },
		"schema gone":  func(b []byte) []byte { copy(b[100:], bytes.Repeat([]byte{0xFF}, 300)); return b },
	}
	for name, damage := range breaks {
		t.Run(name, func(t *testing.T) {
			path, dsn := file(t)
			db := mustOpen(t, dsn)
			for i := range 100 {
				if err := note(ctx, db, i); err != nil {
					t.Fatal(err)
				}
			}
			db.Close()
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			b = damage(b)
			os.WriteFile(path, b, 0o600)
			_, err = store.Open(ctx, dsn)
			if err == nil || !store.Damaged(err) {
				t.Fatalf("Open said %v, want damage", err)
			}
			if after, _ := os.ReadFile(path); !bytes.Equal(after, b) {
				t.Error("the damaged file was changed")
			}
		})
	}
}

func TestUnwritable(t *testing.T) {
	dir := t.TempDir()
	os.Mkdir(filepath.Join(dir, "folder.db"), 0o700)
	os.WriteFile(filepath.Join(dir, "plain"), nil, 0o600)
	for _, path := range []string{filepath.Join(dir, "folder.db"), filepath.Join(dir, "plain", "dovidka.db"), "/proc/none/dovidka.db"} {
		if _, err := store.Open(ctx, "sqlite:"+path); err == nil || !store.Damaged(err) {
			t.Errorf("%s: %v, want unwritable", path, err)
		}
	}
	if _, err := store.Open(ctx, "postgres://nobody@127.0.0.1:1/none?connect_timeout=1"); err == nil || !store.Damaged(err) {
		t.Errorf("no server: %v, want unreachable", err)
	}
	if _, err := store.Open(ctx, "mysql://x"); !fault.Is(err, fault.Invalid) || store.Damaged(err) {
		t.Errorf("unknown engine: %v", err)
	}
}

func TestLockedByAnother(t *testing.T) {
	_, dsn := file(t)
	db := mustOpen(t, dsn)
	err := db.Tx(ctx, func(context.Context, bun.Tx) error {
		_, err := store.Open(ctx, dsn)
		return err
	})
	if !store.Damaged(err) {
		t.Errorf("a file that stays locked cannot be written: %v", err)
	}
}

func TestNewerIsRefused(t *testing.T) {
	_, dsn := file(t)
	db := mustOpen(t, dsn)
	if _, err := db.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`); err != nil {
		t.Fatal(err)
	}
	db.Close()
	_, err := store.Open(ctx, dsn)
	if !fault.Is(err, fault.Conflict) || store.Damaged(err) {
		t.Errorf("a newer database: %v, want a refusal that is no damage", err)
	}
}

func TestTx(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		stop := errors.New("stop")
		err := db.Tx(ctx, func(ctx context.Context, _ bun.Tx) error {
			if err := note(ctx, db, 1); err != nil { // joins: a second transaction would wait for ever
				return err
			}
			if n, err := db.In(ctx).NewSelect().Table("audit_notes").Count(ctx); n != 1 || err != nil {
				t.Errorf("inside: %d notes (%v), want 1", n, err)
			}
			return stop
		})
		if !errors.Is(err, stop) {
			t.Fatal(err)
		}
		if n := count(t, db); n != 0 {
			t.Fatalf("%d notes after a rollback", n)
		}
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				if err := note(ctx, db, 10+i); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := count(t, db); n != 20 {
			t.Errorf("%d notes by 20 writers", n)
		}
	})
}

func TestTxWaitsNoLongerThanItsContext(t *testing.T) {
	db := storetest.SQLite(t)
	err := db.Tx(ctx, func(context.Context, bun.Tx) error {
		short, cancel := context.WithTimeout(ctx, 5*time.Millisecond)
		defer cancel()
		return db.Tx(short, func(context.Context, bun.Tx) error { return nil })
	})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want the deadline", err)
	}
}

func TestMicros(t *testing.T) {
	at := time.Date(2026, 11, 23, 8, 15, 0, 123456000, time.UTC)
	if got := store.Time(store.Micros(at)); !got.Equal(at) {
		t.Errorf("%v became %v", at, got)
	}
	if store.Micros(time.Time{}) != 0 || !store.Time(0).IsZero() {
		t.Error("the zero time is 0 both ways")
	}
}

func TestBackupAndRestore(t *testing.T) {
	path, dsn := file(t)
	db := mustOpen(t, dsn)
	note(ctx, db, 1)
	dst := filepath.Join(t.TempDir(), "copy.db")
	if err := db.Backup(ctx, dst); err != nil {
		t.Fatal(err)
	}
	if err := db.Backup(ctx, dst); !fault.Is(err, fault.Conflict) {
		t.Errorf("a backup over a file: %v", err)
	}
	note(ctx, db, 2)
	if _, err := store.Restore(ctx, dst, path); !fault.Is(err, fault.Conflict) {
		t.Errorf("restoring under a running program: %v", err)
	}
	db.Close()
	kept, err := store.Restore(ctx, dst, path)
	if err != nil {
		t.Fatal(err)
	}
	if n := count(t, mustOpen(t, dsn)); n != 1 {
		t.Errorf("%d notes after restoring, want the 1 of the backup", n)
	}
	if n := count(t, mustOpen(t, "sqlite:"+kept)); n != 2 {
		t.Errorf("%d notes in what was kept, want 2", n)
	}
	os.WriteFile(dst, []byte("not a backup"), 0o600)
	if _, err := store.Restore(ctx, dst, path); !fault.Is(err, fault.Invalid) {
		t.Errorf("restoring rubbish: %v", err)
	}
}
