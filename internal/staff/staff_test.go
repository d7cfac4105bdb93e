package staff_test

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"dovidka/internal/fault"
	"dovidka/internal/staff"
	"dovidka/internal/store"
	"dovidka/internal/store/storetest"
)

var ctx = context.Background()

const password = "дуже довгий пароль"

// clock is a clock that the test turns.
type clock struct{ at time.Time }

func (c *clock) now() time.Time          { return c.at }
func (c *clock) forward(d time.Duration) { c.at = c.at.Add(d) }

func room(t *testing.T, db *store.DB) (*staff.Staff, *clock) {
	t.Helper()
	c := &clock{time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)}
	s := staff.New(db, c.now)
	must(t, s.Create(ctx, staff.Agent{Login: "olena", Name: "Вигадана Олена", Role: staff.RoleOperator, Post: "адміністратор", Order: "12-р",
		OrderDate: "2026-01-09"}, password))
	return s, c
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, what string, err error, k fault.Kind) {
	t.Helper()
	if !fault.Is(err, k) {
		t.Errorf("%s: %v, want %s", what, err, k)
	}
}

func TestAgents(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, c := room(t, db)
		must(t, s.Create(ctx, staff.Agent{Login: "kerivnyk", Name: "Вигаданий Керівник", Role: staff.RoleHead}, password))
		want(t, "login taken", s.Create(ctx, staff.Agent{Login: "olena", Name: "Інша", Role: staff.RoleHead}, password), fault.Conflict)
		for what, a := range map[string]staff.Agent{
			"login": {Login: "Олена", Name: "x", Role: "head"}, "short login": {Login: "o", Name: "x", Role: "head"},
			"name": {Login: "petro", Name: " ", Role: "head"}, "role": {Login: "petro", Name: "x", Role: "god"},
			"date": {Login: "petro", Name: "x", Role: "head", ValidUntil: "31.12.2026"},
		} {
			want(t, what, s.Create(ctx, a, password), fault.Invalid)
		}
		for _, p := range []string{"", "short", "petro.petro", strings.Repeat("x", 201)} {
			want(t, "password "+p, s.Create(ctx, staff.Agent{Login: "petro.petro", Name: "x", Role: "head"}, p), fault.Invalid)
		}
		list, err := s.Agents(ctx)
		must(t, err)
		if len(list) != 2 || list[0].Login != "kerivnyk" || list[1].Order != "12-р" || !list[1].Created.Equal(c.at) || list[1].HasPhone {
			t.Errorf("%+v", list)
		}
		o := list[1]
		o.Post, o.ValidUntil = "старший адміністратор", "2026-12-31"
		must(t, s.Update(ctx, o))
		got, err := s.Agent(ctx, "olena")
		if err != nil || got != o {
			t.Errorf("%+v %v, want %+v", got, err, o)
		}
		_, err = s.Agent(ctx, "nobody")
		want(t, "unknown", err, fault.NotFound)
		want(t, "unknown", s.Update(ctx, staff.Agent{Login: "nobody", Name: "x", Role: "head"}), fault.NotFound)
		want(t, "unknown", s.SetPassword(ctx, "nobody", password), fault.NotFound)
		if _, err := s.SignIn(ctx, "olena", password, "::1"); err != nil {
			t.Errorf("an update changed the password: %v", err)
		}
	})
}

func TestSessionLife(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, c := room(t, db)
		in := func() staff.Session {
			t.Helper()
			x, err := s.SignIn(ctx, " Olena ", password, "10.0.0.1")
			must(t, err)
			return x
		}
		alive := func(token string) bool {
			t.Helper()
			x, err := s.Session(ctx, token)
			if err != nil {
				want(t, "session", err, fault.Denied)
				return false
			}
			if x.Token != "" || x.Agent.Login != "olena" {
				t.Errorf("%+v", x)
			}
			return true
		}
		a, b := in(), in()
		if a.Token == b.Token || len(a.Token) < 43 || !alive(a.Token) || !alive(b.Token) || alive("") || alive(a.Token+"x") {
			t.Error("two sessions live, nothing else")
		}
		var stored string
		must(t, db.NewSelect().Table("sign_ins").Column("token_hash").Limit(1).Scan(ctx, &stored))
		if stored == a.Token || stored == b.Token {
			t.Error("the token itself stands in the database")
		}
		must(t, s.SignOut(ctx, a.Token))
		must(t, s.SignOut(ctx, a.Token))
		if alive(a.Token) || !alive(b.Token) {
			t.Error("signing out ends one session")
		}
		for range 3 { // used every 3.5 hours it lives on, until its longest time
			c.forward(staff.Idle - 30*time.Minute)
			if !alive(b.Token) {
				t.Error("a used session ended")
			}
		}
		c.forward(staff.Idle - 29*time.Minute)
		if alive(b.Token) {
			t.Error("a session outlived its longest time")
		}
		d := in()
		c.forward(staff.Idle + time.Second)
		if alive(d.Token) {
			t.Error("an idle session lives")
		}
		e := in()
		must(t, s.SetPassword(ctx, "olena", "another long password"))
		if alive(e.Token) {
			t.Error("a session outlived its password")
		}
		_, err := s.SignIn(ctx, "olena", password, "10.0.0.1")
		want(t, "the old password", err, fault.Denied)
	})
}

