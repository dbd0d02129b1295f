package mhsds

import (
	"bufio"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"cpagateway/mapping"
)

// extract is one folder, or one fragment, on its way in.
type extract struct {
	format  *Format
	env     mapping.Env
	out     mapping.Output
	runner  *mapping.Runner
	quiet   *mapping.Runner // counts nothing
	asker   mapping.Asker   // of rules
	report  mapping.Report
	files   []*file
	lines   *bufio.Reader // of the file being read
	heads   []*row        // of the header's table, until it is checked
	header  *row
	derived map[string]string // fields of the header that are worked out
	asOf    string            // Sending.At of all of it
	unsound []mapping.Fault   // of the header: nothing is taken
	rooms   []*room
	kept    keptRows
	sheets  map[string]*sheet // by table code, of the rows at work
	order   []*sheet
}

// sheet is the rows of one table.
type sheet struct {
	table *table
	rows  []*row
	index map[string]map[string]*row // column -> value -> its first row
}

func (s *sheet) add(r *row) { s.rows = append(s.rows, r) }

func (f *Format) newExtract(env mapping.Env, out mapping.Output) *extract {
	x := &extract{format: f, env: env, out: out, lines: bufio.NewReaderSize(nil, 64<<10), kept: newKeptRows(env.Scratch)}
	x.runner = f.program.Runner(env, &x.report)
	env.Explain = nil
	x.quiet = f.program.Runner(env, &mapping.Report{})
	for _, tables := range f.groups {
		x.rooms = append(x.rooms, newRoom(x, tables))
	}
	return x
}

func (x *extract) newFile(name string, t *table) *file {
	f := &file{name: name, number: len(x.files), table: t, extract: x}
	x.files = append(x.files, f)
	return f
}

// hold makes an empty sheet for each table.
func (x *extract) hold(tables []*table) {
	x.sheets, x.order = map[string]*sheet{}, nil
	for _, t := range tables {
		s := &sheet{table: t, index: map[string]map[string]*row{}}
		x.sheets[t.code], x.order = s, append(x.order, s)
	}
}

const (
	headerTable = "MHS000"
	mostHeaders = 16 // rows that are told as headers: one is too many already
)

// add takes a row that was read; of it nothing is kept that the reader uses again.
func (x *extract) add(r *row) error {
	x.report.Read++
	switch {
	case r.in.table.code == headerTable && len(x.heads) < mostHeaders:
		head := *r
		head.cells.at = slices.Clone(r.cells.at)
		x.heads = append(x.heads, &head)
		return nil
	case r.in.table.code == headerTable:
		x.report.Refused++
		return x.tell(r, &rule{id: "MHS00025"}, "the table has more than one row")
	case x.unsound != nil:
		x.report.Refused++
		return x.tell(r, &rule{id: x.unsound[0].Rule}, "nothing is taken of an extract without a sound header: put that right, and bring the extract in again")
	}
	return x.roomOf(r.in.table).add(r)
}

// tell sets a row aside of which no fragment is kept: the extract comes again.
func (x *extract) tell(r *row, rule *rule, reason string) error {
	return x.out.SetAside([]mapping.Fault{{At: r.At(""), Rule: rule.id, Reason: reason}}, nil)
}

// begin holds the header to its rules, before anything else is read. Without a sound
// header nothing can be judged, so its faults set the extract aside.
func (x *extract) begin() error {
	x.hold(x.format.tables[:1])
	x.order[0].rows = x.heads
	if faults := x.checkHeader(); mapping.Refused(faults) {
		x.unsound = faults
		x.report.Refused += len(x.heads)
		return x.out.SetAside(faults, nil)
	}
	return nil
}

func (x *extract) stage(what string) {
	if x.env.Stage != nil {
		x.env.Stage(what)
	}
}

// finish checks all rows and gives out what they make.
func (x *extract) finish(ctx context.Context) error {
	if x.unsound != nil {
		return ctx.Err()
	}
	if x.env.Expect != nil {
		x.env.Expect(x.report.Read)
	}
	x.stage("join")
	x.check(x.order[0])
	if err := x.emit(ctx); err != nil {
		return err
	}
	for _, room := range x.rooms {
		if err := room.finish(ctx); err != nil {
			return err
		}
	}
	for _, f := range x.files {
		f.tellLeft(&x.report)
	}
	return nil
}

