package sipua

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/icholy/digest"
)

// desk is a rogue that registers.
type desk struct {
	*rogue
	user, password string
	seq, nc        int
	challenge      *digest.Challenge
	id             string
}

func accounts(o *Options) {
	o.Account = func(u string) (string, bool) {
		if u == "olena" || u == "petro" {
			return HA1(u, "dovidka", "password of "+u), true
		}
		return "", false
	}
}

func (h *house) desk(user, password string) *desk {
	return &desk{rogue: newRogue(h.t, h.Addr().String()), user: user, password: password, id: "reg-" + ids.next()}
}

// register sends one REGISTER, with credentials when there is a challenge, and gives the answer.
func (d *desk) register(contact, extra string) string {
	d.t.Helper()
	d.seq++
	auth := ""
	if d.challenge != nil {
		d.nc++
		c, err := digest.Digest(d.challenge, digest.Options{Method: "REGISTER", URI: "sip:dovidka", Username: d.user, Password: d.password, Count: d.nc})
		if err != nil {
			d.t.Fatal(err)
		}
		auth = "Authorization: " + c.String() + "\r\n"
	}
	if contact != "" {
		contact = "Contact: " + contact + "\r\n"
	}
	d.send(fmt.Sprintf("REGISTER sip:dovidka SIP/2.0\r\nVia: SIP/2.0/UDP %s;rport;branch=z9hG4bK%s-%d\r\nFrom: <sip:%s@dovidka>;tag=1\r\nTo: <sip:%s@dovidka>\r\n"+
		"Call-ID: %s\r\nCSeq: %d REGISTER\r\n%s%s%sContent-Length: 0\r\n\r\n", d.addr, d.id, d.seq, d.user, d.user, d.id, d.seq, contact, auth, extra))
	res := d.want("SIP/2.0 ")
	if v := head(res, "WWW-Authenticate"); v != "" {
		c, err := digest.ParseChallenge(v)
		if err != nil {
			d.t.Fatal(err)
		}
		d.challenge, d.nc = c, 0
	}
	return res
}

func status(res string) string { return strings.Fields(res)[1] }

func TestADeskPhoneRegistersAndIsRung(t *testing.T) {
	told := make(chan string, 8)
	h := serve(t, func(o *Options) {
		accounts(o)
		o.OnRegister = func(aor string, on bool) { told <- aor + "=" + strconv.FormatBool(on) }
	})
	d := h.desk("olena", "password of olena")
	own := "<sip:olena@10.9.8.7:5060>" // what it believes to be behind its NAT
	if got := d.register(own, "Expires: 120\r\n"); status(got) != "401" || h.Registered("olena") {
		t.Fatal(got)
	}
	got := d.register(own, "Expires: 120\r\n")
	if status(got) != "200" || !strings.Contains(head(got, "Contact"), "expires=120") || !h.Registered("olena") {
		t.Fatal(got)
	}
	if got := <-told; got != "olena=true" {
		t.Fatal(got)
	}
	if got := d.register(own, "Expires: 120\r\n"); status(got) != "200" { // the same nonce, counted on
		t.Fatal(got)
	}
	res := make(chan error, 1)
	go func() {
		l, err := h.Dial(t.Context(), Target{AOR: "olena"}, DialOptions{From: "0671234567"})
		if err == nil {
			l.Hangup("")
		}
		res <- err
	}()
	invite := d.want("INVITE sip:olena@10.9.8.7:5060") // sent to where it registered from
	d.send(answer(invite, "200 OK", "p", "Contact: <sip:olena@10.9.8.7:5060>\r\n", goodSDP))
	d.want("ACK ")
	d.want("BYE ")
	if err := <-res; err != nil {
		t.Fatal(err)
	}
	if got := d.register("*", "Expires: 0\r\n"); status(got) != "200" || h.Registered("olena") {
		t.Fatal(got)
	}
	if got := <-told; got != "olena=false" {
		t.Fatal(got)
	}
}

