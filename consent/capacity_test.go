package consent

import (
	"maps"
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
		d.OwnWish, d.Performer, d.Authority, d.Assessed, d.Recorded, d.Weighed = false, "Practitioner/nia", facts.BestInterests, day(2), day(3), []string{"no"}
		return d
	}
	attorney := grant("attorney", "W99001", "", profiles.CareCoordination)
	attorney.OwnWish, attorney.Performer, attorney.Authority, attorney.Assessed, attorney.Recorded = false, "RelatedPerson/sister", facts.Attorney, day(2), day(2)
	exclusion := grant("no", "", "", profiles.CareCoordination)
	exclusion.Template, exclusion.Clauses = facts.ExcludeItem, []facts.Clause{{Items: profiles.SetOf(profiles.AreaWork)}}
	unreadable := facts.Directive{ID: "no", Custodian: "7A4", Status: facts.Active, OwnWish: true}
	for name, c := range map[string]struct {
		change func(decision, refusal *facts.Directive)
		beside []facts.Directive
		want   reason
		less   profiles.ItemSet
	}{
		"a refusal that it names":          {want: bestInterestsDecided},
		"one that it does not name":        {change: func(d, _ *facts.Directive) { d.Weighed = []string{"other"} }, want: consentConflict},
		"one that came later":              {change: func(_, r *facts.Directive) { r.Recorded, r.Said = day(4), day(4) }, want: consentRefused},
		"one of the same moment":           {change: func(_, r *facts.Directive) { r.Recorded, r.Said = day(3), day(3).Add(time.Second) }, want: consentConflict},
		"one by a relative":                {change: func(_, r *facts.Directive) { r.OwnWish, r.Performer = false, "RelatedPerson/sister" }, want: bestInterestsDecided},
		"one kept apart":                   {change: func(_, r *facts.Directive) { r.Apart = true }, want: consentConflict},
		"one of a month":                   {change: func(_, r *facts.Directive) { r.Recorded, r.Said = day(1), day(32) }, want: consentConflict},
		"by one older than its assessment": {change: func(d, _ *facts.Directive) { d.Assessed = day(4) }, want: consentRefused},
		"by one of tomorrow":               {change: func(d, _ *facts.Directive) { d.Recorded = day(95) }, want: consentRefused},
		"by one without an assessment":     {change: func(d, _ *facts.Directive) { d.Assessed = time.Time{} }, want: consentRefused},
		"by one that another took back": {beside: []facts.Directive{func() facts.Directive {
			d := decision()
			d.ID, d.Weighed, d.Status, d.Said = "back", nil, facts.Withdrawn, day(4)
			return d
		}()}, want: consentRefused},
		"beside an attorney no more":    {beside: []facts.Directive{func() facts.Directive { d := attorney; d.AuthorityUntil = day(9); return d }()}, want: bestInterestsDecided},
		"one without a day":             {change: func(_, r *facts.Directive) { r.Recorded, r.Said = time.Time{}, time.Time{} }, want: consentConflict},
		"one at another custodian":      {change: func(_, r *facts.Directive) { r.Custodian = "LA9A1" }, want: consentConflict},
		"one by the attorney":           {change: func(_, r *facts.Directive) { r.OwnWish, r.Authority = false, facts.Attorney }, want: consentRefused},
		"what cannot be read":           {change: func(_, r *facts.Directive) { *r = unreadable }, want: consentUninterpretable},
		"an exclusion stays":            {change: func(_, r *facts.Directive) { *r = exclusion }, want: bestInterestsDecided, less: profiles.SetOf(profiles.AreaWork)},
		"by a decision that has ended":  {change: func(d, _ *facts.Directive) { d.Until = day(4) }, want: consentRefused},
		"by one that was taken back":    {change: func(d, _ *facts.Directive) { d.Status = facts.Withdrawn }, want: consentRefused},
		"by one for another team":       {change: func(d, _ *facts.Directive) { d.Clauses[0].Recipients[0].Team = "duty" }, want: consentRefused},
		"by one without a form":         {change: func(d, _ *facts.Directive) { d.Evidence = facts.NoEvidence }, want: consentRefused},
		"by an old assessment":          {change: func(d, _ *facts.Directive) { d.Assessed = day(1).AddDate(-2, 0, 0) }, want: consentRefused},
		"by one of an attorney":         {change: func(d, _ *facts.Directive) { d.Authority = facts.Attorney }, want: attorneyConsented},
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
		if weighed := (c.want == bestInterestsDecided || c.want == attorneyConsented) && c.less.Empty(); weighed != slices.Contains(got.Obligations(), Alert) && c.want != consentConflict && c.want != consentUninterpretable {
			t.Errorf("%s: somebody is told: %v", name, got.Obligations())
		}
		if !got.Items().Intersect(c.less).Empty() || c.want == bestInterestsDecided && got.Items().Empty() {
			t.Errorf("%s: %v is given", name, got.Items())
		}
	}
}

// TestWhatIsDecidedForSomebodyReachesNobodyElse: beside whatever the person wished, a grant
// that others decided opens nothing to whom it does not name, and closes nothing to anybody;
// nor does it when it is taken back.
func TestWhatIsDecidedForSomebodyReachesNobodyElse(t *testing.T) {
	all, at := someDirectives(), time.Date(2026, 6, 1, 12, 0, 0, 0, profiles.London)
	var own, decided []facts.Directive
	for _, name := range slices.Sorted(maps.Keys(all)) {
		switch d := all[name]; {
		case d.Authority == facts.NoAuthority:
			own = append(own, d)
		case d.Template == facts.SharePlan && d.Status != facts.Rejected:
			decided = append(decided, d)
		}
	}
	opened := 0
	for name, register := range registers(t) {
		if name != "live" && name != "implied" {
			continue
		}
		for i := range own {
			for _, wishes := range [][]facts.Directive{own[i : i+1], {own[i], all["T1"]}, {own[i], all["T1 crisis"]}, {own[i], all["T2"]}} {
				for _, d := range decided {
					for _, who := range someCallers {
						for _, policy := range somePolicies {
							for _, purpose := range somePurposes[:3] {
								ask := func(directives ...facts.Directive) Decision {
									person := annsFacts()
									person.Directives = directives
									return Decide(Request{Caller: caller(who.org, who.team, purpose), Action: Read, Type: "CarePlan", At: at,
										Register: register, Policy: policy, Person: person, Source: "7A4"})
								}
								before, after := ask(wishes...).Items(), ask(append(slices.Clone(wishes), d)...).Items()
								named := d.Status == facts.Active && meant(d.Clauses[0].Recipients, caller(who.org, who.team, purpose), false) && slices.Contains(d.Clauses[0].Purposes, purpose)
								switch {
								case !named && after != before && !(name == "implied" && d.Status == facts.Withdrawn && after.Empty()): // nothing is implied where it was taken back
									t.Fatalf("%+v beside %+v, under %+v: %s/%s for %s is given %v, and %v without it", d, wishes, policy, who.org, who.team, purpose, after, before)
								case named && !before.Minus(after).Empty():
									t.Fatalf("%+v beside %+v, under %+v: %s/%s for %s is no more given %v", d, wishes, policy, who.org, who.team, purpose, before.Minus(after))
								case after != before:
									opened++
								}
							}
						}
					}
				}
			}
		}
	}
	if opened < 100 {
		t.Errorf("%d openings: nothing was put to the test", opened)
	}
}
