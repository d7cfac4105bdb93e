package sipua

import (
	"slices"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// allow is every method that any far end may bring here (RFC 3261 §20.5); desk phones may bring REFER too. REFER from strangers,
// MESSAGE, SUBSCRIBE, NOTIFY and PUBLISH are not taken: nobody outside moves our calls.
const allow = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, PRACK, UPDATE, REGISTER"

// refusal is a final answer that is given before any handler.
type refusal struct {
	status  int
	headers []sip.Header
}

const (
	maxHeaders = 200
	maxSeq     = 1<<31 - 1 // RFC 3261 §8.1.1.5
)

// gate judges a request before any handler sees it: nil lets it pass. After it From, To, Call-ID, CSeq and Via are there, once each
// and sane (RFC 3261 §8.2; RFC 4475 `insuf`, `multi01`, `mismatch01`, `badvers`, `unkscm`, `bext01` …).
//
// Max-Forwards 0 is refused for a new call only, since what answers a call here may place another one for it (RFC 7332 §3); for
// everything else we are the end of the way, and "an endpoint should process the request as if the Max-Forwards field value were
// still positive" (RFC 4475 §3.3.11 `zeromf`).
func gate(req *sip.Request, extensions []string) *refusal {
	if len(req.Headers()) > maxHeaders {
		return &refusal{status: 400}
	}
	for _, name := range []string{"from", "to", "call-id", "cseq"} {
		if single(req, name) != 1 {
			return &refusal{status: 400}
		}
	}
	for _, name := range []string{"max-forwards", "content-length", "content-type"} {
		if single(req, name) > 1 {
			return &refusal{status: 400}
		}
	}
	from, to, seq, via := req.From(), req.To(), req.CSeq(), req.Via()
	if from == nil || to == nil || seq == nil || via == nil || req.CallID() == nil {
		return &refusal{status: 400}
	}
	if req.SipVersion != "SIP/2.0" {
		return &refusal{status: 505}
	}
	if strings.TrimSpace(string(seq.MethodName)) != string(req.Method) || seq.SeqNo > maxSeq {
		if !known(req.Method) {
			return &refusal{status: 501, headers: []sip.Header{sip.NewHeader("Allow", allow)}}
		}
		return &refusal{status: 400}
	}
	if via.Host == "" || !saneURI(&from.Address) || !saneURI(&to.Address) {
		return &refusal{status: 400}
	}
	if r := gateURI(&req.Recipient); r != nil {
		return r
	}
	if req.Method == sip.ACK || req.Method == sip.CANCEL {
		return nil
	}
	if m := req.MaxForwards(); m != nil && *m == 0 && req.Method == sip.INVITE && param(to.Params, "tag") == "" {
		return &refusal{status: 483}
	}
	return gateRequire(req, extensions)
}

// single counts a header under its long and its short name.
func single(req *sip.Request, name string) int {
	short := map[string]string{"from": "f", "to": "t", "call-id": "i", "content-length": "l", "content-type": "c"}[name]
	n := 0
	for _, h := range req.Headers() {
		if have := h.Name(); strings.EqualFold(have, name) || short != "" && strings.EqualFold(have, short) {
			n++
		}
	}
	return n
}

func known(m sip.RequestMethod) bool {
	return slices.Contains([]sip.RequestMethod{sip.INVITE, sip.ACK, sip.CANCEL, sip.BYE, sip.OPTIONS, sip.INFO, sip.UPDATE,
		sip.REGISTER, sip.REFER, sip.MESSAGE, sip.SUBSCRIBE, sip.NOTIFY, sip.PUBLISH, sip.PRACK}, m)
}

// saneURI refuses what would break a header when it is written again.
func saneURI(u *sip.Uri) bool {
	return !strings.ContainsAny(strings.TrimSpace(u.Host), " <>\"\t\r\n") && !strings.ContainsAny(u.User, "<>\"\r\n")
}

// gateURI judges the Request-URI: 416 for schemes that no phone has (RFC 3261 §8.2.2.1).
func gateURI(u *sip.Uri) *refusal {
	switch u.Scheme {
	case "sip", "sips":
		if u.Host == "" || !saneURI(u) {
			return &refusal{status: 400}
		}
	case "tel":
	default:
		return &refusal{status: 416}
	}
	return nil
}

// gateRequire refuses extensions we do not have (RFC 3261 §8.2.2.3).
func gateRequire(req *sip.Request, have []string) *refusal {
	var missing []string
	for _, h := range req.GetHeaders("require") {
		for tag := range strings.SplitSeq(h.Value(), ",") {
			if tag = strings.TrimSpace(tag); tag != "" && !slices.Contains(have, strings.ToLower(tag)) {
				missing = append(missing, tag)
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return &refusal{420, []sip.Header{sip.NewHeader("Unsupported", strings.Join(missing, ", "))}}
}

// param reads a header parameter whatever the case of its name (RFC 3261 §7.3.1).
func param(ps sip.HeaderParams, name string) string {
	for _, kv := range ps {
		if strings.EqualFold(strings.TrimSpace(kv.K), name) {
			return strings.TrimSpace(kv.V)
		}
	}
	return ""
}

// has tells whether a parameter is there, with a value or without.
func has(ps sip.HeaderParams, name string) bool {
	for _, kv := range ps {
		if strings.EqualFold(strings.TrimSpace(kv.K), name) {
			return true
		}
	}
	return false
}
