package intake_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"cpagateway/gateway/demo"
	"cpagateway/gateway/intake"
	"cpagateway/profiles"
)

// annsPlan is the Welsh plan of the demo's Ann, under an NHS number.
func annsPlan(t *testing.T, d *desk, number string) (intake.Source, fstest.MapFS) {
	t.Helper()
	text, err := fs.ReadFile(demo.Extracts(d.now)[0].Files, "ann.json")
	must(t, err)
	return plans(t), fstest.MapFS{"ann.json": {Data: bytes.Replace(text, []byte(ann), []byte(number), 1)}}
}

// A plan with a wrong NHS number was set aside once for each resource it makes,
// and its staff were stored all the same.
func TestARecordIsSetAsideOnceAndWhole(t *testing.T) {
	d := openDesk(t)
	source, files := annsPlan(t, d, "9990000019")
	sum := d.bring(source, files)
	if sum.Quarantined != 1 || sum.NewFaults != 1 || sum.Resources != 0 {
		t.Errorf("%+v", sum)
	}
}

// A plan whose Patient was set aside counted as taken, and the command as done.
func TestAPlanWhosePatientIsSetAsideIsNotTaken(t *testing.T) {
	d := openDesk(t)
	source, files := annsPlan(t, d, ann)
	if sum := d.bring(source, files); sum.Stored != 1 {
		t.Fatalf("%+v", sum)
	}
	for _, number := range []string{"9990000019", bryn} {
		_, files := annsPlan(t, d, number)
		if sum := d.bring(source, files); sum.Quarantined != 1 || sum.NewFaults != 1 || sum.Resources != 0 {
			t.Errorf("%+v", sum)
		}
	}
}

// A bundle whose plans carry no marks was taken without a word, and nobody saw its
// text: the account counts what few will see.
func TestTheAccountCountsWhatFewWillSee(t *testing.T) {
	d := openDesk(t)
	marked := func(code string) string {
		return `{"extension":[{"url":"` + profiles.ExtPlanPart + `","valueCode":"` + code + `"}],"detail":{"status":"in-progress","description":"x"}}`
	}
	mixed := fmt.Sprintf(`{"resourceType":"CarePlan","id":"mixed","status":"active","intent":"plan","subject":{"reference":"Patient/p"},
		"activity":[{"detail":{"status":"in-progress","description":"x"}},{"reference":{"reference":"Task/1"}},%s]}`, marked("action"))
	goal := `{"resourceType":"Goal","id":"g","lifecycleStatus":"active","description":{"text":"x"},"subject":{"reference":"Patient/p"}}`
	seen := `{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p"}}`
	sum := d.bring(bundles(t, "clinic"), collection(patient("p", ann), mixed, goal, seen))
	if sum.Warnings["UNMARKED"] != 3 || sum.Warnings["UNLABELLED"] != 1 || sum.Stored != 4 {
		t.Errorf("%+v", sum)
	}
}

// What helps in a crisis came in without a word inside a care and treatment plan, which no crisis
// team is given.
func TestTheAccountCountsWhatNoCrisisTeamReads(t *testing.T) {
	d := openDesk(t)
	plan := func(id string, categories ...string) string {
		codes := ""
		for _, code := range categories {
			codes += `,{"coding":[{"system":"` + profiles.SystemSNOMED + `","code":"` + code + `"}]}`
		}
		lines := ""
		for _, code := range []string{profiles.CodePartWhatHelps, profiles.CodePartArrangement, profiles.CodePartContact, profiles.CodePartReview, profiles.CodePartCopy} {
			lines += `,{"extension":[{"url":"` + profiles.ExtPlanPart + `","valueCode":"` + code + `"}],"detail":{"status":"in-progress","description":"x"}}`
		}
		return `{"resourceType":"CarePlan","id":"` + id + `","status":"active","intent":"plan","subject":{"reference":"Patient/p"},"category":[` + codes[1:] + `],"activity":[` + lines[1:] + `]}`
	}
	for name, c := range map[string]struct {
		plan string
		want int
	}{
		"a crisis plan":                        {plan("a", profiles.CodeCrisisPlan), 0},
		"a crisis and contingency plan":        {plan("b", profiles.CodeCrisisPlan, profiles.CodeContingencyPlan), 0},
		"a care and treatment plan":            {plan("c", profiles.CodeMentalHealthPlan), 3},
		"both a crisis and a treatment plan":   {plan("d", profiles.CodeCrisisPlan, profiles.CodeMentalHealthPlan), 3},
		"a plan of a kind that nobody thought": {plan("e", "1"), 3},
	} {
		if sum := d.bring(bundles(t, "clinic"), collection(patient("p", ann), c.plan)); sum.Warnings["NO-CRISIS-PLAN"] != c.want || sum.Quarantined != 0 {
			t.Errorf("%s: %+v", name, sum)
		}
	}
}

// An extract of which a file had lost its rows emptied everybody's crisis plans without a word.
func TestTheAccountCountsPlansThatAreEmptied(t *testing.T) {
	d := openDesk(t)
	plan := func(status, activity string) fstest.MapFS {
		return collection(patient("p", ann), `{"resourceType":"CarePlan","id":"a","status":"`+status+`","intent":"plan","subject":{"reference":"Patient/p"},`+
			`"category":[{"coding":[{"system":"`+profiles.SystemSNOMED+`","code":"`+profiles.CodeCrisisPlan+`"}]}]`+activity+`}`)
	}
	helps := `,"activity":[{"extension":[{"url":"` + profiles.ExtPlanPart + `","valueCode":"` + profiles.CodePartWhatHelps + `"}],"detail":{"status":"in-progress","description":"x"}}]`
	for i, c := range []struct {
		plan fstest.MapFS
		want int
	}{
		{plan("active", ""), 0}, // it never had any
		{plan("active", helps), 0},
		{plan("active", ""), 1},
		{plan("active", ""), 0}, // as it was already
		{plan("active", helps), 0},
		{plan("revoked", ""), 0}, // it is in force no more
	} {
		if sum := d.bring(bundles(t, "clinic"), c.plan); sum.Warnings["EMPTIED"] != c.want || sum.Quarantined != 0 {
			t.Errorf("extract %d: %+v", i+1, sum)
		}
	}
}

// Of a resource with several faults one was told, and the next when that was mended.
func TestAllThatIsWrongWithAResourceIsTold(t *testing.T) {
	d := openDesk(t)
	sum := d.bring(bundles(t, "clinic"), collection(patient("p", ann), `{"resourceType":"CarePlan","id":"c","status":"aktiv","subject":{"reference":"Patient/p"}}`))
	if len(sum.SetAside) != 1 {
		t.Fatalf("%+v", sum)
	}
	for _, says := range []string{"CarePlan.status: is not one of: ", "; CarePlan.intent: is required"} {
		if !strings.Contains(sum.SetAside[0].Reason, says) {
			t.Errorf("%q does not say %q", sum.SetAside[0].Reason, says)
		}
	}
	crowd := `{"resourceType":"CarePlan","id":"d","status":"active","intent":"plan","subject":{"reference":"Patient/p"},"activity":[` + strings.Repeat(`{"detail":{}},`, 20) + `{"detail":{}}]}`
	if told := d.bring(bundles(t, "clinic"), collection(patient("p", ann), crowd)).SetAside[0].Reason; strings.Count(told, "; ") != 8 || !strings.HasSuffix(told, "; and 34 more") {
		t.Errorf("of 42 faults is told %q", told)
	}
}
