package spoken

import (
	"strconv"
	"strings"
)

// digitsOf keeps the digits of a text.
func digitsOf(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// group reads digits as one number, its leading zeros one by one: 05 «нуль п'ять».
func group(digits string) string {
	rest := strings.TrimLeft(digits, "0")
	out := strings.Repeat("нуль ", len(digits)-len(rest))
	if n, err := strconv.ParseInt(rest, 10, 64); err == nil && rest != "" {
		out += Cardinal(n, Masc, Nom)
	}
	return strings.TrimSpace(out)
}

// groups reads digits in groups of the given sizes, with a pause after each.
func groups(digits string, sizes ...int) string {
	var out []string
	for _, n := range sizes {
		out = append(out, group(digits[:n]))
		digits = digits[n:]
	}
	return strings.Join(out, ", ")
}

// national turns +380… into 0…; other numbers stay.
func national(digits string) string {
	if len(digits) == 12 && strings.HasPrefix(digits, "380") {
		return digits[2:]
	}
	return digits
}

// phone reads a telephone number: 0-800 in pairs after its code, other Ukrainian numbers 3-3-2-2, short ones whole or in pairs.
func phone(digits string) string {
	digits = national(digits)
	switch n := len(digits); {
	case n == 10 && strings.HasPrefix(digits, "0800"):
		return groups(digits, 4, 2, 2, 2)
	case n == 10 && digits[0] == '0':
		return groups(digits, 3, 3, 2, 2)
	case n <= 3:
		return group(digits)
	}
	return pairs(digits)
}

// landline reads a number of the old form: «код …, телефон …».
func landline(code, number string) string {
	if len(code) == 5 {
		code = group(code[:1]) + " " + group(code[1:3]) + " " + group(code[3:])
	} else {
		code = group(code)
	}
	return "код " + code + ", телефон " + pairs(number)
}

// pairs reads digits two by two; an odd first digit stands alone.
func pairs(digits string) string {
	var sizes []int
	if len(digits)%2 == 1 {
		sizes = append(sizes, 1)
	}
	for range len(digits) / 2 {
		sizes = append(sizes, 2)
	}
	return groups(digits, sizes...)
}
