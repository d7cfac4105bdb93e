package sipua

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A crowd that waits too long closes the door; a few may wait as long as they like; each place is given back once.
func TestAdmissionPatience(t *testing.T) {
	now := time.Unix(1700000000, 0)
	a := newAdmission(10_000, 250*time.Millisecond, nil)
	a.proven[ipOf("192.0.2.1")] = true
	var in []*setup
	enter := func(at time.Time) *setup {
		e := a.enter("192.0.2.1:5060", at)
		if e != nil {
			in = append(in, e)
		}
		return e
	}
	for range fewWaiting - 1 {
		enter(now)
	}
	if enter(now.Add(time.Minute)) == nil {
		t.Fatal("a few wait for the disk: no reason to refuse")
	}
	if enter(now.Add(time.Minute)) != nil {
		t.Fatal("a crowd has waited for a minute and still grows")
	}
	for _, e := range in[:fewWaiting-1] {
		a.answered(e)
	}
	for range maxSetups - 1 {
		if enter(now.Add(time.Minute)) == nil {
			t.Fatal("the door is closed though nobody has waited long")
		}
	}
	if enter(now.Add(time.Minute)) != nil {
		t.Fatal("the queue has no bound")
	}
	for range 2 { // whatever ends twice is counted once
		for _, e := range in {
			a.answered(e)
			a.acknowledged(e)
			a.over(e)
		}
	}
	if a.waiting != 0 || a.strange != 0 || len(a.open) != 0 {
		t.Errorf("left behind: %d waiting, %d strange, %v", a.waiting, a.strange, a.open)
	}
}

// While the running calls' sound is late a storm is refused, a single caller is not.
func TestAdmissionStorm(t *testing.T) {
	now := time.Unix(1700000000, 0)
	late := true
	a := newAdmission(10_000, 0, func() bool { return late })
	a.proven[ipOf("192.0.2.1")] = true
	in := 0
	for i := range 200 {
		if a.enter("192.0.2.1:5060", now.Add(time.Duration(i)*time.Millisecond)) != nil {
			in++
		}
	}
	if in != stormy {
		t.Errorf("%d of a storm are let in while the sound is late", in)
	}
	late = false
	if a.enter("192.0.2.1:5060", now.Add(time.Second)) == nil {
		t.Error("refused though the sound is in time")
	}
	late = true
	if a.enter("192.0.2.1:5060", now.Add(1100*time.Millisecond)) != nil {
		t.Error("the storm is forgotten within a second")
	}
	if a.enter("192.0.2.1:5060", now.Add(10*time.Second)) == nil {
		t.Error("a single caller is refused")
	}
}

// Sources that never acknowledge hold a quarter of the lines together, and few each; one that does is let in beside them.
func TestAdmissionUnacknowledged(t *testing.T) {
	now := time.Unix(1700000000, 0)
	a := newAdmission(200, 0, nil)
	old := a.enter("198.51.100.1:5060", now)
	a.answered(old)
	a.acknowledged(old)
	held := map[string]int{}
	for n := range 100 {
		ip := fmt.Sprintf("203.0.113.%d", n%10)
		for range 100 {
			if e := a.enter(ip+":5060", now); e != nil {
				a.answered(e)
				held[ip]++
			}
		}
	}
	all := 0
	for ip, n := range held {
		all += n
		if n > fewStrange {
			t.Errorf("%s holds %d lines", ip, n)
		}
	}
	if all != 50 {
		t.Errorf("strangers hold %d of 200 lines", all)
	}
	n := 0
	for range 200 {
		if a.enter("198.51.100.1:5062", now) != nil {
			n++
		}
	}
	if n != 100 {
		t.Errorf("a source that acknowledges gets %d more lines", n)
	}
}

// INVITEs without ACK, over the wire: the source gets a bounded number of legs and 503 for the rest, at once; another source is
// served meanwhile; a repeated INVITE is told once; after 64*T1 all is free again.
func TestInvitesWithoutACK(t *testing.T) {
	h := serve(t, func(o *Options) {
		o.Limit = 40
		o.OnCall = func(l *Leg) { _ = l.Answer(t.Context()) }
	})
	evil := h.citizen()
	refused := 0
	for i := range 60 {
		evil.id = fmt.Sprintf("unacknowledged-%d", i)
		invite := evil.request("INVITE", 1, "application/sdp", goodSDP)
		evil.send(invite)
		if got := evil.want("SIP/2.0 "); strings.HasPrefix(got, "SIP/2.0 503") {
			refused++
			if head(got, "Retry-After") == "" {
				t.Fatal("503 without Retry-After")
			}
		}
	}
	h.mu.Lock()
	ports := len(h.ports)
	h.mu.Unlock()
	if ports > fewStrange || refused < 60-fewStrange-40 {
		t.Errorf("%d media ports for a source that acknowledges nothing, %d refused", ports, refused)
	}
	h.until(func() bool { return h.Calls() == 0 })
	c := h.citizen()
	c.invite(goodSDP)
	c.want("SIP/2.0 200")
}

