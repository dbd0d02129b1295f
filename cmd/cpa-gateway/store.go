package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"cpagateway/gateway/audit"
	"cpagateway/gateway/store/relational"
)

// storeCommand moves what is kept to where it is kept from now on.
func storeCommand(w world) *cobra.Command {
	c := &cobra.Command{Use: "store", Short: "move everything that is kept to another database"}
	c.AddCommand(&cobra.Command{
		Use: "copy FROM TO", Short: "copy everything into an empty store, and verify it", Args: cobra.ExactArgs(2),
		Long: "copy FROM TO copies the records, the audit log and what belongs to them into an empty store, from SQLite to PostgreSQL, back, or between two of a kind. " +
			"FROM and TO are data folders or configuration files. Stop every gateway first: what is written to FROM meanwhile is not in TO.",
		RunE: func(_ *cobra.Command, places []string) error {
			return copyStore(w, placeAt(places[0]), placeAt(places[1]))
		},
	})
	c.AddCommand(migrateCommand(w))
	return c
}

// migrateCommand makes and changes tables for gateways that may not.
func migrateCommand(w world) *cobra.Command {
	var place where
	c := &cobra.Command{
		Use: "migrate", Short: "make the tables of the store, or bring them up to this build, as their owner", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			chosen, err := place.read()
			if err != nil {
				return err
			}
			kept, err := chosen.Records.open(w.ctx)
			if err != nil {
				return err
			}
			return kept.Close()
		},
	}
	place.flags(c)
	return c
}

// placeAt is a data folder, or what a configuration file says.
func placeAt(name string) where {
	if info, err := os.Stat(name); err == nil && !info.IsDir() {
		return where{config: name}
	}
	return where{data: name}
}

func copyStore(w world, from, to where) error {
	source, err := from.readExisting(w)
	if err != nil {
		return err
	}
	target, err := to.read()
	if err != nil {
		return err
	}
	if source.Records == target.Records {
		return misuse("FROM and TO are the same store")
	}
	if err := source.giveFolder(target); err != nil {
		return err
	}
	copied, report, err := source.copyInto(w, target)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(w.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, name := range slices.Sorted(maps.Keys(copied)) {
		fmt.Fprintf(table, "%s\t%d\t\n", name, copied[name])
	}
	fmt.Fprintf(table, "entries of the audit log verified\t%d\t\n", report.Entries)
	if err := table.Flush(); err != nil {
		return err
	}
	if report.Break != nil {
		fmt.Fprintln(w.err, "the audit log of the copy is broken, as that of the original is:", report.Break)
		return errRefused
	}
	return nil
}

// giveFolder puts what belongs to the records and is in no database into the data folder
// of another configuration, where it is not there already. A folder with another secret
// is refused before anything is put into it.
func (c config) giveFolder(to config) error {
	secret, err := keptSecret(c.Records.folder())
	if err != nil {
		return err
	}
	if secret == nil {
		return misuse("%s holds no secret: it is not the folder of these records", c.Records.folder())
	}
	other, err := keptSecret(to.Records.folder())
	if err != nil {
		return err
	}
	if other != nil && !bytes.Equal(other, secret) {
		return misuse("%s belongs to another store: name a new folder", to.Records.folder())
	}
	names := slices.Clone(besideRecords)
	sources, _ := filepath.Glob(filepath.Join(c.Records.folder(), sourcesFolder, "*.yaml")) // which is well formed
	for _, source := range sources {
		names = append(names, filepath.Join(sourcesFolder, filepath.Base(source)))
	}
	for _, name := range names {
		err := copyFile(filepath.Join(c.Records.folder(), name), filepath.Join(to.Records.folder(), name))
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("copying what belongs to the records: %w", err)
		}
	}
	newest, err := c.witness().Newest()
	kept, more := to.witness().Newest()
	if err := errors.Join(err, more); err != nil || newest == "" || kept != "" {
		return err
	}
	return to.witness().Keep(newest)
}

// copyInto copies the records, and walks the audit log of the copy.
func (c config) copyInto(w world, to config) (copied relational.Copied, report audit.Report, err error) {
	from, err := c.Records.open(w.ctx)
	if err != nil {
		return nil, report, err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	target, err := to.Records.open(w.ctx)
	if err != nil {
		return nil, report, err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	if copied, err = relational.Copy(w.ctx, from, target); err != nil {
		return nil, report, err
	}
	keys, err := audit.ReadPublicKeys(filepath.Join(to.Records.folder(), audit.PublicFile))
	if err != nil {
		return nil, report, err
	}
	report, err = audit.Verify(w.ctx, target, keys, audit.AgainstWitness(to.witness()))
	return copied, report, err
}
