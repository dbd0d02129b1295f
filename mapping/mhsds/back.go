package mhsds

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strings"

	"cpagateway/mapping"
	"cpagateway/profiles/fhir"
)

// Back makes rows of resources that this format made, or could have made: the
// tables as CSV files by their names, with the keys that the provider gave out. It
// proves that the maps can be run backwards and is no submission: the header has no
// reporting period, and whatever FHIR does not hold is not there.
//
// A row that its resource contradicts, that breaks a rule of the data set, or that
// hangs on a row that is not written is not written either; the account says so.
func (f *Format) Back(env mapping.Env, resources []fhir.Value) (map[string][]byte, *mapping.Back) {
	back := f.program.Back(env, resources)
	rows := map[*mapping.Returned]*row{}
	var x *extract
	makes := func(env mapping.Env, records []*mapping.Returned) [][]mapping.Resource {
		x = f.returned(env, records, rows)
		made := make([][]mapping.Resource, len(records))
		for i, record := range records {
			r := rows[record]
			resources, faults := x.runner.Run(record.Source, r)
			made[i] = resources
			r.findings().faults = append(r.findings().faults, faults...)
		}
		return made
	}
	back.Prove(makes, func(record *mapping.Returned) []mapping.Fault {
		for below := range within(rows[record]) {
			if faults := below.findings().faults; mapping.Refused(faults) {
				return faults
			}
		}
		return nil
	})
	kept := keep(back, rows)
	return tables(x, kept), back
}

// returned puts records into tables and holds them to the rules. There is no header
// to compare with, so rules about the reporting period ask nothing.
func (f *Format) returned(env mapping.Env, records []*mapping.Returned, rows map[*mapping.Returned]*row) *extract {
	x := f.newExtract(env, nil)
	x.runner = f.program.Prover(env)
	x.hold(f.asked())
	for _, record := range records {
		rows[record] = x.put(record.Source, record, nil)
	}
	for _, s := range x.order {
		if s.table.code != headerTable {
			x.check(s)
		}
	}
	x.hang()
	return x
}

// asked are the tables without the rules that ask for a field which FHIR does not hold:
// that it is there, or that it tells two rows apart.
func (f *Format) asked() []*table {
	tables := make([]*table, len(f.tables))
	for i, t := range f.tables {
		other := *t
		other.rules = slices.DeleteFunc(slices.Clone(t.rules), func(r *rule) bool {
			return r.blank && r.parent == nil && !f.returns[t.code+"."+r.field] ||
				slices.ContainsFunc(r.unique, func(field string) bool { return !f.carried[t.code][field] })
		})
		tables[i] = &other
	}
	return tables
}

// put makes a row of a record, and rows below it of its groups.
func (x *extract) put(table string, record *mapping.Returned, above *row) *row {
	s := x.sheets[x.format.tableOf(table).code]
	r := &row{in: &file{name: s.table.name, table: s.table, extract: x}, number: len(s.rows) + 1}
	var texts []byte
	for _, name := range record.Fields() {
		if text, ok := mapping.Text(record, name); ok && !strings.Contains(name, ".") { // what another table holds returns there
			texts = r.setNew(texts, name, text)
		}
	}
	for _, rule := range s.table.rules {
		if above != nil && rule.parent != nil && rule.effect == rejects && rule.parent.table == above.in.table.code {
			texts = r.setNew(texts, rule.field, above.text(rule.parent.field))
		}
	}
	r.cells.line = string(texts)
	s.add(r)
	for _, group := range record.Groups() {
		for _, below := range record.Each(group) {
			x.put(group, below, r)
		}
	}
	return r
}

// within is a row and what makes nothing of its own below it: one record of the maps.
func within(r *row) iter.Seq[*row] {
	return func(yield func(*row) bool) {
		if !yield(r) {
			return
		}
		for below := range r.hanging() {
			if below.in.table.mapped {
				continue
			}
			if !yield(below) {
				return
			}
		}
	}
}

// keep strikes the records whose rows hang on rows that are not written, and gives
// the rows of the others.
func keep(back *mapping.Back, rows map[*mapping.Returned]*row) map[*row]bool {
	kept := map[*row]bool{}
	for _, record := range back.Records {
		for r := range within(rows[record]) {
			kept[r] = true
		}
	}
	for {
		hanging := map[*mapping.Returned]string{}
		for _, record := range back.Records {
			if top := rows[record]; top.owner != nil && !kept[top.owner] {
				hanging[record] = "the row of " + top.owner.in.table.name + " that it hangs on is not written"
				for r := range within(top) {
					delete(kept, r)
				}
			}
		}
		if len(hanging) == 0 {
			return kept
		}
		back.Strike(hanging)
	}
}

// tables writes the rows that are kept as CSV.
func tables(x *extract, kept map[*row]bool) map[string][]byte {
	files := map[string][]byte{}
	for _, s := range x.order {
		rows := slices.DeleteFunc(slices.Clone(s.rows), func(r *row) bool { return !kept[r] })
		if len(rows) > 0 {
			files[s.table.name+".csv"] = mapping.CSV(s.table.order(rows), rows)
		}
	}
	files["NOT-A-SUBMISSION.txt"] = []byte("Made from FHIR resources. The header has no reporting period, and what FHIR does not hold is not there.\n")
	return files
}

// order is the columns that rows have, those that rules name first.
func (t *table) order(rows []*row) (columns []mapping.Column) {
	has := map[string]bool{}
	for _, r := range rows {
		for _, column := range r.in.columns {
			has[column] = true
		}
	}
	add := func(field string) {
		if has[field] {
			columns = append(columns, mapping.Column{Field: field, Header: cmp.Or(t.headers[field], field)})
			delete(has, field)
		}
	}
	for _, rule := range t.rules {
		add(rule.field)
	}
	for _, field := range slices.Sorted(maps.Keys(has)) {
		add(field)
	}
	return columns
}
