//go:build !race

package media

const raceOn = false
