package gateway_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"cpagateway/consent"
	"cpagateway/gateway"
	"cpagateway/gateway/demo"
)

// included are the entries that stand beside the matches, as Type/id.
func (a answer) included(t *testing.T) (refs []string) {
	t.Helper()
	for _, e := range a.bundle(t).Entry {
		if e.Search.Mode == "include" {
			refs = append(refs, e.Resource["resourceType"].(string)+"/"+e.Resource["id"].(string))
		}
	}
	return refs
}

// A client asked for a plan and its person in one request, and was refused.
func TestAnIncludeGivesWhatCouldHaveBeenAskedFor(t *testing.T) {
	s := openStand(t)
	given := 0
	for _, as := range []string{"cmht", "ooh", "gp", "social-care", "ooh-unlisted"} {
		for _, include := range []string{"CarePlan:subject", "CarePlan:patient", "CarePlan:subject:Patient", "CarePlan:goal", "CarePlan:care-team", "CareTeam:participant", "CareTeam:participant:PractitionerRole", "EpisodeOfCare:organization", "EpisodeOfCare:care-manager-role"} {
			typ, _, _ := strings.Cut(include, ":")
			path := "/" + typ + "?" + about(ann)
			plain, a := s.get(as, path), s.get(as, path+"&_include="+include)
			if a.status != http.StatusOK || !slices.Equal(plain.ids(t), a.ids(t)) {
				t.Fatalf("%s: %s: %d, %v", as, include, a.status, a.ids(t))
			}
			refs := a.included(t)
			for i, ref := range refs {
				given++
				read := s.get(as, "/"+ref)
				if read.status != http.StatusOK || !strings.Contains(a.body, read.body) || slices.Contains(refs[:i], ref) || !strings.Contains(plain.body, `"`+ref+`"`) {
					t.Errorf("%s: %s gave %s, which alone answers %d", as, include, ref, read.status)
				}
			}
			for _, e := range plain.bundle(t).Entry {
				if subject, ok := e.Resource["subject"].(map[string]any); ok && strings.HasPrefix(include, "CarePlan:subject") && !slices.Contains(refs, subject["reference"].(string)) {
					t.Errorf("%s: %s left out the person of a plan that was found", as, include)
				}
			}
		}
	}
	if given < 30 {
		t.Errorf("only %d resources were included", given)
	}
	both := s.get("cmht", "/CarePlan?"+about(ann)+"&_include=CarePlan:subject&_include=CarePlan:care-team&_elements=status", "X-Request-Id", requestName)
	if refs := both.included(t); len(refs) != 2 {
		t.Errorf("two includes gave %v", refs)
	}
	released := 0
	for _, row := range s.recorded(requestName) {
		released += len(row.Released)
	}
	if want := len(both.ids(t)) + 2; released != want {
		t.Errorf("%d resources are on record, want %d", released, want)
	}
	s.verified()
}

// Of two custodians each plan brings the Patient of its own custodian: that it refers to.
func TestAnIncludeFollowsEachCustodiansOwn(t *testing.T) {
	s := openStand(t)
	s.share()
	s.bringInFor(secondBoard, consent.On, s.annAt(secondBoard, asItIs))
	a := s.get("gp", "/CarePlan?"+about(ann)+"&_include=CarePlan:subject")
	refs := a.included(t)
	if len(refs) != 2 {
		t.Errorf("included: %v, want the Patients of two custodians", refs)
	}
	for _, e := range a.bundle(t).Entry {
		if subject, ok := e.Resource["subject"].(map[string]any); ok && !slices.Contains(refs, subject["reference"].(string)) {
			t.Errorf("a plan refers to %s, which is not there", subject["reference"])
		}
	}
}

// Of every match, and not of the first alone, only what is asked for is given.
func TestEveryMatchIsThePartThatIsAskedFor(t *testing.T) {
	s := openStand(t)
	entries := s.get("cmht", "/Goal?"+about(ann)+"&_elements=lifecycleStatus").bundle(t).Entry
	if len(entries) < 2 {
		t.Fatal("one match: the test could not fail")
	}
	for _, e := range entries {
		if e.Resource["target"] != nil || e.Resource["meta"].(map[string]any)["tag"] == nil {
			t.Errorf("more than was asked for, or not said to be a part: %v", e.Resource)
		}
	}
	entries = s.get("cmht", "/CarePlan?"+about(ann)+"&_include=CarePlan:goal&_summary=true").bundle(t).Entry
	if len(entries) < 6 {
		t.Fatal("too few stand beside the matches: the test could not fail")
	}
	for _, e := range entries {
		if e.Resource["meta"].(map[string]any)["tag"] == nil {
			t.Errorf("%s %s is not said to be a part", e.Search.Mode, e.FullURL)
		}
		if want := s.road.Base + "/" + e.Resource["resourceType"].(string) + "/" + e.Resource["id"].(string); e.FullURL != want {
			t.Errorf("the address is %s, want %s", e.FullURL, want)
		}
	}
}

