package disclosure

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cpagateway/gateway/texts"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// page of text: the narrative as a person reads it, a line for each element, Welsh left out.
func readNarrative(t *testing.T, x Copy) []string {
	t.Helper()
	var body struct{ Text struct{ Status, Div string } }
	if err := json.Unmarshal(x.Body(), &body); err != nil {
		t.Fatal(err)
	}
	if body.Text.Status != "generated" {
		t.Fatalf("narrative status %q", body.Text.Status)
	}
	var lines []string
	var line strings.Builder
	welsh := 0
	decoder := xml.NewDecoder(strings.NewReader(body.Text.Div))
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			return lines
		}
		if err != nil {
			t.Fatalf("the narrative is not XML: %v\n%s", err, body.Text.Div)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if token.Name.Space != "http://www.w3.org/1999/xhtml" {
				t.Fatalf("%s is not XHTML", token.Name.Local)
			}
			if token.Name.Local == "span" {
				welsh++
			}
		case xml.EndElement:
			switch token.Name.Local {
			case "span":
				welsh--
			case "h2", "h3", "p", "li":
				lines = append(lines, token.Name.Local+" "+strings.ReplaceAll(line.String(), " / ", ""))
				line.Reset()
			}
		case xml.CharData:
			if welsh == 0 {
				line.Write(token)
			}
		}
	}
}

func TestCrisisNarrative(t *testing.T) {
	want := []string{
		"h2 Crisis plan",
		"h3 Whom to call", "li Crisis team, 24 hours: 029 2000 0001", "li Sian Rees, care coordinator: 029 2000 0002",
		"h3 Current risks and alerts", "p none recorded or shared here; other records may hold it",
		"h3 Early warning signs", "li Sleeping < 4 hours & pacing",
		"h3 What helps", "p none recorded or shared",
		"h3 Actions", "li DO NOTPEIDIWCH Â: Restrain",
		"h3 How to ask for an emergency review", "p none recorded or shared",
		"h3 People who depend on the service user", "li Two cats",
		"h3 Critical medicines and reactions", "p none recorded or shared here; other records may hold it",
		"h3 Legal status", "p none recorded or shared here; other records may hold it",
		"h3 Wishes for when unwell", "p none recorded or shared here; other records may hold it",
		"p Written by: Dr X", "p Last reviewed: 10 January 2025",
		"p Review due: 31 May 2025 OVERDUE",
	}
	got := readNarrative(t, permitting(profiles.CrisisSlice).disclose(heldOf(ann(t)), madeTargets()))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("narrative (-want +got):\n%s", diff)
	}
}

// Whoever can be called day and night comes first, in the words of either language or by their code.
func TestWhoCanBeCalledAtAnyHour(t *testing.T) {
	outOfHours := `{"code":{"coding":[{"system":"` + profiles.SystemTeamRole + `","code":"` + profiles.CodeRoleOutOfHours + `"}]}}`
	for _, c := range []struct {
		detail, text string
		want         bool
	}{
		{`{}`, "Crisis team, 24 hours", true}, {`{}`, "24-HOUR line", true}, {`{}`, "24/7: 029 2000 0000", true}, {`{}`, "Llinell 24 awr", true},
		{`{}`, "llinell 24-awr", true}, {`{}`, "GP out of hours", true}, {`{}`, "Out-of-hours service", true}, {`{}`, "Meddyg y tu allan i oriau", true},
		{`{}`, "Sian Rees, weekdays", false}, {`{}`, "24 High Street", false}, {outOfHours, "Duty", true},
	} {
		detail, err := fhir.Parse([]byte(c.detail))
		if err != nil {
			t.Fatal(err)
		}
		if got := anyHour(detail, c.text); got != c.want {
			t.Errorf("%q, %s: at any hour %v", c.text, c.detail, got)
		}
	}
}

