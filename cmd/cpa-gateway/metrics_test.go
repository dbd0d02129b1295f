package main

import (
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cpagateway/profiles"
)

// metricsPage is what docs/running.md lists: name, kind and labels.
func metricsPage(t *testing.T) (rows []string) {
	t.Helper()
	page, err := os.ReadFile("../../docs/running.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `(cpa_gateway_\\w+)` \\| (\\w+) \\|([^|]*)\\|").FindAllStringSubmatch(string(page), -1) {
		rows = append(rows, strings.Join(strings.Fields(m[1]+" "+m[2]+" "+strings.ReplaceAll(m[3], "`", "")), " "))
	}
	slices.Sort(rows)
	return rows
}

var (
	metricType = regexp.MustCompile(`(?m)^# TYPE (cpa_gateway_\w+) (\w+)$`)
	metricLine = regexp.MustCompile(`(?m)^(cpa_gateway_\w+)\{([^}]*)\} (\S+)$`)
	labelPair  = regexp.MustCompile(`(\w+)="((?:[^"\\]|\\.)*)"`)
)

// scrape reads the metrics, as a monitoring system does.
func (s *stage) scrape() string {
	s.t.Helper()
	response, err := http.Get("http://" + s.admin + "/metrics")
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

// exposed is name, kind and labels of each metric.
func exposed(text string) (rows []string) {
	labels := map[string]map[string]bool{}
	for _, m := range metricLine.FindAllStringSubmatch(text, -1) {
		name := regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(m[1], "")
		if labels[name] == nil {
			labels[name] = map[string]bool{}
		}
		for _, label := range labelPair.FindAllStringSubmatch(m[2], -1) {
			if label[1] != "le" && !strings.HasPrefix(label[1], "otel_") {
				labels[name][label[1]] = true
			}
		}
	}
	for _, m := range metricType.FindAllStringSubmatch(text, -1) {
		rows = append(rows, strings.TrimSpace(m[1]+" "+m[2]+" "+strings.Join(slices.Sorted(maps.Keys(labels[m[1]])), " ")))
	}
	slices.Sort(rows)
	return rows
}

// The page lists what /metrics has, and nothing else.
func TestThePageListsEveryMetric(t *testing.T) {
	s := openStage(t)
	s.search("ooh", "CarePlan", "9990000018", "category", profiles.CodeCrisisPlan)
	listed, has := metricsPage(t), exposed(s.scrape())
	if !slices.Equal(listed, has) {
		t.Errorf("docs/running.md lists\n%s\n/metrics has\n%s", strings.Join(listed, "\n"), strings.Join(has, "\n"))
	}
	for _, file := range []string{"running.md", "tokens.md", "import.md"} {
		page, err := os.ReadFile("../../docs/" + file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range regexp.MustCompile(`cpa_gateway_\w+`).FindAllString(string(page), -1) {
			name = strings.TrimSuffix(name, "_bucket")
			if !slices.ContainsFunc(has, func(row string) bool { return strings.HasPrefix(row+" ", name+" ") }) {
				t.Errorf("%s names %s, which is no metric", file, name)
			}
		}
	}
}

// value finds one number by its metric and some of its labels.
func value(text, name string, labels ...string) string {
	for _, m := range metricLine.FindAllStringSubmatch(text, -1) {
		if m[1] == name && !slices.ContainsFunc(labels, func(l string) bool { return !strings.Contains(m[2], l) }) {
			return m[3]
		}
	}
	return "none"
}

func TestMetricsCountWhatHappens(t *testing.T) {
	s := openStage(t)
	before := s.scrape()
	s.search("ooh", "CarePlan", "9990000026", "category", profiles.CodeCrisisPlan) // the slice
	s.search("ooh", "CarePlan", "9990000050", "category", profiles.CodeCrisisPlan) // who refused
	s.search("ooh", "CarePlan", "9990000093", "category", profiles.CodeCrisisPlan) // nobody
	s.do("", http.MethodGet, "/fhir/R4/CarePlan/x", "", "Authorization", "Bearer canary")
	s.do("gp", http.MethodGet, "/fhir/R4/CarePlan?canary=1", "")
	s.do("", http.MethodGet, "/fhir/R4/metadata", "")
	bad := write(t, filepath.Join(t.TempDir(), "canary.json"), `{"nhsNumber": "9990000018"`)
	if p := cli("import", "--data", s.dir, "--source", "welsh-ctp", bad); p.code != exitRefused {
		t.Fatalf("the bad file was not set aside: %d\n%s%s", p.code, p.out, p.errs)
	}
	text := s.scrape()
	for _, c := range []struct {
		want, name string
		labels     []string
	}{
		{"1", "cpa_gateway_requests_total", []string{`outcome="released"`, `cause=""`}},
		{"2", "cpa_gateway_requests_total", []string{`outcome="nothing"`, `cause=""`}},
		{"1", "cpa_gateway_requests_total", []string{`outcome="refused"`, `cause="TOKEN_MALFORMED"`}},
		{"1", "cpa_gateway_requests_total", []string{`outcome="refused"`, `cause="REQUEST_REFUSED"`}},
		{"1", "cpa_gateway_requests_total", []string{`outcome="public"`}},
		{"1", "cpa_gateway_decisions_total", []string{`outcome="slice"`, `reason="CRISIS_AGREED"`}},
		{"1", "cpa_gateway_decisions_total", []string{`outcome="deny"`, `reason="CONSENT_CRISIS_REFUSED"`}},
		{"1", "cpa_gateway_decisions_total", []string{`outcome="deny"`, `reason="SUBJECT_OUT_OF_SCOPE"`}},
		{"6", "cpa_gateway_audit_duration_seconds_count", nil},
		{"1", "cpa_gateway_quarantine_open", []string{`source="welsh-ctp"`}},
		{"1", "cpa_gateway_import_records", []string{`source="welsh-ctp"`, `outcome="quarantined"`}},
		{"1", "cpa_gateway_agreements_due", []string{`review="past"`}}, // the cast's expired one
	} {
		if got := value(text, c.name, c.labels...); got != c.want {
			t.Errorf("%s%v is %s, want %s", c.name, c.labels, got, c.want)
		}
	}
	if was, is := value(before, "cpa_gateway_import_last_time_seconds"), value(text, "cpa_gateway_import_last_time_seconds"); was == "none" || was >= is {
		t.Errorf("the newest import was at %s, and after another one at %s", was, is)
	}
	for _, m := range metricLine.FindAllStringSubmatch(text, -1) {
		if strings.Contains(m[2], "canary") || strings.Contains(m[2], "999000") {
			t.Errorf("a label holds what a caller or a file said: %s", m[0])
		}
	}
}
