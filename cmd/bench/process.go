package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// server is a process that answers the request that is measured.
type server struct {
	command *exec.Cmd
	base    string
	client  *http.Client
	tokens  *tokens
	used    func() (time.Duration, error) // of the processor, so far
	started time.Duration                 // from its start to its first answer
	log     string                        // file of what it said
}

const (
	mostConnections = 64
	startTime       = 2 * time.Minute
	probeEvery      = 2 * time.Millisecond
	stopTime        = 20 * time.Second
)

// start runs a program, and returns when it has answered. It ends with the part that it is
// started in.
func (b *bench) start(log, addr, program string, args ...string) (*server, error) {
	said, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	defer said.Close() // the process has its own
	s := &server{
		command: exec.CommandContext(b.ctx, program, args...), base: "http://" + addr, log: log, tokens: b.tokens, client: newClient(),
	}
	s.used = func() (time.Duration, error) { return processorTime(s.command.Process.Pid) }
	s.command.Stdout, s.command.Stderr = said, said
	s.command.Cancel = func() error { return s.command.Process.Signal(syscall.SIGTERM) }
	began := time.Now()
	if err := s.command.Start(); err != nil {
		return nil, err
	}
	b.atEnd(s.stop)
	for {
		if _, err = s.ask(crisisPlan(crisisTeam, 0)); err == nil {
			s.started = time.Since(began)
			return s, nil
		}
		if time.Since(began) > startTime || b.ctx.Err() != nil {
			return nil, fmt.Errorf("%s does not answer: %w: %s", filepath.Base(program), err, s.lastWords())
		}
		time.Sleep(probeEvery)
	}
}

func newClient() *http.Client {
	return &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: mostConnections, DisableCompression: true}}
}

func (s *server) lastWords() string {
	text, _ := os.ReadFile(s.log)
	return string(text[max(0, len(text)-1000):])
}

func (s *server) stop() error {
	s.client.CloseIdleConnections()
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- s.command.Wait() }()
	select {
	case err := <-ended:
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.ExitCode() == -1 {
			return nil // by the signal
		}
		return err
	case <-time.After(stopTime):
		return errors.Join(errors.New("a server did not stop"), s.command.Process.Kill())
	}
}

// mostResident is the most memory that it ever had, in MB.
func (s *server) mostResident() (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.command.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(text) {
		if rest, ok := bytes.CutPrefix(line, []byte("VmHWM:")); ok {
			kib, err := strconv.ParseFloat(strings.Fields(string(rest))[0], 64)
			return megabytes(kib), err
		}
	}
	return 0, errors.New("the memory of a process is read on Linux only")
}

// megabytes are what the kernel counts in units of 1,024 bytes.
func megabytes(kib float64) float64 { return kib * 1024 / 1e6 }

// freeAddress is one that nobody listens on.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