// What is not granted reads as what was not recorded.
func TestNarrativeDoesNotTellWithheldFromAbsent(t *testing.T) {
	x := permitting(profiles.SetOf(profiles.PlanCrisis)).disclose(heldOf(ann(t)), madeTargets())
	got := strings.Join(readNarrative(t, x), "\n")
	for _, line := range []string{
		"h3 Whom to call\np none recorded or shared in this plan; other records may hold it", "h3 People who depend on the service user\np none recorded or shared here; other records may hold it",
		"p Written by: none recorded or shared in this plan; other records may hold it", "p Last reviewed: none recorded or shared in this plan; other records may hold it", "p Review due: none recorded or shared in this plan; other records may hold it",
	} {
		if !strings.Contains(got, line) {
			t.Errorf("%q is missing in:\n%s", line, got)
		}
	}
	for _, told := range []string{"everything", "Two cats", "neighbour", "Forensic", "OVERDUE"} {
		if strings.Contains(string(x.Body()), told) {
			t.Errorf("%q was told", told)
		}
	}
}

// A review is overdue from the first instant of the next day in London.
func TestOverdueIsCountedInLondon(t *testing.T) {
	for at, overdue := range map[string]bool{
		"2025-05-31T22:59:59Z": false, // 23:59:59 in London, where it is summer
		"2025-05-31T23:00:00Z": true,
		"2025-05-30T12:00:00Z": false,
		"2026-01-01T00:00:00Z": true,
	} {
		d := permitting(profiles.CrisisSlice)
		instant, _ := time.Parse(time.RFC3339, at)
		d.day = profiles.Day(instant)
		body := string(d.disclose(heldOf(ann(t)), nil).Body())
		if got := strings.Contains(body, "OVERDUE"); got != overdue {
			t.Errorf("at %s overdue: %v, want %v", at, got, overdue)
		}
		if got := strings.Contains(body, "WEDI MYND HEIBIO"); got != overdue {
			t.Errorf("at %s overdue in Welsh: %v, want %v", at, got, overdue)
		}
	}
}

// The earliest review that is still to be held is the one that is due.
func TestReviewDue(t *testing.T) {
	review := func(status, period string) string {
		return fmt.Sprintf(`{"extension":[{"url":%q,"valueCode":"review"}],"detail":{"status":%q,"scheduledPeriod":%s}}`, profiles.ExtPlanPart, status, period)
	}
	for name, c := range map[string]struct {
		activities []string
		want       string
	}{
		"none":         {nil, ""},
		"start only":   {[]string{review("scheduled", `{"start":"2025-06-01"}`)}, "2025-06-01"},
		"end counts":   {[]string{review("scheduled", `{"start":"2025-06-01","end":"2025-06-30"}`)}, "2025-06-30"},
		"the earliest": {[]string{review("scheduled", `{"end":"2026-06-01"}`), review("not-started", `{"end":"2025-06-01"}`)}, "2025-06-01"},
		"not one held": {[]string{review("completed", `{"end":"2024-06-01"}`), review("scheduled", `{"end":"2025-06-01"}`)}, "2025-06-01"},
		"cancelled":    {[]string{review("cancelled", `{"end":"2024-06-01"}`)}, ""},
		"no review":    {[]string{strings.Replace(review("scheduled", `{"end":"2024-06-01"}`), `"review"`, `"action"`, 1), review("scheduled", `{"end":"2025-06-01"}`)}, "2025-06-01"},
	} {
		t.Run(name, func(t *testing.T) {
			plan, err := fhir.Parse([]byte(`{"activity":[` + strings.Join(c.activities, ",") + `]}`))
			if err != nil {
				t.Fatal(err)
			}
			if got := reviewDue(plan); got != c.want {
				t.Errorf("due %q, want %q", got, c.want)
			}
		})
	}
}

