package hottest

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
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
	args    []string // beside those of every server
	secure  *tls.Config
	process *exec.Cmd
}

// StartServer starts one. Without redis-server on the machine the test is left
// out by name, unless CPA_TEST_SERVERS names redis: then it fails.
func StartServer(t testing.TB) *Server {
	t.Helper()
	s := newServer(t, nil)
	s.Address = "redis://127.0.0.1:" + s.port
	s.Start(t)
	return s
}

// newServer makes one that is still to be started, with TLS and nothing else where there
// are certificates.
func newServer(t testing.TB, c *Certificates) *Server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		if strings.Contains(os.Getenv("CPA_TEST_SERVERS"), "redis") {
			t.Fatal("redis-server is not installed: apt-get install -y redis-server")
		}
		t.Skip("redis-server is not installed: what needs a real Redis is left out (apt-get install -y redis-server)")
	}
	s := &Server{port: freePort(t), dir: t.TempDir()}
	s.args = []string{"--port", s.port}
	if c != nil {
		s.secure = c.Client
		s.args = []string{"--port", "0", "--tls-port", s.port, "--tls-ca-cert-file", c.CA, "--tls-cert-file", c.Cert, "--tls-key-file", c.Key,
			"--tls-auth-clients", "yes", "--tls-replication", "yes"}
	}
	t.Cleanup(s.Kill)
	return s
}

// freePort is one that is free, as is that which a node of a cluster has beside it.
func freePort(t testing.TB) string {
	t.Helper()
	for range 1000 {
		port := 10000 + rand.IntN(20000) //nolint:gosec // no secret comes of it
		if isFree(port) && isFree(port+10000) {
			return strconv.Itoa(port)
		}
	}
	t.Fatal("no port is free")
	return ""
}

func isFree(port int) bool {
	l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
	return err == nil && l.Close() == nil
}

// Start starts the server again on the same port: empty, or with what Save kept.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	s.run(t, "", "--save", "", "--appendonly", "no")
}

// run starts the server, with a file of settings or none.
func (s *Server) run(t testing.TB, file string, more ...string) {
	t.Helper()
	log := filepath.Join(s.dir, "redis.log")
	args := append([]string{"--bind", "127.0.0.1", "--dir", s.dir, "--logfile", log}, more...)
	args = append(args, s.args...)
	if file != "" {
		args = append([]string{file}, args...)
	}
	s.process = exec.Command("redis-server", args...)
	if err := s.process.Start(); err != nil {
		t.Fatalf("starting redis-server: %v", err)
	}
	for range 200 {
		if answer := s.ask("PING"); bytes.HasPrefix(answer, []byte("+PONG")) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	said, _ := os.ReadFile(log)
	t.Fatalf("redis-server does not answer: %s", said)
}

// Flush forgets everything that the server holds.
func (s *Server) Flush(t testing.TB) {
	t.Helper()
	s.Do(t, "FLUSHALL", "+OK")
}

// Save keeps a snapshot of what the server holds, which the next Start reads.
func (s *Server) Save(t testing.TB) {
	t.Helper()
	s.Do(t, "SAVE", "+OK")
}

// Do carries a command out and makes sure how its answer begins. A word with blanks stands
// in quotes.
func (s *Server) Do(t testing.TB, command, want string) {
	t.Helper()
	if answer := s.ask(command); !bytes.HasPrefix(answer, []byte(want)) {
		t.Fatalf("%s: %q", command, answer)
	}
}

// Keys lists the names of all keys, as the protocol writes them.
func (s *Server) Keys() string { return string(s.ask("KEYS *")) }

// Pause makes the server hang: connections stay open and nothing is answered.
func (s *Server) Pause(t testing.TB) {
	t.Helper()
	if err := s.process.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
}

// Resume ends a Pause.
func (s *Server) Resume(t testing.TB) {
	t.Helper()
	if err := s.process.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
}

// Kill ends the server without warning.
func (s *Server) Kill() {
	if s.process == nil {
		return
	}
	_ = s.process.Process.Kill()
	_ = s.process.Wait()
	s.process = nil
}

// ask sends one inline command and reads the beginning of its answer.
func (s *Server) ask(command string) []byte {
	connection, err := s.dial()
	if err != nil {
		return nil
	}
	defer connection.Close()
	defer time.AfterFunc(5*time.Second, func() { _ = connection.Close() }).Stop()
	if _, err := fmt.Fprintf(connection, "%s\r\n", command); err != nil {
		return nil
	}
	answer := make([]byte, 1<<16)
	n, _ := connection.Read(answer)
	return answer[:n]
}

func (s *Server) dial() (net.Conn, error) {
	dialer, to := &net.Dialer{Timeout: time.Second}, "127.0.0.1:"+s.port
	if s.secure != nil {
		return tls.DialWithDialer(dialer, "tcp", to, s.secure)
	}
	return dialer.Dial("tcp", to)
}
