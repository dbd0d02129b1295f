package gateway_test

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"

	"cpagateway/consent"
	"cpagateway/consent/agreements"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/demo"
	"cpagateway/gateway/road"
	"cpagateway/gateway/store"
	"cpagateway/gateway/texts"
	"cpagateway/profiles"
)

const (
	carys = "9990000034" // refused all sharing, and said nothing about a crisis
	words = "Found on the bridge at three in the morning, alone"
)

// glassStand is a stand at which nurses may break the glass.
func glassStand(t *testing.T) *stand {
	s := openStand(t)
	s.road.Policy.BreakGlass.Roles = []string{"nurse"}
	return s
}

// breaking is a request to break the glass for somebody.
func breaking(number, reason string, more ...string) string {
	body := fmt.Sprintf(`{"resourceType":"Parameters","parameter":[{"name":"identifier","valueIdentifier":{"system":%q,"value":%q}},{"name":"reason","valueCode":%q},{"name":"text","valueString":%q}`, profiles.SystemNHSNumber, number, reason, words)
	for _, m := range more {
		body += "," + m
	}
	return body + "]}"
}

// breaks breaks the glass, and gives the grant.
func (s *stand) breaks(number, reason string, more ...string) string {
	s.t.Helper()
	a := s.send("ooh-glass", http.MethodPost, "/Patient/$break-glass", breaking(number, reason, more...))
	grant := regexp.MustCompile(`"name":"grant","valueString":"([^"]+)"`).FindStringSubmatch(a.body)
	if a.status != http.StatusOK || grant == nil {
		s.t.Fatalf("%d %s", a.status, a.body)
	}
	return grant[1]
}

// sees is how many plans a search finds through broken glass.
func (s *stand) sees(number, grant string) int {
	s.t.Helper()
	return len(s.get("ooh-glass", "/CarePlan?"+about(number), "X-Break-Glass", grant).ids(s.t))
}

// Somebody who refused sharing and was silent on crisis is seen, as far as the crisis slice
// goes, by whoever broke the glass; the log has what they stated, and the privacy officer is
// told it, each time.
func TestBrokenGlassShowsTheSliceAndIsTold(t *testing.T) {
	s := glassStand(t)
	o := s.tell("a", nil)
	s.rest(o)
	if n := s.sees(carys, ""); n != 0 {
		t.Fatalf("whole glass shows %d plans", n)
	}
	grant := s.breaks(carys, "emergency")
	found := s.get("ooh-glass", "/CarePlan?"+about(carys), "X-Break-Glass", grant, "X-Request-Id", requestName)
	if len(found.ids(t)) != 2 || !strings.Contains(found.body, "Stops answering texts") {
		t.Fatalf("%d %s", found.status, found.body)
	}
	for _, hidden := range []string{"risk.history", profiles.CodeMentalHealthPlan, "Goal/"} {
		if strings.Contains(found.body, hidden) {
			t.Errorf("the answer holds %s", hidden)
		}
	}
	read := s.get("ooh-glass", "/CarePlan/"+found.ids(t)[0], "X-Break-Glass", grant)
	if read.status != http.StatusOK || s.get("ooh-glass", "/CarePlan/"+found.ids(t)[0]).status != http.StatusNotFound {
		t.Errorf("a read: %d", read.status)
	}
	rows := s.entries(audit.Query{Request: requestName, Limit: 9})
	if len(rows) != 1 || rows[0].Outcome != "slice" || rows[0].Code != "BREAK_GLASS" || rows[0].Glass != "emergency" || rows[0].Words != "" {
		t.Errorf("on record: %+v", rows)
	}
	for range 2 { // under one X-Request-Id
		other := s.send("other-glass", http.MethodPost, "/Patient/$break-glass", breaking(carys, "emergency"), "X-Request-Id", requestName)
		second := regexp.MustCompile(`"valueString":"([^"]+)"`).FindStringSubmatch(other.body)[1]
		s.get("other-glass", "/CarePlan?"+about(carys), "X-Break-Glass", second)
	}
	s.breaks(carys, "statute", `{"name":"reference","valueString":"Mental Health Act 1983 s.4"}`)
	s.rest(o)
	told := strings.Join(s.duties("keeper", carys), "\n")
	if n := strings.Count(told, "broke the glass for this record"); n != 4 || !strings.Contains(told, words) || !strings.Contains(told, "statute Mental Health Act 1983 s.4") || !strings.Contains(told, "demo-nurse-1 (nurse)") {
		t.Errorf("%d told of it:\n%s", n, told)
	}
	if n := strings.Count(told, "asked for this record"); n != 2 {
		t.Errorf("of two who read through it %d are told:\n%s", n, told)
	}
	if strings.Contains(told, "there is none") {
		t.Errorf("somebody who broke the glass is said to have found no plan:\n%s", told)
	}
	through := s.entries(audit.Query{Agreement: agreements.BrokenGlass, Limit: 100})
	if len(through) < 6 || through[len(through)-1].Words != words || through[len(through)-1].Glass != "emergency" {
		t.Errorf("%d entries of broken glass, the first %+v", len(through), through[len(through)-1])
	}
}

