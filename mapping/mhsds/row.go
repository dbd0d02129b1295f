package mhsds

import (
	"iter"
	"slices"
	"strings"

	"cpagateway/mapping"
)

// file is one file of an extract: its columns and the table it belongs to.
type file struct {
	name    string
	number  int // among the files of the extract
	table   *table
	extract *extract
	columns []string
	fault   string // of the header row

	places  []int  // of fields that were asked for, by their numbers: see place
	carried []bool // by position: a map or a join reads it
	left    []int  // by position: values of rows taken that nothing reads
}

// know makes a column the next one of the file.
func (f *file) know(column string) { f.columns, f.places = append(f.columns, column), nil }

// position of a column, -1 where there is none.
func (f *file) position(column string) int { return slices.Index(f.columns, column) }

// place is the position of a field, -1 where there is none. What is worked out of the header
// is no column, whatever a header row says.
func (f *file) place(field *mapping.Field) int {
	n := field.Number
	switch {
	case n == 0:
		return f.position(field.Name)
	case n >= len(f.places):
		f.places = append(f.places, make([]int, n+1-len(f.places))...)
	}
	if f.places[n] == 0 { // not asked for yet
		f.places[n] = f.position(field.Name) + 2
		if _, derived := f.extract.derived[field.Name]; derived && f.table.code == headerTable {
			f.places[n] = 1
		}
	}
	return f.places[n] - 2
}

// cells are the texts of the fields of a row, in one string: the collector would follow each
// text of every row at work by itself, again and again.
type cells struct {
	line string
	at   []span // of each field
}

// span is where a text stands in a line.
type span struct{ from, to uint32 }

func spanOf(from int, text string) span { return span{uint32(from), uint32(from + len(text))} }

func (c *cells) text(i int) string { return c.line[c.at[i].from:c.at[i].to] }

// set gives a field a text that does not stand in the line.
func (c *cells) set(i int, text string) {
	c.at[i] = spanOf(len(c.line), text)
	c.line += text
}

// group is the valid rows of one table that hang on a row.
type group struct {
	table string
	rows  []mapping.Record
}

// row is one row of a table, with the rows that it hangs on and that hang on it.
// It is the Record that rules and maps read: MHS000.OrgIDProvider is a field of
// the header, MHS008.CarePlanCreatDate one of the row it hangs on, and the group
// MHS702 the valid rows that hang on it.
type row struct {
	in     *file
	number int
	cells  cells
	unread *unread // why it could not be read, if so

	owner   *row      // the row it hangs on, valid or not
	joined  []*row    // valid rows that it names otherwise: staff, teams
	below   *row      // the first of those that hang on it
	next    *row      // the one behind it of those that hang on its owner
	groups  []group   // of those that hang on it, the ones that were asked for
	refusal string    // id of the rule that set it aside; "" is a valid row
	found   *findings // what is wrong with it; nil of most rows, which are many
}

// unread is why a row could not be read, and its line.
type unread struct{ why, line string }

// findings are what is wrong with a row.
type findings struct {
	malformed []string // fields that are not in their form
	twins     []*row   // rows that have a key which should have been this one's alone, one for each key
	faults    []mapping.Fault
	fragment  []byte // made once for the row at the top of a group
}

func (r *row) findings() *findings {
	if r.found == nil {
		r.found = &findings{}
	}
	return r.found
}

// garbles reports whether a rule is about a field that is not in its form, as path names it.
func (r *row) garbles(rule *rule, path string) bool {
	return r.found != nil && slices.ContainsFunc(r.found.malformed, func(field string) bool { return slices.Contains(rule.about, path+field) })
}

// Field implements mapping.Record. A column whose name has a dot is never a field, whatever a
// header row says.
func (r *row) Field(f *mapping.Field) (string, bool) {
	if f.Rest != nil {
		if other := r.other(f.Of); other != nil {
			return other.Field(f.Rest)
		}
		return "", false
	}
	at := r.in.place(f)
	text := r.cell(at)
	if at < 0 && r == r.in.extract.header {
		text = r.in.extract.derived[f.Name]
	}
	return text, text != ""
}

// cell is the text at a position, "" where there is none.
func (r *row) cell(i int) string {
	if i < 0 || i >= len(r.cells.at) {
		return ""
	}
	return r.cells.text(i)
}

// text is that of a column.
func (r *row) text(column string) string { return r.cell(r.in.position(column)) }

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
		return r.group(table)
	}
	if other := r.other(table); other != nil {
		return other.Group(rest)
	}
	var all []mapping.Record
	for _, below := range r.group(table) {
		all = append(all, below.Group(rest)...)
	}
	return all
}

// hanging is the rows that hang on this one, valid or not, in their order.
func (r *row) hanging() iter.Seq[*row] {
	return func(yield func(*row) bool) {
		for below := r.below; below != nil && yield(below); below = below.next {
		}
	}
}

// group is the valid rows of a table that hang on this one, found when they are first asked for.
func (r *row) group(table string) []mapping.Record {
	for i := range r.groups {
		if r.groups[i].table == table {
			return r.groups[i].rows
		}
	}
	g := group{table: table}
	for below := range r.hanging() {
		if below.in.table.code == table && below.refusal == "" {
			g.rows = append(g.rows, below)
		}
	}
	if table == coordinators {
		newestFirst(g.rows)
	}
	r.groups = append(r.groups, g)
	return g.rows
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

// maxValue bounds what a fault shows of a row that could not be read; its
// fragment holds the whole.
const maxValue = 1 << 10

// fault notes what is wrong with the row; a fault that rejects sets it aside.
func (r *row) fault(rule *rule, reason string) {
	value := r.text(rule.field)
	if rule == unreadable {
		value = strings.ToValidUTF8(r.unread.line[:min(len(r.unread.line), maxValue)], "�")
	}
	found := r.findings()
	found.faults = append(found.faults, mapping.Fault{
		At: r.At(rule.field), Value: value, Rule: rule.id, Reason: reason, Warning: rule.effect == warns,
	})
	if rule.effect == rejects && r.refusal == "" {
		r.refusal = rule.id
	}
}
