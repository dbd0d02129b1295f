package disclosure

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cpagateway/profiles"
)

// What becomes of a Reference, by what it holds and what is granted. Each is the
// member of a care team, which needs team.membership, or as said.
func TestReferences(t *testing.T) {
	members := profiles.SetOf(profiles.TeamMembership)
	withStaff := members.Union(profiles.SetOf(profiles.Directory))
	for name, c := range map[string]struct {
		reference, want string
		granted         profiles.ItemSet
	}{
		"staff, directory granted":     {`{"reference":"Practitioner/seen","display":"Dr X"}`, `{"reference":"Practitioner/seen"}`, withStaff},
		"staff, directory not granted": {`{"reference":"Practitioner/seen","display":"Dr X"}`, "", members},
		"staff who are restricted":     {`{"reference":"Practitioner/hidden"}`, "", withStaff},
		"not stored":                   {`{"reference":"Practitioner/gone"}`, "", withStaff},
		"stored without a label":       {`{"reference":"Organization/unlabelled"}`, "", withStaff},
		"the person":                   {`{"reference":"Patient/ann","display":"Ann"}`, `{"reference":"Patient/ann"}`, members},
		"another person":               {`{"reference":"Patient/bob"}`, "", profiles.AllItems},
		"another's record":             {`{"reference":"Goal/bobs"}`, "", profiles.AllItems},
		"nobody's record":              {`{"reference":"Goal/nobodys"}`, "", profiles.AllItems},
		"hers without a label":         {`{"reference":"Goal/unlabelled"}`, "", profiles.AllItems},
		"staff under somebody's name":  {`{"reference":"Practitioner/bobs"}`, "", profiles.AllItems},
		"a team of hers":               {`{"reference":"CareTeam/any"}`, `{"reference":"CareTeam/any"}`, members},
		"contained":                    {`{"reference":"#contained"}`, "", profiles.AllItems},
		"on another server":            {`{"reference":"https://example.org/Patient/ann"}`, "", profiles.AllItems},
		"a version":                    {`{"reference":"Patient/ann/_history/7"}`, "", profiles.AllItems},
		"no text":                      {`{"reference":{"x":"Patient/ann"}}`, "", profiles.AllItems},
		"only a display":               {`{"display":"Dr X, Forensic Psychiatry"}`, "", profiles.AllItems},
		"only a type":                  {`{"type":"Practitioner"}`, "", profiles.AllItems},
		"organisation by ODS code": {`{"identifier":{"use":"official","system":"$ods","value":"7A4","assigner":{"display":"x"}},"display":"x"}`,
			`{"identifier":{"system":"$ods","value":"7A4"}}`, members},
		"team by its id":                                   {`{"identifier":{"system":"$team/7A4","value":"cmht"}}`, `{"identifier":{"system":"$team/7A4","value":"cmht"}}`, members},
		"ODS code without a value":                         {`{"identifier":{"system":"$ods"}}`, "", profiles.AllItems},
		"person by NHS number":                             {`{"identifier":{"system":"$nhs","value":"9990000018"}}`, "", profiles.AllItems},
		"number of another kind":                           {`{"identifier":{"system":"https://example.org","value":"1"}}`, "", profiles.AllItems},
		"identifier beside a reference that leads nowhere": {`{"reference":"Organization/gone","identifier":{"system":"$ods","value":"7A4"}}`, "", profiles.AllItems},
		"identifier beside a reference that may be seen": {`{"reference":"Practitioner/seen","identifier":{"system":"$nhs","value":"9990000018"}}`,
			`{"reference":"Practitioner/seen"}`, withStaff},
	} {
		t.Run(name, func(t *testing.T) {
			short := strings.NewReplacer("$ods", profiles.SystemODS, "$team", strings.TrimSuffix(profiles.TeamSystem(""), "/"), "$nhs", profiles.SystemNHSNumber)
			r := parsed(t, short.Replace(`{"resourceType":"CareTeam","id":"x","status":"active","subject":{"reference":"Patient/ann"},
				"participant":[{"role":[{"text":"nurse"}],"member":`+c.reference+`}]}`))
			var body struct {
				Participant []struct{ Member json.RawMessage }
			}
			if err := json.Unmarshal(permitting(c.granted).disclose(heldOf(r), madeTargets()).Body(), &body); err != nil {
				t.Fatal(err)
			}
			if got := string(body.Participant[0].Member); got != short.Replace(c.want) {
				t.Errorf("copied %s, want %s", got, short.Replace(c.want))
			}
		})
	}
}

