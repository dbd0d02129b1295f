package intake_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"cpagateway/consent/facts"
	"cpagateway/gateway/intake"
	"cpagateway/gateway/quarantine"
	"cpagateway/gateway/records"
	"cpagateway/gateway/records/recordstest"
	"cpagateway/mapping/mhsds"
	"cpagateway/profiles"
)

const wentBack = "SOURCE-WENT-BACK"

// planWritten is the Welsh plan with every field, written at a time.
func planWritten(t *testing.T, at, text string) object {
	t.Helper()
	plan := withWishes(t)
	plan["written"] = at
	crisis, _ := plan["crisis"].(object)
	crisis["name"] = text
	if at == "" {
		delete(plan, "written")
	}
	return plan
}

// period is an extract of MHSDS of a period, made at a time, with a plan of a kind.
func period(end, made, kind string) fstest.MapFS {
	start := end[:len("2026-06-")] + "01"
	return folder(map[string]string{
		"MHS000Header.csv":       "DatSetVer,OrgIDProvider,OrgIDSubmit,PrimSystemInUse,ReportingPeriodStartDate,ReportingPeriodEndDate,DateTimeDatSetCreate\n6.0,7A4,7A4,PARIS," + start + "," + end + "," + made + "\n",
		"MHS001MPI.csv":          "LocalPatientID,OrgIDLocalPatientID,NHSNumber,NHSNumberStatus,PersonBirthDate,Gender\nP1,7A4," + ann + ",01,1980-05-17,2\n",
		"MHS008CarePlanType.csv": "CarePlanID,LocalPatientID,CarePlanTypeMH,CarePlanCreatDate,CarePlanLastUpdateDate\nCP1,P1," + kind + ",2026-01-12,2026-01-12\n",
	})
}

// text is what is kept of a type of everybody under an NHS number.
func (d *desk) text(number, typ string) (text string) {
	d.t.Helper()
	for _, v := range d.found(number, typ) {
		text += string(v.Body) + "\n"
	}
	return text
}

// A system that was put back to a backup, or an extract brought in a second time, does not
// undo what its source has sent since.
func TestASourceThatWentBackUndoesNothing(t *testing.T) {
	format, err := mhsds.New(mhsds.V6)
	must(t, err)
	rows := intake.Source{Name: "mhsds-v6", Format: format, Custodian: "7A4"}
	updated := func(at, title string) fstest.MapFS {
		text := strings.Replace(plan("p", "ann"), `"id":"p"`, `"id":"p","meta":{"lastUpdated":"`+at+`"},"title":"`+title+`"`, 1)
		return collection(patient("ann", ann), strings.Replace(text, `"meta":{"lastUpdated":""},`, "", 1))
	}
	type step struct {
		files fstest.MapFS
		back  int // records set aside because something newer was sent: of MHSDS the header's too
		shown string
	}
	for _, c := range []struct {
		name   string
		source intake.Source
		steps  []step
	}{
		{"Welsh plans", plans(t), []step{
			{extract(t, planWritten(t, "2026-06-01T09:00:00Z", "June")), 0, "June"},
			{extract(t, planWritten(t, "2026-07-01T09:00:00Z", "July")), 0, "July"},
			{extract(t, planWritten(t, "2026-06-01T09:00:00Z", "June")), 1, "July"},
			{extract(t, planWritten(t, "2026-07-01T10:00:00+01:00", "July, mended")), 0, "July, mended"}, // the same instant
			{extract(t, planWritten(t, "", "at no time")), 0, "at no time"},
			{extract(t, planWritten(t, "2026-06-30T23:59:59.9Z", "June")), 1, "at no time"},
		}},
		{"MHSDS", rows, []step{
			{period("2026-06-30", "2026-07-02T09:00:00+01:00", "10"), 0, "718347000"},
			{period("2026-07-31", "2026-08-02 09:00:00", "12"), 0, "736253002"},
			{period("2026-06-30", "2026-08-05T09:00:00Z", "10"), 3, "736253002"}, // made later, of an earlier period
			{period("2026-07-31", "2026-08-02T07:59:59Z", "10"), 3, "736253002"}, // 08:00 in London was 07:00
			{period("2026-07-31", "2026-08-02T08:00:01Z", "10"), 0, "718347000"},
		}},
		{"FHIR", bundles(t, "clinic"), []step{
			{updated("2026-06-01T09:00:00Z", "June"), 0, "June"},
			{updated("2026-07-01T09:00:00Z", "July"), 0, "July"},
			{updated("2026-07-01T09:59:59+01:00", "June"), 1, "July"},
			{updated("", "at no time"), 0, "at no time"},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := openDesk(t)
			number := ann
			if c.name == "Welsh plans" {
				number = wholesNumber(t)
			}
			for i, s := range c.steps {
				sum := d.bring(c.source, s.files)
				if sum.Quarantined != s.back || i > 0 && s.back == 0 && sum.Stored == 0 {
					t.Errorf("step %d: %+v", i, sum)
				}
				told := slices.DeleteFunc(slices.Clone(sum.SetAside), func(l intake.Line) bool { return l.Rule != wentBack })
				listed := slices.DeleteFunc(d.faults()[wentBack], func(f quarantine.Fault) bool {
					return !slices.ContainsFunc(told, func(l intake.Line) bool { return l.ID == f.ID })
				})
				if len(told) != s.back || len(listed) != s.back {
					t.Errorf("step %d: %d records went back, and %d of them are listed", i, len(told), len(listed))
				}
				if shown := d.text(number, "CarePlan"); !strings.Contains(shown, `"`+s.shown+`"`) {
					t.Errorf("step %d: %q is not in\n%s", i, s.shown, shown)
				}
				again := d.bring(c.source, s.files)
				if again.Stored != 0 || again.NewFaults != 0 || again.Quarantined != s.back {
					t.Errorf("step %d, again: %+v", i, again)
				}
			}
		})
	}
}

