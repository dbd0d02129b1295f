package mhsds

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"cpagateway/mapping"
)

type sample map[string][]map[string]string // table code -> rows

// sound reads the extract without a fault, as the tables of a fragment.
func sound(t testing.TB) sample {
	t.Helper()
	files, err := filepath.Glob("testdata/sound/MHS*.csv")
	if err != nil || len(files) < 12 {
		t.Fatalf("testdata/sound: %v, %d files", err, len(files))
	}
	tables := sample{}
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(file).ReadAll()
		file.Close()
		if err != nil {
			t.Fatal(err)
		}
		code := filepath.Base(name)[:codeLength]
		if code == "MHS201" {
			continue
		}
		for _, cells := range rows[1:] {
			fields := map[string]string{}
			for i, cell := range cells {
				fields[rows[0][i]] = cell
			}
			tables[code] = append(tables[code], fields)
		}
	}
	return tables
}

type kept struct {
	resources []mapping.Resource
	faults    []mapping.Fault
}

func (k *kept) Take(r []mapping.Resource) error { k.resources = append(k.resources, r...); return nil }
func (k *kept) SetAside(f []mapping.Fault, _ []mapping.Resource) error {
	k.faults = append(k.faults, f...)
	return nil
}

var at7A4 = mapping.Env{Source: "mhsds-v6", Custodian: "7A4", ID: func(_, key string) string { return key }}

// bring runs a sample as a fragment.
func bring(t testing.TB, f *Format, s sample) (*kept, mapping.Report) {
	t.Helper()
	raw, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	k := &kept{}
	report, err := f.Reread(context.Background(), raw, at7A4, k)
	if err != nil {
		t.Fatal(err)
	}
	if report.Read != report.Taken+report.Refused {
		t.Errorf("read %d, taken %d, refused %d", report.Read, report.Taken, report.Refused)
	}
	return k, report
}

func TestSoundExtractBreaksNoRule(t *testing.T) {
	f, err := New(V6)
	if err != nil {
		t.Fatal(err)
	}
	k, report := bring(t, f, sound(t))
	if len(k.faults) != 0 || report.Refused != 0 || len(k.resources) == 0 {
		t.Errorf("faults %v, %d refused, %d resources", k.faults, report.Refused, len(k.resources))
	}
}

// TestEveryRuleFires breaks each rule that is applied, one at a time, and asks
// for the rule's number, field and effect.
func TestEveryRuleFires(t *testing.T) {
	f, err := New(V6)
	if err != nil {
		t.Fatal(err)
	}
	breaks := readBreaks(t)
	tried := 0
	for _, table := range f.tables {
		for _, rule := range table.rules {
			if rule.effect == joins {
				continue
			}
			tried++
			s := sound(t)
			if how, ok := breaks[rule.id]; ok {
				how(s)
			} else if !breakField(table, s[table.code][0], rule) {
				t.Errorf("%s: testdata/breaks.txt does not say how it is broken", rule.id)
				continue
			}
			delete(breaks, rule.id)
			k, report := bring(t, f, s)
			i := slices.IndexFunc(k.faults, func(f mapping.Fault) bool { return f.Rule == rule.id })
			if i < 0 {
				t.Errorf("%s did not fire; %v did", rule.id, rulesOf(k.faults))
				continue
			}
			fault := k.faults[i]
			if fault.Warning != (rule.effect == warns) || fault.At.Field != rule.field || fault.Reason == "" {
				t.Errorf("%s: %+v", rule.id, fault)
			}
			if (report.Refused > 0) != mapping.Refused(k.faults) {
				t.Errorf("%s: %d rows refused by %v", rule.id, report.Refused, rulesOf(k.faults))
			}
		}
	}
	for id := range breaks {
		t.Errorf("breaks.txt breaks %s, which is no rule, or stands twice", id)
	}
	if tried < 200 {
		t.Errorf("tried only %d rules", tried)
	}
}

// TestARegistrationThatEndedIsFollowedByAnother: on its last day or the day after, with another
// practice, in a row that is valid (MHS00223).
func TestARegistrationThatEndedIsFollowedByAnother(t *testing.T) {
	f, err := New(V6)
	if err != nil {
		t.Fatal(err)
	}
	for next, followed := range map[string]bool{
		"W97003 2026-06-14": true, "W97003 2026-06-15": true,
		"W97003 2026-06-13": false, "W97003 2026-06-16": false, "W97003 ": false, "W97001 2026-06-15": false, "W9 2026-06-15": false,
	} {
		s := sound(t)
		s["MHS002"][0]["GMPReg"], s["MHS002"][0]["StartDateGMPRegistration"], _ = strings.Cut(next, " ")
		k, _ := bring(t, f, s)
		at := slices.IndexFunc(k.faults, func(f mapping.Fault) bool { return f.Rule == "MHS00223" })
		if followed != (at < 0) || at >= 0 && (!k.faults[at].Warning || k.faults[at].At.Row != 2) {
			t.Errorf("followed by %q: %v", next, k.faults)
		}
	}
}

