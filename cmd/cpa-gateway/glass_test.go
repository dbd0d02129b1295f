package main

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"cpagateway/profiles"
)

// The privacy officer sees who broke the glass, with what they wrote, until a finding is
// kept; another request under the same X-Request-Id is another one to be looked at.
func TestBrokenGlassIsListedUntilItIsLookedAt(t *testing.T) {
	s := openStage(t)
	const words, request = "Found on the bridge at three in the morning, alone", "11111111-2222-4333-8444-555555555555"
	breaks := func(as string, status int) {
		t.Helper()
		body := `{"resourceType":"Parameters","parameter":[{"name":"identifier","valueIdentifier":{"system":"` + profiles.SystemNHSNumber + `","value":"9990000034"}},` +
			`{"name":"reason","valueCode":"statute"},{"name":"reference","valueString":"s.4"},{"name":"text","valueString":"` + words + `"}]}`
		a := s.do(as, http.MethodPost, "/fhir/R4/Patient/$break-glass", body, "Content-Type", "application/fhir+json", "X-Request-Id", request)
		if a.status != status {
			t.Fatalf("%d %s", a.status, a.body)
		}
		if status == http.StatusOK {
			grant := regexp.MustCompile(`"valueString":"([^"]+)"`).FindStringSubmatch(a.body)[1]
			s.do(as, http.MethodPost, "/fhir/R4/CarePlan/_search", "patient.identifier="+profiles.SystemNHSNumber+"|9990000034", "X-Break-Glass", grant)
		}
	}
	list := func(code int, args ...string) []map[string]any {
		t.Helper()
		return cli(append([]string{"glass", "list", "--data", s.dir, "--json"}, args...)...).must(t, code).list(t)
	}
	if got := list(exitDone); len(got) != 0 {
		t.Fatalf("before: %v", got)
	}
	breaks("ooh-glass", http.StatusOK)
	got := list(exitDone)
	if len(got) != 1 || got[0]["words"] != words || got[0]["professional"] != "demo-nurse-1" || got[0]["used"] != 1.0 || got[0]["granted"] != true || got[0]["reason"] != "statute" || got[0]["reference"] != "s.4" || got[0]["overdue"] != false {
		t.Fatalf("%v", got)
	}
	if overdue := cli("glass", "list", "--data", s.dir, "--days", "-1").must(t, exitRefused); !strings.Contains(overdue.out, "OVERDUE") || !strings.Contains(overdue.errs, "glass review ID") || strings.Contains(overdue.out, words) {
		t.Errorf("overdue: %s %s", overdue.out, overdue.errs)
	}
	id := got[0]["id"].(string)
	cli("glass", "review", id, "--data", s.dir, "--finding", "fine", "--ground", "T-1").must(t, exitUsage)
	cli("glass", "review", "NOTHING", "--data", s.dir, "--finding", "justified", "--ground", "T-1").must(t, exitUsage)
	for _, ground := range []string{"", " ", "Ann Evans rang", "999 000 0034", "T-1\nT-2", strings.Repeat("T", 65)} { // kept for ever
		cli("glass", "review", id, "--data", s.dir, "--finding", "justified", "--ground", ground).must(t, exitUsage)
	}
	cli("glass", "review", id, "--data", s.dir, "--finding", "justified", "--ground", "T-1").must(t, exitDone)
	if got := list(exitDone, "--days", "-1"); len(got) != 0 {
		t.Errorf("looked at: %v", got)
	}
	breaks("ooh-glass", http.StatusOK)
	if got := list(exitDone); len(got) != 1 || got[0]["id"] == id || got[0]["finding"] != nil {
		t.Errorf("broken again: %v", got)
	}
	if all := list(exitDone, "--all"); len(all) != 2 || all[0]["finding"] != "justified T-1" {
		t.Errorf("all: %v", all)
	}
	breaks("ooh", http.StatusForbidden) // for another purpose: it stands in the log as refused, without words
	if got := list(exitDone, "--all"); len(got) != 2 {
		t.Errorf("somebody who may not: %v", got)
	}
	shown := cli("audit", "show", "--data", s.dir, "--glass").must(t, exitDone)
	if !strings.Contains(shown.out, "wrote: "+words) || !strings.Contains(shown.out, "glass-review") || !strings.Contains(shown.out, "justified T-1") {
		t.Errorf("%s", shown.out)
	}
	if plain := cli("audit", "verify", "--data", s.dir).must(t, exitDone); plain.errs != "" {
		t.Errorf("%s", plain.errs)
	}
}

// Why, or why not, through broken glass, is explained as well; before anybody breaks it.
func TestBrokenGlassIsExplained(t *testing.T) {
	s := openStage(t)
	explains := func(person, reason string) string {
		t.Helper()
		return cli("consent", "explain", "--data", s.dir, "--person", person, "--caller", "ooh", "--glass", reason).must(t, exitDone).out
	}
	for _, c := range [][3]string{{"9990000034", "emergency", "BREAK_GLASS_OVER_REFUSAL"}, {"9990000050", "emergency", "CONSENT_CRISIS_REFUSED"},
		{"9990000050", "statute", "BREAK_GLASS_OVER_CRISIS_REFUSAL"}, {"9990000034", "other", "BREAK_GLASS_REASON"}} {
		if out := explains(c[0], c[1]); !strings.Contains(out, c[2]) {
			t.Errorf("%s for %s:\n%s", c[0], c[1], out)
		}
	}
}
