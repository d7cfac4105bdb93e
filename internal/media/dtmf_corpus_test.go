package media

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// sender makes the packets of a telephone that has its own idea of RFC 4733.
type sender struct {
	out  strings.Builder
	seq  uint16
	ts   uint32
	ms   int
	pt   uint8
	step uint32 // samples by which the duration grows in a packet
}

func newSender() *sender { return &sender{seq: 65530, ts: 160000, pt: 101, step: FrameSize} }

// packet writes one line: when it comes, and what.
func (s *sender) packet(key byte, marker, end bool, ts, duration uint32) {
	b := make([]byte, rtpHeader+4)
	putRTP(b, s.pt, marker, s.seq, ts, 0x1234)
	b[rtpHeader], b[rtpHeader+1] = byte(strings.IndexByte(keys, key)), 10
	if end {
		b[rtpHeader+1] |= 0x80
	}
	b[rtpHeader+2], b[rtpHeader+3] = byte(duration>>8), byte(duration)
	fmt.Fprintf(&s.out, "%d %s\n", s.ms, hex.EncodeToString(b))
}

// press is a key as the RFC has it: n packets, three ends; change may spoil each packet (nil for lost).
func (s *sender) press(key byte, n int, change func(i int, p *shape) bool) {
	for i := range n + 3 {
		p := shape{marker: i == 0, end: i >= n, ts: s.ts, duration: s.step * uint32(min(i+1, n))}
		if s.ms += 20; i > n {
			s.ms -= 20 // the ends come together
		}
		s.seq++
		if change == nil || change(i, &p) {
			s.packet(key, p.marker, p.end, p.ts, p.duration)
		}
	}
	s.rest(n)
}

func (s *sender) rest(n int) { s.ts += uint32(n+4) * FrameSize; s.ms += 80 }

type shape struct {
	marker, end  bool
	ts, duration uint32
}

