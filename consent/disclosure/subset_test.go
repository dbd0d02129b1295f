package disclosure

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"cpagateway/profiles"
)

// Which members a part has beside those that every part has, and that it says of itself
// what it is.
func TestWhatAPartHolds(t *testing.T) {
	absent := `{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}`
	plan := parsed(t, `{"resourceType":"CarePlan","id":"x","meta":{"profile":["`+profiles.Profile("CarePlan")+`"]},"language":"en",
		"extension":[{"url":"`+profiles.ExtLastReviewed+`","valueDate":"2025-01-10"}],"status":"active","intent":"plan","title":"x","description":"y",
		"subject":{"reference":"Patient/ann"},"created":"2025","_created":`+absent+`,"goal":[{"reference":"Goal/work"}],"note":[{"text":"z"}]}`)
	patient := parsed(t, `{"resourceType":"Patient","id":"ann","active":true,"name":[{"family":"Evans"}],"deceasedBoolean":false,"birthDate":"1971-04-02","communication":[{"language":{"text":"Welsh"}}]}`)
	whole := permitting(profiles.AllItems).disclose(heldOf(plan), madeTargets())
	person := permitting(profiles.AllItems).disclose(heldOf(patient), madeTargets())
	for name, c := range map[string]struct {
		of   Copy
		ask  Subset
		want string
	}{
		"the summary":                   {whole, Subset{Summary: "true"}, "_created created description title"},
		"the narrative":                 {whole, Subset{Summary: "text"}, "language text"},
		"the data":                      {whole, Subset{Summary: "data"}, "_created created description extension goal language note title"},
		"an element":                    {whole, Subset{Elements: []string{"title"}}, "title"},
		"an element with a mark":        {whole, Subset{Elements: []string{"created"}}, "_created created"},
		"two elements":                  {whole, Subset{Elements: []string{"note", "goal"}}, "goal note"},
		"none that is there":            {whole, Subset{Elements: []string{"unknown"}}, ""},
		"the narrative as an element":   {whole, Subset{Elements: []string{"text"}}, "text"},
		"the language as an element":    {whole, Subset{Elements: []string{"language"}}, "language"},
		"the extensions":                {whole, Subset{Elements: []string{"extension"}}, "extension"},
		"the summary and an element":    {whole, Subset{Summary: "true", Elements: []string{"goal"}}, "_created created description goal title"},
		"the summary of a person":       {person, Subset{Summary: "true"}, "active birthDate deceasedBoolean managingOrganization name"},
		"the narrative of a person":     {person, Subset{Summary: "text"}, "active deceasedBoolean"},
		"an element that is never left": {person, Subset{Elements: []string{"birthDate", "deceased"}}, "active birthDate deceasedBoolean"},
	} {
		part := c.of.Only(c.ask)
		body, full := parsed(t, string(part.Body())), parsed(t, string(c.of.Body()))
		var names []string
		for name, member := range body.Members() {
			if !slices.Contains([]string{"resourceType", "id", "meta", "status", "intent", "subject"}, name) {
				names = append(names, name)
			}
			if name != "meta" && !bytes.Equal(member.Raw(), full.Get(name).Raw()) {
				t.Errorf("%s: %s is %s, in the whole %s", c.ask, name, member.Raw(), full.Get(name).Raw())
			}
		}
		slices.Sort(names)
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("%s holds %q, want %q", name, got, c.want)
		}
		if body.ID() != c.of.ID() || body.Type() != c.of.Type() || c.of.Type() == "CarePlan" && !(body.Get("status").Exists() && body.Get("intent").Exists() && body.Get("subject").Exists()) {
			t.Errorf("%s lacks what is required: %s", name, part.Body())
		}
		const tag = `"tag":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}]}`
		if got, want := string(body.Get("meta").Raw()), `{"lastUpdated":"2025-05-01T00:00:00.000Z","security":`+string(personSecurity)+`,`+tag; got != want {
			t.Errorf("%s: meta is %s, want %s", name, got, want)
		}
		if !part.Part() || part.VersionID() != "v1" || part.Items() != c.of.Items() {
			t.Errorf("%s: part %v of version %q with %v", name, part.Part(), part.VersionID(), part.Items())
		}
	}
}

// Whoever asks for the whole is given it, and of nothing there is no part.
func TestTheWholeIsNoPart(t *testing.T) {
	whole := permitting(profiles.AllItems).disclose(heldOf(ann(t)), madeTargets())
	if x := whole.Only(Subset{}); x.Part() || !bytes.Equal(x.Body(), whole.Body()) {
		t.Errorf("part %v: %s", x.Part(), x.Body())
	}
	if !(Subset{}).Whole() || (Subset{Summary: SummaryText}).Whole() || (Subset{Elements: []string{"id"}}).Whole() {
		t.Error("what leaves something out is the whole")
	}
	if x := (Copy{}).Only(Subset{Summary: SummaryTrue}); x.Part() || !x.Withheld() {
		t.Errorf("of nothing: part %v, %s", x.Part(), x.Body())
	}
}
