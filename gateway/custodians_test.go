package gateway_test

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"cpagateway/consent"
	"cpagateway/gateway/demo"
	"cpagateway/gateway/intake"
	"cpagateway/mapping/bundle"
	"cpagateway/profiles"
)

// The second health board, and the council, as custodians of their own records.
const (
	secondBoard = profiles.OrgCode("7A5")
	council     = profiles.OrgCode("LA9A1")
)

// elsewhere are the agreements of the other custodians with the demo's callers.
const elsewhere = `id: ISP-CPA-%[1]s
kind: ISP
version: 1
template: accord-v5
status: ASSURED
issueDate: 2025-01-10
qaDate: 2025-01-24
reviewDate: 2049-03-31
title: Records of %[1]s
purposes: [{code: COC, text: Care}, {code: ETREAT, text: Crisis}]
dataSubjects: [{group: adult-secondary-mh, minAge: 18}]
partners:
  - {org: %[1]s, role: controller, accordSigned: 2018-11-02, agreementSigned: 2025-01-08, designatedPerson: DPO, teams: [{id: all, kind: CMHT}], contact: Office}
  - {org: W99001, role: controller, accordSigned: 2018-11-02, agreementSigned: 2025-01-08, designatedPerson: DPO, teams: [{id: practice, kind: GP}], contact: Office}
  - {org: 7A4, role: controller, accordSigned: 2018-11-02, agreementSigned: 2025-01-08, designatedPerson: DPO, teams: [{id: crht, kind: CRISIS, outOfHours: true}], contact: Office}
legalBasis:
  article6: "6(1)(e)"
  article9: "9(2)(h)"
  dpa2018: "Sch 1 Pt 1 para 2"
  powers: ["Mental Health (Wales) Measure 2010 s.18"]
  confidentiality: consent
flows:
%[2]s
security: {transport: mTLS, retentionDays: 0, onwardDisclosure: forbidden}
rights: {contact: Office}
`

const (
	boardFlows = `  - {ref: "001", from: {org: 7A5}, to: {org: W99001, team: practice}, purpose: COC, items: [person.identity, plan.summary, plan.crisis], when: on request, how: FHIR, consentRule: standard, relationship: required}
  - {ref: "002", from: {org: 7A5}, to: {org: 7A4, team: crht}, purpose: ETREAT, items: [crisis-slice], when: in a crisis, how: FHIR, consentRule: crisis, confidentiality: implied-direct-care, relationship: none}`
	councilFlows = `  - {ref: "001", from: {org: LA9A1}, to: {org: W99001, team: practice}, purpose: COC, items: [person.identity, plan.summary, plan.area.accommodation], when: on request, how: FHIR, consentRule: standard, relationship: required}`
)

// share adds the agreements of the other custodians.
func (s *stand) share() {
	s.t.Helper()
	files := fstest.MapFS{
		"board.yaml":   {Data: fmt.Appendf(nil, elsewhere, secondBoard, boardFlows)},
		"council.yaml": {Data: fmt.Appendf(nil, elsewhere, council, councilFlows)},
	}
	must(s.t, copyInto(files, demo.Agreements()))
	s.putInForce(files)
}

// copyInto adds the files of one folder to others.
func copyInto(files fstest.MapFS, from fs.FS) error {
	return fs.WalkDir(from, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(from, name)
		files[name] = &fstest.MapFile{Data: text}
		return err
	})
}

// bringInFor takes Welsh plans in for a custodian, from a source of its own.
func (s *stand) bringInFor(custodian profiles.OrgCode, grants consent.Switch, plans fs.FS) intake.Summary {
	s.t.Helper()
	format, err := welshPlans()
	must(s.t, err)
	sum, err := s.intake().Run(context.Background(), intake.Source{Name: "ctp-of-" + string(custodian), Format: format, Custodian: custodian, Grants: grants}, plans)
	must(s.t, err)
	return sum
}

