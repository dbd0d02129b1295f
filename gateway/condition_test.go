package gateway_test

import (
	"net/http"
	"strings"
	"testing"

	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// A condition about somebody else was passed over, and what it should have found was
// created once more; of the other person it tells nothing, known or not.
func TestAConditionAboutSomebodyElseIsNoCondition(t *testing.T) {
	s := openStand(t)
	kind := "category=" + profiles.SystemSNOMED + "|" + profiles.CodeCrisisPlan
	body := crisisPlanOf(numbered(ann), `,"identifier":[{"system":"urn:x","value":"1"}]`)
	patient := s.get("cmht", "/Patient?identifier="+profiles.SystemNHSNumber+"|"+ann).ids(t)[0]
	other := s.get("cmht", "/Patient?identifier="+profiles.SystemNHSNumber+"|"+bryn).ids(t)[0]
	var refusals []string
	for _, condition := range []string{"patient=Patient/" + other, "patient=Patient/none", "patient.identifier=" + profiles.SystemNHSNumber + "|" + nobody} {
		got := s.send("cmht", http.MethodPost, "/CarePlan", body, "If-None-Exist", "identifier=urn:x|1&"+condition)
		if got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", condition, got.status, got.body)
		}
		refusals = append(refusals, got.text(t))
	}
	if refusals[0] != refusals[1] || refusals[1] != refusals[2] {
		t.Errorf("the refusals differ: %q", refusals)
	}
	first := s.send("cmht", http.MethodPost, "/CarePlan", body, "If-None-Exist", "identifier=urn:x|1&patient=Patient/"+patient)
	again := s.send("cmht", http.MethodPost, "/CarePlan", body, "If-None-Exist", "identifier=urn:x|1&"+kind+"&patient="+s.server.URL+"/fhir/R4/Patient/"+patient)
	if first.status != http.StatusCreated || again.status != http.StatusOK || again.body != first.body {
		t.Errorf("%d, then %d %s", first.status, again.status, again.body)
	}
}

