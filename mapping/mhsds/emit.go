package mhsds

import (
	"context"
	"slices"
	"strings"
	"time"

	"cpagateway/mapping"
	"cpagateway/profiles"
)

// emit gives out every row: those that hang on nothing, each followed by what hangs on it.
func (x *extract) emit(ctx context.Context) error {
	for _, s := range x.order {
		for i, r := range s.rows {
			if i%1024 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			if r.owner != nil {
				continue
			}
			if err := x.give(r); err != nil {
				return err
			}
			x.keep(r)
		}
	}
	return nil
}

// give takes a row or sets it aside, then the rows that hang on it.
func (x *extract) give(r *row) error {
	if r.owner != nil && r.owner.refusal != "" && r.refusal == "" { // the maps refused that one
		r.orphan(r.in.table.hangs)
	}
	var resources []mapping.Resource
	if r.refusal == "" {
		var faults []mapping.Fault
		resources, faults = x.runner.Run(r.in.table.name, r)
		r.mapped(faults)
	}
	if len(resources) > 0 {
		sent, fragment := x.sent(&resources[0]), func() []byte { return x.fragmentOf(r) }
		of := nameOf(r, resources)
		for i := range resources {
			resources[i].Sent, resources[i].Fragment, resources[i].Of = sent, fragment, of
		}
		resources[0].Records += x.within(r)
	}
	if err := x.account(r, resources); err != nil {
		return err
	}
	for below := range r.hanging() {
		if err := x.give(below); err != nil {
			return err
		}
	}
	return nil
}

// nameOf is a row's own name, by the first resource that it makes; empty where it makes none.
func nameOf(r *row, made []mapping.Resource) string {
	if len(made) == 0 {
		return ""
	}
	return mapping.RecordName(r.in.table.name, made[0].Type, made[0].Key, made[0].Person)
}

// sent is what the extract says of somebody, or of a member of staff.
func (x *extract) sent(first *mapping.Resource) mapping.Sending {
	if first.Person != "" {
		return mapping.Sending{Of: first.Person, At: x.asOf}
	}
	return mapping.Sending{Of: first.Type + "/" + first.Key, At: x.asOf}
}

// asOf is the end of the period that an extract is of; of two extracts of one period the
// one that was made later is the newer.
func asOf(header *row) string {
	end, text := header.text("ReportingPeriodEndDate"), strings.Replace(header.text("DateTimeDatSetCreate"), " ", "T", 1)
	made, err := time.Parse(time.RFC3339Nano, text)
	if err != nil { // without an offset, which the data set allows
		made, _ = time.ParseInLocation("2006-01-02T15:04:05.999999999", text, profiles.London)
	}
	return end + " " + mapping.SentAt(made)
}

// within counts the valid rows below that make nothing of their own, but are in
// what this row makes: a GP registration, a coordinator, a referral, an agreement.
func (x *extract) within(r *row) int {
	n := 0
	for below := range r.hanging() {
		if below.refusal == "" && !below.in.table.mapped {
			n += 1 + x.within(below)
		}
	}
	return n
}

const coordinators = "MHS006"

// newestFirst orders the coordinators so that a map's "first" is the current one
// should an extract hold two that have not ended.
func newestFirst(group []mapping.Record) {
	slices.SortStableFunc(group, func(a, b mapping.Record) int {
		const start = "StartDateAssCareCoord"
		return strings.Compare(b.(*row).text(start), a.(*row).text(start))
	})
}

// mapped adds the faults of the maps to those of the rules. Where a rule has
// spoken about a field already, of this row or of one below that the map read,
// the map's warning says nothing new.
func (r *row) mapped(faults []mapping.Fault) {
	for _, f := range faults {
		accused := r.accused(f.At)
		for below := range r.hanging() {
			accused = accused || below.accused(f.At)
		}
		if f.Warning && accused {
			continue
		}
		r.findings().faults = append(r.findings().faults, f)
		if !f.Warning && r.refusal == "" {
			r.refusal = f.Rule
		}
	}
}

func (r *row) accused(at mapping.Position) bool {
	return r.found != nil && slices.ContainsFunc(r.found.faults, func(f mapping.Fault) bool { return f.At == at })
}

// account counts a row once and hands on what became of it.
func (x *extract) account(r *row, resources []mapping.Resource) error {
	if r.refusal != "" {
		x.report.Refused++
		raw := x.fragmentOf(r)
		faults, of := r.found.faults, ""
		if len(r.found.twins) == 0 { // of two with one key nobody knows which is which
			of = nameOf(r, x.quiet.Salvage(r.in.table.name, r))
		}
		for i := range faults {
			faults[i].Raw, faults[i].Of = raw, of
		}
		return x.out.SetAside(faults, nil)
	}
	x.report.Taken++
	r.in.leave(r.cells)
	if len(resources) > 0 {
		if err := x.out.Take(resources); err != nil {
			return err
		}
	}
	if r.found != nil && len(r.found.faults) > 0 {
		return x.out.SetAside(r.found.faults, nil)
	}
	return nil
}

// leave counts the values that nothing reads.
func (f *file) leave(cells cells) {
	if f.left == nil {
		f.left, f.carried = make([]int, len(f.columns)), make([]bool, len(f.columns))
		for i, column := range f.columns {
			f.carried[i] = f.extract.format.carried[f.table.code][column]
		}
	}
	for i := range cells.at {
		if cells.text(i) != "" && !f.carried[i] {
			f.left[i]++
		}
	}
}

// tellLeft puts what was counted into the report.
func (f *file) tellLeft(report *mapping.Report) {
	for i, n := range f.left {
		if n > 0 {
			report.Leave(f.table.name+"."+f.label(i), n)
		}
	}
}
