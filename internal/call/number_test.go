package call_test

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"dovidka/internal/call"
)

func TestParseNumber(t *testing.T) {
	const kyivstar = call.Number("+380671234567")
	cases := map[string]call.Number{
		"+380671234567": kyivstar, "380671234567": kyivstar, "80671234567": kyivstar, "0671234567": kyivstar, "00380671234567": kyivstar,
		"671234567": kyivstar, "067 123-45-67": kyivstar, "(067) 123 45 67": kyivstar, "+38 (067) 123-45-67": kyivstar,
		"tel:+380-67-123-45-67": kyivstar, "sip:0671234567@10.0.0.1:5060;user=phone": kyivstar, "<sip:+380671234567@gw.example>": kyivstar,
		"tel:0671234567;phone-context=+380": kyivstar, "sip:%2B380671234567@x": kyivstar, "067\u00a0123\u201345\u201367": kyivstar,
		"0-800-35-36-08": "+380800353608", "800353608": "+380800353608", "0800353608": "+380800353608", "+380800353608": "+380800353608",
		"112": "112", "1545": "1545", "101": "101", "61234": "61234", "+48221234567": "+48221234567", "0048221234567": "+48221234567",
		"": "", "anonymous": "", "Anonymous": "", "sip:anonymous@anonymous.invalid": "", "unavailable": "", "Restricted": "", "0": "",
		"olena": "olena", "sip:Olena@dovidka;transport=tcp": "olena", "SIP:petro": "petro", "o'leary <x>": "x", "a\r\nb": "ab",
		"12345678901234567890": "12345678901234567890",
	}
	for in, want := range cases {
		if got := call.ParseNumber(in); got != want {
			t.Errorf("ParseNumber(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestExtensions(t *testing.T) {
	for in, want := range map[string][2]string{
		"044 123 45 67 дод. 105": {"+380441234567", "105"}, "044 123-45-67 додатковий 7": {"+380441234567", "7"},
		"0441234567,105": {"+380441234567", "105"}, "0441234567,,105": {"+380441234567", "105"}, "0441234567#105": {"+380441234567", "105"},
		"tel:+380-44-123-45-67;ext=105": {"+380441234567", "105"}, "sip:+380441234567;ext=105@10.0.0.1;user=phone": {"+380441234567", "105"},
		"+380 (44) 123-45-67 вн. 12": {"+380441234567", "12"}, "0441234567 x105": {"+380441234567", "105"}, "0441234567p105": {"+380441234567", "105"},
		"0441234567": {"+380441234567", ""}, "105": {"105", ""}, "olena,105": {"olena105", ""}, "olena x5": {"olenax5", ""}, "": {"", ""},
	} {
		n, ext := call.ParseExtension(in)
		if string(n) != want[0] || ext != want[1] {
			t.Errorf("ParseExtension(%q) = %q, %q, want %v", in, string(n), ext, want)
		}
		if got := call.ParseNumber(in); got != n {
			t.Errorf("ParseNumber(%q) = %q: the extension is no part of the number", in, string(got))
		}
	}
}

func TestClass(t *testing.T) {
	for in, want := range map[string]call.Class{
		"": call.ClassHidden, "anonymous": call.ClassHidden, "olena": call.ClassName, "112": call.ClassEmergency, "101": call.ClassEmergency,
		"104": call.ClassEmergency, "1545": call.ClassShort, "116111": call.ClassShort, "105": call.ClassShort, "0-800-35-36-08": call.ClassFree,
		"800353608": call.ClassFree, "0 900 123 456": call.ClassPremium, "900123456": call.ClassPremium, "0 703 123 456": call.ClassPremium,
		"0671234567": call.ClassUkrainian, "80441234567": call.ClassUkrainian, "+48221234567": call.ClassForeign, "0048221234567": call.ClassForeign,
		"810482212345": call.ClassForeign, "+88216123456": call.ClassForeign, "+3806712345": call.ClassForeign, "1234567890123456789": call.ClassName,
	} {
		if got := call.ParseNumber(in).Class(); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

func TestFormat(t *testing.T) {
	for _, c := range []struct{ n, format, want string }{
		{"+380671234567", call.FormatPlus, "+380671234567"}, {"+380671234567", call.FormatDigits, "380671234567"},
		{"+380671234567", call.FormatNational, "0671234567"}, {"112", call.FormatPlus, "112"}, {"+48221234567", call.FormatNational, "0048221234567"},
		{"olena", call.FormatNational, "olena"}, {"", call.FormatNational, ""}, {"+380671234567", "", "+380671234567"},
	} {
		if got := call.Number(c.n).Format(c.format); got != c.want {
			t.Errorf("%s as %s: %q, want %q", c.n, c.format, got, c.want)
		}
	}
}

func TestNumberShown(t *testing.T) {
	cases := []struct {
		n                    call.Number
		mask, display, last4 string
	}{
		{"+380671234567", "+380…67", "067 123 45 67", "4567"},
		{"+380800353608", "+380…08", "0 800 35 36 08", "3608"},
		{"+48221234567", "+48…67", "+48 221 234 567", "4567"},
		{"112", "112", "112", ""},
		{"1545", "1545", "1545", "1545"},
		{"", "", "прихований номер", ""},
		{"olena", "o…", "olena", ""},
		{"48221234567", "…67", "482 212 345 67", "4567"},
	}
	for _, c := range cases {
		if c.n.Mask() != c.mask || c.n.Display() != c.display || c.n.Last4() != c.last4 {
			t.Errorf("%q: mask %q display %q last4 %q, want %q %q %q", string(c.n), c.n.Mask(), c.n.Display(), c.n.Last4(), c.mask, c.display, c.last4)
		}
	}
	if g := call.Number("+380671234567").Groups(); !slices.Equal(g, []string{"067", "123", "45", "67"}) {
		t.Errorf("groups %v", g)
	}
}

func TestNumberMasksItselfInTheLog(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, nil))
	log.Info("x", "from", call.Number("+380671234567"))
	if s := out.String(); strings.Contains(s, "6712345") || !strings.Contains(s, "+380…67") {
		t.Error(s)
	}
}

func TestSearch(t *testing.T) {
	for typed, want := range map[string]string{
		"067 123 45 67": "+380671234567", "+380671234567": "+380671234567", "4567": "4567", "45-67": "4567", "067 12": "6712", "+48": "+48",
		"olena": "olena", "": "", "0": "0",
	} {
		if got := call.Search(typed); got != want {
			t.Errorf("Search(%q) = %q, want %q", typed, got, want)
		}
	}
}

func FuzzParseNumber(f *testing.F) {
	for _, s := range []string{"+380671234567", "sip:olena@x", "<", "tel:", "%2b", "0-800-35-36-08", "п'ять", "044 123 45 67 дод. 105", "tel:+380441234567;ext=105", "0441234567,,1#", "olena\x1b[31m", "o\u202elena", "a\nlevel=ERROR", "80441234567"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n := call.ParseNumber(s)
		if again := call.ParseNumber(string(n)); again != n {
			t.Errorf("ParseNumber(%q) = %q, and of that %q: it must stay", s, n, again)
		}
		if len(n) > 64 || strings.ContainsAny(string(n), "\r\n <>\"'@;%") {
			t.Errorf("ParseNumber(%q) = %q keeps what could do harm", s, n)
		}
		if i := strings.IndexFunc(string(n), func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }); i >= 0 {
			t.Errorf("ParseNumber(%q) = %q: a line, a colour or a direction of writing could be forged with it", s, n)
		}
		_, _, _ = n.Mask(), n.Display(), n.Last4()
		if _, ext := call.ParseExtension(s); len(ext) > 6 || strings.Trim(ext, "0123456789") != "" {
			t.Errorf("extension of %q: %q", s, ext)
		}
		for _, f := range []string{call.FormatPlus, call.FormatDigits, call.FormatNational} { // what goes out is what was judged
			if c := n.Class(); c != call.ClassForeign && call.ParseNumber(n.Format(f)) != n {
				t.Errorf("%q of class %s as %s is %q, another number", string(n), c, f, n.Format(f))
			}
		}
		call.Search(s)
	})
}

func TestNewID(t *testing.T) {
	at := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	seen := map[call.ID]bool{}
	last := call.ID("")
	for i := range 1000 {
		id := call.NewID(at.Add(time.Duration(i) * time.Millisecond))
		if !id.Valid() || id <= last || seen[id] {
			t.Fatalf("%q after %q", id, last)
		}
		seen[id], last = true, id
	}
	if a, b := call.NewID(at), call.NewID(at); a[:9] != b[:9] || a[11:] == b[11:] {
		t.Errorf("%q and %q: same time, must differ in their random part only", a, b)
	}
	for _, bad := range []call.ID{"", "x", "../../../../../../etc/passwd", "0123456789ABCDEFGHJKMNPQRS"} {
		if bad.Valid() {
			t.Errorf("%q is no ID", bad)
		}
	}
}
