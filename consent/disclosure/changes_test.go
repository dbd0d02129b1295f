package disclosure

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// noticed reports whether a version is a new one to somebody.
func noticed(changes []profiles.Label, granted profiles.ItemSet) bool {
	return slices.ContainsFunc(changes, func(l profiles.Label) bool { return l.Within(granted) })
}

// edited is a resource with something in it removed, replaced, repeated or put
// elsewhere, at any depth.
func (m *maker) edited(v fhir.Value) fhir.Value {
	for range rapid.IntRange(1, 3).Draw(m.t, "edits") {
		var places []fhir.Value
		var walk func(fhir.Value)
		walk = func(v fhir.Value) {
			if v.Len() > 0 && (v.Kind() == fhir.Object || v.Kind() == fhir.Array) {
				places = append(places, v)
			}
			for _, member := range v.Members() {
				walk(member)
			}
			if v.Kind() == fhir.Array {
				for element := range v.Each() {
					walk(element)
				}
			}
		}
		walk(v)
		place := pick(m, places)
		if m.chance(30) {
			place = places[0] // the resource's own members
		}
		src, err := fhir.Splice(v, fhir.Edit{At: place, With: m.rearranged(place, places)})
		if err != nil {
			m.t.Fatalf("editing: %v", err)
		}
		v = parsed(m.t, string(src))
	}
	return v
}

// rearranged is an object or array with one thing in it changed.
func (m *maker) rearranged(v fhir.Value, others []fhir.Value) []byte {
	var names []string
	var values [][]byte
	for name, member := range v.Members() {
		names, values = append(names, name), append(values, member.Raw())
	}
	open, shut := "{", "}"
	if v.Kind() == fhir.Array {
		open, shut = "[", "]"
		for element := range v.Each() {
			values = append(values, element.Raw())
		}
	}
	i, j := rapid.IntRange(0, len(values)-1).Draw(m.t, "i"), rapid.IntRange(0, len(values)-1).Draw(m.t, "j")
	fixed := func(at int) bool { return names != nil && (names[at] == "resourceType" || names[at] == "id") }
	remove := func(at int) {
		values = slices.Delete(values, at, at+1)
		if names != nil {
			names = slices.Delete(names, at, at+1)
		}
	}
	switch kind := pick(m, []string{"remove", "remove", "replace", "swap", "repeat"}); {
	case fixed(i) || fixed(j):
	case kind == "remove":
		remove(i)
	case kind == "replace" && len(values[i]) > 0 && values[i][0] == '"':
		values[i] = []byte(pick(m, []string{m.never(), `"active"`, `"Goal/work"`, `"Practitioner/seen"`}))
	case kind == "replace":
		values[i] = pick(m, others).Raw()
	case kind == "swap":
		values[i], values[j] = values[j], values[i]
		if names != nil {
			names[i], names[j] = names[j], names[i]
		}
	case kind == "repeat" && names == nil:
		values = slices.Insert(values, j, values[i])
	}
	var parts []string
	for at, value := range values {
		part := string(value)
		if names != nil {
			part = fmt.Sprintf("%q:%s", names[at], value)
		}
		parts = append(parts, part)
	}
	return []byte(open + strings.Join(parts, ",") + shut)
}

// Whoever has none of the labels of a change is shown the same bytes, and so an
// answer never changes behind an ETag. Whoever has one is shown something else, and
// so what is hidden moves nothing; but for a change of what withholds, where no list
// of labels says who sees the one version and not the other.
func TestSameVersionSameBytes(t *testing.T) {
	same, moved := 0, 0
	ofEachType(t, func(t *rapid.T, typ string) {
		m := &maker{t: t, modifiers: Modifiers(rapid.IntRange(0, 2).Draw(t, "modifiers"))}
		before := parsed(t, m.resource(typ).source(keepAll))
		after := m.edited(before)
		changes := Changes(before, after, heldOf(before).Person, madeTargets())
		granted := grants(t, before)
		if len(changes) > 0 && m.chance(50) {
			granted = granted.Union(pick(m, changes).Need)
		}
		show := func(v fhir.Value) []byte { return permitting(granted).disclose(heldOf(v), madeTargets()).Body() }
		a, b := show(before), show(after)
		switch notice, equal := noticed(changes, granted), bytes.Equal(a, b); {
		case !notice && !equal, m.modifiers == Plain && notice && equal && len(a) > 0 && profiles.Items(before) == profiles.Items(after):
			t.Fatalf("noticed %v, granted %v, changes %v\n%s\n%s\ngave\n%s\n%s", notice, granted, changes, before.Raw(), after.Raw(), a, b)
		case !equal:
			moved++
		case len(a) > 0 && !bytes.Equal(before.Raw(), after.Raw()):
			same++
		}
	})
	if same < 100 || moved < 100 {
		t.Errorf("%d changes were hidden and %d shown: too few", same, moved)
	}
}

