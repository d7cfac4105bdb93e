package speech

import (
	"encoding/binary"
	"errors"
)

// pcm is mono sound as an engine gives it; full scale is 1.
type pcm struct {
	rate    int
	samples []float64
}

// errNoWAV says that an engine's output is not a WAV of 16-bit samples.
var errNoWAV = errors.New("not a 16-bit WAV")

// readWAV reads a whole WAV. Streamed headers carry invented sizes (RHVoice, espeak-ng), so the data runs to the end of the bytes.
func readWAV(b []byte) (pcm, error) {
	if len(b) < 12 || string(b[:4]) != "RIFF" || string(b[8:12]) != "WAVE" {
		return pcm{}, errNoWAV
	}
	rate, channels := 0, 0
	for at := 12; at+8 <= len(b); {
		id, size := string(b[at:at+4]), int(binary.LittleEndian.Uint32(b[at+4:]))
		body := b[at+8:]
		switch id {
		case "fmt ":
			if len(body) < 16 || binary.LittleEndian.Uint16(body) != 1 || binary.LittleEndian.Uint16(body[14:]) != 16 {
				return pcm{}, errNoWAV
			}
			channels, rate = int(binary.LittleEndian.Uint16(body[2:])), int(binary.LittleEndian.Uint32(body[4:]))
		case "data":
			if rate < 8000 || rate > 192_000 || channels < 1 || channels > 2 {
				return pcm{}, errNoWAV
			}
			if size < len(body) {
				body = body[:size]
			}
			return pcm{rate, samplesOf(body, channels)}, nil
		}
		at += 8 + size + size&1
		if size < 0 || at < 0 {
			break
		}
	}
	return pcm{}, errNoWAV
}

// samplesOf turns 16-bit little-endian bytes into samples; two channels are mixed.
func samplesOf(body []byte, channels int) []float64 {
	out := make([]float64, len(body)/2/channels)
	for i := range out {
		sum := 0.0
		for c := range channels {
			sum += float64(int16(binary.LittleEndian.Uint16(body[2*(i*channels+c):])))
		}
		out[i] = sum / float64(channels) / 32768
	}
	return out
}
