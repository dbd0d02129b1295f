package consent

import (
	"reflect"
	"testing"

	"cpagateway/consent/facts"
	"cpagateway/profiles"
)

// TestRequestIsPutWhole: every part of the question reaches the request, and what could
// be used follows from the type and the purpose.
func TestRequestIsPutWhole(t *testing.T) {
	q := world(t)
	ask := Request{Caller: q.Caller, Action: q.Action, Type: q.Type, At: q.At, Register: q.Register, Policy: q.Policy}
	q.Wanted = profiles.ItemsOfType("CarePlan")
	if got := ask.For("7A4", q.Person); !reflect.DeepEqual(got, q) {
		t.Errorf("got  %+v\nwant %+v", got, q)
	}
	v := reflect.ValueOf(ask.For("7A4", &facts.Person{}))
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Errorf("%s is left out", v.Type().Field(i).Name)
		}
	}
	ask.Caller.Purpose = profiles.EmergencyTreatment
	if got := ask.For("7A4", q.Person).Wanted; got != profiles.CrisisSlice {
		t.Errorf("an emergency could use %s", got)
	}
	ask.Type = "Organization"
	if got := ask.For("7A4", nil); got.Person != nil || got.Source != "7A4" {
		t.Errorf("of the directory: %+v", got)
	}
}
