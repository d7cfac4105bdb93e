package media

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"testing"
	"testing/iotest"
)

// TestTalkSound: a 16-bit WAV of both sides, the same from wherever one begins to read.
func TestTalkSound(t *testing.T) {
	file := t.TempDir() + "/talk.wav"
	d := newDesk(t)
	a, b := d.party(500), d.party(900)
	r, err := RecordTalk(file, a.p, TalkOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r.Right(b.p)
	d.talk(60, a, b)
	r.Stop()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s, err := OpenTalk(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	whole, err := io.ReadAll(s)
	if err != nil || int64(len(whole)) != s.Size() || s.Size() != 44+2*2*60*FrameSize {
		t.Fatalf("%d bytes of %d: %v", len(whole), s.Size(), err)
	}
	left, right, err := ReadTalk(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	for i := range left {
		l := int16(uint16(whole[44+4*i]) | uint16(whole[45+4*i])<<8)
		g := int16(uint16(whole[46+4*i]) | uint16(whole[47+4*i])<<8)
		if l != DecodeALaw(left[i]) || g != DecodeALaw(right[i]) {
			t.Fatalf("sample %d: %d %d, want %d %d", i, l, g, DecodeALaw(left[i]), DecodeALaw(right[i]))
		}
	}
	again, err := OpenTalk(bytes.NewReader(raw), int64(len(raw)))
	if err == nil {
		err = iotest.TestReader(again, whole)
	}
	if err != nil {
		t.Fatal(err)
	}
	for range 200 {
		from := rand.N(s.Size())
		n := rand.N(9000)
		if _, err := s.Seek(from, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, n)
		k, err := io.ReadFull(s, got)
		if err != nil && err != io.ErrUnexpectedEOF && err != io.EOF {
			t.Fatal(err)
		}
		if !bytes.Equal(got[:k], whole[from:min(int64(len(whole)), from+int64(n))]) {
			t.Fatalf("other bytes from %d on", from)
		}
	}
	for _, bad := range [][]byte{nil, raw[:57], bytes.Repeat([]byte("x"), 100)} {
		if _, err := OpenTalk(bytes.NewReader(bad), int64(len(bad))); err == nil {
			t.Errorf("%d bytes are taken for a talk", len(bad))
		}
	}
}
