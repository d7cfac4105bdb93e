package catalogue

import (
	"strings"
	"testing"

	"dovidka/internal/fault"
	"dovidka/internal/spoken"
)

func load(t *testing.T) *Catalogue {
	t.Helper()
	c, err := Stock()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestStock(t *testing.T) {
	c := load(t)
	if got := len(c.All()); got != 78 {
		t.Errorf("%d cards, want 78", got)
	}
	for id, s := range c.Texts() {
		for part, text := range map[string]string{"summary": s.Summary, "term and fee": s.TermFee, "ways": s.Ways, "documents": strings.Join(s.Documents, " "), "name": s.Name} {
			if strings.TrimSpace(text) == "" {
				t.Errorf("%s: no %s", id, part)
			}
			if _, err := spoken.Words(text); err != nil {
				t.Errorf("%s: %s cannot be said: %v", id, part, err)
			}
		}
	}
}

func TestOwnSpokenTextWins(t *testing.T) {
	c := load(t)
	s, err := c.Text("residence-register")
	if err != nil {
		t.Fatal(err)
	}
	if all := strings.Join(s.Documents, " "); strings.Contains(all, "РНОКПП") || !strings.Contains(all, "її заповнює адміністратор") {
		t.Error(all)
	}
	if !strings.HasPrefix(s.TermFee, "Строк: у день звернення. Вартість: у дві тисячі") {
		t.Error(s.TermFee)
	}
}

// Every word that citizens use for a service leads to its card: the cards that have it come before all others (regulation 5.3).
func TestSearchKeywords(t *testing.T) {
	c := load(t)
	sharing := map[string]int{}
	for _, card := range c.All() {
		for _, k := range card.Keywords {
			sharing[k]++
		}
	}
	for _, card := range c.All() {
		for _, k := range card.Keywords {
			if at := place(c.Search(k), card.ID); at < 0 || at >= sharing[k] {
				t.Errorf("%q: %s is at %d of %d", k, card.ID, at, sharing[k])
			}
		}
		if at := place(c.Search(card.Name), card.ID); at != 0 {
			t.Errorf("%q: %s is at %d", card.Name, card.ID, at)
		}
	}
}

func place(cards []Card, id string) int {
	for i, c := range cards {
		if c.ID == id {
			return i
		}
	}
	return -1
}

func TestSearchForms(t *testing.T) {
	c := load(t)
	for q, want := range map[string]string{
		"ЗАКОРДОННИЙ ПАСПОРТ":   "foreign-passport",
		"закордонного паспорта": "foreign-passport",
		"субсидію":              "housing-subsidy",
		"багатодітної сімʼї":    "large-family",
		"багатодітна сімя":      "large-family",
		"cубcидiя":              "housing-subsidy", // Latin c and i
		"апости":                "apostille",
	} {
		if at := place(c.Search(q), want); at < 0 || at > 2 {
			t.Errorf("%q: %s is at %d", q, want, at)
		}
	}
	if all, some := len(c.Search("паспорт")), len(c.Search("закордонний паспорт")); some >= all {
		t.Errorf("two words find %d cards, one of them %d", some, all)
	}
	if got := c.Search("ъъъъ"); len(got) != 0 {
		t.Errorf("nonsense finds %d cards", len(got))
	}
	if got := c.Search("  "); len(got) != 78 {
		t.Errorf("nothing finds %d cards", len(got))
	}
}

func TestRefusals(t *testing.T) {
	if _, err := load(t).Card("no-such"); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
	for name, text := range map[string]string{
		"not json":      `[`,
		"unknown field": `[{"id":"a","nick":"b"}]`,
		"empty":         `[{"id":"a","name":"Послуга"}]`,
	} {
		if _, err := Load([]byte(text)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
