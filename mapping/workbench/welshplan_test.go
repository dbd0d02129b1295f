package workbench_test

import (
	"os"
	"testing"

	"cpagateway/mapping/ctp"
	"cpagateway/mapping/workbench"
)

func TestWelshPlanCases(t *testing.T) {
	f, err := ctp.New()
	if err != nil {
		t.Fatal(err)
	}
	cases, err := workbench.Cases(os.DirFS("../ctp/maps"), "")
	if err != nil || len(cases) < 5 {
		t.Fatalf("%d cases: %v", len(cases), err)
	}
	for _, c := range cases {
		for _, differs := range c.Run(f) {
			t.Errorf("%s: %s", c.Title(), differs)
		}
	}
}
