// Package tasks asks somebody to choose, where only a person can: by FHIR Tasks for the
// care coordinator in the custodian's own record.
package tasks

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/language"

	"cpagateway/consent"
	"cpagateway/gateway/authored"
	"cpagateway/gateway/records"
	"cpagateway/gateway/store"
	"cpagateway/gateway/texts"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// Type is the type of what is asked by.
const Type = "Task"

// The statuses of a Task: asked, and answered in one of two ways.
const (
	Requested = "requested"
	Completed = "completed" // what the source sent is put in the place of what stands
	Rejected  = "rejected"  // what stands stays
)

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

// put keeps the Task. The excerpts say what must be granted to see it; they are never copied
// into an answer.
func (t task) put(tx store.Tx, at time.Time, decision consent.Decision) (authored.Kept, error) {
	return authored.Resource{
		Type: Type, ID: t.id, Person: t.about.Person, Custodian: t.about.Custodian, Patient: profiles.SubjectOf(t.record).Get("reference").Text(),
		Members: func(w *fhir.Writer, people authored.People) {
			t.meta(w)
			w.Name("contained").Array(func() {
				for _, e := range t.excerpts {
					e.write(w, t.record)
				}
			})
			w.Member("status", Requested)
			w.Member("intent", "proposal")
			authored.Concept(w.Name("code"), profiles.SystemDuty, t.code)
			inBoth(w, "description", t.said)
			authored.Reference(w.Name("focus"), t.about.Type+"/"+t.about.ID)
			authored.Reference(w.Name("for"), people.Patient)
			w.Member("authoredOn", at.UTC().Format(time.RFC3339))
			w.Name("performerType").Array(func() { authored.Concept(w, profiles.SystemSNOMED, profiles.CodeCareCoordinator) })
			if len(people.Coordinators) == 1 {
				authored.Reference(w.Name("owner"), people.Coordinators[0])
			}
			w.Name("note").Array(func() {
				for _, n := range t.notes {
					n.write(w)
				}
			})
		},
	}.Keep(tx, at, decision)
}

// meta has whose words the Task brings, and what restricts the record as a whole.
func (t task) meta(w *fhir.Writer) {
	security := t.record.Find("meta", "security")
	if t.source == "" && !security.Exists() {
		return
	}
	w.Name("meta").Object(func() {
		w.Member("source", t.source)
		if security.Exists() {
			w.Name("security").Value(security)
		}
	})
}

func (n note) write(w *fhir.Writer) {
	lines := n.lines
	if len(lines) == 0 {
		lines = []string{texts.TaskNoPart.In(texts.English) + " / " + texts.TaskNoPart.In(texts.Welsh)}
	}
	w.Object(func() {
		w.Name("authorReference").Object(func() {
			w.Name("identifier").Object(func() {
				w.Member("system", profiles.SystemODS)
				w.Member("value", string(n.by))
			})
		})
		w.Member("text", fmt.Sprintf("**%s / %s**\n\n* %s", n.heading.In(texts.English), n.heading.In(texts.Welsh), strings.Join(lines, "\n* ")))
	})
}

// inBoth writes a text in English, with its translation.
func inBoth(w *fhir.Writer, name string, in func(language.Tag) string) {
	extension := func(url, kind, value string) {
		w.Object(func() {
			w.Member("url", url)
			w.Member(kind, value)
		})
	}
	w.Member(name, in(texts.English))
	w.Name("_" + name).Object(func() {
		w.Name("extension").Array(func() {
			w.Object(func() {
				w.Name("extension").Array(func() {
					extension("lang", "valueCode", texts.Welsh.String())
					extension("content", "valueString", in(texts.Welsh))
				})
				w.Member("url", profiles.ExtTranslation)
			})
		})
	})
}
