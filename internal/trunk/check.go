package trunk

import (
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"dovidka/internal/call"
	"dovidka/internal/fault"
)

// Codecs and ways of keys that a trunk may be given, in the order of preference.
const (
	PCMA    = "PCMA"
	PCMU    = "PCMU"
	RFC4733 = "rfc4733"
	Info    = "info"
	Inband  = "inband"
)

var (
	hostForm   = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$`)
	userForm   = regexp.MustCompile(`^[A-Za-z0-9+._-]{1,64}$`)
	prefixForm = regexp.MustCompile(`^\+?[0-9*#]{0,15}$`)
)

func invalid(format string, a ...any) error {
	return fault.New(fault.Invalid, fmt.Sprintf(format, a...))
}

// check refuses settings that cannot work, in words for who has just typed them.
func (k *Trunk) check() error {
	_, known := template(k.Template)
	switch {
	case !known:
		return invalid("Такого шаблону лінії немає.")
	case k.Name != "" && !nameForm.MatchString(k.Name):
		return invalid("Коротка назва лінії: малі латинські літери, цифри і дефіс.")
	case k.Title == "" || tooLong(k.Title, 100):
		return invalid("Дайте лінії назву, наприклад «Основна лінія».")
	case k.Transport != "udp" && k.Transport != "tcp" && k.Transport != "tls":
		return invalid("Транспорт буває UDP, TCP або TLS.")
	case k.Register && k.Server == "":
		return invalid("Вкажіть сервер оператора зв’язку: його ім’я або IP-адресу.")
	case k.Register && k.Login == "":
		return invalid("Вкажіть логін, який дав оператор зв’язку.")
	case k.Server == "" && len(k.Peers) == 0:
		return invalid("Вкажіть IP-адресу оператора зв’язку, з якої надходитимуть дзвінки.")
	case !k.Register && k.Server != "" && k.Login != "" && !userForm.MatchString(k.Login), k.Register && !userForm.MatchString(k.Login),
		k.AuthLogin != "" && tooLong(k.AuthLogin, 100), tooLong(k.Realm, 200), strings.ContainsAny(k.AuthLogin+k.Realm, "\"\\\r\n"):
		return invalid("Логін містить неможливі знаки. Скопіюйте його з листа оператора зв’язку без пробілів.")
	}
	for what, s := range map[string]string{"Сервер": k.Server, "Проксі": k.Proxy} {
		if s != "" && !hostPort(s) {
			return invalid("%s «%s»: потрібно ім’я або IP-адреса, за потреби з портом: sip.example.ua:5060.", what, s)
		}
	}
	return k.checkHabits()
}

func (k *Trunk) checkHabits() error {
	for _, p := range k.Peers {
		if _, err := Peer(p); err != nil {
			return invalid("«%s» не є IP-адресою або підмережею (приклад: 203.0.113.10 або 203.0.113.0/28).", p)
		}
	}
	if !slices.Contains([]string{call.FormatPlus, call.FormatDigits, call.FormatNational}, k.Format) {
		return invalid("Виберіть, як набирати номери: +380…, 380… або 0….")
	}
	if n := call.ParseNumber(k.CallerID); k.CallerID != "" && n.Class() != call.ClassUkrainian && n.Class() != call.ClassFree {
		return invalid("Номер, який бачать ті, кому ви телефонуєте, має бути повним українським номером.")
	}
	if k.Register && (k.ExpiresS < 60 || k.ExpiresS > 86400) {
		return invalid("Строк реєстрації — від 60 секунд до доби.")
	}
	if k.Channels < 0 || k.Channels > 10000 || k.KeepaliveS < 0 || k.KeepaliveS > 3600 || k.KeepaliveS > 0 && k.KeepaliveS < 5 {
		return invalid("Каналів — від 0 (без межі), перевірка зв’язку — від 5 секунд до години або 0 (вимкнено).")
	}
	if !subset(k.Codecs, PCMA, PCMU) || !subset(k.DTMF, RFC4733, Info, Inband) {
		return invalid("Виберіть хоча б один кодек (PCMA, PCMU) і один спосіб передавання клавіш.")
	}
	for _, p := range slices.Concat(k.In, k.Out) {
		if !prefixForm.MatchString(p.Cut) || !prefixForm.MatchString(p.Add) || p.Cut == "" && p.Add == "" {
			return invalid("Правило початку номера: лише цифри і «+».")
		}
	}
	return nil
}

// subset: some of the allowed, each once.
func subset(have []string, allowed ...string) bool {
	for i, h := range have {
		if !slices.Contains(allowed, h) || slices.Contains(have[:i], h) {
			return false
		}
	}
	return len(have) > 0
}

// hostPort tells whether s is a name or an address, with or without a port.
func hostPort(s string) bool {
	if _, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return true
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		host, port = s, "5060"
	}
	n, err := strconv.Atoi(port)
	if err != nil || n < 1 || n > 65535 {
		return false
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return hostForm.MatchString(strings.ToLower(host)) && !tooLong(host, 253)
}

// Peer reads one allowed address: an IP is a net of one.
func Peer(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	return p.Masked(), err
}

// Template is a carrier's usual settings and what it must tell its customer: only that is asked.
type Template struct {
	ID    string
	Title string
	Hint  string   // what to have at hand
	Ask   []string // names of the fields that are asked for; the rest is under «Більше»
	Settings
}

// Templates lists them, the usual carriers first.
func Templates() []Template {
	usual := Settings{Transport: "udp", ExpiresS: 120, Channels: 0, KeepaliveS: 30, Codecs: []string{PCMA, PCMU}, DTMF: []string{RFC4733, Info},
		SessionTimers: true, Format: call.FormatDigits, Peers: []string{}, In: []Prefix{}, Out: []Prefix{}}
	binotel, zadarma, register, static := usual, usual, usual, usual
	binotel.Register, zadarma.Register, register.Register = true, true, true
	zadarma.Server = "sip.zadarma.com"
	static.Format = call.FormatPlus
	login := []string{"server", "login", "password"}
	return []Template{
		{"binotel", "Binotel", "Адреса сервера, логін і пароль SIP — у кабінеті Binotel, налаштування SIP-лінії.", login, binotel},
		{"zadarma", "Zadarma", "SIP-логін і пароль — у кабінеті Zadarma, розділ «Мої SIP» (або внутрішній номер АТС).", []string{"login", "password"}, zadarma},
		{"register", "реєстрація", "Будь-який оператор зв’язку, що дав сервер, логін і пароль.", login, register},
		{"static", "статична IP-адреса", "Оператор зв’язку знає адресу вашого сервера і дав IP-адресу свого.", []string{"server"}, static},
	}
}

func template(id string) (Template, bool) {
	i := slices.IndexFunc(Templates(), func(t Template) bool { return t.ID == id })
	if i < 0 {
		return Template{}, false
	}
	return Templates()[i], true
}
