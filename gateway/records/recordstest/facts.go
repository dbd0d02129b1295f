package recordstest

import (
	"fmt"
	"sync"
	"testing"

	"cpagateway/consent"
	"cpagateway/consent/disclosure"
	"cpagateway/profiles"
)

func person(t *testing.T, store Store) {
	local := profiles.Base + "/Id/local"
	Put(t, store, start,
		Accept(t, home, ann, patient("ann", identifiers([2]string{profiles.SystemNHSNumber, annNumber}, [2]string{local, "17"}))),
		Accept(t, home, ann, patient("ann-too", nhsNumber(annNumber))),
		Accept(t, home, bryn, patient("bryn", identifiers([2]string{profiles.SystemNHSNumber, brynNumber}, [2]string{local, "18"}))),
		Accept(t, home, ann, plan(ann, "c1", profiles.CodeCrisisPlan, identifiers([2]string{local, "19"}))))
	expect := func(system, value string, want profiles.PersonID) {
		t.Helper()
		got, err := store.Person(t.Context(), system, value)
		if want == "" {
			nothing(t, "an identifier that does not lead to one person", err)
		} else if err != nil || got != want {
			t.Errorf("led to %q, want %q, %v", got, want, err)
		}
	}
	expect(profiles.SystemNHSNumber, annNumber, ann) // two resources, one person
	expect(local, "17", ann)
	expect(local, "18", bryn)
	expect(local, "19", "") // of a plan, not of a person
	expect(local, annNumber, "")
	expect("", "17", "")
	expect(profiles.SystemNHSNumber, "", "")

	Put(t, store, start, Accept(t, home, bryn, patient("bryn", identifiers([2]string{profiles.SystemNHSNumber, brynNumber}, [2]string{local, "17"}))))
	expect(local, "17", "") // now of two
	expect(local, "18", "") // no longer of anybody
	expect(profiles.SystemNHSNumber, brynNumber, bryn)

	for ref, want := range map[[2]string]profiles.PersonID{{"Patient", "ann"}: ann, {"CarePlan", "c1"}: ann, {"Patient", "bryn"}: bryn} {
		if got, err := store.PersonOf(t.Context(), ref[0], ref[1]); err != nil || got != want {
			t.Errorf("%v is about %q, %v", ref, got, err)
		}
	}
	_, err := store.PersonOf(t.Context(), "Patient", "c1")
	nothing(t, "an unknown resource", err)
}

func identifierForms(t *testing.T, store Store) {
	Put(t, store, start,
		Accept(t, home, ann, patient("ann", nhsNumber("999 000 0018"))),
		Accept(t, home, bryn, patient("bryn", nhsNumber("999-000-0027")))) // fails its check digit
	for value, want := range map[string]profiles.PersonID{
		"9990000018": ann, "999 000 0018": ann, "999-000-0018": ann, " 9990000018 ": ann,
		"9990000027": bryn, "999 000 0027": bryn,
	} {
		if got, err := store.Person(t.Context(), profiles.SystemNHSNumber, value); err != nil || got != want {
			t.Errorf("%q led to %q, want %q, %v", value, got, want, err)
		}
	}
}

