package mapping_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"cpagateway/mapping"
	"cpagateway/profiles/fhir"
)

// lawTables are what drawn maps translate with.
const lawTables = `zone Europe/London
table Plain https://s/plain -> https://t/plain
  a -> x
  b -> y
table Merged https://s/merged -> https://t/merged
  a -> x
  b -> x
  c -> same
  else -> z
table Kept https://s/kept -> https://t/kept
  a -> x
  b -> x
`

// texts are what fields of drawn records hold, by how the map reads them.
var texts = map[string][]string{
	"":                         {"v", "a|b", "50%", "%7C", " x ", "Pre-", "-post", "2026-01-02", "ConstT", "T", "Ŵyn", "{x}", "\"\\\n"},
	"date":                     {"2026-01-02", "2026-01", "2026", "2026-03-29 00:00:00"},
	"dateTime":                 {"2026-01-02T10:30", "2026-07-01T23:59:59Z", "2026-01-02", "2026-10-25T01:30:00+01:00"},
	"lower":                    {"ab", "AB", " Ab "},
	"upper":                    {"ab", "AB"},
	"integer":                  {"0", "-7", "42"},
	"decimal":                  {"1.50", "1e3", "-0.1"},
	"boolean":                  {"true", "false"},
	"time":                     {"10:30", "23:59:59", "00:15:00"},
	"nhs-number":               {"9990000018", "999 000 0018"},
	"code Plain":               {"a", "b"},
	"code Merged":              {"a", "b", "c", "q"},
	"coding Plain":             {"a", "b", "other", "two words"},
	"concept Merged":           {"a", "c", "other"},
	"concept Kept keep-source": {"a", "b", "other"},
}

// drawn is a map by chance, and records for it.
type drawn struct {
	*rapid.T
	fields map[string]string // field -> conversion, of the record and its group
	n      int

	text      string // of the map
	program   *mapping.Program
	record    []byte
	given     mapping.Record
	resources []mapping.Resource // none where the map or the record was refused
}

// draw draws a map and a record, and runs it.
func draw(rt *rapid.T) *drawn {
	d := &drawn{T: rt, fields: map[string]string{}}
	d.text = d.maps()
	program, err := compile(d.text)
	if err != nil {
		return d
	}
	d.program = program
	if d.record, err = json.Marshal(d.members()); err != nil {
		rt.Fatal(err)
	}
	v, err := fhir.Parse(d.record)
	if err != nil {
		rt.Fatal(err)
	}
	d.given = mapping.NewObject(v, "in.json", 1)
	d.resources, _ = program.Runner(testEnv, &mapping.Report{}).Run("S", d.given)
	return d
}

func (d *drawn) one(from ...string) string { return rapid.SampledFrom(from).Draw(d.T, "one") }

// line draws a rule for a target. Some of them are refused, which a property must bear.
func (d *drawn) line(indent, field, target string) string {
	as := d.one("", "", "date", "dateTime", "lower", "upper", "integer", "decimal", "boolean", "nhs-number", "code Plain", "code Merged", "coding Plain", "concept Merged", "concept Kept keep-source")
	d.fields[field] = as
	plain := indent + field + " <-> " + target + " " + as + "\n"
	switch d.one("plain", "plain", "template", "default", "alternative", "lost", "when", "derive") {
	case "template":
		d.fields[field] = ""
		return indent + `"Pre-{` + field + `}` + d.one("", "-post", "T") + `" <-> ` + target + " " + d.one("", "", "lower") + "\n"
	case "default":
		return plain + indent + `"ConstT" -> ` + target + "\n"
	case "alternative":
		d.n++
		other := fmt.Sprint("o", d.n)
		d.fields[other] = ""
		return plain + indent + d.one(other, `"alt-{`+other+`}"`) + " <-> " + target + "\n"
	case "lost":
		return indent + field + " -> " + target + " because precision\n"
	case "when":
		return strings.TrimSuffix(plain, "\n") + " when " + d.one("id", "w") + " present\n"
	case "derive":
		return plain + indent + "derive if " + field + ` present then "Yes" else "No" -> ` + target + "Said " + d.one("", "upper") + "\n"
	}
	return plain
}

