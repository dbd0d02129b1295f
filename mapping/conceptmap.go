package mapping

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

// Tables are the names of the code tables, sorted.
func (p *Program) Tables() []string { return slices.Sorted(maps.Keys(p.tables)) }

// ConceptMap is a code table as a ConceptMap of FHIR R4; nil where there is no such
// table. A code without an equivalent is unmatched, the else row is unmapped.
func (p *Program) ConceptMap(name string) []byte {
	t := p.tables[name]
	if t == nil {
		return nil
	}
	w := fhir.NewWriter(nil)
	w.BeginObject()
	w.Member("resourceType", "ConceptMap")
	w.Member("url", profiles.Base+"/ConceptMap/"+name)
	w.Member("name", name)
	w.Member("status", "active")
	w.Name("group")
	w.BeginArray()
	for _, system := range t.groups() {
		t.writeGroup(w, system)
	}
	t.writeNoSource(w)
	w.EndArray()
	w.EndObject()
	return w.Bytes()
}

// groups are the systems of targets, that of the table first.
func (t *table) groups() []string {
	var systems []string
	for _, to := range t.rows {
		systems = append(systems, t.groupOf(to))
	}
	if t.otherwise != nil {
		systems = append(systems, t.otherwise.system)
	}
	slices.SortFunc(systems, func(a, b string) int {
		switch {
		case a == b:
			return 0
		case a == t.target:
			return -1
		case b == t.target:
			return 1
		}
		return strings.Compare(a, b)
	})
	return slices.Compact(systems)
}

// groupOf is the system under which a row stands: what has no equivalent has none in
// the table's.
func (t *table) groupOf(to coding) string {
	if to.code == "" {
		return t.target
	}
	return to.system
}

func (t *table) writeGroup(w *fhir.Writer, system string) {
	w.BeginObject()
	w.Member("source", t.source)
	w.Member("target", system)
	w.Name("element")
	w.BeginArray()
	for _, code := range slices.Sorted(maps.Keys(t.rows)) {
		if to := t.rows[code]; t.groupOf(to) == system {
			t.writeElement(w, code, to)
		}
	}
	w.EndArray()
	if t.otherwise != nil && t.otherwise.system == system {
		w.Name("unmapped")
		w.BeginObject()
		w.Member("mode", "fixed")
		w.Member("code", t.otherwise.code)
		w.Member("display", t.otherwise.display)
		w.EndObject()
	}
	w.EndObject()
}

func (t *table) writeElement(w *fhir.Writer, code string, to coding) {
	display, equivalence := "", equivalentCode
	switch {
	case to.code == "":
		display, to.display, equivalence = to.display, "", noCode
	case to.system == t.source && to.code == code:
		equivalence = equalCode
	case len(t.became[to.key()]) > 1:
		equivalence = widerCode
	}
	writeElement(w, coding{code: code, display: display}, to, equivalence, "")
}

// writeNoSource writes the codes that no code becomes, as what has no equivalent the
// other way round.
func (t *table) writeNoSource(w *fhir.Writer) {
	if len(t.none) == 0 {
		return
	}
	w.BeginObject()
	w.Member("source", t.target)
	w.Member("target", t.source)
	w.Name("element")
	w.BeginArray()
	for _, from := range t.none {
		writeElement(w, from, coding{}, noCode, noSource)
	}
	w.EndArray()
	w.EndObject()
}

func writeElement(w *fhir.Writer, from, to coding, equivalence, comment string) {
	w.BeginObject()
	w.Member("code", from.code)
	w.Member("display", from.display)
	w.Name("target")
	w.BeginArray()
	w.BeginObject()
	w.Member("code", to.code)
	w.Member("display", to.display)
	w.Member("equivalence", equivalence)
	w.Member("comment", comment)
	w.EndObject()
	w.EndArray()
	w.EndObject()
}
