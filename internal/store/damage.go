package store

import (
	"errors"
	"io/fs"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/ncruces/go-sqlite3"

	"dovidka/internal/fault"
)

// damage marks an error as "the database cannot be used": the centre answers in emergency mode.
type damage struct{ err error }

func (d damage) Error() string { return "damaged or unwritable: " + d.err.Error() }
func (d damage) Unwrap() error { return d.err }

// Damaged tells whether an error of Open means that the database is damaged, cannot be written or cannot be reached. It has been
// left as it was.
func Damaged(err error) bool {
	var d damage
	var connect *pgconn.ConnectError
	return errors.As(err, &d) || errors.As(err, &connect) || unusable(err)
}

// unusable sorts what SQLite and the file system say about a file that cannot be used.
func unusable(err error) bool {
	if fault.Is(err, fault.Conflict) { // newer than the program: an order to the administrator, no damage
		return false
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		return true
	}
	for _, code := range []sqlite3.ErrorCode{
		sqlite3.CORRUPT, sqlite3.NOTADB, sqlite3.READONLY, sqlite3.CANTOPEN, sqlite3.IOERR, sqlite3.FULL, sqlite3.PERM, sqlite3.BUSY,
		sqlite3.LOCKED, sqlite3.PROTOCOL, sqlite3.NOLFS,
	} {
		if errors.Is(err, code) {
			return true
		}
	}
	return false
}
