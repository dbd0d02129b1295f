// Package mhsds reads extracts of the Mental Health Services Data Set v6.0
// (NHS England), one CSV file per table, and makes Patient, EpisodeOfCare,
// CareTeam, CarePlan, Encounter, Practitioner, PractitionerRole and Organization
// of them.
//
// The data set's own rules (rules.txt) set rows aside with their rule numbers;
// what is left goes through the maps in maps/. The data set holds that a plan
// exists, its kind and its dates, but no word of what it says.
package mhsds

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"cpagateway/mapping"
)

//go:embed maps/*.map maps/*.overlay
var builtin embed.FS

//go:embed rules.txt
var rulesText string

// Version is one of the versions of the data set.
type Version string

// The versions, by their overlays of the maps and what rules.txt says of them. V5 is v5.0
// in its layout: what columns are called there, and which there are. Of its rules nothing
// is known but what v6.0 asks of the same columns.
const (
	V6 Version = ""
	V5 Version = "v5"
)

// Format is the reader, its rules and maps compiled. It is safe for concurrent use.
type Format struct {
	program *mapping.Program
	tables  []*table                   // in the order of rules.txt: parents first
	groups  [][]*table                 // the same, those together of which one hangs on another
	carried map[string]map[string]bool // table code -> columns that a map or a join reads
	returns map[string]bool            // TABLE.COLUMN that returns from FHIR
}

// New compiles rules and maps; its errors name the file, line and column of each fault.
func New(version Version) (*Format, error) {
	maps, err := fs.Sub(builtin, "maps")
	if err != nil {
		return nil, fmt.Errorf("reading the maps of MHSDS: %w", err)
	}
	return compile(maps, version)
}

// compile compiles maps whose sources are tables, and the rules.
func compile(maps fs.FS, version Version) (*Format, error) {
	program, err := mapping.Load(maps, string(version), names)
	if err != nil {
		return nil, fmt.Errorf("reading the maps of MHSDS: %w", err)
	}
	tables, err := readRules(rulesText, string(version), program)
	if err != nil {
		return nil, fmt.Errorf("reading the rules of MHSDS: %w", err)
	}
	for _, t := range tables {
		for _, c := range program.Columns(t.name) {
			t.columns[strings.ToLower(c.Header)] = c.Field
			t.headers[c.Field] = c.Header
		}
	}
	f := &Format{program: program, tables: tables, carried: map[string]map[string]bool{}, returns: map[string]bool{}}
	f.groups = grouped(tables)
	return f, f.account()
}

// account notes which columns are carried, and refuses maps of unknown tables.
func (f *Format) account() error {
	var faults []error
	for _, t := range f.tables {
		f.carried[t.code] = map[string]bool{}
		for _, r := range t.rules {
			if r.parent != nil {
				f.carried[t.code][r.field] = true
			}
		}
	}
	for _, field := range f.program.Check().Fields {
		if field.Verdict != mapping.Lost {
			path := field.Source[:codeLength] + "." + field.Field
			steps := strings.Split(path, ".")
			f.returns[strings.Join(steps[len(steps)-2:], ".")] = true
		}
	}
	for _, source := range f.program.Sources() {
		i := slices.IndexFunc(f.tables, func(t *table) bool { return t.name == source })
		if i < 0 {
			faults = append(faults, fmt.Errorf("a map reads %q, which is no table of MHSDS v6 that is read", source))
			continue
		}
		f.tables[i].mapped = true
		for _, path := range f.program.Reads(source) {
			steps := strings.Split(path, ".")
			last, code := steps[len(steps)-1], source[:codeLength]
			if len(steps) > 1 {
				code = steps[len(steps)-2]
			}
			if f.carried[code] == nil {
				faults = append(faults, fmt.Errorf("a map of %s reads %q, which is in no table that is read", source, path))
				continue
			}
			f.carried[code][last] = true
		}
	}
	return errors.Join(faults...)
}

// tableFile recognises a file by its table: MHS701.csv, MHS701CPACareEpisode.csv, in any case.
var tableFile = regexp.MustCompile(`(?i)^(mhs\d{3})([a-z]*)\.csv$`)

const codeLength = len("MHS701")

// Program is the maps.
func (f *Format) Program() *mapping.Program { return f.program }

// Read brings in the CSV files at the root of fsys and gives out what they make:
// the header's organisation, staff, teams, then person by person. Every row of
// the twelve tables is counted as read and as taken or refused; other tables are
// counted as left behind by column, and other files as not read. A fault of the header refuses the whole
// extract.
//
// Any file may hold a row that decides about any other: so all rows are read before
// anything is given out. Of a large extract they are kept in files of Env.Scratch,
// those of a person together.
func (f *Format) Read(ctx context.Context, fsys fs.FS, env mapping.Env, out mapping.Output) (mapping.Report, error) {
	x := f.newExtract(env, out)
	x.stage("read")
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return x.report, fmt.Errorf("listing the extract: %w", err)
	}
	files := map[string][]string{} // table code -> its files; "" are those of other tables
	for _, entry := range entries {
		m := tableFile.FindStringSubmatch(entry.Name())
		switch {
		case entry.IsDir():
			x.report.Pass(entry.Name(), "it is a folder: the tables stand beside each other in the folder of the extract")
		case m == nil:
			x.report.Pass(entry.Name(), "its name is not that of a table, such as MHS001MPI.csv")
		default:
			code := strings.ToUpper(m[1])
			if f.tableOf(code) == nil {
				code = ""
			}
			files[code] = append(files[code], entry.Name())
		}
	}
	for _, t := range append(slices.Clone(f.tables), &table{}) {
		for _, name := range files[t.code] {
			if err := x.readFile(ctx, fsys, name, t); err != nil {
				return x.report, err
			}
		}
		if t.code == headerTable {
			if err := x.begin(); err != nil {
				return x.report, err
			}
		}
	}
	return x.report, x.finish(ctx)
}

// Reread brings one fragment in again (Fault.Raw, with its fault put right). It
// holds every row of the person, so what it makes is whole.
func (f *Format) Reread(ctx context.Context, raw []byte, env mapping.Env, out mapping.Output) (mapping.Report, error) {
	x := f.newExtract(env, out)
	if err := x.readFragment(raw); err != nil {
		return x.report, fmt.Errorf("reading a fragment: %w", err)
	}
	return x.report, x.finish(ctx)
}

// readFile reads one file of rows.
func (x *extract) readFile(ctx context.Context, fsys fs.FS, name string, t *table) error {
	take := x.add
	if t.code == "" {
		m := tableFile.FindStringSubmatch(name)
		take = x.countLeft(strings.ToUpper(m[1]) + m[2])
	}
	return mapping.Open(fsys, &x.report, name, func(file fs.File) error {
		if err := readCSV(ctx, file, x.newFile(name, t), take); err != nil {
			return fmt.Errorf("reading %s: %w", name, err)
		}
		return nil
	})
}

// countLeft counts the values of a table that is not read.
func (x *extract) countLeft(table string) func(*row) error {
	return func(r *row) error {
		if r.unread != nil {
			x.report.Leave(table+" (unreadable rows)", 1)
		}
		for i := range r.cells.at {
			if r.cells.text(i) != "" && r.unread == nil {
				x.report.Leave(table+"."+r.in.label(i), 1)
			}
		}
		return nil
	}
}
