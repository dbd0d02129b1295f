package gateway_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cpagateway/consent"
	"cpagateway/gateway/hot"
	"cpagateway/gateway/identity"
	"cpagateway/gateway/store"
	"cpagateway/profiles"
)

// entryOf is one entry of a bundle.
func entryOf(method, url, resource, more string) string {
	if resource != "" {
		resource = `"resource":` + resource + `,`
	}
	return `{` + resource + `"request":{"method":"` + method + `","url":"` + url + `"` + more + `}}`
}

func bundleFor(kind string, entries ...string) string {
	return `{"resourceType":"Bundle","type":"` + kind + `","entry":[` + strings.Join(entries, ",") + `]}`
}

// responses are what came of each entry.
func (a answer) responses(t *testing.T) (list []response) {
	t.Helper()
	var b struct {
		ResourceType, Type string
		Entry              []struct {
			Resource json.RawMessage
			Response response
		}
	}
	must(t, json.Unmarshal([]byte(a.body), &b))
	if b.ResourceType != "Bundle" || !strings.HasSuffix(b.Type, "-response") {
		t.Fatalf("%d %s", a.status, a.body)
	}
	for _, e := range b.Entry {
		e.Response.resource = string(e.Resource)
		list = append(list, e.Response)
	}
	return list
}

type response struct {
	Status, Location, Etag string
	Outcome                json.RawMessage
	resource               string
}

func statuses(list []response) (all []string) {
	for _, r := range list {
		code, _, _ := strings.Cut(r.Status, " ")
		all = append(all, code)
	}
	return all
}

