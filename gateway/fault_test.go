package gateway_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"cpagateway/gateway"
	"cpagateway/profiles"
)

const (
	requestName = "11111111-2222-4333-8444-555555555555"
	earlier     = "99999999-2222-4333-8444-555555555555"
)

var errBroken = errors.New("the disk is gone")

// secretOfAnn is a word of her crisis plan that no fault may let out.
const secretOfAnn = "haloperidol"

// crisisPath is what the practice asks in these tests.
func crisisPath() string {
	return "/CarePlan?" + about(ann, "category", profiles.CodeCrisisPlan)
}

// wholeAnswer is the sound answer that the faults are held against.
func wholeAnswer(t *testing.T, s *stand) {
	t.Helper()
	if a := s.get("gp", crisisPath(), "X-Request-Id", earlier); a.status != http.StatusOK || !strings.Contains(a.body, secretOfAnn) {
		t.Fatalf("the practice does not see the plan (%d): the test could not fail", a.status)
	}
}

// holdsBack fails where an answer gives anything of a plan away.
func holdsBack(t *testing.T, a answer, status int) {
	t.Helper()
	if a.status != status {
		t.Errorf("answered %d, want %d: %.300s", a.status, status, a.body)
	}
	if strings.Contains(a.body, secretOfAnn) || strings.Contains(a.body, "CarePlan") || a.header.Get("ETag") != "" {
		t.Errorf("the answer holds something: %.300s", a.body)
	}
	a.text(t)
}

func TestWhatCannotBeRecordedIsNotAnswered(t *testing.T) {
	inEveryMemory(t, func(t *testing.T, s *stand) {
		wholeAnswer(t, s)
		for _, path := range []string{crisisPath(), "/CarePlan/unknown", "/Nonsense", "/metadata", "/.well-known/smart-configuration"} {
			s.writes.breaks(errBroken, nil)
			holdsBack(t, s.get("gp", path, "X-Request-Id", requestName), http.StatusInternalServerError)
			s.writes.breaks(nil, nil)
		}
		if rows := s.recorded(requestName); len(rows) != 0 {
			t.Errorf("recorded although the store was broken: %+v", rows)
		}
		wholeAnswer(t, s)
		s.verified()
	})
}

func TestARecordThatFailedAlthoughItHappenedReleasesNothing(t *testing.T) {
	inEveryMemory(t, func(t *testing.T, s *stand) {
		wholeAnswer(t, s)
		s.writes.breaks(nil, errBroken)
		holdsBack(t, s.get("gp", crisisPath(), "X-Request-Id", requestName), http.StatusInternalServerError)
		s.writes.breaks(nil, nil)
		if rows := s.recorded(requestName); len(rows) == 0 {
			t.Error("nothing of it is in the log: the store was to commit and then fail")
		}
		wholeAnswer(t, s)
		s.verified()
	})
}

// steps are the reads of the store that each kind of request takes, with the
// path that takes them.
func steps(t *testing.T, s *stand) map[string]string {
	t.Helper()
	plan := s.get("gp", crisisPath()).bundle(t).Entry[0].Resource
	id, version := plan["id"].(string), plan["meta"].(map[string]any)["versionId"].(string)
	return map[string]string{
		"Person": crisisPath(), "Holdings": crisisPath(), "Find": crisisPath(), "Targets": crisisPath(),
		"PersonOf": "/CarePlan/" + id, "Read": "/CarePlan/" + id, "ReadVersion": "/CarePlan/" + id + "/_history/" + version,
	}
}

func TestAStoreThatFailsReleasesNothingAndIsRecorded(t *testing.T) {
	inEveryMemory(t, func(t *testing.T, s *stand) {
		wholeAnswer(t, s)
		for method, path := range steps(t, s) {
			t.Run(method, func(t *testing.T) {
				name := strings.Replace(requestName, "1111", "abcd", 1)[:24] + nameOf(method)
				broke := 0
				s.reader.before = func(_ context.Context, m string) error {
					if m == method {
						broke++
						return errBroken
					}
					return nil
				}
				s.memory.Clear()
				a := s.get("gp", path, "X-Request-Id", name)
				s.reader.before = nil
				if broke == 0 {
					t.Fatal("the request did not take this step: the test looked at nothing")
				}
				holdsBack(t, a, http.StatusInternalServerError)
				if strings.Contains(a.body, errBroken.Error()) {
					t.Error("the answer tells what broke")
				}
				rows := s.recorded(name)
				if len(rows) != 1 || rows[0].Outcome != "refused" || rows[0].Status != http.StatusInternalServerError || disclosures(rows) != 0 {
					t.Errorf("want one refusal on record, got %+v", rows)
				}
			})
		}
		wholeAnswer(t, s)
		s.verified()
	})
}

