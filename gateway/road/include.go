package road

import (
	"errors"
	"slices"
	"strings"

	"cpagateway/consent"
	"cpagateway/consent/disclosure"
	"cpagateway/gateway/records"
	"cpagateway/gateway/search"
	"cpagateway/profiles/fhir"
)

// maxIncluded bounds how many resources stand beside the matches of a page.
const maxIncluded = 200

// included are the copies of what the copies of a page refer to, where the search asks
// for it, and the decisions by which they are let out. References are read from the
// copies: one that the caller does not see is not followed. Each type is decided on as
// if it had been asked for itself, by the custodian whose record refers to it, whether
// anything refers to it or not.
func (r *Road) included(now records.Snapshot, t *exchange, ask consent.Request, decisions []consent.Decision, s subject, page []disclosure.Disclosure) ([]disclosure.Disclosure, []consent.Decision, error) {
	var all []disclosure.Disclosure
	seen := map[string]bool{}
	for _, x := range page {
		seen[x.Type()+"/"+x.ID()] = true
	}
	decided := map[string][]consent.Decision{t.ask.Type: decisions}
	var more []consent.Decision
	for _, i := range s.search.Include {
		for _, typ := range i.Types {
			if _, known := decided[typ]; !known {
				ask.Type = typ
				decided[typ] = s.decide(ask)
				more = append(more, decided[typ]...)
			}
		}
		for _, x := range page {
			for _, ref := range referred(x, i) {
				if len(all) == maxIncluded || seen[ref] {
					continue
				}
				seen[ref] = true
				typ, id, _ := strings.Cut(ref, "/")
				copies, err := r.follow(now, t, decided[typ], x, typ, id)
				if err != nil {
					return nil, nil, err
				}
				all = append(all, copies...)
			}
		}
	}
	return all, more, nil
}

// follow copies what a copy refers to, by the decision of the same custodian.
func (r *Road) follow(now records.Snapshot, t *exchange, decisions []consent.Decision, x disclosure.Disclosure, typ, id string) ([]disclosure.Disclosure, error) {
	own := slices.DeleteFunc(slices.Clone(decisions), func(d consent.Decision) bool { return d.Source() != x.Decision().Source() })
	found, err := now.Read(records.ScopesOf(own, typ), typ, id)
	if errors.Is(err, records.ErrNothing) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return r.copies(now, t, own, []records.Visible{found})
}

// referred are the references of a copy that an include follows, as "Type/id".
func referred(x disclosure.Disclosure, i search.Include) []string {
	resource, err := fhir.ParseResource(x.Body())
	if err != nil {
		return nil
	}
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
