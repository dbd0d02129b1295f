package profiles

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"cpagateway/profiles/fhir"
)

// place is where a rule looks for a code: in a resource whose label it makes, or in
// the first repetition of an element whose needs it says.
type place struct {
	name     string
	resource string // %s the coding, or %q the code alone
	element  string // empty for the whole resource
	alone    []coding
}

// places are all of them. Nothing else in these resources needs anything.
func places() []place {
	list := func(codes string) []coding {
		var plain []coding
		for code := range strings.FieldsSeq(codes) {
			plain = append(plain, coding{"", code})
		}
		return plain
	}
	of := func(systems ...string) []coding {
		var codes []coding
		for _, c := range knownCodes() {
			if slices.Contains(systems, c.system) {
				codes = append(codes, coding{"", c.code})
			}
		}
		return codes
	}
	return []place{
		{"CarePlan, by `category`", `{"resourceType":"CarePlan","category":[{"coding":[%s]}]}`, "", nil},
		{"Goal, by `category`", `{"resourceType":"Goal","category":[{"coding":[%s]}]}`, "", nil},
		{"EpisodeOfCare, by `type`", `{"resourceType":"EpisodeOfCare","type":[{"coding":[%s]}]}`, "", nil},
		{"Flag that is active, by `code`", `{"resourceType":"Flag","status":"active","code":{"coding":[%s]}}`, "", nil},
		{"Flag that is active and whose code says nothing, by `category`", `{"resourceType":"Flag","status":"active","category":[{"coding":[%s]}]}`, "", nil},
		{"Flag that is inactive, by `code`", `{"resourceType":"Flag","status":"inactive","code":{"coding":[%s]}}`, "", nil},
		{"Flag of a risk, by `status`", `{"resourceType":"Flag","status":%q,"code":{"coding":[{"system":"` + SystemFlag + `","code":"risk"}]}}`, "",
			list("active inactive entered-in-error draft")},
		{"RiskAssessment, by `status`", `{"resourceType":"RiskAssessment","status":%q}`, "",
			list("registered preliminary final amended corrected cancelled entered-in-error unknown")},
		{"Encounter, by `type`", `{"resourceType":"Encounter","type":[{"coding":[%s]}]}`, "", nil},
		{"Location, by `type`", `{"resourceType":"Location","type":[{"coding":[%s]}]}`, "", nil},
		{"Location, by `physicalType`", `{"resourceType":"Location","physicalType":{"coding":[%s]}}`, "", nil},
		{"anything, such as a Consent, by `meta.security`", `{"resourceType":"Consent","meta":{"security":[%s]}}`, "", nil},
		{"anything, by `status`", `{"resourceType":"Consent","status":%q}`, "", list("active entered-in-error inactive")},
		{"anything, by `lifecycleStatus`", `{"resourceType":"Consent","lifecycleStatus":%q}`, "", list("active entered-in-error")},
		{"anything, by a restriction of the whole", `{"resourceType":"Consent","extension":[{"url":"` + ExtRestriction + `","valueCode":%q}]}`, "", of(SystemRestriction)},
		{"an element, by a restriction", `{"resourceType":"Goal","target":[{"extension":[{"url":"` + ExtRestriction + `","valueCode":%q}]}]}`, "target", of(SystemRestriction)},
		{"`category` of a CarePlan", `{"resourceType":"CarePlan","category":[{"coding":[%s]}]}`, "category", nil},
		{"`period` of a CarePlan, by the plan's category", `{"resourceType":"CarePlan","category":[{"coding":[%s]}],"period":[{"start":"2025"}]}`, "period", nil},
		{"`activity`, by its kind", `{"resourceType":"CarePlan","activity":[{"extension":[{"url":"` + ExtPlanPart + `","valueCode":%q}]}]}`, "activity", of(SystemPlanPart)},
		{"`activity` that is completed, by its kind", `{"resourceType":"CarePlan","activity":[{"extension":[{"url":"` + ExtPlanPart + `","valueCode":%q}],"detail":{"status":"completed"}}]}`, "activity", list("review copy")},
		{"`activity`, by its area", `{"resourceType":"CarePlan","activity":[{"extension":[{"url":"` + ExtArea + `","valueCode":%q}]}]}`, "activity", of(SystemArea)},
		{"`activity`, by `detail.code`", `{"resourceType":"CarePlan","activity":[{"detail":{"code":{"coding":[%s]}}}]}`, "activity", nil},
		{"`type` of an EpisodeOfCare", `{"resourceType":"EpisodeOfCare","type":[{"coding":[%s]}]}`, "type", nil},
		{"`participant` of a CareTeam, by `role`", `{"resourceType":"CareTeam","participant":[{"role":[{"coding":[%s]}]}]}`, "participant", nil},
		{"`name` of a Patient, by `use`", `{"resourceType":"Patient","name":[{"use":%q}]}`, "name", list("usual official temp nickname anonymous old maiden")},
		{"`identifier` of a Patient, by `system`", `{"resourceType":"Patient","identifier":[{"system":%q}]}`, "identifier", list(SystemNHSNumber + " " + SystemODS)},
		{"`telecom` of a Practitioner, by `use`", `{"resourceType":"Practitioner","telecom":[{"use":%q}]}`, "telecom", list("home work temp old mobile")},
		{"`telecom` of a PractitionerRole, by `use`", `{"resourceType":"PractitionerRole","telecom":[{"use":%q}]}`, "telecom", list("home work temp old mobile")},
	}
}

