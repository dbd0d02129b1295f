package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// A flag after an argument was once an argument, and what a command did not know
// was passed over.
func TestNothingUnknownIsTaken(t *testing.T) {
	dir := t.TempDir()
	for line, says := range map[string]string{
		"nonsense":                                      `unknown command "nonsense" for "cpa-gateway"`,
		"quarantin list":                                "quarantine",
		"--nonsense":                                    "cpa-gateway: unknown flag: --nonsense",
		"help nonsense":                                 `there is no command "nonsense"`,
		"help audit nonsense":                           `there is no command "audit nonsense"`,
		"audit":                                         "cpa-gateway audit: say which: checkpoint, show, verify",
		"audit nonsense":                                `unknown command "nonsense" for "cpa-gateway audit"`,
		"completion nonsense":                           `unknown command "nonsense" for "cpa-gateway completion"`,
		"completion bash nonsense":                      "nonsense",
		"version surplus":                               `"surplus"`,
		"serve surplus":                                 `"surplus"`,
		"demo surplus":                                  `"surplus"`,
		"reindex surplus --data " + dir:                 `"surplus"`,
		"quarantine list surplus --data " + dir:         `"surplus"`,
		"quarantine show one two --data " + dir:         "accepts 1 arg(s), received 2",
		"quarantine show --data " + dir:                 "cpa-gateway quarantine show: accepts 1 arg(s), received 0",
		"quarantine list --data " + dir + " --with x":   "cpa-gateway quarantine list: unknown flag: --with",
		"quarantine list":                               "at least one of the flags in the group [data config] is required",
		"quarantine list --data " + dir + " --config x": "[config data] were all set",
		"quarantine list --data=":                       "--data and --config are empty",
		"import --data " + dir + " --source":            "flag needs an argument: --source",
		"import --data " + dir + " x":                   `required flag(s) "source" not set`,
		"import --source mhsds-v6 --data " + dir:        "requires at least 1 arg(s)",
		"import -source mhsds-v6 x --data " + dir:       "unknown shorthand flag",
		"import x --source y --dry-run=maybe":           "--dry-run",
		"demo --log-level loud":                         "--log-level",
		"consent explain --at noon":                     "--at",
		"backup --data " + dir:                          "accepts 1 arg(s), received 0",
		"restore " + dir:                                `required flag(s) "data" not set`,
		"healthcheck --admin x --config y":              "[admin config] were all set",
	} {
		p := cli(strings.Fields(line)...)
		if p.code != exitUsage || !strings.Contains(p.errs, says) {
			t.Errorf("%s: exit %d, says %q and not %q", line, p.code, p.errs, says)
		}
		if p.out != "" {
			t.Errorf("%s: prints %q", line, p.out)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("made %v: %v", left, err)
	}
}

// An error names the command that it is of, and where its help is.
func TestAnErrorNamesItsCommand(t *testing.T) {
	want := "cpa-gateway import: required flag(s) \"source\" not set\nHow it is called: cpa-gateway import --help\n"
	if p := cli("import", "x", "--data", t.TempDir()); p.errs != want {
		t.Errorf("says %q", p.errs)
	}
	if p := cli("audit", "verify", "--data", t.TempDir()); !strings.HasPrefix(p.errs, "cpa-gateway audit verify: there are no records in ") {
		t.Errorf("says %q", p.errs)
	}
}

// Each command has its help, under --help and under help.
func TestEveryCommandHasHelp(t *testing.T) {
	for _, c := range leaves(commandLine(world{})) {
		words := strings.Fields(c.CommandPath())[1:]
		asked, told := cli(append(words, "--help")...).must(t, exitDone), cli(append([]string{"help"}, words...)...).must(t, exitDone)
		if asked.out != told.out || !strings.Contains(asked.out, "cpa-gateway "+strings.Join(words, " ")) || c.Short == "" {
			t.Errorf("%v: %q", words, asked.out)
		}
	}
	for _, args := range [][]string{nil, {"help"}, {"--help"}, {"-h"}} {
		if p := cli(args...).must(t, exitDone); !strings.Contains(p.out, "quarantine") {
			t.Errorf("%v: %q", args, p.out)
		}
	}
}

// Flags may stand anywhere behind the command, and the shells complete them.
func TestFlagsStandAnywhere(t *testing.T) {
	dir, file := t.TempDir(), write(t, filepath.Join(t.TempDir(), "b.json"), twoPatients)
	for _, args := range [][]string{
		{file, "--dry-run", "--data", dir, "--source", "fhir-bundle"}, {"--dry-run", "--data=" + dir, file, "--source=fhir-bundle"},
		{"--source", "fhir-bundle", "--data", dir, "--dry-run", "--", file},
	} {
		if p := cli(append([]string{"import"}, args...)...).must(t, exitRefused); !strings.Contains(p.out, "quarantined") {
			t.Errorf("%v: %q", args, p.out)
		}
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if p := cli("completion", shell).must(t, exitDone); !strings.Contains(p.out, "cpa-gateway") {
			t.Errorf("%s: %q", shell, p.out)
		}
	}
	if p := cli("__complete", "quarantine", "").must(t, exitDone); !strings.Contains(p.out, "retry") {
		t.Errorf("completes %q", p.out)
	}
}

var (
	fencedCall = regexp.MustCompile(`(?m)^(?:\$ )?(cpa-gateway .*)$`)
	spanCall   = regexp.MustCompile("`(cpa-gateway [^`]+)`")
)

// TestThePagesShowCallsThatWork: each command line of the README and the pages is
// one that the command line takes. In running text a command may be named alone.
func TestThePagesShowCallsThatWork(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	calls := 0
	for _, page := range append(pages, "../../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range fencedCall.FindAllStringSubmatch(string(text), -1) {
			calls++
			if p := parsedOnly(m[1]); p != nil {
				t.Errorf("%s: %s: %v", page, m[1], p)
			}
		}
		for _, m := range spanCall.FindAllStringSubmatch(string(text), -1) {
			words := strings.Fields(m[1])[1:]
			if _, rest, err := commandLine(world{}).Find(words); err == nil && len(rest) == 0 {
				continue
			}
			calls++
			if p := parsedOnly(m[1]); p != nil {
				t.Errorf("%s: %s: %v", page, m[1], p)
			}
		}
	}
	if calls < 15 {
		t.Errorf("only %d calls found: the test looked at nothing", calls)
	}
}

// parsedOnly takes a line apart as run does, and runs nothing.
func parsedOnly(line string) error {
	line, _, _ = strings.Cut(line, " #")
	line, _, _ = strings.Cut(line, " > ") // the shell's
	var nothing strings.Builder
	root := commandLine(world{out: &nothing, err: &nothing})
	for _, c := range leaves(root) {
		c.RunE = func(*cobra.Command, []string) error { return nil }
	}
	root.SetArgs(strings.Fields(line)[1:])
	return root.Execute()
}
