package main

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.yaml.in/yaml/v3"

	"cpagateway/consent"
	"cpagateway/profiles"
)

// settledIn is what a data folder says of a source; nothing where it says nothing.
func settledIn(t *testing.T, dir, name string) (s sourceConfig) {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(dir, "sources", name+".yaml"))
	if os.IsNotExist(err) {
		return s
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(body, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestADataFolderKeepsItsSources(t *testing.T) {
	extract := write(t, filepath.Join(t.TempDir(), "b.json"), twoPatients)
	for name, c := range map[string]struct {
		first      []string
		custodian  profiles.OrgCode
		grants     consent.Switch
		contradict [][]string // what a later import may not say
		confirm    [][]string // what it may
	}{
		"nothing said": {nil, "7A4", consent.Off,
			[][]string{{"--custodian", "7A5"}, {"--grants"}, {"--grants=on"}, {"--custodian", "7A4", "--grants"}},
			[][]string{nil, {"--custodian", "7A4"}, {"--grants=off"}, {"--custodian", "7A4", "--grants=off"}}},
		"everything said": {[]string{"--custodian", "7A5", "--grants"}, "7A5", consent.On,
			[][]string{{"--custodian", "7A4"}, {"--custodian", "7a5"}, {"--grants=off"}, {"--grants=off", "--custodian", "7A5"}},
			[][]string{nil, {"--custodian", "7A5"}, {"--grants"}, {"--grants=on", "--custodian", "7A5"}}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			do := func(code int, more ...string) printed {
				t.Helper()
				return cli(append(append([]string{"import", "--data", dir, "--source", "fhir-bundle"}, more...), extract)...).must(t, code)
			}
			do(exitRefused, append([]string{"--dry-run"}, c.first...)...)
			if s := settledIn(t, dir, "fhir-bundle"); s.Name != "" {
				t.Errorf("a dry run settled %+v", s)
			}
			do(exitRefused, c.first...) // one of the two patients is set aside
			want := sourceConfig{Name: "fhir-bundle", Format: "fhir-bundle", Custodian: c.custodian, Grants: c.grants}
			if s := settledIn(t, dir, "fhir-bundle"); s != want {
				t.Fatalf("settled %+v, want %+v", s, want)
			}
			for _, more := range c.contradict {
				before := contents(t, dir)
				p := do(exitUsage, more...)
				if !strings.Contains(p.errs, filepath.Join(dir, "sources", "fhir-bundle.yaml")) || p.out != "" {
					t.Errorf("%v says %q, prints %q", more, p.errs, p.out)
				}
				if after := contents(t, dir); len(after) != len(before) {
					t.Errorf("%v changed the folder", more)
				}
				do(exitUsage, append(more, "--dry-run")...)
			}
			for _, more := range c.confirm {
				do(exitRefused, more...)
			}
			if s := settledIn(t, dir, "fhir-bundle"); s != want {
				t.Errorf("later %+v, want %+v", s, want)
			}
			if s := settledIn(t, dir, "welsh-ctp"); s.Name != "" {
				t.Errorf("another source was settled with it: %+v", s)
			}
		})
	}
}

// An operator may settle a source beforehand, under a name of its own.
func TestASourceIsSettledByHand(t *testing.T) {
	extract := write(t, filepath.Join(t.TempDir(), "b.json"), twoPatients)
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "sources"), 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "sources", "paris.yaml")
	write(t, file, "name: paris\nformat: fhir-bundle\ncustodian: 7A3\ngrants: on\n")
	cli("import", "--data", dir, "--source", "paris", "--custodian", "7A3", "--grants", extract).must(t, exitRefused)
	cli("import", "--data", dir, "--source", "paris", "--custodian", "7A4", extract).must(t, exitUsage)
	for name, body := range map[string]string{
		"after another source": "name: london\nformat: fhir-bundle\ncustodian: 7A3\n",
		"of nobody":            "name: paris\nformat: fhir-bundle\n",
		"with an unknown key":  "name: paris\nformat: fhir-bundle\ncustodian: 7A3\nowner: me\n",
		"cut off":              "name: paris\nformat: fhir-bundle\ncusto",
		"empty":                "",
	} {
		write(t, file, body)
		for _, args := range [][]string{
			{"import", "--data", dir, "--source", "paris", extract},
			{"import", "--data", dir, "--source", "fhir-bundle", extract},
			{"quarantine", "list", "--data", dir},
		} {
			if p := cli(args...).must(t, exitUsage); !strings.Contains(p.errs, file) {
				t.Errorf("a file %s: %q", name, p.errs)
			}
		}
	}
}

