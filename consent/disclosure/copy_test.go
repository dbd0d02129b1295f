package disclosure

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cpagateway/profiles"
)

// What of the members of a plan is copied.
func TestWhatIsCopiedOfMembers(t *testing.T) {
	const head = `{"resourceType":"CarePlan","id":"x","intent":"plan","subject":{"reference":"Patient/ann"},`
	const absent = `"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]`
	const active = `"status":"active"`
	short := strings.NewReplacer("@", profiles.Base+"/StructureDefinition/Extension-CPAWales-")
	for name, c := range map[string]struct{ members, want string }{
		"extensions alone":                      {active + `,"period":{` + absent + `}`, active},
		"extensions and content":                {active + `,"period":{"start":"2025",` + absent + `}`, active + `,"period":{"start":"2025",` + absent + `}`},
		"one where R4 has a list":               {active + `,"goal":{"reference":"Goal/work"}`, active},
		"a mark on a value":                     {active + `,"created":"2025","_created":{"id":"1",` + absent + `}`, active + `,"created":"2025","_created":{` + absent + `}`},
		"a mark in the place of a value":        {`"_status":{` + absent + `}`, `"_status":{` + absent + `}`},
		"a mark beside a value that R4 wants":   {active + `,"_status":{` + absent + `}`, active + `,"_status":{` + absent + `}`},
		"a mark on what is not a value":         {active + `,"_period":{` + absent + `}`, active},
		"a mark without an extension":           {active + `,"_created":{"id":"1"}`, active},
		"an extension of several parts":         {active + `,"extension":[{"url":"@UnmetNeed","extension":[{"url":"reason","valueString":"x"},{"url":"rumour","valueString":"y"},{"url":"risk","valueString":"z"}]}]`, active + `,"extension":[{"url":"@UnmetNeed","extension":[{"url":"reason","valueString":"x"},{"url":"risk","valueString":"z"}]}]`},
		"an extension of none that is known":    {active + `,"extension":[{"url":"@UnmetNeed","extension":[{"url":"rumour","valueString":"y"}]}]`, active},
		"an extension with a value of another":  {active + `,"extension":[{"url":"@LastReviewed","valueString":"2025"}]`, active},
		"an extension that is not known":        {active + `,"extension":[{"url":"http://example.org/x","valueString":"y"},{"url":"@LastReviewed","valueDate":"2025"}]`, active + `,"extension":[{"url":"@LastReviewed","valueDate":"2025"}]`},
		"what the gateway writes, and R4's own": {active + `,"text":{"div":"x"},"meta":{"source":"x"},"contained":[{"resourceType":"Goal"}]`, active},
	} {
		x := permitting(profiles.AllItems).disclose(heldOf(parsed(t, short.Replace(head+c.members+`}`))), madeTargets())
		var want map[string]any
		if err := json.Unmarshal([]byte(short.Replace(head+c.want+`}`)), &want); err != nil {
			t.Fatal(err)
		}
		if x.Withheld() {
			t.Errorf("%s: withheld", name)
		} else if diff := cmp.Diff(want, disclosed(t, x)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Marks on repeated values are not copied: they stand by position, and positions move.
// Nor is a mark on what is not granted.
func TestMarksThatAreNotCopied(t *testing.T) {
	const absent = `{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}`
	r := parsed(t, `{"resourceType":"Patient","id":"ann","name":[{"family":"Evans","given":["Ann",""],"_given":[null,`+absent+`]}],"_birthDate":`+absent+`}`)
	body := string(permitting(profiles.AllItems).disclose(heldOf(r), nil).Body())
	if strings.Contains(body, "_given") || !strings.Contains(body, `"_birthDate":{`) {
		t.Error(body)
	}
	r = parsed(t, `{"resourceType":"CarePlan","id":"x","status":"active","intent":"plan","subject":{"reference":"Patient/ann"},"_created":`+absent+`,
		"extension":[{"url":"`+profiles.ExtLastReviewed+`","valueDate":"2025"}]}`)
	other := profiles.SetOf(profiles.PlanOther)
	if x := permitting(other).disclose(heldOf(r), nil); x.Withheld() || strings.Contains(string(x.Body()), "_created") || strings.Contains(string(x.Body()), "extension") || x.Items() != other {
		t.Errorf("%v of %s", x.Items(), x.Body())
	}
	r = parsed(t, `{"resourceType":"CarePlan","id":"x","status":"active","intent":"plan","subject":{"reference":"Patient/ann"},
		"extension":[{"url":"`+profiles.ExtLastReviewed+`","valueDate":"2025"}]}`)
	if x := permitting(profiles.AllItems).disclose(heldOf(r), nil); x.Items() != profiles.SetOf(profiles.PlanOther, profiles.PlanFreshness) {
		t.Errorf("an extension is recorded as %v", x.Items())
	}
}

// A Patient says whose record it is, in the gateway's words and not in the source's; of
// several items that show them the granted ones are on record.
func TestAPatientSaysWhoseRecordItIs(t *testing.T) {
	d := permitting(profiles.SetOf(profiles.PersonSupport, profiles.PlanOther))
	d.custodian = "7A4"
	show := func(src string) Copy {
		h := heldOf(parsed(t, src))
		h.Custodian = "7A4"
		return d.disclose(h, madeTargets())
	}
	x := show(`{"resourceType":"Patient","id":"ann","active":true,"managingOrganization":{"display":"elsewhere"}}`)
	want := `"active":true,"managingOrganization":{"type":"Organization","identifier":{"system":"` + profiles.SystemODS + `","value":"7A4"}}}`
	if !strings.HasSuffix(string(x.Body()), want) || x.Custodian() != "7A4" || x.Items() != profiles.SetOf(profiles.PersonSupport) {
		t.Errorf("custodian %q, %v of %s", x.Custodian(), x.Items(), x.Body())
	}
	if x := show(`{"resourceType":"CarePlan","id":"x","status":"active","intent":"plan","subject":{"reference":"Patient/ann"}}`); x.Withheld() || strings.Contains(string(x.Body()), "managingOrganization") {
		t.Errorf("a plan says %s", x.Body())
	}
}

// What the store does not say is not written.
func TestMetaHoldsWhatIsKnown(t *testing.T) {
	h := heldOf(ann(t))
	if h.Updated = (Held{}).Updated; strings.Contains(string(permitting(profiles.AllItems).disclose(h, nil).Body()), "lastUpdated") {
		t.Error("a time that nobody knows was written")
	}
}
