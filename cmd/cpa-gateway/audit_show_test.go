package main

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"

	"cpagateway/consent"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/texts"
)

// shows gives the entries that audit show prints as JSON.
func (s *stage) shows(t *testing.T, args ...string) []map[string]any {
	t.Helper()
	return cli(append([]string{"audit", "show", "--data", s.dir, "--json"}, args...)...).must(t, exitDone).list(t)
}

func interactions(entries []map[string]any) string {
	var list []string
	for _, e := range entries {
		list = append(list, e["interaction"].(string))
	}
	return strings.Join(list, " ")
}

// What was asked is found by request, person, caller and agreement; and whoever looks
// stands in the log.
func TestAuditShow(t *testing.T) {
	s := openStage(t)
	read := s.do("gp", "POST", "/fhir/R4/CarePlan/_search", "patient.identifier=https://fhir.nhs.uk/Id/nhs-number|9990000018")
	if read.status != 200 {
		t.Fatalf("%d: %s", read.status, read.body)
	}
	request := read.header.Get("X-Request-Id")
	found := s.shows(t, "--request", request)
	if len(found) == 0 || found[0]["outcome"] != "permit" || found[0]["requestId"] != request {
		t.Fatalf("by request: %v", found)
	}
	person, agreement := found[0]["person"].(string), found[0]["agreement"].(map[string]any)["id"].(string)
	for _, args := range [][]string{{"--person", "9990000018"}, {"--person", "999 000 0018"}, {"--person", person}, {"--caller", "demo-gp"}, {"--agreement", agreement}} {
		if by := s.shows(t, args...); !strings.Contains(interactions(by), "search") {
			t.Errorf("by %v: %v", args, by)
		}
	}
	cli("consent", "explain", "--data", s.dir, "--person", "9990000018", "--caller", "gp").must(t, exitDone)
	about := s.shows(t, "--person", person)
	if told := interactions(about); !strings.HasSuffix(told, "audit-show audit-show audit-show consent-explain") {
		t.Errorf("about the person: %s", told)
	}
	for i := 1; i < len(about); i++ {
		if about[i-1]["time"].(string) > about[i]["time"].(string) {
			t.Errorf("the newest is not last: %v", about)
		}
	}
	operators := s.shows(t, "--caller", "command-line")
	if last := operators[len(operators)-1]; last["kind"] != "operator" || last["professional"] == "" {
		t.Errorf("who looked: %v", last)
	}
	if one := s.shows(t, "--person", person, "--limit", "1"); len(one) != 1 || one[0]["interaction"] != "audit-show" {
		t.Errorf("the newest one: %v", one)
	}
	if p := cli("audit", "show", "--data", s.dir, "--person", person, "--limit", "1").must(t, exitDone); !strings.Contains(p.out, "Older entries are not shown: --limit") {
		t.Errorf("prints %s", p.out)
	}
}

// An NHS number of the command line reaches neither the log nor what is printed.
func TestAnNHSNumberOfTheCommandLineIsNotRecorded(t *testing.T) {
	s := openStage(t)
	const number = "9990000018"
	var printed string
	for _, args := range [][]string{
		{"--person", number}, {"--request", number}, {"--caller", number}, {"--agreement", number},
	} {
		p := cli(append([]string{"audit", "show", "--data", s.dir}, args...)...).must(t, exitDone)
		printed += p.out + p.errs
	}
	cli("consent", "explain", "--data", s.dir, "--person", number, "--caller", "gp").must(t, exitDone)
	p := cli("audit", "show", "--data", s.dir, "--person", "9990001006") // nobody's
	printed += p.must(t, exitUsage).errs
	printed += cli("audit", "show", "--data", s.dir, "--caller", "command-line", "--json").must(t, exitDone).out
	if strings.Contains(printed, number) || strings.Contains(printed, "9990001006") || strings.Count(printed, "audit-show") != 4 {
		t.Errorf("printed %s", printed)
	}
}

// A name that was typed for the id of a person stood in the log for ever, as the person
// whom somebody had looked at; and the answer was that nobody had read anything of them.
func TestAPersonWhomNobodyKnowsIsNotRecorded(t *testing.T) {
	s := openStage(t)
	for _, typed := range []string{"Ann Evans", "NHS9990000018"} {
		if p := cli("audit", "show", "--data", s.dir, "--person", typed).must(t, exitUsage); strings.Contains(p.errs, typed) {
			t.Errorf("%s", p.errs)
		}
	}
	if log := cli("audit", "show", "--data", s.dir, "--caller", "command-line", "--json"); strings.Contains(log.out, "Evans") || strings.Contains(log.out, "9990000018") {
		t.Errorf("the log has %s", log.out)
	}
	known := s.shows(t, "--person", "9990000026") // whom nobody has read yet
	if len(known) != 0 || len(s.shows(t, "--person", "9990000026")) != 1 {
		t.Errorf("who is known: %v", known)
	}
}