// TestSetUpStorm: twice as many calls as the switchboard can answer. The queue of those that are let in stays short however long the
// storm, all others are refused at once, every INVITE has exactly one outcome, and afterwards the next call is answered as ever.
func TestSetUpStorm(t *testing.T) {
	const service, callers = 2 * time.Millisecond, 800
	var turn sync.Mutex
	var begun, refused, queued, longest atomic.Int32
	h := serve(t, func(o *Options) {
		o.Patience = 100 * time.Millisecond
		o.T1 = 10 * testT1
		o.OnRefused = func(_, _ callNumber, _ string) { refused.Add(1) }
		o.OnCall = func(l *Leg) {
			begun.Add(1)
			longest.Store(max(longest.Load(), queued.Add(1)))
			defer queued.Add(-1)
			turn.Lock()
			<-time.After(service) // what a set-up costs, one after another
			turn.Unlock()
			_ = l.Answer(t.Context())
		}
	})
	lines := make([]*stormLine, 8)
	for i := range lines {
		lines[i] = newStormLine(h)
	}
	tick := time.NewTicker(8 * service / 2)
	defer tick.Stop()
	for i := range callers / len(lines) {
		<-tick.C
		for _, l := range lines {
			l.call(i)
		}
	}
	ended := func() (n int) {
		for _, l := range lines {
			n += l.count()
		}
		return n
	}
	for limit := time.Now().Add(20 * time.Second); ended() < callers && time.Now().Before(limit); { // a busy machine may take its time
		<-time.After(5 * time.Millisecond)
	}
	var took []time.Duration
	accepted, turned := 0, 0
	for _, l := range lines {
		took = append(took, l.took...)
		accepted += l.accepted
		turned += l.turned
	}
	slices.Sort(took)
	t.Logf("%d accepted, %d refused, at most %d at once, set-up p50 %s max %s", accepted, turned, longest.Load(), took[len(took)/2], took[len(took)-1])
	if accepted == 0 || turned == 0 || accepted+turned != callers || int(begun.Load()) != accepted || int(refused.Load()) != turned {
		t.Errorf("%d accepted (%d begun), %d refused (%d told) of %d", accepted, begun.Load(), turned, refused.Load(), callers)
	}
	if n := longest.Load(); n > maxSetups+16 { // a few are between their 200 and their return
		t.Errorf("%d set-ups waited at once", n)
	}
	c := h.citizen()
	c.invite(goodSDP)
	c.want("SIP/2.0 200")
}

// stormLine is a caller that makes many calls from one socket, acknowledges the answers and counts.
type stormLine struct {
	*citizen
	mu               sync.Mutex
	begun            map[string]time.Time
	took             []time.Duration
	accepted, turned int
}

func newStormLine(h *house) *stormLine {
	l := &stormLine{citizen: h.citizen(), begun: map[string]time.Time{}}
	go func() {
		for {
			select {
			case m := <-l.in:
				l.take(m.text)
			case <-h.t.Context().Done():
				return
			}
		}
	}()
	return l
}

func (l *stormLine) call(i int) {
	l.mu.Lock()
	l.id, l.theirs = fmt.Sprintf("%s-storm-%d", l.tag, i), ""
	text := l.request("INVITE", 1, "application/sdp", goodSDP)
	l.begun[l.id] = time.Now()
	l.mu.Unlock()
	l.send(text)
}

func (l *stormLine) take(m string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	id := head(m, "Call-ID")
	at, open := l.begun[id]
	if !open || strings.HasPrefix(m, "SIP/2.0 1") || !strings.HasPrefix(m, "SIP/2.0 ") {
		return
	}
	delete(l.begun, id)
	if !strings.HasPrefix(m, "SIP/2.0 200") {
		l.turned++
		return
	}
	l.accepted++
	l.took = append(l.took, time.Since(at))
	now := l.id
	l.id, l.theirs = id, toTag(m)
	ack := l.request("ACK", 1, "", "")
	l.id, l.theirs = now, ""
	_, _ = l.c.WriteTo([]byte(ack), l.to)
}

func (l *stormLine) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.accepted + l.turned
}

func ipOf(s string) netip.Addr { return netip.MustParseAddr(s) }
