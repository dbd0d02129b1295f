package records

import (
	"bytes"
	"strings"

	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// Written names an organisation that wrote through the API, as a source names itself in an
// import: no name of a source begins so.
func Written(org profiles.OrgCode) string { return writtenPrefix + string(org) }

// WrittenBy is the organisation that wrote a version through the API, if it did.
func (v Version) WrittenBy() (profiles.OrgCode, bool) {
	org, wrote := strings.CutPrefix(v.Source, writtenPrefix)
	return profiles.OrgCode(org), wrote
}

const writtenPrefix = "organisation:"

// Past is the versions of a resource, the newest first, each read no more than once.
type Past struct {
	versions []Version
	read     []fhir.Value
}

// PastOf is the past of a resource, by its history.
func PastOf(history []Version) *Past {
	return &Past{history, make([]fhir.Value, 0, len(history))}
}

// Author is who wrote a part of a resource, byte for byte as it stands there: who stored
// the first of the newest versions that all have it. Where several wrote the same words, it
// is the custodian, or one of them could end what another said.
func (p *Past) Author(member string, part fhir.Value) profiles.OrgCode {
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

// Ender is who stored the first of the newest versions that all lack a part.
func (p *Past) Ender(member string, part fhir.Value) (by profiles.OrgCode) {
	for i := 0; i < len(p.versions) && p.count(i, member, part) == 0; i++ {
		by = writer(p.versions[i])
	}
	return by
}

// writer is the organisation that stored a version.
func writer(v Version) profiles.OrgCode {
	if org, wrote := v.WrittenBy(); wrote {
		return org
	}
	return v.Custodian
}

// count is how often a version has the part; 0 where there is no such version.
func (p *Past) count(i int, member string, part fhir.Value) (n int) {
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
