package profiles_test

import (
	"strings"
	"testing"

	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// expand writes systems and extension URLs short, so that the tables below can be read.
var expand = strings.NewReplacer(
	"$sct", profiles.SystemSNOMED, "$type", profiles.SystemPlanType, "$plan", profiles.SystemPlanCategory,
	"$area", profiles.SystemArea, "$flagcat", profiles.SystemFlagCategory, "$flag", profiles.SystemFlag,
	"$episode", profiles.SystemEpisodeKind, "$legal", profiles.SystemLegalStatusWales, "$conf", profiles.SystemConfidentiality,
	"$nhs", profiles.SystemNHSNumber, "$role", profiles.SystemTeamRole,
	"@area", profiles.ExtArea, "@part", profiles.ExtPlanPart, "@restrict", profiles.ExtRestriction,
	"@unmet", profiles.ExtUnmetNeed, "@reviewed", profiles.ExtLastReviewed, "@level", profiles.ExtLevelHistory,
)

func expanded(t *testing.T, src string) fhir.Value {
	t.Helper()
	v, err := fhir.Parse([]byte(expand.Replace(src)))
	if err != nil {
		t.Fatalf("parsing %s: %v", src, err)
	}
	return v
}

func inConcept(system, code string) string {
	return `{"coding":[{"system":"` + system + `","code":"` + code + `"}]}`
}

func plan(categories string, more ...string) string {
	return `{"resourceType":"CarePlan","status":"active","category":[` + categories + `]` + strings.Join(more, "") + `}`
}

func TestItems(t *testing.T) {
	crisis, main := inConcept("$sct", profiles.CodeCrisisPlan), inConcept("$sct", profiles.CodeMentalHealthPlan)
	for name, c := range map[string]struct{ resource, need, any string }{
		"crisis plan":               {plan(crisis), "plan.crisis", ""},
		"crisis plan of MHSDS":      {plan(inConcept("$type", "12")), "plan.crisis", ""},
		"contingency plan":          {plan(inConcept("$sct", profiles.CodeContingencyPlan)), "plan.contingency", ""},
		"care and treatment plan":   {plan(main), "plan.summary", ""},
		"MHSDS type 10":             {plan(inConcept("$type", "10")), "plan.summary", ""},
		"two kinds need both":       {plan(crisis + "," + main), "plan.summary, plan.crisis", ""},
		"any other plan":            {plan(inConcept("$sct", profiles.CodeCarePlan)), "plan.other", ""},
		"no category at all":        {`{"resourceType":"CarePlan"}`, "plan.other", ""},
		"a code without its system": {plan(inConcept("", profiles.CodeCrisisPlan)), "plan.other", ""},
		"digits of another list":    {plan(inConcept("$legal", "12")), "plan.other", ""},

		"goal of an area":      {goal(inConcept("$area", "finance")), "plan.area.finance", ""},
		"goal of two areas":    {goal(inConcept("$area", "finance") + "," + inConcept("$area", "work")), "plan.area.finance, plan.area.work", ""},
		"goal without an area": {goal(inConcept("$sct", "1")), profiles.Areas.String(), ""},
		"goal of no category":  {`{"resourceType":"Goal"}`, profiles.Areas.String(), ""},
		"goal of no area of ours": {goal(inConcept("$area", "finance") + "," + inConcept("$area", "hobbies")),
			"unlabelled, plan.area.finance", ""},

		"patient":   {`{"resourceType":"Patient"}`, "", "person.identity, person.contact, person.support"},
		"care team": {`{"resourceType":"CareTeam"}`, "", "team.membership, team.coordinator"},

		"episode":           {`{"resourceType":"EpisodeOfCare"}`, "episode.summary", ""},
		"aftercare episode": {`{"resourceType":"EpisodeOfCare","type":[` + inConcept("$episode", "aftercare") + `]}`, "episode.summary, law.status", ""},

		"current risk":        {flagged("active", inConcept("$flag", "self-harm")), "risk.current", ""},
		"past risk":           {flagged("inactive", inConcept("$flag", "self-harm")), "risk.history", ""},
		"flag in error":       {flagged("entered-in-error", inConcept("$flag", "self-harm")), "unlabelled", ""},
		"flag without status": {flagged("", inConcept("$flag", "self-harm")), "unlabelled", ""},
		"CTO":                 {flagged("active", inConcept("$legal", "35")), "law.status", ""},
		"past section":        {flagged("inactive", inConcept("$legal", "03")), "risk.history, law.status", ""},
		"attorney":            {flagged("active", inConcept("$sct", profiles.CodeWelfareAttorney)), "law.decisions", ""},
		"dependants":          {flagged("active", inConcept("$flag", "dependants")), "person.dependants", ""},
		"code unknown, category safety": {
			`{"resourceType":"Flag","status":"active","code":{"text":"x"},"category":[` + inConcept("$flagcat", "safety") + `]}`, "risk.current", ""},
		"the code counts before the category": {
			`{"resourceType":"Flag","status":"active","code":` + inConcept("$flag", "dols") + `,"category":[` + inConcept("$flagcat", "safety") + `]}`, "law.status", ""},
		"flag that nothing names": {flagged("active", `{"text":"x"}`), "unlabelled", ""},

		"risk assessment":           {`{"resourceType":"RiskAssessment","status":"final"}`, "risk.current", ""},
		"cancelled risk assessment": {`{"resourceType":"RiskAssessment","status":"cancelled"}`, "unlabelled", ""},
		"review":                    {`{"resourceType":"Encounter","type":[` + inConcept("$sct", profiles.CodeCPAReviewOngoing) + `]}`, "plan.review", ""},
		"any other encounter":       {`{"resourceType":"Encounter","type":[` + inConcept("$sct", "4525004") + `]}`, "unlabelled", ""},
		"consent":                   {`{"resourceType":"Consent"}`, "consent.record", ""},
		"practitioner":              {`{"resourceType":"Practitioner"}`, "directory", ""},
		"location":                  {`{"resourceType":"Location"}`, "directory", ""},
		"somebody's home": {`{"resourceType":"Location","physicalType":` +
			inConcept("http://terminology.hl7.org/CodeSystem/location-physical-type", "ho") + `}`, "unlabelled, directory", ""},
		"a type that is not served": {`{"resourceType":"Observation"}`, "unlabelled", ""},
		"no type":                   {`{}`, "unlabelled", ""},

		"labelled V":       {`{"resourceType":"Consent","meta":{"security":[{"system":"$conf","code":"V"}]}}`, "consent.record, restricted.very", ""},
		"V of an old list": {`{"resourceType":"Consent","meta":{"security":[{"system":"http://hl7.org/fhir/v3/Confidentiality","code":"V"}]}}`, "consent.record, restricted.very", ""},
		"restricted as a whole": {`{"resourceType":"CareTeam","extension":[{"url":"@restrict","valueCode":"third-party"}]}`,
			"restricted.third-party", "team.membership, team.coordinator"},
		"restricted beside other extensions": {`{"resourceType":"Consent","extension":[{"url":"http://x","extension":[{"url":"@restrict","valueCode":"very"}]},
			{"url":"@restrict","valueCode":"serious-harm"},{"url":"@restrict","valueCode":"third-party"}]}`, "consent.record, restricted.third-party, restricted.serious-harm", ""},
		"restricted in an unknown way": {`{"resourceType":"Consent","extension":[{"url":"@restrict","valueCode":"somewhat"}]}`,
			"consent.record, restricted.third-party, restricted.serious-harm, restricted.very", ""},
		"restricted where it is required": {`{"resourceType":"CarePlan","status":"active","_status":{"extension":[{"url":"@restrict","valueCode":"serious-harm"}]}}`,
			"plan.other, restricted.serious-harm", ""},
		"a restricted part does not restrict the whole": {plan(crisis, `,"note":[{"text":"x","extension":[{"url":"@restrict","valueCode":"very"}]}]`), "plan.crisis", ""},
		"modified":         {`{"resourceType":"Consent","modifierExtension":[{"url":"x"}]}`, "unlabelled, consent.record", ""},
		"implicit rules":   {`{"resourceType":"Consent","implicitRules":"http://example.org"}`, "unlabelled, consent.record", ""},
		"entered in error": {`{"resourceType":"Goal","lifecycleStatus":"entered-in-error","category":[` + inConcept("$area", "work") + `]}`, "unlabelled, plan.area.work", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := profiles.Items(expanded(t, c.resource))
			if got.Need.String() != c.need || got.Any.String() != c.any {
				t.Errorf("needs %q and any of %q, want %q and %q", got.Need, got.Any, c.need, c.any)
			}
		})
	}
}

