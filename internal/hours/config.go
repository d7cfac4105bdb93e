package hours

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // a small server may have no zone files; Kyiv's clock changes must not depend on them
)

// Config is the [hours] table of the configuration file. Times of a day are stretches of work, "8:00-12:00 13:00-17:15"; the
// gap between two stretches is a break. An empty text is a day without work. A day may end at 24:00, never after it.
type Config struct {
	TimeZone     string            `toml:"time_zone" comment:"часовий пояс"`
	Monday       string            `toml:"monday" comment:"робочі години дня; проміжок між ними — перерва; порожньо — вихідний"`
	Tuesday      string            `toml:"tuesday"`
	Wednesday    string            `toml:"wednesday"`
	Thursday     string            `toml:"thursday"`
	Friday       string            `toml:"friday"`
	Saturday     string            `toml:"saturday"`
	Sunday       string            `toml:"sunday"`
	MartialLaw   bool              `toml:"martial_law" comment:"воєнний стан: святкові дні робочі (Закон 2136-IX, стаття 6)"`
	PaschalShift int               `toml:"paschal_shift_days,omitempty" comment:"зсув Великодня і Трійці від православної пасхалії, днів (зазвичай 0)"`
	Holidays     []HolidayConfig   `toml:"holiday" comment:"свої святкові дні, додатково до статті 73 КЗпП"`
	Exceptions   []ExceptionConfig `toml:"exception" comment:"особливі дні: вихідний, скорочений або додатковий робочий"`
}

// HolidayConfig is a yearly holiday in addition to the Labour Code's list.
type HolidayConfig struct {
	Day  string `toml:"day" comment:"місяць-день, напр. 10-14"`
	Name string `toml:"name" comment:"називний відмінок"`
}

// ExceptionConfig is one dated day that differs from the weekly schedule and from the holidays.
type ExceptionConfig struct {
	Date string `toml:"date" comment:"рік-місяць-день"`
	Work string `toml:"work" comment:"робочі години; порожньо — вихідний"`
	Name string `toml:"name,omitempty" comment:"чому, напр. «санітарний день»"`
}

// Default is the schedule in the box: Mon–Thu 8:00–17:15, Fri 8:00–16:00, break 12:00–13:00, martial law on.
func Default() Config {
	const long, short = "8:00-12:00 13:00-17:15", "8:00-12:00 13:00-16:00"
	return Config{TimeZone: "Europe/Kyiv", Monday: long, Tuesday: long, Wednesday: long, Thursday: long, Friday: short, MartialLaw: true}
}

// New makes the schedule; the error names the entry that makes no sense, in Ukrainian, for the person who wrote it.
func New(c Config) (*Schedule, error) {
	zone := c.TimeZone
	if zone == "" {
		zone = "Europe/Kyiv"
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return nil, fmt.Errorf("невідомий часовий пояс «%s»", c.TimeZone)
	}
	s := &Schedule{loc: loc, martialLaw: c.MartialLaw, paschalShift: c.PaschalShift, holidays: fixedHolidays(), exceptions: map[date]exception{}}
	for i, text := range []string{c.Sunday, c.Monday, c.Tuesday, c.Wednesday, c.Thursday, c.Friday, c.Saturday} {
		if s.week[i], err = parseDay(text); err != nil {
			return nil, fmt.Errorf("%s: %w", dayNames[i].nominative, err)
		}
	}
	for _, h := range c.Holidays {
		at, err := time.Parse("2006-01-02", "2000-"+h.Day)
		if err != nil || strings.TrimSpace(h.Name) == "" {
			return nil, fmt.Errorf("святковий день «%s» «%s»: потрібні день у вигляді 10-14 і назва", h.Day, h.Name)
		}
		s.holidays = append(s.holidays, holiday{month: at.Month(), day: at.Day(), name: h.Name})
	}
	for _, e := range c.Exceptions {
		at, err := time.Parse("2006-01-02", e.Date)
		if err != nil {
			return nil, fmt.Errorf("особливий день «%s»: дата має бути такою: 2026-12-31", e.Date)
		}
		if _, twice := s.exceptions[dateOf(at)]; twice {
			return nil, fmt.Errorf("особливий день %s записано двічі", e.Date)
		}
		work, err := parseDay(e.Work)
		if err != nil {
			return nil, fmt.Errorf("особливий день %s: %w", e.Date, err)
		}
		s.exceptions[dateOf(at)] = exception{day: work, name: e.Name}
	}
	return s, nil
}

// Always is the schedule of a demonstration (--demo-hours always): people answer at any time of any day.
func Always() *Schedule {
	loc, err := time.LoadLocation("Europe/Kyiv")
	if err != nil { // cannot be: the zone data is embedded
		loc = time.UTC
	}
	s := &Schedule{always: true, loc: loc, martialLaw: true, holidays: fixedHolidays()}
	for i := range s.week {
		s.week[i] = day{{from: 0, to: minutesOfDay}}
	}
	return s
}

// stretch is one stretch of work: minutes of the day as the clock on the wall shows them, [from, to).
type stretch struct{ from, to int }

// day is the working time of one day, ascending, with gaps between the stretches; empty: nobody works.
type day []stretch

type exception struct {
	day  day
	name string
}

const minutesOfDay = 24 * 60

var stretchForm = regexp.MustCompile(`^(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})$`)

func parseDay(text string) (day, error) {
	var d day
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' }) {
		m := stretchForm.FindStringSubmatch(part)
		if m == nil {
			return nil, fmt.Errorf("години «%s» мають бути такими: 8:00-12:00 13:00-17:15", text)
		}
		from, ok1 := minuteOf(m[1], m[2])
		to, ok2 := minuteOf(m[3], m[4])
		if !ok1 || !ok2 || from >= to {
			return nil, fmt.Errorf("години «%s»: кінець має бути пізніше початку, не пізніше 24:00", part)
		}
		if len(d) > 0 && from <= d[len(d)-1].to {
			return nil, fmt.Errorf("години «%s»: проміжки мають іти по порядку, з перервою між ними", text)
		}
		d = append(d, stretch{from, to})
	}
	return d, nil
}

func minuteOf(hour, minute string) (int, bool) {
	h, err1 := strconv.Atoi(hour)
	m, err2 := strconv.Atoi(minute)
	if err1 != nil || err2 != nil || m > 59 || h*60+m > minutesOfDay {
		return 0, false
	}
	return h*60 + m, true
}
