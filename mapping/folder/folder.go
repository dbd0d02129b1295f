// Package folder is a format that nothing but a folder of maps describes: a CSV
// file with a row of headers, or a JSON document, a list of them, or one on each
// line. Whoever owns the system writes the maps; nothing is compiled. A JSON Schema
// beside them (Plan.schema.json) says what a document of that source has to be.
//
// A file belongs to the source that it is called after (Plans.csv, Plans.json), or
// to the only one that the maps name. Rows of a table that the maps join to another
// (csv Actions of Plans by Plan) are groups of the rows that they belong to.
package folder

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"cpagateway/mapping"
	"cpagateway/mapping/schema"
	"cpagateway/mapping/scratch"
	"cpagateway/profiles/fhir"
)

// Format is a folder of maps, compiled. It is safe for concurrent use.
type Format struct {
	program *mapping.Program
	schemas map[string]*schema.Schema // by source, of its documents
}

// New compiles the maps at the root of fsys, with the overlay of a version of the format; ""
// is the maps themselves. An error names what is wrong in them.
func New(fsys fs.FS, version string) (*Format, error) {
	program, err := mapping.Load(fsys, version, nil)
	if err == nil {
		err = errors.Join(program.NotFHIR(), program.NoColumns())
	}
	if err != nil {
		return nil, err
	}
	f := &Format{program: program, schemas: map[string]*schema.Schema{}}
	for _, source := range program.Sources() {
		text, err := fs.ReadFile(fsys, source+schemaSuffix)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			f.schemas[source], err = schema.Compile(source+schemaSuffix, text, "")
		}
		if err != nil {
			return nil, err
		}
	}
	return f, nil
}

// schemaSuffix ends the name of the JSON Schema of a source, which stands beside the maps.
const schemaSuffix = ".schema.json"

// unsound is what the schema of a source finds wrong in a document.
func (f *Format) unsound(source string, document []byte) []mapping.Fault {
	if f.schemas[source] == nil {
		return nil
	}
	var faults []mapping.Fault
	for _, found := range f.schemas[source].Check(document) {
		faults = append(faults, mapping.Fault{At: mapping.Position{Field: found.Path}, Rule: "SCHEMA", Reason: found.Reason, Value: found.Value})
	}
	return faults
}

// Program is the maps.
func (f *Format) Program() *mapping.Program { return f.program }

// Joins reports whether rows of one file belong to those of another: then these come in
// one extract.
func (f *Format) Joins() bool {
	return slices.ContainsFunc(f.program.Sources(), func(source string) bool { return len(f.program.Joined(source)) > 0 })
}

var suffixes = append([]string{".csv"}, mapping.DocumentFiles...)

// Read brings in the files under fsys: those with people first, so that whose a record
// is is known, then the others, each in the order of the names. Every row or document
// is counted as read and as taken or refused; a file that belongs to no source is noted
// as not read.
func (f *Format) Read(ctx context.Context, fsys fs.FS, env mapping.Env, out mapping.Output) (mapping.Report, error) {
	x := f.newRun(env, out)
	if err := errors.Join(x.survey(ctx, fsys), x.made.Err()); err != nil {
		return x.report, err
	}
	if err := x.gather(ctx, fsys); err != nil {
		return x.report, err
	}
	if env.Expect != nil {
		env.Expect(x.rows)
	}
	// What is wrong with a file as a whole is noted once, in the end.
	err := x.walk(fsys, &mapping.Report{}, func(source, name string, file fs.File) error {
		if !f.makesPeople(source) {
			return nil
		}
		return x.readAll(ctx, source, name, file)
	})
	if err != nil {
		return x.report, err
	}
	err = x.walk(fsys, &x.report, func(source, name string, file fs.File) error {
		switch {
		case f.makesPeople(source):
			return nil
		case f.program.Join(source).Home == "":
			return x.readAll(ctx, source, name, file)
		case !isCSV(name):
			x.report.Pass(name, "rows that belong to those of another table come as CSV; in a document they stand inside its own")
		}
		return nil
	})
	if err == nil {
		err = errors.Join(x.homeless(ctx), x.made.Err())
	}
	return x.report, err
}