func goal(categories string) string {
	return `{"resourceType":"Goal","lifecycleStatus":"active","category":[` + categories + `]}`
}

func flagged(status, code string) string {
	return `{"resourceType":"Flag","status":"` + status + `","code":` + code + `}`
}

// The resources whose parts are asked about.
var (
	crisis  = plan(inConcept("$sct", profiles.CodeCrisisPlan))
	main    = plan(inConcept("$sct", profiles.CodeMentalHealthPlan))
	patient = `{"resourceType":"Patient"}`
	team    = `{"resourceType":"CareTeam"}`
	other   = `{"resourceType":"Practitioner"}`
)

// activity is one with extensions, each "url code".
func activity(codes ...string) string {
	var extensions []string
	for _, c := range codes {
		url, code, _ := strings.Cut(c, " ")
		extensions = append(extensions, `{"url":"`+url+`","valueCode":"`+code+`"}`)
	}
	return `{"extension":[` + strings.Join(extensions, ",") + `],"detail":{"status":"scheduled"}}`
}

// wholePlan is everything that a plan can hold in its activities.
const wholePlan = "person.dependants, plan.area.finance, plan.area.accommodation, plan.area.personal-care, plan.area.education, plan.area.work, plan.area.caring, " +
	"plan.area.social, plan.area.medical, plan.area.therapy, plan.crisis, plan.contingency, plan.review, plan.freshness, plan.copies, crisis.contacts, law.decisions, care.critical"

