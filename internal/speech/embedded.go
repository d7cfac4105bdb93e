package speech

import "embed"

//go:generate go run ./gen

// embedded holds the clips that need no engine and no disk: A-law, 8 kHz, whole frames of 20 ms.
//
//go:embed embedded/*.alaw
var embedded embed.FS

// Embedded gives a clip that is in the binary (A-law, 8 kHz): "technical" (a fault, call again), "line_works" (the line works,
// an operator comes), "beep" (before a message), "music" (a seamless loop). An unknown name gives nil.
func Embedded(name string) []byte {
	b, err := embedded.ReadFile("embedded/" + name + ".alaw")
	if err != nil {
		return nil
	}
	return b
}
