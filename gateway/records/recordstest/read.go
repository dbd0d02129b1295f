package recordstest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"cpagateway/consent"
	"cpagateway/gateway/records"
	"cpagateway/profiles"
)

func refusalFindsNothing(t *testing.T, store Store) {
	Put(t, store, start,
		Accept(t, home, ann, patient("ann", nhsNumber(annNumber))),
		Accept(t, home, ann, crisisPlan(ann, "c1", "one")),
		Accept(t, home, "", resource("Practitioner", "w1")),
		Accept(t, home, "", crisisPlan(ann, "c2", "about nobody")))
	for name, d := range map[string]consent.Decision{
		"zero": {}, "refused": Refused(t, ann), "import": Bring(t, home), "nobody": Refused(t, ""),
	} {
		for _, ref := range [][2]string{{"Patient", "ann"}, {"CarePlan", "c1"}, {"CarePlan", "c2"}, {"Practitioner", "w1"}, {"CarePlan", "unknown"}} {
			_, err := store.Read(t.Context(), d, ref[0], ref[1])
			nothing(t, name+": reading "+ref[0]+"/"+ref[1], err)
			_, err = store.ReadVersion(t.Context(), d, ref[0], ref[1], 1)
			nothing(t, name+": reading a version of "+ref[0]+"/"+ref[1], err)
			if list := View(t, store, func(now records.Snapshot) ([]records.Visible, error) {
				return now.Versions(scopes(d, ref[0]), ref[1], records.Newest, 10)
			}); len(list) != 0 {
				t.Errorf("%s: %d versions of %s/%s", name, len(list), ref[0], ref[1])
			}
			page, err := store.Find(t.Context(), d, ref[0], records.Query{Count: 10})
			if err != nil || len(page.Matches) != 0 || page.Next != "" {
				t.Errorf("%s: searching %s: %d matches, next %q, %v", name, ref[0], len(page.Matches), page.Next, err)
			}
		}
	}
}

func ownPersonOnly(t *testing.T, store Store) {
	Put(t, store, start,
		Accept(t, home, ann, crisisPlan(ann, "c1", "hers")),
		Accept(t, home, bryn, crisisPlan(bryn, "c2", "his")),
		Accept(t, home, "", resource("Practitioner", "w1")),
		Accept(t, another, "", resource("Practitioner", "w2")))
	for _, c := range []struct {
		d    consent.Decision
		typ  string
		want string
	}{
		{Treating(t, ann), "CarePlan", "c1"},
		{Treating(t, bryn), "CarePlan", "c2"},
		{Treating(t, ann), "Practitioner", ""}, // a decision about a person is none about staff
		{Staff(t, home), "Practitioner", "w1"},
		{Staff(t, another), "Practitioner", "w2"},
		{Staff(t, home), "CarePlan", ""},
	} {
		for _, id := range []string{"c1", "c2", "w1", "w2"} {
			_, err := store.Read(t.Context(), c.d, c.typ, id)
			if id == c.want && err != nil || id != c.want && !errors.Is(err, records.ErrNothing) {
				t.Errorf("%s/%s where %q may be seen: %v", c.typ, id, c.want, err)
			}
		}
		if got := ids(t, store, c.d, c.typ, records.Query{Count: 10}); got != c.want {
			t.Errorf("searching %s found %q, want %q", c.typ, got, c.want)
		}
	}
}

// manyScopes: a search of the directory has a scope for everybody who holds one. A database
// takes some ten thousand arguments of a statement, and no more.
func manyScopes(t *testing.T, store Store) {
	Put(t, store, start, Accept(t, home, "", resource("Practitioner", "w1")))
	own := records.Scope{Custodian: home, Type: "Practitioner", Items: profiles.AllItems}
	many := make([]records.Scope, 15000)
	for i := range many {
		many[i] = records.Scope{Custodian: profiles.OrgCode(fmt.Sprint("custodian-", i)), Type: own.Type, Items: own.Items}
	}
	for name, scopes := range map[string][]records.Scope{"": nil, "w1": append(many, own)} {
		found := ""
		for _, v := range walkIn(t, store, scopes, records.Query{Count: 10}) {
			found += v.ID
		}
		err := store.View(t.Context(), func(now records.Snapshot) error {
			_, err := now.Read(scopes, "w1")
			return err
		})
		if found != name || name == "" != errors.Is(err, records.ErrNothing) || name != "" && err != nil {
			t.Errorf("%d scopes found %q, %v", len(scopes), found, err)
		}
	}
}

