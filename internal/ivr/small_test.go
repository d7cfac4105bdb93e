package ivr

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/hours"
)

// small is a menu with every kind of node; each prompt says its own id.
func small(t testing.TB) *Menu {
	t.Helper()
	h, err := hours.New(hours.Default())
	if err != nil {
		t.Fatal(err)
	}
	m := &Menu{
		Edition: 1, Prompts: map[string]Prompt{}, Hours: h, ReadUnverified: true,
		Consts: map[string]string{"org_name": "центру", "org_name_short": "центр", "owner_name": "рада", "address": "вулиця"},
		Services: map[string]Service{
			"new": {ID: "new", Name: "Нова", Summary: "Опис.", TermFee: "Строк.", Ways: "Де.", Documents: []string{"Паспорт.", "Заява."}},
			"old": {ID: "old", Name: "Стара", Summary: "Опис.", TermFee: "Строк.", Ways: "Де.", Documents: []string{"Паспорт."}, Verified: true},
		},
	}
	vars := map[string]string{
		"hours.today_open": "{hours_range} {break_range}", "hours.today_open_nobreak": "{hours_range}", "hours.week": "{week_schedule}",
		"hours.changed": "{date_genitive} {hours_range}", "hours.changed_off": "{date_genitive}", "closed.short": "Відповідають {operator_hours}.",
		"closed.short_break": "Перерва до {time_until}.", "closed.lunch": "Перерва до {time_until}.", "closed.weekend": "Вихідний, {next_open}.",
		"closed.holiday": "Свято {holiday_name}, {next_open}.", "closed.next_open": "Далі {next_open}.", "queue.position": "{position_ordinal}",
	}
	for _, id := range append(needed(), "menu.main", "menu.sub", "text.one") {
		text := vars[id]
		if text == "" {
			text = "Фраза."
		}
		m.Prompts[id] = Prompt{ID: id, Text: text, Interruptible: true, Approved: true}
	}
	m.Nodes = map[string]*Node{
		"":    {Kind: KindMenu, Label: "Головне меню", Prompt: "menu.main", Keys: map[string]string{"1": "1", "2": "2", "3": "3", "4": "4"}},
		"1":   {ID: "1", Kind: KindMenu, Label: "Меню", Prompt: "menu.sub", Topic: "one", Keys: map[string]string{"1": "1-1", "2": "1-2", "3": "1-3", "4": "1-4", "5": "1-5"}},
		"2":   {ID: "2", Kind: KindList, Label: "Перелік", Keys: map[string]string{"1": "2-1", "9": "2-9"}},
		"3":   {ID: "3", Kind: KindStatus, Label: "Стан"},
		"4":   {ID: "4", Kind: KindText, Label: "Текст", Prompt: "text.one"},
		"1-1": {ID: "1-1", Kind: KindHours, Label: "Години", Parent: "1"},
		"1-2": {ID: "1-2", Kind: KindOperator, Label: "Скарга", Topic: "complaint", Parent: "1"},
		"1-3": {ID: "1-3", Kind: KindMessage, Label: "Пропозиція", Box: BoxProposals, Parent: "1"},
		"1-4": {ID: "1-4", Kind: KindText, Label: "Текст", Prompt: "text.one", Parent: "1"},
		"1-5": {ID: "1-5", Kind: KindService, Label: "Стара", Service: "old", Parent: "1"},
		"2-1": {ID: "2-1", Kind: KindService, Label: "Нова", Service: "new", Parent: "2"}, "2-9": {ID: "2-9", Kind: KindList, Label: "Інше", Parent: "2", Keys: map[string]string{"1": "2-9-1"}},
		"2-9-1": {ID: "2-9-1", Kind: KindService, Label: "Стара", Service: "old", Parent: "2-9"},
	}
	return m
}

func at(t testing.TB, text string) time.Time {
	t.Helper()
	loc, err := time.LoadLocation("Europe/Kyiv")
	if err != nil {
		t.Fatal(err)
	}
	now, err := time.ParseInLocation("2006-01-02 15:04", text, loc)
	if err != nil {
		t.Fatal(err)
	}
	return now
}

// play runs a script: a digit, * or # is a key, "e" the end of what is said, "t" the time-out, a word in brackets a return.
// It gives what the last event brought, as text.
func play(m *Menu, now time.Time, script string) (State, string) {
	var s State
	orders := Step(m, &s, now, Begin{})
	for _, f := range strings.Fields(script) {
		if how, ok := strings.CutPrefix(f, "("); ok {
			orders = Step(m, &s, now, Returned{How: strings.TrimSuffix(how, ")")})
			continue
		}
		for _, k := range []byte(f) {
			switch k {
			case 'e':
				orders = Step(m, &s, now, Ended{})
			case 't':
				orders = Step(m, &s, now, Timeout{})
			default:
				orders = Step(m, &s, now, Key{k})
			}
		}
	}
	return s, show(orders)
}

// show writes orders as "fact:pressed(1) say:a,b wait:7 enqueue:topic/service".
func show(orders []Order) string {
	var out []string
	for _, o := range orders {
		switch o := o.(type) {
		case Say:
			out = append(out, "say:"+strings.Join(ids(o.Lines), ","))
		case Wait:
			out = append(out, fmt.Sprintf("wait:%.0f", o.For.Seconds()))
		case Enqueue:
			out = append(out, "enqueue:"+o.Topic+"/"+o.Service)
		case Leave:
			out = append(out, "leave:"+o.Box+":"+strings.Join(ids(o.Intro), ","))
		case Lookup:
			out = append(out, "lookup:"+o.Number+"/"+o.Last4)
		case Note:
			if o.Fact.Kind != call.Pressed && o.Fact.Kind != call.Entered {
				out = append(out, fmt.Sprintf("%s(%s,%s)", o.Fact.Kind, o.Fact.Name, o.Fact.Value))
			}
		case Bye:
			out = append(out, "bye")
		}
	}
	return strings.Join(out, " ")
}

// ids names the lines, each block once.
func ids(lines []Line) []string {
	var out []string
	for _, l := range lines {
		out = append(out, l.ID)
	}
	return slices.Compact(out)
}
