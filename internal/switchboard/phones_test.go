package switchboard

import (
	"context"
	"sync"
	"time"

	"dovidka/internal/call"
)

// fakePhones are the agents' devices.
type fakePhones struct {
	c     *centre
	mu    sync.Mutex
	pages map[string]bool
	sip   map[string]time.Duration // picked up after; below zero: never
	fails map[string]error
	legs  map[string]*fakeLeg // the latest of each agent; of a department by its number
	all   []*fakeLeg

	outs   map[call.Number]time.Duration // departments: answered after; below zero: never
	outErr error
	picks  func(*fakeLeg)   // told of every telephone that is picked up
	causes map[string]error // why a telephone ("login device") stopped to ring
}

func (p *fakePhones) page(login string, up bool) { p.mu.Lock(); p.pages[login] = up; p.mu.Unlock() }
func (p *fakePhones) leg(login string) *fakeLeg {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.legs[login]
}

func (p *fakePhones) Alive(login, device string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if device == DevicePhone {
		_, ok := p.sip[login]
		return ok
	}
	return p.pages[login]
}

func (p *fakePhones) Dial(ctx context.Context, login, device string, r Ring) (Leg, error) {
	p.mu.Lock()
	after, fail := p.sip[login], p.fails[login]
	p.mu.Unlock()
	if fail != nil {
		return nil, fail
	}
	accepted := r.Accepted
	if device == DevicePhone {
		up := make(chan struct{})
		if after >= 0 {
			time.AfterFunc(after, func() { close(up) })
		}
		accepted = up
	}
	select {
	case <-accepted:
	case <-ctx.Done():
		p.mu.Lock()
		p.causes[login+" "+device] = context.Cause(ctx)
		p.mu.Unlock()
		return nil, context.Cause(ctx)
	}
	return p.picked(ctx, login)
}

// picked is a telephone that has been picked up.
func (p *fakePhones) picked(ctx context.Context, who string) (Leg, error) {
	l := newLeg(p.c, call.Number(who))
	if err := l.Answer(ctx); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.legs[who], p.all = l, append(p.all, l)
	if p.picks != nil {
		p.picks(l)
	}
	return l, nil
}

// DialOut rings a department.
func (p *fakePhones) DialOut(ctx context.Context, out Outgoing) (Leg, error) {
	p.mu.Lock()
	after, fail := p.outs[out.To], p.outErr
	p.mu.Unlock()
	if fail != nil {
		return nil, fail
	}
	up := make(chan struct{})
	if after >= 0 {
		time.AfterFunc(after, func() { close(up) })
	}
	select {
	case <-up:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return p.picked(ctx, string(out.To))
}

// alive are the telephones that have not been hung up.
func (p *fakePhones) alive() []*fakeLeg {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []*fakeLeg
	for _, l := range p.all {
		if l.Cause() == "" {
			out = append(out, l)
		}
	}
	return out
}

func (p *fakePhones) stopped(login, device string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.causes[login+" "+device]
}
