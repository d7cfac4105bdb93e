package app

import (
	"context"
	"net/netip"

	"dovidka/internal/call"
	"dovidka/internal/webphone"
)

// phoneOptions is how browsers' sound comes in: one UDP port, and the citizens' page when it is switched on.
func (r *rooms) phoneOptions(port int, bind, public netip.Addr) webphone.Options {
	c := r.conf
	if !bind.IsValid() {
		bind = netip.IPv4Unspecified()
	}
	o := webphone.Options{
		Engine: r.media, Listen: netip.AddrPortFrom(bind, uint16(port)), Number: call.ParseNumber(c.Centre.Number),
		PerIP: c.Limits.WebPerIP, PerHour: c.Limits.WebPerHour, Log: r.log,
	}
	if public.IsValid() {
		o.IPs = []netip.Addr{public, netip.AddrFrom4([4]byte{127, 0, 0, 1})}
	}
	if c.HTTP.CitizenCall && r.trouble == nil {
		o.OnCitizen = func(l *webphone.Leg) { r.ready().Take(context.WithoutCancel(r.background()), l) }
	}
	return o
}
