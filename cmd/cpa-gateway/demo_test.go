package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"cpagateway/gateway/demo"
	"cpagateway/profiles"
)

// TestMain lets the test binary stand in for the program, so that the lines the
// demo prints can be pasted into a real shell.
func TestMain(m *testing.M) {
	if os.Getenv("CPA_GATEWAY_MAIN") != "" {
		_ = os.Unsetenv("CPA_GATEWAY_MAIN") // it is no setting
		main()
	}
	os.Exit(m.Run())
}

// stage is one running demo.
type stage struct {
	t             testing.TB
	dir, base     string
	admin         string
	printed, logs *lockedBuffer
	tokens        map[string]string
}

// openStage runs the real demo command on a free port and stops it with the test.
func openStage(t testing.TB, more ...string) *stage {
	t.Helper()
	s := &stage{t: t, dir: t.TempDir(), printed: &lockedBuffer{}, logs: &lockedBuffer{}, tokens: map[string]string{}}
	addr := free(t)
	s.admin = free(t)
	s.base = "http://" + addr
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan int, 1)
	go func() {
		w := world{ctx: ctx, out: s.printed, err: s.logs, clock: time.Now}
		ended <- run(w, append([]string{"demo", "--addr", addr, "--admin-addr", s.admin, "--data", s.dir}, more...))
	}()
	t.Cleanup(func() {
		stop()
		if code := <-ended; code != exitDone {
			t.Errorf("the demo ended with %d:\n%s", code, s.logs)
		}
	})
	s.awaitReady(ended)
	return s
}

func (s *stage) awaitReady(ended chan int) {
	for range 600 {
		response, err := http.Get("http://" + s.admin + "/readyz")
		if err == nil {
			response.Body.Close()
			return
		}
		select {
		case code := <-ended:
			ended <- code
			s.t.Fatalf("the demo ended with %d before it was ready:\n%s\n%s", code, s.printed, s.logs)
		case <-time.After(50 * time.Millisecond):
		}
	}
	s.t.Fatal("the demo did not get ready")
}

