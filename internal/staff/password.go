package staff

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"dovidka/internal/fault"
)

// The cost of a password (OWASP password storage: argon2id, 19 MiB, 2 passes, 1 lane): some 30 ms and no more memory than a small
// server has beside its calls.
const (
	argonMemory = 19 * 1024 // KiB
	argonPasses = 2
	argonLanes  = 1
	argonKey    = 32
	argonSalt   = 16
)

// Bounds of a password, in characters.
const (
	minPassword = 8
	maxPassword = 200
)

// hasher makes and checks hashes, a few at a time: sound must not stutter when many sign in.
type hasher struct{ slots chan struct{} }

const atOnce = 2

func newHasher() *hasher { return &hasher{slots: make(chan struct{}, atOnce)} }

// key derives the key of a password. Composed letters (й, ї) are the same however a keyboard sends them.
func (h *hasher) key(password string, salt []byte) []byte {
	h.slots <- struct{}{}
	defer func() { <-h.slots }()
	return argon2.IDKey([]byte(norm.NFC.String(password)), salt, argonPasses, argonMemory, argonLanes, argonKey)
}

// make gives the hash in the PHC form, which names its cost: it can be raised later.
func (h *hasher) make(password string) string {
	salt := make([]byte, argonSalt)
	rand.Read(salt) // never fails
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonPasses, argonLanes,
		b64.EncodeToString(salt), b64.EncodeToString(h.key(password, salt)))
}

// nobody gives a hash that no password fits.
func (h *hasher) nobody() string {
	salt, key := make([]byte, argonSalt), make([]byte, argonKey)
	rand.Read(salt)
	rand.Read(key)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonPasses, argonLanes,
		b64.EncodeToString(salt), b64.EncodeToString(key))
}

// fits tells whether the password is the one of the hash, in a time that does not depend on it.
func (h *hasher) fits(password, hash string) bool {
	part := strings.Split(hash, "$")
	if len(part) != 6 || part[1] != "argon2id" {
		return false
	}
	var version, memory, passes, lanes int
	if _, err := fmt.Sscanf(part[2]+" "+part[3], "v=%d m=%d,t=%d,p=%d", &version, &memory, &passes, &lanes); err != nil {
		return false
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(part[4])
	key, err2 := base64.RawStdEncoding.DecodeString(part[5])
	known := version == argon2.Version && memory == argonMemory && passes == argonPasses && lanes == argonLanes && len(key) == argonKey
	if err1 != nil || err2 != nil || !known {
		return false
	}
	return subtle.ConstantTimeCompare(h.key(password, salt), key) == 1
}

// checkPassword refuses a password that is no protection (NIST SP 800-63B §5.1.1: length, not kinds of characters).
func checkPassword(login, password string) error {
	n := utf8.RuneCountInString(password)
	switch {
	case n < minPassword:
		return fault.New(fault.Invalid, fmt.Sprintf("Пароль закороткий: щонайменше %d знаків.", minPassword))
	case n > maxPassword || !utf8.ValidString(password):
		return fault.New(fault.Invalid, fmt.Sprintf("Пароль задовгий: щонайбільше %d знаків.", maxPassword))
	case strings.EqualFold(password, login):
		return fault.New(fault.Invalid, "Пароль не може збігатися з логіном.")
	}
	return nil
}
