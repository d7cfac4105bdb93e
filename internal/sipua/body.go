package sipua

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/netip"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// sdpOf is the session description of a message, with its sound where it may go (address.go). nil without status: there is none.
// 415: a body that we cannot read; 488: nobody may be spoken to there.
func sdpOf(msg sip.Message) (sdp []byte, status int) {
	if sdp, status = described(msg); sdp == nil {
		return nil, status
	}
	source, _ := netip.ParseAddrPort(msg.Source())
	sdp, ok := placed(sdp, source.Addr())
	if !ok {
		return nil, 488
	}
	return sdp, 0
}

// described finds the session description of a message: the body, or the part of a multipart one (carriers that speak SIP-I send ISUP
// beside it). nil without status: there is none. 415: a body that we cannot read (RFC 3261 §8.2.3).
func described(msg sip.Message) (sdp []byte, status int) {
	body := msg.Body()
	if len(body) == 0 {
		return nil, 0
	}
	for _, name := range []string{"content-encoding", "e"} {
		for _, h := range msg.GetHeaders(name) {
			if v := strings.TrimSpace(h.Value()); v != "" && !strings.EqualFold(v, "identity") {
				return nil, 415
			}
		}
	}
	types := msg.GetHeaders("content-type")
	if len(types) == 0 {
		return nil, 415 // RFC 3261 §20.15: a body without a type
	}
	kind, ps, err := mime.ParseMediaType(types[0].Value())
	switch {
	case err != nil:
		return nil, 415
	case kind == "application/sdp":
		return body, 0
	case strings.HasPrefix(kind, "multipart/"):
		if sdp = partOf(body, ps["boundary"]); sdp != nil {
			return sdp, 0
		}
	}
	return nil, 415
}

func partOf(body []byte, boundary string) []byte {
	if boundary == "" {
		return nil
	}
	r := multipart.NewReader(bytes.NewReader(body), boundary)
	for range 8 {
		p, err := r.NextRawPart()
		if err != nil {
			return nil
		}
		if kind, _, err := mime.ParseMediaType(p.Header.Get("Content-Type")); err == nil && kind == "application/sdp" {
			sdp, err := io.ReadAll(p)
			if err != nil {
				return nil
			}
			return sdp
		}
	}
	return nil
}

// takesSDP tells whether the sender can read the session description in our answer: Accept without application/sdp says no (RFC 3261
// §20.1, RFC 4475 §3.3.15 `sdp01`); no Accept at all says yes.
func takesSDP(req *sip.Request) bool {
	accept := values(req, "accept", "")
	if len(accept) == 0 {
		return true
	}
	for _, v := range accept {
		for kind := range strings.SplitSeq(v, ",") {
			kind, _, _ = strings.Cut(strings.ToLower(kind), ";")
			switch strings.TrimSpace(kind) {
			case "application/sdp", "application/*", "*/*":
				return true
			}
		}
	}
	return false
}
