package recordstest

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"cpagateway/consent"
	"cpagateway/gateway/records"
	"cpagateway/gateway/search"
	"cpagateway/profiles"
)

// query reads a search as a caller would write it: name and value in turn.
func query(t testing.TB, typ, sort string, pairs ...string) records.Query {
	t.Helper()
	q := records.Query{Count: 2}
	for i := 0; i < len(pairs); i += 2 {
		p, err := search.Parse(typ, pairs[i], pairs[i+1])
		if err != nil {
			t.Fatalf("the suite's own search: %v", err)
		}
		q.Params = append(q.Params, p)
	}
	if sort == "" {
		return q
	}
	keys, err := search.ParseSort(typ, sort)
	if err != nil {
		t.Fatalf("the suite's own sorting: %v", err)
	}
	q.Sort = keys
	return q
}

func hiddenIsNotCounted(t *testing.T, store Store) {
	var batch []consent.Accepted
	for i := range 10 { // two that may be seen among ten, the last ones hidden
		kind := profiles.CodeContingencyPlan
		if i == 1 || i == 6 {
			kind = profiles.CodeCrisisPlan
		}
		batch = append(batch, Accept(t, home, ann, plan(ann, fmt.Sprint("c", i), kind)))
	}
	Put(t, store, start, batch...)
	d := Grant(t, ann, profiles.PlanCrisis)
	for _, sort := range []string{"", "-_id", "_lastUpdated"} {
		for count, pages := range map[int][]int{1: {1, 1}, 2: {2}, 3: {2}} {
			q := query(t, "CarePlan", sort, "status", "active")
			q.Count = count
			for i, want := range pages {
				page, err := store.Find(t.Context(), d, "CarePlan", q)
				if last := i == len(pages)-1; err != nil || len(page.Matches) != want || (page.Next == "") != last {
					t.Errorf("sorted by %q, page %d of %d: %d matches, next %q, %v", sort, i+1, count, len(page.Matches), page.Next, err)
				}
				q.After = page.Next
			}
		}
	}
}

func hiddenElement(t *testing.T, store Store) {
	Put(t, store, start,
		Accept(t, home, ann, resource("CarePlan", "c1", subject(ann), `"status":"active"`, category(profiles.CodeCrisisPlan, profiles.CodeEnhanced))),
		Accept(t, home, ann, plan(ann, "c2", profiles.CodeCrisisPlan)))
	q := query(t, "CarePlan", "", "category", profiles.SystemSNOMED+"|"+profiles.CodeEnhanced)
	if got := ids(t, store, Grant(t, ann, profiles.PlanCrisis), "CarePlan", q); got != "" {
		t.Errorf("a search by the level found %q for a caller who may not see the level", got)
	}
	if got := ids(t, store, Grant(t, ann, profiles.PlanCrisis, profiles.EpisodeLevel), "CarePlan", q); got != "c1" {
		t.Errorf("a search by the level found %q", got)
	}
}

func lastUpdated(t *testing.T, store Store) {
	Put(t, store, start, Accept(t, home, ann, patientOf("Cardiff", "Welsh")))
	Put(t, store, start.Add(time.Hour), Accept(t, home, ann, patientOf("Barry", "Welsh")))
	for _, c := range []struct {
		item        profiles.Item
		value, want string
	}{
		{profiles.PersonContact, "2026-03-02T10:00:00Z", "ann"},
		{profiles.PersonContact, "ge2026-03-02T10:00:00Z", "ann"},
		{profiles.PersonContact, "gt2026-03-02T10:00:00Z", ""},
		{profiles.PersonContact, "lt2026-03-02T10:00:00Z", ""},
		{profiles.PersonContact, "2026-03-02", "ann"},
		{profiles.PersonIdentity, "2026-03-02T09:00:00Z", "ann"},
		{profiles.PersonIdentity, "ge2026-03-02T10:00:00Z", ""},
		{profiles.PersonIdentity, "lt2026-03-02T10:00:00Z", "ann"},
		{profiles.PersonIdentity, "ne2026-03-02T09:00:00Z,sa2026-03-02", ""},
	} {
		if got := ids(t, store, Grant(t, ann, c.item), "Patient", query(t, "Patient", "", "_lastUpdated", c.value)); got != c.want {
			t.Errorf("%v, _lastUpdated=%s found %q, want %q", c.item, c.value, got, c.want)
		}
	}
}

