package ctp_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"testing"
	"testing/fstest"

	"cpagateway/mapping"
	"cpagateway/mapping/ctp"
)

// collected is everything that one run gave out.
type collected struct {
	resources []mapping.Resource
	faults    []mapping.Fault
	consents  []mapping.Resource // of refused plans
	report    mapping.Report
}

func (c *collected) Take(made []mapping.Resource) error {
	c.resources = append(c.resources, made...)
	return nil
}

func (c *collected) SetAside(faults []mapping.Fault, consents []mapping.Resource) error {
	c.faults = append(c.faults, faults...)
	c.consents = append(c.consents, consents...)
	return nil
}

// env gives ids that can be told from each other and are none of the keys.
var env = mapping.Env{Source: "welsh-ctp", Custodian: "7A4", ID: func(typ, key string) string {
	sum := sha256.Sum256([]byte(typ + "\x00" + key))
	return hex.EncodeToString(sum[:6])
}}

func format(t testing.TB) *ctp.Format {
	t.Helper()
	f, err := ctp.New()
	if err != nil {
		t.Fatalf("compiling the format: %v", err)
	}
	return f
}

func read(t testing.TB, f *ctp.Format, fsys fs.FS) collected {
	t.Helper()
	var c collected
	var err error
	if c.report, err = f.Read(context.Background(), fsys, env, &c); err != nil {
		t.Fatalf("reading: %v", err)
	}
	return c
}

// readText reads one file of that name.
func readText(t testing.TB, f *ctp.Format, name, text string) collected {
	t.Helper()
	return read(t, f, fstest.MapFS{name: {Data: []byte(text)}})
}

func file(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatalf("reading a test's file: %v", err)
	}
	return string(text)
}

// refusals are the faults that set a plan aside.
func (c collected) refusals() []mapping.Fault {
	var refused []mapping.Fault
	for _, f := range c.faults {
		if !f.Warning {
			refused = append(refused, f)
		}
	}
	return refused
}
