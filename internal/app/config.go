package app

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
	"golang.org/x/sys/unix"

	"dovidka/internal/fault"
	"dovidka/internal/hours"
)

//go:embed dovidka.toml
var fileExample []byte

// Config is the whole configuration: one commented TOML file (dovidka.toml in this folder), read once at start.
// An unknown key is a refusal to start. Secrets are never in it.
type Config struct {
	Centre Centre       `toml:"centre"`
	Hours  hours.Config `toml:"hours"`
	HTTP   HTTP         `toml:"http"`
	SIP    SIP          `toml:"sip"`
	Speech Speech       `toml:"speech"`
	Limits Limits       `toml:"limits"`
	Store  Store        `toml:"store"`

	Recording   Recording   `toml:"recording"`
	Supervision Supervision `toml:"supervision"`

	Data      string `toml:"-"` // folder of everything that must survive
	Demo      bool   `toml:"-"`
	DemoHours string `toml:"-"` // "always" or "office"
}

// Centre names the centre; the cases are those that the prompts need.
type Centre struct {
	Name           string   `toml:"name"`          // nominative: «Центр надання адміністративних послуг …»
	NameGenitive   string   `toml:"name_genitive"` // «Ви зателефонували до …»
	ShortName      string   `toml:"short_name"`
	Owner          string   `toml:"owner"` // who processes personal data, nominative
	Number         string   `toml:"number"`
	FallbackNumber string   `toml:"fallback_number"` // said when the program is out of order
	Address        string   `toml:"address"`
	Branches       []string `toml:"branches"`
}

// HTTP is the browser side. Plain http is for loopback only.
type HTTP struct {
	Listen      string   `toml:"listen"`
	HTTPS       string   `toml:"https"`
	Cert        string   `toml:"cert"` // PEM files; empty: ACME, else the own local CA
	Key         string   `toml:"key"`
	ACMEDomain  string   `toml:"acme_domain"`
	ACMEMail    string   `toml:"acme_mail"`
	Names       []string `toml:"names"` // names and addresses in the local certificate besides the found ones
	CitizenCall bool     `toml:"citizen_call"`
}

// SIP is the telephone side.
type SIP struct {
	Listen   string   `toml:"listen"` // one or several addresses; "[::]:5060" is both families
	TLS      string   `toml:"tls"`    // SIP over TLS, such as ":5061"; empty: none
	RTP      string   `toml:"rtp"`    // "16000-17999"; the first port is the browsers'
	PublicIP string   `toml:"public_ip"`
	Numbers  []string `toml:"numbers"` // further called numbers that are ours

	Strangers string `toml:"strangers"` // "answer" or "ignore": who is no trunk's peer, registered phone or party of a call
}

// Speech says who speaks.
type Speech struct {
	Engines []string `toml:"engines"`
	Voice   string   `toml:"voice"`
	Command []string `toml:"command"`
	Clips   string   `toml:"clips"`   // folder of rendered clips; empty: in the data folder
	Prepare bool     `toml:"prepare"` // render everything at start, beside the calls
}

// Limits bound what one machine takes on.
type Limits struct {
	Calls        int `toml:"calls"`          // concurrent calls; more get 503
	Overload     int `toml:"overload"`       // calls beyond it that hear the overload prompt first
	Waiting      int `toml:"waiting"`        // in the queue
	WaitMinutes  int `toml:"wait_minutes"`   // longest wait, then a message
	OfferSeconds int `toml:"offer_seconds"`  // how long one operator is rung
	WrapSeconds  int `toml:"wrap_up"`        // seconds after a talk
	Message      int `toml:"message"`        // longest message, seconds
	DrainSeconds int `toml:"drain"`          // how long running calls may finish at shutdown
	WebPerIP     int `toml:"web_per_ip"`     // /call: concurrent calls of one address
	WebPerHour   int `toml:"web_per_hour"`   // /call: calls of one address in an hour
	TargetAnswer int `toml:"target_seconds"` // T of the service level
	OutPerAgent  int `toml:"out_per_agent"`  // outgoing calls of one account in an hour
	OutPerNumber int `toml:"out_per_number"` // outgoing calls to one number in an hour
	OutPerHour   int `toml:"out_per_hour"`   // outgoing calls of the whole centre in an hour
}

// Store is where the records live; empty: SQLite in the data folder.
type Store struct {
	PostgresFile string `toml:"postgres_dsn_file"` // file with the DSN: a secret is never in this file
}

