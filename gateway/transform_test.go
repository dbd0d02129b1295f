package gateway_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"cpagateway/mapping/workbench"
	"cpagateway/profiles/fhir"
)

const aPlan = `{"ref": "CSP-1", "person": {"ref": "P|1"}, "status": "active", "colour": "blue", "title": "Cynllun Ann",
 "outcomes": [{"key": "o1", "text": "To go to chapel", "status": "active"}]}`

// asked is a Parameters with files as content.
func asked(files map[string][]byte) string {
	var list []string
	for name, data := range files {
		list = append(list, fmt.Sprintf(`{"name":"content","resource":{"resourceType":"Binary","id":%q,"contentType":"text/csv","data":%q}}`, name, base64.StdEncoding.EncodeToString(data)))
	}
	return `{"resourceType":"Parameters","parameter":[` + strings.Join(list, ",") + `]}`
}

// mapped are the two parameters of an answer: what was made, and what is told of it.
func mapped(t *testing.T, a answer) (made fhir.Value, told string) {
	t.Helper()
	v, err := fhir.ParseResource([]byte(a.body))
	if err != nil || a.status != http.StatusOK || v.Type() != "Parameters" || v.Get("parameter").Len() != 2 {
		t.Fatalf("%v: %d %.500s", err, a.status, a.body)
	}
	made, outcome := v.Get("parameter").At(0).Get("resource"), v.Get("parameter").At(1).Get("resource")
	if made.Type() != "Bundle" || outcome.Type() != "OperationOutcome" || outcome.Get("issue").Len() == 0 {
		t.Fatalf("not a result and its account: %.500s", a.body)
	}
	for issue := range outcome.Get("issue").Each() {
		told += issue.Get("severity").Text() + ": " + issue.Get("details").Get("text").Text() + "\n"
	}
	return made, told
}

func filesOf(t *testing.T, made fhir.Value) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for entry := range made.Get("entry").Each() {
		binary := entry.Get("resource")
		data, err := base64.StdEncoding.DecodeString(binary.Get("data").Text())
		must(t, err)
		files[binary.ID()] = data
	}
	return files
}

// A caller posts a document that it holds, gets FHIR, posts that, and has its document
// again; what was lost is told beside it, the request is recorded, and nothing is stored.
func TestADocumentIsMappedThereAndBack(t *testing.T) {
	s := openStand(t)
	before := s.everything()
	a := s.send("social-care", http.MethodPost, "/StructureMap/welsh-csp/$transform", aPlan)
	made, told := mapped(t, a)
	if !strings.Contains(told, "warning: left behind: colour 1\n") || !strings.Contains(told, "1 records read, 1 taken") {
		t.Errorf("told %s", told)
	}
	if entries := s.recorded(a.header.Get("X-Request-Id")); len(entries) != 1 || entries[0].Interaction != "$transform" || entries[0].Client != "demo-social-care" || entries[0].Person != "" {
		t.Errorf("recorded %+v", entries)
	}
	back, told := mapped(t, s.send("social-care", http.MethodPost, "/StructureMap/welsh-csp-back/$transform", string(made.Raw())))
	var got, want any
	must(t, json.Unmarshal(filesOf(t, back)["Plan.json"], &got))
	must(t, json.Unmarshal([]byte("["+strings.Replace(aPlan, `"colour": "blue", `, "", 1)+"]"), &want))
	if !reflect.DeepEqual(got, want) || strings.Contains(told, "error") {
		t.Errorf("came back as %v, told %s", got, told)
	}
	if after := s.everything(); !reflect.DeepEqual(after, before) {
		t.Error("something was stored")
	}
	for _, body := range s.bodies() {
		if strings.Contains(string(body), "chapel") || strings.Contains(string(body), "CSP-1") {
			t.Errorf("the record holds %s", body)
		}
	}
}

// Of a document, which is one record, a fault named its row 0.
func TestAFaultOfADocumentHasNoRow(t *testing.T) {
	s := openStand(t)
	a := s.send("social-care", http.MethodPost, "/StructureMap/welsh-csp/$transform", `{"ref": "CSP-17", "person": {"ref": "17"}, "status": "open"}`)
	if _, told := mapped(t, a); !strings.HasPrefix(told, "error: Plan.json status: SCHEMA: not one of the codes: draft, ") {
		t.Errorf("told %s", told)
	}
}

// The tables of an MHSDS extract are contents, each by its name, and come back so.
func TestTablesAreMappedThereAndBack(t *testing.T) {
	s := openStand(t)
	files := map[string][]byte{}
	paths, err := filepath.Glob("../mapping/mhsds/testdata/sound/*.csv")
	must(t, err)
	for _, path := range paths {
		files[filepath.Base(path)], err = os.ReadFile(path)
		must(t, err)
	}
	made, told := mapped(t, s.send("cmht", http.MethodPost, "/StructureMap/mhsds-v6/$transform", asked(files)))
	if made.Get("entry").Len() < 5 || !strings.Contains(told, "left behind: ") {
		t.Fatalf("made %d, told %s", made.Get("entry").Len(), told)
	}
	content := `{"resourceType":"Parameters","parameter":[{"name":"content","resource":` + string(made.Raw()) + `}]}`
	back, _ := mapped(t, s.send("cmht", http.MethodPost, "/StructureMap/mhsds-v6-back/$transform", content))
	if rows := string(filesOf(t, back)["MHS701CPACareEpisode.csv"]); !strings.Contains(rows, "CPAEpisodeID") {
		t.Errorf("came back as %v", filesOf(t, back))
	}
}