// Whoever reads a record that was set aside stands in the log.
func TestLookingIntoTheQuarantineIsRecorded(t *testing.T) {
	dir, _ := logged(t)
	id := cli("quarantine", "list", "--data", dir, "--json").must(t, exitDone).list(t)[0]["id"].(string)
	cli("quarantine", "show", id, "--data", dir).must(t, exitDone)
	p := cli("audit", "show", "--data", dir, "--caller", "command-line").must(t, exitDone)
	if !strings.Contains(p.out, "asked for: quarantine-show") || !strings.Contains(p.out, "reference: "+id) {
		t.Errorf("prints %s", p.out)
	}
	cli("audit", "verify", "--data", dir).must(t, exitDone)
}

// An information-governance lead reads decisions in Welsh as well as in English.
func TestDecisionsAreToldInWelsh(t *testing.T) {
	s := openStage(t)
	s.do("ooh", "POST", "/fhir/R4/CarePlan/_search", "patient.identifier=https://fhir.nhs.uk/Id/nhs-number|9990000050")
	for lang, says := range map[string][2]string{
		"en": {"because: The person refused sharing in a crisis as well", "DENY of the records of 7A4"},
		"cy": {"oherwydd: Gwrthododd y person rannu mewn argyfwng hefyd", "GWRTHOD: cofnodion 7A4"},
	} {
		show := cli("audit", "show", "--data", s.dir, "--person", "9990000050", "--lang", lang).must(t, exitDone).out
		explain := cli("consent", "explain", "--data", s.dir, "--person", "9990000050", "--caller", "ooh", "--lang", lang).must(t, exitDone).out
		if !strings.Contains(show, says[0]) || !strings.HasPrefix(explain, says[1]) {
			t.Errorf("%s:\n%s\n%s", lang, show, explain)
		}
	}
	asked := []string{"consent", "explain", "--data", s.dir, "--person", "9990000018", "--caller", "gp", "--json"}
	if e := cli(append(asked, "--lang", "cy")...).must(t, exitDone).object(t); !strings.HasPrefix(e["rules"].([]any)[0].(map[string]any)["text"].(string), "Mae'r cais yn dweud") || e["outcome"] != "permit" {
		t.Errorf("%v", e)
	}
	cli(append(asked, "--lang", "fr")...).must(t, exitUsage)
}

var camel = regexp.MustCompile(`^[a-z][A-Za-z0-9]*$`)

// hasNamesAndDates holds JSON to names in lower camel case and to ISO dates. Below a
// name in open the names are not ours: columns, rules, codes.
func hasNamesAndDates(t *testing.T, at string, v any) {
	t.Helper()
	open := map[string]bool{"leftBehind": true, "defaulted": true, "warnings": true, "merged": true}
	switch v := v.(type) {
	case map[string]any:
		for name, below := range v {
			if !camel.MatchString(name) {
				t.Errorf("%s: %q is not in lower camel case", at, name)
			}
			if !open[name] {
				hasNamesAndDates(t, at+"."+name, below)
			}
			text, isText := below.(string)
			if isDate := regexp.MustCompile(`(?i)^(at|since|until|time|date|first|last|made|settled)$|(Date|At|Until)$`).MatchString(name); isDate && isText && text != "" {
				_, day := time.Parse(time.DateOnly, text)
				if _, err := time.Parse(time.RFC3339Nano, text); err != nil && day != nil {
					t.Errorf("%s.%s: %q is no ISO date", at, name, text)
				}
			}
		}
	case []any:
		for _, below := range v {
			hasNamesAndDates(t, at, below)
		}
	}
}

// What was set aside and never came right stayed on the list for ever.
func TestWhatIsSetAsideIsTakenOffTheList(t *testing.T) {
	dir := t.TempDir()
	cli("import", "--data", dir, "--source", "fhir-bundle", write(t, t.TempDir()+"/b.json", strings.ReplaceAll(twoPatients, "9990000018", "9990000019"))).must(t, exitRefused)
	list := cli("quarantine", "list", "--data", dir, "--json").must(t, exitDone).list(t)
	ids := []string{list[0]["id"].(string), list[1]["id"].(string)}
	cli("quarantine", "discard", ids[0], "nothing", "--data", dir).must(t, exitUsage)
	if left := cli("quarantine", "list", "--data", dir, "--json").must(t, exitDone).list(t); len(left) != 2 {
		t.Errorf("of two, one of which there is not, one was discarded: %v", left)
	}
	cli("quarantine", "discard", ids[0], ids[1], "--data", dir).must(t, exitDone)
	if left := cli("quarantine", "list", "--data", dir, "--json").must(t, exitDone).list(t); len(left) != 0 {
		t.Errorf("still open: %v", left)
	}
	if all := cli("quarantine", "list", "--all", "--data", dir, "--json").must(t, exitDone).list(t); len(all) != 2 || all[0]["settled"] == nil || all[1]["settled"] == nil {
		t.Errorf("the discarded ones: %v", all)
	}
	if p := cli("audit", "show", "--data", dir, "--caller", "command-line").must(t, exitDone); !strings.Contains(p.out, "asked for: quarantine-discard") {
		t.Errorf("the log does not say who discarded it:\n%s", p.out)
	}
}

