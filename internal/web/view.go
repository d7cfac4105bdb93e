package web

import (
	"time"

	"dovidka/internal/switchboard"
)

// Call is one call in a list: its record with what a person reads. Seconds are decimal; zero: it did not happen.
type Call struct {
	Call         string    `json:"call" doc:"Номер дзвінка в журналі"`
	Arrived      time.Time `json:"arrived"`
	Answered     time.Time `json:"answered,omitzero"`
	Ended        time.Time `json:"ended"`
	From         string    `json:"from" doc:"Номер у форматі E.164; приховано для операторів, якщо розмову вів інший"`
	FromDisplay  string    `json:"from_display" doc:"Номер для читання: 067 123 45 67"`
	To           string    `json:"to"`
	Via          string    `json:"via" enum:"sip,web"`
	Outcome      string    `json:"outcome"`
	OutcomeText  string    `json:"outcome_text" doc:"Підсумок українською"`
	Cause        string    `json:"cause,omitempty"`
	Path         []string  `json:"path" doc:"Пройдені меню"`
	Services     []string  `json:"services" doc:"Прослухані послуги (коди)"`
	ServiceNames []string  `json:"service_names" doc:"Прослухані послуги (назви)"`
	Informed     bool      `json:"informed"`
	Asked        bool      `json:"asked"`
	Topic        string    `json:"topic,omitempty"`
	Queued       bool      `json:"queued"`
	Agent        string    `json:"agent,omitempty"`
	AgentName    string    `json:"agent_name,omitempty"`
	WaitS        float64   `json:"wait_s"`
	ToPersonS    float64   `json:"time_to_person_s"`
	TalkS        float64   `json:"talk_s"`
	HoldS        float64   `json:"hold_s"`
	WrapUpS      float64   `json:"wrap_up_s"`
	Score        int       `json:"score,omitempty" doc:"4 чудово, 3 добре, 2 прийнятно, 1 жахливо"`
	Solved       string    `json:"solved,omitempty" enum:"yes,partly,no"`
	Card         string    `json:"card,omitempty" doc:"Номер картки або повідомлення"`
	Test         bool      `json:"test"`
}

// Calls is one page of a list.
type Calls struct {
	Calls []Call `json:"calls"`
	Next  string `json:"next" doc:"Для наступної сторінки: before=next; порожньо — це все"`
}

// StoryLine is one fact as a sentence.
type StoryLine struct {
	Seq  int       `json:"seq"`
	At   time.Time `json:"at"`
	Kind string    `json:"kind"`
	Text string    `json:"text" doc:"Речення українською, без часу"`
}

// CallStory is all that is known of one call.
type CallStory struct {
	Record  Call        `json:"record"`
	Open    bool        `json:"open" doc:"Дзвінок ще триває, підсумок попередній"`
	Facts   []StoryLine `json:"facts"`
	Card    *Card       `json:"card"`
	Survey  *Answers    `json:"survey"`
	Message *Message    `json:"message"`

	Recordings []TalkRecording `json:"recordings"`
}

// TalkRecording is one recording of a call's talks.
type TalkRecording struct {
	ID          string    `json:"id"`
	Started     time.Time `json:"started"`
	Seconds     float64   `json:"seconds"`
	Going       bool      `json:"going" doc:"Розмова ще триває"`
	Deleted     time.Time `json:"deleted,omitzero" doc:"Коли видалено звук"`
	DeletedText string    `json:"deleted_text,omitempty"`
	Play        bool      `json:"play" doc:"Ви можете послухати"`
	Manage      bool      `json:"manage" doc:"Ви можете завантажити і видалити"`
}

// Board is what goes on now, for the head. Numbers are masked.
type Board struct {
	Talks   []switchboard.BoardTalk    `json:"talks"`
	Waiting []switchboard.BoardWaiting `json:"waiting"`
	Mine    *switchboard.BoardMine     `json:"mine" doc:"Яку розмову ви слухаєте"`
	Agents  []AgentStatus              `json:"agents"`
	Now     time.Time                  `json:"now"`
}

// Answers is what a citizen answered after the talk.
type Answers struct {
	Score      int    `json:"score"`
	ScoreText  string `json:"score_text"`
	Solved     string `json:"solved"`
	SolvedText string `json:"solved_text"`
}

// Card is what is written about a call.
type Card struct {
	Number      string    `json:"number"`
	Call        string    `json:"call"`
	Created     time.Time `json:"created"`
	Updated     time.Time `json:"updated"`
	Agent       string    `json:"agent"`
	AgentName   string    `json:"agent_name"`
	From        string    `json:"from"`
	FromDisplay string    `json:"from_display"`
	Topic       string    `json:"topic"`
	Path        []string  `json:"path"`
	WaitedS     int       `json:"waited_s"`
	CardEdit
}

