package workbench

import (
	"fmt"
	"time"

	"cpagateway/mapping/report"
)

// OfReport says that a case is one of a report: it has a day that the report is about.
func (c Case) OfReport() bool {
	_, ok := c.part("on")
	return ok
}

// RunReport carries a case of a report out and says where the tables differ.
func (c Case) RunReport(r *report.Report) []string {
	given, _ := c.part("given")
	on, _ := c.part("on")
	day, err := time.Parse(time.DateOnly, on.argument)
	if err != nil {
		return []string{c.at(on.line-1, "the day of a report is: on YYYY-MM-DD")}
	}
	resources, err := Resources([]byte(given.text))
	if err != nil || given.argument != "fhir" {
		return []string{c.at(given.line, fmt.Sprintf("a report is given fhir: %v", err))}
	}
	files, account := r.Tables(c.custodian(), day, resources)
	var faults, differ []string
	for _, fault := range account.Faults {
		faults = append(faults, fmt.Sprintf("%s %s: %s", fault.At.File, fault.At.Field, fault.Reason))
	}
	for _, want := range c.all("table") {
		got, ok := files[want.argument+".csv"]
		if !ok {
			differ = append(differ, c.at(want.line-1, "the report makes no table "+want.argument))
		} else if differs := tableDifference(want.text, string(got)); differs != "" {
			differ = append(differ, c.at(want.line, "table "+want.argument+" "+differs))
		}
	}
	return append(differ, c.refused(faults)...)
}
