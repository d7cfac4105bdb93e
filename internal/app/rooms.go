package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"dovidka/internal/audit"
	"dovidka/internal/call"
	"dovidka/internal/casework"
	"dovidka/internal/catalogue"
	"dovidka/internal/flow"
	"dovidka/internal/hours"
	"dovidka/internal/journal"
	"dovidka/internal/media"
	"dovidka/internal/queue"
	"dovidka/internal/sipua"
	"dovidka/internal/speech"
	"dovidka/internal/staff"
	"dovidka/internal/store"
	"dovidka/internal/survey"
	"dovidka/internal/switchboard"
	"dovidka/internal/trunk"
	"dovidka/internal/web"
	"dovidka/internal/webphone"
)

// rooms is the whole house, open.
type rooms struct {
	conf    Config
	log     *slog.Logger
	doors   *doors
	servers []*http.Server
	started time.Time
	trouble error // why we are in emergency mode; nil: all is well

	db       *store.DB
	journal  *journal.Journal
	casework *casework.Casework
	staff    *staff.Staff
	survey   *survey.Survey
	audit    *audit.Audit
	trunks   *trunk.Trunks // nil in emergency mode

	hours     *hours.Schedule
	catalogue *catalogue.Catalogue
	book      *flow.Book
	studio    *speech.Studio

	media *media.Engine
	sip   *sipua.Server
	hub   *webphone.Hub
	board *switchboard.Switchboard
	talks talkArchive

	shifts *shifts // nil in emergency mode

	wrong    atomic.Pointer[[]web.Trouble]
	leaving  atomic.Bool // new calls are refused: the program is ending
	accounts string      // what the banner says of the accounts
	prepared atomic.Int64
	texts    atomic.Int64
	stop     context.CancelFunc
	stopped  chan struct{}
	opened   chan struct{} // the switchboard is there
}

// open opens the rooms from the bottom up; what cannot be opened closes what was.
func open(ctx context.Context, c Config, d *doors, log *slog.Logger) (*rooms, error) {
	r := &rooms{conf: c, log: log, doors: d, started: time.Now(), stop: func() {}, stopped: make(chan struct{}), opened: make(chan struct{})}
	for _, step := range []func(context.Context) error{r.openRecords, r.openContent, r.openMachines, r.openBoard} {
		if err := step(ctx); err != nil {
			close(r.stopped) // the switchboard, the last step, does not fail: nobody else closes it
			r.close()
			return nil, err
		}
	}
	return r, nil
}

func (r *rooms) openRecords(ctx context.Context) (err error) {
	if r.db, r.trouble, err = openStore(ctx, r.conf, r.log); err != nil {
		return err
	}
	spill := filepath.Join(r.conf.Data, spillName)
	if r.trouble == nil {
		if r.journal, err = journal.New(r.db, spill, r.log); err != nil {
			return fmt.Errorf("журнал дзвінків не відкривається: %w", err)
		}
		if r.trouble = r.takeUp(ctx); r.trouble == nil {
			return nil
		}
		if ctx.Err() != nil {
			return r.trouble
		}
		if err := errors.Join(r.journal.Stop(ctx), r.db.Close()); err != nil { // it opens, but cannot be worked with: a full disk
			r.log.Error("database left alone", "err", err)
		}
		r.db, r.staff, r.trunks = nil, nil, nil
	}
	r.trouble = errors.New(oneLine(r.trouble.Error()))
	r.log.Error("аварійний режим", "err", r.trouble)
	if r.journal, err = journal.New(nil, spill, r.log); err != nil {
		return fmt.Errorf("журнал дзвінків не відкривається: %w", err)
	}
	return nil
}

// takeUp goes on where the last run ended, however it ended.
func (r *rooms) takeUp(ctx context.Context) error {
	r.casework, r.survey, r.audit = casework.New(r.db), survey.New(r.db), audit.New(r.db)
	r.staff = staff.New(r.db, nil)
	r.trunks = trunk.New(r.db, filepath.Join(r.conf.Data, "trunks"), nil)
	n, err := r.journal.Recover(ctx, time.Now())
	if err != nil {
		return fmt.Errorf("база не приймає записів: перевірте місце на диску. Подробиці: %w", err)
	}
	if n > 0 {
		r.log.Warn("calls closed after a restart", "calls", n)
	}
	r.accounts, err = accounts(ctx, r.conf, r.staff)
	return err
}