func TestRefusalsLookTheSame(t *testing.T) {
	s, c := room(t, storetest.SQLite(t))
	must(t, s.Create(ctx, staff.Agent{Login: "gone", Name: "x", Role: "operator", ValidUntil: "2026-11-23"}, password))
	x, err := s.SignIn(ctx, "gone", password, "10.0.0.1")
	must(t, err) // the last day itself counts
	c.forward(14*time.Hour + time.Minute)
	if _, err := s.Session(ctx, x.Token); !fault.Is(err, fault.Denied) {
		t.Errorf("a session after the last day of the order: %v", err)
	}
	said := map[string]bool{}
	for _, try := range [][2]string{{"olena", "wrong"}, {"nobody", password}, {"gone", password}, {"olena", ""}, {"", ""}, {"olena", strings.Repeat("x", 5000)}} {
		_, err := s.SignIn(ctx, try[0], try[1], "10.0.0.1")
		want(t, try[0], err, fault.Denied)
		said[err.Error()] = true
	}
	if len(said) != 1 {
		t.Errorf("different refusals tell who exists: %v", said)
	}
}

func TestTriesCostTime(t *testing.T) {
	s, c := room(t, storetest.SQLite(t))
	try := func(login, pw, ip string) error {
		_, err := s.SignIn(ctx, login, pw, ip)
		return err
	}
	for _, who := range []string{"olena", "nobody"} { // an unknown login costs the same
		ip := "10.0.0." + fmt.Sprint(len(who))
		for range 5 {
			want(t, who+" free try", try(who, "wrong", ip), fault.Denied)
		}
		want(t, who+" sixth at once", try(who, "wrong", ip), fault.Busy)
		c.forward(1100 * time.Millisecond)
		want(t, who+" after the wait", try(who, "wrong", ip), fault.Denied)
		c.forward(1100 * time.Millisecond)
		want(t, who+" the wait has doubled", try(who, "wrong", ip), fault.Busy)
		want(t, who+" the right password, too early", try(who, password, ip), fault.Busy)
	}
	if err := try("olena", password, "10.0.0.77"); err != nil {
		t.Errorf("another address is not locked out: %v", err)
	}
	c.forward(2 * time.Second)
	if err := try("olena", password, "10.0.0.5"); err != nil {
		t.Errorf("after the wait: %v", err)
	}
	want(t, "forgiven", try("olena", "wrong", "10.0.0.5"), fault.Denied)

	for i := range 100 { // one address tries many logins, from many addresses of its own IPv6 network
		if err := try(fmt.Sprint("user", i), "wrong", fmt.Sprintf("2001:db8::%x", i+1)); fault.Is(err, fault.Busy) {
			if i < 20 {
				t.Errorf("blocked after %d: a centre behind one address must be able to work", i)
			}
			return
		}
	}
	t.Error("a hundred logins were tried from one network without a wait")
}

// TestTriesAtOnce: tries at the same moment do not slip past the count.
func TestTriesAtOnce(t *testing.T) {
	s, _ := room(t, storetest.SQLite(t))
	var wg sync.WaitGroup
	var mu sync.Mutex
	looked := 0
	for range 30 {
		wg.Go(func() {
			if _, err := s.SignIn(ctx, "olena", "wrong", "10.0.0.9"); fault.Is(err, fault.Denied) {
				mu.Lock()
				looked++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if looked != 5 {
		t.Errorf("%d passwords were looked at, want the 5 free ones", looked)
	}
}

func TestDeskPhone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, c := room(t, db)
		_, err := s.HA1(ctx, "olena")
		want(t, "no telephone yet", err, fault.NotFound)
		pw, err := s.NewSIPPassword(ctx, "olena")
		must(t, err)
		sum := md5.Sum([]byte("olena:dovidka:" + pw))
		ha1, err := s.HA1(ctx, "olena")
		if err != nil || ha1 != hex.EncodeToString(sum[:]) || len(pw) != 16 {
			t.Errorf("%s for %q, %v", ha1, pw, err)
		}
		if again, err := s.NewSIPPassword(ctx, "olena"); err != nil || again == pw {
			t.Errorf("%v", err)
		}
		a, err := s.Agent(ctx, "olena")
		must(t, err)
		if !a.HasPhone {
			t.Error("the telephone is not shown")
		}
		a.ValidUntil = "2026-11-24"
		must(t, s.Update(ctx, a))
		c.forward(48 * time.Hour)
		_, err = s.HA1(ctx, "olena")
		want(t, "after the last day", err, fault.NotFound)
		_, err = s.NewSIPPassword(ctx, "nobody")
		want(t, "unknown", err, fault.NotFound)
		must(t, s.SetSIPPassword(ctx, "olena", "known-to-the-test"))
		want(t, "short", s.SetSIPPassword(ctx, "olena", "1234"), fault.Invalid)
	})
}
