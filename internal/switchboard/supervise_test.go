package switchboard

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/media"
)

// talking leads one caller to one agent, and gives the head a telephone.
func (c *centre) talking() (z *citizen, agent *fakeLeg) {
	c.Helper()
	c.ready("olena")
	c.phones.page("kerivnyk", true)
	z = c.dial(anyone)
	z.hears("Вітаємо")
	z.press("0")
	return z, c.answers("olena")
}

// callOf is the call of an agent's talk.
func (c *centre) callOf(login string) call.ID { return c.s.View(login).Talk.Call }

func (c *centre) supervise(mode string) *fakeLeg {
	c.Helper()
	if err := c.s.Supervise(c.Context(), "kerivnyk", c.callOf("olena"), mode, DeviceBrowser); err != nil {
		c.Fatal(err)
	}
	return c.phones.leg("kerivnyk")
}

// all three say their tones: the citizen 500 Hz, the agent 900, the head 1300. who tells what each heard at its end.
func who(z *citizen, agent, head *fakeLeg) string {
	var talk sync.WaitGroup
	legs := []*fakeLeg{z.fakeLeg, agent, head}
	for i, l := range legs {
		l.mu.Lock()
		l.heard = nil
		l.mu.Unlock()
		talk.Go(func() { l.speaks([]float64{500, 900, 1300}[i], 1500*time.Millisecond) })
	}
	talk.Wait()
	synctest.Wait()
	out := ""
	for i, l := range legs {
		out += []string{"citizen:", " agent:", " head:"}[i]
		for _, hz := range []float64{500, 900, 1300} {
			if l.tone(hz) > -22 {
				out += fmt.Sprintf(" %.0f", hz)
			}
		}
	}
	return out
}

// TestListenWhisperBarge: who hears whom in each, and that leaving leaves the talk as it was.
func TestListenWhisperBarge(t *testing.T) {
	inCentre(t, nil, func(c *centre) {
		z, agent := c.talking()
		head := c.supervise(Listen)
		want := func(step, hears string) {
			t.Helper()
			if got := who(z, agent, head); got != hears {
				t.Errorf("%s: %s, want %s", step, got, hears)
			}
		}
		want("listen", "citizen: 900 agent: 500 head: 500 900")
		c.supervise(Whisper)
		want("whisper", "citizen: 900 agent: 500 1300 head: 500 900")
		c.supervise(Barge)
		want("barge", "citizen: 900 1300 agent: 500 1300 head: 500 900")
		c.supervise(Whisper)
		want("whisper again", "citizen: 900 agent: 500 1300 head: 500 900")
		if err := c.s.Hold("olena", true); err != nil {
			t.Fatal(err)
		}
		if got := who(z, agent, head); !strings.Contains(got, " agent: 1300 head: 900") || z.tone(900) > -40 || z.tone(1300) > -40 {
			t.Errorf("whisper on hold: %s", got)
		}
		if err := c.s.Hold("olena", false); err != nil {
			t.Fatal(err)
		}
		want("after the hold", "citizen: 900 agent: 500 1300 head: 500 900")
		c.supervise(Listen)
		want("listen again", "citizen: 900 agent: 500 head: 500 900")
		c.supervise(Barge)
		c.s.Unsupervise("kerivnyk")
		c.s.Unsupervise("kerivnyk")
		want("left", "citizen: 900 agent: 500 head:")
		if v := c.s.View("olena"); v.Talk == nil || v.Talk.Supervised != "" {
			t.Errorf("%+v", v.Talk)
		}
		select {
		case <-head.Done():
		default:
			t.Error("the head's telephone is not put down")
		}
		z.hangs()
		wants(z, call.OutServed)
		facts := ""
		for _, f := range c.journal.all(call.Supervised) {
			if f.Value != "kerivnyk" || f.Agent != "olena" {
				t.Errorf("%+v", f)
			}
			facts += f.Name + " "
		}
		if facts != "listen whisper barge whisper listen barge " {
			t.Error(facts)
		}
		if e := c.journal.all(call.SupervisionEnded); len(e) != 1 || e[0].Value != "kerivnyk" || e[0].Agent != "olena" || e[0].Seconds < 10 {
			t.Errorf("%+v", e)
		}
	})
}

