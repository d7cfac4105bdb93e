package ivr

import (
	"strings"

	"dovidka/internal/call"
)

// askNumber begins the status dialogue: number of the request, then the last four digits of the telephone it came from.
// What is keyed in is nobody's business but the look-up's: no fact holds it.
func (t *turn) askNumber(preface []Line) {
	t.s.Phase, t.s.digits, t.s.number = Number, "", ""
	t.sayAfter(preface, t.m.collectLines("ticket.ask_number", t.now))
}

func (t *turn) askLast4() {
	t.s.Phase, t.s.number, t.s.digits = Last4, t.s.digits, ""
	t.say(t.m.collectLines("ticket.ask_pin", t.now))
}

// collect is a key while digits are collected: 0 is a digit, # ends, * clears.
func (t *turn) collect(k byte) {
	if !isKey(k) {
		return
	}
	switch {
	case k == '*':
		t.valid()
		t.s.digits = ""
		t.say(t.s.offer)
	case k == '#':
		t.endDigits()
	default:
		t.valid()
		t.s.digits += string(k)
		switch {
		case t.s.Phase == Last4 && len(t.s.digits) == 4:
			t.lookUp()
		case len(t.s.digits) >= maxDigits:
			t.endDigits()
		case k == '0':
			t.order(Wait{zeroSilence})
		default:
			t.order(Wait{t.m.noInput()})
		}
	}
}

// endDigits is #: with nothing keyed in it goes back.
func (t *turn) endDigits() {
	switch {
	case t.s.digits == "" && t.s.Phase == Last4:
		t.valid()
		t.askNumber(nil)
	case t.s.digits == "":
		t.valid()
		t.enter(t.m.parent(t.s.Node))
	case t.s.Phase == Last4: // fewer than four
		t.s.digits = ""
		t.mistake("#")
	default:
		t.valid()
		t.askLast4()
	}
}

// digitsPaused: nothing was pressed for a while. A zero before it asks for a person; a number is complete without its #.
func (t *turn) digitsPaused() {
	switch {
	case strings.HasSuffix(t.s.digits, "0"):
		t.order(fact(call.Pressed, t.s.Node, "0"))
		t.s.digits = ""
		t.valid()
		t.askPerson("key")
	case t.s.digits != "" && t.s.Phase == Number:
		t.askLast4()
	default:
		t.s.digits = ""
		t.silence()
	}
}

func (t *turn) lookUp() {
	t.s.Phase, t.s.away = Away, toLookup
	t.order(Lookup{Number: t.s.number, Last4: t.s.digits})
	t.s.digits, t.s.number = "", ""
}

// lookedUp tells the answer. Without a match the caller may try again, but not for ever.
func (t *turn) lookedUp(r Returned) {
	if r.How == "found" {
		t.s.tries = 0
		t.s.Phase = Hearing
		t.order(fact(call.StatusAsked, "", "found"))
		t.tell(r.Lines)
		return
	}
	t.order(fact(call.StatusAsked, "", "no_match"))
	lines := r.Lines
	if len(lines) == 0 {
		lines = t.m.prompts("ticket.not_found")
	}
	if t.s.tries++; t.s.tries >= t.m.maxErrors() {
		t.s.tries = 0
		t.s.Phase, t.s.then = ToPerson, next{how: "errors"}
		t.tell(lines)
		return
	}
	t.askNumber(lines)
}
