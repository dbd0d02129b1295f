package disclosure

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/language"

	"cpagateway/gateway/texts"
	"cpagateway/profiles"
)

// planOf is a plan of a kind with activities and whatever else it holds.
func planOf(category, rest string, activities ...string) string {
	if len(activities) > 0 {
		rest += `,"activity":[` + strings.Join(activities, ",") + `]`
	}
	return `{"resourceType":"CarePlan","id":"x","status":"active","intent":"plan","subject":{"reference":"Patient/ann"},
		"category":[{"coding":[{"system":"http://snomed.info/sct","code":"` + category + `"}]}]` + rest + `}`
}

// toDo is an activity of a kind.
func toDo(part, status, words string) string {
	return fmt.Sprintf(`{"extension":[{"url":%q,"valueCode":%q}],"detail":{"status":%q,"description":%q}}`, profiles.ExtPlanPart, part, status, words)
}

// told is the narrative of a plan beside copies of other resources, a line for each element.
func told(t *testing.T, plan string, beside ...string) string {
	t.Helper()
	d := permitting(profiles.AllItems)
	var copies []Copy
	for _, src := range beside {
		copies = append(copies, d.disclose(heldOf(parsed(t, src)), nil))
	}
	return strings.Join(readNarrative(t, d.disclose(heldOf(parsed(t, plan)), madeTargets(), copies...)), "\n") + "\n"
}

func contains(t *testing.T, name, narrative string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(narrative, line+"\n") {
			t.Errorf("%s: %q is missing in:\n%s", name, line, narrative)
		}
	}
}

// Every kind of activity is read out under its heading, and under no other.
func TestEachKindOfActivityHasItsHeading(t *testing.T) {
	for category, headings := range map[string][][2]string{
		profiles.CodeCrisisPlan: {
			{"contact", "Whom to call"}, {"", "Current risks and alerts"}, {"early-warning-sign", "Early warning signs"}, {"what-helps", "What helps"}, {"action", "Actions"},
			{"emergency-review", "How to ask for an emergency review"}, {"dependants", "People who depend on the service user"},
			{"critical-care", "Critical medicines and reactions"}, {"", "Legal status"}, {"advance-wish", "Wishes for when unwell"},
		},
		profiles.CodeContingencyPlan: {{"trigger", "Triggers"}, {"arrangement", "Arrangements"}, {"contact", "Whom to call"}},
	} {
		var activities, want []string
		for _, h := range headings {
			want = append(want, "h3 "+h[1])
			if h[0] == "" {
				want = append(want, "p "+texts.NoneHere.In(texts.English))
				continue
			}
			activities = append(activities, toDo(h[0], "in-progress", "about "+h[0]))
			want = append(want, "li about "+h[0])
		}
		slices.Reverse(activities)
		contains(t, category, told(t, planOf(category, "", activities...)), strings.Join(want, "\n"))
	}
}

// A flag is read out under the heading of what it tells, once if the plan says the same.
func TestEachFlagHasItsHeading(t *testing.T) {
	flag := func(code, category, rest string) string {
		return `{"resourceType":"Flag","id":"f","status":"active","category":[{"coding":[{"system":"` + profiles.SystemFlagCategory + `","code":"` + category + `"}]}],
			"code":{"coding":[{"system":"` + profiles.SystemFlag + `","code":"` + code + `"}],"text":"told"},"subject":{"reference":"Patient/ann"}` + rest + `}`
	}
	for name, c := range map[string]struct{ flag, want string }{
		"a risk":           {flag("risk", "", ""), "Current risks and alerts\nli told"},
		"a section":        {flag("s117-entitlement", "", ""), "Legal status\nli told"},
		"a decision":       {flag("advance-decision", "", ""), "Wishes for when unwell\nli told"},
		"a child":          {flag("dependants", "", ""), "People who depend on the service user\nli told"},
		"a medicine":       {flag("", "drug", ""), "Critical medicines and reactions\nli told"},
		"from a day":       {flag("risk", "", `,"period":{"start":"2025-01-02"}`), "Current risks and alerts\nli told since 2 January 2025"},
		"until a day":      {flag("risk", "", `,"period":{"end":"2025-01-02"}`), "Current risks and alerts\nli told until 2 January 2025"},
		"from day to day":  {flag("risk", "", `,"period":{"start":"2025-01-02","end":"2025-02"}`), "Current risks and alerts\nli told since 2 January 2025 until 2025-02"},
		"from some year":   {flag("risk", "", `,"period":{"start":"2025"}`), "Current risks and alerts\nli told since 2025"},
		"from no such day": {flag("risk", "", `,"period":{"start":"2025-02-30"}`), "Current risks and alerts\nli told since 2025-02-30"},
	} {
		got := told(t, planOf(profiles.CodeCrisisPlan, ""), c.flag)
		contains(t, name, got, "h3 "+c.want)
		if strings.Count(got, "told") != 1 {
			t.Errorf("%s is told twice:\n%s", name, got)
		}
	}
	got := told(t, planOf(profiles.CodeCrisisPlan, "", toDo("advance-wish", "in-progress", "told")), flag("advance-decision", "", ""), flag("deputy", "", ""))
	if strings.Count(got, "told") != 1 {
		t.Errorf("the same is told twice:\n%s", got)
	}
}

