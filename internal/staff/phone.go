package staff

import (
	"context"
	"crypto/md5" //nolint:gosec // digest authentication of desk phones knows nothing better (RFC 7616 §3.3)
	"crypto/rand"
	"encoding/hex"
	"fmt"

	"github.com/uptrace/bun"

	"dovidka/internal/fault"
)

// Realm is the digest realm of desk phones (RFC 7616 §3.4.2): HA1 = MD5(login:realm:password).
const Realm = "dovidka"

// phoneAlphabet has no letter that looks like another on a desk phone's display; 16 of its 32 signs are 80 bits, so that even a
// stolen HA1 gives no password.
const (
	phoneAlphabet = "abcdefghijkmnpqrstuvwxyz23456789"
	phoneLength   = 16
)

// NewSIPPassword makes the password of an agent's desk phone and gives it once; only its HA1 is kept. It is not the password of
// the page: a telephone shows its own to anybody. fault.NotFound.
func (s *Staff) NewSIPPassword(ctx context.Context, login string) (string, error) {
	raw := make([]byte, phoneLength)
	rand.Read(raw) // never fails
	for i, b := range raw {
		raw[i] = phoneAlphabet[int(b)%len(phoneAlphabet)]
	}
	return string(raw), s.SetSIPPassword(ctx, login, string(raw))
}

// SetSIPPassword sets a given password for an agent's desk phone (tests, provisioning); fault.NotFound, fault.Invalid.
func (s *Staff) SetSIPPassword(ctx context.Context, login, password string) error {
	if err := checkPassword(login, password); err != nil {
		return fmt.Errorf("staff: desk phone: %w", err)
	}
	sum := md5.Sum([]byte(login + ":" + Realm + ":" + password))
	return s.update(ctx, login, "desk phone", func(q *bun.UpdateQuery) *bun.UpdateQuery {
		return q.Set("ha1 = ?", hex.EncodeToString(sum[:]))
	})
}

// HA1 gives what a registrar needs to check a desk phone (RFC 7616 §3.4.2); fault.NotFound without an account, without a telephone
// or past the last day of the order: the registrar lets them all look the same.
func (s *Staff) HA1(ctx context.Context, login string) (string, error) {
	r, err := s.row(ctx, login)
	if err == nil && (r.HA1 == "" || !s.valid(r)) {
		err = fault.New(fault.NotFound, "У цього оператора немає настільного телефону.")
	}
	if err != nil {
		return "", fmt.Errorf("staff: desk phone: %w", err)
	}
	return r.HA1, nil
}