// What cannot be read beside a plan costs the whole answer: a page without it would say
// that it is not there.
func TestAnIncludeThatCannotBeReadReleasesNothing(t *testing.T) {
	inEveryMemory(t, func(t *testing.T, s *stand) {
		const path = "&_include=CarePlan:subject"
		if n := len(s.get("cmht", "/CarePlan?"+about(ann)+path).included(t)); n != 1 {
			t.Fatalf("%d resources are included: the test looks at nothing", n)
		}
		s.memory.Clear()
		s.reader.before = func(_ context.Context, method string) error {
			if method == "Read" {
				return errBroken
			}
			return nil
		}
		a := s.get("cmht", "/CarePlan?"+about(ann)+path, "X-Request-Id", requestName)
		s.reader.before = nil
		holdsBack(t, a, http.StatusInternalServerError)
		s.verified()
	})
}

// nameOf makes twelve hexadecimal digits of a method's name.
func nameOf(method string) string {
	const digits = "0123456789abcdef"
	var name strings.Builder
	for i := range 6 {
		c := method[i%len(method)] + byte(len(method))
		name.WriteByte(digits[c>>4])
		name.WriteByte(digits[c&15])
	}
	return name.String()
}

func TestAWithdrawalBetweenDecisionAndRecordReleasesNothing(t *testing.T) {
	inEveryMemory(t, func(t *testing.T, s *stand) {
		wholeAnswer(t, s)
		decided := 0
		s.reader.before = func(_ context.Context, method string) error {
			if method == "Holdings" {
				decided++
			}
			if method == "Targets" && decided == 1 {
				s.withdraw()
			}
			return nil
		}
		s.memory.Clear()
		a := s.get("gp", crisisPath(), "X-Request-Id", requestName)
		s.reader.before = nil
		if decided != 2 {
			t.Errorf("decided %d times: what was decided on moved once, so it had to be twice", decided)
		}
		if ids := a.ids(t); len(ids) != 0 || strings.Contains(a.body, secretOfAnn) {
			t.Errorf("released after the withdrawal: %v", ids)
		}
		rows := s.recorded(requestName)
		if len(rows) != 1 || rows[0].Outcome != "deny" || disclosures(rows) != 0 {
			t.Errorf("want one denial on record, got %+v", rows)
		}
		s.verified()
	})
}

// What is in memory is no way past a withdrawal: neither by one that came before the
// request, through whichever gateway, nor by one between the reading and the record.
func TestAWithdrawalReleasesNothingOfWhatIsInMemory(t *testing.T) {
	for _, when := range []string{"before the request", "before the record"} {
		s := openStandUsing(t, keeping)
		wholeAnswer(t, s)
		reads := 0
		s.reader.before = func(context.Context, string) error { reads++; return nil }
		wholeAnswer(t, s)
		if reads != 0 {
			t.Fatalf("a warm read read the store %d times: the test looks at nothing", reads)
		}
		if when == "before the request" {
			s.withdraw()
		} else {
			s.writes.first(s.withdrawElsewhere)
		}
		a := s.get("gp", crisisPath(), "X-Request-Id", requestName)
		s.reader.before = nil
		if ids := a.ids(t); len(ids) != 0 || strings.Contains(a.body, secretOfAnn) {
			t.Errorf("%s: released after the withdrawal: %v", when, ids)
		}
		if rows := s.recorded(requestName); len(rows) != 1 || rows[0].Outcome != "deny" || disclosures(rows) != 0 {
			t.Errorf("%s: want one denial on record, got %+v", when, rows)
		}
		if reads == 0 {
			t.Errorf("%s: nothing was read anew", when)
		}
		s.verified()
	}
}

