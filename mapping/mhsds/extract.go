package mhsds

import (
	"context"
	"slices"
	"strings"

	"cpagateway/mapping"
)

// extract is one folder, or one fragment, on its way in.
type extract struct {
	format  *Format
	env     mapping.Env
	out     mapping.Output
	runner  *mapping.Runner
	report  mapping.Report
	sheets  map[string]*sheet // by table code
	order   []*sheet
	header  *row
	derived map[string]string // fields of the header that are worked out
}

// sheet is the rows of one table.
type sheet struct {
	table *table
	rows  []*row
	index map[string]map[string]*row // column -> value -> its first row
}

func (s *sheet) add(r *row) { s.rows = append(s.rows, r) }

func (x *extract) newFile(name string, t *table) *file {
	return &file{name: name, table: t, extract: x}
}

// finish checks all rows and gives out what they make.
func (x *extract) finish(ctx context.Context) error {
	for _, s := range x.order {
		x.report.Read += len(s.rows)
	}
	if faults := x.checkHeader(); mapping.Refused(faults) {
		x.report.Refused = x.report.Read
		return x.refuseAll(faults)
	}
	for _, s := range x.order {
		if err := ctx.Err(); err != nil {
			return err
		}
		x.check(s)
	}
	x.checkChildren()
	return x.emit(ctx)
}

// noHeader is the fault of an extract without MHS000, for which the data set has no number.
var noHeader = &rule{id: "MHS000", effect: rejects}

// checkHeader holds the header to its rules. Without a sound header nothing can
// be judged, so its faults refuse the extract.
func (x *extract) checkHeader() []mapping.Fault {
	s := x.order[0]
	if len(s.rows) == 0 {
		return []mapping.Fault{{
			At: mapping.Position{File: s.table.name}, Rule: noHeader.id,
			Reason: "the extract has no " + s.table.name + " row; nothing of it was taken",
		}}
	}
	x.header = s.rows[0]
	x.derived = map[string]string{}
	x.formats(s)
	x.derived = derive(x.header, x.env.Custodian)
	var faults []mapping.Fault
	for _, r := range s.rows {
		x.checkRow(r)
		for _, rule := range s.table.rules {
			if rule.single && len(s.rows) > 1 {
				r.fault(rule, rule.reason)
			}
		}
		for i := range r.faults {
			r.faults[i].Raw = x.fragmentOf(r)
		}
		faults = append(faults, r.faults...)
	}
	return faults
}

