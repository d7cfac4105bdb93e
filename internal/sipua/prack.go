package sipua

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// unpracked is a reliable provisional answer that waits for its PRACK (RFC 3262).
type unpracked struct {
	rseq  uint32
	heard chan struct{} // closed by the PRACK
}

// ringReliably says 180 to a caller that requires reliable provisional answers: it is repeated until its PRACK. When their INVITE
// brought no offer nothing is said: ours would have to stand in the 180 (§5), and it stands in the 200 anyway.
func (l *Leg) ringReliably() error {
	l.mu.Lock()
	if l.state != ringing {
		l.mu.Unlock()
		return ErrEnded
	}
	if l.sdp == nil || l.rung != nil { // §3: never a second one before the first is acknowledged; one 180 says it all
		l.mu.Unlock()
		return nil
	}
	u := &unpracked{rseq: 1 + rand.Uint32N(1<<31-2), heard: make(chan struct{})}
	l.rung = u
	l.mu.Unlock()
	res := l.response(l.invite, 180, nil)
	res.AppendHeader(sip.NewHeader("Require", "100rel"))
	res.AppendHeader(sip.NewHeader("RSeq", strconv.FormatUint(uint64(u.rseq), 10)))
	if err := l.tx.Respond(res); err != nil {
		return err
	}
	l.s.background("180", func() { l.repeatRing(res, u) })
	return nil
}

// repeatRing sends the 180 again at T1, 2*T1, 4*T1 …; after 64*T1 without PRACK the call is refused (RFC 3262 §3).
func (l *Leg) repeatRing(res *sip.Response, u *unpracked) {
	t1 := l.s.o.T1
	gap := t1
	next, limit := time.NewTimer(gap), time.NewTimer(64*t1)
	defer next.Stop()
	defer limit.Stop()
	for {
		select {
		case <-u.heard:
			return
		case <-l.done:
			return
		case <-next.C:
			l.mu.Lock()
			open := l.state == ringing
			l.mu.Unlock()
			if !open { // answered: the 200 says more
				return
			}
			_ = l.tx.Respond(res)
			gap *= 2
			next.Reset(gap)
		case <-limit.C:
			l.mu.Lock()
			open := l.state == ringing
			l.mu.Unlock()
			if open {
				l.leave("lost", "504")
			}
			return
		}
	}
}

// onPrack takes the acknowledgement of our 180. It may not bring an offer: theirs in the INVITE is still unanswered (RFC 3262 §5).
func (l *Leg) onPrack(req *sip.Request, tx *sip.ServerTx) {
	l.mu.Lock()
	u := l.rung
	status := 481
	if u != nil && matchesRAck(req, u.rseq, l.invite.CSeq().SeqNo) {
		status = 200
		select {
		case <-u.heard: // a second one in another transaction
			status = 481
		default:
			close(u.heard)
		}
	}
	l.mu.Unlock()
	if status == 200 && len(req.Body()) > 0 {
		status = 488
	}
	_ = tx.Respond(l.response(req, status, nil))
}

// matchesRAck compares "RSeq CSeq method" (RFC 3262 §7.2).
func matchesRAck(req *sip.Request, rseq, seq uint32) bool {
	v := values(req, "rack", "")
	if len(v) != 1 {
		return false
	}
	f := strings.Fields(v[0])
	return len(f) == 3 && number(f[0]) == uint64(rseq) && number(f[1]) == uint64(seq) && f[2] == "INVITE"
}

func number(s string) uint64 {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 1 << 40 // no RSeq and no CSeq is that great
	}
	return n
}

// rseqOf is the RSeq of a reliable provisional answer; 0: it is not reliable.
func rseqOf(res *sip.Response) uint32 {
	v := values(res, "rseq", "")
	if len(v) != 1 || !lists(res, "require", "", "100rel") {
		return 0
	}
	if n := number(strings.TrimSpace(v[0])); n < 1<<31 {
		return uint32(n)
	}
	return 0
}
