package ivr

import (
	"slices"
	"strings"
	"testing"
	"time"

	"dovidka/internal/call"
)

const (
	monday  = "2026-11-23 10:00"
	lunch   = "2026-11-23 12:30"
	evening = "2026-11-23 19:00"
	sunday  = "2026-11-29 10:00"
)

func TestStep(t *testing.T) {
	m := small(t)
	for _, c := range []struct{ name, at, script, want string }{
		{"the opening", monday, "", "say:greeting.main,greeting.automatic,greeting.zero_anytime,menu.main,menu.navigation wait:7"},
		{"the opening in the evening", evening, "", "say:greeting.main,greeting.automatic,closed.short,menu.main,menu.operator_closed,menu.navigation wait:7"},
		{"the opening at lunch", lunch, "", "say:greeting.main,greeting.automatic,closed.short_break,menu.main,menu.operator_closed,menu.navigation wait:7"},
		{"repeating does not greet again", monday, "*", "say:menu.main,menu.navigation wait:7"},
		{"main has nowhere to go back to", monday, "e#", "say:menu.main wait:7"},
		{"a sub-menu names the operator", monday, "e1", "say:menu.sub,menu.operator_open wait:7"},
		{"navigation is said until it was heard", monday, "1", "say:menu.sub,menu.operator_open,menu.navigation wait:7"},
		{"a list has no prompt", monday, "e2", "say:list:2,menu.operator_open wait:7"},
		{"0 in main", monday, "0", "asked(general,key) enqueue:general/"},
		{"0 in a sub-menu", monday, "10", "asked(one,key) enqueue:one/"},
		{"0 at a card", monday, "210", "asked(general,key) enqueue:general/new"},
		{"0 in a text", monday, "140", "asked(one,key) enqueue:one/"},
		{"an operator node", monday, "12", "asked(complaint,menu) enqueue:complaint/"},
		{"0 in the evening", evening, "0", "asked(general,key) closed(,evening) say:closed.evening,closed.next_open,closed.choice wait:7"},
		{"0 on Sunday", sunday, "0", "asked(general,key) closed(,weekend) say:closed.weekend,closed.choice wait:7"},
		{"0 at lunch", lunch, "0", "asked(general,key) closed(,break) say:closed.lunch,closed.choice wait:7"},
		{"closed: a message", evening, "01", "leave:messages:notice.not_emergency,voicemail.intro"},
		{"closed: back to the menu", evening, "e10#", "say:menu.sub,menu.operator_closed wait:7"},
		{"closed: a wrong key", evening, "05", "mistook(,5) say:error.invalid,closed.choice wait:7"},
		{"closed: silence", evening, "0et", "mistook(,silence) say:error.no_input,closed.choice wait:7"},
		{"closed: two silences", evening, "0etet", "mistook(,silence) say:error.no_input_2_closed"},
		{"closed: two silences lead to a message", evening, "0etete", "leave:messages:notice.not_emergency,voicemail.intro"},
		{"closed: an operator node", evening, "12", "asked(complaint,menu) closed(,evening) say:closed.evening,closed.next_open,closed.choice wait:7"},
		{"a text goes back to its menu", monday, "e14e", "say:menu.sub,menu.operator_open wait:7"},
		{"a text repeats", monday, "14*", "say:text.one"},
		{"a wrong key in a text", monday, "145", "mistook(1-4,5) say:error.invalid,text.one"},
		{"hours", monday, "11", "say:hours.today_open,hours.week,hours.operators,hours.address"},
		{"hours go back to their menu", monday, "e11e", "say:menu.sub,menu.operator_open wait:7"},
		{"an unverified card", monday, "e21", "say:service:new/summary,notice.unverified,menu.service,menu.operator_open wait:7"},
		{"its notice until it was heard", monday, "e211", "say:menu.service_docs_intro,service:new/documents,notice.unverified,menu.service,menu.service_back,menu.operator_open wait:7"},
		{"its notice only once", monday, "e21e2", "say:service:new/term_fee,menu.service,menu.service_back,menu.operator_open wait:7"},
		{"a verified card", monday, "e15", "say:service:old/summary,menu.service,menu.operator_open wait:7"},
		{"the notice of a verified card", monday, "e153", "say:service:old/ways,notice.information_only,menu.service,menu.service_back,menu.operator_open wait:7"},
		{"key 4 of a card is not there", monday, "e154", "mistook(1-5,4) say:error.invalid,menu.service,menu.operator_open wait:7"},
		{"silence after a block does not read it again", monday, "e151et", "mistook(1-5,silence) say:error.no_input,menu.service,menu.service_back,menu.operator_open wait:7"},
		{"but * does", monday, "e151et*", "say:menu.service_docs_intro,service:old/documents,notice.information_only,menu.service,menu.service_back,menu.operator_open wait:7"},
		{"a notice that a wrong key cut off is still due", monday, "e1528e3", "say:service:old/ways,notice.information_only,menu.service,menu.service_back,menu.operator_open wait:7"},
		{"back from a card", monday, "e15e#", "say:menu.sub,menu.operator_open wait:7"},
		{"back from the list of others", monday, "e291##", "say:list:2,menu.operator_open wait:7"},
		{"one wrong key", monday, "e7", "mistook(,7) say:error.invalid,menu.main,menu.navigation wait:7"},
		{"three wrong keys", monday, "e777", "mistook(,7) say:error.too_many"},
		{"three wrong keys lead to a person", monday, "e777e", "asked(general,errors) enqueue:general/"},
		{"a valid key forgives", monday, "e77*7", "mistook(,7) say:error.invalid,menu.main,menu.navigation wait:7"},
		{"three wrong keys in the evening", evening, "e777", "mistook(,7) asked(general,errors) closed(,evening) say:error.too_many_closed"},
		{"and then a message", evening, "e777e", "leave:messages:notice.not_emergency,voicemail.intro"},
		{"one silence", monday, "et", "mistook(,silence) say:error.no_input,menu.main,menu.navigation wait:7"},
		{"two silences", monday, "etet", "mistook(,silence) say:error.no_input_2"},
		{"two silences lead to a person", monday, "etete", "asked(general,silence) enqueue:general/"},
		{"a key between two silences", monday, "et*et", "mistook(,silence) say:error.no_input,menu.main,menu.navigation wait:7"},
		{"a wrong key between two silences", monday, "et7et", "mistook(,silence) say:error.no_input,menu.main,menu.navigation wait:7"},
		{"0 while it is explained", monday, "etet0", "asked(general,key) enqueue:general/"},
		{"# while it is explained", monday, "etet#", "say:menu.main wait:7"},
		{"any key while it is explained", monday, "etet5", "asked(general,silence) enqueue:general/"},
		{"* while it is explained", monday, "etet*", "say:error.no_input_2"},
		{"a message node", monday, "13", "leave:proposals:voicemail.proposal_intro"},
		{"a message saved", monday, "13 (saved)", "say:goodbye.main"},
		{"a message saved in the evening", evening, "13 (saved)", "say:goodbye.evening"},
		{"a message given up", monday, "e13 (back)", "say:menu.sub,menu.operator_open wait:7"},
		{"0 in a message", monday, "13 (operator)", "asked(one,key) enqueue:one/"},
		{"0 in a message in the evening", evening, "13 (operator)", "asked(one,key) closed(,evening) say:closed.evening,closed.next_open,closed.choice wait:7"},
		{"after the talk", monday, "0 (talked)", "say:goodbye.main"},
		{"the end", monday, "0 (talked) e", "bye"},
		{"after the end", monday, "0 (talked) e0", ""},
		{"not finished after all", monday, "e0 (talked) 2", "say:menu.main wait:7"},
		{"0 during goodbye", monday, "0 (talked) 0", "asked(general,key) enqueue:general/"},
		{"back from the queue", monday, "e10 (menu)", "say:menu.sub,menu.operator_open wait:7"},
		{"back from the queue to a card", monday, "e150 (menu)", "say:menu.service,menu.operator_open wait:7"},
		{"back from the queue to a text's menu", monday, "e140 (menu)", "say:menu.sub,menu.operator_open wait:7"},
		{"a fault in the queue", monday, "e0 ()", "say:menu.main wait:7"},
		{"handed over: keys are others' business", monday, "0 5*#0et", ""},
		{"a late return", monday, "e1 (talked)", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, got := play(m, at(t, c.at), c.script); got != c.want {
				t.Errorf("%s %q\n got %s\nwant %s", c.at, c.script, got, c.want)
			}
		})
	}
}

