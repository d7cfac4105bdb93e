package web

import (
	"time"

	"dovidka/internal/trunk"
)

// NumberPrefix is a rule for the beginning of numbers.
type NumberPrefix struct {
	Cut string `json:"cut" maxLength:"16" doc:"Прибрати на початку"`
	Add string `json:"add" maxLength:"16" doc:"Поставити натомість"`
}

// TrunkEdit is what the head fills in. The password is written only: it never comes back.
type TrunkEdit struct {
	Title         string         `json:"title" maxLength:"100"`
	Template      string         `json:"template" enum:"binotel,zadarma,register,static"`
	Enabled       bool           `json:"enabled"`
	Register      bool           `json:"register" doc:"Реєструватися на сервері"`
	Server        string         `json:"server" maxLength:"260"`
	Proxy         string         `json:"proxy" maxLength:"260"`
	Transport     string         `json:"transport" enum:"udp,tcp,tls"`
	Login         string         `json:"login" maxLength:"64"`
	AuthLogin     string         `json:"auth_login" maxLength:"100"`
	Realm         string         `json:"realm" maxLength:"200"`
	Password      string         `json:"password,omitempty" maxLength:"200" writeOnly:"true" doc:"Порожньо — лишити той, що є"`
	ExpiresS      int            `json:"expires_s"`
	Peers         []string       `json:"peers" maxItems:"64"`
	Channels      int            `json:"channels" doc:"0 — без межі"`
	KeepaliveS    int            `json:"keepalive_s" doc:"0 — не перевіряти"`
	Codecs        []string       `json:"codecs" maxItems:"4"`
	DTMF          []string       `json:"dtmf" maxItems:"4"`
	SessionTimers bool           `json:"session_timers"`
	CallerID      string         `json:"caller_id" maxLength:"40"`
	Format        string         `json:"format" enum:"+380,380,0"`
	In            []NumberPrefix `json:"in" maxItems:"16"`
	Out           []NumberPrefix `json:"out" maxItems:"16"`
	Version       int            `json:"version"`
}

// TrunkView is a trunk as the head sees it.
type TrunkView struct {
	Name string `json:"name"`
	TrunkEdit
	HasPassword bool      `json:"has_password"`
	Caller      string    `json:"caller" doc:"Заголовок, де номер того, хто телефонує; порожньо — звичайний порядок"`
	Called      string    `json:"called" doc:"Заголовок, де наш номер; порожньо — звичайний порядок"`
	Numbers     []string  `json:"numbers" doc:"Номери, які програма навчилася вважати нашими"`
	Up          bool      `json:"up"`
	Since       time.Time `json:"since,omitzero"`
	Busy        int       `json:"busy" doc:"Розмов зараз"`
}

// TrunkTemplate is a carrier's usual settings, and what is asked.
type TrunkTemplate struct {
	ID       string    `json:"id"`
	Title    string    `json:"title"`
	Hint     string    `json:"hint"`
	Ask      []string  `json:"ask"`
	Settings TrunkEdit `json:"settings"`
}

// TrunkList is the page «Лінії».
type TrunkList struct {
	Trunks    []TrunkView     `json:"trunks"`
	Templates []TrunkTemplate `json:"templates"`
}

// TrunkStep is one step of the check: what was looked at, how it is, what to do.
type TrunkStep struct {
	What  string `json:"what"`
	State string `json:"state" enum:"ok,wait,fail,skip"`
	Say   string `json:"say"`
	Todo  string `json:"todo"`
}

// TrunkRung is one SIP message, without anything personal.
type TrunkRung struct {
	At   time.Time `json:"at"`
	Out  bool      `json:"out" doc:"true — ми надіслали"`
	Text string    `json:"text"`
	Seq  string    `json:"seq"`
	Call string    `json:"call"`
}

// TrunkHealth is how a trunk is now.
type TrunkHealth struct {
	Name   string      `json:"name"`
	Up     bool        `json:"up"`
	Since  time.Time   `json:"since"`
	Busy   int         `json:"busy"`
	Steps  []TrunkStep `json:"steps"`
	Ladder []TrunkRung `json:"ladder"`
}

// InspectedHeader is one header of the call that was waited for.
type InspectedHeader struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	Number  string `json:"number" doc:"Номер у ньому; порожньо — немає"`
	Display string `json:"display"`
}

