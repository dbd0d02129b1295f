package memory

import (
	"maps"
	"slices"

	"cpagateway/gateway/audit/audittest"
	"cpagateway/gateway/persons"
	"cpagateway/gateway/quarantine"
	"cpagateway/gateway/records"
	"cpagateway/gateway/register"
	"cpagateway/gateway/subscriptions"
	"cpagateway/profiles"
)

// state is everything kept at one moment.
type state struct {
	seq           uint64      // number of the last change: of a version, a standing, a move or the register
	resources     []*resource // in the order of first storing
	places        map[key]int // where in resources
	generations   map[profiles.PersonID]uint64
	standings     map[profiles.PersonID]persons.Standing
	moves         []persons.Move
	images        map[said][]byte
	edits         map[made]bool
	sendings      map[string]string
	faults        []quarantine.Fault
	registers     []register.Version // in the order in which they were put in force
	subscribed    map[string]subscriptions.Subscription
	events        map[string][]subscriptions.Event // by subscription
	outbox        subscriptions.Outbox
	audittest.Log // the audit log
}

func newState() *state {
	return &state{
		places: map[key]int{}, generations: map[profiles.PersonID]uint64{}, standings: map[profiles.PersonID]persons.Standing{},
		images: map[said][]byte{}, edits: map[made]bool{}, sendings: map[string]string{},
		subscribed: map[string]subscriptions.Subscription{}, events: map[string][]subscriptions.Event{},
	}
}

// copied is a state that can be changed while others read this one.
func (s *state) copied() *state {
	c := *s
	c.resources, c.faults, c.registers = slices.Clone(s.resources), slices.Clone(s.faults), slices.Clone(s.registers)
	c.places, c.generations, c.standings = maps.Clone(s.places), maps.Clone(s.generations), maps.Clone(s.standings)
	c.moves, c.images, c.edits, c.sendings = slices.Clone(s.moves), maps.Clone(s.images), maps.Clone(s.edits), maps.Clone(s.sendings)
	c.subscribed, c.events = maps.Clone(s.subscribed), maps.Clone(s.events)
	c.Log = s.Log.Begin()
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

// version is one version with what it is found and judged by.
type version struct {
	records.Version
	records.Derived
	seq  uint64   // order over the whole store
	refs []string // of it and of the version before it
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
	if r := s.resource(k); r != nil {
		s.resources[s.places[k]] = &resource{r.place, append(r.versions, v)}
		return
	}
	s.places[k] = len(s.resources)
	s.resources = append(s.resources, &resource{uint64(len(s.resources)) + 1, []version{v}})
}

func (r *resource) current() version { return r.versions[len(r.versions)-1] }

// noticed is the newest version up to a moment that the scope notices.
func (r *resource) noticed(scope records.Scope, asOf uint64) (version, bool) {
	for _, v := range slices.Backward(r.versions) {
		if v.seq <= asOf && scope.Notices(v.Changes) {
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
