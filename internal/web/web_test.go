package web

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
	"github.com/danielgtaylor/huma/v2"

	"dovidka/internal/audit"
	"dovidka/internal/call"
	"dovidka/internal/casework"
	"dovidka/internal/fault"
	"dovidka/internal/journal"
	"dovidka/internal/media"
)

// endpoint is one row of the table below: what nobody, an operator and the head get.
type endpoint struct {
	method, path, in       string
	nobody, operator, head int
}

// endpoints is every address of the door. {id} and {number} stand for the call and the message that happened.
func endpoints() []endpoint {
	return []endpoint{
		{"POST", "/api/session", `{"login":"olena","password":"правильний"}`, 200, 200, 200},
		{"GET", "/api/session", "", 401, 200, 200},
		{"GET", "/api/calls", "", 401, 200, 200},
		{"GET", "/api/calls/{id}", "", 401, 200, 200},
		{"GET", "/api/calls.csv", "", 401, 403, 200},
		{"GET", "/api/totals", "", 401, 200, 200},
		{"GET", "/api/status", "", 200, 200, 200},
		{"GET", "/api/messages", "", 401, 200, 200},
		{"GET", "/api/messages/{number}/sound", "", 401, 200, 200},
		{"POST", "/api/messages/{number}/take", "", 401, 200, 409},
		{"POST", "/api/messages/{number}/done", `{"note":"зателефоновано"}`, 401, 200, 409},
		{"GET", "/api/cards", "", 401, 200, 200},
		{"GET", "/api/cards/{number}", "", 401, 200, 200},
		{"PUT", "/api/cards/{number}", `{"essence":"а","answer":"б","services":[],"result":"","kind":"","version":1}`, 401, 200, 200},
		{"GET", "/api/services", "", 401, 200, 200},
		{"GET", "/api/services/{service}", "", 401, 200, 200},
		{"GET", "/api/desk", "", 401, 200, 200},
		{"GET", "/api/desk/today", "", 401, 200, 200},
		{"POST", "/api/desk/status", `{"status":"break","reason":"обід"}`, 401, 200, 403},
		{"POST", "/api/desk/device", `{"device":"phone"}`, 401, 200, 200},
		{"POST", "/api/desk/answer", "", 401, 200, 200},
		{"POST", "/api/desk/refuse", "", 401, 200, 200},
		{"POST", "/api/desk/hangup", "", 401, 200, 200},
		{"POST", "/api/desk/hold", `{"on":true}`, 401, 200, 200},
		{"POST", "/api/desk/mute", `{"on":false}`, 401, 200, 200},
		{"POST", "/api/desk/digits", `{"keys":"12#"}`, 401, 200, 200},
		{"POST", "/api/desk/wrapup-done", "", 401, 200, 200},
		{"GET", "/api/desk/targets", "", 401, 200, 200},
		{"POST", "/api/desk/transfer", `{"kind":"agent","id":"petro"}`, 401, 200, 200},
		{"POST", "/api/desk/consult", `{"kind":"department","id":"+380441234567"}`, 401, 200, 200},
		{"POST", "/api/desk/complete", "", 401, 200, 200},
		{"POST", "/api/desk/return", "", 401, 200, 200},
		{"POST", "/api/desk/conference", "", 401, 200, 200},
		{"POST", "/api/desk/park", "", 401, 200, 200},
		{"POST", "/api/desk/take", `{"slot":1}`, 401, 200, 403},
		{"POST", "/api/desk/move", `{"device":"phone"}`, 401, 200, 200},
		{"GET", "/api/trunks", "", 401, 403, 200},
		{"POST", "/api/trunks", trunkForm, 401, 403, 200},
		{"PUT", "/api/trunks/{name}", trunkForm, 401, 403, 409}, // its version is not the one that is kept
		{"GET", "/api/trunks/{name}/health", "", 401, 403, 200},
		{"POST", "/api/trunks/{name}/try", "", 401, 403, 200},
		{"POST", "/api/trunks/{name}/inspect", "", 401, 403, 200},
		{"GET", "/api/trunks/{name}/inspect", "", 401, 403, 200},
		{"POST", "/api/trunks/{name}/learn", `{"what":"called","header":"To"}`, 401, 403, 200},
		{"DELETE", "/api/trunks/{name}/learn", "", 401, 403, 200},
		{"DELETE", "/api/trunks/{name}", "", 401, 403, 204},
		{"GET", "/api/outgoing", "", 401, 403, 200},
		{"POST", "/api/outgoing/allowed", `{"number":"044 200 00 01","title":"Соцзахист"}`, 401, 403, 200},
		{"DELETE", "/api/outgoing/allowed/{number}", "", 401, 403, 404},
		{"POST", "/api/desk/recording", `{"on":false}`, 401, 200, 200},
		{"GET", "/api/recordings/{recording}/sound", "", 401, 200, 200},
		{"GET", "/api/recordings/{recording}/file", "", 401, 403, 200},
		{"POST", "/api/recordings/{recording}/delete", `{"reason":"заява"}`, 401, 403, 204},
		{"GET", "/api/board", "", 401, 403, 200},
		{"POST", "/api/board/supervise", `{"call":"talk-1","mode":"listen","device":"browser"}`, 401, 403, 200},
		{"POST", "/api/board/supervise", `{"call":"talk-1","mode":"whisper","device":"phone"}`, 401, 403, 200},
		{"POST", "/api/board/supervise", `{"call":"talk-1","mode":"barge","device":"browser"}`, 401, 403, 200},
		{"POST", "/api/board/leave", "", 401, 403, 200},
		{"GET", "/api/live", "", 401, 426, 426},
		{"GET", "/api/phone", "", 401, 200, 200},
		{"GET", "/api/citizen", "", 200, 200, 200},
		{"GET", "/api/openapi.json", "", 200, 200, 200},
		{"GET", "/api/nowhere", "", 401, 404, 404},
		{"GET", "/healthz", "", 200, 200, 200},
		{"GET", "/ca.crt", "", 200, 200, 200},
		{"GET", "/ca", "", 200, 200, 200},
		{"GET", "/", "", 200, 200, 200},
		{"GET", "/call", "", 200, 200, 200},
		{"GET", "/calls/anything", "", 200, 200, 200},
		{"GET", "/assets/app-Ab12Cd.js", "", 200, 200, 200},
		{"GET", "/assets/gone.js", "", 404, 404, 404},
		{"DELETE", "/api/session", "", 204, 204, 204},
	}
}

