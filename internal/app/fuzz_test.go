package app

import (
	"strings"
	"testing"
)

// FuzzConfigFile: whatever stands in the file, it is read or refused with one sentence, and what Check lets pass can be worked with.
func FuzzConfigFile(f *testing.F) {
	f.Add(fileExample)
	for _, s := range []string{"", "[sip]\nstrangers = \"ignore\"", "[limits]\ncalls = -1", "[hours]\nmonday = \"25:00-1\"", "[[hours.exception]]\ndate = \"x\"",
		"centre.branches = [\"a\", 1]", "[http]\nlisten = \"[::1]:0\"", "a = [[[[", "[sip]\nrtp = \"-\"", "\x00", "[store]\npostgres_dsn_file = \"/\""} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := readConfig(b, "x.toml")
		if err == nil {
			err = c.Check()
		}
		if err != nil {
			if err.Error() == "" || strings.Count(err.Error(), "\n") > 20 {
				t.Fatalf("no sentence: %q", err)
			}
			return
		}
		if from, to, err := c.RTPRange(); err != nil || from < 1024 || to > 65535 {
			t.Fatal(from, to, err)
		}
		_, _ = c.schedule()
		_ = c.flowCentre()
		_ = configLine(c)
	})
}