// A source whose clock was years ahead for one night had sent what is newer than anything that
// it could send for years: all of that was set aside, and nobody could do anything about it.
func TestAnExtractOfTheFutureClosesNoSource(t *testing.T) {
	d := openDesk(t)
	for i, s := range []struct {
		at    time.Time
		title string
		back  int
	}{
		{d.now.AddDate(36, 0, 0), "of 36 years on", 0},
		{d.now.Add(-time.Hour), "of today", 0},
		{d.now.Add(-2 * time.Hour), "of before", 1},
	} {
		sum := d.bring(plans(t), extract(t, planWritten(t, s.at.Format(time.RFC3339), s.title)))
		if shown := d.text(wholesNumber(t), "CarePlan"); sum.Quarantined != s.back || strings.Contains(shown, s.title) != (s.back == 0) {
			t.Errorf("step %d: %+v, and shown is\n%s", i, sum, shown)
		}
	}
}

// What an old document says against sharing is taken as from any record that is set aside:
// and never in the place of something later.
func TestAnOldDocumentNeverGrantsWhatWasWithdrawnSince(t *testing.T) {
	d := openDesk(t)
	at := func(written, status, recorded string) object {
		wish := given("w", "T1")
		wish["status"], wish["recorded"] = status, recorded
		plan := withWishes(t, wish)
		plan["written"] = written
		return plan
	}
	d.bring(plans(t), extract(t, at("2026-06-01T09:00:00Z", "given", "2026-05-01T09:00:00Z")))
	d.bring(plans(t), extract(t, at("2026-07-01T09:00:00Z", "withdrawn", "2026-06-20T09:00:00Z")))
	if sum := d.bring(plans(t), extract(t, at("2026-06-01T09:00:00Z", "given", "2026-05-01T09:00:00Z"))); sum.Quarantined != 1 {
		t.Errorf("%+v", sum)
	}
	if got := d.wishes(wholesNumber(t))[facts.SharePlan]; got != facts.Withdrawn {
		t.Errorf("the sharing is %v after an old document", got)
	}
}

// A record that is set aside for something else has not been sent: an older one is still news.
func TestWhatIsSetAsideIsNotTheNewest(t *testing.T) {
	d := openDesk(t)
	other := intake.Source{Name: "other", Format: plans(t).Format, Grants: plans(t).Grants}
	d.bring(plans(t), extract(t, planWritten(t, "2026-06-01T09:00:00Z", "June")))
	broken := planWritten(t, "2026-08-01T09:00:00Z", "August")
	person, _ := broken["person"].(object)
	person["nhsNumber"] = "9990000019"
	if sum := d.bring(plans(t), extract(t, broken)); sum.Quarantined != 1 {
		t.Errorf("%+v", sum)
	}
	if sum := d.bring(plans(t), extract(t, planWritten(t, "2026-07-01T09:00:00Z", "July"))); sum.Quarantined != 0 || sum.Stored == 0 {
		t.Errorf("%+v", sum)
	}
	if sum := d.bring(other, extract(t, planWritten(t, "2026-05-01T09:00:00Z", "May"))); len(d.faults()[wentBack]) != 0 {
		t.Errorf("of another source: %+v", sum)
	}
	sum, err := d.Again(context.Background(), plans(t), quarantine.Fault{At: d.now}, extract(t, planWritten(t, "2026-06-15T09:00:00Z", "mid June"))["plans.ndjson"].Data)
	if err != nil || sum.Quarantined != 1 || len(d.faults()[wentBack]) != 0 {
		t.Errorf("a fragment that is older: %+v, %v", sum, err)
	}
}

// A risk that a plan said to be past, or that stood in a plan that had ended, went on as a current
// one: the crisis team read it under "Current risks", although past risks were not agreed to be shared.
func TestARiskThatIsPastDoesNotStayCurrent(t *testing.T) {
	for what, changes := range map[string][]string{
		"the risk is past": {"\"level\": \"moderate\",\n      \"status\": \"current\"", `"level": "moderate", "status": "past"`},
		"the plan ended":   {"\"status\": \"active\",\n  \"level\"", `"status": "ended", "level"`, `"directives": [`, `"directives": [], "left": [`},
	} {
		d := openDesk(t)
		shared := func() bool {
			slice := records.Scope{Person: d.person(bryn), Custodian: "7A4", Type: "RiskAssessment", Items: profiles.CrisisSlice}
			page, err := recordstest.Of(d.store).FindIn(t.Context(), []records.Scope{slice}, records.Query{Count: 1})
			must(t, err)
			return len(page.Matches) > 0
		}
		d.bring(plans(t), d.changed("bryn.json"))
		if !shared() {
			t.Fatalf("%s: before it, the crisis team sees no current risk", what)
		}
		sum := d.bring(plans(t), d.changed("bryn.json", changes...))
		if sum.Stored != 1 || shared() {
			t.Errorf("%s: %+v; the crisis team still sees it: %v", what, sum, shared())
		}
		if sum.Warnings["UNLABELLED"] != 0 {
			t.Errorf("%s: what says nothing any more was counted as hidden from others", what)
		}
		d.bring(plans(t), d.changed("bryn.json"))
		if !shared() {
			t.Errorf("%s: a risk that has come back is not shown", what)
		}
	}
}
