package app

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"
)

// What strangers send forges no line, no colour and no direction of writing.
func TestLogLinesCannotBeForged(t *testing.T) {
	var out strings.Builder
	log := NewLog(&out)
	bad := "x\r\nlevel=ERROR msg=\"the base is lost\"\x1b[2J\u202egnp.exe\u2028\u009b31m\x00\xff\" a=b"
	log.With("agent", bad).WithGroup("g").Info("phone registered", "cause", bad, "err", errors.New(bad))
	text := out.String()
	if strings.Count(text, "\n") != 1 || !strings.HasSuffix(text, "\n") {
		t.Errorf("%q", text)
	}
	if i := strings.IndexFunc(strings.TrimSuffix(text, "\n"), func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 {
		t.Errorf("at %d of %q", i, text)
	}
}

// A flood of one kind leaves a bounded number of lines and its count; other kinds are written meanwhile.
func TestLogFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		log := NewLog(&out)
		for range 100_000 {
			log.Info("flood")
		}
		log.Info("other")
		if n := strings.Count(out.String(), "msg=flood"); n != linesPerMinute || !strings.Contains(out.String(), "msg=other") {
			t.Fatalf("%d lines", n)
		}
		time.Sleep(time.Minute)
		log.With("a", 1).Info("other")
		if !strings.Contains(out.String(), `msg="log: lines left out" kind=flood count=99940`) {
			t.Error(out.String()[len(out.String())-300:])
		}
		log.Info("flood")
		if n := strings.Count(out.String(), "msg=flood"); n != linesPerMinute+1 {
			t.Errorf("%d lines after a minute", n)
		}
	})
}
