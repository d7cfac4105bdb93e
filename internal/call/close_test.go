package call_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"dovidka/internal/call"
)

var start = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

// tell makes the facts of one call; each at its second.
type tell []call.Fact

func at(second float64, k call.Kind, more ...func(*call.Fact)) call.Fact {
	f := call.Fact{Call: "c", At: start.Add(time.Duration(second * float64(time.Second))), Kind: k}
	for _, m := range more {
		m(&f)
	}
	return f
}

func name(s string) func(*call.Fact)   { return func(f *call.Fact) { f.Name = s } }
func value(s string) func(*call.Fact)  { return func(f *call.Fact) { f.Value = s } }
func cause(s string) func(*call.Fact)  { return func(f *call.Fact) { f.Cause = s } }
func agent(s string) func(*call.Fact)  { return func(f *call.Fact) { f.Agent = s } }
func share(x float64) func(*call.Fact) { return func(f *call.Fact) { f.Share = x } }
func secs(x float64) func(*call.Fact)  { return func(f *call.Fact) { f.Seconds = x } }
func test(f *call.Fact)                { f.Test = true }
func begun(more ...call.Fact) tell {
	return append(tell{at(0, call.Arrived, name("sip")), at(1, call.Answered)}, more...)
}
func hungUp(s float64) call.Fact          { return at(s, call.HungUp, name("caller")) }
func heard(s float64, b string) call.Fact { return at(s, call.Heard, name(b), share(0.5)) }