func TestStatusDialogue(t *testing.T) {
	m := small(t)
	const number = "say:ticket.ask_number,menu.operator_collect wait:7"
	const last4 = "say:ticket.ask_pin,menu.operator_collect wait:7"
	for _, c := range []struct{ name, script, want string }{
		{"asks", "3", number},
		{"0 is a digit", "30", "wait:3"},
		{"any other digit waits longer", "307", "wait:7"},
		{"0 and silence is the operator", "30t", "asked(general,key) enqueue:general/"},
		{"also after other digits", "3120t", "asked(general,key) enqueue:general/"},
		{"# ends", "31020#", last4},
		{"so does silence", "31023t", last4},
		{"* clears", "3102*", number},
		{"cleared and ended: back", "e3102*#", "say:menu.main wait:7"},
		{"back from the four digits", "312#1*#", number},
		{"four digits are enough", "31020#4567", "lookup:1020/4567"},
		{"zeros count", "31020#0000", "lookup:1020/0000"},
		{"three are not", "312#456#", "mistook(3,#) say:error.invalid,ticket.ask_pin,menu.operator_collect wait:7"},
		{"silence", "3et", "mistook(3,silence) say:error.no_input,ticket.ask_number,menu.operator_collect wait:7"},
		{"two silences", "3etet", "mistook(3,silence) say:error.no_input_2"},
		{"found", "312#4567 (found)", "status_asked(,found) say:"},
		{"after it the menu", "e312#4567 (found) e", "say:menu.main wait:7"},
		{"no match", "312#4567 (no_match)", "status_asked(,no_match) say:ticket.not_found,ticket.ask_number,menu.operator_collect wait:7"},
		{"not for ever", "312#4567 (no_match) 12#4567 (no_match) 12#4567 (no_match)", "status_asked(,no_match) say:ticket.not_found"},
		{"then a person", "312#4567 (no_match) 12#4567 (no_match) 12#4567 (no_match) e", "asked(general,errors) enqueue:general/"},
		{"too long a number", "31234567891234567", last4},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, got := play(m, at(t, monday), c.script); got != c.want {
				t.Errorf("%q\n got %s\nwant %s", c.script, got, c.want)
			}
		})
	}
}

