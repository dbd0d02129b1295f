package road

import (
	"errors"
	"slices"
	"time"

	"cpagateway/consent"
	"cpagateway/consent/disclosure"
	"cpagateway/consent/facts"
	"cpagateway/gateway/records"
	"cpagateway/gateway/search"
	"cpagateway/profiles"
)

// subject is whom a request is about, and whom it is put to: each custodian that
// holds something about the person, or of the directory, and home where none does.
type subject struct {
	holdings   records.Holdings
	custodians []profiles.OrgCode
	position   string    // where the page begins, from an opened cursor
	search     SearchAsk // the search, or the one that a cursor holds
	subset     disclosure.Subset
}

// find resolves the person, by canonical id, before anything is decided. Nobody
// and somebody hidden take the same steps: an unknown person has empty holdings.
func (r *Road) find(now records.Reader, t *exchange) (subject, error) {
	directory := profiles.DirectoryType(t.ask.Type)
	s := subject{search: t.ask.Search, subset: t.ask.Subset}
	if t.emergency() {
		s.search.Crisis = CrisisRead
	}
	var id profiles.PersonID
	var err error
	switch {
	case t.ask.Search.Cursor != "":
		id, err = r.resume(t, &s)
	case !directory:
		id, err = r.personAsked(now, t)
	}
	if err != nil {
		return s, err
	}
	if directory {
		return r.findDirectory(now, t, s)
	}
	s.holdings, err = now.Holdings(id)
	if id == "" {
		s.holdings = records.Holdings{} // of nobody: who holds a directory does not matter
	}
	s.custodians = s.holdings.CustodiansOr(r.Home)
	if t.ask.Interaction == BreakGlass {
		t.glass = consent.Glass{Reason: t.stated.Reason, Person: s.holdings.Person, At: t.at.Truncate(time.Second)}
	}
	return s, err
}

// resume goes on with the search that a cursor holds, about the person inside it.
func (r *Road) resume(t *exchange, s *subject) (profiles.PersonID, error) {
	c, err := r.openCursor(t)
	s.search, s.subset, s.position = c.search(), c.Subset, c.Position
	return c.Person, err
}

// findDirectory puts a request for staff and organisations to whose the record is,
// and a search to everybody who holds a directory.
func (r *Road) findDirectory(now records.Reader, t *exchange, s subject) (subject, error) {
	if t.ask.Interaction != Search {
		custodian, err := now.CustodianOf(t.ask.Type, t.ask.ID)
		if errors.Is(err, records.ErrNothing) {
			custodian, err = r.Home, nil
		}
		s.custodians = []profiles.OrgCode{custodian}
		return s, err
	}
	directories, err := now.Holdings("")
	s.custodians = directories.CustodiansOr(r.Home)
	return s, err
}

// persons is what each custodian knows of the person. It follows from the holdings alone.
func (s subject) persons() ([]facts.Person, error) {
	persons := make([]facts.Person, len(s.custodians))
	for i, custodian := range s.custodians {
		persons[i] = s.holdings.At(custodian)
	}
	return persons, nil
}

// sizeOfPersons is about how many bytes they take beside the holdings.
func sizeOfPersons(persons []facts.Person) int {
	n := 0
	for _, p := range persons {
		n += 500 + 200*len(p.Relations)
	}
	return n
}

// personAsked finds whom the request names: the subject of the resource read, or the
// person a search names. An unknown one has an empty id, and no error: so unknown persons
// take the same steps as known ones.
func (r *Road) personAsked(now records.Reader, t *exchange) (id profiles.PersonID, err error) {
	key := t.ask.Search.Person
	switch {
	case t.ask.ID != "":
		id, err = now.PersonOf(t.ask.Type, t.ask.ID)
	case key.ID != "":
		id, err = now.PersonOf(key.Type, key.ID)
	case key.Value != "":
		id, err = now.Person(key.System, key.Value)
		if errors.Is(err, records.ErrNothing) && key.System == profiles.SystemNHSNumber {
			id = r.Pseudonym(key.Value) // nobody has it: the record still shows which one was asked for
		}
	default:
		return id, faultNoPerson
	}
	if errors.Is(err, records.ErrNothing) {
		return id, nil
	}
	return id, err
}

// found runs the read or the search inside the terms.
func (r *Road) found(now records.Reader, q question) (records.Page, error) {
	scopes := q.parts[0].scopes
	switch q.interaction {
	case Read:
		v, err := now.Read(scopes, q.id)
		return records.Page{Matches: []records.Visible{v}}, err
	case History:
		return history(now, q)
	case VRead:
		asked, ok := r.Sealer.openTag(q.organisation, q.typ, q.id, q.version)
		if !ok {
			return records.Page{}, records.ErrNothing
		}
		v, err := now.ReadVersion(scopes, q.id, asked.number)
		return records.Page{Matches: []records.Visible{v}}, err
	}
	params, ok, err := searchable(now, q)
	if !ok || q.search.Count == 0 {
		return records.Page{}, err
	}
	return now.Find(scopes, records.Query{Params: params, Sort: q.search.Sort, Count: q.search.Count, After: q.position})
}

// searchable takes out of a search the references that the caller could not see
// in an answer: a filter that matched them would confirm what the projection
// drops. One that it could is looked for in the records of whose it leads to, which alone
// show it. Where nothing of a parameter remains, nothing matches, and it reports false,
// as it does with an error.
func searchable(now records.Reader, q question) ([]search.Param, bool, error) {
	params := q.search.Params
	var refs []string
	for _, p := range params {
		for _, v := range p.Values {
			if v.Ref != "" {
				refs = append(refs, v.Ref)
			}
		}
	}
	if len(refs) == 0 {
		return params, true, nil
	}
	holders := make(map[string]profiles.OrgCode) // of what is seen
	for _, t := range q.asked() {
		targets, err := now.Targets(t.Custodian(), refs)
		if err != nil {
			return nil, false, err
		}
		for ref, target := range targets {
			if t.Sees(target) {
				holders[ref] = t.Custodian()
			}
		}
	}
	params = slices.Clone(params)
	for i, p := range params {
		params[i].Values = nil
		for _, v := range p.Values {
			if v.Holder = holders[v.Ref]; v.Ref == "" || v.Holder != "" {
				params[i].Values = append(params[i].Values, v)
			}
		}
		if len(params[i].Values) == 0 {
			return nil, false, nil
		}
	}
	return params, true, nil
}
