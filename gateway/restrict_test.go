package gateway_test

import (
	"net/http"
	"strings"
	"testing"

	"cpagateway/profiles"
)

// labelled is a copy with the label V beside what the gateway wrote into its meta.
func labelled(t *testing.T, body string) string {
	t.Helper()
	return edited(t, body, `"security":[`, `"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"V"},`)
}

// Meta is the gateway's and what comes back of it said nothing: so a team that labelled a
// plan as very restricted was answered 200, and everybody went on reading it.
func TestATeamRestrictsAPlan(t *testing.T) {
	const add = `[{"op":"add","path":"/meta/security/-","value":{"code":"V"}}]`
	for name, send := range map[string]func(s *stand, path string, read answer) answer{
		"by an update": func(s *stand, path string, read answer) answer {
			return s.send("cmht", http.MethodPut, path, labelled(t, read.body))
		},
		"with another edit": func(s *stand, path string, read answer) answer {
			return s.send("cmht", http.MethodPut, path, edited(t, labelled(t, read.body), `"status":"active"`, `"status":"on-hold"`))
		},
		"in a transaction": func(s *stand, path string, read answer) answer {
			return s.send("cmht", http.MethodPost, "", bundleFor("transaction", entryOf("PUT", path[1:], labelled(t, read.body), "")))
		},
		"by a patch": func(s *stand, path string, read answer) answer {
			return s.send("cmht", http.MethodPatch, path, add, "If-Match", read.header.Get("ETag"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := openStand(t)
			path := "/CarePlan/" + s.planOf("cmht", ann, profiles.CodeMentalHealthPlan)
			read := s.get("cmht", path)
			if got := s.get("social-care", path); got.status != http.StatusOK {
				t.Fatalf("before: %d", got.status)
			}
			if got := send(s, path, read); got.status != http.StatusOK {
				t.Fatalf("%d %s", got.status, got.body)
			}
			stored := s.stored("CarePlan", path[len("/CarePlan/"):])
			if !profiles.VeryRestricted(stored) || strings.Contains(name, "another") != strings.Contains(string(stored.Raw()), "on-hold") {
				t.Errorf("stored: %s", stored.Raw())
			}
			for _, who := range []string{"social-care", "gp"} {
				if got := s.get(who, path); got.status != http.StatusNotFound {
					t.Errorf("%s reads it: %d %s", who, got.status, got.body)
				}
			}
			again := s.get("cmht", path)
			if got := s.send("cmht", http.MethodPut, path, again.body); got.status != http.StatusOK || !profiles.VeryRestricted(s.stored("CarePlan", path[len("/CarePlan/"):])) {
				t.Errorf("a copy that comes back opens it: %d", got.status)
			}
		})
	}
}

// A system that writes by its own key restricts by it too.
func TestAConditionalUpdateRestricts(t *testing.T) {
	s := openStandUsing(t, keeping)
	made := s.send("keeper", http.MethodPut, ofKey+"kept", keyed("kept", "First"))
	id := made.id(t)
	if s.get("cmht", "/CarePlan/"+id).status != http.StatusOK {
		t.Fatalf("%d %s", made.status, made.body)
	}
	body := edited(t, keyed("kept", "First"), `"resourceType":"CarePlan"`, `"resourceType":"CarePlan","meta":{"security":[{"code":"V"}]}`)
	for range 2 { // and without the label it stays
		if got := s.send("keeper", http.MethodPut, ofKey+"kept", body); got.status != http.StatusOK || !profiles.VeryRestricted(s.stored("CarePlan", id)) {
			t.Errorf("%d %s: %s", got.status, got.body, s.stored("CarePlan", id).Raw())
		}
		body = keyed("kept", "First")
	}
}

// One part of a plan could hide all of it from everybody else, the team included.
func TestACouncilRestrictsNothing(t *testing.T) {
	s := openStand(t)
	path, mine := s.councilPlan()
	before := string(s.stored("CarePlan", path[len("/CarePlan/"):]).Raw())
	for _, body := range []string{labelled(t, mine.body), labelled(t, withActivity(t, mine.body, "accommodation", "A flat"))} {
		if got := s.send("social-care", http.MethodPut, path, body); got.status != http.StatusUnprocessableEntity {
			t.Errorf("%d %s", got.status, got.body)
		}
	}
	patch := `[{"op":"add","path":"/meta/security/-","value":{"code":"V"}}]`
	if got := s.send("social-care", http.MethodPatch, path, patch, "If-Match", mine.header.Get("ETag")); got.status != http.StatusUnprocessableEntity {
		t.Errorf("by a patch: %d %s", got.status, got.body)
	}
	if after := string(s.stored("CarePlan", path[len("/CarePlan/"):]).Raw()); after != before {
		t.Errorf("stored: %s", after)
	}
}
