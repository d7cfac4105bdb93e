package spoken

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// monthNumber finds a month by its genitive.
func monthNumber(name string) time.Month { return time.Month(slices.Index(months[:], name)) }

// atoi reads at most nine digits that a pattern has already checked.
func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// dateCase is the nominative after «сьогодні» and «станом на», otherwise the genitive of "when".
func dateCase(before string) Case {
	if p := firstOf(prevWords(before, 1)); p == "на" || p == "за" || p == "по" {
		return Nom
	}
	if firstOf(prevWords(strings.TrimRight(before, " —–-:,"), 1)) == "сьогодні" {
		return Nom
	}
	return Gen
}

// dateRules read dates, years and days of the week.
var dateRules = []rule{
	when(`(\d{1,2})\.(\d{2})\.(\d{4})( року| р\.)?`, func(m match) (string, bool) {
		return sayDate(m, atoi(m.g[1]), atoi(m.g[2]), atoi(m.g[3]))
	}),
	when(`(\d{4})-(\d{2})-(\d{2})`, func(m match) (string, bool) {
		return sayDate(m, atoi(m.g[3]), atoi(m.g[2]), atoi(m.g[1]))
	}),
	when(`(?:(?:з|від) )?(\d{1,2})(?:`+pDash+`| до )(\d{1,2}) `+pMonth, func(m match) (string, bool) {
		a, b, mon := atoi(m.g[1]), atoi(m.g[2]), m.g[3]
		if a < 1 || a > 31 || b < 1 || b > 31 {
			return "", false
		}
		return "з " + OrdinalWord(int64(a), Neut, Gen) + " до " + OrdinalWord(int64(b), Neut, Gen) + " " + mon, true
	}),
	when(`з (\d{1,2}) по (\d{1,2}) `+pMonth, func(m match) (string, bool) {
		return "з " + OrdinalWord(int64(atoi(m.g[1])), Neut, Gen) + " по " + day(atoi(m.g[2]), monthNumber(m.g[3]), Nom), true
	}),
	when(`(\d{1,2}) `+pMonth+`( \d{4} ?(?:року|р\.))?`, func(m match) (string, bool) {
		d := atoi(m.g[1])
		if d < 1 || d > 31 {
			return "", false
		}
		out := day(d, monthNumber(m.g[2]), dateCase(m.before))
		if m.g[3] != "" {
			out += " " + yearOf(atoi(digitsOf(m.g[3])))
		}
		return out, true
	}),
	when(`(\d{4})`+pDash+`(\d{4}) (роки|років|рр\.|роках)`, func(m match) (string, bool) {
		c := map[string]Case{"роки": Nom, "роках": Loc}[m.g[3]]
		word := strings.Replace(m.g[3], "рр.", "років", 1)
		if word == "років" {
			c = Gen
		}
		return OrdinalWord(int64(atoi(m.g[1])), Masc, c) + " — " + OrdinalWord(int64(atoi(m.g[2])), Masc, c) + " " + word + keepDot(m), true
	}),
	when(`(\d{4}) ?(рік|року|році|роком|р\.)`, sayYear),
}

// sayDate reads a date in figures.
func sayDate(m match, d, mon, y int) (string, bool) {
	t := time.Date(y, time.Month(mon), d, 0, 0, 0, 0, time.UTC)
	if t.Day() != d || int(t.Month()) != mon || y < 1000 {
		return "", false
	}
	return day(d, t.Month(), dateCase(m.before)) + " " + yearOf(y), true
}

// sayYear reads «2026 році» as an ordinal in the case of the word.
func sayYear(m match) (string, bool) {
	n := int64(atoi(m.g[1]))
	if n < 1000 {
		return "", false
	}
	word, c := m.g[2], Gen
	switch word {
	case "рік":
		c = Nom
	case "році":
		c = Loc
	case "роком":
		c = Ins
	case "р.":
		word = "року" + keepDot(m)
		if p := firstOf(prevWords(m.before, 1)); p == "у" || p == "в" {
			c, word = Loc, "році"+keepDot(m)
		}
	}
	return OrdinalWord(n, Masc, c) + " " + word, true
}

// dayRules read the abbreviated days of the week; they need no digit.
var dayRules = []rule{
	when(`(?:(?:з|від) )?`+pDow+`(?:`+pDash+`| до )`+pDow+`( \d)?`, func(m match) (string, bool) {
		out := "з " + weekday(dow(m.g[1]), Gen) + " до " + weekday(dow(m.g[2]), Gen)
		if m.g[3] != "" {
			out += " —" + m.g[3]
		}
		return out, true
	}),
	when(pDow+`, ?`+pDow, func(m match) (string, bool) {
		return weekday(dow(m.g[1]), Nom) + " та " + weekday(dow(m.g[2]), Nom), true
	}),
	when(pDow, func(m match) (string, bool) {
		switch firstOf(prevWords(m.before, 1)) {
		case "у", "в", "на", "через":
			return weekday(dow(m.g[1]), Acc), true
		case "з", "із", "до", "від", "після", "крім":
			return weekday(dow(m.g[1]), Gen), true
		}
		return weekday(dow(m.g[1]), Nom), true
	}),
}

