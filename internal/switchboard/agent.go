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
	if alive := s.alive(a.Login, s.device(a.Login)); alive != a.Alive {
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
	s.desk.Do(queue.Reach{Agent: login, Alive: s.alive(login, s.device(login))})
	s.desk.Do(queue.SetStatus{Agent: login, Status: st, Reason: strings.TrimSpace(reason)})
	s.watchers.nudge()
	return nil
}

// SetDevice chooses where the agent is rung from the next call on.
func (s *Switchboard) SetDevice(_ context.Context, login, device string) error {
	if device != DeviceBrowser && device != DevicePhone && device != DeviceBoth {
		return fault.New(fault.Invalid, "Такого пристрою немає.")
	}
	if s.desk.Snapshot().Agent(login).Activity == queue.Offered {
		return fault.New(fault.Conflict, "Зараз дзвонить телефон. Змініть пристрій після дзвінка.")
	}
	s.mu.Lock()
	s.devices[login] = device
	s.mu.Unlock()
	s.desk.Do(queue.Reach{Agent: login, Alive: s.alive(login, device)})
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
	case r.device == DevicePhone || r.device == DeviceBoth && !s.o.Phones.Alive(login, DeviceBrowser):
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

// Hangup takes the agent out of the talk: alone with the citizen it ends the call (survey), with a second party it leaves the citizen
// to that party.
func (s *Switchboard) Hangup(login string) error { return s.command(login, command{do: doHangup}) }

// Hold puts the citizen on hold with music, or takes them back.
func (s *Switchboard) Hold(login string, on bool) error {
	return s.command(login, command{do: doHold, on: on})
}

// Mute silences the agent towards the others.
func (s *Switchboard) Mute(login string, on bool) error {
	return s.command(login, command{do: doMute, on: on})
}

// Digits presses keys towards the citizen's side.
func (s *Switchboard) Digits(login, keys string) error {
	if keys == "" || len(keys) > 32 || strings.Trim(keys, "0123456789*#") != "" {
		return fault.New(fault.Invalid, "Можна натискати лише цифри, зірочку та решітку.")
	}
	return s.command(login, command{do: doDigits, keys: keys})
}

// Transfer leaves the citizen to somebody who is yet to answer: an operator, the queue, a department. Who does not answer in time
// gives the citizen back.
func (s *Switchboard) Transfer(login string, to Target) error {
	return s.command(login, command{do: doTransfer, to: to})
}

// Consult rings a second party while the citizen hears music.
func (s *Switchboard) Consult(login string, to Target) error {
	return s.command(login, command{do: doConsult, to: to})
}

// Complete leaves the citizen to the second party; one who is still being rung gets the citizen when they answer.
func (s *Switchboard) Complete(login string) error { return s.command(login, command{do: doComplete}) }

// Return brings the agent back to the citizen, without the second party.
func (s *Switchboard) Return(login string) error { return s.command(login, command{do: doReturn}) }

// Conference joins all three.
func (s *Switchboard) Conference(login string) error {
	return s.command(login, command{do: doConference})
}

// Park leaves the citizen with music for any agent to take.
func (s *Switchboard) Park(login string) error { return s.command(login, command{do: doPark}) }

// Move goes on at another telephone of the same agent.
func (s *Switchboard) Move(login, device string) error {
	return s.command(login, command{do: doMove, keys: device})
}

// WrapUpDone ends the agent's wrap-up before its time.
func (s *Switchboard) WrapUpDone(login string) error {
	if s.desk.Snapshot().Agent(login).Activity != queue.WrapUp {
		return fault.New(fault.Conflict, "Завершувати нічого: дзвінок уже оформлено.")
	}
	s.desk.Do(queue.WrapUpDone{Agent: login})
	return nil
}

// errTalkOver answers a wish that came after the end.
var errTalkOver = fault.New(fault.Conflict, "Розмову вже завершено.")

// commandBound is how long a call may take to answer a wish.
const commandBound = 5 * time.Second

// command hands a wish to the talk's own goroutine.
func (s *Switchboard) command(login string, m command) error {
	s.mu.Lock()
	t := s.talks[login]
	s.mu.Unlock()
	if t == nil {
		return errTalkOver
	}
	m.by, m.done = login, make(chan error, 1)
	bound := time.NewTimer(commandBound)
	defer bound.Stop()
	select {
	case t.cmds <- m:
		err := <-m.done
		if err == nil && m.leaves() { // whoever asks next finds what comes after
			s.untilLeft(t, login, bound.C)
		}
		return err
	case <-t.ended:
		return errTalkOver
	case <-bound.C:
		return fault.New(fault.Busy, "Дзвінок не відповідає на команду. Спробуйте ще раз.")
	}
}

// leaves tells a wish after which the one who wished it is out of the talk.
func (m command) leaves() bool {
	switch m.do {
	case doHangup, doTransfer, doComplete, doPark:
		return true
	}
	return false
}

// untilLeft waits until the agent is out of the talk. A guest leaves a talk that goes on.
func (s *Switchboard) untilLeft(t *talk, login string, bound <-chan time.Time) {
	s.mu.Lock()
	in := s.talks[login] == t
	s.mu.Unlock()
	if !in {
		return
	}
	select {
	case <-t.ended:
	case <-bound:
	}
}
