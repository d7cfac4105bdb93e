package web

import (
	"context"
	"io"
	"net/http"
	"time"

	"dovidka/internal/audit"
	"dovidka/internal/call"
	"dovidka/internal/casework"
	"dovidka/internal/journal"
	"dovidka/internal/staff"
	"dovidka/internal/survey"
	"dovidka/internal/switchboard"
)

// Staff signs people in and out; the rate limit of sign-in is inside (a Busy fault). *staff.Staff fits.
type Staff interface {
	SignIn(ctx context.Context, login, password, ip string) (staff.Session, error)
	Session(ctx context.Context, token string) (staff.Session, error)
	SignOut(ctx context.Context, token string) error
	Agents(ctx context.Context) ([]staff.Agent, error)
}

// Journal reads what happened. *journal.Journal fits.
type Journal interface {
	List(ctx context.Context, f journal.Filter) (journal.Page, error)
	Story(ctx context.Context, id call.ID) (journal.Story, error)
	Totals(ctx context.Context, month string, target time.Duration) (journal.Totals, error)
	CSV(ctx context.Context, w io.Writer, month string) error
	Recordings(ctx context.Context, id call.ID) ([]journal.Recording, error)
	Recording(ctx context.Context, id string) (journal.Recording, error)
}

// Casework keeps what is written about calls and what citizens have said after the tone. *casework.Casework fits.
type Casework interface {
	Card(ctx context.Context, number string) (casework.Card, error)
	CardOf(ctx context.Context, id call.ID) (casework.Card, error)
	Unfinished(ctx context.Context, agent string, since time.Time) ([]casework.Card, error)
	SaveCard(ctx context.Context, number string, e casework.Edit, by string, at time.Time) (casework.Card, error)
	Messages(ctx context.Context, box, state string) ([]casework.Message, error)
	Message(ctx context.Context, number string) (casework.Message, error)
	Take(ctx context.Context, number, by string, at time.Time) (casework.Message, error)
	Done(ctx context.Context, number, by, note string, at time.Time) (casework.Message, error)
	Counts(ctx context.Context, now time.Time) (open, overdue int, err error)
}

// Survey keeps the answers after a talk. *survey.Survey fits.
type Survey interface {
	Answer(ctx context.Context, id call.ID) (survey.Answer, error)
}

// Audit notes who saw or changed whose data (Law 2297-VI). A view that cannot be noted is not shown. *audit.Audit fits.
type Audit interface {
	Note(ctx context.Context, e audit.Entry) error
}

// Catalogue finds service cards; an unknown id is a NotFound fault.
type Catalogue interface {
	Services(ctx context.Context, query string) ([]Service, error)
	Service(ctx context.Context, id string) (Service, error)
}

// Desk is the switchboard as an agent's desk uses it; every act is by the agent's own login.
type Desk interface {
	SetStatus(ctx context.Context, login, status, reason string) error
	SetDevice(ctx context.Context, login, device string) error
	Answer(login string) error
	Refuse(login string) error
	Hangup(login string) error
	Hold(login string, on bool) error
	Mute(login string, on bool) error
	Digits(login, keys string) error
	WrapUpDone(login string) error
	Topics() []string
	Departments() ([]switchboard.Department, error)
	Transfer(login string, to switchboard.Target) error
	Consult(login string, to switchboard.Target) error
	Complete(login string) error
	Return(login string) error
	Conference(login string) error
	Park(login string) error
	TakeParked(login string, slot int) error
	Move(login, device string) error
	MessagesChanged(ctx context.Context) // the count of open messages on the desks is out of date
	PauseRecording(login string, on bool) error
	Board(head string) switchboard.BoardView
	Supervise(ctx context.Context, head string, id call.ID, mode, device string) error
	Unsupervise(head string)
	View(login string) AgentView
	Watch() (changed <-chan struct{}, stop func())
}

// Talks deletes the sound of recorded talks; it notes that in the audit itself. app knows it.
type Talks interface {
	Delete(ctx context.Context, id, by, ip, reason string) error
}

// Phones are the browser telephones; both methods take the connection over. *webphone.Hub fits.
type Phones interface {
	ServeAgent(w http.ResponseWriter, r *http.Request, login string)
	ServeCitizen(w http.ResponseWriter, r *http.Request)
}

// Centre tells about the centre and the health of the whole; app knows it.
type Centre interface {
	Status(ctx context.Context) Status          // the public part
	Inside(ctx context.Context) (Inside, error) // what those who work here may see; Troubles is asked for apart
	Troubles() []Trouble                        // what makes /healthz 503, and warnings
}
