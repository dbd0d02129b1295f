package main

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.yaml.in/yaml/v3"

	"cpagateway/gateway/store/postgres"
	"cpagateway/gateway/store/postgres/postgrestest"
)

// compose is as much of a compose file as ours says: another key is an error.
type compose struct {
	Name     string                           `yaml:"name"`
	Gateway  any                              `yaml:"x-gateway"`
	Services map[string]service               `yaml:"services"`
	Networks map[string]map[string]bool       `yaml:"networks"`
	Volumes  map[string]struct{}              `yaml:"volumes"`
	Secrets  map[string]struct{ File string } `yaml:"secrets"`
}

type service struct {
	Build       string                                `yaml:"build"`
	Image       string                                `yaml:"image"`
	Restart     string                                `yaml:"restart"`
	User        string                                `yaml:"user"`
	ReadOnly    bool                                  `yaml:"read_only"`
	CapDrop     []string                              `yaml:"cap_drop"`
	SecurityOpt []string                              `yaml:"security_opt"`
	MemLimit    string                                `yaml:"mem_limit"`
	ShmSize     string                                `yaml:"shm_size"`
	StopGrace   string                                `yaml:"stop_grace_period"`
	Environment map[string]string                     `yaml:"environment"`
	Secrets     []string                              `yaml:"secrets"`
	Volumes     []string                              `yaml:"volumes"`
	Networks    []string                              `yaml:"networks"`
	Ports       []string                              `yaml:"ports"`
	Command     []string                              `yaml:"command"`
	DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
	Healthcheck struct {
		Test        []string `yaml:"test"`
		Interval    string   `yaml:"interval"`
		Timeout     string   `yaml:"timeout"`
		StartPeriod string   `yaml:"start_period"`
		Retries     int      `yaml:"retries"`
		Disable     bool     `yaml:"disable"`
	} `yaml:"healthcheck"`
}

// deployment is a copy of deploy/, with what its script makes.
type deployment struct {
	t   *testing.T
	dir string
	compose
}

