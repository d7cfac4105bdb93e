package sipua

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
)

// verdicts says what is right for every message of RFC 4475 and RFC 5118 at an endpoint that takes calls, is a registrar with digest
// and has no proxy in it; the RFC's own words beside it. "": no answer at all. Where a stream cannot be read as a datagram can, tcp
// stands behind the stroke; "400+" is an answer after which the connection is closed.
var verdicts = map[string]string{
	// RFC 4475 §3.1.1 valid messages
	"wsinv":      "481", // "a well-formed request": an INVITE inside a dialog that we do not have
	"intmeth":    "501", // "Endpoints will generate a 501 listing the methods they understand in an Allow header field"
	"esc01":      "180", // "A parser must accept this as a well-formed message"
	"escnull":    "401", // "parsers must accept this message": the registrar asks for the password
	"esc02":      "501", // "An endpoint would reject this message with a 501"
	"lwsdisp":    "200", // "Elements should accept this request as well formed"
	"longreq":    "180", // "This well-formed request"
	"dblreq":     "401", // "handle the REGISTER request normally and ignore the extra bits"
	"semiuri":    "200", // "accept this as a well-formed message"
	"transports": "200", // "Parsers must accept this message as well formed"
	"mpart01":    "405", // "accept this message as well formed": MESSAGE is a method that we know and do not take
	"unreason":   "",    // responses to nothing: "A parser must accept this message"
	"noreason":   "",
	// §3.1.2 invalid messages
	"badinv01":   "400",
	"clerr":      "400|", // "When sent over UDP … 400"; "over a stream … wait for more data … and close"
	"ncl":        "400|400+",
	"scalar02":   "400", // "respond with a 400 Bad Request due to the CSeq error"
	"scalarlg":   "",    // "will simply discard it"
	"quotbal":    "400",
	"ltgtruri":   "400",
	"lwsruri":    "400",
	"lwsstart":   "400", // "acceptable to reject this request as malformed"
	"trws":       "400",
	"escruri":    "180",  // "could choose to be liberal … and ignore the escaped headers"
	"baddate":    "180",  // "an element shouldn't" reject it "unless the contents of the Date … were actually important"
	"regbadct":   "401",  // "An element choosing to be liberal … could infer the angle brackets"
	"badaspec":   "400",  // "reasonable to reject"
	"baddn":      "400|", // "reasonable always to reject"; its octets have no empty line at their end, so a stream waits for it
	"badvers":    "505",
	"mismatch01": "400",
	"mismatch02": "501",
	"bigcode":    "", // "should simply drop it"
	// §3.2 transaction layer
	"badbranch": "200", // "or it could fall back to the RFC 2543-style transaction identifier"
	// §3.3 application layer
	"insuf":    "400", // "Ideally, it will respond with a 400"
	"unkscm":   "416",
	"novelsc":  "416",
	"unksm2":   "400", // "A registrar would reject this request with a 400"
	"bext01":   "420",
	"invut":    "415",
	"regaut01": "401", // "A registrar that does care about challenge-response … 401"
	"multi01":  "400",
	"mcl01":    "400|400+", // "the framing error is not recoverable, and the connection should be closed"
	"bcast":    "",         // "an endpoint receiving this message should simply discard it"
	"zeromf":   "200",      // "An endpoint should process the request as if the Max-Forwards field value were still positive"
	"cparam01": "401",      // these three "should succeed": TestTortureRegistrations
	"cparam02": "401",
	"regescrt": "401",
	"sdp01":    "406", // "could respond with a 406 … with a Warning/399"
	// §3.4 backward compatibility
	"inv2543": "180|400+", // "should be accepted"; on a stream a length is mandatory (RFC 3261 §18.3)
	// the archive's own example, not SIP: no version, no Via
	"test": "",

	// RFC 5118 §4
	"ipv6-good":                     "401",
	"ipv6-bad":                      "400", // "should respond with a 400"
	"port-ambiguous":                "401", // "From a parsing perspective, the request below is well-formed"
	"port-unambiguous":              "401",
	"via-received-param-with-delim": "481", // "must nonetheless be able to parse the topmost Via": a BYE of no dialog
	"via-received-param-no-delim":   "200",
	"ipv6-in-sdp":                   "488", // well-formed, but it offers G.726 only
	"mult-ip-in-header":             "481",
	"mult-ip-in-sdp":                "180", // its sound is IPv4 and G.711
	"ipv4-mapped-ipv6":              "488", // G.726 only
	"ipv6-bug-abnf-3-colons":        "200", // "an implementation must tolerate both of the above constructs"
	"ipv6-correct-abnf-2-colons":    "200",
}