// entries are those of the log that are asked for, the newest first.
func (s *stand) entries(q audit.Query) (entries []audit.Entry) {
	s.t.Helper()
	must(s.t, s.store.View(context.Background(), func(now store.Snapshot) error {
		rows, err := now.Entries(q)
		must(s.t, err)
		entries, err = audit.Entries(rows)
		return err
	}))
	return entries
}

// A grant is for one professional, one person and one hour; beside another purpose it is
// nothing.
func TestAGrantIsForOneProfessionalOnePersonAndOneHour(t *testing.T) {
	s := glassStand(t)
	grant := s.breaks(carys, "emergency")
	if n := s.sees(elin, grant); n != 0 {
		t.Errorf("another person: %d", n)
	}
	carysPlan, elinPlan := s.planOf("cmht", carys, profiles.CodeCrisisPlan), s.planOf("cmht", elin, profiles.CodeCrisisPlan)
	unknown := s.get("ooh-glass", "/CarePlan/unknown", "X-Break-Glass", grant, "X-Request-Id", requestName)
	if a := s.get("ooh-glass", "/CarePlan/"+elinPlan, "X-Break-Glass", grant, "X-Request-Id", requestName); a.status != http.StatusNotFound || a.body != unknown.body {
		t.Errorf("another person's plan: %d %s", a.status, a.body)
	}
	for _, wrong := range []string{grant[:len(grant)-1] + "A", grant[1:], "x", strings.Repeat("A", len(grant))} {
		if a := s.get("ooh-glass", "/CarePlan?"+about(carys), "X-Break-Glass", wrong); a.status != http.StatusForbidden || a.text(t) != texts.GlassNotYours.In(language.English) {
			t.Errorf("a grant that is none: %d %s", a.status, a.body)
		}
	}
	if a := s.get("other-glass", "/CarePlan?"+about(carys), "X-Break-Glass", grant); a.status != http.StatusForbidden {
		t.Errorf("another professional: %d %s", a.status, a.body)
	}
	for _, as := range []string{"ooh", "social-care"} { // it opens nothing there, and says so
		if a := s.get(as, "/CarePlan/"+carysPlan, "X-Break-Glass", grant); a.status != http.StatusForbidden || a.text(t) != texts.GlassPurpose.In(language.English) {
			t.Errorf("%s: %d %s", as, a.status, a.body)
		}
	}
	for _, ask := range [][3]string{
		{http.MethodPut, "/CarePlan/" + carysPlan, s.get("cmht", "/CarePlan/"+carysPlan).body},
		{http.MethodDelete, "/CarePlan/" + carysPlan, ""},
		{http.MethodPost, "/Subscription", subscription("plan-changed", "https://a.example/hook", "id-only", "")},
	} {
		if a := s.send("ooh-glass", ask[0], ask[1], ask[2], "X-Break-Glass", grant, "If-Match", s.get("ooh-glass", "/CarePlan/"+carysPlan, "X-Break-Glass", grant).header.Get("ETag")); a.status < 400 {
			t.Errorf("%s %s through broken glass: %d", ask[0], ask[1], a.status)
		}
	}
	s.clock.advance(consent.GlassLife - time.Minute)
	if n := s.sees(carys, grant); n != 2 {
		t.Errorf("within the hour: %d", n)
	}
	s.clock.advance(time.Minute)
	if a := s.get("ooh-glass", "/CarePlan?"+about(carys), "X-Break-Glass", grant); a.status != http.StatusForbidden || a.text(t) != texts.GlassOver.In(language.English) {
		t.Errorf("after the hour: %d %s", a.status, a.body)
	}
}

