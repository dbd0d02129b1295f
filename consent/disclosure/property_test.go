package disclosure

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cpagateway/consent"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// permitting is the terms of a decision to let items of ann out.
func permitting(items profiles.ItemSet) terms {
	return terms{open: true, person: "ann", granted: items, day: profiles.Day(time.Date(2025, 6, 1, 12, 0, 0, 0, time.UTC))}
}

// heldOf is a resource as a store holds it.
func heldOf(r fhir.Value) Held {
	h := Held{Resource: r, Person: "ann", Label: profiles.Items(r), Tag: func(profiles.ItemSet, Digest) string { return "v1" }, Updated: time.Date(2025, 5, 1, 0, 0, 0, 0, time.UTC)}
	if profiles.DirectoryType(r.Type()) {
		h.Person = ""
	}
	return h
}

func parsed(t interface{ Fatalf(string, ...any) }, src string) fhir.Value {
	v, err := fhir.ParseResource([]byte(src))
	if err != nil {
		t.Fatalf("parsing: %v\n%s", err, src)
	}
	return v
}

// grants makes a set of items, mostly one that sees the resource.
func grants(t *rapid.T, r fhir.Value) profiles.ItemSet {
	items := profiles.ItemSetOfBits(rapid.Uint64().Draw(t, "granted")).Intersect(profiles.AllItems)
	if rapid.IntRange(0, 9).Draw(t, "sees") > 0 {
		items = items.Union(profiles.Items(r).Items())
	}
	return items
}

// ofEachType checks a property with made resources of every served type.
func ofEachType(t *testing.T, check func(t *rapid.T, typ string)) {
	for _, typ := range profiles.ServedTypes() {
		t.Run(typ, rapid.MakeCheck(func(t *rapid.T) { check(t, typ) }))
	}
}

var partMark = regexp.MustCompile(`part-\d+-`)

// Nothing that stands only in what is withheld is anywhere in the body: not what
// the table does not list, not a part whose items are not granted, not an identifier
// or a name in a reference that may not be followed.
func TestNothingWithheldIsInTheBody(t *testing.T) {
	released := 0
	ofEachType(t, func(t *rapid.T, typ string) {
		m := &maker{t: t, modifiers: WithModifiers}
		r := m.resource(typ)
		source := parsed(t, r.source(keepAll))
		granted := grants(t, source)
		before := bytes.Clone(source.Raw())

		x := permitting(granted).disclose(heldOf(source), madeTargets())
		body := string(x.Body())
		if !bytes.Equal(before, source.Raw()) {
			t.Fatal("the source was changed")
		}
		if x.Withheld() {
			return
		}
		released++
		if strings.Contains(body, "never-") {
			t.Fatalf("what is never copied was copied:\n%s\n%s", source.Raw(), body)
		}
		if strings.Contains(body, "logical-") && !naming.Within(granted) {
			t.Fatalf("an organisation was named without an item for it:\n%s", body)
		}
		if strings.Contains(body, "performer-") && !granted.Has(profiles.CrisisContacts) {
			t.Fatalf("somebody was named outside the contacts:\n%s", body)
		}
		if strings.Contains(body, "author-") && !(typ == "CarePlan" && granted.Has(profiles.PlanFreshness)) {
			t.Fatalf("an author was named to whoever may not know how fresh a plan is:\n%s", body)
		}
		for _, mark := range partMark.FindAllString(body, -1) {
			p := r.parts[slices.IndexFunc(r.parts, func(p madePart) bool { return p.mark == mark })]
			need := needOf(source, r, p)
			if !granted.Covers(need) {
				t.Fatalf("%s needs %v, granted were %v:\n%s", p.name, need, granted, body)
			}
			if !x.Items().Covers(need) {
				t.Fatalf("%s needs %v, recorded as released were %v:\n%s", p.name, need, x.Items(), body)
			}
		}
		if kind := profiles.Items(source).Need; !x.Items().Covers(kind) {
			t.Fatalf("the resource needs %v, recorded as released were %v", kind, x.Items())
		}
		if !granted.Covers(x.Items()) {
			t.Fatalf("recorded as released: %v, granted were %v", x.Items(), granted)
		}
		assertClean(t, parsed(t, body))
	})
	if released < 300 {
		t.Errorf("only %d resources were released", released)
	}
}

// needOf is what a part of a made resource needs, its value found again in the source.
func needOf(source fhir.Value, m made, p madePart) profiles.ItemSet {
	value := source.Get(p.name)
	if p.list {
		at := 0
		for _, other := range m.parts {
			if other.mark == p.mark {
				break
			}
			if other.name == p.name {
				at++
			}
		}
		value = value.At(at)
	}
	return profiles.PartItems(source, p.name, value)
}

