package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"cpagateway/consent/agreements"
)

// printMatrix prints who may ask whom for what, and which agreements need attention.
func printMatrix(w world, register *agreements.Register) error {
	t := tabwriter.NewWriter(w.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "asks\tteam\tof\tfor\tconsent\tagreement\tstatus\treview\titems")
	for _, row := range register.Matrix() {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", row.Recipient, row.Team, row.Source, row.Purpose, row.ConsentRule,
			row.Agreement, row.Status, row.ReviewDate, strings.Join(row.Items, " "))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, warning := range register.Warnings(w.clock()) {
		fmt.Fprintf(w.out, "warning: %s: %s\n", warning.Agreement, warning.Text)
	}
	return nil
}
