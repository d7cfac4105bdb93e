package switchboard

import (
	"context"
	"sync"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/queue"
)

// AgentView is everything that one agent's screen shows live; the whole of it is sent at every change.
type AgentView struct {
	Me       MeView       `json:"me"`
	Offer    *OfferView   `json:"offer"`
	Talk     *TalkView    `json:"talk"`
	WrapUp   *WrapUpView  `json:"wrapup"`
	Queue    QueueView    `json:"queue"`
	Messages MessagesView `json:"messages"`
	Parked   []ParkedView `json:"parked"`
	Team     []Colleague  `json:"team"` // the other operators, to transfer to
	Strips   []Strip      `json:"strips"`
	Today    TodayView    `json:"today"`
	Open     bool         `json:"open"` // operators answer now
	Now      time.Time    `json:"now"`
}

// MeView is the agent.
type MeView struct {
	Login       string    `json:"login"`
	Name        string    `json:"name"`
	Role        string    `json:"role" enum:"head,operator"`
	Status      string    `json:"status" enum:"ready,break,offline"` // chosen: ready, break, offline
	Reason      string    `json:"reason"`
	Next        string    `json:"next,omitempty"` // status that takes effect after the present call
	NextReason  string    `json:"next_reason,omitempty"`
	Activity    string    `json:"activity" enum:"idle,offered,talking,wrapup"` // known: idle, offered, talking, wrapup
	Since       time.Time `json:"since"`
	Device      string    `json:"device" enum:"browser,phone,both"`
	DeviceAlive bool      `json:"device_alive"`
	Devices     []string  `json:"devices"` // those that could be rung now
}

// OfferView is a call that rings; the number is masked until the call is taken.
type OfferView struct {
	Call         call.ID   `json:"call"`
	NumberMasked string    `json:"number_masked"`
	Topic        string    `json:"topic"`
	Service      string    `json:"service"`
	Path         []string  `json:"path"`
	WaitedS      int       `json:"waited_s"`
	Deadline     time.Time `json:"deadline"`
	// Why it rings in person: "" is the queue; consult and transfer come from a colleague, return is the own call, park was taken.
	Why  string `json:"why" enum:",consult,transfer,return,park"`
	By   string `json:"by"`   // name of the colleague
	Note string `json:"note"` // what failed before
}

// TalkView is the present talk.
type TalkView struct {
	Call    call.ID   `json:"call"`
	Number  string    `json:"number"`
	Since   time.Time `json:"since"`
	Held    bool      `json:"held"`
	Muted   bool      `json:"muted"`
	Lost    bool      `json:"lost"` // this agent's page was lost: the citizen hears music
	WaitedS int       `json:"waited_s"`
	Path    []string  `json:"path"`
	Service string    `json:"service"`
	Card    string    `json:"card"` // number of its card; "" for the moment it takes to make it
	// Stage: with a second party it is calling, consulting or conference; a guest sees a colleague's talk.
	Stage  string     `json:"stage" enum:"talking,calling,consulting,conference"`
	Guest  bool       `json:"guest"`
	Second *OtherView `json:"second"` // whom this agent talks with besides the citizen: the second party, or for a guest the host
	Device string     `json:"device" enum:"browser,phone"`
	Moving bool       `json:"moving"` // the other telephone rings
	Notice string     `json:"notice"` // what has just failed

	Recording  string `json:"recording" enum:",on,paused,refused,failed"` // "": talks are not recorded
	Supervised string `json:"supervised" enum:",listen,whisper,barge"`    // a head who takes part
}

// OtherView is the other one in a talk of three.
type OtherView struct {
	Kind string `json:"kind" enum:"agent,department"`
	Name string `json:"name"`
	Lost bool   `json:"lost"`
}

// WrapUpView is the time to write the card.
type WrapUpView struct {
	Call  call.ID   `json:"call"`
	Until time.Time `json:"until"`
	Card  string    `json:"card"`
}

// QueueView is the queue as one line.
type QueueView struct {
	Waiting  int `json:"waiting"`
	LongestS int `json:"longest_s"`
	Ready    int `json:"ready"`
	Talking  int `json:"talking"`
}

// MessagesView counts messages that wait to be called back.
type MessagesView struct {
	Open int `json:"open"`
}

// Strip is a line across the desk. Kind: alarm, wait, info.
type Strip struct {
	Kind string `json:"kind" enum:"alarm,wait,info"`
	Text string `json:"text"`
	// About is "device" for a strip about this agent's telephone: a page that knows the reason better says it instead.
	About string `json:"about,omitempty"`
}

// TodayView is the agent's day, derived from the day's facts.
type TodayView struct {
	Answered int `json:"answered"`
	Missed   int `json:"missed"`
	TalkS    int `json:"talk_s"`
}