// oneLine keeps a sentence a sentence: SQLite tells of damage in several lines.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func (r *rooms) openContent(context.Context) (err error) {
	c := r.conf
	if r.hours, err = c.schedule(); err != nil {
		return fmt.Errorf("розклад у налаштуваннях: %s", reason(err))
	}
	if r.catalogue, err = catalogue.Stock(); err != nil {
		return fmt.Errorf("картки послуг: %w", err)
	}
	r.book, err = flow.New(flow.Options{
		Centre: c.flowCentre(),
		Hours:  r.hours, Services: r.catalogue.Texts(), ReadUnverified: c.Demo,
	})
	if err != nil {
		return fmt.Errorf("голосове меню: %s", reason(err))
	}
	if c.Recording.On {
		if err := switchboard.CanAnnounce(r.book.Current()); err != nil {
			return fmt.Errorf("запис розмов: %w", err)
		}
	}
	if r.studio, err = speech.New(speech.Options{Dir: c.clipsDir(), Engines: c.Speech.Engines, Voice: c.Speech.Voice, Command: c.Speech.Command, Log: r.log}); err != nil {
		return fmt.Errorf("голос: %s", reason(err))
	}
	return nil
}

func (r *rooms) openMachines(context.Context) (err error) {
	c := r.conf
	from, to, err := c.RTPRange()
	if err != nil {
		return err
	}
	bind, bind6 := c.soundAddrs()
	public, _ := netip.ParseAddr(c.SIP.PublicIP)
	if r.media, err = media.NewEngine(media.EngineOptions{BindIP: bind, BindIP6: bind6, PublicIP: public, PortFrom: from + from%2 + 2, PortTo: to, Log: r.log}); err != nil {
		return fmt.Errorf("звук: %w", err)
	}
	r.sip, err = sipua.New(sipua.Options{
		Addr: c.SIP.Listen, TLSAddr: c.SIP.TLS, TLS: r.doors.sipTLS, PublicIP: public, Media: r.media, Known: r.known, Limit: c.Limits.Calls + c.Limits.Overload, Patience: setUpPatience, Busy: r.media.Behind,
		OnCall:    func(l *sipua.Leg) { r.ready().Take(context.WithoutCancel(r.background()), l) },
		OnPhone:   func(l *sipua.Leg) { r.ready().FromPhone(l.Phone(), l) },
		OnRefused: r.refused, Realm: staff.Realm, Account: r.account, IgnoreStrangers: c.SIP.Strangers == "ignore", Log: r.log,
	})
	if err != nil {
		return portSentence("порт SIP", strings.TrimSpace(c.SIP.Listen+" "+c.SIP.TLS), err)
	}
	r.hub, err = webphone.New(r.phoneOptions(from, bind, public))
	if err != nil {
		return portSentence("порт звуку браузерів", fmt.Sprint(from), err)
	}
	return nil
}

// setUpPatience is how long a crowd of callers may wait for our 200: half of the time after which their INVITEs would be repeated
// (RFC 3261 §17.1.1.2, T1), and the repetitions would make the crowd a collapse.
const setUpPatience = 250 * time.Millisecond

// portSentence names a port that is taken; any other reason is told as it is.
func portSentence(what, addr string, err error) error {
	for _, known := range []error{unix.EADDRINUSE, unix.EACCES, unix.EADDRNOTAVAIL} {
		if errors.Is(err, known) {
			return errors.New(what + ": " + portReason(addr, known))
		}
	}
	return fmt.Errorf("%s %s: %w", what, addr, err)
}

func (r *rooms) openBoard(ctx context.Context) error {
	l := r.conf.Limits
	o := switchboard.Options{
		Menus: r.book, Clips: r.studio, Journal: r.journal, Phones: phones{r},
		Queue: queue.Config{OfferFor: seconds(l.OfferSeconds), WrapUp: seconds(l.WrapSeconds), LongestWait: time.Duration(l.WaitMinutes) * time.Minute,
			MaxWaiting: l.Waiting},
		MaxCalls: l.Calls, Overload: l.Overload, MessageDir: filepath.Join(r.conf.Data, "messages"), MessageMax: seconds(l.Message),
		Emergency: func() bool { return r.trouble != nil }, FaultClip: speech.Fault(call.ParseNumber(r.conf.Centre.FallbackNumber).Groups()), Alarms: r.alarms, Log: r.log,
	}
	if r.trouble == nil {
		o.Cards, o.Surveys, o.Agents, o.Requests = r.casework, r.survey, r.staff, requests{r.casework}
		r.shifts = newShifts(r.staff, r.log)
		o.Shift, o.Departments = r.shifts.put, r.departments
	} else {
		o.Cards, o.Surveys, o.Agents = noRecords{}, noRecords{}, noRecords{}
	}
	o.SupervisorHidden, o.SupervisorTone, o.Supervised = r.conf.Supervision.Hidden, r.conf.Supervision.Tone, r.supervised
	if r.conf.Recording.On && r.trouble == nil {
		o.RecordingDir = filepath.Join(r.conf.Data, recordingsName)
	}
	r.talks = talkArchive{journal: r.journal, audit: r.audit, dir: filepath.Join(r.conf.Data, recordingsName), days: r.conf.Recording.Days, log: r.log}
	r.board = switchboard.New(o)
	r.seed(ctx)
	r.takeUpSound(ctx)
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	r.stop = stop
	go r.watch(run)
	if r.trouble == nil {
		go r.talks.run(run)
	}
	go func() {
		defer close(r.stopped)
		r.board.Run(run)
	}()
	if r.trunks != nil {
		if err := (lines{r}).Apply(ctx); err != nil { // the page «Лінії» can still mend it
			r.log.Error("trunks are not in force", "err", err)
		}
	}
	if r.shifts != nil {
		r.resume(ctx)
		go r.shifts.run(run)
	}
	close(r.opened)
	return nil
}

