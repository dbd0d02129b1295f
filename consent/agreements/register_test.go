package agreements

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"cpagateway/profiles"
)

func load(t *testing.T, files map[string]string) (*Register, error) {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, src := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(src)}
	}
	return Load(fsys)
}

func sample(t testing.TB, name string) string {
	t.Helper()
	src, err := os.ReadFile("testdata/" + name + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(src)
}

// contributed is what flow 003 of the sample names, from the council to the health board.
const contributed = "items: [plan.summary, plan.goals]\n"

// TestRegisterRefuses changes the good sample in one place and expects the
// fault with the file and the line of that place.
func TestRegisterRefuses(t *testing.T) {
	good := sample(t, "isp")
	for _, c := range []struct {
		name, old, new string
		fault          string
		schema         bool // the JSON Schema refuses it as well
	}{
		{"unknown field", "title:", "titel:", "a.yaml:13: field titel is not known", true},
		{"unknown field inside", "how: FHIR API, mutual TLS", "hwo: x", "field hwo is not known", true},
		{"field twice", "version: 3", "version: 3\nversion: 4", "already defined", false},
		{"no id", "id: ISP-CPA-0001\n", "", "a.yaml:3: id: an agreement has a reference", true},
		{"the id of broken glass", "id: ISP-CPA-0001", "id: broken-glass", "id: this stands for broken glass in the audit log", true},
		{"kind", "kind: ISP", "kind: MOU", "a.yaml:4: kind: one of ISP, DDA, JCA, DPA", true},
		{"version", "version: 3", "version: 0", "a.yaml:5: version: versions count from 1", true},
		{"version is text", "version: 3", "version: three", "a.yaml:5: cannot unmarshal", true},
		{"status", "status: ASSURED", "status: OK", "a.yaml:7: status: one of DRAFT", true},
		{"date", "issueDate: 2025-01-10", "issueDate: 10/01/2025", "a.yaml:8: a date is written as 2025-01-31", true},
		{"date that is none", "issueDate: 2025-01-10", "issueDate: 2025-02-30", "a.yaml:8: a date is written", false},
		{"review before issue", "reviewDate: 2027-01-10", "reviewDate: 2025-01-09", "reviewDate: the review date is missing or lies before", false},
		{"assured without quality assurance", "qaDate: 2025-01-24\n", "", "qaDate: an assured agreement", true},
		{"negative grace", "reviewGraceDays: 0", "reviewGraceDays: -1", "reviewGraceDays: between 0 and 366", true},
		{"secondary use", "code: COC", "code: HRESCH", "purposes[0].code: one of COC, ETREAT, TREAT", true},
		{"breaking the glass", "code: ETREAT", "code: BTG", "purposes[1].code: one of", true},
		{"age band", "minAge: 18", "minAge: 18, maxAge: 17", "dataSubjects[0]: an age band", false},
		{"partner twice", "org: LA9A1\n    role", "org: 7A4\n    role", "partners[1].org: this organisation is named twice", false},
		{"role", "role: controller", "role: boss", "partners[0].role: one of controller, processor", true},
		{"team that is a star", "{id: duty", "{id: \"*\"", "teams[1].id: a team has a name of its own", true},
		{"team twice", "{id: duty", "{id: adult-mh", "teams[1].id: this team is named twice", false},
		{"no teams", "teams:\n      - {id: crht, kind: CRISIS, outOfHours: true}\nlegal", "teams: []\nlegal", "partners[3].teams: an empty list names no team", true},
		{"no Article 6", "  article6: \"6(1)(e)\"\n", "", "legalBasis.article6: LEGAL_BASIS_INCOMPLETE", true},
		{"blank condition", "\"Sch 1 Pt 1 para 2\"", "\"\"", "legalBasis.dpa2018: LEGAL_BASIS_INCOMPLETE", true},
		{"no power", "powers: [\"Mental Health (Wales) Measure 2010 s.18\", \"Social Services and Well-being (Wales) Act 2014\"]", "powers: []", "legalBasis.powers: LEGAL_BASIS_INCOMPLETE", true},
		{"no ground of confidentiality", "  confidentiality: consent\n", "", "legalBasis.confidentiality: LEGAL_BASIS_INCOMPLETE", true},
		{"flow twice", "ref: \"002\"", "ref: \"001\"", "flows[1].ref: a flow has a number of its own", false},
		{"giver is no partner", "from: {org: 7A4, team: \"*\"}", "from: {org: 7A9}", "flows[0].from.org: the giving organisation is no partner", false},
		{"giving team unknown", "from: {org: 7A4, team: \"*\"}", "from: {org: 7A4, team: ghosts}", "flows[0].from.team: the giving team is not listed", false},
		{"receiver is no partner", "to: {org: LA9A1, team: adult-mh}", "to: {org: LA9Z9, team: adult-mh}", "flows[0].to.org: the receiving organisation is no partner", false},
		{"any receiving team", "to: {org: LA9A1, team: adult-mh}", "to: {org: LA9A1, team: \"*\"}", "flows[0].to.team: a receiving team is always named", true},
		{"no receiving team", "to: {org: LA9A1, team: adult-mh}", "to: {org: LA9A1}", "flows[0].to.team: a receiving team", true},
		{"receiving team unknown", "to: {org: LA9A1, team: adult-mh}", "to: {org: LA9A1, team: ghosts}", "flows[0].to.team: the receiving team is not listed", false},
		{"purpose not listed", "purpose: COC", "purpose: TREAT", "flows[0].purpose: the agreement does not list this purpose", false},
		{"rule", "consentRule: standard", "consentRule: none", "flows[0].consentRule: one of standard, crisis, statutory", true},
		{"crisis rule for routine care", "consentRule: standard", "consentRule: crisis", "flows[0].consentRule: the purpose ETREAT and the rule crisis go together", false},
		{"relationship", "relationship: required", "relationship: maybe", "flows[0].relationship: one of required, none", true},
		{"unknown item", "items: [plan.summary, plan.goals]", "items: [plan.summary, plan.gaols]", "flows[2].items[1]: this is no item", false},
		{"restricted item", "items: [plan.summary, plan.goals]", "items: [restricted.third-party]", "flows[2].items[0]: no flow may name this item", false},
		{"the record of wishes", "items: [plan.summary, plan.goals]", "items: [consent.record]", "flows[2].items[0]: no flow may name this item", false},
		{"what nothing labels", "items: [plan.summary, plan.goals]", "items: [unlabelled]", "flows[2].items[0]: no flow may name this item", false},
		{"no items", "items: [plan.summary, plan.goals]", "items: []", "flows[2].items: a flow names its items", true},
		{"no types", "resources: [Patient, CarePlan, CareTeam, EpisodeOfCare, Goal]", "resources: []", "flows[0].resources: an empty list lets nothing through", true},
		{"unknown type", "resources: [Patient,", "resources: [Pateint,", "flows[0].resources[0]: the gateway does not serve this type", false},
		{"a contribution of another kind", contributed, contributed + "    contribute: all\n", "flows[2].contribute: one of own", true},
		{"a contribution of what no part of a plan needs", contributed, contributed + "    contribute: own\n", "flows[2].items[0]: no part of a plan needs this item", false},
		{"a contribution in a crisis", "consentRule: crisis\n", "consentRule: crisis\n    contribute: own\n", "flows[3].contribute: what is shared in a crisis is read", true},
		{"a contribution to its own plans", "consentRule: crisis\n", "consentRule: crisis\n    contribute: own\n", "flows[3].contribute: what an organisation writes into its own plans", true},
		{"a contribution to what is no plan", "resources: [Patient, CarePlan, CareTeam, EpisodeOfCare, Goal]", "resources: [Goal]\n    contribute: own", "flows[0].resources: only a CarePlan is contributed to", false},
		{"a contribution to any team", "to: {org: 7A4, team: cmht-north}", "to: {org: 7A4, team: \"*\"}\n    contribute: own", "flows[2].to.team: a receiving team is always named", true},
		{"onward disclosure", "onwardDisclosure: forbidden", "onwardDisclosure: allowed", "security.onwardDisclosure: onward disclosure is always forbidden", true},
		{"two in one file", "rights: {contact", "---\nrights: {contact", "one file holds one agreement", false},
		{"no YAML", "kind: ISP", "kind: [ISP", "a.yaml:", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			bad := strings.Replace(good, c.old, c.new, 1)
			if bad == good {
				t.Fatal("the sample has nothing to change")
			}
			_, err := load(t, map[string]string{"a.yaml": bad})
			if err == nil || !strings.Contains(err.Error(), c.fault) || !strings.Contains(err.Error(), "a.yaml:") {
				t.Errorf("got %v\nwant %q", err, c.fault)
			}
			if c.schema && schemaSays(t, bad) == nil {
				t.Error("the JSON Schema lets it through")
			}
		})
	}
}

