package gateway_test

import (
	"encoding/base64"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"cpagateway/gateway"
	"cpagateway/gateway/demo"
	"cpagateway/gateway/store"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// writing is one request to change something. In its texts {plan} is the id of Ann's plan,
// {version} the one that the caller sees, {body} the copy of it, and {hidden} the id of a
// record that a partner does not see.
type writing struct{ as, method, path, body, header string }

var writers = []string{"social-care", "cmht", "gp", "ooh", "ooh-unlisted", "social-care-b"}

// writings are where the fuzzer begins.
func writings() (list []writing) {
	add := func(method, path, header string, bodies ...string) {
		list = append(list, writing{"cmht", method, path, bodies[0], header})
		for _, body := range bodies {
			list = append(list, writing{"social-care", method, path, body, header})
		}
	}
	const part = `{"extension":[{"url":"` + profiles.ExtPlanPart + `","valueCode":"area"},{"url":"` + profiles.ExtArea + `","valueCode":"work"}],"detail":{"status":"scheduled","description":"A job"}}`
	add("PATCH", "/CarePlan/{plan}", `W/"{version}"`,
		`[{"op":"add","path":"/activity/-","value":`+part+`}]`, `[{"op":"test","path":"/activity/9/detail/description","value":"x"},{"op":"remove","path":"/activity/0"}]`,
		`[{"op":"copy","from":"/activity","path":"/activity/-"}]`, `[{"op":"copy","from":"","path":"/contained"}]`, `[{"op":"move","from":"/activity/0","path":"/activity/1"}]`,
		`[{"op":"replace","path":"/careTeam","value":[{"reference":"CareTeam/{hidden}"}]},{"op":"replace","path":"/goal","value":[{"reference":"urn:uuid:x"}]}]`,
		`[null]`, `[{"op":"replace","path":"","value":null}]`, `[{"op":"add","path":"/activity/99999999999999999999","value":{}}]`, `[`+strings.Repeat(`{"op":"copy","from":"/activity","path":"/activity/0"},`, 40)+`{"op":"remove","path":"/title"}]`)
	add("PUT", "/CarePlan/{plan}", `W/"{version}"`, `{body}`, strings.Repeat("[", 5000), `{"resourceType":"CarePlan","id":"{plan}","status":"active","intent":"plan","subject":{"reference":"Patient/x"}}`,
		`{"resourceType":"CarePlan","id":"{plan}","implicitRules":"http://x.example","modifierExtension":[{"url":"http://x.example"}],"status":"active","intent":"plan","subject":{}}`)
	add("PUT", "/Goal/{hidden}", `"{version}"`, `{"resourceType":"Goal","id":"{hidden}","lifecycleStatus":"active","description":{"text":"x"},"subject":`+numbered(ann)+`}`)
	add("POST", "/CarePlan", "identifier=x|{hidden}&status=active", crisisPlanOf(numbered(ann), ""), crisisPlanOf(numbered(elin), `,"goal":[{"reference":"Goal/{hidden}"}]`), crisisPlanOf(`{"reference":"Patient/{plan}"}`, ""))
	add("PUT", "/CarePlan?identifier=x|{hidden}", "", crisisPlanOf(numbered(ann), ""), crisisPlanOf(numbered(elin), `,"id":"{plan}"`), crisisPlanOf(`{"reference":"Patient/{plan}"}`, ""))
	add("PUT", "/CarePlan?_id={plan}", "", `{body}`, crisisPlanOf(numbered(ann), ""), `{}`)
	add("POST", "/CareTeam", "", `{"resourceType":"CareTeam","status":"active","subject":`+numbered(ann)+`}`)
	add("DELETE", "/CarePlan/{plan}", "", "")
	patch := base64.StdEncoding.EncodeToString([]byte(`[{"op":"add","path":"/activity/-","value":` + part + `}]`))
	binary := `{"resourceType":"Binary","contentType":"application/json-patch+json","data":"` + patch + `"}`
	for _, kind := range []string{"batch", "transaction"} {
		add("POST", "", "", bundleFor(kind, entryOf("PATCH", "CarePlan/{plan}", binary, `,"ifMatch":"W/\"{version}\""`), entryOf("GET", "CarePlan/{plan}", "", "")),
			bundleFor(kind, entryOf("DELETE", "Goal/{hidden}", "", ""), entryOf("PUT", "CarePlan/{plan}", `{body}`, "")),
			bundleFor(kind, `{"fullUrl":"urn:uuid:x",`+entryOf("POST", "Goal", `{"resourceType":"Goal","lifecycleStatus":"active","description":{"text":"urn:uuid:x"},"subject":`+numbered(ann)+`}`, `,"ifNoneExist":"identifier=x|y"`)[1:],
				entryOf("POST", "CarePlan", crisisPlanOf(numbered(ann), `,"goal":[{"reference":"urn:uuid:x"}],"title":"urn:uuid:x"`), "")),
			bundleFor(kind, `null`, `{"request":{"method":"POST","url":"//"}}`), bundleFor(kind, `{"resource":`+strings.Repeat(`{"resource":`, 500)+`1`+strings.Repeat("}", 500)+`,"request":{"method":"PUT","url":"CarePlan/{plan}"}}`))
	}
	return list
}

// FuzzWrites holds every request to change something to this: it is no fault of the
// gateway's, it has its entry in the log, what its caller does not see is byte for byte the
// same, and nobody may read more or less of what was there for what a partner wrote.
func FuzzWrites(f *testing.F) {
	for i, w := range writings() {
		f.Add(uint8(slices.Index(writers, w.as)), w.method, w.path, w.body, w.header, i%2 == 0)
	}
	f.Add(uint8(2), "PUT", "/CarePlan/{plan}", `{body}`, "", true)
	f.Add(uint8(3), "DELETE", "/CarePlan/{plan}", "", "", true)
	f.Add(uint8(4), "POST", "/CarePlan", crisisPlanOf(numbered(ann), ""), "", false)
	f.Fuzz(func(t *testing.T, as uint8, method, path, body, header string, merge bool) {
		w := writing{writers[int(as)%len(writers)], method, path, body, header}
		s := openStandUsing(t, keeping)
		s.fills(&w)
		before, entries := s.everything(), len(s.bodies())
		seenOnce.Do(func() { seenAtFirst = s.whatIsSeen() })
		seen := seenAtFirst
		status := s.fuzzed(w, merge)
		switch {
		case status == 0:
			return // it never reached the gateway
		case status >= http.StatusInternalServerError:
			t.Errorf("%s %s: %d", w.method, w.path, status)
		case len(s.bodies()) == entries:
			t.Error("there is no entry in the log")
		}
		after := s.everything()
		for ref, was := range before {
			if is := after[ref]; is != was && !seen[w.as+" "+ref] {
				t.Errorf("%s, which %s does not see, was\n%s\nand is\n%s", ref, w.as, was, is)
			} else if is != was && w.as != "cmht" {
				s.onlyItsOwnWasAdded(ref, was, is)
			}
		}
		if w.as != "cmht" && len(after) != len(before) {
			t.Errorf("a partner made %d records", len(after)-len(before))
		}
		if w.as == "cmht" || maps.Equal(after, before) {
			return
		}
		if now := s.whatIsSeen(); !maps.Equal(now, seen) {
			t.Errorf("who sees what was\n%v\nand is\n%v", seen, now)
		}
	})
}

// Every stand begins with the same records, under the same ids.
var (
	seenOnce    sync.Once
	seenAtFirst map[string]bool
)

// fills puts in what the texts of a request name.
func (s *stand) fills(w *writing) {
	plan := s.planOf("cmht", ann, profiles.CodeMentalHealthPlan)
	mine := s.get(w.as, "/CarePlan/"+plan)
	hidden := s.get("cmht", "/Goal?"+about(ann)).ids(s.t)[0]
	body := strings.TrimSpace(mine.body)
	if mine.status == http.StatusOK {
		body = withActivity(s.t, mine.body, "accommodation", "A flat")
	}
	put := strings.NewReplacer("{plan}", plan, "{version}", mine.version(), "{body}", body, "{hidden}", hidden)
	w.path, w.body, w.header = put.Replace(w.path), put.Replace(w.body), put.Replace(w.header)
}

// fuzzed sends a request as it is; 0 is one that HTTP cannot carry.
func (s *stand) fuzzed(w writing, merge bool) int {
	request, err := http.NewRequest(w.method, s.server.URL+gateway.Prefix+w.path, strings.NewReader(w.body))
	if err != nil {
		return 0
	}
	request.Header.Set("Authorization", "Bearer "+s.token(w.as))
	request.Header.Set("Content-Type", map[bool]string{true: "application/json-patch+json", false: "application/fhir+json"}[w.method == http.MethodPatch])
	request.Header[map[bool]string{true: "If-None-Exist", false: "If-Match"}[w.method == http.MethodPost]] = []string{w.header}
	if merge {
		request.Header.Set("Prefer", "merge")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode
}

var numbers = regexp.MustCompile(`\b999\d{7}\b`)

// everything is each record of the cast as it is kept.
func (s *stand) everything() map[string]string {
	s.t.Helper()
	all := map[string]string{}
	must(s.t, s.store.View(s.t.Context(), func(now store.Snapshot) error {
		for _, extract := range demo.Extracts(s.clock.Now()) {
			names, err := fs.Glob(extract.Files, "*.json")
			must(s.t, err)
			for _, name := range names {
				text, err := fs.ReadFile(extract.Files, name)
				must(s.t, err)
				person, err := now.Person(profiles.SystemNHSNumber, numbers.FindString(string(text)))
				if err != nil {
					continue
				}
				held, err := now.Held(person, "")
				must(s.t, err)
				for _, v := range held {
					all[v.Type+"/"+v.ID] = string(v.Body)
				}
			}
		}
		return nil
	}))
	return all
}

// whatIsSeen is which caller sees which record of Ann.
func (s *stand) whatIsSeen() map[string]bool {
	seen := map[string]bool{}
	for _, as := range writers {
		for _, typ := range []string{"CarePlan", "Goal", "CareTeam", "EpisodeOfCare", "Flag", "RiskAssessment"} {
			a := s.get(as, "/"+typ+"?"+about(ann, "_count", "100"))
			if a.status != http.StatusOK {
				continue
			}
			for _, id := range a.ids(s.t) {
				seen[as+" "+typ+"/"+id] = true
			}
		}
	}
	return seen
}

// onlyItsOwnWasAdded fails where a contribution did more to a plan than to add activities.
func (s *stand) onlyItsOwnWasAdded(ref, was, is string) {
	s.t.Helper()
	before, err := fhir.ParseResource([]byte(was))
	must(s.t, err)
	after, err := fhir.ParseResource([]byte(is))
	must(s.t, err)
	for name, member := range before.Members() {
		if name != "activity" && string(after.Get(name).Raw()) != string(member.Raw()) {
			s.t.Errorf("%s: %s was\n%s\nand is\n%s", ref, name, member.Raw(), after.Get(name).Raw())
		}
	}
	for i, activity := range slices.Collect(before.Get("activity").Each()) {
		if string(after.Get("activity").At(i).Raw()) != string(activity.Raw()) {
			s.t.Errorf("%s: activity %d was\n%s", ref, i, activity.Raw())
		}
	}
}
