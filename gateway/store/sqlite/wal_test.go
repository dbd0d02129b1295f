package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"cpagateway/gateway/store/relational"
)

// TestTheLogIsCopiedBesideCommits: no commit waits while thousands of pages go from the log
// into the file. The log of this test stays shorter than what SQLite lets a commit copy.
func TestTheLogIsCopiedBesideCommits(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	size := func() int64 {
		file, err := os.Stat(filepath.Join(dir, File))
		if err != nil {
			t.Fatal(err)
		}
		return file.Size()
	}
	before, value := size(), make([]byte, 100*4096)
	for i := range 2 * copyAfter / 100 {
		if _, err := s.KeepFirst(t.Context(), fmt.Sprint("name ", i), value); err != nil {
			t.Fatal(err)
		}
	}
	for wait := time.Now().Add(time.Minute); size() < before+copyAfter/2*4096; time.Sleep(time.Millisecond) {
		if time.Now().After(wait) {
			t.Fatalf("the file has %d bytes, as before %d", size(), before)
		}
	}
	if err := s.Close(); err != nil { // while pages are perhaps copied
		t.Error(err)
	}
}

// A copy that fails is made again with the pages that follow.
func TestACopyOfTheLogThatFailsIsMadeAgain(t *testing.T) {
	copies := make(chan bool, 1)
	l := &writeAheadLog{lend: func(context.Context, func(relational.Connection) error) error {
		copies <- true
		return errors.New("the disk is full")
	}}
	db := sql.OpenDB(connector("file:" + filepath.Join(t.TempDir(), "a.db") + "?_pragma=journal_mode(WAL)"))
	conn, err := db.Conn(t.Context())
	if err == nil {
		_, err = conn.ExecContext(t.Context(), "CREATE TABLE a (b)")
	}
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := conn.ExecContext(t.Context(), "INSERT INTO a VALUES (zeroblob(?))", (copyAfter+1)*4096); err != nil {
			t.Fatal(err)
		}
		l.committed(conn)
		<-copies
		for l.copying.Load() {
			runtime.Gosched()
		}
	}
	if err := errors.Join(conn.Close(), db.Close()); err != nil {
		t.Error(err)
	}
}
