package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"iter"

	"cpagateway/gateway/audit"
	"cpagateway/profiles"
)

const (
	selectEpoch = `SELECT epoch FROM persons WHERE person = ?`
	selectTail  = `SELECT seq, hash FROM audit WHERE seq = (SELECT max(seq) FROM audit)`
	insertAudit = `INSERT INTO audit (seq, hash, body) VALUES (?, ?, ?)`
	selectAudit = `SELECT seq, hash, body FROM audit WHERE seq >= ? ORDER BY seq LIMIT ?`
)

// auditPage is how many rows a walk reads at once, so that an hour's verification
// does not hold one snapshot of the file for an hour.
const auditPage = 256

// Commit appends the rows that build makes, in the one transaction at a time
// that may write: no change to the records can come between the epochs that
// build is given and the rows. It implements audit.Sink.
func (s *Store) Commit(ctx context.Context, persons []profiles.PersonID, build func(map[profiles.PersonID]uint64, audit.Tail) []audit.Row) error {
	err := s.change(ctx, func(t tx) error {
		epochs, err := t.epochs(persons)
		if err != nil {
			return fmt.Errorf("reading epochs: %w", err)
		}
		tail, err := t.tail()
		if err != nil {
			return fmt.Errorf("reading the end of the chain: %w", err)
		}
		for i, row := range build(epochs, tail) {
			if row.Seq != tail.Seq+uint64(i)+1 {
				return fmt.Errorf("row %d does not follow row %d", row.Seq, tail.Seq+uint64(i))
			}
			if err := t.exec(t.ctx, insertAudit, row.Seq, row.Hash[:], notNil(row.Body)); err != nil {
				return fmt.Errorf("appending a row: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("recording: %w", err)
	}
	return nil
}

func (s snapshot) epochs(persons []profiles.PersonID) (map[profiles.PersonID]uint64, error) {
	epochs := make(map[profiles.PersonID]uint64, len(persons))
	for _, person := range persons {
		epoch, _, err := first(s, scanNumber, selectEpoch, string(person))
		if err != nil {
			return nil, err
		}
		epochs[person] = uint64(epoch)
	}
	return epochs, nil
}

func (s snapshot) tail() (audit.Tail, error) {
	tail, _, err := first(s, func(rows *sql.Rows) (tail audit.Tail, err error) {
		var hash []byte
		err = rows.Scan(&tail.Seq, &hash)
		copy(tail.Hash[:], hash)
		return tail, err
	}, selectTail)
	return tail, err
}

// Rows walks the chain from a sequence number on. It implements audit.Sink.
func (s *Store) Rows(ctx context.Context, from uint64) iter.Seq2[audit.Row, error] {
	return func(yield func(audit.Row, error) bool) {
		for {
			page, err := s.auditPage(ctx, from)
			if err != nil {
				yield(audit.Row{}, fmt.Errorf("reading the audit chain from row %d: %w", from, err))
				return
			}
			for _, row := range page {
				if !yield(row, nil) {
					return
				}
			}
			if len(page) < auditPage {
				return
			}
			from = page[len(page)-1].Seq + 1
		}
	}
}

func (s *Store) auditPage(ctx context.Context, from uint64) (page []audit.Row, err error) {
	err = s.reader.transaction(ctx, func(ctx context.Context, in *session) (err error) {
		page, err = collect(snapshot{ctx, in}, scanRow, selectAudit, from, auditPage)
		return err
	})
	return page, err
}

func scanRow(rows *sql.Rows) (row audit.Row, err error) {
	var hash []byte
	err = rows.Scan(&row.Seq, &hash, &row.Body)
	if err == nil && copy(row.Hash[:], hash) != len(row.Hash) {
		err = fmt.Errorf("row %d has a hash of %d bytes", row.Seq, len(hash))
	}
	return row, err
}
