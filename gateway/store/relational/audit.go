package relational

import (
	"database/sql"
	"fmt"
	"math"
	"time"

	"cpagateway/consent"
	"cpagateway/gateway/audit"
)

const (
	auditColumns = `slot, seq, hash, time, request, person, client, organisation, professional, agreement, duty, body`

	selectSlots       = `SELECT slot, seq, hash, latest, holder, until FROM audit_slots WHERE slot > 0 ORDER BY slot`
	selectChain       = `SELECT ` + auditColumns + ` FROM audit WHERE slot = ? AND seq >= ? ORDER BY seq LIMIT ?`
	selectDuties      = `SELECT ` + auditColumns + ` FROM audit WHERE slot = ? AND seq >= ? AND duty = 1 ORDER BY seq LIMIT ?`
	selectCheckpoints = `SELECT number, note FROM audit_checkpoints WHERE number >= ? ORDER BY number LIMIT ?`
	selectNewest      = `SELECT number, note FROM audit_checkpoints WHERE number = (SELECT max(number) FROM audit_checkpoints)`

	insertSlot       = `INSERT INTO audit_slots (slot, seq, hash, latest, holder, until) VALUES (?, 0, ?, 0, '', 0)`
	updateSlot       = `UPDATE audit_slots SET seq = ?, hash = ?, latest = ?, holder = ?, until = ? WHERE slot = ?`
	insertCheckpoint = `INSERT INTO audit_checkpoints (number, note) VALUES (?, ?)`
)

var auditRows = insertsInto("audit (" + auditColumns + ")")

// selectEntries finds entries by one key, newest first, before a position. The
// columns of each key begin an index that goes on with those of the position.
func selectEntries(key string) string {
	return `SELECT ` + auditColumns + ` FROM audit WHERE ` + key + ` AND (time, slot, seq) < (?, ?, ?)
		ORDER BY time DESC, slot DESC, seq DESC LIMIT ?`
}

var (
	selectByPerson    = selectEntries(`person = ?`)
	selectByRequest   = selectEntries(`request = ?`)
	selectByAgreement = selectEntries(`agreement = ?`)
	selectByClient    = selectEntries(`client = ?`)
	selectNextClient  = `SELECT client FROM audit WHERE client > ? ORDER BY client LIMIT 1`
)

// Slots implements audit.Snapshot. A transaction asks for them once, and again after a
// change of its own.
func (s snapshot) Slots() ([]audit.Slot, error) {
	if s.slots == nil {
		slots, err := collect(s, scanSlot, selectSlots)
		if err != nil {
			return nil, err
		}
		s.slots = append([]audit.Slot{}, slots...)
	}
	return append([]audit.Slot(nil), s.slots...), nil
}

// Chain implements audit.Snapshot.
func (s snapshot) Chain(slot int, from uint64, limit int) ([]audit.Row, error) {
	return collect(s, scanRow, selectChain, slot, from, limit)
}

// Duties implements audit.Snapshot.
func (s snapshot) Duties(slot int, from uint64, limit int) ([]audit.Row, error) {
	return collect(s, scanRow, selectDuties, slot, from, limit)
}

// Checkpoints implements audit.Snapshot.
func (s snapshot) Checkpoints(from uint64, limit int) ([]audit.Checkpoint, error) {
	return collect(s, scanCheckpoint, selectCheckpoints, from, limit)
}

// NewestCheckpoint implements audit.Snapshot.
func (s snapshot) NewestCheckpoint() (audit.Checkpoint, error) {
	newest, _, err := first(s, scanCheckpoint, selectNewest)
	return newest, err
}

// Entries implements audit.Snapshot.
func (s snapshot) Entries(q audit.Query) ([]audit.Row, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	text, key := selectByClient, []any{string(q.Client)}
	switch {
	case q.Person != "":
		text, key = selectByPerson, []any{string(q.Person)}
	case q.Request != "":
		text, key = selectByRequest, []any{q.Request}
	case q.Agreement != "":
		text, key = selectByAgreement, []any{q.Agreement}
	}
	before := []any{int64(math.MaxInt64), 0, 0}
	if q.Before != (audit.Position{}) {
		before = []any{nanos(q.Before.Time), q.Before.Slot, q.Before.Seq}
	}
	return collect(s, scanRow, text, append(append(key, before...), q.Limit)...)
}

