package main

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"cpagateway/gateway/store/sqlite"
)

func TestReindexBringsEverythingUpToTheRules(t *testing.T) {
	s := settle(t)
	db, err := sql.Open("sqlite", filepath.Join(s.dir, "data", sqlite.File))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "UPDATE labels SET rules = 0"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []bool{true, false} {
		said := cli("reindex", "--config", s.config).must(t, exitDone).out
		if !strings.HasSuffix(said, " versions were reindexed\n") || strings.HasPrefix(said, "0 ") == want {
			t.Errorf("reindexing says %q", said)
		}
	}
	cli("reindex", "--data", t.TempDir()).must(t, exitUsage)
}
