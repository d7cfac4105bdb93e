package call

import (
	"log/slog"
	"regexp"
	"strings"
)

// Number is a telephone number or the name of a SIP user, in one form inside: E.164 ("+380671234567") wherever that can be
// told, a short code as it is ("112"), a SIP user as lower-case text ("olena"), and "" for a caller who hides the number.
// Make one with ParseNumber. It is personal data: it masks itself in the log.
type Number string

// Bounds of what is a number at all (E.164 §6: at most 15 digits) and what is still a short code.
const (
	maxDigits  = 15
	minForeign = 7
	maxShort   = 6
	maxUser    = 64
)

// anonymous are the user parts that carriers send for a hidden number (RFC 3323 §4.1.1.3 and practice).
func anonymous(user string) bool {
	switch user {
	case "", "anonymous", "unavailable", "unknown", "restricted", "private", "withheld", "hidden", "invalid", "asserted", "0":
		return true
	}
	return false
}

// ParseNumber reads a number as carriers, people and SIP headers write it: +380…, 380…, 80…, 0…, 00380…, 0-800…, 800…, with
// separators, or as a sip:, sips: or tel: URI. What it does not know it keeps, so that nothing a carrier sends is lost.
func ParseNumber(s string) Number {
	n, _ := parse(s)
	return n
}

// ParseExtension reads a number with the extension that is dialled after it: «044 123 45 67 дод. 105», tel:+380441234567;ext=105
// (RFC 3966 §5.1.1), 0441234567,105, 0441234567#105. ext is "" when there is none.
func ParseExtension(s string) (n Number, ext string) { return parse(s) }

func parse(s string) (n Number, ext string) {
	n, ext = parseUser(strings.ToLower(userPart(s)))
	if m := extensionParam.FindStringSubmatch(strings.ToLower(s)); m != nil && n.isDigits() {
		ext = m[1]
	}
	return n, ext
}

// extensionText is how people and devices write an extension after a whole number; extensionParam how a tel: URI does.
var (
	extensionText  = regexp.MustCompile(`^((?:[+(]|\d)[\d\s()\-./\x{00a0}\x{2013}]{4,}?)\s*(?:[,;#pw]+|(?:дод(?:атковий)?|доб(?:авочный)?|вн(?:утр(?:ішній)?)?|ext(?:ension)?|x)\.?:?)\s*(\d{1,6})$`)
	extensionParam = regexp.MustCompile(`;(?:ext|postd)=[,pw]*(\d{1,6})(?:[;>@]|$)`)
)

// parseUser reads what is left of an address without its scheme, host and parameters.
func parseUser(user string) (n Number, ext string) {
	if anonymous(user) {
		return "", ""
	}
	if m := extensionText.FindStringSubmatch(user); m != nil { // what follows a name is no extension
		if n, inner := parseUser(m[1]); n.isDigits() && inner == "" {
			return n, m[2]
		}
	}
	digits, plus, ok := bareDigits(user)
	if !ok {
		if clean := cleanUser(user); clean != user {
			return parseUser(clean)
		}
		return Number(user), ""
	}
	if d := international(digits, plus); !anonymous(d) {
		return Number(d), ""
	}
	return "", ""
}

// userPart cuts the scheme, the host and the parameters of a URI away (RFC 3261 §19.1.1, RFC 3966 §3).
func userPart(s string) string {
	s = strings.TrimSpace(s)
	if i := strings.IndexByte(s, '<'); i >= 0 {
		s = strings.TrimSuffix(s[i+1:], ">")
	}
	for _, scheme := range []string{"sips:", "sip:", "tel:"} {
		if len(s) >= len(scheme) && strings.EqualFold(s[:len(scheme)], scheme) {
			s = s[len(scheme):]
			break
		}
	}
	if i := strings.IndexAny(s, "@;>"); i >= 0 {
		s = s[:i]
	}
	return strings.NewReplacer("%2b", "+", "%2B", "+").Replace(strings.TrimSpace(s))
}

// bareDigits drops the separators people write; ok is false when anything but digits is left.
func bareDigits(s string) (digits string, plus, ok bool) {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case r == '+' && b.Len() == 0 && !plus:
			plus = true
		case strings.ContainsRune(" \u00a0\u202f\t-–—‑().,/", r):
		default:
			return "", false, false
		}
	}
	n := b.Len()
	return b.String(), plus, n > 0 && n <= maxDigits+2 // +2: the international prefix 00
}

