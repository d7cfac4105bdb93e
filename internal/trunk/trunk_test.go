package trunk_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/fault"
	"dovidka/internal/outgoing"
	"dovidka/internal/store"
	"dovidka/internal/store/storetest"
	"dovidka/internal/trunk"
)

var ctx = context.Background()

type clock struct{ at time.Time }

func each(t *testing.T, fn func(t *testing.T, k *trunk.Trunks, dir string, c *clock)) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		dir, c := filepath.Join(t.TempDir(), "trunks"), &clock{time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)}
		fn(t, trunk.New(db, dir, func() time.Time { return c.at }), dir, c)
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fresh is a trunk from a template, filled in as a person would.
func fresh(t *testing.T, id string) trunk.Trunk {
	t.Helper()
	for _, m := range trunk.Templates() {
		if m.ID == id {
			k := trunk.Trunk{Title: "Лінія " + m.Title, Template: id, Enabled: true, Settings: m.Settings}
			if slices.Contains(m.Ask, "server") {
				k.Server = "sip.carrier.example"
			}
			if slices.Contains(m.Ask, "login") {
				k.Login = "100200"
			}
			return k
		}
	}
	t.Fatalf("no template %s", id)
	return trunk.Trunk{}
}

func TestTemplatesAskOnlyWhatTheCarrierGave(t *testing.T) {
	each(t, func(t *testing.T, k *trunk.Trunks, _ string, _ *clock) {
		for _, m := range trunk.Templates() {
			saved, err := k.Save(ctx, fresh(t, m.ID), nil)
			must(t, err)
			if saved.Name != m.ID || saved.Version != 1 {
				t.Errorf("%+v", saved)
			}
		}
		second, err := k.Save(ctx, fresh(t, "binotel"), nil)
		must(t, err)
		if second.Name != "binotel-2" {
			t.Error(second.Name)
		}
	})
}

func TestSaveReadChangeDelete(t *testing.T) {
	each(t, func(t *testing.T, k *trunk.Trunks, dir string, _ *clock) {
		pass := "s3cret пароль"
		in := fresh(t, "register")
		in.Server, in.Peers = " sip:sip.carrier.example:5070/ ", []string{"203.0.113.7", "", " 2001:db8::/64 "}
		one, err := k.Save(ctx, in, &pass)
		must(t, err)
		if one.Server != "sip.carrier.example:5070" || !slices.Equal(one.Peers, []string{"203.0.113.7", "2001:db8::/64"}) || !one.HasPassword {
			t.Errorf("%+v", one)
		}
		if got, err := k.Password(one.Name); err != nil || got != pass {
			t.Errorf("%q %v", got, err)
		}
		st, err := os.Stat(filepath.Join(dir, "register.secret"))
		must(t, err)
		if st.Mode().Perm() != 0o600 {
			t.Error(st.Mode())
		}
		if strings.Contains(fmt.Sprintf("%+v", one), pass) {
			t.Error("the password is in what Get gives")
		}
		one.Title = "Інша назва"
		two, err := k.Save(ctx, one, nil)
		must(t, err)
		if two.Version != 2 || two.Title != "Інша назва" || !two.HasPassword {
			t.Errorf("%+v", two)
		}
		if _, err := k.Save(ctx, one, nil); !fault.Is(err, fault.Conflict) {
			t.Errorf("an old version was saved: %v", err)
		}
		must(t, k.Learn(ctx, "register", trunk.Called, trunk.To, "+380800353608", "kerivnyk"))
		must(t, k.Delete(ctx, "register"))
		if _, err := k.Get(ctx, "register"); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
		if _, err := os.Stat(filepath.Join(dir, "register.secret")); !os.IsNotExist(err) {
			t.Error("the password outlived its trunk")
		}
	})
}

