package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"cpagateway/gateway/store"
)

// printJSON writes a value for machines.
func printJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// columns writes lines whose cells, which end with tabs, stand below each other.
func columns(out io.Writer) *tabwriter.Writer { return tabwriter.NewWriter(out, 0, 0, 2, ' ', 0) }

// list prints what the store lists, as JSON or as a table under a head.
func list[T, V any](w world, place where, asJSON bool, read func(store.Snapshot) ([]T, error), view func(T) V, head string, row func(V) []any) error {
	views := []V{}
	err := look(w, place, func(now store.Snapshot) error {
		all, err := read(now)
		for _, one := range all {
			views = append(views, view(one))
		}
		return err
	})
	if err != nil {
		return err
	}
	return printAll(w.out, views, asJSON, head, row)
}

// printAll prints a list, as JSON or as a table under a head.
func printAll[V any](out io.Writer, list []V, asJSON bool, head string, row func(V) []any) error {
	if asJSON {
		return printJSON(out, list)
	}
	t := columns(out)
	fmt.Fprintln(t, head)
	for _, v := range list {
		cells := row(v)
		fmt.Fprintf(t, strings.Repeat("%v\t", len(cells)-1)+"%v\n", cells...)
	}
	return t.Flush()
}

// look opens the place and reads one moment of it.
func look(w world, place where, read func(store.Snapshot) error) error {
	return place.within(w, func(s *site) error { return s.store.View(w.ctx, read) })
}
