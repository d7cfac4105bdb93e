// Command dovidka is the whole call centre in one binary: sub-commands only, everything else lives in internal/app.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"dovidka/internal/app"
)

// version is set by the release build (-ldflags "-X main.version=…").
var version = "dev"

type cli struct {
	Serve   serveCmd   `cmd:"" help:"Запустити кол-центр."`
	Call    callCmd    `cmd:"" help:"Зателефонувати на лінію як сторонній абонент і перевірити, що чути."`
	Say     sayCmd     `cmd:"" help:"Озвучити текст зі стандартного вводу."`
	Doctor  doctorCmd  `cmd:"" help:"Сказати, що діє і що не так."`
	Backup  backupCmd  `cmd:"" help:"Зробити копію бази й повідомлень (можна під час роботи)."`
	Restore restoreCmd `cmd:"" help:"Відновити теку даних із копії."`
	User    userCmd    `cmd:"" help:"Облікові записи: додати, змінити пароль, показати."`
	Version versionCmd `cmd:"" help:"Показати версію."`
}

// common are the flags of every command that needs the centre's data.
type common struct {
	Config string `help:"Файл налаштувань (TOML)." type:"path" placeholder:"ФАЙЛ"`
	Data   string `help:"Тека даних." default:"data" type:"path" placeholder:"ТЕКА"`
}

func (c common) load() (app.Config, error) {
	conf, err := app.LoadConfig(c.Config)
	conf.Data = c.Data
	return conf, err
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// streams are what a command reads and writes; tests give their own.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// run carries out one command line and gives the exit code: 0 good, 1 it failed, 2 the words were wrong.
func run(ctx context.Context, args []string, in io.Reader, out, errw io.Writer) int {
	var c cli
	code := -1
	p, err := kong.New(&c, kong.Name("dovidka"), kong.Description("Довідка: розумний кол-центр з автовідповідачем для ЦНАП."),
		kong.Help(help), kong.Writers(out, errw), kong.UsageOnError(), kong.Exit(func(n int) { code = n }),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(&streams{in, out, errw}))
	if err != nil {
		fmt.Fprintln(errw, err)
		return 2
	}
	k, err := p.Parse(args)
	if code >= 0 { // --help
		return code
	}
	if err != nil {
		fmt.Fprintf(errw, "Довідка: не зрозуміла команди: %s\nПідказка: dovidka --help\n", mistake(err))
		return 2
	}
	if err := k.Run(); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintf(errw, "Довідка: %s\n", sentence(err))
		return 1
	}
	return 0
}

type serveCmd struct {
	common
	HTTP      string `help:"Адреса звичайного http (лише цей комп'ютер)." placeholder:"АДРЕСА"`
	HTTPS     string `name:"https" help:"Адреса https." placeholder:"АДРЕСА"`
	SIP       string `name:"sip" help:"Адреса SIP (UDP і TCP)." placeholder:"АДРЕСА"`
	RTP       string `name:"rtp" help:"Порти звуку." placeholder:"ВІД-ДО"`
	PublicIP  string `name:"public-ip" help:"Адреса сервера, видима ззовні (за NAT)." placeholder:"IP"`
	Demo      bool   `help:"Показовий центр: зразкові послуги, облікові записи, дзвінок із браузера."`
	DemoHours string `name:"demo-hours" help:"Години показового центру: always — завжди відчинено, office — за графіком." enum:"always,office" default:"always"`
}

// Run starts the call centre and stops it on SIGTERM.
func (s *serveCmd) Run(ctx context.Context, io *streams) error {
	c, err := s.load()
	if err != nil {
		return err
	}
	for _, f := range []struct {
		flag string
		to   *string
	}{{s.HTTP, &c.HTTP.Listen}, {s.HTTPS, &c.HTTP.HTTPS}, {s.SIP, &c.SIP.Listen}, {s.RTP, &c.SIP.RTP}, {s.PublicIP, &c.SIP.PublicIP}} {
		if f.flag != "" {
			*f.to = f.flag
		}
	}
	if c.Demo = s.Demo; s.Demo {
		c.DemoHours = s.DemoHours
		c.DemoDefaults()
	}
	if err := c.Check(); err != nil {
		return err
	}
	return app.Serve(ctx, c, io.out, app.NewLog(io.err))
}

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(io *streams) error {
	_, err := fmt.Fprintln(io.out, "dovidka", version)
	return err
}
