package sipua

import (
	"bytes"
	"slices"
	"strings"

	"dovidka/internal/media"
)

// shaped is a leg's sound with its trunk's wishes: which of the two laws first, or only one, and no RFC 4733 where a carrier's is
// broken. It alters what is offered, either way, so the media room need not know of carriers.
type shaped struct {
	sound
	codecs []string
	events bool // RFC 4733 may be agreed on
}

// shape wraps the sound when the trunk wishes anything but the usual.
func (t Trunk) shape(s sound) sound {
	events := len(t.DTMF) == 0 || slices.Contains(t.DTMF, "rfc4733")
	if events && (len(t.Codecs) == 0 || slices.Equal(t.Codecs, []string{"PCMA", "PCMU"})) {
		return s
	}
	return &shaped{s, t.Codecs, events}
}

// portOf is the media port behind a leg's sound; nil in tests that have none.
func portOf(s sound) *media.Port {
	if w, ok := s.(*shaped); ok {
		s = w.sound
	}
	p, _ := s.(*media.Port)
	return p
}

// Answer answers an offer as if it held only what the trunk likes best of it.
func (s *shaped) Answer(offer []byte) ([]byte, error) {
	return s.sound.Answer(s.rewrite(offer, true))
}

// Offer offers in the trunk's order.
func (s *shaped) Offer() ([]byte, error) {
	sdp, err := s.sound.Offer()
	return s.rewrite(sdp, false), err
}

// rewrite changes the list of formats of each line of sound; best keeps only the first law that is there. A line of which nothing
// would be left stays as it is: a call with the other law is better than none.
func (s *shaped) rewrite(sdp []byte, best bool) []byte {
	lines := strings.Split(string(sdp), "\r\n")
	for i, line := range lines {
		f := strings.Fields(line)
		if len(f) < 4 || f[0] != "m=audio" {
			continue
		}
		end := i + 1 + slices.IndexFunc(lines[i+1:], func(l string) bool { return strings.HasPrefix(l, "m=") })
		if end <= i {
			end = len(lines)
		}
		laws, rest := []string{}, []string{}
		for _, pt := range f[3:] {
			switch name := encoding(lines[i+1:end], pt); {
			case name == "PCMA" || name == "PCMU":
			case name == "TELEPHONE-EVENT" && !s.events:
			default:
				rest = append(rest, pt)
			}
		}
		for _, c := range s.codecs {
			for _, pt := range f[3:] {
				if encoding(lines[i+1:end], pt) == c && !(best && len(laws) > 0) {
					laws = append(laws, pt)
				}
			}
		}
		if len(laws) > 0 {
			lines[i] = strings.Join(append(append(f[:3:3], laws...), rest...), " ")
		}
	}
	return bytes.TrimRight([]byte(strings.Join(lines, "\r\n")), "\x00")
}

// encoding is what a payload type stands for (RFC 3551 table 4 where no rtpmap says it).
func encoding(attrs []string, pt string) string {
	for _, a := range attrs {
		if v, ok := strings.CutPrefix(a, "a=rtpmap:"+pt+" "); ok {
			name, _, _ := strings.Cut(strings.TrimSpace(v), "/")
			return strings.ToUpper(name)
		}
	}
	return map[string]string{"8": "PCMA", "0": "PCMU"}[pt]
}