// Recording is what the head decided about recording talks (Civil Code 306–307, Law 2297-VI). Off unless switched on with a ground.
// There is no switch for the announcement: a talk that was not announced is not recorded.
type Recording struct {
	On     bool   `toml:"on"`
	Ground string `toml:"ground"` // the legal ground, in words
	Days   int    `toml:"days"`   // the sound is deleted after so many
}

// Supervision says what an operator notices of a head who listens.
type Supervision struct {
	Hidden bool `toml:"hidden"` // the operator's screen does not say that somebody listens
	Tone   bool `toml:"tone"`   // the operator hears a short tone when it begins
}

// Defaults are sensible for one centre on one machine.
func Defaults() Config {
	return Config{
		Centre: Centre{
			Name: "Центр надання адміністративних послуг", NameGenitive: "Центру надання адміністративних послуг",
			ShortName: "Центр надання адміністративних послуг", Owner: "виконавчий комітет ради",
			Address: "адресу ще не задано, запитайте оператора",
		},
		Hours:  hours.Default(),
		HTTP:   HTTP{Listen: "127.0.0.1:8080", HTTPS: ":8443"},
		SIP:    SIP{Listen: ":5060", RTP: "16000-17999", Strangers: "answer"},
		Speech: Speech{Engines: []string{"rhvoice", "espeak"}, Voice: "natalia", Prepare: true},
		Limits: Limits{Calls: 200, Waiting: 20, WaitMinutes: 10, OfferSeconds: 20, WrapSeconds: 30, Message: 120,
			DrainSeconds: 30, WebPerIP: 2, WebPerHour: 30, TargetAnswer: 30,
			OutPerAgent: 30, OutPerNumber: 10, OutPerHour: 120},
		Recording: Recording{Days: 90},
	}
}

// LoadConfig reads the file over the defaults; an empty path is the defaults. Every error is one Ukrainian sentence.
func LoadConfig(path string) (Config, error) {
	if path == "" {
		return Defaults(), nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return Defaults(), fmt.Errorf("не вдалося прочитати файл налаштувань %s: %s", path, osReason(err))
	}
	return readConfig(b, path)
}

func readConfig(b []byte, path string) (Config, error) {
	c := Defaults()
	d := toml.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	err := d.Decode(&c)
	var strict *toml.StrictMissingError
	if errors.As(err, &strict) {
		row, _ := strict.Errors[0].Position()
		return c, fmt.Errorf("невідомий ключ «%s» у рядку %d файлу %s: виправте або приберіть його",
			strings.Join(strict.Errors[0].Key(), "."), row, path)
	}
	var bad *toml.DecodeError
	if errors.As(err, &bad) {
		row, _ := bad.Position()
		if key := strings.Join(bad.Key(), "."); key != "" {
			return c, fmt.Errorf("помилка в рядку %d файлу налаштувань %s: значення ключа «%s» має бути іншого виду, подивіться зразок", row, path, key)
		}
		return c, fmt.Errorf("помилка в рядку %d файлу налаштувань %s: перевірте дужки, лапки і знак «=»", row, path)
	}
	if err != nil {
		return c, fmt.Errorf("файл налаштувань %s не читається: %w", path, err)
	}
	return c, nil
}

// osReason puts the usual reasons of the operating system into Ukrainian.
func osReason(err error) string {
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "такого файлу немає"
	case errors.Is(err, os.ErrPermission):
		return "немає прав на читання або запис"
	case errors.Is(err, unix.EISDIR):
		return "це тека, а не файл"
	case errors.Is(err, unix.ENOSPC):
		return "на диску немає місця"
	case errors.Is(err, unix.EROFS):
		return "диск доступний лише для читання"
	}
	return err.Error()
}

// reason is the sentence of a sorted error, else what the operating system says.
func reason(err error) string {
	if fault.KindOf(err) != fault.Internal {
		return strings.TrimSuffix(fault.Say(err), ".")
	}
	return osReason(err)
}