// Discarding one takes off what is the same to the letter, and of its source alone.
func TestADiscardIsOfOneSource(t *testing.T) {
	dir, maps := t.TempDir(), t.TempDir()
	write(t, maps+"/people.map", "map people -> Patient\n  key Id\n  Born -> birthDate\n")
	twice := write(t, t.TempDir()+"/people.csv", "Id,Born\n1\n1\n2\n")
	for _, source := range []string{"board", "ward"} {
		cli("import", "--data", dir, "--source", source, "--maps", maps, twice).must(t, exitRefused)
	}
	list := cli("quarantine", "list", "--data", dir, "--json").must(t, exitDone).list(t)
	cli("quarantine", "discard", list[0]["id"].(string), "--data", dir).must(t, exitDone)
	for source, want := range map[string]int{"board": 1, "ward": 3} {
		if left := cli("quarantine", "list", "--source", source, "--data", dir, "--json").must(t, exitDone).list(t); len(left) != want {
			t.Errorf("of %s are open: %v", source, left)
		}
	}
}

// Every command that has --json prints names in lower camel case and ISO dates; some
// once printed the names of Go.
func TestJSONIsInLowerCamelCaseWithISODates(t *testing.T) {
	s := openStage(t)
	s.do("gp", "POST", "/fhir/R4/CarePlan/_search", "patient.identifier=https://fhir.nhs.uk/Id/nhs-number|9990000018")
	dir, _ := logged(t)
	id := cli("quarantine", "list", "--data", dir, "--json").must(t, exitDone).list(t)[0]["id"].(string)
	file := write(t, t.TempDir()+"/b.json", twoPatients)
	calls := map[string][]string{
		"import": {"--data", t.TempDir(), "--source", "fhir-bundle", file}, "quarantine list": {"--data", dir, "--all"}, "quarantine show": {id, "--data", dir},
		"quarantine retry": {id, "--data", dir}, "consent explain": {"--data", s.dir, "--person", "9990000018", "--caller", "gp"},
		"register check": {s.dir + "/agreements"}, "audit verify": {"--data", s.dir}, "audit show": {"--data", s.dir, "--person", "9990000018"},
		"map check": {"mhsds-v6"}, "person list": {"--data", s.dir}, "person moves": {"--data", s.dir}, "person show": {"9990000018", "--data", s.dir},
		"record show": {recordIn(t, s.dir), "--data", s.dir}, "glass list": {"--data", s.dir},
	}
	for _, c := range leaves(commandLine(world{})) {
		path := strings.TrimPrefix(c.CommandPath(), "cpa-gateway ")
		if c.Flags().Lookup("json") == nil || strings.HasPrefix(path, "person ") && calls[path] == nil { // what settles needs somebody in doubt
			continue
		}
		if calls[path] == nil {
			t.Errorf("%s has --json and is not tried here", path)
			continue
		}
		p := cli(append(append(strings.Fields(path), calls[path]...), "--json")...)
		var v any
		if err := json.Unmarshal([]byte(p.out), &v); err != nil {
			t.Errorf("%s: %v: %s%s", path, err, p.out, p.errs)
		}
		hasNamesAndDates(t, path, v)
	}
}

// A request about a subscription was shown as "word-own", which is the key of a text.
func TestEveryOutcomeHasAWord(t *testing.T) {
	for _, outcome := range []string{
		consent.Permit.String(), consent.Slice.String(), consent.Deny.String(), audit.OutcomeRefused, audit.OutcomePublic, audit.OutcomeOwn,
	} {
		for _, lang := range []language.Tag{texts.English, texts.Welsh} {
			if got := word(outcome, lang); strings.HasPrefix(got, "word-") {
				t.Errorf("%s in %v is shown as %s", outcome, lang, got)
			}
		}
	}
}

