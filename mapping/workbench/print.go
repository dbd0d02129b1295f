package workbench

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"cpagateway/mapping"
)

// Print writes a check for people.
func Print(to io.Writer, check mapping.Check) error {
	var s strings.Builder
	source, count := "", map[mapping.Verdict]int{}
	for _, f := range check.Fields {
		if count[f.Verdict]++; f.Source != source {
			source = f.Source
			fmt.Fprintf(&s, "%s\n", source)
		}
		fmt.Fprintf(&s, "  %-32s %s\n", f.Field, Says(f))
		for _, target := range f.Targets {
			fmt.Fprintf(&s, "  %-32s   %s\n", "", target)
		}
	}
	for _, t := range check.Tables {
		fmt.Fprintf(&s, "table %s  %s -> %s\n", t.Name, t.Source, t.Target)
		for _, to := range slices.Sorted(maps.Keys(t.Merged)) {
			fmt.Fprintf(&s, "  %s become %s: none of them returns, unless the concept keeps the source code\n", strings.Join(t.Merged[to], ", "), to)
		}
		tell := func(format string, codes []string) {
			if len(codes) > 0 {
				fmt.Fprintf(&s, format, strings.Join(codes, ", "))
			}
		}
		if t.Else != "" {
			fmt.Fprintf(&s, "  every other code becomes %s, and does not return\n", t.Else)
		}
		tell("  no equivalent: %s\n", t.NoEquivalent)
		tell("  no code becomes: %s\n", t.NoSource)
		tell("  not the same on both sides, although both have it: %s\n", t.FalseFriends)
		tell("  not brought back by the table the other way: %s\n", t.NotUndone)
	}
	fmt.Fprintf(&s, "%d fields: %d return, %d under a condition, %d do not; %d tables\n", len(check.Fields),
		count[mapping.Returns], count[mapping.Conditional], count[mapping.Lost], len(check.Tables))
	_, err := io.WriteString(to, s.String())
	return err
}
