package intake_test

import (
	"fmt"
	"slices"
	"testing"

	"cpagateway/profiles"
)

// A person with a superseded number beside the current one was closed: two numbers
// under one person stood for two people.
func TestASupersededNumberIsNoSecondPerson(t *testing.T) {
	d := openDesk(t)
	twice := fmt.Sprintf(`{"resourceType":"Patient","id":"u1","identifier":[{"use":"old","system":%q,"value":%q,"period":{"end":"2020-01-01"}},{"use":"official","system":%q,"value":%q}],
		"name":[{"family":"Test"}],"birthDate":"1980-01-01"}`, profiles.SystemNHSNumber, bryn, profiles.SystemNHSNumber, ann)
	d.bring(bundles(t, "clinic"), collection(twice, plan("plan-u1", "u1")))
	if d.gathered(ann).Unverified {
		t.Error("the person is closed")
	}
	if d.person(ann) == "" || d.person(ann) != d.person(bryn) || len(d.kept(bryn, "CarePlan")) != 1 {
		t.Error("the old number leads elsewhere")
	}
	d.bring(bundles(t, "ward"), collection(patient("w", ann)))
	if d.gathered(ann).Unverified || len(d.kept(ann, "Patient")) != 2 {
		t.Error("another record under the current number is not hers")
	}
}

// An NHS number under another system was taken for a local one: not checked, and
// never found.
func TestAnNHSNumberUnderAnotherSystemIsOne(t *testing.T) {
	under := func(system, number string) string {
		return fmt.Sprintf(`{"resourceType":"Patient","id":"o","identifier":[{"system":%q,"value":%q}],"name":[{"family":"Example"}]}`, system, number)
	}
	for _, system := range []string{"http://fhir.nhs.net/Id/nhs-number", "http://fhir.nhs.uk/Id/nhs-number", profiles.SystemNHSNumber + " "} {
		d := openDesk(t)
		if sum := d.bring(bundles(t, "clinic"), collection(under(system, "9990000019"))); sum.Quarantined != 1 || len(d.faults()["NHS-NUMBER"]) != 1 {
			t.Errorf("%s: a wrong check digit: %+v", system, sum)
		}
		d.bring(bundles(t, "clinic"), collection(under(system, bryn), plan("c", "o")))
		if len(d.kept(bryn, "CarePlan")) != 1 {
			t.Errorf("%s: nobody is found", system)
		}
	}
}

// A plan that names its person by the NHS number alone belongs to whom its own source
// has brought in under it, and to nobody else.
func TestANumberAloneLeadsToAPatientOfTheSource(t *testing.T) {
	named := func(number string) string {
		return fmt.Sprintf(`{"resourceType":"CarePlan","id":"named","status":"active","intent":"plan","subject":{"identifier":{"system":%q,"value":%q}}}`, profiles.SystemNHSNumber, number)
	}
	d := openDesk(t)
	d.bring(bundles(t, "clinic"), collection(patient("p", ann)))
	if sum := d.bring(bundles(t, "ward"), collection(named(ann))); sum.Quarantined != 1 || len(d.faults()["UNKNOWN-PERSON"]) != 1 {
		t.Errorf("another source's Patient: %+v", sum)
	}
	if sum := d.bring(bundles(t, "clinic"), collection(named(bryn))); sum.Quarantined != 1 {
		t.Errorf("nobody's number: %+v", sum)
	}
	if sum := d.bring(bundles(t, "clinic"), collection(named(ann))); sum.Stored != 1 || len(d.kept(ann, "CarePlan")) != 1 {
		t.Errorf("its own Patient: %+v", sum)
	}
}

// A number that two records claim leads a plan to the established one only where that
// is the source's own: one that is kept apart would get somebody else's plan.
func TestANumberAloneNeverLeadsFromARecordKeptApart(t *testing.T) {
	named := fmt.Sprintf(`{"resourceType":"CarePlan","id":"named","status":"active","intent":"plan","subject":{"identifier":{"system":%q,"value":%q}}}`, profiles.SystemNHSNumber, ann)
	d := openDesk(t)
	established := human{id: "a", number: ann, given: "Ann", family: "Evans", born: "1971-04-02", gender: "female"}
	other := human{id: "b", number: ann, given: "Dewi", family: "Pugh", born: "1950-01-02", gender: "male"}
	d.bring(bundles(t, "ward"), collection(established.String(), plan("hers", "a")))
	if sum := d.bring(bundles(t, "clinic"), collection(other.String(), plan("his", "b"))); sum.Apart != 1 {
		t.Fatalf("nobody is kept apart: %+v", sum)
	}
	if sum := d.bring(bundles(t, "clinic"), collection(named)); sum.Quarantined != 1 || len(d.kept(ann, "CarePlan")) != 1 {
		t.Errorf("%+v, she has %d plans", sum, len(d.kept(ann, "CarePlan")))
	}
	if sum := d.bring(bundles(t, "ward"), collection(named)); sum.Stored != 1 || len(d.kept(ann, "CarePlan")) != 2 {
		t.Errorf("her own source's: %+v", sum)
	}
}

// A plan whose person is not known was listed by its first row in another table.
func TestAnUnknownPersonIsToldWhereTheRecordNamesThem(t *testing.T) {
	d := openDesk(t)
	d.bring(wishMaps(t), wishRows([]string{"6,MH-6,", "7,MH-7,"}, "7,1,2026-07-01,N"))
	var list []string
	for _, f := range d.faults()["UNKNOWN-PERSON"] {
		list = append(list, fmt.Sprintf("%s %d, %s = %s", f.File, f.Row, f.Field, f.Value))
	}
	if want := []string{"crisis.csv 1, Person = MH-6", "crisis.csv 2, Person = MH-7"}; !slices.Equal(list, want) {
		t.Errorf("got %q, want %q", list, want)
	}
}
