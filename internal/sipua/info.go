package sipua

import (
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// onInfo takes a key pressed as SIP INFO (application/dtmf-relay, application/dtmf: practice older than RFC 6086).
func (l *Leg) onInfo(req *sip.Request, tx *sip.ServerTx) {
	kind := ""
	if c := req.ContentType(); c != nil {
		kind, _, _ = strings.Cut(strings.ToLower(c.Value()), ";")
	}
	key, ok := byte(0), false
	switch strings.TrimSpace(kind) {
	case "application/dtmf-relay":
		key, ok = relayKey(string(req.Body()))
	case "application/dtmf":
		key, ok = dtmfKey(string(req.Body()))
	case "":
		_ = tx.Respond(l.response(req, 200, nil)) // RFC 2976 §2.2: an empty INFO is a sign of life
		return
	default:
		res := l.response(req, 415, nil)
		res.AppendHeader(sip.NewHeader("Accept", "application/dtmf-relay, application/dtmf"))
		_ = tx.Respond(res)
		return
	}
	if !ok {
		_ = tx.Respond(l.response(req, 400, nil))
		return
	}
	l.mu.Lock()
	up := l.state == talking || l.state == answered
	l.mu.Unlock()
	if up {
		l.port.InjectDigit(key)
	}
	_ = tx.Respond(l.response(req, 200, nil))
}

// relayKey reads "Signal=5\r\nDuration=160".
func relayKey(body string) (byte, bool) {
	for line := range strings.Lines(body) {
		name, value, _ := strings.Cut(line, "=")
		if strings.EqualFold(strings.TrimSpace(name), "signal") {
			return dtmfKey(value)
		}
	}
	return 0, false
}

// dtmfKey reads one key: itself, or its event number (RFC 4733 §3.2: 10 is *, 11 is #, 12–15 are A–D).
func dtmfKey(v string) (byte, bool) {
	v = strings.ToUpper(strings.TrimSpace(v))
	if len(v) == 1 && strings.Contains("0123456789*#ABCD", v) {
		return v[0], true
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 10 || n > 15 {
		return 0, false
	}
	return "*#ABCD"[n-10], true
}
