package casework_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/casework"
	"dovidka/internal/fault"
	"dovidka/internal/store"
	"dovidka/internal/store/storetest"
)

var (
	ctx   = context.Background()
	now   = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	phone = call.Number("+380671234567")
)

func each(t *testing.T, fn func(t *testing.T, c *casework.Casework)) {
	storetest.Each(t, func(t *testing.T, db *store.DB) { fn(t, casework.New(db)) })
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func talk(t *testing.T, c *casework.Casework, id call.ID, at time.Time) casework.Card {
	t.Helper()
	card, err := c.NewCard(ctx, casework.NewCard{
		Call: id, At: at, From: phone, Topic: "documents", Service: "foreign-passport", Path: []string{"Документи"}, WaitedS: 12, Agent: "olena",
	})
	must(t, err)
	return card
}

func voice(t *testing.T, c *casework.Casework, id call.ID, box, sound string, due time.Time) casework.Message {
	t.Helper()
	m, err := c.SaveMessage(ctx, casework.NewMessage{Call: id, Box: box, Sound: sound, Seconds: 12.5, From: phone, At: now, Due: due})
	must(t, err)
	return m
}

func TestCardOfATalk(t *testing.T) {
	each(t, func(t *testing.T, c *casework.Casework) {
		card := talk(t, c, "a", now)
		if card.Number != "2026-00001" || card.Version != 1 || card.From != phone || !slices.Equal(card.Services, []string{"foreign-passport"}) {
			t.Errorf("%+v", card)
		}
		if again := talk(t, c, "a", now.Add(time.Minute)); fmt.Sprint(again) != fmt.Sprint(card) {
			t.Errorf("a second card for one talk: %+v", again)
		}
		other, err := c.NewCard(ctx, casework.NewCard{Call: "a", At: now.Add(time.Minute), Agent: "petro", WaitedS: 40})
		must(t, err)
		if other.Number != card.Number || other.Agent != "petro" || other.WaitedS != 40 || other.Version != 2 || other.Topic != "documents" {
			t.Errorf("after the call went to another agent: %+v", other)
		}
		got, err := c.CardOf(ctx, "a")
		must(t, err)
		if got.Number != card.Number {
			t.Errorf("%+v", got)
		}
		for what, ask := range map[string]func() (casework.Card, error){
			"card": func() (casework.Card, error) { return c.Card(ctx, "2026-00099") },
			"call": func() (casework.Card, error) { return c.CardOf(ctx, "nobody") },
			"save": func() (casework.Card, error) {
				return c.SaveCard(ctx, "2026-00099", casework.Edit{Essence: "x"}, "olena", now)
			},
		} {
			if _, err := ask(); !fault.Is(err, fault.NotFound) {
				t.Errorf("unknown %s: %v", what, err)
			}
		}
	})
}

func TestUnfinished(t *testing.T) {
	each(t, func(t *testing.T, c *casework.Casework) {
		old, first, second := talk(t, c, "o", now.Add(-48*time.Hour)), talk(t, c, "a", now.Add(-time.Hour)), talk(t, c, "b", now)
		voice(t, c, "m", casework.BoxMessages, "messages/m.wav", now)
		_, err := c.NewCard(ctx, casework.NewCard{Call: "p", At: now, Agent: "petro"})
		must(t, err)
		wants := func(want ...string) {
			t.Helper()
			list, err := c.Unfinished(ctx, "olena", now.Add(-24*time.Hour))
			must(t, err)
			got := []string{}
			for _, x := range list {
				got = append(got, x.Number)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%v, want %v (not %s)", got, want, old.Number)
			}
		}
		wants(second.Number, first.Number)
		_, err = c.SaveCard(ctx, first.Number, casework.Edit{Essence: "а", Answer: "б", Result: "answered", Version: 1}, "olena", now)
		must(t, err)
		_, err = c.SaveCard(ctx, second.Number, casework.Edit{Essence: "а", Answer: "б", Version: 1}, "olena", now)
		must(t, err)
		wants(second.Number)
	})
}

func TestSaveKeepsHistoryAndRefusesTheLate(t *testing.T) {
	each(t, func(t *testing.T, c *casework.Casework) {
		card := talk(t, c, "a", now)
		e := casework.Edit{Essence: "Питає про паспорт; it's 'так'\nдругий рядок", Answer: "Пояснила", Services: []string{"foreign-passport", "id-card"},
			Result: "solved", Kind: "consultation", Version: card.Version}
		saved, err := c.SaveCard(ctx, card.Number, e, "olena", now.Add(time.Minute))
		must(t, err)
		if saved.Version != 2 || saved.Essence != e.Essence || !slices.Equal(saved.Services, e.Services) || !saved.Updated.Equal(now.Add(time.Minute)) {
			t.Errorf("%+v", saved)
		}
		idle, err := c.SaveCard(ctx, card.Number, e, "olena", now.Add(2*time.Minute)) // the page sends the same again, with its old version
		must(t, err)
		if idle.Version != 2 {
			t.Errorf("a save without a change made version %d", idle.Version)
		}
		late := e
		late.Answer = "з іншого вікна"
		if _, err := c.SaveCard(ctx, card.Number, late, "petro", now.Add(3*time.Minute)); !fault.Is(err, fault.Conflict) {
			t.Errorf("a save over another's: %v", err)
		}
		late.Version = 2
		if _, err := c.SaveCard(ctx, card.Number, late, "petro", now.Add(4*time.Minute)); err != nil {
			t.Error(err)
		}
		h, err := c.History(ctx, card.Number)
		must(t, err)
		if len(h) != 3 || h[0].By != casework.System || h[1].By != "olena" || h[2].By != "petro" || h[1].Card.Answer != "Пояснила" ||
			h[2].Card.Answer != "з іншого вікна" || !h[1].At.Equal(now.Add(time.Minute)) {
			t.Errorf("%+v", h)
		}
		long := casework.Edit{Essence: strings.Repeat("ї", 20_001), Version: 3}
		if _, err := c.SaveCard(ctx, card.Number, long, "olena", now); !fault.Is(err, fault.Invalid) {
			t.Errorf("an endless text: %v", err)
		}
	})
}

func TestNumbersHaveNoGap(t *testing.T) {
	each(t, func(t *testing.T, c *casework.Casework) {
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				_, err := c.NewCard(ctx, casework.NewCard{Call: call.ID(fmt.Sprint(i / 2)), At: now, From: phone}) // each call asks twice at once
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for i := range 10 {
			must(t, func() error { _, err := c.Card(ctx, fmt.Sprintf("2026-%05d", i+1)); return err }())
		}
		if m := voice(t, c, "m", casework.BoxMessages, "m.wav", now); m.Number != "2026-00011" {
			t.Errorf("the next number is %s", m.Number)
		}
		// 22:30 UTC on New Year's Eve is 2027 in Kyiv.
		if card := talk(t, c, "new year", time.Date(2026, 12, 31, 22, 30, 0, 0, time.UTC)); card.Number != "2027-00001" {
			t.Errorf("the first of the year is %s", card.Number)
		}
	})
}

func TestMessages(t *testing.T) {
	each(t, func(t *testing.T, c *casework.Casework) {
		late := voice(t, c, "a", casework.BoxMessages, "messages/a.wav", now.Add(48*time.Hour))
		soon := voice(t, c, "b", casework.BoxMessages, "messages/b.wav", now.Add(24*time.Hour))
		idea := voice(t, c, "b", casework.BoxProposals, "messages/c.wav", now.Add(72*time.Hour))
		if again := voice(t, c, "a", casework.BoxMessages, "messages/a.wav", now.Add(48*time.Hour)); again != late {
			t.Errorf("saved twice: %+v %+v", again, late)
		}
		if late.State() != casework.StateOpen || late.Seconds != 12.5 || late.From != phone || late.Sound != "messages/a.wav" {
			t.Errorf("%+v", late)
		}
		card, err := c.Card(ctx, idea.Number)
		must(t, err)
		if card.Kind != casework.KindProposal || card.Call != "b" || card.From != phone {
			t.Errorf("the message's card: %+v", card)
		}
		taken, err := c.Take(ctx, soon.Number, "olena", now)
		must(t, err)
		if _, err := c.Take(ctx, soon.Number, "olena", now.Add(time.Hour)); err != nil || taken.State() != casework.StateTaken {
			t.Errorf("%+v %v", taken, err)
		}
		if _, err := c.Take(ctx, soon.Number, "petro", now); !fault.Is(err, fault.Conflict) {
			t.Errorf("taken from another: %v", err)
		}
		done, err := c.Done(ctx, soon.Number, "petro", "передзвонив", now.Add(time.Hour))
		must(t, err)
		if done.State() != casework.StateDone || done.DoneBy != "petro" || done.TakenBy != "olena" || done.Note != "передзвонив" {
			t.Errorf("%+v", done)
		}
		if _, err := c.Done(ctx, soon.Number, "olena", "", now); !fault.Is(err, fault.Conflict) {
			t.Errorf("done twice: %v", err)
		}
		if _, err := c.Take(ctx, soon.Number, "olena", now); !fault.Is(err, fault.Conflict) {
			t.Errorf("taken after it was done: %v", err)
		}
		for _, l := range []struct{ box, state, want string }{
			{"", "", late.Number + idea.Number + soon.Number}, {"", "open", late.Number + idea.Number}, {"", "done", soon.Number},
			{casework.BoxMessages, "all", late.Number + soon.Number}, {casework.BoxProposals, "open", idea.Number}, {"none", "", ""},
		} {
			got, err := c.Messages(ctx, l.box, l.state)
			must(t, err)
			s := ""
			for _, m := range got {
				s += m.Number
			}
			if s != l.want {
				t.Errorf("%q %q: %s, want %s", l.box, l.state, s, l.want)
			}
		}
		if open, overdue, err := c.Counts(ctx, now.Add(60*time.Hour)); open != 2 || overdue != 1 || err != nil {
			t.Errorf("%d open, %d overdue, %v", open, overdue, err)
		}
	})
}

func TestMessageRefusals(t *testing.T) {
	each(t, func(t *testing.T, c *casework.Casework) {
		if _, err := c.SaveMessage(ctx, casework.NewMessage{Box: "elsewhere", Sound: "x"}); !fault.Is(err, fault.Invalid) {
			t.Error(err)
		}
		if _, err := c.SaveMessage(ctx, casework.NewMessage{Box: casework.BoxMessages}); !fault.Is(err, fault.Invalid) {
			t.Error(err)
		}
		if _, err := c.Messages(ctx, "", "broken"); !fault.Is(err, fault.Invalid) {
			t.Error(err)
		}
		if _, err := c.Take(ctx, "2026-00001", "olena", now); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
		if _, err := c.Message(ctx, "2026-00001"); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
	})
}

func TestTakenByOneOnly(t *testing.T) {
	each(t, func(t *testing.T, c *casework.Casework) {
		m := voice(t, c, "a", casework.BoxMessages, "a.wav", now)
		var wg sync.WaitGroup
		var mu sync.Mutex
		won := 0
		for i := range 8 {
			wg.Go(func() {
				_, err := c.Take(ctx, m.Number, fmt.Sprint("agent", i), now)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					won++
				} else if !fault.Is(err, fault.Conflict) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if won != 1 {
			t.Errorf("%d agents took one message", won)
		}
	})
}

func TestStatus(t *testing.T) {
	each(t, func(t *testing.T, c *casework.Casework) {
		m := voice(t, c, "a", casework.BoxMessages, "a.wav", now.Add(24*time.Hour))
		hidden, err := c.SaveMessage(ctx, casework.NewMessage{Call: "h", Box: casework.BoxMessages, Sound: "h.wav", At: now})
		must(t, err)
		for _, keyed := range []string{"202600001", "1", "00001", "01"} {
			s, err := c.Status(ctx, keyed, "4567", now)
			if err != nil || s.Number != m.Number || s.State != casework.StateOpen || !s.Due.Equal(m.Due) || !s.Created.Equal(now) {
				t.Errorf("%s: %+v %v", keyed, s, err)
			}
		}
		if s, err := c.Status(ctx, "1", "4567", now.AddDate(0, 3, 0)); err != nil || s.Number != m.Number {
			t.Errorf("last year's number keyed short: %+v %v", s, err)
		}
		_, wrong := c.Status(ctx, "1", "0000", now)
		_, unknown := c.Status(ctx, "77", "4567", now)
		if wrong == nil || unknown == nil || wrong.Error() != unknown.Error() || !fault.Is(wrong, fault.NotFound) {
			t.Errorf("the answers differ: %v / %v", wrong, unknown)
		}
		for _, k := range [][2]string{{"", ""}, {"2", ""}, {hidden.Number, ""}, {"1", "567"}, {"1", ""}, {"9999999999999", "4567"}, {"1 OR 1=1", "4567"}} {
			if s, err := c.Status(ctx, k[0], k[1], now); !fault.Is(err, fault.NotFound) {
				t.Errorf("%q: %+v %v", k, s, err)
			}
		}
		_, err = c.Done(ctx, m.Number, "olena", "", now.Add(time.Hour))
		must(t, err)
		if s, err := c.Status(ctx, "1", "4567", now); err != nil || s.State != casework.StateDone || !s.DoneAt.Equal(now.Add(time.Hour)) {
			t.Errorf("%+v %v", s, err)
		}
		card := talk(t, c, "t", now)
		if s, err := c.Status(ctx, "3", "4567", now); err != nil || s.State != casework.StateOpen || s.Number != card.Number {
			t.Errorf("a talk's card: %+v %v", s, err)
		}
	})
}
