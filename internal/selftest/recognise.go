package selftest

import (
	"cmp"
	"math"
	"slices"

	"dovidka/internal/media"
)

// Clip is the sound of one line. A block of several lines (the items of a list, the documents of a card) is as many clips of one
// name; what differs from time to time (a place in the queue) is several clips of one name too.
type Clip struct {
	Name string
	Part int // its place in the block, from 0
	ALaw []byte
}

// Prompt is what was recognised in what was heard: a line, or the lines of a block that followed one another.
type Prompt struct {
	Name    string  `json:"name"`
	At      float64 `json:"at_s"`    // its beginning, seconds after the first sound was listened to
	Seconds float64 `json:"seconds"` // length of its clips
	Share   float64 `json:"share"`   // of its 0.5 s windows that were heard well; >= 0.97 is the whole clip, less: cut or broken
}

// The measure of a clip: windows of half a second, well heard when they correlate by more than wellHeard after an alignment of
// their own within slip (a jitter buffer may drop or repeat a frame).
const (
	window    = media.Rate / 2
	wellHeard = 0.8
	slip      = media.Rate * 40 / 1000
	hop       = media.Rate / 100 // 10 ms: one step of the envelope
	template  = 200              // envelope steps of a clip's beginning that are searched for
	minLike   = 0.6              // envelope correlation of a place worth a closer look
	most      = 12               // such places per clip
	surely    = 2                // windows at the beginning that must be well heard
	between   = 3 * media.Rate   // samples between two lines of a block: the pause, and the end that no window covers
)

// found is a clip's place in the recording, from its first well heard window to its last.
type found struct {
	Prompt
	clips    []Clip // all that sound so
	from, to int
}

// Recognise finds clips (A-law) in a recording (A-law). Where two clips claim the same time – two prompts that begin alike – the
// one that explains more of it wins.
func Recognise(heard []byte, clips []Clip) []Prompt {
	h := linear(heard)
	env := envelope(h)
	var all []found
	for _, alike := range sounds(clips) {
		c := linear(alike[0].ALaw)
		if len(c) < window/2 {
			continue
		}
		busy := -1
		for _, at := range places(env, envelope(c)) {
			if at*hop < busy {
				continue
			}
			share, from, to := compare(h, c, at*hop)
			if share == 0 {
				continue
			}
			busy = to
			all = append(all, found{Prompt{alike[0].Name, float64(from) / media.Rate, float64(len(c)) / media.Rate, share}, alike, from, to})
		}
	}
	slices.SortFunc(all, func(a, b found) int {
		return cmp.Or(cmp.Compare(b.to-b.from, a.to-a.from), cmp.Compare(b.Share, a.Share), cmp.Compare(a.Name, b.Name))
	})
	var kept []found
	for _, f := range all {
		if !slices.ContainsFunc(kept, func(k found) bool { return f.from < k.to && k.from < f.to }) {
			kept = append(kept, f)
		}
	}
	slices.SortFunc(kept, func(a, b found) int { return cmp.Compare(a.from, b.from) })
	return blocks(kept)
}

// sounds groups the clips that sound the same: the last item of two lists, say.
func sounds(clips []Clip) [][]Clip {
	var out [][]Clip
	at := map[string]int{}
	for _, c := range clips {
		i, ok := at[string(c.ALaw)]
		if !ok {
			i = len(out)
			at[string(c.ALaw)] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], c)
	}
	return out
}

// blocks joins the lines of one block that followed one another. A line of two names goes on with the block before it.
func blocks(lines []found) []Prompt {
	out := []Prompt{}
	var before Clip
	end := 0
	for i, f := range lines {
		next := slices.IndexFunc(f.clips, func(c Clip) bool {
			return i > 0 && c.Name == before.Name && c.Part == before.Part+1 && f.from-end < between
		})
		if next >= 0 {
			p := &out[len(out)-1]
			p.Share = (p.Share*p.Seconds + f.Share*f.Seconds) / (p.Seconds + f.Seconds)
			p.Seconds += f.Seconds
			before = f.clips[next]
		} else {
			out = append(out, f.Prompt)
			before = f.clips[0]
		}
		end = f.to
	}
	return out
}

