package web

import (
	"fmt"
	"math"
	"strings"

	"dovidka/internal/call"
)

// lines makes the time line of a call: one plain sentence for each fact.
func (sh *shower) lines(facts []call.Fact) []StoryLine {
	t := teller{sh: sh, labels: map[string]string{"": "Головне меню"}}
	for _, f := range facts {
		t.mine = t.mine || f.Agent == sh.me && f.Kind == call.Connected || f.Kind == call.MessageLeft
	}
	out := []StoryLine{}
	for _, f := range facts {
		out = append(out, StoryLine{Seq: f.Seq, At: f.At, Kind: string(f.Kind), Text: t.tell(f)})
	}
	return out
}

// teller knows what the earlier facts of the call have named.
type teller struct {
	sh     *shower
	labels map[string]string // menu node -> its label
	mine   bool              // the reader may see the number
}

// tell gives the sentence of one fact; "" for a kind that nobody described (a test allows none).
func (t *teller) tell(f call.Fact) string {
	for _, tell := range []func(call.Fact) string{t.arrival, t.menu, t.queue, t.talk, t.second, t.recording, t.message, t.end} {
		if s := tell(f); s != "" {
			return s
		}
	}
	return ""
}

func (t *teller) arrival(f call.Fact) string {
	switch f.Kind {
	case call.Arrived:
		_, from := t.sh.number(f.From, t.mine)
		way := "телефоном"
		if f.Name == "web" {
			way = "зі сторінки дзвінка"
		}
		if f.Test {
			way += ", перевірочний"
		}
		return fmt.Sprintf("Надійшов дзвінок %s: %s.", way, from)
	case call.Refused:
		return "Дзвінок не прийнято: " + refusals(f.Cause) + "."
	case call.Overloaded:
		return "Дзвінок не прийнято: забагато дзвінків одночасно."
	case call.Cancelled:
		return "Слухавку покладено ще до відповіді лінії."
	case call.Answered:
		if f.Value != "" && f.Value != "open" {
			return "Лінія відповіла. Оператори не працювали: " + closedReason(f.Value) + "."
		}
		return "Лінія відповіла."
	case call.Restarted:
		return "Програму було перезапущено під час дзвінка; його закрито за записаними подіями."
	case call.Fault:
		if f.Cause == call.CauseEmergency {
			return "Аварійний режим: людина почула лише про технічну несправність."
		}
		return "Технічна несправність" + cause(f.Cause) + "; дзвінок тривав далі."
	}
	return ""
}

func (t *teller) menu(f call.Fact) string {
	switch f.Kind {
	case call.Entered:
		label := f.Value
		if label == "" {
			label = t.label(f.Name)
		}
		t.labels[f.Name] = label
		return fmt.Sprintf("Перехід у «%s».", label)
	case call.Heard:
		return fmt.Sprintf("Прозвучало: %s%s.", t.heard(f.Name), part(f.Share))
	case call.Pressed:
		return fmt.Sprintf("Натиснуто %s у меню «%s».", key(f.Value), t.label(f.Name))
	case call.Mistook:
		if f.Value == "silence" {
			return fmt.Sprintf("У меню «%s» нічого не натиснуто.", t.label(f.Name))
		}
		return fmt.Sprintf("Натиснуто %s у меню «%s», такого пункту немає.", key(f.Value), t.label(f.Name))
	case call.Asked:
		return "Запит на оператора" + askedHow(f.Value) + topic(f.Name) + "."
	case call.Closed:
		return "Оператори не працювали: " + closedReason(f.Value) + "."
	case call.StatusAsked:
		if f.Value == "found" {
			return "Повідомлено стан звернення."
		}
		return "Запит про стан звернення; номер і цифри телефону не збіглися."
	}
	return ""
}

func (t *teller) queue(f call.Fact) string {
	switch f.Kind {
	case call.Queued:
		return fmt.Sprintf("Початок очікування в черзі%s, місце %d.", topic(f.Name), f.Count)
	case call.Announced:
		if f.Seconds == 0 {
			return fmt.Sprintf("Оголошено місце в черзі: %d.", f.Count)
		}
		return fmt.Sprintf("Оголошено місце в черзі: %d, очікування приблизно %s.", f.Count, span(f.Seconds))
	case call.Offered:
		return fmt.Sprintf("%s: %s (%s).", asked(f.Value), t.sh.name(f.Agent), device(f.Name))
	case call.Missed:
		return fmt.Sprintf("%s: %s.", t.sh.name(f.Agent), missed(f.Cause))
	case call.Requeued:
		return "Повернення на початок черги" + topic(f.Name) + ", час очікування збережено."
	case call.LeftQueue:
		return "Вихід із черги: " + leftFor(f.Value) + "."
	}
	return ""
}

