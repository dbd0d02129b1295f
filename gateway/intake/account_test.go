package intake_test

import (
	"fmt"
	"testing"

	"cpagateway/gateway/intake"
)

// TestAnAccountIsBounded: an extract with something wrong in every record once grew
// the account by a line for each, and copied all of them for every batch.
func TestAnAccountIsBounded(t *testing.T) {
	d := openDesk(t)
	var resources []string
	for i := range 2*intake.MaxLines + 1 {
		resources = append(resources, plan(fmt.Sprint("c", i), "nobody"))
	}
	sum := d.bring(bundles(t, "clinic"), collection(resources...))
	if len(sum.SetAside) != intake.MaxLines || sum.Unlisted != intake.MaxLines+1 || sum.Quarantined != len(resources) {
		t.Errorf("%d lines and %d not listed of %d records set aside", len(sum.SetAside), sum.Unlisted, sum.Quarantined)
	}
	if twice := sum.Plus(sum); len(twice.SetAside) != intake.MaxLines || twice.Unlisted != 3*intake.MaxLines+2 {
		t.Errorf("two accounts have %d lines, and %d not listed", len(twice.SetAside), twice.Unlisted)
	}
}
