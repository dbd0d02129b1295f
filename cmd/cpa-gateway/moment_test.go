package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cpagateway/gateway/store/postgres/postgrestest"
)

// withdrawn is an extract in which everybody has taken their wishes back.
func withdrawn(t *testing.T, extract string) string {
	t.Helper()
	text, err := os.ReadFile(extract)
	if err != nil {
		t.Fatal(err)
	}
	var plan map[string]any
	if err := json.Unmarshal(text, &plan); err != nil {
		t.Fatal(err)
	}
	for _, d := range plan["directives"].([]any) {
		d.(map[string]any)["status"] = "withdrawn"
	}
	if text, err = json.Marshal(plan); err != nil {
		t.Fatal(err)
	}
	return write(t, filepath.Join(t.TempDir(), "ann.json"), string(text))
}

// The store goes back to a moment, by what docs/running.md says: a gateway that runs on
// refuses, one that starts refuses, and after the steps it serves what stood at that moment,
// with a whole audit log; what was withdrawn since is withdrawn before anybody is served.
func TestTheStoreGoesBackToAMoment(t *testing.T) {
	server := postgrestest.StartArchiving(t)
	s := onPostgres(t, server.Database(t))
	folder, extract := filepath.Join(s.dir, "data"), plans(t)
	cli("import", "--config", s.config, "--source", "paris", extract).must(t, exitDone)
	base := server.BaseBackup(t)
	kept := filepath.Join(t.TempDir(), "kept")
	if err := os.CopyFS(kept, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	s.openIssuer()
	s.start()
	s.await("/readyz", http.StatusOK)
	shares := func() int {
		t.Helper()
		a := s.ask(s.token("gp"))
		if a.status != http.StatusOK {
			t.Fatalf("answered %d %.300s", a.status, a.body)
		}
		return len(a.matches(t))
	}
	if shares() != 1 {
		t.Fatal("nothing is shared before")
	}
	server.Mark(t, "before")
	cli("import", "--config", s.config, "--source", "paris", withdrawn(t, extract)).must(t, exitDone)
	if shares() != 0 {
		t.Fatal("what was withdrawn is shared")
	}

	server.GoBack(t, base, "before")
	s.await("/readyz", http.StatusOK) // the records can be read
	if a := s.ask(s.token("gp")); a.status < http.StatusInternalServerError || strings.Contains(a.body, "CarePlan/") {
		t.Errorf("a gateway that runs on answers %d %.300s", a.status, a.body)
	}
	s.stop()
	<-s.ended
	for _, args := range [][]string{{"serve"}, {"import", "--source", "paris", extract}} {
		if p := cli(append(args, "--config", s.config)...); p.code == exitDone || !strings.Contains(p.errs, "witness's checkpoint") {
			t.Errorf("%v on a log that has lost entries: exit %d %s", args, p.code, p.errs)
		}
	}

	// As docs/running.md says: the witness is evidence, and the one beside the backup takes its place.
	lost := filepath.Join(t.TempDir(), "lost.checkpoint")
	if err := os.Rename(filepath.Join(folder, witnessFile), lost); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(kept, witnessFile))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, witnessFile), string(text))
	cli("audit", "verify", "--config", s.config).must(t, exitDone)
	if p := cli("audit", "verify", "--config", s.config, "--checkpoint", lost).must(t, exitRefused); !strings.Contains(p.out+p.errs, "checkpoint") {
		t.Errorf("against what was lost, verify prints %s%s", p.out, p.errs)
	}
	again := cli("import", "--config", s.config, "--source", "paris", "--json", withdrawn(t, extract)).must(t, exitDone).object(t)
	if again["stored"].(float64) == 0 {
		t.Error("nothing had gone back: the test looked at nothing")
	}
	s.start()
	s.await("/readyz", http.StatusOK)
	if shares() != 0 {
		t.Error("what was withdrawn after the moment is shared again")
	}
	s.stop()
	<-s.ended
	cli("audit", "verify", "--config", s.config).must(t, exitDone)
}
