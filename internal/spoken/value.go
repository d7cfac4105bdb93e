package spoken

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Kind is the type of a prompt's variable.
type Kind string

// The types of variables.
const (
	KindText    Kind = "text"    // a name, an address, a sentence about hours: already in the right case, may hold raw text
	KindCount   Kind = "count"   // a number with its noun
	KindClock   Kind = "clock"   // a time of day
	KindRange   Kind = "range"   // from … to … of a day
	KindDate    Kind = "date"    // day and month
	KindMoment  Kind = "moment"  // a day and an hour: «завтра з восьмої години»
	KindPhone   Kind = "phone"   // a telephone number in groups
	KindTicket  Kind = "ticket"  // a card's number in pairs
	KindOrdinal Kind = "ordinal" // a place: «перше»
	KindMoney   Kind = "money"   // hryvnias and kopecks
)

// Value is a typed value for a prompt's variable; it is said in the case that the place demands.
type Value struct {
	kind Kind
	say  func(Case) (string, error)
}

// Kind tells the value's type.
func (v Value) Kind() Kind { return v.kind }

// In says the value in a case.
func (v Value) In(c Case) (string, error) {
	if v.say == nil {
		return "", &Error{Why: "порожнє значення"}
	}
	return v.say(c)
}

// fixed makes a value that is the same in every case.
func fixed(k Kind, s string) Value {
	return Value{k, func(Case) (string, error) { return s, nil }}
}

// Text is a name, an address or a sentence, already in the case that its prompts need.
func Text(s string) Value { return fixed(KindText, s) }

// Names joins names with commas and a last «та».
func Names(items ...string) Value {
	if len(items) < 2 {
		return Text(strings.Join(items, ""))
	}
	last := len(items) - 1
	return Text(strings.Join(items[:last], ", ") + " та " + items[last])
}

// Count is a number with its noun: Count(2, Minute).
func Count(n int, noun Noun) Value {
	return Value{KindCount, func(c Case) (string, error) {
		if n < 0 || int64(n) > maxNumber {
			return "", &Error{Bad: fmt.Sprint(n), Why: "число поза межами"}
		}
		return Cardinal(int64(n), noun.Gender, c) + " " + noun.Form(int64(n), c), nil
	}}
}

// Minutes is a count of minutes.
func Minutes(n int) Value { return Count(n, Minute) }

// Ordinal is a place in the queue, neuter: «перше».
func Ordinal(n int) Value {
	return Value{KindOrdinal, func(c Case) (string, error) {
		if n < 0 || n > 999_999 {
			return "", &Error{Bad: fmt.Sprint(n), Why: "число поза межами"}
		}
		return OrdinalWord(int64(n), Neut, c), nil
	}}
}

// Clock is a time of day: «восьма година» (Nom), «восьмої години» (Gen), «восьмій годині» (Loc).
func Clock(hour, minute int) Value {
	return Value{KindClock, func(c Case) (string, error) {
		if hour < 0 || hour > 24 || minute < 0 || minute > 59 {
			return "", &Error{Bad: fmt.Sprintf("%d:%02d", hour, minute), Why: "такого часу немає"}
		}
		return clock(hour, minute, c), nil
	}}
}

// Time is the time of day of t, in t's own place.
func Time(t time.Time) Value { return Clock(t.Hour(), t.Minute()) }

// TimeRange is «з восьмої до сімнадцятої години»; from and to are times of one day, given since midnight (24 h is its end).
func TimeRange(from, to time.Duration) Value {
	return Value{KindRange, func(Case) (string, error) {
		if from < 0 || to > 24*time.Hour || from >= to {
			return "", &Error{Bad: from.String() + "–" + to.String(), Why: "такого проміжку немає"}
		}
		return clockRange(int(from.Hours()), int(from.Minutes())%60, int(to.Hours()), int(to.Minutes())%60), nil
	}}
}

// Date is a day and month: genitive «двадцять третього листопада», nominative «двадцять третє листопада».
func Date(t time.Time) Value {
	return Value{KindDate, func(c Case) (string, error) { return day(t.Day(), t.Month(), c), nil }}
}

// DateYear is Date with the year: «двадцять третього листопада дві тисячі двадцять шостого року».
func DateYear(t time.Time) Value {
	return Value{KindDate, func(c Case) (string, error) {
		return day(t.Day(), t.Month(), c) + " " + yearOf(t.Year()), nil
	}}
}

// WeekdayDate is a day to which something is promised: «вівторка, двадцять четвертого листопада» in the genitive.
func WeekdayDate(t time.Time) Value {
	return Value{KindDate, func(c Case) (string, error) {
		return weekday(t.Weekday(), c) + ", " + day(t.Day(), t.Month(), c), nil
	}}
}

// Opening tells when something opens, seen from now: «сьогодні з тринадцятої години», «завтра з восьмої години», «у понеділок
// з восьмої години» (within a week), «четвертого січня з восьмої години». Both times must be in the centre's own place.
func Opening(t, now time.Time) Value {
	return Value{KindMoment, func(Case) (string, error) {
		midnight := func(x time.Time) time.Time { return time.Date(x.Year(), x.Month(), x.Day(), 0, 0, 0, 0, time.UTC) }
		hour := " з " + clock(t.Hour(), t.Minute(), Gen)
		switch days := int(midnight(t).Sub(midnight(now)).Hours() / 24); {
		case days == 0:
			return "сьогодні" + hour, nil
		case days == 1:
			return "завтра" + hour, nil
		case days > 1 && days < 7:
			return on(t.Weekday()) + hour, nil
		}
		return day(t.Day(), t.Month(), Gen) + hour, nil
	}}
}

