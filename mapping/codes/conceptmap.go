package codes

import (
	"maps"
	"slices"
	"strings"

	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// The equivalences of R4 that a table can say: what the target is to the source.
const (
	equalCode      = "equal"      // it is the source's own code
	equivalentCode = "equivalent" // no other code becomes it
	widerCode      = "wider"      // other codes become it too
	noCode         = "unmatched"  // there is none
)

// noSource is the comment of a code that no code of the other system becomes: it stands
// in a group the other way round, which tells nothing where both systems are one.
const noSource = "no code becomes this one"

// ConceptMap is the table as a ConceptMap of FHIR R4. A code without an equivalent is
// unmatched, the else row is unmapped.
func (t *Table) ConceptMap() []byte {
	w := fhir.NewWriter(nil)
	w.Object(func() {
		w.Member("resourceType", "ConceptMap")
		w.Member("url", profiles.Base+"/ConceptMap/"+t.Name)
		w.Member("name", t.Name)
		w.Member("status", "active")
		w.Name("group").Array(func() {
			for _, system := range t.groups() {
				w.Object(func() { t.writeGroup(w, system) })
			}
			if len(t.None) > 0 {
				w.Object(func() { t.writeNoSource(w) })
			}
		})
	})
	return w.Bytes()
}

// groups are the systems of targets, that of the table first.
func (t *Table) groups() []string {
	var systems []string
	for _, to := range t.Rows {
		systems = append(systems, t.groupOf(to))
	}
	if t.Otherwise != nil {
		systems = append(systems, t.Otherwise.System)
	}
	slices.SortFunc(systems, func(a, b string) int {
		switch {
		case a == b:
			return 0
		case a == t.Target:
			return -1
		case b == t.Target:
			return 1
		}
		return strings.Compare(a, b)
	})
	return slices.Compact(systems)
}

// groupOf is the system under which a row stands: what has no equivalent has none in
// the table's.
func (t *Table) groupOf(to Coding) string {
	if to.Code == "" {
		return t.Target
	}
	return to.System
}

func (t *Table) writeGroup(w *fhir.Writer, system string) {
	w.Member("source", t.Source)
	w.Member("target", system)
	w.Name("element").Array(func() {
		for _, code := range slices.Sorted(maps.Keys(t.Rows)) {
			if to := t.Rows[code]; t.groupOf(to) == system {
				t.writeElement(w, code, to)
			}
		}
	})
	if t.Otherwise != nil && t.Otherwise.System == system {
		w.Name("unmapped").Object(func() {
			w.Member("mode", "fixed")
			w.Member("code", t.Otherwise.Code)
			w.Member("display", t.Otherwise.Display)
		})
	}
}

func (t *Table) writeElement(w *fhir.Writer, code string, to Coding) {
	display, equivalence := "", equivalentCode
	switch {
	case to.Code == "":
		display, to.Display, equivalence = to.Display, "", noCode
	case to.System == t.Source && to.Code == code:
		equivalence = equalCode
	case len(t.became[to.key()]) > 1:
		equivalence = widerCode
	}
	writeElement(w, Coding{Code: code, Display: display}, to, equivalence, "")
}

// writeNoSource writes the codes that no code becomes, as what has no equivalent the
// other way round.
func (t *Table) writeNoSource(w *fhir.Writer) {
	w.Member("source", t.Target)
	w.Member("target", t.Source)
	w.Name("element").Array(func() {
		for _, from := range t.None {
			writeElement(w, from, Coding{}, noCode, noSource)
		}
	})
}

func writeElement(w *fhir.Writer, from, to Coding, equivalence, comment string) {
	w.Object(func() {
		w.Member("code", from.Code)
		w.Member("display", from.Display)
		w.Name("target").Array(func() {
			w.Object(func() {
				w.Member("code", to.Code)
				w.Member("display", to.Display)
				w.Member("equivalence", equivalence)
				w.Member("comment", comment)
			})
		})
	})
}
