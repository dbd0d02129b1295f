package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cpagateway/gateway/demo"
	"cpagateway/gateway/store/postgres/postgrestest"
	"cpagateway/gateway/store/relational"
)

// onPostgres is a configuration with its records in PostgreSQL.
func onPostgres(t *testing.T, address string) *served {
	t.Helper()
	s := configure(t, "{name: paris, format: welsh-ctp, custodian: 7A4, grants: on}")
	s.keepIn(fmt.Sprintf("{postgres: %q, folder: %q}", address, filepath.Join(s.dir, "data")))
	return s
}

// join gives a gateway what it needs of another to serve the same database.
func (s *served) join(other *served) {
	s.t.Helper()
	if err := os.MkdirAll(filepath.Join(s.dir, "data"), 0o700); err != nil {
		s.t.Fatal(err)
	}
	for _, name := range []string{secretFile, "audit.key", "audit.pub", witnessFile} {
		text, err := os.ReadFile(filepath.Join(other.dir, "data", name))
		if err == nil {
			err = os.WriteFile(filepath.Join(s.dir, "data", name), text, 0o600)
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

// keepIn says where the records are.
func (s *served) keepIn(records string) {
	s.t.Helper()
	text, err := os.ReadFile(s.config)
	if err != nil {
		s.t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "records:") {
			line = "records: " + records + "\n"
		}
		lines = append(lines, line)
	}
	write(s.t, s.config, strings.Join(lines, ""))
}

// plans is the cast's extract in a folder.
func plans(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, extract := range demo.Extracts(time.Now()) {
		if err := os.CopyFS(dir, extract.Files); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "ann.json")
}

// secretAddress is one with a password, which must not be found anywhere.
func secretAddress(server *postgrestest.Server, t *testing.T) string {
	return strings.Replace(server.Database(t), "postgres://owner@", "postgres://owner:hidden-password@", 1)
}

// never makes sure that something was not printed.
func (p printed) never(t *testing.T, text string) printed {
	t.Helper()
	if strings.Contains(p.out+p.errs, text) {
		t.Errorf("it printed %q: %s%s", text, p.out, p.errs)
	}
	return p
}

func TestEveryCommandWorksOnPostgreSQL(t *testing.T) {
	server := postgrestest.Start(t)
	s := onPostgres(t, secretAddress(server, t))
	extract := plans(t)
	on := func(code int, args ...string) printed {
		t.Helper()
		return cli(append(args, "--config", s.config)...).must(t, code).never(t, "hidden-password")
	}
	for _, looks := range [][]string{{"audit", "verify"}, {"backup", filepath.Join(t.TempDir(), "none")}, {"quarantine", "list"}} {
		on(exitUsage, looks...)
	}
	if p := on(exitDone, "serve", "--check"); !strings.Contains(p.out+p.errs, "holds no records yet") {
		t.Errorf("--check on an empty database: %s%s", p.out, p.errs)
	}
	on(exitDone, "import", "--source", "paris", "--dry-run", extract)
	on(exitUsage, "audit", "verify")
	on(exitDone, "import", "--source", "paris", extract)
	on(exitDone, "import", "--source", "paris", "--dry-run", extract)
	on(exitDone, "serve", "--check")
	on(exitDone, "consent", "explain", "--person", "9990000018", "--caller", "demo-gp")
	on(exitDone, "reindex")
	s.openIssuer()
	s.start()
	s.await("/readyz", http.StatusOK)
	if a := s.ask(s.token("gp")); a.status != http.StatusOK || len(a.matches(t)) != 1 {
		t.Errorf("the practice: %d %.300s", a.status, a.body)
	}
	backup, restored := filepath.Join(t.TempDir(), "backup"), filepath.Join(t.TempDir(), "restored")
	on(exitDone, "backup", backup)
	s.stop()
	<-s.ended
	cli("restore", backup, "--data", restored).must(t, exitDone)
	cli("audit", "verify", "--data", restored).must(t, exitDone)
	on(exitDone, "audit", "verify")
	on(exitDone, "audit", "show", "--person", "9990000018")
	server.Kill()
	on(exitFailed, "audit", "verify")
	on(exitFailed, "import", "--source", "paris", extract)
	if strings.Contains(s.logs.String(), "hidden-password") {
		t.Error("the password is in the log")
	}
}

func TestTwoGatewaysOnOnePostgreSQL(t *testing.T) {
	server := postgrestest.Start(t)
	address := server.Database(t)
	one, other := onPostgres(t, address), onPostgres(t, address)
	extract := plans(t)
	cli("import", "--config", one.config, "--source", "paris", extract).must(t, exitDone)
	if p := cli("audit", "verify", "--config", other.config).must(t, exitUsage); !strings.Contains(p.errs, "public keys") {
		t.Errorf("without keys: %s", p.errs)
	}
	cli("import", "--config", other.config, "--source", "paris", extract).must(t, exitUsage) // its folder holds another secret by now
	other.join(one)
	again := cli("import", "--config", other.config, "--source", "paris", "--json", extract).must(t, exitDone).object(t)
	if again["stored"].(float64) != 0 {
		t.Errorf("the second gateway stored %v of the same: its ids are others", again["stored"])
	}
	for _, s := range []*served{one, other} {
		s.openIssuer()
		s.start()
		s.await("/readyz", http.StatusOK)
	}
	for range 3 {
		for _, s := range []*served{one, other} {
			if a := s.ask(s.token("gp")); a.status != http.StatusOK || len(a.matches(t)) != 1 {
				t.Errorf("the practice: %d %.300s", a.status, a.body)
			}
		}
	}
	server.Kill()
	if a := one.ask(one.token("gp")); a.status < 500 {
		t.Errorf("without the database: %d %.300s", a.status, a.body)
	}
	one.await("/readyz", http.StatusServiceUnavailable)
	server.Start(t)
	for _, s := range []*served{one, other} {
		s.await("/readyz", http.StatusOK)
		if a := s.ask(s.token("gp")); a.status != http.StatusOK || len(a.matches(t)) != 1 {
			t.Errorf("with the database back: %d %.300s", a.status, a.body)
		}
		s.stop()
		<-s.ended
	}
	cli("audit", "verify", "--config", one.config).must(t, exitDone)
}

// TestAStoreIsMovedToPostgreSQLAndBack: ids, versions and the chains of the audit log
// stay what they are.
func TestAStoreIsMovedToPostgreSQLAndBack(t *testing.T) {
	dir, extract := folderInUse(t)
	server := postgrestest.Start(t)
	s := onPostgres(t, server.Database(t))
	if p := cli("store", "copy", dir, s.config).must(t, exitDone); !strings.Contains(p.out, "entries of the audit log verified") {
		t.Errorf("it prints %s", p.out)
	}
	cli("audit", "verify", "--config", s.config).must(t, exitDone)
	cli("store", "copy", dir, s.config).must(t, exitFailed) // it is in use
	back := filepath.Join(t.TempDir(), "back")
	cli("store", "copy", s.config, back).must(t, exitDone)
	cli("audit", "verify", "--data", back).must(t, exitDone)
	again := cli("import", "--data", back, "--source", "fhir-bundle", "--json", extract).must(t, exitRefused).object(t)
	if again["stored"].(float64) != 0 {
		t.Errorf("an import after the move stored %v: ids changed", again["stored"])
	}
	other, _ := folderInUse(t)
	for _, args := range [][]string{{dir, dir}, {filepath.Join(t.TempDir(), "none"), back}, {other, back}, {back}, {}} {
		cli(append([]string{"store", "copy"}, args...)...).must(t, exitUsage)
	}
}

// TestBothDatabasesHaveTheSameColumns: what one of them did not have could not be copied.
func TestBothDatabasesHaveTheSameColumns(t *testing.T) {
	columns := func(c recordsConfig, query string) (names []string) {
		s, err := c.open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		err = s.LendReader(t.Context(), func(lent relational.Connection) error {
			rows, err := lent.QueryContext(t.Context(), query)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var name string
				if err := rows.Scan(&name); err != nil {
					return err
				}
				names = append(names, name)
			}
			return rows.Err()
		})
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(names)
		return names
	}
	embedded := columns(recordsConfig{SQLite: t.TempDir()}, `SELECT m.name || '.' || c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name <> 'goose_db_version'`)
	beyond := columns(recordsConfig{Postgres: postgrestest.Start(t).Database(t)}, `SELECT table_name || '.' || column_name FROM information_schema.columns
		WHERE table_schema = 'public' AND table_name <> 'goose_db_version'`)
	if diff := cmp.Diff(embedded, beyond); diff != "" || len(embedded) < 60 {
		t.Errorf("SQLite (-) and PostgreSQL (+): %s", diff)
	}
}
