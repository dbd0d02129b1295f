package road

import (
	"errors"
	"strings"

	"cpagateway/consent"
	"cpagateway/gateway/authored"
	"cpagateway/gateway/records"
	"cpagateway/gateway/tasks"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
	"cpagateway/profiles/merge"
)

// choose carries out what an answer to a Task chooses, in the transaction of the answer; it
// says why it does not. Of any other resource there is nothing to choose.
func (e *edit) choose() (*Fault, error) {
	if e.ask.Type != tasks.Type {
		return nil, nil
	}
	after, err := fhir.ParseResource(e.made.Resource)
	if err != nil {
		return nil, err
	}
	chosen, ok := tasks.Chosen(e.resource, after, e.made.Edits)
	switch {
	case e.current.Source != authored.Source: // one that a source sent, or that was answered
		return faultNotYours, nil
	case !ok:
		return faultNoChoice, nil
	case chosen == tasks.Completed && tasks.Brings(e.resource):
		return e.carry()
	}
	return nil, nil
}

// carry puts what the source sent in the place of what stands, as a change that the caller
// makes of that record, with the source as its author.
func (e *edit) carry() (*Fault, error) {
	typ, id, _ := strings.Cut(e.resource.Find("focus", "reference").Text(), "/")
	current, err := e.tx.Current(typ, id)
	if err = orNothing(err); err != nil {
		return nil, err
	}
	if current.Number == 0 || current.Deleted || current.Person != e.person || current.Custodian != e.decision.Source() {
		return faultMoved, nil
	}
	before, err := fhir.ParseResource(current.Body)
	if err != nil {
		return nil, err
	}
	made, err := tasks.Carry(e.resource, before)
	switch {
	case errors.Is(err, tasks.ErrMoved):
		return faultMoved, nil
	case err != nil || len(made.Edits) == 0: // somebody has written it there already
		return nil, err
	}
	return e.putCarried(typ, id, current, before, made)
}

func (e *edit) putCarried(typ, id string, current records.Version, before fhir.Value, made merge.Merged) (*Fault, error) {
	after, err := fhir.ParseResource(made.Resource)
	if err != nil {
		return nil, err
	}
	asked := e.asked
	asked.Type = typ
	decision := consent.Decide(asked.For(asked.Source, asked.Person))
	if decision.Outcome() == consent.Deny || !decision.Carries(before, after, members(made.Edits)) || profiles.Fatal(profiles.Check(after)) {
		return faultNotYours, nil
	}
	accepted, err := decision.Accept(consent.Change{Type: typ, ID: id, Person: e.person, Custodian: decision.Source(), Resource: after, Source: tasks.SourceOf(e.resource)})
	if err != nil {
		return nil, err
	}
	e.also = append(e.also, decision)
	return nil, e.keepUnder(decision, accepted, records.AtVersion(current.Number))
}

// members are edits of a record by who keeps it, to whom it is all one who wrote what.
func members(edits []merge.Edit) []consent.Part {
	parts := make([]consent.Part, len(edits))
	for i, made := range edits {
		parts[i] = consent.Part{Member: made.Member, Was: made.Was}
	}
	return parts
}
