// Package flow keeps the editions of the voice menu: the scenario, the prompts, and the centre's own words in them.
//
// A Book holds the edition in force; a call keeps the edition it began with (regulation 2.4). An edition that ivr.Check
// refuses is never in force. The scenario and the prompts are the copies in content/, the project's own: functions that do
// not exist yet (callback, link by SMS) are neither spoken nor accepted there. Nothing about one town is in them. The package
// owns no table yet.
package flow

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"dovidka/internal/fault"
	"dovidka/internal/hours"
	"dovidka/internal/ivr"
)

//go:embed content/scenarios.uk.json
var scenarios []byte

//go:embed content/prompts.uk.json
var prompts []byte

// Centre is what the prompts say about the centre; the cases are those that the prompts need.
type Centre struct {
	NameGenitive string   // «Ви зателефонували до …»
	ShortName    string   // nominative
	Owner        string   // who processes personal data, nominative
	Address      string   // «місто …, вулиця …, будинок …»
	Branches     []string // places with a remote desk, nominative; none: not said
}

// Demo is the centre of a demonstration.
func Demo() Centre {
	return Centre{
		NameGenitive: "Центру надання адміністративних послуг (демо)", ShortName: "Центр надання адміністративних послуг",
		Owner: "виконавчий комітет ради", Address: "вулиця Прикладна, будинок один",
	}
}

func (c Centre) consts() map[string]string {
	return map[string]string{
		"org_name": c.NameGenitive, "org_name_short": c.ShortName, "owner_name": c.Owner, "address": strings.TrimRight(c.Address, ". "),
		"branches": strings.Join(c.Branches, ", "),
	}
}

// Options are what an edition needs besides the scenario and the prompts.
type Options struct {
	Centre         Centre
	Hours          *hours.Schedule
	Services       map[string]ivr.Service // catalogue.Texts
	ReadUnverified bool                   // demonstration: unverified cards are read, with a notice
}

// Book holds the edition of the menu that is in force.
type Book struct{ current atomic.Pointer[ivr.Menu] }

// New publishes the stock edition; the error says in Ukrainian why it may not be published.
func New(o Options) (*Book, error) {
	m, err := Build(o)
	if err != nil {
		return nil, err
	}
	b := &Book{}
	if err := b.publish(m); err != nil {
		return nil, err
	}
	return b, nil
}

// Current is the edition in force. It must not be changed.
func (b *Book) Current() *ivr.Menu { return b.current.Load() }

// publish checks an edition and puts it in force.
func (b *Book) publish(m *ivr.Menu) error {
	var bad []string
	for _, p := range ivr.Check(m) {
		if !p.Warning {
			bad = append(bad, p.Node+": "+p.Text)
		}
	}
	if len(bad) > 0 {
		return fmt.Errorf("flow: publish edition %d: %w", m.Edition, fault.New(fault.Invalid, "Меню не можна оприлюднити. "+strings.Join(bad, " ")))
	}
	b.current.Store(m)
	return nil
}

// Build makes the stock edition without publishing it.
func Build(o Options) (*ivr.Menu, error) { return build(o, prompts, scenarios) }

func build(o Options, prompts, scenarios []byte) (*ivr.Menu, error) {
	m := &ivr.Menu{
		Edition: 1, Nodes: map[string]*ivr.Node{}, Prompts: map[string]ivr.Prompt{}, Services: o.Services, Consts: o.Centre.consts(),
		Hours: o.Hours, ReadUnverified: o.ReadUnverified,
	}
	var list []prompt
	if err := decode(prompts, &list); err != nil {
		return nil, err
	}
	for _, p := range list {
		m.Prompts[p.ID] = ivr.Prompt{ID: p.ID, Text: p.Text, Vars: p.Vars, Interruptible: p.Interruptible, Approved: p.Approved}
	}
	var s scenario
	if err := decode(scenarios, &s); err != nil {
		return nil, err
	}
	m.NoInput, m.MaxErrors = time.Duration(s.Menu.NoInput)*time.Second, s.Menu.MaxErrors
	main := item{Type: "menu", Prompt: s.Menu.Prompt, Label: "Головне меню", Keys: s.Menu.Keys}
	return m, grow(m, main, "", "")
}

