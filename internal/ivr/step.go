package ivr

import (
	"time"

	"dovidka/internal/call"
)

const (
	defaultNoInput   = 7 * time.Second
	defaultMaxErrors = 3
	maxSilences      = 2
	zeroSilence      = 3 * time.Second // while digits are collected, 0 and this silence is the operator
	maxDigits        = 16              // longer than any number of a request
)

// Step takes one event of one call and says what to do; it changes s and nothing else.
func Step(m *Menu, s *State, now time.Time, e Event) []Order {
	t := &turn{m: m, s: s, now: now}
	switch e := e.(type) {
	case Begin:
		if s.Phase == Fresh {
			t.begin()
		}
	case Key:
		t.key(e.Key)
	case Ended:
		t.ended()
	case Timeout:
		t.timeout()
	case Returned:
		if s.Phase == Away {
			t.returned(e)
		}
	}
	return t.orders
}

// turn is one Step at work.
type turn struct {
	m      *Menu
	s      *State
	now    time.Time
	orders []Order
}

func (t *turn) order(o ...Order) { t.orders = append(t.orders, o...) }

// say plays lines that * will repeat, and waits for a key after them.
func (t *turn) say(lines []Line) { t.sayAfter(nil, lines) }

// sayAfter plays a preface that * does not repeat, then the lines, then waits.
func (t *turn) sayAfter(preface, lines []Line) {
	t.s.said, t.s.offer = lines, lines
	t.play(join(preface, lines))
	t.order(Wait{t.m.noInput()})
}

// read plays a text and the choice after it: * repeats both, a wrong key or silence only the choice.
func (t *turn) read(text, offer []Line) {
	t.s.said, t.s.offer = join(text, offer), offer
	t.play(t.s.said)
	t.order(Wait{t.m.noInput()})
}

// tell plays lines after which something else follows by itself.
func (t *turn) tell(lines []Line) {
	t.s.said, t.s.offer = lines, lines
	t.play(lines)
}

func (t *turn) play(lines []Line) {
	t.s.playing = lines
	t.order(Say{lines})
}

func (t *turn) begin() {
	t.s.Phase = Choosing
	t.sayAfter(t.m.greeting(t.now), t.m.menuLines(t.s, t.m.Nodes[""], t.now))
}

// key is a key at any moment; 0, * and # mean the same everywhere but while digits are collected (regulation 3.5).
func (t *turn) key(k byte) {
	s := t.s
	switch s.Phase {
	case Fresh, Away, Over:
		return
	case Number, Last4:
		t.collect(k)
		return
	}
	if !isKey(k) {
		return
	}
	t.order(fact(call.Pressed, s.Node, string(k)))
	switch k {
	case '0':
		t.valid()
		t.askPerson("key")
	case '*':
		t.valid()
		t.repeat()
	case '#':
		t.valid()
		t.back()
	default:
		t.choose(k)
	}
}

func isKey(k byte) bool { return k >= '0' && k <= '9' || k == '*' || k == '#' }

// valid forgets what went wrong before: any valid key does.
func (t *turn) valid() { t.s.Errors, t.s.Silences = 0, 0 }

func (t *turn) repeat() {
	switch t.s.Phase {
	case Choosing, Closing:
		t.play(t.s.said)
		t.order(Wait{t.m.noInput()})
	default: // Hearing, ToPerson, Farewell: what follows, follows after it
		t.tell(t.s.said)
	}
}

func (t *turn) back() {
	if t.s.Phase == Choosing || t.s.Phase == Hearing {
		t.enter(t.m.parent(t.s.Node))
		return
	}
	t.resume()
}

// choose is a key 1-9.
func (t *turn) choose(k byte) {
	switch t.s.Phase {
	case ToPerson: // in a hurry
		t.valid()
		t.handOver()
	case Farewell: // not finished after all
		t.valid()
		t.enter("")
	case Closing:
		if k != '1' {
			t.mistake(string(k))
			return
		}
		t.valid()
		t.leave(BoxMessages, nil)
	case Choosing:
		node := t.m.Nodes[t.s.Node]
		if node.Kind == KindService && k >= '1' && k <= '3' {
			t.valid()
			t.read(t.m.blockLines(t.s, k), t.m.cardMenu(t.s, true, t.now))
			return
		}
		if id, ok := node.Keys[string(k)]; ok {
			t.valid()
			t.enter(id)
			return
		}
		t.mistake(string(k))
	default: // Hearing: a text has no items
		t.mistake(string(k))
	}
}

// enter goes to a node and does what it is for.
func (t *turn) enter(id string) {
	node := t.m.Nodes[id]
	if node == nil { // Check refuses such an edition
		node = t.m.Nodes[""]
	}
	t.s.Node, t.s.Service = node.ID, ""
	t.order(fact(call.Entered, node.ID, node.Label))
	switch node.Kind {
	case KindService:
		t.card(node)
	case KindText:
		t.s.Phase = Hearing
		t.tell(t.m.prompts(node.Prompt))
	case KindHours:
		t.s.Phase = Hearing
		t.tell(t.m.hoursLines(t.now))
	case KindStatus:
		t.askNumber(nil)
	case KindMessage:
		t.leave(node.Box, nil)
	case KindOperator:
		t.askPerson("menu")
	default:
		t.s.Phase = Choosing
		t.say(t.m.menuLines(t.s, node, t.now))
	}
}

