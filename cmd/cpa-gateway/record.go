package main

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cpagateway/gateway/intake"
	"cpagateway/gateway/records"
	"cpagateway/gateway/store"
)

func recordCommand(w world) *cobra.Command {
	c := &cobra.Command{Use: "record", Short: "show where what is kept comes from"}
	c.AddCommand(recordShowCommand(w))
	return c
}

func recordShowCommand(w world) *cobra.Command {
	var place where
	asJSON := false
	c := &cobra.Command{
		Use: "show TYPE/ID", Short: "show of each version its source, its record there, the maps that made it and what they defaulted, but not what it says; recorded", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, names []string) error { return showRecord(w, place, names[0], asJSON) },
	}
	place.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	return c
}

// versionView is a version as it is printed: where it comes from.
type versionView struct {
	Number    uint64    `json:"version"`
	Stored    time.Time `json:"stored"`
	Custodian string    `json:"custodian"`
	Source    string    `json:"source"`
	Deleted   bool      `json:"deleted,omitempty"`
	intake.Origin
}

func versionOf(v records.Version) (versionView, error) {
	origin, err := intake.ReadOrigin(v.Origin)
	return versionView{v.Number, v.Stored, string(v.Custodian), v.Source, v.Deleted, origin}, err
}

func showRecord(w world, place where, name string, asJSON bool) error {
	typ, id, ok := strings.Cut(name, "/")
	if !ok || typ == "" || id == "" {
		return misuse("a record is named TYPE/ID: CarePlan/...")
	}
	var versions []records.Version
	err := place.within(w, func(s *site) error {
		err := s.store.View(w.ctx, func(now store.Snapshot) (err error) {
			versions, err = now.History(typ, id)
			return err
		})
		if err != nil {
			return err
		}
		if len(versions) == 0 {
			return misuse("there is no record %s", printable(name))
		}
		return s.looked(w, "record-show", versions[0].Person, name)
	})
	if err != nil {
		return err
	}
	views := make([]versionView, len(versions))
	for i, v := range versions {
		if views[i], err = versionOf(v); err != nil {
			return err
		}
	}
	return printAll(w.out, views, asJSON, "version\tstored\tcustodian\tsource\trecord\tmaps\tdefaulted", func(v versionView) []any {
		what := strings.Join(v.Defaulted, " ")
		if v.Deleted {
			what = "(removed)"
		}
		return []any{v.Number, v.Stored.Format(time.RFC3339), v.Custodian, printable(v.Source), printable(v.Record), v.Maps, what}
	})
}