// annAt is Ann's plan as another custodian keeps it: its own key, its own words.
func (s *stand) annAt(custodian profiles.OrgCode, edit func(plan map[string]any)) fs.FS {
	return s.plan("ann.json", func(plan map[string]any) {
		plan["provider"].(map[string]any)["ods"] = string(custodian)
		plan["person"].(map[string]any)["key"] = "P-" + string(custodian)
		plan["crisis"].(map[string]any)["whatHelps"] = []any{"Helps at " + string(custodian)}
		plan["crisis"].(map[string]any)["contacts"] = []any{map[string]any{"name": "Contact of " + string(custodian), "telephone": "01632 960555"}}
		for _, outcome := range plan["outcomes"].([]any) {
			o := outcome.(map[string]any)
			o["outcome"] = fmt.Sprint(o["area"], " at ", custodian)
		}
		edit(plan)
	})
}

func asItIs(map[string]any) {}

// without leaves the person's wishes out of a plan.
func without(plan map[string]any) { plan["directives"] = []any{} }

// wish leaves one wish in a plan.
func wish(template string) func(map[string]any) {
	return func(plan map[string]any) {
		plan["directives"] = []any{map[string]any{
			"key": "w", "template": template, "status": "given", "recorded": "2026-03-01T10:00:00Z",
			"givenBy": "person", "form": "Signed form", "leaflet": "1",
		}}
	}
}

// says fails where a caller's plans do not hold what they should, or hold what
// they should not.
func (s *stand) says(as string, wanted map[string]bool) {
	s.t.Helper()
	body := s.get(as, "/CarePlan?"+about(ann, "_count", "100")).body + s.get(as, "/Goal?"+about(ann, "_count", "100")).body
	for text, want := range wanted {
		if strings.Contains(body, text) != want {
			s.t.Errorf("%s: %q: want %t", as, text, want)
		}
	}
}

// Two health boards and a council hold records about one person. A record of a
// second custodian was refused, whole plans with it.
func TestEachCallerGetsWhatEachCustodiansAgreementGives(t *testing.T) {
	s := openStand(t)
	s.share()
	for _, custodian := range []profiles.OrgCode{secondBoard, council} {
		if sum := s.bringInFor(custodian, consent.On, s.annAt(custodian, asItIs)); sum.Stored != 1 || sum.Quarantined != 0 {
			t.Fatalf("%s: %+v", custodian, sum)
		}
	}
	s.says("gp", map[string]bool{
		"A walk with her sister": true, "Beth Evans": true, // the crisis plan of the first board, with whom to call
		"Helps at 7A5": true, "Contact of 7A5": false, // of the second, without
		"Helps at LA9A1": false, "accommodation at LA9A1": true, "work at LA9A1": false, // one area of the council's
		"accommodation at 7A5": false,
	})
	s.says("ooh", map[string]bool{
		"A walk with her sister": true, "Helps at 7A5": true, "Contact of 7A5": true, "Helps at LA9A1": false, "at LA9A1": false,
	})
	s.says("social-care", map[string]bool{"Stay in her own flat": true, "at 7A5": false})
	s.says("cmht", map[string]bool{"A walk with her sister": true, "at 7A5": false, "at LA9A1": false})
	s.says("ooh-unlisted", map[string]bool{"A walk": false, "at 7A5": false, "at LA9A1": false})

	patients := s.get("gp", "/Patient?"+strings.Replace(about(ann), "patient.identifier", "identifier", 1))
	if ids := patients.ids(t); len(ids) != 3 {
		t.Errorf("%d Patients, want one for each custodian that shows one", len(ids))
	}
	for _, custodian := range []string{"7A4", "7A5", "LA9A1"} {
		if !strings.Contains(patients.body, `"value":"`+custodian+`"`) {
			t.Errorf("no Patient says that it is %s's", custodian)
		}
	}
	plans := s.get("gp", "/CarePlan?"+about(ann, "_count", "100")).body
	for _, id := range s.get("gp", "/Goal?"+about(ann, "_count", "100")).ids(t) {
		if !strings.Contains(plans, `{"reference":"Goal/`+id+`"`) {
			t.Errorf("no plan refers to Goal/%s, which is shown", id)
		}
	}
	var narratives []string
	for _, e := range s.get("gp", "/CarePlan?"+about(ann, "_count", "100")).bundle(t).Entry {
		text, _ := e.Resource["text"].(map[string]any)
		narratives = append(narratives, fmt.Sprint(text["div"]))
	}
	for _, n := range narratives {
		if strings.Contains(n, "A walk with her sister") && strings.Contains(n, "7A5") {
			t.Error("a narrative tells of two custodians' records")
		}
	}
}

