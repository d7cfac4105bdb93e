package casework

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"dovidka/internal/call"
	"dovidka/internal/store"
)

// Origins of cards. CardOf relies on their order: a talk's card comes before a message's.
const (
	originTalk    = "talk"
	originMessage = "message"
)

// numberRow holds the last number given in a year.
type numberRow struct {
	bun.BaseModel `bun:"table:card_numbers"`

	Year int `bun:"year,pk"`
	Last int `bun:"last"`
}

// cardRow is a card as it stands in its table.
type cardRow struct {
	bun.BaseModel `bun:"table:cards"`

	Number   string `bun:"number,pk"`
	Call     string `bun:"call"`
	Origin   string `bun:"origin"`
	Created  int64  `bun:"created"`
	From     string `bun:"from_number"`
	Topic    string `bun:"topic"`
	Path     string `bun:"path"`
	WaitedS  int    `bun:"waited_s"`
	Agent    string `bun:"agent"`
	Essence  string `bun:"essence"`
	Answer   string `bun:"answer"`
	Services string `bun:"services"`
	Result   string `bun:"result"`
	Kind     string `bun:"kind"`
	Updated  int64  `bun:"updated"`
	Version  int    `bun:"version"`
}

// changeRow is one state of a card in its history.
type changeRow struct {
	bun.BaseModel `bun:"table:card_changes"`

	Number  string `bun:"number,pk"`
	Version int    `bun:"version,pk"`
	At      int64  `bun:"at"`
	Login   string `bun:"login"`
	Body    string `bun:"body"`
}

// messageRow is a message as it stands in its table.
type messageRow struct {
	bun.BaseModel `bun:"table:messages"`

	Number  string  `bun:"number,pk"`
	Call    string  `bun:"call"`
	Box     string  `bun:"box"`
	Created int64   `bun:"created"`
	From    string  `bun:"from_number"`
	Seconds float64 `bun:"seconds"`
	Sound   string  `bun:"sound"`
	Due     int64   `bun:"due"`
	TakenBy string  `bun:"taken_by"`
	TakenAt int64   `bun:"taken_at"`
	DoneBy  string  `bun:"done_by"`
	DoneAt  int64   `bun:"done_at"`
	Note    string  `bun:"note"`
}

func rowOf(c Card, origin string) (cardRow, error) {
	path, err := json.Marshal(list(c.Path))
	if err != nil {
		return cardRow{}, fmt.Errorf("path: %w", err)
	}
	services, err := json.Marshal(list(c.Services))
	if err != nil {
		return cardRow{}, fmt.Errorf("services: %w", err)
	}
	return cardRow{
		Number: c.Number, Call: string(c.Call), Origin: origin, Created: store.Micros(c.Created), From: string(c.From), Topic: plain(c.Topic),
		Path: string(path), WaitedS: c.WaitedS, Agent: c.Agent, Essence: c.Essence, Answer: c.Answer, Services: string(services),
		Result: c.Result, Kind: c.Kind, Updated: store.Micros(c.Updated), Version: c.Version,
	}, nil
}

func (r cardRow) card() (Card, error) {
	c := Card{
		Number: r.Number, Call: call.ID(r.Call), Created: store.Time(r.Created), From: call.Number(r.From), Topic: r.Topic, WaitedS: r.WaitedS,
		Agent: r.Agent, Essence: r.Essence, Answer: r.Answer, Result: r.Result, Kind: r.Kind, Updated: store.Time(r.Updated), Version: r.Version,
	}
	if err := json.Unmarshal([]byte(r.Path), &c.Path); err != nil {
		return c, fmt.Errorf("card %s: path: %w", r.Number, err)
	}
	if err := json.Unmarshal([]byte(r.Services), &c.Services); err != nil {
		return c, fmt.Errorf("card %s: services: %w", r.Number, err)
	}
	return c, nil
}

func (r changeRow) change() (Change, error) {
	out := Change{At: store.Time(r.At), By: r.Login}
	if err := json.Unmarshal([]byte(r.Body), &out.Card); err != nil {
		return out, fmt.Errorf("change %d of %s: %w", r.Version, r.Number, err)
	}
	return out, nil
}

func (r messageRow) message() Message {
	return Message{
		Number: r.Number, Call: call.ID(r.Call), Box: r.Box, Created: store.Time(r.Created), From: call.Number(r.From), Seconds: r.Seconds,
		Sound: r.Sound, Due: store.Time(r.Due), TakenBy: r.TakenBy, TakenAt: store.Time(r.TakenAt), DoneBy: r.DoneBy,
		DoneAt: store.Time(r.DoneAt), Note: r.Note,
	}
}

// keep writes one state of a card into its history.
func keep(ctx context.Context, tx bun.Tx, c Card, by string, at time.Time) error {
	body, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("history: %w", err)
	}
	row := changeRow{Number: c.Number, Version: c.Version, At: store.Micros(at), Login: by, Body: string(body)}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return fmt.Errorf("history: %w", err)
	}
	return nil
}
