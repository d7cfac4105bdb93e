package spoken

import "strings"

// Words gives the words to be said for a raw Ukrainian text.
func Words(text string) (string, error) {
	text = strings.Join(strings.Fields(text), " ")
	if err := check(text); err != nil {
		return "", err
	}
	return text, nil
}
