package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dovidka/internal/audit"
	"dovidka/internal/call"
	"dovidka/internal/fault"
	"dovidka/internal/media"
	"dovidka/internal/outgoing"
	"dovidka/internal/sipua"
	"dovidka/internal/staff"
	"dovidka/internal/switchboard"
	"dovidka/internal/trunk"
	"dovidka/internal/web"
)

// exchange is a carrier on this machine: it takes registrations, sends calls, and answers what is dialled through it.
type exchange struct {
	*sipua.Server
	dialled chan call.Number
}

func newExchange(t *testing.T) *exchange {
	t.Helper()
	e, err := media.NewEngine(media.EngineOptions{BindIP: netip.MustParseAddr("127.0.0.1"), Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	x := &exchange{dialled: make(chan call.Number, 8)}
	x.Server, err = sipua.New(sipua.Options{
		Addr: "127.0.0.1:0", Media: e, Realm: "carrier.example", Log: quiet,
		Account: func(u string) (string, bool) {
			return sipua.HA1("100200", "carrier.example", "Tayemnytsia-1"), u == "100200"
		},
		OnCall: func(l *sipua.Leg) {
			x.dialled <- l.To()
			if l.To() == "+380442000009" {
				l.Hangup("486")
				return
			}
			_ = l.Answer(context.Background())
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close(); e.Close() })
	return x
}

// browser is the head's.
type browser struct {
	t      *testing.T
	base   string
	cookie string
}

func signIn(t *testing.T, r *rooms, role string) *browser {
	t.Helper()
	login := "k" + role
	if err := r.staff.Create(t.Context(), staff.Agent{Login: login, Name: "Особа Вигадана", Role: role}, "довгий пароль 1"); err != nil {
		t.Fatal(err)
	}
	s, err := r.staff.SignIn(t.Context(), login, "довгий пароль 1", "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, "http://" + r.doors.http, "dovidka_session=" + s.Token}
}

func (b *browser) ask(method, path string, in, out any) int {
	b.t.Helper()
	var body io.Reader
	if in != nil {
		j, err := json.Marshal(in)
		if err != nil {
			b.t.Fatal(err)
		}
		body = bytes.NewReader(j)
	}
	req, err := http.NewRequest(method, b.base+path, body)
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Cookie", b.cookie)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	if strings.Contains(string(raw), "Tayemnytsia") {
		b.t.Errorf("%s %s gives the password away", method, path)
	}
	if out != nil && res.StatusCode < 300 {
		if err := json.Unmarshal(raw, out); err != nil {
			b.t.Fatalf("%s %s: %s", method, path, raw)
		}
	}
	if res.StatusCode >= 300 {
		b.t.Logf("%s %s: %d %s", method, path, res.StatusCode, raw)
	}
	return res.StatusCode
}

// filled is the form of a template as a person leaves it.
func (b *browser) filled(template string, x *exchange) web.TrunkEdit {
	b.t.Helper()
	var list web.TrunkList
	b.ask("GET", "/api/trunks", nil, &list)
	for _, m := range list.Templates {
		if m.ID == template {
			e := m.Settings
			e.Title, e.Server, e.Login, e.Password = "Основна лінія", x.Addr().String(), "100200", "Tayemnytsia-1"
			return e
		}
	}
	b.t.Fatal(template)
	return web.TrunkEdit{}
}

func wait(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for limit := time.Now().Add(10 * time.Second); time.Now().Before(limit); {
		if ok() {
			return
		}
		tick := time.NewTimer(20 * time.Millisecond)
		<-tick.C
	}
	t.Fatalf("it did not come about: %s", what)
}

func TestTrunkFromTheFormToACall(t *testing.T) {
	x, c := newExchange(t), conf(t)
	r := up(t, c)
	defer func() { r.drain(); r.close() }()
	head := signIn(t, r, staff.RoleHead)
	if s := signIn(t, r, staff.RoleOperator).ask("GET", "/api/trunks", nil, nil); s != 403 {
		t.Errorf("an operator sees the trunks: %d", s)
	}
	var made web.TrunkView
	if s := head.ask("POST", "/api/trunks", head.filled("binotel", x), &made); s != 200 || made.Name != "binotel" || !made.HasPassword {
		t.Fatalf("%d %+v", s, made)
	}
	wait(t, "the trunk is up", func() bool { return len(r.sip.Trunks()) == 1 && r.sip.Trunks()[0].Up })
	var h web.TrunkHealth
	head.ask("GET", "/api/trunks/binotel/health", nil, &h)
	var steps []string
	for _, s := range h.Steps {
		steps = append(steps, s.What+":"+s.State)
	}
	if got := strings.Join(steps, " "); got != "Ім’я сервера:ok Порт відповідає:ok Реєстрація:ok Перевірка зв’язку (OPTIONS):ok Перший дзвінок:wait" || len(h.Ladder) < 6 {
		t.Errorf("%s, %d rungs", got, len(h.Ladder))
	}

	// a technical number that nobody knows as ours, until the head points at it on a call
	r.conf.Centre.Number = "0800353608"
	dial := func() error {
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
		defer stop()
		leg, err := x.Dial(ctx, sipua.Target{URI: "sip:380441112233@" + r.sip.Addr().String()}, sipua.DialOptions{From: "+380671234567"})
		if err == nil {
			leg.Hangup("")
			<-leg.Done()
		}
		return err
	}
	var seen web.Inspection
	if head.ask("POST", "/api/trunks/binotel/inspect", nil, &seen); !seen.Waiting {
		t.Errorf("%+v", seen)
	}
	if err := dial(); err == nil || !strings.Contains(err.Error(), "404") {
		t.Fatalf("a number that is not ours was taken: %v", err)
	}
	head.ask("GET", "/api/trunks/binotel/inspect", nil, &seen)
	found := map[string]string{}
	for _, e := range seen.Headers {
		found[e.Name] = e.Number
	}
	if found["Request-URI"] != "+380441112233" || found["From"] != "+380671234567" || seen.From != "127.0.0.1" {
		t.Errorf("%+v", seen)
	}
	if s := head.ask("POST", "/api/trunks/binotel/learn", map[string]string{"what": "called", "header": "Request-URI"}, &made); s != 200 || len(made.Numbers) != 1 {
		t.Fatalf("%d %+v", s, made)
	}
	if err := dial(); err != nil {
		t.Fatalf("the rule was not learned: %v", err)
	}
	acts := map[string]bool{}
	notes, err := r.audit.List(t.Context(), audit.Filter{By: "khead"})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range notes {
		acts[n.Act+" "+n.What] = true
		if strings.Contains(n.Note, "Tayemnytsia") || strings.Contains(n.Note, "67123") {
			t.Error(n)
		}
	}
	for _, a := range []string{"create trunk", "inspect trunk", "view call_headers", "learn trunk"} {
		if !acts[a] {
			t.Errorf("%q is not in the audit: %v", a, acts)
		}
	}
	var out bytes.Buffer
	r.noteTrunks()
	if err := DoctorTrunk(t.Context(), c, "binotel", &out); err != nil || !strings.Contains(out.String(), "✓ Реєстрація") || strings.Contains(out.String(), "380") {
		t.Errorf("%v\n%s", err, out.String())
	}
	if s := head.ask("DELETE", "/api/trunks/binotel", nil, nil); s != 204 && s != 200 || len(r.sip.Trunks()) != 0 {
		t.Error(s)
	}
	if _, err := os.Stat(filepath.Join(c.Data, "trunks", "binotel.secret")); !os.IsNotExist(err) {
		t.Error("the password is still there")
	}
}

func TestDialOutIsJudgedAndWrittenDown(t *testing.T) {
	x, c := newExchange(t), conf(t)
	c.Limits.OutPerAgent = 3
	r := up(t, c)
	defer func() { r.drain(); r.close() }()
	p := phones{r}
	ask := switchboard.Outgoing{To: "+380442000001", Reason: outgoing.Desk, Author: "olena"}
	if _, err := p.DialOut(t.Context(), ask); !fault.Is(err, fault.Denied) || !strings.Contains(fault.Say(err), "переліку") {
		t.Errorf("dialled though not on the list: %v", err)
	}
	for n, title := range map[call.Number]string{"+380442000001": "Соцзахист", "+380442000009": "Архів"} {
		if err := r.trunks.Allow(t.Context(), trunk.Destination{Number: n, Title: title, By: "kerivnyk"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.DialOut(t.Context(), ask); !fault.Is(err, fault.Busy) {
		t.Errorf("without a line: %v", err)
	}
	k, err := r.trunks.Save(t.Context(), trunk.Trunk{Title: "Стаціонар", Template: "static", Enabled: true, Settings: func() trunk.Settings {
		s := trunk.Templates()[3].Settings
		s.Server, s.CallerID = x.Addr().String(), "0800353608"
		return s
	}()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := (lines{r}).Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	wait(t, "the trunk is up", func() bool { return r.sip.Trunks()[0].Up })
	leg, err := p.DialOut(t.Context(), ask)
	if err != nil {
		t.Fatal(err)
	}
	if n := <-x.dialled; n != "+380442000001" {
		t.Error(n)
	}
	leg.Hangup("")
	<-leg.Done()
	busy := ask
	busy.To = "+380442000009"
	if _, err := p.DialOut(t.Context(), busy); err == nil || outResult(err) != "busy" {
		t.Errorf("busy: %v", err)
	}
	if _, err := p.DialOut(t.Context(), ask); !fault.Is(err, fault.Denied) || !strings.Contains(fault.Say(err), "межу") {
		t.Errorf("the fourth call in the hour: %v", err) // three were let out: without a line, answered, busy
	}
	foreign := ask
	foreign.To = "+48221234567"
	if _, err := p.DialOut(t.Context(), foreign); !fault.Is(err, fault.Denied) {
		t.Error(err)
	}
	list, err := r.trunks.Outgoing(t.Context(), time.Now().Add(-time.Hour), 10)
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, o := range list {
		got = fmt.Sprintf("%s/%s/%s ", o.Refused, o.Trunk, o.Result) + got
	}
	if want := "not_listed// //no_line /" + k.Name + "/answered /" + k.Name + "/busy limit// foreign// "; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if a := r.outAlarm(t.Context()); !strings.Contains(a, "olena") {
		t.Errorf("no alarm: %q", a)
	}
	if notes, err := r.audit.List(t.Context(), audit.Filter{Act: "dial_refused"}); err != nil || len(notes) != 2 {
		t.Errorf("%v %v", notes, err)
	}
}

func TestTrunkDownIsAStrip(t *testing.T) {
	c := conf(t)
	r := up(t, c)
	defer func() { r.drain(); r.close() }()
	s := trunk.Templates()[2].Settings
	s.Server, s.Login = "127.0.0.1:9", "100200"
	if _, err := r.trunks.Save(t.Context(), trunk.Trunk{Title: "Мовчазна", Template: "register", Enabled: true, Settings: s}, nil); err != nil {
		t.Fatal(err)
	}
	if err := (lines{r}).Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	if w := r.trunkTroubles(t.Context()); len(w) != 0 {
		t.Errorf("a strip before the first try is over: %v", w)
	}
}

func TestAddressesOfSIP(t *testing.T) {
	for in, want := range map[string]string{
		":5060": "0.0.0.0 invalid IP", "127.0.0.1:5060": "127.0.0.1 invalid IP", "[::]:5060": "0.0.0.0 ::", "[::1]:5060": "invalid IP ::1",
		"192.0.2.1:5060, 192.0.2.2:5060 [2001:db8::1]:5060": "0.0.0.0 2001:db8::1",
	} {
		c := Config{SIP: SIP{Listen: in}}
		if four, six := c.soundAddrs(); four.String()+" "+six.String() != want {
			t.Errorf("%s: %s %s", in, four, six)
		}
	}
	for in, ok := range map[string]bool{":5060": true, "0.0.0.0:5060, [::]:5060": true, "": false, "host:5060": false, ":5060,:x": false} {
		c := conf(t)
		c.SIP.Listen = in
		if err := c.Check(); (err == nil) != ok {
			t.Errorf("%q: %v", in, err)
		}
	}
}
