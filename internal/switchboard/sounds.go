package switchboard

import (
	"slices"
	"time"

	"dovidka/internal/media"
	"dovidka/internal/speech"
)

// stage is where a talk stands. The moves between stages are listed in talk.step; there are no others.
type stage string

const (
	talking    stage = "talking"    // the citizen and the agent
	calling    stage = "calling"    // a second party is being rung; the citizen hears music
	consulting stage = "consulting" // the agent and the second party; the citizen hears music
	conference stage = "conference" // all three
)

// ear is one of those in a talk.
type ear int

const (
	citizenEar ear = iota
	agentEar
	guestEar
	asideEar // the agent's second call
)

// scene is all that the sound of a talk follows from.
type scene struct {
	stage     stage
	hold      bool // the agent has put the citizen on hold
	agentAway bool // on the telephone's own hold, or lost
	guestAway bool
	aside     bool // the agent has a second call for the second party: each call has its own hold
	asideAway bool
}

// plan is who hears what: those joined hear each other. Who stands nowhere has turned away and hears silence.
type plan struct {
	joined  []ear
	also    []ear // a second group of two
	music   []ear
	ringing bool // the agent hears that it rings
}

// plan judges: nobody who listens hears dead air, and the citizen hears a person or music.
func (s scene) plan() plan {
	if s.aside && s.stage == consulting {
		return s.planAside()
	}
	var present []ear
	if !s.agentAway {
		present = append(present, agentEar)
	}
	if !s.guestAway && (s.stage == consulting || s.stage == conference) {
		present = append(present, guestEar)
	}
	switch {
	case s.stage == talking && s.hold, s.stage == calling:
		return plan{music: []ear{citizenEar}, ringing: s.stage == calling && !s.agentAway}
	case s.stage == consulting && len(present) == 2:
		return plan{joined: present, music: []ear{citizenEar}}
	case s.stage == consulting:
		return plan{music: append([]ear{citizenEar}, present...)}
	case len(present) == 0:
		return plan{music: []ear{citizenEar}}
	}
	return plan{joined: append([]ear{citizenEar}, present...)}
}

// planAside: the desk phone has a call with each; it holds the one or the other, or neither and joins them itself.
func (s scene) planAside() (p plan) {
	if s.agentAway {
		p.music = append(p.music, citizenEar)
	} else {
		p.joined = []ear{citizenEar, agentEar}
	}
	switch {
	case s.guestAway:
	case s.asideAway:
		p.music = append(p.music, guestEar)
	default:
		p.also = []ear{guestEar, asideEar}
	}
	if len(p.joined) == 0 {
		p.joined, p.also = p.also, nil
	}
	return p
}

func (p plan) equal(q plan) bool {
	return slices.Equal(p.joined, q.joined) && slices.Equal(p.also, q.also) && slices.Equal(p.music, q.music) && p.ringing == q.ringing
}

// ringback is what a caller hears while it rings (ITU-T E.180, Ukraine: 425 Hz, 1 s on, 4 s off).
func ringback() media.Source {
	var alaw []byte
	var f media.Frame
	for _, s := range []media.Source{media.Tone(425, time.Second, -20), media.Silence(4 * time.Second)} {
		for s.Next(&f) {
			alaw = append(alaw, f[:]...)
		}
	}
	return media.Loop(alaw)
}

// tune is the music of a waiting person: each has their own place in it.
func tune() media.Source {
	if m := speech.Embedded("music"); len(m) > 0 {
		return media.Loop(m)
	}
	return media.Silence(-1)
}

// port gives the sound of one in the talk.
func (t *talk) port(e ear) *media.Port {
	switch e {
	case agentEar:
		if t.aside != nil && t.stage == conference {
			return t.aside.Media()
		}
		return t.me.leg.Media()
	case guestEar:
		return t.guest.leg.Media()
	case asideEar:
		return t.aside.Media()
	}
	return t.c.port
}

// sound carries the plan out where it is new.
func (t *talk) sound() {
	s := scene{stage: t.stage, hold: t.hold, agentAway: t.me.away(), guestAway: t.guest != nil && t.guest.away(),
		aside: t.aside != nil, asideAway: t.asideHeld}
	if s.aside && s.stage == conference {
		s.agentAway = s.asideAway
	}
	p := s.plan()
	if t.sounds && p.equal(t.plan) {
		return
	}
	t.apart()
	t.plan, t.sounds = p, true
	if len(p.joined) > 0 && p.joined[0] == citizenEar {
		t.c.speak.stop()
		t.c.stopMusic()
	}
	switch len(p.joined) {
	case 2:
		t.bridge = media.Bridge(t.port(p.joined[0]), t.port(p.joined[1]))
	case 3:
		t.mix = media.NewMix()
		for i, e := range p.joined {
			t.mix.Hear(t.port(e), t.port(p.joined[(i+1)%3]), t.port(p.joined[(i+2)%3]))
		}
	}
	if len(p.also) == 2 {
		t.other = media.Bridge(t.port(p.also[0]), t.port(p.also[1]))
	}
	for _, e := range p.music {
		if e != citizenEar { // the citizen's is the loop's: it goes on after what is being said
			t.port(e).Play(tune())
		}
	}
	if t.waitsForMusic() {
		t.c.playMusic()
	}
	if p.ringing {
		t.me.leg.Media().Play(ringback())
	}
	t.patience()
	t.tellSound()
}

// tellSound tells the recording and a head who listens who talk with each other.
func (t *talk) tellSound() {
	k := company{agent: t.me.id, at: t.port(agentEar)}
	for _, e := range t.plan.joined {
		if t.sounds {
			k.joined = append(k.joined, t.port(e))
		}
	}
	if t.guest != nil && t.guest.kind == ToDepartment {
		k.outside = t.port(guestEar)
	}
	t.c.sounded(k)
}

// resound tells it again, after joining them anew if need be.
func (t *talk) resound(r resounding) {
	defer close(r.done)
	if r.again {
		t.sounds = false
		t.sound()
		return
	}
	t.tellSound()
}

// patience lets a citizen who waits for an agent's next word hear now and then that this is so; one whose agent is lost has music.
func (t *talk) patience() {
	if !slices.Contains(t.plan.music, citizenEar) || t.stage == talking && t.me.lost {
		t.patient.Stop()
		t.waits = false
		return
	}
	if !t.waits {
		t.waits = true
		t.patient.Reset(holdSays)
		t.c.speak.start(t.c.line(nil, "queue.hold"), false)
	}
}

// apart parts all; those who listen hear silence until something else comes.
func (t *talk) apart() {
	if t.bridge != nil {
		t.bridge.Break()
		t.bridge = nil
	}
	if t.other != nil {
		t.other.Break()
		t.other = nil
	}
	if t.mix != nil {
		t.mix.Close()
		t.mix = nil
	}
	t.sounds = false
}
