package recordstest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"cpagateway/consent"
	"cpagateway/gateway/records"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// read reads a resource that must be there.
func read(t *testing.T, store Store, d consent.Decision, typ, id string) records.Visible {
	t.Helper()
	v, err := store.Read(t.Context(), d, typ, id)
	if err != nil {
		t.Fatalf("reading %s/%s: %v", typ, id, err)
	}
	return v
}

// nothing makes sure that an answer is the one for hidden and unknown.
func nothing(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, records.ErrNothing) {
		t.Errorf("%s: %v", what, err)
	}
}

func bytesSurvive(t *testing.T, store Store) {
	body := "{ \"id\" : \"c1\",\n\t\"resourceType\":\"CarePlan\", \"status\":\"active\",\"intent\":\"plan\",\"subject\":{\"reference\":\"Patient/ann\"}," +
		category(profiles.CodeCrisisPlan) + `,"_status":{"id":"x"},"extension":[{"url":"urn:unknown","valueDecimal":1.10}],` +
		`"description":"caf\u00e9 ẁ 𝄞 \/ <b>","contained":[{"resourceType":"Basic","id":"b"}],"unheardOf":[null,1e-3,{}] }`
	Put(t, store, start, Accept(t, home, ann, body))
	v := read(t, store, Treating(t, ann), "CarePlan", "c1")
	if string(v.Body) != body {
		t.Errorf("stored\n%s\ngot back\n%s", body, v.Body)
	}
	want := records.Version{
		Type: "CarePlan", ID: "c1", Number: 1, Person: ann, Custodian: home, Source: "suite", Body: v.Body, Stored: start,
		Label: profiles.Label{Need: profiles.SetOf(profiles.PlanCrisis)}, Changed: v.Changed,
	}
	if !sameVersion(v.Version, want) {
		t.Errorf("got %+v, want %+v", v.Version, want)
	}
	if !v.Changed.Has(profiles.PlanCrisis) {
		t.Errorf("the first version of a crisis plan changed {%v}", v.Changed)
	}
}

func sameVersion(a, b records.Version) bool {
	sameBody, sameTime := bytes.Equal(a.Body, b.Body), a.Stored.Equal(b.Stored)
	a.Body, b.Body, a.Stored, b.Stored = nil, nil, time.Time{}, time.Time{}
	return sameBody && sameTime && fmt.Sprint(a) == fmt.Sprint(b)
}

func sameBytes(t *testing.T, store Store) {
	change := Accept(t, home, ann, crisisPlan(ann, "c1", "one"))
	if r := Put(t, store, start, change)[0]; !r.Stored || r.Number != 1 {
		t.Errorf("the first time: %+v", r)
	}
	if r := Put(t, store, start.Add(time.Hour), change)[0]; r.Stored || r.Number != 1 {
		t.Errorf("the second time: %+v", r)
	}
	if v := read(t, store, Treating(t, ann), "CarePlan", "c1"); v.Number != 1 || !v.SeenAt.Equal(start) {
		t.Errorf("after the same bytes again: version %d of %v", v.Number, v.SeenAt)
	}
}

func everyVersion(t *testing.T, store Store) {
	d := Treating(t, ann)
	const versions = 5
	for i := range versions {
		r := Put(t, store, start.Add(time.Duration(i)*time.Minute), Accept(t, home, ann, crisisPlan(ann, "c1", fmt.Sprint("text ", i))))[0]
		if !r.Stored || r.Number != uint64(i)+1 {
			t.Fatalf("version %d: %+v", i+1, r)
		}
	}
	for i := range versions {
		v, err := store.ReadVersion(t.Context(), d, "CarePlan", "c1", uint64(i)+1)
		if err != nil || string(v.Body) != crisisPlan(ann, "c1", fmt.Sprint("text ", i)) ||
			v.SeenNumber != uint64(i)+1 || !v.SeenAt.Equal(start.Add(time.Duration(i)*time.Minute)) {
			t.Errorf("version %d: %+v, %v", i+1, v, err)
		}
	}
	for _, number := range []uint64{0, versions + 1, 1 << 63, ^uint64(0)} {
		_, err := store.ReadVersion(t.Context(), d, "CarePlan", "c1", number)
		nothing(t, fmt.Sprint("version ", number), err)
	}
}

