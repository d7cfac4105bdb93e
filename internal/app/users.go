package app

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"
	"text/tabwriter"

	"dovidka/internal/fault"
	"dovidka/internal/staff"
	"dovidka/internal/store"
)

// withStaff opens the database for one command about accounts; the program may be running.
func withStaff(ctx context.Context, c Config, do func(*staff.Staff) error) error {
	dsn, err := c.DSN()
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, dsn)
	if err != nil {
		return openReason(c, err)
	}
	defer db.Close()
	err = do(staff.New(db, nil))
	if fault.KindOf(err) != fault.Internal {
		return errors.New(fault.Say(err))
	}
	return err
}

// UserAdd adds an account with the password from in (one line), or a generated one that is printed once.
func UserAdd(ctx context.Context, c Config, a staff.Agent, in io.Reader, out io.Writer) error {
	return withStaff(ctx, c, func(s *staff.Staff) error {
		pass, made, err := readPassword(in)
		if err != nil {
			return err
		}
		if err := s.Create(ctx, a, pass); err != nil {
			return err
		}
		fmt.Fprintf(out, "Обліковий запис %s додано.\n", a.Login)
		if made {
			fmt.Fprintf(out, "Пароль (показано один раз): %s\n", pass)
		}
		return nil
	})
}

// UserPassword changes a password, read from in or generated.
func UserPassword(ctx context.Context, c Config, login string, in io.Reader, out io.Writer) error {
	return withStaff(ctx, c, func(s *staff.Staff) error {
		pass, made, err := readPassword(in)
		if err != nil {
			return err
		}
		if err := s.SetPassword(ctx, login, pass); err != nil {
			return err
		}
		fmt.Fprintf(out, "Пароль %s змінено, відкриті сеанси завершено.\n", login)
		if made {
			fmt.Fprintf(out, "Пароль (показано один раз): %s\n", pass)
		}
		return nil
	})
}

// UserPhone makes the SIP password of an operator's desk phone.
func UserPhone(ctx context.Context, c Config, login string, out io.Writer) error {
	return withStaff(ctx, c, func(s *staff.Staff) error {
		pass, err := s.NewSIPPassword(ctx, login)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "Телефон: користувач %s, пароль (показано один раз): %s\nАдреса сервера: %s\n", login, pass, reachable(c.SIP.Listen))
		return nil
	})
}

// UserList prints the accounts.
func UserList(ctx context.Context, c Config, out io.Writer) error {
	return withStaff(ctx, c, func(s *staff.Staff) error {
		all, err := s.Agents(ctx)
		if err != nil {
			return err
		}
		t := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
		fmt.Fprintln(t, "логін\tім'я\tроль\tдіє до")
		for _, a := range all {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", a.Login, a.Name, a.Role, a.ValidUntil)
		}
		return t.Flush()
	})
}

// readPassword takes one line of in; an empty input means: make one. Never from the command line, which others can see.
func readPassword(in io.Reader) (pass string, made bool, err error) {
	if in != nil {
		line, err := bufio.NewReader(io.LimitReader(in, 1024)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", false, err
		}
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			return line, false, nil
		}
	}
	pass, err = makePassword()
	return pass, true, err
}

// makePassword gives 14 letters and digits without look-alikes: about 70 bits.
func makePassword() (string, error) {
	const letters = "abcdefghjkmnpqrstuvwxyz23456789"
	var b strings.Builder
	for i := range 14 {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(letters))))
		if err != nil {
			return "", err
		}
		if i == 5 || i == 10 {
			b.WriteByte('-')
		}
		b.WriteByte(letters[n.Int64()])
	}
	return b.String(), nil
}
