package audit

import (
	"context"
	"errors"
	"iter"

	"cpagateway/profiles"
)

// ErrEpochMoved says that a fact about the person changed after the decision:
// nothing was recorded, nothing may be released, decide again.
var ErrEpochMoved = errors.New("the person's record changed after the decision")

// Row is one link of the chain as a sink keeps it.
type Row struct {
	Seq  uint64   // 1, 2, 3 ... without gaps
	Hash [32]byte // SHA-256 over the previous hash and Body
	Body []byte   // what Entry.Body writes
}

// Tail is where the chain ends; the zero Tail is an empty chain.
type Tail struct {
	Seq  uint64
	Hash [32]byte
}

// Sink keeps rows durably. The stores under gateway/store implement it in the
// same database as the records, so that the epoch can be checked in the
// transaction that records the disclosure. Its suite is audittest.
type Sink interface {
	// Commit runs build in one transaction that no write to the records can
	// interleave with, and appends the rows it returns. epochs holds the
	// current epoch of each person asked for (0 for an unknown one). When
	// Commit returns nil the rows survive loss of power.
	Commit(ctx context.Context, persons []profiles.PersonID, build func(epochs map[profiles.PersonID]uint64, tail Tail) []Row) error
	// Rows walks the chain from a sequence number on.
	Rows(ctx context.Context, from uint64) iter.Seq2[Row, error]
}
