package intake

import (
	"context"
	"errors"
	"slices"

	"cpagateway/consent"
	"cpagateway/consent/facts"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/quarantine"
	"cpagateway/gateway/records"
	"cpagateway/gateway/store"
	"cpagateway/mapping"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// run is one import underway: it is the Output that a format writes to.
type run struct {
	*Intake
	ctx     context.Context
	source  Source
	mode    Mode
	ids     keyedIDs
	persons map[string]profiles.PersonID // source key of a Patient -> the person
	batch   batch
	wishes  []mapping.Resource // Consents of records set aside that say something against sharing
	refused []quarantine.Fault // of this run
	alike   map[string]int     // how many faults so far would have one id
	sum     Summary
}

// pending is a resource accepted and not yet put.
type pending struct {
	accepted consent.Accepted
	made     mapping.Resource
}

func (r *run) env() mapping.Env {
	return mapping.Env{Source: r.source.Name, Custodian: string(r.source.Custodian), ID: r.ids.resource}
}

// Take receives the resources of one source record. The record is taken whole,
// or set aside whole under the first rule that refuses something of it.
func (r *run) Take(made []mapping.Resource) error {
	err := r.Store.View(r.ctx, func(now store.Snapshot) error {
		record := make([]pending, 0, len(made))
		var granting []mapping.Resource
		for _, m := range patientsFirst(made) {
			m, grants := r.authority(m)
			p, rule, reason, err := r.take(now, m)
			if err != nil {
				return err
			}
			if rule != "" {
				r.sum.Quarantined += accounted(made)
				r.keep([]quarantine.Fault{r.refusal(made, m, rule, reason)})
				return nil
			}
			if grants {
				granting = append(granting, m)
			} else {
				record = append(record, p)
			}
		}
		r.batch.add(record)
		r.withhold(granting)
		return nil
	})
	if err != nil {
		return err
	}
	return r.flushFull()
}

// patientsFirst puts Patients before the others, which find their person by them.
func patientsFirst(made []mapping.Resource) []mapping.Resource {
	return slices.SortedStableFunc(slices.Values(made), func(a, b mapping.Resource) int {
		switch {
		case a.Type == b.Type:
			return 0
		case a.Type == "Patient":
			return -1
		case b.Type == "Patient":
			return 1
		}
		return 0
	})
}

func madeOf(record []pending) []mapping.Resource {
	made := make([]mapping.Resource, len(record))
	for i, p := range record {
		made[i] = p.made
	}
	return made
}

// accounted is how many source records some resources account for.
func accounted(made []mapping.Resource) int {
	n := 0
	for _, m := range made {
		n += m.Records
	}
	return n
}

// take checks one resource, finds its person, and accepts it; or names the rule
// that refuses it, and why.
func (r *run) take(now records.Snapshot, m mapping.Resource) (p pending, rule, reason string, err error) {
	resource, err := fhir.ParseResource(m.Body)
	if err != nil {
		return pending{}, "FHIR-JSON", "the resource is not well formed: " + err.Error(), nil
	}
	if issues := profiles.Check(resource); profiles.Fatal(issues) {
		return pending{}, "FHIR-CHECK", firstFatal(issues), nil
	}
	person, rule, reason, err := r.personFor(now, m, resource)
	if err != nil || rule != "" {
		return pending{}, rule, reason, err
	}
	accepted, err := r.decide(m.Type, person).Accept(consent.Change{Type: m.Type, ID: m.ID, Person: person, Resource: resource, Source: r.source.Name})
	if err != nil {
		return pending{}, "NOT-ACCEPTED", err.Error(), nil
	}
	return pending{accepted, m}, "", "", nil
}

// decide asks whether the source may bring a record of its custodian in.
func (r *run) decide(typ string, person profiles.PersonID) consent.Decision {
	return consent.Decide(consent.Request{
		Caller: consent.Caller{Client: consent.ClientID("source:" + r.source.Name), Organisation: r.source.Custodian},
		Action: consent.Import, Type: typ, At: r.Clock(), Register: r.Register,
		Person: &facts.Person{ID: person, Custodian: r.source.Custodian}, Source: r.source.Custodian,
	})
}

// recorded does a part of the work and records it in one transaction: of each batch
// the resources, and of the whole run, at its end, the records.
func (r *run) recorded(work func(store.Tx) (audit.Counts, error)) error {
	_, err := r.Audit.Update(r.ctx, audit.Event{At: r.Clock(), Interaction: "import"}, r.source.Name, r.decide("", ""), work)
	return err
}

func putRule(err error) string {
	switch {
	case errors.Is(err, records.ErrOtherCustodian):
		return "OTHER-CUSTODIAN"
	case errors.Is(err, records.ErrOtherPerson):
		return ruleIdentity
	}
	return "NOT-STORED"
}

func firstFatal(issues []profiles.Issue) string {
	for _, issue := range issues {
		if profiles.Fatal([]profiles.Issue{issue}) {
			return issue.Path + ": " + issue.Text
		}
	}
	return ""
}

func (r *run) tell() {
	if r.Progress != nil {
		r.Progress(r.sum)
	}
}