const trunkForm = `{"title":"Лінія","template":"static","enabled":true,"register":false,"server":"192.0.2.1","proxy":"","transport":"udp","login":"",
	"auth_login":"","realm":"","password":"Tayemnytsia-1","expires_s":120,"peers":[],"channels":0,"keepalive_s":30,"codecs":["PCMA"],"dtmf":["rfc4733"],
	"session_timers":true,"caller_id":"","format":"380","in":[{"cut":"9","add":""},{"cut":"","add":""}],"out":[],"version":0}`

func TestEveryEndpointBothWays(t *testing.T) {
	r := newRig(t, nil)
	id, number := r.happened(time.Now().Add(-time.Minute))
	recording := r.recorded(id, call.RecordingStarted, call.RecordingStopped)
	fill := strings.NewReplacer("{recording}", recording, "{id}", string(id), "{number}", number, "{service}", "passport-foreign", "{name}", "static")
	for _, e := range endpoints() {
		if got, _, b := r.as("", e.method, fill.Replace(e.path), e.in); got != e.nobody {
			t.Errorf("nobody: %s %s: %d, want %d: %.200s", e.method, e.path, got, e.nobody, b)
		}
	}
	for _, e := range endpoints() { // the operator first: what is taken cannot be taken again
		if got, _, b := r.as("olena", e.method, fill.Replace(e.path), e.in); got != e.operator {
			t.Errorf("operator: %s %s: %d, want %d: %.200s", e.method, e.path, got, e.operator, b)
		}
		if got, _, b := r.as("kerivnyk", e.method, fill.Replace(e.path), e.in); got != e.head {
			t.Errorf("head: %s %s: %d, want %d: %.200s", e.method, e.path, got, e.head, b)
		}
	}
	for _, want := range []string{"olena status break обід", "olena device phone", "olena answer", "olena refuse", "olena hangup",
		"olena hold", "olena unmute", "olena digits 12#", "olena wrapup-done", "messages",
		"olena transfer agent petro", "olena consult department +380441234567", "olena complete", "olena return", "olena conference", "olena park",
		"olena take 1", "olena move phone",
		"olena pause", "kerivnyk listen talk-1 browser", "kerivnyk whisper talk-1 phone", "kerivnyk barge talk-1 browser", "kerivnyk leaves"} {
		if !slices.Contains(r.desk.did, want) {
			t.Errorf("the desk was not told: %s", want)
		}
	}
}

