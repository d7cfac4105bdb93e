package hours

import (
	"testing"
	"time"
)

// Any text in the configuration gives a schedule that can be asked, or a refusal.
func FuzzConfig(f *testing.F) {
	f.Add("8:00-12:00 13:00-17:15", "2026-12-31", "", int64(0))
	f.Add("0:00-24:00", "2028-02-29", "23:59-24:00", int64(1<<40))
	f.Add("-", "x", "00:00-00:00", int64(-1<<40))
	f.Fuzz(func(t *testing.T, work, date, special string, at int64) {
		s, err := New(Config{Monday: work, Sunday: work, Exceptions: []ExceptionConfig{{Date: date, Work: special}}})
		if err != nil {
			return
		}
		now := time.Unix(at%(1<<36), 0)
		v := s.At(now)
		if !v.Until.IsZero() && !v.Until.After(now) {
			t.Errorf("%s until %s", now, v.Until)
		}
		_, _, _, _ = s.WeekSchedule(), s.OperatorHours(), s.NextOpen(now), s.AddWorkingDays(now, 1)
	})
}
