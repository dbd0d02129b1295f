package linkage_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"cpagateway/gateway/linkage"
	"cpagateway/gateway/matching"
	"cpagateway/gateway/records/recordstest"
	"cpagateway/gateway/store"
	"cpagateway/profiles"
)

func (d desk) inquire(person profiles.PersonID) (q linkage.Inquiry, err error) {
	err = d.store.View(d.t.Context(), func(now store.Snapshot) error {
		var err error
		q, err = linkage.Inquire(now, person)
		return err
	})
	return q, err
}

// TestInquiryNamesWhoeverMayBeTheSame: by a number, a superseded number, a link, and by
// being kept apart, from either side.
func TestInquiryNamesWhoeverMayBeTheSame(t *testing.T) {
	d := twoRecords(t)
	d.bring(council, "own-LA9A1-b", patient("n", "", fmt.Sprintf(`,"identifier":[{"use":"old","system":%q,"value":%q}],"link":[{"type":"seealso","other":{"reference":"Patient/c"}}]`, profiles.SystemNHSNumber, two)))
	for person, want := range map[profiles.PersonID][]profiles.PersonID{
		"p1": {"p3"}, "p2": nil, "p3": {"p1"}, "own-LA9A1-b": {"p2", "p3"},
	} {
		q, err := d.inquire(person)
		must(t, err)
		var got []profiles.PersonID
		for _, n := range q.Beside {
			got = append(got, n.Person)
			if n.Verdict != matching.Agree || !slices.Equal(n.Reasons, []matching.Reason{matching.SameBirthDate, matching.SharedName}) {
				t.Errorf("%s beside %s: %v %v", person, n.Person, n.Verdict, n.Reasons)
			}
		}
		if !slices.Equal(got, want) || len(q.Patients) != 1 || q.Standing.Person != person {
			t.Errorf("%s: beside %v, want %v; %+v", person, got, want, q.Standing)
		}
	}
	recordstest.Put(t, d.store, start, recordstest.Remove(t, board, "p1", "CarePlan", "pa"))
	if q, err := d.inquire("p1"); err != nil || len(q.Held) != 1 {
		t.Errorf("%d are kept, %v", len(q.Held), err)
	}
	recordstest.Put(t, d.store, start, recordstest.Remove(t, board, "p1", "Patient", "a"))
	for _, nobody := range []profiles.PersonID{"p1", "nobody", ""} {
		if _, err := d.inquire(nobody); !errors.Is(err, linkage.ErrNobody) {
			t.Errorf("%q: %v", nobody, err)
		}
	}
	q, err := d.inquire("p3")
	must(t, err)
	if len(q.Beside) != 1 || q.Beside[0].Verdict != matching.Conflict || len(q.Beside[0].Reasons) != 0 {
		t.Errorf("beside nobody's Patient: %+v", q.Beside)
	}
}
