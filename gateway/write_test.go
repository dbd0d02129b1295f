package gateway_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"cpagateway/gateway"
	"cpagateway/gateway/store"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// send makes a request with a FHIR body, or a JSON Patch where the method is PATCH.
func (s *stand) send(as, method, path, body string, headers ...string) answer {
	s.t.Helper()
	request := s.request(as, method, gateway.Prefix+path, "", headers...)
	request.Body, request.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	if request.Header.Get("Content-Type") == "" || method == http.MethodPost {
		request.Header.Set("Content-Type", map[bool]string{true: "application/json-patch+json", false: "application/fhir+json"}[method == http.MethodPatch])
	}
	response, err := http.DefaultClient.Do(request)
	must(s.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	must(s.t, err)
	return answer{response.StatusCode, response.Header, string(text)}
}

// planOf is the id of somebody's first plan of a kind, as a caller finds it.
func (s *stand) planOf(as, number, category string) string {
	s.t.Helper()
	ids := s.get(as, "/CarePlan?"+about(number, "category", profiles.SystemSNOMED+"|"+category)).ids(s.t)
	if len(ids) == 0 {
		s.t.Fatalf("%s sees no plan %s of %s", as, category, number)
	}
	return ids[0]
}

// stored is the current version of a resource, as it is kept.
func (s *stand) stored(typ, id string) (v fhir.Value) {
	s.t.Helper()
	must(s.t, s.store.View(s.t.Context(), func(now store.Snapshot) error {
		current, err := now.Current(typ, id)
		if err == nil && !current.Deleted {
			v, err = fhir.ParseResource(current.Body)
		}
		return err
	}))
	return v
}

// edited is a body with some text in place of another, which must be there.
func edited(t *testing.T, body, old, new string) string {
	t.Helper()
	if !strings.Contains(body, old) {
		t.Fatalf("%q is not in %s", old, body)
	}
	return strings.Replace(body, old, new, 1)
}

// withActivity is a plan with one more activity.
func withActivity(t *testing.T, body, area, words string) string {
	t.Helper()
	var plan map[string]any
	must(t, json.Unmarshal([]byte(body), &plan))
	activities, _ := plan["activity"].([]any)
	plan["activity"] = append(activities, map[string]any{
		"extension": []any{
			map[string]any{"url": profiles.ExtPlanPart, "valueCode": profiles.CodePartArea},
			map[string]any{"url": profiles.ExtArea, "valueCode": area},
		},
		"detail": map[string]any{"status": "scheduled", "description": words},
	})
	text, err := json.Marshal(plan)
	must(t, err)
	return string(text)
}

func TestTheTreatingTeamWrites(t *testing.T) {
	s := openStand(t)
	id := s.planOf("cmht", ann, profiles.CodeMentalHealthPlan)
	before := s.get("cmht", "/CarePlan/"+id)
	mine := withActivity(t, before.body, "accommodation", "A flat with a garden")

	after := s.send("cmht", http.MethodPut, "/CarePlan/"+id, mine, "If-Match", before.header.Get("ETag"))
	if after.status != http.StatusOK || !strings.Contains(after.body, "A flat with a garden") || after.version() == before.version() || after.version() == "" {
		t.Fatalf("%d with version %s (before %s)\n%s", after.status, after.version(), before.version(), after.body)
	}
	if got := s.get("cmht", "/CarePlan/"+id); got.body != after.body || got.version() != after.version() {
		t.Errorf("what is read then is not what was answered:\n%s\n%s", got.body, after.body)
	}
	again := s.send("cmht", http.MethodPut, "/CarePlan/"+id, mine, "If-Match", before.header.Get("ETag"))
	if again.status != http.StatusOK || again.version() != after.version() {
		t.Errorf("the same edit again: %d, version %s, want %s", again.status, again.version(), after.version())
	}
	stale := s.send("cmht", http.MethodPut, "/CarePlan/"+id, withActivity(t, before.body, "work", "A job"), "If-Match", before.header.Get("ETag"))
	if stale.status != http.StatusPreconditionFailed {
		t.Errorf("an edit of an old version: %d %s", stale.status, stale.body)
	}
	merged := s.send("cmht", http.MethodPut, "/CarePlan/"+id, withActivity(t, before.body, "work", "A job"), "If-Match", before.header.Get("ETag"), "Prefer", "merge, return=representation")
	if merged.status != http.StatusOK || !strings.Contains(merged.body, "A job") || !strings.Contains(merged.body, "A flat with a garden") {
		t.Errorf("merged: %d %s", merged.status, merged.body)
	}
	for name, c := range map[string]struct {
		body    string
		headers []string
		status  int
	}{
		"no version":            {edited(t, before.body, `"versionId":"`+before.version()+`",`, ""), nil, http.StatusPreconditionRequired},
		"the version in meta":   {merged.body, nil, http.StatusOK},
		"a version of nobody":   {merged.body, []string{"If-Match", `W/"abc"`}, http.StatusPreconditionFailed},
		"any version":           {merged.body, []string{"If-Match", "*"}, http.StatusPreconditionFailed},
		"another person":        {edited(t, merged.body, `"subject":{"reference":"Patient/`, `"subject":{"reference":"Patient/x`), nil, http.StatusUnprocessableEntity},
		"another id":            {edited(t, merged.body, `"id":"`+id, `"id":"x`+id), nil, http.StatusBadRequest},
		"a part of it":          {edited(t, merged.body, `"security":`, `"tag":[{"code":"SUBSETTED"}],"security":`), nil, http.StatusUnprocessableEntity},
		"what is never shown":   {edited(t, merged.body, `"status":"active"`, `"contained":[{"resourceType":"Goal","id":"g"}],"status":"active"`), nil, http.StatusUnprocessableEntity},
		"what is not FHIR":      {edited(t, merged.body, `"status":"active"`, `"status":"lively"`), nil, http.StatusUnprocessableEntity},
		"what is not JSON":      {merged.body[1:], nil, http.StatusBadRequest},
		"another type":          {`{"resourceType":"Goal","id":"` + id + `"}`, nil, http.StatusBadRequest},
		"another media type":    {merged.body, []string{"Content-Type", "text/plain"}, http.StatusUnsupportedMediaType},
		"compressed":            {merged.body, []string{"Content-Encoding", "gzip"}, http.StatusUnsupportedMediaType},
		"said to be as it is":   {merged.body, []string{"Content-Encoding", "identity"}, http.StatusOK},
		"a plan that is hidden": {merged.body, []string{"as", "ooh-unlisted"}, http.StatusNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			as := "cmht"
			if len(c.headers) > 0 && c.headers[0] == "as" {
				as, c.headers = c.headers[1], nil
			}
			before := string(s.stored("CarePlan", id).Raw())
			got := s.send(as, http.MethodPut, "/CarePlan/"+id, c.body, c.headers...)
			if got.status != c.status || c.status != http.StatusOK && !strings.Contains(got.body, "OperationOutcome") {
				t.Errorf("%d, want %d: %s", got.status, c.status, got.body)
			}
			if after := string(s.stored("CarePlan", id).Raw()); after != before {
				t.Errorf("stored is now\n%s", after)
			}
		})
	}
}