// TestAHeadWhoVanishes: a page that reloads comes back to what it heard, one that dies ends the listening; the talk notices neither.
func TestAHeadWhoVanishes(t *testing.T) {
	inCentre(t, nil, func(c *centre) {
		var mu sync.Mutex
		ended := ""
		c.s.o.Supervised = func(head string, id call.ID, agent string, took time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			ended += fmt.Sprintf("%s %s %v ", head, agent, id != "" && took > 0)
		}
		z, agent := c.talking()
		head := c.supervise(Barge)
		head.alive <- false
		time.Sleep(3 * time.Second)
		head.alive <- true
		if got := who(z, agent, head); got != "citizen: 900 1300 agent: 500 1300 head: 500 900" {
			t.Error("after a reload:", got)
		}
		head.alive <- false
		time.Sleep(supervisorLost + time.Second)
		if got := who(z, agent, head); got != "citizen: 900 agent: 500 head:" {
			t.Error("after its death:", got)
		}
		head = c.supervise(Whisper)
		time.Sleep(time.Second)
		head.hangs() // a desk phone that is put down, or the program of it that crashed
		c.eventually("no supervision", func() bool { return c.s.View("olena").Talk.Supervised == "" }, nil)
		if got := who(z, agent, head); got != "citizen: 900 agent: 500 head:" {
			t.Error("after hanging up:", got)
		}
		if v := c.s.View("olena"); v.Talk == nil || v.Talk.Lost || v.Talk.Held {
			t.Errorf("%+v", v.Talk)
		}
		z.hangs()
		wants(z, call.OutServed)
		mu.Lock()
		defer mu.Unlock()
		if ended != "kerivnyk olena true kerivnyk olena true " {
			t.Error("the audit is told:", ended)
		}
	})
}

// TestListeningEndsWithTheTalk, when the citizen leaves and when the agent ends it: nobody hears the survey.
func TestListeningEndsWithTheTalk(t *testing.T) {
	for what, end := range map[string]func(*centre, *citizen){
		"citizen": func(_ *centre, z *citizen) { z.hangs() },
		"agent":   func(c *centre, _ *citizen) { c.s.Hangup("olena") },
	} {
		t.Run(what, func(t *testing.T) {
			inCentre(t, nil, func(c *centre) {
				z, _ := c.talking()
				head := c.supervise(Listen)
				end(c, z)
				select {
				case <-head.Done():
				case <-time.After(time.Second):
					t.Fatal("the head goes on listening")
				}
				z.hangs()
				z.record()
				if v := c.s.Board("kerivnyk"); v.Mine != nil || len(v.Talks) != 0 {
					t.Errorf("%+v", v)
				}
				if n := len(c.journal.all(call.SupervisionEnded)); n != 1 {
					t.Errorf("ended %d times", n)
				}
				inOrder(c)
			})
		})
	}
}

// TestListeningFollowsTheCall to the next agent, when that one comes soon.
func TestListeningFollowsTheCall(t *testing.T) {
	inCentre(t, nil, func(c *centre) {
		z, agent := c.talking()
		head := c.supervise(Whisper)
		c.ready("petro")
		agent.alive <- false
		second := c.answers("petro")
		if got := who(z, second, head); got != "citizen: 900 agent: 500 1300 head: 500 900" {
			t.Error(got)
		}
		if v := c.s.View("petro"); v.Talk.Supervised != Whisper {
			t.Errorf("the next agent is not told: %+v", v.Talk)
		}
		z.hangs()
		wants(z, call.OutServed)
	})
	inCentre(t, nil, func(c *centre) {
		z, agent := c.talking()
		head := c.supervise(Listen)
		agent.alive <- false
		select {
		case <-head.Done():
		case <-time.After(talkPause + 30*time.Second):
			t.Error("a head listens to nothing for ever")
		}
		z.hangs()
		z.record()
	})
}

