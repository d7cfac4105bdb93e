package web

import "time"

// AgentView is one desk's whole live state, pushed over /api/live on every change.
type AgentView struct {
	Me       ViewMe       `json:"me"`
	Offer    *ViewOffer   `json:"offer"`
	Talk     *ViewTalk    `json:"talk"`
	WrapUp   *ViewWrapUp  `json:"wrapup"`
	Queue    ViewQueue    `json:"queue"`
	Messages ViewMessages `json:"messages"`
	Strips   []ViewStrip  `json:"strips"`
	Today    ViewToday    `json:"today"`
	Open     bool         `json:"open"`
	Now      time.Time    `json:"now"`
}

// ViewMe is the agent.
type ViewMe struct {
	Login       string    `json:"login"`
	Name        string    `json:"name"`
	Role        string    `json:"role" enum:"head,operator"`
	Status      string    `json:"status" enum:"ready,break,offline"`
	Reason      string    `json:"reason"`
	Activity    string    `json:"activity" enum:"idle,offered,talking,wrapup"`
	Since       time.Time `json:"since"`
	Device      string    `json:"device" enum:"browser,phone"`
	DeviceAlive bool      `json:"device_alive"`
}

// ViewOffer is the call that rings.
type ViewOffer struct {
	Call         string    `json:"call"`
	NumberMasked string    `json:"number_masked"`
	Topic        string    `json:"topic"`
	Service      string    `json:"service"`
	Path         []string  `json:"path"`
	WaitedS      int       `json:"waited_s"`
	Deadline     time.Time `json:"deadline"`
}

// ViewTalk is the talk that goes on.
type ViewTalk struct {
	Call    string    `json:"call"`
	Number  string    `json:"number"`
	Since   time.Time `json:"since"`
	Held    bool      `json:"held"`
	Muted   bool      `json:"muted"`
	Lost    bool      `json:"lost"`
	WaitedS int       `json:"waited_s"`
	Path    []string  `json:"path"`
	Service string    `json:"service"`
	Card    string    `json:"card"`
}

// ViewWrapUp is the time after a talk.
type ViewWrapUp struct {
	Call  string    `json:"call"`
	Until time.Time `json:"until"`
	Card  string    `json:"card"`
}

// ViewQueue is the queue in figures.
type ViewQueue struct {
	Waiting  int `json:"waiting"`
	LongestS int `json:"longest_s"`
	Ready    int `json:"ready"`
	Talking  int `json:"talking"`
}

// ViewMessages counts messages.
type ViewMessages struct {
	Open int `json:"open"`
}

// ViewStrip is a strip across the top of the page.
type ViewStrip struct {
	Kind string `json:"kind" enum:"alarm,wait,info"`
	Text string `json:"text"`
}

// ViewToday is the agent's own day in figures.
type ViewToday struct {
	Answered int `json:"answered"`
	Missed   int `json:"missed"`
	TalkS    int `json:"talk_s"`
}