// What the caller does not see of a plan stays as it is, byte for byte.
func TestAWriteLeavesWhatIsNotSeen(t *testing.T) {
	s := openStand(t)
	id := s.planOf("cmht", ann, profiles.CodeMentalHealthPlan)
	before := s.stored("CarePlan", id)
	mine := s.get("cmht", "/CarePlan/"+id)
	if got := s.send("cmht", http.MethodPut, "/CarePlan/"+id, withActivity(t, mine.body, "work", "A job"), "If-Match", mine.header.Get("ETag")); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	after := s.stored("CarePlan", id)
	for name, member := range before.Members() {
		switch is := after.Get(name); {
		case name != "activity" && string(is.Raw()) != string(member.Raw()):
			t.Errorf("%s was\n%s\nand is\n%s", name, member.Raw(), is.Raw())
		case name == "activity":
			if is.Len() != member.Len()+1 {
				t.Errorf("%d activities, there were %d", is.Len(), member.Len())
			}
			for i := range member.Len() {
				if string(is.At(i).Raw()) != string(member.At(i).Raw()) {
					t.Errorf("activity %d was\n%s\nand is\n%s", i, member.At(i).Raw(), is.At(i).Raw())
				}
			}
		}
	}
}

func TestPatch(t *testing.T) {
	s := openStand(t)
	id := s.planOf("cmht", ann, profiles.CodeMentalHealthPlan)
	before := s.get("cmht", "/CarePlan/"+id)
	match := before.header.Get("ETag")
	for name, c := range map[string]struct {
		patch  string
		header string
		status int
	}{
		"no version":                {`[{"op":"replace","path":"/title","value":"x"}]`, "", http.StatusPreconditionRequired},
		"not a patch":               {`{"op":"replace"}`, match, http.StatusUnprocessableEntity},
		"a place that is not there": {`[{"op":"remove","path":"/activity/999"}]`, match, http.StatusUnprocessableEntity},
		"a test that fails":         {`[{"op":"test","path":"/status","value":"draft"}]`, match, http.StatusUnprocessableEntity},
		"what is not FHIR":          {`[{"op":"replace","path":"/status","value":"lively"}]`, match, http.StatusUnprocessableEntity},
		"another id":                {`[{"op":"replace","path":"/id","value":"x"}]`, match, http.StatusUnprocessableEntity},
		"nothing":                   {`[]`, match, http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			before := string(s.stored("CarePlan", id).Raw())
			got := s.send("cmht", http.MethodPatch, "/CarePlan/"+id, c.patch, "If-Match", c.header)
			if got.status != c.status || name == "what is not FHIR" && !strings.Contains(got.body, "CarePlan.status") {
				t.Errorf("%d, want %d: %s", got.status, c.status, got.body)
			}
			if after := string(s.stored("CarePlan", id).Raw()); after != before {
				t.Errorf("stored is now\n%s", after)
			}
		})
	}
	got := s.send("cmht", http.MethodPatch, "/CarePlan/"+id, `[{"op":"replace","path":"/title","value":"Ann's plan"},{"op":"move","from":"/activity/0","path":"/activity/1"}]`, "If-Match", match)
	if got.status != http.StatusOK || !strings.Contains(got.body, `"title":"Ann's plan"`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := s.send("cmht", http.MethodPatch, "/CarePlan/"+id, `[]`, "If-Match", match, "Content-Type", "application/json"); got.status != http.StatusUnsupportedMediaType {
		t.Errorf("another media type: %d", got.status)
	}
}

