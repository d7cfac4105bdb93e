package sipua

import (
	"log/slog"
	"testing"
	"time"
)

// BenchmarkSetUp is a whole call without media: INVITE, 200, ACK, BYE, both ends in this process, over loopback UDP.
func BenchmarkSetUp(b *testing.B) {
	agent := func(onCall func(*Leg)) *Server {
		s, err := New(Options{Addr: "127.0.0.1:0", T1: testT1, Log: slog.New(slog.DiscardHandler), OnCall: onCall,
			open: func() (sound, error) { return newDeaf(), nil }})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { s.Close() })
		return s
	}
	there := agent(func(l *Leg) { _ = l.Answer(b.Context()) })
	here := agent(nil)
	var sum time.Duration
	for b.Loop() {
		begin := time.Now()
		l, err := here.Dial(b.Context(), Target{URI: "sip:0800353608@" + there.Addr().String()}, DialOptions{From: "0670000067"})
		if err != nil {
			b.Fatal(err)
		}
		sum += time.Since(begin)
		l.Hangup("")
	}
	b.ReportMetric(float64(sum.Microseconds())/float64(b.N)/1000, "ms/set-up")
}
