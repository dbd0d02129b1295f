package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"cpagateway/gateway/audit"
	"cpagateway/gateway/store"
	"cpagateway/gateway/store/sqlite"
)

// runAudit looks at the audit log. It makes nothing: a log that is not there, or
// that holds nothing, is not a log that was verified.
func runAudit(w world, args []string) error {
	if len(args) > 0 && args[0] == "verify" {
		return verifyAudit(w, args[1:])
	}
	if len(args) > 0 && args[0] == "checkpoint" {
		return showCheckpoint(w, args[1:])
	}
	fmt.Fprintln(w.err, "usage: cpa-gateway audit (verify | checkpoint) (--data DIR | --config FILE)")
	return errUsage
}

// verifyAudit walks the checkpoints and the chains, and compares them with the
// witness and with checkpoints kept elsewhere. It needs only public keys.
func verifyAudit(w world, args []string) error {
	f := w.flags("audit verify", "(--data DIR | --config FILE) [--key FILE] [--checkpoint FILE]... [--json]")
	place := whereFlags(f)
	keyFile := f.String("key", "", "`file` of public keys (default: audit.pub in the data folder)")
	var notes []string
	f.Func("checkpoint", "`file` of a checkpoint kept elsewhere; may be given more than once", func(name string) error {
		note, err := os.ReadFile(name)
		notes = append(notes, string(note))
		return err
	})
	asJSON := f.Bool("json", false, "print the report as JSON")
	c, held, err := openAudit(w, f, place, args)
	if err != nil {
		return err
	}
	defer held.Close()
	if *keyFile == "" {
		*keyFile = filepath.Join(c.Records.SQLite, audit.PublicFile)
	}
	keys, err := audit.ReadPublicKeys(*keyFile)
	if err != nil {
		return misuse("reading the public keys: %v", err)
	}
	report, err := audit.Verify(w.ctx, held, keys, audit.Against(notes...), audit.AgainstWitness(c.witness()))
	if err != nil {
		return err
	}
	if *asJSON {
		err = printJSON(w.out, report)
	} else {
		_, err = fmt.Fprintf(w.out, "%d entries in %d chains, %d checkpoints; %d entries after the last checkpoint\n",
			report.Entries, report.Chains, report.Checkpoints, report.Entries-report.Signed)
	}
	switch {
	case err != nil:
		return err
	case report.Break != nil:
		fmt.Fprintln(w.err, "the first break:", report.Break)
		return errRefused
	case report.Entries == 0:
		fmt.Fprintln(w.err, "the log holds no entry: there is nothing to verify")
		return errRefused
	}
	return nil
}

// showCheckpoint prints the newest checkpoint, to be kept elsewhere.
func showCheckpoint(w world, args []string) error {
	f := w.flags("audit checkpoint", "(--data DIR | --config FILE)")
	place := whereFlags(f)
	_, held, err := openAudit(w, f, place, args)
	if err != nil {
		return err
	}
	defer held.Close()
	var newest audit.Checkpoint
	err = held.View(w.ctx, func(s store.Snapshot) (err error) {
		newest, err = s.NewestCheckpoint()
		return err
	})
	if err != nil {
		return err
	}
	if newest.Number == 0 {
		fmt.Fprintln(w.err, "the log has no checkpoint yet")
		return errRefused
	}
	_, err = fmt.Fprint(w.out, newest.Note)
	return err
}

// openAudit opens the store alone: neither keys nor a secret are needed to look.
func openAudit(w world, f *flag.FlagSet, place where, args []string) (config, *sqlite.Store, error) {
	if err := parse(f, args); err != nil {
		return config{}, nil, err
	}
	c, err := place.readExisting()
	if err != nil {
		return config{}, nil, err
	}
	held, err := sqlite.Open(w.ctx, c.Records.SQLite, time.UTC)
	return c, held, err
}