// A row that had ended was compared with every other of its person: 20,000 registrations of one person, as a
// number that stands for everybody unknown has, took two minutes.
func TestWhatFollowsIsFoundAmongManyRowsOfOnePerson(t *testing.T) {
	f, err := New(V6)
	if err != nil {
		t.Fatal(err)
	}
	made := func(rows int) float64 {
		s := sound(t)
		s["MHS002"] = nil
		for i := range rows {
			s["MHS002"] = append(s["MHS002"], map[string]string{
				"LocalPatientID": "P1", "GMPReg": fmt.Sprintf("W%05d", i), "StartDateGMPRegistration": "2001-05-01", "EndDateGMPRegistration": "2026-06-14",
			})
		}
		return testing.AllocsPerRun(1, func() { bring(t, f, s) })
	}
	if few, many := made(200), made(800); many > 6*few {
		t.Errorf("four times the rows take %.1f times the allocations", many/few)
	}
}

func rulesOf(faults []mapping.Fault) []string {
	var ids []string
	for _, f := range faults {
		ids = append(ids, f.Rule)
	}
	return ids
}

// breakField breaks blank, format and codes; a wrong code is one that is in its format.
func breakField(t *table, row map[string]string, r *rule) bool {
	switch {
	case r.reason == "the field is blank":
		row[r.field] = ""
	case r.normal != nil:
		row[r.field] = strings.Repeat("~", 60)
	case strings.HasPrefix(r.reason, "not a code"):
		format := t.rules[slices.IndexFunc(t.rules, func(o *rule) bool { return o.field == r.field && o.normal != nil })]
		code := "~"
		for _, ok := format.normal(nil, nil, code); !ok; _, ok = format.normal(nil, nil, code) {
			code += "~"
		}
		row[r.field] = code
	default:
		return false
	}
	return true
}

// readBreaks reads breaks.txt.
func readBreaks(t *testing.T) map[string]func(sample) {
	t.Helper()
	text, err := os.ReadFile("testdata/breaks.txt")
	if err != nil {
		t.Fatal(err)
	}
	breaks := map[string]func(sample){}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		if breaks[words[0]] != nil {
			t.Errorf("%s stands twice", words[0])
		}
		code, changes := words[1], words[2:]
		breaks[words[0]] = func(s sample) {
			row := s[code][0]
			switch changes[0] {
			case "gone":
				s[code] = nil
				return
			case "twin":
				twin := map[string]string{}
				for name, cell := range row {
					twin[name] = cell
				}
				row = twin
				s[code] = append(s[code], twin)
			}
			for _, change := range changes {
				if name, value, ok := strings.Cut(change, "="); ok {
					row[name] = value
				}
			}
		}
	}
	return breaks
}

// TestRulesArePublishedOnes holds rules.txt to NHS England's own list: every rule
// of the twelve tables is applied or skipped with a reason, with its effect
// unless it says that it is softened and why, on its field, and none is invented.
func TestRulesArePublishedOnes(t *testing.T) {
	path := filepath.Join("..", "..", "..", "shared", "samples", "mhsds", "MHSDS_validation_rules_v6.0.csv")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Skip("../shared/samples/mhsds is not here: rules.txt was not held to the published rules")
	}
	tables, err := readRules(rulesText, "", new(mapping.Program))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(string(text))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	const tableColumn, field, level, effectColumn, id = 3, 6, 7, 9, 10
	published := 0
	for _, row := range rows[1:] {
		i := slices.IndexFunc(tables, func(t *table) bool { return t.name == row[tableColumn] })
		if i < 0 {
			continue
		}
		published++
		mine := tables[i].take(row[id])
		switch {
		case tables[i].skipped[row[id]] != "":
			delete(tables[i].skipped, row[id])
		case mine == nil:
			t.Errorf("%s is neither applied nor skipped", row[id])
		default:
			holdRule(t, mine, strings.ToLower(row[effectColumn]), row[level], strings.TrimSpace(row[field]))
		}
	}
	if published < 200 {
		t.Fatalf("the published list has only %d rules of these tables", published)
	}
	for _, table := range tables {
		for _, r := range table.rules {
			if r.effect != joins {
				t.Errorf("%s is no published rule of %s", r.id, table.name)
			}
		}
		for id := range table.skipped {
			t.Errorf("%s is skipped but not published, or skipped and applied", id)
		}
	}
}

// take removes and returns a rule.
func (t *table) take(id string) *rule {
	i := slices.IndexFunc(t.rules, func(r *rule) bool { return r.id == id })
	if i < 0 {
		return nil
	}
	r := t.rules[i]
	t.rules = slices.Delete(t.rules, i, i+1)
	return r
}

func holdRule(t *testing.T, r *rule, effect, level, field string) {
	t.Helper()
	want := warns
	if strings.Contains(effect, "rejected") {
		want = rejects
	}
	if softened := r.effect == warns && want == rejects; softened != (r.softened != "") {
		t.Errorf("%s: softened %q, published as %s", r.id, r.softened, effect)
	}
	if r.effect == rejects && want == warns {
		t.Errorf("%s rejects and is published as %s", r.id, effect)
	}
	if level == "Record" && r.field != field {
		t.Errorf("%s is about %s, published about %s", r.id, r.field, field)
	}
}