// ids walks a search to its end and joins what it finds.
func ids(t *testing.T, store Store, d consent.Decision, typ string, q records.Query) string {
	t.Helper()
	text := ""
	for _, v := range walkIn(t, store, scopes(d, typ), q) {
		if text != "" {
			text += " "
		}
		text += v.ID
	}
	return text
}

func walkIn(t testing.TB, store Store, scopes []records.Scope, q records.Query) []records.Visible {
	t.Helper()
	var all []records.Visible
	for {
		page, err := store.FindIn(t.Context(), scopes, q)
		if err != nil {
			t.Fatalf("searching in %v: %v", scopes, err)
		}
		all = append(all, page.Matches...)
		if page.Next == "" {
			return all
		}
		if len(page.Matches) != q.Count {
			t.Fatalf("a page of %d has %d matches and a next one", q.Count, len(page.Matches))
		}
		q.After = page.Next
	}
}

func labels(t *testing.T, store Store) {
	Put(t, store, start,
		Accept(t, home, ann, patient("ann", nhsNumber(annNumber))),
		Accept(t, home, ann, crisisPlan(ann, "crisis", "one")),
		Accept(t, home, ann, resource("CarePlan", "both", subject(ann), `"status":"active"`, category(profiles.CodeCrisisPlan, profiles.CodeContingencyPlan))),
		Accept(t, home, ann, resource("Basic", "unknown")))
	for _, c := range []struct {
		items []profiles.Item
		want  map[string]string
	}{
		{[]profiles.Item{profiles.PlanCrisis}, map[string]string{"CarePlan": "crisis"}},
		{[]profiles.Item{profiles.PlanContingency}, map[string]string{}},
		{[]profiles.Item{profiles.PlanCrisis, profiles.PlanContingency}, map[string]string{"CarePlan": "crisis both"}},
		{[]profiles.Item{profiles.PersonSupport}, map[string]string{"Patient": "ann"}},
		{[]profiles.Item{profiles.PersonContact, profiles.PlanCrisis}, map[string]string{"Patient": "ann", "CarePlan": "crisis"}},
		{[]profiles.Item{profiles.PlanSummary, profiles.Directory}, map[string]string{}},
	} {
		d := Grant(t, ann, c.items...)
		for _, typ := range []string{"Patient", "CarePlan", "Basic"} {
			if got := ids(t, store, d, typ, records.Query{Count: 1}); got != c.want[typ] {
				t.Errorf("granted {%v}: %s %q, want %q", d.Items(), typ, got, c.want[typ])
			}
		}
	}
}

func aboutNobody(t *testing.T, store Store) {
	Put(t, store, start,
		Accept(t, home, "", resource("Organization", "o1")),
		Accept(t, home, "", crisisPlan(ann, "c1", "whose?")))
	read(t, store, Staff(t, home), "Organization", "o1")
	for _, d := range []consent.Decision{Staff(t, home), Treating(t, ann)} {
		_, err := store.Read(t.Context(), d, "CarePlan", "c1")
		nothing(t, "a plan about nobody", err)
	}
	if s := scopes(Staff(t, home), "CarePlan"); !s[0].Items.Empty() {
		t.Errorf("a decision about staff sees {%v} of plans", s[0].Items)
	}
}

// patientOf writes a Patient whose parts belong to different items.
func patientOf(city, language string) string {
	return patient("ann", nhsNumber(annNumber), fmt.Sprintf(`"address":[{"city":%q}]`, city),
		fmt.Sprintf(`"communication":[{"language":{"text":%q}}]`, language))
}