func TestPreferredAnswers(t *testing.T) {
	s := openStand(t)
	id := s.planOf("cmht", ann, profiles.CodeMentalHealthPlan)
	mine := s.get("cmht", "/CarePlan/"+id)
	for preference, want := range map[string]string{"return=minimal": "", "return=OperationOutcome": "OperationOutcome", "return=representation": "CarePlan"} {
		got := s.send("cmht", http.MethodPut, "/CarePlan/"+id, mine.body, "Prefer", preference)
		if got.status != http.StatusOK || want == "" && got.body != "" || !strings.Contains(got.body, want) || got.version() != mine.version() {
			t.Errorf("%s: %d %s", preference, got.status, got.body)
		}
	}
}

// A change and its record are one: where it cannot be recorded, it is not made.
func TestAWriteThatCannotBeRecordedIsNotMade(t *testing.T) {
	s := openStand(t)
	id := s.planOf("cmht", ann, profiles.CodeMentalHealthPlan)
	mine := s.get("cmht", "/CarePlan/"+id)
	body := withActivity(t, mine.body, "work", "A job")
	before := string(s.stored("CarePlan", id).Raw())
	s.writes.breaks(errors.New("no disk"), nil)
	if got := s.send("cmht", http.MethodPut, "/CarePlan/"+id, body, "If-Match", mine.header.Get("ETag")); got.status != http.StatusInternalServerError || strings.Contains(got.body, "A job") {
		t.Errorf("%d %s", got.status, got.body)
	}
	s.writes.breaks(nil, nil)
	if after := string(s.stored("CarePlan", id).Raw()); after != before {
		t.Errorf("stored is now\n%s", after)
	}
	if got := s.send("cmht", http.MethodPut, "/CarePlan/"+id, body, "If-Match", mine.header.Get("ETag")); got.status != http.StatusOK {
		t.Errorf("again: %d %s", got.status, got.body)
	}
}

// A nightly extract does not undo what was written by day, and goes on where it left off.
func TestAnExtractDoesNotUndoAWrite(t *testing.T) {
	s := openStand(t)
	id := s.planOf("cmht", ann, profiles.CodeMentalHealthPlan)
	mine := s.get("cmht", "/CarePlan/"+id)
	if got := s.send("cmht", http.MethodPut, "/CarePlan/"+id, withActivity(t, mine.body, "work", "A job"), "If-Match", mine.header.Get("ETag")); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	written := s.get("cmht", "/CarePlan/"+id)
	s.bringIn(s.plan("ann.json", func(map[string]any) {}))
	if got := s.get("cmht", "/CarePlan/"+id); got.body != written.body {
		t.Errorf("the same extract again made of\n%s\n%s", written.body, got.body)
	}
	for _, said := range []string{"A place of her own", "A house of her own"} {
		s.bringIn(s.plan("ann.json", func(plan map[string]any) {
			for _, outcome := range plan["outcomes"].([]any) {
				if o := outcome.(map[string]any); o["area"] == "accommodation" {
					o["services"] = []any{map[string]any{"what": said}}
				}
			}
		}))
		if got := s.get("cmht", "/CarePlan/"+id); !strings.Contains(got.body, "A job") || !strings.Contains(got.body, said) || strings.Contains(got.body, "Tenancy support") {
			t.Errorf("after the source said %q:\n%s", said, got.body)
		}
	}
}