// work checks rows of some tables that hang together, and gives out what they make.
func (x *extract) work(ctx context.Context, tables []*table, rows []*row) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	x.hold(tables)
	for _, r := range rows {
		x.sheets[r.in.table.code].add(r)
	}
	for _, s := range x.order {
		x.check(s)
	}
	x.hang()
	x.checkChildren()
	if err := x.failed(); err != nil { // what was not found is perhaps there
		return err
	}
	x.stage("map")
	defer x.stage("join")
	return x.emit(ctx)
}

func (x *extract) failed() error {
	err := x.kept.Err()
	for _, m := range x.rooms {
		if m.isDivided() {
			err = errors.Join(err, m.twins.Err())
		}
	}
	return err
}

// noHeader is the fault of an extract without MHS000, for which the data set has no number.
var noHeader = &rule{id: "MHS000", effect: rejects}

// checkHeader holds the header to its rules.
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
	x.derived, x.asOf = derive(x.header, x.env.Custodian), asOf(x.header)
	var faults []mapping.Fault
	for _, r := range s.rows {
		x.checkRow(r)
		for _, rule := range s.table.rules {
			if rule.single && len(s.rows) > 1 {
				r.fault(rule, rule.reason)
			}
		}
		found := r.findings().faults
		for i := range found {
			found[i].Raw = x.fragmentOf(r)
		}
		faults = append(faults, found...)
	}
	return faults
}

// check holds the rows of one table to its rules; the tables above it are done.
func (x *extract) check(s *sheet) {
	if s.table.code != headerTable {
		x.formats(s)
	}
	x.link(s)
	for _, r := range s.rows {
		if s.table.code != headerTable {
			x.checkRow(r)
		}
	}
	for _, rule := range s.table.rules {
		switch {
		case rule.unique == nil:
		case rule.wide != nil && x.roomOf(s.table).isDivided():
			x.roomOf(s.table).checkUnique(s, rule)
		default:
			x.checkUnique(s, rule)
		}
	}
	for _, r := range s.rows {
		x.checkOwner(r)
	}
}

// hang lets each row know those that hang on it, in their order.
func (x *extract) hang() {
	for _, s := range slices.Backward(x.order) {
		for _, r := range slices.Backward(s.rows) {
			if r.owner != nil {
				r.next, r.owner.below = r.owner.below, r
			}
		}
	}
}

// unreadable is the rule of a row that is no row.
var unreadable = &rule{id: "CSV", effect: rejects}

// formats brings every field into its normal form, so that rows find each other.
func (x *extract) formats(s *sheet) {
	for _, r := range s.rows {
		if r.unread != nil {
			r.fault(unreadable, r.unread.why)
			continue
		}
		for _, rule := range s.table.rules {
			if rule.normal == nil {
				continue
			}
			at := r.in.place(rule.at)
			text := r.cell(at)
			if text == "" {
				continue
			}
			switch normal, ok := rule.normal(x, r, text); {
			case !ok:
				r.fault(rule, rule.reason)
				r.found.malformed = append(r.found.malformed, rule.field)
			case normal != text:
				r.cells.set(at, normal)
			}
		}
	}
}

// checkRow applies the rules about one row and those it is linked to.
func (x *extract) checkRow(r *row) {
	if r.unread != nil {
		return
	}
	for _, rule := range r.in.table.rules {
		if rule.isBroken(r) && !r.garbled(rule) {
			r.fault(rule, rule.reason)
		}
	}
}

// isBroken asks a rule about one row alone.
func (r *rule) isBroken(w *row) bool {
	switch {
	case r.blank:
		return w.cell(w.in.place(r.at)) == ""
	case r.codes != nil:
		code := w.cell(w.in.place(r.at))
		return code != "" && !r.codes[code]
	}
	return r.breaks != (mapping.Condition{}) && w.in.extract.asker.Holds(r.breaks, w)
}

// garbled reports whether a field that a rule is about, of this row or of those that it
// hangs on, is not in its form; then the rule says nothing.
func (r *row) garbled(rule *rule) bool {
	if r.garbles(rule, "") {
		return true
	}
	for up := r.owner; up != nil; up = up.owner {
		if up.garbles(rule, up.in.table.code+".") {
			return true
		}
	}
	return false
}

// link finds the row that each row hangs on, and the rows it names.
func (x *extract) link(s *sheet) {
	for _, rule := range s.table.rules {
		if rule.parent == nil {
			continue
		}
		find := x.finder(rule.parent)
		for _, r := range s.rows {
			value := r.cell(r.in.place(rule.at))
			if value == "" {
				continue
			}
			switch found := find(value); {
			case found == nil:
			case rule.effect == rejects:
				r.owner = found
			case found.refusal == "":
				r.joined = append(r.joined, found)
			}
		}
	}
}