func dossier(t *testing.T, store Store) {
	unknown, err := store.Dossier(t.Context(), "somebody")
	if err != nil || unknown.Person != "somebody" || unknown.Epoch != 0 || unknown.Custodian != "" || len(unknown.Facts) != 0 {
		t.Errorf("an unknown person's dossier: %+v, %v", unknown, err)
	}
	Put(t, store, start, Accept(t, home, ann, crisisPlan(ann, "c1", "one")))
	if d, err := store.Dossier(t.Context(), ann); err != nil || d.Custodian != home || d.Epoch != 0 || len(d.Facts) != 0 {
		t.Errorf("without facts: %+v, %v", d, err)
	}
	Put(t, store, start,
		Accept(t, home, ann, resource("Consent", "w1", `"status":"draft"`)),
		Accept(t, home, ann, resource("Consent", "w1", `"status":"active"`)),
		Accept(t, home, ann, patient("ann", nhsNumber(annNumber))),
		Accept(t, home, ann, resource("EpisodeOfCare", "e1", `"status":"active"`)),
		Accept(t, home, ann, resource("CareTeam", "t1", `"status":"active"`)),
		Accept(t, home, bryn, patient("bryn", nhsNumber(brynNumber))),
		Accept(t, home, "", resource("Practitioner", "p1")))
	d, err := store.Dossier(t.Context(), ann)
	if err != nil || d.Custodian != home || d.Epoch != 5 {
		t.Fatalf("%+v, %v", d, err)
	}
	var facts []string
	for _, f := range d.Facts {
		facts = append(facts, f.Type+"/"+f.ID)
		if f.Person != ann || f.Custodian != home || len(f.Body) == 0 || !f.Stored.Equal(start) {
			t.Errorf("a fact came incomplete: %+v", f)
		}
		if f.Type == "Consent" && (f.Number != 2 || string(f.Body) != resource("Consent", "w1", `"status":"active"`)) {
			t.Errorf("an old wish is in the dossier: version %d", f.Number)
		}
	}
	if got := fmt.Sprint(facts); got != "[CareTeam/t1 Consent/w1 EpisodeOfCare/e1 Patient/ann]" {
		t.Errorf("facts are %s", got)
	}
	if d, err := store.Dossier(t.Context(), ""); err != nil || len(d.Facts) != 0 || d.Epoch != 0 {
		t.Errorf("nobody's dossier: %+v, %v", d, err)
	}
}

// dossierWhileWriting: every batch adds one wish, so the epoch counts the wishes.
// An epoch that came without its fact would let a decision through that has not
// heard a refusal.
func dossierWhileWriting(t *testing.T, store Store) {
	const wishes = 60
	var batches []consent.Accepted
	for i := range wishes {
		batches = append(batches, Accept(t, home, ann, resource("Consent", fmt.Sprint("w", i), `"status":"active"`)))
	}
	var writer sync.WaitGroup
	writer.Go(func() {
		for _, a := range batches {
			if _, err := store.Put(t.Context(), start, a); err != nil {
				t.Errorf("storing: %v", err)
				return
			}
		}
	})
	for range 4 {
		writer.Go(func() {
			for !t.Failed() {
				d, err := store.Dossier(t.Context(), ann)
				if err != nil || uint64(len(d.Facts)) != d.Epoch {
					t.Errorf("%d wishes at epoch %d, %v", len(d.Facts), d.Epoch, err)
					return
				}
				if d.Epoch == wishes {
					return
				}
			}
		})
	}
	writer.Wait()
}

func targets(t *testing.T, store Store) {
	Put(t, store, start,
		Accept(t, home, ann, crisisPlan(ann, "c1", "one")),
		Accept(t, home, ann, plan(ann, "c2", profiles.CodeCrisisPlan, veryRestricted())),
		Accept(t, home, "", resource("Practitioner", "p1")))
	got, err := store.Targets(t.Context(), []string{
		"CarePlan/c1", "CarePlan/c2", "Practitioner/p1", "CarePlan/c1", "CarePlan/c9", "Patient/c1", "CarePlan", "", "/", "urn:uuid:1", "https://example.org/CarePlan/c1",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]disclosure.Target{
		"CarePlan/c1":     {Person: ann, Label: profiles.Label{Need: profiles.SetOf(profiles.PlanCrisis)}},
		"CarePlan/c2":     {Person: ann, Label: profiles.Label{Need: profiles.SetOf(profiles.PlanCrisis, profiles.RestrictedVery)}},
		"Practitioner/p1": {Label: profiles.Label{Need: profiles.SetOf(profiles.Directory)}},
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, err := store.Targets(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("of no references: %v, %v", got, err)
	}
}
