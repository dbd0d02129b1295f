package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"cpagateway/consent"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/intake"
	"cpagateway/gateway/store/sqlite"
	"cpagateway/mapping/bundle"
	"cpagateway/mapping/ctp"
	"cpagateway/mapping/mhsds"
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

// formatNamed is the one table from the name of a format to its reader.
func formatNamed(name string) (intake.Format, error) {
	switch name {
	case "mhsds-v6":
		return mhsds.New(mhsds.Options{})
	case "welsh-ctp":
		return ctp.New()
	case "fhir-bundle":
		return bundle.New()
	}
	return nil, misuse("no format is called %q: there are mhsds-v6, welsh-ctp and fhir-bundle", name)
}

// secretAt reads a secret file, and makes it on the first start.
func secretAt(name string, size int) ([]byte, error) {
	secret, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		secret = make([]byte, size)
		_, _ = rand.Read(secret) // never fails (crypto/rand)
		err = os.WriteFile(name, secret, 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the gateway's secret: %w", err)
	}
	if len(secret) < size {
		return nil, fmt.Errorf("reading the gateway's secret: %s is too short", filepath.Base(name))
	}
	return secret, nil
}
