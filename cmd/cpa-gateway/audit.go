package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"cpagateway/gateway/audit"
	"cpagateway/gateway/store"
	"cpagateway/gateway/store/relational"
)

// auditCommand looks at the audit log. It makes nothing: a log that is not there,
// or that holds nothing, is not a log that was verified.
func auditCommand(w world) *cobra.Command {
	c := &cobra.Command{Use: "audit", Short: "verify and show the audit log, or print its newest checkpoint"}
	c.AddCommand(auditVerifyCommand(w), auditShowCommand(w), auditCheckpointCommand(w))
	return c
}

// verifyOptions is how audit verify was called.
type verifyOptions struct {
	place       where
	keys        string
	checkpoints []string
	asJSON      bool
}

func auditVerifyCommand(w world) *cobra.Command {
	var o verifyOptions
	c := &cobra.Command{
		Use: "verify", Short: "walk the audit log, and name the first break", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return o.run(w) },
	}
	o.place.flags(c)
	c.Flags().StringVar(&o.keys, "key", "", "`file` of public keys (default: audit.pub in the data folder)")
	c.Flags().StringArrayVar(&o.checkpoints, "checkpoint", nil, "`file` of a checkpoint kept elsewhere; may be given more than once")
	c.Flags().BoolVar(&o.asJSON, "json", false, "print the report as JSON")
	return c
}

// run walks the checkpoints and the chains, and compares them with the witness
// and with checkpoints kept elsewhere. It needs only public keys.
func (o verifyOptions) run(w world) error {
	var notes []string
	for _, name := range o.checkpoints {
		note, err := os.ReadFile(name)
		if err != nil {
			return misuse("--checkpoint: %v", err)
		}
		notes = append(notes, string(note))
	}
	c, held, err := openAudit(w, o.place)
	if err != nil {
		return err
	}
	defer held.Close()
	keys, err := audit.ReadPublicKeys(cmp.Or(o.keys, filepath.Join(c.Records.folder(), audit.PublicFile)))
	if err != nil {
		return misuse("reading the public keys: %v", err)
	}
	report, err := audit.Verify(w.ctx, held, keys, audit.Against(notes...), audit.AgainstWitness(c.witness()))
	if err != nil {
		return err
	}
	if o.asJSON {
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

func auditCheckpointCommand(w world) *cobra.Command {
	var place where
	c := &cobra.Command{
		Use: "checkpoint", Short: "print the newest checkpoint, to be kept elsewhere", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return printCheckpoint(w, place) },
	}
	place.flags(c)
	return c
}

func printCheckpoint(w world, place where) error {
	_, held, err := openAudit(w, place)
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
func openAudit(w world, place where) (config, *relational.Store, error) {
	c, err := place.readExisting(w)
	if err != nil {
		return config{}, nil, err
	}
	held, err := c.Records.open(w.ctx)
	return c, held, err
}