// ready is the switchboard for calls from outside: one that comes while we start, such as the repeated INVITE of a caller whom a
// restart has cut off, waits the moment until it is there.
func (r *rooms) ready() *switchboard.Switchboard {
	<-r.opened
	return r.board
}

// seed gives the desks their day so far. Without it they only count from zero: no reason not to start.
func (r *rooms) seed(ctx context.Context) {
	if r.trouble != nil {
		return
	}
	facts, err := r.journal.AgentFacts(ctx, time.Now())
	if err != nil {
		r.log.Warn("the desks' day so far could not be read", "err", err)
	}
	r.board.Seed(facts)
}

// takeUpSound finds what callers were saying, and what was being recorded, when the last run was killed.
func (r *rooms) takeUpSound(ctx context.Context) {
	if r.trouble != nil {
		return
	}
	if n := r.board.TakeUpMessages(ctx, r.journal); n > 0 {
		r.log.Warn("messages saved after a restart", "count", n)
	}
	n, err := r.talks.takeUp(ctx)
	if err != nil {
		r.log.Error("recordings of the last run", "err", err)
	}
	if n > 0 {
		r.log.Warn("recordings ended after a restart", "count", n)
	}
}

// background is the context of calls: they outlive the request to stop, until drain's bound.
func (r *rooms) background() context.Context { return context.Background() }

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

// known tells whether a called number is ours; nothing configured: every number is.
func (r *rooms) known(user string) bool {
	if r.conf.Centre.Number == "" {
		return true
	}
	n := call.ParseNumber(user)
	for _, ours := range append([]string{r.conf.Centre.Number}, r.conf.SIP.Numbers...) {
		if n == call.ParseNumber(ours) {
			return true
		}
	}
	return false
}

// refused writes the record of an INVITE that never became a call: every INVITE ends in exactly one outcome.
func (r *rooms) refused(from, to call.Number, status string) {
	id := call.NewID(time.Now())
	kind := call.Refused
	if status == "503" {
		kind = call.Overloaded
	}
	r.journal.TurnedAway(call.Fact{Call: id, Kind: call.Arrived, From: from, To: to, Name: "sip"}, call.Fact{Call: id, Kind: kind, Cause: status})
}

// account gives a desk phone's digest secret.
func (r *rooms) account(user string) (string, bool) {
	if r.staff == nil {
		return "", false
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	ha1, err := r.staff.HA1(ctx, user)
	return ha1, err == nil && ha1 != ""
}

// prepareVoice renders everything that the menu can say, beside the calls.
func (r *rooms) prepareVoice(ctx context.Context) {
	menu := r.book.Current()
	var texts []string
	for _, l := range append(menu.LinesAround(time.Now()), menu.AllLines()...) {
		texts = append(texts, l.Text)
	}
	r.texts.Store(int64(len(texts)))
	start := time.Now()
	err := r.studio.Prepare(ctx, texts, func(done, total int) {
		r.prepared.Store(int64(done))
		r.texts.Store(int64(total))
	})
	if err != nil && ctx.Err() == nil {
		r.log.Warn("some texts could not be spoken in advance", "err", err)
		return
	}
	r.log.Info("voice prepared", "texts", len(texts), "seconds", time.Since(start).Seconds())
}

// alarms are red strips for every desk.
func (r *rooms) alarms() []string {
	var out []string
	for _, t := range r.Troubles() {
		out = append(out, strings.TrimSpace(t.What+": "+t.Text+" "+t.Todo))
	}
	return out
}

// drain lets running calls finish: new ones get 503 at once, what is left after the bound is hung up.
func (r *rooms) drain() {
	ctx, cancel := context.WithTimeout(context.Background(), seconds(r.conf.Limits.DrainSeconds))
	defer cancel()
	r.sip.Drain()
	r.leaving.Store(true)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := r.sip.Shutdown(ctx); err != nil {
			r.log.Warn("calls were ended by the shutdown", "err", err)
		}
	}()
	r.board.Drain(ctx)
	<-done
	for _, s := range r.servers {
		s.Close()
	}
}

// close closes what is open, from the top down. It is called once, after drain or instead of it.
func (r *rooms) close() {
	r.stop()
	<-r.stopped
	if r.shifts != nil {
		<-r.shifts.done
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if r.hub != nil {
		r.hub.Close()
	}
	if r.sip != nil {
		r.sip.Close()
	}
	if r.media != nil {
		r.media.Close()
	}
	if r.journal != nil {
		if err := r.journal.Stop(ctx); err != nil {
			r.log.Error("facts were not written at the end", "err", err)
		}
	}
	if r.db != nil {
		r.db.Close()
	}
}