func TestOutcomes(t *testing.T) {
	asked, queued := at(10, call.Asked, value("key")), at(11, call.Queued, name("documents"))
	connected := at(30, call.Connected, agent("olena"))
	left := at(50, call.MessageLeft, name("messages"), value("2026-00007"), secs(12))
	cases := []struct {
		what  string
		facts tell
		want  call.Outcome
	}{
		{"a test call that was served", append(tell{at(0, call.Arrived, test)}, begun(connected, hungUp(60))[1:]...), call.OutTest},
		{"talked", begun(asked, queued, connected, hungUp(60)), call.OutServed},
		{"talked, then left a message", begun(asked, queued, connected, left, hungUp(60)), call.OutServed},
		{"talking when the program died", begun(asked, queued, connected, at(3600, call.Restarted)), call.OutServed},
		{"back in the queue when the agent's browser died", begun(queued, connected, at(40, call.AgentLost), at(55, call.Requeued), hungUp(60)), call.OutServed},
		{"put through to a department", begun(queued, connected, at(40, call.TalkEnded), at(40, call.Transferred), at(50, call.Outside), hungUp(60)), call.OutTransferredOut},
		{"a department that never answered", begun(queued, connected, at(40, call.TalkEnded), at(40, call.Transferred), hungUp(60)), call.OutServed},
		{"a department, then an agent again", begun(queued, connected, at(40, call.TalkEnded), at(50, call.Outside), at(60, call.OutsideEnded), at(61, call.Queued), at(70, call.Connected), hungUp(80)), call.OutServed},
		{"a test call put through", append(tell{at(0, call.Arrived, test)}, begun(connected, at(50, call.Outside), hungUp(60))[1:]...), call.OutTest},
		{"handed to a colleague", begun(queued, connected, at(40, call.Transferred), at(40, call.Connected, agent("petro")), hungUp(60)), call.OutServed},
		{"message", begun(asked, queued, at(20, call.LeftQueue, value("message")), left, hungUp(60)), call.OutMessageLeft},
		{"message kept after the hang-up", begun(hungUp(45), left), call.OutMessageLeft},
		{"message outside hours", begun(at(10, call.Closed, value("evening")), left, hungUp(60)), call.OutMessageLeft},
		{"service heard", begun(heard(20, "service:foreign-passport/summary"), hungUp(60)), call.OutInformed},
		{"service heard at less than a half", begun(at(20, call.Heard, name("service:x/summary"), share(0.49)), hungUp(60)), call.OutAbandonedMenu},
		{"hours heard", begun(heard(20, "hours.week"), hungUp(60)), call.OutInformed},
		{"status heard", begun(heard(20, "ticket.status_new"), hungUp(60)), call.OutInformed},
		{"a greeting does not inform", begun(heard(20, "closed.now"), heard(21, "hours.operators"), hungUp(60)), call.OutAbandonedMenu},
		{"informed when the program died", begun(heard(20, "service:x/summary"), at(90, call.Restarted)), call.OutInformed},
		{"heard, asked, left waiting", begun(heard(9, "service:x/summary"), asked, queued, hungUp(60)), call.OutAbandonedQueue},
		{"asked, nobody signed in, left", begun(asked, at(11, call.LeftQueue, value("no_operators")), hungUp(20)), call.OutAbandonedQueue},
		{"left the queue for the menu, then left", begun(asked, queued, at(15, call.LeftQueue, value("menu")), hungUp(20)), call.OutAbandonedMenu},
		{"quick 0 and hang-up", begun(at(2, call.Asked), at(2.5, call.Queued), hungUp(3)), call.OutAbandonedQueue},
		{"menu", begun(at(3, call.Entered, name("2")), hungUp(20)), call.OutAbandonedMenu},
		{"menu at the very bound", begun(hungUp(6)), call.OutAbandonedMenu},
		{"greeting", begun(hungUp(5.9)), call.OutAbandonedGreeting},
		{"closed, asked, left", begun(at(10, call.Asked), at(10, call.Closed, value("evening")), hungUp(20)), call.OutClosedNoMessage},
		{"closed, then open, then waiting", begun(at(10, call.Closed), queued, hungUp(20)), call.OutAbandonedQueue},
		{"the caller vanished in the menu", begun(at(20, call.HungUp, name("silence"))), call.OutAbandonedMenu},
		{"we ended the menu", begun(at(20, call.HungUp, name("us"))), call.OutAbandonedMenu},
		{"we hung up on a waiting caller", begun(asked, queued, at(20, call.HungUp, name("us"))), call.OutDropped},
		{"we failed", begun(at(20, call.HungUp, name("us"), cause(call.CauseFault))), call.OutDropped},
		{"we failed, told as a fault", begun(at(19, call.Fault), at(20, call.HungUp, name("us"))), call.OutDropped},
		{"emergency mode, the caller heard it and hung up", begun(at(1, call.Fault, cause(call.CauseEmergency)), at(9, call.HungUp, name("caller"), cause("bye"))), call.OutDropped},
		{"a fault the call survived", begun(at(10, call.Fault), at(11, call.Entered), at(20, call.HungUp, name("us"))), call.OutAbandonedMenu},
		{"the program was stopped", begun(at(20, call.HungUp, name("us"), cause(call.CauseShutdown))), call.OutDropped},
		{"waiting when the program died", begun(asked, queued, at(20, call.Restarted)), call.OutDropped},
		{"in the menu when the program died", begun(at(20, call.Restarted)), call.OutDropped},
		{"hung up, record lost in a restart", begun(hungUp(3), at(999, call.Restarted)), call.OutAbandonedGreeting},
		{"cancelled", tell{at(0, call.Arrived), at(1, call.Cancelled)}, call.OutCancelled},
		{"hung up before our 200", tell{at(0, call.Arrived), at(1, call.HungUp, name("caller"))}, call.OutCancelled},
		{"refused", tell{at(0, call.Arrived), at(0, call.Refused, cause("404"))}, call.OutRefused},
		{"a refused test call", tell{at(0, call.Arrived, test), at(0, call.Refused, cause("404"))}, call.OutTest},
		{"overload", tell{at(0, call.Arrived), at(0, call.Overloaded, cause("503"))}, call.OutOverload},
		{"died before our 200", tell{at(0, call.Arrived), at(9, call.Restarted)}, call.OutDropped},
		{"nothing at all", nil, call.OutDropped},
	}
	for _, c := range cases {
		if r := call.Close(c.facts); r.Outcome != c.want {
			t.Errorf("%s: %s, want %s", c.what, r.Outcome, c.want)
		}
	}
}

