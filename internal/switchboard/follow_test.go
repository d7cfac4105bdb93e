package switchboard

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"dovidka/internal/call"
)

// TestRecordingAndListeningThroughATransfer: olena confers with petro (not in the file: the citizen hears music), three talk (all are),
// petro goes on alone; one file, one head who follows and is on both screens.
func TestRecordingAndListeningThroughATransfer(t *testing.T) {
	inCentre(t, func(c *centre, o *Options) {
		recording(c, o)
	}, func(c *centre) {
		c.ready("olena")
		c.phones.page("kerivnyk", true)
		z := c.dial(anyone)
		olena := toAgent(c, z, "olena")
		c.ready("petro")
		head := c.supervise(Listen)
		both(z, olena, time.Second)
		petro := c.consults()
		go olena.speaks(2100, 1500*time.Millisecond)
		go z.speaks(2500, 1500*time.Millisecond)
		petro.speaks(2300, 1500*time.Millisecond)
		time.Sleep(300 * time.Millisecond)
		if head.tone(2300) < -30 && head.tone(2100) < -30 {
			c.Error("the head does not hear the two confer")
		}
		c.must(c.s.Conference("olena"))
		c.stage("petro", conference)
		c.voices([]*fakeLeg{z.fakeLeg, olena, petro}, [][]int{{1, 2}, {0, 2}, {0, 1}})
		c.supervise(Whisper)
		go head.speaks(1300, 1500*time.Millisecond)
		time.Sleep(1400 * time.Millisecond)
		synctest.Wait()
		if a, b, g := z.tone(1300), olena.tone(1300), petro.tone(1300); a > -40 || b < -30 || g > -40 {
			c.Errorf("a whisper among three: citizen %.0f, agent %.0f, guest %.0f dB", a, b, g)
		}
		c.must(c.s.Complete("olena"))
		c.until("petro", "the talk is petro's", func(v AgentView) bool { return v.Talk != nil && v.Talk.Stage == "talking" && !v.Talk.Guest })
		if v := c.s.View("petro"); v.Talk.Supervised != Whisper || v.Talk.Recording != RecordingOn {
			c.Errorf("petro is not told: %+v", v.Talk)
		}
		if b := c.s.Board("kerivnyk"); len(b.Talks) != 1 || b.Talks[0].Agent != "petro" || b.Mine == nil {
			c.Errorf("%+v", b)
		}
		time.Sleep(300 * time.Millisecond)
		if got := who(z, petro, head); got != "citizen: 900 agent: 500 1300 head: 500 900" {
			c.Error(got)
		}
		z.hangs()
		wants(z, call.OutServed)
		_, left, right := c.only()
		for _, hz := range []float64{2100, 2300, 2500, 1300} {
			if a, b := loudest(left, hz), loudest(right, hz); a > -40 || b > -40 {
				c.Errorf("%.0f Hz is in the file: %.0f %.0f dB", hz, a, b)
			}
		}
		for _, hz := range []float64{900, 1000, 1700} { // before, and both agents among three; 900 again at the end
			if loudest(right, hz) < -20 {
				c.Errorf("%.0f Hz is missing on the right: %.0f dB", hz, loudest(right, hz))
			}
		}
		if n := len(c.journal.all(call.RecordingStarted)); n != 1 {
			c.Errorf("%d recordings", n)
		}
	})
}

// TestADepartmentIsNotRecorded: it was not told.
func TestADepartmentIsNotRecorded(t *testing.T) {
	inCentre(t, func(c *centre, o *Options) {
		recording(c, o)
		o.Departments = func(context.Context) ([]Department, error) {
			return []Department{{ID: "rada", Name: "Відділ соціального захисту", Number: rada}}, nil
		}
		c.phones.outs[rada] = 3 * time.Second
	}, func(c *centre) {
		c.ready("olena")
		z := c.dial(anyone)
		olena := toAgent(c, z, "olena")
		both(z, olena, time.Second)
		c.must(c.s.Consult("olena", Target{ToDepartment, "rada"}))
		c.stage("olena", consulting)
		c.must(c.s.Conference("olena"))
		c.stage("olena", conference)
		legs := c.phones.alive()
		var out *fakeLeg
		for _, l := range legs {
			if l != z.fakeLeg && l != olena {
				out = l
			}
		}
		go olena.speaks(900, 2*time.Second)
		out.speaks(2300, 2*time.Second)
		if z.tone(2300) < -30 {
			c.Fatal("the citizen does not hear the department")
		}
		c.must(c.s.Complete("olena"))
		time.Sleep(time.Second)
		go out.speaks(2500, 2*time.Second)
		z.speaks(1700, 2*time.Second)
		z.hangs()
		wants(z, call.OutTransferredOut)
		_, left, right := c.only()
		if loudest(right, 2300) > -40 || loudest(right, 2500) > -40 || loudest(left, 1700) > -40 || loudest(right, 900) < -20 {
			c.Errorf("%.0f %.0f %.0f %.0f dB", loudest(right, 2300), loudest(right, 2500), loudest(left, 1700), loudest(right, 900))
		}
	})
}
