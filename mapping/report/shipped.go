package report

import (
	"embed"
	"errors"
	"io/fs"
	"slices"
)

//go:embed measure-part-2/* adults-census/*
var shipped embed.FS

// ErrNotShipped is a name that no report of the gateway's own has.
var ErrNotShipped = errors.New("no report of this name is shipped")

// Names are those of the reports that are part of the gateway.
func Names() []string { return []string{"adults-census", "measure-part-2"} }

// Maps are the files of a report of the gateway's own.
func Maps(name string) (fs.FS, error) {
	if !slices.Contains(Names(), name) {
		return nil, ErrNotShipped
	}
	return fs.Sub(shipped, name)
}
