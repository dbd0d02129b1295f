package profiles

import (
	"strings"

	"cpagateway/profiles/fhir"
)

// LabelRules numbers the rules that make labels: what a store keeps beside a label, to
// tell which were made by older rules. It is raised with every change of what a rule,
// a table of codes or a term of elements.txt makes of a resource; a test holds it.
const LabelRules = 5

// Items labels a whole resource: what must be granted before any of it may be
// seen. A type, kind or status that no rule names is labelled Unlabelled, which
// no flow can grant. docs/items.md has the rules in words.
func Items(r fhir.Value) Label {
	rule, ok := labelRules[r.Type()]
	if !ok {
		return Label{Need: SetOf(Unlabelled)}
	}
	label := rule(r)
	label.Need = label.Need.Union(wholeRestrictions(r), excerpts(r))
	if unusable(r) {
		label.Need = label.Need.Union(SetOf(Unlabelled))
	}
	return label
}

// PartItems says what must be granted, all of it and beside the resource's own
// label, to copy one repetition of a top-level element. The name may be that of
// a primitive's sibling ("_birthDate"), which goes with its primitive, or
// "extension". What elements.txt does not let through needs Unlabelled.
func PartItems(r fhir.Value, name string, part fhir.Value) ItemSet {
	shape, ok := ShapeOf(r.Type())
	if !ok {
		return SetOf(Unlabelled)
	}
	if name == "extension" {
		ext, ok := shape.Extension(part.Get("url").Text())
		return partItems(ext, ok, r, part).Union(restrictions(part))
	}
	name = strings.TrimPrefix(name, "_")
	element, ok := shape.Child(name)
	need := partItems(element, ok, r, part).Union(restrictions(part))
	if ok && element.JSON() != fhir.Object {
		need = need.Union(restrictions(r.Get(name)), restrictions(r.Get("_"+name)))
	}
	return need
}

// partItems is what the table says of one repetition.
func partItems(element *Shape, known bool, r, part fhir.Value) ItemSet {
	if !known {
		return SetOf(Unlabelled)
	}
	switch element.Use {
	case UseFrame, UsePerson, UseWhole, UseLanguage:
		return ItemSet{}
	case UseItems:
		return element.Items
	case UseRule:
		return element.rule(r, part)
	default:
		return SetOf(Unlabelled)
	}
}

// DirectoryType reports whether a type is about staff and organisations and not
// about a person.
func DirectoryType(typ string) bool {
	switch typ {
	case "Practitioner", "PractitionerRole", "Organization", "Location":
		return true
	}
	return false
}

// unusable reports whether nothing of a resource may be passed on: it carries a
// modifier that changes the meaning of the rest in a way we do not know, or it
// was entered in error and may be about somebody else.
func unusable(r fhir.Value) bool {
	return r.Get("modifierExtension").Exists() || r.Get("implicitRules").Exists() ||
		r.Get("status").Is(enteredInError) || r.Get("lifecycleStatus").Is(enteredInError)
}

const enteredInError = "entered-in-error"

// restrictionItems is what each code of ExtRestriction needs. A code that is not
// here needs all three.
var restrictionItems = map[string]ItemSet{
	CodeThirdParty:  SetOf(RestrictedThird),
	CodeSeriousHarm: SetOf(RestrictedHarm),
	CodeVery:        SetOf(RestrictedVery),
}

// wholeRestrictions are those on the resource itself: by the label V, by a mark on
// it, or by one in an element without which it is not released.
func wholeRestrictions(r fhir.Value) ItemSet {
	var need ItemSet
	if VeryRestricted(r) {
		need = SetOf(RestrictedVery)
	}
	for ext := range r.Get("extension").Each() {
		if ext.Get("url").Is(ExtRestriction) {
			need = need.Union(restrictions(ext))
		}
	}
	if shape, ok := ShapeOf(r.Type()); ok {
		for element := range shape.Children() {
			if element.Required || element.Use == UseWhole {
				need = need.Union(restrictions(r.Get(element.Name)), restrictions(r.Get("_"+element.Name)))
			}
		}
	}
	return need
}

// VeryRestricted reports the label V in a resource's meta, under any system: older ones
// were in use.
func VeryRestricted(r fhir.Value) bool {
	for _, code := range fhir.Codes(r.Find("meta", "security")) {
		if code == CodeVeryRestricted {
			return true
		}
	}
	return false
}

// restrictions are those marked anywhere inside a value.
func restrictions(v fhir.Value) ItemSet {
	var need ItemSet
	switch v.Kind() {
	case fhir.Object:
		if v.Get("url").Is(ExtRestriction) {
			items, ok := restrictionItems[v.Get("valueCode").Text()]
			if !ok {
				items = Restricted
			}
			return items
		}
		for _, member := range v.Members() {
			need = need.Union(restrictions(member))
		}
	case fhir.Array:
		for element := range v.Each() {
			need = need.Union(restrictions(element))
		}
	}
	return need
}
