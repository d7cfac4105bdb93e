package app

import (
	"context"
	"fmt"
	"html/template"
	"net/http"
	"net/netip"
	"os"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/catalogue"
	"dovidka/internal/queue"
	"dovidka/internal/staff"
	"dovidka/internal/switchboard"
	"dovidka/internal/web"
	"dovidka/ui"
)

// handler is the door for browsers: the whole one, or in emergency mode the page that says what to do.
func (r *rooms) handler() http.Handler {
	if r.trouble != nil {
		return r.emergencyPages()
	}
	files, err := ui.Files()
	if err != nil { // cannot be: dist is embedded
		r.log.Error("ui", "err", err)
	}
	return web.New(web.Options{
		Staff: r.staff, Journal: r.journal, Casework: r.casework, Survey: r.survey, Catalogue: cards{r.catalogue}, Audit: r.audit,
		Desk: r.board, Phones: r.hub, Talks: r.talks, Centre: r, Trunks: r.trunks, Lines: lines{r}, Sounds: os.DirFS(r.conf.Data), UI: files, CACert: r.doors.ca,
		Location: r.hours.Location(), Target: seconds(r.conf.Limits.TargetAnswer), Log: r.log,
	}).Handler()
}

// Status tells about the centre (web.Centre).
func (r *rooms) Status(context.Context) web.Status {
	now := time.Now()
	v := r.hours.At(now)
	number := call.ParseNumber(r.conf.Centre.Number)
	st := web.Status{
		Name: r.conf.Centre.Name, ShortName: r.conf.Centre.ShortName, Number: string(number), Display: number.Display(), Address: r.conf.Centre.Address,
		Open: v.Open, HoursText: r.hours.OperatorHours(), NextChange: v.Until, CitizenCall: r.conf.HTTP.CitizenCall, Demo: r.conf.Demo,
		Emergency: r.trouble != nil, Version: version(), HTTPSPort: port(r.doors.https),
	}
	return st
}

// Inside is the working state: the queue and every operator, also those who have not come yet (web.Centre).
func (r *rooms) Inside(ctx context.Context) (web.Inside, error) {
	q, team := r.board.Team()
	in := web.Inside{Since: r.started, Calls: r.board.Calls(), Waiting: q.Waiting, LongestS: q.LongestS, SIPPort: int(r.sip.Addr().Port())}
	people, err := r.staff.Agents(ctx)
	if err != nil {
		return in, err
	}
	for _, p := range people {
		if p.Role != staff.RoleOperator {
			continue
		}
		a := web.AgentStatus{Login: p.Login, Name: p.Name, Status: string(queue.Offline), Activity: string(queue.Idle), Since: r.started, Device: switchboard.DeviceBrowser}
		for _, m := range team {
			if m.Login == p.Login {
				a.Status, a.Reason, a.Activity, a.Since, a.Device, a.DeviceAlive = m.Status, m.Reason, m.Activity, m.Since, m.Device, m.DeviceAlive
			}
		}
		in.Agents = append(in.Agents, a)
	}
	return in, nil
}

// port is the port of an address; 0 for none.
func port(addr string) int {
	p, err := netip.ParseAddrPort(addr)
	if err != nil {
		return 0
	}
	return int(p.Port())
}

// Troubles lists what is wrong now (web.Centre). It answers at once: a desk must never wait for a disk or a process.
func (r *rooms) Troubles() []web.Trouble {
	var out []web.Trouble
	if r.leaving.Load() { // a monitor or a load balancer looks elsewhere from now on
		out = append(out, web.Trouble{What: "Зупинка", Text: "програма завершує роботу: нові дзвінки не приймаються, поточні закінчуються.", Fatal: true})
	}
	if t := r.wrong.Load(); t != nil {
		out = append(out, *t...)
	}
	return out
}

