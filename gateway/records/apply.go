package records

import (
	"bytes"
	"errors"
	"time"

	"cpagateway/consent"
)

var errNotAccepted = errors.New("the change was not accepted by any decision")

// Apply is what becomes of an accepted change, the same in every store: the
// version to keep, where the result says Stored, and the result. before is the
// resource's current version, the zero Version if there is none.
//
// A resource stays with its person and its custodian for ever, deleted or not. An
// error that is not Refused is a change that no decision made.
func Apply(before Version, a consent.Accepted, must Precondition, at time.Time) (Version, Result, error) {
	known, there := before.Number > 0, before.Number > 0 && !before.Deleted
	next := Version{
		Type: a.Type(), ID: a.ID(), Number: before.Number + 1, Person: a.Person(), Custodian: a.Custodian(), Source: a.Source(), Origin: a.Origin(),
		Body: bytes.Clone(a.Resource().Raw()), Stored: at.UTC().Round(0), Label: a.Label(), Deleted: a.Removal(),
	}
	if next.Deleted {
		next.Body, next.Label = []byte{}, before.Label
	}
	switch {
	case a.Type() == "" || a.Custodian() == "":
		return Version{}, Result{}, errNotAccepted
	case known && before.Custodian != a.Custodian():
		return Version{}, Result{}, ErrOtherCustodian
	case known && before.Person != a.Person():
		return Version{}, Result{}, ErrOtherPerson
	case must.asked && !(there && must.number == before.Number || !there && must.number == 0):
		return Version{}, Result{}, ErrChanged
	case before.Deleted == next.Deleted && bytes.Equal(before.Body, next.Body), !there && next.Deleted:
		return before, Result{Number: before.Number}, nil
	}
	return next, Result{Number: next.Number, Stored: true}, nil
}
