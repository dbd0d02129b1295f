package road

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"cpagateway/consent"
	"cpagateway/consent/disclosure"
	"cpagateway/gateway/records"
	"cpagateway/gateway/search"
)

func pager(t *testing.T) (*Road, *exchange) {
	t.Helper()
	x := &exchange{ask: Ask{Interaction: Search, Type: "Goal"}, at: time.Date(2026, 7, 31, 9, 0, 0, 0, time.UTC)}
	x.caller = consent.Caller{Client: "c", Organisation: "7A4", Team: "t", Person: "p", Purpose: routine}
	return &Road{Sealer: sealer(t, 1)}, x
}

// The next page is that of the same search about the same person.
func TestACursorHoldsTheWholeSearch(t *testing.T) {
	r, x := pager(t)
	s := subject{
		holdings: records.Holdings{Person: "ann"}, subset: disclosure.Subset{Summary: "data", Elements: []string{"status"}},
		search: SearchAsk{
			Params: []search.Param{{Name: "status", Values: []search.Operand{{Code: "active"}}}}, Sort: []search.SortKey{{Param: "_id"}}, Count: 3, Total: Accurate,
			Include: []search.Include{{Paths: []string{"subject"}, Types: []string{"Patient"}}}, Shown: "_count=3", Crisis: CrisisRead,
		},
	}
	sealed, err := r.sealCursor(x, s, "after this")
	noError(t, err)
	x.ask.Search.Cursor = sealed
	opened, err := r.openCursor(x)
	noError(t, err)
	equal(t, "the search", opened.search(), s.search)
	equal(t, "the subset", opened.Subset, s.subset)
	equal(t, "the rest", []any{opened.Position, opened.Person, len(opened.Nonce)}, []any{"after this", s.holdings.Person, 16})
	text, _ := r.Sealer.Open(cursorContext(x), sealed)
	var keys map[string]any
	noError(t, json.Unmarshal(text, &keys))
	if len(keys) != 12 {
		t.Errorf("it holds %v: more than is looked at here", keys)
	}
	for name, change := range map[string]func(x *exchange){
		"another client": func(x *exchange) { x.caller.Client = "d" }, "another organisation": func(x *exchange) { x.caller.Organisation = "7A5" },
		"another team": func(x *exchange) { x.caller.Team = "u" }, "another person": func(x *exchange) { x.caller.Person = "q" },
		"another purpose": func(x *exchange) { x.caller.Purpose = "ETREAT" }, "another type": func(x *exchange) { x.ask.Type = "Flag" },
		"a team that ends where a person begins": func(x *exchange) { x.caller.Team, x.caller.Person = "tp", "" },
		"a second too late":                      func(x *exchange) { x.at = x.at.Add(5*time.Minute + time.Second) },
		"no cursor":                              func(x *exchange) { x.ask.Search.Cursor = "" },
		"what is no search":                      func(x *exchange) { x.ask.Search.Cursor = r.Sealer.Seal(cursorContext(x), []byte("{")) },
	} {
		other := *x
		change(&other)
		if opened, err := r.openCursor(&other); !errors.Is(err, faultStaleCursor) || opened.Position != "" || opened.Person != "" {
			t.Errorf("%s: opened with %v", name, err)
		}
	}
	x.at = x.at.Add(5 * time.Minute)
	if _, err := r.openCursor(x); err != nil {
		t.Errorf("at its last second: %v", err)
	}
}

// Two links of the same page differ, and one is as long as the other.
func TestCursorsTellNothingOfTheirPosition(t *testing.T) {
	r, x := pager(t)
	for size := range 3 * positionSize {
		if n := len(padded(strings.Repeat("p", size))); n%512 != 0 || n <= size || n > size+512 {
			t.Fatalf("a position of %d bytes takes %d", size, n)
		}
	}
	a, _ := r.sealCursor(x, subject{}, "a")
	b, _ := r.sealCursor(x, subject{}, "a")
	c, _ := r.sealCursor(x, subject{}, strings.Repeat("a", 511))
	if a == b || len(a) != len(c) {
		t.Errorf("lengths %d and %d, the same %t", len(a), len(c), a == b)
	}
}

// What a link cannot hold is refused, and nothing that it can.
func TestALinkHoldsSixThousandLetters(t *testing.T) {
	r, x := pager(t)
	longest := 0
	for size := 3000; size < 5000; size++ {
		sealed, err := r.sealCursor(x, subject{search: SearchAsk{Shown: strings.Repeat("s", size)}}, "p")
		switch {
		case err == nil && longest >= 0 && len(sealed) <= 6<<10:
			longest = len(sealed)
		case errors.Is(err, faultLongCursor) && sealed == "" && longest > 6<<10-4:
			return
		default:
			t.Fatalf("%d bytes, %d letters, %d before: %v", size, len(sealed), longest, err)
		}
	}
	t.Error("no search was too long")
}
