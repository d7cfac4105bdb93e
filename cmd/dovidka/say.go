package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"dovidka/internal/media"
	"dovidka/internal/speech"
	"dovidka/internal/spoken"
)

type sayCmd struct {
	common
	Text bool   `help:"Лише показати слова, які буде вимовлено, рядок за рядком."`
	Out  string `help:"Записати звук у файл WAV: таким його почують у слухавці." type:"path" placeholder:"ФАЙЛ"`
}

// Run speaks the standard input, line by line.
func (s *sayCmd) Run(ctx context.Context, io_ *streams) error {
	b, err := io.ReadAll(io.LimitReader(io_.in, 1<<20))
	if err != nil {
		return err
	}
	var lines []string
	for _, l := range strings.Split(string(b), "\n") {
		if l = strings.TrimSpace(l); l != "" {
			lines = append(lines, l)
		}
	}
	if len(lines) == 0 {
		return errors.New("немає тексту: подайте його на стандартний ввід, наприклад  echo 'Добрий день!' | dovidka say --text")
	}
	if s.Text || s.Out == "" {
		return sayText(lines, io_.out)
	}
	return s.sayWAV(ctx, lines, io_.out)
}

// sayText prints the words of each line; a line that cannot be spoken is an error that names the place.
func sayText(lines []string, out io.Writer) error {
	for i, l := range lines {
		words, err := spoken.Words(l)
		if err != nil {
			return fmt.Errorf("рядок %d: %w", i+1, err)
		}
		fmt.Fprintln(out, words)
	}
	return nil
}

func (s *sayCmd) sayWAV(ctx context.Context, lines []string, out io.Writer) error {
	c, err := s.load()
	if err != nil {
		return err
	}
	dir := filepath.Join(c.Data, "clips")
	if _, err := os.Stat(c.Data); err != nil { // a stranger's first try must not leave a data folder behind
		if dir, err = os.MkdirTemp("", "dovidka-say"); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	}
	studio, err := speech.New(speech.Options{Dir: dir, Engines: c.Speech.Engines, Voice: c.Speech.Voice, Command: c.Speech.Command})
	if err != nil {
		return err
	}
	clip, err := studio.Clip(ctx, strings.Join(lines, "\n"))
	if err != nil {
		return err
	}
	f, err := os.Create(s.Out)
	if err != nil {
		return fmt.Errorf("не вдалося записати %s: %w", s.Out, err)
	}
	if err := errors.Join(media.WriteWAV(f, clip.ALaw), f.Close()); err != nil {
		return fmt.Errorf("не вдалося записати %s: %w", s.Out, err)
	}
	fmt.Fprintf(out, "%s: %.1f с, голос %s\n", s.Out, clip.Duration().Seconds(), clip.Engine)
	return nil
}
