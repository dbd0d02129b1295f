package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"text/tabwriter"

	"cpagateway/gateway/intake"
	"cpagateway/gateway/store"
)

// show prints the account of a run.
func show(out io.Writer, s intake.Summary, asJSON bool) error {
	if asJSON {
		return printJSON(out, s)
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "read\tstored\tunchanged\tquarantined\t\n%d\t%d\t%d\t%d\t\n", s.Read, s.Stored, s.Unchanged, s.Quarantined)
	if err := t.Flush(); err != nil {
		return err
	}
	if err := showLines(out, s.SetAside); err != nil {
		return err
	}
	if s.Unlisted > 0 {
		fmt.Fprintf(out, "  and %d more that are not listed here\n", s.Unlisted)
	}
	if len(s.NotRead) > 0 {
		fmt.Fprintln(out, "\nnot read:")
	}
	for _, f := range s.NotRead {
		fmt.Fprintf(out, "  %s: %s\n", printable(f.File), f.Reason)
	}
	if err := showCounts(out, "taken all the same, with a warning of this rule", s.Warnings); err != nil {
		return err
	}
	if err := showCounts(out, "given by default", s.Defaulted); err != nil {
		return err
	}
	if err := showCounts(out, "left behind: values that no rule of the map reads", s.LeftBehind); err != nil {
		return err
	}
	if s.Grants > 0 {
		fmt.Fprintf(out, "\n%s set aside: the source has no authority to record a grant.\n", plural(s.Grants, "Consent that grants was", "Consents that grant were"))
	}
	if s.CameRight > 0 {
		fmt.Fprintf(out, "\n%s came right: what was wrong was sent anew and taken, and is off the list of the quarantine.\n", plural(s.CameRight, "fault of an earlier import", "faults of earlier imports"))
	}
	if s.Wishes > 0 {
		fmt.Fprintf(out, "\n%s taken from records that were set aside.\n", plural(s.Wishes, "wish against sharing was", "wishes against sharing were"))
	}
	if s.Clashes > 0 {
		fmt.Fprintf(out, "\n%s taken without a part that the source and somebody else have both changed: a Task asks the care coordinator to choose; of staff and organisations, see cpa-gateway quarantine list\n",
			plural(s.Clashes, "record was", "records were"))
	}
	if s.Apart > 0 {
		fmt.Fprintf(out, "\n%s kept apart, closed, for claiming somebody else's NHS number. See whom: cpa-gateway person list. "+
			"What their wishes refuse holds against routine sharing of that person's records already.\n", plural(s.Apart, "Patient is", "Patients are"))
	}
	return nil
}

// showKept says where what was set aside is to be found.
func showKept(out io.Writer, s intake.Summary) {
	if s.NotKept > 0 {
		fmt.Fprintf(out, "\n%s to be mended in the file: bring it in again.\n", plural(s.NotKept, "line of these is", "lines of these are"))
	}
	if len(s.SetAside)+s.Unlisted+s.Apart > s.NotKept {
		fmt.Fprintln(out, "\nEach record is kept whole: cpa-gateway quarantine list")
	}
}

// showOpen says how many faults of a source are open, those of earlier imports among them.
func showOpen(w world, s *site, source string) error {
	return s.store.View(w.ctx, func(now store.Snapshot) error {
		open, err := now.CountOpen()
		if n := open[source]; n > 0 {
			fmt.Fprintf(w.out, "\n%s open: cpa-gateway quarantine list --source %s\n", plural(n, "fault of this source is", "faults of this source are"), source)
		}
		return err
	})
}

// plural is a number with what is said of one, or of another number of things.
func plural(n int, one, several string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + several
}

// showLines prints a line for what was set aside. Rows of one file that fail alike,
// one after the other, share a line.
func showLines(out io.Writer, lines []intake.Line) error {
	if len(lines) == 0 {
		return nil
	}
	fmt.Fprintln(out, "\nset aside:")
	t := columns(out)
	for len(lines) > 0 {
		first, n := lines[0], 1
		for n < len(lines) && alike(lines[n], first, n) {
			n++
		}
		rows := rowNumber(first.Row)
		if n > 1 {
			rows += "-" + strconv.Itoa(first.Row+n-1)
		}
		if rows != "" {
			rows = "row " + rows
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%s\n", printable(first.File), rows, first.Field, first.Rule, first.Reason)
		lines = lines[n:]
	}
	return t.Flush()
}

// rowNumber is the number of a row as it is told: none where the file is one record.
func rowNumber(row int) string {
	if row == 0 {
		return ""
	}
	return strconv.Itoa(row)
}

// alike reports whether a line says of the n-th row after another's what that says.
func alike(line, first intake.Line, n int) bool {
	first.Row, first.ID, line.ID = first.Row+n, "", ""
	return line == first
}

// printable is a name as it may stand on a terminal.
func printable(name string) string {
	quoted := strconv.Quote(name)
	if quoted == `"`+name+`"` {
		return name
	}
	return quoted
}

// showCounts prints one part of the account, by name.
func showCounts(out io.Writer, title string, counts map[string]int) error {
	if len(counts) == 0 {
		return nil
	}
	fmt.Fprintf(out, "\n%s:\n", title)
	t := columns(out)
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(t, "  %s\t%d\n", name, counts[name])
	}
	return t.Flush()
}
