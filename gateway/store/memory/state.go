package memory

import (
	"maps"
	"slices"

	"cpagateway/gateway/persons"
	"cpagateway/gateway/quarantine"
	"cpagateway/gateway/records"
	"cpagateway/gateway/search"
	"cpagateway/profiles"
)

// state is everything kept at one moment.
type state struct {
	seq       uint64      // of the newest version
	resources []*resource // in the order of first storing
	places    map[key]int // where in resources
	persons   map[profiles.PersonID]person
	standings map[profiles.PersonID]persons.Standing
	moves     []persons.Move
	faults    []quarantine.Fault
	log       log
}

// copied is a state that can be changed while others read this one.
func (s *state) copied() *state {
	c := *s
	c.resources, c.faults = slices.Clone(s.resources), slices.Clone(s.faults)
	c.places, c.persons, c.standings = maps.Clone(s.places), maps.Clone(s.persons), maps.Clone(s.standings)
	c.moves = slices.Clone(s.moves)
	c.log = s.log.copied()
	return &c
}

// key names a resource.
type key struct{ typ, id string }

// resource is every version of one resource. It is never changed: another takes
// its place, which is the order of first storing.
type resource struct {
	place    uint64
	versions []version
}

// version is one version with what it is found by.
type version struct {
	records.Version
	seq         uint64 // order over the whole store
	entries     []search.Entry
	spans       []records.Span
	identifiers []records.Identifier
}

func (v version) fact() bool { return profiles.IsFact(v.Type) }

type person struct {
	custodian profiles.OrgCode
	epoch     uint64
}

// resource finds what is kept under a key, nil for nothing.
func (s *state) resource(k key) *resource {
	if place, known := s.places[k]; known {
		return s.resources[place]
	}
	return nil
}

// keep adds a version.
func (s *state) keep(k key, v version) {
	if s.places == nil {
		s.places, s.persons = make(map[key]int), make(map[profiles.PersonID]person)
	}
	if r := s.resource(k); r != nil {
		s.resources[s.places[k]] = &resource{r.place, append(r.versions, v)}
		return
	}
	s.places[k] = len(s.resources)
	s.resources = append(s.resources, &resource{uint64(len(s.resources)) + 1, []version{v}})
}

func (r *resource) current() version { return r.versions[len(r.versions)-1] }

// noticed is the newest version up to a moment that changed something the scope
// may see.
func (r *resource) noticed(scope records.Scope, asOf uint64) (version, bool) {
	for _, v := range slices.Backward(r.versions) {
		if v.seq <= asOf && scope.Notices(v.Version) {
			return v, true
		}
	}
	return version{}, false
}

// asOf is the version that was the current one at a moment.
func (r *resource) asOf(moment uint64) version {
	for _, v := range slices.Backward(r.versions) {
		if v.seq <= moment {
			return v
		}
	}
	return version{}
}
