package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cpagateway/mapping"
	"cpagateway/mapping/extracts"
	"cpagateway/mapping/report"
	"cpagateway/mapping/syntax"
	"cpagateway/mapping/workbench"
	"cpagateway/profiles/fhir"
)

// mapReport is how map report was called.
type mapReport struct {
	to, language, custodian string
	on                      time.Time
}

func mapReportCommand(w world) *cobra.Command {
	var o mapReport
	c := &cobra.Command{
		Use: "report REPORT PATH", Args: cobra.ExactArgs(2),
		Short: "make the tables of a report of a Bundle, or of a folder of them: " + strings.Join(report.Names(), ", ") + ", or a folder of maps; no store is opened",
		RunE:  func(_ *cobra.Command, args []string) error { return o.run(w, args[0], args[1]) },
	}
	f := c.Flags()
	f.StringVar(&o.to, "to", "", "the `folder`, new or empty, that the tables are written into")
	f.TimeVar(&o.on, "on", time.Time{}, []string{time.DateOnly}, "the `day` that it is about: the last of the month, 31 March")
	f.StringVar(&o.language, "lang", "en", "`language` of the headings: en, cy, or what the overlays of the folder are called")
	f.StringVar(&o.custodian, "custodian", "7A4", "ODS `code` of the organisation whose records these are")
	require(c, "to", "on")
	return c
}

func (o mapReport) run(w world, name, input string) error {
	r, err := reportNamed(w, name, o.language)
	if err != nil {
		return err
	}
	resources, err := resourcesAt(w, input)
	if err != nil {
		return err
	}
	files, account := r.Tables(o.custodian, o.on, resources)
	if err := writeFiles(w.out, o.to, files); err != nil {
		return err
	}
	for _, fault := range account.Faults {
		showMapFault(w.out, fault)
	}
	fmt.Fprintf(w.out, "%d resources read, of %d people\n", account.Read, account.People)
	if err := showCounts(w.out, "no part of the report", account.Unread); err != nil {
		return err
	}
	if mapping.Refused(account.Faults) || account.People == 0 {
		return errRefused
	}
	return nil
}

// reportNamed opens a report by its name or folder, in a language.
func reportNamed(w world, name, language string) (*report.Report, error) {
	files, err := report.Maps(name)
	if errors.Is(err, report.ErrNotShipped) {
		if info, cannot := os.Stat(name); cannot != nil || !info.IsDir() {
			return nil, misuse("%s is neither a report (%s) nor a folder of maps", printable(name), strings.Join(report.Names(), ", "))
		}
		files = os.DirFS(name)
	}
	if _, missing := fs.Stat(files, language+".overlay"); missing != nil && language == "en" {
		language = "" // the maps themselves
	}
	r, err := report.New(files, language)
	if _, faulty := errors.AsType[*syntax.Error](err); faulty {
		fmt.Fprintln(w.out, err)
		return nil, errRefused
	}
	if err != nil {
		return nil, misuse("%v", err)
	}
	return r, nil
}

// resourcesAt are those of a file, or of every JSON file of a folder.
func resourcesAt(w world, input string) (all []fhir.Value, err error) {
	named, err := extracts.Open([]string{input})
	if err != nil {
		return nil, usageError{err}
	}
	defer func() { err = errors.Join(err, named.Close()) }()
	if why := named[0].NotRead; why != "" {
		return nil, misuse("%s: %s", printable(input), why)
	}
	var notRead mapping.Report
	err = mapping.Walk(named[0].Files, &notRead, mapping.DocumentFiles, func(name string, file fs.File) error {
		content, err := io.ReadAll(file)
		if err == nil {
			var found []fhir.Value
			found, err = workbench.Resources(content)
			all = append(all, found...)
		}
		if err != nil {
			return misuse("reading %s: %v", printable(name), err)
		}
		return nil
	})
	for _, passed := range notRead.NotRead {
		fmt.Fprintf(w.err, "not read: %s: %s\n", printable(passed.File), passed.Reason)
	}
	return all, err
}