// A logical reference to an organisation is kept where any of the items is granted
// that let a caller know who is involved, and nowhere else.
func TestLogicalReferencesNeedAnItem(t *testing.T) {
	r := parsed(t, `{"resourceType":"CarePlan","id":"x","status":"active","intent":"plan","subject":{"reference":"Patient/ann"},
		"author":{"identifier":{"system":"`+profiles.SystemODS+`","value":"7A4"}}}`)
	base := profiles.SetOf(profiles.PlanOther, profiles.PlanFreshness)
	for i := range profiles.AllItems.Len() {
		item := profiles.Item(i)
		body := string(permitting(base.Union(profiles.SetOf(item))).disclose(heldOf(r), nil).Body())
		if named := strings.Contains(body, "7A4"); named != naming.Any.Has(item) {
			t.Errorf("with %v the organisation is named: %v", item, named)
		}
	}
}

// The subject is always the person, whatever is granted and however the source named them.
// A person who wrote in their own plan is named by any of their records, and nobody else is.
func TestThePersonIsNamedByAnyOfTheirRecords(t *testing.T) {
	targets := madeTargets()
	targets["Patient/ann-elsewhere"] = targets["Patient/ann"]
	r := parsed(t, `{"resourceType":"CarePlan","id":"x","status":"active","intent":"plan","subject":{"reference":"Patient/ann"},
		"contributor":[{"reference":"Patient/ann"},{"reference":"Patient/ann-elsewhere"},{"reference":"Patient/bob"},{"reference":"Patient/lost"}]}`)
	body := string(permitting(profiles.SetOf(profiles.PlanOther, profiles.PlanFreshness)).disclose(heldOf(r), targets).Body())
	if want := `"contributor":[{"reference":"Patient/ann"},{"reference":"Patient/ann-elsewhere"}]`; !strings.Contains(body, want) {
		t.Errorf("%s is not in %s", want, body)
	}
}

// What a primitive's extension needs is on record as released, as the primitive itself is.
func TestExtensionsOfPrimitivesAreRecordedAsReleased(t *testing.T) {
	r := parsed(t, `{"resourceType":"CarePlan","id":"x","status":"active","intent":"plan","subject":{"reference":"Patient/ann"},
		"_created":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}}`)
	granted := profiles.SetOf(profiles.PlanOther, profiles.PlanFreshness)
	if x := permitting(granted).disclose(heldOf(r), nil); x.Items() != granted || !strings.Contains(string(x.Body()), `"_created"`) {
		t.Errorf("recorded as released: %v of %s", x.Items(), x.Body())
	}
}

func TestSubjectIsAlwaysThePerson(t *testing.T) {
	other := profiles.SetOf(profiles.PlanOther)
	nhs := `{"system":"` + profiles.SystemNHSNumber + `","value":"9990000018"}`
	for name, c := range map[string]struct {
		subject, want string
		granted       profiles.ItemSet
	}{
		"by reference":                  {`{"reference":"Patient/ann","display":"Ann"}`, `{"reference":"Patient/ann"}`, other},
		"by one that is not stored":     {`{"reference":"Patient/anne"}`, `{"reference":"Patient/anne"}`, other},
		"by number":                     {`{"identifier":` + nhs + `,"display":"Ann"}`, `{"type":"Patient"}`, other},
		"by number, identity granted":   {`{"identifier":` + nhs + `}`, `{"type":"Patient","identifier":` + nhs + `}`, other.Union(profiles.SetOf(profiles.PersonIdentity))},
		"by a number of another system": {`{"identifier":{"system":"x","value":"1"}}`, `{"type":"Patient"}`, profiles.AllItems},
		"contained":                     {`{"reference":"#p"}`, `{"type":"Patient"}`, other},
		"on another server":             {`{"reference":"https://example.org/fhir/Patient/ann"}`, `{"type":"Patient"}`, other},
	} {
		t.Run(name, func(t *testing.T) {
			r := parsed(t, `{"resourceType":"CarePlan","id":"x","status":"active","intent":"plan","subject":`+c.subject+`}`)
			var body struct{ Subject json.RawMessage }
			if err := json.Unmarshal(permitting(c.granted).disclose(heldOf(r), madeTargets()).Body(), &body); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, string(body.Subject)); diff != "" {
				t.Errorf("subject (-want +got):\n%s", diff)
			}
		})
	}
}

