// Package trunk owns what is written down about the carriers' links: their settings, the rules learned from real calls, the list of
// numbers that may be dialled, and the note of every call that wanted to go out.
//
// It opens no socket: sipua registers and carries the calls, app brings the two together.
//
// Invariants, each with a test:
//   - a password stands only in a file of its own that its owner alone may read (trunks/NAME.secret), never in the database, never in
//     what List and Get give;
//   - a save over somebody else's is refused (fault.Conflict); settings that cannot work are refused in words (fault.Invalid);
//   - a call goes out only after its line in outgoing_calls is written, and the limits are counted from those lines: a restart
//     forgives nothing.
package trunk

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"dovidka/internal/fault"
	"dovidka/internal/store"
)

// Trunk is one carrier's link as the head wrote it down.
type Trunk struct {
	Name     string // short latin name: part of a file's name, and of the SIP log
	Title    string
	Template string
	Enabled  bool
	Settings
	HasPassword bool
	Rules       Rules
	Version     int // 0: not saved yet
	Updated     time.Time
}

// Settings are what a carrier's contract says, and what is known of its habits.
type Settings struct {
	Register      bool     `json:"register"` // sign in to Server; otherwise the carrier knows our address
	Server        string   `json:"server"`   // HOST or HOST:PORT; its name is the domain too
	Proxy         string   `json:"proxy"`    // where to send instead of Server
	Transport     string   `json:"transport"`
	Login         string   `json:"login"`
	AuthLogin     string   `json:"auth_login"` // when it differs from Login
	Realm         string   `json:"realm"`      // "" is learned from the server's first challenge
	ExpiresS      int      `json:"expires_s"`
	Peers         []string `json:"peers"` // IP or CIDR from which calls are taken, besides the server's own
	Channels      int      `json:"channels"`
	KeepaliveS    int      `json:"keepalive_s"` // OPTIONS; 0 is never
	Codecs        []string `json:"codecs"`
	DTMF          []string `json:"dtmf"`
	SessionTimers bool     `json:"session_timers"`
	CallerID      string   `json:"caller_id"` // the number we show
	Format        string   `json:"format"`    // of called numbers: "+380", "380", "0"
	In            []Prefix `json:"in"`
	Out           []Prefix `json:"out"`
}

// Prefix is one rule: a number that begins with Cut gets Add in its place. The first that fits is taken.
type Prefix struct {
	Cut string `json:"cut"`
	Add string `json:"add"`
}

// Rules are what was learned from this carrier's calls.
type Rules struct {
	Caller  string   // header that tells who calls; "" is the usual order
	Called  string   // header that tells who is called; "" is the Request-URI
	Numbers []string // called numbers that are ours by what was learned
}

// Trunks is the room's door.
type Trunks struct {
	db  *store.DB
	dir string
	now func() time.Time

	judging sync.Mutex // two calls at once cannot both be the last one allowed
}

// New makes the room over an open database; secrets lie in dir. now is the clock (nil: time.Now).
func New(db *store.DB, dir string, now func() time.Time) *Trunks {
	if now == nil {
		now = time.Now
	}
	return &Trunks{db: db, dir: dir, now: now}
}

// row is a trunk as it stands in its table.
type row struct {
	bun.BaseModel `bun:"table:trunks"`

	Name     string `bun:"name,pk"`
	Title    string `bun:"title"`
	Template string `bun:"template"`
	Enabled  bool   `bun:"enabled"`
	Settings string `bun:"settings"`
	Version  int    `bun:"version"`
	Updated  int64  `bun:"updated"`
}

// ruleRow is one learned rule.
type ruleRow struct {
	bun.BaseModel `bun:"table:trunk_rules"`

	Trunk  string `bun:"trunk,pk"`
	What   string `bun:"what,pk"`
	Number string `bun:"number,pk"`
	Header string `bun:"header"`
	Login  string `bun:"login"`
	At     int64  `bun:"at"`
}

var (
	errUnknown = fault.New(fault.NotFound, "Такої лінії немає.")
	errMoved   = fault.New(fault.Conflict, "Лінію тим часом змінив хтось інший. Відкрийте її знову.")
	nameForm   = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)
)

