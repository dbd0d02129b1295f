package profiles_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cpagateway/gateway/texts"
	"cpagateway/profiles"
)

func TestCodeSystems(t *testing.T) {
	systems := profiles.CodeSystems()
	var urls []string
	for _, s := range systems {
		urls = append(urls, s.URL)
		if !strings.HasPrefix(s.URL, profiles.Base+"/CodeSystem/CPAWales-") || "CodeSystem/"+s.Name != strings.TrimPrefix(s.URL, profiles.Base+"/") {
			t.Errorf("%s named %s is not one of ours", s.URL, s.Name)
		}
		if s.Title.English == "" || s.Title.Welsh == "" || len(s.Concepts) == 0 {
			t.Errorf("%s lacks a title or concepts", s.URL)
		}
		for _, c := range s.Concepts {
			if c.English == "" || c.Welsh == "" || c.English == c.Welsh {
				t.Errorf("%s %s is not in both languages", s.Name, c.Code)
			}
			if profiles.Display(s.URL, c.Code, texts.Welsh) != c.Welsh {
				t.Errorf("%s %s has another display", s.Name, c.Code)
			}
		}
	}
	want := []string{
		profiles.SystemArea, profiles.SystemStatutoryArea, profiles.SystemItem, profiles.SystemTeamRole,
		profiles.SystemTeamCategory, profiles.SystemFlag, profiles.SystemDuty, profiles.SystemPlanPart, profiles.SystemPlanCategory,
		profiles.SystemPlanType, profiles.SystemEpisodeKind, profiles.SystemReviewReason, profiles.SystemAgreement,
		profiles.SystemRestriction, profiles.SystemDecidedFor,
	}
	if !slices.Equal(urls, want) {
		t.Errorf("published %v\nwant %v", urls, want)
	}
	systems[0].Concepts[0].Code = "spoilt"
	if profiles.CodeSystems()[0].Concepts[0].Code == "spoilt" {
		t.Error("a caller can change what others are given")
	}
}

// TestNineAreasToEight: medical treatment and other forms of treatment are one
// in law, the other seven stand for themselves, and each is an item.
func TestNineAreasToEight(t *testing.T) {
	from := make(map[string][]string)
	var set profiles.ItemSet
	for _, area := range profiles.AreaCodes() {
		statutory := profiles.StatutoryArea(area)
		if !profiles.Known(profiles.SystemStatutoryArea, statutory) {
			t.Errorf("%s leads to %q, which is no statutory area", area, statutory)
		}
		from[statutory] = append(from[statutory], area)
		item, err := profiles.ParseItem("plan.area." + area)
		if err != nil {
			t.Error(err)
		}
		set = set.Union(item)
		same := profiles.Display(profiles.SystemArea, area, texts.Welsh) == profiles.Display(profiles.SystemStatutoryArea, statutory, texts.Welsh)
		if same == (statutory == "viii") {
			t.Errorf("%s and (%s) are worded alike: %v", area, statutory, same)
		}
	}
	if len(profiles.AreaCodes()) != 9 || len(from) != 8 || !slices.Equal(from["viii"], []string{"medical", "therapy"}) {
		t.Errorf("crosswalk %v", from)
	}
	if set != profiles.Areas {
		t.Errorf("the areas are the items %v", set)
	}
	if profiles.StatutoryArea("housing") != "" || profiles.StatutoryArea("") != "" {
		t.Error("an unknown area has a statutory one")
	}
}

// TestItemsAreTheVocabulary: the items of item.go, in their order.
func TestItemsAreTheVocabulary(t *testing.T) {
	var codes []string
	for _, system := range profiles.CodeSystems() {
		if system.URL == profiles.SystemItem {
			for _, c := range system.Concepts {
				codes = append(codes, c.Code)
			}
		}
	}
	if !slices.Equal(codes, profiles.AllItems.Codes()) {
		t.Errorf("vocabulary %v\nitems %v", codes, profiles.AllItems.Codes())
	}
}

// TestLegalStatusNeedsItsSystem: 35 is a community treatment order in Wales and
// guardianship in England; 34, 36, 37 and 38 exist on one side only.
func TestLegalStatusNeedsItsSystem(t *testing.T) {
	wales, england := profiles.SystemLegalStatusWales, profiles.SystemLegalStatusEngland
	if w := profiles.Display(wales, "35", texts.English); w != "Community treatment order" {
		t.Errorf("Wales 35 is %q", w)
	}
	if e := profiles.Display(england, "35", texts.English); e != "Guardianship under section 7" {
		t.Errorf("England 35 is %q", e)
	}
	for code, where := range map[string][2]bool{"34": {true, false}, "30": {true, false}, "36": {false, true}, "37": {false, true}, "38": {false, true}, "99": {false, true}} {
		if got := [2]bool{profiles.Known(wales, code), profiles.Known(england, code)}; got != where {
			t.Errorf("%s: known in Wales, England: %v, want %v", code, got, where)
		}
	}
	if profiles.Known("", "35") || profiles.Display("", "35", texts.English) != "" {
		t.Error("a legal status without a system is known")
	}
}

// TestLegalStatusListsAreWhole holds both lists to those that UK Core publishes.
func TestLegalStatusListsAreWhole(t *testing.T) {
	dir := shared(t, "fhir/ukcore/codesystems")
	for _, system := range []string{profiles.SystemLegalStatusWales, profiles.SystemLegalStatusEngland} {
		b, err := os.ReadFile(filepath.Join(dir, "CodeSystem-"+lastPart(system)+".xml"))
		if err != nil {
			t.Fatal(err)
		}
		pieces := strings.Split(string(b), `<code value="`)[1:]
		if len(pieces) < 20 {
			t.Fatalf("%s: %d codes read", system, len(pieces))
		}
		for _, piece := range pieces {
			if code, _, _ := strings.Cut(piece, `"`); !profiles.Known(system, code) {
				t.Errorf("%s %s is not in vocabulary.txt", lastPart(system), code)
			}
		}
	}
}

func TestTeamSystem(t *testing.T) {
	if got, want := profiles.TeamSystem("7A4"), "https://fhir.cpa-gateway.example/Id/team/7A4"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestConfirmedWelshIsTheLaws: a term is confirmed only if the Welsh text of the
// law has it.
func TestConfirmedWelshIsTheLaws(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(shared(t, "design"), "welsh.md"))
	if err != nil {
		t.Fatal(err)
	}
	table, _, _ := strings.Cut(string(b), "| English | Welsh, unconfirmed |")
	law := strings.ToLower(strings.NewReplacer("(", "", ")", "").Replace(table))
	confirmed := 0
	for _, system := range profiles.CodeSystems() {
		for _, c := range system.Concepts {
			if !c.Confirmed {
				continue
			}
			if confirmed++; !strings.Contains(law, strings.ToLower(c.Welsh)) {
				t.Errorf("%s %s: %q is not in the table of the law's words", system.Name, c.Code, c.Welsh)
			}
		}
	}
	if confirmed < 20 {
		t.Errorf("only %d terms are confirmed", confirmed)
	}
}
