package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// lockData makes the data folder ours alone until unlock (or until the process ends, however it ends): two programs over one
// folder would both answer the same calls.
func lockData(dir string) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("не вдалося створити теку даних %s: %s", dir, osReason(err))
	}
	path := filepath.Join(dir, "lock")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if errors.Is(err, unix.EROFS) || errors.Is(err, unix.ENOSPC) { // a failing disk goes read-only: emergency mode must start all the same
		if f, err = os.Open(path); err != nil {
			f, err = os.Open(dir)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("не вдалося відкрити теку даних %s: %s", dir, osReason(err))
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("з текою %s уже працює інша Довідка: зупиніть її або задайте іншу теку (--data)", dir)
	}
	return func() { f.Close() }, nil
}

// noteAddress tells the doctor, which does not know the flags of the running program, where that one answers.
func noteAddress(c Config, http string) {
	_ = os.WriteFile(filepath.Join(c.Data, "lock"), []byte(http), 0o600) // a disk that takes nothing is told about elsewhere
}

// runsAt is the http address of the program that holds the data folder; "" when it has none.
func runsAt(c Config) string {
	b, err := os.ReadFile(filepath.Join(c.Data, "lock"))
	if err != nil {
		return ""
	}
	return string(b)
}