// An activity that only led to something hidden is not left behind as an empty shell
// that says that there was something.
func TestNoShellIsLeftBehind(t *testing.T) {
	r := parsed(t, `{"resourceType":"CarePlan","id":"x","status":"active","intent":"plan","subject":{"reference":"Patient/ann"},
		"activity":[{"extension":[{"url":"`+profiles.ExtArea+`","valueCode":"work"}],"reference":{"reference":"ServiceRequest/gone"}}],
		"goal":[{"reference":"Goal/gone"}],"supportingInfo":[{"display":"Flag: s.117"}],"period":{},"note":[]}`)
	body := string(permitting(profiles.AllItems).disclose(heldOf(r), nil).Body())
	for _, name := range []string{"activity", "goal", "supportingInfo", "period", "note"} {
		if strings.Contains(body, `"`+name+`":`) {
			t.Errorf("%s was left behind: %s", name, body)
		}
	}
}

// Whom to call is named even where the staff directory is not shared; nobody else is.
func TestOnlyContactsAreNamed(t *testing.T) {
	activity := func(part string) string {
		return `{"extension":[{"url":"` + profiles.ExtPlanPart + `","valueCode":"` + part + `"}],"detail":{"status":"in-progress","description":"x",
			"goal":[{"display":"goal-name"}],"location":{"display":"place-name"},"performer":[{"reference":"Practitioner/seen","display":"performer of ` + part + `"}]}}`
	}
	r := parsed(t, `{"resourceType":"CarePlan","id":"x","status":"active","intent":"plan","subject":{"reference":"Patient/ann"},
		"author":{"reference":"PractitionerRole/unknown","display":"Dr X, forensic psychiatry"},"contributor":[{"display":"contributor-name"}],
		"activity":[`+activity("contact")+`,`+activity("action")+`,`+activity("arrangement")+`]}`)
	body := string(permitting(profiles.AllItems.Minus(profiles.SetOf(profiles.Directory))).disclose(heldOf(r), madeTargets()).Body())
	if !strings.Contains(body, `"performer":[{"display":"performer of contact"}]`) {
		t.Errorf("the contact is not named: %s", body)
	}
	if !strings.Contains(body, `"author":{"display":"Dr X"}`) || !strings.Contains(body, `Written by`) {
		t.Errorf("the author is not named: %s", body)
	}
	stale := string(permitting(profiles.AllItems.Minus(profiles.SetOf(profiles.PlanFreshness))).disclose(heldOf(r), madeTargets()).Body())
	if strings.Contains(stale, "Dr X") {
		t.Errorf("the author is named to whoever may not know how fresh the plan is: %s", stale)
	}
	for _, name := range []string{"contributor-name", "forensic", "performer of action", "performer of arrangement", "goal-name", "place-name", "Practitioner/seen"} {
		if strings.Contains(body, name) {
			t.Errorf("%s was copied", name)
		}
	}
}

