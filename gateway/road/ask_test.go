package road

import (
	"reflect"
	"testing"

	"cpagateway/consent"
	"cpagateway/consent/disclosure"
	"cpagateway/consent/facts"
	"cpagateway/gateway/search"
	"cpagateway/gateway/texts"
	"cpagateway/profiles/fhir"
)

// Who may read may not search by that, nor the other way round.
func TestTheActionOfAnInteraction(t *testing.T) {
	for interaction, want := range map[Interaction]consent.Action{Search: consent.Search, Read: consent.Read, VRead: consent.Read,
		Create: consent.Create, Update: consent.Update, Patch: consent.Update, Delete: consent.Delete} {
		if got := (Ask{Interaction: interaction}).action(); got != want {
			t.Errorf("%s is decided on as %v", interaction, got)
		}
	}
}

func TestTheRefusalsOfTheRoad(t *testing.T) {
	for code, c := range map[string]struct {
		fault  *Fault
		status int
		text   texts.Key
	}{
		"not-found": {Nothing, 404, texts.Nothing}, "login": {faultUnknown, 401, texts.Unauthorized}, "invalid": {BadRequest, 400, texts.BadRequest},
		"transient": {faultBusy, 503, texts.Busy}, "timeout": {Timeout, 504, texts.Timeout}, "exception": {Broken, 500, texts.Broken},
		"expired": {faultStaleCursor, 400, texts.StaleCursor}, "too-costly": {faultLongCursor, 400, texts.BadRequest}, "required": {faultNoPerson, 400, texts.NameOnePerson},
	} {
		if c.fault.Status != c.status || c.fault.Code != code || c.fault.Text != c.text || c.fault.Error() != c.text.In(texts.English) {
			t.Errorf("%s: %+v", code, c.fault)
		}
	}
}

// An include follows a reference only to the types that it names, at its own paths.
func TestAnIncludeFollowsItsOwnReferences(t *testing.T) {
	body := []byte(`{"resourceType":"CareTeam","subject":{"reference":"Patient/p"},"participant":[
		{"member":{"reference":"PractitionerRole/a"}},{"member":{"reference":"Patient/b"}},{"member":{"reference":"Organization/c"}},
		{"member":{"reference":"#contained"}},{"member":{"reference":"https://there/PractitionerRole/d"}},{"member":{"reference":"PractitionerRole"}},
		{"member":{"display":"nobody"}},{"member":{"reference":"PractitionerRole/e"}}]}`)
	for _, c := range []struct{ paths, types, want []string }{
		{[]string{"participant.member"}, []string{"PractitionerRole"}, []string{"PractitionerRole/a", "PractitionerRole/e"}},
		{[]string{"participant.member"}, []string{"Organization", "Patient"}, []string{"Patient/b", "Organization/c"}},
		{[]string{"subject", "participant.member"}, []string{"Patient"}, []string{"Patient/p", "Patient/b"}},
		{[]string{"subject"}, []string{"Organization"}, nil},
		{nil, []string{"Patient"}, nil},
	} {
		equal(t, "the references", referred(body, search.Include{Paths: c.paths, Types: c.types}), c.want)
	}
	if refs := referred([]byte("no JSON"), search.Include{Paths: []string{"subject"}, Types: []string{"Patient"}}); refs != nil {
		t.Errorf("%v", refs)
	}
}

// References are looked up among the records of the custodian that holds them.
func TestTheReferencesOfACustodian(t *testing.T) {
	held := func(custodian, refs string) disclosure.Held {
		resource, err := fhir.ParseResource([]byte(`{"resourceType":"CarePlan","goal":[` + refs + `]}`))
		noError(t, err)
		h := disclosure.Held{Resource: resource}
		h.Custodian = "7A5"
		if custodian == "7A4" {
			h.Custodian = "7A4"
		}
		return h
	}
	all := []disclosure.Held{
		held("7A4", `{"reference":"Goal/a"},{"reference":"Goal/b"}`), held("7A5", `{"reference":"Goal/c"}`), held("7A4", `{"reference":"Goal/d"}`),
	}
	equal(t, "of the first", references(all, "7A4"), []string{"Goal/a", "Goal/b", "Goal/d"})
	equal(t, "of the second", references(all, "7A5"), []string{"Goal/c"})
	equal(t, "of nobody", references(all, "7A6"), []string(nil))
}

// What is kept of a page and of a person is counted, so that memory keeps its bound.
func TestWhatIsKeptIsCountedWhole(t *testing.T) {
	written := disclosure.Copy{}
	settable(reflect.ValueOf(&written).Elem().FieldByName("body")).SetBytes(make([]byte, 50))
	for want, p := range map[int]page{
		100: {}, 400: {matches: make([]disclosure.Copy, 1)}, 700: {included: make([]disclosure.Copy, 2)}, 1000: {matches: make([]disclosure.Copy, 2), included: make([]disclosure.Copy, 1)},
		450: {matches: []disclosure.Copy{written}},
	} {
		if got := p.size(); got != want {
			t.Errorf("a page: %d, want %d", got, want)
		}
	}
	for want, persons := range map[int][]facts.Person{0: nil, 500: make([]facts.Person, 1), 1600: {{Relations: make([]facts.Relation, 2)}, {Relations: make([]facts.Relation, 1)}}} {
		if got := sizeOfPersons(persons); got != want {
			t.Errorf("persons: %d, want %d", got, want)
		}
	}
}