// Check tells what is wrong with the values, as one Ukrainian sentence.
func (c Config) Check() error {
	if _, err := time.LoadLocation(c.Hours.TimeZone); err != nil {
		return fmt.Errorf("часовий пояс «%s» невідомий: напишіть, наприклад, Europe/Kyiv", c.Hours.TimeZone)
	}
	for _, a := range []struct{ what, addr string }{{"http", c.HTTP.Listen}, {"https", c.HTTP.HTTPS}, {"SIP", c.SIP.Listen}, {"SIP", c.SIP.TLS}} {
		if err := checkAddrs(a.what, a.addr); err != nil {
			return err
		}
	}
	if len(splitList(c.SIP.Listen)) == 0 {
		return checkAddr("SIP", "")
	}
	if c.HTTP.Listen != "" && !loopback(c.HTTP.Listen) {
		return fmt.Errorf("звичайний http дозволено лише на 127.0.0.1 або localhost, а задано %s: для інших комп'ютерів є https (--https)", c.HTTP.Listen)
	}
	if _, _, err := c.RTPRange(); err != nil {
		return err
	}
	if c.SIP.PublicIP != "" {
		if _, err := netip.ParseAddr(c.SIP.PublicIP); err != nil {
			return fmt.Errorf("«%s» не є IP-адресою (public_ip)", c.SIP.PublicIP)
		}
	}
	if c.SIP.Strangers != "answer" && c.SIP.Strangers != "ignore" {
		return fmt.Errorf("strangers буває answer або ignore, а не «%s»", c.SIP.Strangers)
	}
	if (c.HTTP.Cert == "") != (c.HTTP.Key == "") {
		return errors.New("для https потрібні обидва файли: cert і key")
	}
	if c.Limits.Calls < 1 || c.Limits.Overload < 0 || c.Limits.Waiting < 1 || c.Limits.OfferSeconds < 5 || c.Limits.Message < 5 {
		return errors.New("у розділі [limits] є неможливе значення: calls і waiting від 1, offer_seconds і message від 5")
	}
	if c.Limits.OutPerAgent < 1 || c.Limits.OutPerNumber < 1 || c.Limits.OutPerHour < 1 {
		return errors.New("у розділі [limits] межі вихідних дзвінків (out_per_agent, out_per_number, out_per_hour) мають бути від 1")
	}
	if err := c.Recording.check(); err != nil {
		return err
	}
	if c.DemoHours != "" && c.DemoHours != "always" && c.DemoHours != "office" {
		return fmt.Errorf("--demo-hours буває always або office, а не «%s»", c.DemoHours)
	}
	return nil
}

// leastGround is how short a legal ground cannot be: the name of an act and its number.
const leastGround = 12

func (r Recording) check() error {
	switch {
	case r.On && utf8.RuneCountInString(strings.TrimSpace(r.Ground)) < leastGround:
		return errors.New("запис розмов увімкнено ([recording] on = true), але не названо правової підстави: впишіть у ground, за яким рішенням і законом записуєте (Цивільний кодекс, статті 306–307; Закон 2297-VI), або вимкніть запис")
	case r.Days < 1 || r.Days > 3650:
		return errors.New("строк зберігання записів розмов (days у розділі [recording]) буває від 1 до 3650 днів")
	}
	return nil
}

// splitList reads several addresses with commas or blanks between them.
func splitList(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}

// checkAddrs checks each of them; only SIP may have several.
func checkAddrs(what, list string) error {
	all := []string{list}
	if what == "SIP" {
		all = splitList(list)
	}
	for _, a := range all {
		if a == "" {
			continue
		}
		if err := checkAddr(what, a); err != nil {
			return err
		}
	}
	return nil
}

// checkAddr refuses what is no address to listen on.
func checkAddr(what, addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err == nil && what == "SIP" && host != "" {
		_, err = netip.ParseAddr(host)
	}
	if err != nil {
		return fmt.Errorf("адреса %s «%s» неправильна: потрібно АДРЕСА:ПОРТ або :ПОРТ, порт від 0 до 65535", what, addr)
	}
	return nil
}

// RTPRange gives the first and last media port.
func (c Config) RTPRange() (from, to int, err error) {
	a, b, ok := strings.Cut(c.SIP.RTP, "-")
	if ok {
		from, err = strconv.Atoi(strings.TrimSpace(a))
		if err == nil {
			to, err = strconv.Atoi(strings.TrimSpace(b))
		}
	}
	if !ok || err != nil || from < 1024 || to > 65535 || to-from < 9 {
		return 0, 0, fmt.Errorf("порти звуку «%s» задано неправильно: потрібно ВІД-ДО, не менше десяти портів, наприклад 16000-17999", c.SIP.RTP)
	}
	return from, to, nil
}

// DSN gives where the records live.
func (c Config) DSN() (string, error) {
	if c.Store.PostgresFile == "" {
		return "sqlite:" + filepath.Join(c.Data, "dovidka.db"), nil
	}
	b, err := os.ReadFile(c.Store.PostgresFile)
	if err != nil {
		return "", fmt.Errorf("не вдалося прочитати %s: %s", c.Store.PostgresFile, osReason(err))
	}
	return strings.TrimSpace(string(b)), nil
}

func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