// The person is named by the reference that names them in the subject, although the
// store does not know it; what stands on another server is named nowhere.
func TestThePersonIsNamedAsInTheSubject(t *testing.T) {
	for subject, want := range map[string]string{"Patient/ann": `"contributor":[{"reference":"Patient/ann"}]`, "https://example.org/Patient/ann": "", "#contained": ""} {
		r := parsed(t, `{"resourceType":"CarePlan","id":"x","status":"active","intent":"plan","subject":{"reference":"`+subject+`"},"contributor":[{"reference":"`+subject+`"}]}`)
		x := permitting(profiles.AllItems).disclose(heldOf(r), nil)
		if body := string(x.Body()); x.Withheld() || strings.Contains(body, "contributor") != (want != "") || !strings.Contains(body, want) {
			t.Errorf("%s: %s", subject, body)
		}
	}
}

// What staff refer to that is about nobody is not copied, as nothing is that nobody may see.
func TestStaffReferToTheDirectoryOnly(t *testing.T) {
	r := parsed(t, `{"resourceType":"PractitionerRole","id":"x","practitioner":{"reference":"Practitioner/seen"},"organization":{"reference":"Goal/nobodys"}}`)
	body := string(permitting(profiles.AllItems).disclose(heldOf(r), madeTargets()).Body())
	if !strings.Contains(body, `"Practitioner/seen"`) || strings.Contains(body, "nobodys") {
		t.Error(body)
	}
}

// Of an author the name alone is shown, and nothing that stands after it.
func TestAuthorsAreNamedByTheNameAlone(t *testing.T) {
	for display, want := range map[string]string{
		"Dr X": "Dr X", "Dr X-Y": "Dr X-Y", " Dr X ": "Dr X", "Dr X, forensic": "Dr X", "Dr X; forensic": "Dr X", "Dr X: forensic": "Dr X",
		"Dr X / forensic": "Dr X", "Dr X | forensic": "Dr X", "Dr X (forensic)": "Dr X", "Dr X [forensic]": "Dr X", "Dr X - forensic": "Dr X",
		", forensic": "", "(forensic)": "", " - forensic": "",
	} {
		r := parsed(t, `{"resourceType":"CarePlan","id":"x","status":"active","intent":"plan","subject":{"reference":"Patient/ann"},"author":{"display":"`+display+`"}}`)
		body := parsed(t, string(permitting(profiles.AllItems).disclose(heldOf(r), nil).Body()))
		if got := body.Find("author", "display").Text(); got != want || body.Get("author").Exists() != (want != "") {
			t.Errorf("%q is shown as %q", display, got)
		}
	}
}

// A reference finds what it may lead to and nothing else; one to what was never labelled
// was followed.
func TestWhichTargetsAreSeen(t *testing.T) {
	seen := map[string]bool{"Patient/ann": true, "Practitioner/seen": true, "Goal/work": true, "Goal/nobodys": true, "CareTeam/any": true, "#contained": true}
	d := permitting(profiles.SetOf(profiles.Directory, profiles.AreaWork, profiles.TeamMembership, profiles.PersonIdentity))
	for reference, target := range madeTargets() {
		if got := d.Sees(target); got != seen[reference] {
			t.Errorf("%s is seen: %v", reference, got)
		}
	}
}

// Some types say patient for the person they are about: they name them all the same.
func TestThePersonIsNamedAsThePatient(t *testing.T) {
	for _, src := range []string{
		`{"resourceType":"EpisodeOfCare","id":"x","status":"active","patient":{"reference":"Patient/ann"}}`,
		`{"resourceType":"Consent","id":"x","status":"active","scope":{"text":"x"},"category":[{"text":"x"}],"patient":{"reference":"Patient/ann"},"provision":{"type":"deny"}}`,
	} {
		x := permitting(profiles.AllItems).disclose(heldOf(parsed(t, src)), madeTargets())
		if got := parsed(t, string(x.Body())).Find("patient", "reference").Text(); got != "Patient/ann" {
			t.Errorf("%s\nnames %q", src, got)
		}
		if x := permitting(profiles.AllItems).disclose(heldOf(parsed(t, strings.Replace(src, "Patient/ann", "Patient/bob", 1))), madeTargets()); !x.Withheld() {
			t.Errorf("about somebody else: %s", x.Body())
		}
	}
}
