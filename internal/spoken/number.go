package spoken

import (
	"strconv"
	"strings"
)

// Case is a grammatical case.
type Case int

// The cases.
const (
	Nom Case = iota
	Gen
	Dat
	Acc
	Ins
	Loc
)

// Gender of a noun; Plural serves ordinals («дев'яності»).
type Gender int

// The genders.
const (
	Masc Gender = iota
	Fem
	Neut
	Plural
)

// numeral holds the forms of one numeral: nominative, genitive (which serves as locative too), dative, instrumental.
type numeral struct{ nom, gen, dat, ins string }

// in gives the form of a case; the accusative of things equals the nominative.
func (w numeral) in(c Case) string {
	switch c {
	case Gen, Loc:
		return w.gen
	case Dat:
		return w.dat
	case Ins:
		return w.ins
	}
	return w.nom
}

// small holds 2…19; 0 and 1 have rules of their own.
var small = [20]numeral{
	0: {"нуль", "нуля", "нулю", "нулем"},
	2: {"два", "двох", "двом", "двома"}, 3: {"три", "трьох", "трьом", "трьома"},
	4: {"чотири", "чотирьох", "чотирьом", "чотирма"}, 5: {"п'ять", "п'яти", "п'яти", "п'ятьма"},
	6: {"шість", "шести", "шести", "шістьма"}, 7: {"сім", "семи", "семи", "сьома"},
	8: {"вісім", "восьми", "восьми", "вісьма"}, 9: {"дев'ять", "дев'яти", "дев'яти", "дев'ятьма"},
	10: {"десять", "десяти", "десяти", "десятьма"}, 11: teen("оди"), 12: teen("два"), 13: teen("три"),
	14: teen("чотир"), 15: teen("п'ят"), 16: teen("шіст"), 17: teen("сім"), 18: teen("вісім"), 19: teen("дев'ят"),
}

// tens holds 20…90 by their first digit.
var tens = [10]numeral{2: ty("двадцят"), 3: ty("тридцят"), 4: {"сорок", "сорока", "сорока", "сорока"},
	5: fifty("п'ят"), 6: fifty("шіст"), 7: fifty("сім"), 8: fifty("вісім"),
	9: {"дев'яносто", "дев'яноста", "дев'яноста", "дев'яноста"}}

// hundreds holds 100…900 by their first digit.
var hundreds = [10]numeral{1: {"сто", "ста", "ста", "ста"},
	2: {"двісті", "двохсот", "двомстам", "двомастами"}, 3: {"триста", "трьохсот", "трьомстам", "трьомастами"},
	4: {"чотириста", "чотирьохсот", "чотирьомстам", "чотирмастами"},
	5: hundred("п'ятсот", "п'яти", "п'ятьма"), 6: hundred("шістсот", "шести", "шістьма"),
	7: hundred("сімсот", "семи", "сьома"), 8: hundred("вісімсот", "восьми", "вісьма"),
	9: hundred("дев'ятсот", "дев'яти", "дев'ятьма")}

// teen makes 11…19.
func teen(stem string) numeral { return ty(stem + "надцят") }

// ty makes a numeral that ends in a soft sign.
func ty(stem string) numeral { return numeral{stem + "ь", stem + "и", stem + "и", stem + "ьма"} }

// fifty makes 50…80, of which only the second half is declined.
func fifty(stem string) numeral {
	return numeral{stem + "десят", stem + "десяти", stem + "десяти", stem + "десятьма"}
}

// hundred makes 500…900.
func hundred(nom, gen, ins string) numeral {
	return numeral{nom, gen + "сот", gen + "стам", ins + "стами"}
}

// one says 1 in a gender and a case.
func one(g Gender, c Case) string {
	if g == Fem {
		return [...]string{"одна", "однієї", "одній", "одну", "однією", "одній"}[c]
	}
	nom := "один"
	if g == Neut {
		nom = "одне"
	}
	return [...]string{nom, "одного", "одному", nom, "одним", "одному"}[c]
}

// below1000 says 1…999.
func below1000(n int64, g Gender, c Case) []string {
	var out []string
	if h := n / 100; h > 0 {
		out = append(out, hundreds[h].in(c))
	}
	if n %= 100; n >= 20 {
		out = append(out, tens[n/10].in(c))
		n %= 10
	}
	switch {
	case n == 0:
	case n == 1:
		out = append(out, one(g, c))
	case n == 2 && g == Fem && (c == Nom || c == Acc):
		out = append(out, "дві")
	default:
		out = append(out, small[n].in(c))
	}
	return out
}

// scale is a power of thousand with its noun.
type scale struct {
	size int64
	noun Noun
}