const physicalTypes = "http://terminology.hl7.org/CodeSystem/location-physical-type"

// knownCodes are the codes that every place is tried with: all of the vocabulary,
// and the published ones that rules ask about, with their neighbours.
func knownCodes() []coding {
	var codes []coding
	for _, system := range vocabulary().systems {
		for _, c := range system.Concepts {
			codes = append(codes, coding{system.URL, c.Code})
		}
	}
	for _, published := range [][2]string{
		{SystemFlagCategory, "diet drug lab admin contact clinical behavioral research advance-directive safety"},
		{physicalTypes, "si bu wi wa lvl co ro bd ve ho ca rd area jdn"},
		{SystemRoleCode, "HOSP PTRES COMM SCHOOL WORK AMB"},
		{SystemConfidentiality, "U L M N R V"},
		{SystemActCode, "MH PSY HIV"},
	} {
		for code := range strings.FieldsSeq(published[1]) {
			codes = append(codes, coding{published[0], code})
		}
	}
	return codes
}

// fataler is a test or a property.
type fataler interface{ Fatalf(string, ...any) }

// codes are those that a place is tried with.
func (p place) codes() []coding {
	if p.alone != nil {
		return p.alone
	}
	return knownCodes()
}

// resourceWith is the resource with codes in its place.
func (p place) resourceWith(t fataler, codes ...coding) fhir.Value {
	var written []string
	for _, c := range codes {
		text := fmt.Sprintf(`{"system":%q,"code":%q}`, c.system, c.code)
		if p.alone != nil {
			text = fmt.Sprintf("%q", c.code)
		}
		written = append(written, text)
	}
	src := strings.NewReplacer("%s", strings.Join(written, ","), "%q", strings.Join(written, ",")).Replace(p.resource)
	r, err := fhir.Parse([]byte(src))
	if err != nil {
		t.Fatalf("%s: %v\n%s", p.name, err, src)
	}
	return r
}

// needs is what codes in a place need.
func (p place) needs(t fataler, codes ...coding) ItemSet {
	r := p.resourceWith(t, codes...)
	if p.element == "" {
		return Items(r).Need
	}
	for part := range r.Get(p.element).Each() {
		return PartItems(r, p.element, part)
	}
	return ItemSet{}
}