func (t *teller) talk(f call.Fact) string {
	who := t.sh.name(f.Agent)
	switch f.Kind {
	case call.Connected:
		if f.Value != "" {
			return fmt.Sprintf("З'єднано: %s.", who)
		}
		return fmt.Sprintf("З'єднано: %s. Очікування в черзі %s.", who, span(f.Seconds))
	case call.Held:
		return fmt.Sprintf("Розмову поставлено на утримання (%s).", who)
	case call.Resumed:
		return fmt.Sprintf("Розмову продовжено (%s).", who)
	case call.AgentLost:
		if f.Value == "consulting" || f.Value == "conference" {
			return fmt.Sprintf("Зв'язок утрачено (%s).", who)
		}
		return fmt.Sprintf("Зв'язок з оператором утрачено (%s); громадянин чує музику.", who)
	case call.Moved:
		return fmt.Sprintf("Розмову перенесено на інший пристрій (%s): %s.", who, device(f.Name))
	case call.AgentBack:
		return fmt.Sprintf("Оператор знову на зв'язку (%s).", who)
	case call.TalkEnded:
		return fmt.Sprintf("Розмову завершено (%s): %s.", who, talkCause(f.Cause))
	case call.WrappedUp:
		return fmt.Sprintf("Оформлення завершено (%s), %s.", who, span(f.Seconds))
	}
	return ""
}

func (t *teller) recording(f call.Fact) string {
	switch f.Kind {
	case call.RecordingStarted:
		return "Почався запис розмови."
	case call.RecordingPaused:
		return fmt.Sprintf("Запис призупинено (%s).", t.sh.name(f.Agent))
	case call.RecordingResumed:
		return fmt.Sprintf("Запис продовжено (%s).", t.sh.name(f.Agent))
	case call.RecordingStopped:
		return fmt.Sprintf("Запис завершено%s, %s.", recordingEnd(f.Cause), span(f.Seconds))
	case call.RecordingRefused:
		return "Натиснуто 8: розмову не записують."
	case call.RecordingDeleted:
		return "Запис розмови видалено: " + t.sh.deleted(f.Agent, f.Value) + "."
	case call.Supervised:
		return fmt.Sprintf("%s: %s.", t.sh.name(f.Value), supervised(f.Name))
	case call.SupervisionEnded:
		return fmt.Sprintf("%s більше не слухає розмову, усього %s.", t.sh.name(f.Value), span(f.Seconds))
	}
	return ""
}

func (t *teller) message(f call.Fact) string {
	switch f.Kind {
	case call.Recording:
		return "Після сигналу записується " + boxName(f.Name) + "."
	case call.MessageLeft:
		return fmt.Sprintf("Залишено %s № %s, %s.", boxName(f.Name), f.Value, span(f.Seconds))
	case call.Scored:
		return "Оцінка розмови: " + scoreText(int(firstDigit(f.Value))) + "."
	case call.Solved:
		return "Чи вирішено питання: " + solvedText(f.Value) + "."
	}
	return ""
}

// sounded tells how a leg sounded; figures only where they explain something.
func (t *teller) sounded(f call.Fact) string {
	who := "громадянин"
	if f.Agent != "" {
		who = t.sh.name(f.Agent)
	}
	grade := map[string]string{call.Good: "добра", call.Fair: "задовільна", call.Poor: "погана"}[f.Value]
	if f.Value == call.Good || f.Share < 0.005 {
		return fmt.Sprintf("Якість звуку: %s (%s).", grade, who)
	}
	return fmt.Sprintf("Якість звуку: %s (%s); втрачено %.0f %% звуку.", grade, who, 100*f.Share)
}

func (t *teller) end(f call.Fact) string {
	if f.Kind == call.Sounded {
		return t.sounded(f)
	}
	if f.Kind != call.HungUp {
		return ""
	}
	switch f.Name {
	case "caller":
		return "Дзвінок завершено громадянином."
	case "silence":
		return "Звук від громадянина зник, дзвінок завершено."
	default:
		return "Лінія завершила дзвінок" + cause(f.Cause) + "."
	}
}

func (t *teller) label(node string) string {
	if l := t.labels[node]; l != "" {
		return l
	}
	return node
}

// heard names what was played: a block of a service card or a prompt.
func (t *teller) heard(id string) string {
	if rest, ok := strings.CutPrefix(id, "service:"); ok {
		card, block, _ := strings.Cut(rest, "/")
		return fmt.Sprintf("послуга «%s», %s", t.sh.service(card), blockName(block))
	}
	return promptName(id)
}

// part tells how much of it was played, when it was not all of it.
func part(share float64) string {
	if share >= 0.995 {
		return ""
	}
	return fmt.Sprintf(" (%d %%)", int(math.Round(share*100)))
}

// span is a length of time for reading.
func span(s float64) string {
	n := int(math.Round(s))
	if n < 60 {
		return fmt.Sprintf("%d с", n)
	}
	return fmt.Sprintf("%d хв %02d с", n/60, n%60)
}

func cause(c string) string {
	if c = causeText(c); c == "" {
		return ""
	}
	return " (" + c + ")"
}

// topic is what the question was about; nothing when it was asked before choosing anything.
func topic(name string) string {
	if t := topicName(name); t != "" {
		return ", тема «" + t + "»"
	}
	return ""
}

func firstDigit(v string) byte {
	if v == "" || v[0] < '0' || v[0] > '9' {
		return 0
	}
	return v[0] - '0'
}