// View is the live state of an agent's desk.
func (s *Switchboard) View(login string) AgentView {
	now := time.Now()
	snap := s.desk.Snapshot()
	a := snap.Agent(login)
	p := s.person(login)
	v := AgentView{
		Me: MeView{
			Login: login, Name: p.name, Role: p.role, Status: string(a.Status), Reason: a.Reason, Next: string(a.Next.Status),
			NextReason: a.Next.Reason, Activity: string(a.Activity), Since: a.Since.UTC(), Device: s.device(login),
		},
		Queue: queueView(snap, now), Messages: MessagesView{Open: s.messages.open()}, Now: now.UTC(), Open: s.open(now),
	}
	v.Me.Devices = s.liveDevices(login)
	v.Me.DeviceAlive = s.alive(login, v.Me.Device)
	v.Parked, v.Team = s.parkedViews(), s.team(login, snap)
	if a.Since.IsZero() {
		v.Me.Since = now.UTC()
	}
	s.mu.Lock()
	ring, talk, wrap := s.rings[login], s.talks[login], s.wraps[login]
	if d := s.days[login]; d != nil {
		v.Today = d.view(now)
	}
	s.mu.Unlock()
	if ring != nil && a.Activity == queue.Offered {
		v.Offer = s.offerView(ring, snap, now)
	}
	if talk != nil {
		v.Talk = talk.view(login)
	}
	if a.Activity == queue.WrapUp {
		v.WrapUp = &WrapUpView{Call: a.Call, Until: a.Until.UTC()}
		if wrap != nil && wrap.id == a.Call {
			v.WrapUp.Card = wrap.about().card
		}
	}
	v.Strips = s.strips(v, snap)
	return v
}

func (s *Switchboard) offerView(r *ringing, snap queue.Snapshot, now time.Time) *OfferView {
	s.mu.Lock()
	c := s.calls[r.call]
	s.mu.Unlock()
	if c == nil {
		return nil
	}
	i := c.about()
	v := &OfferView{
		Call: r.call, NumberMasked: lastFour(i.from), Topic: i.topic, Service: c.serviceName(i.service), Path: paths(i.path),
		Deadline: r.deadline.UTC(), Why: r.why, Note: r.note,
	}
	if r.by != "" && r.by != r.id {
		v.By = s.person(r.by).name
	}
	if w, ok := snap.Caller(r.call); ok {
		v.WaitedS = int(w.Waited(now).Seconds())
	}
	return v
}

// lastFour is what an agent sees of a number before answering: «… 45 67».
func lastFour(n call.Number) string {
	d := n.Last4()
	if d == "" || len(n) <= len("112") {
		return n.Mask()
	}
	return "… " + d[:2] + " " + d[2:]
}

// view is the talk as one of its agents sees it.
func (t *talk) view(login string) *TalkView {
	c := t.c
	i := c.about()
	recording, supervised := c.rec.state(), c.shownSupervision()
	host := c.s.person(t.me.id).name
	c.mu.Lock()
	defer c.mu.Unlock()
	p, guest := t.me, t.guest.agent() == login
	if guest {
		p = t.guest
	}
	v := &TalkView{
		Call: c.id, Number: i.from.Display(), Since: t.since.UTC(), Held: t.held, Muted: p.muted, Lost: p.lost,
		WaitedS: int(c.waited.Seconds()), Path: paths(i.path), Service: c.serviceName(i.service), Card: i.card,
		Stage: string(t.stage), Guest: guest, Device: p.device, Moving: t.moves == p && t.move != nil, Notice: t.notice,
		Recording: recording, Supervised: supervised,
	}
	switch {
	case guest:
		v.Second = &OtherView{Kind: ToAgent, Name: host, Lost: t.me.lost}
	case t.guest != nil:
		v.Second = &OtherView{Kind: t.guest.kind, Name: t.guest.name, Lost: t.guest.lost}
	case t.ring != nil:
		v.Second = &OtherView{Kind: t.ring.kind, Name: t.ring.name}
	}
	return v
}

// serviceName is the card's name for an id.
func (c *conductor) serviceName(id string) string {
	if c.menu == nil || id == "" {
		return ""
	}
	if s, ok := c.menu.Services[id]; ok {
		return s.Name
	}
	return id
}

// paths is never null in JSON.
func paths(p []string) []string {
	if p == nil {
		return []string{}
	}
	return p
}

func queueView(snap queue.Snapshot, now time.Time) QueueView {
	v := QueueView{Waiting: len(snap.Waiting)}
	for _, w := range snap.Waiting {
		v.LongestS = max(v.LongestS, int(w.Waited(now).Seconds()))
	}
	for _, a := range snap.Agents {
		if a.Status == queue.Ready {
			v.Ready++
		}
		if a.Activity == queue.Talking {
			v.Talking++
		}
	}
	return v
}

