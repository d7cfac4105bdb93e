package trunk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"dovidka/internal/call"
	"dovidka/internal/fault"
	"dovidka/internal/outgoing"
	"dovidka/internal/store"
)

// Destination is a number that calls may go out to.
type Destination struct {
	Number call.Number
	Title  string
	By     string
	At     time.Time
}

type destinationRow struct {
	bun.BaseModel `bun:"table:destinations"`

	Number string `bun:"number,pk"`
	Title  string `bun:"title"`
	Login  string `bun:"login"`
	At     int64  `bun:"at"`
}

// Destinations lists them by title.
func (t *Trunks) Destinations(ctx context.Context) ([]Destination, error) {
	var rows []destinationRow
	if err := t.db.In(ctx).NewSelect().Model(&rows).Order("title", "number").Scan(ctx); err != nil {
		return nil, fmt.Errorf("trunk: destinations: %w", err)
	}
	out := make([]Destination, len(rows))
	for i, r := range rows {
		out[i] = Destination{call.Number(r.Number), r.Title, r.Login, store.Time(r.At)}
	}
	return out, nil
}

// Allow puts a number on the list. What may never be dialled is refused here too, so that nobody believes it could be.
func (t *Trunks) Allow(ctx context.Context, d Destination) error {
	switch d.Number.Class() {
	case call.ClassUkrainian, call.ClassFree, call.ClassShort:
	case call.ClassEmergency:
		return fault.New(fault.Invalid, "Екстрені служби в переліку не потрібні: оператор набирає їх сам.")
	case call.ClassPremium:
		return fault.New(fault.Invalid, "Платні номери (0-900 та подібні) дозволити не можна.")
	case call.ClassForeign:
		return fault.New(fault.Invalid, "Номери за кордоном дозволити не можна. Перевірте, чи всі цифри на місці.")
	default:
		return fault.New(fault.Invalid, "Це не телефонний номер.")
	}
	if d.Title == "" || tooLong(d.Title, 200) {
		return fault.New(fault.Invalid, "Напишіть, чий це номер, наприклад «Відділ соціального захисту».")
	}
	r := destinationRow{Number: string(d.Number), Title: d.Title, Login: d.By, At: store.Micros(t.now())}
	err := t.db.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewInsert().Model(&r).On("CONFLICT (number) DO UPDATE").Set("title = EXCLUDED.title, login = EXCLUDED.login, at = EXCLUDED.at").Exec(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("trunk: allow: %w", err)
	}
	return nil
}

// Disallow takes a number off the list.
func (t *Trunks) Disallow(ctx context.Context, n call.Number) error {
	err := t.db.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewDelete().Model((*destinationRow)(nil)).Where("number = ?", string(n)).Exec(ctx)
		return one(res, err, fault.New(fault.NotFound, "Цього номера в переліку вже немає."))
	})
	if err != nil {
		return fmt.Errorf("trunk: disallow: %w", err)
	}
	return nil
}

// Limits of outgoing calls in an hour.
type Limits struct{ Account, Number, House int }

type outgoingRow struct {
	bun.BaseModel `bun:"table:outgoing_calls"`

	ID      int64  `bun:"id,pk"`
	At      int64  `bun:"at"`
	Login   string `bun:"login"`
	Reason  string `bun:"reason"`
	To      string `bun:"to_number"`
	Call    string `bun:"call"`
	Refused string `bun:"refused"`
	Alarm   bool   `bun:"alarm"`
	Trunk   string `bun:"trunk"`
	Result  string `bun:"result"`
}

// Outgoing is one wish to dial, as it is shown.
type Outgoing struct {
	ID      int64
	At      time.Time
	By      string
	Reason  outgoing.Reason
	To      call.Number
	Call    call.ID
	Refused string
	Alarm   bool
	Trunk   string
	Result  string
}

// Judge asks whether a call may go out and writes the answer down, as one act: two at once cannot both be the last one allowed. The id
// is for Done.
func (t *Trunks) Judge(ctx context.Context, a outgoing.Ask, l Limits) (id int64, v outgoing.Verdict, err error) {
	t.judging.Lock()
	defer t.judging.Unlock()
	err = t.db.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		now := t.now()
		listed, err := tx.NewSelect().Model((*destinationRow)(nil)).Where("number = ?", string(a.To)).Count(ctx)
		if err != nil {
			return err
		}
		var rows []outgoingRow
		if err := tx.NewSelect().Model(&rows).Where("at > ?", store.Micros(now.Add(-time.Hour))).Where("refused = ''").Scan(ctx); err != nil {
			return err
		}
		past := make([]outgoing.Past, len(rows))
		for i, r := range rows {
			past[i] = outgoing.Past{At: store.Time(r.At), To: call.Number(r.To), Author: r.Login}
		}
		p := outgoing.Policy{Listed: func(call.Number) bool { return listed > 0 }, Account: l.Account, Number: l.Number, House: l.House}
		v = outgoing.Judge(p, past, now, a)
		id, err = write(ctx, tx, outgoingRow{At: store.Micros(now), Login: a.Author, Reason: string(a.Reason), To: string(a.To), Call: string(a.Call),
			Refused: v.Refused, Alarm: v.Alarm})
		return err
	})
	if err != nil {
		return 0, v, fmt.Errorf("trunk: judge: %w", err)
	}
	return id, v, nil
}

// write gives the row the next free id: microseconds, made unique.
func write(ctx context.Context, tx bun.Tx, r outgoingRow) (int64, error) {
	for r.ID = r.At; ; r.ID++ {
		res, err := tx.NewInsert().Model(&r).On("CONFLICT DO NOTHING").Exec(ctx)
		if err != nil {
			return 0, err
		}
		if n, err := res.RowsAffected(); err != nil || n == 1 {
			return r.ID, err
		}
		if r.ID > r.At+1000 {
			return 0, errors.New("no free id")
		}
	}
}

// Done writes how an outgoing call came out: which trunk took it, and "answered" or why not.
func (t *Trunks) Done(ctx context.Context, id int64, trunk, result string) error {
	err := t.db.Tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewUpdate().Model((*outgoingRow)(nil)).Set("trunk = ?", trunk).Set("result = ?", result).Where("id = ?", id).Exec(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("trunk: done: %w", err)
	}
	return nil
}

// Outgoing lists the wishes to dial since a time, newest first, at most limit.
func (t *Trunks) Outgoing(ctx context.Context, since time.Time, limit int) ([]Outgoing, error) {
	var rows []outgoingRow
	if err := t.db.In(ctx).NewSelect().Model(&rows).Where("at > ?", store.Micros(since)).Order("id DESC").Limit(int64(limit)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("trunk: outgoing: %w", err)
	}
	out := make([]Outgoing, len(rows))
	for i, r := range rows {
		out[i] = Outgoing{r.ID, store.Time(r.At), r.Login, outgoing.Reason(r.Reason), call.Number(r.To), call.ID(r.Call), r.Refused, r.Alarm, r.Trunk, r.Result}
	}
	return out, nil
}
