package store

import (
	"context"
	"path/filepath"
	"testing"
	"testing/fstest"
)

// TestOlderIsBackedUpAndMigrated opens a database of today's version with a program that knows one migration more.
func TestOlderIsBackedUpAndMigrated(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "dovidka.db")
	today := fstest.MapFS{"00001_a.sql": {Data: []byte("-- +goose Up\nCREATE TABLE a (x INTEGER);\nINSERT INTO a VALUES (7);\n")}}
	db, err := openFile(ctx, path, today)
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	today["00002_b.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\nALTER TABLE a ADD COLUMN y INTEGER NOT NULL DEFAULT 1;\n")}
	if db, err = openFile(ctx, path, today); err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var x, y int
	if err := db.QueryRow(`SELECT x, y FROM a`).Scan(&x, &y); err != nil || x != 7 || y != 1 {
		t.Errorf("migrated row: %d %d %v", x, y, err)
	}
	backups, _ := filepath.Glob(path + ".v1-*.bak")
	if len(backups) != 1 {
		t.Fatalf("backups beside the file: %v, want one", backups)
	}
	if v, err := look(ctx, backups[0], fullCheck); err != nil || v != 1 {
		t.Errorf("the backup has version %d (%v), want 1", v, err)
	}
	delete(today, "00002_b.sql")
	db.Close()
	if _, err := openFile(ctx, path, today); err == nil || Damaged(err) {
		t.Errorf("the older program on the newer file: %v, want a refusal", err)
	}
	// A migration that fails leaves the old tables and the backup.
	today["00002_b.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\n")}
	today["00003_c.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\nDROP TABLE a;\nCREATE TABLE syntax error;\n")}
	if _, err := openFile(ctx, path, today); err == nil {
		t.Fatal("a broken migration went through")
	}
	if v, err := look(ctx, path, fullCheck); err != nil || v != 2 {
		t.Errorf("after the broken migration: version %d (%v), want 2", v, err)
	}
}
