// Package memory is the store of a test or a short demonstration: everything in
// maps, nothing kept when the process ends. It is the plain reading of the
// interfaces that it implements, and the other stores are held to its answers.
package memory

import (
	"context"
	"slices"
	"sync"
	"time"

	"cpagateway/consent"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/records"
	"cpagateway/gateway/search"
	"cpagateway/profiles"
)

// Store keeps everything in memory. All methods are safe for concurrent use.
type Store struct {
	zone *time.Location

	mu        sync.RWMutex
	seq       uint64 // of the newest version
	resources []*resource
	byKey     map[key]*resource
	persons   map[profiles.PersonID]person
	faults    []records.Fault
	rows      []audit.Row
}

// key names a resource.
type key struct{ typ, id string }

// resource is every version of one resource. Its place in Store.resources is
// the order of first storing and never changes.
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

var (
	_ records.Store = (*Store)(nil)
	_ audit.Sink    = (*Store)(nil)
)

// New makes an empty store. Dates without an offset are days in the zone.
func New(zone *time.Location) *Store {
	return &Store{zone: zone, byKey: make(map[key]*resource), persons: make(map[profiles.PersonID]person)}
}

// Close ends the store.
func (s *Store) Close() error { return nil }

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

// Put stores a batch. It implements records.Writer.
func (s *Store) Put(ctx context.Context, at time.Time, batch []consent.Accepted) ([]records.Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	b := batchOf(s)
	results := make([]records.Result, 0, len(batch))
	for _, a := range batch {
		result, err := b.add(a, at)
		if err != nil {
			return nil, err
		}
		results = append(results, result)
	}
	b.commit()
	return results, nil
}
