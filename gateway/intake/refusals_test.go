package intake_test

import (
	"bytes"
	"context"
	"io/fs"
	"testing"
	"testing/fstest"

	"cpagateway/consent/facts"
	"cpagateway/gateway/demo"
	"cpagateway/gateway/records/recordstest"
)

// wishes are the directives that are kept of a person, by template and status.
func (d *desk) wishes(number string) map[facts.Template]facts.Status {
	d.t.Helper()
	held, err := recordstest.Of(d.store).Holdings(context.Background(), d.person(number))
	must(d.t, err)
	found := map[facts.Template]facts.Status{}
	for _, fact := range held.Facts {
		if fact.Directive != nil {
			found[fact.Directive.Template] = fact.Directive.Status
		}
	}
	return found
}

// changed is a plan of the cast with some of its text changed.
func (d *desk) changed(file string, changes ...string) fstest.MapFS {
	d.t.Helper()
	text, err := fs.ReadFile(demo.Extracts(d.now)[0].Files, file)
	must(d.t, err)
	for i := 0; i+1 < len(changes); i += 2 {
		next := bytes.Replace(text, []byte(changes[i]), []byte(changes[i+1]), 1)
		if bytes.Equal(next, text) {
			d.t.Fatalf("%s holds no %q", file, changes[i])
		}
		text = next
	}
	return fstest.MapFS{file: {Data: text}}
}

// A plan that was set aside for its NHS number took the withdrawal in it with it,
// and the older grant stood.
func TestAWithdrawalIsTakenFromAPlanThatIsSetAside(t *testing.T) {
	d := openDesk(t)
	source, files := annsPlan(t, d, ann)
	d.bring(source, files)
	if got := d.wishes(ann)[facts.SharePlan]; got != facts.Active {
		t.Fatalf("Ann's sharing is %v before", got)
	}
	broken := d.changed("ann.json", ann, "9990000019", `"status": "given"`, `"status": "withdrawn"`)
	if sum := d.bring(source, broken); sum.Quarantined != 1 || sum.Stored != 0 {
		t.Errorf("%+v", sum)
	}
	if got := d.wishes(ann)[facts.SharePlan]; got != facts.Withdrawn {
		t.Errorf("Ann's sharing is %v after her withdrawal", got)
	}
}

// The same of somebody who agreed to crisis use and now refuses that as well.
func TestARefusalOfCrisisUseIsTakenFromAPlanThatIsSetAside(t *testing.T) {
	d := openDesk(t)
	source, _ := annsPlan(t, d, ann)
	d.bring(source, d.changed("bryn.json"))
	d.bring(source, d.changed("bryn.json", bryn, "9990000019", `"template": "T3"`, `"template": "T4"`))
	if got := d.wishes(bryn); got[facts.RefuseCrisis] != facts.Active {
		t.Errorf("Bryn's wishes are %v after his refusal", got)
	}
}

// What could widen waits for somebody to mend the plan.
func TestAGrantWaitsWithThePlanThatIsSetAside(t *testing.T) {
	d := openDesk(t)
	source, _ := annsPlan(t, d, ann)
	d.bring(source, d.changed("elin.json"))
	d.bring(source, d.changed("elin.json", "9990000050", "9990000051", `"template": "T4"`, `"template": "T3"`))
	if got := d.wishes("9990000050"); got[facts.RefuseCrisis] != facts.Active || len(got) != 1 {
		t.Errorf("Elin's wishes are %v", got)
	}
}

// A refusal that ends, in a plan that is set aside, was taken as it is by a first run and
// in brief, as a refusal of everything for ever, by a second run of the same plan.
func TestARefusedPlanBroughtAgainChangesNothing(t *testing.T) {
	d := openDesk(t)
	d.bring(plans(t), extract(t, withWishes(t, given("w1", "T1"))))
	refusal := given("w1", "T2")
	refusal["until"] = "2026-05-01"
	refused := extract(t, breakElsewhere(withWishes(t, refusal)))
	d.bring(plans(t), refused)
	first := d.reads(wholesNumber(t))
	if sum := d.bring(plans(t), refused); first != "T2 active" || d.reads(wholesNumber(t)) != first || sum.Resources != 0 {
		t.Errorf("first %q, then %q: %+v", first, d.reads(wholesNumber(t)), sum)
	}
}