// With a configuration the command line only confirms what it says.
func TestAConfiguredSourceIsOnlyConfirmed(t *testing.T) {
	s := settle(t)
	plans := filepath.Join(s.dir, "plans")
	for name, c := range map[string]struct {
		args []string
		code int
	}{
		"confirmed":                 {[]string{"--custodian", "7A4", "--grants"}, exitDone},
		"another custodian":         {[]string{"--custodian", "7A5"}, exitUsage},
		"grants that it has not":    {[]string{"--grants=off"}, exitUsage},
		"another custodian, dryly":  {[]string{"--custodian", "7A5", "--dry-run"}, exitUsage},
		"what is no switch at all":  {[]string{"--grants=maybe"}, exitUsage},
		"nothing":                   {nil, exitDone},
		"nothing, and only looking": {[]string{"--dry-run"}, exitDone},
	} {
		p := cli(append(append([]string{"import", "--config", s.config, "--source", "paris"}, c.args...), plans)...).must(t, c.code)
		if c.code == exitUsage && !strings.Contains(p.errs, "gateway.yaml") && name != "what is no switch at all" {
			t.Errorf("%s: says %q", name, p.errs)
		}
	}
	if _, err := os.Stat(filepath.Join(s.dir, "data", "sources")); !os.IsNotExist(err) {
		t.Errorf("a configuration was copied into the folder: %v", err)
	}
	c, err := readConfig(s.config, nil)
	if err != nil {
		t.Fatal(err)
	}
	source, err := c.source("paris")
	if err != nil {
		t.Fatal(err)
	}
	if opened, err := source.open(); err != nil || opened.Custodian != "7A4" || opened.Grants != consent.On || opened.Name != "paris" || opened.Format == nil {
		t.Errorf("handed on as %+v, %v", opened, err)
	}
}

// Of two first imports that say different things, one is refused.
func TestTwoFirstImportsSettleOneSource(t *testing.T) {
	for range 20 {
		dir := t.TempDir()
		var both sync.WaitGroup
		var errs [2]error
		custodians := []profiles.OrgCode{"7A4", "7A5"}
		for i, custodian := range custodians {
			both.Go(func() {
				errs[i] = sourceConfig{Name: "fhir-bundle", Format: "fhir-bundle", Custodian: custodian}.settle(dir)
			})
		}
		both.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("%v and %v", errs[0], errs[1])
		}
		winner := custodians[0]
		if errs[0] != nil {
			winner = custodians[1]
		}
		if s := settledIn(t, dir, "fhir-bundle"); s.Custodian != winner {
			t.Fatalf("%s is settled, %s was let go on", s.Custodian, winner)
		}
	}
}

// The demo's wishes count, and its folder goes on as it was.
func TestTheDemoSettlesItsSource(t *testing.T) {
	s := openStage(t)
	want := sourceConfig{Name: "welsh-ctp", Format: "welsh-ctp", Custodian: "7A4", Grants: consent.On}
	if got := settledIn(t, s.dir, "welsh-ctp"); got != want {
		t.Errorf("settled %+v, want %+v", got, want)
	}
	dir := t.TempDir()
	cli("import", "--data", dir, "--source", "welsh-ctp", t.TempDir()).must(t, exitRefused) // without grants
	if p := cli("demo", "--addr", free(t), "--data", dir).must(t, exitUsage); !strings.Contains(p.errs, "welsh-ctp.yaml") {
		t.Errorf("says %q", p.errs)
	}
}
