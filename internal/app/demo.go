package app

import (
	"context"
	"fmt"
	"os"
	"strings"

	"dovidka/internal/fault"
	"dovidka/internal/staff"
)

// DemoDefaults is the demonstration: an example number, the citizen's page, invented people. What the file says wins.
func (c *Config) DemoDefaults() {
	if c.Centre.Number == "" {
		c.Centre.Number = "0800353608"
	}
	if c.Centre.Address == Defaults().Centre.Address {
		c.Centre.Address = "вулиця Прикладна, будинок один"
	}
	if c.Centre.Name == Defaults().Centre.Name {
		c.Centre.Name += " (демо)"
	}
	c.HTTP.CitizenCall = true
}

// demoPeople are the demonstration's accounts.
func demoPeople() []staff.Agent {
	return []staff.Agent{
		{Login: "kerivnyk", Name: "Керівниця Демо", Role: staff.RoleHead, Post: "начальниця центру (демо)", Order: "1-демо", OrderDate: "2026-01-09"},
		{Login: "olena", Name: "Олена Демо", Role: staff.RoleOperator, Post: "адміністраторка (демо)", Order: "1-демо", OrderDate: "2026-01-09"},
		{Login: "petro", Name: "Петро Демо", Role: staff.RoleOperator, Post: "адміністратор (демо)", Order: "1-демо", OrderDate: "2026-01-09"},
	}
}

// accounts makes the demonstration's accounts and gives what the banner says of accounts. The password comes from the
// environment variable DOVIDKA_DEMO_PASSWORD, else it is made and shown this once.
func accounts(ctx context.Context, c Config, s *staff.Staff) (string, error) {
	there, err := s.Agents(ctx)
	if err != nil {
		return "", fmt.Errorf("облікові записи не читаються: %w", err)
	}
	if !c.Demo {
		if len(there) == 0 {
			return "  Облікових записів ще немає. Перший:    dovidka user add ЛОГІН --name \"Ім'я Прізвище\" --role head --data " + c.Data + "\n", nil
		}
		return "", nil
	}
	pass, given := os.LookupEnv("DOVIDKA_DEMO_PASSWORD")
	given = given && pass != ""
	if !given {
		if pass, err = makePassword(); err != nil {
			return "", err
		}
	}
	made := 0
	var logins []string
	for _, a := range demoPeople() {
		logins = append(logins, a.Login)
		err := s.Create(ctx, a, pass)
		switch {
		case err == nil:
			made++
		case fault.Is(err, fault.Conflict) && given && s.PasswordFits(ctx, a.Login, pass):
			continue // a new password would sign everybody out at every start
		case fault.Is(err, fault.Conflict) && given:
			err = s.SetPassword(ctx, a.Login, pass)
		case fault.Is(err, fault.Conflict):
			continue
		}
		if err == nil {
			err = s.SetSIPPassword(ctx, a.Login, pass)
		}
		if err != nil {
			return "", fmt.Errorf("показовий обліковий запис %s: %s", a.Login, fault.Say(err))
		}
	}
	return "  Облікові записи: " + strings.Join(logins, ", ") + "   " + passwordLine(pass, given, made > 0), nil
}

func passwordLine(pass string, given, made bool) string {
	switch {
	case given:
		return "пароль — з DOVIDKA_DEMO_PASSWORD\n"
	case made:
		return "пароль (показано один раз): " + pass + "\n"
	}
	return "пароль показано під час першого запуску; змінити: dovidka user password ЛОГІН\n"
}
