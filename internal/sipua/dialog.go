package sipua

import (
	"crypto/rand"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// dialog is the state of RFC 3261 §12: what a request inside the call is made of and matched by. It is a value; its leg guards it.
type dialog struct {
	callID     string
	localTag   string
	remoteTag  string
	local      sip.Uri // our From
	localName  string
	remote     sip.Uri // their address
	remoteName string
	localSeq   uint32
	remoteSeq  uint32
	target     sip.Uri   // their Contact: the Request-URI of our requests
	routes     []sip.Uri // in the order in which we write them
	contact    sip.Uri   // ours
	network    string    // "UDP" or "TCP"
	source     string    // host:port that their last message really came from
}

// incoming makes the dialog of an INVITE that came to us, under our tag (RFC 3261 §12.1.1).
func incoming(req *sip.Request, tag string, contact sip.Uri) dialog {
	d := dialog{
		callID: req.CallID().Value(), localTag: tag, remoteTag: param(req.From().Params, "tag"),
		local: *req.To().Address.Clone(), localName: req.To().DisplayName,
		remote: *req.From().Address.Clone(), remoteName: req.From().DisplayName,
		remoteSeq: req.CSeq().SeqNo, target: *req.From().Address.Clone(),
		contact: contact, network: req.Transport(), source: req.Source(),
	}
	if c := req.Contact(); c != nil {
		d.target = *c.Address.Clone()
	}
	for _, h := range req.GetHeaders("record-route") {
		if rr, ok := h.(*sip.RecordRouteHeader); ok {
			d.routes = append(d.routes, *rr.Address.Clone())
		}
	}
	return d
}

// dialled makes the dialog of a 2xx to an INVITE of ours (RFC 3261 §12.1.2).
func dialled(req *sip.Request, res *sip.Response, contact sip.Uri) dialog {
	d := dialog{
		callID: req.CallID().Value(), localTag: param(req.From().Params, "tag"), remoteTag: param(res.To().Params, "tag"),
		local: *req.From().Address.Clone(), localName: req.From().DisplayName, remote: *res.To().Address.Clone(),
		localSeq: req.CSeq().SeqNo, target: *req.Recipient.Clone(),
		contact: contact, network: req.Transport(), source: res.Source(),
	}
	if c := res.Contact(); c != nil {
		d.target = *c.Address.Clone()
	}
	for _, h := range res.GetHeaders("record-route") {
		if rr, ok := h.(*sip.RecordRouteHeader); ok {
			d.routes = append(d.routes, *rr.Address.Clone())
		}
	}
	slices.Reverse(d.routes)
	return d
}

// path gives the Request-URI and the Route of a request inside the dialog (RFC 3261 §12.2.1.1). A first route without lr is a strict
// router (RFC 2543): it stands in the Request-URI itself, and the target at the end of the Route.
func (d *dialog) path() (to sip.Uri, routes []sip.Uri) {
	if len(d.routes) == 0 || has(d.routes[0].UriParams, "lr") {
		return d.target, d.routes
	}
	to = *d.routes[0].Clone()
	to.Headers = nil // §19.1.1: not allowed there
	return to, append(slices.Clone(d.routes[1:]), d.target)
}

// bare makes a request inside the dialog without its Via.
func (d *dialog) bare(method sip.RequestMethod, seq uint32) *sip.Request {
	to, routes := d.path()
	req := sip.NewRequest(method, *to.Clone())
	for _, r := range routes {
		req.AppendHeader(&sip.RouteHeader{Address: *r.Clone()})
	}
	forwards := sip.MaxForwardsHeader(70)
	req.AppendHeader(&forwards)
	req.AppendHeader(&sip.FromHeader{DisplayName: d.localName, Address: *d.local.Clone(), Params: tagged(d.localTag)})
	req.AppendHeader(&sip.ToHeader{DisplayName: d.remoteName, Address: *d.remote.Clone(), Params: tagged(d.remoteTag)})
	id := sip.CallIDHeader(d.callID)
	req.AppendHeader(&id)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: seq, MethodName: method})
	if method != sip.BYE && method != sip.PRACK { // RFC 3261 §20 table 2, RFC 3262 table 1
		req.AppendHeader(&sip.ContactHeader{Address: *d.contact.Clone()})
	}
	req.SetBody(nil)
	return req
}

