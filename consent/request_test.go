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
	ask := Request{Caller: q.Caller, Action: q.Action, Type: q.Type, At: q.At, Register: q.Register, Policy: q.Policy, Glass: Glass{Reason: emergency}}
	q.Glass = ask.Glass
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
	for _, purpose := range []profiles.Purpose{profiles.EmergencyTreatment, profiles.BreakGlass} {
		ask.Caller.Purpose = purpose
		if got := ask.For("7A4", q.Person).Wanted; got != profiles.CrisisSlice {
			t.Errorf("%s could use %s", purpose, got)
		}
	}
	ask.Type = "Organization"
	if got := ask.For("7A4", nil); got.Person != nil || got.Source != "7A4" {
		t.Errorf("of the directory: %+v", got)
	}
}

// TestWhomAScopeIsFor: patient/ scopes are for the person alone, who changes nothing;
// system/ ones never are; a context that nobody knows is for nobody.
func TestWhomAScopeIsFor(t *testing.T) {
	for _, action := range []Action{Read, Search, Create, Update, Delete} {
		reads := action == Read || action == Search
		for _, c := range []struct {
			context              string
			person, organisation bool
		}{{"user", true, true}, {"patient", reads, false}, {"system", false, true}, {"", false, false}} {
			r := Request{Action: action, Type: "CarePlan", Caller: Caller{Scopes: []Scope{
				{Context: c.context, Type: "*", Read: true, Search: true, Create: true, Update: true, Delete: true}}}}
			if got := r.InScope(); got != c.person {
				t.Errorf("%s/ reaches action %v of the person: %v", c.context, action, got)
			}
			r.Caller.Organisation = "7A4"
			if got := r.InScope(); got != c.organisation {
				t.Errorf("%s/ reaches action %v of an organisation: %v", c.context, action, got)
			}
		}
	}
}
