package gateway_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"cpagateway/gateway"
	"cpagateway/profiles"
)

// written is what every client finds when it writes by its ordinary calls: as a system that
// keeps its organisation's records, and as a council that contributes to a plan.
const written = `{
	"created": ["Call Beth first"], "updated": "When I cannot sleep", "stale": "conflict",
	"merged": ["When I cannot sleep", "Call Beth first", "Put the radio on"],
	"transacted": ["201 Created", "201 Created"], "linked": "Goal", "versions": 3, "deleted": "not found",
	"contributed": ["A flat with a garden"], "versionsOfIt": 1, "title": "forbidden", "delete": "forbidden", "create": "forbidden"
}`

// takesWrites fails where a client cannot write what it may, or does not learn that it may
// not. More is what that client alone does, in place of or beside what all do.
func (s *stand) takesWrites(client, more string, run func(args ...string) string) {
	s.t.Helper()
	id := s.planOf("social-care", ann, profiles.CodeMentalHealthPlan)
	crisis := s.get("ooh", "/CarePlan/"+s.planOf("ooh", ann, profiles.CodeCrisisPlan)).body
	preconditions := s.preconditions()
	said := run(s.server.URL+gateway.Prefix, s.token("keeper"), s.token("social-care"), profiles.SystemNHSNumber+"|"+ann, id, profiles.ExtPlanPart, profiles.ExtArea)
	var want, got map[string]any
	must(s.t, json.Unmarshal([]byte(written), &want))
	must(s.t, json.Unmarshal([]byte(more), &want))
	if err := json.Unmarshal([]byte(said), &got); err != nil || len(got)+1 != len(want) {
		s.t.Fatalf("%s: %v\n got %s\nwant %v", client, err, said, want)
	}
	got["ifMatch"] = preconditions()
	for step := range want {
		if !reflect.DeepEqual(got[step], want[step]) {
			s.t.Errorf("%s: %s: got %v, want %v", client, step, got[step], want[step])
		}
	}
	stored := string(s.stored("CarePlan", id).Raw())
	if !strings.Contains(stored, "A flat with") || !strings.Contains(stored, `"finance"`) {
		s.t.Errorf("%s: what it wrote or what the council does not see is gone: %s", client, stored)
	}
	if now := s.get("ooh", "/CarePlan/"+s.planOf("ooh", ann, profiles.CodeCrisisPlan)).body; now != crisis {
		s.t.Errorf("%s has moved the crisis slice", client)
	}
}

// preconditions notes, until the function is called that tells them, with which methods
// If-Match came in which form.
func (s *stand) preconditions() func() string {
	var noting sync.Mutex
	noted := map[string]bool{}
	handler := s.server.Config.Handler
	s.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodPost {
			form, _, _ := strings.Cut(r.Header.Get("If-Match"), `"`)
			if form += "x"; r.Header.Get("If-Match") == "" {
				form = "none"
			}
			noting.Lock()
			noted[r.Method+" "+form] = true
			noting.Unlock()
		}
		handler.ServeHTTP(w, r)
	})
	return func() string {
		noting.Lock()
		defer noting.Unlock()
		return strings.Join(slices.Sorted(maps.Keys(noted)), ", ")
	}
}

func TestThePythonClientWrites(t *testing.T) {
	needs(t, "python", "fhirpy 2.3.1 (PyPI), which needs Python 3.9")
	python := filepath.Join("env", "bin", "python")
	folder := installed(t, []string{"python3", "-m", "venv", "env"}, []string{python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", "requirements.txt"})
	openStand(t).takesWrites("fhirpy", `{"patched": "not-supported", "pieces": "not-supported", "ifMatch": "DELETE none, PATCH none, PUT none"}`, func(args ...string) string {
		return in(t, folder, append([]string{filepath.Join(folder, python), "write_with_fhirpy.py"}, args...)...)
	})
}

// A typed client keeps nothing that it does not know, and is refused where that would be lost.
func TestTheTypedPythonClientWrites(t *testing.T) {
	needs(t, "python", "SMART's fhirclient 4.4.0 (PyPI), which needs Python 3.9")
	python := filepath.Join("env", "bin", "python")
	folder := installed(t, []string{"python3", "-m", "venv", "env"}, []string{python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", "requirements.txt"})
	s := openStand(t)
	var ids []string
	for _, title := range []string{`,"title":"My plan","_title":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/translation","extension":[{"url":"lang","valueCode":"cy"},{"url":"content","valueString":"Fy nghynllun"}]}]}`, `,"title":"My plan"`} {
		made := s.send("keeper", http.MethodPost, "/CarePlan", crisisPlanOf(numbered(ann), title))
		path, _, _ := strings.Cut(made.header.Get("Location"), "/_history")
		ids = append(ids, path[strings.LastIndex(path, "/")+1:])
	}
	said := in(t, folder, filepath.Join(folder, python), "write_with_fhirclient.py", s.server.URL+gateway.Prefix, s.token("keeper"), ids[0], ids[1])
	if want := `{"extended": "business-rule", "plain": "Call Beth"}`; strings.TrimSpace(said) != want {
		t.Errorf("got %s, want %s", said, want)
	}
}

func TestTheNodeClientWrites(t *testing.T) {
	needs(t, "node", "fhir-kit-client 2.0.3 (npm), which needs Node.js 20")
	folder := installed(t, []string{"npm", "install", "--no-audit", "--no-fund", "--silent"})
	openStand(t).takesWrites("fhir-kit-client", `{"patched": "Nights", "unnamed": "required", "versions": 4, "patchedPart": ["A flat without stairs"], "versionsOfIt": 2, "ifMatch": "DELETE none, PATCH W/x, PATCH none, PUT W/x, PUT none"}`, func(args ...string) string {
		return in(t, folder, append([]string{"node", "write-with-fhir-kit.js"}, args...)...)
	})
}

func TestTheJavaClientWrites(t *testing.T) {
	needs(t, "hapi", "HAPI's generic client 8.8.0, which needs Java 17 and Maven")
	folder, classes := javaFolder(t)
	openStand(t).takesWrites("HAPI", `{"patched": "Nights", "unnamed": "required", "versions": 4, "patchedPart": ["A flat without stairs"], "versionsOfIt": 2, "ifMatch": "DELETE none, PATCH W/x, PATCH none, PUT W/x"}`, func(args ...string) string {
		return java(t, folder, classes, "Writes.java", args...)
	})
}