func seenVersion(t *testing.T, store Store) {
	for i, body := range []string{patientOf("Cardiff", "Welsh"), patientOf("Barry", "Welsh"), patientOf("Barry", "Polish"), patientOf("Penarth", "Polish")} {
		Put(t, store, start.Add(time.Duration(i)*time.Hour), Accept(t, home, ann, body))
	}
	for _, c := range []struct {
		item    profiles.Item
		seen    uint64
		visible []uint64
	}{
		{profiles.PersonContact, 4, []uint64{1, 2, 4}},
		{profiles.PersonSupport, 3, []uint64{1, 3}},
		{profiles.PersonIdentity, 1, []uint64{1}},
	} {
		d := Grant(t, ann, c.item)
		v := read(t, store, d, "Patient", "ann")
		if v.SeenNumber != c.seen || !v.SeenAt.Equal(start.Add(time.Duration(c.seen-1)*time.Hour)) || v.Number != 4 {
			t.Errorf("%v: number %d of %v, want %d", c.item, v.SeenNumber, v.SeenAt, c.seen)
		}
		page, err := store.Find(t.Context(), d, "Patient", records.Query{Count: 1})
		if err != nil || len(page.Matches) != 1 || page.Matches[0].SeenNumber != c.seen || !page.Matches[0].SeenAt.Equal(v.SeenAt) {
			t.Errorf("%v: a search says otherwise: %+v, %v", c.item, page, err)
		}
		var visible []uint64
		for number := range uint64(5) {
			old, err := store.ReadVersion(t.Context(), d, "Patient", "ann", number)
			if err == nil && old.Number == number && old.SeenNumber == number {
				visible = append(visible, number)
			}
		}
		if fmt.Sprint(visible) != fmt.Sprint(c.visible) {
			t.Errorf("%v: versions %v can be read, want %v", c.item, visible, c.visible)
		}
	}
}

func longHistory(t *testing.T, store Store) {
	changes := []consent.Accepted{Accept(t, home, ann, patientOf("Cardiff", "Welsh")), Accept(t, home, ann, patientOf("Barry", "Welsh"))}
	for i := range 1100 {
		changes = append(changes, Accept(t, home, ann, patientOf("Barry", fmt.Sprint("language ", i))))
	}
	Put(t, store, start, append(changes, Accept(t, home, ann, patientOf("Penarth", "language 1099")))...)
	contact := scopes(Grant(t, ann, profiles.PersonContact), "Patient")
	for limit, want := range [][]uint64{nil, {1103}, {1103, 2}, {1103, 2, 1}, {1103, 2, 1}} {
		found := View(t, store, func(now records.Snapshot) ([]records.Visible, error) {
			return now.Versions(contact, "ann", records.Newest, limit)
		})
		var numbers []uint64
		for _, v := range found {
			numbers = append(numbers, v.Number)
		}
		if !slices.Equal(numbers, want) {
			t.Errorf("of %d versions at most: %v, want %v", limit, numbers, want)
		}
	}
}

func hiddenVersion(t *testing.T, store Store) {
	outside := Grant(t, ann, profiles.PlanCrisis)
	bodies := []string{
		plan(ann, "c1", profiles.CodeCrisisPlan),
		plan(ann, "c1", profiles.CodeCrisisPlan, veryRestricted()),
		plan(ann, "c1", profiles.CodeCrisisPlan, `"description":"open again"`),
	}
	for i, want := range []map[uint64]bool{{1: true}, {}, {1: true, 3: true}} {
		Put(t, store, start.Add(time.Duration(i)*time.Hour), Accept(t, home, ann, bodies[i]))
		for number := range uint64(4) {
			_, err := store.ReadVersion(t.Context(), outside, "CarePlan", "c1", number)
			if want[number] && err != nil || !want[number] && !errors.Is(err, records.ErrNothing) {
				t.Errorf("after version %d, version %d: %v", i+1, number, err)
			}
		}
		if _, err := store.ReadVersion(t.Context(), Treating(t, ann), "CarePlan", "c1", uint64(i)+1); err != nil {
			t.Errorf("the treating team cannot read version %d: %v", i+1, err)
		}
	}
}

