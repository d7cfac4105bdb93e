package main

import (
	"context"
	"io"
	"os"

	"dovidka/internal/app"
	"dovidka/internal/staff"
)

type backupCmd struct {
	common
	Out string `arg:"" help:"Файл копії, якого ще немає, наприклад dovidka-2026-11-23.tar.gz." type:"path"`
}

// Run writes a backup.
func (b *backupCmd) Run(ctx context.Context, io *streams) error {
	c, err := b.load()
	if err != nil {
		return err
	}
	return app.Backup(ctx, c, b.Out, io.out)
}

type restoreCmd struct {
	common
	From string `arg:"" help:"Файл копії." type:"path"`
}

// Run restores a backup.
func (r *restoreCmd) Run(ctx context.Context, io *streams) error {
	c, err := r.load()
	if err != nil {
		return err
	}
	return app.Restore(ctx, c, r.From, io.out)
}

type userCmd struct {
	Add      userAddCmd      `cmd:"" help:"Додати обліковий запис. Пароль — рядок на стандартному вводі або згенерований."`
	Password userPasswordCmd `cmd:"" help:"Змінити пароль. Новий — рядок на стандартному вводі або згенерований."`
	Phone    userPhoneCmd    `cmd:"" help:"Зробити пароль для SIP-телефона оператора."`
	List     userListCmd     `cmd:"" help:"Показати облікові записи."`
}

type userAddCmd struct {
	common
	Login string `arg:"" help:"Логін латинськими літерами."`
	Name  string `required:"" help:"Ім'я та прізвище."`
	Role  string `enum:"head,operator" default:"operator" help:"head — керівник, operator — оператор."`
	Post  string `help:"Посада."`
	Order string `help:"Номер розпорядження міського голови (пункт 5.1 Положення)."`
	Date  string `help:"Дата розпорядження, 2026-01-09."`
	Until string `help:"Останній день дії, 2026-12-31."`
}

// Run adds an account.
func (u *userAddCmd) Run(ctx context.Context, io *streams) error {
	c, err := u.load()
	if err != nil {
		return err
	}
	a := staff.Agent{Login: u.Login, Name: u.Name, Role: u.Role, Post: u.Post, Order: u.Order, OrderDate: u.Date, ValidUntil: u.Until}
	return app.UserAdd(ctx, c, a, piped(io.in), io.out)
}

type userPasswordCmd struct {
	common
	Login string `arg:"" help:"Логін."`
}

// Run changes a password.
func (u *userPasswordCmd) Run(ctx context.Context, io *streams) error {
	c, err := u.load()
	if err != nil {
		return err
	}
	return app.UserPassword(ctx, c, u.Login, piped(io.in), io.out)
}

type userPhoneCmd struct {
	common
	Login string `arg:"" help:"Логін."`
}

// Run makes a SIP password.
func (u *userPhoneCmd) Run(ctx context.Context, io *streams) error {
	c, err := u.load()
	if err != nil {
		return err
	}
	return app.UserPhone(ctx, c, u.Login, io.out)
}

type userListCmd struct{ common }

// Run lists the accounts.
func (u *userListCmd) Run(ctx context.Context, io *streams) error {
	c, err := u.load()
	if err != nil {
		return err
	}
	return app.UserList(ctx, c, io.out)
}

// piped gives the input when something is piped into the command; a person at a terminal is not kept waiting.
func piped(in io.Reader) io.Reader {
	if f, ok := in.(*os.File); ok {
		if st, err := f.Stat(); err != nil || st.Mode()&os.ModeCharDevice != 0 {
			return nil
		}
	}
	return in
}

type doctorCmd struct {
	common
	Trunk string `help:"Перевірити одну лінію крок за кроком і показати останні повідомлення SIP." placeholder:"ЛІНІЯ"`
}

// Run says what is in force and what is wrong.
func (d *doctorCmd) Run(ctx context.Context, io *streams) error {
	c, err := d.load()
	if err != nil {
		return err
	}
	if d.Trunk != "" {
		return app.DoctorTrunk(ctx, c, d.Trunk, io.out)
	}
	return app.Doctor(ctx, c, io.out)
}