func decode(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("flow: content: %w", fault.Wrap(fault.Invalid, "Файл меню не вдалося прочитати.", err))
	}
	return nil
}

// prompt is a phrase as the file has it: what the editor needs besides what the menu needs.
type prompt struct {
	ID            string   `json:"id"`
	Group         string   `json:"group"`
	Text          string   `json:"text"`
	When          string   `json:"when"`
	Vars          []string `json:"vars"`
	Interruptible bool     `json:"interruptible"`
	MaxSeconds    *int     `json:"max_seconds"`
	Language      string   `json:"language"`
	EditableBy    string   `json:"editable_by"`
	Approved      bool     `json:"approved"`
}

type scenario struct {
	Menu struct {
		ID         string            `json:"id"`
		Prompt     string            `json:"prompt"`
		GlobalKeys map[string]string `json:"global_keys"`
		NoInput    int               `json:"no_input_s"`
		MaxErrors  int               `json:"max_errors"`
		Keys       map[string]item   `json:"keys"`
	} `json:"menu"`
	Intents []intent `json:"intents"`
}

// item is one place of the scenario.
type item struct {
	Type    string          `json:"type"`
	Prompt  string          `json:"prompt"`
	Label   string          `json:"label"`
	Service string          `json:"service"`
	Action  string          `json:"action"`
	Box     string          `json:"box"`
	Topic   string          `json:"topic"`
	Keys    map[string]item `json:"keys"`
}

// intent is something that citizens call about, and where the menu answers it.
type intent struct {
	ID           string   `json:"id"`
	CallerSays   []string `json:"caller_says"`
	Path         string   `json:"menu_path"` // keys; "0" a person at once, "—" not by the menu
	Services     []string `json:"services"`
	AnsweredBy   string   `json:"answered_by"`
	OperatorWhen string   `json:"operator_when"`
	Department   *string  `json:"department"`
	CardKind     string   `json:"card_kind"`
	Deadline     *string  `json:"deadline"`
	Note         string   `json:"note"`
}

// grow adds an item and everything below it to the menu.
func grow(m *ivr.Menu, it item, id, parent string) error {
	n := &ivr.Node{ID: id, Parent: parent, Label: it.Label, Prompt: it.Prompt, Service: it.Service, Topic: it.Topic, Box: it.Box}
	kind, ok := kindOf(it)
	if !ok {
		return fmt.Errorf("flow: node %q: %w", id, fault.New(fault.Invalid, fmt.Sprintf("Пункт меню %s має невідомий вид «%s %s».", id, it.Type, it.Action)))
	}
	n.Kind = kind
	if n.Label == "" {
		n.Label = m.Services[it.Service].Name
	}
	if len(it.Keys) > 0 {
		n.Keys = map[string]string{}
	}
	m.Nodes[id] = n
	for key, child := range it.Keys {
		below := strings.TrimPrefix(id+"-"+key, "-")
		n.Keys[key] = below
		if err := grow(m, child, below, id); err != nil {
			return err
		}
	}
	return nil
}

func kindOf(it item) (ivr.NodeKind, bool) {
	kind, ok := map[string]ivr.NodeKind{
		"menu/": ivr.KindMenu, "list/": ivr.KindList, "service/": ivr.KindService, "message/": ivr.KindText,
		"action/hours_and_address": ivr.KindHours, "action/ticket_status": ivr.KindStatus, "action/voicemail": ivr.KindMessage, "action/operator": ivr.KindOperator,
	}[it.Type+"/"+it.Action]
	return kind, ok
}
