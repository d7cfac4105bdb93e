package web

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"dovidka/internal/call"
	"dovidka/internal/journal"
)

// outcomes is the closed list in the order of precedence (docs/metrics.md).
func outcomes() []call.Outcome {
	return []call.Outcome{call.OutTest, call.OutTransferredOut, call.OutServed, call.OutCallbackTaken, call.OutMessageLeft, call.OutInformed,
		call.OutAbandonedQueue, call.OutAbandonedMenu, call.OutAbandonedGreeting, call.OutClosedNoMessage, call.OutCancelled,
		call.OutRefused, call.OutOverload, call.OutDropped}
}

// outcomeText says an outcome to the reader of the journal, in the journal's own words.
func outcomeText(o call.Outcome) string {
	if o == "" {
		return "Триває"
	}
	first, size := utf8.DecodeRuneInString(journal.OutcomeText(o))
	return string(unicode.ToUpper(first)) + journal.OutcomeText(o)[size:]
}

// scoreText is the national scale (docs/metrics.md).
func scoreText(score int) string {
	switch score {
	case 4:
		return "чудово"
	case 3:
		return "добре"
	case 2:
		return "прийнятно"
	case 1:
		return "жахливо"
	}
	return "без відповіді"
}

func solvedText(v string) string {
	switch v {
	case "yes":
		return "так"
	case "partly":
		return "частково"
	case "no":
		return "ні"
	}
	return "без відповіді"
}

func refusals(status string) string {
	switch status {
	case "404":
		return "набрано чужий номер"
	case "488":
		return "телефон не пропонує звуку, який ми розуміємо"
	case "403":
		return "дзвінки з цієї адреси не дозволено"
	case "480":
		return "лінія не працює"
	}
	return "код " + status
}

func closedReason(v string) string {
	switch v {
	case "evening":
		return "робочий день закінчився"
	case "morning":
		return "робочий день ще не почався"
	case "weekend":
		return "вихідний"
	case "holiday":
		return "свято"
	case "break":
		return "обідня перерва"
	case "exception":
		return "особливий графік цього дня"
	}
	return "неробочий час"
}

func askedHow(v string) string {
	switch v {
	case "key":
		return " клавішею 0"
	case "errors":
		return ": з'єднано після кількох помилок"
	case "silence":
		return ": з'єднано, бо нічого не натиснуто"
	case "menu":
		return " через меню"
	}
	return ""
}

// topicName says a topic of the menu; "" for the general one.
func topicName(topic string) string {
	switch topic {
	case "general":
		return ""
	case "cnap":
		return "запитання до ЦНАП"
	case "documents":
		return "документи"
	case "social":
		return "соціальні послуги"
	case "property":
		return "майно і земля"
	case "feedback":
		return "відгук"
	case "complaint":
		return "скарга"
	}
	return topic
}

// causeText says why something of ours failed or ended a call; "" where that needs no words.
func causeText(c string) string {
	switch c {
	case "", "goodbye":
		return ""
	case "speech":
		return "текст не вдалося озвучити"
	case "menu":
		return "голосове меню"
	case "lookup":
		return "пошук звернення"
	case "survey":
		return "запис оцінки"
	case "card":
		return "запис картки"
	case "internal", "fault":
		return "внутрішня помилка"
	case "shutdown":
		return "програму зупиняли"
	}
	return c
}

func device(v string) string {
	switch v {
	case "phone":
		return "телефон"
	case "both":
		return "браузер і телефон"
	}
	return "браузер"
}

func missed(cause string) string {
	switch cause {
	case "refused":
		return "дзвінок відхилено"
	case "offline":
		return "робоче місце не на зв'язку"
	}
	return "немає відповіді"
}

// asked tells why an agent was rung in person.
func asked(why string) string {
	switch why {
	case "consult":
		return "Виклик для поради"
	case "transfer":
		return "Виклик для передавання"
	case "return":
		return "Дзвінок повертається"
	case "park":
		return "Дзвінок беруть із паркування"
	}
	return "Дзвінок запропоновано"
}

// second tells why a second party is not there.
func second(cause string) string {
	switch cause {
	case "returned":
		return "так вирішив оператор"
	case "left":
		return "розмову завершено з того боку"
	case "lost":
		return "зв'язок перервався"
	case "denied":
		return "дзвінок на цей номер не дозволено"
	}
	return missed(cause)
}

func leftFor(v string) string {
	switch v {
	case "message":
		return "вибрано залишити повідомлення"
	case "timeout":
		return "минув найдовший час очікування"
	case "full":
		return "черга заповнена"
	case "no_operators":
		return "немає жодного оператора на лінії"
	case "menu":
		return "повернення до меню"
	}
	return "інша причина"
}

func talkCause(v string) string {
	switch v {
	case "caller":
		return "завершив громадянин"
	case "agent":
		return "завершив оператор"
	case "lost":
		return "оператор не повернувся на зв'язок"
	case "transferred":
		return "дзвінок передано"
	case "parked":
		return "дзвінок поставлено на паркування"
	}
	return "з'єднання розірвано"
}

func recordingEnd(cause string) string {
	switch cause {
	case "failed":
		return " через помилку диска"
	case "restart":
		return " перезапуском програми"
	}
	return ""
}

// deleted says who deleted a recording and why.
func (sh *shower) deleted(by, reason string) string {
	if reason == call.Retention {
		return "минув строк зберігання"
	}
	return sh.name(by) + ", причина: " + reason
}

func supervised(mode string) string {
	switch mode {
	case "whisper":
		return "слухає розмову і підказує операторові"
	case "barge":
		return "бере участь у розмові"
	}
	return "слухає розмову"
}

func boxName(box string) string {
	if box == "proposals" {
		return "пропозицію або зауваження"
	}
	return "повідомлення"
}

func key(k string) string {
	switch k {
	case "*":
		return "«зірочку»"
	case "#":
		return "«решітку»"
	}
	return k
}

func blockName(block string) string {
	switch block {
	case "summary":
		return "коротка довідка"
	case "documents":
		return "документи"
	case "term_fee":
		return "строк і вартість"
	case "ways":
		return "де і як подати"
	}
	return block
}

// promptName says what a fixed phrase was about; its exact text stands in the menu's edition.
func promptName(id string) string {
	switch id {
	case "menu.main":
		return "головне меню"
	case "notice.recording":
		return "попередження про запис розмови"
	case "notice.recording_off":
		return "розмову не записують"
	case "notice.unverified":
		return "застереження, що довідку ще не перевірено"
	case "hours.address":
		return "адреса"
	}
	family, _, _ := strings.Cut(id, ".")
	switch family {
	case "greeting":
		return "привітання"
	case "notice":
		return "застереження"
	case "menu":
		return "меню"
	case "hours":
		return "години роботи"
	case "closed":
		return "повідомлення про неробочий час"
	case "alert":
		return "повідомлення про тривогу"
	case "queue":
		return "оголошення в черзі"
	case "voicemail":
		return "підказка до запису повідомлення"
	case "ticket":
		return "стан звернення"
	case "survey":
		return "опитування"
	case "error":
		return "підказка про помилку"
	case "goodbye":
		return "прощання"
	case "list":
		return "перелік пунктів"
	}
	return "підказка «" + id + "»"
}
