package web

import (
	"os"
	"regexp"
	"slices"
	"testing"
)

// Every cause that a call writes has Ukrainian words: a reader never meets a word of the code.
func TestCausesHaveWords(t *testing.T) {
	found := []string{"shutdown", "fault", "goodbye"}
	for _, file := range []string{"call", "menu", "speaker", "survey", "talk"} {
		src, err := os.ReadFile("../switchboard/" + file + ".go")
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`call\.Fault, Cause: "([a-z]+)"`).FindAllStringSubmatch(string(src), -1) {
			found = append(found, m[1])
		}
	}
	if len(found) < 7 || !slices.Contains(found, "speech") {
		t.Fatalf("causes: %v", found)
	}
	for _, c := range found {
		if regexp.MustCompile(`[a-zA-Z]`).MatchString(cause(c)) {
			t.Errorf("%q is told as %q", c, cause(c))
		}
	}
}
