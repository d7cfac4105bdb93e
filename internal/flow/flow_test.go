package flow

import (
	"slices"
	"strings"
	"testing"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/catalogue"
	"dovidka/internal/hours"
	"dovidka/internal/ivr"
	"dovidka/internal/spoken"
)

func demo(t *testing.T, change func(*Options)) *ivr.Menu {
	t.Helper()
	c, err := catalogue.Stock()
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Centre: Demo(), Hours: hours.Always(), Services: c.Texts(), ReadUnverified: true}
	if change != nil {
		change(&o)
	}
	m, err := Build(o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestStockEditionMayBePublished(t *testing.T) {
	c, err := catalogue.Stock()
	if err != nil {
		t.Fatal(err)
	}
	office, err := hours.New(hours.Default())
	if err != nil {
		t.Fatal(err)
	}
	for _, unverified := range []bool{true, false} {
		b, err := New(Options{Centre: Demo(), Hours: office, Services: c.Texts(), ReadUnverified: unverified})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range ivr.Check(b.Current()) {
			t.Logf("warning %s: %s", p.Node, p.Text)
		}
	}
	if _, err := New(Options{Centre: Demo(), Hours: office}); err == nil {
		t.Error("an edition without service cards was published")
	}
}

// Nothing that is said by the stock edition is beyond the normaliser.
func TestAllLinesCanBeSaid(t *testing.T) {
	m := demo(t, nil)
	lines := m.AllLines()
	if len(lines) < 700 {
		t.Errorf("only %d lines", len(lines))
	}
	office, err := hours.New(hours.Default())
	if err != nil {
		t.Fatal(err)
	}
	m.Hours = office
	around := m.LinesAround(time.Date(2026, 11, 27, 9, 0, 0, 0, time.UTC))
	for _, l := range slices.Concat(lines, around) {
		if _, err := spoken.Words(l.Text); err != nil {
			t.Errorf("%s: %v", l.ID, err)
		}
		if strings.ContainsAny(l.Text, "{}") {
			t.Errorf("%s: a variable is left: %s", l.ID, l.Text)
		}
	}
}

// A citizen walks through the whole menu with keys: all 78 services are read out in all their parts, and from every place a
// person is one key away.
func TestCrawl(t *testing.T) {
	m := demo(t, nil)
	heard := map[string]bool{}
	visited := map[string]bool{}
	var crawl func(keys string)
	crawl = func(keys string) {
		s, lines := walk(m, keys)
		visited[s.Node] = true
		for _, l := range lines {
			heard[l.ID] = true
		}
		if s.Phase != ivr.Away && !reaches[ivr.Enqueue](m, keys+"0") && !reaches[ivr.Enqueue](m, keys+"0.") {
			t.Errorf("%q: no person behind 0", keys)
		}
		n := m.Nodes[s.Node]
		if n.Kind == ivr.KindService {
			for _, k := range "123" {
				_, lines := walk(m, keys+string(k))
				for _, l := range lines {
					heard[l.ID] = true
				}
			}
			return
		}
		for k := range n.Keys {
			crawl(keys + k)
		}
	}
	crawl("")
	if len(visited) != len(m.Nodes) {
		t.Errorf("%d of %d nodes were reached", len(visited), len(m.Nodes))
	}
	for id := range m.Services {
		for _, part := range []string{"summary", "documents", "term_fee", "ways"} {
			if !heard["service:"+id+"/"+part] {
				t.Errorf("%s: %s was not read out", id, part)
			}
		}
	}
	if len(m.Services) != 78 {
		t.Errorf("%d services", len(m.Services))
	}
}

// walk presses keys ("." is silence) and gives the lines of the last answer.
func walk(m *ivr.Menu, keys string) (ivr.State, []ivr.Line) {
	var s ivr.State
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	orders := ivr.Step(m, &s, now, ivr.Begin{})
	for _, k := range []byte(keys) {
		if k == '.' {
			orders = ivr.Step(m, &s, now, ivr.Timeout{})
			continue
		}
		orders = ivr.Step(m, &s, now, ivr.Key{Key: k})
	}
	var lines []ivr.Line
	for _, o := range orders {
		if say, ok := o.(ivr.Say); ok {
			lines = append(lines, say.Lines...)
		}
	}
	return s, lines
}

func reaches[O ivr.Order](m *ivr.Menu, keys string) bool {
	var s ivr.State
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	ivr.Step(m, &s, now, ivr.Begin{})
	for _, k := range []byte(keys) {
		var e ivr.Event = ivr.Key{Key: k}
		if k == '.' {
			e = ivr.Timeout{}
		}
		for _, o := range ivr.Step(m, &s, now, e) {
			if _, ok := o.(O); ok {
				return true
			}
		}
	}
	return false
}

// What citizens call about is where the table of intents says.
func TestIntents(t *testing.T) {
	m := demo(t, nil)
	var sc scenario
	if err := decode(scenarios, &sc); err != nil {
		t.Fatal(err)
	}
	if len(sc.Intents) < 27 {
		t.Errorf("%d intents", len(sc.Intents))
	}
	actions := map[string]ivr.NodeKind{"1-1": ivr.KindHours, "5-1": ivr.KindStatus, "5-2": ivr.KindMessage}
	for _, in := range sc.Intents {
		for _, id := range in.Services {
			if _, ok := m.Services[id]; !ok {
				t.Errorf("%s: no service %s", in.ID, id)
			}
		}
		if in.Path == "—" {
			continue
		}
		keys := strings.ReplaceAll(in.Path, "-", "")
		if keys == "0" {
			if !reaches[ivr.Enqueue](m, "0") {
				t.Errorf("%s: no person", in.ID)
			}
			continue
		}
		s, _ := walk(m, keys)
		n := m.Nodes[s.Node]
		if want, ok := actions[in.Path]; ok {
			if n.Kind != want {
				t.Errorf("%s: %s is %s", in.ID, in.Path, n.Kind)
			}
			continue
		}
		if n.Kind != ivr.KindService || !slices.Contains(in.Services, n.Service) {
			t.Errorf("%s: %s leads to %s %s", in.ID, in.Path, n.Kind, n.Service)
		}
	}
}

// Functions that do not exist yet are neither spoken nor accepted.
func TestNoPromisesOfMissingFunctions(t *testing.T) {
	m := demo(t, nil)
	spokenNow := append(m.AllLines(), m.LinesAround(time.Now())...)
	unused := []string{"queue.callback", "alert.", "menu.service_sms", "menu.search_voice", "transfer.", "voicemail.review", "survey.comment", "closed.now", "notice.recording"}
	for _, l := range spokenNow {
		if slices.ContainsFunc(unused, func(p string) bool { return strings.HasPrefix(l.ID, p) }) {
			continue
		}
		for _, word := range []string{"зворотний дзвінок", "посилання", "буде записано"} {
			if strings.Contains(strings.ToLower(l.Text), word) {
				t.Errorf("%s promises «%s»: %s", l.ID, word, l.Text)
			}
		}
	}
	if _, lines := walk(m, "2314"); len(lines) == 0 || lines[0].ID != "error.invalid" {
		t.Errorf("key 4 of a card is accepted: %v", lines)
	}
}

// The topic and the card of the place go with the caller to the queue.
func TestTopicGoesAlong(t *testing.T) {
	m := demo(t, nil)
	var s ivr.State
	now := time.Now()
	for _, e := range []ivr.Event{ivr.Begin{From: call.Number("")}, ivr.Key{Key: '2'}, ivr.Key{Key: '3'}, ivr.Key{Key: '1'}} {
		ivr.Step(m, &s, now, e)
	}
	orders := ivr.Step(m, &s, now, ivr.Key{Key: '0'})
	if got, want := orders[len(orders)-1], (ivr.Enqueue{Topic: "documents", Service: "foreign-passport"}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
