package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// cmdPost: post PATH FILE — the head fills in a form; $CARRIER in the file is the carrier's port.
func (w *world) cmdPost(args []string) error {
	c, err := w.asHead()
	if err != nil {
		return err
	}
	b, err := os.ReadFile(filepath.Join(w.dir, args[1]))
	if err != nil {
		return err
	}
	body := os.Expand(string(b), w.env.Getenv)
	r, err := c.Post("http://"+w.http+args[0], "application/json", strings.NewReader(body))
	if err != nil {
		return err
	}
	defer r.Body.Close()
	answer, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	if r.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %d: %s", args[0], r.StatusCode, answer)
	}
	return nil
}

// cmdDoctorTrunk: doctor-trunk NAME WORDS — the doctor finds the trunk in order and says these words, within half a minute.
func (w *world) cmdDoctorTrunk(args []string) error {
	var said string
	for limit := time.Now().Add(30 * time.Second); time.Now().Before(limit); time.Sleep(200 * time.Millisecond) {
		cmd := exec.Command(w.cmd.Path, "doctor", "--trunk", args[0], "--data", w.data, "--config", filepath.Join(w.dir, "dovidka.toml"))
		cmd.Env, cmd.Dir = w.env.Vars, w.dir
		out, err := cmd.CombinedOutput()
		said = string(out)
		if strings.Contains(said, storyPassword) || strings.Contains(said, "380") {
			return fmt.Errorf("the doctor says what it must not: %s", said)
		}
		if err == nil && strings.Contains(said, strings.Join(args[1:], " ")) {
			return nil
		}
	}
	return fmt.Errorf("the doctor does not say %q: %s", args[1:], said)
}
