package ctp

import (
	"crypto/sha256"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"cpagateway/consent/facts"
	"cpagateway/mapping"
	"cpagateway/profiles/fhir"
)

// A plan that is refused must not keep a refusal or a withdrawal from being heard:
// the older grant would stand until somebody mends the plan. So the wishes that
// can only take away are taken from it all the same. What grants waits.

// takesAway says which wishes can never let anybody see more than the same wish
// did before, and the status under which they are taken from a refused plan. The
// others wait: what grants, what lifts a refusal (a T2, T4 or T6 that is withdrawn),
// and a T6 that is refused, which would no longer exclude anything in a crisis. A
// grant entered in error is withdrawn, which is more than the silence that FHIR
// means by it.
var takesAway = map[wishKind]string{
	{"T1", "refused"}: "refused", {"T1", "withdrawn"}: "withdrawn", {"T1", "entered-in-error"}: "withdrawn",
	{"T2", "given"}: "given", {"T2", "refused"}: "refused",
	{"T3", "refused"}: "refused", {"T3", "withdrawn"}: "withdrawn", {"T3", "entered-in-error"}: "withdrawn",
	{"T4", "given"}: "given", {"T4", "refused"}: "refused",
	{"T5", "refused"}: "refused", {"T5", "withdrawn"}: "withdrawn", {"T5", "entered-in-error"}: "withdrawn",
	{"T6", "given"}: "given",
}

type wishKind struct{ template, status string }

var (
	templates = []string{"T1", "T2", "T3", "T4", "T5", "T6"}
	statuses  = []string{"given", "proposed", "refused", "withdrawn", "entered-in-error"}
	refusing  = []string{"T2", "T4", "T6"} // in whatever status that cannot be read
)

// kindOf reads a wish that may be malformed, and the status under which it is
// taken alone; "" where it is not. Of a refusing template a status that cannot be
// read is no reason to pass the refusal over; of a withdrawal, neither is the template.
func kindOf(directive mapping.Record) (kind wishKind, as string) {
	kind.template, _ = directive.Field("template")
	kind.status, _ = directive.Field("status")
	switch {
	case slices.Contains(refusing, kind.template) && !slices.Contains(statuses, kind.status):
		return kind, "given"
	case !slices.Contains(templates, kind.template) && (kind.status == "withdrawn" || kind.status == "refused"):
		return kind, "withdrawn"
	}
	return kind, takesAway[kind]
}

// wish is what a refused plan says that takes away.
type wish struct {
	made     mapping.Resource
	shortest mapping.Resource // in no more words than that it refuses or takes back
	asTold   fingerprint      // of what a sound plan would have made; zero where it could not
}

// wishes are what is taken from a plan that is refused.
func (x *extract) wishes(p plan) []wish {
	var found []wish
	for _, directive := range p.Group("directives") {
		kind, as := kindOf(directive)
		if as == "" || !lasting(directive) {
			continue
		}
		var w wish
		var ok bool
		if w.shortest, ok = x.first(p, shortened(directive, kind), facts.Uninterpretable.String()); !ok {
			continue
		}
		if w.made, ok = x.first(p, versions(directive, kind, as), kind.template); !ok {
			w.made = w.shortest
		}
		if told, ok := x.tell(p, directive); ok {
			w.asTold = sha256.Sum256(told.Body)
		}
		found = append(found, w)
	}
	return found
}

// lasting reports whether the key of a wish is one that a mended plan can have. Under
// any other the refusal would stand for ever.
func lasting(directive mapping.Record) bool {
	key, ok := directive.Field("key")
	return ok && key == strings.TrimSpace(key) && utf8.RuneCountInString(key) <= maxKey
}

// maxKey is how many characters a key may have, as in the schema.
const maxKey = 64

// versions are the ways to take a wish alone, the fullest first: malformed evidence
// keeps nothing out. A refusal is taken without its leaflet, for with one it could
// lift the refusal that it took the place of, and without its first and last day: a
// wrong one would end it. Of a T3 that is withdrawn there is none, since it refused routine
// sharing as well, which as told would be lifted.
func versions(directive mapping.Record, kind wishKind, as string) []mapping.Record {
	if kind.template == "T3" && as == "withdrawn" {
		return nil
	}
	wish := retold{directive, map[string]string{"status": as}}
	if as == "given" {
		wish.instead["leaflet"], wish.instead["from"], wish.instead["until"] = "", "", ""
	}
	return []mapping.Record{
		wish,
		retold{wish, map[string]string{"spoken": ""}},
		retold{wish, map[string]string{"spoken": "", "recorded": "", "givenBy": "", "representative": ""}},
	}
}

