package recordstest

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"cpagateway/consent"
	"cpagateway/profiles"
)

// walkWhileWriting leafs through searches while the resources that they find are
// written: what is there from the beginning comes exactly once, what is added
// meanwhile at most once. The seed is fixed: a failure repeats.
func walkWhileWriting(t *testing.T, store Store) {
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 40 {
		person := newPerson()
		at := start
		write := func(id int) consent.Accepted {
			day := start.AddDate(0, 0, random.IntN(400)).Format(time.DateOnly)
			period := fmt.Sprintf(`"period":{"start":%q,"end":%q}`, day, day)
			return Accept(t, home, person, plan(person, fmt.Sprint(person, "-", id), profiles.CodeCrisisPlan, period))
		}
		const first = 12
		for id := range first {
			at = at.Add(time.Second)
			Put(t, store, at, write(id))
		}
		q := query(t, "CarePlan", sortings[round%len(sortings)], "status", "active")
		q.Count = 1 + random.IntN(5)
		d := Treating(t, person)
		seen, last := make(map[string]int), first
		for {
			page, err := store.Find(t.Context(), d, "CarePlan", q)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range page.Matches {
				seen[v.ID]++
			}
			if page.Next == "" {
				break
			}
			q.After = page.Next
			at = at.Add(time.Second)
			Put(t, store, at, write(random.IntN(first)), write(random.IntN(first)), write(last))
			if last++; last > first+100 {
				t.Fatal("the walk does not end")
			}
		}
		for id := range last {
			n := seen[fmt.Sprint(person, "-", id)]
			if n > 1 || n == 0 && id < first {
				t.Errorf("round %d, sorted by %q, pages of %d: resource %d of %d came %d times", round, sortings[round%len(sortings)], q.Count, id, first, n)
			}
		}
	}
}

// readersAndWriter lets many read what one writes. Run with the race detector.
func readersAndWriter(t *testing.T, store Store) {
	const versions, readers = 40, 8
	body := func(i int) string { return crisisPlan(ann, "c1", fmt.Sprint("text ", i)) }
	d := Treating(t, ann)
	Put(t, store, start, Accept(t, home, ann, body(0)))
	var changes []consent.Accepted
	for i := range versions {
		changes = append(changes, Accept(t, home, ann, body(i+1)))
	}
	var all sync.WaitGroup
	all.Go(func() {
		for i, a := range changes {
			if _, err := store.Put(t.Context(), start.Add(time.Duration(i)*time.Second), a); err != nil {
				t.Errorf("writing: %v", err)
			}
		}
	})
	q := query(t, "CarePlan", "-_lastUpdated", "category", profiles.CodeCrisisPlan)
	for range readers {
		all.Go(func() {
			for last := uint64(0); last <= versions && !t.Failed(); {
				page, err := store.Find(t.Context(), d, "CarePlan", q)
				if err != nil || len(page.Matches) != 1 {
					t.Errorf("searching beside the writer: %d matches, %v", len(page.Matches), err)
					return
				}
				v := page.Matches[0]
				if string(v.Body) != body(int(v.Number)-1) || v.SeenNumber != v.Number || v.Number < last {
					t.Errorf("version %d seen as %d after %d does not hang together", v.Number, v.SeenNumber, last)
					return
				}
				last = v.Number
				if last == versions+1 {
					return
				}
			}
		})
	}
	all.Wait()
}
