package disclosure

import (
	"fmt"
	"strconv"
	"strings"

	"pgregory.net/rapid"

	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// A made resource is one that rapid makes up from the shapes: every element that
// R4 knows, and things that it does not know, in places right and wrong. Every
// string says where it stands: "never-7" where nothing may be copied, "part-3-7"
// in the repetition made third. The test then looks for strings that got out.
type made struct {
	typ   string
	parts []madePart
}

// madePart is one repetition of a top-level member, and its number.
type madePart struct {
	name string
	list bool // one of an array
	json string
	mark string // "part-3-"
}

// source is the resource as JSON, without the parts that drop names.
func (m made) source(drop func(madePart) bool) string {
	var order []string
	byName := map[string][]madePart{}
	for _, p := range m.parts {
		if drop(p) {
			continue
		}
		if byName[p.name] == nil {
			order = append(order, p.name)
		}
		byName[p.name] = append(byName[p.name], p)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `{"resourceType":%q,"id":"made"`, m.typ)
	for _, name := range order {
		var values []string
		for _, p := range byName[name] {
			values = append(values, p.json)
		}
		value := values[0]
		if byName[name][0].list {
			value = "[" + strings.Join(values, ",") + "]"
		}
		fmt.Fprintf(&b, `,%q:%s`, name, value)
	}
	return b.String() + "}"
}

func keepAll(madePart) bool { return false }

// maker makes resources up.
type maker struct {
	t         *rapid.T
	modifiers Modifiers
	n         int
	mark      string
}

// Modifiers says what a maker strews about that withholds what it stands in.
type Modifiers uint8

// The three ways.
const (
	Plain            Modifiers = iota // nothing
	WithoutModifiers                  // marks of a restriction, but no modifier extension
	WithModifiers                     // both
)

func (m *maker) chance(percent int) bool {
	return rapid.IntRange(0, 99).Draw(m.t, "chance") < percent
}

func pick[T any](m *maker, of []T) T { return rapid.SampledFrom(of).Draw(m.t, "pick") }

func (m *maker) canary(mark string) string {
	m.n++
	return strconv.Quote(mark + strconv.Itoa(m.n))
}

func (m *maker) never() string { return m.canary("never-") }

// resource makes one resource of a type.
func (m *maker) resource(typ string) made {
	shape, _ := profiles.ShapeOf(typ)
	out := made{typ: typ}
	add := func(name string, list bool, json func() string) {
		m.mark = fmt.Sprintf("part-%d-", len(out.parts))
		out.parts = append(out.parts, madePart{name, list, json(), m.mark})
	}
	for child := range shape.Children() {
		if child.Name == "id" || child.Name == "extension" || child.Use == profiles.UseModifier && (m.modifiers != WithModifiers || !m.chance(2)) {
			continue
		}
		if !child.Required && !m.chance(50) {
			continue
		}
		times := 1
		if child.Many {
			times = rapid.IntRange(1, 3).Draw(m.t, "times")
		}
		for range times {
			add(child.Name, child.Many, func() string { return m.child(child, 0) })
		}
		if child.JSON() != fhir.Object && m.chance(20) {
			add("_"+child.Name, child.Many, func() string { return m.sibling(child) })
		}
	}
	for range rapid.IntRange(0, 4).Draw(m.t, "extensions") {
		add("extension", true, func() string { return m.extension(shape, 0) })
	}
	add("unknown", false, m.foreign)
	return out
}

// child makes one value of an element. What the table does not let through holds
// only strings that must not be seen.
func (m *maker) child(s *profiles.Shape, depth int) string {
	switch {
	case s.Use == profiles.UsePerson:
		return `{"reference":"Patient/ann","display":` + m.never() + `,"unknown":` + m.foreign() + `}`
	case s.Use == profiles.UseNever || s.Use == profiles.UseRebuilt || s.Use == profiles.UseModifier:
		return m.foreign()
	case !s.Required && m.chance(3): // the wrong kind of JSON
		return pick(m, []string{m.wrongKind(s), "[" + m.wrongKind(s) + "]", "null", "[]", "{}", `""`})
	case s.Type == "Reference":
		return m.reference(s)
	case s.JSON() == fhir.Object:
		return m.object(s, depth)
	}
	return m.primitive(s)
}

// wrongKind is a value of another JSON kind than the element's.
func (m *maker) wrongKind(s *profiles.Shape) string {
	if s.JSON() == fhir.Object {
		return m.never()
	}
	return `{"text":` + m.never() + `}`
}

// words are what codes are tried with, so that rules have something to find.
var words = []string{"active", "inactive", "completed", "final", "official", "old", "work", "home", "plan"}

func (m *maker) primitive(s *profiles.Shape) string {
	switch s.JSON() {
	case fhir.Bool:
		return pick(m, []string{"true", "false"})
	case fhir.Number:
		return pick(m, []string{"1.10", "2", "0"})
	}
	switch {
	case s.Name == "status" || s.Name == "lifecycleStatus" || s.Name == "use":
		return strconv.Quote(pick(m, words))
	case s.Name == "system" && m.chance(60):
		return strconv.Quote(pick(m, []string{profiles.SystemNHSNumber, profiles.SystemODS}))
	}
	return m.canary(m.mark)
}

// codes are what the rules of the labels look for.
var madeCodes = [][2]string{
	{profiles.SystemSNOMED, profiles.CodeCrisisPlan}, {profiles.SystemSNOMED, profiles.CodeMentalHealthPlan},
	{profiles.SystemSNOMED, profiles.CodeEnhanced}, {profiles.SystemSNOMED, profiles.CodeCareCoordinator},
	{profiles.SystemSNOMED, profiles.CodeCPAReview}, {profiles.SystemPlanCategory, profiles.CodePlanAftercare},
	{profiles.SystemArea, profiles.CodeAreaWork}, {profiles.SystemArea, profiles.CodeAreaFinance},
	{profiles.SystemFlag, profiles.CodeFlagSelfHarm}, {profiles.SystemEpisodeKind, profiles.CodeEpisodeReferral},
}

func (m *maker) object(s *profiles.Shape, depth int) string {
	var b strings.Builder
	b.WriteString(`{"id":` + m.never())
	if s.Type == "CodeableConcept" && m.chance(70) {
		code := pick(m, madeCodes)
		fmt.Fprintf(&b, `,"coding":[{"system":%q,"code":%q}],"text":%s}`, code[0], code[1], m.canary(m.mark))
		return b.String()
	}
	for child := range s.Children() {
		if child.Name == "id" || child.Name == "extension" || child.Name == "modifierExtension" { // made below
			continue
		}
		if !child.Required && (depth > 3 || !m.chance(60)) {
			continue
		}
		value := m.child(child, depth+1)
		if child.Many && m.chance(97) {
			value = "[" + value + "]"
		}
		fmt.Fprintf(&b, `,%q:%s`, child.Name, value)
		if child.JSON() != fhir.Object && m.chance(10) {
			fmt.Fprintf(&b, `,%q:%s`, "_"+child.Name, m.sibling(child))
		}
	}
	if m.chance(30) || s.Name == "activity" {
		fmt.Fprintf(&b, `,"extension":[%s,%s]`, m.extension(s, depth), m.extension(s, depth))
	}
	if m.modifiers == WithModifiers && m.chance(1) {
		b.WriteString(`,"modifierExtension":[{"url":"http://example.org/not"}]`)
	}
	if m.chance(20) {
		b.WriteString(`,"unknown":` + m.foreign())
	}
	return b.String() + "}"
}

func (m *maker) sibling(s *profiles.Shape) string {
	return `{"id":` + m.never() + `,"unknown":` + m.foreign() + `,"extension":[` + m.extension(s, 4) + `]}`
}

// foreign is anything at all, none of which may be copied.
func (m *maker) foreign() string {
	return pick(m, []string{m.never(), `{"text":` + m.never() + `}`, `[{"value":` + m.never() + `,"display":` + m.never() + `}]`})
}

// extension makes one that the table lists for the place, or one that it does not.
func (m *maker) extension(s *profiles.Shape, depth int) string {
	url := pick(m, []string{
		profiles.ExtArea, profiles.ExtPlanPart, profiles.ExtPlanPart, profiles.ExtPlanPart, profiles.ExtRestriction, profiles.ExtLastReviewed,
		profiles.ExtUnmetNeed, profiles.ExtEpisodeOfCare, profiles.ExtTranslation, "http://example.org/unknown", "reason", "content",
	})
	if url == profiles.ExtRestriction && m.modifiers == Plain {
		url = profiles.ExtArea
	}
	shape, listed := s.Extension(url)
	head := fmt.Sprintf(`{"url":%q,"unknown":%s`, url, m.foreign())
	switch {
	case !listed:
		return head + `,"valueString":` + m.never() + `}`
	case url == profiles.ExtArea:
		return head + fmt.Sprintf(`,"valueCode":%q}`, pick(m, []string{"work", "finance", "area51"}))
	case url == profiles.ExtPlanPart:
		return head + fmt.Sprintf(`,"valueCode":%q}`, pick(m, []string{"action", "contact", "trigger", "review", "rumour"}))
	case url == profiles.ExtRestriction:
		return head + fmt.Sprintf(`,"valueCode":%q}`, pick(m, []string{"third-party", "serious-harm", "else"}))
	case shape.Type == "":
		return head + `,"extension":[` + m.extension(shape, depth+1) + `]}`
	}
	return head + fmt.Sprintf(`,"value%s%s":%s}`, strings.ToUpper(shape.Type[:1]), shape.Type[1:], m.child(shape, depth))
}

// reference makes a Reference that is literal, logical or only a display. What
// it names is marked by the terms on which it may be copied.
func (m *maker) reference(s *profiles.Shape) string {
	display := m.never()
	if s.Name == "performer" {
		display = m.canary("performer-")
	}
	if s.Name == "author" {
		display = m.canary("author-")
	}
	literal := strconv.Quote(pick(m, []string{
		"Patient/ann", "Patient/bob", "Practitioner/seen", "Practitioner/hidden", "Goal/work", "Goal/finance", "Goal/bobs",
		"CareTeam/any", "Organization/unlabelled", "Observation/1", "#contained", "https://example.org/Patient/ann", "urn:uuid:1",
	}))
	system := pick(m, []string{profiles.SystemODS, profiles.TeamSystem("7A4"), profiles.SystemNHSNumber, "https://example.org"})
	value := m.never()
	if system == profiles.SystemODS || system == profiles.TeamSystem("7A4") {
		value = m.canary("logical-")
	}
	logical := fmt.Sprintf(`{"system":%q,"value":%s,"assigner":{"display":%s}}`, system, value, m.never())
	switch pick(m, []string{"literal", "logical", "display", "both"}) {
	case "literal":
		return `{"reference":` + literal + `,"type":` + m.never() + `,"display":` + display + `}`
	case "logical":
		return `{"identifier":` + logical + `,"display":` + display + `}`
	case "both":
		return `{"reference":` + literal + `,"identifier":{"system":` + strconv.Quote(system) + `,"value":` + m.never() + `},"display":` + display + `}`
	}
	return `{"display":` + display + `}`
}

// madeTargets is what the store says of the references that a maker makes. Those
// that are not here are not stored.
func madeTargets() map[string]Target {
	need := func(items ...profiles.Item) profiles.Label { return profiles.Label{Need: profiles.SetOf(items...)} }
	return map[string]Target{
		"Patient/ann":             {Person: "ann", Label: profiles.Label{Any: profiles.SetOf(profiles.PersonIdentity)}},
		"Patient/bob":             {Person: "bob", Label: profiles.Label{Any: profiles.SetOf(profiles.PersonIdentity)}},
		"Practitioner/seen":       {Label: need(profiles.Directory)},
		"Practitioner/bobs":       {Person: "bob", Label: need(profiles.Directory)},
		"Practitioner/hidden":     {Label: need(profiles.Directory, profiles.RestrictedVery)},
		"Organization/unlabelled": {},
		"Goal/work":               {Person: "ann", Label: need(profiles.AreaWork)},
		"Goal/nobodys":            {Label: need(profiles.AreaWork)},
		"Goal/unlabelled":         {Person: "ann"},
		"#contained":              {Person: "ann", Label: need(profiles.AreaWork)},
		"Goal/finance":            {Person: "ann", Label: need(profiles.AreaFinance)},
		"Goal/bobs":               {Person: "bob", Label: need(profiles.AreaWork)},
		"CareTeam/any":            {Person: "ann", Label: profiles.Label{Any: profiles.SetOf(profiles.TeamMembership, profiles.TeamCoordinator)}},
	}
}