var partItems = map[string]struct{ resource, element, part, want string }{
	"status is in the frame":       {crisis, "status", `"active"`, ""},
	"dates of a crisis plan":       {crisis, "period", `{"start":"2025"}`, "plan.freshness"},
	"dates of the main plan":       {main, "period", `{"start":"2025"}`, ""},
	"author":                       {main, "author", `{}`, "plan.freshness"},
	"need":                         {main, "addresses", `{}`, "plan.needs"},
	"unmet need":                   {main, "extension", `{"url":"@unmet"}`, "plan.unmet"},
	"day of the last review":       {crisis, "extension", `{"url":"@reviewed","valueDate":"2025-01-01"}`, "plan.freshness"},
	"extension that is not listed": {main, "extension", `{"url":"http://example.org/x"}`, "unlabelled"},
	"view":                         {main, "note", `{}`, "plan.views"},
	"level":                        {main, "category", inConcept("$sct", profiles.CodeEnhanced), "episode.level"},
	"aftercare":                    {main, "category", inConcept("$plan", "aftercare"), "law.status"},
	"kind":                         {main, "category", inConcept("$sct", profiles.CodeMentalHealthPlan), ""},
	"category that nothing names":  {main, "category", `{"text":"forensic"}`, "plan.other"},

	"area":              {main, "activity", activity("@area finance"), "plan.area.finance"},
	"area activity":     {main, "activity", activity("@part area", "@area work"), "plan.area.work"},
	"area by code":      {main, "activity", `{"detail":{"code":` + inConcept("$area", "social") + `}}`, "plan.area.social"},
	"two areas":         {main, "activity", activity("@area work", "@area finance"), "plan.area.finance, plan.area.work"},
	"area unknown":      {main, "activity", activity("@area hobbies"), "unlabelled"},
	"part and area":     {crisis, "activity", activity("@part action", "@area work"), "plan.area.work, plan.crisis"},
	"no label":          {main, "activity", `{"detail":{"description":"x"}}`, wholePlan},
	"other extensions":  {main, "activity", activity("http://x y"), wholePlan},
	"area after others": {main, "activity", activity("http://x y", "@area work"), "plan.area.work"},
	"another code":      {main, "activity", `{"detail":{"code":` + inConcept("$sct", "1") + `}}`, wholePlan},
	"no detail":         {plan(""), "activity", `{"reference":{"reference":"Task/1"}}`, wholePlan},
	"crisis plan":       {crisis, "activity", `{"detail":{"description":"x"}}`, "plan.crisis"},
	"contingency plan":  {plan(inConcept("$sct", profiles.CodeContingencyPlan) + "," + inConcept("$sct", profiles.CodeCrisisPlan)), "activity", `{}`, "plan.crisis, plan.contingency"},
	"crisis and more":   {plan(inConcept("$sct", profiles.CodeMentalHealthPlan) + "," + inConcept("$sct", profiles.CodeCrisisPlan)), "activity", `{}`, wholePlan},
	"area, but no area": {main, "activity", activity("@part area"), "unlabelled"},
	"unknown part":      {crisis, "activity", activity("@part action", "@part rumour"), "unlabelled, plan.crisis"},
	"early warning":     {crisis, "activity", activity("@part early-warning-sign"), "plan.crisis"},
	"what helps":        {crisis, "activity", activity("@part what-helps"), "plan.crisis"},
	"emergency review":  {crisis, "activity", activity("@part emergency-review"), "plan.crisis"},
	"trigger":           {crisis, "activity", activity("@part trigger"), "plan.contingency"},
	"arrangement":       {crisis, "activity", activity("@part arrangement"), "plan.contingency"},
	"contact":           {crisis, "activity", activity("@part contact"), "crisis.contacts"},
	"dependants":        {crisis, "activity", activity("@part dependants"), "person.dependants"},
	"critical care":     {crisis, "activity", activity("@part critical-care"), "care.critical"},
	"advance wish":      {crisis, "activity", activity("@part advance-wish"), "law.decisions"},
	"copy":              {main, "activity", activity("@part copy"), "plan.copies"},
	"review due":        {crisis, "activity", activity("@part review"), "plan.freshness"},
	"review held":       {main, "activity", `{"extension":[{"url":"@part","valueCode":"review"}],"detail":{"status":"completed"}}`, "plan.review"},
	"restricted":        {crisis, "activity", activity("@part action", "@restrict third-party"), "plan.crisis, restricted.third-party"},
	"restricted deep inside": {crisis, "note", `{"text":"x","_text":{"extension":[{"extension":[{"url":"@restrict","valueCode":"very"}]}]}}`,
		"plan.views, restricted.very"},

	"NHS number":             {patient, "identifier", `{"system":"$nhs","value":"9990000018"}`, ""},
	"hospital number":        {patient, "identifier", `{"system":"https://example.org","value":"1"}`, "person.identity"},
	"name in use":            {patient, "name", `{"use":"official","family":"x"}`, ""},
	"former name":            {patient, "name", `{"use":"old","family":"x"}`, "person.identity"},
	"address":                {patient, "address", `{}`, "person.contact"},
	"next of kin":            {patient, "contact", `{}`, "person.contact"},
	"language":               {patient, "communication", `{}`, "person.support"},
	"general practitioner":   {patient, "generalPractitioner", `{}`, "team.membership"},
	"marital status":         {patient, "maritalStatus", `{}`, "unlabelled"},
	"photograph":             {patient, "photo", `{}`, "unlabelled"},
	"unknown element":        {patient, "shoeSize", `9`, "unlabelled"},
	"sibling of a primitive": {patient, "_birthDate", `{}`, ""},

	"coordinator":      {team, "participant", `{"role":[` + inConcept("$sct", profiles.CodeCareCoordinator) + `]}`, "team.coordinator"},
	"other member":     {team, "participant", `{"role":[` + inConcept("$role", "imha") + `]}`, "team.membership"},
	"staff at work":    {other, "telecom", `{"use":"work"}`, ""},
	"staff at home":    {other, "telecom", `{"use":"home"}`, "unlabelled"},
	"type not served":  {`{"resourceType":"Observation"}`, "status", `"final"`, "unlabelled"},
	"narrative":        {main, "text", `{}`, "unlabelled"},
	"contained":        {main, "contained", `{}`, "unlabelled"},
	"modifier":         {main, "modifierExtension", `{}`, "unlabelled"},
	"subject":          {main, "subject", `{}`, ""},
	"episode of CPA":   {`{"resourceType":"EpisodeOfCare"}`, "type", inConcept("$sct", profiles.CodeCPA), ""},
	"episode level":    {`{"resourceType":"EpisodeOfCare"}`, "type", inConcept("$sct", profiles.CodeStandard), "episode.level"},
	"forensic episode": {`{"resourceType":"EpisodeOfCare"}`, "type", `{"text":"forensic"}`, "unlabelled"},
	"level history":    {`{"resourceType":"EpisodeOfCare"}`, "extension", `{"url":"@level"}`, "episode.level"},
}

