package spoken

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// chapter is a set of rules for texts that hold any of some characters; most texts need few of them.
type chapter struct {
	need  string
	rules []rule
}

// latinLetters are the letters of addresses and brands.
const latinLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// chapters in order: numbers, addresses of the net, days, abbreviations with dots, brands, strokes, Latin, signs, brackets.
// A Roman numeral is made of Latin capitals.
var chapters = []chapter{
	{"0123456789IVXLC", numberRules}, {latinLetters, netRules}, {"ПпВвСсЧчНн", dayRules}, {".-", dottedRules}, {"гмс", bareRules}, {"є+Д", brandRules},
	{"/(", slashRules}, {latinLetters, latinRules}, {"*#%§№&+=₴€°×≈~≤≥", signWordRules}, {"([{<)]}>", bracketRules},
}

// slashRules read strokes and variants in brackets.
var slashRules = []rule{
	to(`та/або|і/або|й/або`, "або"),
	loose(`([а-яіїєґ'-]+)\(-?(и|і|ї|ів|а|я|ка)\)`, func(m match) (string, bool) {
		if touches(firstRune(m.after)) {
			return "", false
		}
		return m.g[1] + " або " + plural(m.g[1], m.g[2]), true
	}),
	loose(` ?/ ?`, func(m match) (string, bool) {
		return " або ", unicode.IsLetter(lastRune(m.before)) && unicode.IsLetter(firstRune(m.after))
	}),
}

// plural puts a bracketed ending in place of a noun's own: заява(и) → заяви, документ(и) → документи.
func plural(word, ending string) string {
	for _, vowel := range []string{"а", "я", "у", "ю", "ь"} {
		if stem, ok := strings.CutSuffix(word, vowel); ok {
			return stem + ending
		}
	}
	if ending == "ка" {
		return strings.TrimSuffix(word, "ин") + "ка"
	}
	return word + ending
}

// bracketRules turn brackets into pauses; the mark after a closing bracket wins over its comma (tidy).
var bracketRules = []rule{
	loose(` ?[(\[{<] ?`, func(match) (string, bool) { return ", ", true }),
	loose(` ?[)\]}>] ?`, func(match) (string, bool) { return ", ", true }),
}

// signWordRules read single signs.
var signWordRules = []rule{
	loose(`\*`, func(m match) (string, bool) { return keyName(m, "зірочка", "зірочку"), true }),
	loose(`#`, func(m match) (string, bool) { return keyName(m, "решітка", "решітку"), true }),
	loose(` ?% ?`, fixedWord("відсотків")),
	loose(` ?§ ?`, fixedWord("параграф")),
	loose(` ?№ ?`, fixedWord("номер")),
	loose(` ?& ?`, fixedWord("та")),
	loose(` ?\+ ?`, fixedWord("плюс")),
	loose(` ?= ?`, fixedWord("дорівнює")),
	loose(` ?₴ ?`, fixedWord("гривень")),
	loose(` ?€ ?`, fixedWord("євро")),
	loose(` ?° ?`, fixedWord("градусів")),
	loose(` ?× ?`, fixedWord("на")),
	loose(` ?[≈~] ?`, fixedWord("приблизно")),
	loose(` ?≤ ?`, fixedWord("не більше")),
	loose(` ?≥ ?`, fixedWord("не менше")),
}

// fixedWord says a sign as a word of its own.
func fixedWord(w string) func(match) (string, bool) {
	return func(match) (string, bool) { return " " + w + " ", true }
}

// keyName says a key of the telephone; what is pressed stands in the accusative.
func keyName(m match, nom, acc string) string {
	word := nom
	if p := firstOf(prevWords(m.before, 1)); strings.HasPrefix(p, "натис") || strings.HasPrefix(p, "набер") || p == "через" {
		word = acc
	}
	return pad(m.before, word, m.after)
}

// sentenceEnds tells whether a sentence ends before the rest: a capital follows. The end of the text needs no mark.
func sentenceEnds(after string) bool {
	rest := strings.TrimLeft(after, " \n)»")
	return unicode.IsUpper(firstRune(rest))
}