func linear(alaw []byte) []float64 {
	out := make([]float64, len(alaw))
	for i, b := range alaw {
		out[i] = float64(media.DecodeALaw(b))
	}
	return out
}

// envelope is the logarithm of the energy of every 10 ms, with a floor under which all is silence.
func envelope(x []float64) []float64 {
	out := make([]float64, len(x)/hop)
	for i := range out {
		sum := 0.0
		for _, v := range x[i*hop : (i+1)*hop] {
			sum += v * v
		}
		out[i] = math.Log(sum/hop + 1000)
	}
	return out
}

// places gives the steps of the recording's envelope where a clip may begin, earliest first.
func places(heard, clip []float64) []int {
	t := clip[:min(len(clip), template)]
	n := len(heard) - len(t)
	if n < 0 || len(t) == 0 {
		return nil
	}
	like := make([]float64, n+1)
	for i := range like {
		like[i] = correlation(heard[i:i+len(t)], t)
	}
	var out []int
	for i, v := range like {
		if v > minLike && v >= slices.Max(like[max(0, i-5):min(len(like), i+6)]) {
			out = append(out, i)
		}
	}
	slices.SortFunc(out, func(a, b int) int { return cmp.Compare(like[b], like[a]) })
	out = out[:min(len(out), most)]
	slices.Sort(out)
	return out
}

// compare measures clip c in h where it seems to begin at about at. share 0: it is not there. from and to are the samples of h
// between its first and its last well heard window.
func compare(h, c []float64, at int) (share float64, from, to int) {
	size := min(window, len(c))
	total, good, first := 0, 0, 0
	offset := at
	for i := 0; i+size <= len(c); i += size {
		total++
		w := c[i : i+size]
		reach := slip
		if i == 0 {
			reach = 2 * hop
		}
		o, ok := align(h, w, offset+i, reach)
		if ok {
			good++
			offset = o - i
			if i == 0 {
				first = o
			}
			to = o + size
		}
		if total <= surely && !ok {
			return 0, 0, 0
		}
	}
	return float64(good) / float64(total), first, to
}

// align finds where a window lies near pos; ok: it is well heard there. A silent window must be silent.
func align(h, w []float64, pos, reach int) (at int, ok bool) {
	if quiet(w) {
		return pos, pos >= 0 && pos+len(w) <= len(h) && quiet(h[pos:pos+len(w)])
	}
	score := func(p int) float64 {
		if p < 0 || p+len(w) > len(h) {
			return 0
		}
		return correlation(h[p:p+len(w)], w)
	}
	if score(pos) > 0.95 {
		return pos, true
	}
	top := 0.0 // the best place, not the first good one: a voice also resembles itself one period later
	for p := pos - reach; p <= pos+reach; p++ {
		if v := score(p); v > top {
			at, top = p, v
		}
	}
	if top > wellHeard {
		return at, true
	}
	return pos, false
}

func quiet(x []float64) bool {
	sum := 0.0
	for _, v := range x {
		sum += v * v
	}
	return math.Sqrt(sum/float64(len(x))) < 40 // about -58 dBov
}

// correlation is Pearson's; 0 where one side does not move.
func correlation(a, b []float64) float64 {
	n := float64(len(a))
	var sa, sb, saa, sbb, sab float64
	for i, x := range a {
		y := b[i]
		sa += x
		sb += y
		saa += x * x
		sbb += y * y
		sab += x * y
	}
	va, vb := saa-sa*sa/n, sbb-sb*sb/n
	if va <= 1e-9 || vb <= 1e-9 {
		return 0
	}
	return (sab - sa*sb/n) / math.Sqrt(va*vb)
}
