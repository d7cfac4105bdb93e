package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"dovidka/internal/fault"
	"dovidka/internal/speech"
	"dovidka/internal/store"
)

// finding is one line of the doctor: what was looked at, what is in force, and what is wrong with it.
type finding struct {
	what string
	ok   bool
	say  string // in force when ok, else what is wrong and what to do
}

// Doctor prints what is in force and what is wrong, without secrets, and fails when something is wrong. The program may be
// running: a port held by it is in order.
func Doctor(ctx context.Context, c Config, out io.Writer) error {
	running := runs(c)
	var all []finding
	add := func(f ...finding) { all = append(all, f...) }
	if err := c.Check(); err != nil {
		add(finding{"налаштування", false, err.Error()})
	} else {
		add(finding{"налаштування", true, configLine(c)})
	}
	if running {
		f := finding{"програма", true, "працює з цією текою даних"}
		if addr := runsAt(c); addr != "" && !healthy(addr) {
			f = finding{"програма", false, "запущена, але каже про несправність: подивіться її журнал і сторінку http://" + addr + "/healthz"}
		}
		add(f)
	} else {
		add(finding{"програма", true, "зараз не запущена (dovidka serve)"})
	}
	add(ports(c, running)...)
	add(database(ctx, c), diskSpace(c.Data), recordings(c), clock(), certificate(c))
	add(trunkFindings(c)...)
	add(voices(c)...)
	wrong := 0
	for _, f := range all {
		mark := "✓"
		if !f.ok {
			mark, wrong = "✗", wrong+1
		}
		fmt.Fprintf(out, "%s %-14s %s\n", mark, f.what, f.say)
	}
	if wrong > 0 {
		return fmt.Errorf("знайдено несправностей: %d", wrong)
	}
	fmt.Fprintln(out, "Усе гаразд.")
	return nil
}

func configLine(c Config) string {
	number := c.Centre.Number
	if number == "" {
		number = "будь-який набраний (number не задано)"
	}
	return fmt.Sprintf("%s; номер %s; http %s, https %s, SIP %s, звук %s; дані в %s", c.Centre.ShortName, number, c.HTTP.Listen, c.HTTP.HTTPS, c.SIP.Listen, c.SIP.RTP, c.Data)
}

// runs tells whether another process holds the data folder.
func runs(c Config) bool {
	if _, err := os.Stat(filepath.Join(c.Data, "lock")); err != nil {
		return false
	}
	unlock, err := lockData(c.Data)
	if err != nil {
		return true
	}
	unlock()
	return false
}

func ports(c Config, running bool) []finding {
	var out []finding
	try := func(what, addr string, listen func() (io.Closer, error)) {
		if addr == "" {
			return
		}
		l, err := listen()
		switch {
		case err == nil:
			l.Close()
			out = append(out, finding{what, true, addr + " вільний"})
		case running:
			out = append(out, finding{what, true, addr + " зайнятий працюючою програмою"})
		default:
			out = append(out, finding{what, false, portReason(addr, err)})
		}
	}
	try("порт http", c.HTTP.Listen, func() (io.Closer, error) { return net.Listen("tcp", c.HTTP.Listen) })
	try("порт https", c.HTTP.HTTPS, func() (io.Closer, error) { return net.Listen("tcp", c.HTTP.HTTPS) })
	for _, a := range splitList(c.SIP.Listen) {
		try("порт SIP (UDP)", a, func() (io.Closer, error) { return net.ListenPacket("udp", a) })
		try("порт SIP (TCP)", a, func() (io.Closer, error) { return net.Listen("tcp", a) })
	}
	for _, a := range splitList(c.SIP.TLS) {
		try("порт SIP (TLS)", a, func() (io.Closer, error) { return net.Listen("tcp", a) })
	}
	return out
}

// portReason says why an address cannot be listened on.
func portReason(addr string, err error) string {
	switch {
	case errors.Is(err, unix.EADDRINUSE):
		return fmt.Sprintf("%s уже зайнято іншою програмою: зупиніть її або задайте інший порт", addr)
	case errors.Is(err, unix.EACCES):
		return fmt.Sprintf("немає права слухати %s: порти до 1024 потребують прав адміністратора", addr)
	case errors.Is(err, unix.EADDRNOTAVAIL):
		return fmt.Sprintf("адреси %s немає на цьому комп'ютері", addr)
	}
	return fmt.Sprintf("адресу %s не можна слухати: %v", addr, err)
}

func database(ctx context.Context, c Config) finding {
	if c.Store.PostgresFile != "" {
		dsn, err := c.DSN()
		if err == nil {
			var db *store.DB
			if db, err = store.Open(ctx, dsn); err == nil {
				db.Close()
				return finding{"база", true, "PostgreSQL відповідає"}
			}
		}
		return finding{"база", false, openReason(c, err).Error()}
	}
	path := filepath.Join(c.Data, dbName)
	st, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return finding{"база", true, path + " ще немає: з'явиться під час першого запуску"}
	}
	if err != nil {
		return finding{"база", false, path + ": " + osReason(err)}
	}
	if err := store.Check(ctx, path); err != nil {
		return finding{"база", false, openReason(c, err).Error()}
	}
	return finding{"база", true, fmt.Sprintf("%s, %d КБ, ціла", path, st.Size()/1024)}
}

