package audit_test

import (
	"slices"
	"testing"

	"cpagateway/consent"
	"cpagateway/gateway/audit"
	"cpagateway/profiles"
)

func TestWhatAnEntryAsksToBeTold(t *testing.T) {
	goal, plan := []audit.Release{{Ref: "Goal/g/1"}}, []audit.Release{{Ref: "Goal/g/1"}, {Ref: "CarePlan/p/1"}}
	for _, c := range []struct {
		obligation consent.Obligation
		typ        string
		released   []audit.Release
		want       string
	}{
		{consent.NotifyCoordinator, "CarePlan", plan, profiles.CodeDutyCrisisSliceRead},
		{consent.NotifyCoordinator, "CarePlan", nil, ""},
		{consent.NotifyIfNoPlan, "CarePlan", plan, ""},
		{consent.NotifyIfNoPlan, "CarePlan", goal, profiles.CodeDutyNoCrisisPlan},
		{consent.NotifyIfNoPlan, "CarePlan", nil, profiles.CodeDutyNoCrisisPlan},
		{consent.NotifyIfNoPlan, "Goal", nil, ""},
		{consent.Alert, "Goal", nil, profiles.CodeDutyAlert},
		{consent.MarkStale, "CarePlan", nil, ""},
	} {
		var want []string
		if c.want != "" {
			want = []string{c.want}
		}
		e := audit.Entry{Type: c.typ, Obligations: []consent.Obligation{consent.MarkStale, c.obligation}, Released: c.released}
		if got := e.Duties(); !slices.Equal(got, want) {
			t.Errorf("%s on %s of %v: %v, want %v", c.obligation, c.typ, c.released, got, want)
		}
	}
}
