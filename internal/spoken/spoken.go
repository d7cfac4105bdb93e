// Package spoken turns written Ukrainian into the words to be said (docs/MAP.md, floor WORDS).
//
// It owns numbers, cases, dates, times, money, telephone numbers, abbreviations and typography, and the typed values that
// fill the {variables} of prompts. Its contract: Words gives only lower and upper case letters of the Ukrainian alphabet,
// the apostrophe, the stress mark U+0301, space and , . ! ? : ; — - or an *Error that names the place; nothing is ever
// dropped in silence, because speech engines drop or misread what they do not know. Words is idempotent on its own output.
// The package is pure: no clock, no I/O, no state.
package spoken

import (
	"fmt"
	"strings"
	"unicode"
)

// Version names the rules of this normaliser; it is part of the key of every cached clip, so raise it when the words change.
const Version = "1"

// Error tells which place of a text cannot be spoken. It is shown to the editor of the text.
type Error struct {
	Text string // the text as far as it was normalised
	Bad  string // the characters that have no reading, or the name of the variable
	At   int    // their place in Text, in letters from 0
	Why  string // the reason in Ukrainian
}

// Error gives the sentence for the editor.
func (e *Error) Error() string {
	return fmt.Sprintf("не можна вимовити «%s»: %s (%s)", e.Bad, e.Why, around(e.Text, e.At))
}

// around cuts some letters either side of a place.
func around(text string, at int) string {
	r := []rune(text)
	from, to := max(at-20, 0), min(at+20, len(r))
	if from >= to {
		return ""
	}
	return "…" + string(r[from:to]) + "…"
}

// Allowed tells whether a letter may reach a speech engine.
func Allowed(r rune) bool {
	r = unicode.ToLower(r)
	return r >= 'а' && r <= 'щ' || strings.ContainsRune("ьюяґєії' \u0301,.!?:;—-", r)
}

// check is the last gate: the first letter outside the alphabet is an error.
func check(text string) error {
	at := 0
	for i, r := range text {
		if !Allowed(r) {
			bad := word(text[i:])
			why := "для цього знака немає правила читання"
			if unicode.Is(unicode.Latin, r) {
				why = "слово латиницею: напишіть, як його вимовляти"
			}
			return &Error{Text: text, Bad: bad, At: at, Why: why}
		}
		at++
	}
	return nil
}

// word gives the letters at the head of a text, or its first sign.
func word(text string) string {
	end := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsLetter(r) })
	if end > 0 {
		return text[:end]
	}
	if end < 0 {
		return text
	}
	return string(firstRune(text))
}

// Lines cuts normalised words into sentences, each to be rendered and cached by itself. Items of a list, parted by a
// semicolon, are lines too.
func Lines(words string) []string {
	var out []string
	start := 0
	for i, r := range words {
		if !strings.ContainsRune(".!?;", r) {
			continue
		}
		if s := strings.TrimSpace(words[start : i+1]); strings.IndexFunc(s, unicode.IsLetter) >= 0 {
			out = append(out, s)
			start = i + 1
		}
	}
	if s := strings.TrimSpace(words[start:]); strings.IndexFunc(s, unicode.IsLetter) >= 0 {
		out = append(out, s)
	}
	return out
}