// dotted is an abbreviation that ends in a full stop, by what it stands for.
type dotted struct{ pattern, word string }

// dottedWords that have one reading.
var dottedWords = []dotted{
	{`та ін\.`, "та інше"}, {`і т\. ?д\.|й т\. ?д\.`, "і так далі"}, {`і т\. ?п\.|й т\. ?п\.`, "і тому подібне"},
	{`т\. ?зв\.`, "так званий"}, {`тел\.|Тел\.`, "телефон"}, {`оф\.`, "офіс"}, {`під'їзд\.`, "під'їзд"}, {`напр\.`, "наприклад"}, {`ім\.`, "імені"},
	{`див\.`, "дивіться"}, {`р-н`, "район"}, {`р-ну`, "району"}, {`р-ні`, "районі"}, {`гр\.`, "громадянин"}, {`коп\.`, "копійок"},
	{`тис\.`, "тисяч"}, {`хв\.`, "хвилин"}, {`год\.`, "годин"}, {`сек\.`, "секунд"},
	{`заст\.`, "заступник"}, {`зав\.`, "завідувач"}, {`нач\.`, "начальник"}, {`вих\.`, "вихідний"}, {`вх\.`, "вхідний"},
	{`кв\. ?м`, "квадратних метрів"}, {`рр\.`, "років"}, {`роб\. дні`, "робочі дні"}, {`роб\. днів`, "робочих днів"}, {`стор\.`, "сторінка"},
	{`моб\.`, "мобільний"}, {`ел\. ?пошта`, "електронна пошта"}, {`внутр\.`, "внутрішній"},
}

// placeWords are declined by the preposition before them: nominative, genitive, locative.
var placeWords = map[string][3]string{
	"вул.": {"вулиця", "вулиці", "вулиці"}, "просп.": {"проспект", "проспекту", "проспекті"}, "пр.": {"проспект", "проспекту", "проспекті"},
	"пров.": {"провулок", "провулка", "провулку"}, "пл.": {"площа", "площі", "площі"}, "бульв.": {"бульвар", "бульвару", "бульварі"},
	"буд.": {"будинок", "будинку", "будинку"}, "корп.": {"корпус", "корпусу", "корпусі"}, "каб.": {"кабінет", "кабінету", "кабінеті"},
	"кімн.": {"кімната", "кімнати", "кімнаті"},
	"м.":    {"місто", "міста", "місті"}, "с.": {"село", "села", "селі"}, "обл.": {"область", "області", "області"},
}

// dottedRules read abbreviations with dots.
var dottedRules = slices.Concat([]rule{
	when(`([а-яіїєґ']+(?:ськ|цьк|зьк)(а|ої|ій|у|ою)) обл\.`, func(m match) (string, bool) {
		return m.g[1] + " " + map[string]string{"а": "область", "ої": "області", "ій": "області", "у": "область", "ою": "областю"}[m.g[2]] + keepDot(m), true
	}),
	when(`([А-ЯҐЄІЇ][а-яіїєґ']+(?:ськ|цьк|зьк)(а|ої|ій|у|ою)) обл\.`, func(m match) (string, bool) {
		return m.g[1] + " " + map[string]string{"а": "область", "ої": "області", "ій": "області", "у": "область", "ою": "областю"}[m.g[2]] + keepDot(m), true
	}),
	when(`(вул\.|просп\.|пр\.|пров\.|пл\.|бульв\.|м\.|с\.|Вул\.|М\.|буд\.|корп\.|каб\.|кімн\.) ?`, sayPlace),
	when(`та ін\. `, func(m match) (string, bool) { return "та інші ", unicode.IsLower(firstRune(m.after)) }),
	when(`кв\. ?`, func(m match) (string, bool) { return "квартира ", true }),
	when(`ст\. ?`, func(m match) (string, bool) { return "стаття ", unicode.IsLetter(firstRune(m.after)) }),
	when(`р\.`, func(m match) (string, bool) { return "року" + keepDot(m), strings.HasSuffix(m.before, " ") }),
}, dottedWordRules())

