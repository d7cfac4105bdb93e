package spoken

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Patterns shared by the rules.
const (
	pInt   = `(\d{1,3}(?: \d{3})+|\d+)` // digits, thousands apart
	pNum   = pInt + `(?:,(\d+))?`
	pTime  = `([01]?\d|2[0-4])[:.]([0-5]\d)`
	pClock = `([01]?\d|2[0-4]):([0-5]\d)`
	pDash  = ` ?[–—-] ?`
	pMonth = `(січня|лютого|березня|квітня|травня|червня|липня|серпня|вересня|жовтня|листопада|грудня)`
	pDow   = `(пн|вт|ср|чт|пт|сб|нд|Пн|Вт|Ср|Чт|Пт|Сб|Нд)\.?`
)

// numberRules in the order of requirements D.2: telephone numbers, numbers with a sign, dates, times, money, the rest.
var numberRules = slices.Concat(phoneRules, signRules, dateRules, dayRules, timeRules, []rule{
	when(pNum+` ?(тис|млн|млрд)\.?(?: ?(грн\.?|₴))?`, sayScaled),
	loose(`[–-](\d)`, func(m match) (string, bool) {
		return "мінус " + m.g[1], m.before == "" || strings.HasSuffix(m.before, " ") || strings.HasSuffix(m.before, "(")
	}),
	to(`24/7`, "цілодобово"),
	when(`([1-9])/([2-9]|10) (част[а-яіїє]+)`, func(m match) (string, bool) {
		n, d := int64(atoi(m.g[1])), int64(atoi(m.g[2]))
		g := Plural
		if n == 1 {
			g = Fem
		}
		return Cardinal(n, Fem, Nom) + " " + OrdinalWord(d, g, map[Gender]Case{Fem: Nom, Plural: Gen}[g]) + " " + m.g[3], n < d
	}),
	when(`€ ?`+pNum, func(m match) (string, bool) { return sayUnit(m.before, m.g[1], m.g[2], units["€"]) }),
	when(`₴ ?`+pNum, func(m match) (string, bool) { return sayUnit(m.before, m.g[1], m.g[2], Hryvnia) }),
	when(`\$ ?`+pNum, func(m match) (string, bool) { return sayUnit(m.before, m.g[1], m.g[2], dollar) }),
	when(pInt+` (або|чи|та|і) `+pInt+` ?(грн|коп|год|хв|₴)\.?`, sayTwo),
	when(`(?:(?:від|з|до) )?`+pInt+pDash+pInt+` ?([а-яіїєґ]+\.?|%|₴)`, sayUnitRange),
	when(pNum+` ?(кв\. ?м|куб\. ?м|[а-яіїєґ]+|%|₴|\$|€|°C?|℃)(\.?)`, sayWithUnit),
	when(`(?:(від|з|до) )?`+pInt+pDash+pInt, sayRange),
}, ordinalRules, []rule{
	loose(`(\d)(\p{L})`, func(m match) (string, bool) { return m.g[1] + " " + m.g[2], true }),
	loose(`(\p{L})(\d)`, func(m match) (string, bool) { return m.g[1] + " " + m.g[2], true }),
	when(`(\d+)\.(\d+)`, func(m match) (string, bool) { return sayNumber(m.before, m.after, m.g[1], m.g[2]) }),
	when(`(\d+)/(\d+)`, func(m match) (string, bool) { return group(m.g[1]) + " дріб " + group(m.g[2]), true }),
	loose(pNum, func(m match) (string, bool) { return sayNumber(m.before, m.after, m.g[1], m.g[2]) }),
})

var phoneRules = []rule{
	when(`\((0\d{3,5})\) ?(\d{1,3}(?:[- ]\d{2}){1,2})`, func(m match) (string, bool) {
		if number := digitsOf(m.g[2]); len(m.g[1])+len(number) == 10 {
			return landline(m.g[1], number), true
		}
		return "", false
	}),
	loose(`(?:\+?38[ -]?)?\(?0(?:[ ()-]{0,2}\d){9}`, func(m match) (string, bool) {
		if r := lastRune(m.before); touches(r) || r == ',' || r == '+' || touches(firstRune(m.after)) {
			return "", false
		}
		d := national(digitsOf(m.g[0]))
		return phone(d), len(d) == 10
	}),
	when(`(\d\d)-(\d\d)`, func(m match) (string, bool) {
		if firstOf(nextWords(m.after, 1)) != "" || strings.ContainsRune("-:.", lastRune(m.before)) || inNumber(m.after) {
			return "", false // a range with its noun, times of day, a longer number
		}
		if _, ok := governed(m.before); ok {
			return "", false
		}
		return group(m.g[1]) + " " + group(m.g[2]), true
	}),
	when(`(\d{1,3})-(\d\d)-(\d\d)`, func(m match) (string, bool) {
		return groups(m.g[1]+m.g[2]+m.g[3], len(m.g[1]), 2, 2), true
	}),
	when(`(місце в черзі) ?[:—–-]? ?(\d{1,3})`, func(m match) (string, bool) {
		n, _ := strconv.ParseInt(m.g[2], 10, 64)
		return m.g[1] + " — " + OrdinalWord(n, Neut, Nom), true
	}),
}

