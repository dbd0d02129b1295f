package mhsds

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"cpagateway/mapping"
	"cpagateway/profiles/fhir"
)

// Names in a fragment beside columns: the line of a row that could not be read,
// as text or, where it is none, in base64.
const (
	lineMember  = "_line"
	bytesMember = "_bytes"
)

// fragmentOf makes what is kept of a row that was set aside: a JSON object,
// table name -> rows, with everything that the row hangs together with. That is
// the header, the person's whole group (a resource made of half a group would
// undo the other half), one row for each key that is not unique, and the staff
// and teams named. All rows of a group share one fragment.
func (x *extract) fragmentOf(r *row) []byte {
	for r.owner != nil {
		r = r.owner
	}
	found := r.findings()
	if found.fragment == nil {
		found.fragment = x.write(x.gather(r))
	}
	return found.fragment
}

// gather finds the rows of a fragment. A row may have been kept and be there twice.
func (x *extract) gather(top *row) map[*table][]*row {
	group := map[*table][]*row{}
	known := map[rowAt]bool{}
	add := func(r *row) {
		if at := (rowAt{r.in, r.number}); !known[at] {
			known[at] = true
			group[r.in.table] = append(group[r.in.table], r)
		}
	}
	var all func(*row)
	all = func(r *row) {
		add(r)
		for _, other := range append(slices.Clone(r.findings().twins), r.joined...) {
			add(other)
		}
		for below := range r.hanging() {
			all(below)
		}
	}
	if x.header != nil {
		add(x.header)
	}
	all(top)
	return group
}

// rowAt tells rows apart.
type rowAt struct {
	in     *file
	number int
}

func (x *extract) write(group map[*table][]*row) []byte {
	w := fhir.NewWriter(nil)
	w.Object(func() {
		for _, t := range x.format.tables {
			if rows := group[t]; len(rows) > 0 {
				sortRows(rows)
				w.Name(t.name).Array(func() {
					for _, r := range rows {
						w.Object(func() { r.write(w) })
					}
				})
			}
		}
	})
	return w.Bytes()
}

// write writes the members of a row.
func (r *row) write(w *fhir.Writer) {
	if r.unread != nil && utf8.ValidString(r.unread.line) {
		w.Member(lineMember, r.unread.line)
	} else if r.unread != nil {
		w.Member(bytesMember, base64.StdEncoding.EncodeToString([]byte(r.unread.line)))
	}
	for i := range r.cells.at {
		if cell := r.cells.text(i); utf8.ValidString(cell) && r.in.fault == "" {
			w.Member(r.in.columns[i], cell)
		}
	}
}

// readFragment makes the rows of a fragment. A row that still holds its
// unreadable line is set aside again.
func (x *extract) readFragment(raw []byte) error {
	v, err := fhir.Parse(raw)
	if err != nil {
		return fmt.Errorf("%w: %w", mapping.ErrFragment, err)
	}
	if v.Kind() != fhir.Object {
		return fmt.Errorf("%w: not an object of table name -> rows", mapping.ErrFragment)
	}
	rows := map[*table][]*row{}
	for name, objects := range v.Members() {
		t := x.format.tableOf(name)
		if t == nil {
			return fmt.Errorf("%w: %s is no table that is read", mapping.ErrFragment, name)
		}
		f := x.newFile(name, t)
		number := 0
		for object := range objects.Each() {
			number++
			rows[t] = append(rows[t], f.rowOf(number, object))
		}
	}
	for _, t := range x.format.tables {
		for _, r := range rows[t] {
			if err := x.add(r); err != nil {
				return err
			}
		}
		if t.code == headerTable {
			if err := x.begin(); err != nil {
				return err
			}
		}
	}
	return nil
}

// tableOf finds a table by its name or its code.
func (f *Format) tableOf(name string) *table {
	for _, t := range f.tables {
		if t.name == name || t.code == name {
			return t
		}
	}
	return nil
}

// rowOf reads one row; columns that earlier rows did not have are added to the file.
func (f *file) rowOf(number int, object fhir.Value) *row {
	r := &row{in: f, number: number}
	var texts []byte
	if object.Kind() != fhir.Object {
		r.unread = &unread{"not an object of column -> text", string(object.Raw())}
		return r
	}
	for name, value := range object.Members() {
		text := value.Text()
		if value.Kind() != fhir.String {
			text = string(value.Raw())
		}
		if name != lineMember && name != bytesMember {
			texts = r.setNew(texts, name, text)
			continue
		}
		if line, err := base64.StdEncoding.DecodeString(text); name == bytesMember && err == nil {
			text = string(line)
		}
		r.unread = &unread{"the row cannot be read as it stood; give its columns and remove " + name, text}
	}
	r.cells.line = string(texts)
	return r
}

// setNew gives a column, new or not, a text behind those that others were given.
func (r *row) setNew(texts []byte, column, text string) []byte {
	i := r.in.position(column)
	if i < 0 {
		i = len(r.in.columns)
		r.in.know(column)
	}
	for len(r.cells.at) <= i {
		r.cells.at = append(r.cells.at, span{})
	}
	r.cells.at[i] = spanOf(len(texts), text)
	return append(texts, text...)
}

// sortRows puts rows in the order of their files.
func sortRows(rows []*row) {
	slices.SortFunc(rows, func(a, b *row) int {
		return cmp.Or(strings.Compare(a.in.name, b.in.name), cmp.Compare(a.number, b.number))
	})
}
