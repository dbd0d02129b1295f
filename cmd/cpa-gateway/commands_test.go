package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cpagateway/gateway/demo"
)

// printed is what a command left behind.
type printed struct {
	code      int
	out, errs string
}

// cli runs one command line to its end.
func cli(args ...string) printed { return piped("", args...) }

// piped runs a command line with something to read.
func piped(in string, args ...string) printed {
	var out, errs bytes.Buffer
	code := run(world{ctx: context.Background(), in: strings.NewReader(in), out: &out, err: &errs, clock: time.Now}, args)
	return printed{code, out.String(), errs.String()}
}

// must fails where a command did not end with the code.
func (p printed) must(t *testing.T, code int) printed {
	t.Helper()
	if p.code != code {
		t.Fatalf("exit %d, want %d\n%s\n%s", p.code, code, p.out, p.errs)
	}
	return p
}

// object is the JSON that a command printed; its keys are held to the surface.
func (p printed) object(t *testing.T, keys ...string) map[string]any {
	t.Helper()
	var o map[string]any
	if err := json.Unmarshal([]byte(p.out), &o); err != nil {
		t.Fatalf("not a JSON object: %v\n%s", err, p.out)
	}
	for _, key := range keys {
		if _, ok := o[key]; !ok {
			t.Errorf("%s is missing: %s", key, p.out)
		}
	}
	return o
}

