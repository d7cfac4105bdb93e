//go:build race

package media

// raceOn: the race detector makes sync.Pool forget at random, so that its users allocate.
const raceOn = true