// Who asked for a caller by half of its name was told that nobody had read anything.
func TestACallerThatTheLogDoesNotHaveIsToldThoseThatItHas(t *testing.T) {
	s := openStage(t)
	for _, as := range []string{"gp", "ooh"} {
		s.do(as, "POST", "/fhir/R4/CarePlan/_search", "patient.identifier=https://fhir.nhs.uk/Id/nhs-number|9990000018")
	}
	for asked, says := range map[string]string{
		"ooh":          "the log has no such entry of this caller; callers like it: demo-ooh\n",
		"OOH":          "callers like it: demo-ooh\n",
		"demo-ooh-old": "callers like it: demo-ooh\n",
		"demo":         "callers like it: demo-gp demo-ooh\n",
		"9990000018":   "the callers of the log: command-line demo-gp demo-ooh source:welsh-ctp\n",
	} {
		p := cli("audit", "show", "--data", s.dir, "--caller", asked).must(t, exitDone)
		if !strings.HasSuffix(p.errs, says) || asked == "9990000018" && strings.Contains(p.errs, asked) {
			t.Errorf("%s: %q", asked, p.errs)
		}
	}
	if p := cli("audit", "show", "--data", s.dir, "--request", "ooh").must(t, exitDone); p.errs != "the log has no such entry\n" {
		t.Errorf("a request: %q", p.errs)
	}
	for asked, says := range map[string]string{ // and so was who asked by an agreement that was written otherwise
		"isp-cpa-0001": " of this agreement; those like it: ISP-CPA-0001\n",
		"ISP":          " of this agreement; those like it: ISP-CPA-0001 ISP-CPA-0009\n",
		"DDA-2":        " of this agreement; those of the register: ISP-CPA-0001 ISP-CPA-0009\n",
		"ISP-CPA-0009": "the log has no such entry\n",
	} {
		if p := cli("audit", "show", "--data", s.dir, "--agreement", asked).must(t, exitDone); !strings.HasSuffix(p.errs, says) {
			t.Errorf("%s: %q", asked, p.errs)
		}
	}
	many := make([]consent.ClientID, mostNames+2)
	if says := likeliest(many, "x", " like it:", " all:"); !strings.HasSuffix(says, " and 2 more") {
		t.Errorf("many: %q", says)
	}
}

// Digits that are no NHS number were taken for an id of the log, which then had nothing.
func TestDigitsThatAreNoNHSNumberAreRefused(t *testing.T) {
	s := openStage(t)
	for number, says := range map[string]string{
		"9999999999": "stands for \"not known\", and is nobody's", "999 000 001": "9 digits instead of ten",
	} {
		for _, args := range [][]string{{"audit", "show", "--person", number}, {"person", "show", number}, {"consent", "explain", "--person", number, "--caller", "gp"}} {
			p := cli(append(args, "--data", s.dir)...).must(t, exitUsage)
			if !strings.Contains(p.errs, says) || strings.Contains(p.errs, number) || strings.Contains(p.errs, "committing") {
				t.Errorf("%v: %q", args[:2], p.errs)
			}
		}
	}
	if p := cli("audit", "show", "--person", "9990000019", "--data", s.dir).must(t, exitUsage); !strings.Contains(p.errs, "nobody is known under this NHS number") {
		t.Errorf("a wrong check digit: %q", p.errs)
	}
}

// The log has a person by the id that their records were filed under then. Asked for one whose
// records had been joined, it showed what was recorded since, as if that were all.
func TestTheLogNamesTheOtherIDsOfAPerson(t *testing.T) {
	r := openRegistry(t)
	r.bring("clinic", exitDone, withPlan(someone("n", numbered(brynsNumber), ""), "n", "one")...)
	said := func(person string, more ...string) string {
		t.Helper()
		return cli(append([]string{"audit", "show", "--person", person, "--config", r.config}, more...)...).must(t, exitDone).errs
	}
	if got := said(brynsNumber); strings.Contains(got, "another id") {
		t.Errorf("of somebody who was never moved: %q", got)
	}
	r.bring("ward", exitRefused, withPlan(someone("w", replaced(brynsNumber, annsNumber), ""), "w", "two")...)
	_, list := r.listed()
	apart, from := string(list[0].Person), string(list[0].ApartFrom)
	r.settle("join", apart, from)
	for _, c := range []struct {
		person, other string
		more          []string
	}{{annsNumber, apart, nil}, {from, apart, []string{"--json"}}, {apart, from, []string{"--lang", "cy"}}} {
		if got := said(c.person, c.more...); !strings.Contains(got, c.other) {
			t.Errorf("%s %q: %q", c.person, c.more, got)
		}
	}
}

// What a decision asked to be told stood in the log as JSON alone.
func TestObligationsAreShown(t *testing.T) {
	s := openStage(t)
	s.do("ooh", "POST", "/fhir/R4/CarePlan/_search", "patient.identifier=https://fhir.nhs.uk/Id/nhs-number|9990000042") // of whose wishes nothing is recorded
	if p := cli("audit", "show", "--data", s.dir, "--person", "9990000042").must(t, exitDone); !strings.Contains(p.out, "obligations: NOTIFY_COORDINATOR") {
		t.Errorf("prints %s", p.out)
	}
}