// List gives all trunks by name.
func (t *Trunks) List(ctx context.Context) ([]Trunk, error) {
	var rows []row
	var rules []ruleRow
	err := t.db.In(ctx).NewSelect().Model(&rows).Order("name").Scan(ctx)
	if err == nil {
		err = t.db.In(ctx).NewSelect().Model(&rules).Order("at").Scan(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("trunk: list: %w", err)
	}
	out := make([]Trunk, 0, len(rows))
	for _, r := range rows {
		k, err := t.trunk(r, rules)
		if err != nil {
			return nil, err
		}
		out = append(out, k)
	}
	return out, nil
}

// Get gives one trunk; fault.NotFound.
func (t *Trunks) Get(ctx context.Context, name string) (Trunk, error) {
	all, err := t.List(ctx)
	if err != nil {
		return Trunk{}, err
	}
	for _, k := range all {
		if k.Name == name {
			return k, nil
		}
	}
	return Trunk{}, fmt.Errorf("trunk: get: %w", errUnknown)
}

func (t *Trunks) trunk(r row, rules []ruleRow) (Trunk, error) {
	k := Trunk{Name: r.Name, Title: r.Title, Template: r.Template, Enabled: r.Enabled, Version: r.Version, Updated: store.Time(r.Updated)}
	if err := json.Unmarshal([]byte(r.Settings), &k.Settings); err != nil {
		return k, fmt.Errorf("trunk: settings of %s: %w", r.Name, err)
	}
	k.HasPassword = t.hasPassword(r.Name)
	for _, l := range rules {
		switch {
		case l.Trunk != r.Name:
		case l.What == Caller:
			k.Rules.Caller = l.Header
		case l.What == Called:
			k.Rules.Called = l.Header
			k.Rules.Numbers = append(k.Rules.Numbers, l.Number)
		}
	}
	return k, nil
}

// Save writes a trunk: a new one (Version 0; an empty Name is made from the template) or a change of the version that was read.
// A nil password leaves the one that is there.
func (t *Trunks) Save(ctx context.Context, k Trunk, password *string) (Trunk, error) {
	k.tidy()
	if err := k.check(); err != nil {
		return Trunk{}, fmt.Errorf("trunk: save: %w", err)
	}
	body, err := json.Marshal(k.Settings)
	if err != nil {
		return Trunk{}, fmt.Errorf("trunk: save: %w", err)
	}
	err = t.db.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if k.Version == 0 && k.Name == "" {
			if k.Name, err = freeName(ctx, tx, k.Template); err != nil {
				return err
			}
		}
		r := row{Name: k.Name, Title: k.Title, Template: k.Template, Enabled: k.Enabled, Settings: string(body), Version: k.Version + 1, Updated: store.Micros(t.now())}
		var res sql.Result
		if k.Version == 0 {
			res, err = tx.NewInsert().Model(&r).On("CONFLICT DO NOTHING").Exec(ctx)
		} else {
			res, err = tx.NewUpdate().Model(&r).ExcludeColumn("name").Where("name = ?", k.Name).Where("version = ?", k.Version).Exec(ctx)
		}
		if err := one(res, err, errMoved); err != nil {
			return err
		}
		if password != nil { // inside the transaction: a disk that takes no secret takes no trunk either
			return t.setPassword(k.Name, *password)
		}
		return nil
	})
	if err != nil {
		return Trunk{}, fmt.Errorf("trunk: save %s: %w", k.Name, err)
	}
	return t.Get(ctx, k.Name)
}

// freeName makes "binotel", "binotel-2" …
func freeName(ctx context.Context, tx bun.Tx, template string) (string, error) {
	var rows []row
	if err := tx.NewSelect().Model(&rows).Column("name").Scan(ctx); err != nil {
		return "", err
	}
	taken := map[string]bool{}
	for _, r := range rows {
		taken[r.Name] = true
	}
	name := template
	for n := 2; taken[name]; n++ {
		name = fmt.Sprintf("%s-%d", template, n)
	}
	return name, nil
}

// Delete takes a trunk away with its rules and its password; what was dialled through it stays written down.
func (t *Trunks) Delete(ctx context.Context, name string) error {
	err := t.db.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewDelete().Model((*ruleRow)(nil)).Where("trunk = ?", name).Exec(ctx); err != nil {
			return err
		}
		res, err := tx.NewDelete().Model((*row)(nil)).Where("name = ?", name).Exec(ctx)
		if err := one(res, err, errUnknown); err != nil {
			return err
		}
		return t.dropPassword(name)
	})
	if err != nil {
		return fmt.Errorf("trunk: delete %s: %w", name, err)
	}
	return nil
}

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

// What a rule may say.
const (
	Caller = "caller"
	Called = "called"
)

// Headers in which a carrier may say who calls whom.
const (
	RequestURI = "Request-URI"
	To         = "To"
	From       = "From"
	Asserted   = "P-Asserted-Identity"
	PartyID    = "Remote-Party-ID"
	Diversion  = "Diversion"
	History    = "History-Info"
)

// Learn keeps a rule that a person pointed out on a real call: this header tells the caller, or our number (which is number then).
// A new rule for the called number replaces the header of the former ones and keeps their numbers.
func (t *Trunks) Learn(ctx context.Context, name, what, header, number, by string) error {
	switch {
	case what != Caller && what != Called, what == Called && number == "":
		return fault.New(fault.Invalid, "Виберіть, чий це номер.")
	case header != RequestURI && header != To && header != From && header != Asserted && header != PartyID && header != Diversion && header != History:
		return fault.New(fault.Invalid, "Такого заголовка програма не читає.")
	case what == Caller:
		number = ""
	}
	err := t.db.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if n, err := tx.NewSelect().Model((*row)(nil)).Where("name = ?", name).Count(ctx); err != nil || n == 0 {
			return errors.Join(errUnknown, err)
		}
		if _, err := tx.NewUpdate().Model((*ruleRow)(nil)).Set("header = ?", header).Where("trunk = ?", name).Where("what = ?", what).Exec(ctx); err != nil {
			return err
		}
		r := ruleRow{Trunk: name, What: what, Number: number, Header: header, Login: by, At: store.Micros(t.now())}
		_, err := tx.NewInsert().Model(&r).On("CONFLICT DO NOTHING").Exec(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("trunk: learn of %s: %w", name, err)
	}
	return nil
}

// Forget drops what was learned of a trunk.
func (t *Trunks) Forget(ctx context.Context, name string) error {
	err := t.db.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewDelete().Model((*ruleRow)(nil)).Where("trunk = ?", name).Exec(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("trunk: forget of %s: %w", name, err)
	}
	return nil
}

// tidy drops what people paste around values.
func (k *Trunk) tidy() {
	for _, s := range []*string{&k.Title, &k.Server, &k.Proxy, &k.Login, &k.AuthLogin, &k.Realm, &k.CallerID} {
		*s = strings.TrimSpace(*s)
	}
	for _, s := range []*string{&k.Server, &k.Proxy} {
		*s = strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(*s, "sips:"), "sip:"), "/")
	}
	peers := []string{}
	for _, p := range k.Peers {
		if p = strings.TrimSpace(p); p != "" {
			peers = append(peers, p)
		}
	}
	k.Peers = peers
}

func tooLong(s string, most int) bool { return utf8.RuneCountInString(s) > most }