// walk gives out the files that belong to a source.
func (x *run) walk(fsys fs.FS, report *mapping.Report, read func(source, name string, file fs.File) error) error {
	return mapping.Walk(fsys, report, suffixes, func(name string, file fs.File) error {
		source, err := x.format.SourceOf(name)
		if err != nil {
			report.Pass(name, err.Error())
			return nil
		}
		return read(source, name, file)
	})
}

func (f *Format) makesPeople(source string) bool {
	return slices.Contains(f.program.Makes(source), "Patient")
}

func isCSV(name string) bool { return strings.EqualFold(path.Ext(name), ".csv") }

// Reread brings one fragment in again (Fault.Raw), as it was or mended: an object
// whose one member is called after the source and holds the record.
func (f *Format) Reread(ctx context.Context, raw []byte, env mapping.Env, out mapping.Output) (mapping.Report, error) {
	x := f.newRun(env, out)
	if fault := mapping.TooMuch(raw); fault != "" {
		return x.report, fmt.Errorf("%w: %s", mapping.ErrFragment, fault)
	}
	v, err := fhir.Parse(raw)
	if err != nil {
		return x.report, fmt.Errorf("%w: %w", mapping.ErrFragment, err)
	}
	if v.Kind() != fhir.Object || v.Len() != 1 {
		return x.report, fmt.Errorf("%w: not an object of SOURCE -> record", mapping.ErrFragment)
	}
	for source, record := range v.Members() {
		if !slices.Contains(f.program.Sources(), source) {
			return x.report, fmt.Errorf("%w: no map reads a source called %q", mapping.ErrFragment, source)
		}
		err = x.readAll(ctx, source, source+".json", bytes.NewReader(record.Raw()))
	}
	return x.report, err
}

// SourceOf is the source that a file belongs to.
func (f *Format) SourceOf(name string) (string, error) {
	sources := f.program.Sources()
	for _, home := range slices.Clone(sources) {
		sources = append(sources, f.program.Joined(home)...)
	}
	stem := strings.TrimSuffix(path.Base(name), path.Ext(name))
	for _, source := range sources {
		if strings.EqualFold(source, stem) {
			return source, nil
		}
	}
	if len(sources) == 1 {
		return sources[0], nil
	}
	return "", errors.New("no source of the maps is called like it: " + strings.Join(sources, ", "))
}

// run is one reading.
type run struct {
	format *Format
	env    mapping.Env
	out    mapping.Output
	runner *mapping.Runner
	quiet  *mapping.Runner // counts and explains nothing
	report mapping.Report
	made   *scratch.Table    // by type and key, what the extract says of a resource (survey)
	tables map[string]*table // joined source -> its rows
	rows   int               // that are read before anything is given out
}

func (f *Format) newRun(env mapping.Env, out mapping.Output) *run {
	x := &run{format: f, env: env, out: out, made: scratch.NewTable(env.Scratch)}
	x.runner = f.program.Runner(env, &x.report)
	env.Explain = nil
	x.quiet = f.program.Runner(env, &mapping.Report{})
	return x
}

// readAll brings in the records of one file.
func (x *run) readAll(ctx context.Context, source, name string, from io.Reader) error {
	take := func(r record) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		var err error
		if isCSV(name) {
			r, err = x.withRows(source, r)
		} else {
			r = x.whole(source, r)
		}
		if err != nil {
			return err
		}
		x.report.Read++
		return x.take(source, r)
	}
	return x.cut(name, x.each(source, name, from, &x.report, take))
}

// each gives out the records of one file.
func (x *run) each(source, name string, from io.Reader, report *mapping.Report, take func(record) error) error {
	if !isCSV(name) {
		return mapping.Documents(name, from, report, func(row int, raw []byte) error { return take(document(name, row, raw)) })
	}
	return readCSV(name, from, x.format.program.Columns(source), x.format.program.Needed(source), take)
}

// cut notes a file that ends with a row that is too long.
func (x *run) cut(name string, err error) error {
	if errors.Is(err, mapping.ErrTooLong) {
		x.report.Pass(name, mapping.TooLong("a row")+"; it is read up to there")
		return nil
	}
	return err
}

