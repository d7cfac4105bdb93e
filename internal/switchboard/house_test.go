package switchboard

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/casework"
	"dovidka/internal/catalogue"
	"dovidka/internal/flow"
	"dovidka/internal/hours"
	"dovidka/internal/ivr"
	"dovidka/internal/media"
	"dovidka/internal/queue"
	"dovidka/internal/speech"
	"dovidka/internal/staff"
)

// centre is a whole switchboard in a bubble: real menu, queue and media engine (ticked in virtual time), fake legs and records.
type centre struct {
	*testing.T
	s       *Switchboard
	engine  *media.Engine
	journal *memJournal
	cards   *memCards
	surveys *memSurveys
	phones  *fakePhones
	clips   *fakeClips
	menu    *ivr.Menu
	log     *lockedBuffer
	stop    func()
}

func theMenu(t *testing.T, s *hours.Schedule) *ivr.Menu {
	t.Helper()
	cat, err := catalogue.Stock()
	if err != nil {
		t.Fatal(err)
	}
	m, err := flow.Build(flow.Options{Centre: flow.Demo(), Hours: s, Services: cat.Texts(), ReadUnverified: true})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// inCentre runs a story in a bubble of virtual time.
func inCentre(t *testing.T, change func(*centre, *Options), story func(*centre)) {
	menu := theMenu(t, hours.Always())
	synctest.Test(t, func(t *testing.T) {
		e, err := media.NewEngine(media.EngineOptions{BindIP: netip.MustParseAddr("127.0.0.1"), Manual: true, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		c := &centre{
			T: t, engine: e, journal: newMemJournal(), cards: &memCards{}, surveys: &memSurveys{}, menu: menu,
			clips: &fakeClips{}, log: &lockedBuffer{},
		}
		c.phones = &fakePhones{c: c, pages: map[string]bool{}, sip: map[string]time.Duration{}, fails: map[string]error{}, legs: map[string]*fakeLeg{},
			outs: map[call.Number]time.Duration{}, causes: map[string]error{}}
		o := Options{
			Menus: c, Clips: c.clips, Journal: c.journal, Cards: c.cards, Surveys: c.surveys, Agents: c, Phones: c.phones,
			MessageDir: t.TempDir() + "/messages", Log: slog.New(slog.NewTextHandler(c.log, nil)),
		}
		if change != nil {
			change(c, &o)
		}
		c.s = New(o)
		ctx, cancel := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		wg.Go(func() { c.s.Run(ctx) })
		wg.Go(func() {
			for ctx.Err() == nil {
				e.Tick(time.Now())
				time.Sleep(media.FrameTime)
			}
		})
		var once sync.Once
		c.stop = func() { once.Do(c.end(cancel, &wg)) }
		defer c.stop()
		story(c)
	})
}

// end stops a centre: calls that still go on are hung up.
func (c *centre) end(cancel func(), wg *sync.WaitGroup) func() {
	return func() {
		over, end := context.WithTimeout(context.Background(), time.Nanosecond)
		defer end()
		c.s.Drain(over)
		cancel()
		wg.Wait()
		c.engine.Close()
	}
}

// Current makes the centre a Menus.
func (c *centre) Current() *ivr.Menu { return c.menu }

// Agent makes the centre an Agents.
func (c *centre) Agent(_ context.Context, login string) (staff.Agent, error) {
	names := map[string]string{"olena": "Олена Прикладна", "petro": "Петро Вигаданий"}
	name := names[login]
	if name == "" {
		name = login
	}
	return staff.Agent{Login: login, Name: name, Role: staff.RoleOperator}, nil
}

// ready signs an agent in, with a live page.
func (c *centre) ready(logins ...string) {
	for _, l := range logins {
		c.phones.page(l, true)
		if err := c.s.SetStatus(c.Context(), l, "ready", ""); err != nil {
			c.Fatal(err)
		}
	}
}

// dial lets a citizen call; Take runs until done is closed.
func (c *centre) dial(number string) *citizen {
	z := &citizen{fakeLeg: newLeg(c, call.ParseNumber(number)), c: c, over: make(chan struct{})}
	go func() {
		defer close(z.over)
		c.s.Take(context.Background(), z.fakeLeg)
	}()
	return z
}

// citizen is a caller.
type citizen struct {
	*fakeLeg
	c    *centre
	over chan struct{}
}

// hears waits until a text with the words is being said.
func (z *citizen) hears(words string) {
	z.c.Helper()
	z.c.eventually("hears «"+words+"»", func() bool {
		z.mu.Lock()
		defer z.mu.Unlock()
		for i := z.read; i < len(z.texts); i++ {
			if strings.Contains(z.texts[i], words) {
				z.read = i + 1
				return true
			}
		}
		return false
	}, func() string { z.mu.Lock(); defer z.mu.Unlock(); return strings.Join(z.texts[z.read:], " | ") })
}

// press presses keys, a little apart.
func (z *citizen) press(keys string) {
	for i := range len(keys) {
		z.port.InjectDigit(keys[i])
		time.Sleep(100 * time.Millisecond)
	}
}

// record waits for the end of the call and gives its record.
func (z *citizen) record() call.Record {
	z.c.Helper()
	select {
	case <-z.over:
	case <-time.After(5 * time.Minute):
		z.c.Fatalf("the call does not end; facts: %v\n%s", z.c.journal.kinds(""), z.c.log)
	}
	recs := z.c.journal.records()
	if len(recs) == 0 {
		z.c.Fatal("no record")
	}
	return recs[len(recs)-1]
}

// eventually polls in virtual time.
func (c *centre) eventually(what string, f func() bool, more func() string) {
	c.Helper()
	for range 60000 {
		synctest.Wait()
		if f() {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	extra := ""
	if more != nil {
		extra = more()
	}
	c.Fatalf("never: %s; %s\n%s", what, extra, c.log)
}

// until waits for an agent's view.
func (c *centre) until(login, what string, f func(AgentView) bool) AgentView {
	c.Helper()
	c.eventually(login+": "+what, func() bool { return f(c.s.View(login)) }, func() string { return fmt.Sprintf("%+v", c.s.View(login)) })
	return c.s.View(login)
}

func (c *centre) offered(login string) AgentView {
	c.Helper()
	return c.until(login, "offer", func(v AgentView) bool { return v.Offer != nil })
}

func (c *centre) answers(login string) *fakeLeg {
	c.Helper()
	c.offered(login)
	if err := c.s.Answer(login); err != nil {
		c.Fatal(err)
	}
	c.until(login, "talk", func(v AgentView) bool { return v.Talk != nil })
	return c.phones.leg(login)
}

// fakeLeg is a leg with real sound over memory.
type fakeLeg struct {
	id       string
	from, to call.Number
	c        *centre
	port     *media.Port
	done     chan struct{}
	alive    chan bool
	answered chan struct{}
	refuse   error // Answer fails
	refers   chan call.Refer

	mu     sync.Mutex
	cause  string
	status string // of our Hangup before the answer
	texts  []string
	read   int
	heard  []byte // A-law that the leg was sent, newest second
	seq    uint16
	stamp  uint32
}

func newLeg(c *centre, from call.Number) *fakeLeg {
	return &fakeLeg{
		id: string(call.NewID(time.Now())), from: from, to: call.ParseNumber("0800353608"), c: c,
		done: make(chan struct{}), alive: make(chan bool, 1), answered: make(chan struct{}), refers: make(chan call.Refer, 1),
	}
}

func (l *fakeLeg) ID() string         { return l.id }
func (l *fakeLeg) From() call.Number  { return l.from }
func (l *fakeLeg) To() call.Number    { return l.to }
func (l *fakeLeg) Via() string        { return "sip" }
func (l *fakeLeg) Ring() error        { return nil }
func (l *fakeLeg) Alive() <-chan bool { return l.alive }
func (l *fakeLeg) Media() *media.Port { l.mu.Lock(); defer l.mu.Unlock(); return l.port }

func (l *fakeLeg) Refers() <-chan call.Refer { return l.refers }

func (l *fakeLeg) Answer(ctx context.Context) error {
	if l.refuse != nil {
		return l.refuse
	}
	time.Sleep(5 * time.Millisecond)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	p, err := l.c.engine.OpenConn(l)
	if err != nil {
		return err
	}
	p.SetCodec(8, 101)
	l.mu.Lock()
	l.port = p
	l.mu.Unlock()
	close(l.answered)
	return nil
}

// WriteRTP takes what is sent to this leg.
func (l *fakeLeg) WriteRTP(p []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.heard = append(l.heard, p[12:]...)
	if len(l.heard) > media.Rate {
		l.heard = l.heard[len(l.heard)-media.Rate:]
	}
	return nil
}

// speaks sends a tone for d, in real packets.
func (l *fakeLeg) speaks(hz float64, d time.Duration) {
	tone := media.Tone(hz, d, -15)
	var f media.Frame
	for tone.Next(&f) {
		select {
		case <-l.done:
			return
		default:
		}
		l.mu.Lock()
		l.seq++
		l.stamp += media.FrameSize
		p := append([]byte{0x80, 8, byte(l.seq >> 8), byte(l.seq), byte(l.stamp >> 24), byte(l.stamp >> 16), byte(l.stamp >> 8), byte(l.stamp), 1, 2, 3, 4}, f[:]...)
		l.mu.Unlock()
		l.port.Deliver(p)
		time.Sleep(media.FrameTime)
	}
}

// tone is the level of hz in the last second that the leg heard.
func (l *fakeLeg) tone(hz float64) float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return media.ToneLevel(bytes.Clone(l.heard), hz)
}

// loud is the level of the last second that the leg heard, dBov.
func (l *fakeLeg) loud() float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return level(bytes.Clone(l.heard))
}

func (l *fakeLeg) Say(s string) {
	l.mu.Lock()
	l.texts = append(l.texts, s)
	l.mu.Unlock()
}

func (l *fakeLeg) end(cause, status string) {
	l.mu.Lock()
	if l.cause != "" {
		l.mu.Unlock()
		return
	}
	l.cause, l.status = cause, status
	l.mu.Unlock()
	close(l.done)
	if l.port != nil {
		l.port.Close()
	}
}

func (l *fakeLeg) Hangup(cause string)   { l.end("us", cause) }
func (l *fakeLeg) hangs()                { l.end("caller", "") }
func (l *fakeLeg) Done() <-chan struct{} { return l.done }
func (l *fakeLeg) Cause() string         { l.mu.Lock(); defer l.mu.Unlock(); return l.cause }

// fakeClips makes sound as long as a voice would take, or fails.
type fakeClips struct {
	mu   sync.Mutex
	fail bool
}

func (f *fakeClips) break_(on bool) { f.mu.Lock(); f.fail = on; f.mu.Unlock() }

func (f *fakeClips) Clip(_ context.Context, text string) (speech.Clip, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail {
		return speech.Clip{}, errors.New("no voice")
	}
	return speech.Clip{ALaw: hum(600 * len([]rune(text))), Hash: text, Engine: "fake"}, nil
}

// hum is an audible clip: a tone of 200 Hz.
func hum(n int) []byte {
	var f media.Frame
	media.Tone(200, media.FrameTime, -20).Next(&f)
	return bytes.Repeat(f[:], 1+n/len(f))[:n]
}

// memJournal keeps facts in memory and counts closings.
type memJournal struct {
	mu     sync.Mutex
	facts  map[call.ID][]call.Fact
	closed map[call.ID]int
	recs   []call.Record
	fail   error
}

func newMemJournal() *memJournal {
	return &memJournal{facts: map[call.ID][]call.Fact{}, closed: map[call.ID]int{}}
}

func (j *memJournal) Append(_ context.Context, facts ...call.Fact) error {
	j.AppendLater(facts...)
	return j.fail
}

func (j *memJournal) AppendLater(facts ...call.Fact) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, f := range facts {
		j.facts[f.Call] = append(j.facts[f.Call], f)
	}
}

func (j *memJournal) Close(ctx context.Context, id call.ID) (call.Record, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	r := call.Close(j.facts[id])
	j.closed[id]++
	j.recs = append(j.recs, r)
	return r, ctx.Err()
}

func (j *memJournal) records() []call.Record {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]call.Record(nil), j.recs...)
}

