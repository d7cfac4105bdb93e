package sipua

import (
	"context"
	"errors"
	"time"

	"github.com/emiago/sipgo/sip"
)

// ask sends a request inside the leg's dialog and waits for its final answer; more adds to the request. A challenge of the leg's own
// trunk is answered once. Not for INVITE, whose 2xx wants an ACK.
func (l *Leg) ask(method sip.RequestMethod, more func(*sip.Request)) (*sip.Response, error) {
	req, res, err := l.askOnce(method, more)
	if err != nil {
		return nil, err
	}
	if proof := l.proof(req, res); proof != nil {
		_, res, err = l.askOnce(method, func(again *sip.Request) {
			if more != nil {
				more(again)
			}
			again.AppendHeader(proof)
		})
	}
	return res, err
}

func (l *Leg) askOnce(method sip.RequestMethod, more func(*sip.Request)) (*sip.Request, *sip.Response, error) {
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
		return nil, nil, err
	}
	res, err := l.s.final(context.Background(), tx)
	return req, res, err
}

// proof answers a challenge to a request inside the dialog, of the carrier whose trunk the call goes through and of nobody else: a
// BYE that is not proved there leaves the carrier's side of the call up, and on the bill.
func (l *Leg) proof(req *sip.Request, res *sip.Response) sip.Header {
	if l.line == "" || res.StatusCode != 401 && res.StatusCode != 407 {
		return nil
	}
	way := l.s.line(l.line)
	if way == nil {
		return nil
	}
	name, value := way.credentials(res, string(req.Method), req.Recipient.String())
	if value == "" {
		return nil
	}
	return sip.NewHeader(name, value)
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