func TestRegisterNamesEveryFaultAtOnce(t *testing.T) {
	bad := strings.Replace(strings.Replace(sample(t, "isp"), "kind: ISP", "kind: MOU", 1), "version: 3", "version: 0", 1)
	_, err := load(t, map[string]string{"a.yaml": bad, "b.yml": "", "dir/c.yaml": bad})
	for _, want := range []string{"a.yaml:4:", "a.yaml:5:", "b.yml:", "dir/c.yaml:4:"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %s", err, want)
		}
	}
}

func TestRegisterRefusesTheSameVersionTwice(t *testing.T) {
	src := sample(t, "isp")
	_, err := load(t, map[string]string{"a.yaml": src, "b.yaml": strings.Replace(src, "title:", "title: other #", 1)})
	if err == nil || !strings.Contains(err.Error(), "b.yaml: agreement ISP-CPA-0001 version 3 is already in a.yaml") {
		t.Errorf("got %v", err)
	}
}

func TestDisclosureAgreementGoesOneWay(t *testing.T) {
	both := sample(t, "dda") + `  - {ref: "002", from: {org: HOS01}, to: {org: 7A4, team: cmht-north}, purpose: COC, items: [plan.summary]}` + "\n"
	if _, err := load(t, map[string]string{"a.yaml": both}); err == nil || !strings.Contains(err.Error(), "a disclosure agreement goes one way") {
		t.Errorf("got %v", err)
	}
}