// OpenCard is a card in the list of those that its agent has not finished.
type OpenCard struct {
	Number      string    `json:"number"`
	Call        string    `json:"call"`
	Created     time.Time `json:"created"`
	FromDisplay string    `json:"from_display"`
	Essence     string    `json:"essence"`
}

// CardEdit is what the agent fills in. Version is that of the card that was edited.
type CardEdit struct {
	Essence  string   `json:"essence" maxLength:"10000" doc:"Суть звернення"`
	Answer   string   `json:"answer" maxLength:"10000" doc:"Надана відповідь"`
	Services []string `json:"services" maxItems:"20" doc:"Коди послуг"`
	Result   string   `json:"result" maxLength:"200"`
	Kind     string   `json:"kind" maxLength:"100"`
	Version  int      `json:"version" doc:"Версія, яку редагували; застаріла — 409"`
}

// Message is what a citizen said after the tone.
type Message struct {
	Number      string    `json:"number"`
	Call        string    `json:"call"`
	Box         string    `json:"box" enum:"messages,proposals"`
	From        string    `json:"from"`
	FromDisplay string    `json:"from_display"`
	Created     time.Time `json:"created"`
	Seconds     float64   `json:"seconds"`
	Due         time.Time `json:"due"`
	Overdue     bool      `json:"overdue"`
	State       string    `json:"state" enum:"open,taken,done"`
	TakenBy     string    `json:"taken_by"`
	TakenByName string    `json:"taken_by_name"`
	TakenAt     time.Time `json:"taken_at,omitzero"`
	DoneBy      string    `json:"done_by"`
	DoneByName  string    `json:"done_by_name"`
	DoneAt      time.Time `json:"done_at,omitzero"`
	Note        string    `json:"note"`
}

// MessageList is the list «Повідомлення».
type MessageList struct {
	Messages []Message `json:"messages"`
	Open     int       `json:"open" doc:"Скільки ще не виконано"`
	Overdue  int       `json:"overdue" doc:"З них прострочено"`
}

// Service is a service card as the agent reads it.
type Service struct {
	ID             string   `json:"id"`
	Name           string   `json:"name"`
	Category       string   `json:"category"`
	CategoryName   string   `json:"category_name"`
	Summary        string   `json:"summary"`
	Documents      []string `json:"documents"`
	Term           string   `json:"term"`
	Fee            string   `json:"fee"`
	Where          string   `json:"where"`
	Result         string   `json:"result"`
	RefusalGrounds []string `json:"refusal_grounds"`
	LegalBasis     []string `json:"legal_basis"`
	OperatorHint   string   `json:"operator_hint"`
	Verified       bool     `json:"verified"`
}

// Who is the signed-in person.
type Who struct {
	Login string `json:"login" doc:"Ім'я для входу"`
	Name  string `json:"name" doc:"Прізвище та ім'я"`
	Role  string `json:"role" enum:"head,operator" doc:"head — керівник, operator — оператор"`
}

// Count is how many calls had one outcome.
type Count struct {
	Outcome string `json:"outcome"`
	Text    string `json:"text"`
	Count   int    `json:"count"`
}

// Totals are one month's figures; definitions: docs/metrics.md. A rate is 0..1, and null when there is nothing to divide by.
type Totals struct {
	Month          string       `json:"month" doc:"2026-11"`
	Calls          int          `json:"calls" doc:"Усі дзвінки громадян, без перевірочних"`
	Tests          int          `json:"tests" doc:"Перевірочні дзвінки"`
	Outcomes       []Count      `json:"outcomes" doc:"Рівно один підсумок на дзвінок; сума дорівнює calls + tests"`
	SelfService    int          `json:"self_service" doc:"Отримали відповідь без оператора"`
	SelfShare      *float64     `json:"self_service_share" doc:"Частка від calls"`
	Asked          int          `json:"asked" doc:"Просили оператора"`
	Offered        int          `json:"offered" doc:"Стали в чергу"`
	Answered       int          `json:"answered" doc:"Поговорили з оператором"`
	Abandoned      int          `json:"abandoned" doc:"Поклали слухавку в черзі"`
	AbandonedShort int          `json:"abandoned_short" doc:"З них до 5 с"`
	AbandonRate    *float64     `json:"abandon_rate" doc:"(ab − ab≤5с)/(offered − ab≤5с)"`
	LeftMessage    int          `json:"left_for_message" doc:"Пішли з черги інакше: повідомлення, тайм-аут, меню"`
	Messages       int          `json:"messages" doc:"Залишили повідомлення"`
	TargetS        float64      `json:"target_s" doc:"T рівня сервісу, секунд"`
	ServiceLevel   *float64     `json:"service_level" doc:"ans≤T / (ans + ab>5с + пішли після T)"`
	ServiceLevel20 *float64     `json:"service_level_20" doc:"те саме для 20 с"`
	OfAnswered     *float64     `json:"service_level_of_answered" doc:"ans≤T / ans (так рахують інші)"`
	WaitS          float64      `json:"wait_s" doc:"Середнє очікування тих, кому відповіли"`
	ToPersonS      float64      `json:"time_to_person_s" doc:"Від відповіді лінії до голосу оператора, середнє"`
	Talk           Spread       `json:"talk"`
	Hold           Spread       `json:"hold"`
	WrapUp         Spread       `json:"wrap_up"`
	Handling       Spread       `json:"handling" doc:"Розмова + утримання + оформлення"`
	Satisfaction   Satisfaction `json:"satisfaction"`
}