// openReason says why the database did not open, and what to do.
func openReason(c Config, err error) error {
	if c.Store.PostgresFile != "" && store.Damaged(err) {
		return fmt.Errorf("PostgreSQL не відповідає або не пускає: перевірте, чи працює його сервер і що стоїть у %s. Подробиці: %s", c.Store.PostgresFile, oneLine(err.Error()))
	}
	if store.Damaged(err) {
		return fmt.Errorf("база пошкоджена або недоступна для запису (файл не змінено): перевірте диск і права, або відновіть копію командою dovidka restore ФАЙЛ. Подробиці: %s", oneLine(err.Error()))
	}
	if fault.KindOf(err) != fault.Internal {
		return errors.New(strings.TrimSuffix(fault.Say(err), "."))
	}
	return fmt.Errorf("база не відкривається: %w", err)
}

func diskSpace(dir string) finding {
	for dir != "/" && dir != "." {
		if _, err := os.Stat(dir); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return finding{"диск", false, fmt.Sprintf("%s: %v", dir, err)}
	}
	mb := int64(st.Bavail) * st.Bsize / (1 << 20)
	if mb < 500 {
		return finding{"диск", false, fmt.Sprintf("вільно лише %d МБ у %s: звільніть місце, повідомлення громадян можуть не зберегтися", mb, dir)}
	}
	return finding{"диск", true, fmt.Sprintf("вільно %d МБ", mb)}
}

// clock asks the kernel whether somebody (NTP) keeps its clock right: hours and deadlines depend on it.
func clock() finding {
	now := time.Now().Format("02.01.2006 15:04:05 MST")
	var tx unix.Timex
	state, err := unix.Adjtimex(&tx)
	if err != nil {
		return finding{"годинник", true, now + " (чи звіряється з мережею, з'ясувати не вдалося)"}
	}
	if state == unix.TIME_ERROR {
		return finding{"годинник", true, now + "; увага: не звіряється з мережею, увімкніть systemd-timesyncd або chrony"}
	}
	return finding{"годинник", true, now + ", звіряється з мережею"}
}

func certificate(c Config) finding {
	const why = "мікрофон працює лише через https"
	if c.HTTP.HTTPS == "" {
		return finding{"https", false, "https вимкнено: " + why + " (або на самому сервері через localhost)"}
	}
	if c.HTTP.ACMEDomain != "" {
		return finding{"https", true, "сертифікат ACME для " + c.HTTP.ACMEDomain + "; " + why}
	}
	name, file := "власний центр сертифікації (завантажити: /ca)", filepath.Join(c.Data, "tls", "server")
	pair, err := tls.LoadX509KeyPair(file+".crt", file+".key")
	if c.HTTP.Cert != "" {
		name = "сертифікат " + c.HTTP.Cert
		if pair, err = tls.LoadX509KeyPair(c.HTTP.Cert, c.HTTP.Key); err != nil {
			return finding{"https", false, name + " не читається: " + osReason(err)}
		}
	}
	if err != nil { // made at the first start
		return finding{"https", true, name + "; " + why}
	}
	ends := pair.Leaf.NotAfter.Format("02.01.2006")
	if time.Until(pair.Leaf.NotAfter) < 0 {
		return finding{"https", false, name + ": строк дії минув " + ends}
	}
	return finding{"https", true, fmt.Sprintf("%s, діє до %s; %s", name, ends, why)}
}

func voices(c Config) []finding {
	dir, err := os.MkdirTemp("", "dovidka-doctor-")
	if err != nil {
		return []finding{{"голос", false, osReason(err)}}
	}
	defer os.RemoveAll(dir)
	studio, err := speech.New(speech.Options{Dir: dir, Engines: c.Speech.Engines, Voice: c.Speech.Voice, Command: c.Speech.Command})
	if err != nil {
		return []finding{{"голос", false, err.Error()}}
	}
	var out []finding
	any := false
	for _, e := range studio.Status() {
		any = any || e.OK
		say := strings.TrimSpace(e.Voice + " " + e.Version)
		if !e.OK {
			say = e.Say
		}
		out = append(out, finding{"голос " + e.Name, e.OK, say})
	}
	if !any {
		out = append(out, finding{"голос", false, "жоден рушій не говорить: лінія каже лише вбудовані фрази і з'єднує з оператором; виконайте scripts/need run"})
	}
	return out
}

// healthy asks the running program itself.
func healthy(addr string) bool {
	client := http.Client{Timeout: 2 * time.Second}
	r, err := client.Get("http://" + addr + "/healthz")
	if err != nil {
		return false
	}
	r.Body.Close()
	return r.StatusCode == http.StatusOK
}
