package spoken

import (
	"strings"
	"testing"
	"time"
)

// kyiv is any place: the values take the clock as it is given.
func at20(d, h int) time.Time { return time.Date(2026, 11, d, h, 0, 0, 0, time.UTC) }

// valuesFor gives a value of every declared variable for one number.
func valuesFor(n int) map[string]Value {
	now := at20(23, 18)
	vars := map[string]Value{}
	for name, typ := range VarTypes() {
		switch typ.Kinds[0] {
		case KindText:
			vars[name] = Text("Центру надання адміністративних послуг")
		case KindCount:
			vars[name] = Minutes(n)
		case KindOrdinal:
			vars[name] = Ordinal(n)
		case KindClock:
			vars[name] = Clock(n, 0)
		case KindRange:
			vars[name] = TimeRange(time.Duration(n)*time.Hour, 22*time.Hour)
		case KindDate:
			vars[name] = Date(at20(n, 8))
		case KindMoment:
			vars[name] = Opening(at20(23+n%7, 8), now)
		case KindPhone:
			vars[name] = Phone("0800353608")
		case KindTicket:
			vars[name] = Ticket("0702")
		}
	}
	return vars
}

func TestEveryPromptWithEveryNumber(t *testing.T) {
	var prompts []prompt
	read(t, "../flow/content/prompts.uk.json", &prompts)
	for _, n := range []int{1, 2, 5, 11, 21} {
		vars := valuesFor(n)
		for _, p := range prompts {
			text, err := Fill(p.Text, vars)
			if err != nil {
				t.Errorf("%s with %d: %v", p.ID, n, err)
				continue
			}
			spokenOK(t, p.ID, text)
		}
	}
}

