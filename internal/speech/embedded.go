package speech

import (
	"bytes"
	"embed"
	"strings"
	"sync"
)

//go:generate go run ./gen

// embedded holds the clips that need no engine and no disk: A-law, 8 kHz, whole frames of 20 ms.
//
//go:embed embedded/*.alaw
var embedded embed.FS

// Embedded gives a clip that is in the binary (A-law, 8 kHz): "technical" (a fault, call again), "technical_number" (a fault, call
// this number), "digit0" … "digit9", "line_works" (the line works,
// an operator comes), "overload" (all lines are taken, call again), "leave_message" (say it after the tone), "beep" (before a message), "music" (a seamless loop). An unknown name gives nil. All who ask share
// one copy: it is not to be written to.
func Embedded(name string) []byte { return clips()[name] }

// clips are read once: embed copies a file each time, and the music alone is 300 KB, which every call would carry.
var clips = sync.OnceValue(func() map[string][]byte {
	out := map[string][]byte{}
	files, _ := embedded.ReadDir("embedded") // the folder is in the binary
	for _, f := range files {
		if b, err := embedded.ReadFile("embedded/" + f.Name()); err == nil {
			out[strings.TrimSuffix(f.Name(), ".alaw")] = b[:len(b):len(b)]
		}
	}
	return out
})

// Fault gives what a caller hears when nothing else works: that there is a fault and the number to call, whose digits groups
// holds ("067", "123", "45", "67"); without a number, to call again. All of it is in the binary.
func Fault(groups []string) []byte {
	const pause = 0xD5 // A-law silence
	var number []byte
	for _, g := range groups {
		before := len(number)
		for _, d := range g {
			if d >= '0' && d <= '9' {
				number = append(number, Embedded("digit"+string(d))...)
			}
		}
		if len(number) > before {
			number = append(number, bytes.Repeat([]byte{pause}, 2400)...) // 0.3 s between groups
		}
	}
	if len(number) == 0 {
		return Embedded("technical")
	}
	return append(bytes.Clone(Embedded("technical_number")), number...)
}
