package sipua

import (
	"strings"
	"testing"
)

func TestSoundAsTheTrunkWishes(t *testing.T) {
	const offer = "v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 4000 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
	for name, c := range map[string]struct {
		t    Trunk
		best bool
		want string
	}{
		"mu-law first, offered":     {Trunk{Codecs: []string{"PCMU", "PCMA"}}, false, "m=audio 4000 RTP/AVP 0 8 101"},
		"mu-law first, answered":    {Trunk{Codecs: []string{"PCMU", "PCMA"}}, true, "m=audio 4000 RTP/AVP 0 101"},
		"A-law only":                {Trunk{Codecs: []string{"PCMA"}}, false, "m=audio 4000 RTP/AVP 8 101"},
		"no RFC 4733":               {Trunk{Codecs: []string{"PCMA", "PCMU"}, DTMF: []string{"info"}}, false, "m=audio 4000 RTP/AVP 8 0"},
		"no RFC 4733, answered":     {Trunk{Codecs: []string{"PCMA", "PCMU"}, DTMF: []string{"inband"}}, true, "m=audio 4000 RTP/AVP 8"},
		"a law that is not offered": {Trunk{Codecs: []string{"G729"}}, true, "m=audio 4000 RTP/AVP 8 0 101"},
	} {
		s, ok := c.t.shape(newDeaf()).(*shaped)
		if !ok {
			t.Fatal(name)
		}
		if got := string(s.rewrite([]byte(offer), c.best)); !strings.Contains(got, c.want+"\r\n") || len(strings.Split(got, "\r\n")) != len(strings.Split(offer, "\r\n")) {
			t.Errorf("%s: %q", name, got)
		}
	}
	if _, wrapped := (Trunk{Codecs: []string{"PCMA", "PCMU"}, DTMF: []string{"rfc4733", "info"}}).shape(newDeaf()).(*shaped); wrapped {
		t.Error("the usual wishes need no wrapping")
	}
	if got := string((&shaped{codecs: []string{"PCMA"}}).rewrite([]byte("m=audio\r\nm=audio 1 X\r\n\x00"), true)); !strings.HasPrefix(got, "m=audio\r\n") {
		t.Errorf("%q", got)
	}
}

func TestATrunksCodecIsAnsweredAndOffered(t *testing.T) {
	c := newCarrier(t)
	h := serve(t, withMedia(t))
	h.SetTrunks([]Trunk{c.trunk(func(t *Trunk) { t.Codecs, t.DTMF = []string{"PCMU", "PCMA"}, []string{"info"} })})
	h.state("binotel", up)
	p := h.citizen()
	p.invite("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\n")
	l := h.leg()
	if err := l.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	if ok := p.want("SIP/2.0 200"); !strings.Contains(ok, "RTP/AVP 0\r\n") || strings.Contains(ok, "telephone-event") {
		t.Error(ok)
	}
	if l.Media() == nil {
		t.Error("the port is hidden")
	}
	if _, err := h.DialTrunk(t.Context(), "binotel", "+380442000001", DialOptions{}); err != nil {
		t.Fatal(err)
	}
	if sent := c.all("INVITE")[0]; !strings.Contains(sent, "RTP/AVP 0 8\r\n") {
		t.Error(sent)
	}
}
