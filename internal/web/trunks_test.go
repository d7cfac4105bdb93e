package web

import (
	"context"
	"slices"
	"strings"
	"testing"

	"dovidka/internal/audit"
)

func TestTrunkFormByTheHead(t *testing.T) {
	r := newRig(t, nil)
	status, _, b := r.as("kerivnyk", "POST", "/api/trunks", trunkForm)
	if status != 200 || strings.Contains(b, "Tayemnytsia") || !strings.Contains(b, `"has_password":true`) || !strings.Contains(b, `"in":[{"cut":"9","add":""}]`) {
		t.Fatalf("%d %s", status, b)
	}
	change := strings.Replace(strings.Replace(trunkForm, `"version":0`, `"version":1`, 1), `"password":"Tayemnytsia-1",`, "", 1)
	change = strings.Replace(change, `"channels":0`, `"channels":30`, 1)
	if status, _, b = r.as("kerivnyk", "PUT", "/api/trunks/static", change); status != 200 || !strings.Contains(b, `"has_password":true`) || !strings.Contains(b, `"channels":30`) {
		t.Fatalf("%d %s", status, b)
	}
	if status, _, b = r.as("kerivnyk", "PUT", "/api/trunks/static", change); status != 409 {
		t.Errorf("an old version was saved: %d %s", status, b)
	}
	if status, _, b = r.as("kerivnyk", "POST", "/api/trunks", strings.Replace(trunkForm, "192.0.2.1", "", 1)); status != 422 || !strings.Contains(b, "IP-адресу") {
		t.Errorf("%d %s", status, b)
	}
	if status, _, b = r.as("kerivnyk", "POST", "/api/trunks/static/learn", `{"what":"called","header":"Diversion"}`); status != 409 {
		t.Errorf("a header that the call did not have was learned: %d %s", status, b)
	}
	if status, _, b = r.as("kerivnyk", "POST", "/api/trunks/static/learn", `{"what":"called","header":"To"}`); status != 200 ||
		!strings.Contains(b, `"called":"To"`) || !strings.Contains(b, `"+380800353608"`) {
		t.Errorf("%d %s", status, b)
	}
	notes, err := r.audit.List(context.Background(), audit.Filter{What: "trunk"})
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, n := range notes {
		said = append(said, n.Act+": "+n.Note)
		if strings.Contains(n.Note, "Tayemnytsia") {
			t.Error("a password stands in the audit")
		}
	}
	if !slices.Contains(said, "change: channels") || !slices.Contains(said, "learn: called To") || !strings.Contains(strings.Join(said, "|"), "password") {
		t.Errorf("%q", said)
	}
	if !slices.Contains(r.desk.did, "apply") {
		t.Error("what was saved is not in force")
	}
}

func TestAllowedNumbers(t *testing.T) {
	r := newRig(t, nil)
	status, _, b := r.as("kerivnyk", "POST", "/api/outgoing/allowed", `{"number":"(044) 200-00-01","title":" Соцзахист "}`)
	if status != 200 || !strings.Contains(b, `"number":"+380442000001"`) || !strings.Contains(b, `"title":"Соцзахист"`) {
		t.Fatalf("%d %s", status, b)
	}
	for _, bad := range []string{"112", "0900123456", "+48221234567", "нуль"} {
		if status, _, b := r.as("kerivnyk", "POST", "/api/outgoing/allowed", `{"number":"`+bad+`","title":"x"}`); status != 422 {
			t.Errorf("%s: %d %s", bad, status, b)
		}
	}
	if status, _, b = r.as("kerivnyk", "DELETE", "/api/outgoing/allowed/%2B380442000001", ""); status != 200 || strings.Contains(b, "380442000001") {
		t.Errorf("%d %s", status, b)
	}
	if !r.noted("kerivnyk", "allow", "number", "+380442000001") || !r.noted("kerivnyk", "disallow", "number", "+380442000001") {
		t.Error("not in the audit")
	}
}
