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
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"dovidka/internal/crowd"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
)

const (
	nonceLife    = 5 * time.Minute
	maxNonces    = 4096 // nonces with a proved user
	maxPenalties = 8192 // sources that were wrong
	maxProved    = 4096 // accounts with the address where each was proved
	freeMistakes = 10   // of one address over all accounts: a household of phones is not an attacker
	freeNet      = 100  // of a whole network
	maxPenalty   = 5 * time.Minute
	homePenalty  = 10 * time.Second // where an account lives, somebody else's mistakes may not keep its phone out for long
	homeFor      = 24 * time.Hour
)

// doorkeeper checks digests (RFC 2617 with qop=auth). A nonce is a sealed time, so a challenge costs no memory; the last count of a
// nonce is kept only once somebody has proved a password with it. An unknown user goes the way of a wrong password to the last
// instruction, and a wrong password makes its source wait 1, 2, 4 … seconds, at most five minutes. Passwords are random (80 bits), so
// the wait need not stop many sources at once; it must not shut out the rightful phone either: a source that has proved itself pays
// for its own mistakes only, not for those of others behind its NAT, and an address where an account was proved lately waits ten
// seconds at most for that account, so that a phone that has restarted comes in again.
type doorkeeper struct {
	realm   string
	account func(string) (string, bool)
	seal    [32]byte

	mu     sync.Mutex
	counts map[string]used
	wrong  map[string]mistakes
	homes  map[string]time.Time // address and account, until when
	proved *crowd.Known         // sources
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
	d := &doorkeeper{realm: realm, account: account, counts: map[string]used{}, wrong: map[string]mistakes{},
		homes: map[string]time.Time{}, proved: crowd.NewKnown(maxPenalties)}
	rand.Read(d.seal[:])
	return d
}

// verdict: status 0 lets user in; otherwise status and header are the answer.
type verdict struct {
	user   string
	status int
	header sip.Header
}

// toll is what a mistake costs under one key: so many are free, and no wait is longer than most.
type toll struct {
	key  string
	free int
	most time.Duration
}

// tolls are those of a try for an account from a source.
func (d *doorkeeper) tolls(from netip.AddrPort, user string, now time.Time) []toll {
	user = "\x00" + strings.ToLower(user)
	if d.proved.Has(from, now) {
		return []toll{{from.String() + user, 0, maxPenalty}, {from.String(), freeMistakes, maxPenalty}}
	}
	host := crowd.Host(from.Addr()).String()
	d.mu.Lock()
	home := d.homes[host+user].After(now)
	d.mu.Unlock()
	if home {
		return []toll{{host + user, 0, homePenalty}}
	}
	return []toll{{host + user, 0, maxPenalty}, {host, freeMistakes, maxPenalty}, {"net " + crowd.Net(from.Addr()).String(), freeNet, maxPenalty}}
}

// judge looks at an Authorization header for a request of method from source, an address with its port.
func (d *doorkeeper) judge(auth, method, source string, now time.Time) verdict {
	from, err := netip.ParseAddrPort(source)
	if err != nil {
		return verdict{status: 403}
	}
	ip := from.Addr().Unmap().String()
	c, err := digest.ParseCredentials(auth)
	if auth == "" || err != nil || c.Realm != d.realm || c.QOP != "auth" || c.Cnonce == "" || len(c.Username) > 64 {
		return d.challenge(ip, now, false)
	}
	tolls := d.tolls(from, c.Username, now)
	if wait := d.penalty(tolls, now); wait > 0 {
		return verdict{status: 503, header: sip.NewHeader("Retry-After", strconv.Itoa(int(wait/time.Second)+1))}
	}
	made, ours := d.opened(ip, c.Nonce)
	if !ours { // made up, or given to another address: proves nothing, costs nothing – else a forged source could lock a phone out
		return d.challenge(ip, now, false)
	}
	ha1, exists := d.account(c.Username)
	if !exists || len(ha1) != 32 {
		ha1, exists = hex.EncodeToString(d.seal[:16]), false
	}
	right := subtle.ConstantTimeCompare([]byte(strings.ToLower(c.Response)), []byte(response(ha1, method, c))) == 1
	if !right || !exists {
		d.mistake(tolls, now)
		return d.challenge(ip, now, false)
	}
	if now.Sub(made) > nonceLife {
		return d.challenge(ip, now, true)
	}
	if !d.count(c.Nonce, c.Nc, made.Add(nonceLife), now) { // replayed: a new nonce, no penalty – a phone may have restarted its count
		return d.challenge(ip, now, true)
	}
	d.settle(tolls[0].key, from, c.Username, now)
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

// penalty is how long a source must still wait.
func (d *doorkeeper) penalty(tolls []toll, now time.Time) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	var wait time.Duration
	for _, t := range tolls {
		wait = max(wait, min(d.wrong[t.key].until.Sub(now), t.most))
	}
	return wait
}

func (d *doorkeeper) mistake(tolls []toll, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, t := range tolls {
		if len(d.wrong) >= maxPenalties {
			d.forget(now)
		}
		m := d.wrong[t.key]
		if now.After(m.kept) {
			m = mistakes{}
		}
		m.n++
		if over := m.n - t.free; over > 0 {
			m.until = now.Add(min(time.Second<<min(over-1, 16), t.most))
		}
		m.kept = now.Add(4 * maxPenalty)
		d.wrong[t.key] = m
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

// settle is a right password: the mistakes before it are forgiven, and the source and its home are known.
func (d *doorkeeper) settle(key string, from netip.AddrPort, user string, now time.Time) {
	d.proved.Add(from, now.Add(knownFor), now)
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.wrong, key)
	home := crowd.Host(from.Addr()).String() + "\x00" + strings.ToLower(user)
	if _, there := d.homes[home]; !there && len(d.homes) >= maxProved {
		for k := range d.homes { // any: they prove themselves again
			delete(d.homes, k)
			break
		}
	}
	d.homes[home] = now.Add(homeFor)
}
