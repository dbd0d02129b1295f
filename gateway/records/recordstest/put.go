package recordstest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
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
		Type: "CarePlan", ID: "c1", Number: 1, Person: ann, Custodian: home, Source: "suite", Origin: origin, Body: v.Body, Stored: start,
		Label: profiles.Label{Need: profiles.SetOf(profiles.PlanCrisis)},
	}
	if !sameVersion(v.Version, want) {
		t.Errorf("got %+v, want %+v", v.Version, want)
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
	history := func(id string) []records.Version {
		return View(t, store, func(now records.Snapshot) ([]records.Version, error) { return now.History("CarePlan", id) })
	}
	if n := len(history("c1")); n != versions {
		t.Fatalf("%d versions", n)
	}
	for i, v := range history("c1") {
		if n := versions - i; v.Number != uint64(n) || string(v.Body) != crisisPlan(ann, "c1", fmt.Sprint("text ", n-1)) || v.Source != "suite" || v.Origin != origin || v.Person != ann {
			t.Errorf("in the history, at %d: %+v", i, v)
		}
	}
	if none := history("c2"); len(none) != 0 {
		t.Errorf("of what was never stored: %v", none)
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

// together: a refused change takes those it is put with along, and says which one it is.
func together(t *testing.T, store Store) {
	Put(t, store, start, Accept(t, home, bryn, crisisPlan(bryn, "c2", "his")))
	changes := []consent.Accepted{
		Accept(t, home, ann, patient("ann", nhsNumber(annNumber))), Accept(t, home, ann, crisisPlan(ann, "c1", "one")),
		Accept(t, home, ann, crisisPlan(ann, "c2", "hers")), Accept(t, home, ann, crisisPlan(ann, "c3", "three")),
	}
	err := store.Update(t.Context(), func(tx records.Tx) error {
		results, err := tx.PutAll(start, Puts(changes...))
		if !errors.Is(err, records.ErrOtherPerson) || len(results) != 2 {
			t.Errorf("%d results, %v", len(results), err)
		}
		results, err = tx.PutAll(start, Puts(changes[3:]...))
		if len(results) != 1 || !results[0].Stored {
			t.Errorf("%+v", results)
		}
		if none, err := tx.PutAll(start, nil); len(none) != 0 || err != nil {
			t.Errorf("of no changes: %+v, %v", none, err)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = store.Person(t.Context(), profiles.SystemNHSNumber, annNumber)
	nothing(t, "what was put with what was refused", err)
	if got := ids(t, store, Treating(t, ann), "CarePlan", records.Query{Count: 1}); got != "c3" {
		t.Errorf("she has %s", got)
	}
	if v := read(t, store, Treating(t, bryn), "CarePlan", "c2"); v.Number != 1 {
		t.Errorf("his plan has %d versions", v.Number)
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

func severalCustodians(t *testing.T, store Store) {
	Put(t, store, start,
		Accept(t, home, ann, patient("ann", nhsNumber(annNumber))), Accept(t, another, ann, patient("ann-too", nhsNumber(annNumber))),
		Accept(t, home, ann, crisisPlan(ann, "c1", "one")), Accept(t, another, ann, crisisPlan(ann, "c2", "two")))
	both := []records.Scope{
		{Person: ann, Custodian: another, Items: profiles.SetOf(profiles.PlanCrisis)},
		{Person: ann, Custodian: home, Items: profiles.AllItems},
	}
	for what, c := range map[string]struct {
		scopes        []records.Scope
		plans, people string
	}{
		"one": {both[:1], "c2", ""}, "the other": {both[1:], "c1", "ann"}, "both": {both, "c1 c2", "ann"}, "neither": {nil, "", ""},
	} {
		for typ, want := range map[string]string{"CarePlan": c.plans, "Patient": c.people} {
			var got []string
			for _, v := range walkIn(t, store, ofType(c.scopes, typ), records.Query{Count: 1}) {
				got = append(got, v.ID)
			}
			if strings.Join(got, " ") != want {
				t.Errorf("%s finds %s %v, want %s", what, typ, got, want)
			}
		}
	}
}

func removal(t *testing.T, store Store) {
	d := Treating(t, ann)
	Put(t, store, start, Accept(t, home, ann, crisisPlan(ann, "c1", "one")), Accept(t, home, ann, patient("ann", nhsNumber(annNumber))))
	gone := func(what string) {
		t.Helper()
		_, err := store.Read(t.Context(), d, "CarePlan", "c1")
		nothing(t, what, err)
		for number := range uint64(4) {
			_, err := store.ReadVersion(t.Context(), d, "CarePlan", "c1", number)
			nothing(t, fmt.Sprint(what, ", version ", number), err)
		}
		if got := ids(t, store, d, "CarePlan", records.Query{Count: 1}); got != "" {
			t.Errorf("%s: a search finds %s", what, got)
		}
	}
	remove := []consent.Accepted{Remove(t, home, ann, "CarePlan", "c1"), Remove(t, home, ann, "Patient", "ann"), Remove(t, home, ann, "CarePlan", "never")}
	if r := Put(t, store, start.Add(time.Hour), remove...); !r[0].Stored || r[0].Number != 2 || !r[1].Stored || r[2].Stored {
		t.Errorf("results %+v", r)
	}
	gone("deleted")
	if p, err := store.PersonOf(t.Context(), "CarePlan", "c1"); err != nil || p != ann {
		t.Errorf("it was about %q, %v", p, err)
	}
	_, err := store.Person(t.Context(), profiles.SystemNHSNumber, annNumber)
	nothing(t, "a deleted Patient's number", err)
	if r := Put(t, store, start.Add(time.Hour), remove[0]); r[0].Stored || r[0].Number != 2 {
		t.Errorf("deleted again: %+v", r)
	}
	results, err := store.Put(t.Context(), start, Accept(t, another, ann, crisisPlan(ann, "c1", "another's")), Accept(t, home, bryn, crisisPlan(bryn, "c1", "his")))
	if err != nil || !errors.Is(results[0].Err, records.ErrOtherCustodian) || !errors.Is(results[1].Err, records.ErrOtherPerson) {
		t.Errorf("of somebody else: %+v, %v", results, err)
	}
	Put(t, store, start.Add(2*time.Hour), Accept(t, home, ann, crisisPlan(ann, "c1", "one")))
	if v := read(t, store, d, "CarePlan", "c1"); v.Number != 3 || v.SeenNumber != 3 || !v.SeenAt.Equal(start.Add(2*time.Hour)) {
		t.Errorf("back again: %+v", v)
	}
	if _, err := store.ReadVersion(t.Context(), d, "CarePlan", "c1", 1); err != nil {
		t.Errorf("its first version: %v", err)
	}
	_, err = store.ReadVersion(t.Context(), d, "CarePlan", "c1", 2)
	nothing(t, "the version that says it is deleted", err)
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
	if _, err := store.Holdings(ctx, ann); err == nil {
		t.Error("holdings under an ended context looked like those of a person without facts")
	}
	if _, err := store.Find(ctx, Treating(t, ann), "CarePlan", records.Query{Count: 1}); err == nil {
		t.Error("a search under an ended context looked like one that finds nothing")
	}
	_, err := store.Read(t.Context(), Treating(t, ann), "CarePlan", "c1")
	nothing(t, "what was not stored", err)
}

func generations(t *testing.T, store Store) {
	generation := func(p profiles.PersonID) uint64 { return Generation(t, store, p) }
	newest := uint64(0)
	step := func(what string, whom []profiles.PersonID, batch ...consent.Accepted) {
		t.Helper()
		before := map[profiles.PersonID]uint64{ann: generation(ann), bryn: generation(bryn)}
		Put(t, store, start, batch...)
		for p, was := range before {
			is, moves := generation(p), slices.Contains(whom, p)
			if moves && is <= newest || !moves && is != was {
				t.Errorf("%s: the generation of %s goes from %d to %d", what, p, was, is)
			}
		}
		newest = max(generation(ann), generation(bryn))
	}
	team := Accept(t, home, ann, resource("CareTeam", "t1", subject(ann)))
	step("a plan", []profiles.PersonID{ann}, Accept(t, home, ann, crisisPlan(ann, "c1", "one")))
	step("facts of both", []profiles.PersonID{ann, bryn},
		Accept(t, home, ann, patient("ann", nhsNumber(annNumber))), team, Accept(t, home, bryn, patient("bryn", nhsNumber(brynNumber))))
	step("the same facts", nil, team)
	step("another custodian's wish", []profiles.PersonID{ann}, Accept(t, another, ann, resource("Consent", "w1", `"status":"active"`)))
	step("an episode", []profiles.PersonID{bryn}, Accept(t, home, bryn, resource("EpisodeOfCare", "e1", `"status":"active"`)))
	step("staff", nil, Accept(t, home, "", resource("Practitioner", "w1")))
	step("a removal", []profiles.PersonID{bryn}, Remove(t, home, bryn, "EpisodeOfCare", "e1"))
	step("a wish that names somebody who is not known", []profiles.PersonID{ann},
		Accept(t, home, ann, resource("Consent", "w2", `"status":"active"`, `"patient":{"reference":"Patient/bryn-too"}`)))
	step("who was named", []profiles.PersonID{ann, bryn}, Accept(t, home, bryn, patient("bryn-too", nhsNumber(brynNumber))))
	step("nothing to remove", nil, Remove(t, home, bryn, "EpisodeOfCare", "e1"))
}

// namesakes: to whom a number leads changes for everybody who has it.
func namesakes(t *testing.T, store Store) {
	Put(t, store, start, Accept(t, home, bryn, patient("bryn", nhsNumber(brynNumber))), Accept(t, home, ann, patient("ann", nhsNumber(annNumber))))
	for _, step := range []struct {
		what   string
		change consent.Accepted
		moves  bool
	}{
		{"of no number of his", Accept(t, home, ann, patient("ann", nhsNumber(annNumber), `"gender":"female"`)), false},
		{"that brings his number", Accept(t, home, ann, patient("ann", nhsNumber(brynNumber))), true},
		{"that keeps it", Accept(t, home, ann, patient("ann", nhsNumber(brynNumber), `"gender":"female"`)), true},
		{"that takes it away", Accept(t, home, ann, patient("ann", nhsNumber(annNumber))), true},
		{"that says no more of it", Accept(t, home, ann, patient("ann", nhsNumber(annNumber), `"gender":"female"`)), false},
		{"that brings it again", Accept(t, another, ann, patient("ann-too", nhsNumber(brynNumber))), true},
		{"that removes it", Remove(t, another, ann, "Patient", "ann-too"), true},
	} {
		before := Generation(t, store, bryn)
		Put(t, store, start, step.change)
		if after := Generation(t, store, bryn); (after > before) != step.moves || after < before {
			t.Errorf("a change %s: from %d to %d", step.what, before, after)
		}
	}
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