// Every way that is offered answers, to whoever has a token for it, and to nobody else.
func TestEveryWayIsOffered(t *testing.T) {
	s := openStand(t)
	page, err := os.ReadFile("../docs/maps.md")
	must(t, err)
	for _, w := range workbench.Ways() {
		if !strings.Contains(string(page), "`"+w.Name+"`") {
			t.Errorf("docs/maps.md does not name %s", w.Name)
		}
		path := "/StructureMap/" + w.Name + "/$transform"
		mapped(t, s.send("gp", http.MethodPost, path, asked(map[string][]byte{"Plan.json": []byte("{}")})))
		if a := s.send("", http.MethodPost, path, "{}"); a.status != http.StatusUnauthorized {
			t.Errorf("%s without a token: %d", w.Name, a.status)
		}
		for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
			if a := s.send("gp", method, path, "{}"); a.status != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: %d", method, path, a.status)
			}
		}
	}
	if a := s.get("gp", "/StructureMap/welsh-csp"); a.status != http.StatusNotFound {
		t.Errorf("a map is read: %d", a.status)
	}
}

// What cannot be read is refused before anything is mapped, and no refusal repeats it.
func TestWhatCannotBeMapped(t *testing.T) {
	s := openStand(t)
	for _, c := range []struct {
		path, body string
		status     int
	}{
		{"welsh-csp", `{"secret`, http.StatusBadRequest},
		{"welsh-csp", `{"resourceType":"Parameters"}`, http.StatusBadRequest},
		{"welsh-csp", `{"resourceType":"Parameters","parameter":[{"name":"secret","resource":{"resourceType":"Binary"}}]}`, http.StatusBadRequest},
		{"welsh-csp", `{"resourceType":"Parameters","parameter":[{"name":"content","resource":{"resourceType":"Binary","data":"secret!"}}]}`, http.StatusBadRequest},
		{"welsh-csp", `{"resourceType":"Parameters","parameter":[{"name":"content","resource":{"resourceType":"Binary","id":"../secret","data":"e30="}}]}`, http.StatusBadRequest},
		{"welsh-csp", `{"resourceType":"Parameters","parameter":[{"name":"content","resource":{"resourceType":"Binary","id":"..","data":"e30="}}]}`, http.StatusBadRequest},
		{"mhsds-v6", `{"secret":1}`, http.StatusBadRequest},
		{"secret", `{}`, http.StatusNotFound},
		{"welsh-csp", `{"title":"` + strings.Repeat("secret", 64<<10) + `"}`, http.StatusRequestEntityTooLarge},
	} {
		a := s.send("gp", http.MethodPost, "/StructureMap/"+c.path+"/$transform", c.body)
		if a.status != c.status || strings.Contains(a.body, "secret") {
			t.Errorf("%s %.60s: %d %s", c.path, c.body, a.status, a.body)
		}
	}
	if a := s.send("gp", http.MethodPost, "/StructureMap/welsh-csp/$transform?source=x", `{}`); a.status != http.StatusBadRequest {
		t.Errorf("with a parameter: %d", a.status)
	}
}

// What a document holds is in no text about it, wherever a map refuses it.
func TestNoOutcomeRepeatsAValue(t *testing.T) {
	s := openStand(t)
	var plan map[string]any
	text, err := os.ReadFile("../mapping/ctp/testdata/plans/whole.json")
	must(t, err)
	must(t, json.Unmarshal(text, &plan))
	for name := range plan {
		damaged := map[string]any{}
		for n, v := range plan {
			damaged[n] = v
		}
		damaged[name] = "Secret words"
		body, err := json.Marshal(damaged)
		must(t, err)
		_, told := mapped(t, s.send("cmht", http.MethodPost, "/StructureMap/welsh-ctp/$transform", string(body)))
		if strings.Contains(told, "Secret") {
			t.Errorf("%s: told %s", name, told)
		}
	}
}

// FuzzTransform holds the operation to this: no bytes are a fault of the gateway's, and
// nothing is stored.
func FuzzTransform(f *testing.F) {
	ways := workbench.Ways()
	for i := range ways {
		f.Add(uint8(i), aPlan)
		f.Add(uint8(i), asked(map[string][]byte{"Plan.json": []byte(aPlan), "MHS001MPI.csv": []byte("LocalPatientID\n1\n")}))
		f.Add(uint8(i), `{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"CarePlan","id":"x"}},{}]}`)
	}
	f.Fuzz(func(t *testing.T, way uint8, body string) {
		s := openStand(t)
		path := "/StructureMap/" + ways[int(way)%len(ways)].Name + "/$transform"
		a := s.send("gp", http.MethodPost, path, body)
		if !slices.Contains([]int{http.StatusOK, http.StatusBadRequest, http.StatusRequestEntityTooLarge}, a.status) {
			t.Errorf("%s %q: %d %s", path, body, a.status, a.body)
		}
	})
}