// watch looks for troubles until ctx ends.
func (r *rooms) watch(ctx context.Context) {
	tick := time.NewTicker(5 * time.Second)
	defer tick.Stop()
	for {
		t := r.troubles()
		r.wrong.Store(&t)
		r.noteTrunks()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (r *rooms) troubles() []web.Trouble {
	var out []web.Trouble
	if r.trouble != nil {
		out = append(out, web.Trouble{What: "База", Text: r.trouble.Error() + ".", Todo: "Потім перезапустіть програму.", Fatal: true})
	} else if !r.journal.Healthy() {
		out = append(out, web.Trouble{What: "Журнал", Text: "база не приймає записів, факти дзвінків пишуться в запасний файл.", Todo: "Перевірте місце на диску; дзвінки приймаються.", Fatal: true})
	}
	if !r.studio.Ready() {
		out = append(out, web.Trouble{What: "Голос", Text: "жоден рушій не встановлено, лінія каже лише вбудовані фрази і з'єднує з оператором.", Todo: "Виконайте scripts/need run і перезапустіть програму."})
	}
	out = append(out, r.trunkTroubles(context.Background())...)
	if a := r.outAlarm(context.Background()); a != "" {
		out = append(out, web.Trouble{What: "Вихідні дзвінки", Text: a, Todo: "Перегляньте їх на сторінці «Лінії» і, якщо це не ця людина, змініть пароль запису."})
	}
	if d := diskSpace(r.conf.Data); !d.ok {
		out = append(out, web.Trouble{What: "Диск", Text: d.say + "."})
	}
	return out
}

// cards shows the catalogue's cards to an operator.
type cards struct{ c *catalogue.Catalogue }

// Services finds cards; an empty query gives all.
func (c cards) Services(_ context.Context, query string) ([]web.Service, error) {
	found := c.c.Search(query)
	if query == "" {
		found = c.c.All()
	}
	out := make([]web.Service, 0, len(found))
	for _, k := range found {
		out = append(out, serviceOf(k))
	}
	return out, nil
}

// Service gives one card.
func (c cards) Service(_ context.Context, id string) (web.Service, error) {
	k, err := c.c.Card(id)
	if err != nil {
		return web.Service{}, err
	}
	return serviceOf(k), nil
}

func serviceOf(k catalogue.Card) web.Service {
	return web.Service{
		ID: k.ID, Name: k.Name, Category: k.Category, CategoryName: k.CategoryName, Summary: k.Summary, Documents: k.Documents, Term: k.Term.Text,
		Fee: k.Fee.Text, Where: k.Where, Result: k.Result, RefusalGrounds: k.RefusalGrounds, LegalBasis: k.LegalBasis, OperatorHint: k.OperatorHint,
		Verified: k.Verified,
	}
}

var emergencyPage = template.Must(template.New("emergency").Parse(`<!doctype html>
<html lang="uk"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Довідка: технічна несправність</title>
<style>
:root{color-scheme:light dark;--bg:#F6F7F9;--ink:#151A21;--alarm:#B3261E}
@media(prefers-color-scheme:dark){:root{--bg:#11151B;--ink:#E9EDF3;--alarm:#FF8F85}}
body{font:18px/1.5 system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem;background:var(--bg);color:var(--ink)}h1{color:var(--alarm);font-size:28px}code{font-size:16px}
</style>
<h1>■ Технічна несправність: аварійний режим</h1>
<p>{{.Why}}.</p>
<p>Громадяни чують, що сталася технічна несправність{{if .Number}}, і номер {{.Number}}{{end}}. Факти дзвінків пишуться в запасний файл <code>facts.spill</code> і ввійдуть до журналу, щойно база запрацює.</p>
<h2>Що зробити</h2>
<ol><li>Подивіться, чи є місце на диску і права на теку даних: <code>dovidka doctor --data {{.Data}}</code></li>
<li>Якщо файл бази пошкоджено — зупиніть програму і відновіть копію: <code>dovidka restore ФАЙЛ --data {{.Data}}</code></li>
<li>Запустіть програму знову.</li></ol>
</html>`))

// emergencyPages answer while the database cannot be used: what happened and what to do, and 503 for monitors.
func (r *rooms) emergencyPages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintf(w, `{"ok":false,"reasons":["emergency: database"]}`+"\n")
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusServiceUnavailable)
		err := emergencyPage.Execute(w, map[string]any{"Why": r.trouble.Error(), "Data": r.conf.Data, "Number": call.ParseNumber(r.conf.Centre.FallbackNumber).Display()})
		if err != nil {
			r.log.Debug("emergency page", "err", err)
		}
	})
	return mux
}
