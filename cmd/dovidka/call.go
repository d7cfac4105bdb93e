package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"dovidka/internal/app"
	"dovidka/internal/selftest"
)

type callCmd struct {
	common
	Target    string  `arg:"" help:"Куди телефонувати: АДРЕСА:ПОРТ."`
	To        string  `help:"Набраний номер." default:"0800353608"`
	From      string  `help:"Номер, який показати; порожньо — приховано."`
	Press     string  `help:"Клавіші після кінця кожного повідомлення: \"2 3 1\"; у певну мить: \"@3.5:0\"." placeholder:"КЛАВІШІ"`
	Say       string  `help:"Що сказати: silence, tone:440 або файл WAV." default:"silence"`
	Seconds   float64 `help:"Скільки секунд слухати." default:"20"`
	Heard     string  `help:"Записати почуте у файл WAV." type:"path" placeholder:"ФАЙЛ"`
	Transport string  `help:"Транспорт SIP." enum:"udp,tcp" default:"udp"`
	JSON      bool    `name:"json" help:"Результат у JSON."`
}

// Run calls a number as a stranger would and says what was heard; it fails when nobody answered.
func (c *callCmd) Run(ctx context.Context, io *streams) error {
	steps, err := selftest.ParseSteps(c.Press)
	if err != nil {
		return fmt.Errorf("клавіші «%s» незрозумілі: %w", c.Press, err)
	}
	conf, err := c.load()
	if err != nil {
		return err
	}
	res, err := selftest.Call(ctx, selftest.Plan{
		Target: c.Target, Transport: c.Transport, To: c.To, From: c.From, Press: steps, Say: c.Say, Seconds: c.Seconds, Heard: c.Heard,
		Clips: app.KnownClips(conf),
	})
	if err != nil {
		return fmt.Errorf("дзвінок не вдався: %w", err)
	}
	if c.JSON {
		e := json.NewEncoder(io.out)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		err = e.Encode(res)
	} else {
		err = printCall(io.out, res)
	}
	if err == nil && !res.Answered {
		return errors.New("ніхто не відповів: " + callCause(res))
	}
	return err
}

func callCause(r selftest.Result) string {
	if r.Status != 0 {
		return fmt.Sprintf("лінія відмовила (SIP %d)", r.Status)
	}
	return "жодної відповіді на SIP: перевірте адресу і порт"
}

func printCall(w io.Writer, r selftest.Result) error {
	var b strings.Builder
	if r.Answered {
		fmt.Fprintf(&b, "З'єднано за %.0f мс; слухали %.1f с, звуку %.1f с, рівень %.0f dBov\n", r.SetupMs, r.Heard, r.Sound, r.Level)
		fmt.Fprintf(&b, "Пакетів %d, втрачено %d, джитер %.1f мс, пауз понад 40 мс: %d\n", r.Packets, r.Lost, r.JitterMs, r.Gaps)
		for _, d := range r.Digits {
			fmt.Fprintf(&b, "  %6.1f с  натиснуто %s, новий звук через %.0f мс\n", d.At, d.Keys, d.NewAudioMs)
		}
		for _, p := range r.Prompts {
			fmt.Fprintf(&b, "  %6.1f с  чути «%s» (%.0f %%)\n", p.At, p.Name, p.Share*100)
		}
		fmt.Fprintf(&b, "Кінець: %s\n", r.Cause)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