// international turns dialled digits into E.164 by the Ukrainian numbering plan (nine digits after the code 380).
func international(d string, plus bool) string {
	const national = 9
	switch {
	case plus && len(d) >= minForeign && len(d) <= maxDigits:
		return "+" + d
	case strings.HasPrefix(d, "00") && len(d) >= minForeign+2:
		return "+" + d[2:]
	case strings.HasPrefix(d, "380") && len(d) == 3+national:
		return "+" + d
	case strings.HasPrefix(d, "80") && len(d) == 2+national: // the old trunk prefix 8, still sent by some exchanges
		return "+3" + d
	case d[0] == '0' && len(d) == 1+national:
		return "+38" + d
	case d[0] >= '3' && len(d) == national: // a national number without its 0
		return "+380" + d
	}
	return d
}

// cleanUser keeps of a SIP user what is harmless in a log, a file name and a page.
func cleanUser(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("._-+", r) {
			b.WriteRune(r)
		}
		if b.Len() == maxUser {
			break
		}
	}
	return b.String()
}

// Hidden tells whether the caller hides the number.
func (n Number) Hidden() bool { return n == "" }

// isDigits tells whether the number is made of digits (after an optional +), so is no SIP user.
func (n Number) isDigits() bool {
	_, _, ok := bareDigits(string(n))
	return ok
}

// isUkrainian tells whether the number is a full Ukrainian one: +380 and nine digits.
func (n Number) isUkrainian() bool {
	return len(n) == len("+380671234567") && strings.HasPrefix(string(n), "+380")
}

// Mask shows of a person's number only its country and its last two digits: +380…67. Short codes are nobody's and stay.
func (n Number) Mask() string {
	s := string(n)
	switch {
	case n == "":
		return ""
	case n.isUkrainian():
		return "+380…" + s[len(s)-2:]
	case n.isDigits() && len(s) <= maxShort:
		return s
	case n.isDigits() && s[0] == '+':
		return s[:3] + "…" + s[len(s)-2:]
	case n.isDigits():
		return "…" + s[len(s)-2:]
	}
	return s[:1] + "…"
}

// LogValue masks the number in every log line (house rule: nothing personal in the log).
func (n Number) LogValue() slog.Value { return slog.StringValue(n.Mask()) }

// Groups gives the digits as people say and read them: 067 123 45 67; 0 800 35 36 08; abroad in threes after the +.
func (n Number) Groups() []string {
	s := string(n)
	switch {
	case !n.isDigits():
		return nil
	case n.isUkrainian() && strings.HasPrefix(s, "+3808") && s[5:7] == "00": // 0-800 lines are read in pairs
		return []string{"0", "800", s[7:9], s[9:11], s[11:13]}
	case n.isUkrainian():
		return []string{s[3:6], s[6:9], s[9:11], s[11:13]}
	case len(s) <= maxShort:
		return []string{s}
	}
	var g []string
	for len(s) > 4 {
		g, s = append(g, s[:3]), s[3:]
	}
	return append(g, s)
}

// Display is the number for the screen of a person who may see it: «067 123 45 67», «прихований номер», a SIP user as it is.
func (n Number) Display() string {
	switch {
	case n == "":
		return "прихований номер"
	case !n.isDigits():
		return string(n)
	}
	return strings.Join(n.Groups(), " ")
}

// Last4 gives the last four digits, which prove that the asker knows the number of a request; "" when there are none.
func (n Number) Last4() string {
	if !n.isDigits() || len(strings.TrimPrefix(string(n), "+")) < 4 {
		return ""
	}
	return string(n[len(n)-4:])
}

// Search gives what a person typed into a search field as the digits to look for anywhere in a stored number: a full number in
// any notation, or some digits of it. "" when the text holds none.
func Search(typed string) string {
	if n := ParseNumber(typed); n.isUkrainian() {
		return string(n)
	}
	digits, plus, ok := bareDigits(strings.TrimSpace(typed))
	if !ok {
		return cleanUser(strings.ToLower(strings.TrimSpace(typed)))
	}
	if plus {
		return "+" + digits
	}
	if len(digits) > maxShort-2 { // «067 12…»: the leading 0 is the 0 of +380
		return strings.TrimPrefix(digits, "0")
	}
	return digits
}
