package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// verbs are what stands after a command that has no meaning alone.
var verbs = map[string]string{"quarantine": "list", "consent": "explain", "register": "check", "audit": "verify"}

// surface is the page that says what the outside world sees.
func surface(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/surface.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// holds fails where the page does not have the table, and says what it should have.
func holds(t *testing.T, page, table string) {
	t.Helper()
	if !strings.Contains(page, "\n\n"+table+"\n") {
		t.Errorf("docs/surface.md should have\n%s", table)
	}
}

var flagLine = regexp.MustCompile(`(?m)^  -([a-z-]+)`)

func TestTheSurfaceListsEveryCommandAndFlag(t *testing.T) {
	table := "| command | does | flags |\n|---|---|---|\n"
	for _, c := range commands {
		args := []string{c.name}
		if verb := verbs[c.name]; verb != "" {
			args = append(args, verb)
		}
		var flags []string
		for _, m := range flagLine.FindAllStringSubmatch(cli(append(args, "--help")...).must(t, exitDone).errs, -1) {
			flags = append(flags, "`--"+m[1]+"`")
		}
		table += fmt.Sprintf("| `%s` | %s | %s |\n", c.name, c.summary, strings.Join(flags, " "))
	}
	holds(t, surface(t), table)
}

func TestTheSurfaceListsEveryExitCode(t *testing.T) {
	var listed []string
	_, section, _ := strings.Cut(surface(t), "| exit code |")
	section, _, _ = strings.Cut(section, "\n\n")
	for _, m := range regexp.MustCompile(`(?m)^\| (\d) \|`).FindAllStringSubmatch(section, -1) {
		listed = append(listed, m[1])
	}
	var known []string
	for _, code := range []int{exitDone, exitRefused, exitUsage, exitFailed} {
		known = append(known, fmt.Sprint(code))
	}
	if !slices.Equal(listed, known) {
		t.Errorf("the page lists %v, the code has %v", listed, known)
	}
}

// The admin address answers what the page says, and nothing else.
func TestTheSurfaceListsWhatTheAdminAddressAnswers(t *testing.T) {
	page := surface(t)
	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		if !strings.Contains(page, "`"+path+"`") {
			t.Errorf("%s is not on the page", path)
		}
	}
}