func TestRegistrationRules(t *testing.T) {
	h := serve(t, accounts)
	d := h.desk("olena", "password of olena")
	d.register("<sip:a@1.2.3.4>", "")
	for _, k := range []struct{ contact, extra, want string }{
		{"<sip:a@1.2.3.4>;expires=30", "", "423"},
		{"*", "Expires: 60\r\n", "400"},
		{"<mailto:a@b>", "", "400"},
		{"<sip:a@1.2.3.4>", "", "200"},
		{"", "", "200"}, // a query
		{"<sip:a@1.2.3.4>;expires=0", "", "200"},
	} {
		if got := d.register(k.contact, k.extra); status(got) != k.want {
			t.Errorf("%q %q: %s, want %s", k.contact, k.extra, status(got), k.want)
		}
	}
	if h.Registered("olena") {
		t.Fatal("still there")
	}
	// a replayed message: same number, same count
	d.register("<sip:a@1.2.3.4>", "")
	d.seq--
	d.nc--
	d.id += "x" // another transaction
	if got := d.register("<sip:evil@6.6.6.6>", ""); status(got) != "401" || !strings.Contains(got, "stale=true") {
		t.Fatal(got)
	}
	// nobody registers for another
	text := "REGISTER sip:dovidka SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKother\r\nFrom: <sip:olena@dovidka>;tag=1\r\nTo: <sip:petro@dovidka>\r\nCall-ID: other\r\nCSeq: 1 REGISTER\r\nContact: <sip:a@1.1.1.1>\r\nAuthorization: %s\r\nContent-Length: 0\r\n\r\n"
	d.nc = 7
	c, err := digest.Digest(d.challenge, digest.Options{Method: "REGISTER", URI: "sip:dovidka", Username: "olena", Password: d.password, Count: d.nc})
	if err != nil {
		t.Fatal(err)
	}
	d.send(fmt.Sprintf(text, d.addr, c.String()))
	d.want("SIP/2.0 403")
}

func TestAWrongPasswordCostsTimeAndTellsNothing(t *testing.T) {
	h := serve(t, accounts)
	shape := func(user string) string {
		d := h.desk(user, "wrong")
		first := d.register("<sip:a@1.2.3.4>", "")
		second := d.register("<sip:a@1.2.3.4>", "")
		third := d.register("<sip:a@1.2.3.4>", "")
		d.password = "password of " + user
		fourth := d.register("<sip:a@1.2.3.4>", "")
		return status(first) + status(second) + status(third) + status(fourth) + fmt.Sprint(len(second)-len(first), head(third, "Retry-After"))
	}
	known, unknown := shape("petro"), shape("pavlo")
	if known != unknown || !strings.HasPrefix(known, "401401503503") {
		t.Fatalf("known %s, unknown %s", known, unknown)
	}
	if h.Registered("petro") {
		t.Fatal("registered during its penalty")
	}
	d := h.desk("olena", "password of olena") // another account from the same address is not punished yet
	d.register("<sip:a@1.2.3.4>", "")
	if got := d.register("<sip:a@1.2.3.4>", ""); status(got) != "200" {
		t.Fatal(got)
	}
}

func TestDoorkeeper(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	d := newDoorkeeper("dovidka", func(u string) (string, bool) { return HA1("olena", "dovidka", "p"), u == "olena" })
	try := func(nonce, password, ip string, nc int, at time.Time) verdict {
		c, err := digest.Digest(&digest.Challenge{Realm: "dovidka", Nonce: nonce, QOP: []string{"auth"}},
			digest.Options{Method: "REGISTER", URI: "sip:dovidka", Username: "olena", Password: password, Count: nc})
		if err != nil {
			t.Fatal(err)
		}
		return d.judge(c.String(), "REGISTER", ip+":5060", at)
	}
	n := d.nonce("1.1.1.1", now)
	if v := try(n, "p", "1.1.1.1", 1, now); v.status != 0 || v.user != "olena" {
		t.Fatal(v)
	}
	if v := try(n, "p", "1.1.1.1", 1, now); v.status != 401 { // replay
		t.Fatal(v)
	}
	if v := try(n, "p", "2.2.2.2", 2, now); v.status != 401 { // another's nonce
		t.Fatal(v)
	}
	if v := try(n, "p", "1.1.1.1", 3, now.Add(6*time.Minute)); v.status != 401 || !strings.Contains(v.header.Value(), "stale=true") {
		t.Fatal(v)
	}
	var wait int
	at := now
	for range 6 { // 1, 2, 4, 8, 16, 32 seconds
		n = d.nonce("3.3.3.3", at)
		if v := try(n, "no", "3.3.3.3", 1, at); v.status != 401 {
			t.Fatal(v)
		}
		v := try(n, "p", "3.3.3.3", 2, at)
		if v.status != 503 {
			t.Fatal("the right password was let in during the penalty")
		}
		w, _ := strconv.Atoi(v.header.Value())
		if w <= wait {
			t.Fatalf("penalty %d s after %d s", w, wait)
		}
		wait = w
		at = at.Add(time.Duration(w) * time.Second)
	}
	if v := try(d.nonce("3.3.3.3", at), "p", "3.3.3.3", 1, at); v.status != 0 {
		t.Fatal(v)
	}
	for i := range 3 * maxPenalties {
		ip := fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255)
		try(d.nonce(ip, at), "no", ip, 1, at)
	}
	if len(d.wrong) > maxPenalties {
		t.Fatalf("%d penalties are kept", len(d.wrong))
	}
}

