package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"cpagateway/gateway"
	"cpagateway/gateway/benchdata"
	"cpagateway/gateway/demo"
	"cpagateway/gateway/hot/local"
)

const (
	source      = "welsh-ctp"
	custodian   = "7A4"
	leastPeople = 8        // one of each wish
	memory      = 32 << 20 // what the gateway keeps in memory of what was read
)

// site is a data folder with people in it, and its configuration.
type site struct {
	people       int
	folder, data string
	config       string
	postgres     string        // address, of a site whose records are there
	redis        string        // address; empty: none
	told         string        // address at which subscribers are told; empty: nobody subscribes
	took         time.Duration // the import of all of them
	resident     float64       // MB that it had at most
	written      float64       // kB that it wrote to the disk
	documents    int64         // bytes of what they came in
}

// fill makes people and imports them into a new folder.
func (b *bench) fill(name string, people int) (*site, error) {
	b.tell("making %d people and importing them", people)
	s, err := b.newSite(name, people)
	if err != nil {
		return nil, err
	}
	plans := filepath.Join(s.folder, "plans")
	if err := b.writePeople(plans, 0, people); err != nil {
		return nil, err
	}
	if s.documents, err = sizeOf(plans); err != nil {
		return nil, err
	}
	began := time.Now()
	err = b.bringIn(s, plans)
	s.took = time.Since(began)
	return s, errors.Join(err, os.RemoveAll(plans))
}

// writePeople writes the extract that people come in.
func (b *bench) writePeople(folder string, first, number int) error {
	return benchdata.People{Number: number, Seed: b.seed, First: first, Wishes: benchdata.Mixed}.Write(folder)
}

// newSite writes the configuration of a folder that nothing is in.
func (b *bench) newSite(name string, people int) (*site, error) {
	s := &site{people: people, folder: filepath.Join(b.folder, name)}
	s.data, s.config = filepath.Join(s.folder, "data"), filepath.Join(s.folder, "gateway.yaml")
	agreements := filepath.Join(s.folder, "agreements")
	if err := os.MkdirAll(s.folder, 0o700); err != nil {
		return nil, err
	}
	return s, errors.Join(os.CopyFS(agreements, demo.Agreements()), b.configure(s, "127.0.0.1:1", "127.0.0.1:2"))
}

// configure writes gateway.yaml: what a deployment has, and no rate that would be in the way.
func (b *bench) configure(s *site, addr, admin string) error {
	var c strings.Builder
	fmt.Fprintf(&c, "organisation: %s\ndutyLine: %q\nhttp: {address: %q, admin: %q, base: %q, notice: 0s}\n",
		custodian, demo.DutyLine, addr, admin, "http://"+addr+gateway.Prefix)
	fmt.Fprintf(&c, "audience: %q\nissuers: [{url: %q}]\nclients:\n", "http://"+b.tokens.addr, "http://"+b.tokens.addr+demo.IssuerPath)
	for _, client := range demo.Clients() {
		fmt.Fprintf(&c, "  - {id: %s, organisation: %s, teams: [%s], purposes: [%s], rate: {perSecond: 1000000, burst: 1000000}}\n",
			client.ID, client.Organisation, client.Teams[0], client.Purposes[0])
	}
	records := fmt.Sprintf("{sqlite: %q}", s.data)
	if s.postgres != "" {
		records = fmt.Sprintf("{postgres: %q, folder: %q}", s.postgres, s.data)
	}
	fmt.Fprintf(&c, "agreements: %q\nrecords: %s\nhot: {redis: %q}\nsources: [{name: %s, format: %s, custodian: %s, grants: on}]\n",
		filepath.Join(s.folder, "agreements"), records, s.redis, source, source, custodian)
	if s.told != "" {
		c.WriteString("subscribers:\n")
		for _, one := range subscribers() {
			fmt.Fprintf(&c, "  - {client: demo-%s, endpoints: [%q], secret: %q, plainHTTP: true}\n", one.name, s.told, s.secret())
		}
	}
	return os.WriteFile(s.config, []byte(c.String()), 0o600)
}

