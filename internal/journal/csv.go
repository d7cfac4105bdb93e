package journal

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"dovidka/internal/call"
)

// CSV writes the records of a month ("2026-11"), newest first, as a table that Excel opens in Ukrainian: UTF-8 with its mark,
// semicolons, CRLF. It holds personal data: the door notes who took it.
func (j *Journal) CSV(ctx context.Context, w io.Writer, month string) error {
	if _, _, err := j.month(month); err != nil {
		return fmt.Errorf("journal: csv: %w", err)
	}
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return fmt.Errorf("journal: csv: %w", err)
	}
	out := csv.NewWriter(w)
	out.Comma, out.UseCRLF = ';', true
	err := out.Write([]string{"Дзвінок", "Надійшов", "Відповідь автомата", "Завершено", "Номер", "Звідки", "Чим завершився", "Код", "Шлях у меню",
		"Послуги", "Тема", "Просив оператора", "Був у черзі", "Очікування, с", "До розмови, с", "Оператор", "Розмова, с", "Утримання, с",
		"Після розмови, с", "Оцінка", "Вирішено", "Картка", "Перевірка"})
	if err != nil {
		return fmt.Errorf("journal: csv: %w", err)
	}
	var failed error
	err = j.each(ctx, Filter{Month: month}, func(r call.Record) bool {
		failed = out.Write(j.line(r))
		return failed == nil
	})
	if err == nil {
		err = failed
	}
	if out.Flush(); err == nil {
		err = out.Error()
	}
	if err != nil {
		return fmt.Errorf("journal: csv: %w", err)
	}
	return nil
}

func (j *Journal) line(r call.Record) []string {
	score := ""
	if r.Score > 0 {
		score = strconv.Itoa(r.Score)
	}
	cells := []string{string(r.Call), j.clock(r.Arrived), j.clock(r.Answered), j.clock(r.Ended), r.From.Display(), viaText(r.Via),
		OutcomeText(r.Outcome), string(r.Outcome), strings.Join(r.Path, " → "), strings.Join(r.Services, ", "), r.Topic, yes(r.Asked),
		yes(r.Queued), seconds(r.Wait), seconds(r.TimeToPerson), r.Agent, seconds(r.Talk), seconds(r.Hold), seconds(r.WrapUp), score,
		solvedText(r.Solved), r.Card, yes(r.Test)}
	for i, c := range cells {
		cells[i] = harmless(c)
	}
	return cells
}

// harmless keeps a spreadsheet from taking a caller's text for a formula (CWE-1236).
func harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

func (j *Journal) clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(j.zone).Format(time.DateTime)
}

func seconds(d time.Duration) string {
	return strconv.FormatInt(int64(d.Round(time.Second)/time.Second), 10)
}

func yes(b bool) string {
	if b {
		return "так"
	}
	return "ні"
}

func viaText(via string) string {
	switch via {
	case "sip":
		return "телефон"
	case "web":
		return "браузер"
	}
	return via
}

func solvedText(s string) string {
	switch s {
	case "yes":
		return "так"
	case "partly":
		return "частково"
	case "no":
		return "ні"
	}
	return ""
}

// OutcomeText is an outcome in the words of the screens and tables.
func OutcomeText(o call.Outcome) string {
	switch o {
	case call.OutTest:
		return "перевірка"
	case call.OutServed:
		return "розмова з оператором"
	case call.OutTransferredOut:
		return "переведено на іншу лінію"
	case call.OutCallbackTaken:
		return "замовлено зворотний дзвінок"
	case call.OutMessageLeft:
		return "залишено повідомлення"
	case call.OutInformed:
		return "отримано довідку"
	case call.OutAbandonedQueue:
		return "без відповіді в черзі"
	case call.OutAbandonedMenu:
		return "завершено в меню"
	case call.OutAbandonedGreeting:
		return "завершено одразу"
	case call.OutClosedNoMessage:
		return "неробочий час, без повідомлення"
	case call.OutCancelled:
		return "скасовано до відповіді"
	case call.OutRefused:
		return "відхилено"
	case call.OutOverload:
		return "усі лінії зайняті"
	case call.OutDropped:
		return "обірвано з нашої вини"
	}
	return string(o)
}
