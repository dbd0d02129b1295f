package relationaltest

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"cpagateway/gateway/records/recordstest"
	"cpagateway/gateway/store"
	"cpagateway/gateway/store/relational"
)

// series is how many versions of the schema work with the programs of each other.
const series = 100

// adds are the statements that a program of before does without: tables, columns that fill
// themselves in, indexes that refuse nothing, and rights.
var adds = regexp.MustCompile(`(?is)^(CREATE TABLE |CREATE INDEX |GRANT |ALTER TABLE \S+ ADD COLUMN )`)

// onlyAdds says which statement of a migration a program of before could not do with.
func onlyAdds(migration string) error {
	up, _, _ := strings.Cut(migration, "-- +goose Down")
	var code strings.Builder
	for line := range strings.Lines(up) {
		before, _, _ := strings.Cut(line, "--")
		code.WriteString(before + "\n")
	}
	for statement := range strings.SplitSeq(code.String(), ";") {
		statement = strings.Join(strings.Fields(statement), " ")
		filled := strings.Contains(strings.ToUpper(statement), " DEFAULT ") || !strings.Contains(strings.ToUpper(statement), " NOT NULL")
		column := strings.HasPrefix(strings.ToUpper(statement), "ALTER TABLE")
		if statement != "" && (!adds.MatchString(statement) || column && !filled) {
			return errors.New(statement)
		}
	}
	return nil
}

// migrationsOnlyAdd holds every migration to it but the first of each series.
func (d Database) migrationsOnlyAdd(t *testing.T) {
	looked := 0
	err := fs.WalkDir(d.Own, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		looked++
		number, _, _ := strings.Cut(path.Base(name), "_")
		version, err := strconv.Atoi(number)
		if err != nil || version == 1 || version%series == 0 {
			return err
		}
		text, err := fs.ReadFile(d.Own, name)
		if err == nil {
			err = onlyAdds(string(text))
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		return nil
	})
	if err != nil || looked == 0 {
		t.Errorf("%d migrations, %v", looked, err)
	}
	for statement, fine := range map[string]bool{
		"CREATE TABLE a (b bigint NOT NULL)": true, "CREATE INDEX a ON b (c)": true, "ALTER TABLE a ADD COLUMN b text": true,
		"ALTER TABLE a ADD COLUMN b bigint NOT NULL DEFAULT 0": true, "GRANT SELECT ON a TO cpa_gateway": true,
		"ALTER TABLE a ADD COLUMN b bigint NOT NULL": false, "ALTER TABLE a DROP COLUMN b": false, "ALTER TABLE a RENAME COLUMN b TO c": false,
		"DROP TABLE a": false, "CREATE UNIQUE INDEX a ON b (c)": false, "UPDATE a SET b = 1": false, "CREATE TRIGGER a": false, "REVOKE INSERT ON a FROM cpa_gateway": false,
	} {
		if err := onlyAdds("-- +goose Up\n" + statement + ";\n-- +goose Down\nDROP TABLE a;"); (err == nil) != fine {
			t.Errorf("%s: %v", statement, err)
		}
	}
}

// more adds to tables that every request uses, all that a migration of a series may.
const more = `-- +goose Up
ALTER TABLE resources ADD COLUMN added integer NOT NULL DEFAULT 0;
ALTER TABLE versions ADD COLUMN added text;
ALTER TABLE persons ADD COLUMN added integer NOT NULL DEFAULT 7;
ALTER TABLE audit ADD COLUMN added text;
CREATE TABLE more (id integer PRIMARY KEY, said text NOT NULL);
CREATE INDEX resources_added ON resources (added, place);
`

// servesWhileMigrated: a gateway reads and writes while a newer program migrates the tables,
// and is started again on them; on those of another series it is not.
func (d Database) servesWhileMigrated(t *testing.T) {
	place := d.Place(t)
	s := d.open(t, place, nil)
	recordstest.Put(t, s, start, Batch(t, 0)...)
	later := Later(t, d.Own)
	var done [2]atomic.Int64 // writes and reads
	over := make(chan struct{})
	var all sync.WaitGroup
	do := func(kind int, work func(n int64) error) {
		for {
			select {
			case <-over:
				return
			default:
			}
			if err := work(done[kind].Load()); err != nil {
				t.Errorf("while the tables are migrated: %v", err)
				return
			}
			done[kind].Add(1)
			time.Sleep(2 * time.Millisecond) // who writes without a rest keeps a migration of SQLite out
		}
	}
	all.Go(func() {
		do(0, func(n int64) error { _, err := of(s).Put(t.Context(), start, Batch(t, int(n)+1)...); return err })
	})
	for range 2 {
		all.Go(func() {
			do(1, func(int64) error {
				return s.View(t.Context(), func(now store.Snapshot) error { _, err := now.Current("Patient", "p"); return err })
			})
		})
	}
	goesOn := func() {
		t.Helper()
		for kind := range done {
			for before := done[kind].Load(); done[kind].Load() < before+5 && !t.Failed(); {
				time.Sleep(time.Millisecond)
			}
		}
	}
	goesOn()
	for range 2 { // the second time there is nothing to do
		if err := d.Migrate(t.Context(), place, later); err != nil {
			t.Fatal(err)
		}
	}
	goesOn()
	close(over)
	all.Wait()
	again := d.open(t, place, nil)
	if before := d.Whole(t, s); before < 5 || d.Whole(t, again) != before {
		t.Errorf("started again on newer tables, a gateway reads another version than %d", before)
	}
	later[fmt.Sprintf("%05d_other.sql", series)] = &fstest.MapFile{Data: []byte("-- +goose Up\nDROP TABLE more;\n")}
	if err := d.Migrate(t.Context(), place, later); err != nil {
		t.Fatal(err)
	}
	if other, err := d.Open(t.Context(), place, nil); !errors.Is(err, relational.ErrNewer) {
		t.Errorf("tables of another series: %v", errors.Join(err, other.Close()))
	}
}

// Later is the migrations of a database with one more of their series.
func Later(t testing.TB, own fs.FS) fstest.MapFS {
	t.Helper()
	later := fstest.MapFS{"00099_more.sql": {Data: []byte(more)}}
	names, err := fs.Glob(own, "migrations/*.sql")
	for _, name := range names {
		text, more := fs.ReadFile(own, name)
		err = errors.Join(err, more)
		later[path.Base(name)] = &fstest.MapFile{Data: text}
	}
	if err != nil || len(later) < 2 {
		t.Fatalf("%d migrations, %v", len(later), err)
	}
	return later
}
