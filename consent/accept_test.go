package consent

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"cpagateway/consent/facts"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

func importDecision(t *testing.T, change func(*Request)) Decision {
	t.Helper()
	q := Request{
		Caller: Caller{Client: "source:mhsds", Organisation: "7A4"}, Action: Import, Type: "CarePlan",
		At: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), Source: "7A4", Person: &facts.Person{ID: "ann"},
	}
	if change != nil {
		change(&q)
	}
	return Decide(q)
}

const crisisPlan = `{"resourceType":"CarePlan","id":"c1","status":"active","intent":"plan","subject":{"reference":"Patient/ann"},
	"category":[{"coding":[{"system":"http://snomed.info/sct","code":"736253002"}]}]}`

func resource(t *testing.T, src string) fhir.Value {
	t.Helper()
	v, err := fhir.ParseResource([]byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func change(t *testing.T) Change {
	return Change{Type: "CarePlan", ID: "c1", Person: "ann", Resource: resource(t, crisisPlan), Source: "mhsds"}
}

func TestAccept(t *testing.T) {
	d := importDecision(t, nil)
	if d.Outcome() != Permit || !d.Items().Empty() {
		t.Fatalf("%s of %s: an import discloses nothing", d.Outcome(), d.Items())
	}
	a, err := d.Accept(change(t))
	if err != nil {
		t.Fatal(err)
	}
	if a.Type() != "CarePlan" || a.ID() != "c1" || a.Person() != "ann" || a.Custodian() != "7A4" || a.Source() != "mhsds" || a.Resource().ID() != "c1" {
		t.Errorf("got %+v", a)
	}
	if !a.Label().Need.Has(profiles.PlanCrisis) {
		t.Errorf("labelled %+v", a.Label())
	}
}

func TestAcceptRefuses(t *testing.T) {
	good := importDecision(t, nil)
	read := world(t)
	read.Caller = caller("7A4", "cmht-north", profiles.Treatment)
	for _, c := range []struct {
		name   string
		d      Decision
		change func(*Change)
	}{
		{"no decision", Decision{}, nil},
		{"a permitted read", Decide(read), nil},
		{"another organisation's import", importDecision(t, func(q *Request) { q.Caller.Organisation = "7A1" }), nil},
		{"an import by nobody", importDecision(t, func(q *Request) { q.Caller.Client = "" }), nil},
		{"an import without a custodian", importDecision(t, func(q *Request) { q.Source, q.Caller.Organisation = "", "" }), nil},
		{"another type", good, func(c *Change) { c.Type = "Goal" }},
		{"another id", good, func(c *Change) { c.ID = "c2" }},
		{"no type", good, func(c *Change) { c.Type = "" }},
		{"no resource", good, func(c *Change) { *c = Change{Type: "CarePlan", ID: "c1", Person: "ann", Source: "mhsds"} }},
		{"no source", good, func(c *Change) { c.Source = "" }},
		{"another person", good, func(c *Change) { c.Person = "bryn" }},
		{"nobody's", good, func(c *Change) { c.Person = "" }},
	} {
		x := change(t)
		if c.change != nil {
			c.change(&x)
		}
		a, err := c.d.Accept(x)
		if err != nil && !strings.HasPrefix(err.Error(), "accepting ") || !strings.Contains(fmt.Sprint(err), ": not accepted: ") {
			t.Errorf("%s: %v", c.name, err)
		}
		if !errors.Is(err, ErrNotAccepted) || a != (Accepted{}) {
			t.Errorf("%s: %v", c.name, err)
		}
		if err != nil && (strings.Contains(err.Error(), "c1") || strings.Contains(err.Error(), "ann")) {
			t.Errorf("%s: the error tells of the record: %v", c.name, err)
		}
	}
}

// written is a decision to write Ann's plan, by a system that keeps the records.
func written(action Action, change func(*Request)) Decision {
	q := Request{
		Caller: caller("7A4", "records", profiles.Treatment), Action: action, Type: "CarePlan",
		At: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), Source: "7A4", Person: annsFacts(),
	}
	q.Caller.Person, q.Caller.Custody = "", On
	if change != nil {
		change(&q)
	}
	return Decide(q)
}

func TestAcceptWhatIsWritten(t *testing.T) {
	for _, action := range []Action{Create, Update} {
		for _, custodian := range []profiles.OrgCode{"", "7A4"} {
			x := change(t)
			x.Custodian = custodian
			d := written(action, nil)
			a, err := d.Accept(x)
			if err != nil || !d.Custodial() || a.Custodian() != "7A4" || a.Person() != "ann" || a.Removal() {
				t.Errorf("%d: %+v, %v", action, a, err)
			}
		}
	}
	d := written(Delete, nil)
	if a, err := d.AcceptRemoval(Removal{Type: "CarePlan", ID: "c1", Person: "ann", Source: "client"}); err != nil || !a.Removal() || !d.Custodial() {
		t.Errorf("%+v, %v", a, err)
	}
	narrow := written(Update, func(q *Request) {
		q.Caller.Scopes[0].Type = "CarePlan"
		q.Caller.Scopes[0].Category = profiles.SystemSNOMED + "|" + profiles.CodeCrisisPlan
	})
	if _, err := narrow.Accept(change(t)); err != nil {
		t.Errorf("a plan of the kind that the token reaches: %v", err)
	}
}

// A change is accepted only as what was decided on, of whom and of what.
func TestAcceptRefusesWhatWasNotDecidedOn(t *testing.T) {
	directory := func(q *Request) { q.Type, q.Person = "Practitioner", nil }
	kinds := func(category string) func(*Request) {
		return func(q *Request) { q.Caller.Scopes[0].Type, q.Caller.Scopes[0].Category = "CarePlan", category }
	}
	for _, c := range []struct {
		name   string
		d      Decision
		change func(*Change)
	}{
		{"under a removal", written(Delete, nil), nil},
		{"denied", written(Update, func(q *Request) { q.Caller.Custody = Off }), nil},
		{"of another type", written(Update, func(q *Request) { q.Type = "Goal" }), nil},
		{"of a type of the directory", written(Update, directory), func(c *Change) { c.Person = "" }},
		{"of somebody else", written(Create, nil), func(c *Change) { c.Person = "bryn" }},
		{"of nobody", written(Create, nil), func(c *Change) { c.Person = "" }},
		{"of another custodian", written(Update, nil), func(c *Change) { c.Custodian = "LA9A1" }},
		{"of a kind beyond the token", written(Update, kinds(profiles.SystemSNOMED+"|"+profiles.CodeContingencyPlan)), nil},
		{"from nowhere", written(Update, nil), func(c *Change) { c.Source = "" }},
		{"without a resource", written(Delete, nil), func(c *Change) { c.Resource = fhir.Value{} }},
	} {
		x := change(t)
		if c.change != nil {
			c.change(&x)
		}
		if a, err := c.d.Accept(x); !errors.Is(err, ErrNotAccepted) || a != (Accepted{}) {
			t.Errorf("%s: %+v, %v", c.name, a, err)
		}
	}
	gone := Removal{Type: "CarePlan", ID: "c1", Person: "ann", Source: "client"}
	for name, d := range map[string]Decision{
		"under an update": written(Update, nil), "under a creation": written(Create, nil), "under a read": written(Read, nil),
		"of another type": written(Delete, func(q *Request) { q.Type = "Goal" }), "of somebody else": written(Delete, func(q *Request) { q.Person.ID = "bryn" }),
	} {
		if _, err := d.AcceptRemoval(gone); !errors.Is(err, ErrNotAccepted) {
			t.Errorf("a removal %s: %v", name, err)
		}
	}
	if _, err := importDecision(t, nil).Accept(func() Change { c := change(t); c.Custodian = "LA9A1"; return c }()); !errors.Is(err, ErrNotAccepted) {
		t.Errorf("an import of another custodian's: %v", err)
	}
}

func TestOneImportDecisionForABatch(t *testing.T) {
	d := importDecision(t, func(q *Request) { q.Person = nil })
	if _, err := d.Accept(change(t)); err != nil {
		t.Error(err)
	}
}

func TestAcceptRemoval(t *testing.T) {
	gone := Removal{Type: "CarePlan", ID: "c1", Person: "ann", Source: "mhsds"}
	a, err := importDecision(t, nil).AcceptRemoval(gone)
	if err != nil || !a.Removal() || a.Type() != "CarePlan" || a.ID() != "c1" || a.Person() != "ann" || a.Custodian() != "7A4" || a.Source() != "mhsds" {
		t.Errorf("got %+v, %v", a, err)
	}
	if a, err := importDecision(t, nil).Accept(change(t)); err != nil || a.Removal() {
		t.Errorf("a change is a removal: %v", err)
	}
	for name, r := range map[string]Removal{
		"of no type": {ID: "c1", Person: "ann", Source: "mhsds"}, "of no id": {Type: "CarePlan", Person: "ann", Source: "mhsds"},
		"by nobody": {Type: "CarePlan", ID: "c1", Person: "ann"}, "of another person's": {Type: "CarePlan", ID: "c1", Person: "bryn", Source: "mhsds"},
	} {
		if _, err := importDecision(t, nil).AcceptRemoval(r); !errors.Is(err, ErrNotAccepted) {
			t.Errorf("a removal %s: %v", name, err)
		}
	}
	if _, err := (Decision{}).AcceptRemoval(gone); !errors.Is(err, ErrNotAccepted) {
		t.Errorf("without a decision: %v", err)
	}
}
