package consent

import (
	"slices"
	"testing"
	"time"

	"cpagateway/consent/facts"
	"cpagateway/profiles"
)

// TestWhatIsWeighedInBestInterests: a decision in the person's best interests lets a refusal
// that it names fall silent, and nothing else that looks like it.
func TestWhatIsWeighedInBestInterests(t *testing.T) {
	day := func(d int) time.Time { return time.Date(2026, 3, d, 9, 0, 0, 0, profiles.London) }
	decision := func() facts.Directive {
		d := grant("decision", "LA9A1", "adult-mh", profiles.CareCoordination)
		d.OwnWish, d.Performer, d.Authority, d.Assessed, d.Recorded, d.Replaces = false, "Practitioner/nia", facts.BestInterests, day(2), day(3), "no"
		return d
	}
	attorney := grant("attorney", "W99001", "", profiles.CareCoordination)
	attorney.OwnWish, attorney.Performer, attorney.Authority, attorney.Assessed = false, "RelatedPerson/sister", facts.Attorney, day(2)
	exclusion := grant("no", "", "", profiles.CareCoordination)
	exclusion.Template, exclusion.Clauses = facts.ExcludeItem, []facts.Clause{{Items: profiles.SetOf(profiles.AreaWork)}}
	unreadable := facts.Directive{ID: "no", Custodian: "7A4", Status: facts.Active, OwnWish: true}
	for name, c := range map[string]struct {
		change func(decision, refusal *facts.Directive)
		beside []facts.Directive
		want   reason
		less   profiles.ItemSet
	}{
		"a refusal that it names":       {want: bestInterestsDecided},
		"one that it does not name":     {change: func(d, _ *facts.Directive) { d.Replaces = "other" }, want: consentConflict},
		"one that came later":           {change: func(_, r *facts.Directive) { r.Recorded = day(4) }, want: consentRefused},
		"one of the same moment":        {change: func(_, r *facts.Directive) { r.Recorded = day(3) }, want: consentConflict},
		"one without a day":             {change: func(_, r *facts.Directive) { r.Recorded = time.Time{} }, want: consentConflict},
		"one at another custodian":      {change: func(_, r *facts.Directive) { r.Custodian = "LA9A1" }, want: consentConflict},
		"one by the attorney":           {change: func(_, r *facts.Directive) { r.OwnWish = false }, want: consentConflict},
		"what cannot be read":           {change: func(_, r *facts.Directive) { *r = unreadable }, want: consentUninterpretable},
		"an exclusion stays":            {change: func(_, r *facts.Directive) { *r = exclusion }, want: bestInterestsDecided, less: profiles.SetOf(profiles.AreaWork)},
		"by a decision that has ended":  {change: func(d, _ *facts.Directive) { d.Until = day(4) }, want: consentRefused},
		"by one that was taken back":    {change: func(d, _ *facts.Directive) { d.Status = facts.Withdrawn }, want: consentRefused},
		"by one for another team":       {change: func(d, _ *facts.Directive) { d.Clauses[0].Recipients[0].Team = "duty" }, want: consentRefused},
		"by one without a form":         {change: func(d, _ *facts.Directive) { d.Evidence = facts.NoEvidence }, want: consentRefused},
		"by an old assessment":          {change: func(d, _ *facts.Directive) { d.Assessed = day(1).AddDate(-2, 0, 0) }, want: consentRefused},
		"by one of an attorney":         {change: func(d, _ *facts.Directive) { d.Authority = facts.Attorney }, want: consentConflict},
		"by one beside an attorney":     {beside: []facts.Directive{attorney}, want: consentRefused},
		"beside an attorney kept apart": {beside: []facts.Directive{func() facts.Directive { d := attorney; d.Apart = true; return d }()}, want: bestInterestsDecided},
		"by one that was itself replaced": {beside: []facts.Directive{func() facts.Directive {
			d := decision()
			d.ID, d.Replaces, d.Recorded, d.Clauses[0].Recipients[0].Organisation = "newer", "decision", day(5), "W99001"
			return d
		}()}, want: consentRefused},
	} {
		d, r := decision(), refusal("no", facts.RefuseAll)
		if c.change != nil {
			c.change(&d, &r)
		}
		person := annsFacts()
		person.Directives = append([]facts.Directive{r, d}, c.beside...)
		got := Decide(Request{Caller: caller("LA9A1", "adult-mh", profiles.CareCoordination), Action: Read, Type: "CarePlan",
			At: time.Date(2026, 6, 1, 12, 0, 0, 0, profiles.London), Register: registers(t)["live"], Policy: DefaultPolicy(), Person: person, Source: "7A4"})
		if got.reasons[gateP3] != c.want {
			t.Errorf("%s: %s, want %s", name, got.reasons[gateP3].code(), c.want.code())
		}
		if weighed := c.want == bestInterestsDecided && c.less.Empty(); weighed != slices.Contains(got.Obligations(), Alert) && c.want != consentConflict && c.want != consentUninterpretable {
			t.Errorf("%s: somebody is told: %v", name, got.Obligations())
		}
		if !got.Items().Intersect(c.less).Empty() || c.want == bestInterestsDecided && got.Items().Empty() {
			t.Errorf("%s: %v is given", name, got.Items())
		}
	}
}