var signRules = []rule{
	when(`№ ?(\d+)/(\d+)`, func(m match) (string, bool) {
		return "номер " + group(m.g[1]) + " дріб " + group(m.g[2]), true
	}),
	when(`№ ?(\d+)-([IVXLCІХ]+)`, func(m match) (string, bool) {
		n, ok := roman(m.g[2])
		return "номер " + group(m.g[1]) + ", " + Cardinal(n, Masc, Nom), ok
	}),
	when(`№ ?(\d+)-(\d+)`, func(m match) (string, bool) { return "номер " + group(m.g[1]) + ", " + group(m.g[2]), true }),
	loose(`№ ?(\d+)`, func(m match) (string, bool) { return pad("", "номер "+group(m.g[1]), m.after), true }),
}

// inNumber tells whether a number goes on: «-12», «:15», «.05».
func inNumber(after string) bool {
	return len(after) > 1 && strings.ContainsRune("-:.", rune(after[0])) && after[1] >= '0' && after[1] <= '9'
}

// sayScaled reads «50 тис. грн».
func sayScaled(m match) (string, bool) {
	s := map[string]scale{"тис": scales[2], "млн": scales[1], "млрд": scales[0]}[m.g[3]]
	c, _ := governed(m.before)
	out := ""
	if m.g[2] != "" {
		d, ok := decimal(plain(m.g[1]), m.g[2], s.noun.Gender, c)
		if !ok {
			return "", false
		}
		out = d + " " + s.noun.OneGen
	} else {
		n, ok := number(m.g[1])
		if !ok || n == 0 {
			return "", false
		}
		out = counted(n, s.noun, c)
	}
	if m.g[4] != "" {
		out += " " + Hryvnia.Many
	}
	return out + keepDot(m), true
}

// keepDot gives back the full stop that an abbreviation has swallowed at the end of a sentence.
func keepDot(m match) string {
	if strings.HasSuffix(m.g[0], ".") && sentenceEnds(m.after) {
		return "."
	}
	return ""
}

// plain drops the spaces between thousands.
func plain(s string) string { return strings.ReplaceAll(s, " ", "") }

// number reads the digits of a number; false above the largest that has a reading.
func number(s string) (int64, bool) {
	n, err := strconv.ParseInt(plain(s), 10, 64)
	return n, err == nil && n <= maxNumber
}

var dollar = Noun{Masc, "долар", "долари", "доларів", "долара", ""}

// units by their written form.
var units = map[string]Noun{
	"грн": Hryvnia, "₴": Hryvnia, "коп": Kopeck, "год": Hour, "хв": Minute, "с": Second, "сек": Second, "%": Percent,
	"$": dollar, "€": {Neut, "євро", "євро", "євро", "євро", ""},
	"дн": Day, "міс": Month, "га": {Masc, "гектар", "гектари", "гектарів", "гектара", ""},
	"км":     {Masc, "кілометр", "кілометри", "кілометрів", "кілометра", ""},
	"м":      {Masc, "метр", "метри", "метрів", "метра", ""},
	"см":     {Masc, "сантиметр", "сантиметри", "сантиметрів", "сантиметра", ""},
	"мм":     {Masc, "міліметр", "міліметри", "міліметрів", "міліметра", ""},
	"кг":     {Masc, "кілограм", "кілограми", "кілограмів", "кілограма", ""},
	"кВт":    {Masc, "кіловат", "кіловати", "кіловатів", "кіловата", ""},
	"шт":     {Fem, "штука", "штуки", "штук", "штуки", "штуку"},
	"°":      {Masc, "градус", "градуси", "градусів", "градуса", ""},
	"кв. м":  {Masc, "квадратний метр", "квадратні метри", "квадратних метрів", "квадратного метра", ""},
	"куб. м": {Masc, "кубічний метр", "кубічні метри", "кубічних метрів", "кубічного метра", ""},
}