// One page, one order and one cursor for the records of all custodians.
func TestPagesGoOverAllCustodians(t *testing.T) {
	s := openStand(t)
	s.share()
	s.bringInFor(secondBoard, consent.On, s.annAt(secondBoard, asItIs))
	s.bringInFor(council, consent.On, s.annAt(council, asItIs))
	for _, sort := range []string{"", "&_sort=-_lastUpdated", "&_sort=_id", "&_sort=date"} {
		whole := s.get("gp", "/CarePlan?"+about(ann)+sort).ids(t)
		var paged []string
		for _, page := range pages(t, s, "gp", "/CarePlan?"+about(ann)+"&_count=1"+sort) {
			paged = append(paged, page.ids(t)...)
		}
		if len(whole) < 4 || !slices.Equal(whole, paged) {
			t.Errorf("%s: whole %d, paged %d", sort, len(whole), len(paged))
		}
	}
}

// Every decision on a request has its entry.
func TestEachCustodiansDecisionIsRecorded(t *testing.T) {
	s := openStand(t)
	s.share()
	s.bringInFor(secondBoard, consent.On, s.annAt(secondBoard, asItIs))
	s.get("gp", "/CarePlan?"+about(ann), "X-Request-Id", requestName)
	if n := len(s.recorded(requestName)); n != 2 {
		t.Errorf("%d decisions on record, want one for each custodian", n)
	}
	s.verified()
}

// A refusal holds at every custodian, wherever it was recorded.
func TestARefusalHoldsAtEveryCustodian(t *testing.T) {
	for _, c := range []struct {
		name string
		at   profiles.OrgCode
	}{{"at the second board", secondBoard}, {"at the council", council}} {
		t.Run(c.name, func(t *testing.T) {
			s := openStand(t)
			s.share()
			s.bringInFor(secondBoard, consent.On, s.annAt(secondBoard, asItIs))
			s.bringInFor(council, consent.On, s.annAt(council, asItIs))
			s.says("gp", map[string]bool{"A walk with her sister": true, "Helps at 7A5": true})
			s.bringInFor(c.at, consent.Off, s.annAt(c.at, wish("T2")))
			s.says("gp", map[string]bool{"A walk with her sister": false, "at 7A5": false, "at LA9A1": false})
			s.says("social-care", map[string]bool{"Stay in her own flat": false})
		})
	}
}

// A grant opens the records of the custodian that it was given to, and no others'.
func TestAGrantOpensItsCustodiansRecordsAlone(t *testing.T) {
	s := openStand(t)
	s.share()
	s.bringInFor(secondBoard, consent.On, s.annAt(secondBoard, without))
	s.says("gp", map[string]bool{"A walk with her sister": true, "at 7A5": false})
}

// A source without the authority to grant has its grants set aside, and the rest
// of its records taken.
func TestAForgedGrantOpensNothing(t *testing.T) {
	s := openStand(t)
	s.share()
	sum := s.bringInFor(secondBoard, consent.Off, s.annAt(secondBoard, asItIs))
	if sum.Stored != 1 {
		t.Errorf("the plan was not taken: %+v", sum)
	}
	s.says("gp", map[string]bool{"A walk with her sister": true, "at 7A5": false})
	s.says("ooh", map[string]bool{"Helps at 7A5": true})
}

// A Patient that came first under somebody's number kept their plan out.
func TestASquattingPatientKeepsNobodyOut(t *testing.T) {
	s := openStand(t)
	s.share()
	const squatter = `{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient","id":"x",
		"identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000093"}],"name":[{"family":"Evans","given":["Ann"]}],"birthDate":"1971-04-02"}}]}`
	_, err := s.intake().Run(context.Background(), intake.Source{Name: "b", Format: &bundle.Format{}, Custodian: council}, fstest.MapFS{"b.json": {Data: []byte(squatter)}})
	must(t, err)
	sum := s.bringIn(s.plan("ann.json", func(plan map[string]any) {
		plan["id"], plan["person"].(map[string]any)["nhsNumber"], plan["person"].(map[string]any)["key"] = "CTP-NEW", nobody, "CV-NEW"
		plan["episode"].(map[string]any)["key"] = "EP-NEW"
	}))
	if sum.Stored != 1 || sum.Quarantined != 0 {
		t.Fatalf("the plan was kept out: %+v", sum)
	}
	if a := s.get("gp", "/CarePlan?"+about(nobody)); a.status != http.StatusOK || len(a.ids(t)) == 0 {
		t.Errorf("answered %d with %d plans", a.status, len(a.ids(t)))
	}
}