func TestProcessorAgreementHasNoFlows(t *testing.T) {
	src := strings.Replace(sample(t, "isp"), "kind: ISP", "kind: DPA", 1)
	if _, err := load(t, map[string]string{"a.yaml": src}); err == nil || !strings.Contains(err.Error(), "no ground for disclosure") {
		t.Errorf("got %v", err)
	}
	if schemaSays(t, src) == nil {
		t.Error("the JSON Schema lets it through")
	}
}

func TestLeftOutRulesAreTheStrictest(t *testing.T) {
	src := strings.Replace(sample(t, "isp"), "    consentRule: standard\n    relationship: required\n", "", 1)
	r, err := load(t, map[string]string{"a.yaml": src})
	if err != nil {
		t.Fatal(err)
	}
	if f := r.Agreements()[0].Flows[0]; f.ConsentRule != Standard || f.Relationship != Required {
		t.Errorf("got %s, %s", f.ConsentRule, f.Relationship)
	}
}

// TestHashNamesTheContent: the register's hash changes with any byte of any
// file, and not with their names.
func TestHashNamesTheContent(t *testing.T) {
	isp, dda := sample(t, "isp"), sample(t, "dda")
	hash := func(files map[string]string) string {
		r, err := load(t, files)
		if err != nil {
			t.Fatal(err)
		}
		return r.Hash()
	}
	first := hash(map[string]string{"a.yaml": isp, "b.yaml": dda})
	if first != hash(map[string]string{"y.yaml": dda, "z.yaml": isp}) {
		t.Error("the hash depends on file names")
	}
	if first == hash(map[string]string{"a.yaml": isp + "# a word\n", "b.yaml": dda}) || first == hash(map[string]string{"a.yaml": isp}) {
		t.Error("the hash misses a change")
	}
	if (*Register)(nil).Hash() != "" || (*Register)(nil).Agreements() != nil {
		t.Error("a nil register is not empty")
	}
}

func TestMatrix(t *testing.T) {
	r, err := load(t, map[string]string{"a.yaml": sample(t, "isp"), "b.yaml": sample(t, "isp-b")})
	if err != nil {
		t.Fatal(err)
	}
	rows := r.Matrix()
	for _, row := range rows {
		if row.Contribute != "" {
			t.Errorf("%+v contributes", row)
		}
	}
	if len(rows) != 7 {
		t.Fatalf("%d rows, want one per flow", len(rows))
	}
	last := rows[len(rows)-1]
	if last.Source != "LA9A1" || last.Recipient != "7A4" || last.Team != "cmht-north" || last.Agreement.Flow != "003" || !slices.Equal(last.Items, []string{"plan.summary", "plan.goals"}) {
		t.Errorf("the last row is %+v", last)
	}
	if rows[0].Recipient != "7A1" || rows[0].Purpose != profiles.EmergencyTreatment || rows[0].ConsentRule != Crisis {
		t.Errorf("the first row is %+v", rows[0])
	}
}

