package media

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// pcmHeader is the length of a 16-bit WAV header.
const pcmHeader = 44

// TalkSound is the recording of a talk as a 16-bit stereo WAV, which every browser plays (A-law in a WAV not every one does). It is
// converted as it is read, so that an hour can be skipped through without being in memory.
type TalkSound struct {
	r    io.ReaderAt
	size int64 // A-law bytes, both sides
	head [pcmHeader]byte
	at   int64
}

// OpenTalk gives the sound of a recording of size bytes; the caller keeps r open while it is read.
func OpenTalk(r io.ReaderAt, size int64) (*TalkSound, error) {
	var b [talkHeader]byte
	if _, err := r.ReadAt(b[:], 0); err != nil || !isTalk(b[:]) {
		return nil, errors.Join(errors.New("media: not a recording of a talk"), err)
	}
	s := &TalkSound{r: r, size: min(size-talkHeader, int64(binary.LittleEndian.Uint32(b[talkData:]))) &^ 1}
	h := append(s.head[:0], "RIFF"...)
	h = binary.LittleEndian.AppendUint32(h, uint32(pcmHeader-8+2*s.size))
	h = append(h, "WAVEfmt "...)
	h = binary.LittleEndian.AppendUint32(h, 16)
	h = binary.LittleEndian.AppendUint16(h, wavPCM)
	h = binary.LittleEndian.AppendUint16(h, 2)
	h = binary.LittleEndian.AppendUint32(h, Rate)
	h = binary.LittleEndian.AppendUint32(h, 4*Rate)
	h = binary.LittleEndian.AppendUint16(h, 4)
	h = binary.LittleEndian.AppendUint16(h, 16)
	h = append(h, "data"...)
	binary.LittleEndian.AppendUint32(h, uint32(2*s.size))
	return s, nil
}

func isTalk(b []byte) bool {
	return len(b) >= talkHeader && string(b[:4]) == "RIFF" && string(b[8:16]) == "WAVEfmt " &&
		binary.LittleEndian.Uint16(b[20:]) == wavALaw && binary.LittleEndian.Uint16(b[22:]) == 2
}

// Size is the length of the WAV.
func (s *TalkSound) Size() int64 { return pcmHeader + 2*s.size }

// Seek moves to a place of the WAV.
func (s *TalkSound) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += s.at
	case io.SeekEnd:
		offset += s.Size()
	}
	if offset < 0 {
		return 0, errors.New("media: seek before the beginning")
	}
	s.at = offset
	return offset, nil
}

// Read gives the next bytes of the WAV.
func (s *TalkSound) Read(p []byte) (n int, err error) {
	if s.at >= s.Size() {
		return 0, io.EOF
	}
	if s.at < pcmHeader {
		n = copy(p, s.head[s.at:])
		s.at += int64(n)
		return n, nil
	}
	var alaw [4096]byte
	first := (s.at - pcmHeader) / 2
	odd := int((s.at - pcmHeader) % 2) // in the middle of a sample
	k := min(int64(len(alaw)), s.size-first, int64(len(p)+odd+1)/2)
	if got, err := s.r.ReadAt(alaw[:k], talkHeader+first); err != nil && int64(got) < k {
		return 0, fmt.Errorf("media: read talk: %w", err)
	}
	var pcm [2 * len(alaw)]byte
	for i, b := range alaw[:k] {
		binary.LittleEndian.PutUint16(pcm[2*i:], uint16(DecodeALaw(b)))
	}
	n = copy(p, pcm[odd:2*k])
	s.at += int64(n)
	return n, nil
}