// A risk is told once, by its assessment, wherever the flag of it stands; one that has no
// words hides no flag.
func TestRisksAreToldByTheirAssessment(t *testing.T) {
	risk := func(rest string) string {
		return `{"resourceType":"RiskAssessment","id":"r","status":"final","subject":{"reference":"Patient/ann"}` + rest + `}`
	}
	flag := `{"resourceType":"Flag","id":"f","status":"active","code":{"coding":[{"system":"` + profiles.SystemFlag + `","code":"risk"}],"text":"Falls"},"subject":{"reference":"Patient/ann"}}`
	for name, c := range map[string]struct {
		beside []string
		want   string
	}{
		"the flag first":    {[]string{flag, risk(`,"prediction":[{"rationale":"Falls"}]`)}, "li Falls"},
		"two risks":         {[]string{risk(`,"prediction":[{"rationale":"Falls"},{"rationale":"Fire"}]`)}, "li Falls\nli Fire"},
		"an outcome":        {[]string{risk(`,"prediction":[{"outcome":{"text":"Harm"},"qualitativeRisk":{"text":"low"}}]`), flag}, "li Harm, low\nli Falls"},
		"both":              {[]string{risk(`,"prediction":[{"rationale":"Falls","outcome":{"text":"Harm"}}]`)}, "li Falls"},
		"over a period":     {[]string{risk(`,"occurrencePeriod":{"start":"2025-01-02","end":"2025-03-04"},"prediction":[{"rationale":"Falls"}]`)}, "li Falls since 2 January 2025"},
		"what is done":      {[]string{risk(`,"prediction":[{"rationale":"Falls"}],"mitigation":"A rail"`)}, "li Falls: A rail"},
		"a flag and a code": {[]string{risk(`,"prediction":[{"outcome":{"text":"Harm"}}]`), strings.Replace(flag, `,"text":"Falls"`, "", 1)}, "li Harm\nli Risk"},
	} {
		contains(t, name, told(t, planOf(profiles.CodeCrisisPlan, ""), c.beside...), "h3 Current risks and alerts\n"+c.want+"\nh3 Early warning signs")
	}
}

// The heading says who the person is, by one number, and what they speak, once.
func TestThePersonIsSaidOnce(t *testing.T) {
	number := func(value string) string {
		return `{"system":"` + profiles.SystemNHSNumber + `","value":"` + value + `"}`
	}
	spoken := func(code, text string) string {
		return `{"language":{"coding":[{"system":"` + profiles.SystemLanguage + `","code":"` + code + `"}]` + text + `}}`
	}
	for name, c := range map[string]struct{ rest, want string }{
		"a year of birth":        {`,"birthDate":"1971"`, "p Evans, born 1971\nh2"},
		"a month of birth":       {`,"birthDate":"1971-04"`, "p Evans, born 1971-04\nh2"},
		"nothing but the name":   {``, "p Evans\nh2"},
		"two numbers":            {`,"identifier":[` + number("9990000018") + `,` + number("9990000026") + `]`, "p Evans, NHS number 999 000 0018\nh2"},
		"a number that is none":  {`,"identifier":[` + number("1") + `,` + number("9990000026") + `]`, "p Evans, NHS number 999 000 0026\nh2"},
		"a language twice":       {`,"communication":[` + spoken("cy", "") + `,` + spoken("cy", "") + `,` + spoken("so", "") + `]`, "li Welsh\nli Somali\nh2"},
		"a language in words":    {`,"communication":[` + spoken("cy", `,"text":"Cymraeg y de"`) + `,` + spoken("en", `,"text":"English, slowly"`) + `]`, "li Cymraeg y de\nli English, slowly\nh2"},
		"a language of no name":  {`,"communication":[{"language":{"coding":[{"system":"x","code":"y"}],"text":"Signs of her own"}}]`, "li Signs of her own\nh2"},
		"a language in no words": {`,"communication":[{"language":{"coding":[{"system":"x"}]}}]`, "p Evans\nh2"},
		"one not coded as R4 is": {`,"communication":[{"language":{"coding":[{"system":"x","display":"Signs"}]}}]`, "li Signs\nh2"},
	} {
		got := told(t, planOf(profiles.CodeCrisisPlan, ""), `{"resourceType":"Patient","id":"ann","name":[{"family":"Evans"},{"family":"Rees"}]`+c.rest+`}`)
		if !strings.Contains(got, c.want) || strings.Contains(got, "Rees") {
			t.Errorf("%s: %q is missing in:\n%s", name, c.want, got[:200])
		}
	}
}

