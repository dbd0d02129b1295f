package ctp

import (
	"context"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"cpagateway/mapping"
	"cpagateway/mapping/scratch"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// extract is one run over the plans of an extract.
type extract struct {
	format *Format
	out    mapping.Output
	runner *mapping.Runner
	report mapping.Report
	later  later // plans that are not in force, for the end
	memory memory

	wishRunner *mapping.Runner
}

func (f *Format) newExtract(env mapping.Env, out mapping.Output) *extract {
	x := &extract{format: f, out: out, later: later{scratch.NewList(env.Scratch)}, memory: memory{scratch.NewTable(env.Scratch)}}
	x.runner = f.program.Runner(env, &x.report)
	x.wishRunner = f.wishes.Runner(env, &mapping.Report{}) // of a refused plan nothing is counted
	return x
}

// read takes one plan, sets it aside, or keeps it for the end.
func (x *extract) read(e entry) error {
	if text := mapping.TooMuch(e.raw); text != "" {
		return x.refuse(e, plan{}, []mapping.Fault{{Rule: ruleJSON, Reason: text}})
	}
	document, err := fhir.Parse(e.raw)
	if err != nil {
		return x.refuse(e, plan{}, []mapping.Fault{{Rule: ruleJSON, Reason: err.Error()}})
	}
	p := plan{mapping.NewObject(document, e.file, e.row)}
	if p.isExtract() {
		return x.refuse(e, plan{}, []mapping.Fault{{At: p.At("complete"), Rule: ruleExtract, Reason: "an extract, which is not a whole plan: what it lacks would be taken for what is not so"}})
	}
	if faults := x.format.form(e.raw); len(faults) > 0 {
		return x.refuse(e, p, faults)
	}
	if faults := p.check(); len(faults) > 0 {
		return x.refuse(e, p, faults)
	}
	if !p.inForce() {
		return x.later.add(e)
	}
	return x.take(e, p)
}

// finish takes the plans that were kept for the end.
func (x *extract) finish(ctx context.Context) error {
	for e, err := range x.later.all() {
		if err := errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		document, err := fhir.Parse(e.raw)
		if err != nil {
			return err
		}
		if err := x.take(e, plan{mapping.NewObject(document, e.file, e.row)}); err != nil {
			return err
		}
	}
	return nil
}

// take maps one plan and gives out what it makes, all of it or nothing.
func (x *extract) take(e entry, p plan) error {
	resources, faults := x.runner.Run(source, p)
	if mapping.Refused(faults) {
		return x.refuse(e, p, faults)
	}
	resources, more := x.compare(p, resources)
	if err := x.memory.Err(); err != nil {
		return err
	}
	if faults = append(faults, more...); mapping.Refused(faults) {
		return x.refuse(e, p, faults)
	}
	if broken := invalid(resources); len(broken) > 0 {
		return x.refuse(e, p, broken)
	}
	for i, r := range resources {
		resources[i].Fragment = func() []byte { return e.raw }
		resources[i].Sent = p.sent()
		if !shared[r.Type] {
			resources[i].Of = p.name()
		}
		resources[i].Records = 0 // the runner leaves it to whichever is first
		if isMain(r) {
			resources[i].Records = 1
		}
		if r.Type == "Patient" {
			x.memory.meet(r.Key, p.identity())
		}
		if isMain(r) || shared[r.Type] {
			x.memory.keep(r)
		}
	}
	x.report.Taken++
	x.runner.LeftBehind(source, p, p.Value())
	for _, read := range []string{"version", "written"} { // by the schema, and by what is sent
		delete(x.report.LeftBehind, read)
	}
	if err := x.out.Take(resources); err != nil {
		return err
	}
	return x.setAside(e, "", append(faults, p.warnings()...), nil)
}

// refuse sets a whole plan aside.
func (x *extract) refuse(e entry, p plan, faults []mapping.Fault) error {
	x.report.Refused++
	of := p.name()
	if slices.ContainsFunc(faults, func(f mapping.Fault) bool { return f.Rule == ruleTwice || f.Rule == ruleOtherwise }) {
		of = "" // of two plans with one id, or two people with one key, nobody knows which is which
	}
	return x.setAside(e, of, faults, x.wishes(e, p))
}

// wishes are the Consents of a plan that is refused.
func (x *extract) wishes(e entry, p plan) []mapping.Resource {
	made := slices.DeleteFunc(x.wishRunner.Salvage(source, p), func(r mapping.Resource) bool { return !lasting(r.Key) })
	if len(made) == 0 {
		return nil
	}
	for i := range made {
		made[i].Fragment = func() []byte { return e.raw }
	}
	return made
}

// lasting reports whether the key of a wish is one that the mended plan can have
// too: what is stored under another would stay for ever.
func lasting(key string) bool {
	own := key[strings.LastIndexByte(key, '|')+1:]
	return utf8.RuneCountInString(own)-2*strings.Count(own, "%") <= maxKey // %25 and %7C stand for one character
}

// maxKey is how many characters a key may have, as in the schema.
const maxKey = 64

// setAside places faults in their file, with the plan to feed in again.
func (x *extract) setAside(e entry, of string, faults []mapping.Fault, consents []mapping.Resource) error {
	if len(faults) == 0 {
		return nil
	}
	for i := range faults {
		faults[i].At.File, faults[i].At.Row, faults[i].Raw, faults[i].Of = e.file, e.row, e.raw, of
	}
	return x.out.SetAside(faults, consents)
}

// invalid is what no check of the document saw and no store would take: a period
// that ends before it starts, say. Half a plan is never taken. Of a plan that is, all
// are checked.
func invalid(resources []mapping.Resource) []mapping.Fault {
	var faults []mapping.Fault
	for i, r := range resources {
		value, err := fhir.ParseResource(r.Body)
		if err != nil {
			faults = append(faults, mapping.Fault{Rule: ruleResource, Reason: r.Type + ": " + err.Error()})
			continue
		}
		issues := profiles.Check(value)
		resources[i].Checked = value
		fatal := slices.IndexFunc(issues, profiles.Issue.Fatal)
		if fatal >= 0 {
			faults = append(faults, mapping.Fault{Rule: ruleResource, Reason: "the plan would make a resource that is not valid: " + issues[fatal].Path + " " + issues[fatal].Text})
		}
	}
	return faults
}