// unitOf finds a unit; «с.» before a name is a village, not a second.
func unitOf(written string) (Noun, bool) {
	w := strings.TrimSuffix(written, ".")
	if strings.HasPrefix(w, "°") || w == "℃" {
		w = "°"
	}
	if strings.HasPrefix(w, "кв.") || strings.HasPrefix(w, "куб.") {
		w = strings.Replace(strings.ReplaceAll(w, " ", ""), ".", ". ", 1)
	}
	n, ok := units[w]
	return n, ok
}

// sayWithUnit reads a number with an abbreviated unit: 49,92 грн, 30 с, 1,5 %.
func sayWithUnit(m match) (string, bool) {
	unit, ok := unitOf(m.g[3])
	if !ok {
		return "", false
	}
	out, ok := sayUnit(m.before, m.g[1], m.g[2], unit)
	if m.g[4] == "." && sentenceEnds(m.after) {
		out += "."
	}
	return out, ok
}

// sayUnit reads a number with its unit in the case that the words before demand.
func sayUnit(before, whole, frac string, unit Noun) (string, bool) {
	c, _ := governed(before)
	if c == Loc || c == Dat || c == Ins {
		c = Gen
	}
	if unit == Hryvnia && len(frac) == 2 {
		n, ok := number(whole)
		kop, _ := number(frac)
		return money(n*100+kop, c), ok
	}
	if frac == "" {
		n, ok := number(whole)
		return counted(n, unit, c), ok
	}
	out, ok := decimal(plain(whole), frac, unit.Gender, c)
	if n, fine := number(whole); ok && fine && frac == "5" && n > 1 {
		return out + " " + unit.Form(n, c), true
	}
	return out + " " + unit.OneGen, ok
}

// money says kopecks as hryvnias and kopecks; nothing is said of a part that is nought.
func money(kopecks int64, c Case) string {
	h, k := kopecks/100, kopecks%100
	switch {
	case k == 0:
		return counted(h, Hryvnia, c)
	case h == 0:
		return counted(k, Kopeck, c)
	}
	return counted(h, Hryvnia, c) + " " + counted(k, Kopeck, c)
}

// sayTwo reads «352 або 992 грн»: both numbers in the gender of the unit.
func sayTwo(m match) (string, bool) {
	unit := units[m.g[4]]
	a, okA := number(m.g[1])
	b, okB := number(m.g[3])
	c, _ := governed(m.before)
	if c != Gen && c != Acc {
		c = Nom
	}
	return Cardinal(a, unit.Gender, c) + " " + m.g[2] + " " + counted(b, unit, c) + keepDot(m), okA && okB
}

// sayUnitRange reads «10–15 хв».
func sayUnitRange(m match) (string, bool) {
	unit, ok := unitOf(m.g[3])
	a, okA := number(m.g[1])
	b, okB := number(m.g[2])
	if !ok || !okA || !okB || a >= b {
		return "", false
	}
	if c, free := governed(m.before); free {
		return Cardinal(a, unit.Gender, c) + " — " + counted(b, unit, c) + keepDot(m), true
	}
	return "від " + Cardinal(a, unit.Gender, Gen) + " до " + counted(b, unit, Gen) + keepDot(m), true
}

// sayRange reads «10–15 хвилин» and «до 3–5 робочих днів» as from … to … in the genitive; «1–2 дні» and what another
// preposition governs as two numbers.
func sayRange(m match) (string, bool) {
	a, okA := number(m.g[2])
	b, okB := number(m.g[3])
	if !okA || !okB || a >= b {
		return "", false
	}
	g, next := nounGender(m.after), firstOf(nextWords(m.after, 1))
	c, free := governed(m.before)
	if free || m.g[1] == "" && isFew(b) && endsIn(next, "і", "и", "а") {
		return Cardinal(a, g, c) + " — " + Cardinal(b, g, c), true
	}
	return "від " + Cardinal(a, g, Gen) + " до " + Cardinal(b, g, Gen), true
}