// What is keyed in stands in no fact: a request's number and a telephone's digits are personal.
func TestDigitsAreNotNoted(t *testing.T) {
	m, now := small(t), at(t, monday)
	var s State
	Step(m, &s, now, Begin{})
	Step(m, &s, now, Key{'3'})
	for _, k := range []byte("1234#5678") {
		for _, o := range Step(m, &s, now, Key{k}) {
			if n, ok := o.(Note); ok {
				t.Errorf("key %c: %+v", k, n.Fact)
			}
		}
	}
}

func TestUnverifiedCardsOutsideADemo(t *testing.T) {
	m := small(t)
	m.ReadUnverified = false
	for script, want := range map[string]string{
		"e21":          "say:notice.unverified",
		"e21e":         "asked(general,menu) enqueue:general/new",
		"e21#":         "say:list:2,menu.operator_open wait:7",
		"e210":         "asked(general,key) enqueue:general/new",
		"e21e (menu)":  "say:list:2,menu.operator_open wait:7",
		"e15":          "say:service:old/summary,menu.service,menu.operator_open wait:7",
		"e211 (other)": "say:list:2,menu.operator_open wait:7",
	} {
		if _, got := play(m, at(t, monday), script); got != want {
			t.Errorf("%q\n got %s\nwant %s", script, got, want)
		}
	}
	if _, got := play(m, at(t, evening), "e21e"); !strings.Contains(got, "closed.evening") {
		t.Error(got)
	}
}

// The centre opens while somebody hears that it is closed: the next 0 reaches a person.
func TestItOpensMeanwhile(t *testing.T) {
	m := small(t)
	var s State
	Step(m, &s, at(t, "2026-11-23 07:59"), Begin{})
	if got := show(Step(m, &s, at(t, "2026-11-23 07:59"), Key{'0'})); !strings.Contains(got, "closed.morning") {
		t.Error(got)
	}
	if got := show(Step(m, &s, at(t, "2026-11-23 08:00"), Key{'0'})); !strings.Contains(got, "enqueue") {
		t.Error(got)
	}
}

func TestPathOfACall(t *testing.T) {
	m, now := small(t), at(t, monday)
	var s State
	var path []string
	Step(m, &s, now, Begin{})
	for _, k := range []byte("21##") {
		for _, o := range Step(m, &s, now, Key{k}) {
			if n, ok := o.(Note); ok && n.Fact.Kind == call.Entered {
				path = append(path, n.Fact.Value)
			}
		}
	}
	if want := []string{"Перелік", "Нова", "Перелік", "Головне меню"}; !slices.Equal(path, want) {
		t.Errorf("%v, want %v", path, want)
	}
}

func TestDocumentsAreReadOneByOne(t *testing.T) {
	m := small(t)
	var s State
	now := at(t, monday)
	Step(m, &s, now, Begin{})
	Step(m, &s, now, Key{'2'})
	Step(m, &s, now, Key{'1'})
	for _, o := range Step(m, &s, now, Key{'1'}) {
		say, ok := o.(Say)
		if !ok {
			continue
		}
		if say.Lines[1].Text != "Паспорт." || say.Lines[2].Text != "Заява." || say.Lines[1].Pause != 500*time.Millisecond {
			t.Errorf("%+v", say.Lines)
		}
	}
}