// maps draws one map with blocks of every kind.
func (d *drawn) maps() string {
	var s strings.Builder
	s.WriteString(lawTables + "map S <-> Basic" + d.one("", "", " when f0 present", " when f1 present or f0 blank", " when g[] present") + "\n  key id\n  in identifier[]\n    \"https://s/id\" -> system\n    id <-> value\n")
	for i := range rapid.IntRange(0, 4).Draw(d.T, "rules") {
		s.WriteString(d.line("  ", fmt.Sprint("f", i), fmt.Sprint("t", i)))
	}
	if rapid.Bool().Draw(d.T, "in") {
		s.WriteString("  in part" + d.one("", " when p0 present", " when p1 blank") + "\n")
		for i := range rapid.IntRange(1, 2).Draw(d.T, "inner") {
			s.WriteString(d.line("    ", fmt.Sprint("p", i), fmt.Sprint("q", i)))
		}
	}
	for i := range rapid.IntRange(0, 2).Draw(d.T, "elements") {
		s.WriteString("  in note[]" + d.one("", fmt.Sprintf(" when e%d present", i)) + "\n    \"" + d.one("one", "two", "three") + "\" -> kind\n")
		s.WriteString(d.line("    ", fmt.Sprint("e", i), "text"))
	}
	if rapid.Bool().Draw(d.T, "moment") {
		d.fields["d"], d.fields["m"] = "date", "time"
		s.WriteString("  \"{d}T{m}\" <-> created dateTime\n" + d.one("", "  d <-> created date\n"))
	}
	if rapid.Bool().Draw(d.T, "map each") {
		s.WriteString("  each h by no <-> addresses[]\n    \"{^id}|{no}\" <-> reference ref Account\n")
		d.fields["no"], d.fields["h0"] = "", ""
		s.WriteString("map S each h by no <-> Account" + d.one("", " when h0 present") + "\n  key \"{^id}|{no}\"\n  in identifier[]\n    \"https://s/{^id}\" <-> system\n    no <-> value" + d.one("", " mint") + "\n")
		s.WriteString(d.line("  ", "h0", "what"))
		return s.String()
	}
	if rapid.Bool().Draw(d.T, "group") {
		s.WriteString("  each g" + d.one("", " by no") + " <-> goal[]" + d.one("", " when g0 present") + "\n")
		s.WriteString("    no <-> no\n" + d.line("    ", "g0", "what"))
		d.fields["no"] = ""
	}
	return s.String()
}

// members draws those of a record, each of its fields there or not.
func (d *drawn) members() map[string]any {
	record := map[string]any{"id": "R|1"}
	var group, other []any
	for n := range rapid.IntRange(0, 2).Draw(d.T, "others") {
		other = append(other, map[string]any{"no": fmt.Sprint("h|", n)})
	}
	for n := range rapid.IntRange(0, 2).Draw(d.T, "records") {
		group = append(group, map[string]any{"no": fmt.Sprint(n)})
	}
	for _, field := range slices.Sorted(func(yield func(string) bool) {
		for f := range d.fields {
			if !yield(f) {
				return
			}
		}
	}) {
		text := func() string { return d.one(texts[d.fields[field]]...) }
		switch {
		case field == "no":
		case field == "g0" || strings.HasPrefix(field, "h"):
			for _, g := range append(slices.Clone(group), other...) {
				if rapid.Bool().Draw(d.T, "has") {
					g.(map[string]any)[field] = text()
				}
			}
		case rapid.Bool().Draw(d.T, "has"):
			record[field] = text()
		}
	}
	if len(group) > 0 {
		record["g"] = group
	}
	if len(other) > 0 {
		record["h"] = other
	}
	return record
}

// TestLawsOfDrawnMaps: whatever map is accepted, and whatever record it takes: a field of
// which check says without a condition that it returns is there again, in its form; none
// returns as anything else; and where that is every field of the record, what comes back
// makes the resources again.
func TestLawsOfDrawnMaps(t *testing.T) {
	accepted, returned := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		d := draw(rt)
		if len(d.resources) == 0 {
			return
		}
		accepted++
		program, text, record, given, resources := d.program, d.text, d.record, d.given, d.resources
		back := program.Back(testEnv, parsedAll(rt, resources))
		back.ProveWith(program)
		fields := program.Check().Fields
		lossy := slices.ContainsFunc(fields, func(f mapping.FieldCheck) bool {
			group, name, inGroup := strings.Cut(f.Field, ".")
			return !returnsAlone(f) && len(textsOf(given, group, cmp.Or(name, group), inGroup)) > 0
		})
		if len(back.Records) != 1 && lossy {
			return // told, and not written
		}
		if len(back.Records) != 1 {
			rt.Fatalf("%s\n%s\nmade %s\nand no record can hold it: %+v", text, record, resources[0].Body, back.Faults)
		}
		for _, f := range fields {
			group, name, inGroup := strings.Cut(f.Field, ".")
			if !inGroup {
				name = group
			}
			if is, has := mapping.Text(back.Records[0], name); has && !inGroup {
				if was, _ := mapping.Text(given, name); is != normal(was, d.fields[name]) {
					rt.Fatalf("%s\n%s\nmade %s\n%s was %q and is %q", text, record, resources[0].Body, f.Field, was, is)
				}
			}
			if !returnsAlone(f) {
				continue
			}
			was, is := textsOf(given, group, name, inGroup), textsOf(back.Records[0], group, name, inGroup)
			for i := range was {
				was[i] = normal(was[i], d.fields[name])
			}
			if !slices.Equal(was, is) {
				rt.Fatalf("%s\n%s\nmade %s\n%s returns, says check, and was %q and is %q", text, record, resources[0].Body, f.Field, was, is)
			}
			returned += len(was)
		}
	})
	if accepted < 10 || returned < 10 {
		t.Errorf("only %d maps were accepted, and %d fields returned", accepted, returned)
	}
}

