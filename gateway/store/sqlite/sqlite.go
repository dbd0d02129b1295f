// Package sqlite is the embedded store: records, quarantine and audit in one
// SQLite file, through a driver in pure Go. Its SQL is that of package relational.
//
// One connection writes and a pool reads. WAL lets readers go on while a
// transaction is written; synchronous=FULL makes a commit survive loss of power,
// where NORMAL may lose the last ones. Other processes may open the same folder
// (an import beside a running gateway): SQLite's lock orders the writers.
package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"cpagateway/gateway/store/relational"
)

// File is the name of the database within its folder.
const File = "records.db"

// readers is how many views can run at once. SQLite reads are bound by the
// processor, so a few times the cores of a small machine is enough.
const readers = 8

// pragmas of every connection, as the driver's address takes them. Without
// recursive_triggers a REPLACE would pass the triggers that keep rows. The log begins anew
// after 8,000 pages, of which few are then left to copy: see writeAheadLog.
const pragmas = "_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)" +
	"&_pragma=foreign_keys(1)&_pragma=recursive_triggers(1)&_pragma=wal_autocheckpoint(8000)"

// writerSetUp is for the connection that writes: who begins a transaction waits for the
// lock without SQLite. The pages that a savepoint may go back to are kept in memory, some dozens for each record
// of an import, and not in a file of their own.
const writerSetUp = "PRAGMA busy_timeout = 0; PRAGMA temp_store = MEMORY"

// Open opens the store in a folder, and makes both if they are not there. A schema
// newer than this program knows is refused (relational.ErrNewer).
func Open(ctx context.Context, dir string) (*relational.Store, error) { return open(ctx, dir, nil) }

// Opening a file that another process is making is tried again after openPause, for
// openTime in all.
const (
	openTime  = 5 * time.Second
	openPause = 20 * time.Millisecond
)

// open is Open with what stands between the store and its driver: tests pass what fails.
// Where two processes open a new file at once, only one can put it into WAL mode and make
// its tables, and SQLite refuses the other without waiting: open waits instead.
func open(ctx context.Context, dir string, wrap func(driver.Connector) driver.Connector) (*relational.Store, error) {
	over := time.After(openTime)
	for {
		s, err := openOnce(ctx, dir, wrap)
		if !locked(err) && !overtaken(err) {
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

func openOnce(ctx context.Context, dir string, wrap func(driver.Connector) driver.Connector) (_ *relational.Store, err error) {
	path, err := makeFile(dir)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("opening the store in %s: %w", dir, err)
		}
	}()
	to := func(options string) driver.Connector {
		address := (&url.URL{Scheme: "file", OmitHost: true, Path: path}).String() + "?" + pragmas + options
		if wrap == nil {
			return connector(address)
		}
		return wrap(connector(address))
	}
	if err := migrate(ctx, to("&_txlock=immediate")); err != nil {
		return nil, err
	}
	reader := sql.OpenDB(to("&_pragma=query_only(1)"))
	log := &writeAheadLog{}
	s := relational.New(relational.Dialect{Locked: locked},
		relational.Connections{DB: sql.OpenDB(to("")), Size: 1, Begin: "BEGIN IMMEDIATE", SetUp: writerSetUp, Committed: log.committed},
		relational.Connections{DB: reader, Size: readers, Begin: "BEGIN"})
	log.lend = s.LendReader
	if err := reader.PingContext(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// connector opens connections to one address.
type connector string

// Connect implements driver.Connector.
func (c connector) Connect(context.Context) (driver.Conn, error) { return c.Driver().Open(string(c)) }

// Driver implements driver.Connector.
func (connector) Driver() driver.Driver { return &sqlite.Driver{} }

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
