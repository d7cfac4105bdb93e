package media

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/pion/srtp/v3"
)

// Secrecy is what a leg does about SRTP (RFC 3711) by keys in SDP (RFC 4568). Such keys are as secret as the signalling that
// carries them.
type Secrecy byte

const (
	// SecrecyTaken takes SRTP where the far end offers nothing else: it is not worse than plain sound on the same path.
	SecrecyTaken Secrecy = iota
	// SecrecyAsked is for signalling by TLS: our offers ask for SRTP, and it is preferred in offers.
	SecrecyAsked
	// SecrecyRefused takes no keys: whoever offers only SRTP gets ErrNotAcceptable.
	SecrecyRefused
)

// SetSecrecy says what the next offer or answer does about SRTP. What was agreed stays in force until then.
func (p *Port) SetSecrecy(s Secrecy) {
	p.sdp.mu.Lock()
	defer p.sdp.mu.Unlock()
	p.sdp.secrecy = s
}

// Secure tells whether the sound of the leg is encrypted.
func (p *Port) Secure() bool {
	p.sdp.mu.Lock()
	defer p.sdp.mu.Unlock()
	return p.sdp.agreed.srtp != nil
}

// suites are the crypto-suites that we speak (RFC 4568 §6.2), the better first; the place is also the tag in our offers, from 1.
var suites = [2]suite{
	{"AES_CM_128_HMAC_SHA1_80", srtp.ProtectionProfileAes128CmHmacSha1_80},
	{"AES_CM_128_HMAC_SHA1_32", srtp.ProtectionProfileAes128CmHmacSha1_32},
}

type suite struct {
	name    string
	profile srtp.ProtectionProfile
}

const (
	keySize    = 16
	saltSize   = 14
	replaySize = 128 // packets: RFC 3711 §3.3.2 wants 64 or more
)

type masterKey [keySize + saltSize]byte

// crypto is one a=crypto line of a description.
type crypto struct {
	tag   int
	suite int // place in suites
	key   masterKey
	mki   string
}

// secured is SRTP as agreed: the two directions' contexts. They stay the same while the keys do, for the packet counters are
// part of them (RFC 4568 §7.1.4).
type secured struct {
	their   crypto
	in, out *srtp.Context
	head    rtp.Header
}

// readCrypto gives the crypto lines that we can take: one key, no parameters that change the session (RFC 4568 §6.3).
func readCrypto(m *sdp.MediaDescription) (out []crypto) {
	for _, a := range m.Attributes {
		if a.Key != "crypto" {
			continue
		}
		if c, ok := parseCrypto(a.Value); ok {
			out = append(out, c)
		}
	}
	return out
}

func parseCrypto(line string) (c crypto, ok bool) {
	f := strings.Fields(line)
	if len(f) < 3 {
		return c, false
	}
	var err error
	if c.tag, err = strconv.Atoi(f[0]); err != nil || c.tag < 0 || len(f[0]) > 9 {
		return c, false
	}
	c.suite = -1
	for i, s := range suites {
		if strings.EqualFold(s.name, f[1]) {
			c.suite = i
		}
	}
	for _, p := range f[3:] {
		if !strings.HasPrefix(strings.ToUpper(p), "WSH=") { // a hint; all others change what is sent
			return c, false
		}
	}
	inline, isInline := strings.CutPrefix(f[2], "inline:")
	if c.suite < 0 || !isInline || strings.Contains(inline, ";") {
		return c, false
	}
	parts := strings.Split(inline, "|")
	b, err := base64.StdEncoding.DecodeString(parts[0])
	if err != nil || copy(c.key[:], b) != len(c.key) || len(b) != len(c.key) {
		return c, false
	}
	for _, p := range parts[1:] {
		if value, size, isMKI := strings.Cut(p, ":"); isMKI {
			if c.mki, ok = mkiBytes(value, size); !ok {
				return c, false
			}
		}
	}
	return c, true
}

// mkiBytes makes the octets of a key's number as it stands in packets (RFC 4568 §6.1).
func mkiBytes(value, size string) (string, bool) {
	v, err := strconv.ParseUint(value, 10, 64)
	n, err2 := strconv.Atoi(size)
	if err != nil || err2 != nil || n < 1 || n > 128 {
		return "", false
	}
	b := make([]byte, n)
	for i := n - 1; i >= 0 && v > 0; i, v = i-1, v>>8 {
		b[i] = byte(v)
	}
	return string(b), true
}

// line writes our a=crypto line.
func (s *session) line(tag, suite int) string {
	if s.keys[suite] == (masterKey{}) {
		_, _ = rand.Read(s.keys[suite][:]) // it never fails
	}
	return fmt.Sprintf("a=crypto:%d %s inline:%s\r\n", tag, suites[suite].name, base64.StdEncoding.EncodeToString(s.keys[suite][:]))
}

// secure puts a far end's key and ours of the same suite into force; the one that is in force already stays.
func (s *session) secure(c crypto) (*secured, error) {
	old := s.agreed.srtp
	if old != nil && old.their.suite == c.suite && old.their.key == c.key && old.their.mki == c.mki {
		return old, nil
	}
	o := []srtp.ContextOption{srtp.SRTPReplayProtection(replaySize), srtp.SRTCPReplayProtection(replaySize)}
	if c.mki != "" {
		o = append(o, srtp.MasterKeyIndicator([]byte(c.mki)))
	}
	n := &secured{their: c}
	var err error
	profile := suites[c.suite].profile
	if n.in, err = srtp.CreateContext(c.key[:keySize], c.key[keySize:], profile, o...); err != nil {
		return nil, fmt.Errorf("media: srtp: %w", err)
	}
	if old != nil && old.their.suite == c.suite {
		n.out = old.out
		return n, nil
	}
	own := &s.keys[c.suite]
	if n.out, err = srtp.CreateContext(own[:keySize], own[keySize:], profile); err != nil {
		return nil, fmt.Errorf("media: srtp: %w", err)
	}
	return n, nil
}

// open decrypts an RTP packet; a forged or repeated one is not ok.
func (s *secured) open(buf, b []byte) ([]byte, bool) {
	b, err := s.in.DecryptRTP(buf[:0], b, &s.head)
	return b, err == nil
}

// seal encrypts an RTP packet.
func (s *secured) seal(buf, b []byte) ([]byte, error) { return s.out.EncryptRTP(buf[:0], b, &s.head) }

// openReport decrypts what came as RTCP, where that was agreed.
func (p *Port) openReport(b []byte) ([]byte, bool) {
	s := p.terms.srtp
	if s == nil {
		return b, true
	}
	b, err := s.in.DecryptRTCP(p.owner.Load().plain[:0], b, nil)
	return b, err == nil
}

// sendReport sends RTCP, encrypted where that was agreed. A lost report is followed by the next.
func (p *Port) sendReport(c Conn, b []byte, to netip.AddrPort) {
	if s := p.terms.srtp; s != nil {
		var err error
		if b, err = s.out.EncryptRTCP(nil, b, nil); err != nil {
			return
		}
	}
	_ = c.Send(b, to)
}
