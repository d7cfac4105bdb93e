// Package store opens the centre's database and runs transactions and migrations in it; it knows no table of a room.
//
// One code serves SQLite (the default: one file, WAL, synchronous NORMAL) and PostgreSQL. Invariants:
//   - a damaged or unwritable database makes Open fail with an error for which Damaged is true, and nothing in the file has changed;
//   - a missing file is a first start; it appears under its name only when it is complete;
//   - an older database is migrated after a backup beside it; a newer one than the program is refused;
//   - one writer at a time in SQLite: Tx waits its turn inside the program before it asks the file.
//
// The migrations (migrations/*.sql) are one text for both engines.
package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"dovidka/internal/fault"
)

// DB is the open database: bun over SQLite or PostgreSQL.
type DB struct {
	*bun.DB
	path string        // of the SQLite file; "" for PostgreSQL
	turn chan struct{} // holds one token: the writer's turn (SQLite); nil for PostgreSQL
	lock *os.File      // shared lock that tells Restore the file is in use
}

// Open opens the database that dsn names ("sqlite:/path/dovidka.db" or "postgres://…") and brings its tables up to date.
func Open(ctx context.Context, dsn string) (*DB, error) {
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		d, err := openSQLite(ctx, path)
		if err != nil {
			return nil, fmt.Errorf("store: open %s: %w", path, err)
		}
		return d, nil
	}
	if strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://") {
		d, err := openPostgres(ctx, dsn)
		if err != nil {
			return nil, fmt.Errorf("store: open postgres: %w", err) // never the DSN: it may hold a password
		}
		return d, nil
	}
	return nil, fault.New(fault.Invalid, "Адреса бази даних має починатися з «sqlite:» або «postgres://».")
}

// Path is the SQLite file, "" for PostgreSQL.
func (d *DB) Path() string { return d.path }

// Close ends all connections; closing twice is harmless.
func (d *DB) Close() error {
	err := d.DB.Close()
	if d.lock != nil {
		err = errors.Join(err, ignoreClosed(d.lock.Close()))
	}
	return err
}

func ignoreClosed(err error) error {
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

// txKey is where ctx carries the running transaction of one DB.
type txKey struct{ d *DB }

// Tx runs fn in a transaction: an error (or a panic) rolls it back. Inside another Tx of the same database, told by ctx, it joins
// that one, so that rooms can share a transaction that the use-case opened.
func (d *DB) Tx(ctx context.Context, fn func(ctx context.Context, tx bun.Tx) error) error {
	if tx, ok := ctx.Value(txKey{d}).(bun.Tx); ok {
		return fn(ctx, tx)
	}
	if d.turn != nil {
		select {
		case <-d.turn:
			defer func() { d.turn <- struct{}{} }()
		case <-ctx.Done():
			return fmt.Errorf("store: waiting for the writer's turn: %w", context.Cause(ctx))
		}
	}
	return d.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		return fn(context.WithValue(ctx, txKey{d}, tx), tx)
	})
}

// In gives the transaction that ctx carries, else the database itself: for reading.
func (d *DB) In(ctx context.Context) bun.IDB {
	if tx, ok := ctx.Value(txKey{d}).(bun.Tx); ok {
		return tx
	}
	return d.DB
}

// Micros is how a time stands in a table: microseconds since 1970 in UTC, 0 for the zero time.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// Time reads what Micros wrote.
func Time(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}
