package audit_test

import (
	"testing"
	"time"

	"cpagateway/gateway/audit"
)

// A query admits what has its one key, the whole of it, and is before its position.
func TestQueryAdmits(t *testing.T) {
	row := audit.Row{Slot: 2, Head: audit.Head{Seq: 7}, Columns: audit.Columns{
		Time: start, Request: "r", Person: "p", Agreement: "a", Caller: audit.Caller{Client: "c", Organisation: "o", Professional: "n"},
	}}
	for name, c := range map[string]struct {
		query audit.Query
		want  bool
	}{
		"person":               {audit.Query{Person: "p"}, true},
		"another person":       {audit.Query{Person: "q"}, false},
		"request":              {audit.Query{Request: "r"}, true},
		"another request":      {audit.Query{Request: "s"}, false},
		"agreement":            {audit.Query{Agreement: "a"}, true},
		"another agreement":    {audit.Query{Agreement: "b"}, false},
		"client":               {audit.Query{Client: "c"}, true},
		"another client":       {audit.Query{Client: "d"}, false},
		"before it":            {audit.Query{Person: "p", Before: row.Position()}, false},
		"before a later time":  {audit.Query{Person: "p", Before: audit.Position{Time: start.Add(1), Slot: 1, Seq: 1}}, true},
		"before its time":      {audit.Query{Person: "p", Before: audit.Position{Time: start.Add(-1), Slot: 9, Seq: 9}}, false},
		"before a later chain": {audit.Query{Person: "p", Before: audit.Position{Time: start, Slot: 3, Seq: 1}}, true},
		"before its chain":     {audit.Query{Person: "p", Before: audit.Position{Time: start, Slot: 1, Seq: 9}}, false},
		"before the next":      {audit.Query{Person: "p", Before: audit.Position{Time: start, Slot: 2, Seq: 8}}, true},
		"before the one ahead": {audit.Query{Person: "p", Before: audit.Position{Time: start, Slot: 2, Seq: 6}}, false},
		"the same time elsewhere": {audit.Query{Person: "p", Before: audit.Position{
			Time: start.In(time.FixedZone("", 3600)), Slot: 2, Seq: 8}}, true},
	} {
		if got := c.query.Admits(row); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestQueryHasOneKeyAndALimit(t *testing.T) {
	for name, c := range map[string]struct {
		query audit.Query
		ok    bool
	}{
		"a person": {audit.Query{Person: "p", Limit: 1}, true}, "a request": {audit.Query{Request: "r", Limit: 1}, true},
		"an agreement": {audit.Query{Agreement: "a", Limit: 1}, true}, "a client": {audit.Query{Client: "c", Limit: 1}, true},
		"a person before a position": {audit.Query{Person: "p", Limit: 1, Before: audit.Position{Seq: 1}}, true},
		"nothing":                    {audit.Query{Limit: 1}, false}, "two": {audit.Query{Person: "p", Agreement: "a", Limit: 1}, false},
		"no limit": {audit.Query{Person: "p"}, false}, "a limit below": {audit.Query{Person: "p", Limit: -1}, false},
	} {
		if err := c.query.Check(); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEntriesOfRows(t *testing.T) {
	want := audit.Entry{Time: start, Kind: audit.KindRequest}
	got, err := audit.Entries([]audit.Row{{Body: want.Body()}})
	if err != nil || !equal(got, []audit.Entry{want}) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := audit.Entries([]audit.Row{{Body: want.Body()}, {Body: []byte("x")}}); err == nil {
		t.Error("a row that is no entry was read")
	}
}

// Rows have to lead from the head before to the head after.
func TestCheckExtend(t *testing.T) {
	before := audit.Slot{Number: 2, Head: audit.Head{Seq: 3}}
	rows := []audit.Row{{Slot: 2, Head: audit.Head{Seq: 4}}, {Slot: 2, Head: audit.Head{Seq: 5, Hash: [32]byte{1}}}}
	after := audit.Slot{Number: 2, Head: rows[1].Head}
	if err := audit.CheckExtend(before, after, rows); err != nil {
		t.Errorf("good rows: %v", err)
	}
	if err := audit.CheckExtend(after, after, nil); err != nil {
		t.Errorf("no rows: %v", err)
	}
	for name, c := range map[string]struct{ before, after audit.Slot }{
		"no number":    {audit.Slot{Head: before.Head}, audit.Slot{Head: after.Head}},
		"another slot": {before, audit.Slot{Number: 3, Head: after.Head}},
		"another hash": {before, audit.Slot{Number: 2, Head: audit.Head{Seq: 5}}},
		"a gap":        {audit.Slot{Number: 2, Head: audit.Head{Seq: 2}}, after},
	} {
		if audit.CheckExtend(c.before, c.after, rows) == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
