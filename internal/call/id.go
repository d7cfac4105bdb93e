package call

import (
	"crypto/rand"
	"encoding/binary"
	"time"
)

// idAlphabet is Crockford's base 32 in lower case: its order is the order of the bytes, no letter looks like a digit.
const idAlphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// NewID names a call that arrived at now: 48 bits of milliseconds, so IDs sort by time of arrival, then 80 random bits, so that
// nobody guesses another's. 26 characters, safe in URLs and file names.
func NewID(now time.Time) ID {
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:8], uint64(now.UnixMilli())<<16)
	rand.Read(raw[6:]) // never fails (crypto/rand: the program is ended instead)
	hi, lo := binary.BigEndian.Uint64(raw[:8]), binary.BigEndian.Uint64(raw[8:])
	var out [26]byte
	for i := len(out) - 1; i >= 0; i-- {
		out[i] = idAlphabet[lo&31]
		lo = lo>>5 | hi<<59
		hi >>= 5
	}
	return ID(out[:])
}

// Valid tells whether the text can be an ID made by NewID: what comes from a URL is checked before it is looked up.
func (id ID) Valid() bool {
	if len(id) != 26 {
		return false
	}
	for _, c := range []byte(id) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}
