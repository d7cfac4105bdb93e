package staff_test

import (
	"testing"
	"time"

	"dovidka/internal/staff"
	"dovidka/internal/store"
	"dovidka/internal/store/storetest"
)

// TestShifts: intervals are kept as they are told, the running one takes its final form, and what a killed program left open ends
// when it was last seen.
func TestShifts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, c := room(t, db)
		nine := c.at
		ready := staff.Interval{Login: "olena", Since: nine, Status: "ready", Activity: "idle", Device: "browser"}
		must(t, s.SaveShift(ctx, ready))
		c.forward(10 * time.Minute)
		ready.Until = c.at
		talk := staff.Interval{Login: "olena", Since: c.at, Status: "ready", Activity: "talking", Device: "browser"}
		must(t, s.SaveShift(ctx, ready, talk))
		c.forward(2 * time.Minute)
		must(t, s.SeeShifts(ctx))
		c.forward(time.Hour) // kill -9 soon after, and a start much later
		left, err := s.EndShifts(ctx)
		must(t, err)
		if len(left) != 1 || left[0].Activity != "talking" || !left[0].Until.Equal(nine.Add(12*time.Minute)) {
			t.Fatalf("left open: %+v", left)
		}
		if again, err := s.EndShifts(ctx); err != nil || len(again) != 0 {
			t.Errorf("ended twice: %+v %v", again, err)
		}
		day, err := s.Shift(ctx, "olena", nine.Add(time.Minute), nine.Add(time.Hour))
		must(t, err)
		if len(day) != 2 || !day[0].Until.Equal(day[1].Since) || day[0].Device != "browser" {
			t.Errorf("the day: %+v", day)
		}
		if other, err := s.Shift(ctx, "olena", nine.Add(12*time.Minute), nine.Add(time.Hour)); err != nil || len(other) != 0 {
			t.Errorf("after the end: %+v %v", other, err)
		}
	})
}
