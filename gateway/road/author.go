package road

import (
	"bytes"
	"strings"

	"cpagateway/gateway/records"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// author is who wrote a part of a resource, byte for byte as it stands there: who stored
// the first of the newest versions that all have it. Where several wrote the same words, it
// is the custodian, or one of them could end what another said. History begins with the
// newest.
func author(history []records.Version, member string, part fhir.Value) profiles.OrgCode {
	var by profiles.OrgCode
	for i, n := 0, count(history, 0, member, part); n > 0; i++ {
		older := count(history, i+1, member, part)
		if wrote := writer(history[i]); n > older && by != "" && by != wrote {
			return history[i].Custodian
		} else if n > older {
			by = wrote
		}
		n = older
	}
	return by
}

// writer is the organisation that stored a version.
func writer(v records.Version) profiles.OrgCode {
	if org, wrote := strings.CutPrefix(v.Source, writerPrefix); wrote {
		return profiles.OrgCode(org)
	}
	return v.Custodian
}

// count is how often a version has the part; 0 where there is no such version.
func count(history []records.Version, i int, member string, part fhir.Value) (n int) {
	if i >= len(history) {
		return 0
	}
	resource, err := fhir.ParseResource(history[i].Body)
	if err != nil {
		return 0
	}
	if bytes.Equal(resource.Get(member).Raw(), part.Raw()) {
		return 1
	}
	for element := range resource.Get(member).Each() {
		if bytes.Equal(element.Raw(), part.Raw()) {
			n++
		}
	}
	return n
}