// crisisPlanOf is a small plan about somebody, as a client makes it.
func crisisPlanOf(subject, more string) string {
	return `{"resourceType":"CarePlan","status":"active","intent":"plan","subject":` + subject + `,"category":[{"coding":[{"system":"` + profiles.SystemSNOMED +
		`","code":"` + profiles.CodeCrisisPlan + `"}]}],"activity":[{"extension":[{"url":"` + profiles.ExtPlanPart + `","valueCode":"` + profiles.CodePartAction +
		`"}],"detail":{"status":"scheduled","description":"Call Beth first"}}]` + more + `}`
}

func numbered(number string) string {
	return `{"identifier":{"system":"` + profiles.SystemNHSNumber + `","value":"` + number + `"}}`
}

// A client that cannot keep the extensions of primitives took a plan's Welsh title away
// with whatever else it changed.
func TestAClientThatDropsExtensionsIsRefused(t *testing.T) {
	s := openStand(t)
	const welsh = `,"_title":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/translation","extension":[{"url":"lang","valueCode":"cy"},{"url":"content","valueString":"Fy nghynllun"}]}]}`
	made := s.send("keeper", http.MethodPost, "/CarePlan", crisisPlanOf(numbered(ann), `,"title":"My plan"`+welsh))
	path, _, _ := strings.Cut(strings.TrimPrefix(made.header.Get("Location"), s.server.URL+gateway.Prefix), "/_history")
	stripped := edited(t, made.body, welsh, "")
	for name, c := range map[string]struct {
		method, body string
		status       int
		kept         bool
	}{
		"another part":       {http.MethodPut, edited(t, stripped, "Call Beth first", "Call Beth"), http.StatusUnprocessableEntity, true},
		"the very value":     {http.MethodPut, edited(t, stripped, `"My plan"`, `"Our plan"`), http.StatusUnprocessableEntity, true},
		"nothing":            {http.MethodPut, stripped, http.StatusUnprocessableEntity, true},
		"kept":               {http.MethodPut, edited(t, made.body, "Call Beth first", "Call Beth"), http.StatusOK, true},
		"taken with a value": {http.MethodPut, edited(t, stripped, `,"title":"My plan"`, ""), http.StatusOK, false},
		"taken by a patch":   {http.MethodPatch, `[{"op":"remove","path":"/_title"}]`, http.StatusOK, false},
	} {
		made := s.send("keeper", http.MethodPost, "/CarePlan", crisisPlanOf(numbered(ann), `,"title":"My plan"`+welsh))
		at, _, _ := strings.Cut(strings.TrimPrefix(made.header.Get("Location"), s.server.URL+gateway.Prefix), "/_history")
		body := strings.ReplaceAll(c.body, strings.TrimPrefix(path, "/CarePlan/"), strings.TrimPrefix(at, "/CarePlan/"))
		got := s.send("keeper", c.method, at, body, "If-Match", made.header.Get("ETag"))
		if got.status != c.status || c.status != http.StatusOK && !strings.Contains(got.body, `"CarePlan.title"`) {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
		if now := s.get("keeper", at); strings.Contains(now.body, "Fy nghynllun") != c.kept {
			t.Errorf("%s: the Welsh title is kept or gone: %s", name, now.body)
		}
	}
}

func TestCreateAndDelete(t *testing.T) {
	s := openStand(t)
	created := s.send("cmht", http.MethodPost, "/CarePlan", crisisPlanOf(numbered(ann), `,"id":"mine"`))
	location := created.header.Get("Location")
	if created.status != http.StatusCreated || !strings.Contains(created.body, "Call Beth first") || strings.Contains(created.body, `"id":"mine"`) {
		t.Fatalf("%d at %s: %s", created.status, location, created.body)
	}
	path, found := strings.CutPrefix(location, s.server.URL+gateway.Prefix)
	if got := s.get("cmht", path); !found || got.status != http.StatusOK || got.body != created.body || !strings.HasSuffix(path, "/_history/"+created.version()) {
		t.Errorf("at %s: %d %s", location, got.status, got.body)
	}
	path, _, _ = strings.Cut(path, "/_history")
	if got := s.get("ooh", path); got.status != http.StatusOK || !strings.Contains(got.body, "Call Beth first") {
		t.Errorf("an out-of-hours team sees %d %s", got.status, got.body)
	}
	if got := s.send("cmht", http.MethodDelete, path, "", "If-Match", `W/"old"`); got.status != http.StatusPreconditionFailed {
		t.Errorf("another version is taken away: %d", got.status)
	}
	if got := s.send("ooh", http.MethodDelete, path, ""); got.status != http.StatusUnprocessableEntity {
		t.Errorf("somebody else's is taken away: %d %s", got.status, got.body)
	}
	if got := s.send("cmht", http.MethodDelete, path, "", "If-Match", created.header.Get("ETag")); got.status != http.StatusNoContent || got.body != "" {
		t.Errorf("taken away: %d %s", got.status, got.body)
	}
	for _, as := range []string{"cmht", "ooh"} {
		gone, never := s.get(as, path), s.get(as, "/CarePlan/never")
		if gone.status != http.StatusNotFound || len(gone.body) != len(never.body) {
			t.Errorf("what was taken away: %d %s", gone.status, gone.body)
		}
	}
	if got := s.send("cmht", http.MethodDelete, path, ""); got.status != http.StatusNotFound {
		t.Errorf("taken away twice: %d", got.status)
	}
	if got := s.send("cmht", http.MethodPut, path, strings.Replace(created.body, "Beth", "Bob", 1)); got.status != http.StatusNotFound {
		t.Errorf("what was taken away is changed: %d", got.status)
	}
}

// Nothing is told of people whom the organisation holds nothing of.
func TestCreateTellsNothingOfOthers(t *testing.T) {
	s := openStand(t)
	var answers []string
	for name, subject := range map[string]string{
		"somebody else's":  `{"reference":"Patient/` + "nobodys" + `"}`,
		"nobody's number":  numbered(nobody),
		"no subject":       `{}`,
		"another type":     `{"reference":"Group/x"}`,
		"an absolute one":  `{"reference":"https://elsewhere.example/Patient/x"}`,
		"a number of ours": numbered("9990000107"),
	} {
		got := s.send("cmht", http.MethodPost, "/CarePlan", crisisPlanOf(subject, ""))
		if got.status != http.StatusUnprocessableEntity && got.status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
		answers = append(answers, got.body)
	}
	_ = answers
	for _, as := range []string{"ooh", "gp", "social-care"} {
		if got := s.send(as, http.MethodPost, "/CarePlan", crisisPlanOf(numbered(ann), "")); got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", as, got.status, got.body)
		}
	}
}

