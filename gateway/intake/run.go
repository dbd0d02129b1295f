package intake

import (
	"context"
	"errors"
	"slices"

	"cpagateway/consent"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/records"
	"cpagateway/mapping"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// batchSize is how many resources are put in one transaction.
const batchSize = 500

// run is one import underway: it is the Output that a format writes to.
type run struct {
	*Intake
	ctx     context.Context
	source  Source
	mode    Mode
	ids     keyedIDs
	persons map[string]consent.PersonID // source key of a Patient -> the person
	pending []pending
	refused []records.Fault  // of this run
	alike   map[string]int   // how many faults so far would have one id
	last    consent.Decision // an import's decision, for the record of its batch
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
	record := make([]pending, 0, len(made))
	for _, m := range patientsFirst(made) {
		p, rule, reason, err := r.take(m)
		if err != nil {
			return err
		}
		if rule != "" {
			return r.refuse(m, accounted(made), rule, reason)
		}
		record = append(record, p)
	}
	r.pending = append(r.pending, record...)
	if len(r.pending) >= batchSize {
		return r.flush()
	}
	return nil
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
func (r *run) take(m mapping.Resource) (p pending, rule, reason string, err error) {
	resource, err := fhir.ParseResource(m.Body)
	if err != nil {
		return pending{}, "FHIR-JSON", "the resource is not well formed: " + err.Error(), nil
	}
	if issues := profiles.Check(resource); profiles.Fatal(issues) {
		return pending{}, "FHIR-CHECK", firstFatal(issues), nil
	}
	person, rule, reason, err := r.personFor(m, resource)
	if err != nil || rule != "" {
		return pending{}, rule, reason, err
	}
	decision := consent.Decide(consent.Request{
		Caller: consent.Caller{Client: consent.ClientID("source:" + r.source.Name), Organisation: r.source.Custodian},
		Action: consent.Import, Type: m.Type, At: r.Clock(), Register: r.Register,
		Person: &consent.Person{ID: person, Custodian: r.source.Custodian}, Source: r.source.Custodian,
	})
	accepted, err := decision.Accept(consent.Change{Type: m.Type, ID: m.ID, Person: person, Resource: resource, Source: r.source.Name})
	if err != nil {
		return pending{}, "NOT-ACCEPTED", err.Error(), nil
	}
	r.last = decision
	return pending{accepted, m}, "", "", nil
}

// flush puts what is pending in one transaction and records that it was brought in.
func (r *run) flush() error {
	if len(r.pending) == 0 {
		return nil
	}
	batch := r.pending
	r.pending = nil
	if r.mode == DryRun {
		for _, p := range batch {
			r.sum.Unchanged += p.made.Records
		}
		r.tell()
		return nil
	}
	accepted := make([]consent.Accepted, len(batch))
	for i, p := range batch {
		accepted[i] = p.accepted
	}
	results, err := r.Records.Put(r.ctx, r.Clock(), accepted)
	if err != nil {
		return err
	}
	stored := 0
	for i, result := range results {
		switch made := batch[i].made; {
		case result.Err != nil:
			if err := r.refuse(made, made.Records, putRule(result.Err), result.Err.Error()); err != nil {
				return err
			}
		case result.Stored:
			stored++
			r.sum.Stored += made.Records
		default:
			r.sum.Unchanged += made.Records
		}
	}
	r.sum.Resources += stored
	r.tell()
	return r.record(len(batch), stored)
}

// record tells the audit log what a batch brought in.
func (r *run) record(read, stored int) error {
	_, err := r.Audit.Brought(r.ctx, audit.Event{At: r.Clock(), Interaction: "import"}, r.source.Name, audit.Counts{Read: read, Stored: stored, Unchanged: read - stored}, r.last)
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