// TestContributions: a flow that contributes is found by whose plans it writes into, and
// in the matrix; one that names no receiving team lets nobody read.
func TestContributions(t *testing.T) {
	src := strings.Replace(sample(t, "isp"), "    to: {org: 7A4, team: cmht-north}\n    purpose: COC\n    items: [plan.summary, plan.goals]\n",
		"    to: {org: 7A4}\n    purpose: COC\n    items: [plan.area.work, plan.goals]\n    contribute: own\n", 1)
	if err := schemaSays(t, src); err != nil {
		t.Error(err)
	}
	r, err := load(t, map[string]string{"a.yaml": src})
	if err != nil {
		t.Fatal(err)
	}
	list := r.Contributions(ContributionKey{"LA9A1", "7A4"})
	if len(list) != 1 || list[0].Ref != "003" || list[0].Contribute != OwnParts || list[0].Items != profiles.Areas {
		t.Errorf("got %+v", list)
	}
	if len(r.Contributions(ContributionKey{"7A4", "LA9A1"})) != 0 || (*Register)(nil).Contributions(ContributionKey{"LA9A1", "7A4"}) != nil {
		t.Error("contributions the other way, or of no register")
	}
	if read := r.Candidates(FlowKey{Source: "LA9A1", Recipient: "7A4", Purpose: profiles.CareCoordination}); len(read) != 0 {
		t.Errorf("a team without a name reads by %+v", read)
	}
	rows := r.Matrix()
	if last := rows[len(rows)-1]; len(rows) != 6 || last.Agreement.Flow != "003" || last.Contribute != OwnParts || last.Flow != list[0] {
		t.Errorf("the last row is %+v", last)
	}
	without, err := load(t, map[string]string{"a.yaml": strings.Replace(src, "{org: 7A4}\n    purpose: COC", "{org: 7A4, team: cmht-north}\n    purpose: COC", 1)})
	if err != nil || without.Hash() == r.Hash() {
		t.Errorf("the hash misses whom it is for: %v", err)
	}
}

func TestWarnings(t *testing.T) {
	r, err := load(t, map[string]string{"a.yaml": sample(t, "isp"), "b.yaml": strings.Replace(sample(t, "isp-b"), "ASSURED", "DRAFT", 1)})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ day, text string }{
		{"2026-10-11", ""},
		{"2026-10-12", "its review is due on 2027-01-10"},
		{"2027-01-10", "its review is due on 2027-01-10"},
		{"2027-01-11", "its review date 2027-01-10 has passed"},
	} {
		day, _ := time.ParseInLocation(time.DateOnly, c.day, profiles.London)
		var text string
		for _, w := range r.Warnings(day) {
			text += w.Text
		}
		if text != c.text {
			t.Errorf("on %s: %q, want %q", c.day, text, c.text)
		}
	}
}

// A version in whose place a later one stands was warned of for ever, and counted as past its review.
func TestNobodyIsWarnedOfAVersionThatWasReplaced(t *testing.T) {
	next := strings.NewReplacer("version: 3", "version: 4", "issueDate: 2025-01-10", "issueDate: 2027-01-01", "qaDate: 2025-01-24", "qaDate: 2026-12-20", "reviewDate: 2027-01-10", "reviewDate: 2029-01-10")
	for _, c := range []struct{ status, day, text string }{
		{"ASSURED", "2026-12-31", "its review is due on 2027-01-10"}, {"ASSURED", "2027-01-01", ""}, {"ASSURED", "2027-02-01", ""},
		{"WITHDRAWN", "2027-02-01", ""}, {"DRAFT", "2027-02-01", "its review date 2027-01-10 has passed"},
	} {
		r, err := load(t, map[string]string{"3.yaml": sample(t, "isp"), "4.yaml": strings.Replace(next.Replace(sample(t, "isp")), "ASSURED", c.status, 1)})
		if err != nil {
			t.Fatal(err)
		}
		day, _ := time.ParseInLocation(time.DateOnly, c.day, profiles.London)
		var text string
		for _, w := range r.Warnings(day) {
			text += w.Text
		}
		if text != c.text {
			t.Errorf("a version 4 that is %s, on %s: %q, want %q", c.status, c.day, text, c.text)
		}
	}
}

