package spoken

import "time"

// months in the genitive, by time.Month.
var months = [13]string{"", "січня", "лютого", "березня", "квітня", "травня", "червня", "липня", "серпня", "вересня",
	"жовтня", "листопада", "грудня"}

// weekdays by time.Weekday: nominative, genitive, accusative.
var weekdays = [7][3]string{
	{"неділя", "неділі", "неділю"}, {"понеділок", "понеділка", "понеділок"}, {"вівторок", "вівторка", "вівторок"},
	{"середа", "середи", "середу"}, {"четвер", "четверга", "четвер"}, {"п'ятниця", "п'ятниці", "п'ятницю"},
	{"субота", "суботи", "суботу"}}

// weekday says a day of the week in the nominative, genitive or accusative.
func weekday(d time.Weekday, c Case) string {
	switch c {
	case Gen:
		return weekdays[d][1]
	case Acc:
		return weekdays[d][2]
	}
	return weekdays[d][0]
}

// on is «у понеділок», «в середу», «у вівторок».
func on(d time.Weekday) string {
	if d == time.Wednesday || d == time.Sunday || d == time.Saturday {
		return "в " + weekday(d, Acc)
	}
	return "у " + weekday(d, Acc)
}

// day says a day and month: neuter nominative for «сьогодні …», genitive for "when".
func day(d int, m time.Month, c Case) string { return OrdinalWord(int64(d), Neut, c) + " " + months[m] }

// yearOf is «дві тисячі двадцять шостого року».
func yearOf(y int) string { return OrdinalWord(int64(y), Masc, Gen) + " року" }

// hourForms are the word «година» by case.
var hourForms = [6]string{"година", "години", "годині", "годину", "годиною", "годині"}

// clock says a time of day in a case: «восьма година», «сімнадцятої години п'ятнадцяти хвилин». Whole hours lose their minutes.
func clock(h, m int, c Case) string {
	out := OrdinalWord(int64(h), Fem, c) + " " + hourForms[c]
	if m == 0 {
		return out
	}
	if c == Gen {
		return out + " " + counted(int64(m), Minute, Gen)
	}
	return out + " " + counted(int64(m), Minute, Nom)
}

// clockRange is «з восьмої до сімнадцятої години»; the word «години» once, at the end, unless the start has minutes.
func clockRange(h1, m1, h2, m2 int) string {
	if h1 == 0 && m1 == 0 && (h2 == 24 || h2 == 23 && m2 == 59) {
		return "цілодобово"
	}
	from := OrdinalWord(int64(h1), Fem, Gen)
	if m1 != 0 {
		from = clock(h1, m1, Gen)
	}
	return "з " + from + " до " + clock(h2, m2, Gen)
}

// at is «о восьмій годині», «об одинадцятій годині».
func at(h, m int) string {
	if h == 11 {
		return "об " + clock(h, m, Loc)
	}
	return "о " + clock(h, m, Loc)
}
