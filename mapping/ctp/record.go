package ctp

import (
	"strings"
	"time"

	"cpagateway/mapping"
)

// plan is a document as the maps read it. Its one addition: a record of
// outcomes.services answers for the outcome it stands in (outcome.area), which
// the maps could not reach, since ^ steps from there to the plan.
type plan struct{ mapping.Object }

// sent is as of when the document says what it says of the plan.
func (p plan) sent() mapping.Sending {
	id, _ := mapping.Text(p, "id")
	text, _ := mapping.Text(p, "written")
	written, err := time.Parse(time.RFC3339Nano, text)
	if err != nil { // the schema has refused what is no instant: it does not say
		return mapping.Sending{}
	}
	return mapping.Sending{Of: id, At: mapping.SentAt(written)}
}

// name is the plan's own, and whose it is; empty where either is missing.
func (p plan) name() string {
	id, known := mapping.Text(p, "id")
	person, named := mapping.Text(p, "person.key")
	if !known || !named {
		return ""
	}
	return mapping.RecordName(id, person)
}

// Group implements mapping.Record.
func (p plan) Group(name string) []mapping.Record {
	if name != "outcomes.services" {
		return p.Object.Group(name)
	}
	var services []mapping.Record
	for _, outcome := range p.Object.Group("outcomes") {
		for _, record := range outcome.Group("services") {
			services = append(services, service{record, outcome})
		}
	}
	return services
}

type service struct {
	mapping.Record
	outcome mapping.Record
}

// Field implements mapping.Record.
func (s service) Field(f *mapping.Field) (string, bool) {
	if f.Of == "outcome" {
		return s.outcome.Field(f.Rest)
	}
	return s.Record.Field(f)
}

// At implements mapping.Record.
func (s service) At(name string) mapping.Position {
	if field, ok := strings.CutPrefix(name, "outcome."); ok {
		return s.outcome.At(field)
	}
	return s.Record.At(name)
}
