// Package app turns a configuration into a running centre. It is the only room that knows all the others: it opens them in
// order, joins them with adapters, and closes them in the opposite order.
//
// Invariants, each with a test: a port that is taken or a configuration that makes no sense is a refusal to start, in one
// Ukrainian sentence; a damaged database is left as it is and every caller hears that there is a fault (emergency mode); on
// SIGTERM new calls get 503, running ones may finish within a bound, and the exit is good.
package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"

	"dovidka/internal/fault"
	"dovidka/internal/store"
)

// Serve runs the centre until ctx ends. Every error is one Ukrainian sentence.
func Serve(ctx context.Context, c Config, out io.Writer, log *slog.Logger) error {
	unlock, err := lockData(c.Data)
	if err != nil {
		return err
	}
	defer unlock()
	doors, err := openDoors(c, log)
	if err != nil {
		return err
	}
	defer doors.close()
	noteAddress(c, doors.http)
	r, err := open(ctx, c, doors, log)
	if err != nil {
		return err
	}
	defer r.close()
	handler := r.handler()
	for _, d := range doors.list {
		s := newHTTP(handler, log)
		go s.Serve(d)
		r.servers = append(r.servers, s)
	}
	go r.tellOfSelf(ctx)
	r.banner(out)
	boss := findSupervisor(log)
	boss.tell("READY=1")
	go boss.watch(ctx, r.alive)
	if c.Speech.Prepare && r.trouble == nil {
		go r.prepareVoice(ctx)
	}
	<-ctx.Done()
	log.Info("stopping", "calls", r.board.Calls())
	boss.stopping(seconds(c.Limits.DrainSeconds))
	r.drain()
	return nil
}

// doors are the browser's sockets. They are opened before anything else: a taken port is a refusal to start.
type doors struct {
	list        []net.Listener
	http, https string // as they came out, when port 0 was asked for
	ca          []byte
	sipTLS      *tls.Config // the same certificate for telephones; nil without [sip] tls
}

func openDoors(c Config, log *slog.Logger) (*doors, error) {
	d := &doors{}
	if c.HTTP.Listen != "" {
		l, err := net.Listen("tcp", c.HTTP.Listen)
		if err != nil {
			return nil, errors.New("порт http: " + portReason(c.HTTP.Listen, err))
		}
		d.list, d.http = append(d.list, newSeated(l)), l.Addr().String()
	}
	if c.HTTP.HTTPS == "" && c.SIP.TLS == "" {
		return d, nil
	}
	conf, ca, err := certificates(c, log)
	if err != nil {
		d.close()
		return nil, err
	}
	if c.SIP.TLS != "" {
		d.sipTLS = &tls.Config{GetCertificate: conf.GetCertificate, MinVersion: tls.VersionTLS12} // renewed together with the browsers'
	}
	if c.HTTP.HTTPS != "" {
		l, err := net.Listen("tcp", c.HTTP.HTTPS)
		if err != nil {
			d.close()
			return nil, errors.New("порт https: " + portReason(c.HTTP.HTTPS, err))
		}
		if len(conf.NextProtos) == 0 {
			conf.NextProtos = []string{"h2", "http/1.1"}
		}
		d.list, d.https, d.ca = append(d.list, tls.NewListener(newSeated(l), conf)), l.Addr().String(), ca
	}
	return d, nil
}

func (d *doors) close() {
	for _, l := range d.list {
		l.Close()
	}
}

// openStore opens the database. What the settings say wrong is err, a refusal to start; anything else that is wrong is trouble,
// which emergency mode tells about: a centre that can say whom to call is better than one that does not answer.
func openStore(ctx context.Context, c Config, log *slog.Logger) (db *store.DB, trouble, err error) {
	dsn, err := c.DSN()
	if err != nil {
		return nil, nil, err
	}
	if err := os.MkdirAll(filepath.Join(c.Data, "messages"), 0o750); err != nil {
		log.Error("messages folder", "err", err)
	}
	db, err = store.Open(ctx, dsn)
	switch {
	case err == nil:
		return db, nil, nil
	case fault.Is(err, fault.Invalid), ctx.Err() != nil:
		return nil, nil, openReason(c, err)
	}
	return nil, openReason(c, err), nil
}

// version is what the build knows of itself.
func version() string {
	if b, ok := debug.ReadBuildInfo(); ok && b.Main.Version != "" && b.Main.Version != "(devel)" {
		return b.Main.Version
	}
	return "розробка"
}

// banner tells the person at the terminal where to go.
func (r *rooms) banner(w io.Writer) {
	c := r.conf
	if r.trouble != nil {
		fmt.Fprintf(w, "\nДовідка працює в АВАРІЙНОМУ режимі: %v\nКожен дзвінок чує повідомлення про несправність. Після виправлення перезапустіть програму.\n", r.trouble)
		return
	}
	fmt.Fprintf(w, "\nДовідка працює. %s\n", c.Centre.Name)
	if r.doors.http != "" {
		fmt.Fprintf(w, "  Робоче місце (на цьому комп'ютері):   http://%s/\n", r.doors.http)
	}
	if r.doors.https != "" {
		fmt.Fprintf(w, "  Робоче місце (з інших комп'ютерів):   https://%s/   мікрофон працює лише через https", reachable(r.doors.https))
		if r.doors.ca != nil {
			fmt.Fprint(w, "; сертифікат — на сторінці /ca")
		}
		fmt.Fprintln(w)
	}
	if c.HTTP.CitizenCall && r.doors.http != "" {
		fmt.Fprintf(w, "  Подзвонити з браузера:                http://%s/call\n", r.doors.http)
	}
	number := c.Centre.Number
	if number == "" {
		number = "будь-який"
	}
	fmt.Fprintf(w, "  Подзвонити з SIP-телефона:            номер %s, сервер %s\n", number, reachable(r.sip.Addr().String()))
	fmt.Fprint(w, r.accounts)
}

// reachable puts this machine's own address in the place of "every address".
func reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err != nil || host != "" && (ip == nil || !ip.IsUnspecified()) {
		return addr
	}
	if name, err := os.Hostname(); err == nil {
		return net.JoinHostPort(name, port)
	}
	return addr
}
