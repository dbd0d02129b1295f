package relational

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// table is one of those that a store is made of, with the columns of its key, in whose
// order it is read.
type table struct {
	name, key, columns string
}

// tables are all of them, each after those that it refers to.
var tables = []table{
	{"resources", "place", `place, type, id, person, custodian, version, deleted, need, "any", status`},
	{"versions", "seq", "seq, resource, number, stored, source, origin, deleted, body"},
	{"labels", "version", `version, rules, need, "any"`},
	{"changes", `version, need, "any"`, `version, need, "any"`},
	{"refs", "custodian, target, version", "custodian, target, version"},
	{"terms", "resource, number", "resource, number, person, custodian, type, param, kind, value, system, need, low, high"},
	{"sort_values", "version, param, need", "version, param, need, low, high"},
	{"compiled", "resource", "resource, person, body"},
	{"persons", "person", "person, generation"},
	{"identifiers", "system, value, resource", "system, value, resource, superseded"},
	{"standings", "person", "person, apart, doubt, body"},
	{"moves", "place", "place, id, body"},
	{"images", "type, id, source", "type, id, source, body"},
	{"edits", "type, id, edit", "type, id, edit"},
	{"sendings", "id", `id, "at"`},
	{"registers", "number", `number, "at", hash, files`},
	{"subscriptions", "id", "id, client, body"},
	{"events", "subscription, number", "subscription, number, body"},
	{"outbox", "id", "id, body"},
	{"faults", "place", `place, id, source, custodian, file, "row", field, value, rule, reason, raw, against, record, "at", settled, came_right`},
	{"audit_slots", "slot", "slot, seq, hash, latest, holder, until"},
	{"audit", "slot, seq", auditColumns},
	{"audit_checkpoints", "number", "number, note"},
	{"meta", "name", "name, value"},
}

// copiedAtOnce is how many rows are read at once.
const copiedAtOnce = 256

// ErrInUse refuses to copy a store into one that holds something.
var ErrInUse = errors.New("the store that is copied to holds something already")

// Copied is how many rows of each table were copied.
type Copied map[string]int

// Copy puts all that a store holds at one moment into an empty one, of whatever database:
// every version under its number, every chain of the audit log, what is settled. It then
// reads both, and keeps nothing where they differ. What is written to the first store
// meanwhile is not in the second.
func Copy(ctx context.Context, from, to *Store) (Copied, error) {
	copied := Copied{}
	err := from.reader.transaction(ctx, func(inside context.Context, in *session) error {
		return to.change(ctx, func(t tx) error { return copyAll(snapshot{inside, in}, t, copied) })
	})
	return copied, doing("copying a store", err)
}

func copyAll(from snapshot, to tx, copied Copied) error {
	for _, of := range tables {
		if rows, err := collect(to.snapshot, scanAll(of), "SELECT "+of.columns+" FROM "+of.name+" LIMIT 1"); err != nil || len(rows) > 0 {
			return errors.Join(err, inUse(rows))
		}
	}
	read := make(map[string]sum)
	for _, of := range tables {
		copied[of.name] = 0
		into := insertsInto(of.name + " (" + of.columns + ")")
		err := of.pages(from, func(rows [][]any) error {
			copied[of.name] += len(rows)
			read[of.name] = read[of.name].with(rows)
			return to.insertRows(into, rows)
		})
		if err != nil {
			return fmt.Errorf("copying the table %s: %w", of.name, err)
		}
	}
	last, err := from.Sequence()
	if err == nil && last > 0 {
		err = to.exec(to.ctx, `UPDATE changed SET last = ? WHERE id = 1`, last)
	}
	if err != nil {
		return fmt.Errorf("copying the number of the last change: %w", err)
	}
	return verify(to.snapshot, read)
}

// verify compares what is there with what was read.
func verify(now snapshot, read map[string]sum) error {
	for _, of := range tables {
		var found sum
		err := of.pages(now, func(rows [][]any) error {
			found = found.with(rows)
			return nil
		})
		if err == nil && found != read[of.name] {
			err = errors.New("the copy is not what was copied")
		}
		if err != nil {
			return fmt.Errorf("verifying the table %s: %w", of.name, err)
		}
	}
	return nil
}

func inUse(rows [][]any) error {
	if len(rows) > 0 {
		return ErrInUse
	}
	return nil
}

// pages gives every row of a table, some at a time: a statement over all of them may
// take longer than a statement may.
func (of table) pages(s snapshot, take func(rows [][]any) error) error {
	keys := strings.Split(of.key, ", ")
	columns := strings.Split(of.columns, ", ")
	after := "SELECT " + of.columns + " FROM " + of.name + " WHERE (" + of.key + ") > (?" + strings.Repeat(", ?", len(keys)-1) + ") ORDER BY " + of.key + " LIMIT ?"
	text, args := "SELECT "+of.columns+" FROM "+of.name+" ORDER BY "+of.key+" LIMIT ?", []any(nil)
	for {
		rows, err := collect(s, scanAll(of), text, append(args, copiedAtOnce)...)
		if err != nil || len(rows) == 0 {
			return err
		}
		if err := take(rows); err != nil {
			return err
		}
		text, args = after, nil
		for _, key := range keys {
			for i, column := range columns {
				if column == key {
					args = append(args, rows[len(rows)-1][i])
				}
			}
		}
	}
}

// sum is a digest of rows in any order: the sum of the digests of each.
type sum [4]uint64

func (s sum) with(rows [][]any) sum {
	for _, row := range rows {
		h := sha256.New()
		for _, value := range row {
			text := fmt.Append(nil, value)
			switch v := value.(type) {
			case []byte:
				text = v
			case string:
				text = []byte(v)
			}
			_ = binary.Write(h, binary.BigEndian, uint64(len(text))) // a hash never fails
			_, _ = h.Write(text)
		}
		digest := h.Sum(nil)
		for i := range s {
			s[i] += binary.BigEndian.Uint64(digest[8*i:])
		}
	}
	return s
}
