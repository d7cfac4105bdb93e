package webphone

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"dovidka/internal/media"
)

// shift opens an agent's page and waits until it can be rung.
func (r *rig) shift(login string, freq float64) *browser {
	r.t.Helper()
	b := r.browse("/phone/"+login, true, freq)
	until(r.t, "the page is alive", 8*time.Second, func() bool { return r.hub.Alive(login) })
	return b
}

// talk rings the agent, accepts, and plays a tone to the page.
func (r *rig) talk(login string, hz float64) *Leg {
	r.t.Helper()
	accepted := make(chan struct{})
	close(accepted)
	leg, err := r.hub.Dial(context.Background(), login, accepted)
	if err != nil {
		r.t.Fatal(err)
	}
	leg.Media().Play(media.Tone(hz, time.Hour, -10))
	return leg
}

func TestToneBothWays(t *testing.T) {
	r := newRig(t, nil)
	b := r.shift("olena", 440)
	leg := r.talk("olena", 1000)
	var e ear
	leg.Media().Record(&e, time.Minute)
	b.hears(1000)
	e.hears(t, 440)
	leg.Media().SendDigits("5") // a browser can play no keys: they are left out, and no gap stays
	time.Sleep(300 * time.Millisecond)
	b.hears(1000)
	leg.Hangup("")
	if <-leg.Done(); leg.Cause() != "us" {
		t.Errorf("cause %q", leg.Cause())
	}
	if !r.hub.Alive("olena") {
		t.Error("the line is nailed up: hanging up a talk must not end the page")
	}
	// the next talk on the same connection: its numbers go on where the last one's stopped, or the page drops them as replays
	second := r.talk("olena", 600)
	b.hears(600)
	second.Hangup("")
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := 1; i < len(b.seqs); i++ {
		if b.seqs[i] != b.seqs[i-1]+1 {
			t.Fatalf("sequence jumps from %d to %d", b.seqs[i-1], b.seqs[i])
		}
	}
	if len(b.types) != 1 || b.types[8] == 0 {
		t.Errorf("payload types sent to the page: %v", b.types)
	}
}

func TestOfferIsNarrow(t *testing.T) {
	r := newRig(t, nil)
	b := r.shift("olena", 440)
	b.mu.Lock()
	offer := b.offer
	b.mu.Unlock()
	for _, want := range []string{"a=ice-lite", "a=rtpmap:8 PCMA/8000", "a=rtpmap:101 telephone-event/8000", "a=sendrecv", "a=rtcp-mux"} {
		if !strings.Contains(offer, want) {
			t.Errorf("offer lacks %s", want)
		}
	}
	if strings.Contains(offer, "transport-cc") || strings.Count(offer, "a=rtpmap:") != 2 || strings.Contains(offer, "typ srflx") {
		t.Errorf("offer says too much:\n%s", offer)
	}
}

func TestReloadKeepsTheTalk(t *testing.T) {
	r := newRig(t, nil)
	b := r.shift("olena", 440)
	leg := r.talk("olena", 1000)
	port := leg.Media()
	b.hears(1000)
	b.close()
	if up := <-leg.Alive(); up {
		t.Fatal("the closed page was not told as lost")
	}
	begin := time.Now()
	b = r.browse("/phone/olena", true, 700)
	if up := <-leg.Alive(); !up {
		t.Fatal("the new page was not told")
	}
	b.hears(1000)
	if d := time.Since(begin); d > 2*time.Second {
		t.Errorf("re-attached after %s", d)
	}
	var e ear
	port.Record(&e, time.Minute)
	e.hears(t, 700)
	if leg.Media() != port {
		t.Error("the port was changed")
	}
	select {
	case <-leg.Done():
		t.Error("the leg ended")
	default:
	}
}

