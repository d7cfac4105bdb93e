package sipua

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// Keys that come by INFO as fast as a memory dial sends them, each packet twice: none is lost, none doubled, none out of its place.
func TestNoKeyByINFOIsLostOrDoubled(t *testing.T) {
	h := serve(t, nil)
	c := h.citizen()
	h.up(c)
	var want strings.Builder
	for i := range 500 {
		key := "0123456789*#ABCD"[rand.IntN(16)]
		want.WriteByte(key)
		kind, body := "application/dtmf-relay", fmt.Sprintf("Signal=%c\r\nDuration=160\r\n", key)
		if i%3 == 0 {
			kind, body = "application/dtmf", string(key)
		}
		text := c.request("INFO", 2+i, kind, body)
		c.send(text)
		c.send(text)
		if i%10 == 9 { // a socket's buffer is no memory
			c.reply(fmt.Sprintf("%d INFO", 2+i), "200")
		}
	}
	limit := time.After(4 * time.Second)
	for len(h.port(0).pressed()) < want.Len() {
		select {
		case <-c.in:
		case <-limit:
			t.Fatalf("%d keys of %d", len(h.port(0).pressed()), want.Len())
		}
	}
	if got := h.port(0).pressed(); got != want.String() {
		t.Fatalf("got  %s\nwant %s", got, want.String())
	}
}

func TestShapesOfINFO(t *testing.T) {
	for body, want := range map[string]byte{
		"Signal=5\r\nDuration=160\r\n": '5', "Duration=100\r\nsignal = *\r\n": '*', "Signal=11\r\n": '#', "Signal= #": '#', "Signal=12\n": 'A', "Signal=d": 'D',
		"Signal=55\r\n": 0, "Signal=\r\n": 0, "": 0, "Signal=-1": 0, "Signal=\xff": 0, "\x00": 0,
	} {
		if got, ok := relayKey(body); ok != (want != 0) || got != want {
			t.Errorf("%q: %q", body, got)
		}
	}
}