// combined draws a place, some codes and what all of them need.
func combined(t *rapid.T) (place, []coding) {
	byCoding := slices.DeleteFunc(places(), func(p place) bool { return p.alone != nil })
	p := rapid.SampledFrom(byCoding).Draw(t, "place")
	said := slices.DeleteFunc(knownCodes(), func(c coding) bool { return p.needs(t, c) == p.needs(t, nobodys) })
	return p, rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(said), rapid.SampledFrom(append(knownCodes(), nobodys))), 1, 4).Draw(t, "codes")
}

// TestSeveralCodesNeedAll: what one code needs is not lost where another stands
// beside it, and a code that says nothing takes nothing away.
func TestSeveralCodesNeedAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, codes := combined(t)
		otherwise := p.needs(t, nobodys)
		var want ItemSet
		says := false
		for _, c := range codes {
			if need := p.needs(t, c); need != otherwise {
				want, says = want.Union(need), true
			}
		}
		if !says {
			want = otherwise
		}
		got := p.needs(t, codes...)
		if strings.Contains(p.name, "inactive") && !want.Minus(SetOf(RiskHistory)).Empty() {
			got = got.Minus(SetOf(RiskCurrent)) // a risk beside something else is asked for as well
		}
		if got != want {
			t.Fatalf("%s with %v needs %v, want %v", p.name, codes, got, want)
		}
	})
}

// TestACodeCountsUnderItsSystem: the same word of another system says nothing,
// but for the label V, which older lists had as well.
func TestACodeCountsUnderItsSystem(t *testing.T) {
	for _, p := range places() {
		if p.alone != nil {
			continue
		}
		otherwise := p.needs(t, nobodys)
		for _, c := range knownCodes() {
			for _, system := range []string{nobodys.system, ""} {
				got := p.needs(t, coding{system, c.code})
				if got != otherwise && c.code != CodeVeryRestricted {
					t.Errorf("%s: %s of %q needs %v", p.name, c.code, system, got)
				}
			}
		}
	}
}

// TestItemsOfTypeIsWhatARequestCouldUse: by every label and every part, and no more.
func TestItemsOfTypeIsWhatARequestCouldUse(t *testing.T) {
	found := map[string]ItemSet{}
	for _, p := range places() {
		for _, c := range append(p.codes(), nobodys) {
			r := p.resourceWith(t, c)
			found[r.Type()] = found[r.Type()].Union(p.needs(t, c), Items(r).Items())
		}
	}
	for _, typ := range ServedTypes() {
		for _, part := range everyPart(t, typ) {
			found[typ] = found[typ].Union(part.need)
		}
	}
	never := Restricted.Union(SetOf(Unlabelled))
	for _, typ := range ServedTypes() {
		got := found[typ].Union(Items(typed(t, typ)).Items()).Minus(never)
		if typ == "Consent" || typ == "Encounter" { // of which nothing is said: no request names them
			got = AllItems
		}
		if items := ItemsOfType(typ); got != items {
			t.Errorf("%s could use %v, and is said to use %v", typ, got, items)
		}
	}
	if ItemsOfType("Observation") != AllItems || ItemsOfType("") != AllItems {
		t.Error("a type of which nothing is said uses less than anything")
	}
}

func typed(t testing.TB, typ string) fhir.Value {
	t.Helper()
	r, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":%q}`, typ))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// typePart is an element or an extension that may stand on a type, without anything in it.
type typePart struct {
	name string
	need ItemSet
}

func everyPart(t testing.TB, typ string) []typePart {
	t.Helper()
	var parts []typePart
	shape, _ := ShapeOf(typ)
	for s := range shape.Children() {
		parts = append(parts, typePart{s.Name, PartItems(typed(t, typ), s.Name, fhir.Value{})})
	}
	for _, e := range slices.Concat(shape.extensions, elements().everywhere) {
		ext, err := fhir.Parse(fmt.Appendf(nil, `{"url":%q}`, e.Name))
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, typePart{e.Name, PartItems(typed(t, typ), "extension", ext)})
	}
	return parts
}