// record is one row or document, with what is fed in again of it.
type record struct {
	mapping.Record
	text  []byte     // of a row, as it came
	raw   []byte     // as JSON
	value fhir.Value // of a document, and of a row with joined ones
	fault string     // why it cannot be taken as it came
	rule  string     // that of the fault; empty: it cannot be read
}

// fragment is what is fed in again of a record (Reread).
func fragment(source string, record []byte) []byte {
	raw := append(append(fhir.AppendString([]byte("{"), source), ':'), record...)
	return append(raw, '}')
}

func (x *run) take(source string, r record) error {
	if r.fault != "" {
		return x.refuse(source, r)
	}
	if row, ok := r.Record.(*row); ok && r.raw == nil {
		r.raw = row.json()
	}
	raw := fragment(source, r.raw)
	again := func() []byte { return raw }
	var resources []mapping.Resource
	faults := x.unsound(source, r)
	if len(faults) == 0 {
		resources, faults = x.runner.Run(source, r.Record)
	}
	of := ""
	if mapping.Refused(faults) {
		of = x.quiet.Name(x.quiet.Salvage(source, r.Record))
	} else {
		faults = append(faults, x.twice(r, resources)...) // of two with one key nobody knows which is which
	}
	for i := range faults {
		faults[i].Raw, faults[i].Of = raw, of
	}
	if mapping.Refused(faults) {
		x.report.Refused++
		return x.out.SetAside(faults, x.consents(source, r, again))
	}
	x.report.Taken++
	x.leave(source, r)
	x.runner.Name(resources)
	for i := range resources {
		resources[i].Fragment = again
	}
	if len(resources) > 0 {
		if err := x.out.Take(resources); err != nil {
			return err
		}
	}
	if len(faults) > 0 {
		return x.out.SetAside(faults, nil)
	}
	return nil
}

// consents are the Consents of a record that is refused, as far as they can be made.
func (x *run) consents(source string, r record, fragment func() []byte) []mapping.Resource {
	if !slices.Contains(x.format.program.Makes(source), "Consent") {
		return nil
	}
	made := slices.DeleteFunc(x.quiet.Salvage(source, r.Record), func(m mapping.Resource) bool { return m.Type != "Consent" })
	for i := range made {
		made[i].Fragment = fragment
	}
	return made
}

// unsound is what is wrong with the form of a document; a row has none.
func (x *run) unsound(source string, r record) []mapping.Fault {
	if !r.value.Exists() {
		return nil
	}
	faults := x.format.unsound(source, r.raw)
	for i := range faults {
		at := r.At("")
		faults[i].At.File, faults[i].At.Row = at.File, at.Row
	}
	return faults
}

// refuse sets a record aside that cannot be read, or not with all that belongs to it. A row
// that cannot be read is kept as its text, and of a file nothing is.
func (x *run) refuse(source string, r record) error {
	x.report.Refused++
	fault := mapping.Fault{At: r.At(""), Rule: cmp.Or(r.rule, "FILE"), Reason: r.fault}
	switch row, ok := r.Record.(*row); {
	case ok && r.rule != "":
		r.raw = row.json()
	case ok && row.number > 0:
		r.raw = fhir.AppendString(nil, string(r.text))
	}
	if r.raw != nil {
		fault.Raw = fragment(source, r.raw)
	}
	if r.rule == "" {
		return x.out.SetAside([]mapping.Fault{fault}, nil)
	}
	if r.rule == ruleJoin { // what comes right of two with one key says nothing of the other
		fault.Of = x.quiet.Name(x.quiet.Salvage(source, r.Record))
	}
	return x.out.SetAside([]mapping.Fault{fault}, x.consents(source, r, func() []byte { return fault.Raw }))
}

// leave counts what no map that applies to the record reads.
func (x *run) leave(source string, r record) {
	if row, ok := r.Record.(*row); ok && row.joined == nil {
		read := x.runner.Reads(source, row)
		for name := range row.at {
			if _, ok := mapping.Text(row, name); ok && !read[name] {
				x.report.Leave(name, 1)
			}
		}
		return
	}
	x.runner.LeftBehind(source, r.Record, r.value)
}
