package hours

import "time"

// holiday is a yearly holiday by its date, or by its distance from Easter Sunday when month is 0.
type holiday struct {
	month  time.Month
	day    int
	easter int // days after Easter Sunday
	name   string
}

// fixedHolidays is the list of Labour Code of Ukraine art. 73 (edition in force since 2023), names in the nominative.
func fixedHolidays() []holiday {
	return []holiday{
		{month: time.January, day: 1, name: "Новий рік"},
		{month: time.March, day: 8, name: "Міжнародний жіночий день"},
		{easter: 0, name: "Великдень"},
		{month: time.May, day: 1, name: "День праці"},
		{month: time.May, day: 8, name: "День пам'яті та перемоги над нацизмом"},
		{easter: 49, name: "Трійця"},
		{month: time.June, day: 28, name: "День Конституції України"},
		{month: time.July, day: 15, name: "День Української Державності"},
		{month: time.August, day: 24, name: "День Незалежності України"},
		{month: time.October, day: 1, name: "День захисників і захисниць України"},
		{month: time.December, day: 25, name: "Різдво Христове"},
	}
}

// holidayName is the name of the holiday on d, or "".
func (s *Schedule) holidayName(d date) string {
	easter := orthodoxEaster(d.year).plus(s.paschalShift)
	for _, h := range s.holidays {
		on := date{d.year, h.month, h.day}
		if h.month == 0 {
			on = easter.plus(h.easter)
		}
		if on == d {
			return h.name
		}
	}
	return ""
}

// orthodoxEaster is Easter Sunday by the Julian paschal tables, as a Gregorian date (Meeus, Astronomical Algorithms, ch. 8).
func orthodoxEaster(year int) date {
	a, b, c := year%4, year%7, year%19
	d := (19*c + 15) % 30
	e := (2*a + 4*b - d + 34) % 7
	n := d + e + 114
	julian := date{year, time.Month(n / 31), n%31 + 1}
	return julian.plus(year/100 - year/400 - 2)
}
