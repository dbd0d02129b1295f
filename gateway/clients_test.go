package gateway_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cpagateway/gateway"
	"cpagateway/profiles"
)

// ordinary is what a client finds by its ordinary calls: searches by GET and POST, a
// page after a page, a count, an include, a read, a version, and nothing.
type ordinary struct {
	Plans, Counted, Goals, Included int
	Person, Read, Missing           string
}

// needs leaves a test out, by name, unless CPA_TEST_SERVERS asks for it.
func needs(t *testing.T, server, what string) {
	t.Helper()
	if !strings.Contains(os.Getenv("CPA_TEST_SERVERS"), server) {
		t.Skipf("left out: %s; set CPA_TEST_SERVERS=%s to run it", what, server)
	}
}

// installed is a copy of testdata/clients in which a command has fetched what they need.
func installed(t *testing.T, commands ...[]string) string {
	t.Helper()
	folder := t.TempDir()
	must(t, os.CopyFS(folder, os.DirFS(filepath.Join("testdata", "clients"))))
	for _, c := range commands {
		run := exec.CommandContext(t.Context(), c[0], c[1:]...)
		run.Dir = folder
		if out, err := run.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", c, err, out)
		}
	}
	return folder
}

// behaves fails where a client does not find what is there.
func (s *stand) behaves(client string, run func(base, token, number string) string) {
	s.t.Helper()
	plans, goals := s.get("cmht", "/CarePlan?"+about(ann)), s.get("cmht", "/Goal?"+about(ann)).ids(s.t)
	first := plans.bundle(s.t).Entry[0].Resource["title"].(string)
	want := ordinary{len(plans.ids(s.t)), len(plans.ids(s.t)), len(goals), 1, "Evans", first, "not found"}
	var got ordinary
	said := run(s.server.URL+gateway.Prefix, s.token("cmht"), profiles.SystemNHSNumber+"|"+ann)
	if err := json.Unmarshal([]byte(said), &got); err != nil || got != want {
		s.t.Errorf("%s: %v\n%s\nwant %+v", client, err, said, want)
	}
}

// in runs a program in a folder and gives what it printed.
func in(t *testing.T, folder string, command ...string) string {
	t.Helper()
	run := exec.CommandContext(t.Context(), command[0], command[1:]...)
	run.Dir = folder
	var faults strings.Builder
	run.Stderr = &faults
	out, err := run.Output()
	if err != nil {
		t.Errorf("%s: %v\n%s", command[1], err, faults.String())
	}
	return string(out)
}

func TestThePythonClientsWork(t *testing.T) {
	needs(t, "python", "fhirpy 2.3.1 and SMART's fhirclient 4.4.0 (PyPI), which need Python 3.9")
	python := filepath.Join("env", "bin", "python")
	folder := installed(t, []string{"python3", "-m", "venv", "env"}, []string{python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", "requirements.txt"})
	for _, client := range []string{"with_fhirpy.py", "with_fhirclient.py"} {
		openStand(t).behaves(client, func(base, token, number string) string {
			return in(t, folder, filepath.Join(folder, python), client, base, token, number)
		})
	}
}

func TestTheNodeClientWorks(t *testing.T) {
	needs(t, "node", "fhir-kit-client 2.0.3 (npm), which needs Node.js 20")
	folder := installed(t, []string{"npm", "install", "--no-audit", "--no-fund", "--silent"})
	openStand(t).behaves("fhir-kit-client", func(base, token, number string) string {
		return in(t, folder, "node", "with-fhir-kit.js", base, token, number)
	})
}

func TestTheJavaClientWorks(t *testing.T) {
	needs(t, "hapi", "HAPI's generic client 8.8.0, which needs Java 17 and Maven")
	folder, classes := javaFolder(t)
	openStand(t).behaves("HAPI", func(base, token, number string) string {
		return java(t, folder, classes, "Client.java", base, token, number)
	})
}