// endOfTime: extracts write 9999-12-31 where a period has no end, and the end of
// that day lies in the year 10000.
func endOfTime(t *testing.T, store Store) {
	for id, period := range map[string]string{
		"ends":    `"period":{"start":"2026-01-01","end":"2026-06-30"}`,
		"forever": `"period":{"start":"2026-01-01","end":"9999-12-31"}`,
		"open":    `"period":{"start":"2026-01-01"}`,
	} {
		Put(t, store, start, Accept(t, home, ann, plan(ann, id, profiles.CodeCrisisPlan, period)))
	}
	d := Treating(t, ann)
	if got := ids(t, store, d, "CarePlan", query(t, "CarePlan", "_id", "date", "gt2027")); got != "forever open" {
		t.Errorf("what goes on after 2027: %q", got)
	}
	if got := ids(t, store, d, "CarePlan", query(t, "CarePlan", "-date")); got != "open forever ends" {
		t.Errorf("from the latest end down: %q", got)
	}
}

// anyText: an index may hold less than a document may say.
func anyText(t *testing.T, store Store) {
	random := rand.New(rand.NewPCG(1, 2))
	long := func() string {
		var text strings.Builder
		for text.Len() < 9000 { // which cannot be made shorter
			fmt.Fprintf(&text, "%x", random.Uint64())
		}
		return text.String()
	}
	same := long()
	texts := []string{long(), same + "a", same + "b", "a\x00b", "a\x00c", "a\uFFFDb", "Siân", "sha-256:00", "1"}
	quoted := func(text string) string {
		q, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		return string(q)
	}
	for i, text := range texts {
		Put(t, store, start,
			Accept(t, home, ann, resource("CarePlan", fmt.Sprint("c", i), subject(ann), `"careTeam":[{"reference":`+quoted("CareTeam/"+text)+`}]`,
				`"category":[{"coding":[{"system":`+quoted(text)+`,"code":`+quoted(text)+`}]}]`)),
			Accept(t, home, profiles.PersonID(fmt.Sprint("p", i)), resource("Patient", fmt.Sprint("p", i), `"identifier":[{"system":"urn:x","value":`+quoted(text)+`}]`)))
	}
	for i, text := range texts {
		if person, err := store.Person(t.Context(), "urn:x", text); err != nil || person != profiles.PersonID(fmt.Sprint("p", i)) {
			t.Errorf("%.20q leads to %q, %v", text, person, err)
		}
		if strings.Contains(text, "\x00") {
			continue // no search can say it
		}
		for _, value := range []string{text, text + "|" + text} {
			if got := ids(t, store, Treating(t, ann), "CarePlan", query(t, "CarePlan", "", "category", value)); got != fmt.Sprint("c", i) {
				t.Errorf("%.20q finds %q", value, got)
			}
		}
	}
}

func stalePosition(t *testing.T, store Store) {
	for i := range 4 {
		Put(t, store, start, Accept(t, home, ann, plan(ann, fmt.Sprint("c", i), profiles.CodeCrisisPlan)))
	}
	d := Treating(t, ann)
	positions := []string{"x", "e30", "bnVsbA", "W10", "MQ", "eyJwIjotMX0", "%%"}
	for _, sort := range []string{"", "_id", "_id,date"} {
		page, err := store.Find(t.Context(), d, "CarePlan", query(t, "CarePlan", sort))
		if err != nil || page.Next == "" {
			t.Fatalf("no second page: %v", err)
		}
		for _, other := range []string{"", "_id", "_id,date"} {
			q := query(t, "CarePlan", other)
			q.After = page.Next
			if _, err := store.Find(t.Context(), d, "CarePlan", q); (other == sort) != (err == nil) || err != nil && !errors.Is(err, records.ErrStale) {
				t.Errorf("a position of sorting %q in sorting %q: %v", sort, other, err)
			}
		}
		for _, position := range positions {
			q := query(t, "CarePlan", sort)
			q.After = position
			if _, err := store.Find(t.Context(), d, "CarePlan", q); !errors.Is(err, records.ErrStale) {
				t.Errorf("position %q: %v", position, err)
			}
		}
	}
	for _, count := range []int{0, -1} {
		if _, err := store.Find(t.Context(), d, "CarePlan", records.Query{Count: count}); err == nil {
			t.Errorf("a page of %d was searched", count)
		}
	}
}
