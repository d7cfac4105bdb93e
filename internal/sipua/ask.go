package sipua

import (
	"context"
	"errors"
	"time"

	"github.com/emiago/sipgo/sip"
)

// ask sends a request inside the leg's dialog and waits for its final answer; more adds to the request. Not for INVITE, whose 2xx
// wants an ACK.
func (l *Leg) ask(method sip.RequestMethod, more func(*sip.Request)) (*sip.Response, error) {
	l.mu.Lock()
	l.d.localSeq++
	req := l.s.inside(&l.d, method, l.d.localSeq)
	l.mu.Unlock()
	if more != nil {
		more(req)
	}
	ctx, stop := context.WithTimeout(context.Background(), 8*l.s.o.T1) // to connect
	defer stop()
	tx, err := l.s.txl.Request(ctx, req)
	if err != nil {
		return nil, err
	}
	return l.s.final(context.Background(), tx)
}

// final waits for the final answer of a client transaction, which it ends, at most until ctx ends.
func (s *Server) final(ctx context.Context, tx *sip.ClientTx) (*sip.Response, error) {
	limit := time.NewTimer(64 * s.o.T1)
	defer limit.Stop()
	defer tx.Terminate()
	for {
		select {
		case res := <-tx.Responses():
			if !res.IsProvisional() {
				return res, nil
			}
		case <-tx.Done():
			return nil, errors.Join(ErrNoAnswer, tx.Err())
		case <-limit.C:
			return nil, ErrNoAnswer
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-s.done:
			return nil, ErrEnded
		}
	}
}

// values gives the values of a header under its long and its short name; lists of one line are left as they are.
func values(m sip.Message, name, short string) (out []string) {
	for _, n := range []string{name, short} {
		if n == "" {
			continue
		}
		for _, h := range m.GetHeaders(n) {
			out = append(out, h.Value())
		}
	}
	return out
}

// finalInvite waits for the final answer of an INVITE of ours inside a dialog. The transaction stays, for repeated answers.
func (s *Server) finalInvite(tx *sip.ClientTx) (*sip.Response, error) {
	limit := time.NewTimer(64 * s.o.T1)
	defer limit.Stop()
	for {
		select {
		case res := <-tx.Responses():
			if !res.IsProvisional() {
				return res, nil
			}
		case <-tx.Done():
			return nil, errors.Join(ErrNoAnswer, tx.Err())
		case <-limit.C:
			tx.Terminate()
			return nil, ErrNoAnswer
		case <-s.done:
			tx.Terminate()
			return nil, ErrEnded
		}
	}
}

// waitFor waits for c, at most so long. A nil c waits for nothing.
func (s *Server) waitFor(c <-chan struct{}, most time.Duration) {
	if c == nil {
		return
	}
	limit := time.NewTimer(most)
	defer limit.Stop()
	select {
	case <-c:
	case <-limit.C:
	case <-s.done:
	}
}
