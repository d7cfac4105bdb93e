// Package staff owns the agents, their sign-in and their telephones' accounts.
package staff

import (
	"context"
	"errors"
	"time"

	"dovidka/internal/store"
)

// Roles.
const (
	RoleHead     = "head"
	RoleOperator = "operator"
)

// Realm is the digest realm of desk phones (RFC 8760 §2.4; HA1 = MD5(login:realm:password)).
const Realm = "dovidka"

// Agent is a person named by the mayor's order (regulation 5.1).
type Agent struct {
	Login      string    `json:"login"`
	Name       string    `json:"name"`
	Role       string    `json:"role"`
	Post       string    `json:"post"`
	Order      string    `json:"order"`       // number of the order
	OrderDate  string    `json:"order_date"`  // "2026-01-09"
	ValidUntil string    `json:"valid_until"` // last day, "" without end
	Created    time.Time `json:"created"`
	HasPhone   bool      `json:"has_phone"` // a SIP password was made
}

// Session is a signed-in agent. Token is filled by SignIn only.
type Session struct {
	Token   string
	Agent   Agent
	Since   time.Time
	Expires time.Time
}

// Staff is the room's door.
type Staff struct {
	db  *store.DB
	now func() time.Time
}

// New makes the room over an open database; now is the clock (nil: time.Now).
func New(db *store.DB, now func() time.Time) *Staff { return &Staff{db: db, now: now} }

// Create adds an agent; fault.Conflict when the login is taken, fault.Invalid when a field or the password does not do.
func (s *Staff) Create(ctx context.Context, a Agent, password string) error {
	return errors.ErrUnsupported
}

// SetPassword changes a password and ends the agent's sessions.
func (s *Staff) SetPassword(ctx context.Context, login, password string) error {
	return errors.ErrUnsupported
}

// SignIn checks a password. Every refusal is the same fault.Denied; too many tries are fault.Busy.
func (s *Staff) SignIn(ctx context.Context, login, password, ip string) (Session, error) {
	return Session{}, errors.ErrUnsupported
}

// Session gives the session of a token and keeps it alive; fault.Denied when there is none.
func (s *Staff) Session(ctx context.Context, token string) (Session, error) {
	return Session{}, errors.ErrUnsupported
}

// SignOut ends a session; an unknown token is no error.
func (s *Staff) SignOut(ctx context.Context, token string) error { return errors.ErrUnsupported }

// Agents lists all agents by login.
func (s *Staff) Agents(ctx context.Context) ([]Agent, error) { return nil, errors.ErrUnsupported }

// Agent gives one agent; fault.NotFound.
func (s *Staff) Agent(ctx context.Context, login string) (Agent, error) {
	return Agent{}, errors.ErrUnsupported
}

// NewSIPPassword makes the password of an agent's desk phone and gives it once; only its HA1 is kept.
func (s *Staff) NewSIPPassword(ctx context.Context, login string) (string, error) {
	return "", errors.ErrUnsupported
}

// SetSIPPassword sets a given password for an agent's desk phone (tests, provisioning).
func (s *Staff) SetSIPPassword(ctx context.Context, login, password string) error {
	return errors.ErrUnsupported
}

// HA1 gives what a registrar needs to check a desk phone (RFC 7616 §3.4.2); fault.NotFound without an account or past its date.
func (s *Staff) HA1(ctx context.Context, login string) (string, error) {
	return "", errors.ErrUnsupported
}
