// Package sqlite is the embedded store: records, quarantine and audit in one
// SQLite file, through a driver in pure Go.
//
// One connection writes and a pool reads. WAL lets readers go on while a
// transaction is written; synchronous=FULL makes a commit survive loss of power,
// where NORMAL may lose the last ones. Other processes may open the same folder
// (an import beside a running gateway): SQLite's lock orders the writers.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"cpagateway/gateway/store"
)

// File is the name of the database within its folder.
const File = "records.db"

// readers is how many views can run at once. SQLite reads are bound by the
// processor, so a few times the cores of a small machine is enough.
const readers = 8

// pragmas of every connection, as the driver's address takes them. Without
// recursive_triggers a REPLACE would pass the triggers that keep rows.
const pragmas = "_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)" +
	"&_pragma=foreign_keys(1)&_pragma=recursive_triggers(1)&_pragma=wal_autocheckpoint(4000)"

// writerSetUp is for the connection that writes. session.begin waits by itself. The
// pages that a savepoint may go back to are kept in memory, some dozens for each record
// of an import, and not in a file of their own.
const writerSetUp = "PRAGMA busy_timeout = 0; PRAGMA temp_store = MEMORY"

// Store keeps everything of one gateway in one folder. All methods are safe for
// concurrent use.
type Store struct {
	writer *pool // of one
	reader *pool
}

var _ store.Store = (*Store)(nil)

// Open opens the store in a folder, and makes both if they are not there. A
// schema newer than this program knows is refused (ErrNewer).
func Open(ctx context.Context, dir string) (*Store, error) {
	return open(ctx, "sqlite", dir)
}

// Opening a file that another process is making is tried again after openPause, for
// openTime in all.
const (
	openTime  = 5 * time.Second
	openPause = 20 * time.Millisecond
)

// open is Open with the registered name of a driver: tests pass one that fails.
// Where two processes open a new file at once, only one can put it into WAL mode, and
// SQLite refuses the other without waiting: open waits instead.
func open(ctx context.Context, driverName, dir string) (*Store, error) {
	over := time.After(openTime)
	for {
		s, err := openOnce(ctx, driverName, dir)
		if !locked(err) {
			return s, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-over:
			return nil, err
		case <-time.After(openPause):
		}
	}
}

// locked reports whether another connection held the file.
func locked(err error) bool {
	var failure *sqlite.Error
	return errors.As(err, &failure) && failure.Code()&0xff == sqlite3.SQLITE_BUSY
}

func openOnce(ctx context.Context, driverName, dir string) (_ *Store, err error) {
	path, err := makeFile(dir)
	if err != nil {
		return nil, err
	}
	s := &Store{}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("opening the store in %s: %w", dir, err), s.Close())
		}
	}()
	address := (&url.URL{Scheme: "file", OmitHost: true, Path: path}).String() + "?"
	if err := migrateAt(ctx, driverName, address+pragmas); err != nil {
		return nil, err
	}
	writer, err := sql.Open(driverName, address+pragmas)
	if err != nil {
		return nil, err
	}
	s.writer = newPool(writer, 1, "BEGIN IMMEDIATE", writerSetUp)
	reader, err := sql.Open(driverName, address+pragmas+"&_pragma=query_only(1)")
	if err != nil {
		return nil, err
	}
	s.reader = newPool(reader, readers, "BEGIN", "")
	return s, reader.PingContext(ctx)
}

// makeFile makes the folder and an empty database that only the owner can read,
// before SQLite would make one that others can; its -wal and -shm files take
// their permissions from it.
func makeFile(dir string) (string, error) {
	path, err := filepath.Abs(filepath.Join(dir, File))
	if err != nil {
		return "", fmt.Errorf("finding the folder of the store: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fmt.Errorf("making the folder of the store: %w", err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", fmt.Errorf("making the store's file: %w", err)
	}
	return path, errors.Join(file.Chmod(0o600), file.Close())
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
	if err := t.exec(t.ctx, "SAVEPOINT part"); err != nil {
		return err
	}
	done := false
	defer func() {
		if !done { // where this fails too, so does the whole transaction
			t.failed, t.sequence = nil, 0
			err = errors.Join(err, t.exec(t.ctx, "ROLLBACK TO part"), t.exec(t.ctx, "RELEASE part"))
		}
	}()
	if err := errors.Join(part(), t.failed); err != nil {
		return err
	}
	done = true
	return t.exec(t.ctx, "RELEASE part")
}