// TestRecord follows one long call and checks every figure of its record.
func TestRecord(t *testing.T) {
	facts := begun(
		at(3, call.Entered, name("2"), value("Документи")), at(4, call.Entered, name("2-3"), value("Паспорти")),
		heard(8, "service:foreign-passport/summary"), heard(9, "service:foreign-passport/documents"), heard(9, "service:id-card/summary"),
		at(10, call.Asked, value("key"), name("documents")), at(11, call.Queued, name("documents")),
		at(31, call.Connected, agent("olena")), at(41, call.Held), at(44, call.Resumed), at(54, call.AgentLost), at(60, call.Requeued),
		at(65, call.Connected, agent("petro")), at(75, call.TalkEnded), at(80, call.Scored, value("4")), at(82, call.Solved, value("yes")),
		hungUp(85), at(110, call.WrappedUp, secs(25)), at(111, call.Scored, value("9")))
	facts[0].From, facts[0].To = "+380671234567", "+380800353608"
	for i := range facts {
		facts[i].Seq = i + 1
	}
	facts = append(facts, facts[3]) // written twice by a replay
	slices.Reverse(facts)           // and read in disorder
	r := call.Close(facts)
	s := time.Second
	if r.Wait != 25*s || r.Talk != 30*s || r.Hold != 9*s || r.WrapUp != 25*s || r.TimeToPerson != 30*s {
		t.Errorf("wait %v talk %v hold %v wrap-up %v to person %v", r.Wait, r.Talk, r.Hold, r.WrapUp, r.TimeToPerson)
	}
	if r.Ended != start.Add(85*s) || r.Answered != start.Add(s) || r.Arrived != start || r.Via != "sip" {
		t.Errorf("times %v %v %v via %s", r.Arrived, r.Answered, r.Ended, r.Via)
	}
	if !slices.Equal(r.Path, []string{"Документи", "Паспорти"}) || !slices.Equal(r.Services, []string{"foreign-passport", "id-card"}) {
		t.Errorf("path %v services %v", r.Path, r.Services)
	}
	if r.Agent != "petro" || r.Score != 4 || r.Solved != "yes" || r.Topic != "documents" || !r.Queued || !r.Asked || !r.Informed || r.LeftFor != "" {
		t.Errorf("%+v", r)
	}
	if r.From != "+380671234567" || r.To != "+380800353608" {
		t.Errorf("from %s to %s", r.From, r.To)
	}
}

// TestAnyFacts throws any facts in any order with any clock at Close.
func TestAnyFacts(t *testing.T) {
	all := []call.Kind{call.Arrived, call.Refused, call.Overloaded, call.Cancelled, call.Answered, call.Entered, call.Heard, call.Pressed,
		call.Mistook, call.Asked, call.Closed, call.Queued, call.Announced, call.Offered, call.Missed, call.Connected, call.Held, call.Resumed,
		call.AgentLost, call.AgentBack, call.Requeued, call.TalkEnded, call.LeftQueue, call.Recording, call.MessageLeft, call.StatusAsked,
		call.Scored, call.Solved, call.WrappedUp, call.Fault, call.HungUp, call.Restarted, call.ConsultBegun, call.ConsultAnswered, call.ConsultEnded,
		call.Conference, call.Transferred, call.TransferFailed, call.Parked, call.Unparked, call.Moved, call.Outside, call.OutsideEnded,
		call.RecordingStarted, call.RecordingPaused, call.RecordingResumed, call.RecordingStopped, call.RecordingRefused, call.RecordingDeleted,
		call.Supervised, call.SupervisionEnded, call.Sounded, "unknown"}
	outcomes := []call.Outcome{call.OutTest, call.OutTransferredOut, call.OutServed, call.OutCallbackTaken, call.OutMessageLeft,
		call.OutInformed, call.OutAbandonedQueue, call.OutAbandonedMenu, call.OutAbandonedGreeting, call.OutClosedNoMessage,
		call.OutCancelled, call.OutRefused, call.OutOverload, call.OutDropped}
	rapid.Check(t, func(t *rapid.T) {
		var facts []call.Fact
		for range rapid.IntRange(0, 25).Draw(t, "n") {
			facts = append(facts, call.Fact{
				Call: "c", Seq: rapid.IntRange(0, 30).Draw(t, "seq"), Kind: rapid.SampledFrom(all).Draw(t, "kind"),
				At:      start.Add(time.Duration(rapid.IntRange(-100, 4000).Draw(t, "at")) * time.Second),
				Name:    rapid.SampledFrom([]string{"", "us", "caller", "service:x/summary", "hours.week"}).Draw(t, "name"),
				Value:   rapid.SampledFrom([]string{"", "menu", "message", "yes", "3"}).Draw(t, "value"),
				Share:   rapid.Float64Range(0, 1).Draw(t, "share"),
				Seconds: rapid.Float64Range(-10, 100).Draw(t, "seconds"), Test: rapid.IntRange(0, 20).Draw(t, "test") == 0,
			})
		}
		given := slices.Clone(facts)
		r := call.Close(facts)
		if !slices.Equal(given, facts) {
			t.Fatal("Close changed the facts it was given")
		}
		if !slices.Contains(outcomes, r.Outcome) {
			t.Fatalf("outcome %q", r.Outcome)
		}
		for _, d := range []time.Duration{r.Wait, r.Talk, r.Hold, r.WrapUp, r.TimeToPerson, r.Ended.Sub(r.Arrived)} {
			if d < 0 {
				t.Fatalf("negative time in %+v", r)
			}
		}
		if total := r.Ended.Sub(r.Arrived); r.Wait+r.Talk+r.Hold > total {
			t.Fatalf("wait %v + talk %v + hold %v > %v", r.Wait, r.Talk, r.Hold, total)
		}
		if r.Outcome == call.OutInformed && r.Asked {
			t.Fatal("who asked for a person is hidden among the informed")
		}
		if r.Path == nil || r.Services == nil {
			t.Fatal("nil lists become null in JSON")
		}
	})
}