// schemaSays validates YAML against agreement.schema.json.
func schemaSays(t *testing.T, src string) error {
	t.Helper()
	body, err := os.ReadFile("agreement.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("agreement.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("agreement.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var node yaml.Node
	if err := yaml.Unmarshal([]byte(src), &node); err != nil {
		return err
	}
	return schema.Validate(plain(&node))
}

// plain is a YAML document as JSON has it: a date is a string.
func plain(node *yaml.Node) any {
	switch node.Kind {
	case yaml.DocumentNode:
		return plain(node.Content[0])
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i+1 < len(node.Content); i += 2 {
			m[node.Content[i].Value] = plain(node.Content[i+1])
		}
		return m
	case yaml.SequenceNode:
		list := []any{}
		for _, element := range node.Content {
			list = append(list, plain(element))
		}
		return list
	}
	switch node.Tag {
	case "!!int":
		return json.Number(node.Value)
	case "!!bool":
		return node.Value == "true"
	}
	return node.Value
}

func TestSamplesFollowTheSchema(t *testing.T) {
	for _, name := range []string{"isp", "isp-b", "dda", "dpa"} {
		if err := schemaSays(t, sample(t, name)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := load(t, map[string]string{name + ".yaml": sample(t, name)}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSchemaIsTheCode compares the schema's fields and closed lists with the Go types.
func TestSchemaIsTheCode(t *testing.T) {
	body, err := os.ReadFile("agreement.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(body, &schema); err != nil {
		t.Fatal(err)
	}
	sameFields(t, "agreement", reflect.TypeFor[Agreement](), schema)
	at := func(path ...string) any {
		var v any = schema
		for _, step := range path {
			v = v.(map[string]any)[step]
		}
		return v
	}
	for _, c := range []struct {
		enum any
		want []string
	}{
		{at("properties", "kind", "enum"), strs(kinds)},
		{at("properties", "status", "enum"), strs(agreementStates)},
		{at("properties", "purposes", "items", "properties", "code", "enum"), strs(agreedPurposes)},
		{at("properties", "partners", "items", "properties", "role", "enum"), strs(partnerRoles)},
		{at("properties", "legalBasis", "properties", "confidentiality", "enum"), strs(confidentialities)},
		{at("properties", "flows", "items", "properties", "confidentiality", "enum"), strs(confidentialities)},
		{at("properties", "flows", "items", "properties", "purpose", "enum"), strs(agreedPurposes)},
		{at("properties", "flows", "items", "properties", "consentRule", "enum"), strs(consentRules)},
		{at("properties", "flows", "items", "properties", "relationship", "enum"), strs(relationships)},
	} {
		var got []string
		for _, v := range c.enum.([]any) {
			got = append(got, v.(string))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("the schema allows %v, the code %v", got, c.want)
		}
	}
}

func strs[T ~string](list []T) []string {
	var out []string
	for _, w := range list {
		out = append(out, string(w))
	}
	return out
}

func sameFields(t *testing.T, name string, typ reflect.Type, schema map[string]any) {
	t.Helper()
	for typ.Kind() == reflect.Slice {
		typ = typ.Elem()
		schema = schema["items"].(map[string]any)
	}
	if typ.Kind() != reflect.Struct {
		return
	}
	if schema["additionalProperties"] != false {
		t.Errorf("%s: the schema lets unknown fields through", name)
	}
	properties := maps.Clone(schema["properties"].(map[string]any))
	for i := range typ.NumField() {
		tag := typ.Field(i).Tag.Get("yaml")
		if tag == "-" {
			continue
		}
		property, found := properties[tag].(map[string]any)
		if !found {
			t.Errorf("%s.%s is not in the schema", name, tag)
			continue
		}
		delete(properties, tag)
		sameFields(t, name+"."+tag, typ.Field(i).Type, property)
	}
	for tag := range properties {
		t.Errorf("%s.%s is in the schema and not in the code", name, tag)
	}
}
