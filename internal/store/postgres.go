package store

import (
	"context"
	"database/sql"
	"fmt"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/pressly/goose/v3"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
)

// maxConns bounds the connections of one node.
const maxConns = 8

// openPostgres connects, refuses a newer database, migrates.
func openPostgres(ctx context.Context, dsn string) (*DB, error) {
	pool, err := sql.Open("pgx", dsn)
	if err != nil {
		return nil, fmt.Errorf("address: %w", err)
	}
	pool.SetMaxOpenConns(maxConns)
	pool.SetMaxIdleConns(maxConns)
	if err := preparePostgres(ctx, pool); err != nil {
		pool.Close()
		return nil, err
	}
	return &DB{DB: bun.NewDB(pool, pgdialect.New())}, nil
}

func preparePostgres(ctx context.Context, pool *sql.DB) error {
	if err := pool.PingContext(ctx); err != nil {
		return damage{err}
	}
	files, err := ownMigrations()
	if err != nil {
		return err
	}
	know, err := latest(files)
	if err != nil {
		return err
	}
	have, err := postgresVersion(ctx, pool)
	if err != nil {
		return err
	}
	if err := refuseNewer(have, know); err != nil {
		return err
	}
	return migrate(ctx, pool, goose.DialectPostgres, files)
}

// postgresVersion is the highest migration that has run, 0 in an empty database.
func postgresVersion(ctx context.Context, pool *sql.DB) (int64, error) {
	var there bool
	if err := pool.QueryRowContext(ctx, `SELECT to_regclass($1) IS NOT NULL`, versionTable).Scan(&there); err != nil {
		return 0, fmt.Errorf("version: %w", err)
	}
	if !there {
		return 0, nil
	}
	var v int64
	if err := pool.QueryRowContext(ctx, `SELECT COALESCE(MAX(version_id), 0) FROM `+versionTable).Scan(&v); err != nil {
		return 0, fmt.Errorf("version: %w", err)
	}
	return v, nil
}