// The times of two agents add up, music between them is hold, and nobody's time is counted twice (docs/metrics.md).
func TestTimesOfATransferredCall(t *testing.T) {
	olena, petro := agent("olena"), agent("petro")
	cases := []struct {
		what             string
		facts            tell
		wait, talk, hold int
		agent, topic     string
	}{
		{"attended", begun(at(10, call.Queued), at(20, call.Connected, olena), at(30, call.ConsultBegun, olena), at(35, call.ConsultAnswered, olena),
			at(40, call.TalkEnded, olena), at(40, call.Transferred, olena), at(40, call.Connected, petro), hungUp(55)), 10, 25, 10, "petro", ""},
		{"blind", begun(at(10, call.Queued), at(20, call.Connected, olena), at(30, call.TalkEnded, olena), at(30, call.Transferred, olena),
			at(42, call.Connected, petro), hungUp(50)), 10, 18, 12, "petro", ""},
		{"to the queue", begun(at(10, call.Queued), at(20, call.Connected, olena), at(30, call.TalkEnded, olena), at(30, call.Transferred, olena),
			at(30, call.Requeued, name("social")), at(45, call.Connected, petro), hungUp(50)), 25, 15, 0, "petro", "social"},
		{"three-way", begun(at(10, call.Queued), at(20, call.Connected, olena), at(30, call.ConsultBegun, olena), at(35, call.Conference, olena),
			at(40, call.AgentLost, petro), at(41, call.AgentBack, petro), at(45, call.ConsultEnded, olena), hungUp(50)), 10, 25, 5, "olena", ""},
		{"lost while consulting", begun(at(10, call.Queued), at(20, call.Connected, olena), at(30, call.ConsultBegun, olena), at(32, call.AgentLost, olena),
			at(34, call.AgentBack, olena), at(40, call.ConsultEnded, olena), hungUp(50)), 10, 20, 10, "olena", ""},
		{"parked", begun(at(10, call.Queued), at(20, call.Connected, olena), at(30, call.TalkEnded, olena), at(30, call.Parked, olena),
			at(40, call.Unparked, petro), at(45, call.Connected, petro), hungUp(50)), 10, 15, 15, "petro", ""},
		{"outside", begun(at(10, call.Queued), at(20, call.Connected, olena), at(30, call.TalkEnded, olena), at(30, call.Transferred, olena),
			at(35, call.Outside), at(95, call.OutsideEnded), hungUp(100)), 10, 10, 5, "olena", ""},
	}
	for _, c := range cases {
		r := call.Close(c.facts)
		got := [3]int{int(r.Wait.Seconds()), int(r.Talk.Seconds()), int(r.Hold.Seconds())}
		if got != [3]int{c.wait, c.talk, c.hold} || r.Agent != c.agent || r.Topic != c.topic {
			t.Errorf("%s: wait, talk, hold are %v by %q about %q, want %d %d %d by %q about %q", c.what, got, r.Agent, r.Topic, c.wait, c.talk, c.hold, c.agent, c.topic)
		}
	}
}
