package webphone

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

// message is every message of both sockets; only the fields of its type are filled.
type message struct {
	Type  string `json:"type"`
	SDP   string `json:"sdp,omitempty"`
	N     int    `json:"n,omitempty"`
	Media string `json:"media,omitempty"` // "up" or "down"
	State string `json:"state,omitempty"` // "connecting", "talking", "ended"
	Cause string `json:"cause,omitempty"`
	Call  string `json:"call,omitempty"`
	Key   string `json:"key,omitempty"`
	Mic   bool   `json:"mic,omitempty"`
	Text  string `json:"text,omitempty"`
}

const (
	maxMessage = 64 << 10        // an SDP answer has some 3 KB
	writeBound = 3 * time.Second // a socket that takes longer for one message is gone
	outBuffer  = 32              // messages that may wait; a page that reads none is gone
)

// page is one open socket: one reader (serve), one writer, one heartbeat.
type page struct {
	hub    *Hub
	conn   *websocket.Conn
	ctx    context.Context
	cancel context.CancelFunc
	out    chan message
	lost   time.Duration // without a pong for so long, the page is gone
	pong   atomic.Int64  // Unix nanoseconds of the last pong
	wire   *wire         // its sound; guarded by the owner of the page (line.mu, or the citizen's reader)
	ponged bool          // has answered a ping; guarded by line.mu
}

// open takes a socket over. Another site's page is refused here, by its Origin.
func (h *Hub) open(w http.ResponseWriter, r *http.Request, lost time.Duration) (*page, error) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return nil, err // Accept has answered
	}
	conn.SetReadLimit(maxMessage)
	p := &page{hub: h, conn: conn, lost: lost, out: make(chan message, outBuffer)}
	p.ctx, p.cancel = context.WithCancel(r.Context())
	p.pong.Store(time.Now().UnixNano())
	return p, nil
}

// serve reads until the page is gone and gives each message to take; an error of take ends the page. beat is sent at each
// ping. The last thing it does is to tell the far end goodbye with why.
func (p *page) serve(beat func(n int), take func(message) error) {
	stop := context.AfterFunc(p.hub.ctx, p.cancel)
	defer stop()
	go p.write()
	go p.heartbeat(beat)
	defer func() { _ = p.conn.CloseNow() }()
	defer p.cancel()
	for {
		var m message
		if err := wsjson.Read(p.ctx, p.conn, &m); err != nil {
			return
		}
		if err := take(m); err != nil {
			p.hub.log.Warn("webphone: page refused", "err", err)
			_ = p.conn.Close(websocket.StatusPolicyViolation, "")
			return
		}
	}
}

// send queues a message; a page that does not read is ended.
func (p *page) send(m message) {
	select {
	case p.out <- m:
	default:
		p.cancel()
	}
}

func (p *page) write() {
	for {
		select {
		case <-p.ctx.Done():
			return
		case m := <-p.out:
			ctx, cancel := context.WithTimeout(p.ctx, writeBound)
			err := wsjson.Write(ctx, p.conn, m)
			cancel()
			if err != nil {
				p.cancel()
				return
			}
		}
	}
}

// heartbeat pings, and ends a page that has not answered for the bound.
func (p *page) heartbeat(beat func(n int)) {
	ping := time.NewTicker(p.hub.o.Ping)
	defer ping.Stop()
	look := time.NewTicker(p.lost / 20)
	defer look.Stop()
	n := 1
	beat(n)
	for {
		select {
		case <-p.ctx.Done():
			return
		case <-ping.C:
			n++
			beat(n)
		case <-look.C:
			if p.silent() {
				p.cancel()
				return
			}
		}
	}
}

// silent tells that the page has not answered for the bound.
func (p *page) silent() bool { return time.Since(time.Unix(0, p.pong.Load())) > p.lost }

// beaten notes a pong.
func (p *page) beaten() { p.pong.Store(time.Now().UnixNano()) }
