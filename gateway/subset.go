package gateway

import (
	"slices"
	"strings"

	samply "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"cpagateway/consent/disclosure"
	"cpagateway/gateway/road"
	"cpagateway/profiles"
)

// partParams are the parameters that choose a part of what is answered, of a read as
// of a search.
var partParams = []shaping{
	{"_elements", "the elements at the top of each resource that are given, beside those that R4 requires and those that change the meaning of the rest", samply.SearchParamTypeString},
	{"_summary", "true, text, data, false: the part of each resource that is given; of a search also count: the total alone", samply.SearchParamTypeToken},
}

// summaryValues are those of _summary that a part of a resource answers.
var summaryValues = []disclosure.Summary{disclosure.SummaryTrue, disclosure.SummaryText, disclosure.SummaryData}

// subsetOfRead reads the parameters of a read.
func subsetOfRead(typ string, pairs []pair) (disclosure.Subset, *road.Fault) {
	var s disclosure.Subset
	given := map[string]bool{}
	for _, p := range pairs {
		if !slices.ContainsFunc(partParams, func(known shaping) bool { return known.name == p.name }) {
			known := append([]string{partParams[0].name, partParams[1].name}, formParams...)
			slices.Sort(known)
			return s, unknownParameter(p.name, known...)
		}
		if given[p.name] {
			return s, road.BadRequest
		}
		given[p.name] = true
		if fault := readSubset(&s, typ, p); fault != nil {
			return s, fault
		}
	}
	return s, nil
}

// readSubset reads _summary or _elements. Elements are those of the type: a name that
// none has would silently give less than was asked for.
func readSubset(s *disclosure.Subset, typ string, p pair) *road.Fault {
	if p.name == "_summary" {
		if value := disclosure.Summary(p.value); slices.Contains(summaryValues, value) {
			s.Summary = value
		} else if p.value != "false" {
			return wrongValue(p.name, "true, text, data, false; count of a search")
		}
	} else {
		shape, _ := profiles.ShapeOf(typ)
		for name := range strings.SplitSeq(p.value, ",") {
			name = strings.TrimPrefix(strings.TrimSpace(name), typ+".")
			if !hasElement(shape, name) {
				return wrongValue(p.name, strings.Join(elementsOf(shape), ", "))
			}
			s.Elements = append(s.Elements, name)
		}
	}
	if s.Summary != "" && len(s.Elements) > 0 {
		return road.BadRequest
	}
	return nil
}

func hasElement(shape *profiles.Shape, name string) bool {
	for element := range shape.Children() {
		if element.Named(name) {
			return true
		}
	}
	return name == "extension"
}

// elementsOf are the names of the elements of a type, those of a choice once.
func elementsOf(shape *profiles.Shape) []string {
	var names []string
	for element := range shape.Children() {
		name := element.Name
		if element.Choice != "" {
			name = element.Choice
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