// TestTableIsWhole: no operation is missing in the table above.
func TestTableIsWhole(t *testing.T) {
	for path, item := range New(Options{}).api.OpenAPI().Paths {
		for method, op := range map[string]*huma.Operation{"GET": item.Get, "POST": item.Post, "PUT": item.Put, "DELETE": item.Delete, "PATCH": item.Patch} {
			if op == nil {
				continue
			}
			found := slices.ContainsFunc(endpoints(), func(e endpoint) bool {
				return e.method == method && strings.NewReplacer("{service}", "{id}", "{recording}", "{id}").Replace(e.path) == path
			})
			if !found {
				t.Errorf("%s %s is not in the table of endpoints", method, path)
			}
		}
	}
}

func TestSignIn(t *testing.T) {
	r := newRig(t, nil)
	status, h, b := r.as("", "POST", "/api/session", `{"login":"olena","password":"правильний"}`)
	cookie := h.Get("Set-Cookie")
	if status != 200 || !strings.Contains(b, `"role":"operator"`) {
		t.Errorf("%d %s", status, b)
	}
	for _, want := range []string{cookieName + "=token-olena", "HttpOnly", "SameSite=Lax", "Path=/"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("cookie %q lacks %s", cookie, want)
		}
	}
	if strings.Contains(cookie, "Secure") {
		t.Error("a Secure cookie over plain http on loopback would not come back")
	}
	if c := cookieOf(context.WithValue(context.Background(), keySecure, true)); !c.Secure || c.Name != "__Host-"+cookieName || c.Path != "/" || c.Domain != "" {
		t.Errorf("over https: %+v", c)
	}
	if !r.noted("olena", "sign_in", "", "") {
		t.Error("sign-in not noted")
	}
	status, h, b = r.as("", "POST", "/api/session", `{"login":"olena","password":"інший"}`)
	if status != 403 || h.Get("Set-Cookie") != "" || !strings.Contains(b, "Неправильне ім'я або пароль.") {
		t.Errorf("wrong password: %d %s", status, b)
	}
	if status, h, _ = r.as("olena", "DELETE", "/api/session", ""); status != 204 || !strings.Contains(h.Get("Set-Cookie"), "1970") {
		t.Errorf("sign-out: %d %q", status, h.Get("Set-Cookie"))
	}
	if !slices.Contains(r.desk.did, "olena status offline ") {
		t.Errorf("gone home and still on the line: %v", r.desk.did)
	}
	if status, _, _ = r.as("olena", "GET", "/api/session", ""); status != 401 {
		t.Errorf("after sign-out: %d", status)
	}
}

func cookieOf(ctx context.Context) http.Cookie { return cookie(ctx, "x", time.Now()) }

