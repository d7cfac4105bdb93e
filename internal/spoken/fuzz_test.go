package spoken

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzWords: whatever is written, there is no panic, and the words are of the alphabet and stay as they are when read again.
func FuzzWords(f *testing.F) {
	for _, s := range []string{"", "№ 5203-VI", "08:00–17:15, пн–пт", "0 800 353 608", "49,92 грн (2,5 %)", "с. Самчики, вул. Миру, буд. 12",
		"ОБOB'ЯЗКИ ЦНАПу", "diia.gov.ua, a@b.ua", "* # + / § €", "за́мок", "1 000 000 000 000 000", "и\u0306\u0301''-–—…", "(((", "IX ст. 26-3 кв.",
		"1-й 2-га 3-х 90-х 24-годинний", "31.02.2026 99:99 25:00", "\x00\xff", "т. д. ін. р.", "с. ст.* грн ", "ст. – №кв."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		words, err := Words(text)
		if err != nil {
			if _, ok := err.(*Error); !ok {
				t.Fatalf("not an *Error: %v", err)
			}
			_ = err.Error()
			return
		}
		for _, r := range words {
			if !Allowed(r) {
				t.Fatalf("%q has %q", words, r)
			}
		}
		if again, err := Words(words); err != nil || again != words {
			t.Fatalf("%q is read again as %q (%v)", words, again, err)
		}
		joined := strings.Join(Lines(words), " ")
		if utf8.RuneCountInString(joined) > utf8.RuneCountInString(words) {
			t.Fatalf("lines are longer than the words: %q", joined)
		}
	})
}
