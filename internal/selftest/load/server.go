package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// server is the program under measurement: pinned to core 0, one thread of Go code at a time.
type server struct {
	cmd   *exec.Cmd
	dir   string
	data  string
	conf  string
	bin   string
	sip   string
	http  string
	began time.Time
	mu    sync.Mutex
	out   bytes.Buffer
}

const password = "load-password-1"

func (s *server) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out.Write(p)
}

func (s *server) log() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out.String()
}

func startServer(bin, clips, settings string) (*server, error) {
	dir, err := os.MkdirTemp("", "dovidka-load")
	if err != nil {
		return nil, err
	}
	s := &server{dir: dir, data: filepath.Join(dir, "data"), conf: filepath.Join(dir, "dovidka.toml"), bin: bin, sip: free("udp"), http: free("tcp")}
	conf := "[limits]\ncalls = 3000\nwaiting = 1000\nwrap_up = 5\ndrain = 1\n" + settings
	if clips != "" {
		conf += fmt.Sprintf("[speech]\nclips = %q\n", clips)
	}
	if err := os.WriteFile(s.conf, []byte(conf), 0o600); err != nil {
		return nil, err
	}
	s.cmd = exec.Command("taskset", "-c", "0", bin, "serve", "--demo", "--config", s.conf, "--data", s.data, "--http", s.http, "--https", "127.0.0.1:0", "--sip", s.sip, "--rtp", "20000-27999")
	s.cmd.Env = append(os.Environ(), "GOMAXPROCS=1", "DOVIDKA_DEMO_PASSWORD="+password)
	s.cmd.Stdout, s.cmd.Stderr = s, s
	s.began = time.Now()
	return s, s.cmd.Start()
}

func (s *server) stop() {
	s.cmd.Process.Signal(syscall.SIGTERM)
	done := make(chan struct{})
	go func() { s.cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(15 * time.Second):
		s.cmd.Process.Kill()
		<-done
	}
	os.RemoveAll(s.dir)
}

// waitVoice waits until everything the menu can say has been rendered: rendering is not what is measured.
func (s *server) waitVoice(limit time.Duration) error {
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		if l := s.log(); strings.Contains(l, "voice prepared") || strings.Contains(l, "could not be spoken") {
			return nil
		}
	}
	return fmt.Errorf("the voice was not prepared within %v:\n%s", limit, s.log())
}

// memory is the resident set and the heap in KB, once the garbage is collected.
func (s *server) memory() (resident, heap int) {
	before := strings.Count(s.log(), "msg=self")
	_ = s.cmd.Process.Signal(syscall.SIGUSR1)
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end) && strings.Count(s.log(), "msg=self") == before; time.Sleep(20 * time.Millisecond) {
		continue
	}
	l := s.log()
	if i := strings.LastIndex(l, "heap_kb="); i >= 0 {
		_, _ = fmt.Sscanf(l[i:], "heap_kb=%d", &heap)
	}
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if _, rest, ok := strings.Cut(string(b), "VmRSS:"); ok {
		_, _ = fmt.Sscanf(strings.TrimSpace(rest), "%d", &resident)
	}
	return resident, heap
}

// cpu is the processor time that a process has used so far.
func cpu(pid int) time.Duration {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	i := bytes.LastIndexByte(b, ')')
	f := strings.Fields(string(b[i+1:]))
	if len(f) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(f[11])
	sys, _ := strconv.Atoi(f[12])
	return time.Duration(user+sys) * 10 * time.Millisecond // USER_HZ is 100 on Linux
}

func free(network string) string {
	if network == "udp" {
		c, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			return ""
		}
		defer c.Close()
		return c.LocalAddr().String()
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return ""
	}
	defer l.Close()
	return l.Addr().String()
}
