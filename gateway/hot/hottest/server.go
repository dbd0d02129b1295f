package hottest

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Server is a Redis of the test's own: on a free port of this machine, in a
// folder of its own, without persistence, gone with the test.
type Server struct {
	Address string // as URL

	port    string
	dir     string
	process *exec.Cmd
}

// StartServer starts one. Without redis-server on the machine the test is left
// out by name, unless CPA_TEST_SERVERS names redis: then it fails.
func StartServer(t *testing.T) *Server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		if strings.Contains(os.Getenv("CPA_TEST_SERVERS"), "redis") {
			t.Fatal("redis-server is not installed: apt-get install -y redis-server")
		}
		t.Skip("redis-server is not installed: what needs a real Redis is left out (apt-get install -y redis-server)")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	s := &Server{Address: "redis://127.0.0.1:" + port, port: port, dir: t.TempDir()}
	t.Cleanup(func() { s.Kill() })
	s.Start(t)
	return s
}

// Start starts the server again on the same port: empty, or with what Save kept.
func (s *Server) Start(t *testing.T) {
	t.Helper()
	log := filepath.Join(s.dir, "redis.log")
	s.process = exec.Command("redis-server", "--port", s.port, "--bind", "127.0.0.1", "--dir", s.dir,
		"--save", "", "--appendonly", "no", "--logfile", log)
	if err := s.process.Start(); err != nil {
		t.Fatalf("starting redis-server: %v", err)
	}
	for range 100 {
		if answer := s.ask("PING"); bytes.HasPrefix(answer, []byte("+PONG")) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	said, _ := os.ReadFile(log)
	t.Fatalf("redis-server does not answer: %s", said)
}

// Flush forgets everything that the server holds.
func (s *Server) Flush(t *testing.T) {
	t.Helper()
	if answer := s.ask("FLUSHALL"); !bytes.HasPrefix(answer, []byte("+OK")) {
		t.Fatalf("flushing Redis: %q", answer)
	}
}

// Save keeps a snapshot of what the server holds, which the next Start reads.
func (s *Server) Save(t *testing.T) {
	t.Helper()
	if answer := s.ask("SAVE"); !bytes.HasPrefix(answer, []byte("+OK")) {
		t.Fatalf("saving: %q", answer)
	}
}

// Keys lists the names of all keys, as the protocol writes them.
func (s *Server) Keys() string { return string(s.ask("KEYS *")) }

// Pause makes the server hang: connections stay open and nothing is answered.
func (s *Server) Pause(t *testing.T) {
	t.Helper()
	if err := s.process.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
}

// Resume ends a Pause.
func (s *Server) Resume(t *testing.T) {
	t.Helper()
	if err := s.process.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
}

// Kill ends the server without warning.
func (s *Server) Kill() {
	_ = s.process.Process.Kill()
	_ = s.process.Wait()
}

// ask sends one inline command and reads the beginning of its answer.
func (s *Server) ask(command string) []byte {
	connection, err := net.DialTimeout("tcp", "127.0.0.1:"+s.port, time.Second)
	if err != nil {
		return nil
	}
	defer connection.Close()
	if _, err := fmt.Fprintf(connection, "%s\r\n", command); err != nil {
		return nil
	}
	answer := make([]byte, 1<<16)
	n, _ := connection.Read(answer)
	return answer[:n]
}
