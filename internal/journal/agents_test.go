package journal_test

import (
	"testing"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/store"
	"dovidka/internal/store/storetest"
)

// What the desks show of the day after a restart: since midnight in Kyiv, other days and other facts left out.
func TestAgentFacts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		j := open(t, db)
		midnight := int(time.Date(2026, 11, 22, 22, 0, 0, 0, time.UTC).Sub(start).Seconds())
		talk := func(id call.ID, at int) {
			c, e := fact(id, at, call.Connected), fact(id, at+60, call.TalkEnded)
			c.Agent, e.Agent = "olena", "olena"
			must(t, j.Append(ctx, arrived(id, at-5, "+380670000001"), c, e))
			_, err := j.Close(ctx, id)
			must(t, err)
		}
		talk("yesterday", midnight-3600)
		talk("over-midnight", midnight-30)
		talk("today", 0)
		missed := fact("missed", 10, call.Missed)
		missed.Agent = "petro"
		must(t, j.Append(ctx, arrived("missed", 9, ""), missed))
		_, err := j.Close(ctx, "missed")
		must(t, err)
		got, err := j.AgentFacts(ctx, start.Add(time.Hour))
		must(t, err)
		want := []call.Fact{{Call: "over-midnight", Kind: call.TalkEnded}, {Call: "today", Kind: call.Connected}, {Call: "missed", Kind: call.Missed}, {Call: "today", Kind: call.TalkEnded}}
		if len(got) != len(want) {
			t.Fatalf("%+v", got)
		}
		for i, f := range got {
			if f.Call != want[i].Call || f.Kind != want[i].Kind || f.Agent == "" {
				t.Errorf("%d: %+v, want %+v", i, f, want[i])
			}
		}
	})
}