// refuseAll sets the whole extract aside with its header. The rows have no fragment:
// once the header is put right the extract comes again.
func (x *extract) refuseAll(header []mapping.Fault) error {
	if err := x.out.SetAside(header, nil); err != nil {
		return err
	}
	for _, s := range x.order {
		for _, r := range s.rows {
			if r.refusal != "" {
				continue // told with the header
			}
			told := mapping.Fault{At: r.At(""), Rule: header[0].Rule, Reason: "nothing is taken of an extract without a sound header: put that right, and bring the extract in again"}
			if err := x.out.SetAside([]mapping.Fault{told}, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// check holds the rows of one table to its rules; the tables above it are done.
func (x *extract) check(s *sheet) {
	if s != x.order[0] {
		x.formats(s)
	}
	x.link(s)
	for _, r := range s.rows {
		if s != x.order[0] {
			x.checkRow(r)
		}
	}
	for _, rule := range s.table.rules {
		if rule.unique != nil {
			checkUnique(s, rule)
		}
	}
	for _, r := range s.rows {
		x.checkOwner(r)
		if r.refusal == "" {
			r.hang()
		}
	}
}

// unreadable is the rule of a row that is no row.
var unreadable = &rule{id: "CSV", effect: rejects}

// formats brings every field into its normal form, so that rows find each other.
func (x *extract) formats(s *sheet) {
	for _, r := range s.rows {
		if r.broken != "" {
			r.fault(unreadable, r.broken)
			continue
		}
		for _, rule := range s.table.rules {
			if text, ok := r.Field(rule.field); rule.normal != nil && ok {
				if normal, ok := rule.normal(x, r, text); ok {
					r.set(rule.field, normal)
				} else {
					r.fault(rule, rule.reason)
					r.malformed = append(r.malformed, rule.field)
				}
			}
		}
	}
}

// checkRow applies the rules about one row and those it is linked to.
func (x *extract) checkRow(r *row) {
	if r.broken != "" {
		return
	}
	for _, rule := range r.in.table.rules {
		if rule.breaks != nil && !r.garbled(rule) && rule.breaks(r) {
			r.fault(rule, rule.reason)
		}
	}
}

// garbled reports whether a field that a rule is about is not in its form; then
// the rule says nothing.
func (r *row) garbled(rule *rule) bool {
	return slices.ContainsFunc(r.malformed, func(field string) bool { return slices.Contains(rule.about, field) })
}

// link finds the row that each row hangs on, and the rows it names.
func (x *extract) link(s *sheet) {
	for _, rule := range s.table.rules {
		if rule.parent == nil {
			continue
		}
		index := x.sheets[rule.parent.table].by(rule.parent.field)
		for _, r := range s.rows {
			value, _ := r.Field(rule.field)
			switch found := index[value]; {
			case found == nil:
			case rule.effect == rejects:
				r.owner = found
				found.below = append(found.below, r)
			case found.refusal == "":
				r.joined = append(r.joined, found)
			}
		}
	}
}

// by indexes the rows of a table by a column. Rows that could not be read come
// last: they are found, so that a fragment can hold them, but never in place of a sound one.
func (s *sheet) by(column string) map[string]*row {
	if s.index[column] != nil {
		return s.index[column]
	}
	index := make(map[string]*row, len(s.rows))
	note := func(r *row) {
		if value, ok := r.Field(column); ok && index[value] == nil {
			index[value] = r
		}
	}
	for _, r := range s.rows {
		if r.broken == "" {
			note(r)
		}
	}
	for _, r := range s.rows {
		if r.broken != "" {
			note(r)
		}
	}
	s.index[column] = index
	return index
}

// checkUnique sets aside every row that shares a key, whether or not something
// else is wrong with one of them: which of them is meant is not ours to guess.
func checkUnique(s *sheet, rule *rule) {
	seen := make(map[string]*row, len(s.rows))
	var key strings.Builder
	for _, r := range s.rows {
		if _, ok := r.Field(rule.unique[0]); !ok || r.broken != "" || r.garbled(rule) || !rule.where.Holds(r) {
			continue
		}
		key.Reset()
		for _, field := range rule.unique {
			text, _ := r.Field(field)
			key.WriteString(text)
			key.WriteByte(0)
		}
		first := seen[key.String()]
		if first == nil {
			seen[key.String()] = r
			continue
		}
		if first.twin == nil {
			first.twin = r
			first.fault(rule, rule.reason)
		}
		r.twin = first
		r.fault(rule, rule.reason)
	}
}

// checkOwner asks for the row that a row hangs on, and for those it names.
func (x *extract) checkOwner(r *row) {
	for _, rule := range r.in.table.rules {
		value, _ := r.Field(rule.field)
		switch {
		case rule.parent == nil || rule.effect == joins || value == "" || r.broken != "" || r.refusal != "" && r.garbled(rule):
		case rule.effect == rejects && r.owner == nil:
			r.fault(rule, rule.reason)
		case rule.effect == rejects && r.owner.refusal != "":
			r.orphan(rule)
		case rule.effect == warns && r.other(rule.parent.table) == nil:
			r.fault(rule, rule.reason)
		}
	}
}

// orphan sets a row aside because the one it hangs on was.
func (r *row) orphan(rule *rule) {
	r.fault(rule, "the row of "+r.owner.in.table.code+" that it hangs on was set aside by "+r.owner.refusal)
}

// checkChildren asks whether the tables below have a row for each row.
func (x *extract) checkChildren() {
	for _, s := range x.order {
		for _, rule := range s.table.rules {
			if rule.child == "" {
				continue
			}
			for _, r := range s.rows {
				if r.refusal == "" && len(r.groups[rule.child]) == 0 {
					r.fault(rule, rule.reason)
				}
			}
		}
	}
}
