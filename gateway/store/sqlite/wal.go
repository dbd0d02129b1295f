package sqlite

import (
	"context"
	"database/sql"
	"sync/atomic"

	"modernc.org/sqlite"

	"cpagateway/gateway/store/relational"
)

// writeAheadLog copies what was committed from the log into the database file, beside the
// commits that follow. SQLite by itself does so within a commit, every so many pages, and
// everybody who waits for that commit waits for thousands of pages and two more fsyncs. It
// still does, since only then the log begins anew; but it then finds few pages left.
type writeAheadLog struct {
	lend    func(context.Context, func(relational.Connection) error) error
	pages   int // written since the last copy; of the connection that writes
	copying atomic.Bool
}

// copyAfter is how many pages are copied at once.
const copyAfter = 2000

// committed counts what a transaction has written. A connection that does not count leaves
// the log to SQLite, as a copy that fails does.
func (l *writeAheadLog) committed(conn *sql.Conn) {
	_ = conn.Raw(func(conn any) error {
		if counts, ok := conn.(sqlite.DBStatus); ok {
			pages, _, err := counts.Status(sqlite.DBStatusCacheWrite, true)
			l.pages += pages
			return err
		}
		return nil
	})
	if l.pages < copyAfter || !l.copying.CompareAndSwap(false, true) {
		return
	}
	l.pages = 0
	go func() {
		defer l.copying.Store(false)
		ctx := context.Background()
		_ = l.lend(ctx, func(reader relational.Connection) error {
			_, err := reader.ExecContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)")
			return err
		})
	}()
}