// shapes are the corpus: each is written to testdata/dtmf by -update and read from there by the test.
func shapes() map[string]func(s *sender) (comment, want string) {
	return map[string]func(s *sender) (string, string){
		"rfc4733": func(s *sender) (string, string) {
			for _, k := range []byte("911") {
				s.press(k, 5, nil)
			}
			return "RFC 4733 section 2.5.1: one timestamp a press, the duration grows, the End three times", "911"
		},
		"all_but_one_lost": func(s *sender) (string, string) {
			for n, k := range []byte("5551") {
				s.press(k, 5, func(i int, _ *shape) bool { return i == n*2 })
			}
			return "RFC 4733 section 2.6.1: any single packet of a press tells of it", "5551"
		},
		"marker_lost": func(s *sender) (string, string) {
			for _, k := range []byte("5577") {
				s.press(k, 5, func(_ int, p *shape) bool { p.marker = false; return true })
			}
			return "livekit/sip pull request 742: the marker may be lost or never set", "5577"
		},
		"end_never": func(s *sender) (string, string) {
			for _, k := range []byte("55712") {
				s.press(k, 5, func(_ int, p *shape) bool { return !p.end })
			}
			return "RestComm/media-core issue 62: no End is sent", "55712"
		},
		"duration_zero_first_number_repeated": func(s *sender) (string, string) {
			s.step = 320
			for _, k := range []byte("5#5") {
				s.press(k, 7, func(i int, p *shape) bool {
					if i > 7 {
						s.seq--
					}
					p.duration = 320 * uint32(min(i, 7))
					return true
				})
			}
			return "the shape of sipp's dtmf_2833_5.pcap: duration 0 first and by a 16 kHz clock, the ends repeat their sequence number", "5#5"
		},
		"timestamp_runs_along": func(s *sender) (string, string) {
			for _, k := range []byte("22") {
				s.press(k, 6, func(i int, p *shape) bool { p.ts += FrameSize * uint32(min(i, 6)); return i < 7 && i != 3 && i != 4 })
			}
			return "ymartineau/peers issue 7: timestamp and duration grow together; two packets are lost besides", "22"
		},
		"timestamp_runs_along_no_marker": func(s *sender) (string, string) {
			for _, k := range []byte("22") {
				s.press(k, 6, func(i int, p *shape) bool { p.ts += FrameSize * uint32(i); p.marker = false; return true })
			}
			return "pjsip/pjproject issue 363: no marker, and a new timestamp for every packet, the ends too", "22"
		},
		"ends_with_new_timestamps": func(s *sender) (string, string) {
			for _, k := range []byte("11") {
				s.press(k, 9, func(i int, p *shape) bool {
					if i > 9 {
						p.ts += FrameSize * uint32(i-9)
					}
					return true
				})
			}
			return "sipwise/rtpengine issues 1812 and 1929: the last two of three ends have timestamps of their own", "11"
		},
		"timestamp_stands_still": func(s *sender) (string, string) {
			at := s.ts
			for _, k := range []byte("1223") {
				s.press(k, 5, func(_ int, p *shape) bool { p.ts = at; return true })
			}
			return "sipsorcery-org/sipsorcery pull request 669: each following press has the timestamp of the first", "1223"
		},
		"middle_missing": func(s *sender) (string, string) {
			s.press('7', 11, func(i int, _ *shape) bool { return i < 2 || i > 11 })
			s.press('7', 5, nil)
			return "unispeech/asterisk-unimrcp issue 44: two packets, then nothing until the End", "77"
		},
		"all_at_once": func(s *sender) (string, string) {
			for _, k := range []byte("44") {
				at := s.ms
				s.press(k, 5, func(int, *shape) bool { s.ms = at; return true })
			}
			return "mojolingo/sippy_cup pull request 103: a whole press in one moment", "44"
		},
		"long_press": func(s *sender) (string, string) {
			s.press('0', 1, nil)
			start := s.ts
			for i := uint32(1); i <= 1000; i++ { // 20 s: two new segments
				s.ms += 20
				s.seq++
				seg := i * FrameSize / 0xFFFF
				s.packet('9', i == 1, i == 1000, start+seg*0xFFFF, i*FrameSize-seg*0xFFFF)
			}
			s.rest(1000)
			s.press('9', 5, nil)
			return "RFC 4733 section 2.5.1.3: an event longer than 0xFFFF samples goes on as a new segment", "099"
		},
		"long_press_short_segments": func(s *sender) (string, string) {
			start := s.ts
			for i := uint32(1); i <= 600; i++ {
				s.ms += 20
				s.seq++
				seg := (i - 1) * FrameSize / 65440
				if i%409 > 2 || i < 100 { // and packets are lost where the segments meet
					s.packet('6', i == 1, i == 600, start+seg*65440, i*FrameSize-seg*65440)
				}
			}
			return "the same by a sender whose segments are whole packets long (65,440 samples)", "6"
		},
		"out_of_order": func(s *sender) (string, string) {
			for n, k := range []byte("3131") {
				var late *shape
				s.press(k, 5, func(i int, p *shape) bool {
					if i == 2 {
						c := *p
						late = &c
						return false
					}
					if i == 7 && n < 3 { // a packet of this press comes when the next has begun
						s.ms += 120
						s.packet(keys[(strings.IndexByte(keys, k)^2)&3], true, false, s.ts+9*FrameSize, FrameSize)
						s.packet(k, late.marker, late.end, late.ts, late.duration)
					}
					return true
				})
			}
			return "RFC 3550: a net may change the order, also across presses", "3131"
		},
		"every_packet_twice": func(s *sender) (string, string) {
			for _, k := range []byte("8855") {
				s.press(k, 5, func(_ int, p *shape) bool { s.packet(k, p.marker, p.end, p.ts, p.duration); return true })
			}
			return "a net that doubles packets", "8855"
		},
		"another_payload_type": func(s *sender) (string, string) {
			s.pt = 96
			s.press('4', 5, nil)
			s.press('2', 5, nil)
			return "101 was agreed, 96 is sent (RFC 3264 section 6.1 lets either side choose its own number, and senders mix them up)", "42"
		},
		"not_keys": func(s *sender) (string, string) {
			s.press('1', 3, nil)
			for _, line := range []string{"80651fdb0000a8c0000012341000000a", "80651fdc0000a8c000001234050a", "80651fdd0000a8c0000012341f8a08c0"} {
				fmt.Fprintf(&s.out, "%d %s\n", s.ms, line)
			}
			return "RFC 4733 table 7: flash (16) and others are no keys; a short payload is nothing", "1"
		},
	}
}

