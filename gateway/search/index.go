package search

import (
	"slices"
	"strings"

	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// IndexRules numbers the rules that Index works by: what a store keeps beside its rows,
// to tell which were made by older rules. It is raised with every change of what Index
// makes of a resource; a test holds it.
const IndexRules = 4

// Index takes the rows of the search index from a resource. Days without an
// offset are days in Europe/London. What cannot be read gives no row: it is found by
// nothing. _id and _lastUpdated belong to the store, which adds their rows.
func Index(r fhir.Value) []Entry {
	x := indexer{seen: make(map[Entry]bool)}
	x.labels(r)
	for _, spec := range Definitions(r.Type()) {
		for _, path := range spec.Paths {
			x.path(r, spec, strings.Split(path, "."))
		}
	}
	return x.entries
}

type indexer struct {
	entries []Entry
	seen    map[Entry]bool // the same code in a hundred activities is one row
}

func (x *indexer) add(e Entry) {
	if !x.seen[e] {
		x.seen[e] = true
		x.entries = append(x.entries, e)
	}
}

// labels are the rows of meta as it is released, which is not as it is stored:
// every answer carries the same labels, and only our own profile is named.
// Searching by what is stored would tell what the answer does not.
func (x *indexer) labels(r fhir.Value) {
	typ := r.Type()
	if len(Definitions(typ)) == 0 {
		return
	}
	for _, param := range []string{"_security", "_tag"} {
		x.add(Entry{Param: param, Kind: Token, System: profiles.SystemConfidentiality, Code: profiles.CodeRestricted})
	}
	x.add(Entry{Param: "_security", Kind: Token, System: profiles.SystemActCode, Code: profiles.CodeMentalHealth})
	x.add(Entry{Param: "_security", Kind: Token, System: profiles.SystemActCode, Code: profiles.CodePsychiatry})
	if fhir.HasCode(r.Find("meta", "security"), profiles.SystemConfidentiality, profiles.CodeVeryRestricted) {
		x.add(Entry{Param: "_security", Kind: Token, System: profiles.SystemConfidentiality, Code: profiles.CodeVeryRestricted, Need: profiles.SetOf(profiles.RestrictedVery)})
	}
	for profile := range r.All("meta", "profile") {
		if profile.Text() == profiles.Profile(typ) {
			x.add(Entry{Param: "_profile", Kind: URI, Text: profiles.Profile(typ)})
		}
	}
}

// path takes rows from every value at a path; what the element at its head
// needs, its rows need.
func (x *indexer) path(r fhir.Value, spec Definition, path []string) {
	for part := range r.Get(path[0]).Each() {
		row := Entry{Param: spec.Name, Kind: spec.Kind, Need: profiles.PartItems(r, path[0], part)}
		for v := range part.All(path[1:]...) {
			switch spec.Kind {
			case Token:
				x.token(row, spec, v)
			case Reference:
				x.reference(row, spec, v)
			case Date:
				x.date(row, v)
			}
		}
	}
}

// token takes a code, Coding, CodeableConcept or Identifier.
func (x *indexer) token(row Entry, spec Definition, v fhir.Value) {
	if value := v.Get("value").Text(); value != "" {
		row.System, row.Code = profiles.NormalIdentifier(v.Get("system").Text(), value)
		x.add(row)
		return
	}
	for system, code := range fhir.Codes(v) {
		if v.Kind() == fhir.String {
			system = spec.System
		}
		row.System, row.Code = profiles.NormalIdentifier(system, code)
		x.add(row)
	}
}

// reference takes what a reference says, as Type/id and as an identifier. One
// to another server, to a contained resource or to a type that the parameter
// does not look for gives no row.
func (x *indexer) reference(row Entry, spec Definition, v fhir.Value) {
	typ, id, _ := strings.Cut(v.Get("reference").Text(), "/")
	id, _, _ = strings.Cut(id, "/_history/")
	if slices.Contains(spec.Targets, typ) && fhir.IsID(id) {
		named := row
		named.Ref = typ + "/" + id
		x.add(named)
	}
	if value := v.Find("identifier", "value").Text(); value != "" && slices.Contains(spec.Modifiers, "identifier") {
		row.Kind = Token
		row.System, row.Code = profiles.NormalIdentifier(v.Find("identifier", "system").Text(), value)
		x.add(row)
	}
}

// date takes a date, dateTime or instant, a Period, or the outer limits of a Timing.
func (x *indexer) date(row Entry, v fhir.Value) {
	if v.Kind() == fhir.String {
		from, until, err := fhir.Interval(v.Text(), profiles.London)
		if err == nil {
			row.From, row.Until = from, until
			x.add(row)
		}
		return
	}
	if bounds := v.Find("repeat", "boundsPeriod"); bounds.Exists() {
		v = bounds
	}
	if x.span(&row, v.Get("event")) || x.period(&row, v) {
		x.add(row)
	}
}

// period fills in a Period. A side that is missing is open; one that cannot be
// read, or ends that cross, make it no period at all.
func (x *indexer) period(row *Entry, v fhir.Value) bool {
	start, end := v.Get("start"), v.Get("end")
	if !start.Exists() && !end.Exists() {
		return false
	}
	var err error
	if start.Exists() {
		if row.From, _, err = fhir.Interval(start.Text(), profiles.London); err != nil {
			return false
		}
	}
	if end.Exists() {
		if _, row.Until, err = fhir.Interval(end.Text(), profiles.London); err != nil {
			return false
		}
	}
	return !start.Exists() || !end.Exists() || row.From.Before(row.Until)
}

// span fills in the time from the first of several dates to the last.
func (x *indexer) span(row *Entry, dates fhir.Value) bool {
	found := false
	for date := range dates.Each() {
		from, until, err := fhir.Interval(date.Text(), profiles.London)
		if err != nil {
			continue
		}
		if !found || from.Before(row.From) {
			row.From = from
		}
		if !found || until.After(row.Until) {
			row.Until = until
		}
		found = true
	}
	return found
}
