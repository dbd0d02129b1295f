package road

import (
	"errors"
	"slices"

	"cpagateway/consent"
	"cpagateway/consent/disclosure"
	"cpagateway/consent/facts"
	"cpagateway/gateway/records"
	"cpagateway/gateway/search"
	"cpagateway/profiles"
)

// subject is whom a request is about, with the facts for the decision.
type subject struct {
	person    *facts.Person // nil for directory types, which are about nobody
	custodian profiles.OrgCode
	position  string    // where the page begins, from an opened cursor
	search    SearchAsk // the search, or the one that a cursor holds
}

// find resolves the person, by canonical id, before anything is decided. Nobody
// and somebody hidden take the same steps: an unknown person has an empty dossier.
func (r *Road) find(now records.Snapshot, t *trip) (subject, error) {
	s := subject{custodian: r.Home, search: t.ask.Search}
	if !profiles.DirectoryType(t.ask.Type) && t.caller.Purpose == profiles.EmergencyTreatment {
		s.search.Crisis = CrisisRead
	}
	if profiles.DirectoryType(t.ask.Type) && t.ask.Search.Cursor == "" {
		return s, nil
	}
	id, opened, err := r.personAsked(now, t)
	if err != nil {
		return s, err
	}
	if opened != nil {
		s.search, s.position = opened.search(), opened.Position
		if profiles.DirectoryType(t.ask.Type) {
			return s, nil
		}
	}
	s.person, s.custodian, err = Facts(now, id, r.Home)
	return s, err
}

// Facts gathers what a decision needs to know about a person, and whose record
// it is; home stands in where nothing is held. It is what the road decides on,
// and what an explanation explains.
func Facts(now records.Snapshot, id profiles.PersonID, home profiles.OrgCode) (*facts.Person, profiles.OrgCode, error) {
	dossier, err := now.Dossier(id)
	if err != nil {
		return nil, "", err
	}
	compiled, err := dossier.Compiled()
	if err != nil {
		return nil, "", err
	}
	custodian := dossier.Custodian
	if custodian == "" {
		custodian = home
	}
	person := facts.Compose(id, custodian, dossier.Epoch, compiled, nil)
	return &person, custodian, nil
}

// personAsked finds whom the request names: the subject of the resource read,
// the person a search names, or the one inside a cursor.
func (r *Road) personAsked(now records.Snapshot, t *trip) (profiles.PersonID, *cursor, error) {
	key := t.ask.Search.Person
	switch {
	case t.ask.Interaction != Search:
		id, err := now.PersonOf(t.ask.Type, t.ask.ID)
		return id, nil, orNobody(err)
	case t.ask.Search.Cursor != "":
		opened, err := r.openCursor(t)
		if err != nil {
			return "", nil, err
		}
		return opened.Person, opened, nil
	case key.ID != "":
		id, err := now.PersonOf(key.Type, key.ID)
		return id, nil, orNobody(err)
	case key.Value != "":
		id, err := now.Person(key.System, key.Value)
		if errors.Is(err, records.ErrNothing) && key.System == profiles.SystemNHSNumber {
			id = r.Pseudonym(key.Value) // nobody has it: the record still shows which one was asked for
		}
		return id, nil, orNobody(err)
	}
	return "", nil, faultNoPerson
}

// orNobody takes "nobody has it" for an answer: the road goes on as for anybody.
func orNobody(err error) error {
	if errors.Is(err, records.ErrNothing) {
		return nil
	}
	return err
}

// matches runs the read or the search inside the decision.
func (r *Road) matches(now records.Snapshot, t *trip, d consent.Decision, s subject) ([]records.Visible, string, error) {
	switch t.ask.Interaction {
	case Read:
		v, err := r.read(now, t, d)
		return []records.Visible{v}, "", err
	case VRead:
		v, err := r.readVersion(now, t, d)
		return []records.Visible{v}, "", err
	}
	params, ok, err := searchable(now, d, s.search.Params)
	if err != nil || !ok {
		return nil, "", err
	}
	query := records.Query{Type: t.ask.Type, Params: params, Sort: s.search.Sort, Count: s.search.Count, After: s.position}
	find := now.Find
	if holdsToCurrent(t, d) {
		find = func(d consent.Decision, q records.Query) (records.Page, error) { return currentPlans(now, d, q) }
	}
	page, err := find(d, query)
	if err != nil {
		return nil, "", err
	}
	next := ""
	if page.Next != "" {
		next, err = r.sealCursor(t, d.Person(), s.search, page.Next)
	}
	return page.Matches, next, err
}

// read finds the resource as it is now.
func (r *Road) read(now records.Snapshot, t *trip, d consent.Decision) (records.Visible, error) {
	v, err := now.Read(d, t.ask.Type, t.ask.ID)
	if err != nil || !holdsToCurrent(t, d) {
		return v, err
	}
	current, err := isCurrent(now, d, v)
	if err == nil && !current {
		err = records.ErrNothing
	}
	return v, err
}

// readVersion finds one version. Where an answer is held to the current plan,
// that is the version which a read gives now and no other.
func (r *Road) readVersion(now records.Snapshot, t *trip, d consent.Decision) (records.Visible, error) {
	asked, ok := r.Sealer.openTag(t.caller.Organisation, t.ask.Type, t.ask.ID, t.ask.Version)
	if !ok {
		return records.Visible{}, records.ErrNothing
	}
	if !holdsToCurrent(t, d) {
		return now.ReadVersion(d, t.ask.Type, t.ask.ID, asked.number)
	}
	v, err := r.read(now, t, d)
	if err == nil && v.SeenNumber != asked.number {
		err = records.ErrNothing
	}
	return v, err
}

// asksFor tells of a copy whether it is what a versioned read asks for: a version
// that would be made otherwise for this caller today is not given.
func (t *trip) asksFor(x disclosure.Disclosure) bool {
	return t.ask.Interaction != VRead || x.VersionID() == t.ask.Version
}

// searchable takes out of a search the references that the caller could not see
// in an answer: a filter that matched them would confirm what the projection
// drops. Where nothing of a parameter remains, nothing matches.
func searchable(now records.Snapshot, d consent.Decision, params []search.Param) ([]search.Param, bool, error) {
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
	targets, err := now.Targets(refs)
	if err != nil {
		return nil, false, err
	}
	params = slices.Clone(params)
	for i, p := range params {
		if p.Kind != search.Reference {
			continue
		}
		params[i].Values = slices.DeleteFunc(slices.Clone(p.Values), func(v search.Operand) bool { return v.Ref != "" && !visible(d, targets, v.Ref) })
		if len(params[i].Values) == 0 {
			return nil, false, nil
		}
	}
	return params, true, nil
}

func visible(d consent.Decision, targets map[string]disclosure.Target, ref string) bool {
	target, known := targets[ref]
	return known && (target.Person == "" || target.Person == d.Person()) && target.Label.Within(d.Items())
}
