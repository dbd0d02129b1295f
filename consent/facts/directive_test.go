package facts

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

func parse(t testing.TB, src []byte) fhir.Value {
	t.Helper()
	v, err := fhir.ParseResource(src)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func template(t testing.TB, name string) []byte {
	t.Helper()
	src, err := os.ReadFile("templates/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// TestTemplates: the normative files are sound FHIR, and each is read as the template
// that it is an example of: six by the person, and one decided for them.
func TestTemplates(t *testing.T) {
	day := func(s string) time.Time {
		d, err := time.ParseInLocation(time.DateOnly, s, profiles.London)
		if err != nil {
			t.Fatal(err)
		}
		return d.UTC()
	}
	from, until := day("2025-03-03"), day("2027-03-03")
	coc, etreat := []profiles.Purpose{profiles.CareCoordination}, []profiles.Purpose{profiles.EmergencyTreatment}
	want := map[string]Directive{
		"T1": {Template: SharePlan, Evidence: Written, Clauses: []Clause{
			{Recipients: []Recipient{{Organisation: "W99001"}}, Purposes: coc, From: from, Until: until},
			{Recipients: []Recipient{{Organisation: "LA9A1", Team: "adult-mh"}}, Purposes: coc, From: from, Until: until},
			{Recipients: []Recipient{{Organisation: "7A4", Team: "crht"}}, Purposes: etreat},
		}},
		"T1-decided": {Template: SharePlan, Evidence: Written, Authority: BestInterests, Assessed: day("2025-03-01"), Performer: "Practitioner/responsible-clinician",
			Weighed: []string{"earlier-refusal"}, From: from, Until: day("2025-09-03"), Clauses: []Clause{{Recipients: []Recipient{{Organisation: "LA9A1", Team: "adult-mh"}}, Purposes: coc}}},
		"T2": {Template: RefuseAll, Evidence: Written},
		"T3": {Template: CrisisOnly, Evidence: Written, Clauses: []Clause{{Purposes: etreat}}},
		"T4": {Template: RefuseCrisis, Evidence: Written, Clauses: []Clause{{Purposes: etreat}}},
		"T5": {Template: CarerCopy, Evidence: Written, Clauses: []Clause{
			{Recipients: []Recipient{{Related: "RelatedPerson/sister"}}, Items: profiles.SetOf(profiles.PlanCrisis, profiles.PlanContingency), From: from, Until: until},
		}},
		"T6": {Template: ExcludeItem, Evidence: Spoken, Clauses: []Clause{
			{Recipients: []Recipient{{Organisation: "LA9A1"}}, Items: profiles.SetOf(profiles.AreaFinance)},
		}},
	}
	files, err := os.ReadDir("templates")
	if err != nil || len(files) != len(want) {
		t.Fatalf("%d templates, want %d (%v)", len(files), len(want), err)
	}
	for name, d := range want {
		v := parse(t, template(t, name))
		if issues := profiles.Check(v); len(issues) > 0 {
			t.Errorf("%s is not sound: %v", name, issues)
		}
		d.ID, d.Status, d.PolicyURI = name, Active, SharingPolicy
		if d.Authority == NoAuthority {
			d.Performer, d.OwnWish = "Patient/example", true
		}
		d.Recorded = time.Date(2025, 3, 3, 10, 30, 0, 0, time.UTC)
		d.Said = d.Recorded.Add(time.Second)
		got := ReadDirective(v)
		got.Recorded = got.Recorded.UTC()
		if !reflect.DeepEqual(got, d) {
			t.Errorf("%s is read as %+v\nwant %+v", name, got, d)
		}
	}
}

// TestWhoDecidedForThePerson: what somebody decided for the person shows its authority only
// with all that it has to show, and is never taken for the person's own wish.
func TestWhoDecidedForThePerson(t *testing.T) {
	const url = `"url": "` + ExtDecidedFor + `"`
	attorney := []string{`"best-interests"`, `"welfare-attorney"`, `"consulted"`, `"reference"`}
	for name, c := range map[string]struct {
		replace []string
		want    Authority
		day     bool
	}{
		"in best interests":                     {nil, BestInterests, true},
		"without whom was consulted":            {[]string{`"consulted"`, `"other"`}, Unrecorded, true},
		"without an end":                        {[]string{`"end": "2025-09-02"`, `"id": "x"`}, Unrecorded, true},
		"without a day":                         {[]string{`"2025-03-01"`, `"soon"`}, Unrecorded, false},
		"without who assessed":                  {[]string{`"Practitioner/care-coordinator"`, `""`}, Unrecorded, false},
		"by an attorney":                        {attorney, Attorney, true},
		"by a deputy":                           {append([]string{`"best-interests"`, `"welfare-deputy"`}, attorney[2:]...), Deputy, true},
		"an attorney, and no day":               {append([]string{`"2025-03-01"`, `"soon"`}, attorney...), Attorney, false},
		"an attorney without a power":           {attorney[:2], NoAuthority, true},
		"by somebody of another kind":           {append([]string{`"best-interests"`, `"next-of-kin"`}, attorney[2:]...), NoAuthority, true},
		"by the person themself":                {[]string{`"Practitioner/responsible-clinician"`, `"Patient/example"`}, NoAuthority, false},
		"by a relative":                         {[]string{`"Practitioner/responsible-clinician"`, `"RelatedPerson/sister"`}, NoAuthority, false},
		"by a relative in words":                {[]string{`"reference": "Practitioner/responsible-clinician"`, `"type": "RelatedPerson", "display": "x"`}, NoAuthority, false},
		"by an attorney who is a relative":      {append([]string{`"Practitioner/responsible-clinician"`, `"RelatedPerson/sister"`}, attorney...), Attorney, true},
		"by an attorney who assessed":           {append([]string{`"Practitioner/responsible-clinician"`, `"Practitioner/care-coordinator"`}, attorney...), Attorney, false},
		"by the council":                        {[]string{`"reference": "Practitioner/responsible-clinician"`, `"identifier": {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "LA9A1"}`}, NoAuthority, false},
		"by a team of it":                       {[]string{`"reference": "Practitioner/responsible-clinician"`, `"identifier": {"system": "https://fhir.cpa-gateway.example/Id/team/LA9A1", "value": "adult-mh"}`}, NoAuthority, false},
		"assessed by the council":               {[]string{`"reference": "Practitioner/care-coordinator"`, `"identifier": {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "LA9A1"}`}, Unrecorded, false},
		"an authority whose end cannot be read": {append([]string{`"url": "weighed"`, `"url": "ended", "valueDate": "then"}, {"url": "weighed"`}, attorney...), NoAuthority, true},
		"by nobody":                             {[]string{`"performer"`, `"perfomer"`}, NoAuthority, false},
		"by two, of whom one is the person": {[]string{`"reference": "Practitioner/responsible-clinician"
    }`, `"reference": "RelatedPerson/sister"}, {"reference": "Patient/example"}`}, NoAuthority, false},
		"by an earlier version of the person": {[]string{`"Practitioner/responsible-clinician"`, `"Patient/example/_history/1"`}, NoAuthority, false},
		"by the person's NHS number":          {[]string{`"reference": "Practitioner/responsible-clinician"`, `"identifier": {"system": "http://fhir.nhs.net/Id/nhs-number", "value": "999 000 0018"}`}, NoAuthority, false},
		"by an organisation":                  {[]string{`"Practitioner/responsible-clinician"`, `"Organization/1"`}, NoAuthority, false},
		"by a name":                           {[]string{`"reference": "Practitioner/responsible-clinician"`, `"display": "Dr Rees"`}, BestInterests, true},
		"assessed by the person":              {[]string{`"Practitioner/care-coordinator"`, `"Patient/example"`}, Unrecorded, false},
		"with two days":                       {[]string{`"url": "assessed"`, `"url": "assessed", "valueDate": "2025-02-01"}, {"url": "assessed"`}, Unrecorded, false},
		"with two rights":                     {[]string{`"url": "authority"`, `"url": "authority", "valueCode": "welfare-attorney"}, {"url": "authority"`}, NoAuthority, true},
		"said twice":                          {[]string{url, url + `}, {` + url}, NoAuthority, false},
		"said twice, and by the person":       {[]string{url, url + `}, {` + url, `"Practitioner/responsible-clinician"`, `"Patient/example"`}, NoAuthority, false},
		"under another name":                  {[]string{url, `"url": "http://example.org/decided"`}, NoAuthority, false},
	} {
		src := strings.NewReplacer(c.replace...).Replace(string(template(t, "T1-decided")))
		d := ReadDirective(parse(t, []byte(src)))
		if d.Authority != c.want || d.Assessed.IsZero() == c.day || d.OwnWish || d.Template != SharePlan {
			t.Errorf("%s: authority %d, assessed %v, own wish %v, %s %s", name, d.Authority, d.Assessed, d.OwnWish, d.Template, d.Fault)
		}
	}
}

// TestUnreadableDirectives: whatever no template knows makes a directive that
// refuses, and the fault says where, never what.
func TestUnreadableDirectives(t *testing.T) {
	for _, c := range []struct{ name, template, old, new, fault string }{
		{"modifier at the top", "T1", `"status": "active",`, `"status": "active", "modifierExtension": [{"url": "http://x"}],`, "Consent.modifierExtension"},
		{"modifier deep inside", "T1", `"display": "A general practice"`, `"modifierExtension": [{"url": "http://x"}]`, "Consent.provision.provision[0].actor[0].reference.modifierExtension"},
		{"implicit rules", "T1", `"status": "active",`, `"status": "active", "implicitRules": "http://x",`, "Consent.implicitRules"},
		{"verification", "T1", `"status": "active",`, `"status": "active", "verification": [{"verified": true}],`, "Consent.verification"},
		{"no scope", "T1", `"code": "patient-privacy"`, `"code": "patient-prvacy"`, "Consent.scope"},
		{"no category", "T1", `"category"`, `"catgory"`, "Consent.category"},
		{"no patient", "T1", `"patient"`, `"patent"`, "Consent.patient"},
		{"unknown root type", "T2", `"type": "deny"`, `"type": "perhaps"`, "Consent.provision"},
		{"root permit alone", "T2", `"type": "deny"`, `"type": "permit"`, "Consent.provision"},
		{"root without a type", "T2", `"type": "deny"`, `"id": "x"`, "Consent.provision"},
		{"root of two minds", "T2", `"provision"`, `"policyRule": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "OPTIN"}]}, "prvision"`, "Consent.provision"},
		{"root of a grant with a purpose", "T1", `"type": "deny",`, `"type": "deny", "purpose": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "COC"}],`, "Consent.provision"},
		{"root with an actor", "T2", `"type": "deny"`, `"type": "deny", "actor": []`, "Consent.provision.actor"},
		{"root with data", "T2", `"type": "deny"`, `"type": "deny", "dataPeriod": {"start": "2025"}`, "Consent.provision.dataPeriod"},
		{"action", "T3", `"type": "permit",`, `"type": "permit", "action": [{"text": "read"}],`, "Consent.provision.provision[0].action"},
		{"class", "T3", `"type": "permit",`, `"type": "permit", "class": [{"code": "x"}],`, "Consent.provision.provision[0].class"},
		{"nested twice", "T3", `"type": "permit",`, `"type": "permit", "provision": [{"type": "deny"}],`, "Consent.provision.provision[0].provision"},
		{"crisis-only that names a team", "T3", `"type": "permit",`, `"type": "permit", "securityLabel": [{"system": "https://fhir.cpa-gateway.example/CodeSystem/CPAWales-Item", "code": "plan.crisis"}],`, "Consent.provision"},
		{"purpose for treatment at large", "T3", `"ETREAT"`, `"TREAT"`, "Consent.provision"},
		{"breaking the glass agreed in advance", "T3", `"ETREAT"`, `"BTG"`, "Consent.provision"},
		{"purpose of another system", "T3", `v3-ActReason`, `v3-ActCode`, "Consent.provision.provision[0].purpose[0]"},
		{"permit and deny mixed", "T1", `"type": "permit"`, `"type": "deny"`, "Consent.provision"},
		{"actor of another role", "T1", `"IRCP"`, `"CST"`, "Consent.provision.provision[0].actor[0]"},
		{"actor without an identifier", "T1", `"identifier": {
                "system": "https://fhir.nhs.uk/Id/ods-organization-code",
                "value": "W99001"
              },`, `"reference": "Organization/1",`, "Consent.provision.provision[0].actor[0]"},
		{"organisation in small letters", "T6", `"value": "LA9A1"`, `"value": "la9a1"`, "Consent.provision.provision[0].actor[0]"},
		{"organisation between blanks", "T6", `"value": "LA9A1"`, `"value": " LA9A1"`, "Consent.provision.provision[0].actor[0]"},
		{"organisation by its name", "T6", `"value": "LA9A1"`, `"value": "THE COUNCIL"`, "Consent.provision.provision[0].actor[0]"},
		{"team between blanks", "T1", `"value": "adult-mh"`, `"value": "adult-mh "`, "Consent.provision.provision[1].actor[0]"},
		{"team of nobody", "T1", `/Id/team/LA9A1`, `/Id/team/`, "Consent.provision.provision[1].actor[0]"},
		{"team without a name", "T1", `"value": "adult-mh"`, `"value": ""`, "Consent.provision.provision[1].actor[0]"},
		{"period that ends before it begins", "T1", `"end": "2027-03-02"`, `"end": "2024-03-02"`, "Consent.provision.provision[0].period"},
		{"period that is no date", "T1", `"end": "2027-03-02"`, `"end": "soon"`, "Consent.provision.provision[0].period.end"},
		{"period that is text", "T1", `"period": {
          "start": "2025-03-03",
          "end": "2027-03-02"
        }`, `"period": "2025"`, "Consent.provision.provision[0].period"},
		{"unknown item", "T6", `"plan.area.finance"`, `"plan.area.fiance"`, "Consent.provision.provision[0].securityLabel[0]"},
		{"label of another system", "T6", `CPAWales-Item`, `CPAWales-Other`, "Consent.provision.provision[0].securityLabel[0]"},
		{"exclusion without items", "T6", `"securityLabel"`, `"securityLabel": [], "extension"`, "Consent.provision"},
		{"carer beside an organisation", "T5", `"reference": "RelatedPerson/sister",`, `"identifier": {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "7A4"},`, "Consent.provision"},
	} {
		t.Run(c.name, func(t *testing.T) {
			good := string(template(t, c.template))
			bad := strings.Replace(good, c.old, c.new, 1)
			if bad == good {
				t.Fatal("the template has nothing to change")
			}
			d := ReadDirective(parse(t, []byte(bad)))
			if d.Template != Uninterpretable || d.Status != Active || d.Clauses != nil {
				t.Errorf("read as %s", d.Template)
			}
			if d.Fault != c.fault {
				t.Errorf("fault %q, want %q", d.Fault, c.fault)
			}
		})
	}
}

func TestDirectiveStatus(t *testing.T) {
	for _, c := range []struct {
		old, new string
		want     Status
	}{
		{`"active"`, `"active"`, Active}, {`"active"`, `"draft"`, Silent}, {`"active"`, `"proposed"`, Silent},
		{`"active"`, `"entered-in-error"`, Silent}, {`"active"`, `"rejected"`, Rejected}, {`"active"`, `"inactive"`, Withdrawn},
		{`"active"`, `"ACTIVE"`, Unknown}, {`"active"`, `7`, Unknown}, {`"status": "active",`, ``, Unknown},
		{`patient-privacy`, `adr`, Silent}, {`patient-privacy`, `research`, Silent}, {`patient-privacy`, `treatment`, Silent},
		{`patient-privacy`, `other`, Active},
	} {
		src := strings.Replace(string(template(t, "T2")), c.old, c.new, 1)
		if got := ReadDirective(parse(t, []byte(src))).Status; got != c.want {
			t.Errorf("%s instead of %s: status %d, want %d", c.new, c.old, got, c.want)
		}
	}
}

func TestRefusalForAPurpose(t *testing.T) {
	src := strings.Replace(string(template(t, "T2")), `"type": "deny"`, `"type": "deny", "purpose": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "TREAT"}]`, 1)
	if d := ReadDirective(parse(t, []byte(src))); d.Template != RefuseAll || len(d.Purposes) != 1 || d.Purposes[0] != profiles.Treatment {
		t.Errorf("read as %s for %v", d.Template, d.Purposes)
	}
}

func TestRootFromPolicyRule(t *testing.T) {
	for code, want := range map[string]Template{"OPTOUT": RefuseAll, "OPTIN": Uninterpretable, "OPTOUTE": Uninterpretable} {
		src := strings.Replace(string(template(t, "T2")), `"provision": {
    "type": "deny"
  }`, `"policyRule": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "`+code+`"}]}`, 1)
		if got := ReadDirective(parse(t, []byte(src))).Template; got != want {
			t.Errorf("%s is read as %s, want %s", code, got, want)
		}
	}
}

func TestEvidence(t *testing.T) {
	const extension = `"extension": [`
	for _, c := range []struct {
		name, old, new string
		want           Evidence
	}{
		{"complete", extension, extension, Spoken},
		{"no witness", `"url": "witness"`, `"url": "wines"`, NoEvidence},
		{"recorder is the witness", `Practitioner/support-worker`, `Practitioner/care-coordinator`, NoEvidence},
		{"no date", `"valueDateTime": "2025-03-03T10:30:00Z"`, `"valueDateTime": "then"`, NoEvidence},
		{"another extension", `Extension-CPAWales-VerbalConsent`, `Extension-Other`, Written},
	} {
		src := strings.Replace(string(template(t, "T6")), c.old, c.new, 1)
		if got := ReadDirective(parse(t, []byte(src))).Evidence; got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
	bare := strings.Replace(string(template(t, "T2")), "sourceAttachment", "sourceAttachmnt", 1)
	if got := ReadDirective(parse(t, []byte(bare))).Evidence; got != NoEvidence {
		t.Errorf("without a source: %d", got)
	}
}

func TestWhoGaveIt(t *testing.T) {
	for _, c := range []struct {
		performer string
		own       bool
	}{
		{`[{"reference": "Patient/example"}]`, true},
		{`[{"reference": "RelatedPerson/sister"}]`, false},
		{`[{"reference": "Patient/example"}, {"reference": "RelatedPerson/sister"}]`, false},
		{`[]`, false},
		{`[{"display": "Ann"}]`, false},
	} {
		src := strings.Replace(string(template(t, "T2")), `"performer": [
    {
      "reference": "Patient/example"
    }
  ]`, `"performer": `+c.performer, 1)
		if got := ReadDirective(parse(t, []byte(src))).OwnWish; got != c.own {
			t.Errorf("given by %s: own %v", c.performer, got)
		}
	}
}

// FuzzReadDirective holds ReadDirective to being total, and to the one property
// that matters: a directive that grants was read whole by one of the templates.
func FuzzReadDirective(f *testing.F) {
	for _, name := range []string{"T1", "T2", "T3", "T4", "T5", "T6"} {
		f.Add(template(f, name))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		v, err := fhir.Parse(src)
		if err != nil {
			return
		}
		d := ReadDirective(v)
		if d.Status == Silent {
			return
		}
		if d.Template == Uninterpretable && (d.Fault == "" || d.Clauses != nil || d.Purposes != nil) {
			t.Errorf("unreadable without a place, or with clauses: %+v", d)
		}
		if d.Template != Uninterpretable && d.Fault != "" {
			t.Errorf("read with a fault: %+v", d)
		}
		for _, c := range d.Clauses {
			if (d.Template == SharePlan || d.Template == CrisisOnly) && (len(c.Purposes) == 0 || !c.Items.Empty()) {
				t.Errorf("a grant without a purpose, or with items: %+v", d)
			}
		}
	})
}

// TestTemplatesAreCanonical keeps the normative files as a reader expects them:
// two blanks of indentation, one newline at the end.
func TestTemplatesAreCanonical(t *testing.T) {
	for _, name := range []string{"T1", "T2", "T3", "T4", "T5", "T6"} {
		src := template(t, name)
		if !json.Valid(src) || !strings.HasSuffix(string(src), "\n}\n") || strings.Contains(string(src), "\t") {
			t.Errorf("%s is not laid out like the others", name)
		}
	}
}
