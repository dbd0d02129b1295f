package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"cpagateway/consent"
	"cpagateway/gateway"
	"cpagateway/gateway/demo"
	"cpagateway/gateway/hot/local"
	"cpagateway/gateway/identity"
	"cpagateway/gateway/intake"
	"cpagateway/gateway/store"
	"cpagateway/profiles"
)

// demoOptions is how the demo was called.
type demoOptions struct {
	addr, admin, data, otlp string
	level                   slog.Level
}

func demoCommand(w world) *cobra.Command {
	var o demoOptions
	c := &cobra.Command{
		Use: "demo", Short: "serve synthetic people from one process, with a built-in OpenID issuer", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return o.run(w) },
	}
	f := c.Flags()
	f.StringVar(&o.addr, "addr", "127.0.0.1:8080", "loopback `address` to listen on")
	f.StringVar(&o.admin, "admin-addr", "127.0.0.1:0", "admin `address`, on port 0 a free one")
	f.StringVar(&o.data, "data", "", "data `folder` (default: a new temporary one)")
	f.StringVar(&o.otlp, "otlp", "", "OTLP/HTTP endpoint `URL` for traces and metrics (default: off)")
	f.TextVar(&o.level, "log-level", slog.LevelWarn, "`level` of the log: debug, info, warn, error")
	return c
}

// run serves everything from one process. Nothing of it can be switched on in
// serve: this file alone makes the issuer and brings in the cast.
func (o demoOptions) run(w world) error {
	if err := refuseBusy(o.addr); err != nil {
		return err
	}
	addr, admin := freePort(o.addr), freePort(o.admin)
	fmt.Fprintln(w.err, "Starting the demo: making a store and keys, and bringing in synthetic people.")
	dir, done, err := demoFolder(o.data)
	if err != nil {
		return err
	}
	defer func() { _ = done() }() // what is left of a temporary folder goes with the machine's own sweep
	shared := local.New(w.clock)
	defer shared.Close()
	issuer, err := demo.New(addr, dir, shared, w.clock)
	if err != nil {
		return misuse("%v", err)
	}
	s, err := openDemo(w, dir, addr, admin)
	if err != nil {
		return err
	}
	defer s.Close()
	s.config.Telemetry = telemetryConfig{OTLP: o.otlp, Sampling: 1, Interval: time.Minute}
	verifier, err := identity.New(context.WithoutCancel(w.ctx), issuer.Identity(), shared, w.clock)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(w.err, &slog.HandlerOptions{Level: o.level}))
	handler, err := s.front(w, verifier, shared, log)
	if err != nil {
		return err
	}
	if forget, err := demo.LeaveNote(addr, dir); err != nil {
		log.Warn("the token command will need --data", "cause", err)
	} else {
		defer func() { _ = forget() }() // the next demo on this port replaces a note that stays
	}
	// Not a ServeMux, which would clean paths and redirect before anything is recorded.
	both := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if issuer.Serves(r) {
			issuer.ServeHTTP(w, r)
			return
		}
		handler.ServeHTTP(w, r)
	})
	plan, err := s.planOf(w, "9990000018", profiles.CodeMentalHealthPlan)
	if err != nil {
		return err
	}
	announce := func() { printDemo(w, addr, dir, o.data != "", admin, plan) }
	h := &health{ready: []func(context.Context) error{s.ready}, amiss: s.log.Amiss, shared: shared, issuers: verifier, clock: w.clock}
	return s.listen(w, public{both, handler.unread, handler.tell}, h, log, announce)
}

// demoFolder is the folder given, or a new temporary one that goes with the demo.
func demoFolder(given string) (string, func() error, error) {
	if given != "" {
		if _, err := keptSecret(given); err != nil {
			return "", nil, err
		}
		return given, func() error { return nil }, os.MkdirAll(given, 0o700)
	}
	dir, err := os.MkdirTemp("", "cpa-gateway-demo-")
	return dir, func() error { return os.RemoveAll(dir) }, err
}

// refuseBusy says what to do about an address that is taken, before anything is made.
func refuseBusy(addr string) error {
	l, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return misuse("something else listens on %s: stop it, or take another address: make demo ADDR=127.0.0.1:9000, or demo --addr 127.0.0.1:9000", addr)
	}
	if err != nil {
		return misuse("--addr: %v", err)
	}
	return l.Close()
}

// freePort settles a port of 0 before it is printed.
func freePort(addr string) string {
	if !strings.HasSuffix(addr, ":0") {
		return addr
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return addr
	}
	defer l.Close()
	return l.Addr().String()
}

// openDemo opens the embedded store and brings the cast in through the road that
// every extract takes.
func openDemo(w world, dir, addr, admin string) (*site, error) {
	c, err := embedded(dir)
	if err != nil {
		return nil, err
	}
	c.HTTP.Address, c.HTTP.Admin, c.HTTP.Base = addr, admin, "http://"+addr+gateway.Prefix
	c.DutyLine = demo.DutyLine
	if err := os.CopyFS(c.Agreements, demo.Agreements()); err != nil && !os.IsExist(err) {
		return nil, err
	}
	s, err := openSite(w, c)
	if err != nil {
		return nil, err
	}
	err = s.offer(w)
	if err == nil {
		err = s.bringInCast(w)
	}
	if err != nil {
		return nil, errors.Join(notOffered(err), s.Close())
	}
	return s, nil
}

// extractFolder is where what the cast's source systems deliver is left, to be brought in again.
func (s *site) extractFolder() string {
	return filepath.Join(s.config.Records.folder(), "extract")
}

// planOf is the id of the health board's plan of a kind about somebody.
func (s *site) planOf(w world, number, kind string) (id string, err error) {
	err = s.store.View(w.ctx, func(now store.Snapshot) error {
		person, err := now.Person(profiles.SystemNHSNumber, number)
		if err != nil {
			return err
		}
		plans, err := now.Held(person, "CarePlan")
		for _, v := range plans {
			if strings.Contains(string(v.Body), kind) && v.Custodian == s.config.Organisation {
				id = v.ID
			}
		}
		return err
	})
	return id, err
}

// bringInCast brings in what the cast's source systems deliver.
func (s *site) bringInCast(w world) error {
	folder := s.extractFolder()
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	for _, extract := range demo.Extracts(w.clock()) {
		if err := os.CopyFS(folder, extract.Files); err != nil {
			return err
		}
		source, err := s.config.demoSource(extract.Source)
		if err != nil {
			return err
		}
		sum, err := s.intake(w).Run(w.ctx, source, extract.Files)
		if err != nil {
			return err
		}
		fmt.Fprintf(w.out, "brought in %s: %d records read, %d stored, %d unchanged, %d quarantined\n",
			extract.Source, sum.Read, sum.Stored, sum.Unchanged, sum.Quarantined)
	}
	return nil
}

// demoSource is a source of the cast, whose wishes count: the demo is about them.
func (c config) demoSource(name string) (intake.Source, error) {
	grants := consent.On
	s, err := c.sourceWith(name, c.Organisation, &grants)
	if err != nil {
		return intake.Source{}, err
	}
	if err := s.settle(c.Records.folder()); err != nil {
		return intake.Source{}, err
	}
	return s.open()
}
