package profiles

import (
	_ "embed"
	"iter"
	"strings"
	"sync"
)

// definition is the elements of a type, or of an element that has its own.
type definition struct {
	name     string // "CarePlan", "CarePlan.activity"
	base     *definition
	baseName string
	elements []*element
	members  map[string]member // its own elements by the names they have in JSON
	open     bool              // members that it does not list are not remarked on
}

// member is an element under one of its names: a choice has one for each type.
type member struct {
	element *element
	typ     elementType
}

// element is one line of check.txt.
type element struct {
	name     string // "scheduled[x]" for a choice
	required bool
	many     bool
	types    []elementType
}

type elementType struct {
	name     string
	args     []string    // targets of a Reference, required codes of a code
	elements *definition // of a BackboneElement, or of the element that a "#path" names
}

// checkTable is check.txt, read.
type checkTable struct {
	types     map[string]*definition
	resources map[string]bool
}

//go:embed check.txt
var checkFile string

var checks = sync.OnceValue(func() *checkTable {
	t, err := readChecks(checkFile)
	if err != nil {
		panic("profiles/check.txt: " + err.Error())
	}
	return t
})

func (t *checkTable) isResource(name string) bool { return t.resources[name] }

// resource is the definition of a resource type. A type of R4 that the table
// does not detail has what all resources have, and is open.
func (t *checkTable) resource(name string) (*definition, bool) {
	if !t.resources[name] {
		return nil, false
	}
	if d, detailed := t.types[name]; detailed {
		return d, true
	}
	return &definition{name: name, base: t.types["DomainResource"], open: true}, true
}

func (d *definition) isResource() bool {
	for ; d != nil; d = d.base {
		if d.name == "Resource" {
			return true
		}
	}
	return false
}

// all are the elements of a definition and of what it is based on.
func (d *definition) all() iter.Seq[*element] {
	return func(yield func(*element) bool) {
		for of := d; of != nil; of = of.base {
			for _, e := range of.elements {
				if !yield(e) {
					return
				}
			}
		}
	}
}

// lookup finds what a JSON member is.
func (d *definition) lookup(name string) (member, bool) {
	for ; d != nil; d = d.base {
		if m, ok := d.members[name]; ok {
			return m, true
		}
	}
	return member{}, false
}

func capitalised(name string) string { return strings.ToUpper(name[:1]) + name[1:] }
