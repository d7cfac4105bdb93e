package call

import "strings"

// Class sorts a number by what calling it means: who answers and who pays.
type Class string

// The classes of the Ukrainian numbering plan (the national plan's order: 0-800 free of charge, 0-900 premium rate, 0-70x shared
// cost and personal numbers) and of what is no number of it.
const (
	ClassHidden    Class = "hidden"    // no number
	ClassName      Class = "name"      // a SIP user: nobody outside
	ClassEmergency Class = "emergency" // 101–104, 112
	ClassShort     Class = "short"     // 3–6 digits: a service's short code or an extension
	ClassFree      Class = "free"      // 0-800
	ClassPremium   Class = "premium"   // 0-900, 0-70x, 0-89x: costs more than a call
	ClassUkrainian Class = "ukrainian" // any other full number: a city's or a mobile one
	ClassForeign   Class = "foreign"   // another country, satellite, or digits that are no number here
)

// Class tells what calling the number means. What it cannot tell is foreign: the dearest guess is the safe one.
func (n Number) Class() Class {
	switch s := string(n); {
	case n == "":
		return ClassHidden
	case !n.isDigits():
		return ClassName
	case emergency(s):
		return ClassEmergency
	case s[0] != '+' && len(s) >= 2 && len(s) <= maxShort:
		return ClassShort
	case !n.isUkrainian() || s[4] < '3': // no area code of the plan begins with 0, 1 or 2
		return ClassForeign
	case strings.HasPrefix(s, "+380800"):
		return ClassFree
	case strings.HasPrefix(s, "+38090"), strings.HasPrefix(s, "+38070"), strings.HasPrefix(s, "+38089"):
		return ClassPremium
	}
	return ClassUkrainian
}

func emergency(s string) bool {
	switch s {
	case "101", "102", "103", "104", "112":
		return true
	}
	return false
}

// Formats in which carriers take a called number.
const (
	FormatPlus     = "+380" // E.164 with its plus: +380671234567
	FormatDigits   = "380"  // E.164 without it: 380671234567
	FormatNational = "0"    // as it is dialled at home: 0671234567
)

// Format writes the number as a carrier wants it dialled. Short codes and names stay; an unknown format is FormatPlus.
func (n Number) Format(format string) string {
	s := string(n)
	switch {
	case !strings.HasPrefix(s, "+") || !n.isDigits():
		return s
	case format == FormatNational && n.isUkrainian():
		return s[3:]
	case format == FormatDigits:
		return s[1:]
	case format == FormatNational:
		return "00" + s[1:]
	}
	return s
}
