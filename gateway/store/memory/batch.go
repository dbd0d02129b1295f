package memory

import (
	"slices"
	"time"

	"cpagateway/consent"
	"cpagateway/gateway/records"
	"cpagateway/gateway/search"
	"cpagateway/profiles"
)

// batch gathers the versions of one Put and changes nothing before commit, so
// that a batch that fails leaves no trace.
type batch struct {
	store   *Store
	current map[key]records.Version
	holders map[profiles.PersonID]profiles.OrgCode
	added   []version
	moved   map[profiles.PersonID]bool
}

func batchOf(s *Store) *batch {
	return &batch{
		store:   s,
		current: make(map[key]records.Version),
		holders: make(map[profiles.PersonID]profiles.OrgCode),
		moved:   make(map[profiles.PersonID]bool),
	}
}

func (b *batch) add(a consent.Accepted, at time.Time) (records.Result, error) {
	next, result, err := records.Next(b.before(key{a.Type(), a.ID()}), b.holder(a.Person()), a, at)
	if err != nil || !result.Stored {
		return result, err
	}
	b.current[key{next.Type, next.ID}] = next
	if next.Person != "" {
		b.holders[next.Person] = next.Custodian
		if profiles.IsFact(next.Type) {
			b.moved[next.Person] = true
		}
	}
	entries := search.Index(a.Resource(), b.store.zone)
	added := version{
		Version: next,
		seq:     b.store.seq + uint64(len(b.added)) + 1,
		entries: entries,
		spans:   records.Spans(next.Type, entries),
	}
	if next.Type == "Patient" {
		added.identifiers = records.Identifiers(a.Resource())
	}
	b.added = append(b.added, added)
	return result, nil
}

// before is the current version, one of this batch included.
func (b *batch) before(k key) records.Version {
	if v, ok := b.current[k]; ok {
		return v
	}
	if r, ok := b.store.byKey[k]; ok {
		return r.current().Version
	}
	return records.Version{}
}

func (b *batch) holder(p profiles.PersonID) profiles.OrgCode {
	if custodian, ok := b.holders[p]; ok {
		return custodian
	}
	return b.store.persons[p].custodian
}

func (b *batch) commit() {
	s := b.store
	for _, v := range b.added {
		k := key{v.Type, v.ID}
		r, ok := s.byKey[k]
		if !ok {
			r = &resource{place: uint64(len(s.resources)) + 1}
			s.byKey[k] = r
			s.resources = append(s.resources, r)
		}
		r.versions = append(r.versions, v)
		s.seq = v.seq
	}
	for id, custodian := range b.holders {
		p := s.persons[id]
		p.custodian = custodian
		if b.moved[id] {
			p.epoch++
		}
		s.persons[id] = p
	}
}

// copied is a version that its receiver may change.
func copied(v records.Version) records.Version {
	v.Body = slices.Clone(v.Body)
	return v
}
