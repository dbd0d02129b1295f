// Package tasks asks somebody to choose, where only a person can: by FHIR Tasks for the
// care coordinator in the custodian's own record.
package tasks

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/language"

	"cpagateway/consent"
	"cpagateway/consent/agreements"
	"cpagateway/consent/facts"
	"cpagateway/gateway/records"
	"cpagateway/gateway/store"
	"cpagateway/gateway/texts"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// Type is the type of what is asked by.
const Type = "Task"

// Source names what the gateway itself writes into a record, as a source names itself in
// an import.
const Source = "gateway"

// The statuses of a Task: asked, and answered in one of two ways.
const (
	Requested = "requested"
	Completed = "completed" // what the source sent is put in the place of what stands
	Rejected  = "rejected"  // what stands stays
)

// Decide is whether the gateway may write a resource of a type into a custodian's record of
// somebody, on its behalf.
func Decide(typ string, register *agreements.Register, at time.Time, custodian profiles.OrgCode, person profiles.PersonID) consent.Decision {
	return consent.Decide(consent.Request{
		Caller: consent.Caller{Client: Source, Organisation: custodian}, Action: consent.Import, Type: typ, At: at, Register: register,
		Person: &facts.Person{ID: person, Custodian: custodian}, Source: custodian,
	})
}

// Raised is a Task that was put; the zero Raised where it had been raised before.
type Raised struct {
	consent.Accepted
	Number uint64 // of the version
}

// task is what is written of a Task.
type task struct {
	id, code string
	about    records.Version // the record that it is about
	record   fhir.Value      // the same, read
	source   string          // whose words it brings, if it does
	said     func(language.Tag) string
	excerpts []excerpt
	notes    []note
}

// note is a text with its heading and its author.
type note struct {
	heading texts.Key
	by      profiles.OrgCode
	lines   []string
}

// put keeps the Task. One that was raised before, whatever came of it, is not raised again.
func (t task) put(tx store.Tx, at time.Time, decision consent.Decision) (Raised, error) {
	_, err := tx.Current(Type, t.id)
	if !errors.Is(err, records.ErrNothing) {
		return Raised{}, err
	}
	people, err := Addressees(tx, t.about.Person, t.about.Custodian)
	if err != nil {
		return Raised{}, err
	}
	resource, err := fhir.ParseResource(t.write(at, people))
	if err != nil {
		return Raised{}, err
	}
	accepted, err := decision.Accept(consent.Change{Type: Type, ID: t.id, Person: t.about.Person, Resource: resource, Source: Source})
	if err != nil {
		return Raised{}, err
	}
	result, err := tx.Put(at, accepted, records.Absent())
	return Raised{accepted, result.Number}, err
}

// write writes the Task. The excerpts say what must be granted to see it; they are never
// copied into an answer.
func (t task) write(at time.Time, people People) []byte {
	w := fhir.NewWriter(make([]byte, 0, 4096))
	w.BeginObject()
	w.Member("resourceType", Type)
	w.Member("id", t.id)
	t.meta(w)
	w.Name("contained")
	w.BeginArray()
	for _, e := range t.excerpts {
		e.write(w, t.record)
	}
	w.EndArray()
	w.Member("status", Requested)
	w.Member("intent", "proposal")
	w.Name("code")
	coded(w, profiles.SystemDuty, t.code)
	inBoth(w, "description", t.said)
	reference(w, "focus", t.about.Type+"/"+t.about.ID)
	reference(w, "for", profiles.SubjectOf(t.record).Get("reference").Text())
	w.Member("authoredOn", at.UTC().Format(time.RFC3339))
	w.Name("performerType")
	w.BeginArray()
	coded(w, profiles.SystemSNOMED, profiles.CodeCareCoordinator)
	w.EndArray()
	if len(people.Coordinators) == 1 {
		reference(w, "owner", people.Coordinators[0])
	}
	w.Name("note")
	w.BeginArray()
	for _, n := range t.notes {
		n.write(w)
	}
	w.EndArray()
	w.EndObject()
	return w.Bytes()
}

// meta has whose words the Task brings, and what restricts the record as a whole.
func (t task) meta(w *fhir.Writer) {
	security := t.record.Find("meta", "security")
	if t.source == "" && !security.Exists() {
		return
	}
	w.Name("meta")
	w.BeginObject()
	w.Member("source", t.source)
	if security.Exists() {
		w.Name("security")
		w.Value(security)
	}
	w.EndObject()
}

func (n note) write(w *fhir.Writer) {
	w.BeginObject()
	w.Name("authorReference")
	w.BeginObject()
	w.Name("identifier")
	w.BeginObject()
	w.Member("system", profiles.SystemODS)
	w.Member("value", string(n.by))
	w.EndObject()
	w.EndObject()
	lines := n.lines
	if len(lines) == 0 {
		lines = []string{texts.TaskNoPart.In(texts.English) + " / " + texts.TaskNoPart.In(texts.Welsh)}
	}
	w.Member("text", fmt.Sprintf("**%s / %s**\n\n* %s", n.heading.In(texts.English), n.heading.In(texts.Welsh), strings.Join(lines, "\n* ")))
	w.EndObject()
}

func coded(w *fhir.Writer, system, code string) {
	w.BeginObject()
	w.Name("coding")
	w.BeginArray()
	w.BeginObject()
	w.Member("system", system)
	w.Member("code", code)
	w.Member("display", profiles.Display(system, code, texts.English))
	w.EndObject()
	w.EndArray()
	w.EndObject()
}

func reference(w *fhir.Writer, name, to string) {
	if to == "" {
		return
	}
	w.Name(name)
	w.BeginObject()
	w.Member("reference", to)
	w.EndObject()
}

// inBoth writes a text in English, with its translation.
func inBoth(w *fhir.Writer, name string, in func(language.Tag) string) {
	w.Member(name, in(texts.English))
	w.Name("_" + name)
	w.BeginObject()
	w.Name("extension")
	w.BeginArray()
	w.BeginObject()
	w.Name("extension")
	w.BeginArray()
	w.BeginObject()
	w.Member("url", "lang")
	w.Member("valueCode", texts.Welsh.String())
	w.EndObject()
	w.BeginObject()
	w.Member("url", "content")
	w.Member("valueString", in(texts.Welsh))
	w.EndObject()
	w.EndArray()
	w.Member("url", profiles.ExtTranslation)
	w.EndObject()
	w.EndArray()
	w.EndObject()
}