// Spread is how long something took, in seconds.
type Spread struct {
	Count   int     `json:"count"`
	MeanS   float64 `json:"mean_s"`
	MedianS float64 `json:"median_s"`
	P90S    float64 `json:"p90_s" doc:"9 з 10 не довше"`
}

// Satisfaction is the citizens' opinion of one month (docs/metrics.md: national scale; fewer than 5 answers are not published).
type Satisfaction struct {
	Answers      int      `json:"answers"`
	Published    bool     `json:"published" doc:"false: відповідей менше п'яти, показник не оприлюднюють"`
	Excellent    int      `json:"excellent"`
	Good         int      `json:"good"`
	Acceptable   int      `json:"acceptable"`
	Terrible     int      `json:"terrible"`
	Rate         *float64 `json:"rate" doc:"(чудово + добре)/відповіді"`
	Low          *float64 `json:"low" doc:"95-відсотковий інтервал Вілсона"`
	High         *float64 `json:"high"`
	ResponseRate *float64 `json:"response_rate" doc:"Частка тих, хто відповів, серед тих, хто говорив з оператором"`
	SolvedYes    int      `json:"solved_yes"`
	SolvedPartly int      `json:"solved_partly"`
	SolvedNo     int      `json:"solved_no"`
}

// Trouble is something that is wrong and what to do about it.
type Trouble struct {
	What  string `json:"what" doc:"database, speech, sip, disk …"`
	Text  string `json:"text" doc:"Що сталося"`
	Todo  string `json:"todo" doc:"Що зробити"`
	Fatal bool   `json:"fatal" doc:"Через це /healthz відповідає 503"`
}

// Status tells about the line. Inside is only for signed-in people.
type Status struct {
	Name        string    `json:"name" doc:"Назва центру"`
	ShortName   string    `json:"short_name"`
	Number      string    `json:"number" doc:"Номер для набору"`
	Display     string    `json:"number_display"`
	Address     string    `json:"address"`
	Open        bool      `json:"open" doc:"Оператори працюють"`
	HoursText   string    `json:"hours_text" doc:"Години роботи словами"`
	NextChange  time.Time `json:"next_change,omitzero" doc:"Коли відкриється або закриється"`
	CitizenCall bool      `json:"citizen_call" doc:"Сторінку /call увімкнено"`
	Demo        bool      `json:"demo"`
	Emergency   bool      `json:"emergency" doc:"Аварійний режим: база недоступна"`
	LocalCA     bool      `json:"local_ca" doc:"Сертифікат власний: покажіть посилання на /ca"`
	Version     string    `json:"version"`
	Now         time.Time `json:"now"`
	HTTPSPort   int       `json:"https_port" doc:"Порт захищеної сторінки; 0 — її немає"`
	Inside      *Inside   `json:"inside" doc:"null без входу"`
}

// Inside is the working state for those who work here.
type Inside struct {
	Since    time.Time     `json:"since" doc:"Програма працює від"`
	Calls    int           `json:"calls" doc:"Дзвінків зараз"`
	Waiting  int           `json:"waiting"`
	LongestS int           `json:"longest_s"`
	SIPPort  int           `json:"sip_port" doc:"Порт для телефонів на столах"`
	Agents   []AgentStatus `json:"agents"`
	Troubles []Trouble     `json:"troubles"`
}

// AgentStatus is one agent as the head sees them.
type AgentStatus struct {
	Login       string    `json:"login"`
	Name        string    `json:"name"`
	Status      string    `json:"status" enum:"ready,break,offline"`
	Reason      string    `json:"reason"`
	Activity    string    `json:"activity" enum:"idle,offered,talking,wrapup"`
	Since       time.Time `json:"since"`
	Device      string    `json:"device" enum:"browser,phone,both"`
	DeviceAlive bool      `json:"device_alive"`
}
