package ivr

import (
	"maps"
	"slices"
	"time"

	"dovidka/internal/hours"
)

// keyName is a key as it is said.
func keyName(key string) string {
	names := [...]string{"нуль", "один", "два", "три", "чотири", "п'ять", "шість", "сім", "вісім", "дев'ять"}
	if len(key) != 1 || key[0] < '0' || key[0] > '9' {
		return ""
	}
	return names[key[0]-'0']
}

// greeting is said once, before the main menu: who answers, and how to reach a person – or, outside hours, when.
func (m *Menu) greeting(now time.Time) []Line {
	v := m.Hours.At(now)
	if v.Open {
		return m.prompts("greeting.main", "greeting.automatic", "greeting.zero_anytime")
	}
	lines := m.prompts("greeting.main", "greeting.automatic")
	switch {
	case v.Reason == hours.Break:
		return append(lines, m.prompt("closed.short_break", map[string]any{"time_until": v.Until})...)
	case m.Hours.OperatorHoursShort() != "":
		return append(lines, m.prompt("closed.short", map[string]any{"operator_hours": m.Hours.OperatorHoursShort()})...)
	}
	return lines
}

// menuLines are a menu or a list: its items, then how to reach a person (in main it was said with the greeting, unless the
// centre is closed), then the navigation keys until they have been heard once.
func (m *Menu) menuLines(s *State, n *Node, now time.Time) []Line {
	var lines []Line
	if n.Kind == KindList {
		lines = m.listLines(n)
	} else {
		lines = m.prompts(n.Prompt)
	}
	return join(lines, m.tail(s, n.ID == "", now))
}

// listLines say «назва — ключ» for each item; 9 stands for all others.
func (m *Menu) listLines(n *Node) []Line {
	var lines []Line
	for _, key := range slices.Sorted(maps.Keys(n.Keys)) {
		if key == "9" {
			more := m.prompts("menu.more")
			for i := range more {
				more[i].ID = "list:" + n.ID
			}
			lines = append(lines, more...)
			continue
		}
		if item := m.Nodes[n.Keys[key]]; item != nil {
			lines = append(lines, Line{ID: "list:" + n.ID, Text: item.Label + " — " + keyName(key) + ".", Interruptible: true, Pause: itemPause})
		}
	}
	return lines
}

func (m *Menu) tail(s *State, main bool, now time.Time) []Line {
	var ids []string
	open := m.Hours.At(now).Open
	switch {
	case !open:
		ids = append(ids, "menu.operator_closed")
	case !main:
		ids = append(ids, "menu.operator_open")
	}
	if !s.navHeard {
		ids = append(ids, "menu.navigation")
	}
	return m.prompts(ids...)
}

// summaryLines open a card. What nobody has verified is said to be so.
func (m *Menu) summaryLines(s *State) []Line {
	card := m.Services[s.Service]
	lines := []Line{block(card, "summary", card.Summary)}
	if !card.Verified {
		lines = join(lines, m.notice(s))
	}
	return lines
}

// blockLines are what key 1, 2 or 3 of a card reads, followed by the card's notice until it has been heard.
func (m *Menu) blockLines(s *State, key byte) []Line {
	card := m.Services[s.Service]
	var lines []Line
	switch key {
	case '1':
		lines = m.prompts("menu.service_docs_intro")
		for _, d := range card.Documents {
			l := block(card, "documents", d)
			l.Pause = documentPause
			lines = append(lines, l)
		}
	case '2':
		lines = []Line{block(card, "term_fee", card.TermFee)}
	default:
		lines = []Line{block(card, "ways", card.Ways)}
	}
	return join(lines, m.notice(s))
}

func (m *Menu) notice(s *State) []Line {
	if s.noteDue == "" {
		return nil
	}
	return m.prompts(s.noteDue)
}

// cardMenu is what can be chosen at a card; after a block the way back is named too.
func (m *Menu) cardMenu(s *State, after bool, now time.Time) []Line {
	lines := m.prompts("menu.service")
	if after {
		lines = join(lines, m.prompts("menu.service_back"))
	}
	return join(lines, m.tail(s, false, now))
}

func block(card Service, part, text string) Line {
	return Line{ID: "service:" + card.ID + "/" + part, Text: text, Interruptible: true, Pause: promptPause}
}

// collectLines ask for digits and say how to reach a person meanwhile.
func (m *Menu) collectLines(id string, now time.Time) []Line {
	if m.Hours.At(now).Open {
		return m.prompts(id, "menu.operator_collect")
	}
	return m.prompts(id, "menu.operator_collect_closed")
}

// hoursLines are «години роботи та адреса», made from the schedule that opens the queue (regulation 3.3).
func (m *Menu) hoursLines(now time.Time) []Line {
	var lines []Line
	v := m.Hours.At(now)
	work, pause := m.Hours.Today(now)
	switch {
	case work != "" && pause != "":
		lines = m.prompt("hours.today_open", map[string]any{"hours_range": work, "break_range": pause})
	case work != "":
		lines = m.prompt("hours.today_open_nobreak", map[string]any{"hours_range": work})
	case v.HolidayName != "" && v.Reason == hours.Holiday:
		lines = m.prompt("closed.holiday_today", map[string]any{"holiday_name": v.HolidayName})
	default:
		lines = m.prompts("closed.today")
	}
	for _, c := range m.Hours.Changes(now) {
		vars := map[string]any{"date_genitive": c.Day, "hours_range": c.Hours}
		lines = append(lines, m.prompt(pick(c.Hours == "", "hours.changed_off", "hours.changed"), vars)...)
	}
	lines = append(lines, m.prompt("hours.week", map[string]any{"week_schedule": m.Hours.WeekSchedule()})...)
	lines = append(lines, m.prompts("hours.operators", "hours.address")...)
	if m.Consts["branches"] != "" {
		lines = append(lines, m.prompts("hours.branches")...)
	}
	return lines
}

// closedLines answer 0 outside hours: why, and when next.
func (m *Menu) closedLines(now time.Time) []Line {
	v := m.Hours.At(now)
	next := map[string]any{"next_open": m.Hours.NextOpen(now), "holiday_name": v.HolidayName}
	var lines []Line
	switch v.Reason {
	case hours.Break:
		lines = m.prompt("closed.lunch", map[string]any{"time_until": v.Until})
	case hours.Weekend, hours.Holiday:
		if m.Hours.NextOpen(now) != "" {
			return m.prompt("closed."+string(v.Reason), next)
		}
		lines = m.prompts("closed.today")
	case hours.Exception:
		lines = m.prompts("closed.today")
	default:
		lines = m.prompts("closed." + string(v.Reason))
	}
	if m.Hours.NextOpen(now) != "" && v.Reason != hours.Break {
		lines = join(lines, m.prompt("closed.next_open", next))
	}
	return lines
}

// MessageIntro is what is said before the tone of a message into the box.
func (m *Menu) MessageIntro(box string) []Line {
	if box == BoxProposals {
		return m.prompts("voicemail.proposal_intro")
	}
	return m.prompts("notice.not_emergency", "voicemail.intro")
}

func (m *Menu) goodbye(now time.Time) []Line {
	return m.prompts(pick(now.In(m.Hours.Location()).Hour() >= 18, "goodbye.evening", "goodbye.main"))
}
