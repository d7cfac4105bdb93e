package sipua

import (
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // RFC 2617: what desk phones speak
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
)

const (
	nonceLife    = 5 * time.Minute
	maxNonces    = 4096 // nonces with a proved user
	maxPenalties = 8192 // sources that were wrong
	freeMistakes = 10   // of one address over all accounts: a household of phones is not an attacker
	maxPenalty   = 5 * time.Minute
)

// doorkeeper checks digests (RFC 2617 with qop=auth). A nonce is a sealed time, so a challenge costs no memory; the last count of a
// nonce is kept only once somebody has proved a password with it. An unknown user goes the way of a wrong password to the last
// instruction, and a wrong password makes its source wait 1, 2, 4 … seconds, at most five minutes.
type doorkeeper struct {
	realm   string
	account func(string) (string, bool)
	seal    [32]byte

	mu     sync.Mutex
	counts map[string]used
	wrong  map[string]mistakes
}

type used struct {
	nc    int
	until time.Time
}

type mistakes struct {
	n     int
	until time.Time // no answer is looked at before
	kept  time.Time // forgotten after
}

func newDoorkeeper(realm string, account func(string) (string, bool)) *doorkeeper {
	d := &doorkeeper{realm: realm, account: account, counts: map[string]used{}, wrong: map[string]mistakes{}}
	rand.Read(d.seal[:])
	return d
}

// verdict: status 0 lets user in; otherwise status and header are the answer.
type verdict struct {
	user   string
	status int
	header sip.Header
}

// judge looks at an Authorization header for a request of method from the address ip.
func (d *doorkeeper) judge(auth, method, ip string, now time.Time) verdict {
	c, err := digest.ParseCredentials(auth)
	if auth == "" || err != nil || c.Realm != d.realm || c.QOP != "auth" || c.Cnonce == "" || len(c.Username) > 64 {
		return d.challenge(ip, now, false)
	}
	keys := []string{ip + "\x00" + strings.ToLower(c.Username), ip}
	if wait := d.penalty(keys, now); wait > 0 {
		return verdict{status: 503, header: sip.NewHeader("Retry-After", strconv.Itoa(int(wait/time.Second)+1))}
	}
	made, ours := d.opened(ip, c.Nonce)
	ha1, exists := d.account(c.Username)
	if !exists || len(ha1) != 32 {
		ha1, exists = hex.EncodeToString(d.seal[:16]), false
	}
	right := subtle.ConstantTimeCompare([]byte(strings.ToLower(c.Response)), []byte(response(ha1, method, c))) == 1
	if !ours { // made up, or given to another address: proves nothing, costs nothing – else a forged source could lock a phone out
		return d.challenge(ip, now, false)
	}
	if !right || !exists {
		d.mistake(keys, now)
		return d.challenge(ip, now, false)
	}
	if now.Sub(made) > nonceLife {
		return d.challenge(ip, now, true)
	}
	if !d.count(c.Nonce, c.Nc, made.Add(nonceLife), now) { // replayed: a new nonce, no penalty – a phone may have restarted its count
		return d.challenge(ip, now, true)
	}
	d.forgive(keys[0])
	return verdict{user: c.Username}
}

// response is RFC 2617 §3.2.2.1 for qop=auth.
func response(ha1, method string, c *digest.Credentials) string {
	ha2 := md5hex(method + ":" + c.URI)
	return md5hex(strings.ToLower(ha1) + ":" + c.Nonce + ":" + fmt.Sprintf("%08x", c.Nc) + ":" + c.Cnonce + ":auth:" + ha2)
}

func md5hex(s string) string {
	h := md5.Sum([]byte(s)) //nolint:gosec // see the import
	return hex.EncodeToString(h[:])
}

// HA1 is what Options.Account gives for a user: MD5(user:realm:password) (RFC 2617 §3.2.2.2). The password itself is never stored.
func HA1(user, realm, password string) string { return md5hex(user + ":" + realm + ":" + password) }

func (d *doorkeeper) challenge(ip string, now time.Time, stale bool) verdict {
	v := fmt.Sprintf(`Digest realm="%s", nonce="%s", algorithm=MD5, qop="auth"`, d.realm, d.nonce(ip, now))
	if stale {
		v += ", stale=true"
	}
	return verdict{status: 401, header: sip.NewHeader("WWW-Authenticate", v)}
}

// nonce seals the time and eight random bytes for one address: 8 + 8 + 16 bytes.
func (d *doorkeeper) nonce(ip string, now time.Time) string {
	var b [32]byte
	binary.BigEndian.PutUint64(b[:], uint64(now.UnixMilli()))
	rand.Read(b[8:16])
	copy(b[16:], d.mac(ip, b[:16]))
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func (d *doorkeeper) mac(ip string, b []byte) []byte {
	h := hmac.New(sha256.New, d.seal[:])
	h.Write([]byte(ip))
	h.Write(b)
	return h.Sum(nil)[:16]
}

// opened tells when a nonce of ours was made.
func (d *doorkeeper) opened(ip, nonce string) (time.Time, bool) {
	b, err := base64.RawURLEncoding.DecodeString(nonce)
	if err != nil || len(b) != 32 || !hmac.Equal(b[16:], d.mac(ip, b[:16])) {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(binary.BigEndian.Uint64(b))), true
}

// count lets each count of a nonce through once, upwards only (RFC 2617 §3.2.2).
func (d *doorkeeper) count(nonce string, nc int, until, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	u := d.counts[nonce]
	if nc <= u.nc {
		return false
	}
	if len(d.counts) >= maxNonces {
		for k, v := range d.counts {
			if v.until.Before(now) {
				delete(d.counts, k)
			}
		}
	}
	if len(d.counts) >= maxNonces { // every one of them proved a password lately: refuse new ones rather than forget a count
		return false
	}
	d.counts[nonce] = used{nc, until}
	return true
}

// penalty is how long a source must still wait; keys are its address with the user, and its address alone.
func (d *doorkeeper) penalty(keys []string, now time.Time) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	var wait time.Duration
	for _, k := range keys {
		wait = max(wait, d.wrong[k].until.Sub(now))
	}
	return wait
}

func (d *doorkeeper) mistake(keys []string, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, k := range keys {
		if len(d.wrong) >= maxPenalties {
			d.forget(now)
		}
		m := d.wrong[k]
		if now.After(m.kept) {
			m = mistakes{}
		}
		m.n++
		over := m.n
		if i > 0 {
			over -= freeMistakes
		}
		if over > 0 {
			m.until = now.Add(min(time.Second<<min(over-1, 16), maxPenalty))
		}
		m.kept = now.Add(4 * maxPenalty)
		d.wrong[k] = m
	}
}

// forget makes room: what is over goes first, then anything.
func (d *doorkeeper) forget(now time.Time) {
	for k, m := range d.wrong {
		if now.After(m.kept) {
			delete(d.wrong, k)
		}
	}
	for k := range d.wrong {
		if len(d.wrong) < maxPenalties*3/4 {
			return
		}
		delete(d.wrong, k)
	}
}

func (d *doorkeeper) forgive(key string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.wrong, key)
}
