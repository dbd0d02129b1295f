// Package quarantine is where records stay that an import could not take, until
// somebody has mended them or their source. It holds the interface and its
// conformance suite (quarantinetest); the stores under gateway/store implement it.
package quarantine

import (
	"time"

	"cpagateway/profiles"
)

// Fault is one record that could not be taken, whole.
type Fault struct {
	ID        string // derived from source, record and rule: a rerun finds the same one
	Source    string
	Custodian profiles.OrgCode // whose records these are, as the run had it
	File      string           // name within the extract
	Row       int              // 1-based row or entry; 0 for the file as a whole
	Field     string
	Value     string
	Rule      string // such as MHS70109
	Reason    string
	Raw       []byte // everything needed to feed the record in again
	Against   bool   // the record holds what refuses or takes back sharing
	// Record is the name of the record, the same in every extract of its source; empty where
	// nothing says it.
	Record    string
	At        time.Time
	Settled   time.Time // zero while open
	CameRight bool      // it is settled because its source has sent the record anew, and it was taken
}

// Filter narrows a listing; the zero filter is every open fault.
type Filter struct {
	Source  string
	ID      string
	Settled bool // settled ones as well
	Against bool // only those against sharing
}

// Admits reports whether a listing under the filter shows a fault.
func (f Filter) Admits(fault Fault) bool {
	return (f.Source == "" || f.Source == fault.Source) &&
		(f.ID == "" || f.ID == fault.ID) &&
		(!f.Against || fault.Against) &&
		(f.Settled || fault.Settled.IsZero())
}

// Snapshot is one moment of what is set aside.
type Snapshot interface {
	// Faults lists what is set aside, oldest first.
	Faults(filter Filter) ([]Fault, error)
	// CountOpen counts the open faults of each source that has any.
	CountOpen() (map[string]int, error)
	// Waiting gives the ids of the open faults of a source by their records. Those without
	// a name, and those against sharing, are not among them.
	Waiting(source string) (map[string][]string, error)
}

// Tx is one change of what is set aside. It reads what it has written.
type Tx interface {
	Snapshot
	// SetAside keeps faults; one that is already kept (same ID) is left as it is, unless it
	// had come right: then it is open again, and set aside now. It returns how many were new,
	// or open again.
	SetAside(faults []Fault) (int, error)
	// Settle marks faults as dealt with; unknown and settled ones are left as they are.
	Settle(at time.Time, ids []string) error
	// CameRight is Settle, until they are set aside again.
	CameRight(at time.Time, ids []string) error
}