func TestTorture(t *testing.T) {
	m := withMedia(t)
	for _, network := range []string{"udp4", "tcp4", "udp6", "tcp6"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			if network[3] == '6' && !hasIPv6() {
				t.Skip("no IPv6 on this machine")
			}
			calls := make(chan *Leg, 64)
			h := serve(t, func(o *Options) {
				m(o)
				if network[3] == '6' {
					o.Addr = "[::1]:0"
				}
				o.Account = func(string) (string, bool) { return "", false }
				o.OnCall = func(l *Leg) {
					_ = l.Ring()
					calls <- l
				}
			})
			files, err := filepath.Glob("testdata/torture/rfc*/*.dat")
			if err != nil || len(files) != len(verdicts) {
				t.Fatalf("%d files, %d verdicts, %v", len(files), len(verdicts), err)
			}
			for _, f := range files {
				torture(t, h, network, f)
			}
			// as many calls as were rung: not the INVITE behind dblreq's REGISTER in the same datagram. On a stream inv2543 is none, and
			// that INVITE is a message of its own, whose call the end of the connection may overtake
			rung := strings.Count(fmt.Sprint(verdicts), ":180")
			h.until(func() bool { return len(calls) == rung || network[:3] == "tcp" && len(calls) == rung-1 })
			aliveOver(t, h, network)
		})
	}
}

// torture sends the octets of one message and compares the answer.
func torture(t *testing.T, h *house, network, file string) {
	t.Helper()
	name := strings.TrimSuffix(filepath.Base(file), ".dat")
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want, ok := verdicts[name]
	if !ok {
		t.Errorf("%s: no verdict", name)
	}
	udp, tcp, both := strings.Cut(want, "|")
	if want = udp; both && network[:3] == "tcp" {
		want = tcp
	}
	raw = fresh(raw, name)
	if network[:3] == "tcp" { // a stream says so
		raw = firstTransport(raw)
	}
	got, text := exchange(t, network, h.Addr().String(), raw, want)
	if got != want {
		t.Errorf("%s over %s: answer %q, want %q", name, network, got, want)
	}
	for status, header := range map[string]string{"501": "Allow", "405": "Allow", "420": "Unsupported", "415": "Accept", "406": "Warning", "401": "WWW-Authenticate"} {
		if got == status && head(text, header) == "" {
			t.Errorf("%s over %s: %s without %s:\n%s", name, network, status, header, text)
		}
	}
	if name == "bext01" && head(text, "Unsupported") != "nothingSupportsThis, nothingSupportsThisEither" {
		t.Errorf("bext01:\n%s", text)
	}
}

// fresh gives the message a transaction of its own: several share theirs, and would be repetitions of one another.
func fresh(raw []byte, name string) []byte {
	at := regexp.MustCompile(`z9hG4bK[\w.-]+`).FindIndex(raw)
	if at == nil {
		return raw
	}
	return []byte(string(raw[:at[1]]) + "." + name + string(raw[at[1]:]))
}

func firstTransport(raw []byte) []byte {
	at := regexp.MustCompile(`(?is)(?:^|\n)(?:v|via)\s*:\s*SIP\s*/\s*\d\.0\s*/\s*(UDP)`).FindSubmatchIndex(raw)
	if at == nil {
		return raw
	}
	return []byte(string(raw[:at[2]]) + "TCP" + string(raw[at[3]:]))
}

