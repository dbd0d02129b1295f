package codes

import (
	"strings"

	"cpagateway/gateway/texts"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// Vocabulary is what this project publishes of its own codes, as resources of FHIR R4: a
// CodeSystem for each of its systems, in English and Welsh, and the ConceptMap from the nine
// areas of the guidance to the eight of the law.
func Vocabulary() (resources [][]byte) {
	for _, system := range profiles.CodeSystems() {
		resources = append(resources, codeSystem(system))
	}
	return append(resources, statutoryAreas().ConceptMap())
}

// codeSystem is a system of ours with all its codes. A Name in FHIR has no hyphens.
func codeSystem(s profiles.CodeSystem) []byte {
	w := fhir.NewWriter(nil)
	w.Object(func() {
		w.Member("resourceType", "CodeSystem")
		w.Member("language", texts.English.String())
		w.Member("url", s.URL)
		w.Member("name", strings.ReplaceAll(s.Name, "-", ""))
		w.Member("title", s.Title.English+" / "+s.Title.Welsh)
		w.Member("status", "active")
		w.Name("caseSensitive").Bool(true)
		w.Member("content", "complete")
		w.Name("count").Int(int64(len(s.Concepts)))
		w.Name("concept").Array(func() {
			for _, c := range s.Concepts {
				writeConcept(w, c)
			}
		})
	})
	return w.Bytes()
}

func writeConcept(w *fhir.Writer, c profiles.Concept) {
	w.Object(func() {
		w.Member("code", c.Code)
		w.Member("display", c.English)
		w.Name("designation").Array(func() {
			w.Object(func() {
				w.Member("language", texts.Welsh.String())
				w.Member("value", c.Welsh)
			})
		})
	})
}

func statutoryAreas() *Table {
	t := &Table{Name: "StatutoryAreas", Source: profiles.SystemArea, Target: profiles.SystemStatutoryArea, Rows: map[string]Coding{}}
	for _, area := range profiles.AreaCodes() {
		code := profiles.StatutoryArea(area)
		t.Rows[area] = Coding{System: t.Target, Code: code, Display: profiles.Display(t.Target, code, texts.English)}
	}
	t.Turn()
	return t
}
