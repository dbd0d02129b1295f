package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// What docs/scale.md takes for granted of Wales.
const (
	inWales      = 3_100_000
	askedAbout   = inWales / 1000 // in one hour of a bad night
	services     = 5              // that ask about each of them
	peak         = 10             // times that, in the worst minute
	withPlan     = inWales / 100
	readEach     = 6 // resources of each, that a council reads at night
	nightSeconds = 4 * 3600
)

// arithmetic is the table of docs/scale.md, from what was measured.
func arithmetic(r *results) string {
	bad := float64(askedAbout*services) / 3600
	councils := float64(withPlan*readEach) / nightSeconds
	one, two := r.median("P2/gateway/64"), r.median("P14/two")
	share, cold, warm := 100*(peak*bad+councils)/one, r.median("P1/cold/64"), r.median("P1/gateway/64")
	imported, size := r.median("P8/import"), r.median("P17/database")
	lines := [][]string{
		{"question", "arithmetic", "answer"}, nil,
		{"a bad night: 1 in 1,000 people asked about in an hour, by 5 services each", "3,100 × 5 / 3,600 s", fmt.Sprintf("%.1f requests/s", bad)},
		{"its worst minute, ten times as busy", fmt.Sprintf("10 × %.1f", bad), fmt.Sprintf("%.0f requests/s", peak*bad)},
		{"22 councils read 6 resources of 1 in 100 people, in four hours of the night", "31,000 × 6 / 14,400 s", fmt.Sprintf("%.1f requests/s", councils)},
		{"both, of what one gateway answers", fmt.Sprintf("(%.0f + %.1f) / %.0f", peak*bad, councils, one), fmt.Sprintf("%.1f %%", share)},
		{"both, of what two gateways answer on the same two processors", fmt.Sprintf("(%.0f + %.1f) / %.0f", peak*bad, councils, two), fmt.Sprintf("%.1f %%", 100*(peak*bad+councils)/two)},
		{"the same, if nobody were in memory, who takes so many times the processor", fmt.Sprintf("%.1f %% × %.0f µs / %.0f µs", share, cold, warm), fmt.Sprintf("%.0f %%", share*cold/warm)},
		{"7 health boards' extracts of these people, one after the other", fmt.Sprintf("31,000 / %.0f people/s", imported), fmt.Sprintf("%.1f minutes", withPlan/imported/60)},
		{"everybody in Wales brought in, once", fmt.Sprintf("3,100,000 / %.0f people/s", imported), fmt.Sprintf("%.1f hours", inWales/imported/3600)},
		{"room for 1 in 100 people", fmt.Sprintf("31,000 × %.1f kB", size), fmt.Sprintf("%.1f GB", withPlan*size/1e6)},
		{"room for everybody", fmt.Sprintf("3,100,000 × %.1f kB", size), fmt.Sprintf("%.0f GB", inWales*size/1e6)},
	}
	return align(lines)
}

// TestTheArithmeticIsOfTheRecordedRun: docs/scale.md says nothing that was not measured.
func TestTheArithmeticIsOfTheRecordedRun(t *testing.T) {
	text, err := os.ReadFile("../../docs/scale.md")
	if err != nil {
		t.Fatal(err)
	}
	r, err := readFile(recordedFile("../../docs/performance.md"))
	if err != nil {
		t.Fatal(err)
	}
	if want := arithmetic(r); !strings.Contains(string(text), want) {
		t.Errorf("docs/scale.md should have\n%s", want)
	}
	for what, quoted := range map[string]string{
		"P1":  fmt.Sprintf("%s of processor", amount(r.median("P1/gateway/64"), cpuUnit)),
		"P2":  fmt.Sprintf("%.0f requests a second", r.median("P2/gateway/64")),
		"P14": fmt.Sprintf("%.2f times", r.median("P14/two")/r.median("P14/one")),
	} {
		if !strings.Contains(string(text), quoted) {
			t.Errorf("docs/scale.md quotes %s otherwise than %q", what, quoted)
		}
	}
	decision, err := os.ReadFile("../../docs/decisions/025-postgresql.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, quoted := range []string{"2,300 records a second", "3,800"} {
		if !strings.Contains(string(text), quoted) || !strings.Contains(string(decision), quoted) {
			t.Errorf("%q is not in both pages", quoted)
		}
	}
}
