package hours

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// What is said, what opens the queue and what a plain clock-watcher sees must be the same, for any schedule and any moment.
func TestSaidIsTrue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawConfig(t)
		s, err := New(c)
		if err != nil {
			t.Fatalf("%+v: %v", c, err)
		}
		week := understand(s.WeekSchedule())
		if s.OperatorHours() != "" && listen(s.OperatorHours()) != week {
			t.Fatalf("the week says %s, the operators' hours say %s", s.WeekSchedule(), s.OperatorHours())
		}
		at := drawMoment(t, s)
		v := s.At(at)
		local := at.In(s.loc)
		work, special := ruled(c, s, dateOf(local))
		if !special {
			work = week[local.Weekday()]
		}
		if open := work[local.Hour()*60+local.Minute()]; open != v.Open {
			t.Fatalf("%s: open %v, but it is said: %s", local, v.Open, s.WeekSchedule())
		}
		sayToday(t, s, at, work)
		if v.Open == (v.Reason != "") {
			t.Fatalf("%s: open %v with reason %q", local, v.Open, v.Reason)
		}
		checkUntil(t, s, at, v)
		checkNextOpen(t, s, at)
	})
}

// sayToday compares today's sentence with the day's worked minutes.
func sayToday(t *rapid.T, s *Schedule, at time.Time, work minutes) {
	text, pause := s.Today(at)
	if pause != "" {
		text += ", перерви " + pause
	}
	if understand(text)[0] != work {
		t.Fatalf("%s: today is said as %q", at, text)
	}
}

func drawConfig(t *rapid.T) Config {
	c := Config{TimeZone: "Europe/Kyiv", MartialLaw: rapid.Bool().Draw(t, "martial")}
	for i, day := range []*string{&c.Monday, &c.Tuesday, &c.Wednesday, &c.Thursday, &c.Friday, &c.Saturday, &c.Sunday} {
		*day = drawDay(t, fmt.Sprint("day", i))
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "exceptions") {
		day := fmt.Sprintf("2026-%02d-%02d", rapid.SampledFrom([]int{3, 10, 12}).Draw(t, "month"), i+25)
		c.Exceptions = append(c.Exceptions, ExceptionConfig{Date: day, Work: drawDay(t, "exception")})
	}
	return c
}

func drawDay(t *rapid.T, name string) string {
	return rapid.SampledFrom([]string{
		"", "", "8:00-12:00 13:00-17:15", "8:00-12:00 13:00-17:15", "8:00-12:00 13:00-16:00", "9:00-18:00", "00:00-24:00", "00:00-6:00", "18:30-24:00", "8:00-10:00 10:15-12:00 12:45-20:00",
	}).Draw(t, name)
}

func drawMoment(t *rapid.T, s *Schedule) time.Time {
	days := []time.Time{
		time.Date(2026, 3, 27, 0, 0, 0, 0, s.loc), time.Date(2026, 10, 23, 0, 0, 0, 0, s.loc), time.Date(2026, 12, 23, 0, 0, 0, 0, s.loc),
		time.Date(2028, 2, 27, 0, 0, 0, 0, s.loc), time.Date(2026, 4, 10, 0, 0, 0, 0, s.loc),
	}
	d := rapid.SampledFrom(days).Draw(t, "around").AddDate(0, 0, rapid.IntRange(0, 9).Draw(t, "day"))
	edge := rapid.SampledFrom([]int{0, 180, 240, 360, 480, 600, 615, 720, 765, 780, 960, 1035, 1080, 1110, 1200, 1439}).Draw(t, "minute")
	shift := rapid.SampledFrom([]int{-1, 0, 1}).Draw(t, "shift")
	return time.Date(d.Year(), d.Month(), d.Day(), 0, edge+shift, 0, 0, s.loc)
}

// minutes are the worked minutes of one day.
type minutes [minutesOfDay]bool

func (m *minutes) fill(from, to int, work bool) {
	for i := from; i < to; i++ {
		m[i] = work
	}
}

const dayForms = "(неділ[яюі]|понеділ(?:ок|ка)|вівтор(?:ок|ка)|серед[ауи]|четверг?а?|п'ятниц[яюі]|субот[ауи])"