// secret is the file of what signs notifications.
func (s *site) secret() string { return filepath.Join(s.folder, "subscribers.secret") }

func (b *bench) bringIn(s *site, plans string) error {
	c := exec.CommandContext(b.ctx, b.options.gateway, "import", "--config", s.config, "--source", source, plans)
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("importing: %w: %s", err, out)
	}
	s.resident, s.written = usage(c.ProcessState)
	return nil
}

// execute runs a command to its end. What it said is told where it failed.
func (b *bench) execute(name string, args ...string) error {
	if out, err := exec.CommandContext(b.ctx, name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", filepath.Base(name), args[0], err, out)
	}
	return nil
}

// serve starts the gateway on a site.
func (b *bench) serve(s *site) (*server, error) {
	addr, err := freeAddress()
	if err != nil {
		return nil, err
	}
	admin, err := freeAddress()
	if err != nil {
		return nil, err
	}
	if err := b.configure(s, addr, admin); err != nil {
		return nil, err
	}
	started, err := b.start(s.config+".log", addr, b.options.gateway, "serve", "--config", s.config)
	if err == nil && s.people == b.people && s.postgres == "" {
		b.add("P13/start", "ms", milliseconds(started.started))
	}
	return started, err
}

// play starts this program in one of its roles.
func (b *bench) play(role string, args ...string) (*server, error) {
	addr, err := freeAddress()
	if err != nil {
		return nil, err
	}
	return b.start(filepath.Join(b.folder, role+".log"), addr, b.program, append([]string{role, addr}, args...)...)
}

func (b *bench) unrecorded(s *site, bytes int) (*server, error) {
	return b.play(roleUnrecorded, s.data, b.tokens.addr, strconv.Itoa(bytes))
}

func sizeOf(folder string) (total int64, err error) {
	err = filepath.WalkDir(folder, func(_ string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			total += info.Size()
		}
		return err
	})
	return total, err
}

// caller is one of the demo's, by name.
type caller struct{ name, scope string }

const (
	toWrite       = "system/*.cruds"
	tokenStaysFor = 2 * time.Minute
)

var (
	crisisTeam   = caller{name: "ooh"}
	socialCare   = caller{name: "social-care"}
	treatingTeam = caller{name: "cmht"}
	coordinator  = caller{"cmht", toWrite}
)

// tokens are those of an issuer of the run's own, over HTTP as any client gets them.
type tokens struct {
	addr, folder string
	server       *http.Server
	shared       *local.State
	mu           sync.Mutex
	kept         map[caller]keptToken
}

type keptToken struct {
	text string
	from time.Time
}

func openIssuer(folder string) (*tokens, error) {
	addSubscribers()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	t := &tokens{addr: l.Addr().String(), folder: filepath.Join(folder, "issuer"), shared: local.New(time.Now), kept: map[caller]keptToken{}}
	issuer, err := demo.New(t.addr, t.folder, t.shared, time.Now)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	t.server = &http.Server{Handler: issuer, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = t.server.Serve(l) }() // until it is closed
	return t, nil
}

func (t *tokens) close() error { return errors.Join(t.server.Close(), t.shared.Close()) }

// fresh gets a token that nobody has used yet.
func (t *tokens) fresh(c caller) (string, error) {
	return demo.Token(context.Background(), demo.Ask{
		Name: c.name, Scope: c.scope, Gateway: "http://" + t.addr, Dir: t.folder, HTTP: http.DefaultClient, Clock: time.Now,
	})
}

// of gives a token that is used again and again while it is good for a while.
func (t *tokens) of(c caller) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if k := t.kept[c]; time.Since(k.from) < tokenStaysFor {
		return k.text, nil
	}
	text, err := t.fresh(c)
	t.kept[c] = keptToken{text, time.Now()}
	return text, err
}
