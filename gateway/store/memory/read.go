package memory

import (
	"errors"
	"maps"
	"math"
	"slices"
	"strings"

	"cpagateway/consent/disclosure"
	"cpagateway/consent/facts"
	"cpagateway/gateway/records"
	"cpagateway/profiles"
)

// now is a moment after everything stored.
const now = math.MaxUint64

// seen is what a scope sees of a resource.
type seen struct {
	*resource
	scope  records.Scope
	newest version // that the scope notices
}

// see finds a resource by the scope of its person and custodian.
func (s *state) see(scopes []records.Scope, r *resource) (seen, bool) {
	for _, scope := range scopes {
		if !scope.Sees(r.current().Version) {
			continue
		}
		if newest, ok := r.noticed(scope, now); ok {
			found := seen{r, scope, newest}
			return found, s.holds(found)
		}
	}
	return seen{}, false
}

// holds reports whether a plan is among those that its scope holds to.
func (s *state) holds(found seen) bool {
	v := found.current()
	if v.Type != records.PlanType || found.scope.Current == records.AllPlans || v.Status == records.Active {
		return true
	}
	all := found.scope
	all.Current = records.AllPlans
	var plans []records.Plan
	for _, r := range s.resources {
		if other, ok := s.see([]records.Scope{all}, r); ok {
			v := other.current()
			plans = append(plans, records.Plan{Place: r.place, Status: v.Status, Label: v.Version.Label, Spans: v.Spans, SeenAt: other.newest.Stored})
		}
	}
	return found.scope.LastInForce(plans) == found.place
}

// Read finds the current version of one resource. It implements records.Snapshot.
func (s snapshot) Read(scopes []records.Scope, id string) (records.Visible, error) {
	found, err := s.one(scopes, id)
	return found.visible(), err
}

// ReadVersion implements records.Snapshot.
func (s snapshot) ReadVersion(scopes []records.Scope, id string, number uint64) (records.Visible, error) {
	found, err := s.one(scopes, id)
	if err != nil {
		return records.Visible{}, err
	}
	if number >= 1 && number <= uint64(len(found.versions)) {
		if v, ok := found.version(found.versions[number-1]); ok {
			return v, nil
		}
	}
	return records.Visible{}, records.ErrNothing
}

// Versions implements records.Snapshot.
func (s snapshot) Versions(scopes []records.Scope, id string, below uint64, limit int) (list []records.Visible, err error) {
	found, err := s.one(scopes, id)
	if errors.Is(err, records.ErrNothing) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, v := range slices.Backward(found.versions) {
		if visible, ok := found.version(v); ok && v.Number < below && len(list) < limit {
			list = append(list, visible)
		}
	}
	return list, nil
}

// version is one of the versions of what is seen, where the caller may see what it held, and
// something that it changed.
func (f seen) version(v version) (records.Visible, bool) {
	if f.scope.Current != records.AllPlans {
		return f.visible(), v.Number == f.newest.Number
	}
	visible := records.Visible{Version: copied(v.Version), SeenNumber: v.Number, SeenAt: v.Stored}
	return visible, f.scope.Sees(v.Version) && f.scope.Notices(v.Changes)
}

func (s snapshot) one(scopes []records.Scope, id string) (seen, error) {
	if err := s.ctx.Err(); err != nil {
		return seen{}, err
	}
	for _, scope := range scopes {
		if r := s.resource(key{scope.Type, id}); r != nil {
			if found, ok := s.see(scopes, r); ok {
				return found, nil
			}
		}
	}
	return seen{}, records.ErrNothing
}

func (f seen) visible() records.Visible {
	if f.resource == nil {
		return records.Visible{}
	}
	return records.Visible{Version: copied(f.current().Version), SeenNumber: f.newest.Number, SeenAt: f.newest.Stored}
}

// Person resolves a business identifier. It implements records.Snapshot.
func (s snapshot) Person(system, value string) (profiles.PersonID, error) {
	if err := s.ctx.Err(); err != nil {
		return "", err
	}
	wanted := records.Identifier{System: system, Value: value}.Normal()
	for _, superseded := range []bool{false, true} {
		wanted.Superseded = superseded
		found := make(map[profiles.PersonID]bool)
		for _, r := range s.resources {
			if v := r.current(); slices.Contains(v.Identifiers, wanted) && s.standings[v.Person].Apart == "" {
				found[v.Person] = true
			}
		}
		for person := range found {
			if len(found) == 1 {
				return person, nil
			}
			return "", records.ErrNothing
		}
	}
	return "", records.ErrNothing
}

// PersonOf tells whom a stored resource is about. It implements records.Snapshot.
func (s snapshot) PersonOf(typ, id string) (profiles.PersonID, error) {
	v, err := s.newest(typ, id)
	return v.Person, err
}

// CustodianOf tells whose a stored resource is. It implements records.Snapshot.
func (s snapshot) CustodianOf(typ, id string) (profiles.OrgCode, error) {
	v, err := s.newest(typ, id)
	return v.Custodian, err
}

