package survey_test

import (
	"context"
	"testing"
	"time"

	"dovidka/internal/fault"
	"dovidka/internal/store"
	"dovidka/internal/store/storetest"
	"dovidka/internal/survey"
)

func TestSurvey(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, at := context.Background(), time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
		s := survey.New(db)
		save := func(score int, solved string) {
			t.Helper()
			if err := s.Save(ctx, "a", score, solved, at); err != nil {
				t.Fatal(err)
			}
		}
		save(0, "")
		if _, err := s.Answer(ctx, "a"); !fault.Is(err, fault.NotFound) {
			t.Errorf("nothing was answered: %v", err)
		}
		save(4, "")
		save(0, "partly") // the citizen hung up before, or the second question came by itself
		if a, err := s.Answer(ctx, "a"); err != nil || a != (survey.Answer{Call: "a", At: at, Score: 4, Solved: "partly"}) {
			t.Errorf("%+v %v", a, err)
		}
		save(1, "")
		if a, err := s.Answer(ctx, "a"); err != nil || a.Score != 1 || a.Solved != "partly" {
			t.Errorf("%+v %v", a, err)
		}
		for _, bad := range []error{s.Save(ctx, "a", 5, "", at), s.Save(ctx, "a", -1, "", at), s.Save(ctx, "a", 4, "maybe", at), s.Save(ctx, "", 4, "", at)} {
			if !fault.Is(bad, fault.Invalid) {
				t.Error(bad)
			}
		}
		if err := s.Save(ctx, "b", 3, "no", at.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		got, err := s.Totals(ctx, at, at.Add(time.Hour))
		if err != nil || got.Answers != 1 || got.Scores != [5]int{0, 1, 0, 0, 0} || got.Solved["partly"] != 1 {
			t.Errorf("%+v %v", got, err)
		}
	})
}