// sayNumber is the last number rule: a cardinal or decimal in the case and gender of its surroundings.
func sayNumber(before, after, whole, frac string) (string, bool) {
	g := nounGender(after)
	if frac != "" {
		c, _ := governed(before)
		if out, ok := decimal(plain(whole), frac, g, c); ok {
			return pad(before, out, after), true
		}
		return pad(before, pairs(plain(whole))+" кома "+pairs(frac), after), true
	}
	digits := plain(whole)
	n, ok := number(digits)
	if !ok || len(digits) > 1 && digits[0] == '0' {
		return pad(before, longDigits(digits), after), true
	}
	return pad(before, Cardinal(n, g, caseOf(before, after, n, g)), after), true
}

// longDigits reads a code: leading zeros one by one, long codes in pairs.
func longDigits(digits string) string {
	if len(digits) <= 6 {
		return group(digits)
	}
	return pairs(digits)
}

// pad keeps words apart from letters that touched the digits.
func pad(before, said, after string) string {
	if touches(lastRune(before)) {
		said = " " + said
	}
	if touches(firstRune(after)) {
		said += " "
	}
	return said
}

// caseOf finds the case of a number: from the ending of the next word, else from the governing word before it.
func caseOf(before, after string, n int64, g Gender) Case {
	next := firstOf(nextWords(after, 1))
	c, found := governed(before)
	switch {
	case endsIn(next, "ами", "ями", "ьми"):
		return Ins
	case endsIn(next, "ам", "ям") && len(next) > 8:
		return Dat
	case endsIn(next, "ах", "ях"):
		return Loc
	case isOne(n) && endsIn(next, "ого", "ої"):
		return Gen
	case isOne(n) && g == Fem && endsIn(next, "у", "ю"):
		return Acc
	case isOne(n) && endsIn(next, "ому"):
		return Loc
	case !found && slices.Contains([]string{"років", "року", "місяців"}, next) && aged(firstOf(prevWords(before, 1))):
		return Gen
	case found:
		return c
	}
	return Nom
}

// aged tells whether a word is a person whose age follows: «дитина шести років».
func aged(word string) bool {
	return slices.ContainsFunc([]string{"дитин", "діт", "особ", "осіб", "громадян", "підліт", "віком"}, func(s string) bool {
		return strings.HasPrefix(word, s)
	})
}

// endsIn tells whether a word has one of the endings.
func endsIn(word string, endings ...string) bool {
	return slices.ContainsFunc(endings, func(e string) bool { return strings.HasSuffix(word, e) })
}

// Stems of feminine and neuter nouns that are counted in the texts of a centre.
var (
	femStems = []string{"годин", "хвилин", "секунд", "гривн", "гривень", "копій", "копі", "людин", "особ", "осіб", "сот", "послуг",
		"довід", "заяв", "сторін", "дитин", "тисяч", "доб", "справ", "адрес", "ділян", "квартир", "кімнат", "категорі", "груп",
		"цифр", "клавіш", "спроб", "штук", "фотограф", "світлин", "сім'", "сімей", "посад", "машин", "верс", "позиці", "літер"}
	neutStems = []string{"місц", "місць", "свідоцтв", "вікн", "віком", "запитан", "відділен", "повідомлен", "звернен", "посвідчен",
		"питан", "авто", "фото", "слов", "дерев", "житл"}
	notFem = []string{"сотн"}
)

// nounGender finds the gender of the noun that a number counts; adjectives and «або N» before it are passed over.
func nounGender(after string) Gender {
	for _, w := range nextWords(after, 4) {
		if units[w].One != "" {
			return units[w].Gender
		}
		if slices.Contains(notFem, w) {
			return Masc
		}
		if slices.ContainsFunc(femStems, func(s string) bool { return strings.HasPrefix(w, s) }) && w != "особисто" && w != "соток" {
			return Fem
		}
		if slices.ContainsFunc(neutStems, func(s string) bool { return strings.HasPrefix(w, s) }) {
			return Neut
		}
		if !passable(w) {
			return Masc
		}
	}
	return Masc
}

// passable tells whether a word may stand between a number and its noun.
func passable(w string) bool {
	if w == "або" || w == "чи" || w == "та" || w == "і" || strings.IndexFunc(w, func(r rune) bool { return r < '0' || r > '9' }) < 0 {
		return true
	}
	return endsIn(w, "ий", "ій", "их", "ого", "ої", "ові", "чі", "ні", "ва", "на", "ча", "ну", "ву", "ша", "ші", "ші")
}

// weekdaysByAbbr are the two-letter days.
var weekdaysByAbbr = map[string]time.Weekday{"пн": time.Monday, "вт": time.Tuesday, "ср": time.Wednesday, "чт": time.Thursday,
	"пт": time.Friday, "сб": time.Saturday, "нд": time.Sunday}