// TestDTMFCorpus plays every file of testdata/dtmf to a leg, in its time.
func TestDTMFCorpus(t *testing.T) {
	if *update {
		for name, f := range shapes() {
			s := newSender()
			comment, want := f(s)
			text := fmt.Sprintf("# %s\n# milliseconds and the RTP packet; the keys that were pressed:\n= %s\n%s", comment, want, s.out.String())
			if err := os.WriteFile("testdata/dtmf/"+name+".txt", []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	files, _ := filepath.Glob("testdata/dtmf/*.txt")
	if len(files) < len(shapes()) {
		t.Fatalf("%d files", len(files))
	}
	for _, file := range files {
		if got, want := playCorpus(t, file); got != want {
			t.Errorf("%s: %q, want %q", filepath.Base(file), got, want)
		}
	}
}

func playCorpus(t *testing.T, file string) (got, want string) {
	d := newDesk(t)
	p, w := d.leg()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	start := d.now
	for lines := bufio.NewScanner(f); lines.Scan(); {
		kind, rest, _ := strings.Cut(lines.Text(), " ")
		switch kind {
		case "#":
			continue
		case "=":
			want = rest
			continue
		}
		ms, b := 0, []byte(nil)
		if _, err := fmt.Sscanf(lines.Text(), "%d %x", &ms, &b); err != nil {
			t.Fatalf("%s: %q: %v", file, lines.Text(), err)
		}
		d.now = start.Add(time.Duration(ms) * time.Millisecond)
		w.in = append(w.in, mailed{b, farAddr})
		d.e.Tick(d.now)
		got += digitsOf(p)
	}
	return got, want
}

// TestTenThousandKeys: RFC 4733 over a net that loses 5 % of the packets, SIP INFO, tones, and all at once: no key is lost and
// none doubled.
func TestTenThousandKeys(t *testing.T) {
	const count = 10000
	rnd := rand.New(rand.NewPCG(20261127, 4733))
	want := make([]byte, count)
	for i := range want {
		want[i] = keys[rnd.IntN(12)]
		if i > 0 && rnd.IntN(3) == 0 {
			want[i] = want[i-1]
		}
	}
	for name, c := range map[string]struct {
		lines              []string
		event, info, tones bool
	}{
		"RFC 4733":          {nil, true, false, false},
		"INFO":              {[]string{"m=audio %d RTP/AVP 8"}, false, true, false},
		"tones":             {[]string{"m=audio %d RTP/AVP 8"}, false, false, true},
		"RFC 4733 and INFO": {nil, true, true, false},
	} {
		d := newDesk(t)
		p, w := d.leg(c.lines...)
		k := talker{pt: 8, ssrc: 1}
		lost, got := 0, []byte(nil)
		net := func(b []byte) {
			if c.event && rnd.IntN(20) == 0 {
				lost++
				return
			}
			w.in = append(w.in, mailed{b, farAddr})
		}
		sound := keySound{on: 5 * FrameSize, off: 4 * FrameSize, level: -15, noise: -60}
		var tone []byte
		want := want
		if !c.event || c.info { // the others are as sure and take as long: all of them only when asked for
			if os.Getenv("DOVIDKA_ALL_STORIES") == "" {
				want = want[:1000]
			}
		}
		for _, key := range want {
			if c.tones {
				tone = sound.make(rnd, string(rune(key)))
			}
			ts := k.ts + FrameSize
			for slot := range 9 {
				switch {
				case c.tones:
					net(k.say(tone[slot*FrameSize : (slot+1)*FrameSize]))
				case c.event && slot < 5:
					net(k.event(byte(strings.IndexByte(keys, key)), false, ts, uint16(FrameSize*(slot+1))))
				case c.event && slot == 5:
					for range 3 {
						net(k.event(byte(strings.IndexByte(keys, key)), true, ts, 5*FrameSize))
					}
					k.ts += 6 * FrameSize
				default:
					net(k.say(frameOf(alawSilence)))
				}
				if c.info && slot == 6 {
					p.InjectDigit(key)
				}
				d.ticks(1)
				w.sent, w.to = w.sent[:0], w.to[:0]
			}
			got = append(got, digitsOf(p)...)
		}
		if string(got) != string(want) {
			t.Errorf("%s: %d keys of %d, %d packets lost", name, len(got), len(want), lost)
		}
		t.Logf("%s: %d keys, %d packets lost", name, len(got), lost)
	}
}
