package switchboard

import (
	"dovidka/internal/call"
	"dovidka/internal/media"
)

// The opinions (ITU-T G.107 Annex B) from which nearly everybody is content, and from which many are not.
const (
	goodOpinion = 4.0
	fairOpinion = 3.6
)

// legSound writes how a leg sounded; agent is "" for the citizen's. A leg that nothing was heard of has no opinion.
func (c *conductor) legSound(leg Leg, agent string) {
	p := leg.Media()
	if p == nil {
		return
	}
	if f, ok := soundFact(p.Stats(), agent); ok {
		c.note(f)
	}
}

func soundFact(s media.Stats, agent string) (call.Fact, bool) {
	f := call.Fact{Kind: call.Sounded, Agent: agent, Value: call.Poor, Share: max(s.Loss, s.FarLoss), Seconds: s.RoundTrip.Seconds()}
	switch {
	case s.MOS >= goodOpinion:
		f.Value = call.Good
	case s.MOS >= fairOpinion:
		f.Value = call.Fair
	}
	return f, s.MOS > 0
}