// ruleHashes are those of what the rules made of everything below, by LabelRules.
var ruleHashes = []string{
	"3b4b093d6ae4e5fb",
	"675eacdbeaabce4f",
	"9035ee08b3bfbf45",
	"0e6a5d4214bb06c5",
	"abbe31becbaf9d53",
}

// TestLabelRulesAreNumbered: rules that label otherwise have another number.
func TestLabelRulesAreNumbered(t *testing.T) {
	var made strings.Builder
	for _, p := range places() {
		p.rows(t, &made)
	}
	for _, typ := range append(ServedTypes(), "Observation", "") {
		label := Items(typed(t, typ))
		fmt.Fprintf(&made, "%s needs %v and any of %v\n", typ, label.Need, label.Any)
	}
	for _, typ := range ServedTypes() {
		for _, part := range everyPart(t, typ) {
			fmt.Fprintf(&made, "%s %s needs %v\n", typ, part.name, part.need)
		}
	}
	hash := fmt.Sprintf("%x", sha256.Sum256([]byte(made.String())))[:16]
	if LabelRules != len(ruleHashes) || ruleHashes[len(ruleHashes)-1] != hash {
		t.Errorf("the rules label otherwise than number %d did: raise LabelRules and add %q here", LabelRules, hash)
	}
	slices.Sort(ruleHashes)
	if len(slices.Compact(ruleHashes)) != LabelRules {
		t.Error("two numbers for the same rules")
	}
}

// nobodys is a code that no rule knows.
var nobodys = coding{"https://example.org/codes", "nobody-knows"}

// TestEveryCodeOnThePage: docs/items.md says of every code in every place what it
// needs, and nothing else does.
func TestEveryCodeOnThePage(t *testing.T) {
	page := filepath.Join("..", "docs", "items.md")
	src, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	const head, end = "| in | code | needs |\n| --- | --- | --- |\n", "\n## "
	before, rest, _ := strings.Cut(string(src), head)
	kept, after, _ := strings.Cut(rest, end)
	var made strings.Builder
	for _, p := range places() {
		p.rows(t, &made)
	}
	if *update {
		if err := os.WriteFile(page, []byte(before+head+made.String()+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if kept != made.String() {
		t.Errorf("docs/items.md has other rows than the code (go test ./profiles -run TestEveryCodeOnThePage -update):\n%s", made.String())
	}
}

// rows writes a row for each need in a place, with the codes that have it, those
// that need as much as one that nobody knows last.
func (p place) rows(t *testing.T, out *strings.Builder) {
	otherwise := p.needs(t, nobodys)
	var needs []ItemSet
	codes := map[ItemSet][]coding{}
	for _, c := range p.codes() {
		need := p.needs(t, c)
		if need != otherwise && codes[need] == nil {
			needs = append(needs, need)
		}
		codes[need] = append(codes[need], c)
	}
	for _, need := range needs {
		fmt.Fprintf(out, "| %s | %s | %s |\n", p.name, codesText(codes[need]), needText(need))
	}
	fmt.Fprintf(out, "| %s | any other | %s |\n", p.name, needText(otherwise))
}

func needText(s ItemSet) string {
	return cmp.Or(strings.ReplaceAll(s.String(), ", ", " and "), "nothing more")
}

// codesText lists codes by system, short where a system is named as a whole.
func codesText(codes []coding) string {
	var systems []string
	bySystem := map[string][]string{}
	for _, c := range codes {
		if bySystem[c.system] == nil {
			systems = append(systems, c.system)
		}
		bySystem[c.system] = append(bySystem[c.system], "`"+c.code+"`")
	}
	var texts []string
	for _, system := range systems {
		text := strings.Join(bySystem[system], " ")
		all := 0
		for _, c := range knownCodes() {
			if c.system == system {
				all++
			}
		}
		if all > 1 && all == len(bySystem[system]) {
			text = "every code"
		}
		name := strings.TrimPrefix(system[strings.LastIndexByte(system, '/')+1:], "CPAWales-")
		texts = append(texts, strings.TrimSpace(name+" "+text))
	}
	return strings.Join(texts, "; ")
}