// open tells whether operators answer by the schedule.
func (s *Switchboard) open(now time.Time) bool {
	m := s.o.Menus.Current()
	return m == nil || m.Hours == nil || m.Hours.At(now).Open
}

// strips are the lines across the desk, the gravest first. The queue is none of them: it stands in the view, and a strip that comes
// with every call would move the desk under the hand.
func (s *Switchboard) strips(v AgentView, snap queue.Snapshot) []Strip {
	out := []Strip{}
	if s.o.Alarms != nil {
		for _, text := range s.o.Alarms() {
			out = append(out, Strip{Kind: "alarm", Text: text})
		}
	}
	present := false
	for _, a := range snap.Agents {
		present = present || a.Status != queue.Offline
	}
	if v.Open && !present {
		out = append(out, Strip{Kind: "alarm", Text: "Зараз робочий час, але жодного оператора немає на лінії: громадяни можуть лише залишити повідомлення."})
	}
	if v.Me.Status != string(queue.Offline) && !v.Me.DeviceAlive {
		out = append(out, Strip{Kind: "alarm", Text: deviceStrip(v.Me.Device), About: "device"})
	}
	if v.Me.Status == string(queue.Break) && automatic(v.Me.Reason) {
		out = append(out, Strip{Kind: "info", Text: "Вас переведено на перерву: " + v.Me.Reason + ". Щоб приймати дзвінки, виберіть «на лінії»."})
	}
	return out
}

// Team is the queue and everybody who has set a status since the start, as the head sees them; names are the door's to add.
func (s *Switchboard) Team() (QueueView, []MeView) {
	now := time.Now()
	snap := s.desk.Snapshot()
	out := make([]MeView, 0, len(snap.Agents))
	for _, a := range snap.Agents {
		device := s.device(a.Login)
		out = append(out, MeView{
			Login: a.Login, Status: string(a.Status), Reason: a.Reason, Next: string(a.Next.Status), NextReason: a.Next.Reason,
			Activity: string(a.Activity), Since: a.Since.UTC(), Device: device, DeviceAlive: s.alive(a.Login, device), Devices: s.liveDevices(a.Login),
		})
	}
	return queueView(snap, now), out
}

// liveDevices are the telephones of an agent that could be rung now.
func (s *Switchboard) liveDevices(login string) []string {
	out := []string{}
	for _, d := range devicesOf(DeviceBoth) {
		if s.o.Phones.Alive(login, d) {
			out = append(out, d)
		}
	}
	return out
}

func deviceStrip(device string) string {
	switch device {
	case DevicePhone:
		return "Ваш телефон не на зв'язку. Перевірте його або виберіть «браузер»."
	case DeviceBoth:
		return "Ні браузер, ні телефон не на зв'язку. Дозвольте мікрофон або перевірте телефон."
	}
	return "Звук у браузері не підключено. Дозвольте мікрофон або оновіть сторінку."
}

// automatic tells a break that the queue has set from one that the agent chose.
func automatic(reason string) bool {
	switch reason {
	case queue.ReasonMissed, queue.ReasonRefused, queue.ReasonUnreachable, queue.ReasonLost:
		return true
	}
	return false
}

// person is what is shown of an agent; kept for a minute, so that a view costs no query.
type person struct {
	name, role string
	at         time.Time
}

func (s *Switchboard) person(login string) person {
	s.mu.Lock()
	p, ok := s.people[login]
	s.mu.Unlock()
	if ok && time.Since(p.at) < time.Minute {
		return p
	}
	ctx, stop := context.WithTimeout(context.Background(), 2*time.Second)
	defer stop()
	a, err := s.o.Agents.Agent(ctx, login)
	if err != nil {
		s.log.Warn("switchboard: agent's name", "agent", login, "err", err)
		a.Name, a.Role = p.name, p.role
	}
	p = person{a.Name, a.Role, time.Now()}
	if p.name == "" {
		p.name = login
	}
	s.mu.Lock()
	s.people[login] = p
	s.mu.Unlock()
	return p
}

// openMessages is the number of messages that wait, looked up every few seconds.
type openMessages struct {
	mu sync.Mutex
	n  int
}

func (m *openMessages) open() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.n
}

// countMessages looks it up and nudges the views when it changed.
func (s *Switchboard) countMessages(ctx context.Context) {
	ctx, stop := context.WithTimeout(ctx, 2*time.Second)
	defer stop()
	n, _, err := s.o.Cards.Counts(ctx, time.Now())
	if err != nil {
		s.log.Warn("switchboard: count of messages", "err", err)
		return
	}
	s.messages.mu.Lock()
	changed := s.messages.n != n
	s.messages.n = n
	s.messages.mu.Unlock()
	if changed {
		s.watchers.nudge()
	}
}

// MessagesChanged is for the door: a message was taken or done, the count on the desks is looked up again.
func (s *Switchboard) MessagesChanged(ctx context.Context) { s.countMessages(ctx) }
