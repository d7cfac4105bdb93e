package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"time"

	"golang.org/x/sys/unix"
)

// The two things that calls are compared with, each a process of its own on the server's core, driven by the same generator:
// naive, the usual design: a goroutine that reads, a goroutine with a ticker that writes and a net.UDPConn per call;
// bare, the floor: one loop that does one receive and one send for every call in 20 ms, and nothing else.
// Neither parses, speaks SIP, plays a menu or writes a journal.

// baseline serves n calls: it says its ports, reads where to send, and goes on until its input ends.
func baseline(kind string, n int) error {
	open := naiveCall
	var bare []*bareCall
	if kind == "bare" {
		open = func(far <-chan netip.AddrPort) (netip.AddrPort, error) {
			c, at, err := newBareCall(far)
			bare = append(bare, c)
			return at, err
		}
	}
	fars := make([]chan netip.AddrPort, n)
	near := make([]netip.AddrPort, n)
	for i := range n {
		var err error
		fars[i] = make(chan netip.AddrPort, 1)
		if near[i], err = open(fars[i]); err != nil {
			return err
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(near); err != nil {
		return err
	}
	in := bufio.NewReader(os.Stdin)
	line, err := in.ReadBytes('\n')
	if err != nil {
		return err
	}
	var far []netip.AddrPort
	if err := json.Unmarshal(line, &far); err != nil {
		return err
	}
	for i, a := range far {
		fars[i] <- a
	}
	if bare != nil {
		go bareLoop(bare)
	}
	_, _ = in.ReadByte()
	return nil
}

func naiveCall(far <-chan netip.AddrPort) (netip.AddrPort, error) {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return netip.AddrPort{}, err
	}
	go func() {
		buf := make([]byte, 2048)
		for {
			if _, _, err := c.ReadFromUDPAddrPort(buf); err != nil {
				return
			}
		}
	}()
	go func() {
		to := <-far
		pkt := make([]byte, 172)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for range tick.C {
			pkt[0], pkt[1] = 0x80, 8
			_, _ = c.WriteToUDPAddrPort(pkt, to)
		}
	}()
	return c.LocalAddr().(*net.UDPAddr).AddrPort(), nil
}

type bareCall struct {
	fd  int
	far <-chan netip.AddrPort
	to  unix.SockaddrInet4
}

func newBareCall(far <-chan netip.AddrPort) (*bareCall, netip.AddrPort, error) {
	p, err := newPhone()
	if err != nil {
		return nil, netip.AddrPort{}, err
	}
	return &bareCall{fd: p.fd, far: far}, p.local, nil
}

func bareLoop(calls []*bareCall) {
	for _, c := range calls {
		to := <-c.far
		c.to = unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}
	}
	in, out := make([]byte, 2048), make([]byte, 172)
	out[0], out[1] = 0x80, 8
	next := time.Now()
	for slot := 0; ; slot = (slot + 1) % 5 {
		next = next.Add(4 * time.Millisecond)
		time.Sleep(time.Until(next))
		for i := slot; i < len(calls); i += 5 {
			_, _ = unix.Read(calls[i].fd, in)
			_ = unix.Sendto(calls[i].fd, out, 0, &calls[i].to)
		}
	}
}

// compare runs one of them with n calls and gives its CPU per call.
func compare(kind string, n int, hold time.Duration) (result, error) {
	self, err := os.Executable()
	if err != nil {
		return result{}, err
	}
	cmd := exec.Command("taskset", "-c", "0", self, "-serve", kind, "-n", fmt.Sprint(n))
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		return result{}, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return result{}, err
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return result{}, err
	}
	defer cmd.Wait()
	defer in.Close()
	var near, far []netip.AddrPort
	if err := json.NewDecoder(out).Decode(&near); err != nil {
		return result{}, err
	}
	g, err := newGenerator("")
	if err != nil {
		return result{}, err
	}
	defer g.close()
	var calls []*phone
	for _, a := range near {
		p, err := newPhone()
		if err != nil {
			return result{}, err
		}
		p.talkTo(a)
		calls, far = append(calls, p), append(far, p.local)
		g.join(p)
	}
	if err := json.NewEncoder(in).Encode(far); err != nil {
		return result{}, err
	}
	time.Sleep(time.Second)
	return g.measureFor(cmd.Process.Pid, calls, hold, nil), nil
}
