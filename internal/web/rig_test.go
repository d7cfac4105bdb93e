package web

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"dovidka/internal/audit"
	"dovidka/internal/call"
	"dovidka/internal/casework"
	"dovidka/internal/fault"
	"dovidka/internal/journal"
	"dovidka/internal/media"
	"dovidka/internal/staff"
	"dovidka/internal/store"
	"dovidka/internal/survey"
	"dovidka/internal/switchboard"
	"dovidka/internal/trunk"
)

// rig is the door over real records in SQLite; the desk, the telephones and the centre are the test's own.
type rig struct {
	t       *testing.T
	server  *Server
	url     string
	people  *people
	desk    *desk
	audit   *audit.Audit
	centre  *centre
	journal *journal.Journal
	work    *casework.Casework
	survey  *survey.Survey
	data    string
	logged  *bytes.Buffer
}

func newRig(t *testing.T, change func(*Options)) *rig {
	t.Helper()
	ctx := context.Background()
	dir := t.TempDir()
	db, err := store.Open(ctx, "sqlite:"+filepath.Join(dir, "dovidka.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	j, err := journal.New(db, filepath.Join(dir, "spill"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Stop(context.Background()) })
	kyiv, err := time.LoadLocation("Europe/Kyiv")
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, people: &people{}, desk: newDesk(), audit: audit.New(db), centre: &centre{}, journal: j, work: casework.New(db),
		survey: survey.New(db), data: dir, logged: &bytes.Buffer{}}
	o := Options{Staff: r.people, Journal: j, Casework: r.work, Survey: r.survey, Catalogue: shelf{}, Audit: r.audit, Desk: r.desk,
		Phones: phones{}, Talks: talks{r}, Centre: r.centre, Trunks: trunk.New(db, filepath.Join(dir, "trunks"), nil), Lines: r, Sounds: os.DirFS(dir), UI: pages(), CACert: []byte("PEM"), Location: kyiv,
		Log: slog.New(slog.NewTextHandler(r.logged, nil))}
	if change != nil {
		change(&o)
	}
	r.server = New(o)
	web := httptest.NewServer(r.server.Handler())
	t.Cleanup(web.Close)
	r.url = web.URL
	return r
}

// Apply, Health, Try, Inspect and Inspection make the rig the Lines: a trunk that has heard one call.
func (r *rig) Apply(context.Context) error { return r.desk.do("apply") }

func (r *rig) Health(context.Context) []TrunkHealth {
	return []TrunkHealth{{Name: "static", Up: true, Steps: []TrunkStep{{What: "Ім’я сервера", State: "ok"}}, Ladder: []TrunkRung{}}}
}
func (r *rig) Try(name string)     { _ = r.desk.do("try " + name) }
func (r *rig) Inspect(name string) { _ = r.desk.do("inspect " + name) }
func (r *rig) Inspection(string) Inspection {
	return Inspection{Headers: []InspectedHeader{{Name: "To", Value: "<sip:0800353608@x>", Number: "+380800353608"}}}
}

func pages() fstest.MapFS {
	return fstest.MapFS{
		"index.html":            {Data: []byte("<!doctype html><title>Довідка</title>" + strings.Repeat(" ", 2000))},
		"icon.svg":              {Data: []byte("<svg/>")},
		"assets/app-Ab12Cd.js":  {Data: []byte(strings.Repeat("export const a = 1;\n", 500))},
		"assets/f-Ab12.woff2":   {Data: make([]byte, 4000)},
		"assets/small-Ab12.css": {Data: []byte("a{}")},
	}
}

// as asks as one of the people ("" is nobody) and gives the status, the headers and the body.
func (r *rig) as(login, method, path, in string, header ...string) (int, http.Header, string) {
	r.t.Helper()
	req, err := http.NewRequest(method, r.url+path, strings.NewReader(in))
	if err != nil {
		r.t.Fatal(err)
	}
	if in != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if login != "" {
		req.AddCookie(&http.Cookie{Name: cookieName, Value: "token-" + login})
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(req) // no redirects, no decompression behind our back
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(b)
}

// read asks and decodes a 200.
func read[T any](r *rig, login, path string) T {
	r.t.Helper()
	status, _, b := r.as(login, "GET", path, "")
	var out T
	if status != 200 {
		r.t.Fatalf("GET %s: %d %s", path, status, b)
	}
	if err := json.Unmarshal([]byte(b), &out); err != nil {
		r.t.Fatal(err)
	}
	return out
}

// happened writes the facts of one call that olena answered, with a message left before it (a life no real call has, but every
// part of the story is there), and gives its id and the number of its message.
func (r *rig) happened(at time.Time) (call.ID, string) {
	r.t.Helper()
	ctx := context.Background()
	id := call.NewID(at)
	if err := os.MkdirAll(filepath.Join(r.data, "messages"), 0o700); err != nil {
		r.t.Fatal(err)
	}
	var wav bytes.Buffer
	if err := media.WriteWAV(&wav, bytes.Repeat([]byte{0xd5}, 8000)); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(r.data, "messages", "a.wav"), wav.Bytes(), 0o600); err != nil {
		r.t.Fatal(err)
	}
	m, err := r.work.SaveMessage(ctx, casework.NewMessage{Call: id, Box: casework.BoxMessages, Sound: "messages/a.wav", Seconds: 1,
		From: "+380671234567", At: at, Due: at.Add(24 * time.Hour)})
	if err != nil {
		r.t.Fatal(err)
	}
	facts := []call.Fact{
		{Kind: call.Arrived, From: "+380671234567", To: "+380800353608", Name: "sip"},
		{Kind: call.Answered, Value: "open"},
		{Kind: call.Entered, Name: "2", Value: "Документи"},
		{Kind: call.Pressed, Name: "2", Value: "3"},
		{Kind: call.Heard, Name: "service:passport-foreign/documents", Share: 0.7},
		{Kind: call.Asked, Value: "key", Name: "documents"},
		{Kind: call.Queued, Name: "documents", Count: 1},
		{Kind: call.Offered, Agent: "olena", Name: "browser"},
		{Kind: call.Connected, Agent: "olena", Seconds: 5},
		{Kind: call.TalkEnded, Agent: "olena", Cause: "agent"},
		{Kind: call.MessageLeft, Name: "messages", Value: m.Number, Seconds: 1},
		{Kind: call.Scored, Value: "4"},
		{Kind: call.HungUp, Name: "caller"},
	}
	for i := range facts {
		facts[i].Call, facts[i].Seq, facts[i].At = id, i+1, at.Add(time.Duration(i)*time.Second)
	}
	if err := r.journal.Append(ctx, facts...); err != nil {
		r.t.Fatal(err)
	}
	if _, err := r.journal.Close(ctx, id); err != nil {
		r.t.Fatal(err)
	}
	if err := r.survey.Save(ctx, id, 4, "yes", at); err != nil {
		r.t.Fatal(err)
	}
	return id, m.Number
}

// noted tells whether the audit holds such a note.
func (r *rig) noted(by, act, what, of string) bool {
	r.t.Helper()
	list, err := r.audit.List(context.Background(), audit.Filter{By: by, Act: act, What: what, Of: of})
	if err != nil {
		r.t.Fatal(err)
	}
	return len(list) > 0
}

// people are three accounts; the token of each is "token-" and the login.
type people struct {
	mu  sync.Mutex
	out map[string]bool // signed out
}

func (*people) all() []staff.Agent {
	return []staff.Agent{{Login: "kerivnyk", Name: "Керівник Тестовий", Role: staff.RoleHead},
		{Login: "olena", Name: "Олена Вигадана", Role: staff.RoleOperator}, {Login: "petro", Name: "Петро Вигаданий", Role: staff.RoleOperator}}
}

func (p *people) Agents(context.Context) ([]staff.Agent, error) { return p.all(), nil }

func (p *people) SignIn(_ context.Context, login, password, _ string) (staff.Session, error) {
	for _, a := range p.all() {
		if a.Login == login && password == "правильний" {
			return staff.Session{Token: "token-" + login, Agent: a, Expires: time.Now().Add(time.Hour)}, nil
		}
	}
	return staff.Session{}, fault.New(fault.Denied, "Неправильне ім'я або пароль.")
}

func (p *people) Session(_ context.Context, token string) (staff.Session, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range p.all() {
		if "token-"+a.Login == token && !p.out[token] {
			return staff.Session{Agent: a}, nil
		}
	}
	return staff.Session{}, fault.New(fault.Denied, "Сеанс завершено.")
}

func (p *people) SignOut(_ context.Context, token string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.out == nil {
		p.out = map[string]bool{}
	}
	p.out[token] = true
	return nil
}

// desk writes down what it is told.
type desk struct {
	mu       sync.Mutex
	did      []string
	status   string
	fail     error
	watchers []chan struct{}
}

func newDesk() *desk { return &desk{status: "offline"} }

func (d *desk) do(what string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.did = append(d.did, what)
	return d.fail
}

func (d *desk) SetStatus(_ context.Context, login, status, reason string) error {
	d.mu.Lock()
	d.status = status
	for _, w := range d.watchers {
		select {
		case w <- struct{}{}:
		default:
		}
	}
	d.mu.Unlock()
	return d.do(login + " status " + status + " " + reason)
}

func (d *desk) SetDevice(_ context.Context, login, device string) error {
	return d.do(login + " device " + device)
}
func (d *desk) Answer(login string) error       { return d.do(login + " answer") }
func (d *desk) Refuse(login string) error       { return d.do(login + " refuse") }
func (d *desk) Hangup(login string) error       { return d.do(login + " hangup") }
func (d *desk) Digits(login, keys string) error { return d.do(login + " digits " + keys) }
func (d *desk) WrapUpDone(login string) error   { return d.do(login + " wrapup-done") }
func (d *desk) Topics() []string                { return []string{"general", "documents"} }
func (d *desk) Departments() ([]switchboard.Department, error) {
	return []switchboard.Department{{ID: "+380441234567", Name: "Відділ освіти", Number: "+380441234567"}}, d.fail
}
func (d *desk) Transfer(login string, to switchboard.Target) error {
	return d.do(login + " transfer " + to.Kind + " " + to.ID)
}
func (d *desk) Consult(login string, to switchboard.Target) error {
	return d.do(login + " consult " + to.Kind + " " + to.ID)
}
func (d *desk) Complete(login string) error   { return d.do(login + " complete") }
func (d *desk) Return(login string) error     { return d.do(login + " return") }
func (d *desk) Conference(login string) error { return d.do(login + " conference") }
func (d *desk) Park(login string) error       { return d.do(login + " park") }
func (d *desk) TakeParked(login string, slot int) error {
	return d.do(login + " take " + strconv.Itoa(slot))
}
func (d *desk) Move(login, device string) error { return d.do(login + " move " + device) }
func (d *desk) MessagesChanged(context.Context) { _ = d.do("messages") }
func (d *desk) Hold(login string, on bool) error {
	return d.do(map[bool]string{true: login + " hold", false: login + " resume"}[on])
}
func (d *desk) Mute(login string, on bool) error {
	return d.do(map[bool]string{true: login + " mute", false: login + " unmute"}[on])
}

func (d *desk) PauseRecording(login string, on bool) error {
	return d.do(map[bool]string{true: login + " pause", false: login + " record"}[on])
}
func (d *desk) Supervise(_ context.Context, head string, id call.ID, mode, device string) error {
	return d.do(head + " " + mode + " " + string(id) + " " + device)
}
func (d *desk) Unsupervise(head string) { _ = d.do(head + " leaves") }
func (d *desk) Board(string) switchboard.BoardView {
	return switchboard.BoardView{Talks: []switchboard.BoardTalk{{Call: "talk-1", Agent: "olena", NumberMasked: "+380…67"}}}
}

func (d *desk) View(login string) AgentView {
	d.mu.Lock()
	defer d.mu.Unlock()
	return AgentView{Me: switchboard.MeView{Login: login, Status: d.status}, Talk: &switchboard.TalkView{Call: "x"}}
}

func (d *desk) Watch() (<-chan struct{}, func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	w := make(chan struct{}, 1)
	d.watchers = append(d.watchers, w)
	return w, func() {}
}

// shelf has one service card.
type shelf struct{}

func (shelf) Services(context.Context, string) ([]Service, error) {
	return []Service{{ID: "passport-foreign", Name: "Закордонний паспорт"}}, nil
}

func (shelf) Service(_ context.Context, id string) (Service, error) {
	if id == "panic" {
		panic("on purpose")
	}
	if id != "passport-foreign" {
		return Service{}, fault.New(fault.NotFound, "Такої послуги немає.")
	}
	return Service{ID: id, Name: "Закордонний паспорт"}, nil
}

// phones is a telephone that lasts as long as it is allowed, when asked with X-Wait; began is told of each.
type phones struct{ began chan struct{} }

func (p phones) ServeAgent(w http.ResponseWriter, r *http.Request, login string) {
	_, _ = io.WriteString(w, login)
	if r.Header.Get("X-Wait") != "" {
		p.began <- struct{}{}
		<-r.Context().Done()
	}
}

func (phones) ServeCitizen(w http.ResponseWriter, _ *http.Request) {
	_, _ = io.WriteString(w, "citizen")
}

type centre struct{ troubles []Trouble }

func (*centre) Status(context.Context) Status {
	return Status{Name: "Центр", CitizenCall: true, Inside: &Inside{Calls: 3}} // what is inside must not go out by this way
}

func (*centre) Inside(context.Context) (Inside, error) { return Inside{Calls: 3, SIPPort: 5060}, nil }

func (c *centre) Troubles() []Trouble { return c.troubles }

// talks deletes as app does, without its files.
type talks struct{ r *rig }

func (t talks) Delete(ctx context.Context, id, by, ip, reason string) error {
	rec, err := t.r.journal.Recording(ctx, id)
	if err != nil {
		return err
	}
	if err := t.r.audit.Note(ctx, audit.Entry{By: by, Act: "delete", What: "recording", Of: id, IP: ip, Note: reason}); err != nil {
		return err
	}
	return t.r.journal.Append(ctx, call.Fact{Call: rec.Call, Kind: call.RecordingDeleted, Name: id, Agent: by, Value: reason})
}

// recorded adds a recording of two seconds to a call (500 Hz the citizen, 900 the agent) and gives its id.
func (r *rig) recorded(id call.ID, kinds ...call.Kind) string {
	r.t.Helper()
	name := journal.RecordingID(id, 1)
	if err := os.MkdirAll(filepath.Join(r.data, "recordings"), 0o700); err != nil {
		r.t.Fatal(err)
	}
	file := filepath.Join(r.data, "recordings", name+".wav")
	b := make([]byte, 58, 58+2*2*media.Rate)
	left, right := media.Tone(500, 2*time.Second, -15), media.Tone(900, 2*time.Second, -15)
	var l, g media.Frame
	for left.Next(&l) && right.Next(&g) {
		for i := range l {
			b = append(b, l[i], g[i])
		}
	}
	if err := os.WriteFile(file, b, 0o600); err != nil {
		r.t.Fatal(err)
	}
	if _, err := media.RepairWAV(file); err != nil {
		r.t.Fatal(err)
	}
	for _, k := range kinds {
		if err := r.journal.Append(context.Background(), call.Fact{Call: id, Kind: k, Name: name, Agent: "olena", Seconds: 2}); err != nil {
			r.t.Fatal(err)
		}
	}
	return name
}
