// Package register is which register of agreements is in force: every one that was ever
// put in force, of which the newest counts, for all gateways of one store. The stores
// under gateway/store implement it, and their suite (storetest) holds them to it.
package register

import "time"

// Version is a register of agreements as it was put in force.
type Version struct {
	Number uint64 // of the change of the store that put it in force
	At     time.Time
	Hash   string            // of its content: agreements.Register.Hash
	Files  map[string][]byte // the agreements' texts, by the names of their files
}

// Snapshot is one moment of the registers.
type Snapshot interface {
	// RegisterInForce is the number of the newest register; 0 where there is none.
	RegisterInForce() (uint64, error)
	// Register gives one of them; the zero Version where none has the number.
	Register(number uint64) (Version, error)
	// RegisterWas is the number under which a register of that content was put in force
	// last; 0 where it never was.
	RegisterWas(hash string) (uint64, error)
}

// Tx is a change of the registers. It reads what it has written.
type Tx interface {
	Snapshot
	// PutRegister puts a register in force, and gives its number; the one that the version
	// has is not looked at. None is ever changed or removed.
	PutRegister(v Version) (number uint64, err error)
}
