package sqlite

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"cpagateway/consent"
	"cpagateway/gateway/records"
	"cpagateway/gateway/records/recordstest"
	"cpagateway/gateway/search"
	"cpagateway/gateway/store/relational"
	"cpagateway/gateway/store/relational/relationaltest"
	"cpagateway/profiles"
)

// people is how many the benchmarks store; each has a Patient and four plans.
const people = 1000

func personNumber(i int) profiles.PersonID { return profiles.PersonID(fmt.Sprint("person-", i)) }

// recordOf is one person's record, plans of about 4 kB.
func recordOf(b *testing.B, i int) []consent.Accepted {
	b.Helper()
	p := personNumber(i)
	list := []consent.Accepted{recordstest.Accept(b, home, p, fmt.Sprintf(
		`{"resourceType":"Patient","id":"%s","identifier":[{"system":"urn:number","value":"%d"}],"name":[{"family":"Evans"}]}`, p, i))}
	for n, code := range []string{profiles.CodeMentalHealthPlan, profiles.CodeCrisisPlan, profiles.CodeContingencyPlan, "1"} {
		list = append(list, recordstest.Accept(b, home, p, fmt.Sprintf(
			`{"resourceType":"CarePlan","id":"%s-%d","status":"active","intent":"plan","subject":{"reference":"Patient/%s"},`+
				`"category":[{"coding":[{"system":"http://snomed.info/sct","code":"%s"}]}],"period":{"start":"2026-01-01"},"description":"%s"}`,
			p, n, p, code, strings.Repeat("what helps, and who to call. ", 130))))
	}
	return list
}

func filled(b *testing.B) *relational.Store {
	b.Helper()
	store := fresh(b)
	var changes []consent.Accepted
	for i := range people {
		changes = append(changes, recordOf(b, i)...)
	}
	recordstest.Put(b, store, start, changes...)
	return store
}

// BenchmarkFind searches a person's crisis plan, the decision inside the query;
// the bare figure selects the same row by its key through the same pool.
func BenchmarkFind(b *testing.B) {
	store := filled(b)
	p, err := search.Parse("CarePlan", "category", profiles.SystemSNOMED+"|"+profiles.CodeCrisisPlan)
	if err != nil {
		b.Fatal(err)
	}
	q := records.Query{Params: []search.Param{p}, Count: 20}
	decisions := make([]consent.Decision, people)
	for i := range decisions {
		decisions[i] = recordstest.Treating(b, personNumber(i))
	}
	b.Run("crisis plan", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			page, err := of(store).Find(b.Context(), decisions[i%people], "CarePlan", q)
			if err != nil || len(page.Matches) != 1 {
				b.Fatalf("%d matches, %v", len(page.Matches), err)
			}
		}
	})
	b.Run("bare select", func(b *testing.B) {
		const text = `SELECT v.body FROM resources r JOIN versions v ON v.seq = r.version WHERE r.type = 'CarePlan' AND r.id = ?`
		for i := 0; b.Loop(); i++ {
			if found := relationaltest.Read(b, store, scanText, text, fmt.Sprintf("person-%d-1", i%people)); len(found) != 1 {
				b.Fatalf("%d rows", len(found))
			}
		}
	})
}

// BenchmarkHoldings gathers the facts for a decision.
func BenchmarkHoldings(b *testing.B) {
	store := filled(b)
	for i := 0; b.Loop(); i++ {
		h, err := of(store).Holdings(context.Background(), personNumber(i%people))
		if err != nil || len(h.Facts) != 1 {
			b.Fatalf("%d facts, %v", len(h.Facts), err)
		}
	}
}
