package sqlite

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"cpagateway/gateway/records/recordstest"
	"cpagateway/gateway/store/relational"
	"cpagateway/gateway/store/relational/relationaltest"
)

func TestOnlyTheOwnerCanRead(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data", "store")
	store := reopen(t, dir)
	recordstest.Put(t, store, start, batch(t, 0)...)
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder is %v, %v", info.Mode(), err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < 2 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s is %v, %v", f.Name(), info.Mode(), err)
		}
	}
}

// Statements that were kept kept the connection as well, and a store that was closed left
// all that it had written last in the log beside it.
func TestAClosedStoreIsOneFile(t *testing.T) {
	dir := t.TempDir()
	store, err := Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	recordstest.Put(t, store, start, batch(t, 0)...)
	whole(t, store)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 || files[0].Name() != File {
		t.Errorf("%v, %v", files, err)
	}
}

func TestFolderWithOddName(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a b?_pragma=synchronous(0)#c%20&d")
	store := reopen(t, dir)
	recordstest.Put(t, store, start, batch(t, 0)...)
	if _, err := os.Stat(filepath.Join(dir, File)); err != nil {
		t.Error(err)
	}
	expectPragmas(t, store)
}

// expectPragmas makes sure that connections are set up for durability: the
// defaults of SQLite are others.
func expectPragmas(t *testing.T, s *relational.Store) {
	t.Helper()
	for name, lend := range map[string]func(context.Context, func(relational.Connection) error) error{"writer": s.LendWriter, "reader": s.LendReader} {
		want := map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "recursive_triggers": "1", "busy_timeout": "5000"}
		if name == "writer" {
			want["busy_timeout"] = "0" // its transactions wait by themselves
		}
		err := lend(t.Context(), func(c relational.Connection) error {
			for pragma, want := range want {
				var got string
				if err := c.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
					t.Errorf("%s: %s is %q, want %q, %v", name, pragma, got, want, err)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func TestReopened(t *testing.T) {
	dir := t.TempDir()
	for n := range 3 {
		store, err := Open(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		recordstest.Put(t, store, start, batch(t, n)...)
		if number := whole(t, store); number != uint64(n)+1 {
			t.Errorf("opened for the %d. time: version %d", n+1, number)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
		if _, err := of(store).Put(t.Context(), start, batch(t, n)...); err == nil {
			t.Error("a closed store took a batch")
		}
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	dir := t.TempDir()
	store, err := Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := relationaltest.Direct(t, store.LendWriter, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (1000, 1)"); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), dir); !errors.Is(err, relational.ErrNewer) {
		t.Errorf("opening a newer store: %v", err)
	}
}

func TestWhatIsNoStoreIsRefused(t *testing.T) {
	for name, make := range map[string]func(dir string) error{
		"another program's file": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, File), []byte(strings.Repeat("no database ", 1000)), 0o600)
		},
		"a folder in the file's place": func(dir string) error { return os.Mkdir(filepath.Join(dir, File), 0o700) },
	} {
		dir := t.TempDir()
		if err := make(dir); err != nil {
			t.Fatal(err)
		}
		if store, err := Open(t.Context(), dir); err == nil {
			store.Close()
			t.Errorf("%s was opened", name)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, t.TempDir()); err == nil {
		t.Error("a store was opened under an ended context")
	}
}

func TestOpenedByManyAtOnce(t *testing.T) {
	dir := t.TempDir()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			store, err := Open(t.Context(), dir)
			if err != nil {
				t.Errorf("opening beside others: %v", err)
				return
			}
			if err := store.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// TestNothingIsRewritten: not even a mistake of this package can change what was
// stored or recorded.
func TestNothingIsRewritten(t *testing.T) {
	store := fresh(t)
	recordstest.Put(t, store, start, batch(t, 0)...)
	record(t, store)
	for _, text := range []string{
		"UPDATE versions SET body = x'00'", "DELETE FROM versions",
		"UPDATE audit SET body = x'00'", "UPDATE audit SET person = 'x'", "DELETE FROM audit WHERE seq = 1",
		"REPLACE INTO audit SELECT slot, seq, hash, time, request, 'x', client, organisation, professional, agreement, duty, body FROM audit",
		"UPDATE audit_checkpoints SET note = ''", "DELETE FROM audit_checkpoints", "REPLACE INTO audit_checkpoints (number, note) VALUES (1, '')",
		"DELETE FROM audit_slots", "UPDATE audit_slots SET seq = 0", "UPDATE audit_slots SET hash = zeroblob(32)", "UPDATE audit_slots SET slot = 2",
		"REPLACE INTO audit_slots (slot, seq, hash, latest, holder, until) VALUES (1, 0, zeroblob(32), 0, '', 0)",
	} {
		if err := relationaltest.Direct(t, store.LendWriter, text); err == nil {
			t.Errorf("%s was carried out", text)
		}
	}
	if err := relationaltest.Direct(t, store.LendReader, "UPDATE persons SET epoch = 0"); err == nil {
		t.Error("a reading connection wrote")
	}
	whole(t, store)
}

// keptStatements is how many a connection keeps prepared, at most.
const keptStatements = 128

// TestManyShapesOfSearch: more shapes than statements are kept.
func TestManyShapesOfSearch(t *testing.T) {
	store := fresh(t)
	recordstest.Put(t, store, start, batch(t, 0)...)
	q := relationaltest.SearchActive(t)
	status := q.Params[0]
	for n := range keptStatements + 20 {
		status.Values = append(status.Values, status.Values[0])
		q.Params[0] = status
		if page, err := of(store).Find(t.Context(), recordstest.Treating(t, person), "CarePlan", q); err != nil || len(page.Matches) != 2 {
			t.Fatalf("with %d values: %d matches, %v", n, len(page.Matches), err)
		}
	}
	for range readers {
		err := store.LendReader(t.Context(), func(c relational.Connection) error {
			if len(c.Prepared) > keptStatements {
				t.Errorf("%d statements are kept", len(c.Prepared))
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}
