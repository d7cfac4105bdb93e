package main

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
)

func TestTheCommandLineSpeaksUkrainian(t *testing.T) {
	for _, c := range []struct {
		args string
		code int
		say  string
	}{
		{"--help", 0, "Вживання: dovidka <команда>"},
		{"serve --help", 0, "Показати цю підказку."},
		{"call --help", 0, "Прапорці:"},
		{"user add --help", 0, "Що вказати:"},
		{"", 2, "потрібна одна з команд"},
		{"serv", 2, "невідоме слово «serv»"},
		{"serve --bogus", 2, "невідомий прапорець --bogus"},
		{"serve --demo-hours never", 2, "--demo-hours буває"},
		{"serve --http", 2, "--http"},
		{"user add x", 2, "бракує --name"},
		{"user password", 2, "бракує: <login>"},
		{"call 127.0.0.1:1 --seconds many", 2, "значення --seconds незрозуміле"},
		{"serve --config /nonexistent.toml", 1, "такого файлу немає"},
		{"say --out /tmp/no.wav", 1, "немає тексту"},
	} {
		t.Run(c.args, func(t *testing.T) {
			var out, errw bytes.Buffer
			code := run(t.Context(), strings.Fields(c.args), strings.NewReader(""), &out, &errw)
			said := out.String() + errw.String()
			if code != c.code || !strings.Contains(said, c.say) {
				t.Errorf("code %d, want %d; said %q", code, c.code, said)
			}
			if english := regexp.MustCompile(`\b(Usage|Flags|Commands|Arguments|Show|Run|expected|missing|unknown|unexpected|must)\b`).FindString(said); english != "" {
				t.Errorf("an English word %q in %q", english, said)
			}
		})
	}
}
