package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"cpagateway/consent"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/intake"
	"cpagateway/gateway/records"
	"cpagateway/gateway/store/sqlite"
	"cpagateway/mapping/bundle"
	"cpagateway/mapping/ctp"
	"cpagateway/mapping/mhsds"
	"cpagateway/profiles"
)

// site is what every command that needs the records opens: the store, the
// agreements, the audit log and the gateway's secret, all by one configuration.
type site struct {
	config   config
	store    *sqlite.Store
	register atomic.Pointer[consent.Register] // a reload swaps it whole
	log      *audit.Log
	secret   []byte
	zone     *time.Location
}

// openSite opens the records and everything beside them, making what is not
// there yet. The caller closes it.
func openSite(w world, c config) (*site, error) {
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		return nil, err
	}
	register, err := consent.LoadRegister(os.DirFS(c.Agreements))
	if err != nil {
		return nil, misuse("reading the agreements: %v", err)
	}
	dir := c.Records.SQLite
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	secret, err := secretAt(filepath.Join(dir, "gateway.secret"), 32)
	if err != nil {
		return nil, err
	}
	key, err := audit.Keys(dir)
	if err != nil {
		return nil, err
	}
	store, err := sqlite.Open(w.ctx, dir, zone)
	if err != nil {
		return nil, err
	}
	log, err := audit.Open(w.ctx, store, key, w.clock, audit.Witnessed(c.witness()))
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	s := &site{config: c, store: store, log: log, secret: secret, zone: zone}
	s.register.Store(register)
	return s, nil
}

// Close ends the log first, so that its last checkpoint is kept.
func (s *site) Close() error { return errors.Join(s.log.Close(), s.store.Close()) }

func (s *site) intake(w world) *intake.Intake {
	return &intake.Intake{Records: s.store, Audit: s.log, Register: s.register.Load(), Secret: s.secret, Home: s.config.Organisation, Clock: w.clock}
}

// ready says whether the records can be read, by asking for a person that nobody is.
func (s *site) ready(ctx context.Context) error {
	if _, err := s.store.Person(ctx, profiles.SystemNHSNumber, ""); err != nil && !errors.Is(err, records.ErrNothing) {
		return fmt.Errorf("reading the records: %w", err)
	}
	return nil
}

// formats is the one table from the name of a format to its reader.
var formats = map[string]func() (intake.Format, error){
	"mhsds-v6":    func() (intake.Format, error) { return mhsds.New(mhsds.Options{}) },
	"welsh-ctp":   func() (intake.Format, error) { return ctp.New() },
	"fhir-bundle": func() (intake.Format, error) { return bundle.New() },
}

func formatNamed(name string) (intake.Format, error) {
	open, known := formats[name]
	if !known {
		return nil, misuse("no format is called %q: there are %s", name, formatNames())
	}
	return open()
}

func formatNames() string { return strings.Join(slices.Sorted(maps.Keys(formats)), ", ") }

// secretAt reads a secret file, and makes it on the first start. Where several
// processes start at once, all of them read what the first one made.
func secretAt(name string, size int) ([]byte, error) {
	secret, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		if err = makeSecret(name, size); err == nil || errors.Is(err, fs.ErrExist) {
			secret, err = os.ReadFile(name)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("reading the gateway's secret: %w", err)
	}
	if len(secret) < size {
		return nil, fmt.Errorf("reading the gateway's secret: %s is too short", filepath.Base(name))
	}
	return secret, nil
}

// makeSecret makes a secret file that survives loss of power, and fails with
// fs.ErrExist where there is one. The file gets its name by a link, when it is
// whole: nobody can read half a secret.
func makeSecret(name string, size int) error {
	file, err := os.CreateTemp(filepath.Dir(name), ".secret-*") // for its owner only
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	secret := make([]byte, size)
	_, _ = rand.Read(secret) // never fails (crypto/rand)
	_, err = file.Write(secret)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Link(file.Name(), name); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(name))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
