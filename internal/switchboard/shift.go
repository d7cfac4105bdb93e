package switchboard

import (
	"time"

	"dovidka/internal/queue"
	"dovidka/internal/staff"
)

// resumeWithin is how long the program may have been down for its agents to be what they were: longer, and they choose anew.
const resumeWithin = 10 * time.Minute

// shifted tells the keeper of shifts which intervals have ended by a step of the queue, and which go on.
func (s *Switchboard) shifted(orders []queue.Order) {
	if s.o.Shift == nil {
		return
	}
	var out []staff.Interval
	turned := map[string]bool{}
	for _, o := range orders {
		v, ok := o.(queue.Interval)
		if !ok {
			continue
		}
		turned[v.Agent] = true
		if v.To.After(v.From) {
			out = append(out, staff.Interval{Login: v.Agent, Since: v.From, Until: v.To, Status: string(v.Status), Reason: v.Reason,
				Activity: string(v.Activity), Device: s.device(v.Agent)})
		}
	}
	if len(turned) == 0 {
		return
	}
	for _, a := range s.desk.Snapshot().Agents {
		if turned[a.Login] {
			out = append(out, staff.Interval{Login: a.Login, Since: a.Since, Status: string(a.Status), Reason: a.Reason,
				Activity: string(a.Activity), Device: s.device(a.Login)})
		}
	}
	s.o.Shift(out)
}

// Resume gives agents back what they had chosen when the program ended, if that was not long ago: a restart must not silently take
// everybody off the line. Their devices are not here yet; the queue waits for them as it does after a lost connection. It needs Run.
func (s *Switchboard) Resume(left []staff.Interval, now time.Time) {
	for _, v := range left {
		st := queue.Status(v.Status)
		if now.Sub(v.Until) > resumeWithin || st == queue.Offline {
			continue
		}
		if v.Device != "" {
			s.mu.Lock()
			s.devices[v.Login] = v.Device
			s.mu.Unlock()
		}
		s.desk.Do(queue.SetStatus{Agent: v.Login, Status: st, Reason: v.Reason})
	}
}