func TestAnotherSite(t *testing.T) {
	r := newRig(t, nil)
	status, _, b := r.as("olena", "POST", "/api/desk/hangup", "", "Sec-Fetch-Site", "cross-site")
	if status != 403 || len(r.desk.did) != 0 || !strings.Contains(b, "іншого сайту") {
		t.Errorf("%d %s", status, b)
	}
	if status, _, _ = r.as("olena", "POST", "/api/desk/hangup", "", "Origin", "https://evil.example"); status != 403 {
		t.Errorf("by Origin: %d", status)
	}
	if status, _, _ = r.as("olena", "POST", "/api/desk/hangup", "", "Sec-Fetch-Site", "same-origin"); status != 200 {
		t.Errorf("our own page: %d", status)
	}
}

func TestHeaders(t *testing.T) {
	r := newRig(t, nil)
	for _, path := range []string{"/", "/api/status", "/healthz"} {
		_, h, _ := r.as("", "GET", path, "")
		if !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", path, h)
		}
	}
	if strings.Contains(policy, "script-src 'self' ") || strings.Contains(policy, "unsafe-eval") {
		t.Error("scripts of others are allowed")
	}
	if _, h, _ := r.as("olena", "GET", "/api/calls", ""); h.Get("Cache-Control") != "no-store" {
		t.Error("personal data may be kept in a cache")
	}
}

func TestFaultsBecomeAnswers(t *testing.T) {
	r := newRig(t, nil)
	for kind, want := range map[fault.Kind]int{fault.NotFound: 404, fault.Invalid: 422, fault.Conflict: 409, fault.Denied: 403, fault.Busy: 429} {
		r.desk.fail = fault.Wrap(kind, "Речення для людини.", errors.New("таємна подробиця"))
		status, h, b := r.as("olena", "POST", "/api/desk/answer", "")
		if status != want || !strings.Contains(b, "Речення для людини.") || !strings.Contains(b, string(kind)) || strings.Contains(b, "подробиця") {
			t.Errorf("%s: %d %s", kind, status, b)
		}
		if h.Get("Content-Type") != "application/problem+json" {
			t.Errorf("content type %q", h.Get("Content-Type"))
		}
	}
	if r.logged.Len() > 0 {
		t.Errorf("what a person can mend was logged: %s", r.logged)
	}
	r.desk.fail = errors.New("таємна подробиця")
	status, _, b := r.as("olena", "POST", "/api/desk/answer", "")
	if status != 500 || strings.Contains(b, "подробиця") || !strings.Contains(b, "технічна помилка") || !strings.Contains(r.logged.String(), "подробиця") {
		t.Errorf("%d %s, log %s", status, b, r.logged)
	}
}

func TestValidationIsUkrainian(t *testing.T) {
	r := newRig(t, nil)
	for _, c := range []struct{ path, in, want string }{
		{"/api/desk/status", `{"status":"asleep"}`, "status"},
		{"/api/desk/status", `{`, "Дані заповнено неправильно"},
		{"/api/desk/digits", `{"keys":"abc"}`, "keys"},
		{"/api/desk/transfer", `{"kind":"moon","id":"1"}`, "kind"},
		{"/api/desk/consult", `{"kind":"agent","id":""}`, "id"},
		{"/api/desk/take", `{"slot":0}`, "slot"},
		{"/api/desk/move", `{"device":"both"}`, "device"},
	} {
		status, _, b := r.as("olena", "POST", c.path, c.in)
		if status/100 != 4 || !strings.Contains(b, c.want) || !strings.Contains(b, "Перевірте") || strings.Contains(b, "expected") {
			t.Errorf("%s %s: %d %s", c.path, c.in, status, b)
		}
	}
}

func TestPanicOfOneRequest(t *testing.T) {
	r := newRig(t, nil)
	if status, _, b := r.as("olena", "GET", "/api/services/panic", ""); status != 500 || !strings.Contains(b, "технічна помилка") {
		t.Errorf("%d %s", status, b)
	}
	if status, _, _ := r.as("olena", "GET", "/api/services", ""); status != 200 {
		t.Errorf("the next request: %d", status)
	}
}