func (j *memJournal) closings(id call.ID) int { j.mu.Lock(); defer j.mu.Unlock(); return j.closed[id] }
func (j *memJournal) calls() int              { j.mu.Lock(); defer j.mu.Unlock(); return len(j.facts) }

// all gives the facts of one kind, of all calls.
func (j *memJournal) all(k call.Kind) []call.Fact {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []call.Fact
	for _, fs := range j.facts {
		for _, f := range fs {
			if f.Kind == k {
				out = append(out, f)
			}
		}
	}
	return out
}

// kinds tells a call's facts (the only call's, for "").
func (j *memJournal) kinds(id call.ID) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []string
	for i, fs := range j.facts {
		if id == "" || i == id {
			for _, f := range fs {
				out = append(out, strings.TrimRight(fmt.Sprintf("%s:%s%s%s", f.Kind, f.Name, f.Value, f.Cause), ":"))
			}
		}
	}
	return strings.Join(out, " ")
}

// memCards keeps cards and messages.
type memCards struct {
	mu       sync.Mutex
	cards    []casework.NewCard
	messages []casework.NewMessage
	fail     error
}

func (m *memCards) NewCard(_ context.Context, n casework.NewCard) (casework.Card, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cards = append(m.cards, n)
	return casework.Card{Number: fmt.Sprintf("2026-%05d", len(m.cards))}, m.fail
}

func (m *memCards) SaveMessage(_ context.Context, n casework.NewMessage) (casework.Message, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.messages = append(m.messages, n)
	return casework.Message{Number: fmt.Sprintf("2026-%05d", 100+len(m.messages)), Due: n.Due}, m.fail
}

func (m *memCards) Counts(context.Context, time.Time) (open, overdue int, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.messages), 0, nil
}

func (m *memCards) made() []casework.NewCard {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]casework.NewCard(nil), m.cards...)
}

func (m *memCards) saved() []casework.NewMessage {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]casework.NewMessage(nil), m.messages...)
}

// memSurveys keeps the last answer of each call.
type memSurveys struct {
	mu  sync.Mutex
	all map[call.ID][2]string
}

func (m *memSurveys) Save(_ context.Context, id call.ID, score int, solved string, _ time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.all == nil {
		m.all = map[call.ID][2]string{}
	}
	m.all[id] = [2]string{fmt.Sprint(score), solved}
	return nil
}

// lockedBuffer is a log that tests may read.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

var (
	_ io.Writer = (*lockedBuffer)(nil)
	_           = queue.Ready
)
