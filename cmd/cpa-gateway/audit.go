package main

import (
	"fmt"
	"path/filepath"
	"time"

	"cpagateway/gateway/audit"
	"cpagateway/gateway/store/sqlite"
)

// runAudit verifies the chain, its checkpoints, gaps and clock. It needs only the
// public key, and it makes nothing: a log that is not there, or that holds
// nothing, is not a log that was verified.
func runAudit(w world, args []string) error {
	f := w.flags("audit verify", "(--data DIR | --config FILE) [--key FILE] [--json]")
	if len(args) == 0 || args[0] != "verify" {
		f.Usage()
		return errUsage
	}
	place := whereFlags(f)
	keyFile := f.String("key", "", "public key `file` (default: audit.pub in the data folder)")
	asJSON := f.Bool("json", false, "print the report as JSON")
	if err := parse(f, args[1:]); err != nil {
		return err
	}
	c, err := place.readExisting()
	if err != nil {
		return err
	}
	if *keyFile == "" {
		*keyFile = filepath.Join(c.Records.SQLite, "audit.pub")
	}
	key, err := audit.ReadPublicKey(*keyFile)
	if err != nil {
		return misuse("reading the public key: %v", err)
	}
	store, err := sqlite.Open(w.ctx, c.Records.SQLite, time.UTC)
	if err != nil {
		return err
	}
	defer store.Close()
	newest, err := c.witness().Newest()
	if err != nil {
		return err
	}
	report, err := audit.Verify(w.ctx, store, key, audit.Against(newest))
	if err != nil {
		return err
	}
	if *asJSON {
		err = printJSON(w.out, report)
	} else {
		_, err = fmt.Fprintf(w.out, "%d entries, %d of them checkpoints; %d after the last checkpoint\n", report.Rows, report.Checkpoints, report.Rows-report.Signed)
	}
	switch {
	case err != nil:
		return err
	case report.Break != nil:
		fmt.Fprintln(w.err, "the first break:", report.Break)
		return errRefused
	case report.Rows == 0:
		fmt.Fprintln(w.err, "the log holds no entry: there is nothing to verify")
		return errRefused
	}
	return nil
}
