package gateway_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"cpagateway/consent"
	"cpagateway/consent/disclosure"
	"cpagateway/gateway/records"
	"cpagateway/gateway/store"
	"cpagateway/profiles"
)

// failingTx fails at one of the steps that a change takes in its transaction: each call of
// the road counts as one.
type failingTx struct {
	store.Tx
	steps []string
	at    int
	fails string // what failed
	with  error  // how; nil: as a store does that takes too long
}

// step fails at one step: nothing else than a store that takes too long is answered by 504.
func (f *failingTx) step(name string) error {
	f.steps = append(f.steps, name)
	if len(f.steps) != f.at {
		return nil
	}
	f.fails = name
	return cmp.Or(f.with, context.DeadlineExceeded)
}

func (f *failingTx) Person(system, value string) (profiles.PersonID, error) {
	if err := f.step("Person"); err != nil {
		return "", err
	}
	return f.Tx.Person(system, value)
}

func (f *failingTx) PersonOf(typ, id string) (profiles.PersonID, error) {
	if err := f.step("PersonOf"); err != nil {
		return "", err
	}
	return f.Tx.PersonOf(typ, id)
}

func (f *failingTx) CustodianOf(typ, id string) (profiles.OrgCode, error) {
	if err := f.step("CustodianOf"); err != nil {
		return "", err
	}
	return f.Tx.CustodianOf(typ, id)
}

func (f *failingTx) Holdings(person profiles.PersonID) (records.Holdings, error) {
	if err := f.step("Holdings"); err != nil {
		return records.Holdings{}, err
	}
	return f.Tx.Holdings(person)
}

func (f *failingTx) Held(person profiles.PersonID, typ string) ([]records.Version, error) {
	if err := f.step("Held"); err != nil {
		return nil, err
	}
	return f.Tx.Held(person, typ)
}

func (f *failingTx) Read(scopes []records.Scope, id string) (records.Visible, error) {
	if err := f.step("Read"); err != nil {
		return records.Visible{}, err
	}
	return f.Tx.Read(scopes, id)
}

func (f *failingTx) ReadVersion(scopes []records.Scope, id string, number uint64) (records.Visible, error) {
	if err := f.step("ReadVersion"); err != nil {
		return records.Visible{}, err
	}
	return f.Tx.ReadVersion(scopes, id, number)
}

func (f *failingTx) Find(scopes []records.Scope, q records.Query) (records.Page, error) {
	if err := f.step("Find"); err != nil {
		return records.Page{}, err
	}
	return f.Tx.Find(scopes, q)
}

func (f *failingTx) Targets(custodian profiles.OrgCode, refs []string) (map[string]disclosure.Target, error) {
	if err := f.step("Targets"); err != nil {
		return nil, err
	}
	return f.Tx.Targets(custodian, refs)
}

func (f *failingTx) Current(typ, id string) (records.Version, error) {
	if err := f.step("Current"); err != nil {
		return records.Version{}, err
	}
	return f.Tx.Current(typ, id)
}

func (f *failingTx) History(typ, id string) ([]records.Version, error) {
	if err := f.step("History"); err != nil {
		return nil, err
	}
	return f.Tx.History(typ, id)
}

func (f *failingTx) Image(typ, id, source string) ([]byte, error) {
	if err := f.step("Image"); err != nil {
		return nil, err
	}
	return f.Tx.Image(typ, id, source)
}

func (f *failingTx) KeepImage(typ, id, source string, body []byte) error {
	if err := f.step("KeepImage"); err != nil {
		return err
	}
	return f.Tx.KeepImage(typ, id, source, body)
}

func (f *failingTx) Edited(typ, id string, edit records.Edit) (bool, error) {
	if err := f.step("Edited"); err != nil {
		return false, err
	}
	return f.Tx.Edited(typ, id, edit)
}

func (f *failingTx) KeepEdit(typ, id string, edit records.Edit) error {
	if err := f.step("KeepEdit"); err != nil {
		return err
	}
	return f.Tx.KeepEdit(typ, id, edit)
}

func (f *failingTx) Put(at time.Time, a consent.Accepted, must records.Precondition) (records.Result, error) {
	if err := f.step("Put"); err != nil {
		return records.Result{}, err
	}
	return f.Tx.Put(at, a, must)
}

// sending is a request to change something, as a test sends it.
type sending struct {
	as, method, path, body string
	headers                []string
}

