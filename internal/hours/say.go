package hours

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// The sentences below are written Ukrainian with times as digits ("з 8:00 до 17:15"): the page shows them, the room spoken
// reads them. Each is made from the same stretches of work that At judges by.

// WeekSchedule is the weekly schedule in sentences: «З понеділка до четверга — з 8:00 до 17:15. … Субота та неділя — вихідні.»
func (s *Schedule) WeekSchedule() string {
	if s.always || s.allDayEveryDay() {
		return "Щодня, цілодобово."
	}
	var out []string
	common, shared := s.commonBreak()
	for _, r := range s.runs() {
		text := capital(r.days()) + " — " + hoursText(r.work)
		if !shared && len(r.work) > 1 {
			text += ", " + breakText(r.work)
		}
		out = append(out, text+".")
	}
	if shared && len(common) > 1 {
		out = append(out, capital(breakText(common))+".")
	}
	if off := s.daysOff(); off != "" {
		out = append(out, off)
	}
	return strings.Join(out, " ")
}

// OperatorHours completes «Оператори відповідають …»: «з понеділка до четверга з 8:00 до 17:15, у п'ятницю з 8:00 до 16:00,
// перерва з 12:00 до 13:00». Empty when nobody ever works.
func (s *Schedule) OperatorHours() string { return s.operatorHours(true) }

// OperatorHoursShort is OperatorHours without breaks, for the first words of a call outside hours.
func (s *Schedule) OperatorHoursShort() string { return s.operatorHours(false) }

func (s *Schedule) operatorHours(breaks bool) string {
	if s.always || s.allDayEveryDay() {
		return "цілодобово, без вихідних"
	}
	var out []string
	common, shared := s.commonBreak()
	for _, r := range s.runs() {
		text := r.days() + " " + hoursText(r.work)
		if breaks && !shared && len(r.work) > 1 {
			text += " (" + breakText(r.work) + ")"
		}
		out = append(out, text)
	}
	if breaks && shared && len(common) > 1 {
		out = append(out, breakText(common))
	}
	return strings.Join(out, ", ")
}

// NextOpen is the next opening after t as seen from t: «сьогодні з 13:00», «завтра з 8:00», «у понеділок з 8:00»,
// «8 січня з 8:00». Empty when it never comes.
func (s *Schedule) NextOpen(t time.Time) string {
	next := s.NextOpening(t)
	if next.IsZero() {
		return ""
	}
	return s.dayText(dateOf(next.In(s.loc)), dateOf(t.In(s.loc))) + " з " + clockText(s.minuteOf(next))
}

// Today is the working time of t's day: hours «з 8:00 до 17:15» (empty: a day off) and break «з 12:00 до 13:00» (empty: none).
func (s *Schedule) Today(t time.Time) (hours, pause string) {
	return rangesOf(s.workOn(dateOf(t.In(s.loc))))
}

// Change is a dated day that is coming and differs from the usual.
type Change struct {
	Day   time.Time // noon of that day, in the schedule's place
	Hours string    // «з 8:00 до 15:00»; empty: a day off
	Break string    // «з 12:00 до 13:00»; empty: none
	Name  string    // why, as the centre wrote it
}

// Changes are the special days from t's day to two days after it.
func (s *Schedule) Changes(t time.Time) []Change {
	var out []Change
	d := dateOf(t.In(s.loc))
	for range 3 {
		if e, ok := s.exceptions[d]; ok && !e.day.same(s.week[d.weekday()]) {
			work, pause := rangesOf(e.day)
			at := time.Date(d.year, d.month, d.day, 12, 0, 0, 0, s.loc)
			out = append(out, Change{Day: at, Hours: work, Break: pause, Name: e.name})
		}
		d = d.next()
	}
	return out
}

func rangesOf(work day) (hours, pause string) {
	if len(work) == 0 {
		return "", ""
	}
	return hoursText(work), strings.Join(gapsText(work), " та ")
}

// run is some days in a row (Monday first) with the same hours.
type run struct {
	from, to int // 0 Monday … 6 Sunday
	work     day
}

// runs are the working days of the week; days whose breaks differ belong together only if no break is said for all.
func (s *Schedule) runs() []run {
	var out []run
	for i := range 7 {
		work := s.onWeekday(i)
		if len(work) == 0 {
			continue
		}
		if n := len(out); n > 0 && out[n-1].to == i-1 && out[n-1].work.same(work) {
			out[n-1].to = i
			continue
		}
		out = append(out, run{i, i, work})
	}
	return out
}

