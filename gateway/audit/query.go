package audit

import (
	"cmp"
	"errors"
	"time"

	"cpagateway/consent"
	"cpagateway/profiles"
)

// Query asks for entries by one of four keys; the other three are left empty.
type Query struct {
	Person    profiles.PersonID
	Request   string
	Client    consent.ClientID // whoever sits before it
	Agreement string

	Before Position // only older ones; the zero Position asks for the newest
	Limit  int      // of entries, at least 1
}

// Position is the place of an entry among those of all chains: by the time of its
// recording, then by chain, then within it.
type Position struct {
	Time time.Time
	Slot int
	Seq  uint64
}

// Position is where the row stands.
func (r Row) Position() Position { return Position{r.Time, r.Slot, r.Seq} }

// Compare is negative where p is before o, and positive where it is after.
func (p Position) Compare(o Position) int {
	return cmp.Or(p.Time.Compare(o.Time), cmp.Compare(p.Slot, o.Slot), cmp.Compare(p.Seq, o.Seq))
}

// Check refuses a query with no key or with several, and one without a limit.
func (q Query) Check() error {
	keys := 0
	for _, given := range []bool{q.Person != "", q.Request != "", q.Client != "", q.Agreement != ""} {
		if given {
			keys++
		}
	}
	if keys != 1 || q.Limit < 1 {
		return errors.New("a query of the audit log has exactly one key, and a limit")
	}
	return nil
}

// Admits reports whether a row is one that the query asks for, its limit apart.
func (q Query) Admits(r Row) bool {
	return (q.Person == "" || q.Person == r.Person) &&
		(q.Request == "" || q.Request == r.Request) &&
		(q.Client == "" || q.Client == r.Caller.Client) &&
		(q.Agreement == "" || q.Agreement == r.Agreement) &&
		(q.Before == Position{} || r.Position().Compare(q.Before) < 0)
}

// Entries reads the entries out of rows.
func Entries(rows []Row) ([]Entry, error) {
	entries := make([]Entry, 0, len(rows))
	for _, row := range rows {
		entry, err := ReadEntry(row.Body)
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry)
	}
	return entries, nil
}