func TestPartItems(t *testing.T) {
	for name, c := range partItems {
		t.Run(name, func(t *testing.T) {
			if got := profiles.PartItems(expanded(t, c.resource), c.element, expanded(t, c.part)).String(); got != c.want {
				t.Errorf("needs %q, want %q", got, c.want)
			}
		})
	}
}

// A mark on a primitive stands beside it, and restricts it all the same.
func TestPartItemsOfMarkedPrimitive(t *testing.T) {
	r := expanded(t, `{"resourceType":"CarePlan","title":"x","_title":{"extension":[{"url":"@restrict","valueCode":"third-party"}]}}`)
	for _, name := range []string{"title", "_title"} {
		if got := profiles.PartItems(r, name, r.Get(name)); got != profiles.SetOf(profiles.RestrictedThird) {
			t.Errorf("%s needs %q", name, got)
		}
	}
}

func TestTypeSets(t *testing.T) {
	for _, typ := range profiles.ServedTypes() {
		label := profiles.Items(expanded(t, `{"resourceType":"`+typ+`"}`))
		if profiles.DirectoryType(typ) != label.Need.Has(profiles.Directory) {
			t.Errorf("%s is labelled %v", typ, label)
		}
		if label.Items().Empty() {
			t.Errorf("%s has no label", typ)
		}
	}
	if profiles.DirectoryType("Observation") {
		t.Error("an observation is about staff")
	}
}

