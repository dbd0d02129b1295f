package gateway_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cpagateway/consent"
	"cpagateway/gateway"
	"cpagateway/gateway/intake"
	"cpagateway/mapping/ctp"
)

// pages walks a search to its end.
func pages(t *testing.T, s *stand, as, path string) []answer {
	t.Helper()
	all := []answer{s.get(as, path)}
	for {
		next := all[len(all)-1].bundle(t).link("next")
		if next == "" {
			return all
		}
		if len(all) > 50 {
			t.Fatal("the pages do not end")
		}
		all = append(all, s.do(as, http.MethodGet, strings.TrimPrefix(next, s.server.URL), ""))
	}
}

func TestPagesOfOneGiveEachGoalOnce(t *testing.T) {
	s := openStand(t)
	want := s.get("cmht", "/Goal?"+about(ann)).ids(t)
	if len(want) < 5 {
		t.Fatalf("Ann has %d goals: the test looks at little", len(want))
	}
	for _, sort := range []string{"", "&_sort=target-date", "&_sort=-_lastUpdated", "&_sort=_id"} {
		whole := s.get("cmht", "/Goal?"+about(ann)+sort).ids(t)
		var got []string
		for _, page := range pages(t, s, "cmht", "/Goal?"+about(ann)+"&_count=1"+sort) {
			ids := page.ids(t)
			if len(ids) != 1 {
				t.Fatalf("a page of %d", len(ids))
			}
			got = append(got, ids...)
			if strings.Contains(page.body, "/Goal?_cursor="+ann) || strings.Contains(page.bundle(t).link("next"), ann) || strings.Contains(page.bundle(t).link("self"), ann) {
				t.Errorf("a link holds the number: %v", page.bundle(t).Link)
			}
			if !strings.Contains(page.bundle(t).link("self"), "_count=1") {
				t.Errorf("the self link does not show what was used: %s", page.bundle(t).link("self"))
			}
		}
		if !slices.Equal(got, whole) {
			t.Errorf("sorted by %q: paged %v\nwhole %v", sort, got, whole)
		}
	}
}

func TestPagesStayStableWhileRecordsAreWritten(t *testing.T) {
	s := openStand(t)
	want := s.get("cmht", "/Goal?"+about(ann)+"&_count=3").ids(t)
	first := s.get("cmht", "/Goal?"+about(ann)+"&_count=2")
	s.bringIn(s.plan("ann.json", func(plan map[string]any) {
		outcomes := plan["outcomes"].([]any)
		outcomes[0].(map[string]any)["outcome"] = "Clear the arrears"
	}))
	second := s.do("cmht", http.MethodGet, strings.TrimPrefix(first.bundle(t).link("next"), s.server.URL), "")
	if second.status != http.StatusOK {
		t.Fatalf("a write that is no fact ended the pages: %d", second.status)
	}
	if got := second.ids(t)[0]; got != want[2] {
		t.Errorf("the third is %s, was %s", got, want[2])
	}
}

// While a source changes records without a pause, each walk over them gives every one of
// them once.
func TestNoWalkLosesOrRepeats(t *testing.T) {
	s := openStand(t)
	want := s.get("cmht", "/Goal?"+about(ann)).ids(t)
	slices.Sort(want)
	over := make(chan struct{})
	var writing sync.WaitGroup
	writing.Go(func() {
		format, err := ctp.New()
		for n := 0; err == nil; n++ {
			select {
			case <-over:
				return
			default:
			}
			changed := s.plan("ann.json", func(plan map[string]any) {
				outcomes := plan["outcomes"].([]any)
				outcomes[n%len(outcomes)].(map[string]any)["outcome"] = fmt.Sprint("Outcome ", n)
			})
			_, err = s.intake().Run(context.Background(), intake.Source{Name: "welsh-ctp", Format: format, Grants: consent.On}, changed)
		}
		t.Error(err)
	})
	before := s.counted()
	for n := 0; n < *races || s.counted()[1] == before[1] && !t.Failed(); n++ { // until something was written meanwhile
		for _, sort := range []string{"", "&_sort=-_lastUpdated"} {
			var got []string
			for _, page := range pages(t, s, "cmht", "/Goal?"+about(ann)+"&_count=2"+sort) {
				got = append(got, page.ids(t)...)
			}
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("sorted by %q a walk gives %v, want %v", sort, got, want)
			}
		}
	}
	close(over)
	writing.Wait()
	if after := s.counted(); after[1] == before[1] {
		t.Error("nothing was written meanwhile: the test looked at nothing")
	}
}

// cursorOf is the position of the second page of Ann's goals.
func cursorOf(t *testing.T, s *stand) string {
	t.Helper()
	_, cursor, ok := strings.Cut(s.get("cmht", "/Goal?"+about(ann)+"&_count=1").bundle(t).link("next"), "_cursor=")
	if !ok {
		t.Fatal("there is no second page: the test could not fail")
	}
	return cursor
}

// A link told by its letters, and its length, where the page before it had ended.
func TestALinkTellsNothingOfAPosition(t *testing.T) {
	s := openStand(t)
	lengths, links := map[int]bool{}, map[string]bool{}
	for _, number := range []string{ann, ann, bryn} {
		for _, sort := range []string{"", "&_sort=-_lastUpdated"} {
			for _, page := range pages(t, s, "cmht", "/Goal?"+about(number)+"&_count=1"+sort) {
				next := page.bundle(t).link("next")
				if next == "" {
					continue
				}
				if links[next] {
					t.Errorf("a link came twice: %s", next)
				}
				links[next] = true
				if sort == "" {
					lengths[len(next)] = true
				}
			}
		}
	}
	if len(links) < 10 || len(lengths) != 1 {
		t.Errorf("%d links of the lengths %v: want many of one length", len(links), lengths)
	}
}