func tagged(tag string) sip.HeaderParams {
	if tag == "" { // RFC 2543 far ends have none
		return nil
	}
	return sip.HeaderParams{{K: "tag", V: tag}}
}

// hop is where a request inside the dialog is sent: the first route or their Contact, unless that address cannot be theirs – a name,
// or a private address seen from outside its net: then back to where their last message came from (RFC 3581; maddr is ignored).
func (d *dialog) hop() string {
	u := d.target
	if len(d.routes) > 0 {
		u = d.routes[0]
	}
	src, err := netip.ParseAddrPort(d.source)
	if err != nil {
		return hostPort(u)
	}
	ip, err := netip.ParseAddr(strings.Trim(u.Host, "[]"))
	if err != nil || local(ip) && ip.Unmap() != src.Addr().Unmap() {
		return d.source
	}
	if d.network == "UDP" && ip.Unmap() == src.Addr().Unmap() && len(d.routes) == 0 && !local(ip) {
		return d.source // behind a NAT that shows its own address in Contact the port is the NAT's too
	}
	return hostPort(u)
}

// local tells addresses of a local net: what they call themselves means nothing outside it.
func local(ip netip.Addr) bool {
	ip = ip.Unmap()
	return ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.IsUnspecified() ||
		netip.MustParsePrefix("100.64.0.0/10").Contains(ip) // RFC 6598: carriers' NAT
}

func hostPort(u sip.Uri) string {
	port := u.Port
	if port == 0 {
		port = 5060
	}
	return net.JoinHostPort(strings.Trim(u.Host, "[]"), strconv.Itoa(port))
}

// send completes a request with Via and the way out, and says where it goes. UDP leaves from the listening socket, so that answers
// pass the far end's NAT and firewall; of TCP and TLS an open connection to the far end is used again.
func (s *Server) send(req *sip.Request, network, dest string) {
	own := s.from(network, dest)
	if network == "UDP" {
		req.Laddr = sip.Addr{IP: net.IP(own.Addr().AsSlice()), Port: int(own.Port())}
	}
	req.PrependHeader(&sip.ViaHeader{ProtocolName: "SIP", ProtocolVersion: "2.0", Transport: network, Host: s.hostFor(network, dest),
		Port: int(own.Port()), Params: sip.HeaderParams{{K: "branch", V: sip.RFC3261BranchMagicCookie + rand.Text()}, {K: "rport"}}})
	req.SetTransport(network)
	req.SetDestination(dest)
}

// inside makes a request of method in l's dialog, ready to go.
func (s *Server) inside(d *dialog, method sip.RequestMethod, seq uint32) *sip.Request {
	req := d.bare(method, seq)
	dest := d.hop()
	if d.network != "UDP" {
		if c, err := s.tpl.GetConnection(d.network, d.source); err == nil {
			_, _ = c.TryClose()
			dest = d.source
		}
	}
	s.send(req, d.network, dest)
	return req
}

// hostFor is the address under which the far end at dest can reach us.
func (s *Server) hostFor(network, dest string) string {
	ap, err := netip.ParseAddrPort(dest)
	if pub := s.o.PublicIP; err == nil && pub.IsValid() && !local(ap.Addr()) && pub.Is4() == ap.Addr().Unmap().Is4() {
		return pub.String()
	}
	if ip := s.from(network, dest).Addr(); !ip.IsUnspecified() {
		return ip.String()
	}
	if ip := s.known(dest); network == "UDP" && ip != "" {
		return ip
	}
	if ip := s.routed(dest); ip != "" {
		return ip
	}
	return "127.0.0.1"
}

func (s *Server) contactFor(user, network, dest string) sip.Uri {
	u := sip.Uri{Scheme: "sip", User: user, Host: s.hostFor(network, dest), Port: int(s.from(network, dest).Port())}
	if network != "UDP" {
		u.UriParams = sip.HeaderParams{{K: "transport", V: strings.ToLower(network)}}
	}
	return u
}