// shortened are the ways to say of a wish only that it refuses, or takes back. The
// Consent follows no template: in force it refuses everything, and no longer in
// force it takes back everything, for what it said cannot be told.
func shortened(directive mapping.Record, kind wishKind) []mapping.Record {
	status := "withdrawn"
	if slices.Contains(refusing, kind.template) {
		status = "given"
	}
	wish := retold{directive, map[string]string{"status": status}}
	return []mapping.Record{only{wish, []string{"key", "status", "givenBy", "recorded"}}, only{wish, []string{"key", "status"}}}
}

// first makes the first version that is read as the template.
func (x *extract) first(p plan, versions []mapping.Record, template string) (mapping.Resource, bool) {
	for _, version := range versions {
		made, ok := x.tell(p, version)
		if !ok {
			continue
		}
		// Without its date a wish would count as older than any grant that names it as
		// replaced by the same person: then its giver is left out too.
		d := read(made)
		if d.Template.String() == template && (!d.Recorded.IsZero() || d.Performer == "") {
			return made, true
		}
	}
	return mapping.Resource{}, false
}

// tell makes the Consent of one wish; false where it cannot be told so.
func (x *extract) tell(p plan, directive mapping.Record) (mapping.Resource, bool) {
	resources, faults := x.wishRunner.Run(source, alone{p, directive})
	if mapping.Refused(faults) || len(resources) != 1 || len(invalid(resources)) > 0 {
		return mapping.Resource{}, false
	}
	resources[0].Records = 0 // the plan is refused: nothing accounts for it
	return resources[0], true
}

// read reads a Consent as whoever decides will read it.
func read(r mapping.Resource) facts.Directive {
	value, _ := fhir.ParseResource(r.Body) // what cannot be read says nothing that anybody could use
	return facts.ReadDirective(value)
}

// hold keeps the wishes of a refused plan until the sound plans are taken: these
// may bring the person in, or a later word of the same wish.
func (x *extract) hold(found []wish, fragment func() []byte) {
	for _, w := range found {
		w.made.Fragment, w.shortest.Fragment = fragment, fragment
		other, known := x.held[w.made.Key]
		if known && string(other.made.Body) != string(w.made.Body) { // two words of one wish: neither is chosen
			w = wish{made: other.shortest, shortest: other.shortest}
		}
		x.held[w.made.Key] = w
	}
}

// giveWishes gives out what was held, except where a sound plan of the extract says
// the same, or says something else of a later date.
func (x *extract) giveWishes() error {
	for _, key := range slices.Sorted(maps.Keys(x.held)) {
		w := x.held[key]
		said, known := x.made[[2]string{w.made.Type, key}]
		at := read(w.made).Recorded
		if known && (said == w.asTold || !at.IsZero() && x.recorded[key].After(at)) {
			continue
		}
		if err := x.out.Take([]mapping.Resource{w.made}); err != nil {
			return err
		}
	}
	return nil
}

// alone is a plan with one wish and no other.
type alone struct {
	plan
	directive mapping.Record
}

// Group implements mapping.Record.
func (a alone) Group(name string) []mapping.Record {
	if name == "directives" {
		return []mapping.Record{a.directive}
	}
	return a.plan.Group(name)
}

// retold is a wish with other words in some of its fields; "" leaves one out.
type retold struct {
	mapping.Record
	instead map[string]string
}

// Field implements mapping.Record.
func (r retold) Field(name string) (string, bool) {
	first, _, _ := strings.Cut(name, ".")
	if text, ok := r.instead[first]; ok {
		return text, text != ""
	}
	return r.Record.Field(name)
}

// Group implements mapping.Record.
func (r retold) Group(name string) []mapping.Record {
	if text, ok := r.instead[name]; ok && text == "" {
		return nil
	}
	return r.Record.Group(name)
}

// only is a wish of which some fields are told and no more.
type only struct {
	mapping.Record
	fields []string
}

// Field implements mapping.Record.
func (o only) Field(name string) (string, bool) {
	if !slices.Contains(o.fields, name) {
		return "", false
	}
	return o.Record.Field(name)
}

// Group implements mapping.Record.
func (only) Group(string) []mapping.Record { return nil }
