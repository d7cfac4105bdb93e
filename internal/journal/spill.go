package journal

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"dovidka/internal/call"
)

// spill is the file that takes facts when the database does not: one JSON fact a line, on the disk before write returns.
// Owned by the writer.
type spill struct {
	path string
	f    *os.File
}

// write appends facts and brings them to the disk.
func (s *spill) write(facts []call.Fact) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	for _, f := range facts {
		if err := enc.Encode(f); err != nil {
			return fmt.Errorf("spill: %w", err)
		}
	}
	if s.f == nil {
		if err := s.open(); err != nil {
			return fmt.Errorf("spill: %w", err)
		}
	}
	if _, err := s.f.Write(b.Bytes()); err != nil {
		return fmt.Errorf("spill: %w", err)
	}
	if err := s.f.Sync(); err != nil {
		return fmt.Errorf("spill: %w", err)
	}
	return nil
}

// open opens the file; a last line that was torn by a kill is ended, so that it spoils no other.
func (s *spill) open() error {
	if err := os.MkdirAll(filepath.Dir(s.path), 0o750); err != nil {
		return err
	}
	f, err := os.OpenFile(s.path, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if end, err := f.Seek(0, 2); err == nil && end > 0 {
		last := make([]byte, 1)
		if _, err := f.ReadAt(last, end-1); err == nil && last[0] != '\n' {
			_, err = f.Write([]byte{'\n'})
			if err != nil {
				f.Close()
				return err
			}
		}
	}
	if dir, err := os.Open(filepath.Dir(s.path)); err == nil { // the new name has to reach the disk too
		dir.Sync()
		dir.Close()
	}
	s.f = f
	return nil
}

// read gives the facts in the file and how many lines could not be read (torn by a kill or a full disk).
func (s *spill) read() (facts []call.Fact, bad int, err error) {
	f, err := os.Open(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("spill: %w", err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if len(lines.Bytes()) == 0 {
			continue
		}
		var fact call.Fact
		if json.Unmarshal(lines.Bytes(), &fact) != nil || fact.Call == "" || fact.Seq <= 0 {
			bad++
			continue
		}
		facts = append(facts, fact)
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		bad++ // no line of ours is that long: what follows is kept in the file only
	} else if err != nil {
		return nil, 0, fmt.Errorf("spill: %w", err)
	}
	return facts, bad, nil
}

// drop removes the file after its facts have been committed; with unreadable lines in it, it is kept under another name.
func (s *spill) drop(bad int, now time.Time) error {
	if s.f != nil {
		s.f.Close()
		s.f = nil
	}
	if bad > 0 {
		return os.Rename(s.path, s.path+".unreadable-"+now.UTC().Format("20060102T150405.000"))
	}
	if err := os.Remove(s.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("spill: %w", err)
	}
	return nil
}

// close gives the file handle back.
func (s *spill) close() {
	if s.f != nil {
		s.f.Close()
		s.f = nil
	}
}
