package sipua

import (
	"strings"
	"testing"

	"dovidka/internal/call"

	"github.com/emiago/sipgo/sip"
)

func TestRungOfAnything(t *testing.T) {
	for in, want := range map[string]string{
		"SIP/2.0 404 Number 380671234567 unknown\r\nCSeq: 7 INVITE\r\n\r\n": "404 Number unknown|7 INVITE",
		"INVITE sip:380671234567@x SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\n":       "INVITE|1 INVITE",
		"\r\n\r\n": "", "": "", "GET / HTTP/1.1\r\n\r\n": "", "SIP/2.0 20x OK\r\n\r\n": "", "SIP/2.0\r\n\r\n": "",
		"OPTIONS sip:x SIP/2.0\r\nCSeq: 380671234567380671234567 OPTIONS\r\n\r\n": "OPTIONS|3806712345 OPTIONS",
	} {
		r, ok := rung([]byte(in))
		got := ""
		if ok {
			got = r.Text + "|" + r.Seq
		}
		if got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func FuzzRung(f *testing.F) {
	f.Add([]byte("SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\nCall-ID: a\r\n\r\n"))
	f.Add([]byte("INVITE sip:x SIP/2.0\r\ni: a\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, _ := rung(b); len(r.Text) > 60 || len(r.Seq) > 60 {
			t.Errorf("%+v", r)
		}
	})
}

// inviteWith makes an INVITE with these lines in place of the usual ones.
func inviteWith(t *testing.T, uri, to, from, extra string) *sip.Request {
	t.Helper()
	m, err := sip.NewParser().ParseSIP([]byte("INVITE " + uri + " SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK1\r\nFrom: " + from + ";tag=1\r\nTo: " + to +
		"\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n" + extra + "Content-Length: 0\r\n\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	return m.(*sip.Request)
}

func TestWhoCallsWhom(t *testing.T) {
	const us, login = "+380800353608", "100200"
	for name, c := range map[string]struct {
		t                    Trunk
		uri, to, from, extra string
		caller, called       call.Number
	}{
		"the plain way": {Trunk{}, "sip:0800353608@x", "<sip:0800353608@x>", "<sip:380671234567@x>", "", "+380671234567", us},
		"asserted before shown": {Trunk{}, "sip:800353608@x", "<sip:x@x>", "<sip:anonymous@x>", "Remote-Party-ID: <sip:0501112233@x>;party=calling\r\nP-Asserted-Identity: \"A, B\" <sip:+380671234567@x>\r\n",
			"+380671234567", us},
		"remote party before shown": {Trunk{}, "sip:0800353608@x", "<sip:x@x>", "<sip:gw@x>", "Remote-Party-ID: \"Вигаданий\" <sip:0501112233@x>;party=calling;privacy=off\r\n", "+380501112233", us},
		"hidden by Privacy":         {Trunk{}, "sip:0800353608@x", "<sip:x@x>", "<sip:380671234567@x>", "Privacy: id\r\n", "", us},
		"hidden by Remote-Party":    {Trunk{}, "sip:0800353608@x", "<sip:x@x>", "<sip:anonymous@x>", "Remote-Party-ID: <sip:0501112233@x>;privacy=full\r\n", "", us},
		"a learned caller":          {Trunk{Caller: HeaderFrom}, "sip:0800353608@x", "<sip:x@x>", "<sip:0501112233@x>", "P-Asserted-Identity: <sip:+380440000000@x>\r\n", "+380501112233", us},
		"the login is called":       {Trunk{Register: true, User: login}, "sip:100200@127.0.0.1", "<sip:0800353608@x>", "<sip:0671234567@x>", "", "+380671234567", us},
		"the login is in both":      {Trunk{Register: true, User: login}, "sip:100200@127.0.0.1", "<sip:100200@x>", "<sip:0671234567@x>", "", "+380671234567", login},
		"a technical number, the first diversion": {Trunk{Called: HeaderDiversion}, "sip:380441112233@x", "<sip:380441112233@x>", "<sip:0671234567@x>",
			"Diversion: <sip:380442223344@x>;reason=unconditional\r\nDiversion: <sip:0800353608@x>;reason=unconditional\r\n", "+380671234567", us},
		"a technical number, the history": {Trunk{Called: HeaderHistory}, "sip:380441112233@x", "<sip:380441112233@x>", "<sip:0671234567@x>",
			"History-Info: <sip:0800353608@x>;index=1, <sip:380441112233@x>;index=1.1\r\n", "+380671234567", us},
		"a learned header that is not there": {Trunk{Called: HeaderDiversion, Caller: HeaderParty}, "sip:0800353608@x", "<sip:x@x>", "<sip:0671234567@x>", "", "+380671234567", us},
		"a carrier's own prefix":             {Trunk{In: []Prefix{{"777", ""}, {"9", "0"}}}, "sip:7770800353608@x", "<sip:x@x>", "<sip:9671234567@x>", "", "+380671234567", us},
		"a short code":                       {Trunk{}, "tel:0800353608", "<tel:0800353608>", "<tel:1545>", "", "1545", us},
	} {
		req := inviteWith(t, c.uri, c.to, c.from, c.extra)
		if a, b := c.t.caller(req), c.t.called(req); a != c.caller || b != c.called {
			t.Errorf("%s: %q calls %q, want %q calls %q", name, string(a), string(b), string(c.caller), string(c.called))
		}
	}
}

func FuzzWhoCallsWhom(f *testing.F) {
	f.Add("\"A, B\" <sip:+380671234567@x>;privacy=off", "<sip:0800353608@x>;index=1, <sip:1@x>")
	f.Add("<", ">;<sip:@")
	f.Fuzz(func(t *testing.T, a, b string) {
		if strings.ContainsAny(a+b, "\r\n") {
			return
		}
		req := sip.NewRequest(sip.INVITE, sip.Uri{Scheme: "sip", Host: "x"})
		req.AppendHeader(&sip.FromHeader{Address: sip.Uri{Scheme: "sip", Host: "x"}})
		req.AppendHeader(&sip.ToHeader{Address: sip.Uri{Scheme: "sip", Host: "x"}})
		req.AppendHeader(sip.NewHeader(HeaderParty, a))
		req.AppendHeader(sip.NewHeader(HeaderHistory, b))
		req.AppendHeader(sip.NewHeader(HeaderDiversion, b))
		tr := Trunk{Called: HeaderHistory, Caller: HeaderParty}
		if n := tr.caller(req); len(n) > 64 {
			t.Error(n)
		}
		_ = tr.called(req)
		_ = tr.numberIn(req, HeaderDiversion)
	})
}
