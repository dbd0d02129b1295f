package audit

import (
	"context"
	"errors"
	"time"

	"cpagateway/consent"
	"cpagateway/profiles"
)

// Head is where a chain ends; the zero Head is that of a chain without entries.
type Head struct {
	Seq  uint64   // position of its newest entry: 1, 2, 3 ... without gaps
	Hash [32]byte // SHA-256 over the hash before it and the entry's body
}

// Slot is one chain, with the lease of the writer who may append to it.
type Slot struct {
	Number int // 1, 2, 3 ... without gaps
	Head
	Latest time.Time // when its newest entry was recorded
	Holder string    // empty: nobody
	Until  time.Time // end of the lease; then another writer may take it over
}

// Row is one entry as a store keeps it.
type Row struct {
	Slot int
	Head // with this entry as the newest
	Columns
	Body []byte // what Entry.Body writes
}

// Columns are the parts of an entry that a store searches by. They repeat what the
// body says.
type Columns struct {
	Time      time.Time
	Request   string
	Person    profiles.PersonID
	Caller    Caller
	Agreement string
	Duty      bool // Entry.Duties has something
}

// Caller is whose entries a query can ask for: a system, the organisation that runs
// it, and the professional who uses it.
type Caller struct {
	Client       consent.ClientID
	Organisation profiles.OrgCode
	Professional string
}

// Checkpoint is a signature over all chains at one moment.
type Checkpoint struct {
	Number uint64 // 1, 2, 3 ... without gaps
	Note   string // signed note (C2SP signed-note)
}

// Snapshot is one moment of the log.
type Snapshot interface {
	// Slots lists every chain, by number.
	Slots() ([]Slot, error)
	// Chain lists entries of one chain from a position on, at most so many.
	Chain(slot int, from uint64, limit int) ([]Row, error)
	// Duties lists those entries of one chain that ask for something to be told, from a
	// position on, at most so many.
	Duties(slot int, from uint64, limit int) ([]Row, error)
	// Checkpoints lists checkpoints from a number on, at most so many.
	Checkpoints(from uint64, limit int) ([]Checkpoint, error)
	// NewestCheckpoint is the one with the highest number; the zero Checkpoint
	// where there is none.
	NewestCheckpoint() (Checkpoint, error)
	// Entries lists the entries that a query asks for, newest first: by time, then
	// chain, then position. A query with no key or with two is an error.
	Entries(q Query) ([]Row, error)
	// Clients lists every client that has an entry, each once, by name. It costs a look-up
	// for each client, however many entries there are.
	Clients() ([]consent.ClientID, error)
}

// ErrTaken says that a chain is not as the writer expected: another writer has the
// slot now, or has appended to it.
var ErrTaken = errors.New("another writer has taken the chain")

// Tx is one change of the log. It reads what it has written.
type Tx interface {
	Snapshot
	// Extend appends rows to a chain and gives its slot a new head and lease, by
	// compare-and-swap: ErrTaken where head and holder are not those of before any
	// more. A slot that is not there yet compares as one of its number with neither.
	Extend(before, after Slot, rows []Row) error
	// AddCheckpoint appends a checkpoint; ErrTaken where its number is not the next.
	AddCheckpoint(c Checkpoint) error
}

// Updater is a store as a Log writes to it. Update runs change in one transaction,
// in which nothing else is written; when it returns nil, all that was done in it
// survives a loss of power.
type Updater[T Tx] interface {
	Update(ctx context.Context, change func(T) error) error
}

// Viewer is a store as it is verified. View runs read on one moment.
type Viewer[S Snapshot] interface {
	View(ctx context.Context, read func(S) error) error
}

// CheckExtend refuses rows that do not lead from one head of a slot to the other.
// It is for the implementations of Extend.
func CheckExtend(before, after Slot, rows []Row) error {
	head := before.Head
	ok := before.Number > 0 && after.Number == before.Number
	for _, row := range rows {
		ok = ok && row.Slot == before.Number && row.Seq == head.Seq+1
		head = row.Head
	}
	if !ok || head != after.Head {
		return errors.New("extending an audit chain: the rows do not lead from the one head to the other")
	}
	return nil
}
