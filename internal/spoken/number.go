package spoken

import "strings"

// Case is a grammatical case.
type Case int

// The cases. Inanimate accusative differs from the nominative only for feminine singular («одну хвилину»).
const (
	Nom Case = iota
	Gen
	Dat
	Acc
	Ins
	Loc
)

// Gender of a noun.
type Gender int

// The genders.
const (
	Masc Gender = iota
	Fem
	Neut
)

// Noun is a countable noun with the forms that numerals need.
type Noun struct {
	Gender Gender
	// One, Few, Many: nominative singular, nominative plural (2-4), genitive plural; OneGen: genitive singular;
	// OneAcc: accusative singular, empty when equal to One.
	One, Few, Many, OneGen, OneAcc string
}

var units = [3][10]string{
	Masc: {"нуль", "один", "два", "три", "чотири", "п'ять", "шість", "сім", "вісім", "дев'ять"},
	Fem:  {"нуль", "одна", "дві", "три", "чотири", "п'ять", "шість", "сім", "вісім", "дев'ять"},
	Neut: {"нуль", "одне", "два", "три", "чотири", "п'ять", "шість", "сім", "вісім", "дев'ять"},
}

var teens = [10]string{"десять", "одинадцять", "дванадцять", "тринадцять", "чотирнадцять", "п'ятнадцять", "шістнадцять",
	"сімнадцять", "вісімнадцять", "дев'ятнадцять"}

var tens = [10]string{2: "двадцять", 3: "тридцять", 4: "сорок", 5: "п'ятдесят", 6: "шістдесят", 7: "сімдесят",
	8: "вісімдесят", 9: "дев'яносто"}

var hundreds = [10]string{1: "сто", 2: "двісті", 3: "триста", 4: "чотириста", 5: "п'ятсот", 6: "шістсот", 7: "сімсот",
	8: "вісімсот", 9: "дев'ятсот"}

var unitsGen = [10]string{"нуля", "одного", "двох", "трьох", "чотирьох", "п'яти", "шести", "семи", "восьми", "дев'яти"}

var tensGen = [10]string{2: "двадцяти", 3: "тридцяти", 4: "сорока", 5: "п'ятдесяти", 6: "шістдесяти", 7: "сімдесяти",
	8: "вісімдесяти", 9: "дев'яноста"}

var hundredsGen = [10]string{1: "ста", 2: "двохсот", 3: "трьохсот", 4: "чотирьохсот", 5: "п'ятисот", 6: "шестисот",
	7: "семисот", 8: "восьмисот", 9: "дев'ятисот"}

// The scales above a hundred.
var (
	thousand = Noun{Gender: Fem, One: "тисяча", Few: "тисячі", Many: "тисяч", OneGen: "тисячі", OneAcc: "тисячу"}
	million  = Noun{Gender: Masc, One: "мільйон", Few: "мільйони", Many: "мільйонів", OneGen: "мільйона"}
	billion  = Noun{Gender: Masc, One: "мільярд", Few: "мільярди", Many: "мільярдів", OneGen: "мільярда"}
)

// maxNumber is the largest number with a reading.
const maxNumber = 999_999_999_999

// Cardinal says n (0…999 999 999 999) in a gender and a case. Dative, instrumental and locative fall back on the genitive
// forms of the numeral, which serve as locative («у двох»).
func Cardinal(n int64, g Gender, c Case) string {
	if n == 0 {
		return pick(c, "нуль", "нуля")
	}
	var out []string
	for _, s := range []struct {
		size int64
		noun Noun
	}{{1_000_000_000, billion}, {1_000_000, million}, {1000, thousand}} {
		if k := n / s.size; k > 0 {
			out = append(out, below1000(k, s.noun.Gender, c), s.noun.Form(k, c))
			n %= s.size
		}
	}
	if n > 0 {
		out = append(out, below1000(n, g, c))
	}
	return strings.Join(out, " ")
}

// pick chooses the direct form (nominative, accusative) or the oblique one.
func pick(c Case, direct, oblique string) string {
	if c == Nom || c == Acc {
		return direct
	}
	return oblique
}

// below1000 says 1…999.
func below1000(n int64, g Gender, c Case) string {
	var out []string
	add := func(direct, oblique string) { out = append(out, pick(c, direct, oblique)) }
	if h := n / 100; h > 0 {
		add(hundreds[h], hundredsGen[h])
	}
	n %= 100
	if n >= 10 && n < 20 {
		add(teens[n-10], soft(teens[n-10]))
		return strings.Join(out, " ")
	}
	if t := n / 10; t > 0 {
		add(tens[t], tensGen[t])
	}
	switch u := n % 10; {
	case u == 0:
	case u == 1 && g == Fem:
		switch c {
		case Nom:
			out = append(out, "одна")
		case Acc:
			out = append(out, "одну")
		default:
			out = append(out, "однієї")
		}
	default:
		add(units[g][u], unitsGen[u])
	}
	return strings.Join(out, " ")
}

// soft gives the genitive of a numeral that ends in a soft sign.
func soft(s string) string { return strings.TrimSuffix(s, "ь") + "и" }

// Form gives the noun as n demands it in a case: «одна хвилина», «двох хвилин».
func (w Noun) Form(n int64, c Case) string {
	one := n%10 == 1 && n%100 != 11
	few := n%10 >= 2 && n%10 <= 4 && (n%100 < 12 || n%100 > 14)
	switch {
	case one && c == Nom, one && c == Acc && w.OneAcc == "":
		return w.One
	case one && c == Acc:
		return w.OneAcc
	case one:
		return w.OneGen
	case few && (c == Nom || c == Acc):
		return w.Few
	}
	return w.Many
}

// Nouns that the centre counts.
var (
	Minute   = Noun{Fem, "хвилина", "хвилини", "хвилин", "хвилини", "хвилину"}
	Second   = Noun{Fem, "секунда", "секунди", "секунд", "секунди", "секунду"}
	Hour     = Noun{Fem, "година", "години", "годин", "години", "годину"}
	Day      = Noun{Masc, "день", "дні", "днів", "дня", ""}
	Hryvnia  = Noun{Fem, "гривня", "гривні", "гривень", "гривні", "гривню"}
	Kopeck   = Noun{Fem, "копійка", "копійки", "копійок", "копійки", "копійку"}
	Percent  = Noun{Masc, "відсоток", "відсотки", "відсотків", "відсотка", ""}
	Call     = Noun{Masc, "дзвінок", "дзвінки", "дзвінків", "дзвінка", ""}
	Document = Noun{Masc, "документ", "документи", "документів", "документа", ""}
)
