// Package store opens the centre's database and runs transactions and migrations in it; it knows no table.
package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"
)

// DB is the open database: bun over SQLite or PostgreSQL.
type DB struct {
	*bun.DB
	path string
	lock chan struct{}
}

// Open opens the database that dsn names and brings its tables up to date.
func Open(ctx context.Context, dsn string) (*DB, error) { return nil, errors.ErrUnsupported }

// Damaged tells whether an error of Open means that the file is damaged or cannot be written.
func Damaged(err error) bool { return false }

// Tx runs fn in a transaction; inside another Tx it joins it.
func (d *DB) Tx(ctx context.Context, fn func(ctx context.Context, tx bun.Tx) error) error {
	return errors.ErrUnsupported
}

// In gives the transaction that ctx carries, else the database itself: for reading.
func (d *DB) In(ctx context.Context) bun.IDB { return d.DB }

// Backup writes a consistent copy into the file dst, which must not exist yet. SQLite only.
func (d *DB) Backup(ctx context.Context, dst string) error { return errors.ErrUnsupported }

// Check tells whether the file is an undamaged database of this program, no newer than it.
func Check(ctx context.Context, path string) error { return errors.ErrUnsupported }

// Restore puts the backup src in the place of the database at path; what stood there is kept beside it and its path returned.
func Restore(ctx context.Context, src, path string) (kept string, err error) {
	return "", errors.ErrUnsupported
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

var _ sql.Result // keeps the import until the room is finished
