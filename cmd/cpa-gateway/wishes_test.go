package main

import (
	"os"
	"strings"
	"testing"
)

// TestThePageOnWishesIsFollowed does what docs/wishes.md says, beside a practice that asks:
// before the refusal, while it holds, and after it was taken back.
func TestThePageOnWishesIsFollowed(t *testing.T) {
	text, err := os.ReadFile("../../docs/wishes.md")
	if err != nil {
		t.Fatal(err)
	}
	page, back, found := strings.Cut(string(text), "\n## Take it back\n")
	if !found {
		t.Fatal("the page does not say how a wish is taken back")
	}
	s := openStage(t)
	t.Chdir(t.TempDir())
	if err := os.Symlink(s.dir, "cpa"); err != nil {
		t.Fatal(err)
	}
	reads := func() bool {
		t.Helper()
		return strings.Contains(s.do("gp", "POST", "/fhir/R4/CarePlan/_search", "patient.identifier=https://fhir.nhs.uk/Id/nhs-number|9990000018").body, `"CarePlan"`)
	}
	if !reads() {
		t.Error("before the refusal the practice reads nothing")
	}
	followText(t, page, 7)
	if reads() {
		t.Error("the refusal does not hold")
	}
	shown := cli("audit", "show", "--data", "cpa", "--person", "9990000018").must(t, exitDone).out
	released, denied := strings.Index(shown, "\n  released: CarePlan/"), strings.Index(shown, "  DENY  P3  CONSENT_REFUSED\n")
	if released < 0 || denied < released || !strings.Contains(shown[denied:], "\n  because: The person refused sharing") ||
		!strings.Contains(shown[denied:], "\n  asked by: demo-gp") || !strings.Contains(shown[denied:], "\n  wish: ") {
		t.Errorf("the log shows\n%s", shown)
	}
	if p := cli("audit", "show", "--data", "cpa", "--caller", "source:fhir-bundle").must(t, exitDone); !strings.Contains(p.out, "import") {
		t.Errorf("of the import the log shows %s%s", p.out, p.errs)
	}
	cli("audit", "verify", "--data", "cpa").must(t, exitDone)
	followText(t, back, 2)
	if !reads() {
		t.Error("after the refusal was taken back the practice reads nothing")
	}
}
