package main

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"github.com/alecthomas/kong"

	"dovidka/internal/fault"
)

// The parser of the command line speaks English; a person at the terminal reads Ukrainian. Its words, in the order of putting.
var (
	helpWords = strings.NewReplacer(
		"Usage: ", "Вживання: ", "\nFlags:\n", "\nПрапорці:\n", "\nArguments:\n", "\nЩо вказати:\n", "\nCommands:\n", "\nКоманди:\n",
		"Show context-sensitive help.", "Показати цю підказку.", "[flags]", "[прапорці]", "<command>", "<команда>", "=STRING", "=ТЕКСТ",
		"=FLOAT-64", "=ЧИСЛО", `Run "dovidka <command> --help" for more information on a command.`, "Докладніше про команду: dovidka <команда> --help",
	)
	errorWords = []struct {
		english *regexp.Regexp
		say     string
	}{
		{regexp.MustCompile(`^unknown flag (\S+?)(?:, did you mean (.+)\?)?$`), "невідомий прапорець $1"},
		{regexp.MustCompile(`^unexpected argument (\S+?)(?:, did you mean (.+)\?)?$`), "невідоме слово «$1»"},
		{regexp.MustCompile(`^missing flags: (.+)$`), "бракує $1"},
		{regexp.MustCompile(`^expected one of (.+)$`), "потрібна одна з команд: $1"},
		{regexp.MustCompile(`^expected "(.+)"$`), "бракує: $1"},
		{regexp.MustCompile(`^(\S+) must be one of (.+) but got "(.*)"$`), "$1 буває $2, а не «$3»"},
		{regexp.MustCompile(`^(\S+?): expected .+ but got "EOL".*$`), "бракує значення $1"},
		{regexp.MustCompile(`^(\S+?): expected .+ but got "?(.*?)"? .*$`), "значення $1 незрозуміле: $2"},
	}
)

// help prints kong's help with Ukrainian words.
func help(o kong.HelpOptions, c *kong.Context) error {
	out := c.Stdout
	var b bytes.Buffer
	c.Stdout = &b
	err := kong.DefaultHelpPrinter(o, c)
	c.Stdout = out
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(out, helpWords.Replace(b.String()))
	return err
}

// mistake says in Ukrainian what was wrong with a command line.
func mistake(err error) string {
	for _, w := range errorWords {
		if w.english.MatchString(err.Error()) {
			return w.english.ReplaceAllString(err.Error(), w.say)
		}
	}
	return err.Error()
}

// sentence is what a person reads of a command's failure.
func sentence(err error) string {
	if fault.KindOf(err) != fault.Internal {
		return fault.Say(err)
	}
	return err.Error()
}
