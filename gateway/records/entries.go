package records

import (
	"time"

	"cpagateway/gateway/search"
)

// BuiltInEntries are the index entries that the store adds to those of search.Index: the
// id, and the time that this caller sees. It is an instant, so it ends one
// nanosecond after it began.
func BuiltInEntries(id string, seen time.Time) []search.Entry {
	return []search.Entry{
		{Param: "_id", Kind: search.ID, Text: id},
		{Param: "_lastUpdated", Kind: search.Date, From: seen, Until: seen.Add(1)},
	}
}

// Matches reports whether a version with these index entries is what a query
// asks for, in the eyes of a scope. It is the meaning of Query; a store that
// runs queries another way must find the same.
func (q Query) Matches(s Scope, entries []search.Entry, id string, seen time.Time) bool {
	usable := append(search.Usable(entries, s.Items), BuiltInEntries(id, seen)...)
	for _, p := range q.Params {
		if !p.In(s.Custodian).Match(usable) {
			return false
		}
	}
	return true
}
