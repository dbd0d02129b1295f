package codes_test

import (
	"slices"
	"testing"

	"cpagateway/mapping/codes"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// TestTheVocabularyIsPublishedWhole: whoever reads a code of ours finds its system, its words in
// both languages and, of an area, the area of the law. For long tests alone called these tables.
func TestTheVocabularyIsPublishedWhole(t *testing.T) {
	published := map[string]map[string]string{}
	var areas fhir.Value
	for _, body := range codes.Vocabulary() {
		v, err := fhir.ParseResource(body)
		if err != nil {
			t.Fatal(err)
		}
		if v.Type() == "ConceptMap" {
			areas = v
			continue
		}
		said := map[string]string{}
		for c := range v.Get("concept").Each() {
			welsh := c.Get("designation").At(0)
			if !welsh.Get("language").Is("cy") {
				t.Errorf("%s of %s has no Welsh", c.Get("code").Text(), v.Get("url").Text())
			}
			said[c.Get("code").Text()] = c.Get("display").Text() + "|" + welsh.Get("value").Text()
		}
		published[v.Get("url").Text()] = said
	}
	for _, system := range profiles.CodeSystems() {
		for _, c := range system.Concepts {
			if got := published[system.URL][c.Code]; got != c.English+"|"+c.Welsh {
				t.Errorf("%s of %s is %q", c.Code, system.URL, got)
			}
		}
		if len(published[system.URL]) != len(system.Concepts) {
			t.Errorf("%s has %d codes, want %d", system.URL, len(published[system.URL]), len(system.Concepts))
		}
	}
	group, wider := areas.Get("group").At(0), []string{}
	n := 0
	for e := range group.Get("element").Each() {
		area, target := e.Get("code").Text(), e.Get("target").At(0)
		if n++; !target.Get("code").Is(profiles.StatutoryArea(area)) || !profiles.Known(group.Get("target").Text(), target.Get("code").Text()) {
			t.Errorf("%s leads to %s", area, target.Get("code").Text())
		}
		if target.Get("equivalence").Is("wider") {
			wider = append(wider, area)
		}
	}
	if !group.Get("source").Is(profiles.SystemArea) || n != len(profiles.AreaCodes()) || !slices.Equal(wider, []string{profiles.CodeAreaMedical, profiles.CodeAreaTherapy}) {
		t.Errorf("%d areas, of which %v are one in law", n, wider)
	}
}
