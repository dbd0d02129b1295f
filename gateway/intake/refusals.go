package intake

import (
	"context"
	"errors"

	"cpagateway/consent"
	"cpagateway/consent/facts"
	"cpagateway/gateway/records"
	"cpagateway/mapping"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// takeRefusals takes, out of a record that is set aside, the wishes that can
// only narrow what anybody sees: a withdrawal must not wait until somebody has
// mended what it came with (consent.md §8). They go to the person whose record
// the source's Patient was before. It says how many it took.
func (r *run) takeRefusals(made []mapping.Resource) (int, error) {
	kept := 0
	for _, m := range made {
		if m.Type != "Consent" {
			continue
		}
		p, ok, err := r.refusal(m)
		if err != nil {
			return kept, err
		}
		if ok {
			r.pending = append(r.pending, p)
			kept++
		}
	}
	return kept, nil
}

// refusal accepts one wish by itself, where it never widens.
func (r *run) refusal(m mapping.Resource) (pending, bool, error) {
	resource, err := fhir.ParseResource(m.Body)
	if err != nil || profiles.Fatal(profiles.Check(resource)) {
		return pending{}, false, nil // no wish that anybody could read
	}
	person, err := r.Records.PersonOf(r.ctx, "Patient", r.ids.resource("Patient", m.Person))
	if errors.Is(err, records.ErrNothing) || err == nil && person == "" {
		return pending{}, false, nil // nobody's: then no grant stands either
	}
	if err != nil {
		return pending{}, false, err
	}
	before, err := r.recorded(r.ctx, person, m.ID)
	if err != nil || !facts.ReadDirective(resource).NeverWidens(before) {
		return pending{}, false, err
	}
	accepted, err := r.decide(m.Type, person).Accept(consent.Change{Type: m.Type, ID: m.ID, Person: person, Resource: resource, Source: r.source.Name})
	m.Records = 0 // the record it came in is set aside, and counted there
	return pending{accepted, m}, err == nil, nil
}

// recorded is the wish that is kept under an id, nil for none.
func (r *run) recorded(ctx context.Context, person profiles.PersonID, id string) (*facts.Directive, error) {
	dossier, err := r.Records.Dossier(ctx, person)
	if err != nil {
		return nil, err
	}
	for _, fact := range dossier.Facts {
		if fact.Type != "Consent" || fact.ID != id {
			continue
		}
		resource, err := fhir.ParseResource(fact.Body)
		if err != nil {
			return nil, err
		}
		d := facts.ReadDirective(resource)
		return &d, nil
	}
	return nil, nil
}
