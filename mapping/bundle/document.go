package bundle

import (
	"fmt"

	"cpagateway/mapping"
	"cpagateway/profiles/fhir"
)

// document is one Bundle or bare resource with its entries.
type document struct {
	at      mapping.Position
	size    int        // of its text
	shell   fhir.Value // the Bundle; Absent for a bare resource
	entries []*entry
	names   names
}

// readDocument makes the entries of a text. A Bundle of which one entry is broken
// still gives the others.
func readDocument(at mapping.Position, text []byte) (*document, *mapping.Fault) {
	d := &document{at: at, size: len(text)}
	if fault := mapping.TooMuch(text); fault != "" {
		return nil, &mapping.Fault{At: at, Rule: RuleJSON, Reason: fault, Raw: text}
	}
	v, err := fhir.Parse(text)
	if err != nil {
		if !d.readBroken(text) {
			return nil, &mapping.Fault{At: at, Rule: RuleJSON, Reason: "not JSON that can be read: " + err.Error(), Raw: text}
		}
		return d, nil
	}
	switch {
	case v.Type() == "Bundle":
		d.shell = v
		for one := range v.Get("entry").Each() {
			d.add(one.Raw(), one, "")
		}
	case v.Type() != "":
		d.entries = []*entry{{at: at, raw: text, resource: v}}
	default:
		return nil, &mapping.Fault{At: at, Rule: RuleEntry, Reason: "neither a Bundle nor a resource: it has no resourceType", Raw: text}
	}
	return d, nil
}

// readBroken reads a Bundle entry by entry, and reports whether it could: the
// brackets must match and all but the entries must be a Bundle.
func (d *document) readBroken(text []byte) bool {
	shell, parts, ok := cut(text)
	if !ok {
		return false
	}
	v, err := fhir.Parse(shell)
	if err != nil || v.Type() != "Bundle" {
		return false
	}
	d.shell = v
	for _, part := range parts {
		one, err := fhir.Parse(part)
		if err != nil {
			d.add(part, fhir.Value{}, "not JSON that can be read: "+err.Error())
			continue
		}
		d.add(part, one, "")
	}
	return true
}

// add adds the next entry of a Bundle. In a line of NDJSON the row is the line's.
func (d *document) add(raw []byte, v fhir.Value, fault string) {
	number := len(d.entries) + 1
	at := mapping.Position{File: d.at.File, Row: number, Field: "Bundle.entry"}
	if d.at.Row > 0 {
		at.Row, at.Field = d.at.Row, fmt.Sprintf("Bundle.entry[%d]", number-1)
	}
	d.entries = append(d.entries, &entry{at: at, raw: raw, value: v, resource: v.Get("resource"), fault: fault})
}

// identify says of every entry what it is in the source, and learns its names.
func (d *document) identify() {
	d.names = names{to: map[string]target{}, bases: map[string]bool{}, known: map[target]bool{}}
	for _, e := range d.entries {
		e.self = e.identity()
		d.names.learn(e)
	}
}