// A Task needs all that its excerpts do: a part of a plan, what restricts it, and the plan
// as a whole. One of something that no rule labels is nobody's.
func TestATaskNeedsWhatItsExcerptsDo(t *testing.T) {
	const head = `{"resourceType":"CarePlan","id":"stands","category":[{"coding":[{"system":"http://snomed.info/sct","code":"` + profiles.CodeMentalHealthPlan + `"}]}]`
	finance := `,"activity":[{"extension":[{"url":"` + profiles.ExtArea + `","valueCode":"finance"}]}]}`
	third := `,"activity":[{"extension":[{"url":"` + profiles.ExtArea + `","valueCode":"work"},{"url":"` + profiles.ExtRestriction + `","valueCode":"third-party"}]}]}`
	for name, c := range map[string]struct {
		excerpts string
		want     profiles.ItemSet
	}{
		"none":           {`[]`, profiles.SetOf(profiles.Duties)},
		"a part":         {`[` + head + finance + `]`, profiles.SetOf(profiles.Duties, profiles.PlanSummary, profiles.AreaFinance)},
		"two":            {`[` + head + finance + `,` + head + third + `]`, profiles.SetOf(profiles.Duties, profiles.PlanSummary, profiles.AreaFinance, profiles.AreaWork, profiles.RestrictedThird)},
		"a member":       {`[` + head + `,"addresses":[{"reference":"Condition/c"}]}]`, profiles.SetOf(profiles.Duties, profiles.PlanSummary, profiles.PlanNeeds)},
		"something else": {`[{"resourceType":"Basic","id":"stands"}]`, profiles.SetOf(profiles.Duties, profiles.Unlabelled)},
	} {
		task, err := fhir.Parse([]byte(`{"resourceType":"Task","status":"requested","contained":` + c.excerpts + `}`))
		if err != nil {
			t.Fatal(err)
		}
		if got := profiles.Items(task); got.Need != c.want || !got.Any.Empty() {
			t.Errorf("%s: needs %v, want %v", name, got.Need, c.want)
		}
	}
}
