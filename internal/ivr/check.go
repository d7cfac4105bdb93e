package ivr

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"dovidka/internal/spoken"
)

const (
	maxDepth  = 4   // menus and lists one below the other, main is the first
	maxItems  = 5   // items of a menu or list, 9 not counted
	maxLetter = 580 // of one block: 45 s of speech
)

// Problem is one reason why an edition may not be published (or, as a warning, should not).
type Problem struct {
	Node    string // node ID, or the prompt's or card's id
	Text    string // plain Ukrainian, for the editor
	Warning bool   // may be published nevertheless
}

// Check proves what the package comment says of an edition: it looks at every node, prompt and card, and then walks: from
// every node, with the centre open and closed, 0 must lead to a person (or to the closed dialogue), silence and wrong keys
// must come to an end, # must lead to main. No problems that are not warnings: it may be published.
func Check(m *Menu) []Problem {
	c := &checker{m: m}
	if main := m.Nodes[""]; main == nil || main.Kind != KindMenu {
		return []Problem{{Text: "Немає головного меню."}}
	}
	if m.Hours == nil {
		return []Problem{{Text: "Немає графіка роботи."}}
	}
	seen := map[string]bool{}
	c.node("", 1, seen)
	for _, id := range slices.Sorted(maps.Keys(m.Nodes)) {
		if !seen[id] {
			c.bad(id, "до цього пункту не веде жодна клавіша.")
		}
	}
	c.prompts()
	for _, id := range slices.Sorted(maps.Keys(c.cards)) {
		c.card(m.Services[id])
	}
	if len(c.found) == 0 {
		c.walk()
	}
	return c.found
}

type checker struct {
	m     *Menu
	found []Problem
	cards map[string]bool // read by some node
}

func (c *checker) bad(at, format string, args ...any) {
	c.found = append(c.found, Problem{Node: at, Text: fmt.Sprintf(format, args...)})
}

func (c *checker) warn(at, format string, args ...any) {
	c.found = append(c.found, Problem{Node: at, Text: fmt.Sprintf(format, args...), Warning: true})
}

// node looks at one place and everything below it; depth counts menus and lists.
func (c *checker) node(id string, depth int, seen map[string]bool) {
	n := c.m.Nodes[id]
	if seen[id] {
		c.bad(id, "до цього пункту ведуть дві клавіші або коло.")
		return
	}
	seen[id] = true
	if n.ID != id {
		c.bad(id, "позначка пункту не збігається з його місцем.")
	}
	if strings.TrimSpace(n.Label) == "" {
		c.bad(id, "пункт не має назви.")
	}
	c.kind(n)
	if len(n.Keys) > 0 && depth > maxDepth {
		c.bad(id, "рівнів меню більше ніж %d.", maxDepth)
	}
	items := 0
	for _, key := range slices.Sorted(maps.Keys(n.Keys)) {
		switch {
		case key == "9":
		case len(key) == 1 && key >= "1" && key <= "5":
			items++
		default:
			c.bad(id, "клавіша «%s» не може бути пунктом: лише від одного до п'яти та дев'ять.", key)
		}
		child := c.m.Nodes[n.Keys[key]]
		switch {
		case child == nil:
			c.bad(id, "клавіша %s нікуди не веде.", key)
			continue
		case child.Parent != id:
			c.bad(child.ID, "решітка веде не туди, звідки прийшли.")
		}
		below := depth
		if child.Kind == KindMenu || child.Kind == KindList {
			below++
		}
		c.node(n.Keys[key], below, seen)
	}
	if items > maxItems {
		c.bad(id, "пунктів більше ніж %d.", maxItems)
	}
}

// kind looks at what a node of its kind needs.
func (c *checker) kind(n *Node) {
	branches := n.Kind == KindMenu || n.Kind == KindList
	if branches == (len(n.Keys) == 0) {
		c.bad(n.ID, "меню та перелік мають пункти, інші місця їх не мають.")
	}
	switch n.Kind {
	case KindMenu, KindText:
		c.need(n.ID, n.Prompt)
	case KindService:
		if _, ok := c.m.Services[n.Service]; !ok {
			c.bad(n.ID, "немає картки послуги «%s».", n.Service)
			return
		}
		if c.cards == nil {
			c.cards = map[string]bool{}
		}
		c.cards[n.Service] = true
	case KindMessage:
		if n.Box != BoxMessages && n.Box != BoxProposals {
			c.bad(n.ID, "немає скриньки «%s».", n.Box)
		}
	case KindList, KindHours, KindStatus, KindOperator:
	default:
		c.bad(n.ID, "невідомий вид пункту «%s».", n.Kind)
	}
}

func (c *checker) need(at, prompt string) {
	if _, ok := c.m.Prompts[prompt]; !ok {
		c.bad(at, "немає фрази «%s».", prompt)
	}
}