// exchange sends octets from a socket of their own and gives the answer that is wanted, or else the first one other than 100: its
// status, with a plus when the connection is closed after it.
func exchange(t *testing.T, network, addr string, raw []byte, want string) (status, text string) {
	t.Helper()
	conn, err := net.Dial(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write(raw); err != nil {
		t.Fatal(err)
	}
	wait := 4 * time.Second
	if want == "" {
		wait = 4 * testT1
	}
	_ = conn.SetReadDeadline(time.Now().Add(wait))
	buf := make([]byte, 65536)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return status, text
		}
		for m := range strings.SplitSeq(string(buf[:n]), "\r\n\r\n") {
			if strings.HasPrefix(m, "SIP/2.0 ") && !strings.HasPrefix(m, "SIP/2.0 100") && (status == "" || m[8:11] == want) {
				status, text = m[8:11], m+"\r\n"
			}
		}
		if status == "" || status != strings.TrimSuffix(want, "+") {
			continue
		}
		if strings.HasSuffix(want, "+") {
			for err == nil {
				_, err = conn.Read(buf)
			}
			if n, ok := err.(net.Error); !ok || !n.Timeout() {
				status += "+"
			}
		}
		return status, text
	}
}

func hasIPv6() bool {
	c, err := net.ListenPacket("udp6", "[::1]:0")
	if err != nil {
		return false
	}
	c.Close()
	return true
}

// aliveOver proves that the server still takes calls.
func aliveOver(t *testing.T, h *house, network string) {
	t.Helper()
	up := strings.ToUpper(network[:3])
	invite := fmt.Sprintf("INVITE sip:0800353608@dovidka SIP/2.0\r\nVia: SIP/2.0/%s host.invalid;rport;branch=z9hG4bKalive\r\nMax-Forwards: 70\r\n"+
		"From: <sip:+380670000067@host.invalid>;tag=alive\r\nTo: <sip:0800353608@dovidka>\r\nCall-ID: alive\r\nCSeq: 1 INVITE\r\nContact: <sip:c@host.invalid>\r\n"+
		"Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", up, len(goodSDP), goodSDP)
	if got, text := exchange(t, network, h.Addr().String(), []byte(invite), "180"); got != "180" {
		t.Errorf("after all that a call gets %q\n%s", got, text)
	}
}

// RFC 4475 §3.3.12–14 and §3.1.1.4: registrations that "should succeed", with what the binding must say afterwards.
func TestTortureRegistrations(t *testing.T) {
	h := serve(t, func(o *Options) { o.Account = func(u string) (string, bool) { return HA1(u, "dovidka", "p"), true } })
	for name, want := range map[string]struct{ has, hasNot string }{
		"cparam01": {"<sip:+19725552222@gw1.example.net>", "unknownparam"},
		"cparam02": {"<sip:+19725552222@gw1.example.net;unknownparam>", ">;unknownparam"},
		"regescrt": {"<sip:user@example.com?Route=%3Csip:sip.example.com%3E>", ""},
	} {
		raw, err := os.ReadFile("testdata/torture/rfc4475/" + name + ".dat")
		if err != nil {
			t.Fatal(err)
		}
		raw = fresh(raw, name)
		_, first := exchange(t, "udp4", h.Addr().String(), raw, "401")
		c, err := digest.ParseChallenge(head(first, "WWW-Authenticate"))
		if err != nil {
			t.Fatal(name, err)
		}
		req, err := sip.NewParser().ParseSIP(raw)
		if err != nil {
			t.Fatal(err)
		}
		cred, err := digest.Digest(c, digest.Options{Method: "REGISTER", URI: "sip:example.com", Username: req.To().Address.User, Password: "p", Count: 1})
		if err != nil {
			t.Fatal(err)
		}
		again := strings.Replace(string(raw), "SIP/2.0\r\n", "SIP/2.0\r\nAuthorization: "+cred.String()+"\r\n", 1)
		again = strings.Replace(again, "z9hG4bK", "z9hG4bKagain", 1)
		status, text := exchange(t, "udp4", h.Addr().String(), []byte(again), "200")
		if status != "200" || !strings.Contains(head(text, "Contact"), want.has) || want.hasNot != "" && strings.Contains(head(text, "Contact"), want.hasNot) {
			t.Errorf("%s: %s\n%s", name, status, text)
		}
	}
	raw, err := os.ReadFile("testdata/torture/rfc4475/escnull.dat")
	if err != nil {
		t.Fatal(err)
	}
	req, err := sip.NewParser().ParseSIP(tidy(raw))
	if err != nil {
		t.Fatal(err)
	}
	asked, status := contacts(req.(*sip.Request))
	if user := calledUser(&req.To().Address); status != 0 || len(asked) != 2 || sameContact(&asked[0].uri, &asked[1].uri) || user != "null-\x00-null" {
		t.Errorf("escnull: %d, %+v", status, asked)
	}
}