// dow finds a day of the week by its two letters.
func dow(abbr string) time.Weekday { return weekdaysByAbbr[strings.ToLower(abbr)] }

// timeRules read times of day.
var timeRules = []rule{
	when(pClock+pDash+pClock+`(,? перерва)?`, func(m match) (string, bool) {
		out := clockRange(atoi(m.g[1]), atoi(m.g[2]), atoi(m.g[3]), atoi(m.g[4]))
		if m.g[5] != "" {
			out = "перерва " + out
		}
		return out, true
	}),
	when(`(?:з|із|від) `+pTime+` (?:до|по) `+pTime, func(m match) (string, bool) {
		return clockRange(atoi(m.g[1]), atoi(m.g[2]), atoi(m.g[3]), atoi(m.g[4])), true
	}),
	when(`(о|об|О|Об) `+pTime, func(m match) (string, bool) {
		out := at(atoi(m.g[2]), atoi(m.g[3]))
		if strings.HasPrefix(m.g[1], "О") {
			out = "О" + strings.TrimPrefix(out, "о")
		}
		return out, true
	}),
	when(`о (\d{1,2}) годині`, func(m match) (string, bool) { return at(atoi(m.g[1]), 0), atoi(m.g[1]) <= 24 }),
	when(`(\d{1,2})\.(0[1-9]|1[0-2])`, func(m match) (string, bool) {
		d := atoi(m.g[1])
		return day(d, time.Month(atoi(m.g[2])), dateCase(m.before)), d >= 1 && d <= 31 && !inNumber(m.after)
	}),
	when(pClock, func(m match) (string, bool) {
		c, ok := governed(m.before)
		if !ok {
			c = Nom
		}
		return clock(atoi(m.g[1]), atoi(m.g[2]), c), true
	}),
}

// romanDigits are their values; Cyrillic lookalikes serve too.
var romanDigits = map[rune]int64{'I': 1, 'V': 5, 'X': 10, 'L': 50, 'C': 100, 'D': 500, 'M': 1000, 'І': 1, 'Х': 10, 'С': 100, 'М': 1000}

// roman reads a Roman numeral up to 100.
func roman(s string) (int64, bool) {
	var sum, last int64
	for _, r := range slices.Backward([]rune(s)) {
		v, ok := romanDigits[r]
		if !ok {
			return 0, false
		}
		if v < last {
			v = -v
		} else {
			last = v
		}
		sum += v
	}
	return sum, sum > 0 && sum <= 4000
}

// agreement is the gender and case of a noun form that takes an ordinal.
type agreement struct {
	g Gender
	c Case
}

// heads are nouns before an ordinal («стаття восьма»); tails stand after a Roman numeral («третій квартал»).
var (
	heads = map[string]agreement{"стаття": {Fem, Nom}, "статті": {Fem, Gen}, "статтею": {Fem, Ins}, "пункт": {Masc, Nom},
		"пункту": {Masc, Gen}, "пункті": {Masc, Loc}, "підпункт": {Masc, Nom}, "частина": {Fem, Nom}, "частини": {Fem, Gen},
		"розділ": {Masc, Nom}, "розділу": {Masc, Gen}, "розділі": {Masc, Loc}, "глава": {Fem, Nom}, "глави": {Fem, Gen},
		"книга": {Fem, Nom}, "том": {Masc, Nom}, "абзац": {Masc, Nom}}
	tails = map[string]agreement{"квартал": {Masc, Nom}, "кварталу": {Masc, Gen}, "кварталі": {Masc, Loc}, "скликання": {Neut, Gen},
		"скликанні": {Neut, Loc}, "сесія": {Fem, Nom}, "сесії": {Fem, Gen}, "групи": {Fem, Gen}, "група": {Fem, Nom},
		"групу": {Fem, Acc}, "групі": {Fem, Loc}, "групою": {Fem, Ins}, "століття": {Neut, Gen}, "столітті": {Neut, Loc},
		"етап": {Masc, Nom}, "етапу": {Masc, Gen}, "етапі": {Masc, Loc}, "ступеня": {Masc, Gen}, "ступінь": {Masc, Nom},
		"рівня": {Masc, Gen}, "рівень": {Masc, Nom}, "категорії": {Fem, Gen}, "категорія": {Fem, Nom}, "півріччя": {Neut, Nom},
		"місце": {Neut, Nom}}
)

