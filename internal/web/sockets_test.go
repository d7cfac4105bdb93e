package web

import (
	"net/http"
	"testing"
)

// One session opens so many sockets and no more; another's are not its concern; a closed one gives its place back.
func TestSocketsOfASession(t *testing.T) {
	r := newRig(t, nil)
	cookie := func(who string) http.Header { return http.Header{"Cookie": {cookieName + "=token-" + who}} }
	first, _, err := r.dial("/api/live", cookie("olena"))
	if err != nil {
		t.Fatal(err)
	}
	for range maxSockets - 1 {
		if _, _, err := r.dial("/api/live", cookie("olena")); err != nil {
			t.Fatal(err)
		}
	}
	if _, res, err := r.dial("/api/live", cookie("olena")); err == nil || res.StatusCode != http.StatusTooManyRequests {
		t.Fatalf("one socket more: %v", err)
	}
	if _, _, err := r.dial("/api/live", cookie("petro")); err != nil {
		t.Errorf("another session: %v", err)
	}
	_ = first.CloseNow()
	for {
		if _, _, err := r.dial("/api/live", cookie("olena")); err == nil {
			return
		}
		if t.Context().Err() != nil {
			t.Fatal("a closed socket keeps its place")
		}
	}
}