func TestSilentPageIsLost(t *testing.T) {
	r := newRig(t, nil)
	b := r.shift("olena", 440)
	leg := r.talk("olena", 1000)
	b.hears(1000)
	b.dumb.Store(true) // the machine hangs: the socket stands, nothing answers
	begin := time.Now()
	if up := <-leg.Alive(); up {
		t.Fatal("up?")
	}
	if d := time.Since(begin); d > r.hub.o.Lost+300*time.Millisecond {
		t.Errorf("told after %s", d)
	}
	if r.hub.Alive("olena") {
		t.Error("still alive")
	}
	if _, err := r.hub.Dial(context.Background(), "olena", nil); !errors.Is(err, ErrBusy) {
		t.Errorf("the line of a lost page with a talk: %v", err)
	}
	leg.Hangup("")
	if _, err := r.hub.Dial(context.Background(), "olena", nil); !errors.Is(err, ErrNotAlive) {
		t.Errorf("dialled a lost page: %v", err)
	}
}

func TestDefaultsKeepTheBounds(t *testing.T) {
	o := withDefaults(Options{})
	if o.Lost+o.Lost/20 > 4*time.Second || o.Ping > 2*time.Second {
		t.Errorf("ping %s, lost %s: a page must be known as lost within 4 s", o.Ping, o.Lost)
	}
}

func TestLastClaimOwns(t *testing.T) {
	r := newRig(t, nil)
	first := r.shift("olena", 440)
	leg := r.talk("olena", 1000)
	first.hears(1000)
	second := r.browse("/phone/olena", true, 700)
	second.expect("taken", func(m message) bool { return m.Type == "taken" })
	second.send(message{Type: "claim"})
	first.expect("taken", func(m message) bool { return m.Type == "taken" })
	second.expectMedia("up")
	second.hears(1000)
	var e ear
	leg.Media().Record(&e, time.Minute)
	e.hears(t, 700)
	second.close() // the first tab is still open: it gets the telephone back
	first.expectMedia("up")
	e.hears(t, 440)
}

func TestRing(t *testing.T) {
	r := newRig(t, nil)
	b := r.shift("olena", 440)
	ctx, cancel := context.WithCancelCause(context.Background())
	why := errors.New("the caller has gone")
	done := make(chan error, 1)
	go func() {
		_, err := r.hub.Dial(ctx, "olena", make(chan struct{}))
		done <- err
	}()
	b.expect("ring", func(m message) bool { return m.Type == "ring" && m.Call != "" })
	if _, err := r.hub.Dial(context.Background(), "olena", nil); !errors.Is(err, ErrBusy) {
		t.Errorf("a second ring: %v", err)
	}
	b.close() // a reload while it rings: the new page rings
	b = r.browse("/phone/olena", true, 440)
	b.expect("ring", func(m message) bool { return m.Type == "ring" })
	cancel(why)
	if err := <-done; !errors.Is(err, why) {
		t.Errorf("cancelled: %v", err)
	}
	b.expect("ring_stop", func(m message) bool { return m.Type == "ring_stop" })
}

