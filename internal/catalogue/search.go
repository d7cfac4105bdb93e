package catalogue

import (
	"slices"
	"strings"
	"unicode"
)

// How much a match of one word of the query is worth. The words of citizens outweigh the official name: an operator types
// what was said.
const (
	worthPhrase   = 100 // the whole query is one of the card's keywords
	worthKeyword  = 12
	worthName     = 10
	worthCategory = 3
	worthText     = 1
	worthExact    = 2 // on top: the very word, not another form of it
)

// indexed is a card made ready for searching.
type indexed struct {
	phrases               []string
	keywords, name, other []string
	text                  []string
}

func indexCard(c Card) indexed {
	x := indexed{name: words(c.Name), other: words(c.CategoryName + " " + strings.Join(c.LifeEvents, " ") + " " + c.ID)}
	for _, k := range c.Keywords {
		x.phrases = append(x.phrases, strings.Join(words(k), " "))
		x.keywords = append(x.keywords, words(k)...)
	}
	x.text = words(c.Summary + " " + strings.Join(c.Documents, " "))
	return x
}

// Search finds cards by the words of a citizen, best first: any case of letters, any apostrophe or none, any form of a word,
// Latin look-alikes. Cards that match every word come alone when there are any; an empty query gives all cards.
func (c *Catalogue) Search(query string) []Card {
	asked := words(query)
	if len(asked) == 0 {
		return c.All()
	}
	type hit struct{ at, score, matched int }
	var hits []hit
	best := 0
	for i, x := range c.index {
		h := hit{at: i}
		if slices.Contains(x.phrases, strings.Join(asked, " ")) {
			h.score += worthPhrase
		}
		for _, w := range asked {
			if s := x.score(w); s > 0 {
				h.score += s
				h.matched++
			}
		}
		if h.matched > 0 {
			hits = append(hits, h)
			best = max(best, h.matched)
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return b.score - a.score })
	var out []Card
	for _, h := range hits {
		if h.matched == best {
			out = append(out, c.cards[h.at])
		}
	}
	return out
}

func (x indexed) score(word string) int {
	best := 0
	for _, field := range []struct {
		words []string
		worth int
	}{{x.keywords, worthKeyword}, {x.name, worthName}, {x.other, worthCategory}, {x.text, worthText}} {
		for _, w := range field.words {
			switch {
			case w == word:
				best = max(best, field.worth+worthExact)
			case sameWord(w, word):
				best = max(best, field.worth)
			}
		}
	}
	return best
}

// sameWord tells whether two words are forms of one (a common beginning, endings of at most three letters), or the second
// is the beginning of the first, as somebody types it.
func sameWord(w, typed string) bool {
	a, b := []rune(w), []rune(typed)
	if len(b) >= 3 && strings.HasPrefix(w, typed) {
		return true
	}
	common := 0
	for common < len(a) && common < len(b) && a[common] == b[common] {
		common++
	}
	return common >= 4 && len(a)-common <= 3 && len(b)-common <= 3
}

// words cuts a text into folded words: lower case, without apostrophes, ґ as г, Latin look-alikes of Cyrillic words mended.
// Words of one letter mean nothing.
func words(text string) []string {
	text = strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune("'’ʼ‘`´\u0301", r):
			return -1
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return ' '
	}, text)
	var out []string
	for _, w := range strings.Fields(strings.ReplaceAll(text, "ґ", "г")) {
		if w = cyrillic(w); len([]rune(w)) > 1 {
			out = append(out, w)
		}
	}
	return out
}

// cyrillic mends Latin letters inside a word that has Cyrillic ones.
func cyrillic(w string) string {
	if strings.IndexFunc(w, func(r rune) bool { return unicode.Is(unicode.Cyrillic, r) }) < 0 {
		return w
	}
	return strings.Map(func(r rune) rune {
		if i := strings.IndexRune("aceiopxykmthb", r); i >= 0 {
			return []rune("асеіорхукмтнв")[i]
		}
		return r
	}, w)
}
