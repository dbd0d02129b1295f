package ctp_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"cpagateway/mapping"
)

// object is a parsed plan that a test breaks.
type object = map[string]any

func whole(t testing.TB) object {
	t.Helper()
	var plan object
	if err := json.Unmarshal([]byte(file(t, "testdata/plans/whole.json")), &plan); err != nil {
		t.Fatal(err)
	}
	return plan
}

func write(t testing.TB, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// in follows a path such as outcomes.0.area to the object that holds its last step.
func in(plan object, path string) (object, string) {
	steps := strings.Split(path, ".")
	var at any = plan
	for _, step := range steps[:len(steps)-1] {
		switch inside := at.(type) {
		case object:
			at = inside[step]
		case []any:
			at = inside[step[0]-'0']
		}
	}
	return at.(object), steps[len(steps)-1]
}

func TestEveryRuleSetsThePlanAside(t *testing.T) {
	f := format(t)
	const gone = "\x00gone"
	for name, c := range map[string]struct {
		path  string
		value any
		rule  string
		field string // where the fault stands; the path with brackets where empty
	}{
		"not the version":        {"version", "2", "CTP-004", "version"},
		"no person":              {"person", gone, "CTP-003", "person"},
		"no wishes said":         {"directives", gone, "CTP-003", "directives"},
		"a number for a text":    {"outcomes.0.outcome", 7, "CTP-002", "outcomes[0].outcome"},
		"an empty text":          {"outcomes.0.outcome", " ", "CTP-005", "outcomes[0].outcome"},
		"null":                   {"views", nil, "CTP-002", "views"},
		"no area of ours":        {"outcomes.1.area", "hobbies", "CTP-004", "outcomes[1].area"},
		"no such day":            {"made", "2026-02-30", "CTP-005", "made"},
		"a key too long":         {"id", strings.Repeat("k", 65), "CTP-005", "id"},
		"a key with blanks":      {"id", " k", "CTP-005", "id"},
		"an area left out":       {"noActionNeeded", []any{"accommodation"}, "CTP-010", ""},
		"wishes of an old plan":  {"status", "superseded", "CTP-011", ""},
		"a carer without a key":  {"team.members.5.key", gone, "CTP-013", "team.members[5]"},
		"a team without an id":   {"team.members.2.team", gone, "CTP-014", "team.members[2]"},
		"a practice without ODS": {"team.members.4.organisation", gone, "CTP-014", "team.members[4]"},
		"T1 for nobody":          {"directives.0.recipients", []any{}, "CTP-020", "directives[0]"},
		"T1 with items":          {"directives.0.items", []any{"plan.crisis"}, "CTP-020", "directives[0]"},
		"T1 without a purpose":   {"directives.0.recipients.0.purposes", gone, "CTP-020", "directives[0]"},
		"T2 to somebody":         {"directives.4.recipients", []any{object{"organisation": "W99001"}}, "CTP-021", "directives[4]"},
		"T5 to an organisation":  {"directives.1.recipients", []any{object{"organisation": "W99001"}}, "CTP-022", "directives[1]"},
		"T5 of everything":       {"directives.1.items", gone, "CTP-022", "directives[1]"},
		"T6 of nothing":          {"directives.2.items", []any{}, "CTP-023", "directives[2]"},
		"T6 for a purpose":       {"directives.2.recipients.0.purposes", []any{"COC"}, "CTP-023", "directives[2]"},
		"a wish without form":    {"directives.0.form", gone, "CTP-024", "directives[0]"},
		"a wish of nobody":       {"directives.5.representative", gone, "CTP-025", "directives[5]"},
		"a wish without leaflet": {"directives.0.leaflet", gone, "CTP-026", "directives[0]"},
		"a misspelt refusal":     {"directives.4.purpose", "ETREAT", "CTP-006", "directives[4].purpose"},
		"an unknown item":        {"directives.2.items", []any{"plan.everything"}, "CTP-004", "directives[2].items[0]"},
		"a right of no kind":     {"directives.5.decidedFor.authority", "next-of-kin", "CTP-004", "directives[5].decidedFor.authority"},
		"a day that is none":     {"directives.5.decidedFor.assessed", "2026-02-30", "CTP-005", "directives[5].decidedFor.assessed"},
		"a misspelt right":       {"directives.5.decidedFor.autority", "deputy", "CTP-006", "directives[5].decidedFor.autority"},
		"nine digits":            {"person.nhsNumber", "999000001", "CTP-030", "person.nhsNumber"},
		"no such month":          {"person.birthDate", "1980-13", "CTP-031", "person.birthDate"},
		"no such hour":           {"directives.0.recorded", "2026-03-02T25:00:00Z", "CTP-032", "directives[0].recorded"},
		"two outcomes, one key":  {"outcomes.1.key", "1", "CTP-040", "outcomes[1].key"},
		"two wishes, one key":    {"directives.1.key", "w1", "CTP-040", "directives[1].key"},
		"a carer unknown":        {"directives.1.recipients.0.carer", "brawd", "CTP-041", "directives[1].recipients[0].carer"},
		"an end before a start":  {"episode.end", "2001-01-01", "CTP-009", ""},
	} {
		t.Run(name, func(t *testing.T) {
			plan := whole(t)
			object, member := in(plan, c.path)
			if object[member] = c.value; c.value == gone {
				delete(object, member)
			}
			text := write(t, plan)
			got := readText(t, f, "plans.ndjson", text+"\n")
			refused := got.refusals()
			if got.report.Refused != 1 || got.report.Taken != 0 || len(got.resources) != 0 || len(refused) == 0 {
				t.Fatalf("%+v with %d faults and %d resources, want one refused and nothing taken", got.report, len(refused), len(got.resources))
			}
			for _, fault := range refused {
				if fault.Rule == c.rule && (c.field == "" || fault.At.Field == c.field) {
					check(t, fault, text)
					return
				}
			}
			t.Errorf("no fault of %s at %s among %+v", c.rule, c.field, refused)
		})
	}
}

// check asks what every fault must have: its place, the whole plan, and no value in words.
func check(t *testing.T, f mapping.Fault, raw string) {
	t.Helper()
	if f.At.File != "plans.ndjson" || f.At.Row != 1 || string(f.Raw) != raw || f.Reason == "" {
		t.Errorf("the fault stands at %+v, with a reason of %d and a fragment of %d characters", f.At, len(f.Reason), len(f.Raw))
	}
	if f.Value != "" && len(f.Value) > 2 && strings.Contains(f.Reason, f.Value) {
		t.Errorf("the reason %q tells the value", f.Reason)
	}
}

// TestReasonsTellNoValue looks for canaries in every reason of a plan that is wrong throughout.
func TestReasonsTellNoValue(t *testing.T) {
	const canary = "Zebedee"
	var spoil func(v any) any
	spoil = func(v any) any {
		switch v := v.(type) {
		case object:
			for name, member := range v {
				v[name] = spoil(member)
			}
			return v
		case []any:
			for i, element := range v {
				v[i] = spoil(element)
			}
			return v
		}
		return " " + canary + " 9990000018 "
	}
	got := readText(t, format(t), "a.json", write(t, spoil(whole(t))))
	if len(got.faults) < 50 {
		t.Fatalf("only %d faults", len(got.faults))
	}
	for _, f := range got.faults {
		if strings.Contains(f.Reason, canary) || strings.Contains(f.Reason, "9990000018") || strings.Contains(f.At.Field, canary) {
			t.Errorf("%s at %s tells the value: %s", f.Rule, f.At.Field, f.Reason)
		}
	}
}

func TestWarnings(t *testing.T) {
	f := format(t)
	for name, c := range map[string]struct {
		path  string
		value any
		rule  string
	}{
		"review after thirteen months": {"reviewDue", "2027-07-01", "CTP-050"},
		"no crisis plan":               {"crisis", nil, "CTP-051"},
		"no review due":                {"reviewDue", nil, "CTP-050"},
		"a wrong check digit":          {"person.nhsNumber", "9990000019", "CTP-030"},
	} {
		plan := whole(t)
		object, member := in(plan, c.path)
		if object[member] = c.value; c.value == nil {
			delete(object, member)
		}
		got := readText(t, f, "a.json", write(t, plan))
		if got.report.Taken != 1 || len(got.faults) != 1 || got.faults[0].Rule != c.rule || !got.faults[0].Warning {
			t.Errorf("%s: %+v and %+v", name, got.report, got.faults)
		}
	}
}

// TestWhoMayDecideForThePerson: a grant that shows no authority counts for nothing, which
// is said. Its plan is taken with it: somebody may need the crisis plan tonight.
func TestWhoMayDecideForThePerson(t *testing.T) {
	f := format(t)
	const gone = "\x00gone"
	none := object{"advanceDecision": object{"text": "x"}}
	for name, c := range map[string]struct {
		authority string
		decisions object // of the plan
		path      string // from the wish; empty changes nothing
		value     any
		warned    string // rule and field of the wish, none where empty
	}{
		"an attorney":                        {"welfare-attorney", nil, "", nil, ""},
		"a deputy":                           {"welfare-deputy", nil, "", nil, ""},
		"best interests":                     {"best-interests", none, "", nil, ""},
		"a refusal":                          {"welfare-attorney", nil, "template", "T2", ""},
		"a refusal that shows nothing":       {"welfare-attorney", nil, "template decidedFor", "T2", ""},
		"nobody's right":                     {"welfare-attorney", nil, "decidedFor", gone, "CTP-052 decidedFor.authority, CTP-052 decidedFor.assessed, CTP-052 decidedFor.assessor"},
		"withdrawn, and nobody's right":      {"welfare-attorney", nil, "status decidedFor", "withdrawn", ""},
		"an unnamed right":                   {"welfare-attorney", nil, "decidedFor.authority", gone, "CTP-052 decidedFor.authority"},
		"a right of which nothing is said":   {"welfare-attorney", nil, "decidedFor", object{}, "CTP-052 decidedFor.authority, CTP-052 decidedFor.assessed, CTP-052 decidedFor.assessor"},
		"the person's own, and no right":     {"welfare-attorney", nil, "givenBy decidedFor", "person", ""},
		"no day of an assessment":            {"welfare-deputy", nil, "decidedFor.assessed", gone, "CTP-052 decidedFor.assessed"},
		"nobody who assessed":                {"best-interests", none, "decidedFor.assessor", gone, "CTP-052 decidedFor.assessor"},
		"a power without a number":           {"welfare-attorney", nil, "decidedFor.reference", gone, "CTP-052 decidedFor.reference"},
		"an order without a number":          {"welfare-deputy", nil, "decidedFor.reference", gone, "CTP-052 decidedFor.reference"},
		"nobody who was consulted":           {"best-interests", none, "decidedFor.consulted", gone, "CTP-052 decidedFor.consulted"},
		"best interests without an end":      {"best-interests", none, "until", gone, "CTP-052 until"},
		"an attorney who consulted nobody":   {"welfare-attorney", nil, "decidedFor.consulted", gone, ""},
		"an attorney's without an end":       {"welfare-attorney", nil, "until", gone, ""},
		"best interests without a number":    {"best-interests", none, "decidedFor.reference", gone, ""},
		"decided for who decides":            {"welfare-attorney", nil, "givenBy", "person", "CTP-052 givenBy"},
		"best interests beside an attorney":  {"best-interests", object{"lpa": object{"kind": "welfare", "name": "x"}}, "", nil, "CTP-053 decidedFor.authority"},
		"best interests beside a deputy":     {"best-interests", object{"deputy": object{"name": "x"}}, "", nil, "CTP-053 decidedFor.authority"},
		"best interests and money matters":   {"best-interests", object{"lpa": object{"kind": "finance", "name": "x"}}, "", nil, ""},
		"an attorney who is not in the plan": {"welfare-attorney", none, "", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			wish := object{
				"key": "w1", "template": "T1", "status": "given", "recorded": "2026-03-02", "givenBy": "representative", "representative": "Nia Prawf", "form": "x", "leaflet": "1",
				"until": "2027-03-01", "recipients": []any{object{"organisation": "LA9A1", "purposes": []any{"COC"}}},
				"decidedFor": object{"authority": c.authority, "assessed": "2026-03-01", "assessor": "S-1", "reference": "7000-1", "consulted": "Nia Prawf"},
			}
			path, also, _ := strings.Cut(c.path, " ")
			if c.path != "" {
				inside, member := in(wish, path)
				if inside[member] = c.value; c.value == gone {
					delete(inside, member)
				}
				delete(wish, also)
			}
			if wish["template"] == "T2" {
				delete(wish, "recipients")
			}
			if wish["givenBy"] == "person" {
				delete(wish, "representative")
			}
			plan := withWishes(t, wish)
			if c.decisions != nil {
				plan["decisions"] = c.decisions
			}
			for _, status := range []string{"active", "draft"} {
				plan["status"] = status
				got := readText(t, f, "a.json", write(t, plan))
				var warned []string
				for _, fault := range got.faults {
					if !fault.Warning {
						t.Errorf("%s is no warning: %s", fault.Rule, fault.Reason)
					}
					warned = append(warned, fault.Rule+" "+strings.TrimPrefix(fault.At.Field, "directives[0]."))
				}
				if strings.Join(warned, ", ") != c.warned || got.report.Taken != 1 || !slices.ContainsFunc(got.resources, func(r mapping.Resource) bool { return r.Type == "Consent" }) {
					t.Errorf("%s: warned of %q, want %q; %+v", status, warned, c.warned, got.report)
				}
			}
		})
	}
}

// TestRefusalNeedsNoEvidence: nothing that a grant must show may keep a refusal out.
func TestRefusalNeedsNoEvidence(t *testing.T) {
	f := format(t)
	for _, template := range []string{"T2", "T4"} {
		plan := whole(t)
		plan["directives"] = []any{object{"key": "no", "template": template, "status": "given", "recorded": "2026-01-01", "givenBy": "person"}}
		got := readText(t, f, "a.json", write(t, plan))
		if got.report.Taken != 1 || !slices.ContainsFunc(got.resources, func(r mapping.Resource) bool { return r.Type == "Consent" }) {
			t.Errorf("%s: %+v %+v", template, got.report, got.faults)
		}
	}
}

func TestUnknownMembersAreLeftBehind(t *testing.T) {
	plan := whole(t)
	plan["vendor"] = object{"colour": "blue", "sizes": []any{1, 2}}
	got := readText(t, format(t), "a.json", write(t, plan))
	if left := got.report.LeftBehind; len(left) != 2 || left["vendor.colour"] != 1 || left["vendor.sizes"] != 2 {
		t.Errorf("left behind %v", left)
	}
}
