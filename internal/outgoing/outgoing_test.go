package outgoing

import (
	"testing"
	"time"

	"dovidka/internal/call"

	"pgregory.net/rapid"
)

const (
	citizen    = call.Number("+380671234567")
	department = call.Number("+380442000001")
)

func policy(listed ...call.Number) Policy {
	return Policy{Account: 3, Number: 2, House: 5, Listed: func(n call.Number) bool {
		for _, l := range listed {
			if l == n {
				return true
			}
		}
		return false
	}}
}

func TestJudge(t *testing.T) {
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	every := policy(department, "1545", "+48221234567", "+380900123456", "112", "+380703123456", "olena")
	for name, c := range map[string]struct {
		ask   Ask
		want  string
		alarm bool
	}{
		"a department":                          {Ask{department, Transfer, "olena", "c", false}, "", false},
		"a listed short code":                   {Ask{"1545", Transfer, "olena", "c", false}, "", false},
		"the caller of the message":             {Ask{citizen, Callback, "olena", "c", true}, "", false},
		"the caller of the card":                {Ask{citizen, Card, "olena", "c", true}, "", false},
		"somebody else's number as a callback":  {Ask{citizen, Callback, "olena", "c", false}, NotListed, false},
		"a transfer to the caller's own number": {Ask{citizen, Transfer, "olena", "c", true}, NotListed, false},
		"a free desk call":                      {Ask{citizen, Desk, "olena", "", false}, NotListed, false},
		"a desk call to a department":           {Ask{department, Desk, "olena", "", false}, "", false},
		"abroad, though listed":                 {Ask{"+48221234567", Transfer, "olena", "c", false}, Foreign, true},
		"abroad, though it called us":           {Ask{"+48221234567", Callback, "olena", "c", true}, Foreign, true},
		"premium, though listed":                {Ask{"+380900123456", Transfer, "olena", "c", false}, Premium, true},
		"premium that called us":                {Ask{"+380703123456", Callback, "olena", "c", true}, Premium, true},
		"a short code that called us":           {Ask{"1580", Callback, "olena", "c", true}, NotListed, false},
		"112 for the queue":                     {Ask{"112", Transfer, "olena", "c", false}, Emergency, false},
		"103 as a callback":                     {Ask{"103", Callback, "olena", "c", true}, Emergency, false},
		"103 by hand":                           {Ask{"103", Desk, "olena", "", false}, "", false},
		"no reason":                             {Ask{department, "", "olena", "c", false}, NoReason, true},
		"no author":                             {Ask{department, Transfer, "", "c", false}, NoAuthor, true},
		"no call":                               {Ask{department, Transfer, "olena", "", false}, NoReason, false},
		"a name":                                {Ask{"olena", Transfer, "olena", "c", false}, NoNumber, false},
		"nobody":                                {Ask{"", Transfer, "olena", "c", false}, NoNumber, false},
	} {
		v := Judge(every, nil, now, c.ask)
		if v.Refused != c.want || v.Alarm != c.alarm || (v.Say == "") != (c.want == "") {
			t.Errorf("%s: %+v, want %q alarm %v", name, v, c.want, c.alarm)
		}
	}
}

func TestLimits(t *testing.T) {
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	ago := func(m int, to call.Number, by string) Past {
		return Past{now.Add(-time.Duration(m) * time.Minute), to, by}
	}
	p := policy(department, "1545", "1580")
	ask := Ask{department, Transfer, "olena", "c", false}
	for name, c := range map[string]struct {
		past []Past
		want string
	}{
		"room left":              {[]Past{ago(1, "1545", "olena"), ago(2, "1580", "olena")}, ""},
		"the account":            {[]Past{ago(1, "1545", "olena"), ago(2, "1580", "olena"), ago(59, "1545", "olena")}, Limit},
		"an hour later":          {[]Past{ago(1, "1545", "olena"), ago(2, "1580", "olena"), ago(60, "1545", "olena")}, ""},
		"the number":             {[]Past{ago(1, department, "petro"), ago(2, department, "ivan")}, Limit},
		"the house":              {[]Past{ago(1, "1", "a"), ago(1, "2", "b"), ago(1, "3", "c"), ago(1, "4", "d"), ago(1, "5", "e")}, Limit},
		"calls for help":         {[]Past{ago(1, "103", "olena"), ago(2, "112", "olena"), ago(3, "112", "olena")}, ""},
		"a clock that went back": {[]Past{ago(-5, "1545", "olena"), ago(-5, "1580", "olena"), ago(-5, "1545", "olena")}, ""},
	} {
		v := Judge(p, c.past, now, ask)
		if v.Refused != c.want || v.Alarm != (c.want == Limit) {
			t.Errorf("%s: %+v", name, v)
		}
	}
	if v := Judge(p, []Past{ago(1, "1", "olena"), ago(1, "2", "olena"), ago(1, "3", "olena")}, now, Ask{"103", Desk, "olena", "", false}); v.Refused != "" {
		t.Errorf("help must never be limited: %+v", v)
	}
}

// TestNobodyGetsOut throws anything at the judge: what it lets out is listed or tied, of this country, within the limits.
func TestNobodyGetsOut(t *testing.T) {
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	numbers := []call.Number{department, citizen, "1545", "112", "103", "+48221234567", "+380900123456", "+380703123456", "olena", "", "810482212345", "0"}
	rapid.Check(t, func(t *rapid.T) {
		listed := rapid.SliceOf(rapid.SampledFrom(numbers)).Draw(t, "listed")
		p := policy(listed...)
		a := Ask{To: rapid.SampledFrom(numbers).Draw(t, "to"), Reason: rapid.SampledFrom([]Reason{Transfer, Callback, Card, Desk, "", "x"}).Draw(t, "reason"),
			Author: rapid.SampledFrom([]string{"olena", "petro", ""}).Draw(t, "author"), Call: rapid.SampledFrom([]call.ID{"", "c"}).Draw(t, "call"), Tied: rapid.Bool().Draw(t, "tied")}
		var past []Past
		for range 20 {
			if v := Judge(p, past, now, a); v.Refused != "" {
				if v.Say == "" {
					t.Fatalf("refused without a word: %+v", v)
				}
				return
			}
			c := a.To.Class()
			if c == call.ClassForeign || c == call.ClassPremium || c == call.ClassName || c == call.ClassHidden || a.Author == "" {
				t.Fatalf("%+v got out", a)
			}
			if c == call.ClassEmergency {
				if a.Reason != Desk {
					t.Fatalf("%+v got out", a)
				}
				return
			}
			if !p.Listed(a.To) && !(a.Tied && a.Call != "" && a.Reason != Transfer && a.Reason != Desk) {
				t.Fatalf("%+v got out", a)
			}
			past = append(past, Past{now, a.To, a.Author})
		}
		t.Fatal("no limit")
	})
}
