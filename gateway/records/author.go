package road

import (
	"bytes"
	"strings"

	"cpagateway/gateway/records"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// past is the versions of a resource, the newest first, each read no more than once.
type past struct {
	versions []records.Version
	read     []fhir.Value
}

func pastOf(history []records.Version) *past {
	return &past{history, make([]fhir.Value, 0, len(history))}
}

// author is who wrote a part of a resource, byte for byte as it stands there: who stored
// the first of the newest versions that all have it. Where several wrote the same words, it
// is the custodian, or one of them could end what another said.
func (p *past) author(member string, part fhir.Value) profiles.OrgCode {
	var by profiles.OrgCode
	for i, n := 0, p.count(0, member, part); n > 0; i++ {
		older := p.count(i+1, member, part)
		if wrote := writer(p.versions[i]); n > older && by != "" && by != wrote {
			return p.versions[i].Custodian
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
func (p *past) count(i int, member string, part fhir.Value) (n int) {
	if i >= len(p.versions) {
		return 0
	}
	for len(p.read) <= i {
		resource, _ := fhir.ParseResource(p.versions[len(p.read)].Body) // one that cannot be read has no part
		p.read = append(p.read, resource)
	}
	members := p.read[i].Get(member)
	if bytes.Equal(members.Raw(), part.Raw()) {
		return 1
	}
	for element := range members.Each() {
		if bytes.Equal(element.Raw(), part.Raw()) {
			n++
		}
	}
	return n
}
