package intake_test

import (
	"bytes"
	"io/fs"
	"testing"
	"testing/fstest"

	"cpagateway/gateway/demo"
	"cpagateway/gateway/intake"
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
	sum := d.bring(source, files, intake.Store)
	if sum.Quarantined != 1 || sum.NewFaults != 1 || sum.Resources != 0 {
		t.Errorf("%+v", sum)
	}
}

// A plan whose Patient was set aside counted as taken, and the command as done.
func TestAPlanWhosePatientIsSetAsideIsNotTaken(t *testing.T) {
	d := openDesk(t)
	source, files := annsPlan(t, d, ann)
	if sum := d.bring(source, files, intake.Store); sum.Stored != 1 {
		t.Fatalf("%+v", sum)
	}
	for _, number := range []string{"9990000019", bryn} {
		_, files := annsPlan(t, d, number)
		if sum := d.bring(source, files, intake.Store); sum.Quarantined != 1 || sum.NewFaults != 1 || sum.Resources != 0 {
			t.Errorf("%+v", sum)
		}
	}
}