func twiceInABatch(t *testing.T, store Store) {
	first, second := crisisPlan(ann, "c1", "one"), crisisPlan(ann, "c1", "two")
	results := Put(t, store, start, Accept(t, home, ann, first), Accept(t, home, ann, second), Accept(t, home, ann, second))
	if !results[0].Stored || !results[1].Stored || results[2].Stored || results[1].Number != 2 {
		t.Errorf("results: %+v", results)
	}
	if v := read(t, store, Treating(t, ann), "CarePlan", "c1"); string(v.Body) != second || v.Number != 2 {
		t.Errorf("the second one is not the current version: %+v", v)
	}
}

func preconditions(t *testing.T, store Store) {
	put := func(note string, must records.Precondition) error {
		return store.Update(t.Context(), func(tx records.Tx) error {
			_, err := tx.Put(start, Accept(t, home, ann, crisisPlan(ann, "c1", note)), must)
			return err
		})
	}
	for _, step := range []struct {
		note string
		must records.Precondition
		want error
	}{
		{"one", records.AtVersion(1), records.ErrChanged},
		{"one", records.Absent(), nil},
		{"two", records.Absent(), records.ErrChanged},
		{"two", records.AtVersion(2), records.ErrChanged},
		{"two", records.AtVersion(1), nil},
		{"two", records.AtVersion(1), records.ErrChanged}, // the same bytes, by somebody who has not seen them
		{"two", records.AtVersion(2), nil},
	} {
		if err := put(step.note, step.must); !errors.Is(err, step.want) {
			t.Errorf("%q where it must be %+v: %v, want %v", step.note, step.must, err, step.want)
		}
	}
	if v := read(t, store, Treating(t, ann), "CarePlan", "c1"); v.Number != 2 {
		t.Errorf("there are %d versions", v.Number)
	}
}

func otherCustodian(t *testing.T, store Store) {
	worker := func(family string) string {
		return resource("Practitioner", "w1", fmt.Sprintf(`"name":[{"family":%q}]`, family))
	}
	Put(t, store, start, Accept(t, home, "", worker("Rees")))
	results, err := store.Put(t.Context(), start,
		Accept(t, another, "", worker("Other")),
		Accept(t, another, "", resource("Organization", "o1", `"name":"Somewhere"`)),
	)
	if err != nil {
		t.Fatal(err)
	}
	if !errors.Is(results[0].Err, records.ErrOtherCustodian) || results[0].Stored || results[1].Err != nil || !results[1].Stored {
		t.Errorf("results: %+v", results)
	}
	if v := read(t, store, Staff(t, home), "Practitioner", "w1"); string(v.Body) != worker("Rees") {
		t.Error("the record was changed all the same")
	}
	read(t, store, Staff(t, another), "Organization", "o1")
}

func foreignRecord(t *testing.T, store Store) {
	Put(t, store, start, Accept(t, home, ann, patient("ann", nhsNumber(annNumber))))
	// A care team in the record would give its members a standing towards the person.
	team := resource("CareTeam", "t1", subject(ann), `"status":"active"`)
	results, err := store.Put(t.Context(), start, Accept(t, another, ann, team))
	if err != nil || !errors.Is(results[0].Err, records.ErrOtherCustodian) {
		t.Errorf("results: %+v, %v", results, err)
	}
	if d, err := store.Dossier(t.Context(), ann); err != nil || len(d.Facts) != 1 || d.Epoch != 1 {
		t.Errorf("the dossier has %d facts at epoch %d, %v", len(d.Facts), d.Epoch, err)
	}
	if _, err := store.PersonOf(t.Context(), "CareTeam", "t1"); !errors.Is(err, records.ErrNothing) {
		t.Errorf("the refused resource is there: %v", err)
	}
}

