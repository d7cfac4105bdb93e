package trunk

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"dovidka/internal/fault"
)

func (t *Trunks) secretFile(name string) string { return filepath.Join(t.dir, name+".secret") }

func (t *Trunks) hasPassword(name string) bool {
	_, err := os.Stat(t.secretFile(name))
	return err == nil
}

// Password gives a trunk's password, "" when it has none. Only what signs in to the carrier may ask.
func (t *Trunks) Password(name string) (string, error) {
	if !nameForm.MatchString(name) {
		return "", errUnknown
	}
	b, err := os.ReadFile(t.secretFile(name))
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("trunk: password of %s: %w", name, err)
	}
	return strings.TrimRight(string(b), "\r\n"), nil
}

// setPassword writes the file whole or not at all; "" takes it away.
func (t *Trunks) setPassword(name, password string) error {
	if password == "" {
		return t.dropPassword(name)
	}
	if tooLong(password, 200) || strings.ContainsAny(password, "\r\n\x00") {
		return fault.New(fault.Invalid, "Пароль — один рядок до 200 знаків.")
	}
	if err := os.MkdirAll(t.dir, 0o700); err != nil {
		return fmt.Errorf("trunk: folder of secrets: %w", err)
	}
	f, err := os.CreateTemp(t.dir, ".new-*") // 0600 from the beginning
	if err != nil {
		return fmt.Errorf("trunk: secret: %w", err)
	}
	_, err = f.WriteString(password + "\n")
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), t.secretFile(name))
	}
	if err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("trunk: secret: %w", err)
	}
	return nil
}

func (t *Trunks) dropPassword(name string) error {
	if err := os.Remove(t.secretFile(name)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("trunk: secret: %w", err)
	}
	return nil
}