// What is over is not to be done, in whichever way it came to an end.
func TestWhatIsOverIsNotToBeDone(t *testing.T) {
	for status, over := range map[string]bool{
		"not-started": false, "scheduled": false, "in-progress": false, "on-hold": false, "unknown": false,
		"completed": true, "cancelled": true, "stopped": true, "entered-in-error": true,
	} {
		review := strings.Replace(toDo("review", status, "x"), `"description":"x"`, `"scheduledPeriod":{"end":"2024-01-02"}`, 1)
		got := told(t, planOf(profiles.CodeCrisisPlan, "", toDo("action", status, "Ring her"), review))
		if strings.Contains(got, "li Ring her") == over || strings.Contains(got, "2 January 2024 OVERDUE") == over {
			t.Errorf("%s reads:\n%s", status, got)
		}
	}
}

// Where an activity is read out that its kind alone does not say.
func TestActivitiesAreReadOutByPartOrArea(t *testing.T) {
	inArea := func(part, area, words string) string {
		return strings.Replace(toDo(part, "in-progress", words), `],"detail"`, `,{"url":"`+profiles.ExtArea+`","valueCode":"`+area+`"}],"detail"`, 1)
	}
	coded := func(system, code, words string) string {
		return `{"detail":{"status":"in-progress","code":{"coding":[{"system":"` + system + `","code":"` + code + `"}]},"description":"` + words + `"}}`
	}
	for name, c := range map[string]struct{ plan, want string }{
		"areas in the order of the nine":     {planOf(profiles.CodeMentalHealthPlan, "", inArea("area", "work", "a coach"), inArea("area", "finance", "a check")), "h3 Finance and money\nli a check\nh3 Work and occupation\nli a coach"},
		"an area with nothing to do":         {planOf(profiles.CodeMentalHealthPlan, "", inArea("no-action", "work", "no need")), "h3 Work and occupation\nli no need"},
		"an area by its code":                {planOf(profiles.CodeMentalHealthPlan, "", coded(profiles.SystemArea, "work", "a coach")), "h3 Work and occupation\nli a coach"},
		"a code that is no area":             {planOf(profiles.CodeMentalHealthPlan, "", coded(profiles.SystemSNOMED, "work", "a coach")), "h3 What the plan says\nli a coach"},
		"an action that names a line":        {planOf(profiles.CodeCrisisPlan, "", toDo("action", "in-progress", "ring the 24 hour line")), "h3 Actions\nli ring the 24 hour line"},
		"two who can be called at any hour":  {planOf(profiles.CodeCrisisPlan, "", toDo("contact", "in-progress", "day"), toDo("contact", "in-progress", "24/7 a"), toDo("contact", "in-progress", "24/7 b")), "h3 Whom to call\nli 24/7 a\nli 24/7 b\nli day\nh3 Current risks and alerts"},
		"the last review, beside other news": {planOf(profiles.CodeCrisisPlan, `,"extension":[{"url":"`+profiles.ExtLastReviewed+`","valueDate":"2025-01-02"},{"url":"`+profiles.ExtRestriction+`","valueCode":"x"}]`), "p Last reviewed: 2 January 2025"},
	} {
		contains(t, name, told(t, c.plan), c.want)
	}
}