func otherPerson(t *testing.T, store Store) {
	Put(t, store, start, Accept(t, home, ann, crisisPlan(ann, "c1", "hers")))
	results, err := store.Put(t.Context(), start,
		Accept(t, home, bryn, crisisPlan(bryn, "c1", "his")),
		Accept(t, home, "", crisisPlan(ann, "c1", "nobody's")),
		Accept(t, home, bryn, crisisPlan(bryn, "c2", "his")),
	)
	if err != nil {
		t.Fatal(err)
	}
	if !errors.Is(results[0].Err, records.ErrOtherPerson) || !errors.Is(results[1].Err, records.ErrOtherPerson) || results[2].Err != nil {
		t.Errorf("results: %+v", results)
	}
	read(t, store, Treating(t, bryn), "CarePlan", "c2")
	if v := read(t, store, Treating(t, ann), "CarePlan", "c1"); v.Number != 1 {
		t.Errorf("her plan has %d versions", v.Number)
	}
}

func notAccepted(t *testing.T, store Store) {
	batch := []consent.Accepted{Accept(t, home, ann, crisisPlan(ann, "c1", "one")), {}}
	if _, err := store.Put(t.Context(), start, batch...); err == nil {
		t.Error("a change that no decision made was taken")
	}
	_, err := store.Read(t.Context(), Treating(t, ann), "CarePlan", "c1")
	nothing(t, "the rest of that batch", err)
}

func endedContext(t *testing.T, store Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := store.Put(ctx, start, Accept(t, home, ann, crisisPlan(ann, "c1", "one"))); err == nil {
		t.Error("a batch under an ended context was stored")
	}
	if _, err := store.Dossier(ctx, ann); err == nil {
		t.Error("a dossier under an ended context looked like that of a person without facts")
	}
	if _, err := store.Find(ctx, Treating(t, ann), records.Query{Type: "CarePlan", Count: 1}); err == nil {
		t.Error("a search under an ended context looked like one that finds nothing")
	}
	_, err := store.Read(t.Context(), Treating(t, ann), "CarePlan", "c1")
	nothing(t, "what was not stored", err)
}

func epochs(t *testing.T, store Store) {
	epoch := func(p profiles.PersonID) uint64 {
		d, err := store.Dossier(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		return d.Epoch
	}
	step := func(what string, annWant, brynWant uint64, batch ...consent.Accepted) {
		Put(t, store, start, batch...)
		if a, b := epoch(ann), epoch(bryn); a != annWant || b != brynWant {
			t.Errorf("%s: epochs %d and %d, want %d and %d", what, a, b, annWant, brynWant)
		}
	}
	team := Accept(t, home, ann, resource("CareTeam", "t1", subject(ann)))
	step("a plan is no fact", 0, 0, Accept(t, home, ann, crisisPlan(ann, "c1", "one")))
	step("two facts of one person and one of another", 2, 1,
		Accept(t, home, ann, patient("ann", nhsNumber(annNumber))), team, Accept(t, home, bryn, patient("bryn", nhsNumber(brynNumber))))
	step("the same facts", 2, 1, team)
	step("a change to a plan", 2, 1, Accept(t, home, ann, crisisPlan(ann, "c1", "two")))
	step("a wish", 3, 1, Accept(t, home, ann, resource("Consent", "w1", `"status":"active"`)))
	step("an episode", 3, 2, Accept(t, home, bryn, resource("EpisodeOfCare", "e1", `"status":"active"`)))
	step("staff", 3, 2, Accept(t, home, "", resource("Practitioner", "w1")))
}

func ownCopy(t *testing.T, store Store) {
	src := []byte(crisisPlan(ann, "c1", "unchanged"))
	want := string(src)
	r, err := fhir.ParseResource(src)
	if err != nil {
		t.Fatal(err)
	}
	a, err := Bring(t, home).Accept(consent.Change{Type: "CarePlan", ID: "c1", Person: ann, Resource: r, Source: "suite"})
	if err != nil {
		t.Fatal(err)
	}
	Put(t, store, start, a)
	clear(src)
	v := read(t, store, Treating(t, ann), "CarePlan", "c1")
	clear(v.Body)
	if v := read(t, store, Treating(t, ann), "CarePlan", "c1"); string(v.Body) != want {
		t.Errorf("stored bytes became %q", v.Body)
	}
}