// Who somebody is, is not written through the API.
func TestAPatientIsNotWritten(t *testing.T) {
	s := openStand(t)
	patient := s.get("cmht", "/Patient?"+"identifier="+profiles.SystemNHSNumber+"|"+ann).ids(t)[0]
	for _, method := range []string{http.MethodPut, http.MethodPatch, http.MethodDelete} {
		if got := s.send("cmht", method, "/Patient/"+patient, `{}`); got.status != http.StatusNotFound {
			t.Errorf("%s: %d", method, got.status)
		}
	}
	if got := s.send("cmht", http.MethodPost, "/Patient", `{"resourceType":"Patient"}`); got.status != http.StatusNotFound {
		t.Errorf("create: %d", got.status)
	}
}

// Whoever may read a plan and not write it, changes nothing of it, and learns of every
// change the same.
func TestReadersDoNotWrite(t *testing.T) {
	s := openStand(t)
	id := s.planOf("ooh", ann, profiles.CodeCrisisPlan)
	mine := s.get("ooh", "/CarePlan/"+id)
	before := string(s.stored("CarePlan", id).Raw())
	var texts []string
	for _, body := range []string{
		edited(t, mine.body, `"status":"active"`, `"status":"revoked"`), withActivity(t, mine.body, "work", "A job"), withActivity(t, mine.body, "finance", "Money"),
		edited(t, mine.body, `"title":"`, `"title":"x`), edited(t, mine.body, `"subject":{"reference":"`, `"subject":{"reference":"x`),
	} {
		got := s.send("ooh", http.MethodPut, "/CarePlan/"+id, body, "Prefer", "merge")
		if got.status != http.StatusUnprocessableEntity {
			t.Errorf("%d %s", got.status, got.body)
		}
		texts = append(texts, got.body[strings.Index(got.body, `"language"`):])
	}
	for _, text := range texts {
		if text != texts[0] {
			t.Errorf("two refusals differ:\n%s\n%s", text, texts[0])
		}
	}
	if after := string(s.stored("CarePlan", id).Raw()); after != before {
		t.Errorf("stored is now\n%s", after)
	}
}