func TestStoryOfACall(t *testing.T) {
	r := newRig(t, nil)
	id, number := r.happened(time.Now().Add(-time.Minute))
	st := read[CallStory](r, "olena", "/api/calls/"+string(id))
	if st.Record.From != "+380671234567" || st.Record.FromDisplay != "067 123 45 67" || st.Record.AgentName != "Олена Вигадана" {
		t.Errorf("record %+v", st.Record)
	}
	if st.Message == nil || st.Message.Number != number || st.Survey == nil || st.Survey.ScoreText != "чудово" || st.Card == nil {
		t.Errorf("message %v, survey %v, card %v", st.Message, st.Survey, st.Card)
	}
	var texts []string
	for _, f := range st.Facts {
		texts = append(texts, f.Text)
	}
	for _, want := range []string{"Натиснуто 3 у меню «Документи».", "Прозвучало: послуга «Закордонний паспорт», документи (70 %).",
		"З'єднано: Олена Вигадана. Очікування в черзі 5 с.", "Оцінка розмови: чудово.", "Дзвінок завершено громадянином."} {
		if !slices.Contains(texts, want) {
			t.Errorf("no line %q in %q", want, texts)
		}
	}
	if !r.noted("olena", "view", "call", string(id)) {
		t.Error("the view was not noted")
	}
	if status, _, b := r.as("olena", "GET", "/api/calls/none", ""); status != 404 || !strings.Contains(b, "немає") {
		t.Errorf("%d %s", status, b)
	}
}

func TestNumbersAreMinimal(t *testing.T) {
	sh := &shower{me: "petro"}
	if raw, shown := sh.number("+380671234567", false); raw != "" || strings.Contains(shown, "123") {
		t.Errorf("a stranger's number in full: %q %q", raw, shown)
	}
	if raw, shown := sh.number("+380671234567", true); raw == "" || shown != "067 123 45 67" {
		t.Errorf("an own caller's number: %q %q", raw, shown)
	}
	sh.head = true
	if raw, _ := sh.number("+380671234567", false); raw == "" {
		t.Error("the head sees no number")
	}
	if raw, shown := sh.number("", true); raw != "" || shown != "номер приховано" {
		t.Errorf("hidden: %q %q", raw, shown)
	}
}

func TestListsAndTotals(t *testing.T) {
	r := newRig(t, nil)
	now := time.Now()
	r.happened(now.Add(-2 * time.Minute))
	second, _ := r.happened(now.Add(-time.Minute))
	page := read[Calls](r, "kerivnyk", "/api/calls?limit=1&month="+r.server.month(""))
	if len(page.Calls) != 1 || page.Calls[0].Call != string(second) || page.Next == "" || page.Calls[0].ServiceNames[0] != "Закордонний паспорт" {
		t.Fatalf("%+v", page)
	}
	if rest := read[Calls](r, "kerivnyk", "/api/calls?before="+page.Next); len(rest.Calls) != 1 || rest.Next != "" {
		t.Errorf("second page %+v", rest)
	}
	if own := read[Calls](r, "petro", "/api/desk/today"); len(own.Calls) != 0 {
		t.Error("another's calls among my own")
	}
	tot := read[Totals](r, "olena", "/api/totals")
	sum := 0
	for _, c := range tot.Outcomes {
		sum += c.Count
		if c.Text == "" || c.Text == c.Outcome {
			t.Errorf("outcome %s has no words", c.Outcome)
		}
	}
	if tot.Calls != 2 || sum != tot.Calls+tot.Tests || tot.Answered != 2 || tot.ServiceLevel == nil || *tot.ServiceLevel != 1 {
		t.Errorf("%+v", tot)
	}
	if tot.Satisfaction.Published || tot.Satisfaction.Excellent != 0 || tot.Satisfaction.Answers != 2 {
		t.Errorf("satisfaction of two answers was published: %+v", tot.Satisfaction)
	}
	if status, _, _ := r.as("olena", "GET", "/api/calls?day=2026-13-45", ""); status != 422 {
		t.Errorf("no such day: %d", status)
	}
}