func (p printed) list(t *testing.T) []map[string]any {
	t.Helper()
	var l []map[string]any
	if err := json.Unmarshal([]byte(p.out), &l); err != nil || !strings.HasPrefix(p.out, "[") {
		t.Fatalf("not a JSON list: %v\n%s", err, p.out)
	}
	return l
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// twoPatients is a bundle of one good record and one whose number is wrong.
const twoPatients = `{"resourceType":"Bundle","type":"collection","entry":[
 {"resource":{"resourceType":"Patient","id":"a","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000018"}]}},
 {"resource":{"resourceType":"Patient","id":"b","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000027"}]}}]}`

func TestAnExtractFromImportToAudit(t *testing.T) {
	dir, files := t.TempDir(), t.TempDir()
	file := write(t, filepath.Join(files, "bundle.json"), twoPatients)
	account := func(code int, args ...string) map[string]any {
		t.Helper()
		args = append([]string{"import", "--data", dir, "--source", "fhir-bundle", "--json"}, append(args, file)...)
		return cli(args...).must(t, code).object(t, "read", "stored", "unchanged", "quarantined", "leftBehind")
	}
	if sum := account(exitRefused, "--dry-run"); sum["read"] != 2.0 || sum["stored"] != 1.0 || sum["quarantined"] != 1.0 {
		t.Errorf("dry run: %v", sum)
	}
	if sum := account(exitRefused); sum["stored"] != 1.0 || sum["unchanged"] != 0.0 || sum["quarantined"] != 1.0 {
		t.Errorf("first run: %v", sum)
	}
	if sum := account(exitRefused); sum["stored"] != 0.0 || sum["unchanged"] != 1.0 || sum["newFaults"] != 0.0 {
		t.Errorf("second run: %v", sum)
	}
	quarantine := func(code int, verb string, args ...string) printed {
		t.Helper()
		return cli(append([]string{"quarantine", verb}, append(args, "--data", dir, "--json")...)...).must(t, code)
	}
	aside := quarantine(exitDone, "list").list(t)
	if len(aside) != 1 || aside[0]["rule"] != "NHS-NUMBER" || aside[0]["file"] != "bundle.json" || aside[0]["row"] != 2.0 || aside[0]["reason"] == "" {
		t.Fatalf("set aside: %v", aside)
	}
	if _, told := aside[0]["value"]; told {
		t.Error("the list tells the value")
	}
	id := aside[0]["id"].(string)
	shown := quarantine(exitDone, "show", id).object(t, "id", "source", "file", "row", "rule", "reason", "record")
	quarantine(exitRefused, "retry", id)
	mended := write(t, filepath.Join(files, "mended.json"), strings.Replace(shown["record"].(string), "9990000027", "9990000026", 1))
	if sum := quarantine(exitDone, "retry", id, "--with", mended).object(t); sum["stored"] != 1.0 {
		t.Errorf("mended: %v", sum)
	}
	if left := quarantine(exitDone, "list").list(t); len(left) != 0 {
		t.Errorf("still open: %v", left)
	}
	if all := quarantine(exitDone, "list", "--all").list(t); len(all) != 1 || all[0]["settled"] == nil {
		t.Errorf("the settled one: %v", all)
	}
	cli("quarantine", "show", "nothing", "--data", dir).must(t, exitUsage)
	cli("audit", "verify", "--data", dir).must(t, exitDone)
	cli("audit", "verify", "--data", dir, "--json").must(t, exitDone).object(t)
}

func TestATamperedAuditLogIsNotVerified(t *testing.T) {
	dir := t.TempDir()
	cli("import", "--data", dir, "--source", "fhir-bundle", write(t, filepath.Join(t.TempDir(), "b.json"), twoPatients)).must(t, exitRefused)
	cli("audit", "verify", "--data", dir).must(t, exitDone)
	changed := 0
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil || info.IsDir() {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if forged := bytes.ReplaceAll(text, []byte(`"stored":1`), []byte(`"stored":9`)); !bytes.Equal(forged, text) {
			changed++
			write(t, name, string(forged))
		}
	}
	if changed == 0 {
		t.Fatal("no entry found to change: the test could not fail")
	}
	if p := cli("audit", "verify", "--data", dir).must(t, exitRefused); !strings.Contains(p.errs, "the first break") {
		t.Errorf("says %q", p.errs)
	}
}

func TestAStoreThatCannotBeReadFails(t *testing.T) {
	dir := t.TempDir()
	cli("import", "--data", dir, "--source", "fhir-bundle", write(t, filepath.Join(t.TempDir(), "b.json"), twoPatients)).must(t, exitRefused)
	names, err := filepath.Glob(filepath.Join(dir, "*.db*"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no database found: %v", err)
	}
	for _, name := range names {
		write(t, name, strings.Repeat("not a database ", 1000))
	}
	if p := cli("quarantine", "list", "--data", dir).must(t, exitFailed); p.errs == "" {
		t.Error("fails without a word")
	}
}

func TestExplainSaysWhyInTheShapeOfTheSurface(t *testing.T) {
	s := openStage(t)
	for _, c := range []struct{ caller, number, outcome string }{
		{"gp", "9990000018", "permit"}, {"ooh", "9990000026", "slice"}, {"ooh", "9990000050", "deny"},
	} {
		p := cli("consent", "explain", "--data", s.dir, "--person", c.number, "--caller", c.caller, "--json").must(t, exitDone)
		e := p.object(t, "outcome", "deciding", "rules", "items", "withheld", "agreement", "directive")
		if e["outcome"] != c.outcome || e["deciding"] == "" {
			t.Errorf("%s about %s: %v by %v", c.caller, c.number, e["outcome"], e["deciding"])
		}
		rules := e["rules"].([]any)
		if len(rules) < 15 {
			t.Errorf("%d rules: the gates are 11 and 4", len(rules))
		}
		for _, r := range rules {
			if rule := r.(map[string]any); rule["id"] == "" || rule["text"] == "" || !slices.Contains([]any{"pass", "fail", "not-applicable"}, rule["outcome"]) {
				t.Errorf("a rule of another shape: %v", rule)
			}
		}
		if strings.Contains(p.out, c.number) {
			t.Error("the explanation holds the number")
		}
	}
	for _, c := range []struct{ caller, action, outcome, code string }{
		{"social-care", "update", "permit", "CONTRIBUTION"}, {"social-care", "delete", "deny", "CUSTODIAN_ONLY"}, {"gp", "update", "deny", "NO_CONTRIBUTION"}, {"cmht", "create", "permit", ""},
	} {
		e := cli("consent", "explain", "--data", s.dir, "--person", "9990000018", "--caller", c.caller, "--action", c.action, "--json").must(t, exitDone).object(t)
		rules := e["rules"].([]any)
		if last := rules[len(rules)-1].(map[string]any); e["outcome"] != c.outcome || last["id"] != "W" || fmt.Sprint(last["code"]) != c.code && c.code != "" {
			t.Errorf("%s, %s: %v, %v", c.caller, c.action, e["outcome"], last)
		}
	}
	cli("consent", "explain", "--data", s.dir, "--person", "9990000018", "--caller", "gp", "--action", "import").must(t, exitUsage)
	cli("consent", "explain", "--data", s.dir, "--person", "123", "--caller", "gp").must(t, exitUsage)
	cli("consent", "explain", "--data", s.dir, "--person", "9990000018", "--caller", "somebody").must(t, exitUsage)
	cli("consent", "explain", "--data", s.dir, "--person", "9990000018", "--caller", "gp", "--at", "noon").must(t, exitUsage)
}

// Of a number that nobody has, explain told a decision about nobody, gate by gate, as if
// somebody's record were closed; and person show took the number for an id.
func TestANumberThatNobodyHasIsSaidToBeNobodys(t *testing.T) {
	s := openStage(t)
	for _, args := range [][]string{{"consent", "explain", "--caller", "ooh", "--person", "9990000093"}, {"person", "show", "9990000093"}, {"audit", "show", "--person", "9990000093"}} {
		if p := cli(append(args, "--data", s.dir)...).must(t, exitUsage); !strings.Contains(p.errs, "nobody is known under this NHS number") || p.out != "" {
			t.Errorf("%v: %q, %q", args[:2], p.out, p.errs)
		}
	}
}

// A name that there is not was refused without saying which there are.
func TestANameThatThereIsNotIsAnsweredWithThoseThatThereAre(t *testing.T) {
	s := openStage(t)
	extract := write(t, filepath.Join(t.TempDir(), "b.json"), twoPatients)
	for says, args := range map[string][]string{
		"; the clients: gp ooh ooh-glass social-care social-care-b ooh-unlisted ig-lead cmht\n": {"consent", "explain", "--person", "9990000018", "--caller", "nurse"},
		"; clients like it: social-care social-care-b\n":                                        {"consent", "explain", "--person", "9990000018", "--caller", "social"},
		"; the sources: welsh-ctp mhsds-v6 mhsds-v5 fhir-bundle; of maps of your own, --maps":   {"import", "--source", "council", extract},
		"; sources like it: mhsds-v6 mhsds-v5; of maps of your own, --maps":                     {"import", "--source", "mhsds", extract},
	} {
		if p := cli(append(args, "--data", s.dir)...).must(t, exitUsage); !strings.Contains(p.errs, says) {
			t.Errorf("%v: %q", args, p.errs)
		}
	}
}

// The day on which an agreement was looked at was refused by the command that explains it.
func TestExplainTakesADay(t *testing.T) {
	s := openStage(t)
	for day, want := range map[string]string{"2024-12-31": "A4", "2049-04-01": "A5"} {
		e := cli("consent", "explain", "--data", s.dir, "--person", "9990000018", "--caller", "gp", "--at", day, "--json").must(t, exitDone).object(t)
		if e["deciding"] != want {
			t.Errorf("on %s decided by %v", day, e["deciding"])
		}
	}
}

func TestRegisterCheck(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, demo.Agreements()); err != nil {
		t.Fatal(err)
	}
	if rows := cli("register", "check", "--json", dir).must(t, exitDone).list(t); len(rows) < 3 {
		t.Errorf("%d rows of the matrix", len(rows))
	}
	if p := cli("register", "check", dir).must(t, exitDone); !strings.Contains(p.out, "ISP-CPA-0001") || !strings.Contains(p.out, "warning") {
		t.Errorf("printed %s", p.out)
	}
	bad := write(t, filepath.Join(t.TempDir(), "bad.yaml"), "id: X\ncolour: red\n")
	if p := cli("register", "check", bad).must(t, exitRefused); !strings.Contains(p.errs, "bad.yaml") {
		t.Errorf("says %q", p.errs)
	}
	cli("register", "check", "/nowhere/at/all").must(t, exitUsage)
}

// The files that serve runs through know nothing of the issuer and the cast, and
// only demo.go makes one.
func TestNothingOfTheDemoCanBeSwitchedOnInServe(t *testing.T) {
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	makers := []string{"New", "Extracts", "Agreements", "Clients", "LeaveNote"}
	seen := 0
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		imports := slices.ContainsFunc(file.Imports, func(i *ast.ImportSpec) bool {
			path, _ := strconv.Unquote(i.Path.Value)
			return path == "cpagateway/gateway/demo"
		})
		if imports && slices.Contains([]string{"serve.go", "site.go", "config.go", "environment.go", "where.go", "discovery.go"}, name) {
			t.Errorf("%s imports the demo", name)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			selector, ok := n.(*ast.SelectorExpr)
			if !ok || !slices.Contains(makers, selector.Sel.Name) {
				return true
			}
			if from, ok := selector.X.(*ast.Ident); ok && from.Name == "demo" && imports {
				seen++
				if name != "demo.go" {
					t.Errorf("%s uses demo.%s", name, selector.Sel.Name)
				}
			}
			return true
		})
	}
	if seen == 0 {
		t.Fatal("no use of the demo found: the test looked at nothing")
	}
}