// The earliest of the reviews to come is due, whatever stands after it.
func TestTheEarliestReviewIsDue(t *testing.T) {
	review := func(period string) string {
		return strings.Replace(toDo("review", "scheduled", "x"), `"description":"x"`, `"scheduledPeriod":`+period, 1)
	}
	for _, later := range []string{`{"end":"2026-01-02"}`, `{}`, `{"start":"2025-09-10"}`} {
		got := told(t, planOf(profiles.CodeCrisisPlan, "", review(`{"end":"2025-06-07"}`), review(later)))
		contains(t, later, got, "p Review due: 7 June 2025")
	}
}

// A narrative is in the language of its resource, else of its reader.
func TestTheNarrativeSaysItsLanguage(t *testing.T) {
	for _, c := range []struct {
		written string
		reader  language.Tag
		want    string
	}{
		{``, texts.English, `lang="en" xml:lang="en"><h2>Crisis plan / <span lang="cy" xml:lang="cy">Cynllun argyfwng</span></h2>`},
		{``, texts.Welsh, `lang="cy" xml:lang="cy"><h2>Cynllun argyfwng / <span lang="en" xml:lang="en">Crisis plan</span></h2>`},
		{`,"language":"cy"`, texts.English, `lang="cy" xml:lang="cy"><h2><span lang="en" xml:lang="en">Crisis plan</span> / Cynllun argyfwng</h2>`},
		{`,"language":"so"`, texts.English, `lang="so" xml:lang="so"><h2><span lang="en" xml:lang="en">Crisis plan</span> / <span lang="cy" xml:lang="cy">Cynllun argyfwng</span></h2>`},
	} {
		h := heldOf(parsed(t, planOf(profiles.CodeCrisisPlan, c.written)))
		h.Reader = c.reader
		div := parsed(t, string(permitting(profiles.AllItems).disclose(h, nil).Body())).Find("text", "div").Text()
		if want := `<div xmlns="http://www.w3.org/1999/xhtml" ` + c.want; !strings.HasPrefix(div, want) || !strings.HasSuffix(div, "</p></div>") {
			t.Errorf("%s for a reader of %v: %s", c.written, c.reader, div)
		}
	}
}

// When a plan was last reviewed is read out wherever among its extensions it stands.
func TestTheLastReviewIsReadOutInAnyPlace(t *testing.T) {
	const other, last = `{"url":"http://example.org/x","valueDate":"2024-01-01"}`, `{"url":"` + profiles.ExtLastReviewed + `","valueDate":"2025-02-10"}`
	for _, extensions := range []string{last, other + "," + last, last + "," + other} {
		p := openPage("en", texts.English)
		Terms{}.freshness(p, parsed(t, `{"resourceType":"CarePlan","extension":[`+extensions+`]}`))
		if got := p.String(); !strings.Contains(got, "10 February 2025") || strings.Contains(got, "2024") {
			t.Errorf("%s reads %s", extensions, got)
		}
	}
}

// A crisis plan that holds arrangements too, as one row of a source with both texts makes it,
// lost them in its narrative: whatever kind of plan holds a part, the part is read out, under
// its heading, once.
func TestEveryPartIsReadOutWhateverTheKindOfPlan(t *testing.T) {
	headings := map[string]string{
		"contact": "Whom to call", "early-warning-sign": "Early warning signs", "what-helps": "What helps", "action": "Actions",
		"emergency-review": "How to ask for an emergency review", "dependants": "People who depend on the service user",
		"critical-care": "Critical medicines and reactions", "advance-wish": "Wishes for when unwell", "trigger": "Triggers", "arrangement": "Arrangements",
	}
	for _, category := range []string{profiles.CodeCrisisPlan, profiles.CodeContingencyPlan, profiles.CodeMentalHealthPlan, "1"} {
		for part, heading := range headings {
			got := told(t, planOf(category, "", toDo(part, "in-progress", "about it")))
			contains(t, category, got, "h3 "+heading+"\nli about it")
			if strings.Count(got, "about it") != 1 {
				t.Errorf("%s, %s is told twice:\n%s", category, part, got)
			}
		}
	}
}

// What a plan says in its description stood in the data and not in the words.
func TestTheDescriptionOfAPlanIsReadOut(t *testing.T) {
	for _, category := range []string{profiles.CodeCrisisPlan, profiles.CodeContingencyPlan, profiles.CodeMentalHealthPlan} {
		got := told(t, planOf(category, `,"description":"Stay with her"`))
		contains(t, category, got, "h3 What the plan says\nli Stay with her")
		if strings.Contains(got, "p "+texts.NoneRecorded.In(texts.English)+"\n") {
			t.Errorf("nothing is recorded, it says beside what is:\n%s", got)
		}
	}
}