func TestCSV(t *testing.T) {
	r := newRig(t, nil)
	r.happened(time.Now())
	status, h, b := r.as("kerivnyk", "GET", "/api/calls.csv", "")
	if status != 200 || !strings.HasPrefix(h.Get("Content-Type"), "text/csv") || !strings.Contains(h.Get("Content-Disposition"), ".csv") {
		t.Fatalf("%d %v", status, h)
	}
	c := csv.NewReader(strings.NewReader(strings.TrimPrefix(b, "\ufeff")))
	c.Comma = ';'
	rows, err := c.ReadAll()
	if err != nil || len(rows) != 2 || rows[0][4] != "Номер" {
		t.Fatalf("%v %v", rows, err)
	}
	for _, cell := range rows[1] {
		if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
			t.Errorf("a cell may become a formula: %q", cell)
		}
	}
	if !r.noted("kerivnyk", "export", "journal", r.server.month("")) {
		t.Error("the export was not noted")
	}
}

func TestSoundOfAMessage(t *testing.T) {
	r := newRig(t, nil)
	_, number := r.happened(time.Now())
	status, h, b := r.as("petro", "GET", "/api/messages/"+number+"/sound", "", "Range", "bytes=0-11")
	if status != 206 || h.Get("Content-Type") != "audio/wav" || !strings.HasPrefix(b, "RIFF") || len(b) != 12 {
		t.Errorf("%d %v %q", status, h, b)
	}
	if !r.noted("petro", "listen", "message", number) {
		t.Error("listening was not noted")
	}
	for _, name := range []string{"../secret", "/etc/passwd", "messages/../../x", "", "messages/gone.wav"} {
		if _, err := r.server.sound(name); err == nil {
			t.Errorf("%q was served", name)
		}
	}
	bare, err := asWAV([]byte{0xd5, 0x55, 0x2a})
	if err != nil {
		t.Fatal(err)
	}
	if back, err := media.ReadWAV(strings.NewReader(string(bare))); err != nil || len(back) != 3 {
		t.Errorf("bare A-law: %v %v", back, err)
	}
}

func TestCardOfTwoHands(t *testing.T) {
	r := newRig(t, nil)
	_, number := r.happened(time.Now())
	put := func(login, essence string, version int) (int, string) {
		status, _, b := r.as(login, "PUT", "/api/cards/"+number, fmt.Sprintf(`{"essence":%q,"answer":"","services":[],"result":"","kind":"","version":%d}`, essence, version))
		return status, b
	}
	if status, b := put("olena", "Питав про паспорт", 1); status != 200 || !strings.Contains(b, `"version":2`) {
		t.Fatalf("%d %s", status, b)
	}
	if status, b := put("petro", "Інше", 1); status != 409 {
		t.Errorf("an old version was saved: %d %s", status, b)
	}
	if c := read[Card](r, "petro", "/api/cards/"+number); c.Essence != "Питав про паспорт" || c.Services == nil {
		t.Errorf("%+v", c)
	}
	if !r.noted("olena", "change", "card", number) || !r.noted("petro", "view", "card", number) || r.noted("petro", "change", "card", number) {
		t.Error("the notes are wrong")
	}
}

func TestUnfinishedCards(t *testing.T) {
	r := newRig(t, nil)
	card, err := r.work.NewCard(context.Background(), casework.NewCard{Call: "t1", At: time.Now(), From: "+380671234567", Agent: "olena"})
	if err != nil {
		t.Fatal(err)
	}
	number := card.Number
	list := func(login string) []OpenCard { return read[[]OpenCard](r, login, "/api/cards") }
	if l := list("olena"); len(l) != 1 || l[0].Number != number || l[0].FromDisplay != "067 123 45 67" {
		t.Fatalf("%+v", l)
	}
	if l := list("petro"); l == nil || len(l) != 0 {
		t.Errorf("another's cards: %+v", l)
	}
	r.as("olena", "PUT", "/api/cards/"+number, `{"essence":"а","answer":"б","services":[],"result":"answered","kind":"inquiry","version":1}`)
	if l := list("olena"); len(l) != 0 {
		t.Errorf("finished and still there: %+v", l)
	}
}

