package recordstest

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cpagateway/consent"
	"cpagateway/consent/disclosure"
	"cpagateway/consent/facts"
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
	_, err = store.CustodianOf(t.Context(), "Patient", "c1")
	nothing(t, "whose an unknown resource is", err)
	if got, err := store.CustodianOf(t.Context(), "Patient", "bryn"); err != nil || got != home {
		t.Errorf("his Patient is %q's, %v", got, err)
	}
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

func holdings(t *testing.T, store Store) {
	unknown, err := store.Holdings(t.Context(), "somebody")
	if err != nil || unknown.Person != "somebody" || unknown.Generation != 0 || len(unknown.Custodians)+len(unknown.Facts)+len(unknown.Directory) != 0 {
		t.Errorf("an unknown person's holdings: %+v, %v", unknown, err)
	}
	if asked := unknown.CustodiansOr(home); !slices.Equal(asked, []profiles.OrgCode{home}) {
		t.Errorf("about an unknown person are asked %v", asked)
	}
	Put(t, store, start, Accept(t, another, ann, crisisPlan(ann, "c1", "one")))
	if h, err := store.Holdings(t.Context(), ann); err != nil || !slices.Equal(h.CustodiansOr(home), []profiles.OrgCode{another}) || len(h.Facts) != 0 {
		t.Errorf("without facts: %+v, %v", h, err)
	}
	bodies := []string{ // in the order of first storing
		resource("Consent", "w1", `"status":"active"`),
		resource("CareTeam", "t1", `"status":"active"`, member(council, "team")),
		resource("EpisodeOfCare", "e1", `"status":"active"`, `"managingOrganization":`+identified(council, "")),
		patient("ann", nhsNumber(annNumber)),
	}
	Put(t, store, start, Accept(t, home, ann, resource("Consent", "w1", `"status":"draft"`)))
	for _, body := range bodies {
		Put(t, store, start, Accept(t, home, ann, body))
	}
	Put(t, store, start,
		Accept(t, another, ann, patient("ann-too", nhsNumber(annNumber))),
		Accept(t, home, bryn, patient("bryn", nhsNumber(brynNumber))),
		Accept(t, home, ann, resource("Consent", "w0", `"status":"active"`)), Remove(t, home, ann, "Consent", "w0"))
	h, err := store.Holdings(t.Context(), ann)
	if err != nil || !slices.Equal(h.CustodiansOr(home), []profiles.OrgCode{home, another}) {
		t.Fatalf("asked are %v, %v", h.Custodians, err)
	}
	want := []facts.Compiled{}
	for _, body := range bodies {
		want = append(want, facts.Compile(home, parsed(t, body)))
	}
	want = append(want, facts.Compile(another, parsed(t, patient("ann-too", nhsNumber(annNumber)))))
	if diff := cmp.Diff(want, h.Facts, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("want (-) and got (+):\n%s", diff)
	}
	if at := h.At(home); len(at.Relations) != 2 || at.Epoch != h.Generation || at.Custodian != home || at.Unverified {
		t.Errorf("for its custodian they are %+v", at)
	}
	if at := h.At(another); len(at.Relations) != 0 || len(at.Directives) != 1 {
		t.Errorf("for another custodian they are %+v", at)
	}
	if h, err := store.Holdings(t.Context(), ""); err != nil || len(h.Facts)+len(h.Custodians) != 0 || h.Generation != 0 {
		t.Errorf("nobody's holdings: %+v, %v", h, err)
	}
	Put(t, store, start, Accept(t, another, "", resource("Organization", "o1", `"name":"Somewhere"`)))
	if h, err := store.Holdings(t.Context(), ""); err != nil || !slices.Equal(h.Custodians, []profiles.OrgCode{another}) || len(h.Facts) != 0 || h.Generation != 0 {
		t.Errorf("who holds a directory: %+v, %v", h, err)
	}
}

