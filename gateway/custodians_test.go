package gateway_test

import (
	"context"
	"io/fs"
	"slices"
	"testing"

	"cpagateway/consent"
	"cpagateway/gateway/intake"
	"cpagateway/mapping/ctp"
	"cpagateway/profiles"
)

// council holds records of its own about people whom the health board holds
// records about as well.
const council profiles.OrgCode = "LA9A1"

// bringInFor takes Welsh plans in as another custodian's.
func (s *stand) bringInFor(custodian profiles.OrgCode, plans fs.FS) {
	s.t.Helper()
	format, err := ctp.New()
	must(s.t, err)
	source := intake.Source{Name: "ctp-of-" + string(custodian), Format: format, Custodian: custodian, Grants: consent.On}
	sum, err := s.intake().Run(context.Background(), source, plans, intake.Store)
	must(s.t, err)
	if sum.Stored == 0 || sum.Quarantined != 0 {
		s.t.Fatalf("the plans did not come in: %+v", sum)
	}
}

// TestEachCallerGetsWhatEachCustodianLetsThrough: another custodian's record keeps
// none out, and is opened by no agreement of the first one's.
func TestEachCallerGetsWhatEachCustodianLetsThrough(t *testing.T) {
	s := openStand(t)
	plans := "/CarePlan?" + about(ann)
	before := map[string][]string{}
	for _, caller := range []string{"gp", "ooh", "social-care", "cmht", "social-care-b"} {
		before[caller] = s.get(caller, plans).ids(t)
	}
	s.bringInFor(council, s.plan("ann.json", func(map[string]any) {}))
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

// TestARefusalAtOneCustodianHoldsAtEvery.
func TestARefusalAtOneCustodianHoldsAtEvery(t *testing.T) {
	s := openStand(t)
	wholeAnswer(t, s)
	s.bringInFor(council, s.plan("ann.json", func(plan map[string]any) {
		for _, d := range plan["directives"].([]any) {
			d.(map[string]any)["status"] = "withdrawn"
		}
	}))
	if a := s.get("gp", crisisPath()); len(a.ids(t)) != 0 {
		t.Errorf("what she withdrew at the council is still shared by the health board: %v", a.ids(t))
	}
}
