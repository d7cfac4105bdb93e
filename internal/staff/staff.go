// Package staff owns the agents named by the mayor's order (regulation 5.1), their sign-in, the accounts of their desk phones and
// their shifts: what each was doing when.
//
// Invariants:
//   - a password stands only as its argon2id hash, a session token only as its SHA-256, a desk phone's password only as the HA1 that
//     digest needs (RFC 7616 §3.4.2), which is no key to anything else;
//   - a wrong password, an unknown login and an order that has run out are refused in the same words and in the same time;
//   - tries from one address for one login cost growing time, counted before the password is looked at;
//   - a session ends when unused for Idle, when older than Longest, when the password changes, and with the order.
package staff

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	_ "time/tzdata" // the last day of an order is a day in Kyiv, whatever the server knows of zones
	"unicode/utf8"

	"github.com/uptrace/bun"

	"dovidka/internal/fault"
	"dovidka/internal/store"
)

// Roles.
const (
	RoleHead     = "head"     // the head of the centre: everything
	RoleOperator = "operator" // answers calls
)

// Agent is a person named by the mayor's order (regulation 5.1).
type Agent struct {
	Login      string    `json:"login"`
	Name       string    `json:"name"`
	Role       string    `json:"role"`
	Post       string    `json:"post"`
	Order      string    `json:"order"`       // number of the order
	OrderDate  string    `json:"order_date"`  // "2026-01-09"
	ValidUntil string    `json:"valid_until"` // last day in Kyiv, "" without end
	Created    time.Time `json:"created"`
	HasPhone   bool      `json:"has_phone"` // a desk phone's password was made
}

// Staff is the room's door.
type Staff struct {
	db    *store.DB
	now   func() time.Time
	zone  *time.Location
	gate  *gate
	hash  *hasher
	dummy string // hash of nobody's password, so that an unknown login takes the same time
}

// New makes the room over an open database; now is the clock (nil: time.Now).
func New(db *store.DB, now func() time.Time) *Staff {
	if now == nil {
		now = time.Now
	}
	zone, err := time.LoadLocation("Europe/Kyiv")
	if err != nil { // cannot be: the zones are in the binary
		zone = time.FixedZone("Europe/Kyiv", 2*60*60)
	}
	h := newHasher()
	return &Staff{db: db, now: now, zone: zone, gate: newGate(), hash: h, dummy: h.nobody()}
}

// agentRow is an agent as it stands in its table.
type agentRow struct {
	bun.BaseModel `bun:"table:agents"`

	Login      string `bun:"login,pk"`
	Name       string `bun:"name"`
	Role       string `bun:"role"`
	Post       string `bun:"post"`
	Order      string `bun:"order_number"`
	OrderDate  string `bun:"order_date"`
	ValidUntil string `bun:"valid_until"`
	Created    int64  `bun:"created"`
	Password   string `bun:"password_hash"`
	HA1        string `bun:"ha1"`
}

func (r agentRow) agent() Agent {
	return Agent{Login: r.Login, Name: r.Name, Role: r.Role, Post: r.Post, Order: r.Order, OrderDate: r.OrderDate, ValidUntil: r.ValidUntil,
		Created: store.Time(r.Created), HasPhone: r.HA1 != ""}
}

// valid tells whether the order that names the agent is in force at now.
func (s *Staff) valid(r agentRow) bool {
	return r.ValidUntil == "" || s.now().In(s.zone).Format(time.DateOnly) <= r.ValidUntil
}

// loginForm is what a login may be: it is a SIP user and a part of file names too.
var loginForm = regexp.MustCompile(`^[a-z][a-z0-9._-]{1,31}$`)

