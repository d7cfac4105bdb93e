package spoken

import "strings"

// maxRounds bounds the search for a fixed point; ordinary texts are stable after the first round.
const maxRounds = 5

// Words gives the words to be said for a raw Ukrainian text. The order of the rules is telephone numbers, dates, times,
// money, other numbers, brackets, abbreviations, Latin, capitals. The result is a fixed point: Words(Words(t)) = Words(t).
func Words(text string) (string, error) {
	for range maxRounds {
		next := round(text)
		if next == text {
			return next, check(next)
		}
		if err := check(next); err != nil {
			return "", err
		}
		text = next
	}
	return "", &Error{Text: text, Bad: text, Why: "правила читання не сходяться"}
}

// round runs all rules once.
func round(text string) string {
	text = typography(text)
	for _, c := range chapters {
		if !strings.ContainsAny(text, c.need) {
			continue
		}
		for _, r := range c.rules {
			text = r.apply(text)
		}
	}
	text = abbreviations(text)
	text = shouting(text)
	return tidy(text)
}
