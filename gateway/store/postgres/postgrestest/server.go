// Package postgrestest starts a PostgreSQL of a test's own. It is imported by tests only.
package postgrestest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver
)

// Server is a PostgreSQL of the test's own: on a free port of this machine, in a folder
// of its own, gone with the test.
type Server struct {
	port    string
	dir     string
	bin     string
	user    *syscall.Credential // whom it runs as; nil: whoever runs the test
	process *exec.Cmd
	ended   chan struct{}
	watch   *exec.Cmd    // ends the server where the test is killed
	made    atomic.Int64 // databases
	copies  string       // " TEMPLATE ..." of the database that new ones are copies of
	more    []string     // settings of its own
	host    string       // where it is reached
	network string       // pid of who holds the network that it runs in; empty: the machine's own
}

// owner is who owns the databases of the server, and may do anything.
const owner = "owner"

// Start starts one. Without PostgreSQL on the machine the test is left out by name,
// unless CPA_TEST_SERVERS names postgres: then it fails.
func Start(t testing.TB) *Server {
	t.Helper()
	bin := programs()
	if bin == "" {
		if strings.Contains(os.Getenv("CPA_TEST_SERVERS"), "postgres") {
			t.Fatal("PostgreSQL is not installed: apt-get install -y postgresql")
		}
		t.Skip("PostgreSQL is not installed: what needs a real one is left out (apt-get install -y postgresql)")
	}
	dir, err := os.MkdirTemp(memory(), "cpa-postgres-")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{dir: filepath.Join(dir, "data"), bin: bin, port: freePort(t), host: "127.0.0.1"}
	t.Cleanup(func() {
		s.Kill()
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	s.makeFolder(t, dir)
	if out, err := s.command("initdb", "--pgdata", s.dir, "--username", owner, "--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync").CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v: %s", err, out)
	}
	s.Start(t)
	s.do(t, "postgres", "CREATE ROLE cpa_gateway NOLOGIN", "CREATE ROLE gateway LOGIN IN ROLE cpa_gateway")
	return s
}

// memory is a folder that is held in memory, where the machine has one: what a test
// writes need not outlive it.
func memory() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return ""
}

// programs is the folder of the newest PostgreSQL on this machine.
func programs() string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if path, err := exec.LookPath("postgres"); err == nil {
		found = append([]string{path}, found...)
	}
	if len(found) == 0 {
		return ""
	}
	return filepath.Dir(found[len(found)-1])
}

func freePort(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return port
}

// nobody is an account without rights, which PostgreSQL runs as where the test runs as
// root, because it refuses to.
const nobody = 65534

func (s *Server) makeFolder(t testing.TB, dir string) {
	t.Helper()
	if os.Getuid() != 0 {
		return
	}
	s.user = &syscall.Credential{Uid: nobody, Gid: nobody}
	if err := os.Chown(dir, nobody, nobody); err != nil {
		t.Fatal(err)
	}
}

func (s *Server) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(filepath.Join(s.bin, name), args...)
	c.Dir = filepath.Dir(s.dir)
	c.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "PG") })
	c.SysProcAttr = &syscall.SysProcAttr{Credential: s.user}
	return c
}

// Start starts the server again, with what it holds.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	log, err := os.OpenFile(filepath.Join(filepath.Dir(s.dir), "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	process := s.command("postgres", "-D", s.dir, "-p", s.port, "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
		"-c", "fsync=off", "-c", "max_connections=200", "-c", "shared_buffers=32MB")
	process.Args = append(process.Args, s.more...)
	process = s.inItsNetwork(process)
	process.Stdout, process.Stderr = log, log
	if err := process.Start(); err != nil {
		t.Fatalf("starting postgres: %v", err)
	}
	ended := make(chan struct{})
	s.process, s.ended = process, ended
	s.watchOver(t)
	go func() {
		_ = process.Wait()
		close(ended)
	}()
	for range 200 {
		if s.answers() == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	said, _ := os.ReadFile(log.Name())
	t.Fatalf("postgres does not answer: %s", said)
}

// watchOver lets a process end the server, and remove its folder, when this one is gone: a
// test that is killed ends nothing itself.
func (s *Server) watchOver(t testing.TB) {
	t.Helper()
	s.watch = exec.Command("sh", "-c", `cat >/dev/null; kill -QUIT "$1"; sleep 1; rm -rf "$2"`, "sh", fmt.Sprint(s.process.Process.Pid), filepath.Dir(s.dir))
	if _, err := s.watch.StdinPipe(); err != nil { // which closes with this process
		t.Fatal(err)
	}
	if err := s.watch.Start(); err != nil {
		t.Fatal(err)
	}
}

func (s *Server) answers() error {
	db, err := sql.Open("pgx", s.address("postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return db.PingContext(ctx)
}

// Kill ends the server and all its processes without warning, as a loss of power does.
func (s *Server) Kill() {
	if s.process == nil {
		return
	}
	_ = s.process.Process.Signal(syscall.SIGCONT)
	_ = s.process.Process.Signal(syscall.SIGQUIT) // immediate shutdown: nothing is written
	<-s.ended
	s.process = nil
	_ = s.watch.Process.Kill() // before its input ends
	_ = s.watch.Wait()
}

// Pause makes the server hang: connections stay open and nothing is answered.
func (s *Server) Pause(t testing.TB) { s.signal(t, syscall.SIGSTOP) }

// Resume ends a Pause.
func (s *Server) Resume(t testing.TB) { s.signal(t, syscall.SIGCONT) }

// signal is for the process that starts the others first, so that it starts none meanwhile.
func (s *Server) signal(t testing.TB, signal syscall.Signal) {
	t.Helper()
	if err := s.process.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	children, _ := exec.Command("pgrep", "-P", fmt.Sprint(s.process.Process.Pid)).Output() // none is an error
	for child := range strings.FieldsSeq(string(children)) {
		pid, err := strconv.Atoi(child)
		if err == nil {
			err = syscall.Kill(pid, signal)
		}
		if err != nil && !errors.Is(err, syscall.ESRCH) { // it has ended by itself
			t.Fatal(err)
		}
	}
}

// Database makes an empty database, and gives its address for its owner.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test%d", s.made.Add(1))
	s.do(t, "postgres", "CREATE DATABASE "+name+s.copies)
	return s.address(name)
}

// Copy lets every new database be a copy of one that fill has filled, which is quicker
// than to fill each.
func (s *Server) Copy(t testing.TB, fill func(address string) error) {
	t.Helper()
	s.do(t, "postgres", "CREATE DATABASE filled")
	if err := fill(s.address("filled")); err != nil {
		t.Fatal(err)
	}
	s.copies = " TEMPLATE filled"
}

// AsGateway is the address of a database for a login that has the rights of the
// gateway's role, and no others.
func (s *Server) AsGateway(address string) string {
	return strings.Replace(address, "postgres://"+owner+"@", "postgres://gateway@", 1)
}

func (s *Server) address(database string) string {
	return fmt.Sprintf("postgres://%s@%s:%s/%s?sslmode=disable", owner, s.host, s.port, database)
}

// Do carries a statement out as the owner of a database.
func (s *Server) Do(t testing.TB, address, statement string) {
	t.Helper()
	_, name, _ := strings.Cut(address, s.port+"/")
	name, _, _ = strings.Cut(name, "?")
	s.do(t, name, statement)
}

func (s *Server) do(t testing.TB, database string, statements ...string) {
	t.Helper()
	db, err := sql.Open("pgx", s.address(database))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range statements {
		if _, err := db.ExecContext(context.WithoutCancel(t.Context()), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}
