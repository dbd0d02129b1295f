package road

import (
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// restricts reports that the caller has labelled the resource as very restricted. Of meta,
// which the gateway writes anew, this alone is heard: a copy in which the label is missing
// says nothing.
func (e *edit) restricts() bool {
	return profiles.VeryRestricted(e.mine) && !profiles.VeryRestricted(e.resource)
}

// result is the resource as it is to be stored.
func (e *edit) result() ([]byte, error) {
	if !e.restricts() {
		return e.made.Resource, nil
	}
	after, err := fhir.ParseResource(e.made.Resource)
	if err != nil {
		return nil, err
	}
	return restricted(after)
}

// restricted is a resource with the label V.
func restricted(r fhir.Value) ([]byte, error) {
	const label = `{"system":"` + profiles.SystemConfidentiality + `","code":"` + profiles.CodeVeryRestricted + `"}`
	security, meta := r.Find("meta", "security"), r.Get("meta")
	switch {
	case security.Len() > 0:
		raw := security.Raw()
		return fhir.Splice(r, fhir.Edit{At: security, With: append(raw[:len(raw)-1:len(raw)-1], ","+label+"]"...)})
	case meta.Exists():
		with, err := fhir.SetMember(meta, "security", []byte("["+label+"]"))
		if err != nil {
			return nil, err
		}
		return fhir.Splice(r, fhir.Edit{At: meta, With: with})
	}
	return fhir.SetMember(r, "meta", []byte(`{"security":[`+label+`]}`))
}
