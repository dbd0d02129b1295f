package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

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

// leaves are the commands that do something.
func leaves(c *cobra.Command) (all []*cobra.Command) {
	if !c.HasSubCommands() || c.HasLocalFlags() {
		all = append(all, c)
	}
	for _, below := range c.Commands() {
		all = append(all, leaves(below)...)
	}
	return all
}

func TestTheSurfaceListsEveryCommandAndFlag(t *testing.T) {
	table := "| command | does | flags |\n|---|---|---|\n"
	for _, c := range leaves(commandLine(world{})) {
		if strings.Contains(c.CommandPath(), " completion ") {
			continue
		}
		var flags []string
		c.LocalFlags().VisitAll(func(f *pflag.Flag) { flags = append(flags, "`--"+f.Name+"`") })
		use := strings.TrimPrefix(c.Parent().CommandPath()+" "+c.Use, "cpa-gateway ")
		table += fmt.Sprintf("| `%s` | %s | %s |\n", use, c.Short, strings.Join(flags, " "))
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