// noAudit cannot write.
type noAudit struct{}

func (noAudit) Note(context.Context, audit.Entry) error { return errors.New("disk full") }

func TestNoViewWithoutANote(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Audit = noAudit{} })
	id, number := r.happened(time.Now())
	for _, path := range []string{"/api/calls/" + string(id), "/api/cards/" + number, "/api/messages/" + number + "/sound", "/api/calls.csv"} {
		if status, _, b := r.as("kerivnyk", "GET", path, ""); status != 500 || strings.Contains(b, "067") {
			t.Errorf("%s: %d %.80s", path, status, b)
		}
	}
	if status, _, _ := r.as("", "POST", "/api/session", `{"login":"olena","password":"правильний"}`); status != 200 {
		t.Error("nobody can sign in when the audit is away")
	}
}

func TestStatusInsideAndOut(t *testing.T) {
	r := newRig(t, nil)
	r.centre.troubles = []Trouble{{What: "Голос", Text: "не говорить.", Todo: "Встановіть."}}
	if st := read[Status](r, "", "/api/status"); st.Inside != nil || st.Name != "Центр" || !st.LocalCA {
		t.Errorf("outside: %+v", st)
	}
	if st := read[Status](r, "olena", "/api/status"); st.Inside == nil || st.Inside.Calls != 3 || st.Inside.SIPPort != 5060 || st.Inside.Agents == nil || len(st.Inside.Troubles) != 1 {
		t.Errorf("inside: %+v", st.Inside)
	}
}

func TestHealth(t *testing.T) {
	r := newRig(t, nil)
	r.centre.troubles = []Trouble{{What: "Голос", Text: "не говорить."}}
	if status, _, b := r.as("", "GET", "/healthz", ""); status != 200 || !strings.Contains(b, `"ok":true`) {
		t.Errorf("a warning: %d %s", status, b)
	}
	r.centre.troubles = append(r.centre.troubles, Trouble{What: "База", Text: "пошкоджена.", Todo: "Відновіть із копії.", Fatal: true})
	if status, _, b := r.as("", "GET", "/healthz", ""); status != 503 || !strings.Contains(b, "База: пошкоджена. Відновіть із копії.") {
		t.Errorf("%d %s", status, b)
	}
}

func TestStatic(t *testing.T) {
	r := newRig(t, nil)
	_, h, b := r.as("", "GET", "/assets/app-Ab12Cd.js", "", "Accept-Encoding", "gzip")
	if h.Get("Content-Encoding") != "gzip" || !strings.Contains(h.Get("Cache-Control"), "immutable") || len(b) > 1000 || h.Get("Content-Type") != "text/javascript; charset=utf-8" {
		t.Errorf("%v, %d bytes", h, len(b))
	}
	_, h, b = r.as("", "GET", "/assets/app-Ab12Cd.js", "", "Accept-Encoding", "identity")
	if h.Get("Content-Encoding") != "" || len(b) != 10000 {
		t.Errorf("without gzip: %v, %d bytes", h, len(b))
	}
	status, _, _ := r.as("", "GET", "/assets/app-Ab12Cd.js", "", "If-None-Match", h.Get("ETag"))
	if status != http.StatusNotModified {
		t.Errorf("the same again: %d", status)
	}
	if _, h, b = r.as("", "GET", "/messages", ""); h.Get("Cache-Control") != "no-cache" || !strings.Contains(b, "Довідка") {
		t.Errorf("a page of the app: %v", h)
	}
	for _, path := range []string{"/assets/../../go.mod", "/go.mod", "/.git.config"} {
		if status, _, _ := r.as("", "GET", path, ""); status == 200 {
			t.Errorf("%s was served", path)
		}
	}
	if status, _, _ := r.as("", "POST", "/call", ""); status != http.StatusMethodNotAllowed {
		t.Errorf("POST to a page: %d", status)
	}
}

