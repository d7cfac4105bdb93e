package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/fault"
	"dovidka/internal/sipua"
	"dovidka/internal/switchboard"
	"dovidka/internal/trunk"
	"dovidka/internal/web"
)

// lines joins what is written down of the carriers' links to those at work (web.Lines).
type lines struct{ r *rooms }

// Apply reads what is written down and puts it into force.
func (l lines) Apply(ctx context.Context) error {
	all, err := l.r.trunks.List(ctx)
	if err != nil {
		return err
	}
	var work []sipua.Trunk
	for _, k := range all {
		if !k.Enabled {
			continue
		}
		t, err := sipTrunk(l.r.trunks, k)
		if err != nil {
			return err
		}
		work = append(work, t)
	}
	l.r.sip.SetTrunks(work)
	return nil
}

// sipTrunk turns what is written down into what works.
func sipTrunk(room *trunk.Trunks, k trunk.Trunk) (sipua.Trunk, error) {
	password, err := room.Password(k.Name)
	if err != nil {
		return sipua.Trunk{}, err
	}
	t := sipua.Trunk{
		Name: k.Name, Register: k.Register, Server: k.Server, Proxy: k.Proxy, Transport: k.Transport, User: k.Login, AuthUser: k.AuthLogin,
		Password: password, Realm: k.Realm, Expires: seconds(k.ExpiresS), Keepalive: seconds(k.KeepaliveS), Channels: k.Channels,
		CallerID: call.ParseNumber(k.CallerID), Format: k.Format, Caller: k.Rules.Caller, Called: k.Rules.Called,
		Codecs: k.Codecs, DTMF: k.DTMF, Timers: k.SessionTimers,
	}
	for _, p := range k.Peers {
		net, err := trunk.Peer(p)
		if err != nil {
			return t, fmt.Errorf("trunk %s: peer: %w", k.Name, err)
		}
		t.Peers = append(t.Peers, net)
	}
	for _, p := range k.In {
		t.In = append(t.In, sipua.Prefix(p))
	}
	for _, p := range k.Out {
		t.Out = append(t.Out, sipua.Prefix(p))
	}
	for _, n := range k.Rules.Numbers {
		t.Numbers = append(t.Numbers, call.Number(n))
	}
	return t, nil
}

// Try makes a trunk try at once.
func (l lines) Try(name string) { l.r.sip.Try(name) }

// Inspect keeps the next call of a trunk.
func (l lines) Inspect(name string) { l.r.sip.Inspect(name) }

// Inspection gives the call that was waited for.
func (l lines) Inspection(name string) web.Inspection {
	i, waiting := l.r.sip.Inspected(name)
	out := web.Inspection{Waiting: waiting, Headers: []web.InspectedHeader{}}
	if i == nil {
		return out
	}
	out.At, out.From, out.Stranger = i.At, i.From.Addr().Unmap().String(), i.Stranger
	for _, h := range i.Headers {
		out.Headers = append(out.Headers, web.InspectedHeader{Name: h.Name, Value: h.Value, Number: string(h.Number), Display: h.Number.Display()})
	}
	return out
}

// Health tells how every trunk in force is, step by step.
func (l lines) Health(ctx context.Context) []web.TrunkHealth {
	all, err := l.r.trunks.List(ctx)
	if err != nil {
		return nil
	}
	seen := l.r.seenTrunks()
	var out []web.TrunkHealth
	for _, s := range seen.Trunks {
		i := slices.IndexFunc(all, func(k trunk.Trunk) bool { return k.Name == s.State.Name })
		if i < 0 {
			continue
		}
		h := web.TrunkHealth{Name: s.State.Name, Up: s.State.Up, Since: s.State.Since, Busy: s.State.Busy, Ladder: []web.TrunkRung{},
			Steps: trunkSteps(all[i], s.State, seen.Stranger, time.Now())}
		for _, r := range s.Ladder {
			h.Ladder = append(h.Ladder, web.TrunkRung{At: r.At, Out: r.Out, Text: r.Text, Seq: r.Seq, Call: r.Call})
		}
		out = append(out, h)
	}
	return out
}

// seenTrunk is a trunk as it works; the file that holds them is what the doctor of a running program reads. It holds no secret and
// nothing personal.
type seenTrunk struct {
	State  sipua.TrunkState
	Ladder []sipua.Rung
}

type seenTrunks struct {
	At       time.Time
	Trunks   []seenTrunk
	Stranger sipua.Stranger
}

const seenName = "trunks.seen.json"