// labelFallsAway: to those for whom the resource appears with a version, that
// version is the one they see, even if its content is what it was.
func labelFallsAway(t *testing.T, store Store) {
	outside := Grant(t, ann, profiles.PlanCrisis)
	Put(t, store, start, Accept(t, home, ann, plan(ann, "c1", profiles.CodeCrisisPlan, veryRestricted())))
	_, err := store.Read(t.Context(), outside, "CarePlan", "c1")
	nothing(t, "the restricted plan", err)
	Put(t, store, start.Add(time.Hour), Accept(t, home, ann, plan(ann, "c1", profiles.CodeCrisisPlan)))
	v := read(t, store, outside, "CarePlan", "c1")
	if v.SeenNumber != 2 || !v.SeenAt.Equal(start.Add(time.Hour)) {
		t.Errorf("seen is version %d of %v", v.SeenNumber, v.SeenAt)
	}
}

// followed: the second version of a plan adds a reference and nothing else. Whether
// that is a new version depends on what the reference leads to, whatever came first.
func followed(t *testing.T, store Store) {
	open := []records.Scope{{Person: ann, Custodian: home, Type: "CarePlan", Items: profiles.AllItems.Minus(profiles.SetOf(profiles.RestrictedVery))}}
	all := []records.Scope{{Person: ann, Custodian: home, Type: "CarePlan", Items: profiles.AllItems}}
	goal := func(members ...string) string {
		return resource("Goal", "g1", append(members, subject(ann), `"lifecycleStatus":"active"`)...)
	}
	hour := 0
	step := func(what string, openSees, allSee uint64, changes ...consent.Accepted) {
		t.Helper()
		hour++
		Put(t, store, start.Add(time.Duration(hour)*time.Hour), changes...)
		err := store.View(t.Context(), func(now records.Snapshot) error {
			for _, c := range []struct {
				scopes []records.Scope
				want   uint64
			}{{open, openSees}, {all, allSee}} {
				v, err := now.Read(c.scopes, "c1")
				if err != nil || v.SeenNumber != c.want || v.Number > 1 && !v.SeenAt.Equal(start.Add(time.Duration(v.SeenNumber)*time.Hour)) {
					t.Errorf("%s: seen as version %d of %v, want %d, %v", what, v.SeenNumber, v.SeenAt, c.want, err)
				}
			}
			if n, err := now.Outdated(); err != nil || n != 0 {
				t.Errorf("%s: %d versions are outdated, %v", what, n, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	before := Generation(t, store, ann)
	step("a plan", 1, 1, Accept(t, home, ann, plan(ann, "c1", profiles.CodeCrisisPlan)))
	step("a reference to nothing", 1, 1, Accept(t, home, ann, plan(ann, "c1", profiles.CodeCrisisPlan, `"goal":[{"reference":"Goal/g1"}]`)))
	step("another custodian's", 1, 1, Accept(t, another, ann, resource("Goal", "g2", subject(ann))))
	step("it leads to a goal", 2, 2, Accept(t, home, ann, goal()))
	step("that changes", 2, 2, Accept(t, home, ann, goal(`"description":{"text":"x"}`)))
	step("that is restricted", 1, 2, Accept(t, home, ann, goal(veryRestricted())))
	step("that is open again", 2, 2, Accept(t, home, ann, goal()))
	step("that is no more", 1, 1, Remove(t, home, ann, "Goal", "g1"))
	if after := Generation(t, store, ann); after <= before {
		t.Errorf("the generation goes from %d to %d", before, after)
	}
}

// Generation is the generation of what is held about a person, by itself and with the
// holdings alike.
func Generation[S records.Snapshot, T records.Tx](t testing.TB, store Keeper[S, T], person profiles.PersonID) uint64 {
	t.Helper()
	held := View(t, store, func(now S) (records.Holdings, error) { return now.Holdings(person) })
	if alone := View(t, store, func(now S) (uint64, error) { return now.Generation(person) }); alone != held.Generation {
		t.Errorf("the generation of %s is %d, with the holdings %d", person, alone, held.Generation)
	}
	return held.Generation
}
