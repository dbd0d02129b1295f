package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"text/tabwriter"
	"time"

	"cpagateway/gateway/quarantine"
	"cpagateway/gateway/store"
)

func runQuarantine(w world, args []string) error {
	if len(args) == 0 {
		fmt.Fprintln(w.err, "usage: cpa-gateway quarantine (list | show ID | retry ID [--with FILE]) (--data DIR | --config FILE)")
		return errUsage
	}
	verb, args := args[0], args[1:]
	var id string
	if verb != "list" && len(args) > 0 && args[0] != "" && args[0][0] != '-' {
		id, args = args[0], args[1:]
	}
	f := w.flags("quarantine "+verb, "[ID] (--data DIR | --config FILE)")
	place := whereFlags(f)
	source := f.String("source", "", "only of this `source`")
	settled := f.Bool("all", false, "also those that were dealt with")
	with := f.String("with", "", "`file` that holds the mended record, in the form that show prints")
	asJSON := f.Bool("json", false, "print as JSON")
	if err := parse(f, args); err != nil {
		return err
	}
	if id == "" && f.NArg() > 0 {
		id = f.Arg(0)
	}
	if verb != "list" && id == "" {
		return misuse("quarantine %s needs an id", verb)
	}
	s, err := place.existing(w)
	if err != nil {
		return err
	}
	defer s.Close()
	var faults []quarantine.Fault
	err = s.store.View(w.ctx, func(now store.Snapshot) error {
		faults, err = now.Faults(quarantine.Filter{Source: *source, ID: id, Settled: *settled || id != ""})
		return err
	})
	if err != nil {
		return err
	}
	switch {
	case verb == "list":
		return listFaults(w, faults, *asJSON)
	case len(faults) != 1:
		return misuse("nothing is set aside under this id")
	case verb == "show":
		return showFault(w, faults[0], *asJSON)
	case verb == "retry":
		return retryFault(w, s, faults[0], *with, *asJSON)
	}
	return misuse("quarantine has no %q", verb)
}

// faultView is a fault as it is printed. The value is left to `show`.
type faultView struct {
	ID      string    `json:"id"`
	Source  string    `json:"source"`
	File    string    `json:"file"`
	Row     int       `json:"row"`
	Field   string    `json:"field,omitempty"`
	Value   string    `json:"value,omitempty"`
	Rule    string    `json:"rule"`
	Reason  string    `json:"reason"`
	At      time.Time `json:"at"`
	Settled string    `json:"settled,omitempty"`
	Record  string    `json:"record,omitempty"`
}

func viewOf(f quarantine.Fault) faultView {
	v := faultView{ID: f.ID, Source: f.Source, File: f.File, Row: f.Row, Field: f.Field, Rule: f.Rule, Reason: f.Reason, At: f.At}
	if !f.Settled.IsZero() {
		v.Settled = f.Settled.Format(time.RFC3339)
	}
	return v
}

func listFaults(w world, faults []quarantine.Fault, asJSON bool) error {
	views := make([]faultView, len(faults))
	for i, f := range faults {
		views[i] = viewOf(f)
	}
	if asJSON {
		return printJSON(w.out, views)
	}
	t := tabwriter.NewWriter(w.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "id\tfile\trow\tfield\trule\treason")
	for _, v := range views {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", v.ID, v.File, strconv.Itoa(v.Row), v.Field, v.Rule, v.Reason)
	}
	return t.Flush()
}

// showFault prints a fault whole, the record included: to a person who is
// allowed at the data folder, on their own terminal.
func showFault(w world, f quarantine.Fault, asJSON bool) error {
	v := viewOf(f)
	v.Value, v.Record = f.Value, string(f.Raw)
	if asJSON {
		return printJSON(w.out, v)
	}
	fmt.Fprintf(w.out, "%s: %s row %d, %s = %q\n%s: %s\n\n%s\n", v.ID, v.File, v.Row, v.Field, v.Value, v.Rule, v.Reason, v.Record)
	return nil
}

// retryFault feeds a record in again, as it was or mended, and settles it once it was taken.
func retryFault(w world, s *site, fault quarantine.Fault, with string, asJSON bool) error {
	settled, err := s.config.source(fault.Source)
	if err != nil {
		return err
	}
	source, err := settled.open()
	if err != nil {
		return err
	}
	raw := fault.Raw
	if with != "" {
		if raw, err = os.ReadFile(with); err != nil {
			return misuse("%v", err)
		}
	}
	sum, still, err := s.intake(w).Again(w.ctx, source, raw)
	if err != nil {
		return err
	}
	if len(still) == 0 && sum.Read > 0 {
		if err := settleRecord(w, s, fault); err != nil {
			return err
		}
	}
	if err := show(w.out, sum, asJSON); err != nil {
		return err
	}
	for _, f := range still {
		fmt.Fprintf(w.err, "still wrong: row %d, %s: %s: %s\n", f.Row, f.Field, f.Rule, f.Reason)
	}
	if len(still) > 0 || sum.Read == 0 {
		return errRefused
	}
	return nil
}

// settleRecord marks a fault as dealt with, and the others that the same record had.
func settleRecord(w world, s *site, fault quarantine.Fault) error {
	return s.store.Update(w.ctx, func(tx store.Tx) error {
		faults, err := tx.Faults(quarantine.Filter{Source: fault.Source})
		if err != nil {
			return err
		}
		ids := []string{fault.ID}
		for _, f := range faults {
			if f.ID != fault.ID && len(f.Raw) > 0 && bytes.Equal(f.Raw, fault.Raw) {
				ids = append(ids, f.ID)
			}
		}
		return tx.Settle(w.clock(), ids)
	})
}