// free is an address at which a gateway can listen. Its port is drawn from below those
// that the system gives to outgoing calls, and by chance, since other tests draw too. None is
// given twice: some listen only later.
func free(t testing.TB) string {
	t.Helper()
	for range 2000 {
		port := 10_000 + rand.N(22_000)
		if _, before := given.LoadOrStore(port, true); before {
			continue
		}
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			defer l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("no port is free")
	return ""
}

var given sync.Map // ports

// One of a gateway's three addresses was another of them now and then, and the test failed.
func TestNoAddressIsGivenTwice(t *testing.T) {
	all := map[string]bool{}
	for range 600 {
		all[free(t)] = true
	}
	if len(all) != 600 {
		t.Errorf("of 600 addresses %d are the only ones", len(all))
	}
}

func (s *stage) token(as string) string {
	s.t.Helper()
	if s.tokens[as] == "" {
		token, err := demo.Token(context.Background(), demo.Ask{Gateway: s.base, Dir: s.dir, Name: as, HTTP: http.DefaultClient, Clock: time.Now})
		if err != nil {
			s.t.Fatal(err)
		}
		s.tokens[as] = token
	}
	return s.tokens[as]
}

// answer is one response, read whole.
type answer struct {
	status int
	header http.Header
	body   string
}

// do sends a request as a caller; headers come in pairs.
func (s *stage) do(as, method, path, form string, headers ...string) answer {
	s.t.Helper()
	var body io.Reader
	if form != "" {
		body = strings.NewReader(form)
	}
	request, err := http.NewRequest(method, s.base+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	if form != "" {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if as != "" {
		request.Header.Set("Authorization", "Bearer "+s.token(as))
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(text)}
}

// search posts a search by NHS number, with further parameters.
func (s *stage) search(as, typ, number string, more ...string) answer {
	s.t.Helper()
	form := url.Values{"patient.identifier": {profiles.SystemNHSNumber + "|" + number}}
	if typ == "Patient" {
		form = url.Values{"identifier": form["patient.identifier"]}
	}
	for i := 0; i+1 < len(more); i += 2 {
		form.Add(more[i], more[i+1])
	}
	return s.do(as, http.MethodPost, "/fhir/R4/"+typ+"/_search", form.Encode())
}

// matches are the resources of a searchset.
func (a answer) matches(t testing.TB) []map[string]any {
	t.Helper()
	var bundle struct {
		ResourceType, Type string
		Entry              []struct {
			Resource map[string]any
			Search   struct{ Mode string }
		}
	}
	if err := json.Unmarshal([]byte(a.body), &bundle); err != nil || bundle.ResourceType != "Bundle" || bundle.Type != "searchset" {
		t.Fatalf("not a searchset (%d): %.300s", a.status, a.body)
	}
	var found []map[string]any
	for _, e := range bundle.Entry {
		if e.Search.Mode == "match" {
			found = append(found, e.Resource)
		}
	}
	return found
}

var selfLink = regexp.MustCompile(`"relation":"self","url":"[^"]*"`)

// bare is a body without what may differ: the self link's own parameters.
func (a answer) bare() string { return selfLink.ReplaceAllString(a.body, "") }

// cast is the demo's people; the last one is nobody.
var cast = []struct{ name, number string }{
	{"Ann", "9990000018"}, {"Bryn", "9990000026"}, {"Carys", "9990000034"}, {"Dewi", "9990000042"},
	{"Elin", "9990000050"}, {"Ffion", "9990000069"}, {"Gwyn", "9990000077"}, {"Huw", "9990000085"}, {"nobody", "9990000093"},
}

// crisisTable says who of the cast gets something, asking for the crisis plan.
var crisisTable = map[string]map[string]string{
	"gp":            {"Ann": "plan"},
	"ooh":           {"Ann": "slice", "Bryn": "slice", "Dewi": "slice", "Gwyn": "slice", "Huw": "slice"},
	"social-care":   {},
	"social-care-b": {},
	"ooh-unlisted":  {},
	"ig-lead":       {},
	"cmht":          {"Ann": "plan", "Bryn": "plan", "Carys": "plan", "Dewi": "plan", "Elin": "plan", "Ffion": "plan", "Gwyn": "plan", "Huw": "plan"},
}

func TestEveryCellOfTheCrisisTable(t *testing.T) {
	s := openStage(t)
	nothing := s.search("gp", "CarePlan", "9990000093", "category", profiles.CodeCrisisPlan)
	for caller, row := range crisisTable {
		for _, person := range cast {
			t.Run(caller+" asks for "+person.name, func(t *testing.T) {
				got := s.search(caller, "CarePlan", person.number, "category", profiles.CodeCrisisPlan)
				found := got.matches(t)
				switch want := row[person.name]; {
				case want == "" && got.bare() != nothing.bare():
					t.Errorf("not the same nothing:\n%s\n%s", got.body, nothing.body)
				case want != "" && len(found) != 1:
					t.Errorf("want the %s, got %d resources: %.300s", want, len(found), got.body)
				}
				if !strings.Contains(got.body, demo.DutyLine) {
					t.Error("the crisis entry is missing")
				}
			})
		}
	}
}

func TestReadsOfHiddenAndUnknownAreOneAnswer(t *testing.T) {
	s := openStage(t)
	for _, typ := range []string{"Patient", "CarePlan", "CareTeam", "EpisodeOfCare", "Goal"} {
		var ids []string
		for _, person := range cast {
			for _, found := range s.search("cmht", typ, person.number).matches(t) {
				ids = append(ids, found["id"].(string))
			}
		}
		if len(ids) == 0 {
			t.Fatalf("the care coordinator sees no %s: the test looks at nothing", typ)
		}
		unknown := s.do("ooh-unlisted", http.MethodGet, "/fhir/R4/"+typ+"/unknown", "", "X-Request-Id", requestName)
		if unknown.status != http.StatusNotFound {
			t.Fatalf("an unknown %s answered %d", typ, unknown.status)
		}
		for _, id := range ids {
			hidden := s.do("ooh-unlisted", http.MethodGet, "/fhir/R4/"+typ+"/"+id, "", "X-Request-Id", requestName)
			if hidden.status != unknown.status || hidden.body != unknown.body {
				t.Errorf("%s/%s: hidden and unknown differ:\n%s\n%s", typ, id, hidden.body, unknown.body)
			}
		}
	}
}

const requestName = "11111111-2222-4333-8444-555555555555"

func TestSocialCareReadsTheAreasOfItsFlowWithoutFinance(t *testing.T) {
	s := openStage(t)
	plans := s.search("social-care", "CarePlan", "9990000018")
	found := plans.matches(t)
	if len(found) != 1 {
		t.Fatalf("want the care and treatment plan alone, got %d: %.500s", len(found), plans.body)
	}
	if !strings.Contains(plans.body, `"accommodation"`) || strings.Contains(plans.body, "finance") {
		t.Errorf("want areas without finance: %s", plans.body)
	}
	whole := s.search("cmht", "Goal", "9990000018")
	if !strings.Contains(whole.body, "finance") {
		t.Fatal("Ann has no finance goal: the test could not fail")
	}
	goals := s.search("social-care", "Goal", "9990000018")
	if n := len(goals.matches(t)); n == 0 || strings.Contains(goals.body, "finance") {
		t.Errorf("want the goals of the other areas, got %d: %s", n, goals.body)
	}
}

func TestTheSliceIsTheSliceAndNoMore(t *testing.T) {
	s := openStage(t)
	for _, typ := range []string{"CarePlan", "Patient", "CareTeam", "EpisodeOfCare", "Goal"} {
		for _, found := range s.search("ooh", typ, "9990000026").matches(t) {
			text := fmt.Sprint(found)
			if typ == "Goal" || typ == "EpisodeOfCare" || strings.Contains(text, profiles.CodeMentalHealthPlan) {
				t.Errorf("the slice holds a %s: %s", typ, text)
			}
		}
	}
	plans := s.search("ooh", "CarePlan", "9990000026")
	if n := len(plans.matches(t)); n != 2 {
		t.Errorf("want the crisis and the contingency plan, got %d: %s", n, plans.body)
	}
}

func TestPostAndGetAreOneSearch(t *testing.T) {
	s := openStage(t)
	query := url.Values{"patient.identifier": {profiles.SystemNHSNumber + "|9990000018"}, "category": {profiles.CodeCrisisPlan}}.Encode()
	get := s.do("gp", http.MethodGet, "/fhir/R4/CarePlan?"+query, "")
	post := s.do("gp", http.MethodPost, "/fhir/R4/CarePlan/_search", query)
	if get.status != http.StatusOK || get.body != post.body {
		t.Errorf("GET and POST differ:\n%s\n%s", get.body, post.body)
	}
	if strings.Contains(get.body, "9990000018%7C") || strings.Contains(selfLink.FindString(get.body), "9990000018") {
		t.Error("the self link holds an identifier")
	}
}

func TestReadVersionAndConditionalRead(t *testing.T) {
	s := openStage(t)
	plan := s.search("gp", "CarePlan", "9990000018", "category", profiles.CodeCrisisPlan).matches(t)[0]
	path := "/fhir/R4/CarePlan/" + plan["id"].(string)
	version := plan["meta"].(map[string]any)["versionId"].(string)
	read := s.do("gp", http.MethodGet, path, "")
	if read.status != http.StatusOK || read.header.Get("ETag") != `W/"`+version+`"` {
		t.Errorf("read: %d, ETag %s", read.status, read.header.Get("ETag"))
	}
	if again := s.do("gp", http.MethodGet, path+"/_history/"+version, ""); again.body != read.body {
		t.Errorf("the version differs from the read:\n%s\n%s", again.body, read.body)
	}
	if same := s.do("gp", http.MethodGet, path, "", "If-None-Match", read.header.Get("ETag")); same.body != read.body {
		t.Errorf("a plan's narrative changes with the day, but If-None-Match answered %d", same.status)
	}
	team := "/fhir/R4/CareTeam/" + s.search("gp", "CareTeam", "9990000018").matches(t)[0]["id"].(string)
	etag := s.do("gp", http.MethodGet, team, "").header.Get("ETag")
	if same := s.do("gp", http.MethodGet, team, "", "If-None-Match", etag); same.status != http.StatusNotModified || same.body != "" {
		t.Errorf("If-None-Match of a care team answered %d", same.status)
	}
	if hidden := s.do("social-care", http.MethodGet, path, "", "If-None-Match", read.header.Get("ETag")); hidden.status != http.StatusNotFound {
		t.Errorf("If-None-Match told a caller of a hidden plan: %d", hidden.status)
	}
	if guess := s.do("gp", http.MethodGet, path+"/_history/1", ""); guess.status != http.StatusNotFound {
		t.Errorf("a guessed version number answered %d", guess.status)
	}
}

// pasted are the commands that the demo printed, each with its further lines.
func (s *stage) pasted() []string {
	return regexp.MustCompile(`(?m)^(curl|/)(.*\\\n)*.*$`).FindAllString(s.printed.String(), -1)
}

func TestThePastedLinesWork(t *testing.T) {
	for name, path := range map[string]string{"with jq": jq(t) + ":" + os.Getenv("PATH"), "without": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			usual := os.Getenv("PATH")
			t.Setenv("PATH", path)
			s := openStage(t)
			t.Setenv("PATH", jq(t)+":"+usual)
			t.Setenv("CPA_GATEWAY_MAIN", "1")
			slice := s.search("ooh", "CarePlan", "9990000018", "category", profiles.CodeCrisisPlan)
			want := []string{"1 match", "1 match", "0 matches", "1 match", "1 match", "Home care", "found by the council", "found by the council", "unchanged", "1 match", "A1", "A1", "A1", "A1", "A1", "1 match", "CarePlan", "takes this token"}
			lines := s.pasted()
			if len(lines) != len(want) {
				t.Fatalf("want %d lines, got %d:\n%s", len(want), len(lines), s.printed)
			}
			for i, line := range lines {
				out := shell(t, line)
				if strings.HasPrefix(line, "curl") && !strings.Contains(out, "\n  ") {
					t.Errorf("line %d is not for people:\n%.200s", i+1, out)
				}
				if strings.Contains(line, "_search") {
					out = fmt.Sprintf("%d matches %s", len((answer{body: out}).matches(t)), out)
					out = strings.Replace(out, "1 matches", "1 match", 1)
				}
				if !strings.Contains(out, want[i]) {
					t.Errorf("line %d does not say %q:\n%s\n%.500s", i+1, want[i], line, out)
				}
			}
			if welsh := shell(t, lines[15]); !strings.Contains(welsh, "Cynllun") {
				t.Errorf("no Welsh: %.500s", welsh)
			}
			if extract := shell(t, lines[8]); !regexp.MustCompile(`\n +8 +0 +8 +0\n`).MatchString(extract) {
				t.Errorf("the extract wrote something: %s", extract)
			}
			if kept := shell(t, lines[7]); !strings.Contains(kept, "found by the council") {
				t.Errorf("the extract has undone it: %s", kept)
			}
			if now := s.search("ooh", "CarePlan", "9990000018", "category", profiles.CodeCrisisPlan); now.body != slice.body {
				t.Errorf("the slice has moved:\n%s\n%s", slice.body, now.body)
			}
		})
	}
}

// jq is a folder with a jq that indents the first line, wherever the real one is.
func jq(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "jq"), []byte("#!/bin/sh\nprintf '\\n  '; exec cat\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A busy port was named by the system's words alone, after the cast had been brought in.
func TestABusyPortIsToldWithWhatToDo(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dir := filepath.Join(t.TempDir(), "data")
	p := cli("demo", "--addr", l.Addr().String(), "--data", dir).must(t, exitUsage)
	if !strings.Contains(p.errs, l.Addr().String()) || !strings.Contains(p.errs, "make demo ADDR=") || p.out != "" {
		t.Errorf("says %q and %q", p.out, p.errs)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("it made a data folder")
	}
}