// What is included is that of the page it stands on.
func TestEveryPageHasItsIncludes(t *testing.T) {
	s := openStand(t)
	walked := pages(t, s, "cmht", "/Goal?"+about(ann)+"&_count=2&_include=Goal:subject")
	if len(walked) < 2 {
		t.Fatal("one page: the test could not fail")
	}
	for _, page := range walked {
		if refs := page.included(t); len(refs) != 1 || !strings.HasPrefix(refs[0], "Patient/") {
			t.Errorf("a page has %v", refs)
		}
	}
}

// Nobody and somebody hidden are one answer with an include as well, and leave as much
// on record.
func TestAnIncludeTellsNothingOfWhatIsHidden(t *testing.T) {
	s := openStand(t)
	const more = "&category=736253002&_include=CarePlan:subject&_summary=data"
	hidden := s.get("ooh-unlisted", "/CarePlan?"+about(ann)+more, "X-Request-Id", requestName)
	rows := len(s.recorded(requestName))
	unknown := s.get("ooh-unlisted", "/CarePlan?"+about(nobody)+more, "X-Request-Id", requestName)
	if hidden.body != unknown.body {
		t.Errorf("hidden and unknown differ:\n%s\n%s", hidden.body, unknown.body)
	}
	if after := len(s.recorded(requestName)) - rows; after != rows {
		t.Errorf("%d entries of somebody hidden, %d of nobody", rows, after)
	}
}

// The author of a plan was told of nowhere in the crisis answer.
func TestTheAuthorStandsInTheCrisisPlan(t *testing.T) {
	s := openStand(t)
	for language, want := range map[string]string{
		"en": `Written by / <span lang=\"cy\" xml:lang=\"cy\">Ysgrifennwyd gan</span>: Tomos Lewis`,
		"cy": `<span lang=\"cy\" xml:lang=\"cy\">Ysgrifennwyd gan</span> / Written by: Tomos Lewis`,
	} {
		a := s.get("ooh", "/CarePlan?"+about(ann)+"&category=736253002", "Accept-Language", language)
		if !strings.Contains(a.body, want) {
			t.Errorf("%s: the author is not in %s", language, a.body)
		}
	}
	if a := s.get("social-care", "/CarePlan?"+about(ann)); strings.Contains(a.body, `"author"`) {
		t.Error("the author is told to whoever may not know how fresh the plan is")
	}
}

// A plan that is a match is not given a second time for another match that refers to it.
func TestAMatchIsNotIncludedAsWell(t *testing.T) {
	s := openStand(t)
	crisis := s.get("cmht", crisisPath()+"&_include=CarePlan:part-of")
	whole := crisis.included(t)
	if len(whole) != 1 {
		t.Fatalf("the crisis plan is part of %v: the test looks at nothing", whole)
	}
	all := s.get("cmht", "/CarePlan?"+about(ann)+"&_include=CarePlan:part-of")
	if ids := all.ids(t); !slices.Contains(ids, strings.TrimPrefix(whole[0], "CarePlan/")) || len(all.included(t)) != 0 {
		t.Errorf("matches %v, and beside them %v", ids, all.included(t))
	}
}

// What the token does not reach is not read out of the narrative of what it does reach.
func TestANarrativeReadsOutWhatCouldBeAskedForAlone(t *testing.T) {
	s := openStand(t)
	for scope, name := range map[string]bool{"system/CarePlan.rs system/Patient.rs": true, "system/CarePlan.rs": false} {
		a := s.do("", http.MethodGet, gateway.Prefix+"/CarePlan?"+about(bryn), "", "Authorization", "Bearer "+s.newToken(demo.Ask{Name: "ooh", Scope: scope}))
		entries := a.bundle(t).Entry
		if told := fmt.Sprint(entries[0].Resource["text"]); strings.Contains(told, "<b>Bryn ") != name || !strings.Contains(told, "<h2>Crisis plan") {
			t.Errorf("%s: %d, read out: %s", scope, a.status, told)
		}
	}
}