// Another custodian's record keeps none out, and is opened by no agreement of the
// first one's.
func TestEachCallerGetsWhatEachCustodianLetsThrough(t *testing.T) {
	s := openStand(t)
	plans := "/CarePlan?" + about(ann)
	before := map[string][]string{}
	for _, caller := range []string{"gp", "ooh", "social-care", "cmht", "social-care-b"} {
		before[caller] = s.get(caller, plans).ids(t)
	}
	s.bringInFor(council, consent.On, s.plan("ann.json", func(map[string]any) {}))
	for caller, had := range before {
		got := s.get(caller, plans).ids(t)
		added := slices.DeleteFunc(slices.Clone(got), func(id string) bool { return slices.Contains(had, id) })
		if len(got)-len(added) != len(had) {
			t.Errorf("%s had %v, and has %v", caller, had, got)
		}
		if own := caller == "social-care"; own != (len(added) > 0) {
			t.Errorf("%s sees %d plans of the council", caller, len(added))
		}
	}
	all := s.get("social-care", plans).ids(t)
	var walked []string
	for _, page := range pages(t, s, "social-care", plans+"&_count=1") {
		walked = append(walked, page.ids(t)...)
	}
	if !slices.Equal(walked, all) {
		t.Errorf("page by page %v, at once %v", walked, all)
	}
	s.get("social-care", plans, "X-Request-Id", requestName)
	if rows := s.recorded(requestName); len(rows) != 2 {
		t.Errorf("%d decisions are on record, want one for each custodian", len(rows))
	}
	s.verified()
}

// The plan of each custodian reads out what the same custodian's records say beside it.
func TestEachPlanReadsOutItsOwnCustodiansRecords(t *testing.T) {
	s := openStand(t)
	s.share()
	s.bringInFor(secondBoard, consent.On, s.annAt(secondBoard, func(plan map[string]any) {
		plan["person"].(map[string]any)["languages"] = []any{map[string]any{"code": "pl", "preferred": true}}
	}))
	seen := map[bool]bool{}
	for _, e := range s.get("ooh", crisisPath()).bundle(t).Entry {
		if text, ok := e.Resource["text"].(map[string]any); ok {
			div := fmt.Sprint(text["div"])
			second := strings.Contains(div, "Helps at 7A5")
			seen[second] = true
			if !strings.Contains(div, "Ann Evans") || strings.Contains(div, "Polish") != second {
				t.Errorf("the second board's: %t: %s", second, div)
			}
		}
	}
	if len(seen) != 2 {
		t.Error("a board's crisis plan has no narrative: the test looks at one alone")
	}
}

// A plan is found by what it refers to, whichever custodian holds the two.
func TestAReferenceFindsThePlanOfEachCustodian(t *testing.T) {
	s := openStand(t)
	s.share()
	s.bringInFor(secondBoard, consent.On, s.annAt(secondBoard, asItIs))
	s.bringInFor(council, consent.On, s.annAt(council, asItIs))
	goals := s.get("gp", "/Goal?"+about(ann, "_count", "100")).ids(t)
	referred := 0
	for _, id := range goals {
		a := s.get("gp", "/CarePlan?"+about(ann, "goal", "Goal/"+id, "_total", "accurate"))
		if total, _ := a.total(t); total == 0 || len(a.ids(t)) != total {
			t.Errorf("%d plans, a total of %d", len(a.ids(t)), total)
		}
		if strings.Contains(a.body, "Goal/"+id) {
			referred++
		}
	}
	if len(goals) == 0 || referred != len(goals) { // the council's, which is the last of three custodians
		t.Errorf("%d of %d goals find their plan", referred, len(goals))
	}
}