// needed are the prompts that Step, the queue, the recorder and the survey speak by name.
func needed() []string {
	return []string{
		"greeting.main", "greeting.automatic", "greeting.zero_anytime", "menu.operator_open", "menu.operator_closed", "menu.navigation", "menu.more",
		"menu.service", "menu.service_docs_intro", "menu.service_back", "menu.operator_collect", "menu.operator_collect_closed",
		"notice.information_only", "notice.unverified", "notice.not_emergency",
		"hours.today_open", "hours.today_open_nobreak", "hours.week", "hours.operators", "hours.address", "hours.changed", "hours.changed_off",
		"closed.short", "closed.short_break", "closed.lunch", "closed.evening", "closed.morning", "closed.weekend", "closed.holiday", "closed.holiday_today",
		"closed.today", "closed.next_open", "closed.choice",
		"error.no_input", "error.no_input_2", "error.no_input_2_closed", "error.invalid", "error.too_many", "error.too_many_closed",
		"ticket.ask_number", "ticket.ask_pin", "ticket.not_found", "voicemail.intro", "voicemail.proposal_intro", "goodbye.main", "goodbye.evening",
		"queue.connecting", "queue.all_busy", "queue.position", "queue.next", "queue.message_offer", "queue.no_operators", "queue.timeout", "queue.full",
		"voicemail.saved", "voicemail.proposal_saved", "voicemail.empty", "survey.invite", "survey.score", "survey.solved", "survey.thanks",
	}
}

// prompts looks at every fixed phrase: it is approved (regulation 1.4), its variables have values, and it can be said.
func (c *checker) prompts() {
	for _, id := range needed() {
		c.need(id, id)
	}
	for _, id := range slices.Sorted(maps.Keys(c.m.Prompts)) {
		p := c.m.Prompts[id]
		if strings.TrimSpace(p.Text) == "" {
			c.bad(id, "фраза порожня.")
			continue
		}
		if !p.Approved {
			c.bad(id, "фразу не затверджено.")
		}
		for name := range c.m.Consts {
			if strings.Contains(p.Text, "{"+name+"}") && c.m.Consts[name] == "" && name != "branches" {
				c.bad(id, "не задано «%s».", name)
			}
		}
		for _, n := range []int{1, 2, 5, 11, 21} { // the forms of a noun after a number
			if n > 1 && !strings.Contains(p.Text, "{") {
				break
			}
			l, err := c.m.Line(id, samples(n))
			if err == nil {
				_, err = spoken.Words(l.Text)
			}
			if err != nil {
				c.bad(id, "фразу не можна вимовити: %v.", err)
				break
			}
		}
		c.length(id, p.Text)
	}
}

// samples are values for every variable that the centre's constants do not fill.
func samples(n int) map[string]any {
	at := time.Date(2026, time.January, n, 8+n%2, 0, 0, 0, time.UTC)
	texts := map[string]any{
		"hours_range": "з 8:00 до 17:15", "break_range": "з 12:00 до 13:00", "time_range": spoken.TimeRange(8*time.Hour, 17*time.Hour),
		"next_open": "завтра з 8:00", "ticket_number": fmt.Sprint(n), "caller_number": "0671234567", "other_number": "0671234567",
	}
	out := map[string]any{}
	for name, t := range spoken.VarTypes() {
		switch v, ok := texts[name]; {
		case ok:
			out[name] = v
		case slices.Contains(t.Kinds, spoken.KindOrdinal), slices.Contains(t.Kinds, spoken.KindCount):
			out[name] = n
		case slices.Contains(t.Kinds, spoken.KindClock), slices.Contains(t.Kinds, spoken.KindDate):
			out[name] = at
		case slices.Contains(t.Kinds, spoken.KindText) && !centres(name):
			out[name] = "приклад"
		}
	}
	return out
}

// centres tells whether a variable is a constant of the centre: its own value is checked, not a sample.
func centres(name string) bool {
	return slices.Contains([]string{"org_name", "org_name_short", "owner_name", "address"}, name)
}

func (c *checker) card(s Service) {
	parts := map[string]string{"короткий опис": s.Summary, "строк і вартість": s.TermFee, "де і як подати": s.Ways, "назва": s.Name}
	for i, d := range s.Documents {
		parts[fmt.Sprintf("документ %d", i+1)] = d
	}
	if len(s.Documents) == 0 {
		c.bad(s.ID, "картка послуги не має переліку документів.")
	}
	for _, part := range slices.Sorted(maps.Keys(parts)) {
		if strings.TrimSpace(parts[part]) == "" {
			c.bad(s.ID, "картка послуги: порожнє місце «%s».", part)
			continue
		}
		if _, err := spoken.Words(parts[part]); err != nil {
			c.bad(s.ID, "картка послуги, %s: %v.", part, err)
		}
		c.length(s.ID, parts[part])
	}
}

func (c *checker) length(at, text string) {
	if utf8.RuneCountInString(text) > maxLetter {
		c.warn(at, "текст довший за сорок п'ять секунд мовлення.")
	}
}
