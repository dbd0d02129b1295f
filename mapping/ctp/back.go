package ctp

import (
	"cpagateway/mapping"
	"cpagateway/profiles/fhir"
)

// ExtractFile is what Back writes: plans as far as FHIR holds them, in a list.
const ExtractFile = "welsh-ctp-extract.json"

// extractHead is how each plan of an extract begins. It says of itself that it is not
// whole, so that nobody takes what it lacks for what is not so.
const extractHead = `{"version":"1","complete":false`

// Back makes plans of resources that this format made, or could have made. A plan that
// comes back is an extract: nothing is required of it, a list that did not return is
// not there, and of wishes on sharing it says nothing.
func (f *Format) Back(env mapping.Env, resources []fhir.Value) (map[string][]byte, *mapping.Back) {
	back := f.program.Back(env, resources)
	back.ProveWith(f.program)
	if len(back.Records) == 0 {
		return nil, back
	}
	text := []byte("[")
	for i, plan := range back.Records {
		if i > 0 {
			text = append(text, ",\n "...)
		}
		text = append(text, extractHead...)
		if members := plan.JSON()[1:]; len(members) > 1 {
			text = append(append(text, ','), members...)
		} else {
			text = append(text, '}')
		}
	}
	return map[string][]byte{ExtractFile: append(text, "]\n"...)}, back
}

// isExtract reports a document that says of itself that it is not a whole plan.
func (p plan) isExtract() bool {
	complete, ok := mapping.Text(p, "complete")
	return ok && complete != "true"
}