// Clients implements audit.Snapshot: from each client the index leads to the next.
func (s snapshot) Clients() (clients []consent.ClientID, err error) {
	next, more, err := first(s, scanOne[consent.ClientID], selectNextClient, "")
	for more && err == nil {
		clients = append(clients, next)
		next, more, err = first(s, scanOne[consent.ClientID], selectNextClient, string(next))
	}
	return clients, err
}

// Extend implements audit.Tx.
func (t tx) Extend(before, after audit.Slot, rows []audit.Row) error {
	if err := audit.CheckExtend(before, after, rows); err != nil {
		return err
	}
	slots, err := t.Slots() // which nobody else changes before the transaction ends
	if err != nil {
		return fmt.Errorf("appending to an audit chain: %w", err)
	}
	if before.Number == len(slots)+1 {
		slots = append(slots, audit.Slot{Number: before.Number})
		if err := t.exec(t.ctx, insertSlot, before.Number, before.Hash[:]); err != nil {
			return fmt.Errorf("opening an audit chain: %w", err)
		}
	}
	if before.Number > len(slots) {
		return audit.ErrTaken
	}
	if is := slots[before.Number-1]; is.Head != before.Head || is.Holder != before.Holder {
		return audit.ErrTaken
	}
	t.slots = nil
	err = t.exec(t.ctx, updateSlot, after.Seq, after.Hash[:], nanos(after.Latest), after.Holder, nanos(after.Until), before.Number)
	if err == nil {
		err = t.insert(auditRows, len(rows), func(i int) []any {
			r := rows[i]
			return []any{r.Slot, r.Seq, r.Hash[:], nanos(r.Time), r.Request, string(r.Person),
				string(r.Caller.Client), string(r.Caller.Organisation), r.Caller.Professional, r.Agreement, flag(r.Duty), notNil(r.Body)}
		})
	}
	return doing("appending to an audit chain", err)
}

// AddCheckpoint implements audit.Tx.
func (t tx) AddCheckpoint(c audit.Checkpoint) error {
	newest, err := t.NewestCheckpoint()
	if err != nil {
		return err
	}
	if c.Number != newest.Number+1 {
		return audit.ErrTaken
	}
	return t.exec(t.ctx, insertCheckpoint, c.Number, c.Note)
}

func scanSlot(rows *sql.Rows) (slot audit.Slot, err error) {
	err = rows.Scan(&slot.Number, &slot.Seq, hash{&slot.Hash}, instant{&slot.Latest}, &slot.Holder, instant{&slot.Until})
	return slot, err
}

func scanRow(rows *sql.Rows) (r audit.Row, err error) {
	err = rows.Scan(&r.Slot, &r.Seq, hash{&r.Hash}, instant{&r.Time}, &r.Request, &r.Person,
		&r.Caller.Client, &r.Caller.Organisation, &r.Caller.Professional, &r.Agreement, &r.Duty, &r.Body)
	return r, err
}

func scanCheckpoint(rows *sql.Rows) (c audit.Checkpoint, err error) {
	err = rows.Scan(&c.Number, &c.Note)
	return c, err
}

// hash reads 32 bytes.
type hash struct{ sum *[32]byte }

// Scan implements sql.Scanner.
func (h hash) Scan(column any) error {
	raw, ok := column.([]byte)
	if !ok || len(raw) != len(h.sum) {
		return fmt.Errorf("a hash is stored as %d bytes of %T", len(raw), column)
	}
	copy(h.sum[:], raw)
	return nil
}

// nanos is a time of the log as it is stored; the zero time is 0.
func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// instant reads it back.
type instant struct{ time *time.Time }

// Scan implements sql.Scanner.
func (i instant) Scan(column any) error {
	n, ok := column.(int64)
	if !ok {
		return fmt.Errorf("a time of the log is stored as %T", column)
	}
	*i.time = time.Time{}
	if n != 0 {
		*i.time = time.Unix(0, n).UTC()
	}
	return nil
}
