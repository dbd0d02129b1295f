package relationaltest

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"cpagateway/gateway/audit"
	"cpagateway/gateway/quarantine"
	"cpagateway/gateway/records"
	"cpagateway/gateway/search"
	"cpagateway/gateway/store"
	"cpagateway/gateway/store/relational"
	"cpagateway/profiles"
)

// Search is one that must walk an index.
type Search struct{ Type, Sort, Name, Value string }

// Searches are of every kind.
var Searches = []Search{
	{"CarePlan", "", "category", profiles.SystemSNOMED + "|" + profiles.CodeCrisisPlan},
	{"CarePlan", "", "category", profiles.CodeCrisisPlan + "," + profiles.CodeContingencyPlan},
	{"CarePlan", "-date,_id", "status:not", "active"},
	{"CarePlan", "_lastUpdated", "care-team", "CareTeam/t1"},
	{"CarePlan", "", "date", "ge2026"},
	{"CarePlan", "", "_lastUpdated", "ge2026"},
	{"Practitioner", "", "_id", "p1,p2"},
	{"PractitionerRole", "", "practitioner", "p1"},
}

// Run runs the search.
func (c Search) Run(t testing.TB, now store.Snapshot) error {
	t.Helper()
	q := records.Query{Count: 10}
	p, err := search.Parse(c.Type, c.Name, c.Value)
	if err == nil && c.Sort != "" {
		q.Sort, err = search.ParseSort(c.Type, c.Sort)
	}
	if err != nil {
		t.Fatal(err)
	}
	q.Params = []search.Param{p}
	_, err = now.Find([]records.Scope{{Person: "person", Custodian: home, Type: c.Type}}, q)
	return err
}

// Reads are everything that requests, the log and imports read, by name.
func Reads() map[string]func(now store.Snapshot) error {
	scope := []records.Scope{{Person: "person", Custodian: home, Type: "CarePlan"}}
	refs := []records.Reference{{Custodian: home, Text: "Practitioner/w"}}
	absent := func(err error) error {
		if errors.Is(err, records.ErrNothing) {
			return nil
		}
		return err
	}
	reads := map[string]func(now store.Snapshot) error{
		"Read": func(now store.Snapshot) error { _, err := now.Read(scope, "a"); return absent(err) },
		"ReadVersion": func(now store.Snapshot) error {
			_, err := now.ReadVersion(scope, "a", 1)
			return absent(err)
		},
		"Versions":         func(now store.Snapshot) error { _, err := now.Versions(scope, "a", 100, 10); return err },
		"Person":           func(now store.Snapshot) error { _, err := now.Person("urn:x", "1"); return absent(err) },
		"PersonOf":         func(now store.Snapshot) error { _, err := now.PersonOf("CarePlan", "a"); return absent(err) },
		"CustodianOf":      func(now store.Snapshot) error { _, err := now.CustodianOf("CarePlan", "a"); return absent(err) },
		"Current":          func(now store.Snapshot) error { _, err := now.Current("CarePlan", "a"); return absent(err) },
		"Standing":         func(now store.Snapshot) error { _, err := now.Standing(person); return err },
		"Unresolved":       func(now store.Snapshot) error { _, err := now.Unresolved(); return err },
		"ApartFrom":        func(now store.Snapshot) error { _, err := now.ApartFrom(person); return err },
		"CountUnresolved":  func(now store.Snapshot) error { _, err := now.CountUnresolved(); return err },
		"CountMoves":       func(now store.Snapshot) error { _, err := now.CountMoves(); return err },
		"Holdings":         func(now store.Snapshot) error { _, err := now.Holdings(person); return err },
		"Generation":       func(now store.Snapshot) error { _, err := now.Generation(person); return err },
		"Sequence":         func(now store.Snapshot) error { _, err := now.Sequence(); return err },
		"Editions":         func(now store.Snapshot) error { _, err := now.Editions(refs); return err },
		"Targets":          func(now store.Snapshot) error { _, err := now.Targets(home, []string{"Patient/p"}); return err },
		"RegisterInForce":  func(now store.Snapshot) error { _, err := now.RegisterInForce(); return err },
		"Register":         func(now store.Snapshot) error { _, err := now.Register(1); return err },
		"RegisterWas":      func(now store.Snapshot) error { _, err := now.RegisterWas("h"); return err },
		"Waiting":          func(now store.Snapshot) error { _, err := now.Waiting("mhsds"); return err },
		"Slots":            func(now store.Snapshot) error { _, err := now.Slots(); return err },
		"Chain":            func(now store.Snapshot) error { _, err := now.Chain(1, 1, 10); return err },
		"Duties":           func(now store.Snapshot) error { _, err := now.Duties(1, 1, 10); return err },
		"Checkpoints":      func(now store.Snapshot) error { _, err := now.Checkpoints(1, 10); return err },
		"Clients":          func(now store.Snapshot) error { _, err := now.Clients(); return err },
		"NewestCheckpoint": func(now store.Snapshot) error { _, err := now.NewestCheckpoint(); return err },
	}
	for name, f := range map[string]quarantine.Filter{
		"by id": {ID: "f", Settled: true}, "of a source": {Source: "mhsds"}, "against sharing": {Source: "mhsds", Against: true},
	} {
		reads["Faults "+name] = func(now store.Snapshot) error { _, err := now.Faults(f); return err }
	}
	for name, q := range map[string]audit.Query{"by person": {Person: "p"}, "by request": {Request: "r"}, "by agreement": {Agreement: "a"}, "by client": {Client: "c"}} {
		q.Limit = 10
		reads["Entries "+name] = func(now store.Snapshot) error { _, err := now.Entries(q); return err }
	}
	return reads
}

// Asked are the statements that a view of a store that nobody has asked yet runs.
func (d Database) Asked(t testing.TB, read func(store.Snapshot) error) []string {
	t.Helper()
	s := d.fresh(t)
	if err := s.View(t.Context(), read); err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(Prepared(t, s.LendReader), func(text string) bool { return text == "BEGIN" || text == "COMMIT" })
}

// Prepared are the statements that connections have prepared.
func Prepared(t testing.TB, lend func(context.Context, func(relational.Connection) error) error) (texts []string) {
	t.Helper()
	for range 8 { // those that read are lent in turn
		err := lend(t.Context(), func(c relational.Connection) error {
			texts = append(texts, c.Prepared...)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(texts)
	return slices.Compact(texts)
}

var placeholder = regexp.MustCompile(`\?\d*`)

// Unset is no value for each of a statement's arguments.
func Unset(text string) []any {
	n := 0
	for _, p := range placeholder.FindAllString(text, -1) {
		number, err := strconv.Atoi(p[1:])
		if err != nil { // the next one
			number = n + 1
		}
		n = max(n, number)
	}
	return make([]any, n)
}