// Nobody learns by breaking the glass whether somebody is known, has refused, or has a plan:
// the answers have one form and one length, and what they open shows nothing.
func TestBreakingTheGlassTellsNothing(t *testing.T) {
	s := glassStand(t)
	shape := func(number string) string {
		body := breaking(number, "emergency")
		if !strings.HasPrefix(number, "999") { // a local number, of whom nothing can be made up
			body = strings.Replace(body, profiles.SystemNHSNumber, profiles.Base+"/Id/nobodys", 1)
		}
		a := s.send("ooh-glass", http.MethodPost, "/Patient/$break-glass", body)
		return fmt.Sprint(a.status, " ", len(a.body), " ", regexp.MustCompile(`"valueString":"[^"]*"|"valueInstant":"[^"]*"`).ReplaceAllString(a.body, ""))
	}
	want := shape(nobody)
	for _, number := range []string{ann, bryn, carys, elin, silent, "L-1"} {
		if got := shape(number); got != want {
			t.Errorf("%s, and of nobody %s", got, want)
		}
	}
	first, second := s.breaks(nobody, "emergency"), s.breaks(nobody, "emergency")
	if first == second {
		t.Error("two grants are the same")
	}
	of := func(number, grant string) answer {
		return s.get("ooh-glass", "/CarePlan?"+about(number), "X-Break-Glass", grant, "X-Request-Id", requestName)
	}
	if rows := s.entries(audit.Query{Agreement: agreements.BrokenGlass, Limit: 1}); rows[0].Outcome != "deny" || rows[0].Deciding != "P1" || rows[0].Obligations != nil {
		t.Errorf("of nobody stands on record %+v", rows[0])
	}
	if a, b := of(nobody, first), of(elin, s.breaks(elin, "emergency")); a.body != b.body || a.status != b.status {
		t.Errorf("of nobody %s, of somebody who refused crisis use %s", a.body, b.body)
	}
}

// Nor by how long it takes.
func TestBreakingTheGlassWaitsForTheBeat(t *testing.T) {
	s := glassStand(t)
	s.road.Beat = time.Hour
	for _, number := range []string{carys, nobody} {
		s.waitsForTheBeat("ooh-glass", http.MethodPost, "/Patient/$break-glass", breaking(number, "emergency"))
	}
}

// What is decided when a grant is used is what holds then: a refusal of crisis use that is
// recorded meanwhile closes it, whatever is kept in memory, and who has no grant is given
// nothing of what somebody was just shown through one.
func TestAWishCountsWhileTheGlassIsBroken(t *testing.T) {
	inEveryMemory(t, func(t *testing.T, s *stand) {
		s.road.Policy.BreakGlass.Roles = []string{"nurse"}
		grant := s.breaks(carys, "emergency")
		for range 2 {
			if n := s.sees(carys, grant); n != 2 {
				t.Fatalf("through the grant: %d", n)
			}
			for _, as := range []string{"ooh", "ooh-glass", "ooh-unlisted"} {
				if ids := s.get(as, "/CarePlan?"+about(carys)).ids(t); len(ids) != 0 {
					t.Errorf("%s without a grant: %v", as, ids)
				}
			}
		}
		s.bringIn(s.plan("carys.json", wish("T4")))
		if n := s.sees(carys, grant); n != 0 {
			t.Errorf("after she has refused crisis use: %d", n)
		}
	})
}

// Where nothing can be recorded nobody is given a grant, and one that was given opens nothing.
func TestBrokenGlassThatCannotBeRecordedOpensNothing(t *testing.T) {
	s := glassStand(t)
	grant := s.breaks(carys, "emergency")
	s.writes.breaks(errBroken, nil)
	if a := s.send("ooh-glass", http.MethodPost, "/Patient/$break-glass", breaking(carys, "emergency")); a.status != http.StatusInternalServerError || strings.Contains(a.body, "valueString") {
		t.Errorf("a grant without a record: %d %s", a.status, a.body)
	}
	if a := s.get("ooh-glass", "/CarePlan?"+about(carys), "X-Break-Glass", grant); a.status != http.StatusInternalServerError || strings.Contains(a.body, "Stops answering texts") {
		t.Errorf("a read without a record: %d %s", a.status, a.body)
	}
}

// An explicit refusal of crisis use stands against an emergency, and not against a court.
func TestARefusalOfCrisisUseStandsAgainstAnEmergency(t *testing.T) {
	s := glassStand(t)
	for _, reason := range []string{"emergency", "public-interest"} {
		if n := s.sees(elin, s.breaks(elin, reason)); n != 0 {
			t.Errorf("%s shows %d plans", reason, n)
		}
	}
	if n := s.sees(elin, s.breaks(elin, "court-order", `{"name":"reference","valueString":"COP 1234"}`)); n == 0 {
		t.Error("a court order shows nothing")
	}
	if told := strings.Join(s.duties("keeper", elin), "\n"); strings.Contains(told, "broke the glass") {
		t.Errorf("told before it is looked for: %s", told)
	}
}

