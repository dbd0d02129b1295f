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
	at      positions
	fault   string // of the header row

	places  []int  // of each rule's field its position, -1 where there is none
	carried []bool // by position: a map or a join reads it
	left    []int  // by position: values of rows taken that nothing reads
}

// know makes a column the next one of the file.
func (f *file) know(column string) {
	f.columns = append(f.columns, column)
	if strings.Contains(column, ".") { // never a field, whatever a header row says
		column = dotted + column
	}
	f.at.put(column, len(f.columns)-1)
}

const dotted = "\x00"

// position of a column.
func (f *file) position(column string) (int, bool) {
	i, ok := f.at.of(column)
	if !ok && strings.Contains(column, ".") {
		i, ok = f.at.of(dotted + column)
	}
	return i, ok
}

// positions are those of columns by their names: a map that every field of every row is
// found by.
type positions struct {
	slots []placed // a power of two, at least half of them free
	used  int
}

type placed struct {
	column string // "" is free
	at     int
}

// slot of a column, or the one that it would get.
func (p *positions) slot(column string) *placed {
	last := len(column) - 1
	hash := uint(len(column)) + 7*uint(column[0]) + 31*uint(column[last]) + 131*uint(column[last/2]) + 521*uint(column[last/4*3])
	for ; ; hash++ {
		if s := &p.slots[hash&uint(len(p.slots)-1)]; s.column == column || s.column == "" {
			return s
		}
	}
}

func (p *positions) of(column string) (int, bool) {
	if column == "" || p.used == 0 {
		return 0, false
	}
	s := p.slot(column)
	return s.at, s.column != ""
}

// put places a column that has a name, in the place of an earlier one.
func (p *positions) put(column string, at int) {
	if column == "" {
		return
	}
	if 2*p.used >= len(p.slots) {
		before := p.slots
		p.slots = make([]placed, max(16, 4*len(before)))
		for _, s := range before {
			if s.column != "" {
				*p.slot(s.column) = s
			}
		}
	}
	s := p.slot(column)
	if s.column == "" {
		p.used++
	}
	*s = placed{column, at}
}

// placed is the position of each rule's field, once all columns are known.
func (f *file) placed() []int {
	if f.places == nil {
		f.places = make([]int, len(f.table.rules))
		for i, rule := range f.table.rules {
			var ok bool
			if f.places[i], ok = f.at.of(rule.field); !ok {
				f.places[i] = -1
			}
		}
	}
	return f.places
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

// Field implements mapping.Record.
func (r *row) Field(name string) (string, bool) {
	if i, ok := r.in.at.of(name); ok {
		text := r.cell(i)
		return text, text != ""
	}
	if dot := strings.IndexByte(name, '.'); dot >= 0 {
		if other := r.other(name[:dot]); other != nil {
			return other.Field(name[dot+1:])
		}
		return "", false
	}
	if r == r.in.extract.header {
		text := r.in.extract.derived[name]
		return text, text != ""
	}
	return "", false
}

// cell is the text at a position, "" where there is none.
func (r *row) cell(i int) string {
	if i < 0 || i >= len(r.cells.at) {
		return ""
	}
	return r.cells.text(i)
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
	value, _ := r.Field(rule.field)
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
