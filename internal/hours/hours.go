// Package hours knows when the centre's people work and says it in Ukrainian.
//
// It owns the weekly schedule with its breaks, dated exceptions, holidays (Labour Code art. 73) and the martial-law switch
// (Law 2136-IX art. 6: holidays are working days). Opening the queue and the sentences that citizens hear come from the same
// data (regulation 3.3), so they cannot disagree: a property test compares them. The package is pure: time comes in. All
// days are days in the schedule's time zone, Europe/Kyiv unless configured otherwise; the zone data is in the binary.
package hours

import (
	"slices"
	"time"
)

// Reason tells why nobody answers now.
type Reason string

// The reasons. Open has none.
const (
	Evening   Reason = "evening"   // after the last working minute of a working day
	Morning   Reason = "morning"   // before the first one
	Weekend   Reason = "weekend"   // a day without working hours in the weekly schedule
	Holiday   Reason = "holiday"   // a holiday that is not worked
	Break     Reason = "break"     // between two stretches of work of one day
	Exception Reason = "exception" // a dated day off
)

// Verdict is the answer to "is it open at t?".
type Verdict struct {
	Open        bool
	Reason      Reason    // empty when open
	Until       time.Time // the end of the present state: open – the next break or closing, closed – the next opening; zero: never
	HolidayName string    // today's holiday, worked or not; nominative
}

// Schedule is the working time of the centre's operators. It is immutable and safe for concurrent use.
type Schedule struct {
	always       bool // people answer at any moment
	loc          *time.Location
	week         [7]day // by time.Weekday
	exceptions   map[date]exception
	holidays     []holiday
	martialLaw   bool
	paschalShift int
}

// horizon is how far ahead an opening is looked for: more than the longest run of days off anybody would announce.
const horizon = 400

// At tells whether people answer at t, and why not.
func (s *Schedule) At(t time.Time) Verdict {
	today := dateOf(t.In(s.loc))
	v := Verdict{HolidayName: s.holidayName(today), Open: s.always}
	if s.always {
		return v
	}
	work := s.workOn(today)
	for i, w := range work {
		from, to := s.moment(today, w.from), s.moment(today, w.to)
		switch {
		case t.Before(from) && i == 0:
			v.Reason, v.Until = Morning, from
			return v
		case t.Before(from):
			v.Reason, v.Until = Break, from
			return v
		case t.Before(to):
			v.Open, v.Until = true, s.closing(today, w)
			return v
		}
	}
	v.Until = s.openingAfter(today)
	v.Reason = Evening
	if len(work) == 0 {
		v.Reason = s.whyOff(today)
	}
	return v
}

// NextOpening is the first moment after t at which people begin (again) to answer; zero when that never comes.
func (s *Schedule) NextOpening(t time.Time) time.Time {
	v := s.At(t)
	if v.Open {
		if v.Until.IsZero() {
			return time.Time{}
		}
		v = s.At(v.Until)
	}
	return v.Until
}

// AddWorkingDays is the end of work of the n-th working day after the day of t, a moment of that very day (work until
// midnight ends at 23:59:59); zero when there is none within a year.
func (s *Schedule) AddWorkingDays(t time.Time, n int) time.Time {
	d := dateOf(t.In(s.loc))
	for range horizon {
		if n <= 0 {
			break
		}
		d = d.next()
		if work := s.workOn(d); len(work) > 0 {
			if n--; n == 0 {
				end := s.moment(d, work[len(work)-1].to)
				if dateOf(end.In(s.loc)) != d {
					end = end.Add(-time.Second)
				}
				return end
			}
		}
	}
	return time.Time{}
}

// Location is the time zone in which days begin.
func (s *Schedule) Location() *time.Location { return s.loc }

// workOn is the working time of one day: the exception wins over the holiday, the holiday over the week.
func (s *Schedule) workOn(d date) day {
	if e, ok := s.exceptions[d]; ok {
		return e.day
	}
	if !s.martialLaw && s.holidayName(d) != "" {
		return nil
	}
	return s.week[d.weekday()]
}

func (s *Schedule) whyOff(d date) Reason {
	if _, ok := s.exceptions[d]; ok {
		return Exception
	}
	if len(s.week[d.weekday()]) == 0 {
		return Weekend
	}
	return Holiday
}

// closing is the end of the work that goes on in stretch w of day d; work that touches midnight goes on in the next day.
func (s *Schedule) closing(d date, w stretch) time.Time {
	for range horizon {
		if w.to < minutesOfDay {
			return s.moment(d, w.to)
		}
		next := s.workOn(d.next())
		if len(next) == 0 || next[0].from > 0 {
			return s.moment(d, w.to)
		}
		d, w = d.next(), next[0]
	}
	return time.Time{}
}

// openingAfter is the first opening on a day after d.
func (s *Schedule) openingAfter(d date) time.Time {
	if s.idle() {
		return time.Time{}
	}
	for range horizon {
		d = d.next()
		if work := s.workOn(d); len(work) > 0 {
			return s.moment(d, work[0].from)
		}
	}
	return time.Time{}
}

// idle tells that nobody works on any day.
func (s *Schedule) idle() bool {
	for _, w := range s.week {
		if len(w) > 0 {
			return false
		}
	}
	return len(s.exceptions) == 0
}

// moment is the instant at which the wall clock of day d shows the minute. A minute that the spring change skips is the
// same instant as if the clock had not been changed; one that autumn repeats is its first occurrence.
func (s *Schedule) moment(d date, minute int) time.Time {
	t := time.Date(d.year, d.month, d.day, 0, minute, 0, 0, s.loc)
	if earlier := t.Add(-time.Hour); sameWall(earlier, t) {
		return earlier
	}
	return t
}

func sameWall(a, b time.Time) bool {
	return a.Day() == b.Day() && a.Hour() == b.Hour() && a.Minute() == b.Minute()
}

// date is a calendar day.
type date struct {
	year  int
	month time.Month
	day   int
}

func dateOf(t time.Time) date {
	y, m, d := t.Date()
	return date{y, m, d}
}

func (d date) noon() time.Time       { return time.Date(d.year, d.month, d.day, 12, 0, 0, 0, time.UTC) }
func (d date) plus(n int) date       { return dateOf(d.noon().AddDate(0, 0, n)) }
func (d date) next() date            { return d.plus(1) }
func (d date) weekday() time.Weekday { return d.noon().Weekday() }

func (d day) same(o day) bool { return slices.Equal(d, o) }