// Inspection is the call that was waited for.
type Inspection struct {
	Waiting  bool              `json:"waiting"`
	At       time.Time         `json:"at,omitzero"`
	From     string            `json:"from" doc:"IP-адреса, з якої надійшов дзвінок"`
	Stranger bool              `json:"stranger" doc:"Адреси немає в переліку: дзвінок не прийнято"`
	Headers  []InspectedHeader `json:"headers"`
}

// Allowed is a number that may be dialled.
type Allowed struct {
	Number  string    `json:"number"`
	Display string    `json:"display"`
	Title   string    `json:"title"`
	By      string    `json:"by"`
	At      time.Time `json:"at"`
}

// OutgoingCall is one wish to dial, let out or refused.
type OutgoingCall struct {
	At      time.Time `json:"at"`
	By      string    `json:"by"`
	Reason  string    `json:"reason"`
	Display string    `json:"display"`
	Title   string    `json:"title"`
	Call    string    `json:"call"`
	Refused string    `json:"refused" doc:"порожньо — дозволено"`
	Alarm   bool      `json:"alarm"`
	Trunk   string    `json:"trunk"`
	Result  string    `json:"result"`
}

// OutgoingPage is «Куди можна телефонувати».
type OutgoingPage struct {
	Allowed []Allowed      `json:"allowed"`
	Calls   []OutgoingCall `json:"calls"`
}

func (e TrunkEdit) trunk() trunk.Trunk {
	return trunk.Trunk{Title: e.Title, Template: e.Template, Enabled: e.Enabled, Version: e.Version, Settings: trunk.Settings{
		Register: e.Register, Server: e.Server, Proxy: e.Proxy, Transport: e.Transport, Login: e.Login, AuthLogin: e.AuthLogin, Realm: e.Realm,
		ExpiresS: e.ExpiresS, Peers: e.Peers, Channels: e.Channels, KeepaliveS: e.KeepaliveS, Codecs: e.Codecs, DTMF: e.DTMF,
		SessionTimers: e.SessionTimers, CallerID: e.CallerID, Format: e.Format, In: prefixes(e.In), Out: prefixes(e.Out),
	}}
}

func prefixes(in []NumberPrefix) []trunk.Prefix {
	out := []trunk.Prefix{}
	for _, p := range in {
		if p.Cut != "" || p.Add != "" { // an empty line of the form
			out = append(out, trunk.Prefix(p))
		}
	}
	return out
}

func edit(s trunk.Settings) TrunkEdit {
	e := TrunkEdit{Register: s.Register, Server: s.Server, Proxy: s.Proxy, Transport: s.Transport, Login: s.Login, AuthLogin: s.AuthLogin, Realm: s.Realm,
		ExpiresS: s.ExpiresS, Peers: list(s.Peers), Channels: s.Channels, KeepaliveS: s.KeepaliveS, Codecs: list(s.Codecs), DTMF: list(s.DTMF),
		SessionTimers: s.SessionTimers, CallerID: s.CallerID, Format: s.Format, In: []NumberPrefix{}, Out: []NumberPrefix{}}
	for _, p := range s.In {
		e.In = append(e.In, NumberPrefix(p))
	}
	for _, p := range s.Out {
		e.Out = append(e.Out, NumberPrefix(p))
	}
	return e
}

func trunkView(k trunk.Trunk, health []TrunkHealth) TrunkView {
	v := TrunkView{Name: k.Name, TrunkEdit: edit(k.Settings), HasPassword: k.HasPassword, Caller: k.Rules.Caller, Called: k.Rules.Called, Numbers: list(k.Rules.Numbers)}
	v.Title, v.Template, v.Enabled, v.Version = k.Title, k.Template, k.Enabled, k.Version
	for _, h := range health {
		if h.Name == k.Name {
			v.Up, v.Since, v.Busy = h.Up, h.Since, h.Busy
		}
	}
	return v
}

func templates() []TrunkTemplate {
	out := []TrunkTemplate{}
	for _, t := range trunk.Templates() {
		e := edit(t.Settings)
		e.Template, e.Title, e.Enabled = t.ID, "", true
		out = append(out, TrunkTemplate{ID: t.ID, Title: t.Title, Hint: t.Hint, Ask: list(t.Ask), Settings: e})
	}
	return out
}