// TestChanges: to whom a new version is one.
func TestChanges(t *testing.T) {
	const head = `{"resourceType":"CarePlan","id":"x","status":"active","intent":"plan","subject":{"reference":"Patient/ann"},"category":[{"coding":[{"system":"$sct","code":"736253002"}]}]`
	act := func(part, words string) string {
		return `{"extension":[{"url":"@PlanPart","valueCode":"` + part + `"}],"detail":{"status":"scheduled","description":"` + words + `"}}`
	}
	acts := func(list ...string) string { return head + `,"activity":[` + strings.Join(list, ",") + `]}` }
	goals := func(list ...string) string { return head + `,"goal":[` + strings.Join(list, ",") + `]}` }
	goal := func(id string) string { return `{"reference":"Goal/` + id + `"}` }
	to := func(id string) string {
		return `{"extension":[{"url":"@PlanPart","valueCode":"contact"}],"detail":{"status":"scheduled","goal":[` + goal(id) + `]}}`
	}
	third := `{"extension":[{"url":"@PlanPart","valueCode":"action"},{"url":"@Restriction","valueCode":"third-party"}],"detail":{"status":"scheduled"}}`
	modified := `{"modifierExtension":[{"url":"x"}],"extension":[{"url":"@PlanPart","valueCode":"contact"}],"detail":{"status":"scheduled"}}`
	withheldTwice := strings.Replace(modified, `"extension":[`, `"extension":[{"url":"@Restriction","valueCode":"third-party"},`, 1)
	incomplete := strings.Replace(to("finance"), `"status":"scheduled",`, ``, 1)
	numbered := func(number string) string {
		return strings.Replace(head, `"reference":"Patient/ann"`, `"identifier":{"system":"`+profiles.SystemNHSNumber+`","value":"`+number+`"}`, 1) + `}`
	}
	reviewed := func(day string) string { return `,"extension":[{"url":"@LastReviewed","valueDate":"` + day + `"}]}` }
	patient := func(rest string) string { return `{"resourceType":"Patient","id":"ann","active":true` + rest + `}` }
	directive := func(provision string) string {
		return `{"resourceType":"Consent","id":"x","status":"active","scope":{"text":"x"},"category":[{"text":"x"}],"patient":{"reference":"Patient/ann"},"provision":` + provision + `}`
	}
	actor := func(reference string) string {
		return directive(`{"type":"deny","actor":[{"role":{"text":"x"},"reference":{"reference":"` + reference + `"}}]}`)
	}
	for name, c := range map[string]struct{ before, after, want string }{
		"nothing":                                 {head + `}`, head + `}`, ``},
		"white space":                             {head + `}`, head + ` , "activity" : [ ] }`, ``},
		"a narrative and a number":                {head + `}`, head + `,"meta":{"versionId":"2"},"text":{"div":"x"}}`, ``},
		"a profile of ours":                       {head + `}`, head + `,"meta":{"profile":["$profile"]}}`, `plan.crisis`},
		"the frame":                               {head + `}`, head + `,"title":"x"}`, `plan.crisis`},
		"another number":                          {head + `,"title":"x"}`, head + `,"title":"y"}`, `plan.crisis`},
		"what is never copied":                    {head + `}`, head + `,"contained":[{}],"_status":{"id":"x"},"unknown":1}`, ``},
		"a part came":                             {acts(act("contact", "a")), acts(act("contact", "a"), act("dependants", "b")), `plan.crisis+person.dependants`},
		"a part went":                             {acts(act("contact", "a"), act("dependants", "b")), acts(act("contact", "a")), `plan.crisis+person.dependants`},
		"a part changed":                          {acts(act("contact", "a"), act("dependants", "b")), acts(act("contact", "z"), act("dependants", "b")), `plan.crisis+crisis.contacts`},
		"two parts":                               {acts(act("contact", "a"), act("dependants", "b")), acts(), `plan.crisis+crisis.contacts plan.crisis+person.dependants`},
		"a part that no item names":               {acts(act("contact", "a")), acts(act("contact", "a"), act("rumour", "b")), `plan.crisis+unlabelled`},
		"a part of several items":                 {acts(third), acts(third, third), `plan.crisis+restricted.third-party`},
		"order within an item":                    {acts(act("contact", "a"), act("contact", "b")), acts(act("contact", "b"), act("contact", "a")), `plan.crisis+crisis.contacts`},
		"order between items":                     {acts(act("contact", "a"), act("dependants", "b")), acts(act("dependants", "b"), act("contact", "a")), `plan.crisis+crisis.contacts+person.dependants`},
		"a part beside others that stay in order": {acts(act("contact", "a"), act("dependants", "b"), act("rumour", "c")), acts(act("contact", "a"), act("dependants", "b"), act("rumour", "d")), `plan.crisis+unlabelled`},
		"a part that is a reference alone":        {acts(), acts(`{"extension":[{"url":"@PlanPart","valueCode":"contact"}],"reference":{"reference":"Goal/work"}}`), `plan.crisis+crisis.contacts+plan.area.work`},
		"order of members":                        {head + `,"title":"x","description":"y"}`, head + `,"description":"y","title":"x"}`, `plan.crisis`},
		"a weaker one covers":                     {acts(act("contact", "a")), head + `,"title":"x"}`, `plan.crisis`},
		"a goal in a list":                        {goals(goal("work")), goals(goal("work"), goal("finance")), `plan.crisis+plan.area.finance`},
		"a goal for another":                      {goals(goal("work")), goals(goal("finance")), `plan.crisis+plan.area.finance plan.crisis+plan.area.work`},
		"goals in another order":                  {goals(goal("work"), goal("finance")), goals(goal("finance"), goal("work")), `plan.crisis+plan.area.finance+plan.area.work`},
		"a goal that is not known":                {goals(goal("work")), goals(goal("work"), goal("lost")), ``},
		"a goal of somebody else":                 {goals(goal("work")), goals(goal("work"), goal("bobs")), ``},
		"the display of a reference":              {goals(goal("work")), goals(`{"reference":"Goal/work","display":"x"}`), ``},
		"a goal of an activity":                   {acts(to("work")), acts(to("finance")), `plan.crisis+crisis.contacts+plan.area.finance plan.crisis+crisis.contacts+plan.area.work`},
		"somebody of the directory":               {head + `}`, head + `,"author":{"reference":"Practitioner/seen"}}`, `plan.crisis+plan.freshness+directory`},
		"an author for another":                   {head + `,"author":{"reference":"Practitioner/seen"}}`, head + `,"author":{"reference":"CareTeam/any"}}`, `plan.crisis+plan.freshness+directory plan.crisis+plan.freshness?team.membership|team.coordinator`},
		"a team":                                  {head + `}`, head + `,"careTeam":[{"reference":"CareTeam/any"}]}`, `plan.crisis?team.membership|team.coordinator`},
		"a team that only is named":               {head + `}`, head + `,"careTeam":[{"identifier":{"system":"` + profiles.SystemODS + `","value":"7A4"}}]}`, `plan.crisis?team.membership|team.coordinator|crisis.contacts|directory`},
		"the kind":                                {head + `}`, strings.Replace(head, "736253002", "718347000", 1) + `}`, `plan.summary plan.crisis`},
		"a restriction of the whole":              {head + `}`, head + `,"meta":{"security":[{"code":"V"}]}}`, `plan.crisis`},
		"what withholds the whole":                {head + `,"implicitRules":"x"}`, head + `}`, `plan.crisis`},
		"a modifier in a part":                    {acts(act("contact", "a")), acts(act("contact", "a"), modified), `plan.crisis+crisis.contacts`},
		"a modifier came to a part":               {acts(act("contact", "a")), acts(strings.Replace(act("contact", "a"), "{", `{"modifierExtension":[{"url":"x"}],`, 1)), `plan.crisis+crisis.contacts`},
		"a modifier went from a part":             {acts(strings.Replace(act("contact", "a"), "{", `{"modifierExtension":[{"url":"x"}],`, 1)), acts(act("contact", "a")), `plan.crisis+crisis.contacts`},
		"a modifier stays with a part":            {acts(modified, act("dependants", "a")), acts(modified, act("dependants", "b")), `plan.crisis+person.dependants`},
		"an extension of a reference alone":       {goals(goal("work")), goals(`{"reference":"Goal/work","extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}`), ``},
		"a sibling of a primitive":                {head + `}`, head + `,"_created":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}}`, `plan.crisis+plan.freshness`},
		"beside a modifier in a part":             {acts(modified, act("contact", "a")), acts(modified, act("contact", "b"), act("dependants", "c")), `plan.crisis+person.dependants`},
		"without what FHIR requires":              {strings.Replace(head, `"intent":"plan",`, ``, 1) + `}`, head + `}`, `plan.crisis`},
		"nobody sees either":                      {head + `,"implicitRules":"x"}`, head + `,"implicitRules":"y"}`, ``},
		"the first version":                       {``, acts(act("contact", "a")), `plan.crisis`},
		"the first of a person":                   {``, patient(``), `?person.identity|person.contact|person.support`},
		"an address":                              {patient(``), patient(`,"address":[{"city":"x"}]`), `person.contact`},
		"a name":                                  {patient(``), patient(`,"name":[{"family":"x"}]`), `?person.identity|person.contact|person.support`},
		"a practitioner of a person":              {patient(``), patient(`,"generalPractitioner":[{"reference":"Practitioner/seen"}]`), `team.membership+directory?person.identity|person.contact|person.support`},
		"a type that is not served":               {``, `{"resourceType":"Observation","id":"x"}`, `unlabelled`},
		"an empty provision":                      {directive(`[]`), directive(`{"type":"deny"}`), `consent.record`},
		"an actor":                                {actor("Practitioner/seen"), actor("CareTeam/any"), `consent.record+directory consent.record?team.membership|team.coordinator`},
		"the number of the person":                {numbered("9990000018"), numbered("9990000026"), `plan.crisis+person.identity`},
		"an extension at the top":                 {head + reviewed("2025-01-01"), head + reviewed("2025-02-01"), `plan.crisis+plan.freshness`},
		"an extension that is a reference alone":  {head + `}`, head + `,"extension":[{"url":"@Agreement","extension":[{"url":"by","valueReference":{"reference":"Practitioner/seen"}}]}]}`, `plan.crisis+plan.views+directory`},
		"what withholds the whole after a part":   {strings.TrimSuffix(acts(act("contact", "a")), "}") + `,"implicitRules":"x"}`, acts(act("contact", "a")), `plan.crisis`},
		"beside a part that lacks its status":     {acts(incomplete, to("work")), acts(incomplete), `plan.crisis+crisis.contacts`},
		"a goal beside a part without status":     {acts(incomplete, to("work")), acts(incomplete, to("lost")), `plan.crisis+crisis.contacts+plan.area.work`},
		"a modifier beside another that stays":    {acts(modified, withheldTwice, act("dependants", "a")), acts(modified, act("dependants", "a")), ``},
		"an actor that is not known":              {actor("Practitioner/seen"), actor("Practitioner/lost"), `consent.record+directory`},
	} {
		t.Run(name, func(t *testing.T) {
			read := func(src string) fhir.Value {
				if src == "" {
					return fhir.Value{}
				}
				return parsed(t, strings.NewReplacer("$profile", profiles.Profile("CarePlan"), `"@`, `"`+profiles.Base+`/StructureDefinition/Extension-CPAWales-`, "$sct", profiles.SystemSNOMED).Replace(src))
			}
			before, after := read(c.before), read(c.after)
			want := wanted(t, c.want)
			if got := Changes(before, after, "ann", madeTargets()); !slices.Equal(got, want) {
				t.Errorf("changes %v, want %v", got, want)
			}
			if got := Changes(after, before, "ann", madeTargets()); before.Exists() && !slices.Equal(got, want) {
				t.Errorf("backwards %v, want %v", got, want)
			}
		})
	}
}

