// Package relational is the store in SQL: every statement, and what is made of its
// rows, written once for all databases. The packages of the dialects open a database,
// make its tables and say what it does in its own way.
package relational

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"

	"cpagateway/gateway/store"
)

// Store keeps everything in the tables of one database. All methods are safe for
// concurrent use.
type Store struct {
	writer *pool
	reader *pool
}

var _ store.Store = (*Store)(nil)

// New is the store of a database whose tables are there. Its transactions that write
// come one after the other: writer is of one connection.
func New(d Dialect, writer, reader Connections) *Store {
	away := &absence{}
	return &Store{writer: newPool(writer, d, away, selectSlots), reader: newPool(reader, d, away)}
}

// Close waits for the transactions that run and ends the store. What was
// acknowledged is on the disk long before.
func (s *Store) Close() error {
	return errors.Join(s.reader.close(), s.writer.close())
}

// View runs read in one read transaction. It implements store.Viewer.
func (s *Store) View(ctx context.Context, read func(store.Snapshot) error) error {
	return s.reader.transaction(ctx, func(ctx context.Context, in *session) error { return read(snapshot{ctx, in}) })
}

// Update runs change in the one transaction at a time that may write. It
// implements store.Store.
func (s *Store) Update(ctx context.Context, change func(store.Tx) error) error {
	return s.change(ctx, func(t tx) error {
		if err := change(t); err != nil || !t.outdated {
			return err
		}
		_, err := t.Reindex(ownRenewals)
		return err
	})
}

func (s *Store) change(ctx context.Context, work func(tx) error) error {
	return s.writer.transaction(ctx, func(ctx context.Context, in *session) error { return work(tx{snapshot{ctx, in}}) })
}

// snapshot is one moment, that at which its first statement was run.
type snapshot struct {
	ctx context.Context
	*session
}

// Context implements store.Snapshot.
func (s snapshot) Context() context.Context { return s.ctx }

// tx is one transaction that writes.
type tx struct {
	snapshot
}

// Try runs part behind a savepoint. It implements store.Tx.
func (t tx) Try(part func() error) (err error) {
	if err := t.execNow(t.ctx, "SAVEPOINT part"); err != nil {
		return err
	}
	done := false
	defer func() {
		if !done { // where this fails too, so does the whole transaction
			t.waiting, t.failed, t.known = nil, nil, known{}
			err = errors.Join(err, t.execNow(t.ctx, "ROLLBACK TO part"), t.execNow(t.ctx, "RELEASE part"))
		}
	}()
	if err := errors.Join(part(), t.send(t.ctx), t.failed); err != nil {
		return err
	}
	done = true
	return t.exec(t.ctx, "RELEASE part")
}

// Connection is one of a store's connections, lent outside of any transaction to those
// who know its dialect.
type Connection struct {
	*sql.Conn
	Prepared []string // the statements that it keeps
}

// LendWriter lends a connection that writes.
func (s *Store) LendWriter(ctx context.Context, do func(Connection) error) error {
	return s.writer.lend(ctx, do)
}

// LendReader lends a connection that reads: the one that has been free for longest.
func (s *Store) LendReader(ctx context.Context, do func(Connection) error) error {
	return s.reader.lend(ctx, do)
}

func (p *pool) lend(ctx context.Context, do func(Connection) error) error {
	s, err := p.take(ctx)
	if err != nil {
		return err
	}
	defer func() { p.free <- s }()
	return do(Connection{s.conn, slices.Sorted(maps.Keys(s.kept))})
}
