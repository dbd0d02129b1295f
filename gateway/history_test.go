package gateway_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"cpagateway/consent"
	"cpagateway/gateway/records/recordstest"
	"cpagateway/gateway/store"
	"cpagateway/profiles"
)

// versionsIn are the versions that a page of a history gives, in its order.
func versionsIn(t *testing.T, a answer) (list []string) {
	t.Helper()
	var b struct {
		Type  string
		Total *int
		Entry []struct {
			Resource struct{ Meta struct{ VersionID string } }
			Response struct{ Etag string }
			Request  struct{ Method, URL string }
		}
	}
	must(t, json.Unmarshal([]byte(a.body), &b))
	for _, e := range b.Entry {
		list = append(list, e.Resource.Meta.VersionID)
		if e.Response.Etag != `W/"`+e.Resource.Meta.VersionID+`"` || e.Request.Method != http.MethodPut || e.Request.URL == "" {
			t.Errorf("an entry %+v", e)
		}
	}
	if a.status != http.StatusOK || b.Type != "history" || b.Total != nil || a.header.Get("ETag") != "" {
		t.Errorf("%d %.300s", a.status, a.body)
	}
	return list
}

// A history gives each caller the versions that it saw change, and reads of them give the
// same.
func TestHistoryIsOfWhatIsSeen(t *testing.T) {
	s := openStand(t)
	path := "/CarePlan/" + s.planOf("cmht", ann, profiles.CodeMentalHealthPlan)
	council := "/CarePlan/" + s.planOf("social-care", ann, profiles.CodeMentalHealthPlan)
	if path != council {
		t.Fatalf("%s and %s", path, council)
	}
	for i, area := range []string{"work", "social", "finance"} { // the council sees no finance of hers
		mine := s.get("cmht", path)
		if got := s.send("cmht", http.MethodPut, path, withActivity(t, mine.body, area, fmt.Sprint("step ", i)), "If-Match", mine.header.Get("ETag")); got.status != http.StatusOK {
			t.Fatalf("%d %s", got.status, got.body)
		}
	}
	for as, want := range map[string]int{"cmht": 4, "social-care": 3} {
		a := s.get(as, path+"/_history")
		versions := versionsIn(t, a)
		if len(versions) != want || versions[0] != s.get(as, path).version() {
			t.Errorf("%s is given %v, the newest is %s", as, versions, s.get(as, path).version())
		}
		for _, version := range versions {
			if one := s.get(as, path+"/_history/"+version); one.status != http.StatusOK || !strings.Contains(a.body, one.body) {
				t.Errorf("%s: version %s is %d %s", as, version, one.status, one.body)
			}
		}
	}
	if a := s.get("social-care", path+"/_history"); strings.Contains(a.body, "step 2") {
		t.Errorf("the council sees %s", a.body)
	}
	for _, as := range []string{"ooh-unlisted", "social-care-b"} {
		if a, never := s.get(as, path+"/_history"), s.get(as, "/CarePlan/never/_history"); a.status != http.StatusNotFound || len(a.body) != len(never.body) {
			t.Errorf("%s: %d %s", as, a.status, a.body)
		}
	}
	if a := s.get("cmht", path+"/_history?_since=2026"); a.status != http.StatusBadRequest {
		t.Errorf("a parameter: %d", a.status)
	}
}

// A history comes in pages of a hundred versions, of which each caller follows its own.
func TestAHistoryHasPages(t *testing.T) {
	s := openStand(t)
	path := "/CarePlan/" + s.planOf("cmht", ann, profiles.CodeMentalHealthPlan)
	for i := range 101 {
		match := s.get("cmht", path).header.Get("ETag")
		patch := fmt.Sprintf(`[{"op":"replace","path":"/title","value":"Title %d"}]`, i)
		if got := s.send("cmht", http.MethodPatch, path, patch, "If-Match", match, "Prefer", "return=minimal"); got.status != http.StatusOK {
			t.Fatalf("%d %s", got.status, got.body)
		}
	}
	first := s.get("cmht", path+"/_history")
	if versions := versionsIn(t, first); len(versions) != 100 || !strings.Contains(first.body, `"title":"Title 100"`) || strings.Contains(first.body, `"title":"Title 0"`) {
		t.Errorf("%d versions", len(versions))
	}
	_, next, _ := strings.Cut(first.body, `"relation":"next","url":"`+s.road.Base)
	next, _, _ = strings.Cut(next, `"`)
	rest := s.get("cmht", next)
	if versions := versionsIn(t, rest); len(versions) != 2 || !strings.Contains(rest.body, `"title":"Title 0"`) || strings.Contains(rest.body, "_cursor") {
		t.Errorf("then %d versions: %.300s", len(versions), rest.body)
	}
	other := "/CarePlan/" + s.planOf("cmht", ann, profiles.CodeCrisisPlan) + "/_history"
	for what, a := range map[string]answer{
		"another caller":   s.get("keeper", next),
		"another plan":     s.get("cmht", strings.Replace(next, path+"/_history", other, 1)),
		"a search":         s.get("cmht", strings.Replace(next, path+"/_history", "/CarePlan", 1)),
		"two places":       s.get("cmht", next+"&_cursor=x"),
		"no place":         s.get("cmht", path+"/_history?_cursor=x"),
		"of another thing": s.get("cmht", path+"/_history?_count=3"),
	} {
		if a.status != http.StatusBadRequest {
			t.Errorf("%s: %d %.300s", what, a.status, a.body)
		}
	}
}

// A history reaches behind any number of versions that the caller does not see.
func TestAHistoryReachesBehindWhatIsHidden(t *testing.T) {
	s := openStand(t)
	id := s.planOf("social-care", ann, profiles.CodeMentalHealthPlan)
	whose, err := recordstest.Of(s.store).PersonOf(t.Context(), "CarePlan", id)
	must(t, err)
	first := withActivity(t, string(s.stored("CarePlan", id).Raw()), "social", "a choir")
	bodies := []string{first}
	for i := range 1001 {
		bodies = append(bodies, withActivity(t, first, "finance", fmt.Sprint("step ", i))) // which the council does not see
	}
	bodies = append(bodies, withActivity(t, first, "work", "a job"))
	var changes []consent.Accepted
	for _, body := range bodies {
		changes = append(changes, recordstest.Accept(t, "7A4", whose, body))
	}
	recordstest.Put[store.Snapshot, store.Tx](t, s.store, s.clock.Now(), changes...)
	for as, want := range map[string]int{"cmht": 100, "social-care": 3} {
		if versions := versionsIn(t, s.get(as, "/CarePlan/"+id+"/_history")); len(versions) != want {
			t.Errorf("%s is given %d versions, want %d", as, len(versions), want)
		}
	}
}
