package tasks

import (
	"errors"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"cpagateway/consent"
	"cpagateway/gateway/authored"
	"cpagateway/gateway/records"
	"cpagateway/gateway/store"
	"cpagateway/gateway/texts"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// Replaced is a plan that a change takes out of force, or that another one replaces, while
// what others contributed to it is open.
type Replaced struct {
	plan   records.Version // as it was in force
	record fhir.Value
	open   []contribution
}

type contribution struct {
	by   profiles.OrgCode
	part fhir.Value
}

// ended are the statuses of a plan that is in force no more, and done those of an activity
// that nobody has to do any more.
var (
	ended = []string{"completed", "revoked", "entered-in-error"}
	done  = []string{"completed", "cancelled", "stopped", "entered-in-error"}
)

// contributed is the member of a plan that others contribute to.
const contributed = "activity"

// ReplacedBy finds what a change is about to replace, before it is put: the plan that ends
// by it, and plans that it newly says it replaces.
func ReplacedBy(now store.Snapshot, a consent.Accepted) ([]Replaced, error) {
	if a.Type() != records.PlanType {
		return nil, nil
	}
	after := a.Resource() // absent: it is removed
	replaces := slices.Collect(after.All("replaces", "reference"))
	ends := a.Removal() || slices.Contains(ended, after.Get("status").Text())
	if !ends && len(replaces) == 0 {
		return nil, nil
	}
	before, err := current(now, a, a.ID())
	if err != nil {
		return nil, err
	}
	var list []Replaced
	if ends {
		list, err = openIn(now, list, before)
		return list, err
	}
	was, err := before.read()
	if err != nil {
		return nil, err
	}
	for _, ref := range replaces {
		id, isPlan := strings.CutPrefix(ref.Text(), records.PlanType+"/")
		if !isPlan || id == a.ID() || !after.Get("status").Is(records.Active) || was.Get("status").Is(records.Active) && names(was, ref.Text()) {
			continue
		}
		other, err := current(now, a, id)
		if err == nil {
			list, err = openIn(now, list, other)
		}
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}

// names reports whether a plan says that it replaces another.
func names(plan fhir.Value, other string) bool {
	for ref := range plan.All("replaces", "reference") {
		if ref.Is(other) {
			return true
		}
	}
	return false
}

// version is a plan as it is kept, perhaps none.
type version struct{ records.Version }

func (v version) read() (fhir.Value, error) {
	if v.Number == 0 || v.Deleted {
		return fhir.Value{}, nil
	}
	return fhir.ParseResource(v.Body)
}

// current is the plan of an id about the same person, of the same custodian; none where
// there is no such plan.
func current(now store.Snapshot, a consent.Accepted, id string) (version, error) {
	v, err := now.Current(records.PlanType, id)
	if errors.Is(err, records.ErrNothing) || err == nil && (v.Person != a.Person() || v.Custodian != a.Custodian()) {
		return version{}, nil
	}
	return version{v}, err
}

// openIn adds a plan that is in force, where contributions to it are open.
func openIn(now store.Snapshot, list []Replaced, v version) ([]Replaced, error) {
	plan, err := v.read()
	if err != nil || !plan.Get("status").Is(records.Active) {
		return list, err
	}
	history, err := now.History(v.Type, v.ID)
	if err != nil {
		return list, err
	}
	past, r := records.PastOf(history), Replaced{plan: v.Version, record: plan}
	for part := range plan.Get(contributed).Each() {
		if slices.Contains(done, part.Find("detail", "status").Text()) {
			continue
		}
		if by := past.Author(contributed, part); by != "" && by != v.Custodian {
			r.open = append(r.open, contribution{by, part})
		}
	}
	if len(r.open) > 0 {
		list = append(list, r)
	}
	return list, nil
}

// Raise keeps the Task that names the contributions, with the change that replaces the plan,
// once.
func (r Replaced) Raise(tx store.Tx, at time.Time, decision consent.Decision) (authored.Kept, error) {
	t := task{
		id: r.id(), code: profiles.CodeDutyReplaced, about: r.plan, record: r.record,
		said: func(lang language.Tag) string { return texts.TaskReplaced.In(lang) },
	}
	open := excerpt{id: "open", member: contributed}
	for _, c := range r.open {
		open.parts = append(open.parts, c.part)
		t.notes = append(t.notes, note{texts.TaskOpen, c.by, words(r.record, contributed, c.part)})
	}
	t.excerpts = []excerpt{open}
	return t.put(tx, at, decision)
}

// id is the same for the same contributions to the same plan, whatever replaces it.
func (r Replaced) id() string {
	about := []string{profiles.CodeDutyReplaced, r.plan.ID}
	for _, c := range r.open {
		about = append(about, string(c.by), string(c.part.Raw()))
	}
	return authored.ID(about...)
}
