package spoken

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// match is one place where a rule's pattern stands, with the text around it.
type match struct {
	g             []string // the groups; g[0] is the whole
	before, after string
}

// rule rewrites places of a text. The pattern must stand free: no letter or digit touches it on either side, since Go's \b
// knows only ASCII. A rule that declines (false) leaves its place to the next rule.
type rule struct {
	re   *regexp.Regexp
	say  func(m match) (string, bool)
	glue bool // the pattern may touch letters
}

// to makes a rule with a fixed reading.
func to(pattern, reading string) rule {
	return rule{re: regexp.MustCompile(pattern), say: func(match) (string, bool) { return reading, true }}
}

// when makes a rule with a function.
func when(pattern string, say func(m match) (string, bool)) rule {
	return rule{re: regexp.MustCompile(pattern), say: say}
}

// loose makes a rule whose pattern may touch letters and digits.
func loose(pattern string, say func(m match) (string, bool)) rule {
	return rule{re: regexp.MustCompile(pattern), say: say, glue: true}
}

// apply rewrites every place of the text where the rule fits.
func (r rule) apply(text string) string {
	if !r.re.MatchString(text) {
		return text
	}
	var out strings.Builder
	done := 0
	for at := 0; at <= len(text); {
		loc := r.re.FindStringSubmatchIndex(text[at:])
		if loc == nil {
			break
		}
		for i := range loc {
			if loc[i] >= 0 {
				loc[i] += at
			}
		}
		from, till := loc[0], loc[1]
		said, ok := r.try(text, loc)
		if !ok {
			_, size := utf8.DecodeRuneInString(text[from:])
			at = from + max(size, 1)
			continue
		}
		out.WriteString(text[done:from])
		out.WriteString(said)
		done, at = till, max(till, from+1)
	}
	out.WriteString(text[done:])
	return out.String()
}

// try offers one place to the rule.
func (r rule) try(text string, loc []int) (string, bool) {
	from, till := loc[0], loc[1]
	meets := func(a, b rune) bool { return touches(a) && touches(b) }
	if !r.glue && (meets(lastRune(text[:from]), firstRune(text[from:till])) || meets(lastRune(text[from:till]), firstRune(text[till:]))) {
		return "", false
	}
	g := make([]string, len(loc)/2)
	for i := range g {
		if loc[2*i] >= 0 {
			g[i] = text[loc[2*i]:loc[2*i+1]]
		}
	}
	return r.say(match{g: g, before: text[:from], after: text[till:]})
}

// touches tells whether a rune belongs to a word or a number.
func touches(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '\'' || r == stress
}

// lastRune and firstRune give 0 for an empty text.
func lastRune(s string) rune {
	if s == "" {
		return 0
	}
	r, _ := utf8.DecodeLastRuneInString(s)
	return r
}

func firstRune(s string) rune {
	if s == "" {
		return 0
	}
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

// prevWords gives up to n words, lower case, that stand directly before a place; punctuation other than spaces ends them.
// The nearest comes first.
func prevWords(before string, n int) []string {
	var out []string
	r := []rune(before)
	i := len(r)
	for len(out) < n {
		for i > 0 && r[i-1] == ' ' {
			i--
		}
		end := i
		for i > 0 && (touches(r[i-1]) || r[i-1] == '-') {
			i--
		}
		if i == end {
			break
		}
		out = append(out, strings.ToLower(string(r[i:end])))
	}
	return out
}

// nextWords gives up to n words, lower case, that stand directly after a place.
func nextWords(after string, n int) []string {
	var out []string
	rest := after
	for len(out) < n {
		rest = strings.TrimLeft(rest, " ")
		end := strings.IndexFunc(rest, func(r rune) bool { return !touches(r) && r != '-' })
		if end < 0 {
			end = len(rest)
		}
		if end == 0 {
			break
		}
		out = append(out, strings.ToLower(rest[:end]))
		rest = rest[end:]
	}
	return out
}

// firstOf gives the first word or "".
func firstOf(words []string) string {
	if len(words) == 0 {
		return ""
	}
	return words[0]
}

// governing words and the case that they demand of a number or a time after them.
var governs = map[string]Case{
	"до": Gen, "від": Gen, "з": Gen, "із": Gen, "зі": Gen, "близько": Gen, "коло": Gen, "протягом": Gen, "упродовж": Gen,
	"впродовж": Gen, "після": Gen, "без": Gen, "для": Gen, "крім": Gen, "окрім": Gen, "замість": Gen, "проти": Gen,
	"більше": Gen, "менше": Gen, "пізніше": Gen, "раніше": Gen, "старше": Gen, "молодше": Gen, "вище": Gen, "нижче": Gen,
	"розмірі": Gen, "сумі": Gen, "віці": Gen, "орієнтовно": Nom, "приблизно": Nom,
	"понад": Acc, "через": Acc, "за": Acc, "на": Acc, "про": Acc, "по": Acc, "перевищує": Acc, "перевищити": Acc,
	"перевищують": Acc, "очікував": Acc, "очікувала": Acc, "очікуйте": Acc, "зачекайте": Acc, "чекати": Acc, "заплатіть": Acc,
	"сплатіть": Acc, "триває": Acc, "о": Loc, "об": Loc,
}

// governed gives the case that the words before a place demand; false when they demand none.
func governed(before string) (Case, bool) {
	c, ok := governs[firstOf(prevWords(before, 1))]
	return c, ok
}