// TestPromptCases holds the sentences as a teacher of Ukrainian would say them.
func TestPromptCases(t *testing.T) {
	now := at20(23, 18)
	for _, c := range []struct {
		template, name string
		value          Value
		want           string
	}{
		{"Ваше місце в черзі — {position_ordinal}.", "position_ordinal", Ordinal(1), "Ваше місце в черзі — перше."},
		{"Ваше місце в черзі — {position_ordinal}.", "position_ordinal", Ordinal(3), "Ваше місце в черзі — третє."},
		{"Ваше місце в черзі — {position_ordinal}.", "position_ordinal", Ordinal(21), "Ваше місце в черзі — двадцять перше."},
		{"Очікування — приблизно {wait_minutes}.", "wait_minutes", Minutes(1), "Очікування — приблизно одна хвилина."},
		{"Очікування — приблизно {wait_minutes}.", "wait_minutes", Minutes(2), "Очікування — приблизно дві хвилини."},
		{"Очікування — приблизно {wait_minutes}.", "wait_minutes", Minutes(11), "Очікування — приблизно одинадцять хвилин."},
		{"очікування може перевищити {wait_minutes}.", "wait_minutes", Minutes(1), "очікування може перевищити одну хвилину."},
		{"очікування може перевищити {wait_minutes}.", "wait_minutes", Minutes(5), "очікування може перевищити п'ять хвилин."},
		{"очікування може перевищити {wait_minutes}.", "wait_minutes", Minutes(21), "очікування може перевищити двадцять одну хвилину."},
		{"Запис може тривати до {max_minutes}.", "max_minutes", Minutes(2), "Запис може тривати до двох хвилин."},
		{"Запис може тривати до {max_minutes}.", "max_minutes", Minutes(1), "Запис може тривати до однієї хвилини."},
		{"залишилося {minutes_left}.", "minutes_left", Minutes(21), "залишилося двадцять одна хвилина."},
		{"обідня перерва до {time_until}.", "time_until", Clock(13, 0), "обідня перерва до тринадцятої години."},
		{"роботи до {time_until}.", "time_until", Clock(17, 15), "роботи до сімнадцятої години п'ятнадцяти хвилин."},
		{"Ми передзвонимо не пізніше {callback_when}.", "callback_when", Date(at20(24, 0)), "Ми передзвонимо не пізніше двадцять четвертого листопада."},
		{"не пізніше {callback_when}.", "callback_when", WeekdayDate(at20(24, 0)), "не пізніше вівторка, двадцять четвертого листопада."},
		{"Відповідь не пізніше {date_genitive}.", "date_genitive", DateYear(at20(3, 0)), "Відповідь не пізніше третього листопада дві тисячі двадцять шостого року."},
		{"відповідатимуть {next_open}.", "next_open", Opening(at20(24, 8), now), "відповідатимуть завтра з восьмої години."},
		{"відповідатимуть {next_open}.", "next_open", Opening(at20(25, 8), now), "відповідатимуть в середу з восьмої години."},
		{"працюємо {hours_range}.", "hours_range", TimeRange(8*time.Hour, 17*time.Hour+15*time.Minute), "працюємо з восьмої до сімнадцятої години п'ятнадцяти хвилин."},
		{"працюємо {hours_range}.", "hours_range", TimeRange(0, 24*time.Hour), "працюємо цілодобово."},
		{"номер {caller_number}.", "caller_number", Phone("+380671234567"), "номер нуль шістдесят сім, сто двадцять три, сорок п'ять, шістдесят сім."},
		{"номер — {ticket_number}.", "ticket_number", Ticket("4702"), "номер — сорок сім, нуль два."},
		{"близько {wait_minutes}", "wait_minutes", Minutes(4), "близько чотирьох хвилин"},
		{"{wait_minutes:gen}", "wait_minutes", Minutes(5), "п'яти хвилин"},
		{"підрозділи: {branches}.", "branches", Names("Самчики", "Пашківці", "Вербородинці"), "підрозділи: Самчики, Пашківці та Вербородинці."},
	} {
		got, err := Fill(c.template, map[string]Value{c.name: c.value})
		if err != nil || got != c.want {
			t.Errorf("%s:\n got %q (%v)\nwant %q", c.template, got, err, c.want)
		}
		if w := spokenOK(t, c.template, got); w != got && !strings.HasPrefix(got, "підрозділи") {
			t.Errorf("words of a filled prompt change: %q → %q", got, w)
		}
	}
}

func TestFillRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		template string
		vars     map[string]Value
	}{
		"undeclared": {"{nobody}", map[string]Value{"nobody": Text("x")}},
		"missing":    {"{wait_minutes}", nil},
		"wrong type": {"{wait_minutes}", map[string]Value{"wait_minutes": Text("п'ять")}},
		"open brace": {"{wait_minutes", map[string]Value{"wait_minutes": Minutes(1)}},
		"no case":    {"{wait_minutes:abc}", map[string]Value{"wait_minutes": Minutes(1)}},
		"empty":      {"{wait_minutes}", map[string]Value{"wait_minutes": {kind: KindCount}}},
		"negative":   {"{wait_minutes}", map[string]Value{"wait_minutes": Minutes(-1)}},
		"no clock":   {"{time_until}", map[string]Value{"time_until": Clock(25, 0)}},
		"no digits":  {"{ticket_number}", map[string]Value{"ticket_number": Ticket("А")}},
	} {
		if got, err := Fill(c.template, c.vars); err == nil {
			t.Errorf("%s: accepted as %q", name, got)
		}
	}
}

func TestMoney(t *testing.T) {
	for kop, want := range map[int64]string{100: "одна гривня", 4992: "сорок дев'ять гривень дев'яносто дві копійки", 51: "п'ятдесят одна копійка",
		114700: "одна тисяча сто сорок сім гривень", 100_000_000: "один мільйон гривень"} {
		if got, err := Money(kop).In(Nom); err != nil || got != want {
			t.Errorf("%d: %q (%v), want %q", kop, got, err, want)
		}
	}
}
