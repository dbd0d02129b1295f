package bundle

import (
	"context"
	"regexp"
	"slices"

	"cpagateway/mapping"
	"cpagateway/mapping/scratch"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// pass says which records one way through the extract takes.
type pass uint8

const (
	patients pass = iota
	others
)

// extract is a folder of files, or one fragment, on its way in.
type extract struct {
	env    mapping.Env
	out    mapping.Output
	report mapping.Report
	pass   pass
	unit   int // number of the document in this pass
	given  int // records of it that were given out
	ahead  int // records that the first pass leaves to the second
	memory memory
}

func newExtract(env mapping.Env, out mapping.Output) *extract {
	return &extract{env: env, out: out, memory: memory{table: scratch.NewTable(env.Scratch)}}
}

// document brings in the records of one document that this pass is for.
func (x *extract) document(ctx context.Context, at mapping.Position, text []byte) error {
	d, fault := readDocument(at, text)
	if fault != nil {
		if x.pass == patients {
			x.ahead++
			return nil
		}
		x.report.Read++
		x.report.Refused++
		return x.out.SetAside([]mapping.Fault{*fault}, nil)
	}
	x.unit++
	x.given = 0
	d.identify()
	if x.pass == patients {
		x.noteDirectory(d)
	} else {
		x.leaveMembers("Bundle", d.shell, "resourceType", "type", "entry")
	}
	for _, e := range d.entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := x.entry(d, e); err != nil {
			return err
		}
	}
	return nil
}

// entry brings one entry in, if it is this pass's.
func (x *extract) entry(d *document, e *entry) error {
	isPatient := e.self.typ == "Patient"
	_, isPointer := e.pointer()
	switch {
	case isPointer, isPatient && x.pass == others:
		return nil
	case !isPatient && x.pass == patients:
		if !d.outcome(e) && !e.isAnswer() {
			x.ahead++
		}
		return nil
	case d.outcome(e):
		x.report.Leave("Bundle.entry.resource(OperationOutcome)", 1)
		return nil
	case e.isAnswer():
		x.leaveMembers("Bundle.entry", e.value, "fullUrl")
		return nil
	}
	return x.give(d, e)
}

// noteDirectory remembers the identifiers of Patients, staff and organisations for
// the whole extract: Synthea writes staff into files of their own, others the Patients,
// and refer to them by identifier from every other.
func (x *extract) noteDirectory(d *document) {
	for _, e := range d.entries {
		if e.self.typ == "Patient" || profiles.DirectoryType(e.self.typ) {
			for name := range e.conditionals() {
				x.memory.giveName(name, e.self)
			}
		}
	}
}

// leaveMembers counts the members of a Bundle or entry that are about that alone
// and that nothing here reads.
func (x *extract) leaveMembers(path string, v fhir.Value, read ...string) {
	for name := range v.Members() {
		if !memberName.MatchString(name) {
			name = "?"
		}
		if !slices.Contains(read, name) {
			x.report.Leave(path+"."+name, 1)
		}
	}
}

// memberName is what may be told of: other names could hold anything.
var memberName = regexp.MustCompile(`^_?[A-Za-z]{1,40}$`)
