package switchboard

import (
	"context"
	"strings"
	"time"

	"dovidka/internal/fault"
	"dovidka/internal/queue"
)

// device is the one the agent has chosen.
func (s *Switchboard) device(login string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d := s.devices[login]; d != "" {
		return d
	}
	return DeviceBrowser
}

// reach tells the queue which agents' devices answer.
func (s *Switchboard) reach() {
	for _, a := range s.desk.Snapshot().Agents {
		s.reachOne(a)
	}
}

func (s *Switchboard) reachOne(a queue.Agent) {
	if alive := s.o.Phones.Alive(a.Login, s.device(a.Login)); alive != a.Alive {
		s.desk.Do(queue.Reach{Agent: a.Login, Alive: alive})
	}
}

// SetStatus sets what an agent chose: ready, break (with a reason) or offline. While busy it waits for the end of the call.
func (s *Switchboard) SetStatus(_ context.Context, login, status, reason string) error {
	st := queue.Status(status)
	if st != queue.Ready && st != queue.Break && st != queue.Offline {
		return fault.New(fault.Invalid, "Такого статусу немає.")
	}
	if r := []rune(reason); len(r) > 80 {
		reason = string(r[:80])
	}
	s.desk.Do(queue.Reach{Agent: login, Alive: s.o.Phones.Alive(login, s.device(login))})
	s.desk.Do(queue.SetStatus{Agent: login, Status: st, Reason: strings.TrimSpace(reason)})
	s.watchers.nudge()
	return nil
}

// SetDevice chooses where the agent is rung from the next call on.
func (s *Switchboard) SetDevice(_ context.Context, login, device string) error {
	if device != DeviceBrowser && device != DevicePhone {
		return fault.New(fault.Invalid, "Такого пристрою немає.")
	}
	if s.desk.Snapshot().Agent(login).Activity == queue.Offered {
		return fault.New(fault.Conflict, "Зараз дзвонить телефон. Змініть пристрій після дзвінка.")
	}
	s.mu.Lock()
	s.devices[login] = device
	s.mu.Unlock()
	s.desk.Do(queue.Reach{Agent: login, Alive: s.o.Phones.Alive(login, device)})
	s.watchers.nudge()
	return nil
}

// Answer takes the call that rings in the agent's browser.
func (s *Switchboard) Answer(login string) error {
	s.mu.Lock()
	r := s.rings[login]
	s.mu.Unlock()
	switch {
	case r == nil:
		return fault.New(fault.Conflict, "Цей дзвінок уже завершився або його прийнято.")
	case r.device == DevicePhone:
		return fault.New(fault.Conflict, "Підніміть слухавку телефону.")
	}
	r.accept()
	return nil
}

// Refuse gives the ringing call back to the queue; the agent is set to a break.
func (s *Switchboard) Refuse(login string) error {
	s.mu.Lock()
	r := s.rings[login]
	s.mu.Unlock()
	if r == nil {
		return fault.New(fault.Conflict, "Цей дзвінок уже завершився.")
	}
	s.desk.Do(queue.Decline{Call: r.call, Agent: login, Cause: queue.CauseRefused})
	return nil
}

// Hangup ends the agent's talk; the citizen goes on to the survey.
func (s *Switchboard) Hangup(login string) error { return s.command(login, command{do: "hangup"}) }

// Hold puts the citizen on hold with music, or takes them back.
func (s *Switchboard) Hold(login string, on bool) error {
	return s.command(login, command{do: "hold", on: on})
}

// Mute silences the agent towards the citizen.
func (s *Switchboard) Mute(login string, on bool) error {
	return s.command(login, command{do: "mute", on: on})
}

// Digits presses keys towards the citizen's side.
func (s *Switchboard) Digits(login, keys string) error {
	if keys == "" || len(keys) > 32 || strings.Trim(keys, "0123456789*#") != "" {
		return fault.New(fault.Invalid, "Можна натискати лише цифри, зірочку та решітку.")
	}
	return s.command(login, command{do: "digits", keys: keys})
}

// WrapUpDone ends the agent's wrap-up before its time.
func (s *Switchboard) WrapUpDone(login string) error {
	if s.desk.Snapshot().Agent(login).Activity != queue.WrapUp {
		return fault.New(fault.Conflict, "Завершувати нічого: дзвінок уже оформлено.")
	}
	s.desk.Do(queue.WrapUpDone{Agent: login})
	return nil
}

// command hands a wish to the talk's own goroutine.
func (s *Switchboard) command(login string, m command) error {
	s.mu.Lock()
	t := s.talks[login]
	s.mu.Unlock()
	over := fault.New(fault.Conflict, "Розмову вже завершено.")
	if t == nil {
		return over
	}
	m.done = make(chan error, 1)
	bound := time.NewTimer(5 * time.Second)
	defer bound.Stop()
	select {
	case t.cmds <- m:
		err := <-m.done
		if m.do == "hangup" { // whoever asks next finds the wrap-up
			select {
			case <-t.ended:
			case <-bound.C:
			}
		}
		return err
	case <-t.ended:
		return over
	case <-bound.C:
		return fault.New(fault.Busy, "Дзвінок не відповідає на команду. Спробуйте ще раз.")
	}
}
