package road

import (
	"bytes"
	"strings"

	"cpagateway/gateway/records"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// author is who wrote a part of a resource, byte for byte as it stands there: who stored
// the first of the newest versions that all have it. History begins with the newest.
func author(history []records.Version, member string, part fhir.Value) profiles.OrgCode {
	var by profiles.OrgCode
	for _, v := range history {
		if !has(v, member, part) {
			break
		}
		by = v.Custodian
		if org, wrote := strings.CutPrefix(v.Source, writerPrefix); wrote {
			by = profiles.OrgCode(org)
		}
	}
	return by
}

// has reports whether a version has the part.
func has(v records.Version, member string, part fhir.Value) bool {
	resource, err := fhir.ParseResource(v.Body)
	if err != nil {
		return false
	}
	for element := range resource.Get(member).Each() {
		if bytes.Equal(element.Raw(), part.Raw()) {
			return true
		}
	}
	return bytes.Equal(resource.Get(member).Raw(), part.Raw())
}
