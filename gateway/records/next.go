package records

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cpagateway/consent"
	"cpagateway/consent/disclosure"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

var errNotAccepted = errors.New("the change was not accepted by any decision")

// Next is what becomes of an accepted change, the same in every store: the
// version to keep, where the result says Stored, and the result.
//
// before is the resource's current version, the zero Version if there is none.
// holder is who holds the record of the person it is about, empty if nothing
// about that person is kept yet. A person's record has one custodian, because
// agreements are decided for that custodian: nothing that another organisation
// answers for may lie in it. So a change is refused with ErrOtherCustodian not
// only for a resource of another custodian but for a new one in another's record.
//
// An error that is not Refused is a change that no decision made, or stored
// bytes that cannot be read.
func Next(before Version, holder profiles.OrgCode, a consent.Accepted, must Precondition, at time.Time) (Version, Result, error) {
	body := a.Resource().Raw()
	known := before.Number > 0
	switch {
	case a.Type() == "" || a.Custodian() == "":
		return Version{}, Result{}, errNotAccepted
	case known && before.Custodian != a.Custodian(), holder != "" && holder != a.Custodian():
		return Version{}, Result{}, ErrOtherCustodian
	case known && before.Person != a.Person():
		return Version{}, Result{}, ErrOtherPerson
	case must.asked && must.number != before.Number:
		return Version{}, Result{}, ErrChanged
	case known && bytes.Equal(before.Body, body):
		return before, Result{Number: before.Number}, nil
	}
	changed, err := changedItems(before, a)
	if err != nil {
		return Version{}, Result{}, err
	}
	next := before.Number + 1
	return Version{
		Type:      a.Type(),
		ID:        a.ID(),
		Number:    next,
		Person:    a.Person(),
		Custodian: a.Custodian(),
		Source:    a.Source(),
		Body:      bytes.Clone(body),
		Stored:    at.UTC().Round(0),
		Label:     a.Label(),
		Changed:   changed,
	}, Result{Number: next, Stored: true}, nil
}

func changedItems(before Version, a consent.Accepted) (profiles.ItemSet, error) {
	if before.Number == 0 {
		return Changed(fhir.Value{}, a.Resource(), a.Person()), nil
	}
	old, err := fhir.ParseResource(before.Body)
	if err != nil {
		return profiles.ItemSet{}, fmt.Errorf("reading version %d of a %s to compare: %w", before.Number, before.Type, err)
	}
	return Changed(old, a.Resource(), a.Person()), nil
}

// Changed is one item for each label under which a version differs from the one
// before it: one beside the resource's own label where it has any, since nobody
// can see the part without it. A reference counts as if everybody could follow it.
func Changed(before, after fhir.Value, person profiles.PersonID) profiles.ItemSet {
	targets := make(map[string]disclosure.Target)
	for _, r := range []fhir.Value{before, after} {
		for ref := range fhir.References(r) {
			target := disclosure.Target{Person: person, Label: profiles.Label{Any: profiles.AllItems}}
			if typ, _, _ := strings.Cut(ref.Text(), "/"); profiles.DirectoryType(typ) {
				target.Person = ""
			}
			targets[ref.Text()] = target
		}
	}
	var changed profiles.ItemSet
	whole := profiles.Items(after)
	for _, label := range disclosure.Changes(before, after, person, targets) {
		part := label.Need.Minus(whole.Need)
		if restricted := part.Intersect(profiles.Restricted); !restricted.Empty() {
			part = restricted
		}
		switch {
		case label.Covers(whole):
			changed = changed.Union(whole.Items())
		case part.Empty():
			changed = changed.Union(label.Any)
		default:
			changed = changed.Union(profiles.SetOf(slices.Collect(part.All())[0]))
		}
	}
	return changed
}

// SortFacts puts the facts of a dossier in one order: by type, then by id.
func SortFacts(facts []Version) {
	slices.SortFunc(facts, func(a, b Version) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.ID, b.ID))
	})
}
