package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	_ "github.com/ncruces/go-sqlite3/driver" // the driver "sqlite3"
	"github.com/pressly/goose/v3"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"

	"dovidka/internal/fault"
)

const (
	readers     = 4                       // connections: readers beside one writer (WAL)
	busy        = 2 * time.Second         // how long another program may hold the file before a write fails
	checkBudget = 1500 * time.Millisecond // how long the check at start may take; a huge file is then checked in part
)

// dsnOf makes the driver's address of a file with pragmas; busy_timeout stands first, as the driver asks.
func dsnOf(path, mode string, pragmas ...string) string {
	q := url.Values{"mode": {mode}, "_txlock": {"immediate"}, "_pragma": {fmt.Sprintf("busy_timeout(%d)", busy.Milliseconds())}}
	q["_pragma"] = append(q["_pragma"], pragmas...)
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String()
}

// openSQLite opens the file: looks at it without touching it, migrates a backed-up older one, makes a missing one.
func openSQLite(ctx context.Context, path string) (*DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("path: %w", err)
	}
	files, err := ownMigrations()
	if err != nil {
		return nil, err
	}
	return openFile(ctx, path, files)
}

func openFile(ctx context.Context, path string, files fs.FS) (*DB, error) {
	know, err := latest(files)
	if err != nil {
		return nil, err
	}
	_, err = os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = firstStart(ctx, path, files)
	}
	if err != nil {
		return nil, damage{err}
	}
	lock, err := hold(path, syscall.LOCK_SH)
	if err != nil {
		return nil, err
	}
	pool, err := openChecked(ctx, path, files, know)
	if err != nil {
		lock.Close()
		return nil, err
	}
	d := &DB{DB: bun.NewDB(pool, sqlitedialect.New()), path: path, turn: make(chan struct{}, 1), lock: lock}
	d.turn <- struct{}{}
	return d, nil
}

// openChecked opens a file that exists.
func openChecked(ctx context.Context, path string, files fs.FS, know int64) (*sql.DB, error) {
	have, err := look(ctx, path, checkBudget)
	if err != nil {
		return nil, err
	}
	if err := refuseNewer(have, know); err != nil {
		return nil, err
	}
	pool, err := openPool(path, "rw")
	if err != nil {
		return nil, err
	}
	if have < know {
		if err = backupOlder(ctx, pool, path, have); err == nil {
			err = migrate(ctx, pool, goose.DialectSQLite3, files)
		}
	}
	if err == nil {
		err = tryWrite(ctx, pool)
	}
	if err != nil {
		pool.Close()
		return nil, err
	}
	return pool, nil
}

// openPool opens connections for work: WAL and synchronous NORMAL lose at most the last moments in a power cut, never the file.
func openPool(path, mode string) (*sql.DB, error) {
	pool, err := sql.Open("sqlite3", dsnOf(path, mode, "journal_mode(WAL)", "synchronous(NORMAL)", "foreign_keys(1)", "journal_size_limit(67108864)"))
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	pool.SetMaxOpenConns(readers)
	pool.SetMaxIdleConns(readers)
	return pool, nil
}

// tryWrite proves that the file can be written: it takes the write lock, changes nothing and gives it back.
func tryWrite(ctx context.Context, pool *sql.DB) error {
	tx, err := pool.BeginTx(ctx, nil)
	if err != nil {
		return damage{fmt.Errorf("write lock: %w", err)}
	}
	return tx.Rollback()
}

// firstStart makes a new database under another name and gives it its own when it is complete, so that a file of that name is
// always whole: an empty one is damage, never a new beginning.
func firstStart(ctx context.Context, path string, files fs.FS) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	fresh := path + ".new"
	removeFile(fresh) // left by a first start that was killed
	pool, err := openPool(fresh, "rwc")
	if err != nil {
		return err
	}
	err = migrate(ctx, pool, goose.DialectSQLite3, files)
	if err = errors.Join(err, pool.Close()); err != nil { // closing writes the WAL into the file
		return err
	}
	if err := os.Chmod(fresh, 0o640); err != nil {
		return err
	}
	return os.Rename(fresh, path)
}

// removeFile removes an SQLite file with its companions.
func removeFile(path string) {
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		os.Remove(path + suffix)
	}
}

// look checks a file without changing it and gives its version. The check stops after budget: what was read until then was good.
func look(ctx context.Context, path string, budget time.Duration) (version int64, err error) {
	if err := header(path); err != nil {
		return 0, damage{err}
	}
	pool, err := sql.Open("sqlite3", dsnOf(path, "ro", "query_only(1)"))
	if err != nil {
		return 0, fmt.Errorf("open: %w", err)
	}
	defer pool.Close()
	pool.SetMaxOpenConns(1)
	if err := quickCheck(ctx, pool, budget); err != nil {
		return 0, damage{err}
	}
	var there int
	err = pool.QueryRowContext(ctx, `SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name = ?`, versionTable).Scan(&there)
	if err != nil {
		return 0, damage{err}
	}
	if there == 0 {
		return 0, fault.Wrap(fault.Conflict, "Файл бази даних належить іншій програмі. Його не змінено.", errors.New("no table "+versionTable))
	}
	err = pool.QueryRowContext(ctx, `SELECT COALESCE(MAX(version_id), 0) FROM `+versionTable).Scan(&version)
	if err != nil {
		return 0, damage{err}
	}
	return version, nil
}

// header checks that the file can be opened for writing and begins like an SQLite file (SQLite file format §1.3.1).
func header(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	var head [16]byte
	if _, err := io.ReadFull(f, head[:]); err != nil {
		return fmt.Errorf("header: %w", err)
	}
	if string(head[:]) != "SQLite format 3\x00" {
		return errors.New("header: not an SQLite database")
	}
	return nil
}

// quickCheck runs SQLite's own check for at most budget.
func quickCheck(ctx context.Context, pool *sql.DB, budget time.Duration) error {
	limited, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	var said string
	err := pool.QueryRowContext(limited, `PRAGMA quick_check(1)`).Scan(&said)
	switch {
	case err != nil && limited.Err() != nil && ctx.Err() == nil:
		return nil // too big to be read through at start
	case err != nil:
		return fmt.Errorf("check: %w", err)
	case said != "ok":
		return fmt.Errorf("check: %s", strings.TrimSpace(said))
	}
	return nil
}

// hold takes the advisory lock beside a file: shared by everybody who has it open, exclusive by Restore.
func hold(path string, how int) (*os.File, error) {
	f, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o640)
	if err != nil {
		return nil, damage{err}
	}
	if err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fault.Wrap(fault.Conflict, "База даних зайнята іншою програмою. Зупиніть службу dovidka і повторіть.", err)
	}
	return f, nil
}