// A plan that is not active says so, whoever reads it; one that is on hold as well.
func TestPlanThatIsNotInForceSaysSo(t *testing.T) {
	all := []texts.Key{texts.Ended, texts.OnHold, texts.NotInForce}
	for status, want := range map[string]texts.Key{
		"active": "", "revoked": texts.Ended, "completed": texts.Ended, "on-hold": texts.OnHold,
		"draft": texts.NotInForce, "entered-in-error": texts.NotInForce, "unknown": texts.NotInForce,
	} {
		r := parsed(t, strings.Replace(string(ann(t).Raw()), `"status": "active"`, `"status": "`+status+`"`, 1))
		lines := readNarrative(t, permitting(profiles.AllItems).disclose(heldOf(r), nil)) // what is in error is shown to the treating team only
		for _, key := range all {
			if said := lines[1] == "p "+key.In(texts.English); said != (key == want) {
				t.Errorf("%s: the narrative begins %q", status, lines[:2])
			}
		}
	}
}

// An empty heading whose subject other records may hold as well never reads as not
// recorded: those records were not looked at. The words are the same for everybody,
// whatever was withheld.
func TestNoneRecordedOnlyOverWhatWasLookedAt(t *testing.T) {
	for _, c := range []struct{ plan, activities string }{
		{profiles.CodeCrisisPlan, ``},
		{profiles.CodeContingencyPlan, ``},
		{profiles.CodeCrisisPlan, `,"activity":[{"extension":[{"url":"` + profiles.ExtPlanPart + `","valueCode":"dependants"}],"detail":{"status":"in-progress","description":"x"}},
			{"extension":[{"url":"` + profiles.ExtPlanPart + `","valueCode":"contact"}],"detail":{"status":"in-progress","description":"x"}}]`},
	} {
		r := parsed(t, `{"resourceType":"CarePlan","id":"x","status":"active","intent":"plan","subject":{"reference":"Patient/ann"},
			"category":[{"coding":[{"system":"http://snomed.info/sct","code":"`+c.plan+`"}]}]`+c.activities+`}`)
		granted := profiles.SetOf(profiles.PlanCrisis, profiles.PlanContingency)
		lines := readNarrative(t, permitting(granted).disclose(heldOf(r), nil))
		elsewhere := map[string]bool{}
		for _, key := range []texts.Key{texts.Risks, texts.LegalStatus, texts.Dependants, texts.CriticalCare, texts.AdvanceWishes} {
			elsewhere["h3 "+key.In(texts.English)] = true
		}
		for i := 1; i < len(lines)-2; i++ {
			want := texts.NoneRecorded
			if elsewhere[lines[i]] {
				want = texts.NoneHere
			} else if lines[i] == "h3 "+texts.WhomToCall.In(texts.English) {
				want = texts.NoneInPlan
			}
			if strings.HasPrefix(lines[i], "h3") && lines[i+1] != "p "+want.In(texts.English) {
				t.Errorf("%q reads %q, want %q", lines[i], lines[i+1], want.In(texts.English))
			}
		}
		for _, line := range lines[len(lines)-2:] { // when it was reviewed, and is to be
			if !strings.HasSuffix(line, ": "+texts.NoneInPlan.In(texts.English)) {
				t.Errorf("%q: a review may be recorded elsewhere", line)
			}
		}
	}
}

// What to do is read out in the words of the plan, else of its code.
func TestActivitiesAreReadOutInWords(t *testing.T) {
	for detail, want := range map[string]string{
		`"description":"Ring her","code":{"text":"Call","coding":[{"display":"Telephone"}]}`:                 "Ring her",
		`"code":{"text":"Call","coding":[{"display":"Telephone"}]}`:                                          "Call",
		`"code":{"coding":[{"code":"1","display":"Telephone"}]}`:                                             "Telephone",
		`"code":{"coding":[{"code":"1"}]},"performer":[{"display":"Sian"}]`:                                  "Sian",
		`"doNotPerform":true,"performer":[{"display":"Sian"},{"type":"x"},{"display":"Mair"}]`:               "Sian: Mair",
		`"code":{"coding":[{"display":"Restrain"}]},"doNotPerform":true,"performer":[{"display":"Anybody"}]`: "Anybody: DO NOT / PEIDIWCH Â: Restrain",
	} {
		if got := activityText(parsed(t, `{"resourceType":"x",`+detail+`}`)); got != want {
			t.Errorf("%s reads %q", detail, got)
		}
	}
}

