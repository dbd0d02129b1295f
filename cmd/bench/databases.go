package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver
)

// databases are a PostgreSQL and a Redis of the run's own, on the disk that is measured.
type databases struct {
	postgres, redis string // addresses
	folder          string
	running         []*exec.Cmd
}

// errNoServers says that there is nothing to measure with.
var errNoServers = errors.New("redis-server or PostgreSQL is not installed (apt-get install -y redis-server postgresql)")

// nobody is who PostgreSQL runs as where this program runs as root, which it refuses.
const nobody = 65534

// openDatabases starts both. PostgreSQL syncs every commit, as it does where it matters.
// Both end with the part.
func (b *bench) openDatabases() (_ *databases, err error) {
	bin := postgresPrograms()
	if _, missing := exec.LookPath("redis-server"); missing != nil || bin == "" {
		return nil, errNoServers
	}
	d := &databases{}
	b.atEnd(d.close)
	if d.folder, err = os.MkdirTemp(b.work, "cpa-bench-databases-"); err != nil {
		return nil, err
	}
	if os.Getuid() == 0 {
		if err := os.Chown(d.folder, nobody, nobody); err != nil {
			return nil, err
		}
	}
	data := filepath.Join(d.folder, "postgres")
	if out, err := d.command(filepath.Join(bin, "initdb"), "--pgdata", data, "--username", "owner", "--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	pg, err := freePort()
	if err != nil {
		return nil, err
	}
	rd, err := freePort()
	if err != nil {
		return nil, err
	}
	d.postgres, d.redis = "postgres://owner@127.0.0.1:"+pg+"/postgres?sslmode=disable", "redis://127.0.0.1:"+rd
	err = errors.Join(
		d.run(filepath.Join(bin, "postgres"), "-D", data, "-p", pg, "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="),
		d.run("redis-server", "--port", rd, "--bind", "127.0.0.1", "--dir", d.folder, "--save", "", "--appendonly", "no"))
	if err == nil {
		err = d.await(b.ctx)
	}
	return d, err
}

func postgresPrograms() string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres") // which is well formed
	if path, err := exec.LookPath("postgres"); err == nil {
		found = append(found, path)
	}
	if len(found) == 0 {
		return ""
	}
	return filepath.Dir(found[len(found)-1])
}

func freePort() (string, error) {
	addr, err := freeAddress()
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(addr)
	return port, err
}

func (d *databases) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...) //nolint:gosec // programs of the run's own choice
	c.Dir = d.folder
	if os.Getuid() == 0 {
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	return c
}

func (d *databases) run(name string, args ...string) error {
	c := d.command(name, args...)
	if err := c.Start(); err != nil {
		return err
	}
	d.running = append(d.running, c)
	return nil
}

func (d *databases) await(ctx context.Context) error {
	db, err := sql.Open("pgx", d.postgres)
	if err != nil {
		return err
	}
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		if err = db.PingContext(ctx); err == nil || time.Since(began) > startTime {
			return errors.Join(err, db.Close())
		}
	}
}

// close ends both, and removes what they kept.
func (d *databases) close() (err error) {
	for _, c := range d.running {
		_ = c.Process.Signal(syscall.SIGINT) // PostgreSQL ends without waiting for its clients
		_ = c.Wait()
	}
	if d.folder != "" {
		err = os.RemoveAll(d.folder)
	}
	return err
}
