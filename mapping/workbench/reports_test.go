package workbench_test

import (
	"testing"

	"cpagateway/mapping/report"
	"cpagateway/mapping/workbench"
)

func TestReportCases(t *testing.T) {
	for _, name := range report.Names() {
		files, err := report.Maps(name)
		if err != nil {
			t.Fatal(err)
		}
		r, err := report.New(files, "")
		if err != nil {
			t.Fatal(err)
		}
		cases, err := workbench.Cases(files, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			for _, differs := range c.RunReport(r) {
				t.Errorf("%s: %s: %s", name, c.Title(), differs)
			}
		}
	}
}
