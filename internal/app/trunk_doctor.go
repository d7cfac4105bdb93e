package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"dovidka/internal/sipua"
	"dovidka/internal/store"
	"dovidka/internal/trunk"
	"dovidka/internal/web"
)

// fresh is how old the running program's word about its trunks may be.
const fresh = 30 * time.Second

// lastSeen reads what the running program has left; false when there is no program or its word is old.
func lastSeen(c Config) (seenTrunks, bool) {
	var seen seenTrunks
	b, err := os.ReadFile(filepath.Join(c.Data, seenName))
	if err != nil || json.Unmarshal(b, &seen) != nil {
		return seen, false
	}
	return seen, time.Since(seen.At) < fresh
}

// DoctorTrunk walks through one trunk step by step: by the running program's own eyes, or where none runs by a try of its own. It
// shows the last SIP messages, without numbers and secrets.
func DoctorTrunk(ctx context.Context, c Config, name string, out io.Writer) error {
	dsn, err := c.DSN()
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, dsn)
	if err != nil {
		return openReason(c, err)
	}
	defer db.Close()
	room := trunk.New(db, filepath.Join(c.Data, "trunks"), nil)
	k, err := oneTrunk(ctx, room, name)
	if err != nil {
		return err
	}
	seen, running := lastSeen(c)
	one, stranger := seenTrunk{}, seen.Stranger
	switch {
	case running:
		for _, s := range seen.Trunks {
			if s.State.Name == name {
				one = s
			}
		}
		if one.State.Name == "" {
			return fmt.Errorf("лінію «%s» вимкнено: увімкніть її на сторінці «Лінії»", k.Title)
		}
	case runs(c):
		return errors.New("програма працює, але ще нічого не сказала про лінії: повторіть за кілька секунд")
	default:
		fmt.Fprintln(out, "Програма зараз не запущена: пробую лінію сам, не довше ніж 40 секунд…")
		if one, stranger, err = tryTrunk(ctx, c, room, k); err != nil {
			return err
		}
	}
	return printTrunk(out, k, one, stranger)
}

func oneTrunk(ctx context.Context, room *trunk.Trunks, name string) (trunk.Trunk, error) {
	all, err := room.List(ctx)
	if err != nil {
		return trunk.Trunk{}, fmt.Errorf("лінії не читаються: %w", err)
	}
	var names []string
	for _, k := range all {
		if k.Name == name {
			return k, nil
		}
		names = append(names, k.Name)
	}
	if len(names) == 0 {
		return trunk.Trunk{}, errors.New("ліній ще немає: керівник додає їх на сторінці «Лінії»")
	}
	return trunk.Trunk{}, fmt.Errorf("лінії «%s» немає; є: %s", name, strings.Join(names, ", "))
}

// tryTrunk signs in from the very address that the program uses, which a carrier with a fixed address insists on, and off again.
func tryTrunk(ctx context.Context, c Config, room *trunk.Trunks, k trunk.Trunk) (seenTrunk, sipua.Stranger, error) {
	s, err := sipua.New(sipua.Options{Addr: c.SIP.Listen})
	if err != nil {
		return seenTrunk{}, sipua.Stranger{}, portSentence("порт SIP", c.SIP.Listen, err)
	}
	defer s.Close()
	t, err := sipTrunk(room, k)
	if err != nil {
		return seenTrunk{}, sipua.Stranger{}, err
	}
	s.SetTrunks([]sipua.Trunk{t})
	limit, tick := time.NewTimer(40*time.Second), time.NewTicker(50*time.Millisecond)
	defer limit.Stop()
	defer tick.Stop()
	for {
		st := s.Trunks()[0]
		if done := st.Up || st.Fails > 0; done {
			return seenTrunk{st, s.Ladder(k.Name)}, s.LastStranger(), nil
		}
		select {
		case <-ctx.Done():
			return seenTrunk{}, sipua.Stranger{}, context.Cause(ctx)
		case <-limit.C:
			return seenTrunk{st, s.Ladder(k.Name)}, s.LastStranger(), nil
		case <-tick.C:
		}
	}
}

func printTrunk(out io.Writer, k trunk.Trunk, one seenTrunk, stranger sipua.Stranger) error {
	state := "не на зв’язку"
	if one.State.Up {
		state = "на зв’язку"
	}
	fmt.Fprintf(out, "Лінія «%s» (%s): %s з %s\n", k.Title, k.Name, state, one.State.Since.Format("02.01 15:04:05"))
	wrong := 0
	for _, s := range trunkSteps(k, one.State, stranger, time.Now()) {
		fmt.Fprintf(out, "%s %-26s %s\n", stepMark(s), s.What, s.Say)
		if s.Todo != "" {
			fmt.Fprintf(out, "  → %s\n", s.Todo)
		}
		if s.State == "fail" {
			wrong++
		}
	}
	if len(one.Ladder) > 0 {
		fmt.Fprintln(out, "Останні повідомлення SIP (→ ми, ← оператор зв’язку):")
	}
	for _, r := range one.Ladder[max(0, len(one.Ladder)-20):] {
		arrow := "←"
		if r.Out {
			arrow = "→"
		}
		fmt.Fprintf(out, "  %s %s %-28s %s [%s]\n", r.At.Format("15:04:05.000"), arrow, r.Text, r.Seq, r.Call)
	}
	if wrong > 0 {
		return fmt.Errorf("лінія «%s»: несправних кроків %d", k.Title, wrong)
	}
	return nil
}

func stepMark(s web.TrunkStep) string {
	switch s.State {
	case "ok":
		return "✓"
	case "fail":
		return "✗"
	case "skip":
		return "–"
	}
	return "…"
}

// trunkFindings is one line of the doctor for each trunk that the running program has in force.
func trunkFindings(c Config) []finding {
	seen, ok := lastSeen(c)
	if !ok {
		return nil
	}
	var out []finding
	for _, s := range seen.Trunks {
		say := "на зв’язку з " + s.State.Since.Format("02.01 15:04")
		if !s.State.Up {
			say = "не на зв’язку з " + s.State.Since.Format("02.01 15:04") + "; чому: dovidka doctor --trunk " + s.State.Name
		}
		out = append(out, finding{"лінія " + s.State.Name, s.State.Up, say})
	}
	return out
}