// card opens a service card. One that nobody has verified is read only where that is allowed; otherwise a person answers.
func (t *turn) card(node *Node) {
	t.s.Service = node.Service
	card := t.m.Services[node.Service]
	if !card.Verified && !t.m.ReadUnverified {
		t.s.Phase, t.s.then = ToPerson, next{how: "menu"}
		t.tell(t.m.prompts("notice.unverified"))
		return
	}
	t.s.noteDue = "notice.unverified"
	if card.Verified {
		t.s.noteDue = "notice.information_only"
	}
	t.s.Phase = Choosing
	t.read(t.m.summaryLines(t.s), t.m.cardMenu(t.s, false, t.now))
}

// resume goes on where the caller was before a person, a message or goodbye; nodes that only hand over lead to their menu.
func (t *turn) resume() {
	node := t.m.Nodes[t.s.Node]
	card := t.m.Services[node.Service]
	again := node.Kind == KindMenu || node.Kind == KindList || node.Kind == KindService && (card.Verified || t.m.ReadUnverified)
	if !again {
		t.enter(t.m.parent(node.ID))
		return
	}
	t.s.Phase = Choosing
	if node.Kind == KindService {
		t.say(t.m.cardMenu(t.s, false, t.now))
		return
	}
	t.say(t.m.menuLines(t.s, node, t.now))
}

// askPerson leads to a person, or outside hours to the closed dialogue.
func (t *turn) askPerson(how string) {
	topic := t.m.topic(t.s.Node)
	t.order(fact(call.Asked, topic, how))
	v := t.m.Hours.At(t.now)
	if v.Open {
		t.s.Phase, t.s.away = Away, toQueue
		t.order(Enqueue{Topic: topic, Service: t.s.Service})
		return
	}
	t.order(fact(call.Closed, "", string(v.Reason)))
	t.s.Phase = Closing
	t.read(t.m.closedLines(t.now), t.m.prompts("closed.choice"))
}

// giveUp leads a caller with whom the keys do not work to a person, or outside hours to a message.
func (t *turn) giveUp(how string) {
	t.valid()
	v := t.m.Hours.At(t.now)
	if v.Open {
		t.s.Phase, t.s.then = ToPerson, next{how: how}
		t.tell(t.m.prompts(pick(how == "silence", "error.no_input_2", "error.too_many")))
		return
	}
	if t.s.Phase != Closing { // there a person was asked for already
		t.order(fact(call.Asked, t.m.topic(t.s.Node), how), fact(call.Closed, "", string(v.Reason)))
	}
	t.s.Phase, t.s.then = ToPerson, next{how: how, message: true}
	t.tell(t.m.prompts(pick(how == "silence", "error.no_input_2_closed", "error.too_many_closed")))
}

func pick(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}

// handOver does what the explanation before it has announced.
func (t *turn) handOver() {
	if t.s.then.message {
		t.leave(BoxMessages, nil)
		return
	}
	t.askPerson(t.s.then.how)
}

func (t *turn) leave(box string, preface []Line) {
	if box == "" {
		box = BoxMessages
	}
	t.s.Phase, t.s.away = Away, toMessage
	t.order(Leave{Box: box, Intro: join(preface, t.m.MessageIntro(box))})
}

// mistake is a key that means nothing here.
func (t *turn) mistake(key string) {
	t.order(fact(call.Mistook, t.s.Node, key))
	t.s.Silences = 0
	if t.s.Errors++; t.s.Errors >= t.m.maxErrors() {
		t.giveUp("errors")
		return
	}
	t.again("error.invalid")
}

func (t *turn) silence() {
	t.order(fact(call.Mistook, t.s.Node, "silence"))
	if t.s.Silences++; t.s.Silences >= maxSilences {
		t.giveUp("silence")
		return
	}
	t.again("error.no_input")
}

// again says what went wrong and repeats the choice.
func (t *turn) again(prompt string) {
	t.play(join(t.m.prompts(prompt), t.s.offer))
	if t.s.Phase != Hearing {
		t.order(Wait{t.m.noInput()})
	}
}

func (t *turn) timeout() {
	switch t.s.Phase {
	case Choosing, Closing:
		t.silence()
	case Number, Last4:
		t.digitsPaused()
	}
}

// ended: all that was said has been heard.
func (t *turn) ended() {
	s := t.s
	for _, l := range s.playing {
		switch {
		case l.ID == "menu.navigation":
			s.navHeard = true
		case l.ID == s.noteDue:
			s.noteDue = ""
		}
	}
	switch s.Phase {
	case Hearing:
		t.enter(t.m.parent(s.Node))
	case ToPerson:
		t.handOver()
	case Farewell:
		s.Phase = Over
		t.order(Bye{})
	}
}

// returned: the queue, the recorder or the look-up gives the caller back.
func (t *turn) returned(r Returned) {
	t.valid()
	switch {
	case t.s.away == toLookup:
		t.lookedUp(r)
	case r.How == "talked" || r.How == "message_left" || r.How == "saved":
		t.s.Phase = Farewell
		t.tell(t.m.goodbye(t.now))
	case r.How == "operator":
		t.askPerson("key")
	default: // "menu", "back", or whatever a fault has left
		t.resume()
	}
}

func join(a, b []Line) []Line {
	return append(append(make([]Line, 0, len(a)+len(b)), a...), b...)
}
