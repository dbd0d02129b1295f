package workbench

import (
	"errors"
	"maps"
	"slices"
	"sync"

	"cpagateway/mapping/ctp"
	"cpagateway/mapping/folder"
	"cpagateway/mapping/mhsds"
)

// ErrNotShipped is a name that no map of the gateway's own has.
var ErrNotShipped = errors.New("no map of this name is shipped")

// shipped are the formats whose maps are part of the gateway.
var shipped = map[string]func() (Format, error){
	"mhsds-v6":  func() (Format, error) { return mhsds.New(mhsds.V6) },
	"mhsds-v5":  func() (Format, error) { return mhsds.New(mhsds.V5) },
	"welsh-ctp": func() (Format, error) { return ctp.New() },
	"welsh-csp": func() (Format, error) { return folder.SupportPlan() },
	"cld-r2":    func() (Format, error) { return folder.ClientLevelData(folder.Release2) },
	"cld-r1":    func() (Format, error) { return folder.ClientLevelData(folder.Release1) },
}

// Shipped compiles the maps of a format of the gateway's own.
func Shipped(name string) (Format, error) {
	open, ok := shipped[name]
	if !ok {
		return nil, ErrNotShipped
	}
	return open()
}

// ShippedNames are the names of the gateway's own maps.
func ShippedNames() []string { return slices.Sorted(maps.Keys(shipped)) }

// Way is one way in which shipped maps run, under the name by which a service offers it.
type Way struct {
	Name   string
	Format string
	Back   Direction
	Alone  string // what a document is called that is given without a name; empty: it needs one
}

// Direction is where a Way leads.
type Direction uint8

// The directions.
const (
	ToFHIR Direction = iota
	FromFHIR
)

// Ways are all that the gateway offers, by their names.
func Ways() []Way {
	return []Way{
		{Name: "cld-r1", Format: "cld-r1"}, {Name: "cld-r1-back", Format: "cld-r1", Back: FromFHIR},
		{Name: "cld-r2", Format: "cld-r2"}, {Name: "cld-r2-back", Format: "cld-r2", Back: FromFHIR},
		{Name: "mhsds-v5", Format: "mhsds-v5"}, {Name: "mhsds-v5-back", Format: "mhsds-v5", Back: FromFHIR},
		{Name: "mhsds-v6", Format: "mhsds-v6"}, {Name: "mhsds-v6-back", Format: "mhsds-v6", Back: FromFHIR},
		{Name: "welsh-csp", Format: "welsh-csp", Alone: "Plan.json"}, {Name: "welsh-csp-back", Format: "welsh-csp", Back: FromFHIR},
		{Name: "welsh-ctp", Format: "welsh-ctp", Alone: "Plan.json"}, {Name: "welsh-ctp-extract", Format: "welsh-ctp", Back: FromFHIR},
	}
}

// WayNamed finds a Way; ErrNotShipped where there is none.
func WayNamed(name string) (Way, error) {
	all := Ways()
	i := slices.IndexFunc(all, func(w Way) bool { return w.Name == name })
	if i < 0 {
		return Way{}, ErrNotShipped
	}
	return all[i], nil
}

// compiled keeps the maps that a service has used; a Format is safe for concurrent use.
var compiled sync.Map // of func() (Format, error) by name

// open is Shipped, compiled once.
func (w Way) open() (Format, error) {
	once, _ := compiled.LoadOrStore(w.Format, sync.OnceValues(func() (Format, error) { return Shipped(w.Format) }))
	return once.(func() (Format, error))()
}