func deployed(t *testing.T) *deployment {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed: deploy/prepare.sh makes a certificate with it (apt-get install -y openssl)")
	}
	d := &deployment{t: t, dir: filepath.Join(t.TempDir(), "deploy")}
	if err := os.CopyFS(d.dir, os.DirFS("../../deploy")); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time it must leave everything as it is
		before := d.contents()
		if out, err := exec.Command("sh", filepath.Join(d.dir, "prepare.sh")).CombinedOutput(); err != nil {
			t.Fatalf("prepare.sh: %v: %s", err, out)
		}
		after := d.contents()
		for name, text := range before {
			if after[name] != text {
				t.Errorf("prepare.sh has changed %s", name)
			}
		}
	}
	decoder := yaml.NewDecoder(strings.NewReader(d.contents()["compose.yaml"]))
	decoder.KnownFields(true)
	if err := decoder.Decode(&d.compose); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *deployment) contents() map[string]string {
	d.t.Helper()
	texts := map[string]string{}
	err := filepath.WalkDir(d.dir, func(name string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			var text []byte
			text, err = os.ReadFile(name)
			texts[strings.TrimPrefix(name, d.dir+"/")] = string(text)
		}
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return texts
}

// path is where a file of a container is on this machine; empty for what a volume holds.
func (d *deployment) path(s service, inside string) string {
	if name, ok := strings.CutPrefix(inside, "/run/secrets/"); ok && slices.Contains(s.Secrets, name) {
		return filepath.Join(d.dir, d.Secrets[name].File)
	}
	for _, v := range s.Volumes {
		from, to, _ := strings.Cut(v, ":")
		to, _, _ = strings.Cut(to, ":")
		if below, ok := strings.CutPrefix(inside, to); ok && strings.HasPrefix(from, ".") {
			return filepath.Join(d.dir, from, below)
		}
	}
	return ""
}

var pinned = regexp.MustCompile(`^[a-z/]+:\d+\.\d+\.?\d*(-[a-z0-9.]+)?$`)

// What compose.yaml names is there: images of one version, files, networks, volumes, secrets
// and services with a health to wait for.
func TestTheDeploymentNamesWhatIsThere(t *testing.T) {
	d := deployed(t)
	used := map[string]bool{}
	for name, s := range d.Services {
		switch {
		case s.Build != "":
			if _, err := os.Stat(filepath.Join("../../deploy", s.Build, "Dockerfile")); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		case !pinned.MatchString(s.Image):
			t.Errorf("%s: the image %s is not of one version", name, s.Image)
		}
		for _, v := range s.Volumes {
			from, to, _ := strings.Cut(v, ":")
			_, declared := d.Volumes[from]
			if _, err := os.Stat(filepath.Join(d.dir, from)); !declared && (err != nil || !strings.HasSuffix(to, ":ro")) {
				t.Errorf("%s mounts %s: %v", name, v, err)
			}
			used[from] = true
		}
		for _, secret := range s.Secrets {
			if info, err := os.Stat(filepath.Join(d.dir, d.Secrets[secret].File)); err != nil || !info.Mode().IsRegular() || info.Size() == 0 || info.Mode().Perm()&0o004 == 0 {
				t.Errorf("%s: the secret %s: %v", name, secret, err)
			}
			used[secret] = true
		}
		for _, network := range s.Networks {
			if _, declared := d.Networks[network]; !declared {
				t.Errorf("%s: the network %s is not there", name, network)
			}
		}
		for on, how := range s.DependsOn {
			other, there := d.Services[on]
			if !there || how.Condition == "service_healthy" && (len(other.Healthcheck.Test) == 0 || other.Healthcheck.Disable) {
				t.Errorf("%s waits for %s, which has no health", name, on)
			}
		}
		if name != "balancer" && len(s.Ports) > 0 {
			t.Errorf("%s can be reached from outside", name)
		}
		if slices.Contains(s.Networks, "outside") && (name == "postgres" || name == "redis") {
			t.Errorf("%s is on the network outside", name)
		}
	}
	for name := range d.Secrets {
		if !used[name] {
			t.Errorf("nobody uses the secret %s", name)
		}
	}
	if info, err := os.Stat(filepath.Join(d.dir, "secrets")); err != nil || info.Mode().Perm() != 0o700 || !d.Networks["inside"]["internal"] || len(d.Services) != 6 {
		t.Errorf("the secrets' folder or the inner network is open, or services are missing: %v %v", err, slices.Collect(maps.Keys(d.Services)))
	}
}

// config reads a gateway's configuration as its container does, with paths of this machine.
func (d *deployment) config(s service) (config, string) {
	d.t.Helper()
	environ := []string{}
	for name, file := range s.Environment {
		environ = append(environ, name+"="+d.path(s, file))
	}
	file := d.path(s, "/etc/cpa-gateway/gateway.yaml")
	c, err := readConfig(file, environ)
	if err != nil {
		d.t.Fatal(err)
	}
	return c, file
}

func (d *deployment) gateways() map[string]service {
	found := map[string]service{}
	for name, s := range d.Services {
		if s.Image == "cpa-gateway:local" && len(s.Command) == 0 {
			found[name] = s
		}
	}
	if len(found) < 2 {
		d.t.Fatalf("%d gateways", len(found))
	}
	return found
}

// What the gateways are given is what they can use, by their own loaders.
func TestTheDeploymentsGatewaysLoad(t *testing.T) {
	d := deployed(t)
	for name, s := range d.gateways() {
		c, file := d.config(s)
		if _, err := c.readAgreements(); err == nil {
			t.Errorf("%s: the folder of agreements was read where the container has it: the test looks at nothing", name)
		}
		c.Agreements = d.path(s, c.Agreements)
		if _, err := c.readAgreements(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		c.HTTP.Cert, c.HTTP.Key = d.path(s, c.HTTP.Cert), d.path(s, c.HTTP.Key)
		if secure, err := tlsConfig(c.HTTP); err != nil || secure == nil {
			t.Errorf("%s: TLS %v", name, err)
		}
		if !slices.Contains(s.Volumes, "data:"+c.Records.Folder) {
			t.Errorf("%s: %s is not kept", name, c.Records.Folder)
		}
		to, err := pgx.ParseConfig(c.Records.Postgres)
		if err != nil || len(d.Services[to.Host].Image) == 0 || to.User != "gateway" {
			t.Errorf("%s: PostgreSQL is not at the address: %v", name, err)
		}
		at, err := url.Parse(c.Hot.Redis)
		if err != nil || len(d.Services[at.Hostname()].Image) == 0 {
			t.Errorf("%s: Redis is not at the address: %v", name, err)
		}
		if limit, err := strconv.Atoi(strings.TrimSuffix(s.MemLimit, "m")); err != nil || limit < c.Memory+c.Memory/2 {
			t.Errorf("%s: memory %d under a limit of %s", name, c.Memory, s.MemLimit)
		}
		if grace, err := time.ParseDuration(s.StopGrace); err != nil || grace < c.HTTP.Notice+drainTime+10*time.Second {
			t.Errorf("%s is killed after %s, before what is underway has ended", name, s.StopGrace)
		}
		check := s.Healthcheck.Test
		if check[0] != "CMD" || check[1] != "/cpa-gateway" || len(check) != 5 || d.path(s, check[4]) != file {
			t.Errorf("%s: its health is asked by %v", name, check)
		}
		d.called(check[2:])
	}
	d.called(d.Services["migrate"].Command)
	if c, _ := d.config(d.Services["migrate"]); !strings.Contains(c.Records.Postgres, "//cpa_owner:") {
		t.Error("the tables are not made by their owner")
	}
}

// called makes sure that a command line is one of ours.
func (d *deployment) called(args []string) {
	d.t.Helper()
	found, rest, err := commandLine(world{}).Find(args)
	if err == nil {
		err = found.ParseFlags(rest)
	}
	if err != nil || !found.Runnable() || found.RunE == nil || len(found.Flags().Args()) > 0 {
		d.t.Errorf("%v is no command: %v", args, err)
	}
}

var serverLine = regexp.MustCompile(`(?m)^\s+server (\S+) (\S+):(\d+)$`)

// The balancer asks a path that there is, at the ports that the gateways listen on, and finds
// out that one is stopping before it refuses connections.
func TestTheDeploymentsBalancerAsksWhatIsThere(t *testing.T) {
	d := deployed(t)
	text := d.contents()["haproxy.cfg"]
	word := func(pattern string) string {
		t.Helper()
		m := regexp.MustCompile(pattern).FindStringSubmatch(text)
		if m == nil {
			t.Fatalf("haproxy.cfg has no %s", pattern)
		}
		return m[1]
	}
	seconds := func(pattern string) time.Duration {
		t.Helper()
		n, err := strconv.Atoi(word(pattern))
		if err != nil {
			t.Fatal(err)
		}
		return time.Duration(n) * time.Second
	}
	asked := httptest.NewRecorder()
	ready := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	adminHandler(http.NotFoundHandler(), ready).ServeHTTP(asked, httptest.NewRequest(http.MethodGet, word(`httpchk GET (\S+)`), nil))
	if asked.Code != http.StatusOK || word(`expect status (\d+)`) != "200" {
		t.Errorf("the balancer asks what answers %d", asked.Code)
	}
	gateways := d.gateways()
	found := serverLine.FindAllStringSubmatch(text, -1)
	if len(found) != len(gateways) {
		t.Errorf("%d servers for %d gateways", len(found), len(gateways))
	}
	for _, m := range found {
		s, there := gateways[m[2]]
		if !there {
			t.Errorf("there is no gateway %s", m[2])
			continue
		}
		c, _ := d.config(s)
		if c.HTTP.Address != ":"+m[3] || c.HTTP.Admin != ":"+word(`check port (\d+)`) {
			t.Errorf("%s listens on %s and %s", m[2], c.HTTP.Address, c.HTTP.Admin)
		}
		fall, err := strconv.Atoi(word(`fall (\d+)`))
		if noticed := time.Duration(fall) * (seconds(`inter (\d+)s`)); err != nil || noticed >= c.HTTP.Notice {
			t.Errorf("that %s stops is found out after %v, and it refuses after %v", m[2], noticed, c.HTTP.Notice)
		}
	}
	for _, side := range []string{"client", "server"} {
		if seconds(`timeout `+side+`\s+(\d+)s`) < max(writeTime, idleTime) {
			t.Errorf("timeout %s ends what a gateway may still answer", side)
		}
	}
	if d.Services["balancer"].Ports[0] != "443:"+word(`bind :(\d+)`) {
		t.Errorf("the balancer listens elsewhere than it is reached: %v", d.Services["balancer"].Ports)
	}
}

// PostgreSQL is given room for every connection, keeps what it acknowledges, and has the roles
// that docs/running.md names: its tables are made by one and served by the other.
func TestTheDeploymentsDatabaseHasRoomAndRoles(t *testing.T) {
	d := deployed(t)
	s := d.Services["postgres"]
	settings := map[string]string{}
	for _, arg := range s.Command[1:] {
		name, value, _ := strings.Cut(strings.TrimPrefix(arg, "-c"), "=")
		settings[name] = value
	}
	if room, err := strconv.Atoi(settings["max_connections"]); err != nil || room < 2*len(d.gateways())*postgres.Connections+4 {
		t.Errorf("room for %s connections", settings["max_connections"])
	}
	if settings["synchronous_commit"] != "on" {
		t.Error("what is acknowledged can be lost")
	}
	server := postgrestest.Start(t)
	address := server.Database(t)
	for _, role := range []string{"gateway", "cpa_gateway"} {
		server.Do(t, address, "DROP ROLE "+role)
	}
	script := strings.NewReplacer("--username postgres", "--username owner", "/run/secrets/", d.dir+"/secrets/").Replace(d.contents()["roles.sh"])
	at, err := pgx.ParseConfig(address)
	if err != nil {
		t.Fatal(err)
	}
	run := exec.Command("sh")
	run.Stdin = strings.NewReader(script)
	run.Env = append(os.Environ(), "PGHOST="+at.Host, "PGPORT="+strconv.Itoa(int(at.Port)), "PGDATABASE=postgres")
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("roles.sh: %v: %s", err, out)
	}
	here := func(s service) string {
		c, _ := d.config(s)
		return strings.Replace(c.Records.Postgres, "@postgres/", "@"+at.Host+":"+strconv.Itoa(int(at.Port))+"/", 1)
	}
	for _, login := range []service{d.Services["migrate"], d.Services["gateway-1"]} {
		kept, err := postgres.Open(t.Context(), here(login))
		if err != nil {
			t.Fatal(err)
		}
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	}
}

// The budgets of docs/running.md are those of the program and of the deployment, and whoever is
// further in gives up first.
func TestTheBudgetsAreThoseOfThePage(t *testing.T) {
	d := deployed(t)
	text, err := os.ReadFile("../../docs/running.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "### Times and sizes")
	budgets := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^\| ([^|]+) \| ([^|]+) \|`).FindAllStringSubmatch(section[:strings.Index(section, "## serve")], -1) {
		budgets[m[1]] = m[2]
	}
	if len(budgets) < 14 { // with the head of the table
		t.Errorf("only %d budgets", len(budgets))
	}
	seconds := func(what string) float64 {
		t.Helper()
		n, err := strconv.ParseFloat(strings.TrimSuffix(budgets[what], " s"), 64)
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
		return n
	}
	ladder := []string{"a gateway that is cut off", "a gateway that hangs in a transaction", "a statement", "the answer to a statement", "a request", "an answer", "a connection at the balancer"}
	for i := range ladder[1:] {
		if seconds(ladder[i]) >= seconds(ladder[i+1]) {
			t.Errorf("%s takes as long as %s", ladder[i], ladder[i+1])
		}
	}
	haproxy := d.contents()["haproxy.cfg"]
	s := d.gateways()["gateway-1"]
	c, _ := d.config(s)
	for what, is := range map[string]string{
		"an answer": fmt.Sprint(writeTime.Seconds(), " s"), "memory of a gateway": fmt.Sprint(defaultMemory, " MB"),
		"a connection at the balancer": regexp.MustCompile(`timeout server +(\d+)s`).FindStringSubmatch(haproxy)[1] + " s",
		"a look at readiness":          regexp.MustCompile(`inter (\d+)s`).FindStringSubmatch(haproxy)[1] + " s",
		"stopping":                     strings.TrimSuffix(s.StopGrace, "s") + " s",
		"`max_connections`":            regexp.MustCompile(`max_connections=(\d+)`).FindStringSubmatch(d.contents()["compose.yaml"])[1],
	} {
		if budgets[what] != is {
			t.Errorf("%s: the page says %q, and it is %q", what, budgets[what], is)
		}
	}
	if c.Memory != defaultMemory || c.HTTP.Notice != 5*time.Second || drainTime != 30*time.Second || s.MemLimit != "256m" {
		t.Error("the page's words are not those of the deployment")
	}
}

// Redis forgets nothing that it was not told to, and lets nobody in without the password.
func TestTheDeploymentsRedisForgetsNothingByItself(t *testing.T) {
	d := deployed(t)
	command := strings.Join(d.Services["redis"].Command, " ")
	for _, needed := range []string{"--requirepass", "--maxmemory-policy noeviction", "--save ''", "--appendonly no"} {
		if !strings.Contains(command, needed) {
			t.Errorf("Redis runs without %s", needed)
		}
	}
	if secret := d.contents()["secrets/redis-password"]; len(secret) < 32 || !bytes.Contains([]byte(d.contents()["secrets/redis-address"]), []byte(secret)) {
		t.Error("the password of Redis is short, or not in its address")
	}
}

// Where the database, or room on the disk, is not there yet, serve ends at once: systemd, by
// its own measure, gives a service up that ends five times in ten seconds, and never tries again.
func TestTheServiceIsTriedAgain(t *testing.T) {
	page, err := os.ReadFile("../../docs/running.md")
	if err != nil {
		t.Fatal(err)
	}
	_, unit, _ := strings.Cut(string(page), "[Unit]\n")
	unit, _, _ = strings.Cut(unit, "```")
	before, service, _ := strings.Cut(unit, "[Service]\n")
	for part, line := range map[string]string{before: "StartLimitIntervalSec=0", service: "RestartSec=5"} {
		if !strings.Contains(part, "\n"+line+"\n") {
			t.Errorf("the unit lacks %s:\n%s", line, part)
		}
	}
}