// Generation implements records.Snapshot.
func (s snapshot) Generation(person profiles.PersonID) (uint64, error) {
	return s.generations[person], s.ctx.Err()
}

// Sequence implements records.Snapshot.
func (s snapshot) Sequence() (uint64, error) { return s.seq, s.ctx.Err() }

// Incarnation implements records.Snapshot: it never goes back.
func (s snapshot) Incarnation() string { return "" }

// Editions implements records.Snapshot.
func (s snapshot) Editions(refs []records.Reference) (map[records.Reference]uint64, error) {
	editions := make(map[records.Reference]uint64)
	found, err := s.directory(refs)
	for ref, consulted := range found {
		editions[ref] = consulted.Edition
	}
	return editions, errors.Join(err, s.ctx.Err())
}

// Current is the current version of a resource. It implements records.Snapshot.
func (s snapshot) Current(typ, id string) (records.Version, error) {
	v, err := s.newest(typ, id)
	return copied(v.Version), err
}

// newest is the current version of what is kept, whoever may see it.
func (s snapshot) newest(typ, id string) (version, error) {
	if err := s.ctx.Err(); err != nil {
		return version{}, err
	}
	r := s.resource(key{typ, id})
	if r == nil {
		return version{}, records.ErrNothing
	}
	return r.current(), nil
}

// History is every version of a resource. It implements records.Snapshot.
func (s snapshot) History(typ, id string) ([]records.Version, error) {
	if err := s.ctx.Err(); err != nil {
		return nil, err
	}
	var history []records.Version
	if r := s.resource(key{typ, id}); r != nil {
		for _, v := range slices.Backward(r.versions) {
			history = append(history, copied(v.Version))
		}
	}
	return history, nil
}

// Held is what is kept about a person. It implements records.Snapshot.
func (s snapshot) Held(id profiles.PersonID, typ string) ([]records.Version, error) {
	if err := s.ctx.Err(); err != nil {
		return nil, err
	}
	var held []records.Version
	for _, r := range s.resources {
		if v := r.current(); id != "" && v.Person == id && (typ == "" || v.Type == typ) {
			held = append(held, copied(v.Version))
		}
	}
	return held, nil
}

// Holdings gathers what decisions about a person rest on. It implements
// records.Snapshot.
func (s snapshot) Holdings(person profiles.PersonID) (records.Holdings, error) {
	if err := s.ctx.Err(); err != nil {
		return records.Holdings{}, err
	}
	standing := s.standings[person]
	h := records.Holdings{Person: person, Generation: s.generations[person], Identity: facts.IdentityState{Apart: standing.Apart != "", Confirmed: standing.Confirmed}}
	custodians := make(map[profiles.OrgCode]bool)
	var own, apart []version
	for _, r := range s.resources {
		switch v := r.current(); {
		case v.Deleted:
		case v.Person == person:
			custodians[v.Custodian] = true
			own = append(own, v)
		case person != "" && v.Type == "Consent" && s.standings[v.Person].Apart == person:
			apart = append(apart, v)
		}
	}
	h.Custodians = slices.Sorted(maps.Keys(custodians))
	for _, v := range slices.Concat(own, apart) {
		if v.Compiled != nil && person != "" {
			compiled := *v.Compiled
			compiled.Apart = v.Person != person
			h.Facts = append(h.Facts, compiled)
		}
	}
	return h, h.LookUp(s.directory)
}

// directory is what references lead to in the directory, with what was removed.
func (s *state) directory(refs []records.Reference) (map[records.Reference]records.Consulted, error) {
	found := make(map[records.Reference]records.Consulted)
	for _, ref := range refs {
		typ, id, _ := strings.Cut(ref.Text, "/")
		r := s.resource(key{typ, id})
		if r == nil || r.current().Person != "" || r.current().Custodian != ref.Custodian {
			continue
		}
		v, consulted := r.current(), records.Consulted{Edition: r.current().seq}
		if v.Compiled != nil && !v.Deleted {
			consulted.Compiled = *v.Compiled
		}
		found[ref] = consulted
	}
	return found, nil
}

// target is the current version of what a reference in a custodian's record leads to.
func (s *state) target(custodian profiles.OrgCode, ref string) (version, bool) {
	typ, id, _ := strings.Cut(ref, "/")
	r := s.resource(key{typ, id})
	if r == nil || r.current().Deleted || r.current().Custodian != custodian {
		return version{}, false
	}
	return r.current(), true
}

// Targets tells what references lead to. It implements records.Snapshot.
func (s snapshot) Targets(custodian profiles.OrgCode, refs []string) (map[string]disclosure.Target, error) {
	if err := s.ctx.Err(); err != nil {
		return nil, err
	}
	targets := make(map[string]disclosure.Target, len(refs))
	for _, ref := range refs {
		if v, ok := s.target(custodian, ref); ok {
			targets[ref] = disclosure.Target{Person: v.Person, Label: v.Version.Label}
		}
	}
	return targets, nil
}
