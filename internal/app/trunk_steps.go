package app

import (
	"fmt"
	"strings"
	"time"

	"dovidka/internal/sipua"
	"dovidka/internal/trunk"
	"dovidka/internal/web"
)

// trunkSteps walks through a trunk from its name to its first call, in the order in which things can go wrong. What lies behind the
// first failure is not blamed: it waits.
func trunkSteps(k trunk.Trunk, s sipua.TrunkState, stranger sipua.Stranger, now time.Time) []web.TrunkStep {
	var out []web.TrunkStep
	failed := false
	add := func(st web.TrunkStep) {
		if failed && st.State == "fail" {
			st.State, st.Say, st.Todo = "wait", "спершу попередній крок", ""
		}
		failed = failed || st.State == "fail"
		out = append(out, st)
	}
	if k.Server != "" || k.Proxy != "" {
		add(resolveStep(k, s))
		add(reachStep(k, s))
		add(registerStep(k, s, now))
		add(optionsStep(k, s))
	}
	add(inviteStep(k, s, stranger, now))
	return out
}

func step(what, state, say, todo string) web.TrunkStep {
	return web.TrunkStep{What: what, State: state, Say: say, Todo: todo}
}

func server(k trunk.Trunk) string {
	if k.Proxy != "" {
		return k.Proxy
	}
	return k.Server
}

func resolveStep(k trunk.Trunk, s sipua.TrunkState) web.TrunkStep {
	const what = "Ім’я сервера"
	switch {
	case s.Resolve != "" && s.Addr == "":
		return step(what, "fail", "«"+server(k)+"» не знаходиться", "Перевірте, чи ім’я написано без помилки і чи працює на сервері Довідки інтернет (DNS).")
	case s.Resolve != "":
		return step(what, "ok", "зараз не відповідає DNS, працюємо з відомою адресою "+s.Addr, "")
	case s.Addr == "":
		return step(what, "wait", "ще не перевірено", "")
	}
	return step(what, "ok", server(k)+" — це "+s.Addr, "")
}

func reachStep(k trunk.Trunk, s sipua.TrunkState) web.TrunkStep {
	const what = "Порт відповідає"
	port := strings.ToUpper(k.Transport) + " " + s.Addr
	switch {
	case s.Failure == "certificate":
		return step(what, "fail", "сертифікат сервера виписано не на «"+k.Server+"» або йому не можна довіряти", "Впишіть ім’я сервера так, як його дав оператор зв’язку. Якщо воно правильне — з’єднання хтось перехоплює: повідомте оператора зв’язку.")
	case s.Failure == "connect":
		return step(what, "fail", port+" не приймає з’єднання", "Перевірте порт і транспорт у листі оператора зв’язку та чи не закриває вихід мережевий екран.")
	case s.Failure == "timeout" && s.Register == 0 && s.Options == 0:
		return step(what, "fail", port+" мовчить", "Перевірте адресу, порт і транспорт; чи пропускає мережевий екран SIP у обидва боки; чи внесено вашу IP-адресу в оператора зв’язку.")
	case s.Reached.IsZero():
		return step(what, "wait", "чекаємо на відповідь", "")
	}
	return step(what, "ok", port+" відповідає", "")
}

func registerStep(k trunk.Trunk, s sipua.TrunkState, now time.Time) web.TrunkStep {
	const what = "Реєстрація"
	switch {
	case !k.Register:
		return step(what, "skip", "не потрібна: оператор зв’язку знає нашу адресу", "")
	case s.Registered:
		return step(what, "ok", fmt.Sprintf("діє, поновимо не пізніше ніж через %d с", max(0, int(s.Until.Sub(now)/time.Second))), "")
	}
	switch s.Register {
	case 401, 407:
		return step(what, "fail", "логін або пароль не підходить", "Скопіюйте логін і пароль з кабінету оператора зв’язку ще раз, без пробілів. Якщо логін для входу інший, впишіть його в «Логін авторизації».")
	case 403:
		return step(what, "fail", "оператор зв’язку відмовив (403)", "Перевірте пароль; чи не заблоковано лінію за борг; чи дозволено входити з вашої IP-адреси.")
	case 404:
		return step(what, "fail", "оператор зв’язку не знає такого логіна (404)", "Перевірте логін і сервер.")
	case 0:
		return step(what, "wait", "ще немає відповіді", "")
	}
	return step(what, "fail", fmt.Sprintf("сервер відповів кодом %d", s.Register), "Зверніться до оператора зв’язку і назвіть цей код. Програма пробує далі сама.")
}

func optionsStep(k trunk.Trunk, s sipua.TrunkState) web.TrunkStep {
	const what = "Перевірка зв’язку (OPTIONS)"
	switch {
	case k.KeepaliveS == 0:
		return step(what, "skip", "вимкнено", "")
	case s.Options >= 200 && s.Options < 300:
		return step(what, "ok", fmt.Sprintf("відповідає %d", s.Options), "")
	case s.Options > 0 && s.Options < 500 && s.Options != 408:
		return step(what, "ok", fmt.Sprintf("сервер живий, хоч OPTIONS і не розуміє (%d)", s.Options), "")
	case s.Options > 0:
		return step(what, "fail", fmt.Sprintf("сервер відповідає кодом %d: у нього несправність", s.Options), "Зверніться до оператора зв’язку. Програма перевіряє далі сама.")
	case s.Reached.IsZero() && s.Failure == "":
		return step(what, "wait", "ще не перевірено", "")
	}
	return step(what, "fail", "немає відповіді", "Якщо реєстрація діє, а OPTIONS мовчить, вимкніть перевірку зв’язку (0 секунд) у налаштуваннях лінії.")
}

func inviteStep(_ trunk.Trunk, s sipua.TrunkState, stranger sipua.Stranger, now time.Time) web.TrunkStep {
	const what = "Перший дзвінок"
	if !s.Invite.IsZero() {
		return step(what, "ok", "останній надійшов "+s.Invite.Format("02.01 о 15:04:05"), "")
	}
	if stranger.Addr.IsValid() && now.Sub(stranger.At) < 24*time.Hour {
		return step(what, "fail", fmt.Sprintf("дзвінок надходив з адреси %s, якої немає в переліку, і його не прийнято", stranger.Addr),
			"Якщо це адреса вашого оператора зв’язку, додайте її в «Дозволені адреси».")
	}
	return step(what, "wait", "дзвінків ще не було", "Зателефонуйте на номер центру з мобільного.")
}
