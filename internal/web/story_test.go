package web

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"testing"
	"time"

	"dovidka/internal/call"
)

// declared reads the constants of a type out of the words' own source, so that a new one cannot be forgotten here.
func declared(t *testing.T, typ string) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "../call/fact.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	ast.Inspect(f, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if id, ok := v.Type.(*ast.Ident); ok && id.Name == typ {
			for _, x := range v.Values {
				s, err := strconv.Unquote(x.(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, s)
			}
		}
		return true
	})
	if len(out) < 10 {
		t.Fatalf("found only %d constants of %s", len(out), typ)
	}
	return out
}

var latin = regexp.MustCompile(`[A-Za-z_]{2,}`)

func TestEveryKindHasItsSentence(t *testing.T) {
	sh := &shower{me: "olena", names: map[string]string{"olena": "Олена Вигадана"}, service: func(string) string { return "Паспорт" }, loc: time.UTC}
	seen := map[string]string{}
	for _, kind := range declared(t, "Kind") {
		full := call.Fact{Kind: call.Kind(kind), From: "+380671234567", Agent: "olena", Value: "1", Count: 2, Seconds: 75, Share: 1}
		for _, f := range []call.Fact{full, {Kind: call.Kind(kind)}} {
			text := sh.lines([]call.Fact{f})[0].Text
			if text == "" || text[len(text)-1] != '.' {
				t.Errorf("%s has no sentence: %q", kind, text)
			}
			if latin.MatchString(text) {
				t.Errorf("%s: not plain Ukrainian: %q", kind, text)
			}
		}
		text := sh.lines([]call.Fact{full})[0].Text
		if other, ok := seen[text]; ok {
			t.Errorf("%s and %s are told alike: %q", kind, other, text)
		}
		seen[text] = kind
	}
}

func TestEveryOutcomeIsCounted(t *testing.T) {
	list := counts(map[call.Outcome]int{})
	names := map[string]bool{}
	for _, c := range list {
		names[c.Outcome] = true
	}
	for _, o := range declared(t, "Outcome") {
		if !names[o] {
			t.Errorf("outcome %s is missing in the totals", o)
		}
		if latin.MatchString(outcomeText(call.Outcome(o))) {
			t.Errorf("outcome %s has no Ukrainian words", o)
		}
	}
}

func TestSentences(t *testing.T) {
	sh := &shower{me: "petro", names: map[string]string{"olena": "Олена Вигадана"}, service: func(string) string { return "Паспорт" }}
	facts := []call.Fact{
		{Kind: call.Arrived, From: "+380671234567", Name: "web", Test: true},
		{Kind: call.Answered, Value: "weekend"},
		{Kind: call.Pressed, Value: "*"},
		{Kind: call.Mistook, Value: "silence"},
		{Kind: call.Heard, Name: "menu.main", Share: 0.333},
		{Kind: call.Connected, Agent: "olena", Seconds: 125.4},
		{Kind: call.Asked, Value: "key", Name: "general"},
		{Kind: call.Queued, Name: "documents", Count: 2},
		{Kind: call.Offered, Agent: "olena", Name: "both", Value: "transfer"},
		{Kind: call.Connected, Agent: "olena", Value: "transfer"},
		{Kind: call.ConsultBegun, Agent: "olena", Name: "department", Value: "Відділ освіти"},
		{Kind: call.Transferred, Agent: "olena", Name: "queue", Value: "general", Cause: "blind"},
		{Kind: call.Transferred, Agent: "petro", Name: "agent", Value: "olena", Cause: "attended"},
		{Kind: call.TransferFailed, Agent: "petro", Name: "agent", Value: "olena", Cause: "no_answer"},
		{Kind: call.Unparked, Agent: "olena", Count: 2, Cause: "timeout"},
		{Kind: call.Moved, Agent: "olena", Name: "phone"},
		{Kind: call.Requeued, Name: "social"},
	}
	want := []string{
		"Надійшов дзвінок зі сторінки дзвінка, перевірочний: " + call.Number("+380671234567").Mask() + ".",
		"Лінія відповіла. Оператори не працювали: вихідний.",
		"Натиснуто «зірочку» у меню «Головне меню».",
		"У меню «Головне меню» нічого не натиснуто.",
		"Прозвучало: головне меню (33 %).",
		"З'єднано: Олена Вигадана. Очікування в черзі 2 хв 05 с.",
		"Запит на оператора клавішею 0.",
		"Початок очікування в черзі, тема «документи», місце 2.",
		"Виклик для передавання: Олена Вигадана (браузер і телефон).",
		"З'єднано: Олена Вигадана.",
		"Почато пораду: Олена Вигадана → Відділ освіти; громадянин чує музику.",
		"Дзвінок передано: Олена Вигадана → загальна черга; громадянин чує музику.",
		"Дзвінок передано після поради: petro → Олена Вигадана.",
		"Передати не вдалося (Олена Вигадана): немає відповіді.",
		"Ніхто не взяв дзвінок із паркування, місце 2: повертається до того, хто його поставив (Олена Вигадана).",
		"Розмову перенесено на інший пристрій (Олена Вигадана): телефон.",
		"Повернення на початок черги, тема «соціальні послуги», час очікування збережено.",
	}
	for i, l := range sh.lines(facts) {
		if l.Text != want[i] {
			t.Errorf("%q, want %q", l.Text, want[i])
		}
	}
}
