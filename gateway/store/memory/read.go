package memory

import (
	"math"
	"slices"
	"strings"

	"cpagateway/consent"
	"cpagateway/consent/disclosure"
	"cpagateway/consent/facts"
	"cpagateway/gateway/records"
	"cpagateway/profiles"
)

// now is a moment after everything stored.
const now = math.MaxUint64

// Read finds the current version of one resource. It implements records.Snapshot.
func (s snapshot) Read(d consent.Decision, typ, id string) (records.Visible, error) {
	if err := s.ctx.Err(); err != nil {
		return records.Visible{}, err
	}
	scope := records.ScopeOf(d, typ)
	r := s.resource(key{typ, id})
	if r == nil || !scope.Sees(r.current().Version) {
		return records.Visible{}, records.ErrNothing
	}
	seen, ok := r.noticed(scope, now)
	if !ok {
		return records.Visible{}, records.ErrNothing
	}
	return visible(r.current(), seen), nil
}

// ReadVersion finds one version, where the caller may see the resource as it is
// now, what the version held, and something that it changed. It implements
// records.Snapshot.
func (s snapshot) ReadVersion(d consent.Decision, typ, id string, number uint64) (records.Visible, error) {
	if err := s.ctx.Err(); err != nil {
		return records.Visible{}, err
	}
	scope := records.ScopeOf(d, typ)
	r := s.resource(key{typ, id})
	if r == nil || !scope.Sees(r.current().Version) || number < 1 || number > uint64(len(r.versions)) {
		return records.Visible{}, records.ErrNothing
	}
	v := r.versions[number-1]
	if !scope.Sees(v.Version) || !scope.Notices(v.Version) {
		return records.Visible{}, records.ErrNothing
	}
	return visible(v, v), nil
}

func visible(v, seen version) records.Visible {
	return records.Visible{Version: copied(v.Version), SeenNumber: seen.Number, SeenAt: seen.Stored}
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
			if v := r.current(); slices.Contains(v.identifiers, wanted) && s.standings[v.Person].Apart == "" {
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
	if err := s.ctx.Err(); err != nil {
		return "", err
	}
	r := s.resource(key{typ, id})
	if r == nil {
		return "", records.ErrNothing
	}
	return r.current().Person, nil
}

// Epoch implements records.Snapshot.
func (s snapshot) Epoch(person profiles.PersonID) (uint64, error) {
	return s.persons[person].epoch, s.ctx.Err()
}

// Held is everything that is kept about a person. It implements records.Snapshot.
func (s snapshot) Held(id profiles.PersonID) ([]records.Version, error) {
	if err := s.ctx.Err(); err != nil {
		return nil, err
	}
	var held []records.Version
	for _, r := range s.resources {
		if v := r.current(); id != "" && v.Person == id {
			held = append(held, copied(v.Version))
		}
	}
	return held, nil
}

// Dossier gathers the facts about a person. It implements records.Snapshot.
func (s snapshot) Dossier(id profiles.PersonID) (records.Dossier, error) {
	if err := s.ctx.Err(); err != nil {
		return records.Dossier{}, err
	}
	p := s.persons[id]
	standing := s.standings[id]
	dossier := records.Dossier{Person: id, Custodian: p.custodian, Epoch: p.epoch, Standing: facts.Standing{Apart: standing.Apart != "", Confirmed: standing.Confirmed}}
	for _, r := range s.resources {
		v := r.current()
		apart := v.Type == "Consent" && s.standings[v.Person].Apart == id
		if id != "" && v.fact() && (v.Person == id || apart) {
			dossier.Facts = append(dossier.Facts, copied(v.Version))
		}
	}
	records.SortFacts(dossier.Facts)
	return dossier, nil
}

// Targets tells what references lead to. It implements records.Snapshot.
func (s snapshot) Targets(refs []string) (map[string]disclosure.Target, error) {
	if err := s.ctx.Err(); err != nil {
		return nil, err
	}
	targets := make(map[string]disclosure.Target, len(refs))
	for _, ref := range refs {
		typ, id, _ := strings.Cut(ref, "/")
		if r := s.resource(key{typ, id}); r != nil {
			v := r.current()
			targets[ref] = disclosure.Target{Person: v.Person, Label: v.Label}
		}
	}
	return targets, nil
}
