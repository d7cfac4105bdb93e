package sipua

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"

	"github.com/emiago/sipgo/sip"
)

// tidy removes white space that RFC 3261 §25.1 allows around the separators of a header and that sipgo keeps inside names and values
// ("; tag = x" would be a parameter " tag "): folded lines are joined, blanks around : ; = / and , go, quoted text stays. A message
// without any is given back as it is.
func tidy(msg []byte) []byte {
	end := bytes.Index(msg, []byte("\r\n\r\n"))
	if end < 0 || !loose(msg[:end]) {
		return msg
	}
	lines := unfold(msg[:end])
	if len(lines) == 0 {
		return msg
	}
	var b bytes.Buffer
	b.Write(lines[0])
	b.WriteString("\r\n")
	for _, line := range lines[1:] {
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			return msg
		}
		name, value = bytes.TrimSpace(name), bytes.TrimSpace(value)
		b.Write(name)
		b.WriteString(": ")
		switch string(bytes.ToLower(name)) {
		case "from", "f", "to", "t", "via", "v", "contact", "m", "route", "record-route":
			value = tight(value)
		case "cseq":
			value = bytes.Join(bytes.Fields(value), []byte(" "))
		}
		b.Write(value)
		b.WriteString("\r\n")
	}
	b.Write(msg[end+2:])
	return b.Bytes()
}

// loose tells whether there is anything to tidy: nearly every message has nothing.
func loose(head []byte) bool {
	for _, s := range []string{"\r\n ", "\r\n\t", "; ", " ;", " =", "= ", " :", " ,", "  ", "\t"} {
		if bytes.Contains(head, []byte(s)) {
			return true
		}
	}
	return false
}

// tight drops blanks around separators outside quotes, and makes one of several elsewhere.
func tight(v []byte) []byte {
	out := make([]byte, 0, len(v))
	quoted := false
	for i := 0; i < len(v); i++ {
		c := v[i]
		switch {
		case quoted && c == '\\' && i+1 < len(v):
			out = append(out, c, v[i+1])
			i++
			continue
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ' ' || c == '\t'):
			next := byte(0)
			if j := i + 1 + len(v[i+1:]) - len(bytes.TrimLeft(v[i+1:], " \t")); j < len(v) {
				next = v[j]
			}
			if len(out) == 0 || bytes.IndexByte([]byte(";=/, "), out[len(out)-1]) >= 0 || bytes.IndexByte([]byte(";=/, \t"), next) >= 0 {
				continue
			}
			c = ' '
		case !quoted && c == ';' && len(out) > 0 && out[len(out)-1] == ';':
			continue
		}
		out = append(out, c)
	}
	return out
}

// unfold splits the header part of a message into lines, continuation lines joined (RFC 3261 §7.3.1).
func unfold(msg []byte) [][]byte {
	var out [][]byte
	for line := range bytes.SplitSeq(msg, []byte("\n")) {
		line = bytes.TrimRight(line, "\r")
		if len(line) == 0 && len(out) > 0 {
			break
		}
		if len(out) > 0 && (line[0] == ' ' || line[0] == '\t') {
			out[len(out)-1] = append(append(bytes.Clone(out[len(out)-1]), ' '), bytes.TrimLeft(line, " \t")...)
			continue
		}
		if len(line) > 0 {
			out = append(out, line)
		}
	}
	return out
}

// withRport adds the parameter to the topmost Via of a tidy message.
func withRport(msg []byte) []byte { return withVia(msg, ";rport") }

// withBranch gives the Via of an RFC 2543 far end a branch that is the same for a request, its ACK and its CANCEL (RFC 3261 §17.2.3,
// RFC 4475 §3.4.1 `inv2543`): sipgo finds the transactions of such far ends only when they have a From tag.
func withBranch(msg []byte, req *sip.Request) []byte {
	if req.CallID() == nil || req.From() == nil || req.CSeq() == nil {
		return msg
	}
	name := sha256.Sum256([]byte(inviteKey(req) + "\x00" + req.From().Value() + "\x00" + req.Via().Value()))
	return withVia(msg, ";branch="+sip.RFC3261BranchMagicCookie+"2543"+hex.EncodeToString(name[:12]))
}

func withVia(msg []byte, param string) []byte {
	end := bytes.Index(msg, []byte("\r\n\r\n"))
	for at := 0; at < end; {
		next := at + bytes.Index(msg[at:], []byte("\r\n")) + 2
		name, value, ok := bytes.Cut(msg[at:next-2], []byte(":"))
		if n := bytes.ToLower(bytes.TrimSpace(name)); ok && (string(n) == "via" || string(n) == "v") {
			stop := next - 2
			if i := bytes.IndexByte(value, ','); i >= 0 {
				stop -= len(value) - i
			}
			return bytes.Join([][]byte{msg[:stop], msg[stop:]}, []byte(param))
		}
		at = next
	}
	return msg
}

// bareStatus is 400, or 416 when the Request-URI has a scheme of another world (RFC 4475 `novelsc`), or 505.
func bareStatus(line []byte) string {
	f := bytes.Fields(line)
	if len(f) != 3 {
		return "400 Bad Request"
	}
	if !bytes.Equal(f[2], []byte("SIP/2.0")) {
		return "505 Version Not Supported"
	}
	scheme, _, ok := bytes.Cut(bytes.ToLower(f[1]), []byte(":"))
	if !ok || len(bytes.Trim(scheme, "abcdefghijklmnopqrstuvwxyz0123456789+-.")) > 0 {
		return "400 Bad Request"
	}
	switch string(scheme) {
	case "sip", "sips", "tel":
		return "400 Bad Request"
	}
	return "416 Unsupported URI Scheme"
}

// bare400 answers a request that cannot be parsed, from its raw lines: Via, From, To, Call-ID and CSeq as they stand (RFC 3261 §8.2.6).
// nil for responses, for ACK, and where one of them is missing. It is never longer than the request by more than a few words.
func bare400(msg []byte) []byte {
	lines := unfold(msg)
	if len(lines) == 0 || bytes.HasPrefix(lines[0], []byte("SIP/")) || bytes.HasPrefix(lines[0], []byte("ACK")) ||
		!bytes.Contains(lines[0], []byte("SIP/")) {
		return nil
	}
	short := map[string]string{"v": "via", "f": "from", "t": "to", "i": "call-id"}
	have := map[string]bool{}
	var b bytes.Buffer
	b.WriteString("SIP/2.0 " + bareStatus(lines[0]) + "\r\n")
	for _, line := range lines[1:] {
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			continue
		}
		n := string(bytes.ToLower(bytes.TrimSpace(name)))
		if long := short[n]; long != "" {
			n = long
		}
		switch n {
		case "to":
			if !bytes.Contains(bytes.ToLower(value), []byte("tag=")) {
				value = append(bytes.Clone(value), ";tag=bad"...)
			}
			fallthrough
		case "from", "call-id", "cseq":
			if have[n] {
				continue
			}
			fallthrough
		case "via":
			have[n] = true
			b.WriteString(n + ": ")
			b.Write(bytes.TrimSpace(value))
			b.WriteString("\r\n")
		}
	}
	if len(have) < 5 || b.Len() > len(msg)+200 {
		return nil
	}
	b.WriteString("Content-Length: 0\r\n\r\n")
	return b.Bytes()
}