func TestACallerWhoLeavesIsRecordedOnce(t *testing.T) {
	inEveryMemory(t, func(t *testing.T, s *stand) {
		wholeAnswer(t, s)
		ctx, leave := context.WithCancel(context.Background())
		s.reader.before = func(ctx context.Context, method string) error {
			if method == "Find" {
				leave()
				<-ctx.Done()
			}
			return nil
		}
		s.memory.Clear()
		request := s.request("gp", http.MethodGet, gateway.Prefix+crisisPath(), "", "X-Request-Id", requestName)
		if response, err := http.DefaultClient.Do(request.WithContext(ctx)); err == nil {
			response.Body.Close()
			t.Fatal("an answer came to somebody who had left")
		}
		var rows []entry
		for range 200 {
			if rows = s.recorded(requestName); len(rows) > 0 {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		if len(rows) != 1 || rows[0].Code != "CALLER_GONE" || disclosures(rows) != 0 {
			t.Errorf("want one record that the caller went, got %+v", rows)
		}
	})
}

// What releases nothing waits for a beat, after it is recorded and its place on the road
// is given back, and so does a history; what else releases something, and what is refused
// before it comes to a person, does not wait. The beat here is one that nobody would wait for.
func TestWhatReleasesNothingAndAHistoryWaitForTheBeat(t *testing.T) {
	s := openStand(t)
	s.road.Beat = time.Hour
	wholeAnswer(t, s)
	if a := s.get("ooh", "/CarePlan?colour=red"); a.status != http.StatusBadRequest {
		t.Errorf("a bad parameter: %d", a.status)
	}
	history := "/CarePlan/" + s.planOf("ooh", ann, profiles.CodeCrisisPlan) + "/_history"
	for _, path := range []string{"/CarePlan?" + about(elin), "/CarePlan?" + about(nobody), "/CarePlan/unknown", history} {
		s.waitsForTheBeat("ooh", http.MethodGet, path, "")
	}
}

// waitsForTheBeat sends a request that is recorded and not answered before the beat, which
// has to be one that nobody would wait for.
func (s *stand) waitsForTheBeat(as, method, path, body string) {
	s.t.Helper()
	s.token(as)
	ctx, leave := context.WithCancel(s.t.Context())
	request := s.request(as, method, gateway.Prefix+path, "").WithContext(ctx)
	if body != "" {
		request.Body, request.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		request.Header.Set("Content-Type", "application/fhir+json")
	}
	answered, before := make(chan error, 1), len(s.bodies())
	go func() {
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			response.Body.Close()
		}
		answered <- err
	}()
	for len(s.bodies()) == before {
		time.Sleep(time.Millisecond)
	}
	select {
	case err := <-answered:
		s.t.Errorf("%s %s: answered before the beat: %v", method, path, err)
	case <-time.After(20 * time.Millisecond):
	}
	leave()
	<-answered
}

func TestEveryAnswerHasExactlyOneRecord(t *testing.T) {
	s := openStand(t)
	cases := []struct {
		name, as, method, path string
		outcome                string
		disclosures            int
	}{
		{"a search", "gp", http.MethodGet, crisisPath(), "permit", 1},
		{"a slice", "ooh", http.MethodGet, "/CarePlan?" + about(bryn), "slice", 1},
		{"a refusal by wish", "ooh", http.MethodGet, "/CarePlan?" + about(elin), "deny", 0},
		{"nobody", "ooh", http.MethodGet, "/CarePlan?" + about(nobody), "deny", 0},
		{"nothing read", "gp", http.MethodGet, "/CarePlan/unknown", "", 0},
		{"no caller", "", http.MethodGet, crisisPath(), "refused", 0},
		{"an unlisted type", "gp", http.MethodGet, "/Consent/x", "refused", 0},
		{"an unlisted method", "gp", http.MethodDelete, "/Patient/x", "refused", 0},
		{"a bad parameter", "gp", http.MethodGet, "/CarePlan?colour=red", "refused", 0},
		{"metadata", "", http.MethodGet, "/metadata", "public", 0},
		{"discovery", "", http.MethodGet, "/.well-known/smart-configuration", "public", 0},
	}
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			name := requestName[:35] + string("0123456789abcdef"[i])
			a := s.do(c.as, c.method, gateway.Prefix+c.path, "", "X-Request-Id", name)
			rows := s.recorded(name)
			if len(rows) != 1 || rows[0].Status != a.status {
				t.Fatalf("answered %d, on record: %+v", a.status, rows)
			}
			if c.outcome != "" && rows[0].Outcome != c.outcome {
				t.Errorf("recorded as %s %s, want %s", rows[0].Outcome, rows[0].Code, c.outcome)
			}
			if n := disclosures(rows); n != c.disclosures {
				t.Errorf("%d persons' disclosures on record, want %d", n, c.disclosures)
			}
		})
	}
	s.verified()
}

func TestAWithdrawalTakesEffectOnTheNextRequest(t *testing.T) {
	inEveryMemory(t, func(t *testing.T, s *stand) {
		wholeAnswer(t, s)
		plans := s.get("gp", "/CarePlan?"+about(ann, "_count", "1"))
		next := plans.bundle(t).link("next")
		if next == "" {
			t.Fatal("there is no second page: the test could not fail")
		}
		id := plans.ids(t)[0]
		s.withdraw()
		if a := s.get("gp", crisisPath()); len(a.ids(t)) != 0 {
			t.Error("the search still answers")
		}
		if a := s.get("gp", "/CarePlan/"+id); a.status != http.StatusNotFound {
			t.Errorf("the read still answers: %d", a.status)
		}
		page := s.do("gp", http.MethodGet, strings.TrimPrefix(next, s.server.URL), "")
		if first := s.get("gp", "/CarePlan?"+about(ann, "_count", "1")); page.status != http.StatusOK || page.body != first.body {
			t.Errorf("the next page is not decided anew: %d %.300s", page.status, page.body)
		}
	})
}

