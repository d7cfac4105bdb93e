package spoken

import (
	"strings"
	"unicode"
)

// brandRules read names that mix letters and signs.
var brandRules = []rule{
	loose(`(^|[^\p{L}'])є([А-ЯҐЄІЇ][а-яіїєґ])`, func(m match) (string, bool) { return m.g[1] + "є " + m.g[2], true }),
	loose(`Дія\.([А-ЯҐЄІЇ])`, func(m match) (string, bool) { return "Дія " + m.g[1], true }),
	when(`(Резерв|Дія|Армія) ?\+`, func(m match) (string, bool) { return m.g[1] + " плюс", true }),
}

// netRules read addresses of the net and of mail.
var netRules = []rule{
	loose(`([A-Za-z0-9._-]+)@((?:[A-Za-z0-9-]+\.)+[a-z]{2,6})`, func(m match) (string, bool) {
		return sayHost(m.g[1]) + " равлик " + sayHost(m.g[2]), true
	}),
	when(`(?:https?://)?(?:www\.)?((?:[A-Za-z0-9-]+\.)+[a-z]{2,6})/?`, func(m match) (string, bool) {
		if strings.HasSuffix(m.before, "@") || strings.HasPrefix(m.after, "@") {
			return "", false
		}
		return sayHost(m.g[1]), true
	}),
}

// labels of host names with a usual reading.
var labels = map[string]string{"diia": "дія", "gov": "гов", "ua": "юей", "com": "ком", "org": "орг", "net": "нет", "info": "інфо",
	"edu": "еду", "gmail": "джимейл", "ukr": "укр", "kyiv": "київ", "rada": "рада", "eu": "єю", "www": "веве-веве", "e": "е", "portal": "портал"}

// sayHost reads a host name label by label: «дія крапка гов крапка юей».
func sayHost(host string) string {
	var out []string
	for l := range strings.SplitSeq(host, ".") {
		var words []string
		for part := range strings.FieldsFuncSeq(strings.ToLower(l), func(r rune) bool { return r == '-' || r == '_' }) {
			words = append(words, sayLabel(part))
		}
		out = append(out, strings.Join(words, " дефіс "))
	}
	return strings.Join(out, " крапка ")
}

// sayLabel reads one part of a host name: by the table, digits as a number, else letter by letter of the transliteration.
func sayLabel(part string) string {
	if s, ok := labels[part]; ok {
		return s
	}
	var out strings.Builder
	for part != "" {
		if n := strings.IndexFunc(part, func(r rune) bool { return !unicode.IsDigit(r) }); n != 0 {
			if n < 0 {
				n = len(part)
			}
			out.WriteString(" " + longDigits(part[:n]) + " ")
			part = part[n:]
			continue
		}
		said, size := translit(part)
		out.WriteString(said)
		part = part[size:]
	}
	return strings.Join(strings.Fields(out.String()), " ")
}

// sounds are the official Ukrainian-Latin transliteration read backwards, the longest first (resolution 55 of 27.01.2010).
var sounds = []string{"shch", "щ", "zgh", "зг", "zh", "ж", "kh", "х", "ts", "ц", "ch", "ч", "sh", "ш", "ya", "я", "ia", "ія", "ye", "є", "ie", "іє",
	"yi", "ї", "yu", "ю", "iu", "ю", "a", "а", "b", "б", "c", "к", "d", "д", "e", "е", "f", "ф", "g", "г", "h", "г", "i", "і", "j", "дж",
	"k", "к", "l", "л", "m", "м", "n", "н", "o", "о", "p", "п", "q", "к", "r", "р", "s", "с", "t", "т", "u", "у", "v", "в", "w", "в",
	"x", "кс", "y", "и", "z", "з"}

// translit reads the longest sound at the head of a Latin word and tells its length.
func translit(s string) (string, int) {
	for i := 0; i < len(sounds); i += 2 {
		if strings.HasPrefix(s, sounds[i]) {
			return sounds[i+1], len(sounds[i])
		}
	}
	return "", 1
}

// latinWords are foreign words of the trade with their reading. Any other Latin word is an error for the editor.
var latinWords = [][2]string{
	{`рахунку[, (]*IBAN`, "рахунку, айбан"}, {`IBAN`, "номер рахунку, айбан"}, {`ID-`, "айді-"}, {`ID`, "айді"}, {`QR-`, "кюар-"}, {`QR`, "кюар"},
	{`[Ee]-?mail|E-MAIL`, "електронна пошта"}, {`SMS-`, "есемес-"}, {`SMS`, "есемес"}, {`PIN-`, "пін-"}, {`PIN`, "пін"}, {`SIM-`, "сім-"}, {`SIM`, "сім"},
	{`Wi-?Fi`, "вайфай"}, {`PDF`, "пе-де-еф"}, {`BankID`, "банк айді"}, {`Viber`, "вайбер"}, {`Telegram`, "телеграм"}, {`WhatsApp`, "вотсап"},
	{`Facebook`, "фейсбук"}, {`Google`, "гугл"}, {`YouTube`, "ютуб"}, {`Instagram`, "інстаграм"}, {`Signal`, "сигнал"}, {`Prozorro|ProZorro`, "прозоро"},
	{`Android`, "андроїд"}, {`iPhone`, "айфон"}, {`iOS`, "айос"}, {`online|on-line`, "онлайн"}, {`Zoom`, "зум"}, {`web`, "веб"}, {`COVID`, "ковід"},
	{`USB`, "юесбі"}, {`MobileID|Mobile ID`, "мобайл айді"}, {`GPS`, "джипіес"}, {`I`, "перший"},
}

// latinRules make rules of the table.
var latinRules = latinWordRules()

func latinWordRules() []rule {
	var out []rule
	for _, w := range latinWords {
		out = append(out, loose(w[0], func(m match) (string, bool) {
			r := lastRune(m.before)
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				return "", false
			}
			if next := firstRune(m.after); next < unicode.MaxASCII && unicode.IsLetter(next) {
				return "", false
			}
			if strings.HasSuffix(w[1], "-") {
				return w[1], true
			}
			return pad("", w[1], m.after), true
		}))
	}
	return out
}