var token = regexp.MustCompile("(?i)(щодня)|(?:з|із) " + dayForms + " до " + dayForms + "|у " + dayForms + "(?: та " + dayForms + ")?|" +
	`з (\d+):(\d+) до (\d+):(\d+)|(цілодобово)|(перерв)`)

// listen understands the sentences as a citizen would: which minutes of which weekday (0 Sunday) are worked.
func listen(text string) [7]minutes {
	text = strings.ReplaceAll(text, ", перерв", ". Перерв") // in one sentence a last part speaks of all days …
	text = strings.ReplaceAll(text, "(перерв", ", перерв")  // … and brackets of the days just named
	return understand(text)
}

func understand(text string) [7]minutes {
	var out [7]minutes
	said, pause := []int{0, 1, 2, 3, 4, 5, 6}, false
	for _, m := range token.FindAllStringSubmatchIndex(text, -1) {
		group := func(i int) string {
			if m[2*i] < 0 {
				return ""
			}
			return strings.ToLower(text[m[2*i]:m[2*i+1]])
		}
		switch {
		case group(1) != "":
			said, pause = []int{0, 1, 2, 3, 4, 5, 6}, false
		case group(2) != "":
			said, pause = nil, false
			for d := weekday(group(2)); ; d = (d + 1) % 7 {
				if said = append(said, d); d == weekday(group(3)) {
					break
				}
			}
		case group(4) != "":
			said, pause = []int{weekday(group(4))}, false
			if group(5) != "" {
				said = append(said, weekday(group(5)))
			}
		case group(10) != "":
			for _, d := range said {
				out[d].fill(0, minutesOfDay, true)
			}
		case group(11) != "":
			pause = true
			if strings.HasPrefix(text[m[0]:], "П") {
				said = []int{0, 1, 2, 3, 4, 5, 6}
			}
		default:
			for _, d := range said {
				out[d].fill(number(group(6))*60+number(group(7)), number(group(8))*60+number(group(9)), !pause)
			}
		}
	}
	return out
}

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic(err)
	}
	return n
}

func weekday(form string) int {
	for i, n := range dayNames {
		if form == n.nominative || form == n.genitive || form == n.accusative {
			return i
		}
	}
	panic("which day is " + form)
}

// ruled tells the worked minutes of a day that the weekly schedule does not rule.
func ruled(c Config, s *Schedule, d date) (minutes, bool) {
	var out minutes
	for _, e := range c.Exceptions {
		if e.Date != d.noon().Format("2006-01-02") {
			continue
		}
		for _, part := range strings.Fields(e.Work) {
			m := stretchForm.FindStringSubmatch(part)
			out.fill(number(m[1])*60+number(m[2]), number(m[3])*60+number(m[4]), true)
		}
		return out, true
	}
	return out, !c.MartialLaw && s.holidayName(d) != ""
}

// checkUntil steps by minutes from at to the end of the state: nothing changes before it, and it changes then.
func checkUntil(t *rapid.T, s *Schedule, at time.Time, v Verdict) {
	end := at.Add(72 * time.Hour)
	if !v.Until.IsZero() && v.Until.Before(end) {
		end = v.Until
		if s.At(end).Open == v.Open {
			t.Fatalf("%s: nothing changes at %s", at, end)
		}
	}
	for m := at; m.Before(end); m = m.Add(5 * time.Minute) {
		if s.At(m).Open != v.Open {
			t.Fatalf("%s: changes at %s already, not at %s", at, m, end)
		}
	}
}

// checkNextOpen takes the sentence at its word: it is closed just before the moment it names and open at it.
func checkNextOpen(t *rapid.T, s *Schedule, at time.Time) {
	text := s.NextOpen(at)
	if text == "" {
		if !s.NextOpening(at).IsZero() {
			t.Fatalf("%s: the next opening is not said", at)
		}
		return
	}
	day, clock, _ := strings.Cut(text, " з ")
	var found time.Time
	for i := range 400 {
		d := dateOf(at.In(s.loc)).plus(i)
		if day == s.dayText(d, dateOf(at.In(s.loc))) {
			h, m, _ := strings.Cut(clock, ":")
			found = s.moment(d, number(h)*60+number(m))
			break
		}
	}
	if found.IsZero() || !s.At(found).Open || s.At(found.Add(-time.Minute)).Open || found.Before(at) {
		t.Fatalf("%s: said %q, which is %s", at, text, found)
	}
}