// TestWhoCannotListen: no talk, no telephone, another head, two talks at once, nonsense.
func TestWhoCannotListen(t *testing.T) {
	inCentre(t, nil, func(c *centre) {
		z, _ := c.talking()
		id := c.callOf("olena")
		refused := func(head string, id call.ID, mode, device, say string) {
			t.Helper()
			if err := c.s.Supervise(c.Context(), head, id, mode, device); err == nil || !strings.Contains(err.Error(), say) {
				t.Errorf("%s: %v, want «%s»", head, err, say)
			}
		}
		refused("kerivnyk", "nobody", Listen, DeviceBrowser, "вже немає")
		c.phones.fails["zastupnyk"] = errors.New("no page")
		refused("zastupnyk", id, Listen, DeviceBrowser, "Звук у браузері не підключено")
		delete(c.phones.fails, "zastupnyk")
		refused("kerivnyk", id, "spy", DeviceBrowser, "не можна")
		refused("kerivnyk", id, Listen, "parrot", "не можна")
		refused("olena", id, Listen, DeviceBrowser, "самі зараз розмовляєте")
		c.supervise(Listen)
		c.phones.page("zastupnyk", true)
		refused("zastupnyk", id, Listen, DeviceBrowser, "вже слухає інший")
		refused("kerivnyk", "another", Listen, DeviceBrowser, "іншу розмову")
		if v := c.s.View("olena"); v.Talk.Supervised != Listen {
			t.Errorf("the agent is not told: %+v", v.Talk)
		}
		c.s.Unsupervise("zastupnyk")
		if m := c.s.Board("kerivnyk").Mine; m == nil || m.Mode != Listen || !m.Hears || m.Call != id {
			t.Errorf("%+v", m)
		}
		z.hangs()
		wants(z, call.OutServed)
	})
}

// TestWhatTheAgentNotices: a tone if the head's configuration says so; a hidden listener is hidden only while listening.
func TestWhatTheAgentNotices(t *testing.T) {
	inCentre(t, func(_ *centre, o *Options) { o.SupervisorTone, o.SupervisorHidden = true, true }, func(c *centre) {
		z, agent := c.talking()
		c.supervise(Listen)
		time.Sleep(300 * time.Millisecond)
		if agent.tone(1400) < -40 || z.tone(1400) > -60 {
			t.Errorf("the tone: agent %.0f, citizen %.0f dB", agent.tone(1400), z.tone(1400))
		}
		if v := c.s.View("olena"); v.Talk.Supervised != "" {
			t.Error("shown though hidden")
		}
		c.supervise(Whisper)
		if v := c.s.View("olena"); v.Talk.Supervised != Whisper {
			t.Error("a voice that the screen does not explain")
		}
		if b := c.s.Board("kerivnyk"); len(b.Talks) != 1 || b.Talks[0].Supervised != Whisper || b.Talks[0].NumberMasked != "+380…67" || b.Talks[0].AgentName == "" {
			t.Errorf("%+v", b.Talks)
		}
		z.hangs()
		wants(z, call.OutServed)
	})
}

// TestADeskPhoneOfTheHead rings and is picked up; one that nobody picks up ends it.
func TestADeskPhoneOfTheHead(t *testing.T) {
	inCentre(t, nil, func(c *centre) {
		z, agent := c.talking()
		c.phones.sip["kerivnyk"] = 4 * time.Second
		id := c.callOf("olena")
		if err := c.s.Supervise(c.Context(), "kerivnyk", id, Listen, DevicePhone); err != nil {
			t.Fatal(err)
		}
		if m := c.s.Board("kerivnyk").Mine; m == nil || m.Hears {
			t.Errorf("%+v", m)
		}
		if v := c.s.View("olena"); v.Talk.Supervised != "" {
			t.Error("told before anybody hears")
		}
		c.supervise(Barge) // while it rings
		c.eventually("picked up", func() bool { m := c.s.Board("kerivnyk").Mine; return m != nil && m.Hears }, nil)
		if got := who(z, agent, c.phones.leg("kerivnyk")); got != "citizen: 900 1300 agent: 500 1300 head: 500 900" {
			t.Error(got)
		}
		c.s.Unsupervise("kerivnyk")
		c.phones.sip["kerivnyk"] = -1
		if err := c.s.Supervise(c.Context(), "kerivnyk", id, Listen, DevicePhone); err != nil {
			t.Fatal(err)
		}
		time.Sleep(supervisorRings + time.Second)
		if m := c.s.Board("kerivnyk").Mine; m != nil {
			t.Errorf("it rings for ever: %+v", m)
		}
		z.hangs()
		wants(z, call.OutServed)
	})
}

