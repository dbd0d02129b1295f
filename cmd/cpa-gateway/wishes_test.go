package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"cpagateway/gateway/demo"
)

// TestThePageOnWishesIsFollowed does what docs/wishes.md says, and what the same page says in
// Welsh, beside those who ask: before each wish, while it holds, and after it was taken back.
func TestThePageOnWishesIsFollowed(t *testing.T) {
	files := map[string]string{}
	for _, c := range []struct {
		page, lang                             string
		released, denied, because, asked, wish string // as the log says it
	}{
		{"wishes.md", "en", "released: CarePlan/", "DENY  P3  CONSENT_REFUSED\n", "because: The person refused sharing", "asked by: demo-gp", "wish: "},
		{"dymuniadau.md", "cy", "rhyddhawyd: CarePlan/", "GWRTHOD  P3  CONSENT_REFUSED\n", "oherwydd: Gwrthododd y person rannu", "gofynnwyd gan: demo-gp", "dymuniad: "},
	} {
		text, err := os.ReadFile("../../docs/" + c.page)
		if err != nil {
			t.Fatal(err)
		}
		files[c.page] = strings.Join(regexp.MustCompile("(?s)```file .*?```").FindAllString(string(text), -1), "\n")
		t.Run(c.lang, func(t *testing.T) {
			parts := strings.Split(string(text), "\n## ")
			if len(parts) != 8 { // what is decided for somebody is held by the cases 44 to 53
				t.Fatalf("the page has %d parts", len(parts))
			}
			s := openStage(t)
			t.Chdir(t.TempDir())
			if err := os.Symlink(s.dir, "cpa"); err != nil {
				t.Fatal(err)
			}
			search := func(as string) string {
				return s.do(as, "POST", "/fhir/R4/CarePlan/_search", "patient.identifier=https://fhir.nhs.uk/Id/nhs-number|9990000018").body
			}
			read := func(when string, want ...string) {
				t.Helper()
				for _, as := range []string{"gp", "social-care", "ooh", "cmht"} {
					if reads := strings.Contains(search(as), `"CarePlan"`); reads != strings.Contains(strings.Join(want, " "), as) {
						t.Errorf("%s: that %s reads is %v", when, as, reads)
					}
				}
			}
			logged := func(says ...string) string {
				t.Helper()
				shown := cli("audit", "show", "--data", "cpa", "--person", "9990000018", "--lang", c.lang).must(t, exitDone).out
				for _, one := range says {
					if !strings.Contains(shown, one) {
						t.Errorf("the log does not say %q:\n%s", one, shown)
					}
				}
				return shown
			}
			read("before the refusal", "gp", "social-care", "ooh", "cmht")
			followText(t, strings.Join(parts[:4], "\n## "), 7)
			read("while it holds", "ooh", "cmht")
			shown := logged(c.because, c.asked, c.wish)
			if released, denied := strings.Index(shown, "\n  "+c.released), strings.Index(shown, "  "+c.denied); released < 0 || denied < released {
				t.Errorf("the log does not show a release and then a refusal:\n%s", shown)
			}
			wish, _ := cli("consent", "explain", "--data", "cpa", "--person", "9990000018", "--caller", "gp", "--json").must(t, exitDone).object(t)["directive"].(string)
			if p := cli("record", "show", "Consent/"+wish, "--data", "cpa").must(t, exitDone); !strings.Contains(p.out, "fhir-bundle  refusal.json") {
				t.Errorf("of the wish is shown %s", p.out)
			}
			if p := cli("audit", "show", "--data", "cpa", "--caller", "source:fhir-bundle").must(t, exitDone); !strings.Contains(p.out, "import") {
				t.Errorf("of the import the log shows %s%s", p.out, p.errs)
			}
			followText(t, parts[4], 2)
			read("after it was taken back", "gp", "social-care", "ooh", "cmht")
			followText(t, parts[5], 3)
			read("after what the practice may was withdrawn", "social-care", "ooh", "cmht")
			logged("CONSENT_WITHDRAWN")
			followText(t, parts[6], 2)
			read("while a crisis is refused as well", "cmht")
			logged("CONSENT_CRISIS_REFUSED")
			if body := search("ooh"); !strings.Contains(body, demo.DutyLine) {
				t.Errorf("the out-of-hours team is not told whom to call: %s", body)
			}
			cli("audit", "verify", "--data", "cpa").must(t, exitDone)
		})
	}
	if files["wishes.md"] != files["dymuniadau.md"] {
		t.Error("the files on the two pages differ")
	}
}
