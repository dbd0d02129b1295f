// Package recordstest is the conformance suite of records.Snapshot and records.Tx: what every
// store must do, and the decisions and resources to ask it with. The decisions
// are real ones, made by consent.Decide from an agreement and a directive. It is
// imported by tests only.
package recordstest

import (
	"testing"
)

// Run holds a store to its contract. open makes an empty one for a subtest and
// closes it at the subtest's end.
func Run(t *testing.T, open func(t *testing.T) Store) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, store Store)
	}{
		{"what is put comes back byte for byte", bytesSurvive},
		{"the same bytes again are the same version", sameBytes},
		{"every version is kept", everyVersion},
		{"what a source said is kept until it says something else", images},
		{"as of when a source sent something is kept", sendings},
		{"an edit that was made is known", edits},
		{"one batch may change a resource twice", twiceInABatch},
		{"changes are put together, or none of them", together},
		{"a change is made only where its precondition holds", preconditions},
		{"another custodian's record is refused and the rest is stored", otherCustodian},
		{"several custodians hold records about one person", severalCustodians},
		{"a record never moves to another person", otherPerson},
		{"a change that nothing accepted fails the batch whole", notAccepted},
		{"an ended context stores nothing", endedContext},
		{"a change moves the generation of the person, to a number that never comes back", generations},
		{"a change of identifiers moves whoever has them", namesakes},
		{"a deleted resource is gone, and its history stays", removal},
		{"what the caller does to its buffers later changes nothing", ownCopy},

		{"a refusal finds nothing", refusalFindsNothing},
		{"a decision finds its own person and custodian only", ownPersonOnly},
		{"a query takes any number of scopes", manyScopes},
		{"a label is met by all that it needs and one of any", labels},
		{"a record about nobody is found only if it is of staff", aboutNobody},
		{"number and time are those of the last change that may be seen", seenVersion},
		{"versions reach behind any number that may not be seen", longHistory},
		{"a version is read where it and the resource may be seen", hiddenVersion},
		{"a label that falls away is a change in everything", labelFallsAway},
		{"a change of a reference is one to whoever may follow it today", followed},

		{"an identifier leads to exactly one person", person},
		{"an identifier has one form", identifierForms},
		{"holdings are the facts that custodians hold, ready to decide", holdings},
		{"holdings hold what facts lead to, within the custodian", directory},
		{"facts and generation belong together while others write", holdingsWhileWriting},
		{"targets tell person and label", targets},

		{"a page never counts what is hidden", hiddenIsNotCounted},
		{"an element that may not be seen finds nothing", hiddenElement},
		{"_lastUpdated is the time that the caller sees", lastUpdated},
		{"an end in the year 9999 comes after today", endOfTime},
		{"what something is found by may be any text", anyText},
		{"a position of another search is refused", stalePosition},
		{"searches and reads mean what profiles says", worldsAgree},
		{"a walk gives everything once while others write", walkWhileWriting},
		{"readers and a writer get along", readersAndWriter},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}
