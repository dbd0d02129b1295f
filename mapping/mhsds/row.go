package mhsds

import (
	"strings"

	"cpagateway/mapping"
)

// file is one file of an extract: its columns and the table it belongs to.
type file struct {
	name    string
	table   *table
	extract *extract
	columns []string
	at      map[string]int // column -> position
	fault   string         // of the header row
}

// row is one row of a table, with the rows that it hangs on and that hang on it.
// It is the Record that rules and maps read: MHS000.OrgIDProvider is a field of
// the header, MHS008.CarePlanCreatDate one of the row it hangs on, and the group
// MHS702 the valid rows that hang on it.
type row struct {
	in     *file
	number int
	cells  []string
	broken string // why it could not be read, with its line
	line   string

	owner     *row                        // the row it hangs on, valid or not
	joined    []*row                      // valid rows that it names otherwise: staff, teams
	below     []*row                      // the rows that hang on it, valid or not
	groups    map[string][]mapping.Record // of these the valid ones, by table
	twin      *row                        // a row that should have been the only one
	malformed []string                    // fields that are not in their form
	faults    []mapping.Fault
	refusal   string // id of the rule that set it aside; "" is a valid row
	fragment  []byte // made once for the row at the top of a group
}

// Field implements mapping.Record.
func (r *row) Field(name string) (string, bool) {
	if dot := strings.IndexByte(name, '.'); dot >= 0 { // never a column, whatever a header row says
		if other := r.other(name[:dot]); other != nil {
			return other.Field(name[dot+1:])
		}
		return "", false
	}
	if i, ok := r.in.at[name]; ok {
		if i < len(r.cells) && r.cells[i] != "" {
			return r.cells[i], true
		}
		return "", false
	}
	if r == r.in.extract.header {
		text := r.in.extract.derived[name]
		return text, text != ""
	}
	return "", false
}

// other finds the header, a joined row, or the row of a table that this one hangs on.
func (r *row) other(table string) *row {
	if header := r.in.extract.header; header != nil && table == header.in.table.code {
		return header
	}
	for _, j := range r.joined {
		if j.in.table.code == table {
			return j
		}
	}
	for up := r.owner; up != nil; up = up.owner {
		if up.in.table.code == table {
			return up
		}
	}
	return nil
}

// Group implements mapping.Record: MHS702 is the rows of that table that hang on
// this one, MHS101.MHS102 those that hang on these, MHS001.MHS006 those of the person.
func (r *row) Group(name string) []mapping.Record {
	table, rest, further := strings.Cut(name, ".")
	if !further {
		return r.groups[table]
	}
	if other := r.other(table); other != nil {
		return other.Group(rest)
	}
	var all []mapping.Record
	for _, below := range r.groups[table] {
		all = append(all, below.Group(rest)...)
	}
	return all
}

// At implements mapping.Record.
func (r *row) At(name string) mapping.Position {
	if table, rest, joined := strings.Cut(name, "."); joined {
		if other := r.other(table); other != nil {
			return other.At(rest)
		}
	}
	return mapping.Position{File: r.in.name, Row: r.number, Field: name}
}

// set replaces a field by its normal form.
func (r *row) set(field, text string) {
	if i, ok := r.in.at[field]; ok && i < len(r.cells) {
		r.cells[i] = text
	}
}

// hang makes a valid row part of the group of its owner.
func (r *row) hang() {
	if r.owner == nil {
		return
	}
	if r.owner.groups == nil {
		r.owner.groups = map[string][]mapping.Record{}
	}
	code := r.in.table.code
	r.owner.groups[code] = append(r.owner.groups[code], r)
}

// maxValue bounds what a fault shows of a row that could not be read; its
// fragment holds the whole.
const maxValue = 1 << 10

// fault notes what is wrong with the row; a fault that rejects sets it aside.
func (r *row) fault(rule *rule, reason string) {
	value, _ := r.Field(rule.field)
	if rule == unreadable {
		value = strings.ToValidUTF8(r.line[:min(len(r.line), maxValue)], "�")
	}
	r.faults = append(r.faults, mapping.Fault{
		At: r.At(rule.field), Value: value, Rule: rule.id, Reason: reason, Warning: rule.effect == warns,
	})
	if rule.effect == rejects && r.refusal == "" {
		r.refusal = rule.id
	}
}
