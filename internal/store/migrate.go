package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"dovidka/internal/fault"
)

//go:embed migrations/*.sql
var migrations embed.FS

// versionTable is where goose keeps which migrations have run.
const versionTable = "goose_db_version"

// migrator makes a goose provider over db with the migrations in files.
func migrator(db *sql.DB, dialect goose.Dialect, files fs.FS) (*goose.Provider, error) {
	opts := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true), goose.WithTableName(versionTable)}
	if dialect == goose.DialectPostgres { // two nodes may start at once
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return nil, fmt.Errorf("migration lock: %w", err)
		}
		opts = append(opts, goose.WithSessionLocker(locker))
	}
	return goose.NewProvider(dialect, db, files, opts...)
}

// ownMigrations are the embedded ones.
func ownMigrations() (fs.FS, error) { return fs.Sub(migrations, "migrations") }

// latest is the version that the migrations in files lead to.
func latest(files fs.FS) (int64, error) {
	sources, err := fs.Glob(files, "*.sql")
	if err != nil {
		return 0, fmt.Errorf("migrations: %w", err)
	}
	var top int64
	for _, name := range sources {
		v, err := goose.NumericComponent(name)
		if err != nil {
			return 0, fmt.Errorf("migration %s: %w", name, err)
		}
		top = max(top, v)
	}
	return top, nil
}

// refuseNewer fails when a database is newer than the program.
func refuseNewer(have, know int64) error {
	if have <= know {
		return nil
	}
	return fault.Wrap(fault.Conflict, "Базу даних створено новішою версією програми. Установіть новішу програму; базу не змінено.",
		fmt.Errorf("database version %d, program knows %d", have, know))
}

// migrate brings db to the latest version of files; have is its version before, for the refusal of a newer one.
func migrate(ctx context.Context, db *sql.DB, dialect goose.Dialect, files fs.FS) error {
	m, err := migrator(db, dialect, files)
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	if _, err := m.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}