// scales, the largest first.
var scales = [...]scale{
	{1_000_000_000, Noun{Masc, "мільярд", "мільярди", "мільярдів", "мільярда", ""}},
	{1_000_000, Noun{Masc, "мільйон", "мільйони", "мільйонів", "мільйона", ""}},
	{1000, Noun{Fem, "тисяча", "тисячі", "тисяч", "тисячі", "тисячу"}},
}

// maxNumber is the largest number with a reading.
const maxNumber = 999_999_999_999

// Cardinal says n (0…999 999 999 999) in a gender and a case: «двадцять одна», «двадцяти однієї».
func Cardinal(n int64, g Gender, c Case) string {
	if n <= 0 || n > maxNumber {
		return small[0].in(c)
	}
	var out []string
	for _, s := range scales {
		if k := n / s.size; k > 0 {
			out = append(out, below1000(k, s.noun.Gender, c)...)
			out = append(out, s.noun.Form(k, c))
			n %= s.size
		}
	}
	return strings.Join(append(out, below1000(n, g, c)...), " ")
}

// Noun is a countable noun with the forms that numerals need.
type Noun struct {
	Gender Gender
	// One, Few, Many: nominative singular, nominative plural (with 2-4), genitive plural; OneGen: genitive singular;
	// OneAcc: accusative singular, empty when equal to One.
	One, Few, Many, OneGen, OneAcc string
}

// isOne and isFew are the plural categories of CLDR for Ukrainian.
func isOne(n int64) bool { return n%10 == 1 && n%100 != 11 }

func isFew(n int64) bool { return n%10 >= 2 && n%10 <= 4 && (n%100 < 12 || n%100 > 14) }

// Form gives the noun as n demands it in the nominative, accusative or genitive («одна хвилина», «двох хвилин»), which is
// all that prompts use; any other case gives the genitive.
func (w Noun) Form(n int64, c Case) string {
	single := isOne(n)
	switch {
	case c == Nom || c == Acc:
		switch {
		case single && c == Acc && w.OneAcc != "":
			return w.OneAcc
		case single:
			return w.One
		case isFew(n):
			return w.Few
		}
		return w.Many
	case single:
		return w.OneGen
	}
	return w.Many
}

// Nouns that the centre counts.
var (
	Minute   = Noun{Fem, "хвилина", "хвилини", "хвилин", "хвилини", "хвилину"}
	Second   = Noun{Fem, "секунда", "секунди", "секунд", "секунди", "секунду"}
	Hour     = Noun{Fem, "година", "години", "годин", "години", "годину"}
	Day      = Noun{Masc, "день", "дні", "днів", "дня", ""}
	Month    = Noun{Masc, "місяць", "місяці", "місяців", "місяця", ""}
	Hryvnia  = Noun{Fem, "гривня", "гривні", "гривень", "гривні", "гривню"}
	Kopeck   = Noun{Fem, "копійка", "копійки", "копійок", "копійки", "копійку"}
	Percent  = Noun{Masc, "відсоток", "відсотки", "відсотків", "відсотка", ""}
	Call     = Noun{Masc, "дзвінок", "дзвінки", "дзвінків", "дзвінка", ""}
	Document = Noun{Masc, "документ", "документи", "документів", "документа", ""}
)

// counted says n with its noun.
func counted(n int64, w Noun, c Case) string { return Cardinal(n, w.Gender, c) + " " + w.Form(n, c) }

// parts are the names of decimal fractions by the number of digits, nominative singular and genitive plural.
var parts = [...][2]string{1: {"десята", "десятих"}, 2: {"сота", "сотих"}, 3: {"тисячна", "тисячних"},
	4: {"десятитисячна", "десятитисячних"}}

// decimal says whole,frac: «два з половиною», «п'ять сотих», «три цілих чотирнадцять сотих»; false when it has no reading.
func decimal(whole, frac string, g Gender, c Case) (string, bool) {
	frac = strings.TrimRight(frac, "0")
	w, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || w > maxNumber || len(frac) >= len(parts) {
		return "", false
	}
	switch {
	case frac == "":
		return Cardinal(w, g, c), true
	case frac == "5" && w == 1:
		if g == Fem {
			return "півтори", true
		}
		return "півтора", true
	case frac == "5" && w > 1:
		return Cardinal(w, g, c) + " з половиною", true
	}
	f, err := strconv.ParseInt(frac, 10, 64)
	if err != nil {
		return "", false
	}
	name := parts[len(frac)][1]
	if isOne(f) && (c == Nom || c == Acc) {
		name = parts[len(frac)][0]
	}
	out := Cardinal(f, Fem, c) + " " + name
	if w > 0 {
		out = Cardinal(w, Fem, c) + " цілих " + out
		if isOne(w) {
			out = strings.Replace(out, " цілих ", " ціла ", 1)
		}
	}
	return out, true
}