// bareRules read abbreviations that are written without a full stop too.
var bareRules = []rule{
	when(`грн\.?`, func(m match) (string, bool) { return "гривень" + keepDot(m), true }),
	when(`(млн|млрд)\.?`, func(m match) (string, bool) {
		return map[string]string{"млн": "мільйонів", "млрд": "мільярдів"}[m.g[1]] + keepDot(m), true
	}),
	when(`смт\.?`, func(match) (string, bool) { return "селище міського типу", true }),
}

// dottedWordRules makes a rule of every abbreviation with one reading.
func dottedWordRules() []rule {
	var out []rule
	for _, d := range dottedWords {
		out = append(out, when(d.pattern, func(m match) (string, bool) { return d.word + keepDot(m), true }))
	}
	return out
}

// sayPlace reads «вул. Миру», «у м. Києві», «с. Самчики».
func sayPlace(m match) (string, bool) {
	short := strings.TrimSpace(m.g[1])
	w := placeWords[strings.ToLower(short)]
	alone := slices.Contains([]string{"буд.", "корп.", "каб.", "кімн."}, short) || m.before == "" && m.after == "" && len(w[0]) > 8
	if next := firstRune(m.after); !unicode.IsUpper(next) && !unicode.IsDigit(next) && !alone {
		return "", false
	}
	i := 0
	switch firstOf(prevWords(m.before, 1)) {
	case "до", "від", "з", "із", "біля", "для", "по":
		i = 1
	case "у", "в", "на":
		i = 2
	}
	if unicode.IsUpper(firstRune(short)) {
		return capital(w[i]) + " ", true
	}
	return w[i] + " ", true
}

// capital makes the first letter a capital.
func capital(s string) string {
	r := []rune(s)
	if len(r) > 0 {
		r[0] = unicode.ToUpper(r[0])
	}
	return string(r)
}

// capsRun is a word of two or more capitals with an optional lower-case ending.
var capsRun = regexp.MustCompile(`([А-ЯҐЄІЇ][А-ЯҐЄІЇ'-]*[А-ЯҐЄІЇ])([а-яіїєґ]{0,3})`)

// shouting lowers words in capitals that no dictionary knows: long ones, and all of them when the text has no other words.
// A short one is spelled by its letters: «ве-ер».
func shouting(text string) string {
	if !hasCaps(text) {
		return text
	}
	loud := strings.IndexFunc(text, unicode.IsLower) < 0 && strings.Contains(text, " ")
	r := rule{re: capsRun, say: func(m match) (string, bool) {
		word, ending := m.g[1], m.g[2]
		letters := strings.Count(word, "") - 1
		if loud || letters > 4 || strings.Contains(word, "-") || strings.Contains(word, "'") {
			return strings.ToLower(word) + ending, true
		}
		return spell(word) + ending, true
	}}
	return r.apply(text)
}

// hasCaps tells whether two capitals stand together.
func hasCaps(text string) bool {
	last := false
	for _, r := range text {
		upper := unicode.IsUpper(r)
		if upper && last {
			return true
		}
		last = upper || last && (r == '-' || r == '\'')
	}
	return false
}

// letterNames of the alphabet, as they are said when spelled.
var letterNames = map[rune]string{'А': "а", 'Б': "бе", 'В': "ве", 'Г': "ге", 'Ґ': "ґе", 'Д': "де", 'Е': "е", 'Є': "є", 'Ж': "же",
	'З': "зе", 'И': "и", 'І': "і", 'Ї': "ї", 'Й': "йот", 'К': "ка", 'Л': "ел", 'М': "ем", 'Н': "ен", 'О': "о", 'П': "пе", 'Р': "ер",
	'С': "ес", 'Т': "те", 'У': "у", 'Ф': "еф", 'Х': "ха", 'Ц': "це", 'Ч': "че", 'Ш': "ша", 'Щ': "ща", 'Ь': "м'який знак", 'Ю': "ю", 'Я': "я"}

// spell reads letters by their names, joined with hyphens.
func spell(word string) string {
	var out []string
	for _, r := range word {
		if name, ok := letterNames[r]; ok {
			out = append(out, name)
		}
	}
	return strings.Join(out, "-")
}
