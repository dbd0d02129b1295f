package linkage_test

import (
	"fmt"
	"strings"
	"testing"

	"cpagateway/gateway/linkage"
	"cpagateway/gateway/persons"
	"cpagateway/gateway/store"
	"cpagateway/profiles"
)

// TestRankMixesNobodyUp: whoever makes way, those with another number stay as they are,
// nobody comes to lie with whom they contradict, and no number leads to two.
func TestRankMixesNobodyUp(t *testing.T) {
	both := fmt.Sprintf(`,"identifier":[{"system":%q,"value":%q},{"system":%q,"value":%q}]`, profiles.SystemNHSNumber, one, profiles.SystemNHSNumber, two)
	other := strings.NewReplacer("1980-05-17", "1999-09-09", "Jones", "Price", "Ann", "Bryn")
	for name, c := range map[string]struct {
		bring func(d desk)
		apart profiles.PersonID
		want  []string // where it is due
	}{
		"with the only one": {func(d desk) {
			d.bring(board, "own-7A4-a", patient("a", "", both))
			d.bring(board, "p2", other.Replace(patient("b", one, "")), plan("pb", "b"))
		}, "own-7A4-a", []string{"p2 {Person:p2 Custodian: Source: Patient: Apart: ", "Patient/b CarePlan/pb 7A4=false", "Patient:a Apart:p2 Doubts:[IDENTITY-CONFLICT]", "Patient/a 7A4=true", one + " -> p2 <nil>", two + " ->  "}},
		"with one of two, who have a plan": {func(d desk) {
			d.bring(board, "p1", patient("a", "", both))
			d.bring(council, "p1", patient("c", two, ""), plan("pc", "c"))
			d.bring(board, "p2", other.Replace(patient("b", one, "")), plan("pb", "b"))
		}, "p1", nil},
		"with one of two, who has no plan": {func(d desk) {
			d.bring(board, "p1", patient("a", "", both))
			d.bring(council, "p1", patient("c", two, ""))
			d.bring(board, "p2", other.Replace(patient("b", one, "")), plan("pb", "b"))
			d.bring(board, "p3", patient("e", one, ""))
			d.stand(persons.Standing{Person: "p3", Patient: "e", Apart: "p1", Doubts: []persons.Doubt{persons.Traced}, Since: start})
		}, "p1", []string{"p2 {Person:p2 Custodian: Source: Patient: Apart: ", "Patient/b CarePlan/pb 7A4=false", "p1 {Person:p1 Custodian: Source: Patient: Apart: Doubts:[] Confirmed:[] Since:0001-01-01 00:00:00 +0000 UTC}: Patient/c LA9A1=false",
			"Patient:a Apart:p2 Doubts:[IDENTITY-CONFLICT]", "Patient:e Apart:p2 ", one + " -> p2 <nil>", two + " -> p1 <nil>"}},
		"with somebody, by a number and another that a third has": {func(d desk) {
			d.bring(board, "p1", patient("a", one, ""))
			d.bring(board, "p3", patient("c", two, ""))
			d.bring(board, "p2", other.Replace(patient("b", "", both)), plan("pb", "b"))
		}, "p1", nil},
	} {
		t.Run(name, func(t *testing.T) {
			d := openDesk(t)
			c.bring(d)
			d.stand(persons.Standing{Person: "p2", Patient: "b", Apart: c.apart, Doubts: []persons.Doubt{persons.Contradicts}, Since: start})
			before := d.picture()
			if due := d.outranks("p2"); due != (c.want != nil) {
				t.Errorf("due: %v", due)
			}
			must(t, d.do(func(l linkage.Linker, tx store.Tx) error {
				_, err := l.Rank(tx, "p2")
				return err
			}))
			after := d.picture()
			for _, want := range c.want {
				if !strings.Contains(after, want) {
					t.Errorf("no %q in\n%s", want, after)
				}
			}
			if c.want == nil && after != before {
				t.Errorf("it was not due, and made\n%s\nof\n%s", after, before)
			}
			d.nobodyHides([]profiles.PersonID{"p1", "p2", "p3", "own-7A4-a"})
		})
	}
}
