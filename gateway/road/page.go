package road

import (
	"errors"
	"slices"

	"cpagateway/consent/disclosure"
	"cpagateway/gateway/records"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// page is what a question is answered with, before it goes out under the decisions. It
// may be kept and given to others who ask the same question, and is never changed.
type page struct {
	matches  []disclosure.Copy
	included []disclosure.Copy // what stands beside the matches
	next     string            // position of the next page, empty at the end
	total    int               // matches that may be seen, where the search asks for it
}

// size is about how many bytes a page takes.
func (p page) size() int {
	n := 100
	for _, c := range slices.Concat(p.matches, p.included) {
		n += 300 + len(c.Body())
	}
	return n
}

// page finds what the terms let through and copies what is permitted, each by the terms
// of its own custodian.
func (r *Road) page(now records.Reader, q question) (p page, err error) {
	if q.interaction == BreakGlass {
		return page{}, nil // what it opens is asked for afterwards
	}
	found, err := r.found(now, q)
	if errors.Is(err, records.ErrNothing) {
		return page{}, nil
	}
	if err != nil {
		return page{}, err
	}
	beside, err := r.beside(now, q, found.Matches)
	if err != nil {
		return page{}, err
	}
	if p.matches, err = r.copies(now, q, q.asked(), found.Matches, beside...); err != nil {
		return page{}, err
	}
	p.matches = slices.DeleteFunc(p.matches, func(c disclosure.Copy) bool { return !q.asksFor(c) })
	p.next = found.Next
	if q.search.Total == Accurate {
		p.total, err = r.total(now, q)
	}
	if err != nil {
		return page{}, err
	}
	if p.included, err = r.included(now, q, p.matches); err != nil {
		return page{}, err
	}
	return p.only(q.subset), nil
}

// only is what is asked for of each match, and of what stands beside them. The elements
// that a search names are those of its matches.
func (p page) only(s disclosure.Subset) page {
	for i, c := range p.matches {
		p.matches[i] = c.Only(s)
	}
	for i, c := range p.included {
		p.included[i] = c.Only(disclosure.Subset{Summary: s.Summary})
	}
	return p
}

// asksFor tells of a copy whether it is what a versioned read asks for: a version
// that would be made otherwise for this caller today is not given.
func (q question) asksFor(c disclosure.Copy) bool {
	return q.interaction != VRead || c.VersionID() == q.version
}

// copies are the copies of what was found, in its order, by the terms of each custodian.
// Narratives read out what stands beside. What all of it refers to is looked up together.
func (r *Road) copies(now records.Reader, q question, terms []disclosure.Terms, found []records.Visible, beside ...records.Visible) ([]disclosure.Copy, error) {
	held, err := r.held(q, slices.Concat(found, beside))
	if err != nil {
		return nil, err
	}
	targets := make(map[profiles.OrgCode]map[string]disclosure.Target, len(terms))
	for _, t := range terms {
		if targets[t.Custodian()], err = now.Targets(t.Custodian(), references(held, t.Custodian())); err != nil {
			return nil, err
		}
	}
	copied := func(held []disclosure.Held, beside ...disclosure.Copy) (copies []disclosure.Copy) {
		for _, h := range held {
			i := slices.IndexFunc(terms, func(t disclosure.Terms) bool { return t.Custodian() == h.Custodian })
			if c := terms[i].Copy(h, targets[h.Custodian], beside...); !c.Withheld() {
				copies = append(copies, c)
			}
		}
		return copies
	}
	return copied(held[:len(found)], copied(held[len(found):])...), nil
}

// held reads the stored bytes of each match.
func (r *Road) held(q question, found []records.Visible) ([]disclosure.Held, error) {
	held := make([]disclosure.Held, 0, len(found))
	for _, v := range found {
		resource, err := fhir.ParseResource(v.Body)
		if err != nil {
			return nil, err
		}
		held = append(held, disclosure.Held{
			Resource: resource, Person: v.Person, Custodian: v.Custodian, Label: v.Label,
			Updated: v.SeenAt, Reader: q.reader, Tag: func(carried profiles.ItemSet, content disclosure.Digest) string {
				return r.Sealer.sealTag(q.organisation, v.Type, v.ID, tag{v.SeenNumber, carried, content})
			},
		})
	}
	return held, nil
}

// references are those in a custodian's records.
func references(held []disclosure.Held, custodian profiles.OrgCode) []string {
	var refs []string
	for _, h := range held {
		if h.Custodian != custodian {
			continue
		}
		for ref := range fhir.References(h.Resource) {
			refs = append(refs, ref.Text())
		}
	}
	return refs
}