// Phone is a telephone number in groups: «нуль шістдесят сім, сто двадцять три, …». It takes digits in any grouping, with or
// without +380.
func Phone(number string) Value {
	return Value{KindPhone, func(Case) (string, error) {
		d := digitsOf(number)
		if d == "" {
			return "", &Error{Bad: "номер", Why: "у номері немає цифр"}
		}
		return phone(d), nil
	}}
}

// Ticket is a card's number, digits in pairs: «сорок сім, нуль два».
func Ticket(number string) Value {
	return Value{KindTicket, func(Case) (string, error) {
		d := digitsOf(number)
		if d == "" {
			return "", &Error{Bad: number, Why: "у номері немає цифр"}
		}
		return pairs(d), nil
	}}
}

// Money is a sum in kopecks.
func Money(kopecks int64) Value {
	return Value{KindMoney, func(c Case) (string, error) {
		if kopecks < 0 || kopecks/100 > maxNumber {
			return "", &Error{Bad: fmt.Sprint(kopecks), Why: "сума поза межами"}
		}
		return money(kopecks, c), nil
	}}
}

// VarType is what a variable of a prompt may be and the case in which it is said.
type VarType struct {
	Kinds []Kind
	Case  Case
}

// VarTypes declares every variable of the prompts. A governing word before the variable («до», «перевищити») or an
// explicit {name:gen} in the template wins over the case given here.
func VarTypes() map[string]VarType {
	text := func(c Case) VarType { return VarType{[]Kind{KindText}, c} }
	return map[string]VarType{
		"org_name":         text(Gen),
		"org_name_short":   text(Nom),
		"owner_name":       text(Nom),
		"date_genitive":    {[]Kind{KindDate}, Gen},
		"hours_range":      {[]Kind{KindRange, KindText}, Gen},
		"break_range":      {[]Kind{KindRange, KindText}, Gen},
		"time_range":       {[]Kind{KindRange}, Gen},
		"week_schedule":    text(Nom),
		"operator_hours":   text(Nom),
		"address":          text(Nom),
		"branches":         text(Nom),
		"next_open":        {[]Kind{KindMoment, KindText}, Gen},
		"time_until":       {[]Kind{KindClock}, Gen},
		"holiday_name":     text(Nom),
		"position_ordinal": {[]Kind{KindOrdinal}, Nom},
		"wait_minutes":     {[]Kind{KindCount}, Nom},
		"caller_number":    {[]Kind{KindPhone}, Nom},
		"callback_when":    {[]Kind{KindDate, KindMoment}, Gen},
		"minutes_left":     {[]Kind{KindCount}, Nom},
		"department":       text(Nom),
		"max_minutes":      {[]Kind{KindCount}, Gen},
		"ticket_number":    {[]Kind{KindTicket}, Nom},
		"other_name":       text(Nom),
		"other_number":     {[]Kind{KindPhone}, Nom},
		"operator_name":    text(Nom),
		"essence":          text(Acc),
		"queue_name":       text(Nom),
		"topic":            text(Nom),
	}
}

// Fill puts the values into a template's {variables}, each in the case that its place demands. An undeclared variable, a
// missing value or a value of the wrong type is an *Error. The result is text for Words.
func Fill(template string, vars map[string]Value) (string, error) {
	types := VarTypes()
	var out strings.Builder
	rest := template
	for {
		before, after, found := strings.Cut(rest, "{")
		out.WriteString(before)
		if !found {
			return out.String(), nil
		}
		name, tail, closed := strings.Cut(after, "}")
		if !closed {
			return "", &Error{Text: template, Bad: "{", Why: "дужку змінної не закрито"}
		}
		s, err := fillOne(types, before, name, vars)
		if err != nil {
			return "", err
		}
		out.WriteString(s)
		rest = tail
	}
}

// fillOne says one variable in the case of an explicit {name:gen}, else of the governing word before it, else of its type.
func fillOne(types map[string]VarType, before, name string, vars map[string]Value) (string, error) {
	name, explicit, _ := strings.Cut(name, ":")
	t, ok := types[name]
	if !ok {
		return "", &Error{Bad: name, Why: "такої змінної немає"}
	}
	v, ok := vars[name]
	if !ok {
		return "", &Error{Bad: name, Why: "для змінної немає значення"}
	}
	if !slices.Contains(t.Kinds, v.kind) {
		return "", &Error{Bad: name, Why: "значення не того типу"}
	}
	c := t.Case
	if g, ok := governed(before); ok && g != Loc {
		c = g
	}
	if explicit != "" {
		if c, ok = caseNames[explicit]; !ok {
			return "", &Error{Bad: name + ":" + explicit, Why: "такого відмінка немає"}
		}
	}
	return v.In(c)
}

// caseNames are the cases that a template may name.
var caseNames = map[string]Case{"nom": Nom, "gen": Gen, "dat": Dat, "acc": Acc, "ins": Ins, "loc": Loc}
