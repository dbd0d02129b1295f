package folder

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"cpagateway/mapping"
	"cpagateway/mapping/scratch"
	"cpagateway/profiles/fhir"
)

// table is the rows of a joined table, kept until the rows that they belong to are read,
// and how many of these there are.
type table struct {
	mapping.Join
	name  string
	files []layout
	// unread says what of the table could not be read so that anybody's row may be in it: a
	// file that was refused, or not read to its end; a row of which nobody knows whose it is.
	unread string
	cut    map[scratch.Key]string // by the row that it belongs to, where a row stands that cannot be read
	rows   *scratch.Chains
	homes  *scratch.Index // 1: one row with this key, 2: several, 3: one that has taken its rows
}

// layout is one file of a joined table.
type layout struct {
	name   string
	at     map[string]int
	fields []string
}

const ruleJoin = "JOIN"

// gather reads the joined tables, and the keys of the rows that theirs belong to: which
// rows belong together is known before anything is given out.
func (x *run) gather(ctx context.Context, fsys fs.FS) error {
	x.tables = map[string]*table{}
	program := x.format.program
	for _, source := range program.Sources() {
		for _, name := range program.Joined(source) {
			x.tables[name] = &table{Join: program.Join(name), name: name, cut: map[scratch.Key]string{}, rows: scratch.NewChains(x.env.Scratch), homes: scratch.NewIndex(x.env.Scratch, 1<<14)}
		}
	}
	if len(x.tables) == 0 {
		return nil
	}
	// What is wrong with a file as a whole is noted where the others are read.
	err := x.walk(fsys, &mapping.Report{}, func(source, name string, file fs.File) error {
		if !isCSV(name) {
			return nil
		}
		take := func(r record) error { x.count(source, r); return ctx.Err() }
		joined := x.tables[source]
		if joined != nil {
			joined.files = append(joined.files, layout{name: name})
			take = func(r record) error { return errors.Join(ctx.Err(), x.keep(joined, r)) }
		}
		err := readCSV(name, file, program.Columns(source), program.Needed(source), take)
		if errors.Is(err, mapping.ErrTooLong) {
			if joined == nil {
				return nil
			}
			joined.unread = name
		}
		return x.cut(name, err)
	})
	for _, t := range x.tables {
		t.findCut()
	}
	return err
}

// count notes a row that others may belong to.
func (x *run) count(source string, r record) {
	for _, name := range x.format.program.Joined(source) {
		t := x.tables[name]
		if key, ok := t.key(r); ok && r.fault == "" {
			t.homes.Put(key, min(t.homes.Get(key)+1, 2))
		}
	}
}

// keep keeps a row until the one that it belongs to is read.
func (x *run) keep(t *table, r record) error {
	key, ok := t.key(r)
	if r.fault == "" && !ok {
		r.fault, r.rule = t.By+" is blank: it says which row of "+t.Home+" this one belongs to", ruleJoin
	}
	row := r.Record.(*row)
	if r.fault != "" {
		if r.rule != ruleJoin {
			t.miss(row, key, ok)
		}
		x.report.Read++
		x.rows++
		return x.refuse(t.name, r)
	}
	last := &t.files[len(t.files)-1]
	last.at, last.fields = row.at, row.fields
	t.rows.Add(key, row.pack(len(t.files)-1))
	return t.rows.Err()
}

// mostCut is how many rows that cannot be read are remembered by those that they belong to.
const mostCut = 1000

// miss notes that a row cannot be read. The row that it belongs to would be taken without it,
// and so without a refusal that it may hold.
func (t *table) miss(r *row, key scratch.Key, known bool) {
	switch {
	case r.number == 0:
		t.unread = r.file
	case !known || len(t.cut) == mostCut:
		t.unread = r.place()
	default:
		t.cut[key] = r.place()
	}
}

// findCut looks for the homes of rows that cannot be read, once all are known: what such a
// row seems to belong to may be nothing at all.
func (t *table) findCut() {
	for key, place := range t.cut {
		if t.homes.Get(key) == 0 {
			t.unread = place
		}
	}
}

func (r *row) place() string { return fmt.Sprintf("row %d of %s", r.number, r.file) }

// key is what a row of either table finds the other by.
func (t *table) key(r record) (key scratch.Key, ok bool) {
	text, ok := mapping.Text(r, t.By)
	return scratch.KeyOf(strings.TrimSpace(text)), ok
}

