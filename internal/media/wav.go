package media

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// WAVE format tags (RFC 2361).
const (
	wavPCM  = 1
	wavALaw = 6
	wavULaw = 7
)

// ReadWAV reads mono sound at 8 kHz (16-bit PCM, A-law or mu-law) and gives it as A-law bytes.
func ReadWAV(r io.Reader) ([]byte, error) {
	all, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("media: read wav: %w", err)
	}
	if len(all) < 12 || string(all[:4]) != "RIFF" || string(all[8:12]) != "WAVE" {
		return nil, errors.New("media: not a WAV file")
	}
	var format uint16
	for rest := all[12:]; len(rest) >= 8; {
		id, size := string(rest[:4]), int(binary.LittleEndian.Uint32(rest[4:]))
		body := rest[8:]
		size = min(max(size, 0), len(body)) // a stream written without seeking has a wrong length: what is there counts
		body = body[:size]
		switch id {
		case "fmt ":
			if format, err = wavFormat(body); err != nil {
				return nil, err
			}
		case "data":
			return wavData(format, body)
		}
		rest = rest[min(len(rest), 8+size+size&1):]
	}
	return nil, errors.New("media: a WAV file without sound")
}

func wavFormat(b []byte) (uint16, error) {
	if len(b) < 16 {
		return 0, errors.New("media: a WAV file with a short header")
	}
	format, channels := binary.LittleEndian.Uint16(b), binary.LittleEndian.Uint16(b[2:])
	rate, depth := binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint16(b[14:])
	want := map[uint16]uint16{wavPCM: 16, wavALaw: 8, wavULaw: 8}[format]
	if channels != 1 || rate != Rate || depth != want {
		return 0, fmt.Errorf("media: a WAV file of format %d, %d channels, %d Hz, %d bits; wanted mono 8000 Hz, 16-bit or G.711", format, channels, rate, depth)
	}
	return format, nil
}

func wavData(format uint16, b []byte) ([]byte, error) {
	switch format {
	case wavALaw:
		return bytes.Clone(b), nil
	case wavULaw:
		out := make([]byte, len(b))
		for i, v := range b {
			out[i] = EncodeALaw(DecodeULaw(v))
		}
		return out, nil
	case wavPCM:
		out := make([]byte, len(b)/2)
		for i := range out {
			out[i] = EncodeALaw(int16(binary.LittleEndian.Uint16(b[2*i:])))
		}
		return out, nil
	}
	return nil, errors.New("media: a WAV file whose sound comes before its format")
}

// WriteWAV writes A-law sound as a mono 8 kHz, 16-bit PCM WAV file, which every player and browser opens.
func WriteWAV(w io.Writer, alaw []byte) error {
	n := uint32(2 * len(alaw))
	b := make([]byte, 0, 44+len(alaw)*2)
	b = append(b, "RIFF"...)
	b = binary.LittleEndian.AppendUint32(b, 36+n)
	b = append(b, "WAVEfmt "...)
	b = binary.LittleEndian.AppendUint32(b, 16)
	b = binary.LittleEndian.AppendUint16(b, wavPCM)
	b = binary.LittleEndian.AppendUint16(b, 1)
	b = binary.LittleEndian.AppendUint32(b, Rate)
	b = binary.LittleEndian.AppendUint32(b, 2*Rate)
	b = binary.LittleEndian.AppendUint16(b, 2)
	b = binary.LittleEndian.AppendUint16(b, 16)
	b = append(b, "data"...)
	b = binary.LittleEndian.AppendUint32(b, n)
	for _, v := range alaw {
		b = binary.LittleEndian.AppendUint16(b, uint16(DecodeALaw(v)))
	}
	if _, err := w.Write(b); err != nil {
		return fmt.Errorf("media: write wav: %w", err)
	}
	return nil
}