func TestWhatCannotWorkIsRefusedInWords(t *testing.T) {
	each(t, func(t *testing.T, k *trunk.Trunks, _ string, _ *clock) {
		for name, spoil := range map[string]func(*trunk.Trunk){
			"no title":           func(k *trunk.Trunk) { k.Title = " " },
			"no server":          func(k *trunk.Trunk) { k.Server = "" },
			"no login":           func(k *trunk.Trunk) { k.Login = "" },
			"a login with @":     func(k *trunk.Trunk) { k.Login = "100@x" },
			"a server with path": func(k *trunk.Trunk) { k.Server = "https://sip.example" },
			"a port too high":    func(k *trunk.Trunk) { k.Server = "sip.example:70000" },
			"a peer":             func(k *trunk.Trunk) { k.Peers = []string{"carrier"} },
			"transport":          func(k *trunk.Trunk) { k.Transport = "sctp" },
			"expiry":             func(k *trunk.Trunk) { k.ExpiresS = 5 },
			"codec":              func(k *trunk.Trunk) { k.Codecs = []string{"G729"} },
			"no keys":            func(k *trunk.Trunk) { k.DTMF = nil },
			"codec twice":        func(k *trunk.Trunk) { k.Codecs = []string{"PCMA", "PCMA"} },
			"caller id":          func(k *trunk.Trunk) { k.CallerID = "112" },
			"format":             func(k *trunk.Trunk) { k.Format = "E164" },
			"prefix":             func(k *trunk.Trunk) { k.In = []trunk.Prefix{{Cut: "a"}} },
			"realm":              func(k *trunk.Trunk) { k.Realm = "a\"b" },
			"template":           func(k *trunk.Trunk) { k.Template = "x" },
			"name":               func(k *trunk.Trunk) { k.Name = "../x" },
		} {
			in := fresh(t, "register")
			spoil(&in)
			if _, err := k.Save(ctx, in, nil); !fault.Is(err, fault.Invalid) || fault.Say(err) == fault.Say(nil) {
				t.Errorf("%s: %v", name, err)
			}
		}
		bad := "a\nb"
		if _, err := k.Save(ctx, fresh(t, "register"), &bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("a password of two lines: %v", err)
		}
		if all, err := k.List(ctx); err != nil || len(all) > 0 {
			t.Errorf("something was kept: %v %v", all, err)
		}
	})
}

func TestRulesAreLearned(t *testing.T) {
	each(t, func(t *testing.T, k *trunk.Trunks, _ string, c *clock) {
		_, err := k.Save(ctx, fresh(t, "static"), nil)
		must(t, err)
		must(t, k.Learn(ctx, "static", trunk.Caller, trunk.PartyID, "+380671234567", "kerivnyk"))
		c.at = c.at.Add(time.Second)
		must(t, k.Learn(ctx, "static", trunk.Called, trunk.To, "+380800353608", "kerivnyk"))
		c.at = c.at.Add(time.Second)
		must(t, k.Learn(ctx, "static", trunk.Called, trunk.Diversion, "+380442000000", "kerivnyk"))
		got, err := k.Get(ctx, "static")
		must(t, err)
		want := trunk.Rules{Caller: trunk.PartyID, Called: trunk.Diversion, Numbers: []string{"+380800353608", "+380442000000"}}
		if fmt.Sprint(got.Rules) != fmt.Sprint(want) {
			t.Errorf("%+v", got.Rules)
		}
		must(t, k.Learn(ctx, "static", trunk.Caller, trunk.From, "", "kerivnyk"))
		if got, err = k.Get(ctx, "static"); err != nil || got.Rules.Caller != trunk.From {
			t.Errorf("the rule was not replaced: %+v %v", got.Rules, err)
		}
		for _, bad := range [][3]string{{"x", trunk.To, "1"}, {trunk.Called, "Subject", "1"}, {trunk.Called, trunk.To, ""}} {
			if err := k.Learn(ctx, "static", bad[0], bad[1], bad[2], "kerivnyk"); !fault.Is(err, fault.Invalid) {
				t.Errorf("%v: %v", bad, err)
			}
		}
		if err := k.Learn(ctx, "nobody", trunk.Caller, trunk.From, "", "kerivnyk"); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
		must(t, k.Forget(ctx, "static"))
		if got, err = k.Get(ctx, "static"); err != nil || got.Rules.Caller != "" || len(got.Rules.Numbers) > 0 {
			t.Errorf("%+v %v", got.Rules, err)
		}
	})
}