// withRows is a row with those of the joined tables that belong to it. Where nobody can say
// which these are the row cannot be taken; it has those that are known, and lacks others.
func (x *run) withRows(source string, r record) (record, error) {
	home, tables := r.Record.(*row), x.format.program.Joined(source)
	if r.fault != "" || len(tables) == 0 {
		return r, nil
	}
	home.joined = map[string][]mapping.Record{}
	lack := func(name, rule, reason string) {
		home.lacks = append(home.lacks, name)
		if home.joined[name] == nil {
			home.joined[name] = []mapping.Record{}
		}
		if r.fault == "" {
			r.fault, r.rule = reason, rule
		}
	}
	for _, name := range tables {
		t := x.tables[name]
		if len(t.files) == 0 {
			lack(name, ruleJoin, fmt.Sprintf("there is no %s.csv beside it, and without it nobody can say that this row has none of its rows: bring it in too, be it with its headers alone", name))
			continue
		}
		if t.unread != "" {
			lack(name, ruleJoin, fmt.Sprintf("%s could not be read, and without it nobody can say which rows of %s this one has: mend it, and bring both in together", t.unread, name))
			continue
		}
		key, ok := t.key(r)
		if !ok {
			continue
		}
		rows, whole := t.rows.Get(key, mapping.MaxDocument)
		if err := errors.Join(t.rows.Err(), t.homes.Err()); err != nil {
			return r, err
		}
		if several := t.homes.Get(key) == 2; several && (len(rows) > 0 || !whole) {
			lack(name, ruleTwice, fmt.Sprintf("another row has this %s too, so that nobody can say whose the rows of %s are", t.By, name))
			continue
		}
		t.homes.Put(key, 3)
		if !whole {
			r.fault, r.rule = mapping.TooLong("a row with its rows of "+name), ""
			return r, nil
		}
		for _, packed := range rows {
			joined := t.unpack(packed)
			if by, ok := joined.at[t.By]; ok {
				joined.cells[by] = "" // it stands in the home, as in a document
			}
			home.joined[name] = append(home.joined[name], joined)
		}
		if place := t.cut[key]; place != "" {
			lack(name, ruleJoin, place+" belongs to this one and cannot be read: mend it, and bring both in together")
		}
	}
	r.raw = home.json()
	if fault := mapping.TooMuch(r.raw); fault != "" {
		r.fault, r.rule = fault, ""
	} else {
		r.value, _ = fhir.Parse(r.raw) // it was written just now
	}
	return r, nil
}

// whole refuses a document with null among its rows, as in a row that was set aside for
// lacking them. A list that is null itself has none.
func (x *run) whole(source string, r record) record {
	for _, name := range x.format.program.Joined(source) {
		rows := r.value.Get(name)
		for joined := range rows.Each() {
			if r.fault == "" && rows.Kind() == fhir.Array && joined.Kind() == fhir.Null {
				r.fault, r.rule = "null stands for rows of "+name+" that this one may have: put them in its place, or take it out where there are none", ruleJoin
			}
		}
	}
	return r
}

// homeless refuses the rows that belong to nobody's.
func (x *run) homeless(ctx context.Context) error {
	for _, t := range x.tables {
		for key, packed := range t.rows.All() {
			if t.homes.Get(key) == 3 {
				continue
			}
			x.report.Read++
			r := record{Record: t.unpack(packed), rule: ruleJoin, fault: fmt.Sprintf("no row of %s.csv that could be read has this %s, or several have: bring both tables in together, and mend the one that is wrong", t.Home, t.By)}
			if err := errors.Join(ctx.Err(), x.refuse(t.name, r)); err != nil {
				return err
			}
		}
		if err := errors.Join(t.rows.Err(), t.homes.Err()); err != nil {
			return err
		}
	}
	return nil
}

// pack is a row as bytes.
func (r *row) pack(file int) []byte {
	packed := binary.AppendUvarint(binary.AppendUvarint(nil, uint64(file)), uint64(r.number))
	for _, cell := range r.cells {
		packed = append(binary.AppendUvarint(packed, uint64(len(cell))), cell...)
	}
	return packed
}

// unpack is the row again.
func (t *table) unpack(packed []byte) *row {
	next := func() int {
		n, size := binary.Uvarint(packed)
		packed = packed[size:]
		return int(n)
	}
	file := t.files[next()]
	r := &row{file: file.name, number: next(), at: file.at, fields: file.fields}
	for len(packed) > 0 {
		size := next()
		r.cells, packed = append(r.cells, string(packed[:size])), packed[size:]
	}
	return r
}