// assertClean: no empty object, array or string, and no null, is in an answer.
func assertClean(t *rapid.T, v fhir.Value) {
	switch v.Kind() {
	case fhir.Null:
		t.Fatalf("%s is null", v.Path())
	case fhir.String:
		if v.Text() == "" {
			t.Fatalf("%s is empty", v.Path())
		}
	case fhir.Object, fhir.Array:
		if v.Len() == 0 {
			t.Fatalf("%s is empty", v.Path())
		}
		for _, member := range v.Members() {
			assertClean(t, member)
		}
		if v.Kind() == fhir.Array {
			for element := range v.Each() {
				assertClean(t, element)
			}
		}
	}
}

// Two resources that differ only in what is not granted give the same bytes.
func TestNonInterference(t *testing.T) {
	compared := 0
	ofEachType(t, func(t *rapid.T, typ string) {
		m := &maker{t: t, modifiers: WithModifiers}
		one := m.resource(typ)
		source := parsed(t, one.source(keepAll))
		granted := grants(t, source)
		hidden := func(p madePart) bool {
			return !granted.Covers(needOf(source, one, p)) && !strings.HasPrefix(p.name, "_") && !source.Get("_"+p.name).Exists()
		}
		// The other world: what is hidden is gone, or is something else that is hidden.
		other := made{typ: one.typ}
		for _, p := range one.parts {
			if !hidden(p) || m.chance(50) {
				other.parts = append(other.parts, p)
				continue
			}
			p.json = m.foreign()
			if instead, err := fhir.Parse([]byte(p.json)); err == nil && !granted.Covers(profiles.PartItems(source, p.name, instead)) {
				other.parts = append(other.parts, p)
			}
		}
		world := parsed(t, other.source(keepAll))
		if profiles.Items(world) != profiles.Items(source) {
			t.Skip("the kind of resource is not a part of it")
		}
		d := permitting(granted)
		a, b := d.disclose(heldOf(source), madeTargets()), d.disclose(heldOf(world), madeTargets())
		if !bytes.Equal(a.Body(), b.Body()) || a.Items() != b.Items() {
			t.Fatalf("granted %v\n%s\n%s\ngave\n%s\n%s", granted, source.Raw(), world.Raw(), a.Body(), b.Body())
		}
		if !a.Withheld() && !bytes.Equal(source.Raw(), world.Raw()) {
			compared++
		}
	})
	if compared < 100 {
		t.Errorf("only %d pairs differed and were released", compared)
	}
}

// Granting fewer items never gives a member that granting more did not. (A
// modifier extension in what is granted withholds the whole, so there are none here.)
func TestFewerItemsNeverGiveMore(t *testing.T) {
	compared := 0
	ofEachType(t, func(t *rapid.T, typ string) {
		m := &maker{t: t, modifiers: WithoutModifiers}
		source := parsed(t, m.resource(typ).source(keepAll))
		more := grants(t, source)
		fewer := more.Intersect(profiles.ItemSetOfBits(rapid.Uint64().Draw(t, "kept")))
		a := permitting(fewer).disclose(heldOf(source), madeTargets())
		b := permitting(more).disclose(heldOf(source), madeTargets())
		if a.Withheld() {
			return
		}
		compared++
		if b.Withheld() {
			t.Fatalf("%v gave something, %v nothing:\n%s", fewer, more, source.Raw())
		}
		given := map[string]int{}
		leaves(parsed(t, string(b.Body())), "", func(leaf string) { given[leaf]++ })
		leaves(parsed(t, string(a.Body())), "", func(leaf string) {
			if given[leaf]--; given[leaf] < 0 {
				t.Fatalf("%v gave %s and %v did not", fewer, leaf, more)
			}
		})
	})
	if compared < 100 {
		t.Errorf("only %d resources were released", compared)
	}
}

// leaves are the values at the ends of the paths, narrative aside: it says what is not there.
func leaves(v fhir.Value, path string, yield func(string)) {
	switch v.Kind() {
	case fhir.Object:
		for name, member := range v.Members() {
			if path != "" || name != "text" {
				leaves(member, path+"."+name, yield)
			}
		}
	case fhir.Array:
		for element := range v.Each() {
			leaves(element, path, yield)
		}
	default:
		yield(fmt.Sprintf("%s=%s", path, v.Raw()))
	}
}

// A Copy that was made by nobody carries nothing; neither does a decision
// that was made by nobody disclose anything.
func TestZeroValuesCarryNothing(t *testing.T) {
	var zero Disclosure
	if !zero.Withheld() || zero.Body() != nil || zero.Type() != "" || zero.ID() != "" || zero.Person() != "" || zero.VersionID() != "" ||
		!zero.Items().Empty() {
		t.Errorf("the zero Copy carries %+v", zero)
	}
	if zero.Decision().Outcome() != consent.Deny {
		t.Error("the zero Copy has a decision that permits")
	}
	for _, typ := range profiles.ServedTypes() {
		source := parsed(t, `{"resourceType":"`+typ+`","id":"x","status":"active","identifier":[{"value":"x"}]}`)
		if x := Of(consent.Decision{}, heldOf(source), madeTargets()); !x.Withheld() || !x.Items().Empty() {
			t.Errorf("the zero Decision disclosed %s", x.Body())
		}
	}
}
