package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"cpagateway/gateway/quarantine"
	"cpagateway/gateway/store"
	"cpagateway/mapping"
)

func quarantineCommand(w world) *cobra.Command {
	c := &cobra.Command{Use: "quarantine", Short: "list, show, retry and discard what could not be taken"}
	c.AddCommand(quarantineListCommand(w), quarantineShowCommand(w), quarantineRetryCommand(w), quarantineDiscardCommand(w))
	return c
}

func quarantineListCommand(w world) *cobra.Command {
	var place where
	var wanted quarantine.Filter
	asJSON := false
	c := &cobra.Command{
		Use: "list", Short: "list what was set aside, without its values", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return listFaults(w, place, wanted, asJSON) },
	}
	place.flags(c)
	c.Flags().StringVar(&wanted.Source, "source", "", "only of this `source`")
	c.Flags().BoolVar(&wanted.Settled, "all", false, "also those that were dealt with")
	c.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	return c
}

func quarantineShowCommand(w world) *cobra.Command {
	var place where
	asJSON := false
	c := &cobra.Command{
		Use: "show ID", Short: "show one whole, with its value and the record as it came", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, id []string) error {
			return withFault(w, place, id[0], func(s *site, fault quarantine.Fault) error {
				if err := s.looked(w, "quarantine-show", "", fault.ID); err != nil {
					return err
				}
				return showFault(w, fault, asJSON)
			})
		},
	}
	place.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	return c
}

func quarantineRetryCommand(w world) *cobra.Command {
	var place where
	mended, asJSON := "", false
	c := &cobra.Command{
		Use: "retry ID", Short: "bring one in again, as it was or mended", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, id []string) error {
			return withFault(w, place, id[0], func(s *site, fault quarantine.Fault) error { return retryFault(w, s, fault, mended, asJSON) })
		},
	}
	place.flags(c)
	c.Flags().StringVar(&mended, "with", "", "`file` that holds what show prints, with the record mended")
	c.Flags().BoolVar(&asJSON, "json", false, "print the account as JSON")
	return c
}

func quarantineDiscardCommand(w world) *cobra.Command {
	var place where
	c := &cobra.Command{
		Use: "discard ID...", Short: "take some off the list without taking them, such as those that their source has sent anew", Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, ids []string) error {
			return withFaults(w, place, ids, func(s *site, faults []quarantine.Fault) error {
				for _, fault := range faults {
					if err := s.looked(w, "quarantine-discard", "", fault.ID); err != nil {
						return err
					}
				}
				return settleRecords(w, s, faults...)
			})
		},
	}
	place.flags(c)
	return c
}

// withFault opens the place and hands on what is set aside there under an id.
func withFault(w world, place where, id string, do func(*site, quarantine.Fault) error) error {
	return withFaults(w, place, []string{id}, func(s *site, faults []quarantine.Fault) error { return do(s, faults[0]) })
}

// withFaults is withFault of several ids: nothing is done unless there is something under each.
func withFaults(w world, place where, ids []string, do func(*site, []quarantine.Fault) error) error {
	if slices.Contains(ids, "") {
		return misuse("the id is empty")
	}
	return place.within(w, func(s *site) error {
		var faults []quarantine.Fault
		err := s.store.View(w.ctx, func(now store.Snapshot) error {
			for _, id := range ids {
				found, err := now.Faults(quarantine.Filter{ID: id, Settled: true})
				if err != nil {
					return err
				}
				if len(found) != 1 {
					return misuse("nothing is set aside under the id %q", id)
				}
				faults = append(faults, found...)
			}
			return nil
		})
		if err != nil {
			return err
		}
		return do(s, faults)
	})
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
	// CameRight: its record was sent anew and taken, and so it was settled.
	CameRight bool   `json:"cameRight,omitempty"`
	Record    string `json:"record,omitempty"`
}

func viewOf(f quarantine.Fault) faultView {
	v := faultView{ID: f.ID, Source: f.Source, File: f.File, Row: f.Row, Field: f.Field, Rule: f.Rule, Reason: f.Reason, At: f.At, CameRight: f.CameRight}
	if !f.Settled.IsZero() {
		v.Settled = f.Settled.Format(time.RFC3339)
	}
	return v
}

func listFaults(w world, place where, wanted quarantine.Filter, asJSON bool) error {
	return list(w, place, asJSON, func(now store.Snapshot) ([]quarantine.Fault, error) { return now.Faults(wanted) }, viewOf, "id\tfile\trow\tfield\trule\treason", func(v faultView) []any {
		return []any{v.ID, printable(v.File), rowNumber(v.Row), v.Field, v.Rule, v.Reason}
	})
}

// showFault prints a fault whole, the record included: to a person who is
// allowed at the data folder, on their own terminal.
func showFault(w world, f quarantine.Fault, asJSON bool) error {
	v := viewOf(f)
	v.Value, v.Record = f.Value, string(f.Raw)
	if asJSON {
		return printJSON(w.out, v)
	}
	at := printable(v.File)
	if row := rowNumber(v.Row); row != "" {
		at += " row " + row
	}
	if v.Field != "" {
		at += fmt.Sprintf(", %s = %q", v.Field, v.Value)
	}
	fmt.Fprintf(w.out, "%s: %s\n%s: %s\n\n%s\n", v.ID, at, v.Rule, v.Reason, v.Record)
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
		if raw, err = mendedIn(with, fault); err != nil {
			return usageError{err}
		}
	}
	sum, err := s.intake(w).Again(w.ctx, source, fault, raw)
	if errors.Is(err, mapping.ErrFragment) {
		return usageError{err}
	}
	if err != nil {
		return err
	}
	if len(sum.SetAside) == 0 && sum.Read > 0 {
		if err := settleRecords(w, s, fault); err != nil {
			return err
		}
	}
	if err := show(w.out, sum, asJSON); err != nil {
		return err
	}
	if len(sum.SetAside) > 0 || sum.Read == 0 {
		return errRefused
	}
	return nil
}

// mendedIn is the record in a file, with or without the three lines that showFault prints above it.
func mendedIn(name string, f quarantine.Fault) ([]byte, error) {
	record, err := os.ReadFile(name)
	if bytes.HasPrefix(record, []byte(f.ID+": ")) {
		for range 3 {
			_, record, _ = bytes.Cut(record, []byte("\n"))
		}
	}
	return record, err
}

// settleRecords marks faults as dealt with, and the others that their records had.
func settleRecords(w world, s *site, settled ...quarantine.Fault) error {
	return s.store.Update(w.ctx, func(tx store.Tx) error {
		var ids []string
		records := map[string]map[string]bool{} // by source, as they came
		for _, f := range settled {
			ids = append(ids, f.ID)
			if records[f.Source] == nil {
				records[f.Source] = map[string]bool{}
			}
			records[f.Source][string(f.Raw)] = true
		}
		for source, came := range records {
			open, err := tx.Faults(quarantine.Filter{Source: source})
			if err != nil {
				return err
			}
			for _, f := range open {
				if came[string(f.Raw)] {
					ids = append(ids, f.ID)
				}
			}
		}
		return tx.Settle(w.clock(), ids)
	})
}
