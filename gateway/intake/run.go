package intake

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cpagateway/consent"
	"cpagateway/consent/facts"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/quarantine"
	"cpagateway/gateway/records"
	"cpagateway/gateway/store"
	"cpagateway/gateway/tasks"
	"cpagateway/mapping"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// run is one import underway: it is the Output that a format writes to.
type run struct {
	*Intake
	ctx    context.Context
	source Source
	again  *fragment // what is fed in again, and not set aside once more; nil: an extract is brought in
	late   bool      // all is taken but the wishes of what is set aside
	// waiting are the records that earlier runs have set aside, and this one has not, with
	// their faults.
	waiting map[string][]string
	// patients: a Patient was brought in, or changed.
	patients bool
	began    time.Time
	ids      *keyedIDs
	hand     *handover
	*memory
	batch  batch
	pace   pace
	rested <-chan time.Time // nil before the first batch
	sum    Summary
	// settledSending is that of the record that was taken last: its time is kept.
	settledSending mapping.Sending
}

// pending is a resource that was checked and not yet put: whose it is, is found out
// in the transaction that puts it, which sees all that came before.
type pending struct {
	made     mapping.Resource
	resource fhir.Value
	ahead    *records.Reading
	clashes  []tasks.Clash // parts of it that somebody else has changed too
}

// refusal is the rule that sets a record aside, and why.
type refusal struct{ rule, reason string }

func (r *run) env() mapping.Env {
	return mapping.Env{Source: r.source.Name, Custodian: string(r.source.Custodian), ID: r.ids.resource, Scratch: r.files, Expect: r.Expect}
}

// Take receives the resources of one source record. The record is taken whole,
// or set aside whole under the first rule that refuses something of it.
func (r *run) Take(made []mapping.Resource) error {
	bytes := 0
	for i, m := range made {
		bytes += len(m.Body) + m.Held
		made[i].Fragment = r.asked(m.Fragment)
	}
	var found taken
	return r.hand.give(step{bytes: bytes, read: func() { found = r.read(made) }, do: func() error {
		if found.refused != nil {
			return r.refuse(made, found.of, *found.refused)
		}
		if found.unfounded > 0 {
			r.sum.Warnings[ruleNoAuthority] += found.unfounded
		}
		r.batch.add(found.record)
		r.withhold(found.granting)
		return r.flushFull()
	}})
}

// taken is what is found out about a record by itself.
type taken struct {
	record    []pending
	granting  []mapping.Resource // Consents that wait for the authority to grant
	unfounded int                // Consents taken without what their grant rests on
	refused   *refusal           // of the whole record
	of        mapping.Resource   // that is refused
}

// read reads the resources of one record. Others may read other records meanwhile.
func (r *run) read(made []mapping.Resource) (t taken) {
	for _, m := range targetsFirst(made) {
		m, what := r.authority(m)
		p, no := check(m)
		switch {
		case no != nil:
			return taken{refused: no, of: m}
		case what == grants:
			t.granting = append(t.granting, m)
			continue
		case what == grantsNoMore:
			t.unfounded++
		}
		p.ahead = records.ReadAhead(r.source.Custodian, p.resource)
		t.record = append(t.record, p)
	}
	return t
}

// asked is a question to the format that may be asked of it while it goes on.
func (r *run) asked(question func() []byte) func() []byte {
	if question == nil {
		return nil
	}
	return func() []byte { return r.hand.ask(question) }
}

// refuse sets a record aside that was never put.
func (r *run) refuse(made []mapping.Resource, m mapping.Resource, no refusal) error {
	r.sum.Quarantined += accounted(made)
	r.keep([]quarantine.Fault{r.aside(made, m, no)})
	return r.flushFull()
}

// targetsFirst puts Patients before the others, which find their person by them, and
// plans behind.
func targetsFirst(made []mapping.Resource) []mapping.Resource {
	return slices.SortedStableFunc(slices.Values(made), func(a, b mapping.Resource) int { return turn(a.Type) - turn(b.Type) })
}

func turn(typ string) int {
	switch {
	case typ == "Patient":
		return 0
	case profiles.DirectoryType(typ):
		return 1
	case typ == "CarePlan":
		return 3
	}
	return 2
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

// check reads one resource, or names the rule that refuses it, and why.
func check(m mapping.Resource) (pending, *refusal) {
	if m.Checked.Exists() {
		return pending{made: m, resource: m.Checked}, nil
	}
	resource, err := fhir.ParseResource(m.Body)
	if err != nil {
		return pending{}, &refusal{"FHIR-JSON", "the resource is not well formed: " + err.Error()}
	}
	if issues := profiles.Check(resource); profiles.Fatal(issues) {
		return pending{}, &refusal{"FHIR-CHECK", fatal(issues)}
	}
	return pending{made: m, resource: resource}, nil
}

// accept finds whom a resource is about and accepts it as theirs, or names the rule
// that refuses it.
func (r *run) accept(now store.Snapshot, p pending, about *record) (consent.Accepted, *refusal, error) {
	person, no, err := r.personFor(now, p, about)
	if err != nil || no != nil {
		return consent.Accepted{}, no, err
	}
	m := p.made
	accepted, err := r.decide(m.Type, person).Accept(consent.Change{Type: m.Type, ID: m.ID, Person: person, Resource: p.resource, Source: r.source.Name, Origin: originOf(m).text()})
	if err != nil {
		return consent.Accepted{}, &refusal{"NOT-ACCEPTED", err.Error()}, nil
	}
	r.warn(accepted, about.warnings)
	return accepted, nil, emptied(now, p, about.warnings)
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

func putRefusal(err error) *refusal {
	rule := "NOT-STORED"
	switch {
	case errors.Is(err, records.ErrOtherCustodian):
		rule = "OTHER-CUSTODIAN"
	case errors.Is(err, records.ErrOtherPerson):
		rule = ruleIdentity
	}
	return &refusal{rule, err.Error()}
}

// mostIssues is how many of a resource's issues its fault tells.
const mostIssues = 8

// fatal tells the issues for which a resource is set aside, so that they are mended at once.
func fatal(issues []profiles.Issue) string {
	var told []string
	for _, issue := range issues {
		if issue.Fatal() {
			told = append(told, issue.Path+": "+issue.Text)
		}
	}
	if more := len(told) - mostIssues; more > 0 {
		told = append(told[:mostIssues], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(told, "; ")
}

func (r *run) tell() {
	if r.Progress != nil {
		r.Progress(r.sum.done())
	}
}