func TestRingingPageThatDies(t *testing.T) {
	r := newRig(t, nil)
	b := r.shift("olena", 440)
	done := make(chan error, 1)
	go func() {
		_, err := r.hub.Dial(context.Background(), "olena", make(chan struct{}))
		done <- err
	}()
	b.expect("ring", func(m message) bool { return m.Type == "ring" })
	b.close()
	select {
	case err := <-done:
		if !errors.Is(err, ErrNotAlive) {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Error("rings a page that is gone")
	}
}

func TestNobodyThere(t *testing.T) {
	r := newRig(t, nil)
	if _, err := r.hub.Dial(context.Background(), "petro", nil); !errors.Is(err, ErrNotAlive) {
		t.Error(err)
	}
}

func TestAnotherSitesPage(t *testing.T) {
	r := newRig(t, nil)
	for _, path := range []string{"/phone/olena", "/citizen"} {
		_, res, err := websocket.Dial(context.Background(), "ws"+strings.TrimPrefix(r.server.URL, "http")+path,
			&websocket.DialOptions{HTTPHeader: http.Header{"Origin": {"https://evil.example"}}})
		if err == nil || res.StatusCode != http.StatusForbidden {
			t.Errorf("%s let another site's page in: %v", path, err)
		}
	}
}

func TestRubbishEndsThePage(t *testing.T) {
	r := newRig(t, nil)
	b := r.shift("olena", 440)
	b2 := r.browse("/citizen", false, 0)
	b2.send(message{Type: "answer", SDP: "rubbish"}) // before any call: nothing to answer
	b2.send(message{Type: "call"})
	leg := <-r.calls
	b2.send(message{Type: "answer", SDP: "rubbish"}) // may come before or after the true one
	_ = leg
	if !r.hub.Alive("olena") {
		t.Error("another page suffers")
	}
	_ = b
}

func TestCitizen(t *testing.T) {
	r := newRig(t, nil)
	b := r.browse("/citizen", true, 440)
	b.send(message{Type: "call", Mic: true})
	leg := <-r.calls
	if leg.Via() != "web" || !leg.From().Hidden() || leg.To() != "+380800353608" || leg.Alive() != nil || leg.Media() != nil {
		t.Errorf("leg: via %q to %q", leg.Via(), leg.To())
	}
	if err := errors.Join(leg.Ring(), leg.Answer(context.Background())); err != nil {
		t.Fatal(err)
	}
	b.expect("talking", func(m message) bool { return m.State == "talking" })
	var e ear
	leg.Media().Record(&e, time.Minute)
	leg.Media().Play(media.Tone(1000, time.Hour, -10))
	b.hears(1000)
	e.hears(t, 440)
	b.send(message{Type: "dtmf", Key: "5"})
	b.send(message{Type: "dtmf", Key: "x"})
	b.send(message{Type: "dtmf", Key: "#"})
	for _, want := range []byte("5#") {
		if d := <-leg.Media().Digits(); d.Key != want {
			t.Errorf("key %c, want %c", d.Key, want)
		}
	}
	b.key(7) // RFC 4733, on the sound's own SSRC
	if d := <-leg.Media().Digits(); d.Key != '7' {
		t.Errorf("key %c, want 7", d.Key)
	}
	e.hears(t, 440) // and the sound goes on
	leg.Say("Вітаємо!")
	b.expect("text", func(m message) bool { return m.Type == "text" && m.Text == "Вітаємо!" })
	b.send(message{Type: "hangup"})
	if <-leg.Done(); leg.Cause() != "caller" {
		t.Errorf("cause %q", leg.Cause())
	}
	b.expect("ended", func(m message) bool { return m.State == "ended" })
	b.send(message{Type: "call"}) // the same page calls again
	leg = <-r.calls
	if err := leg.Answer(context.Background()); err != nil {
		t.Fatal(err)
	}
	leg.Hangup("")
	b.expect("ended by us", func(m message) bool { return m.State == "ended" && m.Cause == "us" })
}

func TestCitizenWithoutMicrophone(t *testing.T) {
	r := newRig(t, nil)
	b := r.browse("/citizen", false, 0)
	b.send(message{Type: "call"})
	leg := <-r.calls
	if err := leg.Answer(context.Background()); err != nil {
		t.Fatal(err)
	}
	leg.Media().Play(media.Tone(1000, time.Hour, -10))
	b.hears(1000)
	b.close() // a closed tab is a hang-up
	if <-leg.Done(); leg.Cause() != "caller" {
		t.Errorf("cause %q", leg.Cause())
	}
}

func TestCitizenClosesTheSoundFirst(t *testing.T) {
	r := newRig(t, nil)
	b := r.browse("/citizen", false, 0)
	b.send(message{Type: "call"})
	leg := <-r.calls
	if err := leg.Answer(context.Background()); err != nil {
		t.Fatal(err)
	}
	b.mu.Lock()
	pc := b.pc
	b.mu.Unlock()
	// A page that hangs up closes its connection, and its socket some moments later. The word of the first (DTLS close_notify)
	// is one packet that may be lost; the second comes anyway, and neither may look like a lost page.
	_ = pc.Close()
	defer time.AfterFunc(300*time.Millisecond, b.close).Stop()
	if <-leg.Done(); leg.Cause() != "caller" {
		t.Errorf("cause %q", leg.Cause())
	}
}

func TestCitizenLeavesBeforeTheAnswer(t *testing.T) {
	r := newRig(t, nil)
	b := r.browse("/citizen", false, 0)
	b.send(message{Type: "call"})
	leg := <-r.calls
	b.send(message{Type: "hangup"})
	if <-leg.Done(); leg.Cause() != "cancelled" {
		t.Errorf("cause %q", leg.Cause())
	}
	if err := leg.Answer(context.Background()); err == nil {
		t.Error("answered a citizen who has gone")
	}
}

func TestCitizensLimits(t *testing.T) {
	r := newRig(t, func(o *Options) { o.PerIP, o.PerHour = 1, 3 })
	first := r.browse("/citizen", false, 0)
	first.send(message{Type: "call"})
	leg := <-r.calls
	second := r.browse("/citizen", false, 0)
	second.send(message{Type: "call"})
	second.expect("limit at once", func(m message) bool { return m.State == "ended" && m.Cause == "limit" })
	leg.Hangup("")
	for range 2 {
		second.send(message{Type: "call"})
		(<-r.calls).Hangup("")
	}
	second.send(message{Type: "call"})
	second.expect("limit of the hour", func(m message) bool { return m.State == "ended" && m.Cause == "limit" })
}

func TestDoorkeeperForgets(t *testing.T) {
	d := newDoorkeeper(1, 1)
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	d.now = func() time.Time { return now }
	ip := netip.MustParseAddr("192.0.2.7")
	if !d.enter(ip) || !d.call(ip) {
		t.Fatal("the first was refused")
	}
	d.hangup(ip)
	if d.call(ip) {
		t.Error("two calls in an hour")
	}
	now = now.Add(time.Hour)
	if !d.call(ip) {
		t.Error("an hour later still refused")
	}
	d.hangup(ip)
	d.leave(ip)
	now = now.Add(2 * time.Hour)
	if d.enter(netip.MustParseAddr("192.0.2.8")); len(d.guests) != 1 {
		t.Errorf("%d addresses remembered", len(d.guests))
	}
}

func TestAddressOf(t *testing.T) {
	for in, want := range map[string]string{"192.0.2.7:1234": "192.0.2.7", "[2001:db8:1:2:3:4:5:6]:99": "2001:db8:1:2::", "[::ffff:192.0.2.7]:1": "192.0.2.7", "x": "::"} {
		if got := addressOf(&http.Request{RemoteAddr: in}); got.String() != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func TestCloseEndsEverything(t *testing.T) {
	r := newRig(t, nil)
	b := r.shift("olena", 440)
	leg := r.talk("olena", 1000)
	c := r.browse("/citizen", false, 0)
	c.send(message{Type: "call"})
	citizen := <-r.calls
	r.hub.Close()
	<-citizen.Done()
	if <-leg.Done(); leg.Cause() != "lost" {
		t.Errorf("cause %q", leg.Cause())
	}
	for range b.got { // until its socket has ended
	}
	if _, err := r.hub.Dial(context.Background(), "olena", nil); !errors.Is(err, ErrClosed) {
		t.Errorf("dialled a closed hub: %v", err)
	}
	r.hub.Close()
}

func TestCandidates(t *testing.T) {
	sdp := "v=0\r\nm=audio 9\r\na=candidate:1 1 udp 1 10.0.0.1 5 typ host\r\na=candidate:2 1 udp 1 10.0.0.2 5 typ host\r\na=end-of-candidates\r\n"
	got := withCandidates(sdp, []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")}, 16000)
	want := []string{"v=0", "m=audio 9", "a=candidate:1 1 udp 2130706431 192.0.2.1 16000 typ host", "a=candidate:2 1 udp 2130706430 2001:db8::1 16000 typ host", "a=end-of-candidates", ""}
	if !slices.Equal(strings.Split(got, "\r\n"), want) {
		t.Errorf("%q", got)
	}
	if withCandidates(sdp, nil, 1) != sdp {
		t.Error("changed without addresses")
	}
}