// Every kind of plan is headed by what it is.
func TestPlansAreHeadedByTheirKind(t *testing.T) {
	for category, want := range map[string]string{
		profiles.CodeCrisisPlan: "h2 Crisis plan", profiles.CodeContingencyPlan: "h2 Contingency plan", profiles.CodeMentalHealthPlan: "h2 Care and treatment plan", "1": "h2 Other plan",
	} {
		r := parsed(t, `{"resourceType":"CarePlan","id":"x","status":"active","intent":"plan","subject":{"reference":"Patient/ann"},
			"category":[{"coding":[{"system":"http://snomed.info/sct","code":"`+category+`"}]}]}`)
		if got := readNarrative(t, permitting(profiles.AllItems).disclose(heldOf(r), nil))[0]; got != want {
			t.Errorf("%s is headed %q", category, got)
		}
	}
}

// A plan that is of two kinds is read out as both.
func TestAPlanOfTwoKindsIsReadAsBoth(t *testing.T) {
	plan := strings.Replace(planOf(profiles.CodeContingencyPlan, "", toDo("trigger", "in-progress", "A row"), toDo("action", "in-progress", "Ring her")),
		`"category":[`, `"category":[{"coding":[{"system":"http://snomed.info/sct","code":"`+profiles.CodeCrisisPlan+`"}]},`, 1)
	got := told(t, plan)
	contains(t, "two kinds", got, "h3 Actions\nli Ring her", "h3 Triggers\nli A row")
	if !strings.HasPrefix(got, "h2 Crisis plan\n") || !strings.Contains(got, "h2 Contingency plan\n") {
		t.Errorf("a plan of two kinds reads:\n%s", got)
	}
}

// What is recorded as a code or a reference alone is there: the heading does not say that nothing is.
func TestActivityWithoutWordsIsNotNone(t *testing.T) {
	part := func(code, rest string) string {
		return `{"extension":[{"url":"` + profiles.ExtPlanPart + `","valueCode":"` + code + `"}],` + rest + `}`
	}
	r := parsed(t, `{"resourceType":"CarePlan","id":"x","status":"active","intent":"plan","subject":{"reference":"Patient/ann"},
		"category":[{"coding":[{"system":"http://snomed.info/sct","code":"`+profiles.CodeCrisisPlan+`"}]}],"activity":[`+
		part("what-helps", `"detail":{"status":"in-progress","code":{"coding":[{"system":"http://snomed.info/sct","code":"1"}]}}`)+`,`+
		part("action", `"detail":{"status":"cancelled","code":{"coding":[{"system":"http://snomed.info/sct","code":"1"}]}}`)+`]}`)
	got := strings.Join(readNarrative(t, permitting(profiles.CrisisSlice).disclose(heldOf(r), nil)), "\n")
	words := texts.NotInWords.In(texts.English)
	for _, want := range []string{"h3 What helps\nli " + words, "h3 Actions\np none recorded or shared\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in:\n%s", want, got)
		}
	}
}