func TestDestinations(t *testing.T) {
	each(t, func(t *testing.T, k *trunk.Trunks, _ string, _ *clock) {
		must(t, k.Allow(ctx, trunk.Destination{Number: "+380442000001", Title: "Соцзахист", By: "kerivnyk"}))
		must(t, k.Allow(ctx, trunk.Destination{Number: "1545", Title: "Урядова лінія", By: "kerivnyk"}))
		must(t, k.Allow(ctx, trunk.Destination{Number: "+380442000001", Title: "Відділ соцзахисту", By: "kerivnyk"}))
		list, err := k.Destinations(ctx)
		must(t, err)
		if len(list) != 2 || list[0].Title != "Відділ соцзахисту" || list[0].By != "kerivnyk" {
			t.Errorf("%+v", list)
		}
		for _, n := range []call.Number{"", "olena", "112", "+380900123456", "+48221234567"} {
			if err := k.Allow(ctx, trunk.Destination{Number: n, Title: "x", By: "kerivnyk"}); !fault.Is(err, fault.Invalid) {
				t.Errorf("%q: %v", string(n), err)
			}
		}
		must(t, k.Disallow(ctx, "1545"))
		if err := k.Disallow(ctx, "1545"); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
	})
}

func TestJudgeCountsWhatIsWritten(t *testing.T) {
	each(t, func(t *testing.T, k *trunk.Trunks, _ string, c *clock) {
		must(t, k.Allow(ctx, trunk.Destination{Number: "+380442000001", Title: "Соцзахист", By: "kerivnyk"}))
		l := trunk.Limits{Account: 3, Number: 100, House: 100}
		ask := outgoing.Ask{To: "+380442000001", Reason: outgoing.Transfer, Author: "olena", Call: "c1"}
		var wg sync.WaitGroup
		var mu sync.Mutex
		out := 0
		for range 8 { // eight at once: three may go
			wg.Go(func() {
				_, v, err := k.Judge(ctx, ask, l)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
				} else if v.Refused == "" {
					out++
				}
			})
		}
		wg.Wait()
		if out != 3 {
			t.Errorf("%d calls were let out, the limit is 3", out)
		}
		c.at = c.at.Add(time.Hour + time.Second)
		id, v, err := k.Judge(ctx, ask, l)
		must(t, err)
		if v.Refused != "" {
			t.Errorf("an hour later: %+v", v)
		}
		must(t, k.Done(ctx, id, "binotel", "answered"))
		list, err := k.Outgoing(ctx, c.at.Add(-3*time.Hour), 100)
		must(t, err)
		alarms := 0
		for _, o := range list {
			if o.Alarm {
				alarms++
			}
		}
		if len(list) != 9 || alarms != 5 || list[0].Trunk != "binotel" || list[0].Result != "answered" || list[0].By != "olena" || list[0].Reason != outgoing.Transfer {
			t.Errorf("%d lines, %d alarms, the last %+v", len(list), alarms, list[0])
		}
	})
}

// TestPeerIsMasked: "203.0.113.9/28" means its whole net.
func TestPeer(t *testing.T) {
	for in, want := range map[string]string{"203.0.113.9": "203.0.113.9/32", "203.0.113.9/28": "203.0.113.0/28", "::ffff:203.0.113.9": "203.0.113.9/32", "2001:db8::1": "2001:db8::1/128"} {
		if p, err := trunk.Peer(in); err != nil || p.String() != want {
			t.Errorf("%s: %v %v", in, p, err)
		}
	}
}