// check refuses an agent that cannot be.
func (a Agent) check() error {
	switch {
	case !loginForm.MatchString(a.Login):
		return fault.New(fault.Invalid, "Логін: 2–32 знаки, малі латинські літери, цифри, крапка, дефіс; перша — літера.")
	case strings.TrimSpace(a.Name) == "" || utf8.RuneCountInString(a.Name) > 200:
		return fault.New(fault.Invalid, "Вкажіть прізвище та ім’я оператора.")
	case a.Role != RoleHead && a.Role != RoleOperator:
		return fault.New(fault.Invalid, "Роль має бути head (керівник) або operator (оператор).")
	}
	for _, d := range []string{a.OrderDate, a.ValidUntil} {
		if _, err := time.Parse(time.DateOnly, d); d != "" && err != nil {
			return fault.Wrap(fault.Invalid, "Дата має бути у вигляді 2026-01-09.", err)
		}
	}
	return nil
}

// Create adds an agent; fault.Conflict when the login is taken, fault.Invalid when a field or the password does not do.
func (s *Staff) Create(ctx context.Context, a Agent, password string) error {
	if err := errors.Join(a.check(), checkPassword(a.Login, password)); err != nil {
		return fmt.Errorf("staff: create: %w", err)
	}
	r := agentRow{Login: a.Login, Name: a.Name, Role: a.Role, Post: a.Post, Order: a.Order, OrderDate: a.OrderDate, ValidUntil: a.ValidUntil,
		Created: store.Micros(s.now()), Password: s.hash.make(password)}
	err := s.db.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewInsert().Model(&r).On("CONFLICT DO NOTHING").Exec(ctx)
		return one(res, err, fault.New(fault.Conflict, "Такий логін уже є."))
	})
	if err != nil {
		return fmt.Errorf("staff: create %s: %w", a.Login, err)
	}
	return nil
}

// Update changes what is known of an agent, except login, password and telephone; fault.NotFound.
func (s *Staff) Update(ctx context.Context, a Agent) error {
	if err := a.check(); err != nil {
		return fmt.Errorf("staff: update: %w", err)
	}
	r := agentRow{Login: a.Login, Name: a.Name, Role: a.Role, Post: a.Post, Order: a.Order, OrderDate: a.OrderDate, ValidUntil: a.ValidUntil}
	return s.update(ctx, a.Login, "update", func(q *bun.UpdateQuery) *bun.UpdateQuery {
		return q.Model(&r).Column("name", "role", "post", "order_number", "order_date", "valid_until")
	})
}

// update changes one agent's row; fault.NotFound when there is none.
func (s *Staff) update(ctx context.Context, login, act string, set func(*bun.UpdateQuery) *bun.UpdateQuery) error {
	err := s.db.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := set(tx.NewUpdate().Model((*agentRow)(nil))).Where("login = ?", login).Exec(ctx)
		return one(res, err, errUnknown)
	})
	if err != nil {
		return fmt.Errorf("staff: %s %s: %w", act, login, err)
	}
	return nil
}

var errUnknown = fault.New(fault.NotFound, "Такого оператора немає.")

// one checks that exactly one row was written; otherwise it gives none.
func one(res sql.Result, err, none error) error {
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return errors.Join(none, err)
	}
	return nil
}

// Agents lists all agents by login.
func (s *Staff) Agents(ctx context.Context) ([]Agent, error) {
	var rows []agentRow
	if err := s.db.In(ctx).NewSelect().Model(&rows).Order("login").Scan(ctx); err != nil {
		return nil, fmt.Errorf("staff: agents: %w", err)
	}
	out := make([]Agent, len(rows))
	for i, r := range rows {
		out[i] = r.agent()
	}
	return out, nil
}

// PasswordFits tells whether this is the agent's password. It costs no tries: only the machine's own owner may ask, never a page.
func (s *Staff) PasswordFits(ctx context.Context, login, password string) bool {
	r, err := s.row(ctx, login)
	return err == nil && s.hash.fits(password, r.Password)
}

// Agent gives one agent; fault.NotFound.
func (s *Staff) Agent(ctx context.Context, login string) (Agent, error) {
	r, err := s.row(ctx, login)
	if err != nil {
		return Agent{}, fmt.Errorf("staff: agent: %w", err)
	}
	return r.agent(), nil
}

func (s *Staff) row(ctx context.Context, login string) (agentRow, error) {
	var r agentRow
	err := s.db.In(ctx).NewSelect().Model(&r).Where("login = ?", login).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return r, errUnknown
	}
	return r, err
}
