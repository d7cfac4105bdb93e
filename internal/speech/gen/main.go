// Command gen makes the clips that are embedded in the binary: the sentences and digits by RHVoice (voice natalia), the beep and the
// music on hold by its own arithmetic. Run it by `go generate ./internal/speech`; the files are committed, so a build needs
// neither RHVoice nor this program. Licences: docs/decisions/004-clips-in-the-binary.md.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"dovidka/internal/speech"
)

// texts of the spoken clips, by name.
var texts = [][2]string{
	{"technical", "Вибачте, сталася технічна несправність. Зателефонуйте, будь ласка, за кілька хвилин."},
	{"technical_number", "Вибачте, сталася технічна несправність. Зателефонуйте, будь ласка, за номером:"},
	{"line_works", "Ви зателефонували до Центру надання адміністративних послуг. Лінія працює. З'єднуємо з оператором."},
	{"overload", "Зараз усі лінії зайняті. Зателефонуйте, будь ласка, за кілька хвилин."},
	{"leave_message", "Залиште, будь ласка, повідомлення після сигналу. Щоб завершити, натисніть решітку."},
}

func main() {
	if err := generate("embedded"); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// digits are the clips of which a telephone number is put together when nothing else works.
var digits = [...]string{"нуль", "один", "два", "три", "чотири", "п'ять", "шість", "сім", "вісім", "дев'ять"}

// generate writes all clips into dir.
func generate(dir string) error {
	tmp, err := os.MkdirTemp("", "dovidka-gen-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	studio, err := speech.New(speech.Options{Dir: tmp, Engines: []string{"rhvoice"}, Log: slog.Default()})
	if err != nil {
		return err
	}
	clips := map[string][]byte{"beep": speech.Beep(), "music": speech.Music()}
	all := texts
	for i, word := range digits {
		all = append(all, [2]string{fmt.Sprintf("digit%d", i), word})
	}
	for _, t := range all {
		c, err := studio.Clip(context.Background(), t[1])
		if err != nil {
			return err
		}
		clips[t[0]] = c.ALaw
	}
	for name, alaw := range clips {
		if err := os.WriteFile(filepath.Join(dir, name+".alaw"), alaw, 0o644); err != nil {
			return err
		}
		fmt.Printf("%s: %d bytes, %.1f s\n", name, len(alaw), float64(len(alaw))/8000)
	}
	return nil
}