func TestRulesFileIsHeldToItsGrammar(t *testing.T) {
	for _, text := range []string{
		"MHS00001 reject A blank",
		"table MHS001X\nMHS00001 reject A",
		"table MHS001X\nMHS00001 maybe A blank",
		"table MHS001X\nMHS00001 reject A nothing",
		"table MHS001X\nMHS00001 reject A format an",
		"table MHS001X\nMHS00001 reject A format an x..2",
		"table MHS001X\nMHS00001 reject A when A ~ B",
		"table MHS001X\nMHS00001 reject A unique",
		"table MHS001X\nMHS00001 reject A unique A when",
		"table MHS001X\nMHS00001 reject A parent MHS002",
		"table MHS001X\nMHS00001 warn A followed B",
		"table MHS1",
	} {
		if _, err := readRules("# head\n"+text, "", new(mapping.Program)); err == nil || !strings.HasPrefix(err.Error(), "rules.txt:") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestTablesThatCannotBeDividedAreRefused(t *testing.T) {
	const three = "table MHS001A\n1 reject A blank\ntable MHS002B\n2 reject A parent MHS001.A\ntable MHS003C\n3 reject B parent MHS002.B\n"
	if _, err := readRules(three, "", new(mapping.Program)); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"table MHS004D\n4 reject C parent MHS003.C":                                   "MHS004D: the rows of MHS003 that it hangs on",
		"table MHS004D\n4 reject C parent MHS005.C":                                   "4: the parent is a table that stands above",
		"table MHS004D\n4 reject A parent MHS001.A\n5 reject B parent MHS002.B":       "5: a table hangs on one other",
		"table MHS004D\n4 warn A parent MHS001.A":                                     "4: a row that is named hangs on none",
		"table MHS004D\n4 reject A parent MHS001.A\n5 reject D unique D when E blank": "5: a condition can only be asked of a key that begins with A",
	} {
		if _, err := readRules(three+text, "", new(mapping.Program)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestRowsThatNameNoReferralAreNoTwins: rows of one team that named no referral were once
// told to have the same one.
func TestRowsThatNameNoReferralAreNoTwins(t *testing.T) {
	f, err := New(V6)
	if err != nil {
		t.Fatal(err)
	}
	for blank, want := range map[string][]string{
		"ServiceRequestID":         {"MHS10202", "MHS10202"},
		"OtherCareProfTeamLocalID": {"MHS10229", "MHS10229", "MHS10233", "MHS10233"},
	} {
		s := sound(t)
		row := s["MHS102"][0]
		row[blank] = ""
		s["MHS102"] = []map[string]string{row, row}
		k, report := bring(t, f, s)
		got := rulesOf(k.faults)
		if slices.Sort(got); !slices.Equal(got, want) || report.Refused != 2 {
			t.Errorf("without %s: %v, %d refused", blank, got, report.Refused)
		}
	}
}

// TestWhatThePersonIsRefusedForTakesTheRowsBelowItsRows: the rows that hung on those of a person whom the
// maps refused were given out, hanging from nothing.
func TestWhatThePersonIsRefusedForTakesTheRowsBelowItsRows(t *testing.T) {
	strict := fstest.MapFS{}
	for _, name := range []string{"directory", "episode", "patient", "plan", "team"} {
		text, err := builtin.ReadFile("maps/" + name + ".map")
		if err != nil {
			t.Fatal(err)
		}
		asked := strings.Replace(string(text), "birthDate          date", "birthDate date required", 1)
		strict["own-"+name+".map"] = &fstest.MapFile{Data: []byte(asked)}
	}
	f, err := compile(strict, V6)
	if err != nil {
		t.Fatal(err)
	}
	s := sound(t)
	s["MHS001"][0]["PersonBirthDate"] = ""
	k, report := bring(t, f, s)
	for _, r := range k.resources {
		if r.Person == "7A4|"+s["MHS001"][0]["LocalPatientID"] {
			t.Errorf("%s %s was given out of somebody who was refused", r.Type, r.Key)
		}
	}
	for below, above := range map[string]string{"MHS701": "MHS001", "MHS702": "MHS701", "MHS008": "MHS001", "MHS009": "MHS008", "MHS101": "MHS001", "MHS102": "MHS101"} {
		told := 0
		for _, fault := range k.faults {
			if !fault.Warning && strings.HasPrefix(fault.At.File, below) && strings.HasPrefix(fault.Reason, "the row of "+above+" that it hangs on was set aside by ") {
				told++
			}
		}
		if told == 0 || told != len(s[below]) {
			t.Errorf("%d of %d rows of %s were set aside for that of %s", told, len(s[below]), below, above)
		}
	}
	if taken := len(s["MHS000"]) + len(s["MHS901"]) + len(s["MHS902"]); report.Taken != taken {
		t.Errorf("taken %d rows, not %d: %v", report.Taken, taken, rulesOf(k.faults))
	}
}
