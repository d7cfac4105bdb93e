package spoken

import (
	"regexp"
	"strings"
	"unicode"
)

// stress is the combining acute accent that marks the stressed vowel before it.
const stress = '\u0301'

// glyphs are typographic variants of what the alphabet has, and marks that are not said.
var glyphs = strings.NewReplacer(
	"\u00a0", " ", "\u2007", " ", "\u2009", " ", "\u202f", " ", "\u2002", " ", "\u2003", " ", "\t", " ",
	"\u00ad", "", "\u200b", "", "\u200c", "", "\u200d", "", "\u2060", "", "\ufeff", "",
	"’", "'", "ʼ", "'", "‘", "'", "`", "'", "′", "'", "´", "'",
	"«", "", "»", "", "\"", "", "“", "", "”", "", "„", "", "‟", "", "‹", "", "›", "",
	"‐", "-", "‑", "-", "‒", "–", "―", "—", "−", "–",
	"…", ".", "и\u0306", "й", "И\u0306", "Й", "і\u0308", "ї", "І\u0308", "Ї", "½", "0,5", "¼", "0,25",
	"\u2022", "", "·", "", "▪", "", "\u2116", "№",
)

// lookalikes are Latin letters that look like Cyrillic ones.
var lookalikes = strings.NewReplacer("a", "а", "c", "с", "e", "е", "i", "і", "o", "о", "p", "р", "x", "х", "y", "у",
	"A", "А", "B", "В", "C", "С", "E", "Е", "H", "Н", "I", "І", "K", "К", "M", "М", "O", "О", "P", "Р", "T", "Т", "X", "Х",
	"Y", "У", "k", "к", "m", "м", "t", "т")

// wordRun is a run of letters with apostrophes.
var wordRun = regexp.MustCompile(`[\p{L}'’ʼ]+`)

// unmix replaces Latin lookalikes inside Cyrillic words: ОБOB'ЯЗКИ as it stands in the regulation, chapter 5.
func unmix(text string) string {
	return wordRun.ReplaceAllStringFunc(text, func(w string) string {
		cyr, lat := 0, 0
		for _, r := range w {
			switch {
			case unicode.Is(unicode.Cyrillic, r):
				cyr++
			case unicode.Is(unicode.Latin, r):
				lat++
			}
		}
		if cyr == 0 || lat == 0 {
			return w
		}
		return lookalikes.Replace(w)
	})
}

// lineBreaks turns the ends of lines into ends of sentences; a line's own mark stays.
func lineBreaks(text string) string {
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029' })
	var out []string
	for _, l := range lines {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, l)
		}
	}
	for i := range len(out) - min(len(out), 1) {
		if !strings.ContainsRune(".!?;:,—–-", lastRune(out[i])) {
			out[i] += "."
		}
	}
	return strings.Join(out, " ")
}

// typography is the first step: one form for every glyph, apostrophe, quotation mark, space and dash.
func typography(text string) string {
	text = glyphs.Replace(lineBreaks(text))
	text = unmix(text)
	return strings.Join(strings.Fields(text), " ")
}

// tidySteps clean the marks after all rules have run, in order.
var tidySteps = []struct {
	re   *regexp.Regexp
	with string
}{
	{regexp.MustCompile(` *– *`), " — "},
	{regexp.MustCompile(` +-+ *| *-+ +|-{2,}`), " — "},
	{regexp.MustCompile(`^[ ,.;:!?—-]+`), ""},
	{regexp.MustCompile(` *— *`), " — "},
	{regexp.MustCompile(`(?: — ){2,}`), " — "},
	{regexp.MustCompile(` +([,.!?:;])`), "$1"},
	{regexp.MustCompile(`[,:; —]+([.!?])`), "$1"},
	{regexp.MustCompile(`([.!?])[,;:.!?]+`), "$1"},
	{regexp.MustCompile(`([;:])[,;: ]+`), "$1 "},
	{regexp.MustCompile(`,[, ]*([;:])`), "$1"},
	{regexp.MustCompile(`,(?: *,)+`), ","},
	{regexp.MustCompile(`[,:;] — `), " — "},
	{regexp.MustCompile(` — [,;:]`), ","},
	{regexp.MustCompile(`([.!?]) — `), "$1 "},
	{regexp.MustCompile(`([,.!?:;])([^ ])`), "$1 $2"},
	{regexp.MustCompile(`(^| )'+|'+( |$)`), "$1$2"},
	{regexp.MustCompile(`[ ,:;—-]+$`), ""},
	{regexp.MustCompile(` {2,}`), " "},
}

// tidy joins the marks that rules and brackets have left behind.
func tidy(text string) string {
	for _, s := range tidySteps {
		text = s.re.ReplaceAllString(text, s.with)
	}
	return strings.TrimSpace(text)
}