// returnsAlone reports whether check says that a field returns without a condition, and
// without the resource that a reference names.
func returnsAlone(f mapping.FieldCheck) bool {
	return f.Verdict == mapping.Returns && !slices.ContainsFunc(f.Forms, func(form string) bool { return strings.HasPrefix(form, "with-its-") })
}

// textsOf is what a field holds, of each record of the group where it is of one.
func textsOf(r mapping.Record, group, name string, inGroup bool) []string {
	records := []mapping.Record{r}
	if inGroup {
		records = r.Group(group)
	}
	var all []string
	for _, r := range records {
		if text, ok := mapping.Text(r, name); ok {
			all = append(all, text)
		}
	}
	return all
}

// normal is the form in which a text returns.
func normal(text, as string) string {
	switch as {
	case "date":
		return strings.TrimSuffix(text, " 00:00:00")
	case "time":
		return map[string]string{"10:30": "10:30:00"}[text] + strings.TrimPrefix(text, "10:30")
	case "dateTime":
		return map[string]string{"2026-01-02T10:30": "2026-01-02T10:30:00", "2026-07-01T23:59:59Z": "2026-07-02T00:59:59",
			"2026-01-02": "2026-01-02", "2026-10-25T01:30:00+01:00": "2026-10-25T01:30:00+01:00"}[text]
	case "lower":
		return strings.ToLower(strings.TrimSpace(text))
	case "upper":
		return strings.ToUpper(text)
	case "nhs-number":
		return strings.ReplaceAll(text, " ", "")
	}
	return text
}

// TestNothingIsLostInSilence: where one text of what a drawn map made is edited, that
// text returns, or is counted as dropped, or a fault names its resource.
func TestNothingIsLostInSilence(t *testing.T) {
	edited := 0
	rapid.Check(t, func(rt *rapid.T) {
		d := draw(rt)
		if len(d.resources) == 0 {
			return
		}
		program, text, record, resources := d.program, d.text, d.record, d.resources
		edit := rapid.SampledFrom([]string{"edited", "x", "2027-01-01", "Pre-edited", "ConstT"}).Draw(rt, "edit")
		at := rapid.IntRange(0, len(resources)-1).Draw(rt, "resource")
		var made []fhir.Value
		was := ""
		for i, r := range resources {
			body := r.Body
			if i == at {
				body, was = withEdit(rt, body, edit)
			}
			resource, err := fhir.ParseResource(body)
			if err != nil {
				rt.Fatal(err)
			}
			made = append(made, resource)
		}
		if was == edit || was == "" {
			return
		}
		edited++
		plain, back := program.Back(testEnv, parsedAll(rt, resources)), program.Back(testEnv, made)
		plain.ProveWith(program)
		back.ProveWith(program)
		before, after := "", ""
		for _, r := range plain.Records {
			before += string(r.JSON())
		}
		for _, r := range back.Records {
			after += string(r.JSON())
		}
		if before == after && len(back.Faults) == 0 && len(back.Dropped) == 0 {
			rt.Fatalf("%s\nof %s\nthe text %q became %q in %s\nand nothing says so: %s", text, record, was, edit, made[at].Raw(), after)
		}
	})
	if edited < 10 {
		t.Errorf("only %d texts were edited", edited)
	}
}

func parsedAll(rt *rapid.T, resources []mapping.Resource) []fhir.Value {
	var all []fhir.Value
	for _, r := range resources {
		v, err := fhir.ParseResource(r.Body)
		if err != nil {
			rt.Fatal(err)
		}
		all = append(all, v)
	}
	return all
}

// withEdit replaces one text of a resource, but for what is not compared.
func withEdit(rt *rapid.T, body []byte, edit string) (edited []byte, was string) {
	var tree map[string]any
	if err := json.Unmarshal(body, &tree); err != nil {
		rt.Fatal(err)
	}
	var sets []func()
	var visit func(v any, set func(any))
	visit = func(v any, set func(any)) {
		switch v := v.(type) {
		case map[string]any:
			for _, name := range slices.Sorted(maps.Keys(v)) {
				if name != "id" && name != "resourceType" {
					visit(v[name], func(n any) { v[name] = n })
				}
			}
		case []any:
			for i := range v {
				visit(v[i], func(n any) { v[i] = n })
			}
		case string:
			sets = append(sets, func() { was = v; set(edit) })
		}
	}
	visit(tree, nil)
	if len(sets) == 0 {
		return body, ""
	}
	sets[rapid.IntRange(0, len(sets)-1).Draw(rt, "text")]()
	edited, err := json.Marshal(tree)
	if err != nil {
		rt.Fatal(err)
	}
	return edited, was
}