// Whoever may not break the glass is told so, whoever it is for, and it stands in the log.
func TestWhoMayNotBreakTheGlass(t *testing.T) {
	s := glassStand(t)
	refused := func(name string, as string) {
		t.Helper()
		for _, number := range []string{carys, nobody} {
			a := s.send(as, http.MethodPost, "/Patient/$break-glass", breaking(number, "emergency"), "X-Request-Id", requestName)
			if a.status != http.StatusForbidden || !strings.HasPrefix(a.text(t), texts.GlassNotAllowed.In(language.English)) || strings.Contains(a.body, "valueString") {
				t.Errorf("%s: %d %s", name, a.status, a.body)
			}
		}
		if rows := s.entries(audit.Query{Request: requestName, Limit: 9}); len(rows) != 2 || !strings.HasPrefix(rows[0].Code, "BREAK_GLASS_") && rows[0].Code != "REQ_UNKNOWN" || rows[0].Words != words {
			t.Errorf("%s: on record %+v", name, rows)
		}
	}
	s.road.Policy.BreakGlass.Suspended = []string{"7A4/demo-nurse-1"}
	refused("suspended", "ooh-glass")
	s = glassStand(t)
	s.road.Policy.BreakGlass.Roles = nil
	refused("no role may", "ooh-glass")
	s = glassStand(t)
	s.road.Policy.BreakGlass.Roles = []string{"consultant"}
	refused("another role may", "ooh-glass")
	s = glassStand(t) // for another purpose nothing is looked at, and nothing of what was sent is kept
	for _, as := range []string{"gp", "ooh"} {
		a := s.send(as, http.MethodPost, "/Patient/$break-glass", breaking(carys, "emergency"), "X-Request-Id", requestName)
		if rows := s.entries(audit.Query{Request: requestName, Limit: 1}); a.status != http.StatusForbidden || len(rows) != 1 || rows[0].Outcome != "refused" || rows[0].Words+rows[0].Grant != "" {
			t.Errorf("%s: %d, on record %+v", as, a.status, rows)
		}
	}
}

// What fails the check of the front went into the log as it was sent, of whatever length.
func TestWhatIsRefusedOfAGlassIsNotKept(t *testing.T) {
	s := glassStand(t)
	for _, body := range []string{breaking(carys, "9990000018 John Smith"), breaking(carys, "emergency", `{"name":"reference","valueString":"`+strings.Repeat("x", 300)+`"}`)} {
		s.send("ooh-glass", http.MethodPost, "/Patient/$break-glass", body, "X-Request-Id", requestName)
	}
	rows := s.entries(audit.Query{Request: requestName, Limit: 9})
	for _, e := range rows {
		if e.Glass != "" || e.Words+e.Reference != "" {
			t.Errorf("on record: %+v", e)
		}
	}
	if len(rows) != 2 {
		t.Errorf("%d entries", len(rows))
	}
}

// Whoever breaks the glass could write lines of their own into what the privacy officer reads.
func TestWhatIsStatedIsOneLine(t *testing.T) {
	s := glassStand(t)
	s.breaks(carys, "statute", `{"name":"reference","valueString":"s.4\r\n1/9  justified\u00a0x"}`)
	rows := s.entries(audit.Query{Agreement: agreements.BrokenGlass, Limit: 1})
	if len(rows) != 1 || rows[0].Reference != "s.4 1/9 justified x" {
		t.Errorf("on record: %+v", rows)
	}
}