func identified(organisation profiles.OrgCode, team profiles.TeamID) string {
	system, value := profiles.SystemODS, string(organisation)
	if team != "" {
		system, value = profiles.TeamSystem(string(organisation)), string(team)
	}
	return fmt.Sprintf(`{"identifier":{"system":%q,"value":%q}}`, system, value)
}

func member(organisation profiles.OrgCode, team profiles.TeamID) string {
	return `"participant":[{"member":` + identified(organisation, team) + `}]`
}

// directory: whose part in the care stands behind a reference is looked up in the
// records of the same custodian, over a role to the organisation that it is for.
func directory(t *testing.T, store Store) {
	relations := func() int {
		t.Helper()
		h, err := store.Holdings(t.Context(), ann)
		if err != nil {
			t.Fatal(err)
		}
		return len(h.At(home).Relations)
	}
	expect := func(what string, want int, batch ...consent.Accepted) {
		t.Helper()
		Put(t, store, start, batch...)
		if got := relations(); got != want {
			t.Errorf("%s: %d relations, want %d", what, got, want)
		}
	}
	organisation := fmt.Sprintf(`"identifier":[{"system":%q,"value":%q}]`, profiles.SystemODS, council)
	role := resource("PractitionerRole", "r1", `"organization":{"reference":"Organization/o1"}`)
	expect("it leads nowhere", 0, Accept(t, home, ann, resource("CareTeam", "t1", `"status":"active"`,
		`"participant":[{"member":{"reference":"PractitionerRole/r1"}},{"member":{"reference":"Organization/o2"}}]`)))
	expect("a role for nobody known", 0, Accept(t, home, "", role))
	expect("another custodian's organisation", 0, Accept(t, another, "", resource("Organization", "o2", organisation)))
	expect("the organisation of the role", 1, Accept(t, home, "", resource("Organization", "o1", organisation)))
	expect("it is no more", 0, Remove(t, home, "", "Organization", "o1"))
	expect("it is back", 1, Accept(t, home, "", resource("Organization", "o1", organisation)))
}

// holdingsWhileWriting: every batch adds one wish and changes one plan. A generation
// that came without its fact would let a decision through that has not seen a refusal.
func holdingsWhileWriting(t *testing.T, store Store) {
	const wishes = 60
	var batches [][]consent.Accepted
	for i := range wishes {
		batches = append(batches, []consent.Accepted{
			Accept(t, home, ann, resource("Consent", fmt.Sprint("w", i), `"status":"active"`)), Accept(t, home, ann, crisisPlan(ann, "c1", fmt.Sprint(i))),
		})
	}
	var writer sync.WaitGroup
	writer.Go(func() {
		for _, b := range batches {
			if _, err := store.Put(t.Context(), start, b...); err != nil {
				t.Errorf("storing: %v", err)
				return
			}
		}
	})
	for range 4 {
		writer.Go(func() {
			for !t.Failed() {
				h, err := store.Holdings(t.Context(), ann)
				if err != nil || uint64(len(h.Facts))*2 != h.Generation {
					t.Errorf("%d wishes at generation %d, %v", len(h.Facts), h.Generation, err)
					return
				}
				if len(h.Facts) == wishes {
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
		Accept(t, home, "", resource("Practitioner", "p1")), Accept(t, another, "", resource("Practitioner", "p2")),
		Accept(t, home, "", resource("Practitioner", "p3")), Remove(t, home, "", "Practitioner", "p3"))
	got, err := store.Targets(t.Context(), home, []string{
		"CarePlan/c1", "CarePlan/c2", "Practitioner/p1", "Practitioner/p2", "Practitioner/p3", "CarePlan/c1", "CarePlan/c9", "Patient/c1", "CarePlan", "", "/", "urn:uuid:1", "https://example.org/CarePlan/c1",
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
	if got, err := store.Targets(t.Context(), home, nil); err != nil || len(got) != 0 {
		t.Errorf("of no references: %v, %v", got, err)
	}
}
