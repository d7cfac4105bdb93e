package sipua

import (
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Timers says how session timers are used (RFC 4028): by them both ends, and the proxies between, notice a call whose far end has
// vanished although nobody hung up. Zero values have defaults.
type Timers struct {
	Off     bool          // ask for none and agree to none
	Expires time.Duration // what we ask for, and the most that we agree to; default 30 min (§4)
	Min     time.Duration // the least; default 90 s (§5)
}

// leastExpires is the lowest interval that anybody may ask for (RFC 4028 §5).
const leastExpires = 90

func (t Timers) expires() int { return seconds(t.Expires, 1800, t.min()) }
func (t Timers) min() int     { return seconds(t.Min, leastExpires, leastExpires) }

func seconds(d time.Duration, zero, least int) int {
	if d == 0 {
		return zero
	}
	return max(int(d/time.Second), least)
}

// terms is a session timer as a message tells it: its length, and who of the two ends of the transaction refreshes.
type terms struct {
	seconds   int    // 0: none
	refresher string // "uac" or "uas"; "" is left open
}

// termsOf reads Session-Expires; one that cannot be read is as good as none.
func termsOf(m sip.Message) (t terms) {
	v := values(m, "session-expires", "x")
	if len(v) == 0 {
		return t
	}
	n, rest, _ := strings.Cut(v[0], ";")
	t.seconds = deltaSeconds(n)
	for p := range strings.SplitSeq(strings.ToLower(rest), ";") {
		name, value, _ := strings.Cut(p, "=")
		if value = strings.TrimSpace(value); strings.TrimSpace(name) == "refresher" && (value == "uac" || value == "uas") {
			t.refresher = value
		}
	}
	return t
}

func (t terms) header() sip.Header {
	v := strconv.Itoa(t.seconds)
	if t.refresher != "" {
		v += ";refresher=" + t.refresher
	}
	return sip.NewHeader("Session-Expires", v)
}

// minOf reads Min-SE; 0: there is none.
func minOf(m sip.Message) int {
	if v := values(m, "min-se", ""); len(v) > 0 {
		n, _, _ := strings.Cut(v[0], ";")
		return deltaSeconds(n)
	}
	return 0
}

// deltaSeconds reads a number of seconds; a day bounds what we reckon with.
func deltaSeconds(s string) int {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 32)
	if err != nil {
		return 0
	}
	return int(min(n, 24*3600))
}

// lists tells whether an option tag stands in a header such as Supported or Require, or a method in Allow.
func lists(m sip.Message, name, short, tag string) bool {
	for _, v := range values(m, name, short) {
		for t := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.TrimSpace(t), tag) {
				return true
			}
		}
	}
	return false
}

// extensions are the option tags that we know (RFC 3261 §20.37); for an INVITE that comes to us 100rel is one more.
func (t Timers) extensions() []string {
	if t.Off {
		return []string{"norefersub"}
	}
	return []string{"timer", "norefersub"}
}

// agree judges a request as its UAS (RFC 4028 §9): the terms for its 2xx, or status 422. now is the timer that runs already, seen
// from this transaction; able: the far end knows session timers.
func (t Timers) agree(asked terms, least int, able bool, now terms) (granted terms, status int) {
	switch {
	case t.Off:
		return terms{}, 0
	case asked.seconds > 0 && asked.seconds < t.min() && able:
		return terms{}, 422
	case asked.seconds > 0 && asked.seconds < leastExpires:
		return terms{}, 0 // a proxy's impossible wish for a phone that could not read our 422
	case asked.seconds > 0:
		granted = terms{min(asked.seconds, max(t.expires(), least)), asked.refresher}
	case able:
		granted = terms{max(t.expires(), least), now.refresher}
		if now.seconds > 0 {
			granted.seconds = max(now.seconds, least)
		}
	default:
		granted = now // goes on, if there is one, and is ours to refresh
	}
	switch {
	case granted.seconds == 0:
		return terms{}, 0
	case !able: // table 2: who cannot, need not
		granted.refresher = "uas"
	case granted.refresher != "":
	case now.refresher != "":
		granted.refresher = now.refresher
	case asked.seconds > 0: // they wanted it
		granted.refresher = "uac"
	default:
		granted.refresher = "uas"
	}
	return granted, 0
}