// TestRecordingWithAHead: the whisper is not in the file, the barge is.
func TestRecordingWithAHead(t *testing.T) {
	inCentre(t, recording, func(c *centre) {
		c.ready("olena")
		c.phones.page("kerivnyk", true)
		z := c.dial(anyone)
		agent := toAgent(c, z, "olena")
		head := c.supervise(Whisper)
		who(z, agent, head)
		_, _, right := c.only()
		if loudest(right, 1300) > -40 {
			t.Error("the citizen's recording holds what the citizen did not hear")
		}
		c.supervise(Barge)
		who(z, agent, head)
		time.Sleep(time.Second)
		z.hangs()
		wants(z, call.OutServed)
		_, left, right := c.only()
		if loudest(right, 1300) < -20 || loudest(right, 900) < -20 || loudest(left, 500) < -20 {
			t.Error("what all heard is not in the file")
		}
	})
}

// TestBoardOfTheQueue: who waits stands there in order, masked.
func TestBoardOfTheQueue(t *testing.T) {
	inCentre(t, nil, func(c *centre) {
		c.ready("olena")
		c.s.SetStatus(c.Context(), "olena", "break", "обід")
		z := c.dial(anyone)
		z.hears("Вітаємо")
		z.press("0")
		z.hears("Усі оператори")
		time.Sleep(10 * time.Second)
		b := c.s.Board("kerivnyk")
		if len(b.Waiting) != 1 || b.Waiting[0].NumberMasked != "+380…67" || b.Waiting[0].WaitedS < 9 || len(b.Talks) != 0 || b.Mine != nil {
			t.Errorf("%+v", b)
		}
		c.ready("olena")
		c.offered("olena")
		if b := c.s.Board("kerivnyk"); b.Waiting[0].OfferedTo == "" {
			t.Errorf("%+v", b.Waiting)
		}
		z.hangs()
		z.record()
	})
}

// TestHear is the judgement alone.
func TestHear(t *testing.T) {
	a, b, g, h := &media.Port{}, &media.Port{}, &media.Port{}, &media.Port{}
	name := map[*media.Port]string{a: "citizen", b: "agent", g: "guest", h: "head"}
	tell := func(plan []hearing) string {
		out := ""
		for _, x := range plan {
			out += name[x.ear] + "<"
			for _, v := range x.voices {
				out += name[v][:1]
			}
			out += " "
		}
		return out
	}
	for _, x := range []struct {
		mode   string
		joined []*media.Port
		want   string
	}{
		{Listen, []*media.Port{a, b}, "head<ca "},
		{Listen, nil, "head< "},
		{Whisper, []*media.Port{a, b}, "head<ca citizen<a agent<ch "},
		{Barge, []*media.Port{a, b}, "head<ca citizen<ah agent<ch "},
		{Whisper, []*media.Port{a, b, g}, "head<cag citizen<ag agent<cgh guest<ca "},
		{Barge, []*media.Port{a, b, g}, "head<cag citizen<agh agent<cgh guest<cah "},
		{Whisper, nil, "head<a agent<h "},
		{Whisper, []*media.Port{b, g}, "head<ag agent<gh guest<a "},
	} {
		if got := tell(hear(x.mode, h, b, x.joined)); got != x.want {
			t.Errorf("%s %d: %q, want %q", x.mode, len(x.joined), got, x.want)
		}
	}
}
