package records

import (
	"fmt"

	"cpagateway/consent"
	"cpagateway/consent/disclosure"
	"cpagateway/consent/facts"
	"cpagateway/gateway/search"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// Rules numbers the rules that Derive works by: those of labels and of what counts
// as a change, of facts, and of the search index. A version that was derived by others
// is outdated until Reindex has come to it.
const Rules = profiles.LabelRules*1e9 + disclosure.ChangeRules*1e6 + facts.Rules*1e3 + search.IndexRules

// Derived is what a store works out of a version, to find it and to judge it by.
type Derived struct {
	Label   profiles.Label
	Changes []profiles.Label // to whom it is a new version (see Scope.Notices)
	Status  string           // where everybody who sees the resource sees its status
	Spans   []Span           // what it sorts by

	// What follows matters only while it is the current version.
	Entries     []search.Entry
	Identifiers []Identifier    // of a Patient
	Compiled    *facts.Compiled // nil where decisions need nothing of its type
}

// Reading is what a resource says by itself, read before it is put.
type Reading struct {
	of        fhir.Value
	custodian profiles.OrgCode
	derived   Derived // without Changes
}

// ReadAhead reads what Derive makes of a resource whatever was there before, so that the
// transaction which puts it has no more to do than what it must.
func ReadAhead(custodian profiles.OrgCode, resource fhir.Value) *Reading {
	d := Derived{Label: profiles.Items(resource), Status: statusOf(resource), Entries: search.Index(resource)}
	d.Spans = Spans(resource.Type(), d.Entries)
	if resource.Type() == "Patient" {
		d.Identifiers = Identifiers(resource)
	}
	if facts.Compiles(resource.Type()) {
		compiled := facts.Compile(custodian, resource)
		d.Compiled = &compiled
	}
	return &Reading{of: resource, custodian: custodian, derived: d}
}

// Put is an accepted change, with what was read of it ahead, if anything.
type Put struct {
	consent.Accepted
	Ahead *Reading
}

// read is what was read ahead of what is put, and of nothing else.
func (p Put) read() *Reading {
	if r := p.Ahead; r != nil && r.of == p.Resource() && r.custodian == p.Custodian() {
		return r
	}
	return nil
}

// Step is a version and the one before it, read.
type Step struct {
	ahead         *Reading // of after; nil: it is still to be read
	version       Version
	before, after fhir.Value // absent where there is none, or it says that the resource is deleted
}

// StepTo reads a version and the one before it, the zero Version for the first.
func StepTo(before, after Version) (Step, error) {
	s := Step{version: after}
	var err error
	if s.before, err = before.read(); err != nil {
		return s, err
	}
	s.after, err = after.read()
	return s, err
}

// StepBy is the step that a change makes: it holds what was read already.
func StepBy(p Put, before, after Version) (Step, error) {
	was, err := before.read()
	return Step{ahead: p.read(), version: after, before: was, after: p.Resource()}, err
}

// Compares reports whether Derive looks at the targets of references: the first version
// of a resource is a new one to everybody, and so is one that says it is no more.
func (s Step) Compares() bool { return s.before.Exists() && s.after.Exists() }

func (v Version) read() (fhir.Value, error) {
	if v.Number == 0 || v.Deleted {
		return fhir.Value{}, nil
	}
	resource, err := fhir.ParseResource(v.Body)
	if err != nil {
		return fhir.Value{}, fmt.Errorf("reading version %d of a %s: %w", v.Number, v.Type, err)
	}
	return resource, nil
}

// References are those of both versions, each once: what they lead to is among
// the targets that Derive wants. Where that changes, so may what was derived.
func (s Step) References() []string {
	var refs []string
	seen := make(map[string]bool)
	for _, r := range []fhir.Value{s.before, s.after} {
		for ref := range fhir.References(r) {
			if text := ref.Text(); !seen[text] {
				seen[text] = true
				refs = append(refs, text)
			}
		}
	}
	return refs
}

// Derive works out what the version is found and judged by. A deletion is noticed by
// whoever saw the resource.
func (s Step) Derive(targets map[string]disclosure.Target) Derived {
	v := s.version
	if v.Deleted {
		was := profiles.Items(s.before)
		return Derived{Label: was, Changes: []profiles.Label{was}}
	}
	if s.ahead == nil {
		s.ahead = ReadAhead(v.Custodian, s.after)
	}
	d := s.ahead.derived
	d.Changes = disclosure.Changes(s.before, s.after, v.Person, targets)
	return d
}
