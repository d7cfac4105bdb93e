package app

import (
	"context"
	"path/filepath"
	"testing"

	"dovidka/internal/staff"
	"dovidka/internal/store"
)

// A restart of the demonstration signs nobody out; a new password in the environment does.
func TestDemoAccountsKeepSessions(t *testing.T) {
	ctx := context.Background()
	db, err := store.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "dovidka.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s := staff.New(db, nil)
	start := func(password string) {
		t.Helper()
		t.Setenv("DOVIDKA_DEMO_PASSWORD", password)
		if _, err := accounts(ctx, Config{Demo: true}, s); err != nil {
			t.Fatal(err)
		}
	}
	start("вигаданий пароль")
	in, err := s.SignIn(ctx, "olena", "вигаданий пароль", "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	start("вигаданий пароль")
	if _, err := s.Session(ctx, in.Token); err != nil {
		t.Errorf("signed out by a restart: %v", err)
	}
	start("інший пароль")
	if _, err := s.Session(ctx, in.Token); err == nil {
		t.Error("still signed in with the old password")
	}
}