func TestBindingsRunOut(t *testing.T) {
	h := serve(t, accounts)
	d := h.desk("olena", "password of olena")
	d.register("<sip:a@1.2.3.4>", "Expires: 60\r\n")
	d.register("<sip:a@1.2.3.4>", "Expires: 60\r\n")
	if _, ok := h.reg.find("olena", time.Now().Add(59*time.Second)); !ok {
		t.Fatal("too early")
	}
	if _, ok := h.reg.find("olena", time.Now().Add(61*time.Second)); ok {
		t.Fatal("still there")
	}
}

// A stranger behind the same NAT tries passwords for hours: the telephone that is registered never waits, one that has restarted
// waits ten seconds at most, and the stranger is not let through any faster for it.
func TestNeighboursMistakes(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	asked := 0
	d := newDoorkeeper("dovidka", func(u string) (string, bool) { asked++; return HA1("olena", "dovidka", "p"), u == "olena" })
	try := func(user, password, source string, at time.Time) verdict {
		ip, _, _ := strings.Cut(source, ":")
		c, err := digest.Digest(&digest.Challenge{Realm: "dovidka", Nonce: d.nonce(ip, at), QOP: []string{"auth"}},
			digest.Options{Method: "REGISTER", URI: "sip:dovidka", Username: user, Password: password, Count: 1})
		if err != nil {
			t.Fatal(err)
		}
		return d.judge(c.String(), "REGISTER", source, at)
	}
	const phone, restarted = "192.0.2.1:40000", "192.0.2.1:40001"
	if v := try("olena", "p", phone, now); v.status != 0 {
		t.Fatal(v)
	}
	looked := 0
	for i := range 4 * 3600 { // a try a second, for each of two names
		now = now.Add(time.Second)
		stranger := fmt.Sprintf("192.0.2.1:%d", 50000+i%1000)
		for _, user := range []string{"olena", "petro"} {
			if v := try(user, "no", stranger, now); user == "olena" && v.status == 401 {
				looked++
			}
		}
		if i%60 == 0 {
			if v := try("olena", "p", phone, now); v.status != 0 {
				t.Fatalf("after %d s the registered telephone gets %d", i, v.status)
			}
		}
	}
	if looked > 4*3600/10+20 {
		t.Errorf("%d passwords were looked at in four hours", looked)
	}
	for range 10 {
		now = now.Add(time.Second)
		if v := try("olena", "p", restarted, now); v.status == 0 {
			asked = 0
			made := digest.Challenge{Realm: "dovidka", Nonce: "made up", QOP: []string{"auth"}}
			c, _ := digest.Digest(&made, digest.Options{Method: "REGISTER", URI: "sip:dovidka", Username: "olena", Password: "no", Count: 1})
			if d.judge(c.String(), "REGISTER", "203.0.113.9:1", now); asked != 0 {
				t.Error("a made-up nonce costs a look into the database")
			}
			return
		}
	}
	t.Error("the restarted telephone waits longer than ten seconds")
}

// Who cycles through the addresses of a network or of an IPv6 house pays as one.
func TestCyclingGuesses(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	d := newDoorkeeper("dovidka", func(string) (string, bool) { return "", false })
	looked := func(n int, addr func(int) string) (out int) {
		for i := range n {
			source := addr(i)
			from := netip.MustParseAddrPort(source)
			c, err := digest.Digest(&digest.Challenge{Realm: "dovidka", Nonce: d.nonce(from.Addr().String(), now), QOP: []string{"auth"}},
				digest.Options{Method: "REGISTER", URI: "sip:dovidka", Username: "olena", Password: "no", Count: 1})
			if err != nil {
				t.Fatal(err)
			}
			if d.judge(c.String(), "REGISTER", source, now).status == 401 {
				out++
			}
		}
		return out
	}
	if n := looked(250, func(i int) string { return fmt.Sprintf("198.51.100.%d:5060", i) }); n > freeNet+1 {
		t.Errorf("%d guesses from a /24 at once", n)
	}
	if n := looked(50, func(i int) string { return fmt.Sprintf("[2001:db8::%x]:5060", i+1) }); n != 1 {
		t.Errorf("%d guesses from a /64 at once", n)
	}
}
