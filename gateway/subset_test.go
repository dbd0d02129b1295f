package gateway_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"cpagateway/gateway"
)

// total is what a searchset tells of how many matches there are.
func (a answer) total(t *testing.T) (int, bool) {
	t.Helper()
	var b struct{ Total *int }
	must(t, json.Unmarshal([]byte(a.body), &b))
	if b.Total == nil {
		return 0, false
	}
	return *b.Total, true
}

var searched = []string{"CarePlan", "CareTeam", "EpisodeOfCare", "Flag", "Goal", "RiskAssessment"}

// A client could not ask how many there are. The number is that of what it may be
// shown, and nobody and somebody hidden are nought.
func TestTheTotalCountsWhatMayBeSeen(t *testing.T) {
	s := openStand(t)
	counted := 0
	for _, as := range []string{"cmht", "ooh", "gp", "social-care", "ooh-unlisted"} {
		for _, person := range []string{ann, bryn, elin, nobody} {
			for _, typ := range searched {
				path := "/" + typ + "?" + about(person)
				want := len(s.get(as, path+"&_count=100").ids(t))
				counted += want
				for _, ask := range []string{"_summary=count", "_count=0", "_totalMethod=count", "_total=accurate", "_total=estimate&_count=1", "_summary=count&_count=5", "_total=accurate&_summary=data"} {
					a := s.get(as, path+"&"+ask)
					if got, told := a.total(t); a.status != http.StatusOK || !told || got != want {
						t.Errorf("%s: %s of %s with %s: %d, total %d, want %d", as, typ, person, ask, a.status, got, want)
					}
					if alone := strings.HasPrefix(ask, "_summary=count") || ask == "_count=0"; alone && len(a.ids(t)) != 0 {
						t.Errorf("%s: %s: matches stand beside the total", as, ask)
					}
				}
				for _, ask := range []string{"", "&_total=none", "&_summary=false"} {
					if _, told := s.get(as, path+ask).total(t); told {
						t.Errorf("%s%s tells a total", typ, ask)
					}
				}
			}
		}
	}
	if counted < 50 {
		t.Errorf("only %d resources were counted", counted)
	}
	hidden, unknown := s.get("ooh-unlisted", crisisPath()+"&_summary=count"), s.get("ooh-unlisted", "/CarePlan?"+about(nobody)+"&category=736253002&_summary=count")
	if hidden.body != unknown.body || !strings.Contains(hidden.body, "Nothing shown") {
		t.Errorf("hidden and unknown differ:\n%s\n%s", hidden.body, unknown.body)
	}
	if got, told := s.get("cmht", "/Practitioner?_id=unknown&_summary=count").total(t); got != 0 || !told {
		t.Errorf("of nobody on the staff: %d", got)
	}
}

// Every page tells the same total.
func TestTheTotalIsThatOfEveryPage(t *testing.T) {
	s := openStand(t)
	all := len(s.get("cmht", "/Goal?"+about(ann)).ids(t))
	walked := pages(t, s, "cmht", "/Goal?"+about(ann)+"&_count=2&_total=accurate&_elements=description")
	if len(walked) < 2 {
		t.Fatal("one page: the test could not fail")
	}
	for _, page := range walked {
		if got, told := page.total(t); !told || got != all || strings.Contains(page.body, `"versionId"`) {
			t.Errorf("a page tells %d of %d: %.300s", got, all, page.body)
		}
	}
}

// A part is of the copy that the caller may see: it says so, has no version, and each
// of its elements is as it stands in the whole.
func TestAPartIsAPartOfTheCopy(t *testing.T) {
	s := openStand(t)
	looked := 0
	for _, as := range []string{"cmht", "ooh", "gp", "social-care"} {
		for _, typ := range searched {
			for _, id := range s.get(as, "/"+typ+"?"+about(ann)).ids(t) {
				var whole map[string]any
				read := s.get(as, "/"+typ+"/"+id)
				must(t, json.Unmarshal([]byte(read.body), &whole))
				version := "/" + typ + "/" + id + "/_history/" + read.version()
				for _, ask := range []string{"_summary=true", "_summary=text", "_summary=data", "_elements=identifier", "_elements=extension"} {
					for _, path := range []string{"/" + typ + "/" + id, version} {
						a := s.get(as, path+"?"+ask, "If-None-Match", read.header.Get("ETag"))
						var part map[string]any
						if err := json.Unmarshal([]byte(a.body), &part); err != nil || a.status != http.StatusOK || a.header.Get("ETag") != "" {
							t.Fatalf("%s: %s?%s: %d, ETag %q", as, typ, ask, a.status, a.header.Get("ETag"))
						}
						looked++
						comparePart(t, typ+"?"+ask, whole, part)
					}
				}
			}
		}
	}
	if looked < 100 {
		t.Errorf("only %d parts", looked)
	}
	head := s.do("cmht", http.MethodHead, gateway.Prefix+"/CareTeam/"+s.get("cmht", "/CareTeam?"+about(ann)).ids(t)[0]+"?_summary=true", "")
	if head.status != http.StatusOK || head.header.Get("ETag") != "" {
		t.Errorf("HEAD: %d %s", head.status, head.header.Get("ETag"))
	}
}

func comparePart(t *testing.T, name string, whole, part map[string]any) {
	t.Helper()
	meta := part["meta"].(map[string]any)
	if meta["versionId"] != nil || !strings.Contains(fmt.Sprint(meta["tag"]), "SUBSETTED") {
		t.Errorf("%s: meta %v", name, meta)
	}
	for member, value := range part {
		if member != "meta" && !reflect.DeepEqual(value, whole[member]) {
			t.Errorf("%s: %s is not as it stands in the whole", name, member)
		}
	}
	for _, always := range []string{"id", "status", "lifecycleStatus", "intent", "subject"} {
		if always != "subject" && whole[always] != nil && part[always] == nil {
			t.Errorf("%s: without its %s", name, always)
		}
	}
	if text := strings.Contains(name, "_summary=text"); whole["text"] != nil && (part["text"] != nil) != text {
		t.Errorf("%s: the narrative: %v", name, part["text"] != nil)
	}
	if strings.Contains(name, "_summary=data") {
		delete(whole, "text")
		if got, want := slices.Sorted(maps.Keys(part)), slices.Sorted(maps.Keys(whole)); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	} else if strings.HasPrefix(name, "CarePlan?") && len(part) >= len(whole) {
		t.Errorf("%s: nothing was left out", name)
	}
}

// Elements are chosen by the names that R4 and JSON give them.
func TestElementsAreChosenByName(t *testing.T) {
	s := openStand(t)
	id := s.get("cmht", "/Patient?identifier="+number(ann)).ids(t)[0]
	for elements, want := range map[string][]string{
		"birthDate":            {"birthDate"},
		"Patient.name,gender":  {"gender", "name"},
		"deceased,birthDate":   {"birthDate"},
		"communication":        {"communication"},
		"managingOrganization": {"managingOrganization"},
	} {
		var patient map[string]any
		must(t, json.Unmarshal([]byte(s.get("cmht", "/Patient/"+id+"?_elements="+elements).body), &patient))
		for _, always := range []string{"resourceType", "id", "meta", "active"} {
			delete(patient, always)
		}
		if got := slices.Sorted(maps.Keys(patient)); !slices.Equal(got, want) {
			t.Errorf("_elements=%s gives %v", elements, got)
		}
	}
}
