package staff

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"dovidka/internal/fault"
	"dovidka/internal/store"
)

// How long a session lives.
const (
	Idle    = 4 * time.Hour  // without a request
	Longest = 14 * time.Hour // in all: a working day with its overtime
	touch   = time.Minute    // how exactly its last use is kept: not every request is a write
)

const tokenBytes = 32

// Session is a signed-in agent. Token is filled by SignIn only.
type Session struct {
	Token   string
	Agent   Agent
	Since   time.Time
	Expires time.Time // at the latest
}

// sessionRow is a session as it stands in its table.
type sessionRow struct {
	bun.BaseModel `bun:"table:sign_ins"`

	Hash  string `bun:"token_hash,pk"`
	Login string `bun:"login"`
	Since int64  `bun:"since"`
	Seen  int64  `bun:"seen"`
}

// errDenied is the one answer to everything that is wrong with a sign-in.
var errDenied = fault.New(fault.Denied, "Неправильний логін або пароль.")

// errSession is the one answer to everything that is wrong with a session.
var errSession = fault.New(fault.Denied, "Увійдіть знову.")

// SignIn checks a password. Every refusal is the same fault.Denied; too many tries are fault.Busy, whatever the password.
func (s *Staff) SignIn(ctx context.Context, login, password, ip string) (Session, error) {
	login = strings.ToLower(strings.TrimSpace(login))
	if len(password) > 4*maxPassword || len(login) > maxPassword {
		return Session{}, fmt.Errorf("staff: sign in: %w", errDenied)
	}
	if err := s.gate.enter(login, ip, s.now()); err != nil {
		return Session{}, fmt.Errorf("staff: sign in: %w", err)
	}
	r, err := s.row(ctx, login)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return Session{}, fmt.Errorf("staff: sign in: %w", err)
	}
	hash := r.Password
	if err != nil {
		hash = s.dummy
	}
	if !s.hash.fits(password, hash) || err != nil || !s.valid(r) {
		return Session{}, fmt.Errorf("staff: sign in: %w", errDenied)
	}
	s.gate.forgive(login, ip)
	return s.open(ctx, r)
}

// open makes a session and drops dead ones.
func (s *Staff) open(ctx context.Context, r agentRow) (Session, error) {
	raw := make([]byte, tokenBytes)
	rand.Read(raw) // never fails
	token := base64.RawURLEncoding.EncodeToString(raw)
	now := s.now()
	row := sessionRow{Hash: hashOf(token), Login: r.Login, Since: store.Micros(now), Seen: store.Micros(now)}
	err := s.db.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewDelete().Model((*sessionRow)(nil)).
			Where("seen < ? OR since < ?", store.Micros(now.Add(-Idle)), store.Micros(now.Add(-Longest))).Exec(ctx)
		if err != nil {
			return err
		}
		_, err = tx.NewInsert().Model(&row).Exec(ctx)
		return err
	})
	if err != nil {
		return Session{}, fmt.Errorf("staff: new session of %s: %w", r.Login, err)
	}
	return Session{Token: token, Agent: r.agent(), Since: store.Time(row.Since), Expires: now.Add(Longest).UTC()}, nil
}

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// Session gives the session of a token and keeps it alive; fault.Denied when there is none, it is over, or the order has run out.
func (s *Staff) Session(ctx context.Context, token string) (Session, error) {
	if token == "" {
		return Session{}, fmt.Errorf("staff: session: %w", errSession)
	}
	var row sessionRow
	err := s.db.In(ctx).NewSelect().Model(&row).Where("token_hash = ?", hashOf(token)).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		err = errSession
	}
	if err != nil {
		return Session{}, fmt.Errorf("staff: session: %w", err)
	}
	now, since, seen := s.now(), store.Time(row.Since), store.Time(row.Seen)
	r, err := s.row(ctx, row.Login)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return Session{}, fmt.Errorf("staff: session: %w", err)
	}
	if err != nil || !s.valid(r) || now.Sub(seen) > Idle || now.Sub(since) > Longest {
		return Session{}, fmt.Errorf("staff: session: %w", errSession)
	}
	if now.Sub(seen) > touch {
		err := s.db.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.NewUpdate().Model((*sessionRow)(nil)).Set("seen = ?", store.Micros(now)).Where("token_hash = ?", row.Hash).Exec(ctx)
			return err
		})
		if err != nil {
			return Session{}, fmt.Errorf("staff: keep session: %w", err)
		}
	}
	return Session{Agent: r.agent(), Since: since, Expires: since.Add(Longest)}, nil
}

// SignOut ends a session; an unknown token is no error.
func (s *Staff) SignOut(ctx context.Context, token string) error {
	err := s.db.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewDelete().Model((*sessionRow)(nil)).Where("token_hash = ?", hashOf(token)).Exec(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("staff: sign out: %w", err)
	}
	return nil
}

// SetPassword changes a password and ends the agent's sessions; fault.NotFound, fault.Invalid.
func (s *Staff) SetPassword(ctx context.Context, login, password string) error {
	if err := checkPassword(login, password); err != nil {
		return fmt.Errorf("staff: password: %w", err)
	}
	hash := s.hash.make(password)
	return s.db.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		err := s.update(ctx, login, "password", func(q *bun.UpdateQuery) *bun.UpdateQuery { return q.Set("password_hash = ?", hash) })
		if err != nil {
			return err
		}
		if _, err := tx.NewDelete().Model((*sessionRow)(nil)).Where("login = ?", login).Exec(ctx); err != nil {
			return fmt.Errorf("staff: password %s: %w", login, err)
		}
		return nil
	})
}