// wanted reads labels as these tests write them: a+b all of, ?a|b any of.
func wanted(t *testing.T, text string) []profiles.Label {
	t.Helper()
	var labels []profiles.Label
	set := func(codes, separator string) profiles.ItemSet {
		var items profiles.ItemSet
		for code := range strings.SplitSeq(codes, separator) {
			if code != "" {
				one, err := profiles.ParseItem(code)
				if err != nil {
					t.Fatal(err)
				}
				items = items.Union(one)
			}
		}
		return items
	}
	for word := range strings.FieldsSeq(text) {
		need, any, _ := strings.Cut(word, "?")
		labels = append(labels, profiles.Label{Need: set(need, "+"), Any: set(any, "|")})
	}
	return profiles.Weakest(labels)
}

// Only a reference can be hidden from some where FHIR requires it, and then only
// in what is copied whole or not at all: the comparison of versions rests on it.
// Nor is anything copied that could not stand without what never is.
func TestWhatIsRequiredHasNoNeedOfItsOwn(t *testing.T) {
	var walk func(s *profiles.Shape, whole bool)
	walk = func(s *profiles.Shape, whole bool) {
		for child := range s.Children() {
			whole := whole || child.Use == profiles.UseWhole
			switch child.Use {
			case profiles.UseNever, profiles.UseModifier, profiles.UseRebuilt:
				if child.Required {
					t.Errorf("%s in %s is required and never copied", child.Name, s.Name)
				}
				continue
			case profiles.UsePerson:
				continue
			}
			if child.Required && !whole && (child.Type == "Reference" || child.Use == profiles.UseItems || child.Use == profiles.UseRule) {
				t.Errorf("%s in %s is required and needs more than the resource", child.Name, s.Name)
			}
			if child.Name != s.Name && child.Type != "Reference" { // which hold themselves
				walk(child, whole)
			}
		}
	}
	for _, typ := range profiles.ServedTypes() {
		shape, _ := profiles.ShapeOf(typ)
		walk(shape, false)
	}
}
