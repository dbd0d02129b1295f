package intake

import (
	"bytes"
	"errors"
	"time"

	"cpagateway/consent/facts"
	"cpagateway/gateway/quarantine"
	"cpagateway/gateway/records"
	"cpagateway/gateway/store"
	"cpagateway/mapping"
	"cpagateway/mapping/scratch"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// A record that is set aside must not take a refusal or a withdrawal with it: the
// older grant would stand until somebody mends the record. So the wishes in it that
// refuse or take back are taken all the same, in a form that can only narrow what
// anybody sees. What grants waits, and so does what lifts a refusal.

// takenAllTheSame ends the reason why such a record is set aside.
const takenAllTheSame = "; what refuses or takes back sharing in it is taken all the same, as soon as the person is known"

// wish is what a Consent says against sharing.
type wish uint8

const (
	saysNothing wish = iota
	refuses
	takesBack
)

// readWish reads what a Consent says against sharing. A status that cannot be read
// is no reason to pass a refusal over. A grant entered in error is taken back, which
// is more than the silence that FHIR means by it.
func readWish(c fhir.Value, d facts.Directive) wish {
	switch d.Status {
	case facts.Active, facts.Unknown:
		if !d.Template.Grants() && (d.Template != facts.Uninterpretable || denies(c)) {
			return refuses
		}
	case facts.Rejected:
		switch d.Template {
		case facts.SharePlan, facts.CarerCopy:
			return takesBack
		case facts.ExcludeItem: // leaves nothing out
		default:
			return refuses
		}
	case facts.Withdrawn:
		if d.Template.Grants() || d.Template == facts.Uninterpretable {
			return takesBack
		}
	case facts.Silent:
		if c.Get("status").Is("entered-in-error") {
			return takesBack
		}
	}
	return saysNothing
}

// denies reports whether a Consent that follows no template was meant to refuse: it
// has a nested provision that denies, or a root that does and nothing beside it.
func denies(c fhir.Value) bool {
	provision := c.Get("provision")
	for nested := range provision.Get("provision").Each() {
		if nested.Get("type").Is("deny") {
			return true
		}
	}
	return provision.Get("type").Is("deny") && provision.Get("provision").Len() == 0
}

// narrowed is the form in which a Consent of a refused record may take the place of
// what is recorded under its id (nil: nothing is): as it is, or in no more words than
// that it refuses or takes back. It is Absent where the Consent must wait, or where
// what is recorded was said later.
func (r *run) narrowed(c fhir.Value, patient []byte, before *facts.Directive) fhir.Value {
	d := facts.ReadDirective(c)
	says := readWish(c, d)
	if before != nil && !d.Recorded.IsZero() && before.Recorded.After(d.Recorded) && !before.Recorded.After(r.Clock()) {
		return fhir.Value{}
	}
	// Without its date a wish would count as older than any grant that names it as
	// replaced by the same person.
	asItIs := d.NeverWidens(before) && (d.Performer == "" || !d.Recorded.IsZero()) && !profiles.Fatal(profiles.Check(c))
	// Nor may a grant replace a refusal that could not replace what is recorded: said by
	// somebody else, by nobody who is named, or later (which is then in the future).
	easier := d.Performer != "" && before != nil && (before.Performer != d.Performer || before.Recorded.After(d.Recorded))
	standing := before != nil && before.Status == facts.Active && before.Template.Grants()
	switch {
	case says == refuses && asItIs && !easier, says == takesBack && asItIs && d.Status != facts.Silent && (standing || before == nil):
		return c
	case says == refuses:
		return inBrief(c, patient, "active")
	case says == takesBack && standing:
		return inBrief(c, patient, "inactive")
	}
	return fhir.Value{}
}

// inBrief is a Consent that says no more than its status. It follows no template:
// in force it refuses everything, no longer in force it takes back everything, for
// what it said cannot be told.
func inBrief(c fhir.Value, patient []byte, status string) fhir.Value {
	w := fhir.NewWriter(nil)
	w.Object(func() {
		w.Member("resourceType", "Consent")
		w.Member("id", c.ID())
		w.Member("status", status)
		w.Name("scope").Raw([]byte(`{"coding":[{"system":"` + profiles.SystemConsentScope + `","code":"patient-privacy"}]}`))
		w.Name("category").Raw([]byte(`[{"coding":[{"system":"http://loinc.org","code":"59284-0"}]}]`))
		w.Name("patient").Raw(patient)
		if _, _, err := fhir.Interval(c.Get("dateTime").Text(), time.UTC); err == nil {
			w.Member("dateTime", c.Get("dateTime").Text())
		}
	})
	brief, err := fhir.ParseResource(w.Bytes())
	if err != nil {
		return fhir.Value{}
	}
	return brief
}

// keepWishes remembers the Consents of a record that is set aside, and reports
// whether some of them say anything against sharing.
func (r *run) keepWishes(made []mapping.Resource) bool {
	found := false
	for _, m := range made {
		if m.Type != "Consent" {
			continue
		}
		c, err := fhir.ParseResource(m.Body)
		if err != nil || readWish(c, facts.ReadDirective(c)) == saysNothing {
			continue
		}
		r.keepWish(m)
		found = true
	}
	return found
}

// recallWishes remembers what refuses or takes back in records that were set aside before
// this run has brought a Patient in: it may be theirs. What the source has sent otherwise
// since is not asked for again, nor what the maps of today no longer read.
func (r *run) recallWishes() error {
	if !r.patients {
		return nil
	}
	return r.Store.View(r.ctx, func(now store.Snapshot) error {
		faults, err := now.Faults(quarantine.Filter{Source: r.source.Name, Against: true})
		if err != nil {
			return err
		}
		for _, f := range faults {
			if f.Custodian != r.source.Custodian || !f.At.Before(r.began) { // else this run has it already
				continue
			}
			of := r.saidIn(f)
			no, err := r.sentSince(now, of, of.said)
			if err != nil {
				return err
			}
			if no == nil {
				r.keepWishes(of.said)
			}
		}
		return r.ctx.Err()
	})
}

// takeWishes takes what was remembered, after all else: a sound record of the same
// run may bring the person in, or say something later of the same wish.
func (r *run) takeWishes() (err error) {
	before := r.sum.Resources
	defer func() { r.sum.Wishes = r.sum.Resources - before }()
	r.late = true
	told := r.wishes
	r.wishes = wishes{scratch.NewList(r.files)}
	if err := r.recallWishes(); err != nil {
		return err
	}
	recalled := r.wishes
	r.wishes = wishes{} // what is kept from here on is a wish that was refused itself
	for _, some := range []wishes{recalled, told} {
		if err := r.takeAll(some); err != nil {
			return err
		}
	}
	return r.flush()
}

// takeAll takes wishes in their order.
func (r *run) takeAll(told wishes) error {
	for m, err := range told.all() {
		if err != nil {
			return err
		}
		if r.batch.holds(m.ID) { // two words of one wish
			if err := r.flush(); err != nil {
				return err
			}
		}
		if err := r.Store.View(r.ctx, func(now store.Snapshot) error { return r.takeWish(now, m) }); err != nil {
			return err
		}
	}
	return nil
}

// takeWish takes one wish for the person whose record its Patient is. Of a person who
// is not known no grant stands that it could take back.
func (r *run) takeWish(now store.Snapshot, m mapping.Resource) error {
	person, err := r.personOf(now, m)
	if err != nil || person == "" {
		return err
	}
	recorded, err := now.Current("Consent", m.ID)
	if err != nil && !errors.Is(err, records.ErrNothing) {
		return err
	}
	if err == nil && !recorded.Deleted && bytes.Equal(recorded.Body, m.Body) { // taken in an earlier run, as it was
		return nil
	}
	before, err := recordedWish(now, person, m.ID)
	if err != nil {
		return err
	}
	told, err := fhir.ParseResource(m.Body)
	if err != nil {
		return err
	}
	if c := r.narrowed(told, r.patientOf(m, told), before); c.Exists() {
		r.resolve(m.Person) // the Patient is set aside now, and the person is whose record it was before
		r.batch.add([]pending{{made: m, resource: c}})
	}
	return nil
}

// personOf is the person whom a wish is of, empty where the gateway does not know them.
func (r *run) personOf(now store.Snapshot, m mapping.Resource) (profiles.PersonID, error) {
	if m.NHSNumber != "" {
		person, no, err := r.numbered(now, m.NHSNumber)
		if no != nil {
			person = ""
		}
		return person, err
	}
	person, err := now.PersonOf("Patient", r.ids.resource("Patient", m.Person))
	if errors.Is(err, records.ErrNothing) {
		err = nil
	}
	return person, err
}

// patientOf is the element that says whose a wish is.
func (r *run) patientOf(m mapping.Resource, c fhir.Value) []byte {
	if m.NHSNumber != "" {
		return c.Get("patient").Raw()
	}
	return append(fhir.AppendString([]byte(`{"reference":`), "Patient/"+r.ids.resource("Patient", m.Person)), '}')
}

// recordedWish is the wish that is kept under an id, nil for none.
func recordedWish(now records.Snapshot, person profiles.PersonID, id string) (*facts.Directive, error) {
	held, err := now.Holdings(person)
	if err != nil {
		return nil, err
	}
	for _, fact := range held.Facts {
		if fact.Directive != nil && fact.Directive.ID == id {
			return fact.Directive, nil
		}
	}
	return nil, nil
}
