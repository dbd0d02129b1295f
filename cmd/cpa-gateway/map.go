package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"cpagateway/mapping"
	"cpagateway/mapping/extracts"
	"cpagateway/mapping/folder"
	"cpagateway/mapping/syntax"
	"cpagateway/mapping/workbench"
)

func mapCommand(w world) *cobra.Command {
	c := &cobra.Command{Use: "map", Short: "check, run, test, draft and show maps, and make reports by them; MAPS is a folder of *.map files (FOLDER@VERSION with VERSION.overlay), mhsds-v6, mhsds-v5, welsh-ctp, welsh-csp, cld-r2 or cld-r1"}
	c.AddCommand(mapCheckCommand(w), mapRunCommand(w), mapTestCommand(w), mapNewCommand(w), mapPageCommand(w), mapCodesCommand(w), mapReportCommand(w))
	return c
}

// mapsNamed opens built-in maps by their name and others by their folder, FOLDER@VERSION
// with the overlay of that version. Faults of maps are printed, each on its line.
func mapsNamed(w world, name string) (workbench.Format, error) {
	f, err := workbench.Shipped(name)
	if errors.Is(err, workbench.ErrNotShipped) {
		at, _ := folderNamed(name)
		if _, missing := os.Stat(at); errors.Is(missing, fs.ErrNotExist) {
			return nil, misuse("%s is neither a folder of maps nor maps of the gateway's own%s", printable(at), likeliest(workbench.ShippedNames(), at, "; names like it:", ":"))
		}
		f, err = mapFolder(name)
	}
	if _, faulty := errors.AsType[*syntax.Error](err); faulty {
		fmt.Fprintln(w.out, err)
		return nil, errRefused
	}
	return f, err
}

// mapFolder opens a folder of maps, or FOLDER@VERSION.
func mapFolder(name string) (*folder.Format, error) {
	at, version := folderNamed(name)
	if info, err := os.Stat(at); err != nil {
		return nil, misuse("%v", err)
	} else if !info.IsDir() {
		return nil, misuse("%s is no folder of maps", at)
	}
	return folder.New(os.DirFS(at), version)
}

// folderNamed takes FOLDER@VERSION apart, unless there is a folder of that name.
func folderNamed(name string) (at, version string) {
	if _, err := os.Stat(name); err == nil {
		return name, ""
	}
	if i := strings.LastIndexByte(name, '@'); i > 0 && !strings.ContainsRune(name[i:], filepath.Separator) {
		return name[:i], name[i+1:]
	}
	return name, ""
}

func mapCheckCommand(w world) *cobra.Command {
	asJSON := false
	c := &cobra.Command{
		Use: "check MAPS", Short: "say of each field whether it returns, and what tables lose, from the maps alone", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			f, err := mapsNamed(w, args[0])
			if err != nil {
				return err
			}
			check := f.Program().Check()
			if asJSON {
				return printJSON(w.out, check)
			}
			return workbench.Print(w.out, check)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "for machines")
	return c
}

// mapRun is how map run was called.
type mapRun struct {
	back, custodian, explain, explainTo string
}

func mapRunCommand(w world) *cobra.Command {
	var o mapRun
	c := &cobra.Command{
		Use: "run MAPS PATH...", Short: "run maps over files, or a folder, and print a Bundle; or with --back a Bundle's records; no store is opened", Args: cobra.MinimumNArgs(2),
		RunE: func(_ *cobra.Command, args []string) error { return o.run(w, args[0], args[1:]) },
	}
	c.Flags().StringVar(&o.back, "back", "", "run backwards, and write the records into this `folder`, new or empty")
	c.Flags().StringVar(&o.custodian, "custodian", "7A4", "ODS `code` of the organisation whose records these are")
	c.Flags().StringVar(&o.explain, "explain", "", "tell one `record` step by step: FILE:ROW as faults name it; with --back TYPE/ID, or its position in the Bundle")
	c.Flags().StringVar(&o.explainTo, "explain-to", "", "the `file` for that; it holds the values of the record")
	return c
}

