package sipua

import (
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A storm of callers of every kind at once: each INVITE becomes exactly one leg or one refusal, each leg ends once, nothing is left.
func TestStorm(t *testing.T) {
	const callers, atOnce = 96, 16
	var begun, finished atomic.Int32
	causes := map[string]int{}
	var mu sync.Mutex
	h := serve(t, func(o *Options) {
		o.Known = func(u string) bool { return u != "404" }
		o.OnCall = func(l *Leg) {
			begun.Add(1)
			switch rand.IntN(5) {
			case 0:
				l.Hangup("486")
			case 1:
				_ = l.Ring()
			}
			_ = l.Answer(t.Context())
			<-l.Done()
			mu.Lock()
			causes[l.Cause()]++
			mu.Unlock()
			finished.Add(1)
		}
	})
	var all sync.WaitGroup
	for w := range atOnce {
		all.Go(func() {
			for i := range callers / atOnce {
				misbehave(h.citizen(), w+i)
			}
		})
	}
	all.Wait()
	refused := len(h.refused)
	h.until(func() bool { return finished.Load() == begun.Load() && h.Calls() == 0 })
	if int(begun.Load())+refused != callers {
		t.Errorf("%d legs and %d refusals of %d callers", begun.Load(), refused, callers)
	}
	for cause := range causes {
		if !strings.Contains("caller us cancelled no_ack", cause) {
			t.Errorf("cause %q", cause)
		}
	}
	for i := range h.ports {
		<-h.port(i).closed
	}
	t.Log(causes, refused)
}

// misbehave is one caller of the storm; it repeats its INVITE as UDP asks until something comes.
func misbehave(c *citizen, kind int) {
	if kind%8 == 0 {
		c.user = "404"
	}
	invite := c.request("INVITE", 1, "application/sdp", goodSDP)
	c.send(invite)
	if kind%8 == 1 {
		cancel := []byte(c.same("CANCEL", 1, "", ""))
		time.AfterFunc(time.Duration(rand.IntN(20))*time.Millisecond, func() { _, _ = c.c.WriteTo(cancel, c.to) })
	}
	again := time.NewTicker(20 * testT1)
	defer again.Stop()
	limit := time.After(150 * testT1)
	repeats := 0
	for {
		select {
		case <-again.C:
			if repeats++; c.theirs == "" && repeats < 3 { // within 64*T1, as RFC 3261 §17.1.1.2 has it: later it would be a new call
				c.send(invite)
			}
			continue
		case <-limit:
			return
		case m := <-c.in:
			cseq := head(m.text, "CSeq")
			switch {
			case strings.HasPrefix(m.text, "BYE "):
				c.send(answer(m.text, "200 OK", "", "", ""))
				return
			case cseq == "2 BYE":
				return
			case cseq != "1 INVITE" || strings.HasPrefix(m.text, "SIP/2.0 1"):
				continue
			case !strings.HasPrefix(m.text, "SIP/2.0 200"):
				c.theirs = toTag(m.text)
				c.send(c.same("ACK", 1, "", ""))
				return
			}
			c.theirs = toTag(m.text)
			if kind%8 == 2 { // this one's ACKs are lost
				continue
			}
			c.send(c.request("ACK", 1, "", ""))
			c.send(c.request("BYE", 2, "", ""))
		}
	}
}