// everyWrite is a request of each kind that takes all the steps of its kind, as the stand
// is now.
func (s *stand) everyWrite() map[string]sending {
	s.t.Helper()
	path, _ := s.councilPlan()
	old, own := s.get("cmht", path), s.ownChange(path)
	mine, team := s.get("social-care", path), s.get("cmht", path)
	patient := "Patient/" + s.get("cmht", "/Patient?identifier="+profiles.SystemNHSNumber+"|"+ann).ids(s.t)[0]
	goal := `{"resourceType":"Goal","lifecycleStatus":"active","description":{"text":"Sleep"},"subject":` + numbered(ann) + `}`
	const name = "urn:uuid:2d0f5a4e-6c1b-4b57-9a3e-8f5d1c7e4b61"
	byCondition := s.send("keeper", http.MethodPut, ofKey+"kept", keyed("kept", "First"))
	if byCondition.status != http.StatusCreated {
		s.t.Fatalf("%d %s", byCondition.status, byCondition.body)
	}
	if got := s.send("cmht", http.MethodPut, "/CarePlan/"+byCondition.id(s.t), withActivity(s.t, s.get("cmht", "/CarePlan/"+byCondition.id(s.t)).body, "social", "Choir")); got.status != http.StatusOK {
		s.t.Fatalf("%d %s", got.status, got.body)
	}
	return map[string]sending{
		"create":              {"cmht", http.MethodPost, "/CarePlan", crisisPlanOf(`{"reference":"`+patient+`"}`, ""), nil},
		"conditional create":  {"keeper", http.MethodPost, "/CarePlan", keyed("new", "New"), []string{"If-None-Exist", "identifier=urn:x|new&patient=" + patient}},
		"what is there":       {"keeper", http.MethodPost, "/CarePlan", keyed("kept", "Again"), []string{"If-None-Exist", "identifier=urn:x|kept"}},
		"update":              {"social-care", http.MethodPut, path, withActivity(s.t, mine.body, "work", "A job"), nil},
		"change of one's own": own,
		"merge":               {"cmht", http.MethodPut, path, withActivity(s.t, old.body, "social", "A choir"), []string{"Prefer", "merge"}},
		"patch":               {"cmht", http.MethodPatch, path, `[{"op":"replace","path":"/title","value":"Renamed"}]`, []string{"If-Match", team.header.Get("ETag")}},
		"conditional update":  {"keeper", http.MethodPut, ofKey + "kept", keyed("kept", "Second"), nil},
		"made by condition":   {"keeper", http.MethodPut, ofKey + "newer", keyed("newer", "New"), nil},
		"delete":              {"cmht", http.MethodDelete, path, "", nil},
		"transaction": {"cmht", http.MethodPost, "", bundleFor("transaction", `{"fullUrl":"`+name+`",`+entryOf("POST", "Goal", goal, "")[1:],
			entryOf("POST", "CarePlan", crisisPlanOf(numbered(ann), `,"goal":[{"reference":"`+name+`"}]`), ""), entryOf("GET", path[1:], "", ""),
			entryOf("DELETE", "Goal/"+s.get("cmht", "/Goal?"+about(ann)).ids(s.t)[0], "", "")), nil},
	}
}

// ownChange is the council's change of what it wrote itself: who wrote it is looked for in
// the history.
func (s *stand) ownChange(path string) sending {
	s.t.Helper()
	got := s.send("social-care", http.MethodPut, path, withActivity(s.t, s.get("social-care", path).body, "accommodation", "A flat"))
	return sending{"social-care", http.MethodPut, path, edited(s.t, got.body, `"A flat"`, `"A house"`), nil}
}

// TestAnEditTakesItsStepsAndNoOthers: an edit read the plan three times before it was stored, made
// a copy with its narrative to know the version, and asked four times what the plan refers to. It
// looks at the plan once, and where the caller edited an older version, at that; what comes of it
// is compared with what was meant before it is stored, and read for the answer.
func TestAnEditTakesItsStepsAndNoOthers(t *testing.T) {
	for _, c := range []struct{ kind, want string }{
		{"change of one's own", "CustodianOf PersonOf Holdings Read Targets Edited History Targets Current Put KeepEdit Read Find Targets"},
		{"merge", "CustodianOf PersonOf Holdings Read Targets Edited ReadVersion Targets Targets Current Put KeepEdit Read Find Targets"},
	} {
		s := openStandUsing(t, keeping)
		x, taken := s.everyWrite()[c.kind], &failingTx{}
		s.writes.through(func(tx store.Tx) store.Tx { taken.Tx = tx; return taken })
		a := s.send(x.as, x.method, x.path, x.body, x.headers...)
		s.writes.through(nil)
		if got := strings.Join(taken.steps, " "); got != c.want || a.status >= http.StatusBadRequest {
			t.Errorf("%s: %d\n got %s\nwant %s", c.kind, a.status, got, c.want)
		}
	}
}

// A store that fails at any step of a change ends it there: it is told as what it is,
// nothing is stored, and nothing of the record is in the answer.
func TestAStoreThatFailsInAChange(t *testing.T) {
	failed := map[string]bool{}
	for kind := range openStandUsing(t, keeping).everyWrite() {
		t.Run(kind, func(t *testing.T) {
			s := openStandUsing(t, keeping)
			x, before := s.everyWrite()[kind], s.everything()
			for at := 1; ; at++ {
				failing := &failingTx{at: at}
				s.writes.through(func(tx store.Tx) store.Tx { failing.Tx = tx; return failing })
				request := fmt.Sprintf("%s%08x", requestName[:28], at)
				got := s.send(x.as, x.method, x.path, x.body, append([]string{"X-Request-Id", request}, x.headers...)...)
				s.writes.through(nil)
				if failing.fails == "" {
					if got.status >= http.StatusBadRequest {
						t.Errorf("it is not done when nothing fails: %d %s", got.status, got.body)
					}
					return
				}
				failed[failing.fails] = true
				if got.status != http.StatusGatewayTimeout || strings.Contains(got.body, "CarePlan") || got.header.Get("ETag") != "" {
					t.Errorf("step %d (%s) failed: %d %.300s", at, failing.fails, got.status, got.body)
				}
				if !maps.Equal(before, s.everything()) {
					t.Fatalf("step %d (%s) failed, and something was changed", at, failing.fails)
				}
				if rows := s.recorded(request); len(rows) == 0 || disclosures(rows) > 0 {
					t.Errorf("step %d (%s) failed: recorded as %+v", at, failing.fails, rows)
				}
			}
		})
	}
	for _, step := range []string{"Person", "PersonOf", "CustodianOf", "Holdings", "Held", "Read", "ReadVersion", "Find", "Targets", "Current", "History", "Image", "KeepImage", "Edited", "KeepEdit", "Put"} {
		if !failed[step] {
			t.Errorf("no change takes the step %s: the test looks at nothing", step)
		}
	}
}