// onWeekday is the work of the i-th day of the week, 0 Monday.
func (s *Schedule) onWeekday(i int) day { return s.week[(i+1)%7] }

func nameOf(i int) dayName { return dayNames[(i+1)%7] }

// days is «з понеділка до четверга», «у суботу та неділю», «у п'ятницю», «щодня».
func (r run) days() string {
	switch r.to - r.from {
	case 0:
		return nameOf(r.from).on
	case 1:
		return nameOf(r.from).on + " та " + nameOf(r.to).accusative
	case 6:
		return "щодня"
	}
	return nameOf(r.from).from + " до " + nameOf(r.to).genitive
}

// commonBreak tells whether all working days have the same breaks; common is one of those days.
func (s *Schedule) commonBreak() (common day, shared bool) {
	for _, r := range s.runs() {
		if common == nil {
			common = r.work
		}
		if !slices.Equal(gapsText(common), gapsText(r.work)) {
			return nil, false
		}
	}
	return common, common != nil
}

func (s *Schedule) allDayEveryDay() bool {
	r := s.runs()
	return len(r) == 1 && r[0].to-r[0].from == 6 && r[0].work.same(day{{0, minutesOfDay}})
}

func (s *Schedule) daysOff() string {
	var off []string
	for i := range 7 {
		if len(s.onWeekday(i)) == 0 {
			off = append(off, nameOf(i).nominative)
		}
	}
	switch len(off) {
	case 0:
		return ""
	case 1:
		return capital(off[0]) + " — вихідний."
	case 7:
		return "Постійного графіка немає."
	}
	return capital(strings.Join(off[:len(off)-1], ", ")) + " та " + off[len(off)-1] + " — вихідні."
}

func hoursText(work day) string { return rangeText(work[0].from, work[len(work)-1].to) }

func breakText(work day) string {
	gaps := gapsText(work)
	if len(gaps) == 1 {
		return "перерва " + gaps[0]
	}
	return "перерви " + strings.Join(gaps[:len(gaps)-1], ", ") + " та " + gaps[len(gaps)-1]
}

func gapsText(work day) []string {
	var out []string
	for i := 1; i < len(work); i++ {
		out = append(out, rangeText(work[i-1].to, work[i].from))
	}
	return out
}

func rangeText(from, to int) string {
	if from == 0 && to == minutesOfDay {
		return "цілодобово"
	}
	return "з " + clockText(from) + " до " + clockText(to)
}

func clockText(minute int) string { return fmt.Sprintf("%d:%02d", minute/60, minute%60) }

func (s *Schedule) minuteOf(t time.Time) int {
	t = t.In(s.loc)
	return t.Hour()*60 + t.Minute()
}

// dayText names a day as seen from another: today, tomorrow, a weekday within a week, else the date.
func (s *Schedule) dayText(d, from date) string {
	switch {
	case d == from:
		return "сьогодні"
	case d == from.next():
		return "завтра"
	}
	if d.noon().Sub(from.noon()) < 7*24*time.Hour {
		return dayNames[d.weekday()].on
	}
	return fmt.Sprintf("%d %s", d.day, monthsGenitive[d.month-1])
}

func capital(s string) string {
	r := []rune(s)
	return strings.ToUpper(string(r[:1])) + string(r[1:])
}

type dayName struct{ nominative, genitive, accusative, on, from string }

var dayNames = [7]dayName{
	{"неділя", "неділі", "неділю", "у неділю", "з неділі"},
	{"понеділок", "понеділка", "понеділок", "у понеділок", "з понеділка"},
	{"вівторок", "вівторка", "вівторок", "у вівторок", "з вівторка"},
	{"середа", "середи", "середу", "у середу", "із середи"},
	{"четвер", "четверга", "четвер", "у четвер", "з четверга"},
	{"п'ятниця", "п'ятниці", "п'ятницю", "у п'ятницю", "з п'ятниці"},
	{"субота", "суботи", "суботу", "у суботу", "із суботи"},
}

var monthsGenitive = [12]string{"січня", "лютого", "березня", "квітня", "травня", "червня", "липня", "серпня", "вересня", "жовтня", "листопада", "грудня"}
