// Package outgoing judges whether a call may leave the house: to whom, why, by whose hand, and how often.
//
// It is pure: the allow-list, what was dialled lately and the clock come in, a verdict goes out. Whoever dials asks first and writes
// down every attempt, allowed or not, with its author and its reason.
//
// Invariants, each with a test:
//   - only what is on the allow-list, or the number of the very call or card that the reason names, is dialled;
//   - no foreign and no premium number is dialled, even when it stands on the list;
//   - 101–104 and 112 are dialled by an operator's own hand only: never for the queue, a transfer or a callback, and never limited;
//   - a stolen account cannot run up a bill: calls of an account, of the whole house and to one number are limited in every hour,
//     and the first refusal by a limit is an alarm.
package outgoing

import (
	"fmt"
	"time"

	"dovidka/internal/call"
)

// Reason is why somebody dials.
type Reason string

// The reasons: a closed list.
const (
	Transfer Reason = "transfer" // a citizen's call goes on to a department's number
	Callback Reason = "callback" // a citizen who left a message is called back
	Card     Reason = "card"     // an operator's call about a card
	Desk     Reason = "desk"     // an operator's own call from the desk: the allow-list, and emergency numbers
)

// Ask is one wish to dial.
type Ask struct {
	To     call.Number
	Reason Reason
	Author string  // login
	Call   call.ID // the citizen's call that it is about; "" for the desk's own
	Tied   bool    // To is the number of that call, looked up by who asks
}

// Policy is what the head allows.
type Policy struct {
	Listed  func(call.Number) bool // the allow-list
	Account int                    // calls of one account in an hour
	Number  int                    // calls to one number in an hour
	House   int                    // calls in all in an hour
}

// Past is one call that was let out.
type Past struct {
	At     time.Time
	To     call.Number
	Author string
}

// Verdict is the judgement. Refused is "" for yes, else a code for the record; Say is the sentence for the person.
type Verdict struct {
	Refused string
	Say     string
	Alarm   bool // somebody should look at this account
}

// Why a call is refused.
const (
	NoReason  = "reason"
	NoAuthor  = "author"
	NoNumber  = "number"
	Foreign   = "foreign"
	Premium   = "premium"
	Emergency = "emergency"
	NotListed = "not_listed"
	Limit     = "limit"
)

// Judge says whether the call may go out at now; past are the calls of the last hour that were let out.
func Judge(p Policy, past []Past, now time.Time, a Ask) Verdict {
	switch a.Reason {
	case Transfer, Callback, Card, Desk:
	default:
		return Verdict{NoReason, "Не вказано, навіщо цей дзвінок.", true}
	}
	switch {
	case a.Author == "":
		return Verdict{NoAuthor, "Не вказано, хто телефонує.", true}
	case a.Reason != Desk && a.Call == "":
		return Verdict{NoReason, "Такий дзвінок має бути пов’язаний зі зверненням громадянина.", false}
	}
	switch a.To.Class() {
	case call.ClassHidden, call.ClassName:
		return Verdict{NoNumber, "Це не телефонний номер.", false}
	case call.ClassForeign:
		return Verdict{Foreign, "Дзвінки за кордон заборонено. Перевірте номер.", true}
	case call.ClassPremium:
		return Verdict{Premium, "Дзвінки на платні номери (0-900 та подібні) заборонено.", true}
	case call.ClassEmergency:
		return judgeEmergency(a)
	}
	if tied := a.Tied && (a.Reason == Callback || a.Reason == Card) && a.To.Class() == call.ClassUkrainian; !tied && !p.Listed(a.To) {
		return Verdict{NotListed, "Цього номера немає в переліку дозволених. Його додає керівник на сторінці «Лінії».", false}
	}
	return limits(p, past, now, a)
}

// judgeEmergency: help is called by a person who stays on the line, whatever was dialled before.
func judgeEmergency(a Ask) Verdict {
	if a.Reason != Desk {
		return Verdict{Emergency, "Екстрені служби набирає сам оператор: громадянина туди не переводять. Порадьте набрати 112.", false}
	}
	return Verdict{}
}

// limits counts the last hour. The alarm is for the refusal that first meets a limit and for each after it: the strip stays.
func limits(p Policy, past []Past, now time.Time, a Ask) Verdict {
	mine, there, all := 0, 0, 0
	for _, c := range past {
		if now.Sub(c.At) >= time.Hour || c.At.After(now) || c.To.Class() == call.ClassEmergency {
			continue
		}
		all++
		if c.Author == a.Author {
			mine++
		}
		if c.To == a.To {
			there++
		}
	}
	for _, l := range []struct {
		n, most int
		whose   string
	}{{mine, p.Account, "вашого облікового запису"}, {there, p.Number, "цього номера"}, {all, p.House, "усього центру"}} {
		if l.most > 0 && l.n >= l.most {
			return Verdict{Limit, fmt.Sprintf("Вичерпано межу вихідних дзвінків для %s: %d за годину. Спробуйте пізніше або зверніться до керівника.", l.whose, l.most), true}
		}
	}
	return Verdict{}
}
