package audittest

import (
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"

	"cpagateway/consent"
	"cpagateway/gateway/audit"
)

// duties puts rows of which every third asks for something into two chains.
func (b *bench[S, T]) duties() {
	want := map[int][]audit.Row{}
	for slot := 1; slot <= 2; slot++ {
		after, rows := follow(audit.Slot{Number: slot}, "a", "b", "c", "d", "e", "f", "g", "h")
		for i := range rows {
			if rows[i].Duty = i%3 == slot; rows[i].Duty {
				want[slot] = append(want[slot], rows[i])
			}
		}
		b.swapped(audit.Slot{Number: slot}, after, rows)
	}
	for _, c := range []struct {
		slot  int
		from  uint64
		limit int
		want  []audit.Row
	}{
		{1, 1, 10, want[1]}, {1, 2, 10, want[1]}, {1, 3, 10, want[1][1:]}, {1, 1, 2, want[1][:2]}, {1, 9, 10, nil},
		{2, 1, 10, want[2]}, {2, 7, 10, nil}, {3, 1, 10, nil},
	} {
		b.view(func(s S) error {
			got, err := s.Duties(c.slot, c.from, c.limit)
			if diff := cmp.Diff(c.want, got, ignoreEmpty); diff != "" {
				b.Errorf("%d of chain %d from %d on (-want +got):\n%s", c.limit, c.slot, c.from, diff)
			}
			return err
		})
	}
}

// entries puts rows of several persons, requests, callers and agreements into
// three chains, and asks for them page by page.
func (b *bench[S, T]) entries() {
	nurse := audit.Caller{Client: "c", Organisation: "o", Professional: "n"}
	var all []audit.Row
	for slot := 1; slot <= 3; slot++ {
		after, rows := follow(audit.Slot{Number: slot}, "a", "b", "c", "d", "e", "f", "g", "h")
		for i := range rows {
			c := &rows[i].Columns
			c.Time = start.Add(time.Duration(i/2) * time.Second) // two of each chain at once
			if i%2 == 0 {
				c.Person = "p"
			}
			if i%3 == 0 {
				c.Request = "r"
			}
			if i%4 == 0 {
				c.Agreement = "ISP"
			}
			switch i {
			case 1:
				c.Caller = audit.Caller{Client: "c"}
			case 2:
				c.Caller = audit.Caller{Client: "c", Organisation: "o"}
			case 3:
				c.Caller = audit.Caller{Organisation: "o", Professional: "n"}
			case 5, 6:
				c.Caller = nurse
			}
		}
		after.Latest = rows[len(rows)-1].Time
		b.swapped(audit.Slot{Number: slot}, after, rows)
		all = append(all, rows...)
	}
	b.clients("c")
	after, rows := follow(audit.Slot{Number: 4}, "i", "k", "l")
	for i, client := range []consent.ClientID{"b", "d", "b"} {
		rows[i].Caller.Client = client
	}
	after.Latest = rows[len(rows)-1].Time
	b.swapped(audit.Slot{Number: 4}, after, rows)
	all = append(all, rows...)
	b.clients("b", "c", "d")
	for name, q := range map[string]audit.Query{
		"person": {Person: "p"}, "request": {Request: "r"}, "agreement": {Agreement: "ISP"}, "client": {Client: "c"},
		"nobody": {Person: "x"},
	} {
		for limit := 1; limit <= 25; limit += 6 {
			q.Limit, q.Before = limit, audit.Position{}
			b.pages(name, q, all)
		}
	}
	for name, q := range map[string]audit.Query{
		"no key": {Limit: 1}, "two keys": {Person: "p", Request: "r", Limit: 1}, "no limit": {Person: "p"},
	} {
		err := b.store.View(b.Context(), func(s S) error {
			_, err := s.Entries(q)
			return err
		})
		if err == nil {
			b.Errorf("a query with %s was answered", name)
		}
	}
}

// clients compares the clients of the log with those that it has.
func (b *bench[S, T]) clients(want ...consent.ClientID) {
	b.Helper()
	err := b.store.View(b.Context(), func(s S) error {
		got, err := s.Clients()
		if !slices.Equal(got, want) {
			b.Errorf("the clients are %v and not %v", got, want)
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
}

// pages walks a query to its end and compares with all rows that it admits.
func (b *bench[S, T]) pages(name string, q audit.Query, all []audit.Row) {
	b.Helper()
	var want, got []audit.Row
	for _, r := range all {
		if q.Admits(r) {
			want = append(want, r)
		}
	}
	newestFirst(want)
	for page := 0; page <= len(all); page++ {
		var found []audit.Row
		err := b.store.View(b.Context(), func(s S) (err error) {
			found, err = s.Entries(q)
			return err
		})
		if err != nil {
			b.Fatalf("%s: %v", name, err)
		}
		if len(found) > q.Limit {
			b.Fatalf("%s: %d entries where %d were asked for", name, len(found), q.Limit)
		}
		if len(found) == 0 {
			break
		}
		got = append(got, found...)
		q.Before = found[len(found)-1].Position()
	}
	if diff := cmp.Diff(want, got, ignoreEmpty); diff != "" {
		b.Errorf("by %s, %d at a time (-want +got):\n%s", name, q.Limit, diff)
	}
}
