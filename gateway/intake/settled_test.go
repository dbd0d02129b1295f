package intake_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"cpagateway/gateway/intake"
	"cpagateway/gateway/linkage"
	"cpagateway/gateway/persons"
	"cpagateway/gateway/store"
	"cpagateway/profiles"
)

// A number whose records were parted from the person that it once led to went to that
// person with the next record, whoever it was of.
func TestANumberOfPartedRecordsIsNotTheFormerPersons(t *testing.T) {
	d := openDesk(t)
	his := human{id: "b", number: bryn, given: "Bryn", family: "Price", born: "1999-09-09"}
	d.bring(bundles(t, "clinic"), collection(annHerself.String(), his.String(), plan("p", "b")))
	hers, other := d.person(ann), d.person(bryn)
	linker := linkage.Linker{At: d.now, Own: intake.OwnPerson(d.Secret)}
	must(t, d.store.Update(context.Background(), func(tx store.Tx) error {
		if _, err := linker.Join(tx, other, hers, "ticket"); err != nil {
			return err
		}
		patients, err := linkage.Patients(tx, hers)
		if err == nil {
			_, err = linker.Part(tx, patients[0].Version.ID, "ticket")
		}
		return err
	}))
	if d.person(ann) != "" || d.person(bryn) != hers {
		t.Fatal("the number still leads to the person: the test could not fail")
	}
	d.bring(bundles(t, "ward"), collection(strings.Replace(annHerself.String(), `"id":"ann"`, `"id":"w"`, 1), plan("q", "w")))
	if got := d.person(ann); got == hers || got == "" || len(d.kept(bryn, "CarePlan")) != 1 || len(d.kept(ann, "CarePlan")) != 1 {
		t.Errorf("the number leads to %q, beside %q; plans %v and %v", got, hers, d.kept(ann, "CarePlan"), d.kept(bryn, "CarePlan"))
	}
}

// A record that was kept apart from somebody was put together with them, contradiction
// and all, once they had another number.
func TestARecordKeptApartDoesNotFollowAChangedNumber(t *testing.T) {
	d := openDesk(t)
	d.bring(bundles(t, "clinic"), collection(annHerself.String(), plan("p", "ann")))
	d.bring(bundles(t, "ward"), collection(somebody.String(), plan("q", "other")))
	renumbered := annHerself
	renumbered.number = ""
	renumbered.more = fmt.Sprintf(`"identifier":[{"use":"old","system":%q,"value":%q},{"system":%q,"value":%q}]`, profiles.SystemNHSNumber, ann, profiles.SystemNHSNumber, bryn)
	if sum := d.bring(bundles(t, "clinic"), collection(renumbered.String())); sum.Stored != 1 {
		t.Fatalf("%+v", sum)
	}
	list := unresolveds(d)
	if len(d.kept(bryn, "CarePlan")) != 1 || len(list) != 1 || list[0].Apart != d.person(bryn) || !d.about(list[0].Person).Unverified {
		t.Errorf("plans under the new number: %v; in doubt: %+v", d.kept(bryn, "CarePlan"), list)
	}
}

// What came about a Patient after somebody had joined its person to another, in the
// middle of an import, was left with a person who was nobody any more.
func TestAJoinInTheMiddleOfAnImportLosesNothing(t *testing.T) {
	d := openDesk(t)
	his := human{id: "b", number: bryn, given: "Ann", family: "Jones", born: "1980-05-17"}
	d.bring(bundles(t, "ward"), collection(his.String()))
	pieces := []string{annHerself.String()}
	for i := range 90 {
		pieces = append(pieces, plan(fmt.Sprint("p", i), "ann"))
	}
	joined := false
	d.Progress = func(int) {
		if from := d.person(ann); from != "" && !joined {
			joined = true
			must(t, d.store.Update(context.Background(), func(tx store.Tx) error {
				_, err := linkage.Linker{At: d.now, Own: intake.OwnPerson(d.Secret)}.Join(tx, from, d.person(bryn), "ticket")
				return err
			}))
		}
	}
	sum := d.bring(bundles(t, "clinic"), collection(pieces...))
	if n := len(d.kept(ann, "CarePlan")); !joined || sum.Stored != 91 || n != 90 || d.person(ann) != d.person(bryn) {
		t.Errorf("joined %v, %d plans; %+v", joined, n, sum)
	}
}

// A record that says that another's number was its own was opened by a further number,
// and what was refused under the other did not bind it.
func TestARecordThatClaimsAFormerNumberStaysApart(t *testing.T) {
	d := openDesk(t)
	his := human{id: "b", number: bryn, given: "Ann", family: "Jones", born: "1980-05-17"}
	d.bring(bundles(t, "clinic"), collection(his.String()))
	former := func(now string, old ...string) string {
		h := annHerself
		h.number = ""
		identifiers := []string{fmt.Sprintf(`{"system":%q,"value":%q}`, profiles.SystemNHSNumber, now)}
		for _, number := range old {
			identifiers = append(identifiers, fmt.Sprintf(`{"use":"old","system":%q,"value":%q}`, profiles.SystemNHSNumber, number))
		}
		h.more = `"identifier":[` + strings.Join(identifiers, ",") + `]`
		return h.String()
	}
	d.bring(bundles(t, "ward"), collection(former(ann, bryn), plan("p", "ann")))
	d.bring(bundles(t, "ward"), collection(former(carys, ann, bryn)))
	list := unresolveds(d)
	if len(list) != 1 || list[0].Apart != d.person(bryn) || list[0].Doubts[0] != persons.Replaced || d.person(carys) != "" {
		t.Fatalf("with a further number: %+v", list)
	}
	d.bring(bundles(t, "ward"), collection(former(ann)))
	if list := unresolveds(d); len(list) != 0 || len(d.kept(ann, "CarePlan")) != 1 {
		t.Errorf("without the claim: %+v", list)
	}
}
