// Package tasks asks somebody to choose, where only a person can: by FHIR Tasks for the
// care coordinator in the custodian's own record.
package tasks

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/language"

	"cpagateway/consent"
	"cpagateway/gateway/records"
	"cpagateway/gateway/store"
	"cpagateway/gateway/texts"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
	"cpagateway/profiles/merge"
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

// The ids of a Task's two excerpts, of which one has a part as it stands, and the other as
// the source sent it.
const (
	stands = "stands"
	sent   = "sent"
)

// Clash is a part that a source has changed and somebody else too.
type Clash struct {
	merge.Clash
	Record records.Version // as it stood when the source was read
	Source string
}

// Key is the same for the same two texts of the same part, whenever they meet.
func (c Clash) Key() string {
	h := sha256.New()
	for _, text := range [][]byte{[]byte(c.Record.Type), []byte(c.Record.ID), []byte(c.Member), c.Mine.Raw(), c.Theirs.Raw()} {
		h.Write(text)
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Raise keeps the Task of a clash under an id, with the change of the record that it is
// about. One that was raised before, whatever came of it, is not raised again.
func (c Clash) Raise(tx store.Tx, at time.Time, id string, decision consent.Decision) error {
	_, err := tx.Current(Type, id)
	if !errors.Is(err, records.ErrNothing) {
		return err
	}
	record, err := fhir.ParseResource(c.Record.Body)
	if err != nil {
		return err
	}
	by, err := c.standing(tx)
	if err != nil {
		return err
	}
	people, err := Addressees(tx, c.Record.Person, c.Record.Custodian)
	if err != nil {
		return err
	}
	task, err := fhir.ParseResource(c.write(record, id, at, by, people))
	if err != nil {
		return err
	}
	accepted, err := decision.Accept(consent.Change{Type: Type, ID: id, Person: c.Record.Person, Resource: task, Source: Source})
	if err != nil {
		return err
	}
	_, err = tx.Put(at, accepted, records.Absent())
	return err
}

// standing is who wrote what stands, or ended it.
func (c Clash) standing(now store.Snapshot) (profiles.OrgCode, error) {
	history, err := now.History(c.Record.Type, c.Record.ID)
	if err != nil {
		return "", err
	}
	past := records.PastOf(history)
	if c.Theirs.Exists() {
		return past.Author(c.Member, c.Theirs), nil
	}
	return past.Ender(c.Member, c.Was), nil
}

// write writes the Task. The excerpts are what it is answered by, and say what must be
// granted to see it; they are never copied into an answer.
func (c Clash) write(record fhir.Value, id string, at time.Time, by profiles.OrgCode, people People) []byte {
	w := fhir.NewWriter(make([]byte, 0, 4096))
	w.BeginObject()
	w.Member("resourceType", Type)
	w.Member("id", id)
	w.Name("meta")
	w.BeginObject()
	w.Member("source", c.Source)
	if security := record.Find("meta", "security"); security.Exists() {
		w.Name("security")
		w.Value(security)
	}
	w.EndObject()
	w.Name("contained")
	w.BeginArray()
	c.excerpt(w, record, stands, c.Theirs)
	c.excerpt(w, record, sent, c.Mine)
	w.EndArray()
	w.Member("status", Requested)
	w.Member("intent", "proposal")
	concept(w, "code", profiles.SystemDuty, profiles.CodeDutyClash)
	inBoth(w, "description", func(lang language.Tag) string { return texts.TaskClash.In(lang, c.Source) })
	reference(w, "focus", c.Record.Type+"/"+c.Record.ID)
	reference(w, "for", profiles.SubjectOf(record).Get("reference").Text())
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
	note(w, texts.TaskStands, by, c.words(c.Theirs))
	note(w, texts.TaskSent, c.Record.Custodian, c.words(c.Mine))
	w.EndArray()
	w.EndObject()
	return w.Bytes()
}

// heads are the members that say what a resource needs as a whole.
var heads = map[string]bool{
	"status": true, "_status": true, "intent": true, "_intent": true, "lifecycleStatus": true, "_lifecycleStatus": true, "category": true, "type": true,
	"code": true, "subject": true, "patient": true, "implicitRules": true, "modifierExtension": true, "extension": true,
}

// excerpt writes a resource with what makes its label and, of the member that the clash is
// about, one part alone.
func (c Clash) excerpt(w *fhir.Writer, record fhir.Value, id string, part fhir.Value) {
	w.BeginObject()
	w.Member("resourceType", c.Record.Type)
	w.Member("id", id)
	for name, member := range record.Members() {
		switch {
		case name == c.Member || !heads[name]:
		case name == "extension":
			list(w, name, marks(member))
		default:
			w.Name(name)
			w.Value(member)
		}
	}
	if part.Kind() == fhir.Object && c.inList(record) {
		list(w, c.Member, append(c.beside(record), part))
	} else if part.Exists() {
		w.Name(c.Member)
		w.Value(part)
	} else if others := c.beside(record); len(others) > 0 {
		list(w, c.Member, others)
	}
	w.EndObject()
}

// inList reports whether the part is one of a list.
func (c Clash) inList(record fhir.Value) bool {
	shape, _ := profiles.ShapeOf(c.Record.Type)
	element, known := shape.Child(c.Member)
	return known && element.Many || record.Get(c.Member).Kind() == fhir.Array
}

// beside are the other parts of a list that makes the label: without them it would be
// another.
func (c Clash) beside(record fhir.Value) (others []fhir.Value) {
	if !heads[c.Member] {
		return nil
	}
	for part := range record.Get(c.Member).Each() {
		if !fhir.Alike(part, c.Theirs) {
			others = append(others, part)
		}
	}
	return others
}

// marks are the extensions that restrict a resource as a whole.
func marks(extensions fhir.Value) (list []fhir.Value) {
	for ext := range extensions.Each() {
		if ext.Get("url").Is(profiles.ExtRestriction) {
			list = append(list, ext)
		}
	}
	return list
}

func list(w *fhir.Writer, name string, elements []fhir.Value) {
	if len(elements) == 0 {
		return
	}
	w.Name(name)
	w.BeginArray()
	for _, one := range elements {
		w.Value(one)
	}
	w.EndArray()
}

// note writes one of the two texts, with its author.
func note(w *fhir.Writer, heading texts.Key, by profiles.OrgCode, lines []string) {
	w.BeginObject()
	w.Name("authorReference")
	w.BeginObject()
	w.Name("identifier")
	w.BeginObject()
	w.Member("system", profiles.SystemODS)
	w.Member("value", string(by))
	w.EndObject()
	w.EndObject()
	if len(lines) == 0 {
		lines = []string{texts.TaskNoPart.In(texts.English) + " / " + texts.TaskNoPart.In(texts.Welsh)}
	}
	w.Member("text", fmt.Sprintf("**%s / %s**\n\n* %s", heading.In(texts.English), heading.In(texts.Welsh), strings.Join(lines, "\n* ")))
	w.EndObject()
}

func concept(w *fhir.Writer, name, system, code string) {
	w.Name(name)
	coded(w, system, code)
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