// Of two entries under one name the last one won: a reference could lead to the wrong one.
func TestTwoEntriesUnderOneNameAreRefused(t *testing.T) {
	s := openStand(t)
	const name = `"fullUrl":"urn:uuid:2d0f5a4e-6c1b-4b57-9a3e-8f5d1c7e4b61",`
	entry := `{` + name + `"resource":` + crisisPlanOf(numbered(ann), "") + `,"request":{"method":"POST","url":"CarePlan"}}`
	got := s.send("cmht", http.MethodPost, "", `{"resourceType":"Bundle","type":"transaction","entry":[`+entry+`,`+entry+`]}`)
	if got.status != http.StatusBadRequest {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := s.send("cmht", http.MethodPost, "", `{"resourceType":"Bundle","type":"transaction","entry":[`+entry+`,`+strings.Replace(entry, name, "", 1)+`]}`); got.status != http.StatusOK {
		t.Errorf("without the second name: %d %s", got.status, got.body)
	}
}

// A record whose subject was one person by its reference and another by its NHS number was
// filed under the first: a client that has mixed them up gave one the other's plan.
func TestASubjectThatNamesTwoIsNobody(t *testing.T) {
	s := openStand(t)
	reference := `{"reference":"Patient/` + s.get("cmht", "/Patient?identifier="+profiles.SystemNHSNumber+"|"+ann).ids(t)[0] + `","identifier":{"system":"`
	refusal := s.send("cmht", http.MethodPost, "/CarePlan", crisisPlanOf(`{"reference":"Patient/none"}`, "")).text(t)
	for _, other := range []string{
		profiles.SystemNHSNumber + `","value":"` + bryn, profiles.SystemNHSNumber + `","value":"` + nobody, profiles.SystemNHSNumber + `","value":"none`,
		"https://fhir.nhs.net/Id/nhs-number" + `","value":"` + bryn,
	} {
		if got := s.send("cmht", http.MethodPost, "/CarePlan", crisisPlanOf(reference+other+`"}}`, "")); got.status != http.StatusUnprocessableEntity || got.text(t) != refusal {
			t.Errorf("%s: %d %.300s", other, got.status, got.body)
		}
	}
	for _, same := range []string{profiles.SystemNHSNumber + `","value":"` + ann, "urn:ours" + `","value":"7`} {
		if got := s.send("cmht", http.MethodPost, "/CarePlan", crisisPlanOf(reference+same+`"}}`, "")); got.status != http.StatusCreated {
			t.Errorf("%s: %d %.300s", same, got.status, got.body)
		}
	}
}

// A subject at the gateway's own address was somebody whom nobody knows.
func TestASubjectAtTheGatewaysOwnAddress(t *testing.T) {
	s := openStand(t)
	patient := "Patient/" + s.get("cmht", "/Patient?identifier="+profiles.SystemNHSNumber+"|"+ann).ids(t)[0]
	got := s.send("cmht", http.MethodPost, "/CarePlan", crisisPlanOf(`{"reference":"`+s.server.URL+`/fhir/R4/`+patient+`"}`, ""))
	if got.status != http.StatusCreated || !strings.Contains(got.body, `"subject":{"reference":"`+patient+`"}`) {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if got := s.send("cmht", http.MethodPost, "/CarePlan", crisisPlanOf(`{"reference":"https://elsewhere.example/fhir/R4/`+patient+`"}`, "")); got.status != http.StatusUnprocessableEntity {
		t.Errorf("at another address: %d %s", got.status, got.body)
	}
}

// id is that of the resource in an answer.
func (a answer) id(t *testing.T) string {
	t.Helper()
	resource, err := fhir.ParseResource([]byte(a.body))
	must(t, err)
	return resource.ID()
}

// keyed is a crisis plan under a key of the system that keeps it.
func keyed(key, title string) string {
	return crisisPlanOf(numbered(ann), `,"title":"`+title+`","identifier":[{"system":"urn:x","value":"`+key+`"}]`)
}

const ofKey = "/CarePlan?identifier=urn:x|"

// A system that knows its own keys and not the gateway's ids writes by a condition: the
// first time makes the record, each other one changes it (R4, http.html#cond-update).
func TestAConditionalUpdateMakesOnceAndThenChanges(t *testing.T) {
	s := openStand(t)
	first := s.send("keeper", http.MethodPut, ofKey+"1", keyed("1", "First"))
	again := s.send("keeper", http.MethodPut, ofKey+"1", keyed("1", "First"))
	next := s.send("keeper", http.MethodPut, ofKey+"1", keyed("1", "Second"))
	if first.status != http.StatusCreated || again.status != http.StatusOK || next.status != http.StatusOK {
		t.Fatalf("%d, %d, %d %s", first.status, again.status, next.status, next.body)
	}
	if again.body != first.body || first.id(t) != next.id(t) || !strings.Contains(next.body, "Second") || first.header.Get("ETag") == next.header.Get("ETag") {
		t.Errorf("made %s, changed %s", first.body, next.body)
	}
	if at := first.header.Get("Location"); !strings.HasSuffix(at, "/CarePlan/"+first.id(t)+"/_history/"+first.version()) {
		t.Errorf("it was made at %q", at)
	}
	withID := strings.Replace(keyed("1", "Third"), `{"resourceType"`, `{"id":"`+next.id(t)+`","resourceType"`, 1)
	if got := s.send("keeper", http.MethodPut, ofKey+"1", withID); got.status != http.StatusOK || !strings.Contains(got.body, "Third") {
		t.Errorf("with its id: %d %s", got.status, got.body)
	}
	if got := s.send("keeper", http.MethodPut, ofKey+"1", keyed("1", "Fourth"), "If-Match", first.header.Get("ETag")); got.status != http.StatusPreconditionFailed {
		t.Errorf("of an old version: %d %s", got.status, got.body)
	}
	if got := s.get("keeper", "/CarePlan/"+next.id(t)); !strings.Contains(got.body, "Third") {
		t.Errorf("it is %s", got.body)
	}
}

func TestWhatAConditionalUpdateRefuses(t *testing.T) {
	s := openStand(t)
	for range 2 {
		if got := s.send("keeper", http.MethodPost, "/CarePlan", keyed("2", "Twin")); got.status != http.StatusCreated {
			t.Fatalf("%d %s", got.status, got.body)
		}
	}
	other := strings.Replace(keyed("1", "Third"), `{"resourceType"`, `{"id":"other","resourceType"`, 1)
	ofNobody := crisisPlanOf(numbered(nobody), `,"identifier":[{"system":"urn:x","value":"1"}]`)
	for name, x := range map[string]struct {
		as, path, body string
		want           int
	}{
		"several match":              {"keeper", ofKey + "2", keyed("2", "One"), http.StatusPreconditionFailed},
		"an id of its own":           {"keeper", ofKey + "1", other, http.StatusBadRequest},
		"of nobody":                  {"keeper", ofKey + "1", ofNobody, http.StatusUnprocessableEntity},
		"about somebody else":        {"keeper", ofKey + "1&patient.identifier=" + profiles.SystemNHSNumber + "|" + bryn, keyed("1", "One"), http.StatusUnprocessableEntity},
		"a partner":                  {"gp", ofKey + "1", keyed("1", "One"), http.StatusUnprocessableEntity},
		"no condition":               {"keeper", "/CarePlan", keyed("1", "One"), http.StatusBadRequest},
		"an empty condition":         {"keeper", "/CarePlan?", keyed("1", "One"), http.StatusBadRequest},
		"one that nobody knows":      {"keeper", ofKey + "1&colour=red", keyed("1", "One"), http.StatusBadRequest},
		"one of a page":              {"keeper", "/CarePlan?_count=1", keyed("1", "One"), http.StatusBadRequest},
		"another type":               {"keeper", "/Goal?identifier=urn:x|1", keyed("1", "One"), http.StatusBadRequest},
		"a type that is read":        {"keeper", "/Patient?identifier=urn:x|1", keyed("1", "One"), http.StatusNotFound},
		"a condition of a patch":     {"keeper", ofKey + "1", "", http.StatusMethodNotAllowed},
		"of a subscription":          {"keeper", "/Subscription?status=active", "{}", http.StatusNotFound},
		"a version that is nobody's": {"keeper", ofKey + "1&_id=x", keyed("1", "One"), http.StatusCreated},
	} {
		method := http.MethodPut
		if x.body == "" {
			method = http.MethodPatch
		}
		if got := s.send(x.as, method, x.path, x.body); got.status != x.want {
			t.Errorf("%s: %d, want %d: %s", name, got.status, x.want, got.body)
		}
	}
}

// A system that sends its records by a condition every night does not undo what others
// have written meanwhile: it changes what it changed of what it sent itself.
func TestAConditionalUpdateUndoesNothing(t *testing.T) {
	s := openStand(t)
	made := s.send("keeper", http.MethodPut, ofKey+"1", keyed("1", "First"))
	path := "/CarePlan/" + made.id(t)
	added := func(words string) {
		t.Helper()
		if got := s.send("cmht", http.MethodPut, path, withActivity(t, s.get("cmht", path).body, "social", words)); got.status != http.StatusOK {
			t.Fatalf("%d %s", got.status, got.body)
		}
	}
	sends := func(title string, want ...string) {
		t.Helper()
		got := s.send("keeper", http.MethodPut, ofKey+"1", keyed("1", title))
		for _, words := range append(want, title, "Call Beth first") {
			if got.status != http.StatusOK || strings.Count(got.body, `"`+words+`"`) != 1 {
				t.Errorf("sent %s: %q is not once in %d %s", title, words, got.status, got.body)
			}
		}
	}
	added("Choir on Mondays")
	sends("First", "Choir on Mondays")
	sends("Second", "Choir on Mondays")
	sends("Second", "Choir on Mondays")
	added("Chess on Fridays")
	sends("Third", "Choir on Mondays", "Chess on Fridays")

	renamed := s.send("cmht", http.MethodPut, path, edited(t, s.get("cmht", path).body, `"Third"`, `"Ours"`))
	clash := s.send("keeper", http.MethodPut, ofKey+"1", keyed("1", "Theirs"))
	if renamed.status != http.StatusOK || clash.status != http.StatusPreconditionFailed || !strings.Contains(clash.body, "CarePlan.title") {
		t.Errorf("both have changed the title: %d, %d %s", renamed.status, clash.status, clash.body)
	}
	sends("Ours", "Choir on Mondays", "Chess on Fridays") // as it is already: and that is what it said last
	sends("Fourth", "Choir on Mondays", "Chess on Fridays")
}

// Of a record that a system has never written, nobody can tell what it changes: it reads
// it, and names the version.
func TestAConditionalUpdateOfWhatOthersWrote(t *testing.T) {
	s := openStand(t)
	made := s.send("cmht", http.MethodPost, "/CarePlan", keyed("1", "First"))
	if got := s.send("keeper", http.MethodPut, ofKey+"1", keyed("1", "Second")); got.status != http.StatusPreconditionRequired {
		t.Errorf("%d %s", got.status, got.body)
	}
	got := s.send("keeper", http.MethodPut, ofKey+"1", keyed("1", "Second"), "If-Match", s.get("keeper", "/CarePlan/"+made.id(t)).header.Get("ETag"))
	next := s.send("keeper", http.MethodPut, ofKey+"1", keyed("1", "Third"))
	if got.status != http.StatusOK || next.status != http.StatusOK || !strings.Contains(next.body, "Third") {
		t.Errorf("%d, %d %s", got.status, next.status, next.body)
	}
}

// Of many who update by the same condition at once, one makes the record.
func TestConditionalUpdateIsAtomic(t *testing.T) {
	s := openStand(t)
	before := s.counted()
	s.token("keeper")
	answers := make(chan answer, 8)
	for range 8 {
		go func() { answers <- s.send("keeper", http.MethodPut, ofKey+"1", keyed("1", "First")) }()
	}
	created := 0
	for range 8 {
		if a := <-answers; a.status == http.StatusCreated {
			created++
		} else if a.status != http.StatusOK {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	if after := s.counted(); created != 1 || after[0] != before[0]+1 {
		t.Errorf("%d were created, %d are there", created, after[0]-before[0])
	}
}

// In a transaction, what a condition finds or makes has a name for the other entries.
func TestConditionalUpdatesOfATransaction(t *testing.T) {
	s := openStand(t)
	const name = "urn:uuid:2d0f5a4e-6c1b-4b57-9a3e-8f5d1c7e4b61"
	goal := `{"resourceType":"Goal","lifecycleStatus":"active","description":{"text":"Sleep"},"subject":` + numbered(ann) + `,"identifier":[{"system":"urn:x","value":"g"}]}`
	plan := crisisPlanOf(numbered(ann), `,"goal":[{"reference":"`+name+`"}]`)
	bundle := bundleFor("transaction", `{`+entryOf("POST", "CarePlan", plan, "")[1:], `{"fullUrl":"`+name+`",`+entryOf("PUT", "Goal?identifier=urn:x|g", goal, "")[1:])
	var goals []string
	for _, want := range []string{"201", "200"} {
		got := s.send("keeper", http.MethodPost, "", bundle)
		if got.status != http.StatusOK || strings.Count(got.body, `"status":"`+want) != 2-len(goals) {
			t.Fatalf("%d %s", got.status, got.body)
		}
		_, after, _ := strings.Cut(got.body, `"goal":[{"reference":"`)
		id, _, _ := strings.Cut(after, `"`)
		goals = append(goals, id)
	}
	if goals[0] != goals[1] || !strings.HasPrefix(goals[0], "Goal/") {
		t.Errorf("the plans refer to %q", goals)
	}
}

// An edit whose answer was lost was made again when it was sent again, although the team
// had ended meanwhile what it had made.
func TestAnEditThatIsSentAgainIsMadeOnce(t *testing.T) {
	s := openStand(t)
	path, mine := s.councilPlan()
	tag := mine.header.Get("ETag")
	body := withActivity(t, mine.body, "work", "A job at the museum")
	send := func(body string) answer {
		return s.send("social-care", http.MethodPut, path, body, "If-Match", tag, "Prefer", "merge")
	}
	first := send(body)
	ended := s.send("cmht", http.MethodPut, path, withoutActivity(t, s.get("cmht", path).body, "A job at the museum"))
	if first.status != http.StatusOK || ended.status != http.StatusOK {
		t.Fatalf("%d, %d %s", first.status, ended.status, ended.body)
	}
	before := s.counted()
	for range 2 {
		if again := send(body); again.status != http.StatusOK || strings.Contains(again.body, "museum") || again.body != s.get("social-care", path).body {
			t.Errorf("%d %s", again.status, again.body)
		}
	}
	if after := s.counted(); after[0] != before[0] {
		t.Error("something was stored")
	}
	if other := send(withActivity(t, mine.body, "work", "A job at the mill")); other.status != http.StatusOK || !strings.Contains(other.body, "mill") {
		t.Errorf("another edit of the same version: %d %s", other.status, other.body)
	}
	s.withdraw()
	if again := send(body); again.status != http.StatusNotFound {
		t.Errorf("after a withdrawal: %d %s", again.status, again.body)
	}
}