func TestCertificatePages(t *testing.T) {
	r := newRig(t, nil)
	if _, h, b := r.as("", "GET", "/ca", ""); !strings.Contains(strings.ToLower(b), "мікрофон працює лише через https") || strings.Contains(b, "<script") || h.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("%v", h)
	}
	if _, h, b := r.as("", "GET", "/ca.crt", ""); b != "PEM" || h.Get("Content-Type") != "application/x-x509-ca-cert" {
		t.Errorf("%v", h)
	}
	r = newRig(t, func(o *Options) { o.CACert = nil })
	if status, _, _ := r.as("", "GET", "/ca.crt", ""); status != 404 {
		t.Errorf("no own CA: %d", status)
	}
}

func (r *rig) dial(path string, header http.Header) (*websocket.Conn, *http.Response, error) {
	conn, res, err := websocket.Dial(context.Background(), "ws"+strings.TrimPrefix(r.url, "http")+path, &websocket.DialOptions{HTTPHeader: header})
	if err == nil {
		r.t.Cleanup(func() { _ = conn.CloseNow() })
	}
	return conn, res, err
}

func TestLive(t *testing.T) {
	r := newRig(t, nil)
	cookie := http.Header{"Cookie": {cookieName + "=token-olena"}}
	if _, res, err := r.dial("/api/live", http.Header{"Cookie": cookie["Cookie"], "Origin": {"https://evil.example"}}); err == nil || res.StatusCode != 403 {
		t.Errorf("another site's page: %v", err)
	}
	r.server.repeat = 30 * time.Millisecond
	conn, _, err := r.dial("/api/live", cookie)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var v AgentView
	if err := wsjson.Read(ctx, conn, &v); err != nil || v.Me.Login != "olena" || v.Me.Status != "offline" || v.Strips == nil || v.Talk.Path == nil {
		t.Fatalf("first view: %v %+v", err, v)
	}
	if status, _, _ := r.as("olena", "POST", "/api/desk/status", `{"status":"ready"}`); status != 200 {
		t.Fatal(status)
	}
	for v.Me.Status != "ready" {
		if err := wsjson.Read(ctx, conn, &v); err != nil {
			t.Fatal(err)
		}
	}
	_, _, _ = r.as("olena", "DELETE", "/api/session", "")
	for err == nil {
		err = wsjson.Read(ctx, conn, &v)
	}
	if websocket.CloseStatus(err) != closeNoSession {
		t.Errorf("after sign-out: %v", err)
	}
}

func TestTelephoneEndsWithTheSession(t *testing.T) {
	began := make(chan struct{}, 1)
	r := newRig(t, func(o *Options) { o.Phones = phones{began} })
	r.server.repeat = 20 * time.Millisecond
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.as("olena", "GET", "/api/phone", "", "X-Wait", "1")
	}()
	<-began
	if err := r.people.SignOut(context.Background(), "token-olena"); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		t.Fatal("who has signed out still has a telephone")
	}
}

func TestFewAnswersAreKeptBack(t *testing.T) {
	in := journal.Satisfaction{N: 4, Counts: [4]int{1, 0, 0, 3}, Good: journal.Share{Part: 3, Whole: 4}, Solved: map[string]int{"yes": 4}}
	if out := satisfaction(in); out.Answers != 4 || out.Excellent != 0 || out.Terrible != 0 || out.Rate != nil || out.SolvedYes != 0 {
		t.Errorf("%+v", out)
	}
	in.Published = true
	if out := satisfaction(in); out.Excellent != 3 || out.Terrible != 1 || *out.Rate != 0.75 || out.SolvedYes != 4 {
		t.Errorf("%+v", out)
	}
}