func TestACursorIsGoodForItsCallerAndTypeAlone(t *testing.T) {
	s := openStand(t)
	cursor := cursorOf(t, s)
	if a := s.get("cmht", "/Goal?_cursor="+cursor); a.status != http.StatusOK || len(a.ids(t)) != 1 {
		t.Fatalf("the cursor does not even work: %d", a.status)
	}
	for _, c := range []struct{ as, path string }{
		{"gp", "/Goal"}, {"ooh", "/Goal"}, {"social-care", "/Goal"}, {"ooh-unlisted", "/Goal"},
		{"cmht", "/CarePlan"}, {"cmht", "/Patient"}, {"cmht", "/Organization"}, {"cmht", "/Practitioner"},
	} {
		a := s.get(c.as, c.path+"?_cursor="+cursor)
		if a.status != http.StatusBadRequest || !strings.Contains(a.text(t), "no longer available") {
			t.Errorf("%s at %s: %d %.200s", c.as, c.path, a.status, a.body)
		}
	}
}

func TestACursorThatWasTamperedWithIsRefused(t *testing.T) {
	s := openStand(t)
	cursor := cursorOf(t, s)
	forged := []string{cursor[1:], cursor + "a", cursor + cursor, strings.ToUpper(cursor), "a"}
	for _, at := range []int{0, 10, 30, len(cursor) / 2, len(cursor) - 1} {
		letter := "a"
		if cursor[at] == 'a' {
			letter = "b"
		}
		forged = append(forged, cursor[:at]+letter+cursor[at+1:])
	}
	for _, c := range forged {
		if a := s.get("cmht", "/Goal?_cursor="+c); a.status != http.StatusBadRequest {
			t.Errorf("a forged cursor answered %d", a.status)
		}
	}
	if a := s.get("cmht", "/Goal?_cursor="); a.status != http.StatusBadRequest {
		t.Errorf("an empty cursor answered %d", a.status)
	}
}

func TestACursorLivesFiveMinutes(t *testing.T) {
	s := openStand(t)
	cursor := cursorOf(t, s)
	s.clock.advance(4*time.Minute + 50*time.Second)
	if a := s.get("cmht", "/Goal?_cursor="+cursor); a.status != http.StatusOK {
		t.Fatalf("after less than five minutes: %d", a.status)
	}
	s.clock.advance(15 * time.Second)
	if a := s.get("cmht", "/Goal?_cursor="+cursor); a.status != http.StatusBadRequest {
		t.Errorf("after five minutes: %d", a.status)
	}
}

// A client that asks for JSON by name on every request could not turn a page.
func TestACursorMayComeWithTheFormat(t *testing.T) {
	s := openStand(t)
	if a := s.get("cmht", "/Goal?_format=json&_cursor="+cursorOf(t, s)); a.status != http.StatusOK {
		t.Errorf("answered %d: %.200s", a.status, a.body)
	}
}

// A search of many values got a next link that the gateway itself refused with 414.
func TestEveryNextLinkIsShortEnoughToBeFollowed(t *testing.T) {
	s := openStand(t)
	ids := s.get("cmht", "/Goal?"+about(ann)).ids(t)[:2]
	followed, refused := 0, 0
	for more := range 60 {
		values := slices.Concat(ids, slices.Repeat([]string{strings.Repeat("x", 64)}, more))
		form := about(ann, "_count", "1", "_id", strings.Join(values, ","))
		first := s.do("cmht", http.MethodPost, gateway.Prefix+"/Goal/_search", form)
		switch first.status {
		case http.StatusOK:
			next := s.do("cmht", http.MethodGet, strings.TrimPrefix(first.bundle(t).link("next"), s.server.URL), "")
			if next.status != http.StatusOK || len(next.ids(t)) != 1 {
				t.Fatalf("the next link of a search for %d ids answered %d", len(values), next.status)
			}
			followed++
		case http.StatusBadRequest:
			if !strings.Contains(first.body, `"code":"too-costly"`) {
				t.Fatalf("refused otherwise: %s", first.body)
			}
			refused++
		default:
			t.Fatalf("a search for %d ids answered %d", len(values), first.status)
		}
	}
	if followed == 0 || refused == 0 {
		t.Fatalf("followed %d, refused %d: the test looked at one side only", followed, refused)
	}
}

// A search until the end of the year 9999 failed where it had a second page: its link
// could not be written.
func TestASearchToTheEndOfTheCalendarHasPages(t *testing.T) {
	s := openStand(t)
	for _, date := range []string{"_lastUpdated=le9999", "_lastUpdated=le9999-12-31", "_lastUpdated=lt9999-12-31T23:59:59-12:00", "_lastUpdated=ge0001"} {
		path := "/Goal?" + about(ann) + "&" + date
		want := s.get("cmht", path).ids(t)
		var got []string
		for _, page := range pages(t, s, "cmht", path+"&_count=2") {
			got = append(got, page.ids(t)...)
		}
		if len(want) < 5 || !slices.Equal(got, want) {
			t.Errorf("%s: paged %d, whole %d", date, len(got), len(want))
		}
	}
}
