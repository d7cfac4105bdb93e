package switchboard

import (
	"context"
	"strconv"
	"strings"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/ivr"
)

// surveyWaits is how long each question waits for a key; hanging up at any point is fine (regulation 4.2: voluntary).
const surveyWaits = 7 * time.Second

// survey asks for the opinion after a talk that the agent ended. 0 is the operator here as everywhere.
func (c *conductor) survey() (how string, err error) {
	c.stopMusic()
	if c.askedLately() {
		return "talked", nil
	}
	lines := append(c.line(nil, "survey.invite"), c.line(nil, "survey.score")...)
	if len(lines) == 0 {
		return "talked", nil
	}
	key, err := c.ask(lines, "1234")
	if err != nil || key < '1' || key > '4' {
		return operatorOr(key, "talked"), err
	}
	score := int(key - '0')
	c.note(call.Fact{Kind: call.Scored, Value: strconv.Itoa(score)})
	c.saveSurvey(score, "")
	key, err = c.ask(c.line(nil, "survey.solved"), "123")
	if err != nil || key < '1' || key > '3' {
		return operatorOr(key, "talked"), err
	}
	solved := map[byte]string{'1': "yes", '2': "partly", '3': "no"}[key]
	c.note(call.Fact{Kind: call.Solved, Value: solved})
	c.saveSurvey(score, solved)
	key, err = c.say(c.line(nil, "survey.thanks"))
	return operatorOr(key, "talked"), err
}

func operatorOr(key byte, how string) string {
	if key == '0' {
		return again
	}
	return how
}

// ask puts a question, twice if need be, and gives a key of the allowed ones, '0', '#', or 0 for no answer.
func (c *conductor) ask(lines []ivr.Line, allowed string) (byte, error) {
	wait := time.NewTimer(time.Hour)
	wait.Stop()
	defer wait.Stop()
	defer c.speak.stop()
	c.speak.start(lines, false)
	for tries := 2; c.speak.busy() || c.speak.said; {
		select {
		case <-c.ctx.Done():
			return 0, c.why()
		case d := <-c.port.Digits():
			switch {
			case d.Key == '0' || d.Key == '#' || strings.IndexByte(allowed, d.Key) >= 0:
				return d.Key, nil
			case d.Key == '*':
				wait.Stop()
				c.speak.start(lines, false)
			}
		case <-c.speak.C():
			c.speak.next()
			if !c.speak.busy() {
				wait.Reset(surveyWaits)
			}
		case <-wait.C:
			if tries--; tries == 0 {
				return 0, nil
			}
			lines = lines[len(lines)-1:] // without the invitation
			c.speak.start(lines, false)
		}
	}
	if c.gone() {
		return 0, c.why()
	}
	return 0, nil
}

func (c *conductor) saveSurvey(score int, solved string) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(c.ctx), closingTime)
	defer stop()
	if err := c.s.o.Surveys.Save(ctx, c.id, score, solved, time.Now().UTC()); err != nil {
		c.log.Error("switchboard: survey", "err", err)
		c.note(call.Fact{Kind: call.Fault, Cause: "survey"})
	}
}

// askedLately tells whether this number was asked within SurveyEvery, and remembers that it is asked now.
func (c *conductor) askedLately() bool {
	s, every := c.s, c.s.o.SurveyEvery
	from := c.leg.From()
	if every <= 0 || from == "" {
		return false
	}
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for n, at := range s.surveyed {
		if now.Sub(at) >= every {
			delete(s.surveyed, n)
		}
	}
	if _, ok := s.surveyed[from]; ok {
		return true
	}
	s.surveyed[from] = now
	return false
}
