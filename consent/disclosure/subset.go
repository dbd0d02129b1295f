package disclosure

import (
	"slices"
	"strings"

	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// Subset is the part of each copy that a request asks for (R4, search.html#summary
// and #elements). The zero Subset is the whole copy.
type Subset struct {
	Summary  Summary  `json:"s,omitempty"`
	Elements []string `json:"e,omitempty"` // at the top of the resource, by name
}

// Summary is a value of _summary that leaves something out.
type Summary string

// The summaries.
const (
	SummaryTrue Summary = "true" // what R4 marks as the summary
	SummaryText Summary = "text" // the narrative
	SummaryData Summary = "data" // all but the narrative
)

// Whole reports that nothing is left out.
func (s Subset) Whole() bool { return s.Summary == "" && len(s.Elements) == 0 }

// Only is the part of the copy that is asked for. It is taken from the copy and never
// from the original, so that it holds nothing that the copy does not. What R4 requires
// and what changes the meaning of the rest stays. It says that it is a part, and names
// neither a version, which is that of the whole, nor a profile, which it may not keep.
func (c Copy) Only(s Subset) Copy {
	if s.Whole() {
		return c
	}
	shape, _ := profiles.ShapeOf(c.typ)
	body, err := fhir.ParseResource(c.body)
	if err != nil { // of a copy that carries nothing there is no part
		return c
	}
	w := fhir.NewWriter(make([]byte, 0, len(c.body)))
	w.Object(func() {
		for name, member := range body.Members() {
			switch {
			case name == "meta":
				partMeta(w.Name(name), member)
			case name == "resourceType", name == "id", s.has(shape, name):
				w.Name(name).Value(member)
			}
		}
	})
	c.body, c.part = w.Bytes(), true
	return c
}

// has reports whether a member of the resource belongs to the part.
func (s Subset) has(shape *profiles.Shape, name string) bool {
	name = strings.TrimPrefix(name, "_")
	element, known := shape.Child(name)
	switch {
	case name == "text", name == "language":
		return s.Summary == SummaryText || slices.Contains(s.Elements, name) || name == "language" && s.Summary == SummaryData
	case s.Summary == SummaryData:
		return true
	case !known: // no copy holds one
		return false
	case s.Summary == SummaryTrue && shape.InSummary(element):
		return true
	}
	return shape.Kept(element) || slices.ContainsFunc(s.Elements, element.Named)
}

// partMeta writes the meta of a part.
func partMeta(w *fhir.Writer, meta fhir.Value) {
	w.Object(func() {
		for name, member := range meta.Members() {
			if name != "versionId" && name != "profile" {
				w.Name(name).Value(member)
			}
		}
		w.Name("tag").Raw(subsetted)
	})
}

var subsetted = labels([2]string{"http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "SUBSETTED"})
