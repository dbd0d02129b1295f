package postgrestest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// apart moves the server into a network of its own, with two cables to this machine's. It
// reports false where that is not permitted, or the programs for it are missing: ip
// (iproute2), unshare, nsenter and setpriv (util-linux). Networks and cables are gone with
// the process that holds them, which ends with the test's.
func (s *Server) apart(t testing.TB) (lines [2]*Line, made bool) {
	t.Helper()
	if os.Getuid() != 0 {
		return lines, false
	}
	holder := exec.Command("unshare", "--net", "sh", "-c", "echo ready; exec cat")
	stdin, err := holder.StdinPipe()
	if err != nil {
		return lines, false
	}
	stdout, err := holder.StdoutPipe()
	if err != nil || holder.Start() != nil {
		return lines, false
	}
	t.Cleanup(func() {
		stdin.Close()
		_ = holder.Wait()
	})
	if n, err := stdout.Read(make([]byte, 16)); n == 0 || err != nil {
		return lines, false
	}
	network := fmt.Sprint(holder.Process.Pid)
	port, err := strconv.Atoi(s.port)
	if err != nil {
		t.Fatal(err)
	}
	for i := range lines {
		c := cable{network, fmt.Sprint("cpa", port, string('a'+rune(i))), addressOf(4*port + 2*i), addressOf(4*port + 2*i + 1)}
		if err := c.lay(); err != nil {
			t.Log(err)
			return lines, false
		}
		lines[i] = &Line{s, net.JoinHostPort(c.there, s.port), c.cut, c.mend, true}
	}
	s.Kill()
	s.network, s.more = network, []string{"-c", "listen_addresses=*"}
	rules, err := os.OpenFile(filepath.Join(s.dir, "pg_hba.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = rules.WriteString("host all all 198.18.0.0/15 trust\n")
	}
	if err != nil || rules.Close() != nil {
		t.Fatal(err)
	}
	s.host, _, _ = net.SplitHostPort(lines[0].host)
	s.Start(t)
	return lines, true
}

// addressOf is one of the addresses that are set aside for trying networks out (RFC 2544):
// by the port, which nobody else on the machine has, they are nobody else's.
func addressOf(n int) string {
	n %= 1 << 17
	return fmt.Sprintf("198.%d.%d.%d", 18+n>>16, n>>8&255, n&255)
}

// inItsNetwork is a program as it runs in the network of the server.
func (s *Server) inItsNetwork(c *exec.Cmd) *exec.Cmd {
	if s.network == "" {
		return c
	}
	in := exec.Command("nsenter", append([]string{"--target", s.network, "--net", "--",
		"setpriv", "--reuid", fmt.Sprint(nobody), "--regid", fmt.Sprint(nobody), "--clear-groups", "--"}, c.Args...)...)
	in.Dir, in.Env = c.Dir, c.Env
	return in
}

// cable leads from this machine's network into another.
type cable struct{ network, name, here, there string }

func (c cable) lay() error {
	far := c.name + "x"
	for _, step := range []string{
		"ip link add " + c.name + " type veth peer name " + far + " netns " + c.network,
		"ip address add " + c.here + "/31 dev " + c.name,
		"ip link set " + c.name + " up",
		c.over("ip address add " + c.there + "/31 dev " + far),
		c.over("ip link set " + far + " up"),
		c.over("ip link set lo up"),
	} {
		if err := run(step); err != nil {
			return err
		}
	}
	return nil
}

func (c cable) over(step string) string { return "nsenter --target " + c.network + " --net " + step }

// nobodysCard is the hardware address of no card: whoever gets a packet for it drops it
// without a word.
const nobodysCard = "02:00:00:00:00:01"

// cut lets both ends send to nobody.
func (c cable) cut(t testing.TB) {
	t.Helper()
	c.steps(t, "ip neighbour replace "+c.there+" lladdr "+nobodysCard+" dev "+c.name+" nud permanent",
		c.over("ip neighbour replace "+c.here+" lladdr "+nobodysCard+" dev "+c.name+"x nud permanent"))
}

// mend lets both find out again who is at the other end.
func (c cable) mend(t testing.TB) {
	t.Helper()
	c.steps(t, "ip neighbour del "+c.there+" dev "+c.name, c.over("ip neighbour del "+c.here+" dev "+c.name+"x"))
}

func (c cable) steps(t testing.TB, steps ...string) {
	t.Helper()
	for _, step := range steps {
		if err := run(step); err != nil {
			t.Fatal(err)
		}
	}
}

func run(step string) error {
	words := strings.Fields(step)
	if out, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", step, err, out)
	}
	return nil
}
