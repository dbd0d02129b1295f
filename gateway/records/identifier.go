package records

import (
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// Identifier is a business identifier as the index keeps it.
type Identifier struct {
	System, Value string
	Superseded    bool // no longer in use: it leads to its person where it is nobody else's
}

// Normal is the one form that an identifier is stored and looked up in, or two
// spellings would be two people (docs/leak-channels.md, 40). A check digit that fails
// is kept: refusing or reporting it is the import's business.
func (i Identifier) Normal() Identifier {
	i.System, i.Value = profiles.NormalIdentifier(i.System, i.Value)
	return i
}

// Identifiers lists the business identifiers of a resource, in their normal
// form and each once; those without a system or a value identify nobody.
func Identifiers(r fhir.Value) []Identifier {
	var list []Identifier
	place := make(map[Identifier]int)
	for v := range r.All("identifier") {
		id := Identifier{System: v.Get("system").Text(), Value: v.Get("value").Text()}.Normal()
		if id.System == "" || id.Value == "" {
			continue
		}
		superseded := profiles.Superseded(v)
		if i, known := place[id]; known {
			list[i].Superseded = list[i].Superseded && superseded
			continue
		}
		place[id] = len(list)
		id.Superseded = superseded
		list = append(list, id)
	}
	return list
}
