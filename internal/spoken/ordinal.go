package spoken

import "strings"

// Stems of the ordinals; «треті» is soft, all others are hard.
var (
	ordSmall = [20]string{0: "нульов", 1: "перш", 2: "друг", 3: "трет", 4: "четверт", 5: "п'ят", 6: "шост", 7: "сьом", 8: "восьм",
		9: "дев'ят", 10: "десят", 11: "одинадцят", 12: "дванадцят", 13: "тринадцят", 14: "чотирнадцят", 15: "п'ятнадцят",
		16: "шістнадцят", 17: "сімнадцят", 18: "вісімнадцят", 19: "дев'ятнадцят"}
	ordTens = [10]string{2: "двадцят", 3: "тридцят", 4: "сороков", 5: "п'ятдесят", 6: "шістдесят", 7: "сімдесят",
		8: "вісімдесят", 9: "дев'яност"}
	ordHundreds = [10]string{1: "сот", 2: "двохсот", 3: "трьохсот", 4: "чотирьохсот", 5: "п'ятисот", 6: "шестисот", 7: "семисот",
		8: "восьмисот", 9: "дев'ятисот"}
)

// endings of a hard ordinal by gender and case.
var endings = [4][6]string{
	Masc:   {"ий", "ого", "ому", "ий", "им", "ому"},
	Fem:    {"а", "ої", "ій", "у", "ою", "ій"},
	Neut:   {"е", "ого", "ому", "е", "им", "ому"},
	Plural: {"і", "их", "им", "і", "ими", "их"},
}

// third are the forms of «третій».
var third = [4][6]string{
	Masc:   {"третій", "третього", "третьому", "третій", "третім", "третьому"},
	Fem:    {"третя", "третьої", "третій", "третю", "третьою", "третій"},
	Neut:   {"третє", "третього", "третьому", "третє", "третім", "третьому"},
	Plural: {"треті", "третіх", "третім", "треті", "третіми", "третіх"},
}

// OrdinalWord says the n-th (0…999 999) in a gender and a case: «двадцять перше». Only the last word is declined.
func OrdinalWord(n int64, g Gender, c Case) string {
	var head []string
	var stem string
	switch rest := n % 1000; {
	case n >= 1000 && rest == 0:
		return thousandth(n/1000) + endings[g][c]
	default:
		switch {
		case n >= 2000:
			head = append(head, Cardinal(n-rest, Masc, Nom))
		case n >= 1000:
			head = append(head, "тисяча") // «тисяча дев'ятсот дев'яносто перший»
		}
		switch {
		case rest >= 100 && rest%100 == 0:
			stem = ordHundreds[rest/100]
		case rest >= 100:
			head = append(head, hundreds[rest/100].nom)
		}
		switch two := rest % 100; {
		case stem != "":
		case two < 20:
			stem = ordSmall[two]
		case two%10 == 0:
			stem = ordTens[two/10]
		default:
			head, stem = append(head, tens[two/10].nom), ordSmall[two%10]
		}
	}
	last := stem + endings[g][c]
	if stem == ordSmall[3] {
		last = third[g][c]
	}
	return strings.Join(append(head, last), " ")
}

// thousandth is the stem of «двохтисячний».
func thousandth(k int64) string {
	if k == 1 {
		return "тисячн"
	}
	return strings.ReplaceAll(Cardinal(k%1000, Masc, Gen), " ", "") + "тисячн"
}

// suffixes tell gender and case of a written ordinal: 2-га, 12-го.
var suffixes = map[string]struct {
	g Gender
	c Case
}{
	"й": {Masc, Nom}, "ий": {Masc, Nom}, "го": {Masc, Gen}, "ого": {Masc, Gen}, "му": {Masc, Loc}, "ому": {Masc, Loc},
	"м": {Masc, Ins}, "им": {Masc, Ins}, "ім": {Masc, Ins},
	"а": {Fem, Nom}, "га": {Fem, Nom}, "я": {Fem, Nom}, "тя": {Fem, Nom}, "та": {Fem, Nom}, "ша": {Fem, Nom},
	"у": {Fem, Acc}, "гу": {Fem, Acc}, "ю": {Fem, Acc}, "ту": {Fem, Acc}, "ї": {Fem, Gen}, "ої": {Fem, Gen}, "ій": {Fem, Loc},
	"е": {Neut, Nom}, "є": {Neut, Nom}, "ше": {Neut, Nom}, "ге": {Neut, Nom}, "те": {Neut, Nom}, "тє": {Neut, Nom},
	"і": {Plural, Nom}, "ті": {Plural, Nom}, "х": {Plural, Gen}, "их": {Plural, Gen},
}
