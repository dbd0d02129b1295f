package road

import (
	"errors"
	"slices"
	"strings"

	"cpagateway/consent/disclosure"
	"cpagateway/gateway/records"
	"cpagateway/gateway/search"
	"cpagateway/profiles/fhir"
)

// maxIncluded bounds how many resources stand beside the matches of a page.
const maxIncluded = 200

// included are the copies of what the copies of a page refer to, where the search asks
// for it. References are read from the copies: one that the caller does not see is not
// followed. Each is copied by the terms of the custodian whose record refers to it.
func (r *Road) included(now records.Reader, q question, matches []disclosure.Copy) ([]disclosure.Copy, error) {
	var all []disclosure.Copy
	seen := map[string]bool{}
	for _, c := range matches {
		seen[c.Type()+"/"+c.ID()] = true
	}
	for _, i := range q.search.Include {
		for _, c := range matches {
			for _, ref := range referred(c.Body(), i) {
				if len(all) == maxIncluded || seen[ref] {
					continue
				}
				seen[ref] = true
				typ, id, _ := strings.Cut(ref, "/")
				copies, err := r.follow(now, q, c, typ, id)
				if err != nil {
					return nil, err
				}
				all = append(all, copies...)
			}
		}
	}
	return all, nil
}

// follow copies what a copy refers to, by the terms of the same custodian.
func (r *Road) follow(now records.Reader, q question, c disclosure.Copy, typ, id string) ([]disclosure.Copy, error) {
	part, _ := q.part(typ)
	own := slices.IndexFunc(part.terms, func(t disclosure.Terms) bool { return t.Custodian() == c.Custodian() })
	found, err := now.Read(part.scopes[own:own+1], id)
	if errors.Is(err, records.ErrNothing) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return r.copies(now, q, part.terms[own:own+1], []records.Visible{found})
}

// referred are the references of a copy that an include follows, as "Type/id".
func referred(body []byte, i search.Include) []string {
	resource, _ := fhir.ParseResource(body) // of what is none, nothing is referred to
	var refs []string
	for _, path := range i.Paths {
		for ref := range resource.All(append(strings.Split(path, "."), "reference")...) {
			if typ, _, ok := strings.Cut(ref.Text(), "/"); ok && slices.Contains(i.Types, typ) {
				refs = append(refs, ref.Text())
			}
		}
	}
	return refs
}