// headAbbr are the abbreviations of heads.
var headAbbr = map[string]string{"ст.": "стаття", "п.": "пункт", "ч.": "частина", "пп.": "підпункт", "гл.": "глава", "абз.": "абзац"}

// romanRun is a pure Roman numeral in capitals.
var romanRun = regexp.MustCompile(`^[IVXLC]+$`)

// ordinalRules read written ordinals, Roman numerals and numbered clauses.
var ordinalRules = []rule{
	when(`(ст\.|п\.|пп\.|ч\.|гл\.|абз\.|стаття|статті|пункт|пункту|пункті|частина|частини|розділ|розділу|розділі|глава|глави|абзац) ?(\d{1,3}|[IVXLC]+)(?:-(\d{1,2}))?`,
		sayClause),
	when(`(\d{1,4})[ -]?(кв\.|квартал)`, func(m match) (string, bool) {
		if m.g[2] == "кв." || atoi(m.g[1]) > 4 {
			return "", false
		}
		return OrdinalWord(int64(atoi(m.g[1])), Masc, Nom) + " квартал", true
	}),
	when(`([IVXLC]+) (кв\.|[а-яіїє]+)`, sayRoman),
	when(`([IVXLC]{2,}|[VX])`, func(m match) (string, bool) {
		n, ok := roman(m.g[1])
		return Cardinal(n, Masc, Nom), ok
	}),
	when(`(\d+)-(ти|ма|х|ьох)`, func(m match) (string, bool) {
		n, ok := number(m.g[1])
		if m.g[2] == "ма" {
			return Cardinal(n, Masc, Ins), ok
		}
		if m.g[2] == "х" && !isFew(n) {
			return "", false
		}
		return Cardinal(n, Masc, Gen), ok
	}),
	when(`(\d+)-([а-яіїє]{1,3})`, func(m match) (string, bool) {
		s, ok := suffixes[m.g[2]]
		n, fine := number(m.g[1])
		if !ok || !fine || n > 999_999 {
			return "", false
		}
		if m.g[2] == "й" && nounGender(m.after) == Fem {
			return OrdinalWord(n, Fem, Loc), true
		}
		return OrdinalWord(n, s.g, s.c), true
	}),
	when(`(\d+)-([а-яіїє']{4,})`, func(m match) (string, bool) {
		n, ok := number(m.g[1])
		return prefix(n) + m.g[2], ok && n > 0 && n < 1000
	}),
}

// prefix is a number at the head of a compound: «трикімнатна», «двадцятичотиригодинний».
func prefix(n int64) string {
	switch n {
	case 100:
		return "сто"
	case 90:
		return "дев'яносто"
	}
	if n%100 < 10 || n%100 > 20 {
		short := map[int64]string{1: "одно", 2: "дво", 3: "три", 4: "чотири"}[n%10]
		if short != "" && n < 10 {
			return short
		}
		if short != "" {
			return strings.ReplaceAll(Cardinal(n-n%10, Masc, Gen), " ", "") + short
		}
	}
	return strings.ReplaceAll(Cardinal(n, Masc, Gen), " ", "")
}

// sayClause reads «ст. 8», «розділу X», «ст. 26-3».
func sayClause(m match) (string, bool) {
	word := m.g[1]
	if full, ok := headAbbr[word]; ok {
		word = full
	}
	var n int64
	if romanRun.MatchString(m.g[2]) {
		n, _ = roman(m.g[2])
	} else {
		n = int64(atoi(m.g[2]))
	}
	a := heads[word]
	if m.g[1] != word && (governedGen(m.before) || clauseBefore.MatchString(m.before)) {
		word = strings.TrimSuffix(strings.TrimSuffix(word, "я"), "а") + map[Gender]string{Fem: "и", Masc: "у"}[a.g]
		word, a.c = strings.Replace(word, "статти", "статті", 1), Gen
	}
	out := word + " " + OrdinalWord(n, a.g, a.c)
	if m.g[3] != "" {
		out += ", " + group(m.g[3])
	}
	return out, n > 0
}

// clauseBefore is a clause that this one belongs to: «п. 3 ст. 8».
var clauseBefore = regexp.MustCompile(`(?:п|пп|ч|абз)\. ?\d+ $`)

// governedGen tells whether the words before demand the genitive.
func governedGen(before string) bool {
	c, ok := governed(before)
	return ok && c == Gen
}

// sayRoman reads a Roman numeral before its noun.
func sayRoman(m match) (string, bool) {
	word := m.g[2]
	if word == "кв." {
		word = "квартал"
	}
	a, ok := tails[word]
	n, fine := roman(m.g[1])
	return OrdinalWord(n, a.g, a.c) + " " + word, ok && fine
}