func (r *rooms) seenTrunks() seenTrunks {
	out := seenTrunks{At: time.Now(), Stranger: r.sip.LastStranger()}
	for _, s := range r.sip.Trunks() {
		out.Trunks = append(out.Trunks, seenTrunk{s, r.sip.Ladder(s.Name)})
	}
	return out
}

// noteTrunks leaves the state for the doctor; without trunks there is no file.
func (r *rooms) noteTrunks() {
	path := filepath.Join(r.conf.Data, seenName)
	seen := r.seenTrunks()
	if len(seen.Trunks) == 0 {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			r.log.Debug("state of trunks", "err", err)
		}
		return
	}
	b, err := json.Marshal(seen)
	if err == nil {
		err = writeWhole(path, b, 0o600)
	}
	if err != nil {
		r.log.Debug("state of trunks", "err", err) // the disk has its own alarm
	}
}

// trunkDownFor is how long a trunk may be away before every desk is told.
const trunkDownFor = 10 * time.Second

// trunkTroubles are the strips of trunks that are down. While another is up calls still come, so only the loss of all is fatal.
func (r *rooms) trunkTroubles(ctx context.Context) []web.Trouble {
	if r.trunks == nil {
		return nil
	}
	states := r.sip.Trunks()
	var out []web.Trouble
	up := 0
	for _, s := range states {
		switch {
		case s.Up:
			up++
			continue
		case time.Since(s.Since) < trunkDownFor:
			continue
		}
		title := s.Name
		if k, err := r.trunks.Get(ctx, s.Name); err == nil {
			title = k.Title
		}
		out = append(out, web.Trouble{What: "Лінія", Text: fmt.Sprintf("«%s» не на зв’язку з %s.", title, s.Since.In(r.hours.Location()).Format("15:04")),
			Todo: "Що робити — на сторінці «Лінії»."})
	}
	if up == 0 && len(out) == len(states) {
		for i := range out {
			out[i].Fatal = true
		}
	}
	return out
}

// through tries the trunks that are up and have a free channel, in order, until one takes the call. A far end that answers — busy, no
// such number — has had its say: the next trunk would only ring it again.
func (p phones) through(ctx context.Context, to call.Number) (switchboard.Leg, string, error) {
	for _, s := range p.r.sip.Trunks() {
		if !s.Up || s.Channels > 0 && s.Busy >= s.Channels {
			continue
		}
		leg, err := p.r.sip.DialTrunk(ctx, s.Name, to, sipua.DialOptions{})
		var no *sipua.RefusedError
		switch {
		case err == nil:
			return leg, s.Name, nil
		case ctx.Err() != nil:
			return nil, s.Name, context.Cause(ctx)
		case errors.As(err, &no) && slices.Contains([]int{486, 600, 603}, no.Status):
			return nil, s.Name, fmt.Errorf("%w: %w", switchboard.ErrRefused, err)
		case errors.As(err, &no) && no.Status < 500 && no.Status != 401 && no.Status != 403 && no.Status != 407 && no.Status != 408:
			return nil, s.Name, fault.Wrap(fault.Conflict, notReached(no.Status), err)
		}
		p.r.log.Warn("a trunk did not take an outgoing call", "trunk", s.Name, "err", err)
	}
	return nil, "", errNoLine
}

func notReached(status int) string {
	switch status {
	case 404, 484:
		return "Такого номера немає: оператор зв’язку його не знає."
	case 480:
		return "На тому кінці не відповідають."
	}
	return "З цим номером з’єднати не вдалося."
}

// sipAddrs are the addresses of [sip] listen.
func (c Config) sipAddrs() []netip.AddrPort {
	var out []netip.AddrPort
	for _, a := range splitList(c.SIP.Listen) {
		if len(a) > 0 && a[0] == ':' {
			a = "0.0.0.0" + a
		}
		if ap, err := netip.ParseAddrPort(a); err == nil {
			if ap.Addr() == netip.IPv6Unspecified() {
				out = append(out, netip.AddrPortFrom(netip.IPv4Unspecified(), ap.Port()))
			}
			out = append(out, ap)
		}
	}
	return out
}

// soundAddrs are where sound is bound: the address of its family that SIP listens on, every address when there are several; the
// zero Addr for a family that is not listened on.
func (c Config) soundAddrs() (four, six netip.Addr) {
	for _, a := range c.sipAddrs() {
		ip := a.Addr().Unmap()
		at, every := &four, netip.IPv4Unspecified()
		if ip.Is6() {
			at, every = &six, netip.IPv6Unspecified()
		}
		if at.IsValid() && *at != ip {
			ip = every
		}
		*at = ip
	}
	return four, six
}
