package sipua

import (
	"net/netip"
	"strings"
	"testing"

	"dovidka/internal/media"
)

// TestSRTPOverTLS: a call by TLS asks for SRTP, and is made in the open where the far end does not speak it.
func TestSRTPOverTLS(t *testing.T) {
	e, err := media.NewEngine(media.EngineOptions{BindIP: netip.MustParseAddr("127.0.0.1"), Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	cert, pool := certificate(t, "127.0.0.1", "carrier.example")
	c := carrierAt(t, "tls", "127.0.0.1:0", cert)
	h := serve(t, func(o *Options) { o.Roots, o.Media, o.open = pool, e, nil })
	h.SetTrunks([]Trunk{c.trunk(func(t *Trunk) { t.Transport, t.Server, t.Proxy = "tls", "carrier.example", c.addr })})
	h.state("binotel", up)
	l, err := h.DialTrunk(t.Context(), "binotel", "+380442000001", DialOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if l.Media().Secure() {
		t.Error("secure with a far end that is not")
	}
	l.Hangup("us")
	offers := c.all("INVITE")
	if len(offers) != 2 || !strings.Contains(offers[0], "RTP/SAVP") || !strings.Contains(offers[0], "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:") ||
		strings.Contains(offers[1], "crypto") || head(offers[0], "Call-ID") == head(offers[1], "Call-ID") {
		t.Errorf("%q", offers)
	}
}