// A 304 stood in the log as 200.
func TestNotModifiedIsRecordedAsItIsAnswered(t *testing.T) {
	s := openStand(t)
	team := "/CareTeam/" + s.get("gp", "/CareTeam?"+about(ann)).ids(t)[0]
	plan := "/CarePlan/" + s.get("gp", crisisPath()).ids(t)[0]
	version := team + "/_history/" + strings.Trim(s.get("gp", team).header.Get("ETag"), `W/"`)
	for i, c := range []struct {
		path   string
		status int
	}{{team, http.StatusNotModified}, {version, http.StatusNotModified}, {plan, http.StatusOK}} {
		tag := s.get("gp", c.path).header.Get("ETag")
		name := requestName[:35] + string("0123456789abcdef"[i])
		a := s.get("gp", c.path, "If-None-Match", tag, "X-Request-Id", name)
		if a.status != c.status || (a.body == "") != (c.status == http.StatusNotModified) || tag == "" || a.header.Get("ETag") != tag {
			t.Errorf("%s: answered %d with ETag %q, body %.100q", c.path, a.status, a.header.Get("ETag"), a.body)
		}
		if rows := s.recorded(name); len(rows) != 1 || rows[0].Status != c.status {
			t.Errorf("%s: answered %d, on record %+v", c.path, a.status, rows)
		}
	}
	s.verified()
}

// A narrower copy shared its tag with a wider one, and 304 confirmed to a caller
// a copy that they had never been given.
func TestANarrowerCopyHasAnotherTag(t *testing.T) {
	s := openStand(t)
	path := "/Patient/" + s.get("cmht", "/Patient?"+strings.Replace(about(ann), "patient.identifier", "identifier", 1)).ids(t)[0]
	wide, narrow := s.get("cmht", path), s.get("ooh", path)
	if len(wide.body) <= len(narrow.body) || narrow.status != http.StatusOK {
		t.Fatalf("the copies of %d and %d bytes do not differ as the test needs", len(wide.body), len(narrow.body))
	}
	if a := s.get("ooh", path, "If-None-Match", wide.header.Get("ETag")); a.status != http.StatusOK || a.body != narrow.body {
		t.Errorf("the tag of the wide copy answered %d to who has the narrow one", a.status)
	}
	if a := s.get("ooh", path+"/_history/"+strings.Trim(wide.header.Get("ETag"), `W/"`)); a.status != http.StatusNotFound {
		t.Errorf("the version of the wide copy answered %d to who has the narrow one", a.status)
	}
	if a := s.get("ooh", path, "If-None-Match", narrow.header.Get("ETag")); a.status != http.StatusNotModified {
		t.Errorf("their own tag answered %d", a.status)
	}
}

// A client may name several versions, or any, as RFC 9110 §13.1.2 has it; a proxy makes
// a weak tag strong.
func TestAnyOfTheNamedVersionsIsNotModified(t *testing.T) {
	s := openStand(t)
	team := "/CareTeam/" + s.get("gp", "/CareTeam?"+about(ann)).ids(t)[0]
	tag := s.get("gp", team).header.Get("ETag")
	for named, status := range map[string]int{
		tag: http.StatusNotModified, "*": http.StatusNotModified, `"x",` + tag: http.StatusNotModified, `W/"x", ` + tag + ` , "y"`: http.StatusNotModified,
		strings.TrimPrefix(tag, "W/"): http.StatusNotModified,
		"":                            http.StatusOK, `"x"`: http.StatusOK, `"x", "y"`: http.StatusOK, `"*"`: http.StatusOK, strings.Trim(tag, `W/"`): http.StatusOK,
	} {
		if a := s.get("gp", team, "If-None-Match", named); a.status != status {
			t.Errorf("If-None-Match: %s: answered %d, want %d", named, a.status, status)
		}
	}
}

// Another gateway puts agreements in force while a request is underway: it is decided
// again, by the new ones.
func TestANewRegisterBetweenDecisionAndRecordIsDecidedBy(t *testing.T) {
	inEveryMemory(t, func(t *testing.T, s *stand) {
		wholeAnswer(t, s)
		s.writes.first(func() { s.putInForce(fstest.MapFS{}) })
		a := s.get("gp", crisisPath(), "X-Request-Id", requestName)
		if ids := a.ids(t); len(ids) != 0 || strings.Contains(a.body, secretOfAnn) {
			t.Errorf("released by agreements that are not in force: %v", ids)
		}
		if rows := s.recorded(requestName); len(rows) != 1 || rows[0].Outcome != "deny" {
			t.Errorf("want one denial on record, got %+v", rows)
		}
	})
}
