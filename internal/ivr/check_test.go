package ivr

import (
	"strings"
	"testing"
	"time"
)

func TestCheckAcceptsAGoodEdition(t *testing.T) {
	for _, p := range Check(small(t)) {
		t.Errorf("%q: %s", p.Node, p.Text)
	}
}

func TestCheckFinds(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*Menu)
		want  string
	}{
		"no main":               {func(m *Menu) { delete(m.Nodes, "") }, "Немає головного меню"},
		"no hours":              {func(m *Menu) { m.Hours = nil }, "Немає графіка"},
		"a key to nowhere":      {func(m *Menu) { m.Nodes["1"].Keys["5"] = "7-7" }, "нікуди не веде"},
		"an orphan":             {func(m *Menu) { delete(m.Nodes["1"].Keys, "1") }, "не веде жодна клавіша"},
		"two ways":              {func(m *Menu) { m.Nodes["1"].Keys["5"] = "2-1" }, "ведуть дві клавіші"},
		"a loop":                {func(m *Menu) { m.Nodes["2-9"].Keys["1"] = "2" }, "коло"},
		"# leads elsewhere":     {func(m *Menu) { m.Nodes["1-1"].Parent = "2" }, "решітка веде не туди"},
		"0 as an item":          {func(m *Menu) { m.Nodes["1"].Keys["0"] = "1-1" }, "не може бути пунктом"},
		"six items":             {func(m *Menu) { m.Nodes["1"].Keys["6"] = "1-1" }, "не може бути пунктом"},
		"no label":              {func(m *Menu) { m.Nodes["2-1"].Label = " " }, "не має назви"},
		"an empty list":         {func(m *Menu) { m.Nodes["2-9"].Keys = nil }, "мають пункти"},
		"an unknown kind":       {func(m *Menu) { m.Nodes["4"].Kind = "fax" }, "невідомий вид"},
		"no such card":          {func(m *Menu) { delete(m.Services, "new") }, "немає картки"},
		"no such box":           {func(m *Menu) { m.Nodes["1-3"].Box = "x" }, "немає скриньки"},
		"no prompt of a menu":   {func(m *Menu) { m.Nodes["1"].Prompt = "x" }, "немає фрази"},
		"no prompt of Step":     {func(m *Menu) { delete(m.Prompts, "error.invalid") }, "немає фрази"},
		"an empty prompt":       {func(m *Menu) { setPrompt(m, "menu.sub", " ") }, "порожня"},
		"an unapproved prompt":  {func(m *Menu) { m.Prompts["menu.sub"] = Prompt{ID: "menu.sub", Text: "Фраза."} }, "не затверджено"},
		"an unknown variable":   {func(m *Menu) { setPrompt(m, "menu.sub", "Фраза {nonsense}.") }, "не можна вимовити"},
		"an unspeakable prompt": {func(m *Menu) { setPrompt(m, "menu.sub", "Фраза \u2603.") }, "не можна вимовити"},
		"an empty constant": {func(m *Menu) {
			setPrompt(m, "menu.sub", "{address}.")
			m.Consts["address"] = ""
		}, "не задано"},
		"a card without documents": {func(m *Menu) { setCard(m, func(s *Service) { s.Documents = nil }) }, "переліку документів"},
		"an empty block":           {func(m *Menu) { setCard(m, func(s *Service) { s.Ways = "" }) }, "порожнє місце"},
		"an unspeakable card":      {func(m *Menu) { setCard(m, func(s *Service) { s.Ways = "☃" }) }, "картка послуги"},
		"a long block":             {func(m *Menu) { setCard(m, func(s *Service) { s.Ways = strings.Repeat("слово ", 100) }) }, "сорок п'ять секунд"},
		"too deep": {func(m *Menu) {
			m.Nodes["2-9"].Keys["2"] = "a"
			m.Nodes["a"] = &Node{ID: "a", Kind: KindList, Label: "а", Parent: "2-9", Keys: map[string]string{"1": "b"}}
			m.Nodes["b"] = &Node{ID: "b", Kind: KindList, Label: "б", Parent: "a", Keys: map[string]string{"1": "c"}}
			m.Nodes["c"] = &Node{ID: "c", Kind: KindText, Label: "в", Prompt: "text.one", Parent: "b"}
		}, "рівнів меню"},
	} {
		t.Run(name, func(t *testing.T) {
			m := small(t)
			c.spoil(m)
			for _, p := range Check(m) {
				if strings.Contains(p.Text, c.want) {
					return
				}
			}
			t.Errorf("not found: %v", Check(m))
		})
	}
}

// The walk finds what the shape does not show: here # would turn in a circle.
func TestCheckWalks(t *testing.T) {
	m := small(t)
	m.Nodes["1"].Parent = "1"
	c := &checker{m: m}
	c.walk()
	for _, p := range c.found {
		if strings.Contains(p.Text, "решітка не веде до головного меню") {
			return
		}
	}
	t.Errorf("not found: %v", c.found)
}

func setPrompt(m *Menu, id, text string) {
	m.Prompts[id] = Prompt{ID: id, Text: text, Approved: true, Interruptible: true}
}

func setCard(m *Menu, change func(*Service)) {
	s := m.Services["new"]
	change(&s)
	m.Services["new"] = s
}

// A constant that a prompt needs and the hours of the day are spoken with the values of now.
func TestLine(t *testing.T) {
	m := small(t)
	setPrompt(m, "x.place", "Місце {position_ordinal}, {wait_minutes}.")
	setPrompt(m, "x.until", "Перерва до {time_until}.")
	setPrompt(m, "x.org", "Це {org_name_short}.")
	for _, c := range []struct {
		id   string
		vars map[string]any
		want string
	}{
		{"x.place", map[string]any{"position_ordinal": 3, "wait_minutes": 2}, "Місце третє, дві хвилини."},
		{"x.until", map[string]any{"time_until": time.Date(2026, 11, 23, 11, 0, 0, 0, time.UTC)}, "Перерва до тринадцятої години."},
		{"x.org", nil, "Це центр."},
	} {
		l, err := m.Line(c.id, c.vars)
		if err != nil || l.Text != c.want {
			t.Errorf("%s: %q %v, want %q", c.id, l.Text, err, c.want)
		}
	}
	if _, err := m.Line("x.place", nil); err == nil {
		t.Error("a missing variable was spoken")
	}
	if _, err := m.Line("x.place", map[string]any{"position_ordinal": 1.5, "wait_minutes": 1}); err == nil {
		t.Error("half a place was spoken")
	}
	if _, err := m.Line("no.such", nil); err == nil {
		t.Error("a prompt that is not there was spoken")
	}
}

func TestLinesAround(t *testing.T) {
	m := small(t)
	said := map[string]bool{}
	for _, l := range m.LinesAround(at(t, "2026-11-27 09:00")) { // Friday: open, break, evening; Saturday
		said[l.ID+" "+l.Text] = true
	}
	for _, want := range []string{
		"closed.short_break Перерва до тринадцятої години.", "closed.next_open Далі у понеділок з 8:00.", "closed.weekend Вихідний, у понеділок з 8:00.",
		"hours.today_open з 8:00 до 16:00 з 12:00 до 13:00",
	} {
		if !said[want] {
			t.Errorf("not rendered: %s; only %v", want, said)
		}
	}
}