// A client that sends the header with every request could not break the glass again after the hour.
func TestAGrantThatIsOverDoesNotKeepFromBreakingAgain(t *testing.T) {
	s := glassStand(t)
	old := s.breaks(carys, "emergency")
	s.clock.advance(2 * consent.GlassLife)
	if a := s.send("ooh-glass", http.MethodPost, "/Patient/$break-glass", breaking(carys, "emergency"), "X-Break-Glass", old); a.status != http.StatusOK {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// Many who broke the glass at once were recorded in one commit, and told as one.
func TestEachBreakingIsToldHoweverManyAtOnce(t *testing.T) {
	s := glassStand(t)
	o := s.tell("a", nil)
	s.rest(o)
	s.token("ooh-glass")
	const all = 12
	s.road.Capacity = road.NewCapacity(all, 1)
	done := make(chan int, all)
	for range all {
		go func() {
			done <- s.send("ooh-glass", http.MethodPost, "/Patient/$break-glass", breaking(carys, "emergency")).status
		}()
	}
	for range all {
		if status := <-done; status != http.StatusOK {
			t.Errorf("answered %d", status)
		}
	}
	s.rest(o)
	if n := strings.Count(strings.Join(s.duties("keeper", carys), "\n"), "broke the glass for this record"); n != all {
		t.Errorf("%d of %d are told", n, all)
	}
}

// A transaction reads through broken glass as a read by itself does, and changes nothing.
func TestATransactionReadsThroughBrokenGlass(t *testing.T) {
	s := glassStand(t)
	plan := "CarePlan/" + s.planOf("cmht", carys, profiles.CodeCrisisPlan)
	grant := s.breaks(carys, "emergency")
	if a := s.send("ooh-glass", http.MethodPost, "", bundleFor("transaction", entryOf("GET", plan, "", "")), "X-Break-Glass", grant); a.status != http.StatusOK || !strings.Contains(a.body, "Stops answering texts") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// A team in an emergency that asked for the Patient beside the plan was said to have found none.
func TestThePatientBesideAPlanIsNoPlanThatIsMissing(t *testing.T) {
	s := openStand(t)
	o := s.tell("a", nil)
	s.rest(o)
	if a := s.get("ooh", "/CarePlan?"+about(bryn)+"&_include=CarePlan:subject"); len(a.ids(t)) < 2 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	plan := s.planOf("ooh", bryn, profiles.CodeCrisisPlan)
	if a := s.get("ooh", "/CarePlan/"+plan+"/_history/1"); a.status != http.StatusNotFound { // nor is a version that there is not
		t.Fatalf("%d %s", a.status, a.body)
	}
	s.rest(o)
	if told := s.duties("keeper", bryn); len(told) > 0 {
		t.Errorf("told %q", told)
	}
}

// What is asked for is told, and nothing of what was sent is repeated.
func TestWhatBreakingTheGlassNeeds(t *testing.T) {
	s := glassStand(t)
	good := breaking(carys, "emergency")
	for name, body := range map[string]string{
		"identifier": strings.Replace(good, `"identifier","valueIdentifier"`, `"identifier","valueString"`, 1),
		"NHS number": breaking("9990000035", "emergency"),
		"reason":     breaking(carys, "other"),
		"text":       strings.Replace(good, words, "urgent", 1),
		"text,":      strings.Replace(good, words, strings.Repeat("x", 1001), 1),
		"reference":  breaking(carys, "court-order"),
		"colour":     breaking(carys, "emergency", `{"name":"colour","valueString":"red"}`),
		"20-1000":    strings.Replace(good, words, `a\u0007`+strings.Repeat(`b`, 30), 1),
		"type or id": strings.Replace(good, `"Parameters"`, `"Patient"`, 1),
		"read":       strings.Replace(good, `{"name":"text"`, `{"name":"reason","valueCode":"emergency"},{"name":"text"`, 1),
	} {
		a := s.send("ooh-glass", http.MethodPost, "/Patient/$break-glass", body)
		if a.status != http.StatusBadRequest || !strings.Contains(a.text(t), strings.TrimSuffix(name, ",")) || strings.Contains(a.body, carys) || strings.Contains(a.body, "bridge") {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	for path, status := range map[string]int{"/Patient/$break-glass?x=1": 400, "/CarePlan/$break-glass": 404} {
		if a := s.send("ooh-glass", http.MethodPost, path, good); a.status != status {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	if a := s.send("ooh-glass", http.MethodPost, "", bundleFor("batch", entryOf("POST", "Patient/$break-glass", good, ""))); !strings.Contains(a.body, "400") && !strings.Contains(a.body, "404") {
		t.Errorf("in a batch: %s", a.body)
	}
}

// A team that is shown nothing is told that the glass can be broken, where anybody may; of
// everybody alike.
func TestWhoIsShownNothingIsToldOfTheGlass(t *testing.T) {
	s := openStand(t)
	about := "/CarePlan?" + about(elin)
	said := texts.CrisisGlass.In(language.English)
	if a := s.get("ooh", about); strings.Contains(a.body, said) {
		t.Errorf("where nobody may break it: %s", a.body)
	}
	s.road.Policy.BreakGlass.Roles = []string{"nurse"}
	for _, path := range []string{about, strings.Replace(about, elin, nobody, 1), strings.Replace(about, elin, ann, 1), "/CarePlan/unknown"} {
		if a := s.get("ooh", path); !strings.Contains(a.body, said) || !strings.Contains(a.body, demo.DutyLine) {
			t.Errorf("%s: %s", path, a.body)
		}
	}
}
