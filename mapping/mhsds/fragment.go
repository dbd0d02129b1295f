package mhsds

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

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
	if r.fragment == nil {
		r.fragment = x.write(x.gather(r))
	}
	return r.fragment
}

func (x *extract) gather(top *row) map[*row]bool {
	group := map[*row]bool{}
	if x.header != nil {
		group[x.header] = true
	}
	var add func(*row)
	add = func(r *row) {
		group[r] = true
		if r.twin != nil {
			group[r.twin] = true
		}
		for _, j := range r.joined {
			group[j] = true
		}
		for _, below := range r.below {
			add(below)
		}
	}
	add(top)
	return group
}

func (x *extract) write(group map[*row]bool) []byte {
	byTable := map[*table][]*row{}
	for r := range group {
		byTable[r.in.table] = append(byTable[r.in.table], r)
	}
	w := fhir.NewWriter(nil)
	w.BeginObject()
	for _, s := range x.order {
		rows := byTable[s.table]
		if len(rows) == 0 {
			continue
		}
		sortRows(rows)
		w.Name(s.table.name)
		w.BeginArray()
		for _, r := range rows {
			r.write(w)
		}
		w.EndArray()
	}
	w.EndObject()
	return w.Bytes()
}

func (r *row) write(w *fhir.Writer) {
	w.BeginObject()
	if r.broken != "" && utf8.ValidString(r.line) {
		w.Member(lineMember, r.line)
	} else if r.broken != "" {
		w.Member(bytesMember, base64.StdEncoding.EncodeToString([]byte(r.line)))
	}
	for i, cell := range r.cells {
		if utf8.ValidString(cell) && r.in.fault == "" {
			w.Member(r.in.columns[i], cell)
		}
	}
	w.EndObject()
}

// readFragment makes the rows of a fragment. A row that still holds its
// unreadable line is set aside again.
func (x *extract) readFragment(raw []byte) error {
	v, err := fhir.Parse(raw)
	if err != nil {
		return err
	}
	if v.Kind() != fhir.Object {
		return errors.New("not an object of table name -> rows")
	}
	for name, rows := range v.Members() {
		s := x.sheetOf(name)
		if s == nil {
			return fmt.Errorf("%s is no table that is read", name)
		}
		f := x.newFile(name, s.table)
		f.at = map[string]int{}
		number := 0
		for object := range rows.Each() {
			number++
			s.add(f.rowOf(number, object))
		}
	}
	return nil
}

func (x *extract) sheetOf(name string) *sheet {
	for _, s := range x.order {
		if s.table.name == name || s.table.code == name {
			return s
		}
	}
	return nil
}

// rowOf reads one row; columns that earlier rows did not have are added to the file.
func (f *file) rowOf(number int, object fhir.Value) *row {
	r := &row{in: f, number: number}
	if object.Kind() != fhir.Object {
		r.broken = "not an object of column -> text"
		r.line = string(object.Raw())
		return r
	}
	for name, value := range object.Members() {
		text := value.Text()
		if value.Kind() != fhir.String {
			text = string(value.Raw())
		}
		switch name {
		case lineMember:
			r.line = text
		case bytesMember:
			line, err := base64.StdEncoding.DecodeString(text)
			if r.line = string(line); err != nil {
				r.line = text
			}
		default:
			r.setNew(f, name, text)
			continue
		}
		r.broken = "the row cannot be read as it stood; give its columns and remove " + name
	}
	return r
}

func (r *row) setNew(f *file, column, text string) {
	i, ok := f.at[column]
	if !ok {
		i = len(f.columns)
		f.at[column] = i
		f.columns = append(f.columns, column)
	}
	for len(r.cells) <= i {
		r.cells = append(r.cells, "")
	}
	r.cells[i] = text
}

// sortRows puts rows in the order of their files.
func sortRows(rows []*row) {
	slices.SortFunc(rows, func(a, b *row) int {
		return cmp.Or(strings.Compare(a.in.name, b.in.name), cmp.Compare(a.number, b.number))
	})
}
