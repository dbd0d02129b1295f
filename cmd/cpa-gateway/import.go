package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"cpagateway/gateway/intake"
	"cpagateway/profiles"
)

// importOptions is how an import was called.
type importOptions struct {
	place             where
	source, custodian string
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
	f.StringVar(&o.source, "source", "", "`name` of the source: mhsds-v6, welsh-ctp, fhir-bundle, or one that is settled")
	f.StringVar(&o.custodian, "custodian", "", "ODS `code` of the organisation whose records these are (default: as settled, else the folder's own)")
	f.Var(&o.grants, "grants", "wishes of this source may open records (default: as settled, else they may not)")
	f.Lookup("grants").NoOptDefVal = "on"
	f.BoolVar(&o.dryRun, "dry-run", false, "do it to a copy of the records, and tell what became of it")
	f.BoolVar(&o.asJSON, "json", false, "print the account as JSON")
	require(c, "source")
	return c
}

func (o importOptions) run(w world, paths []string) (err error) {
	extracts, err := extractsAt(paths)
	if err != nil {
		return err
	}
	c, err := o.place.read()
	if err != nil {
		return err
	}
	source, err := c.sourceWith(o.source, profiles.OrgCode(o.custodian), o.grants.value)
	if err != nil {
		return err
	}
	s, end, err := o.open(w, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	if !o.dryRun {
		if err := source.settle(c.Records.SQLite); err != nil {
			return err
		}
	}
	sum, err := bringIn(w, s, source, extracts)
	if err := show(w.out, sum, o.asJSON); err != nil {
		return err
	}
	if err == nil && sum.Quarantined+sum.Grants+sum.Apart > 0 {
		return errRefused
	}
	return err
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

// bringIn runs every extract and adds up the accounts.
func bringIn(w world, s *site, from sourceConfig, extracts []fs.FS) (total intake.Summary, err error) {
	source, err := from.open()
	if err != nil {
		return total, err
	}
	in := s.intake(w)
	in.Progress = progress(w.err)
	for _, extract := range extracts {
		sum, err := in.Run(w.ctx, source, extract)
		total = total.Plus(sum)
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// extractsAt makes each path an extract of its own: a folder as it is, a file as
// a folder that holds only it.
func extractsAt(paths []string) ([]fs.FS, error) {
	var extracts []fs.FS
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, misuse("%v", err)
		}
		if info.IsDir() {
			extracts = append(extracts, os.DirFS(p))
			continue
		}
		extracts = append(extracts, oneFile{os.DirFS(filepath.Dir(p)), filepath.Base(p)})
	}
	return extracts, nil
}

// oneFile is a folder of which only one file is seen.
type oneFile struct {
	fs.FS
	name string
}

// Open lets through the folder itself and the one file.
func (o oneFile) Open(name string) (fs.File, error) {
	if name == o.name {
		return o.FS.Open(name)
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// ReadDir lists the one file.
func (o oneFile) ReadDir(name string) ([]fs.DirEntry, error) {
	if name != "." {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrNotExist}
	}
	info, err := fs.Stat(o.FS, o.name)
	if err != nil {
		return nil, err
	}
	return []fs.DirEntry{fs.FileInfoToDirEntry(info)}, nil
}

// Stat lets fs.WalkDir start at the folder.
func (o oneFile) Stat(name string) (fs.FileInfo, error) { return fs.Stat(o.FS, name) }

// progress draws a line that rewrites itself, on a terminal only.
func progress(out io.Writer) func(intake.Summary) {
	file, ok := out.(*os.File)
	if !ok {
		return nil
	}
	if info, err := file.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return nil
	}
	return func(s intake.Summary) {
		fmt.Fprintf(out, "\r%d stored, %d unchanged, %d quarantined ", s.Stored, s.Unchanged, s.Quarantined)
	}
}

// show prints the account of a run.
func show(out io.Writer, s intake.Summary, asJSON bool) error {
	if asJSON {
		return printJSON(out, s)
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "read\tstored\tunchanged\tquarantined\t\n%d\t%d\t%d\t%d\t\n", s.Read, s.Stored, s.Unchanged, s.Quarantined)
	if err := t.Flush(); err != nil {
		return err
	}
	if err := showCounts(out, "taken all the same, with a warning of this rule", s.Warnings); err != nil {
		return err
	}
	if err := showCounts(out, "given by default", s.Defaulted); err != nil {
		return err
	}
	if err := showCounts(out, "left behind: values that no rule of the map reads", s.LeftBehind); err != nil {
		return err
	}
	if s.Grants > 0 {
		fmt.Fprintf(out, "\n%d Consents that grant were set aside: the source has no authority to record a grant.\n", s.Grants)
	}
	if s.Apart > 0 {
		fmt.Fprintf(out, "\n%d Patients are kept apart, closed: they claim somebody else's NHS number. See whom: cpa-gateway person list\n", s.Apart)
	}
	if s.Quarantined+s.Grants+s.Apart > 0 {
		fmt.Fprintln(out, "\nSee what was set aside: cpa-gateway quarantine list")
	}
	return nil
}

// showCounts prints one part of the account, by name.
func showCounts(out io.Writer, title string, counts map[string]int) error {
	if len(counts) == 0 {
		return nil
	}
	fmt.Fprintf(out, "\n%s:\n", title)
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(t, "  %s\t%d\n", name, counts[name])
	}
	return t.Flush()
}
