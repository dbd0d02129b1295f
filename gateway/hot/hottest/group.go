package hottest

import (
	"crypto/tls"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Group is a Redis of several servers, all of them over TLS with certificates of the
// test's own: each asks whoever connects for one.
type Group struct {
	Address string // as URL
	TLS     *tls.Config
	Servers []*Server // that hold data

	Certificates Certificates
}

// StartSecure starts a group of one server.
func StartSecure(t testing.TB) *Group {
	t.Helper()
	g := newGroup(t, 1)
	g.Address = "rediss://127.0.0.1:" + g.Servers[0].port
	return g
}

func newGroup(t testing.TB, size int, args ...string) *Group {
	t.Helper()
	g := &Group{Certificates: NewCertificates(t)}
	g.TLS = g.Certificates.Client
	for range size {
		s := newServer(t, &g.Certificates)
		s.args = append(s.args, args...)
		s.Start(t)
		g.Servers = append(g.Servers, s)
	}
	return g
}

// master is what the sentinels call the group.
const master = "cpa"

// StartSentinels starts a master, a replica of it, and three sentinels that put the
// replica in its place when it is gone for half a second.
func StartSentinels(t testing.TB) *Group {
	t.Helper()
	g := newGroup(t, 2)
	g.Servers[1].Do(t, "REPLICAOF 127.0.0.1 "+g.Servers[0].port, "+OK")
	g.await(t, g.Servers[0], "INFO replication", "state=online")
	var hosts []string
	for range 3 {
		s := newServer(t, &g.Certificates)
		file := filepath.Join(s.dir, "sentinel.conf")
		settings := fmt.Sprintf("sentinel monitor %s 127.0.0.1 %s 2\nsentinel down-after-milliseconds %s 500\nsentinel failover-timeout %s 2000\n",
			master, g.Servers[0].port, master, master)
		if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
			t.Fatal(err)
		}
		s.run(t, file, "--sentinel")
		g.await(t, s, "SENTINEL replicas "+master, g.Servers[1].port)
		hosts = append(hosts, "127.0.0.1:"+s.port)
	}
	g.Address = "rediss://" + hosts[0] + "?master_name=" + master + "&addr=" + strings.Join(hosts[1:], "&addr=")
	return g
}

// StartCluster starts three masters, and three replicas that take their places when they
// are gone for half a second.
func StartCluster(t testing.TB) *Group {
	t.Helper()
	const size = 6
	g := newGroup(t, size, "--cluster-enabled", "yes", "--cluster-node-timeout", "500", "--tls-cluster", "yes", "--cluster-require-full-coverage", "no")
	c := g.Certificates
	args := []string{"--tls", "--cacert", c.CA, "--cert", c.Cert, "--key", c.Key, "--cluster", "create"}
	for _, s := range g.Servers {
		args = append(args, "127.0.0.1:"+s.port)
	}
	args = append(args, "--cluster-replicas", "1", "--cluster-yes")
	if out, err := exec.Command("redis-cli", args...).CombinedOutput(); err != nil {
		t.Fatalf("redis-cli --cluster create: %v: %s", err, out)
	}
	for _, s := range g.Servers {
		g.await(t, s, "CLUSTER INFO", "cluster_state:ok")
	}
	for _, s := range g.Servers {
		if strings.Contains(string(s.ask("INFO replication")), "role:slave") {
			g.await(t, s, "INFO replication", "master_link_status:up")
		}
	}
	g.Address = fmt.Sprintf("rediss://127.0.0.1:%s?addr=127.0.0.1:%s&addr=127.0.0.1:%s", g.Servers[0].port, g.Servers[1].port, g.Servers[5].port)
	return g
}

// Holder is the server that holds a key and takes writes.
func (g *Group) Holder(t testing.TB, key string) *Server {
	t.Helper()
	for _, s := range g.Servers {
		if s.process != nil && strings.Contains(s.Keys(), key) && strings.Contains(string(s.ask("INFO replication")), "role:master") {
			return s
		}
	}
	t.Fatalf("nobody holds %s", key)
	return nil
}

// await waits until the answer to a command has a word in it.
func (g *Group) await(t testing.TB, s *Server, command, word string) {
	t.Helper()
	answer := ""
	for range 600 {
		if answer = string(s.ask(command)); strings.Contains(answer, word) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("%s never says %s: %s", command, word, answer)
}
