package main

import (
	"cmp"
	"errors"
	"math"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"

	"cpagateway/gateway/intake"
	"cpagateway/mapping"
	"cpagateway/mapping/extracts"
	"cpagateway/mapping/folder"
	"cpagateway/mapping/scratch"
	"cpagateway/profiles"
)

// importOptions is how an import was called.
type importOptions struct {
	place             where
	source, custodian string
	maps              string
	grants            grantsFlag
	dryRun, asJSON    bool
}

func importCommand(w world) *cobra.Command {
	var o importOptions
	c := &cobra.Command{
		Use: "import --source NAME PATH...", Short: "bring an extract, a folder of them, or FHIR bundles in", Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, paths []string) error { return o.run(w, paths) },
	}
	o.place.flags(c)
	f := c.Flags()
	f.StringVar(&o.source, "source", "", "`name` of the source: mhsds-v6, mhsds-v5, welsh-ctp, fhir-bundle, or one that is settled")
	f.StringVar(&o.custodian, "custodian", "", "ODS `code` of the organisation whose records these are (default: as settled, else the folder's own)")
	f.StringVar(&o.maps, "maps", "", "`folder` of the maps of a source that is not built in, or FOLDER@VERSION (as settled, once it is)")
	f.Var(&o.grants, "grants", "wishes of this source may open records (default: as settled, else they may not)")
	f.Lookup("grants").NoOptDefVal = "on"
	f.BoolVar(&o.dryRun, "dry-run", false, "do it to a copy of the records, and tell what became of it")
	f.BoolVar(&o.asJSON, "json", false, "print the account as JSON")
	require(c, "source")
	return c
}

func (o importOptions) run(w world, paths []string) (err error) {
	named, err := extracts.Open(paths)
	if err != nil {
		return usageError{err}
	}
	defer func() { err = errors.Join(err, named.Close()) }()
	c, err := o.place.read()
	if err != nil {
		return err
	}
	if o.maps != "" {
		if c.Sources, err = withMaps(c.Sources, o.source, o.maps, cmp.Or(profiles.OrgCode(o.custodian), c.Organisation)); err != nil {
			return err
		}
	}
	source, err := c.sourceWith(o.source, profiles.OrgCode(o.custodian), o.grants.value)
	if err != nil {
		return err
	}
	defer boundMemory()()
	s, end, err := o.open(w, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	if !o.dryRun {
		if err := source.settle(c.Records.folder()); err != nil {
			return err
		}
	}
	sum, err := bringIn(w, s, source, named)
	if err := show(w.out, sum, o.asJSON); err != nil {
		return err
	}
	if !o.asJSON && !o.dryRun {
		showKept(w.out, sum)
		if err == nil {
			err = showOpen(w, s, o.source)
		}
	}
	if err == nil && !isWhole(sum) {
		return errRefused
	}
	return err
}

// isWhole reports whether something was read, and all of it taken as it came.
func isWhole(s intake.Summary) bool {
	return s.Read > 0 && len(s.NotRead) == 0 && s.Quarantined+s.Grants+s.Apart+s.Clashes == 0
}

// open opens the site, or for a dry run a copy of it.
func (o importOptions) open(w world, chosen config) (*site, func() error, error) {
	if o.dryRun {
		return o.place.rehearse(w, chosen)
	}
	s, err := o.place.open(w, chosen)
	if err != nil {
		return nil, nil, err
	}
	return s, s.Close, nil
}

// bringIn runs every extract and adds up the accounts. Files go by their paths as
// they were given.
func bringIn(w world, s *site, from sourceConfig, named extracts.List) (total intake.Summary, err error) {
	source, err := from.open()
	if err != nil {
		return total, err
	}
	if f, ok := source.Format.(*folder.Format); ok && f.Joins() {
		if named, err = named.Together(); err != nil {
			return total, usageError{err}
		}
	}
	in := s.intake(w)
	in.Scratch = scratchIn(s.config.Records.folder())
	p := progressOn(w.err, named)
	defer p.done()
	in.Progress, in.Expect = p.tell, p.expect
	for _, e := range named {
		if e.NotRead != "" {
			total.NotRead = append(total.NotRead, mapping.NotRead{File: e.Path, Reason: e.NotRead})
			continue
		}
		sum, err := in.Run(w.ctx, source, p.reading(e.Files))
		p.next()
		for i := range sum.NotRead {
			sum.NotRead[i].File = e.Named(sum.NotRead[i].File)
		}
		if err == nil && sum.Read == 0 && len(sum.NotRead) == 0 {
			sum.NotRead = []mapping.NotRead{{File: e.Path, Reason: "there is no record in it"}}
		}
		total = total.Plus(sum)
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// importMemory is what the heap of an import may grow to before garbage is collected
// for every piece that is needed. The records' own memory comes on top.
const importMemory = 80 << 20

// boundMemory holds an import to it, where the environment (GOMEMLIMIT) says nothing
// else.
func boundMemory() (lift func()) {
	if debug.SetMemoryLimit(-1) != math.MaxInt64 {
		return func() {}
	}
	debug.SetMemoryLimit(importMemory)
	return func() { debug.SetMemoryLimit(math.MaxInt64) }
}

// scratchIn makes files for what an import has to remember, beside the records and for
// their owner alone. They have no name: nothing is left of them, however the import ends.
func scratchIn(folder string) scratch.Files {
	return func() (scratch.File, error) {
		f, err := os.CreateTemp(folder, "import-")
		if err != nil {
			return nil, err
		}
		if err := os.Remove(f.Name()); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		return f, nil
	}
}
