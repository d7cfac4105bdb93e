package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"dovidka/internal/fault"
)

// fullCheck bounds the check of a backup.
const fullCheck = 10 * time.Minute

// Backup writes a consistent copy into the file dst while calls go on. dst must not exist; it appears only when it is complete and
// has been checked. SQLite only: PostgreSQL has pg_dump.
func (d *DB) Backup(ctx context.Context, dst string) error {
	if d.path == "" {
		return fault.New(fault.Invalid, "Для PostgreSQL резервну копію робить pg_dump.")
	}
	if _, err := os.Lstat(dst); err == nil {
		return fault.New(fault.Conflict, "Файл резервної копії вже існує: "+filepath.Base(dst))
	}
	part := dst + ".part"
	removeFile(part)
	defer removeFile(part)
	if err := vacuumInto(ctx, d.DB.DB, part); err != nil {
		return fmt.Errorf("store: backup: %w", err)
	}
	if err := Check(ctx, part); err != nil {
		return fmt.Errorf("store: backup: %w", err)
	}
	if err := os.Rename(part, dst); err != nil {
		return fmt.Errorf("store: backup: %w", err)
	}
	return syncDir(filepath.Dir(dst))
}

// vacuumInto copies the database of pool into a new file and brings it to the disk.
func vacuumInto(ctx context.Context, pool *sql.DB, dst string) error {
	if _, err := pool.ExecContext(ctx, `VACUUM INTO ?`, dst); err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	if err := os.Chmod(dst, 0o600); err != nil { // the copy holds personal data
		return err
	}
	return syncFile(dst)
}

// backupOlder keeps a copy of a database of an older version beside it before it is migrated.
func backupOlder(ctx context.Context, pool *sql.DB, path string, version int64) error {
	dst := fmt.Sprintf("%s.v%d-%s.bak", path, version, time.Now().UTC().Format("20060102T150405.000"))
	if err := vacuumInto(ctx, pool, dst); err != nil {
		return damage{fmt.Errorf("backup before migration: %w", err)}
	}
	return nil
}

// Check tells whether the file is an undamaged database of this program, no newer than it.
func Check(ctx context.Context, path string) error {
	files, err := ownMigrations()
	if err != nil {
		return err
	}
	know, err := latest(files)
	if err != nil {
		return err
	}
	have, err := look(ctx, path, fullCheck)
	if err != nil {
		if fault.KindOf(err) == fault.Internal {
			return fault.Wrap(fault.Invalid, "Файл пошкоджено або це не база даних цієї програми.", err)
		}
		return err
	}
	return refuseNewer(have, know)
}

// Restore puts the backup src in the place of the database at path, which nobody may have open. What stood there is kept beside it,
// with its companions, and its new name is given; "" when nothing stood there.
func Restore(ctx context.Context, src, path string) (kept string, err error) {
	if err := Check(ctx, src); err != nil {
		return "", fmt.Errorf("store: restore: %w", err)
	}
	lock, err := hold(path, syscall.LOCK_EX)
	if err != nil {
		return "", fmt.Errorf("store: restore: %w", err)
	}
	defer lock.Close()
	fresh := path + ".restore"
	removeFile(fresh)
	if err := copyFile(src, fresh); err != nil {
		return "", fmt.Errorf("store: restore: %w", err)
	}
	if _, err := os.Lstat(path); err == nil {
		kept = path + ".before-restore-" + time.Now().UTC().Format("20060102T150405.000")
		for _, suffix := range []string{"-wal", "-shm", ""} { // the file last: it names the rest
			if err := os.Rename(path+suffix, kept+suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
				return "", fmt.Errorf("store: restore: %w", err)
			}
		}
	}
	if err := os.Rename(fresh, path); err != nil {
		return kept, fmt.Errorf("store: restore: %w", err)
	}
	return kept, syncDir(filepath.Dir(path))
}

func copyFile(src, dst string) error {
	in, err := os.Open(src)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(dst, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// syncDir brings new names in a folder to the disk.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
