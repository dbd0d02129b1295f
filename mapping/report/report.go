// Package report makes tables of FHIR resources by maps alone: a monthly return that
// counts people, a census with a line for each. It looks at what it is given and at
// nothing else: no store, no clock.
//
// A report is a folder of maps in two steps. Maps whose source is a type of resource
// (map CarePlan -> Plan) say what is known of a person; a map of the source Person
// (map Person -> Return) then reads all of that, in groups called after the types
// made (Plan; where they have a member from, the latest stands first), and makes a line of the table whose columns `csv Return` names. Lines
// with the same texts are one, with their numbers added up. An overlay is the report
// in another language.
package report

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"cpagateway/mapping"
	"cpagateway/profiles/fhir"
)

// person is the source of the maps that make lines.
const person = "Person"

// Report is a folder of maps, compiled. It is safe for concurrent use.
type Report struct{ program *mapping.Program }

// New compiles the maps at the root of fsys, with the overlay of a language; "" is the
// language of the maps. An error names what is wrong in them.
func New(fsys fs.FS, language string) (*Report, error) {
	program, err := mapping.Load(fsys, language, nil)
	if err != nil {
		return nil, err
	}
	made := program.Makes(person)
	if len(made) == 0 {
		return nil, fmt.Errorf("a report has a map of the source %s, which makes its lines", person)
	}
	for _, table := range made {
		if len(program.Columns(table)) == 0 {
			return nil, fmt.Errorf("map %s -> %s: the columns of the table are not named: csv %s", person, table, table)
		}
	}
	return &Report{program: program}, nil
}

// Account is what a run came to.
type Account struct {
	Read   int            // resources given
	People int            // persons whom one of them is about
	Unread map[string]int // type -> resources that no map reads
	Faults []mapping.Fault
}

// Tables makes the tables of a report, as CSV files by their names. Day is the day that
// it is about, custodian the organisation whose records these are.
func (r *Report) Tables(custodian string, day time.Time, resources []fhir.Value) (map[string][]byte, *Account) {
	x := run{account: &Account{Read: len(resources), Unread: map[string]int{}}, about: map[string]facts{}, given: map[string]string{}, persons: map[string]bool{}}
	x.runner = r.program.Runner(mapping.Env{Source: "report", Custodian: custodian, ID: func(_, key string) string { return key }}, &mapping.Report{})
	sources := r.program.Sources()
	for _, v := range resources {
		x.persons[v.Type()+"/"+v.ID()] = true
	}
	for i, v := range resources {
		name := v.Type() + "/" + v.ID()
		switch before, twice := x.given[name]; {
		case !slices.Contains(sources, v.Type()) || v.Type() == person:
			x.account.Unread[v.Type()]++
		case twice && before != string(v.Raw()):
			x.fault(name, i, "another resource has the same id and says something else: that one stands")
		case !twice:
			x.given[name] = string(v.Raw())
			x.read(name, i, v)
		}
	}
	tables := map[string]*table{}
	for _, name := range r.program.Makes(person) {
		tables[name] = &table{columns: r.program.Columns(name), lines: map[string]*line{}, numbers: map[int]bool{}}
	}
	x.account.People = len(x.about)
	for _, who := range slices.Sorted(maps.Keys(x.about)) {
		x.lines(who, document(who, day, x.about[who]), tables)
	}
	slices.SortStableFunc(x.account.Faults, func(a, b mapping.Fault) int { return cmp.Compare(a.At.Row, b.At.Row) })
	files := map[string][]byte{}
	for name, t := range tables {
		files[name+".csv"] = t.csv()
	}
	return files, x.account
}

// facts are what is known of a person, by the types that maps made of it.
type facts map[string][][]byte

// run is one making of a report.
type run struct {
	account *Account
	runner  *mapping.Runner
	about   map[string]facts  // by Patient/ID
	given   map[string]string // what each resource says, by Type/ID
	persons map[string]bool   // whose Patient was given
}

func (x *run) fault(name string, i int, reason string) {
	x.account.Faults = append(x.account.Faults, mapping.Fault{At: mapping.Position{File: name, Row: i + 1}, Rule: "REPORT", Reason: reason})
}

// read takes what a resource says of a person.
func (x *run) read(name string, i int, v fhir.Value) {
	made, faults := x.runner.Run(v.Type(), mapping.NewObject(v, name, i+1))
	at := strings.TrimPrefix(strings.TrimPrefix(v.Path(), "$"), ".") + "."
	for _, f := range faults {
		f.At.Field = strings.TrimPrefix(f.At.Field, at)
		x.account.Faults = append(x.account.Faults, f)
	}
	for _, fact := range made {
		who := local(fact.Person)
		if who == "" {
			x.fault(name, i, "it does not say whom it is about by a reference to a Patient, and is not counted")
			continue
		}
		if !x.persons[who] {
			x.fault(name, i, "the Patient that it is about was not given: of that person nothing else is known")
		}
		if x.about[who] == nil {
			x.about[who] = facts{}
		}
		x.about[who][fact.Type] = append(x.about[who][fact.Type], fact.Body)
	}
}

// local is a reference to a Patient without the server and the version; "" is none.
func local(reference string) string {
	reference, _, _ = strings.Cut(reference, "/_history/")
	at := strings.LastIndex("/"+reference, "/Patient/")
	if at < 0 {
		return ""
	}
	return reference[at:]
}

// document is the record that the maps of lines read.
func document(who string, day time.Time, known facts) []byte {
	w := fhir.NewWriter(nil)
	w.Object(func() {
		w.Member("person", strings.TrimPrefix(who, "Patient/"))
		w.Member("day", day.Format(time.DateOnly))
		w.Member("month", day.Format("2006-01"))
		w.Member("yearBefore", before(day, 1))
		w.Member("eighteenBefore", before(day, 18))
		for _, name := range slices.Sorted(maps.Keys(known)) {
			w.Name(name).Array(func() {
				for _, fact := range latestFirst(known[name]) {
					w.Raw(fact)
				}
			})
		}
	})
	return w.Bytes()
}

// latestFirst orders facts by their member from, where they have one.
func latestFirst(known [][]byte) [][]byte {
	from := func(fact []byte) string {
		v, err := fhir.Parse(fact)
		if err != nil {
			return ""
		}
		return v.Get("from").Text()
	}
	slices.SortStableFunc(known, func(a, b []byte) int { return strings.Compare(from(b), from(a)) })
	return known
}

// before is the same day some years earlier, and of 29 February the 28th.
func before(day time.Time, years int) string {
	earlier := day.AddDate(-years, 0, 0)
	if earlier.Day() != day.Day() {
		earlier = earlier.AddDate(0, 0, -1)
	}
	return earlier.Format(time.DateOnly)
}

// lines makes those of one person.
func (x *run) lines(who string, record []byte, tables map[string]*table) {
	v, err := fhir.Parse(record)
	if err != nil {
		x.fault(who, -1, err.Error())
		return
	}
	made, faults := x.runner.Run(person, mapping.NewObject(v, who, 0))
	x.account.Faults = append(x.account.Faults, faults...)
	for _, m := range made {
		if cells, err := fhir.Parse(m.Body); err == nil {
			tables[m.Type].add(cells)
		}
	}
}
