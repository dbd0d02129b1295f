package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"

	"cpagateway/gateway/audit"
	"cpagateway/gateway/cache"
	"cpagateway/gateway/intake"
	"cpagateway/gateway/records"
	"cpagateway/gateway/store"
	"cpagateway/gateway/store/relational"
	"cpagateway/mapping/bundle"
	"cpagateway/mapping/ctp"
	"cpagateway/mapping/mhsds"
	"cpagateway/profiles"
)

// site is what every command that needs the records opens: the store, the
// agreements, the audit log and the gateway's secret, all by one configuration.
type site struct {
	config   config
	store    *relational.Store
	register *cache.Register
	log      *audit.Log[store.Tx]
	secret   []byte
	file     os.FileInfo // of the records, where they are in a file

	certificates atomic.Pointer[tls.Config] // as read last; nil without TLS
}

// openSite opens the records and everything beside them, making what is not
// there yet. The caller closes it.
func openSite(w world, c config) (*site, error) {
	read, err := c.readAgreements()
	if err != nil {
		return nil, misuse("reading the agreements: %v", err)
	}
	dir := c.Records.folder()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	secret, err := secretIn(dir)
	if err != nil {
		return nil, err
	}
	keys, err := audit.FolderKeys(dir)
	if err != nil {
		return nil, err
	}
	kept, err := c.Records.open(w.ctx)
	if err != nil {
		return nil, err
	}
	if err := refuseForeignSecret(w.ctx, kept, dir, secret); err != nil {
		return nil, errors.Join(err, kept.Close())
	}
	log, err := audit.Open(w.ctx, kept, keys, c.witness(), w.clock)
	if err != nil {
		return nil, errors.Join(err, kept.Close())
	}
	s := &site{config: c, store: kept, log: log, secret: secret, file: c.Records.file(), register: cache.NewRegister(kept, read.Register)}
	if _, err := s.register.Read(w.ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close ends the log first, so that its last checkpoint is kept.
func (s *site) Close() error { return errors.Join(s.log.Close(), s.store.Close()) }

func (s *site) intake(w world) *intake.Intake {
	return &intake.Intake{Store: s.store, Audit: s.log, Register: s.register.Load(), Secret: s.secret, Home: s.config.Organisation, Leaflets: s.config.Policy.PolicyVersions, Clock: w.clock, Readers: runtime.GOMAXPROCS(0)}
}

var errMoved = errors.New("the records were moved, or others put in their place, under the gateway: stop it, and start it on those that are meant")

// ready says whether the records can be read, by looking up a person who does not exist,
// and the agreements in force.
func (s *site) ready(ctx context.Context) error {
	if s.file != nil && !os.SameFile(s.file, s.config.Records.file()) {
		return errMoved
	}
	err := s.store.View(ctx, func(now store.Snapshot) error {
		_, err := now.Person(profiles.SystemNHSNumber, "")
		if _, unread := s.register.Of(now); unread != nil {
			return unread
		}
		return err
	})
	if err != nil && !errors.Is(err, records.ErrNothing) {
		return fmt.Errorf("reading the records: %w", err)
	}
	return nil
}

// formats is the one table from the name of a format to its reader.
var formats = map[string]func() (intake.Format, error){
	"mhsds-v5":    func() (intake.Format, error) { return mhsds.New(mhsds.V5) },
	"mhsds-v6":    func() (intake.Format, error) { return mhsds.New(mhsds.V6) },
	"welsh-ctp":   func() (intake.Format, error) { return ctp.New() },
	"fhir-bundle": func() (intake.Format, error) { return &bundle.Format{}, nil },
}

func formatNamed(name string) (intake.Format, error) {
	open, known := formats[name]
	if !known {
		return nil, misuse("no format is called %q: there are %s", name, formatNames())
	}
	return open()
}

func formatNames() string { return strings.Join(slices.Sorted(maps.Keys(formats)), ", ") }
