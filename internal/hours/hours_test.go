package hours

import (
	"testing"
	"time"

	"github.com/pelletier/go-toml/v2"
)

func kyiv(t *testing.T, text string) time.Time {
	t.Helper()
	loc, err := time.LoadLocation("Europe/Kyiv")
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.ParseInLocation("2006-01-02 15:04", text, loc)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func schedule(t *testing.T, change func(*Config)) *Schedule {
	t.Helper()
	c := Default()
	if change != nil {
		change(&c)
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAt(t *testing.T) {
	peace := func(c *Config) { c.MartialLaw = false }
	special := func(c *Config) {
		c.Exceptions = []ExceptionConfig{
			{Date: "2026-11-24", Work: "8:00-15:00", Name: "скорочений день"},
			{Date: "2026-11-25", Name: "санітарний день"},
			{Date: "2026-11-28", Work: "9:00-13:00", Name: "додатковий день"},
		}
	}
	for _, c := range []struct {
		at     string
		change func(*Config)
		open   bool
		reason Reason
		until  string
		next   string
	}{
		{"2026-11-23 07:59", nil, false, Morning, "2026-11-23 08:00", "сьогодні з 8:00"},
		{"2026-11-23 08:00", nil, true, "", "2026-11-23 12:00", "сьогодні з 13:00"},
		{"2026-11-23 11:59", nil, true, "", "2026-11-23 12:00", "сьогодні з 13:00"},
		{"2026-11-23 12:00", nil, false, Break, "2026-11-23 13:00", "сьогодні з 13:00"},
		{"2026-11-23 12:59", nil, false, Break, "2026-11-23 13:00", "сьогодні з 13:00"},
		{"2026-11-23 13:00", nil, true, "", "2026-11-23 17:15", "завтра з 8:00"},
		{"2026-11-23 17:14", nil, true, "", "2026-11-23 17:15", "завтра з 8:00"},
		{"2026-11-23 17:15", nil, false, Evening, "2026-11-24 08:00", "завтра з 8:00"},
		{"2026-11-24 00:00", nil, false, Morning, "2026-11-24 08:00", "сьогодні з 8:00"},
		{"2026-11-27 16:00", nil, false, Evening, "2026-11-30 08:00", "у понеділок з 8:00"},
		{"2026-11-28 10:00", nil, false, Weekend, "2026-11-30 08:00", "у понеділок з 8:00"},
		{"2026-11-29 23:59", nil, false, Weekend, "2026-11-30 08:00", "завтра з 8:00"},
		{"2026-08-24 10:00", nil, true, "", "2026-08-24 12:00", "сьогодні з 13:00"}, // Independence Day is worked in martial law
		{"2026-08-24 10:00", peace, false, Holiday, "2026-08-25 08:00", "завтра з 8:00"},
		{"2027-01-01 10:00", peace, false, Holiday, "2027-01-04 08:00", "у понеділок з 8:00"},
		{"2026-04-12 10:00", peace, false, Weekend, "2026-04-13 08:00", "завтра з 8:00"}, // Easter is a Sunday anyway
		{"2026-11-24 14:59", special, true, "", "2026-11-24 15:00", "у четвер з 8:00"},
		{"2026-11-24 15:00", special, false, Evening, "2026-11-26 08:00", "у четвер з 8:00"},
		{"2026-11-25 10:00", special, false, Exception, "2026-11-26 08:00", "завтра з 8:00"},
		{"2026-11-28 10:00", special, true, "", "2026-11-28 13:00", "у понеділок з 8:00"},
		{"2028-02-29 09:00", nil, true, "", "2028-02-29 12:00", "сьогодні з 13:00"}, // leap day, a Tuesday
		{"2026-03-28 12:00", nil, false, Weekend, "2026-03-30 08:00", "у понеділок з 8:00"},
		{"2026-10-24 12:00", nil, false, Weekend, "2026-10-26 08:00", "у понеділок з 8:00"},
	} {
		s := schedule(t, c.change)
		at := kyiv(t, c.at)
		v := s.At(at.UTC())
		if v.Open != c.open || v.Reason != c.reason || !v.Until.Equal(kyiv(t, c.until)) {
			t.Errorf("%s: open %v reason %q until %s, want %v %q %s", c.at, v.Open, v.Reason, v.Until, c.open, c.reason, c.until)
		}
		if got := s.NextOpen(at); got != c.next {
			t.Errorf("%s: next %q, want %q", c.at, got, c.next)
		}
	}
}

// Both clock changes fall on a Sunday night; a centre that works then must count real hours.
func TestClockChanges(t *testing.T) {
	s := schedule(t, func(c *Config) { c.Sunday = "1:00-5:00" })
	for day, want := range map[string]time.Duration{"2026-03-29": 3 * time.Hour, "2026-10-25": 5 * time.Hour} {
		from := kyiv(t, day+" 01:00")
		v := s.At(from)
		if !v.Open || v.Until.Sub(from) != want {
			t.Errorf("%s: open %v for %v, want %v", day, v.Open, v.Until.Sub(from), want)
		}
	}
	late := schedule(t, func(c *Config) { c.Sunday = "3:30-5:00" }) // 3:30 happens twice in autumn: the first one opens
	v := late.At(kyiv(t, "2026-10-25 01:00"))
	if got := v.Until.UTC().Format("15:04"); got != "00:30" {
		t.Errorf("opens at %s UTC, want 00:30", got)
	}
	if !late.At(v.Until.Add(time.Hour)).Open {
		t.Error("closed at the second 3:30")
	}
}

func TestEaster(t *testing.T) {
	// The Orthodox paschal dates of these years are printed in any church calendar.
	for year, want := range map[int]string{2023: "04-16", 2024: "05-05", 2025: "04-20", 2026: "04-12", 2027: "05-02", 2028: "04-16", 2030: "04-28", 2038: "04-25", 2100: "05-02"} {
		d := orthodoxEaster(year)
		if got := d.noon().Format("01-02"); got != want {
			t.Errorf("%d: %s, want %s", year, got, want)
		}
		if d.weekday() != time.Sunday {
			t.Errorf("%d: Easter on %v", year, d.weekday())
		}
	}
	s := schedule(t, nil)
	if got := s.At(kyiv(t, "2026-05-31 12:00")).HolidayName; got != "Трійця" {
		t.Errorf("31 May 2026: %q", got)
	}
}

func TestAddWorkingDays(t *testing.T) {
	s := schedule(t, func(c *Config) { c.Exceptions = []ExceptionConfig{{Date: "2026-11-30"}} })
	for _, c := range []struct {
		from string
		n    int
		want string
	}{
		{"2026-11-23 10:00", 1, "2026-11-24 17:15"},
		{"2026-11-23 23:59", 1, "2026-11-24 17:15"},
		{"2026-11-26 10:00", 1, "2026-11-27 16:00"},
		{"2026-11-27 10:00", 1, "2026-12-01 17:15"}, // over the weekend and a day off
		{"2026-11-28 10:00", 2, "2026-12-02 17:15"},
	} {
		if got := s.AddWorkingDays(kyiv(t, c.from), c.n); !got.Equal(kyiv(t, c.want)) {
			t.Errorf("%s + %d: %s, want %s", c.from, c.n, got, c.want)
		}
	}
}

func TestNightWork(t *testing.T) {
	s := schedule(t, func(c *Config) { c.Monday, c.Tuesday, c.Wednesday = "18:00-24:00", "0:00-24:00", "0:00-6:00" })
	if v := s.At(kyiv(t, "2026-11-23 20:00")); !v.Open || !v.Until.Equal(kyiv(t, "2026-11-25 06:00")) {
		t.Errorf("%+v", v)
	}
}

func TestAlways(t *testing.T) {
	s := Always()
	for _, at := range []string{"2026-11-23 00:00", "2026-03-29 03:30", "2027-01-01 23:59"} {
		if v := s.At(kyiv(t, at)); !v.Open || !v.Until.IsZero() {
			t.Errorf("%s: %+v", at, v)
		}
	}
	if !s.NextOpening(kyiv(t, "2026-11-23 00:00")).IsZero() || s.NextOpen(kyiv(t, "2026-11-23 00:00")) != "" {
		t.Error("it never opens, since it never closes")
	}
	if got := s.OperatorHours(); got != "цілодобово, без вихідних" {
		t.Error(got)
	}
	if got := s.AddWorkingDays(kyiv(t, "2026-11-23 10:00"), 1).In(s.Location()).Format("01-02 15:04:05"); got != "11-24 23:59:59" {
		t.Error(got)
	}
	never, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	if v := never.At(kyiv(t, "2026-11-23 10:00")); v.Open || !v.Until.IsZero() || never.NextOpen(kyiv(t, "2026-11-23 10:00")) != "" {
		t.Errorf("%+v", v)
	}
}

func TestSentences(t *testing.T) {
	s := schedule(t, nil)
	for _, c := range []struct{ got, want string }{
		{s.WeekSchedule(), "З понеділка до четверга — з 8:00 до 17:15. У п'ятницю — з 8:00 до 16:00. Перерва з 12:00 до 13:00. Субота та неділя — вихідні."},
		{s.OperatorHours(), "з понеділка до четверга з 8:00 до 17:15, у п'ятницю з 8:00 до 16:00, перерва з 12:00 до 13:00"},
		{s.OperatorHoursShort(), "з понеділка до четверга з 8:00 до 17:15, у п'ятницю з 8:00 до 16:00"},
		{schedule(t, func(c *Config) { c.Friday = "8:00-16:00"; c.Saturday = "9:00-13:00" }).WeekSchedule(),
			"З понеділка до четверга — з 8:00 до 17:15, перерва з 12:00 до 13:00. У п'ятницю — з 8:00 до 16:00. У суботу — з 9:00 до 13:00. Неділя — вихідний."},
	} {
		if c.got != c.want {
			t.Errorf("said %q\nwant %q", c.got, c.want)
		}
	}
}

func TestConfig(t *testing.T) {
	var c Config
	text := `
time_zone = "Europe/Kyiv"
monday = "8:00-12:00 13:00-17:15"
martial_law = true
[[holiday]]
day = "10-14"
name = "День міста"
[[exception]]
date = "2026-12-31"
work = "8:00-12:00"
`
	if err := toml.Unmarshal([]byte(text), &c); err != nil {
		t.Fatal(err)
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	if !s.At(kyiv(t, "2026-12-31 11:59")).Open || s.At(kyiv(t, "2026-12-31 12:00")).Open {
		t.Error("the exception does not rule")
	}
	if got := s.At(kyiv(t, "2026-10-14 10:00")).HolidayName; got != "День міста" {
		t.Error(got)
	}
	for name, bad := range map[string]Config{
		"zone":     {TimeZone: "Europe/Nowhere"},
		"order":    {Monday: "13:00-17:00 8:00-12:00"},
		"backward": {Monday: "17:00-8:00"},
		"past 24":  {Monday: "8:00-24:01"},
		"touching": {Monday: "8:00-12:00 12:00-17:00"},
		"words":    {Monday: "вранці"},
		"date":     {Exceptions: []ExceptionConfig{{Date: "31.12.2026"}}},
		"twice":    {Exceptions: []ExceptionConfig{{Date: "2026-12-31"}, {Date: "2026-12-31"}}},
		"holiday":  {Holidays: []HolidayConfig{{Day: "32-01", Name: "х"}}},
	} {
		if _, err := New(bad); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
