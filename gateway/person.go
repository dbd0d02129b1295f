package gateway

import (
	"net/http"
	"slices"
	"strings"

	"cpagateway/gateway/intake"
	"cpagateway/gateway/road"
	"cpagateway/gateway/search"
	"cpagateway/gateway/texts"
	"cpagateway/profiles"
)

// personKey recognises the parameters that name whom the search is about. One
// search is about one person: several values, or one without its system, name nobody.
func personKey(typ string, p search.Param) (road.PersonKey, bool) {
	if profiles.DirectoryType(typ) {
		return road.PersonKey{}, false
	}
	byPatient := p.Name == "patient" || p.Name == "subject"
	if !byPatient && (typ != "Patient" || p.Name != "identifier") {
		return road.PersonKey{}, false
	}
	if len(p.Values) != 1 || p.Modifier == "not" {
		return road.PersonKey{}, true
	}
	switch v := p.Values[0]; {
	case v.Ref != "":
		refType, id, _ := strings.Cut(v.Ref, "/")
		return road.PersonKey{Type: refType, ID: id}, true
	default:
		return road.PersonKey{System: v.System, Value: v.Code}, true
	}
}

// ownKey is the resource that _id asks for. It is a filter like any other, and
// tells whom the search is about where nothing else does.
func ownKey(typ string, p search.Param) (road.PersonKey, bool) {
	if profiles.DirectoryType(typ) || p.Name != "_id" || len(p.Values) != 1 {
		return road.PersonKey{}, false
	}
	return road.PersonKey{Type: typ, ID: p.Values[0].Text}, true
}

// matchesNobody refuses a parameter that names a person in a way in which nobody
// is known: "no plan" must never be read out of a misspelled question. It depends
// on the request and the configuration alone, never on what is kept.
func (f *Front) matchesNobody(name string, p search.Param) *road.Fault {
	for _, v := range p.Values {
		switch {
		case v.Ref != "":
		case v.AnyCode || !f.knows(v.System):
			return wrongValue(search.SafeName(name), strings.Join(append([]string{profiles.SystemNHSNumber}, f.PatientSystems...), "|..., ")+"|...")
		case v.System == profiles.SystemNHSNumber && !f.numberStands(v.Code):
			return road.Refuse(http.StatusBadRequest, "value", texts.NotNHSNumber, search.SafeName(name))
		}
	}
	return nil
}

// knows reports whether Patients have identifiers of a system. The gateway's own
// systems are those that its maps give to local numbers.
func (f *Front) knows(system string) bool {
	return system == profiles.SystemNHSNumber || strings.HasPrefix(system, profiles.Base+"/") || slices.Contains(f.PatientSystems, system)
}

// numberStands reports whether somebody could have been brought in under an NHS number.
func (f *Front) numberStands(number string) bool {
	normal, err := profiles.NHSNumber(number)
	return err == nil || normal != "" && f.NHSNumbers == intake.Report
}