func TestATransactionIsAllOrNothing(t *testing.T) {
	s := openStand(t)
	id := s.planOf("cmht", ann, profiles.CodeMentalHealthPlan)
	mine := s.get("cmht", "/CarePlan/"+id)
	const goal = "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"
	patch := base64.StdEncoding.EncodeToString([]byte(`[{"op":"replace","path":"/title","value":"Ann's own plan"}]`))
	entries := []string{
		entryOf("PATCH", "CarePlan/"+id, `{"resourceType":"Binary","contentType":"application/json-patch+json","data":"`+patch+`"}`, `,"ifMatch":"W/\"`+mine.version()+`\""`),
		entryOf("POST", "CarePlan", crisisPlanOf(numbered(ann), `,"goal":[{"reference":"`+goal+`"}]`), ""),
		`{"fullUrl":"` + goal + `",` + entryOf("POST", "Goal", `{"resourceType":"Goal","lifecycleStatus":"active","description":{"text":"Sleep"},"subject":`+numbered(ann)+`}`, "")[1:],
		entryOf("GET", "CarePlan/"+id, "", ""),
	}
	got := s.send("cmht", http.MethodPost, "", bundleFor("transaction", entries...))
	if got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	list := got.responses(t)
	if want := "[200 201 201 200]"; fmt.Sprint(statuses(list)) != want {
		t.Errorf("%v, want %s\n%s", statuses(list), want, got.body)
	}
	if !strings.Contains(list[3].resource, "Ann's own plan") || list[3].Etag != list[0].Etag {
		t.Errorf("what is read in the transaction is not what it made: %s", list[3].resource)
	}
	goalID := strings.Split(strings.TrimPrefix(list[2].Location, s.road.Base+"/"), "/_history")[0]
	if !strings.Contains(list[1].resource, `"reference":"`+goalID+`"`) {
		t.Errorf("the plan does not lead to %s: %s", goalID, list[1].resource)
	}

	before := s.counted()
	for name, last := range map[string]string{
		"a plan of nobody":         entryOf("POST", "CarePlan", crisisPlanOf(numbered(nobody), ""), ""),
		"an old version":           entryOf("PUT", "CarePlan/"+id, withActivity(t, mine.body, "work", "A job"), `,"ifMatch":"W/\"`+mine.version()+`\""`),
		"an unknown name":          entryOf("POST", "CarePlan", crisisPlanOf(numbered(ann), `,"goal":[{"reference":"urn:uuid:0c3151bd-1cbf-4d64-b04d-000000000000"}]`), ""),
		"a type that is only read": entryOf("POST", "Patient", `{"resourceType":"Patient"}`, ""),
		"what is not FHIR":         entryOf("POST", "CarePlan", `{"resourceType":"CarePlan"}`, ""),
		"what is not there":        entryOf("GET", "CarePlan/never", "", ""),
		"a search":                 entryOf("GET", "CarePlan?_id=x", "", ""),
	} {
		got := s.send("cmht", http.MethodPost, "", bundleFor("transaction", entryOf("POST", "CarePlan", crisisPlanOf(numbered(ann), ""), ""), last))
		if got.status < 400 || got.status >= 500 || strings.Contains(got.body, "Call Beth") {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
		if !strings.Contains(got.body, "Bundle.entry[1]") && name != "a search" {
			t.Errorf("%s: the entry is not named: %s", name, got.body)
		}
		if after := s.counted(); after != before {
			t.Errorf("%s: something was done", name)
		}
	}
}

// In a transaction a name was followed after the resource was checked: a plan could come in
// whose care team was a goal.
func TestATransactionIsCheckedAsItsNamesLead(t *testing.T) {
	s := openStand(t)
	mine := s.get("cmht", "/CarePlan/"+s.planOf("cmht", ann, profiles.CodeMentalHealthPlan))
	const goal = "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"
	made := `{"fullUrl":"` + goal + `",` + entryOf("POST", "Goal", `{"resourceType":"Goal","lifecycleStatus":"active","description":{"text":"Sleep"},"subject":`+numbered(ann)+`}`, "")[1:]
	plan := crisisPlanOf(numbered(ann), `,"careTeam":[{"reference":"`+goal+`"}]`)
	for name, entry := range map[string]string{
		"created":                   entryOf("POST", "CarePlan", plan, ""),
		"created under a condition": entryOf("POST", "CarePlan", plan, `,"ifNoneExist":"identifier=urn:x|none"`),
		"updated": entryOf("PUT", "CarePlan/"+mine.id(t), edited(t, mine.body, `"careTeam":[{"reference":"`, `"careTeam":[{"reference":"`+goal+`"},{"reference":"`),
			`,"ifMatch":"W/\"`+mine.version()+`\""`),
	} {
		before := s.counted()
		got := s.send("cmht", http.MethodPost, "", bundleFor("transaction", made, entry))
		if got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, "Bundle.entry[1]") || !strings.Contains(got.body, "careTeam[0]") {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
		if after := s.counted(); after != before {
			t.Errorf("%s: something was done", name)
		}
	}
}

// A bundle was answered 404 at the address with a slash behind it, to which clients post.
func TestABundleIsTakenAtTheAddressWithASlash(t *testing.T) {
	s := openStand(t)
	got := s.send("cmht", http.MethodPost, "/", bundleFor("transaction", entryOf("POST", "CarePlan", crisisPlanOf(numbered(ann), ""), "")))
	if got.status != http.StatusOK || fmt.Sprint(statuses(got.responses(t))) != "[201]" {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// counted is how many plans of Ann are held, of how many versions.
func (s *stand) counted() (n [2]uint64) {
	s.t.Helper()
	must(s.t, s.store.View(s.t.Context(), func(now store.Snapshot) error {
		person, err := now.Person(profiles.SystemNHSNumber, ann)
		if err != nil {
			return err
		}
		held, err := now.Held(person, "")
		for _, v := range held {
			n[0]++
			n[1] += v.Number
		}
		return err
	}))
	return n
}

func TestABatchIsEachByItself(t *testing.T) {
	s := openStand(t)
	id := s.planOf("cmht", ann, profiles.CodeMentalHealthPlan)
	got := s.send("cmht", http.MethodPost, "", bundleFor("batch",
		entryOf("GET", "CarePlan/"+id, "", ""), entryOf("GET", "CarePlan/never", "", ""), entryOf("POST", "Patient", `{"resourceType":"Patient"}`, ""),
		entryOf("GET", "Patient?"+about(ann)[len("patient."):], "", ""), entryOf("POST", "CarePlan", crisisPlanOf(numbered(ann), ""), "")))
	if want := "[200 404 404 200 201]"; fmt.Sprint(statuses(got.responses(t))) != want {
		t.Errorf("%s, want %s\n%s", statuses(got.responses(t)), want, got.body)
	}
	for _, body := range []string{bundleFor("batch"), bundleFor("collection", entryOf("GET", "CarePlan/x", "", "")), `{"resourceType":"CarePlan"}`, `{`,
		bundleFor("batch", strings.TrimSuffix(strings.Repeat(entryOf("GET", "CarePlan/x", "", "")+",", 101), ","))} {
		if got := s.send("cmht", http.MethodPost, "", body); got.status != http.StatusBadRequest {
			t.Errorf("%d for %.80s", got.status, body)
		}
	}
}

// Every entry of a bundle has its record.
// A search by the address of one by POST was answered in a batch, as it had been by itself, in
// the words in which no plan is answered.
func TestAnEntrySearchesByTheAddressOfASearchByPost(t *testing.T) {
	s := openStand(t)
	for _, person := range []string{ann, elin, nobody} {
		ask := func(path string) answer {
			return s.send("ooh", http.MethodPost, "", bundleFor("batch", entryOf("GET", path+"?"+about(person), "", "")), "X-Request-Id", requestName)
		}
		if want, got := ask("CarePlan"), ask("CarePlan/_search"); got.status != want.status || got.body != want.body {
			t.Errorf("%d %.300s\nwant\n%d %.300s", got.status, got.body, want.status, want.body)
		}
	}
}

func TestEachEntryIsRecorded(t *testing.T) {
	s := openStand(t)
	id := s.planOf("cmht", ann, profiles.CodeMentalHealthPlan)
	count := func() (n int) {
		must(t, s.store.View(t.Context(), func(now store.Snapshot) error {
			slots, err := now.Slots()
			for _, slot := range slots {
				n += int(slot.Seq)
			}
			return err
		}))
		return n
	}
	for kind, want := range map[string]int{"batch": 3, "transaction": 4} {
		before := count()
		entries := []string{entryOf("GET", "CarePlan/"+id, "", ""), entryOf("POST", "CarePlan", crisisPlanOf(numbered(ann), ""), "")}
		if kind == "transaction" {
			entries = append(entries, entryOf("GET", "CarePlan/"+id, "", ""))
		}
		if got := s.send("cmht", http.MethodPost, "", bundleFor(kind, entries...)); got.status != http.StatusOK {
			t.Fatalf("%d %s", got.status, got.body)
		}
		if got := count() - before; got != want {
			t.Errorf("%s: %d entries in the log, want %d", kind, got, want)
		}
	}
}

// rations counts what is taken off a client's rate, and refuses what is beyond a number.
type rations struct {
	hot.State
	left int
}

func (r *rations) Allow(ctx context.Context, client consent.ClientID, rate hot.Rate) (hot.Verdict, error) {
	verdict, err := r.State.Allow(ctx, client, rate)
	r.left--
	verdict.Allowed = verdict.Allowed && r.left >= 0
	return verdict, err
}

// A bundle is no way around the rate of a client: each of its entries is a request.
func TestABundleSpendsTheRateOfItsEntries(t *testing.T) {
	s := openStand(t)
	id := s.planOf("cmht", ann, profiles.CodeMentalHealthPlan)
	left := &rations{State: s.road.Shared, left: 3}
	s.road.Shared = left
	four := []string{entryOf("GET", "CarePlan/"+id, "", ""), entryOf("GET", "CarePlan/"+id, "", ""), entryOf("GET", "CarePlan/"+id, "", "")}
	if got := fmt.Sprint(statuses(s.send("cmht", http.MethodPost, "", bundleFor("batch", four...)).responses(t))); got != "[200 200 429]" {
		t.Errorf("a batch of three where two are left: %s", got)
	}
	left.left = 3
	before := s.counted()
	got := s.send("cmht", http.MethodPost, "", bundleFor("transaction", append(four, entryOf("POST", "CarePlan", crisisPlanOf(numbered(ann), ""), ""))...))
	if got.status != http.StatusTooManyRequests || s.counted() != before {
		t.Errorf("a transaction beyond the rate: %d %s", got.status, got.body)
	}
}

// A client that waits as long as it is told has its transaction made: what was refused took
// what was left of the rate, and one second later there was too little of it again, for ever.
func TestATransactionIsMadeWhenItsClientHasWaited(t *testing.T) {
	s := openStand(t)
	id := s.planOf("cmht", ann, profiles.CodeMentalHealthPlan)
	s.server.Close()
	s.rate, s.tokens = identity.Rate{PerSecond: 1, Burst: 10}, map[string]token{}
	s.open()
	s.clock.still()
	transaction := func(entries int) answer {
		return s.send("cmht", http.MethodPost, "", bundleFor("transaction", slices.Repeat([]string{entryOf("GET", "CarePlan/"+id, "", "")}, entries)...))
	}
	for range 5 {
		s.get("cmht", "/CarePlan/"+id)
	}
	got := transaction(8)
	wait, err := strconv.Atoi(got.header.Get("Retry-After"))
	if got.status != http.StatusTooManyRequests || err != nil {
		t.Fatalf("%d %s, %v", got.status, got.body, err)
	}
	s.clock.advance(time.Duration(wait) * time.Second)
	if got := transaction(8); got.status != http.StatusOK {
		t.Errorf("after %d seconds: %d %s", wait, got.status, got.body)
	}
	if got := transaction(10); got.status != http.StatusBadRequest || !strings.Contains(got.body, "1 to 9 entries") {
		t.Errorf("one that could never be made: %d %s", got.status, got.body)
	}
	s.clock.advance(time.Hour)
	if got := transaction(9); got.status != http.StatusOK {
		t.Errorf("the longest that can: %d %s", got.status, got.body)
	}
}

// What a client could take for the version of a resource stands beside one alone: not
// beside a search, a part, what was deleted, or a refusal.
func TestWhichEntriesHaveAVersion(t *testing.T) {
	s := openStand(t)
	id := s.planOf("cmht", ann, profiles.CodeMentalHealthPlan)
	goal := s.get("cmht", "/Goal?"+about(ann)).ids(t)[0]
	whole := s.get("cmht", "/CarePlan/"+id).header.Get("ETag")
	got := s.send("cmht", http.MethodPost, "", bundleFor("batch",
		entryOf("GET", "CarePlan/"+id, "", ""), entryOf("GET", "CarePlan?_id="+id+"&"+about(ann), "", ""), entryOf("GET", "CarePlan/"+id+"?_summary=true", "", ""),
		entryOf("DELETE", "Goal/"+goal, "", ""), entryOf("GET", "CarePlan/never", "", ""), entryOf("POST", "CarePlan", crisisPlanOf(numbered(ann), ""), ""))).responses(t)
	var tags []string
	for _, r := range got {
		tags = append(tags, r.Etag)
	}
	made := s.get("cmht", strings.Split(strings.TrimPrefix(got[5].Location, s.road.Base), "/_history")[0]).header.Get("ETag")
	if want := []string{whole, "", "", "", "", made}; !slices.Equal(tags, want) || made == "" {
		t.Errorf("%q, want %q", tags, want)
	}
	if got[4].resource != "" || len(got[4].Outcome) == 0 || len(got[0].Outcome) > 0 {
		t.Errorf("an outcome stands where nothing was refused, or none where something was: %+v", got)
	}
}

// Which entry a transaction failed at is the first issue, and says that nothing was done.
func TestATransactionSaysWhereItFailed(t *testing.T) {
	s := openStand(t)
	got := s.send("cmht", http.MethodPost, "", bundleFor("transaction", entryOf("POST", "CarePlan", crisisPlanOf(numbered(ann), ""), ""), entryOf("GET", "CarePlan/never", "", "")))
	const want = `{"severity":"error","code":"not-found","details":{"text":"this entry was refused, and so nothing of the transaction was done"},"expression":["Bundle.entry[1]"]}`
	if got.status != http.StatusNotFound || !strings.Contains(got.body, want) {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// A read gives the part that is asked for wherever it stands, and a part has no version.
func TestAPartIsAPartInATransaction(t *testing.T) {
	s := openStand(t)
	id := s.planOf("cmht", ann, profiles.CodeMentalHealthPlan)
	for _, part := range []string{"_summary=true", "_summary=text", "_elements=status"} {
		want := s.get("cmht", "/CarePlan/"+id+"?"+part).body
		for _, kind := range []string{"batch", "transaction"} {
			got := s.send("cmht", http.MethodPost, "", bundleFor(kind, entryOf("GET", "CarePlan/"+id+"?"+part, "", ""))).responses(t)[0]
			if got.resource != want || got.Etag != "" {
				t.Errorf("%s in a %s: version %q of\n%.300s\nwant\n%.300s", part, kind, got.Etag, got.resource, want)
			}
		}
	}
}