// A crisis plan from a system that marks no parts was hollow: its text reached nobody,
// and every heading read "none recorded". It is read out whole, and no heading says
// that what may stand there is not recorded.
func TestAPlanWithoutMarksIsNotHollow(t *testing.T) {
	text := func(category string) fhir.Value {
		return parsed(t, `{"resourceType":"CarePlan","id":"x","status":"active","intent":"plan","subject":{"reference":"Patient/ann"},
			"category":[{"coding":[{"system":"http://snomed.info/sct","code":"`+category+`"}]}],"activity":[
			{"detail":{"status":"in-progress","description":"Ring her sister first"}},
			{"detail":{"status":"completed","description":"Changed the locks"}},
			{"detail":{"status":"in-progress","code":{"coding":[{"system":"`+profiles.SystemArea+`","code":"work"}]},"description":"a job coach"}}]}`)
	}
	got := strings.Join(readNarrative(t, permitting(profiles.CrisisSlice).disclose(heldOf(text(profiles.CodeCrisisPlan)), nil)), "\n")
	for _, want := range []string{
		"h2 Crisis plan\nh3 What the plan says\nli Ring her sister first\nh3 Whom to call\np none recorded or shared in this plan; other records may hold it\nh3 Current risks and alerts\np none recorded or shared here",
		"h3 What helps\np none under this heading; what the plan says as a whole stands above\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in:\n%s", want, got)
		}
	}
	if strings.Contains(got, "job coach") || strings.Contains(got, "locks") {
		t.Errorf("the crisis slice holds more:\n%s", got)
	}
	whole := profiles.AllItems.Minus(profiles.Restricted).Minus(profiles.SetOf(profiles.Unlabelled))
	got = strings.Join(readNarrative(t, permitting(whole).disclose(heldOf(text(profiles.CodeMentalHealthPlan)), nil)), "\n")
	if !strings.Contains(got, "h2 Care and treatment plan\nh3 What the plan says\nli Ring her sister first\nh3 Work and occupation\nli a job coach\n") {
		t.Errorf("the whole plan reads:\n%s", got)
	}
	part := permitting(whole.Minus(profiles.SetOf(profiles.AreaFinance))).disclose(heldOf(text(profiles.CodeMentalHealthPlan)), nil)
	if strings.Contains(string(part.Body()), "sister") {
		t.Errorf("who may not see the whole plan sees %s", part.Body())
	}
}

// Whatever was written about a person stays text: it never becomes markup.
func TestNarrativeEscapes(t *testing.T) {
	r := parsed(t, `{"resourceType":"CarePlan","id":"x","status":"active","intent":"plan","subject":{"reference":"Patient/ann"},
		"category":[{"coding":[{"system":"http://snomed.info/sct","code":"736253002"}]}],
		"activity":[{"extension":[{"url":"`+profiles.ExtPlanPart+`","valueCode":"action"}],
		"detail":{"status":"in-progress","description":"<script>alert(\"1\")</script> ]]> \u0007 & <b"}}]}`)
	lines := readNarrative(t, permitting(profiles.CrisisSlice).disclose(heldOf(r), nil))
	want := "li <script>alert(\"1\")</script> ]]> � & <b"
	if !strings.Contains(strings.Join(lines, "\n"), want) {
		t.Errorf("narrative: %q", lines)
	}
}

// The main plan reads by area; an activity that is over is not among what is to be done.
func TestMainPlanNarrative(t *testing.T) {
	activity := func(area, status, words string) string {
		return fmt.Sprintf(`{"extension":[{"url":%q,"valueCode":"area"},{"url":%q,"valueCode":%q}],"detail":{"status":%q,"code":{"text":%q}}}`,
			profiles.ExtPlanPart, profiles.ExtArea, area, status, words)
	}
	r := parsed(t, `{"resourceType":"CarePlan","id":"x","status":"active","intent":"plan","subject":{"reference":"Patient/ann"},
		"category":[{"coding":[{"system":"http://snomed.info/sct","code":"718347000"}]}],
		"activity":[`+activity("work", "in-progress", "a job coach")+`,`+activity("finance", "scheduled", "a benefits check")+`,`+
		activity("work", "cancelled", "an interview")+`]}`)
	granted := profiles.SetOf(profiles.PlanSummary, profiles.AreaWork)
	got := readNarrative(t, permitting(granted).disclose(heldOf(r), nil))
	want := []string{"h2 Care and treatment plan", "h3 Work and occupation", "li a job coach",
		"p Written by: none recorded or shared in this plan; other records may hold it", "p Last reviewed: none recorded or shared in this plan; other records may hold it", "p Review due: none recorded or shared in this plan; other records may hold it"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("narrative (-want +got):\n%s", diff)
	}
}

func TestOnlyPlansHaveNarrative(t *testing.T) {
	r := parsed(t, `{"resourceType":"CareTeam","id":"x","text":{"status":"generated","div":"<div>x</div>"},"subject":{"reference":"Patient/ann"}}`)
	if body := string(permitting(profiles.AllItems).disclose(heldOf(r), nil).Body()); body == "" || strings.Contains(body, `"text"`) {
		t.Errorf("disclosed %s", body)
	}
}