func (o mapRun) run(w world, name string, inputs []string) (err error) {
	f, err := mapsNamed(w, name)
	if err != nil {
		return err
	}
	env := workbench.Env("map-run", o.custodian)
	if (o.explain == "") != (o.explainTo == "") {
		return misuse("--explain RECORD and --explain-to FILE go together: the steps hold what the record holds, and are not printed")
	}
	if o.explain != "" {
		file, cannot := os.OpenFile(o.explainTo, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		if cannot != nil {
			return misuse("%v", cannot)
		}
		steps := 0
		env.Explain = workbench.Explain(o.explain, func(line, step string) {
			steps++
			fmt.Fprintf(file, "%s  %s\n", line, step)
		})
		defer func() {
			err = errors.Join(err, file.Close())
			if none := misuse("nothing was explained: there is no record %s, or no map has read it", printable(o.explain)); steps == 0 && err == nil {
				err = none
			} else if steps == 0 && errors.Is(err, errRefused) {
				fmt.Fprintln(w.err, none)
			}
		}()
	}
	if o.back != "" {
		if len(inputs) > 1 {
			return misuse("--back reads one file")
		}
		return o.backward(w, f, inputs[0], env)
	}
	return o.forward(w, f, inputs, env)
}

// forward prints a Bundle; its account goes beside it.
func (o mapRun) forward(w world, f workbench.Format, inputs []string, env mapping.Env) (err error) {
	named, err := extracts.Open(inputs)
	if err != nil {
		return usageError{err}
	}
	defer func() { err = errors.Join(err, named.Close()) }()
	for _, e := range named {
		if e.NotRead != "" {
			return misuse("%s: %s", e.Path, e.NotRead)
		}
	}
	if named, err = named.Together(); err != nil {
		return usageError{err}
	}
	if len(named) > 1 {
		return misuse("name files, or one folder")
	}
	made, err := workbench.Forward(w.ctx, f, named[0].Files, env)
	if err != nil {
		return err
	}
	if _, err := w.out.Write(made.Bundle()); err != nil {
		return err
	}
	refused := mapping.Refused(made.Faults) || made.Report.Read == 0
	for _, fault := range made.Faults {
		showMapFault(w.err, fault)
	}
	for _, passed := range made.Report.NotRead {
		fmt.Fprintf(w.err, "not read: %s: %s\n", printable(passed.File), passed.Reason)
	}
	fmt.Fprintf(w.err, "%d records read, %d taken, %d refused\n", made.Report.Read, made.Report.Taken, made.Report.Refused)
	if err := errors.Join(showCounts(w.err, "left behind", made.Report.LeftBehind), showCounts(w.err, workbench.NotFHIR, made.Invalid), showCounts(w.err, "defaulted", made.Report.Defaulted)); err != nil || !refused {
		return err
	}
	return errRefused
}

// showMapFault prints a fault without the value, which is a person's.
func showMapFault(out io.Writer, f mapping.Fault) {
	effect := "refused"
	if f.Warning {
		effect = "warning"
	}
	at := f.At
	at.File = printable(at.File)
	fmt.Fprintf(out, "%s: %s: %s: %s\n", effect, at, f.Rule, f.Reason)
}

// backward writes the records of a Bundle into a folder.
func (o mapRun) backward(w world, f workbench.Format, input string, env mapping.Env) error {
	content, err := os.ReadFile(input)
	if err != nil {
		return misuse("%v", err)
	}
	resources, err := workbench.Resources(content)
	if err != nil {
		return misuse("reading %s: %v", input, err)
	}
	files, back := f.Back(env, resources)
	if err := writeFiles(w.out, o.back, files); err != nil {
		return err
	}
	for _, fault := range back.Faults {
		fmt.Fprintf(w.out, "not representable: resource %d, %s %s: %s\n", fault.At.Row, fault.At.File, fault.At.Field, fault.Reason)
	}
	fmt.Fprintf(w.out, "%d resources read, %d not representable\n", back.Read, back.Refused)
	if err := errors.Join(showCounts(w.out, "dropped", back.Dropped), showCounts(w.out, "minted", back.Minted), showCounts(w.out, "added", back.Added)); err != nil {
		return err
	}
	if back.Refused > 0 || back.Read == 0 {
		return errRefused
	}
	return nil
}

// writeFiles fills a folder with files, and tells of each. What an earlier run wrote there would be taken
// for some of them: a folder that is not empty is refused.
func writeFiles(out io.Writer, dir string, files map[string][]byte) error {
	names := slices.Sorted(maps.Keys(files))
	err := fillFolder(dir, func() error {
		for _, name := range names {
			if err := putNew(filepath.Join(dir, name), bytes.NewReader(files[name])); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, name := range names {
		fmt.Fprintf(out, "written: %s\n", filepath.Join(dir, name))
	}
	return nil
}

func mapTestCommand(w world) *cobra.Command {
	return &cobra.Command{
		Use: "test MAPS", Short: "carry out the *.case files beside the maps, and say which field is not as they show", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return mapTest(w, args[0]) },
	}
}

func mapTest(w world, name string) error {
	f, err := mapsNamed(w, name)
	if err != nil {
		return err
	}
	own, ok := f.(*folder.Format)
	if _, err := workbench.Shipped(name); !ok || err == nil {
		return misuse("the built-in maps are tested with the gateway: name a folder")
	}
	at, version := folderNamed(name)
	cases, err := workbench.Cases(os.DirFS(at), version)
	if err != nil {
		return misuse("%v", err)
	}
	failed := 0
	for _, c := range cases {
		differ, err := carryOut(w, c, own, at)
		if err != nil {
			return err
		}
		if len(differ) == 0 {
			fmt.Fprintf(w.out, "ok    %s\n", c.Title())
			continue
		}
		failed++
		fmt.Fprintf(w.out, "FAIL  %s\n      %s\n", c.Title(), strings.Join(differ, "\n      "))
	}
	fmt.Fprintf(w.out, "%d cases, %d failed\n", len(cases), failed)
	if failed > 0 {
		return errRefused
	}
	return nil
}

// carryOut runs a case of maps, or of the report that they are.
func carryOut(w world, c workbench.Case, f workbench.Format, at string) ([]string, error) {
	if !c.OfReport() {
		return c.Run(f), nil
	}
	r, err := reportNamed(w, at, "en")
	if err != nil {
		return nil, err
	}
	return c.RunReport(r), nil
}

func mapNewCommand(w world) *cobra.Command {
	return &cobra.Command{
		Use: "new FILE [JOINED...]", Short: "print a first map for a CSV file, with those whose rows belong to its rows, or for a JSON sample: every field returns that it does not say is left behind", Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			var samples []workbench.Sample
			for _, name := range args {
				content, err := os.ReadFile(name)
				if err != nil {
					return misuse("%v", err)
				}
				samples = append(samples, workbench.Sample{Name: name, Content: content})
			}
			draft, left, err := workbench.Draft(samples[0], samples[1:]...)
			if err != nil {
				return misuse("%v", err)
			}
			for _, text := range left {
				fmt.Fprintf(w.err, "left behind: %s\n", text)
			}
			_, err = w.out.Write(draft)
			return err
		},
	}
}

func mapPageCommand(w world) *cobra.Command {
	return &cobra.Command{
		Use: "page MAPS", Short: "print one HTML page of both sides, with what does not return in red", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			f, err := mapsNamed(w, args[0])
			if err != nil {
				return err
			}
			return workbench.Page(w.out, filepath.Base(args[0]), f.Program().Check())
		},
	}
}