// finder finds rows of a table by a column: among those at work, or of those that were.
func (x *extract) finder(at *place) func(value string) *row {
	if s := x.sheets[at.table]; s != nil {
		index := s.by(at.field)
		return func(value string) *row { return index[value] }
	}
	return func(value string) *row { return x.fetch(*at, value) }
}

// by indexes the rows of a table by a column. Rows that could not be read come
// last: they are found, so that a fragment can hold them, but never in place of a sound one.
func (s *sheet) by(column string) map[string]*row {
	if s.index[column] != nil {
		return s.index[column]
	}
	index := make(map[string]*row, len(s.rows))
	note := func(r *row) {
		if value := r.text(column); value != "" && index[value] == nil {
			index[value] = r
		}
	}
	for _, r := range s.rows {
		if r.unread == nil {
			note(r)
		}
	}
	for _, r := range s.rows {
		if r.unread != nil {
			note(r)
		}
	}
	s.index[column] = index
	return index
}

// checkUnique sets aside every row that shares a key, whether or not something
// else is wrong with one of them: which of them is meant is not ours to guess.
func (x *extract) checkUnique(s *sheet, rule *rule) {
	seen := make(map[string]*row, len(s.rows))
	for _, r := range s.rows {
		if r.text(rule.unique[0]) == "" || r.unread != nil || r.garbled(rule) || !x.asker.Holds(rule.where, r) {
			continue
		}
		key := r.key(rule.unique)
		first := seen[key]
		if first == nil {
			seen[key] = r
			continue
		}
		if !slices.ContainsFunc(first.findings().faults, func(f mapping.Fault) bool { return f.Rule == rule.id }) {
			first.found.twins = append(first.found.twins, r)
			first.fault(rule, rule.reason)
		}
		r.findings().twins = append(r.findings().twins, first)
		r.fault(rule, rule.reason)
	}
}

// key is the texts of some fields.
func (r *row) key(fields []string) string {
	if len(fields) == 1 {
		return r.text(fields[0])
	}
	var key strings.Builder
	for _, field := range fields {
		key.WriteString(r.text(field))
		key.WriteByte(0)
	}
	return key.String()
}

// checkOwner asks for the row that a row hangs on, and for those it names.
func (x *extract) checkOwner(r *row) {
	for _, rule := range r.in.table.rules {
		switch {
		case rule.parent == nil || rule.effect == joins || r.cell(r.in.place(rule.at)) == "" || r.unread != nil || r.refusal != "" && r.garbled(rule):
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

// checkChildren asks whether the tables below have a row for each row, and whether one
// beside it follows it.
func (x *extract) checkChildren() {
	for _, s := range x.order {
		for _, rule := range s.table.rules {
			if rule.child == "" && rule.start == nil {
				continue
			}
			begins := s.begins(rule)
			for _, r := range s.rows {
				if r.refusal == "" && (rule.child != "" && len(r.group(rule.child)) == 0 || rule.start != nil && !r.isFollowed(rule, begins)) {
					r.fault(rule, rule.reason)
				}
			}
		}
	}
}

// beginning is a day on which a row begins, of those that hang on one.
type beginning struct {
	owner *row
	day   string
}

// begins finds what valid rows say otherwise (rule.other) by when they begin; of more than two of one day
// two that differ.
func (s *sheet) begins(rule *rule) map[beginning][]string {
	if rule.start == nil {
		return nil
	}
	found := map[beginning][]string{}
	for _, r := range s.rows {
		start, has := r.Field(rule.start)
		if other, _ := r.Field(rule.other); has && r.refusal == "" {
			at := beginning{r.owner, start}
			if beside := found[at]; len(beside) < 2 && !slices.Contains(beside, other) {
				found[at] = append(beside, other)
			}
		}
	}
	return found
}

// isFollowed reports whether a row that has ended has another beside it that goes on.
func (r *row) isFollowed(rule *rule, begins map[beginning][]string) bool {
	ended, _ := r.Field(rule.at)
	day, err := time.Parse(time.DateOnly, ended)
	own, _ := r.Field(rule.other)
	another := func(other string) bool { return other != own }
	return err != nil || slices.ContainsFunc(begins[beginning{r.owner, ended}], another) ||
		slices.ContainsFunc(begins[beginning{r.owner, day.AddDate(0, 0, 1).Format(time.DateOnly)}], another)
}
