package web

import (
	"context"
	"fmt"

	"github.com/danielgtaylor/huma/v2"

	"dovidka/internal/call"
	"dovidka/internal/switchboard"
)

// Targets are what a call can be transferred to besides the colleagues, who stand in the live view with their presence.
type Targets struct {
	Topics      []Topic      `json:"topics" doc:"Теми черги"`
	Departments []Department `json:"departments" doc:"Підрозділи з переліку дозволених номерів"`
}

// Topic is a topic of the queue.
type Topic struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Department is a number outside, from the list of those that may be dialled.
type Department struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Number string `json:"number" doc:"Номер для читання"`
}

type targetInput struct {
	Body struct {
		Kind string `json:"kind" enum:"agent,queue,department"`
		ID   string `json:"id" minLength:"1" maxLength:"64" doc:"Логін оператора, тема черги або номер із переліку підрозділів"`
	}
}

func (in *targetInput) target() switchboard.Target {
	return switchboard.Target{Kind: in.Body.Kind, ID: in.Body.ID}
}

type slotInput struct {
	Body struct {
		Slot int `json:"slot" minimum:"1" maximum:"999"`
	}
}

type moveInput struct {
	Body struct {
		Device string `json:"device" enum:"browser,phone"`
	}
}

// transferOps are the acts on a talk that bring somebody else into it. Each is by the agent whose talk it is: whoever has none is told so.
func (s *Server) transferOps(desk func(id, path, summary string) huma.Operation) {
	handle(s, huma.Operation{OperationID: "deskTargets", Method: "GET", Path: "/api/desk/targets", Summary: "Кому можна передати дзвінок"}, s.targets)
	handle(s, desk("deskTransfer", "transfer", "Передати дзвінок одразу"), func(ctx context.Context, in *targetInput) (*body[AgentView], error) {
		return s.after(ctx, s.o.Desk.Transfer(login(ctx), in.target()))
	})
	handle(s, desk("deskConsult", "consult", "Порадитися, поки громадянин чує музику"), func(ctx context.Context, in *targetInput) (*body[AgentView], error) {
		return s.after(ctx, s.o.Desk.Consult(login(ctx), in.target()))
	})
	handle(s, desk("deskComplete", "complete", "З'єднати громадянина з тим, з ким радилися"), func(ctx context.Context, _ *struct{}) (*body[AgentView], error) {
		return s.after(ctx, s.o.Desk.Complete(login(ctx)))
	})
	handle(s, desk("deskReturn", "return", "Повернутися до громадянина"), func(ctx context.Context, _ *struct{}) (*body[AgentView], error) {
		return s.after(ctx, s.o.Desk.Return(login(ctx)))
	})
	handle(s, desk("deskConference", "conference", "Розмова втрьох"), func(ctx context.Context, _ *struct{}) (*body[AgentView], error) {
		return s.after(ctx, s.o.Desk.Conference(login(ctx)))
	})
	handle(s, desk("deskPark", "park", "Поставити дзвінок на паркування"), func(ctx context.Context, _ *struct{}) (*body[AgentView], error) {
		return s.after(ctx, s.o.Desk.Park(login(ctx)))
	})
	handle(s, desk("deskTake", "take", "Узяти припаркований дзвінок"), func(ctx context.Context, in *slotInput) (*body[AgentView], error) {
		if head(ctx) {
			return nil, errOnlyOperator
		}
		return s.after(ctx, s.o.Desk.TakeParked(login(ctx), in.Body.Slot))
	})
	handle(s, desk("deskMove", "move", "Перенести розмову на інший пристрій"), func(ctx context.Context, in *moveInput) (*body[AgentView], error) {
		return s.after(ctx, s.o.Desk.Move(login(ctx), in.Body.Device))
	})
}

// targets lists the topics and the departments.
func (s *Server) targets(context.Context, *struct{}) (*body[Targets], error) {
	out := Targets{Topics: []Topic{}, Departments: []Department{}}
	for _, id := range s.o.Desk.Topics() {
		name := topicName(id)
		if name == "" {
			name = "Загальна черга"
		}
		out.Topics = append(out.Topics, Topic{id, name})
	}
	all, err := s.o.Desk.Departments()
	for _, d := range all {
		out.Departments = append(out.Departments, Department{d.ID, d.Name, d.Number.Display()})
	}
	return &body[Targets]{out}, err
}

// second tells what a second party did to the talk.
func (t *teller) second(f call.Fact) string {
	who, whom := t.sh.name(f.Agent), t.whom(f)
	switch f.Kind {
	case call.ConsultBegun:
		return fmt.Sprintf("Почато пораду: %s → %s; громадянин чує музику.", who, whom)
	case call.ConsultAnswered:
		return fmt.Sprintf("На пораду відповіли: %s.", whom)
	case call.ConsultEnded:
		return fmt.Sprintf("Пораду завершено (%s): %s. З громадянином знову %s.", whom, second(f.Cause), who)
	case call.Conference:
		return fmt.Sprintf("Розмова втрьох: громадянин, %s, %s.", who, whom)
	case call.Transferred:
		if f.Cause == "attended" {
			return fmt.Sprintf("Дзвінок передано після поради: %s → %s.", who, whom)
		}
		return fmt.Sprintf("Дзвінок передано: %s → %s; громадянин чує музику.", who, whom)
	case call.TransferFailed:
		return fmt.Sprintf("Передати не вдалося (%s): %s.", whom, second(f.Cause))
	case call.Parked:
		return fmt.Sprintf("Дзвінок поставлено на паркування, місце %d (%s); громадянин чує музику.", f.Count, who)
	case call.Unparked:
		if f.Cause == "timeout" {
			return fmt.Sprintf("Ніхто не взяв дзвінок із паркування, місце %d: повертається до того, хто його поставив (%s).", f.Count, who)
		}
		return fmt.Sprintf("Дзвінок узято з паркування, місце %d (%s).", f.Count, who)
	case call.Outside:
		return fmt.Sprintf("З громадянином розмовляє підрозділ: %s.", f.Value)
	case call.OutsideEnded:
		return fmt.Sprintf("Розмову з підрозділом завершено (%s)%s.", f.Value, outsideEnd(f.Cause))
	}
	return ""
}

// whom names the second party of a fact.
func (t *teller) whom(f call.Fact) string {
	switch f.Name {
	case "agent":
		return t.sh.name(f.Value)
	case "queue":
		if n := topicName(f.Value); n != "" {
			return "черга, тема «" + n + "»"
		}
		return "загальна черга"
	}
	return f.Value
}

func outsideEnd(cause string) string {
	switch cause {
	case "caller":
		return ": поклав слухавку громадянин"
	case "lost":
		return ": зв'язок перервався, громадянин повертається в чергу"
	}
	return ""
}
