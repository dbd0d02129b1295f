package intake_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"cpagateway/gateway/intake"
	"cpagateway/gateway/persons"
	"cpagateway/gateway/quarantine"
	"cpagateway/gateway/store"
	"cpagateway/profiles"
)

// mixed is an extract with one record of every fate.
func mixed() fstest.MapFS {
	return collection(
		patient("a", ann), plan("p1", "a"),
		patient("bad", "9990000019"), // fails its check digit
		patient("short", "99900000"), // not ten digits
		patient("foreign", bryn),     // of whom another custodian holds a record, see below
		plan("p2", "unknown"),        // about nobody known
		`{"resourceType":"CarePlan","id":"p3","status":"lively","intent":"plan","subject":{"reference":"Patient/a"}}`,                   // no such status
		`{"resourceType":"Goal","id":"g1","lifecycleStatus":"active","description":{"text":"x"},"subject":{"reference":"Patient/bad"}}`, // of somebody refused
	)
}

// openMixed brings in somebody whom another organisation holds.
func openMixed(t *testing.T) *desk {
	d := openDesk(t)
	elsewhere := bundles(t, "elsewhere")
	elsewhere.Custodian = "LA9A1"
	d.bring(elsewhere, collection(patient("b", bryn)))
	return d
}

func TestAMixedExtractAddsUp(t *testing.T) {
	d := openMixed(t)
	sum := d.bring(bundles(t, "clinic"), mixed())
	if sum.Read != 8 || sum.Stored != 3 || sum.Quarantined != 5 || sum.NewFaults != 5 || sum.Resources != 3 {
		t.Errorf("%+v", sum)
	}
	want := map[string]int{"NHS-NUMBER": 2, "FHIR-CHECK": 1, "UNKNOWN-PERSON": 2}
	faults := d.faults()
	for rule, n := range want {
		if len(faults[rule]) != n {
			t.Errorf("%s: %d set aside, want %d", rule, len(faults[rule]), n)
		}
	}
	if len(faults) != len(want) {
		t.Errorf("rules %v", slices.Sorted(maps.Keys(faults)))
	}
	for _, list := range faults {
		for _, f := range list {
			if f.Source != "clinic" || f.File != "bundle.json" || f.Row == 0 || len(f.Raw) == 0 || f.Reason == "" {
				t.Errorf("a fault that does not say enough: %+v", f)
			}
			if strings.Contains(f.Reason, "99900") {
				t.Errorf("%s: the reason holds the number", f.Rule)
			}
		}
	}
	if got := d.kept(ann, "CarePlan"); len(got) != 1 {
		t.Errorf("Ann has %d plans, want 1", len(got))
	}
}

func TestASecondRunStoresNothing(t *testing.T) {
	d := openMixed(t)
	first := d.bring(bundles(t, "clinic"), mixed())
	before := d.faults()
	second := d.bring(bundles(t, "clinic"), mixed())
	if second.Stored != 0 || second.Resources != 0 || second.Unchanged != first.Stored || second.Quarantined != first.Quarantined || second.NewFaults != 0 {
		t.Errorf("first %+v\nsecond %+v", first, second)
	}
	for rule, list := range d.faults() {
		if len(list) != len(before[rule]) {
			t.Errorf("%s: %d faults after the rerun, %d before", rule, len(list), len(before[rule]))
		}
	}
}

func TestFaultsAreKnownAgainAndToldApart(t *testing.T) {
	d := openDesk(t)
	nameless := `{"resourceType":"Patient","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"1"}],"id":"x"}`
	lines := fstest.MapFS{"a.ndjson": {Data: []byte("{broken\n{broken\n{broken\n" + nameless)}}
	d.bring(bundles(t, "clinic"), lines)
	ids := map[string]bool{}
	for _, list := range d.faults() {
		for _, f := range list {
			ids[f.ID] = true
		}
	}
	if len(ids) != 4 {
		t.Fatalf("%d faults, want 4 of their own", len(ids))
	}
	moved := fstest.MapFS{"a.ndjson": {Data: []byte(nameless + "\n{broken\n{broken\n{broken")}}
	if sum := d.bring(bundles(t, "clinic"), moved); sum.NewFaults != 0 || sum.Quarantined != 4 {
		t.Errorf("the same records in other rows: %+v", sum)
	}
	if sum := d.bring(bundles(t, "another"), lines); sum.NewFaults != 4 {
		t.Errorf("another source's faults are its own: %+v", sum)
	}
}

func TestAMendedRecordIsTakenAndAnUnmendedOneStaysAside(t *testing.T) {
	d := openDesk(t)
	source := bundles(t, "clinic")
	d.bring(source, collection(patient("bad", "9990000019")))
	fault := d.faults()["NHS-NUMBER"][0]
	sum, err := d.Again(context.Background(), source, fault, fault.Raw)
	if err != nil || sum.Stored != 0 || sum.Quarantined != 1 || len(sum.SetAside) != 1 || sum.SetAside[0].Rule != "NHS-NUMBER" {
		t.Errorf("unmended: %+v, %v", sum, err)
	}
	if n := len(d.faults()["NHS-NUMBER"]); n != 1 || len(d.faults()) != 1 {
		t.Errorf("%d faults after feeding an unmended record in again", n)
	}
	mended := bytes.Replace(fault.Raw, []byte("9990000019"), []byte(ann), 1)
	sum, err = d.Again(context.Background(), source, fault, mended)
	if err != nil || sum.Stored != 1 || sum.Quarantined != 0 || len(sum.SetAside) != 0 {
		t.Errorf("mended: %+v, %v", sum, err)
	}
	if d.person(ann) == "" {
		t.Error("the mended record is not there")
	}
	if sum, err = d.Again(context.Background(), source, fault, mended); err != nil || sum.Unchanged != 1 || sum.Stored != 0 {
		t.Errorf("mended, twice: %+v, %v", sum, err)
	}
}

// An extract may be of a part: what is no longer in it stays as it was stored.
func TestWhatIsNoLongerInAnExtractStays(t *testing.T) {
	d := openDesk(t)
	d.bring(board(t), peopleRows(annsRow(ann)))
	d.bring(board(t), crisisRows("6,1,2026-07-01,2027-06-30,Y", "7,1,2026-07-01,2027-06-30,Y"))
	before := d.kept(ann, "CarePlan")
	if sum := d.bring(board(t), crisisRows("7,1,2026-07-01,2027-06-30,Y")); sum.Unchanged != 1 || sum.Stored > 0 {
		t.Errorf("%+v", sum)
	}
	if after := d.kept(ann, "CarePlan"); len(before) != 2 || !slices.Equal(before, after) {
		t.Errorf("%d plans before, %d after", len(before), len(after))
	}
}

func TestACheckDigitIsRefusedOrReported(t *testing.T) {
	extract := collection(patient("bad", "9990000019"), plan("p", "bad"))
	refusing := openDesk(t)
	if sum := refusing.bring(bundles(t, "clinic"), extract); sum.Stored != 0 || sum.Quarantined != 2 {
		t.Errorf("refuse: %+v", sum)
	}
	reporting := openDesk(t)
	source := bundles(t, "clinic")
	source.NHSNumbers = intake.Report
	if sum := reporting.bring(source, extract); sum.Stored != 2 || sum.Quarantined != 0 || sum.Warnings["NHS-NUMBER"] != 1 {
		t.Errorf("report: %+v", sum)
	}
	if sum := reporting.bring(source, collection(patient("short", "99900000"))); sum.Quarantined != 1 {
		t.Errorf("what is not ten digits is refused always: %+v", sum)
	}
}

func TestTwoSourcesKnowOnePersonByTheNumber(t *testing.T) {
	d := openDesk(t)
	d.bring(bundles(t, "clinic"), collection(patient("a", ann), plan("p1", "a")))
	d.bring(bundles(t, "ward"), collection(patient("777", "999 000-0018"), plan("p1", "777")))
	if plans := d.kept(ann, "CarePlan"); len(plans) != 2 {
		t.Errorf("%d plans of one person in two sources, want 2 with ids of their own", len(plans))
	}
	if patients := d.kept(ann, "Patient"); len(patients) != 2 {
		t.Errorf("%d Patients", len(patients))
	}
}

func TestAPatientWithoutANumberIsAPersonOfThatSource(t *testing.T) {
	d := openDesk(t)
	anonymous := `{"resourceType":"Patient","id":"a","name":[{"family":"Test"}]}`
	for _, name := range []string{"clinic", "ward"} {
		if sum := d.bring(bundles(t, name), collection(anonymous, plan("p", "a"))); sum.Stored != 2 {
			t.Errorf("%s: %+v", name, sum)
		}
	}
	if d.person("") != "" {
		t.Error("an empty number finds somebody")
	}
}

// What was new in the extract of a Patient whose NHS number had changed was
// stored as the record of the number's other owner.
func TestWhatComesWithAChangedNumberIsNobodyElses(t *testing.T) {
	d := openDesk(t)
	source := bundles(t, "clinic")
	d.bring(source, collection(patient("a", ann), plan("p1", "a"), patient("b", bryn)))
	sum := d.bring(source, collection(patient("a", bryn), plan("p1", "a"), plan("p2", "a")))
	if sum.Stored != 0 || sum.Quarantined != 3 {
		t.Errorf("%+v", sum)
	}
	if n := len(d.faults()["IDENTITY-UNRESOLVED"]); n == 0 {
		t.Error("nothing is set aside as unresolved")
	}
	if plans := d.kept(bryn, "CarePlan"); len(plans) != 0 {
		t.Errorf("Bryn has %d plans of Ann's", len(plans))
	}
	if plans := d.kept(ann, "CarePlan"); len(plans) != 1 {
		t.Errorf("Ann has %d plans, want the one she had", len(plans))
	}
	later := d.bring(source, collection(plan("p2", "a")))
	if later.Stored != 1 || len(d.kept(ann, "CarePlan")) != 2 {
		t.Errorf("a plan that comes without the Patient is still Ann's: %+v", later)
	}
}

// A number that appears where there was none moves no record to another person.
func TestANumberThatAppearsIsUnresolvedToo(t *testing.T) {
	d := openDesk(t)
	source := bundles(t, "clinic")
	d.bring(source, collection(`{"resourceType":"Patient","id":"a","name":[{"family":"Test"}]}`, plan("p1", "a"), patient("b", bryn)))
	d.bring(source, collection(patient("a", bryn), plan("p2", "a")))
	if plans := d.kept(bryn, "CarePlan"); len(plans) != 0 {
		t.Errorf("Bryn has %d plans of somebody else", len(plans))
	}
}

func TestEveryBatchIsRecorded(t *testing.T) {
	d := openMixed(t)
	d.bring(bundles(t, "clinic"), mixed())
	imports := 0
	must(t, d.store.View(context.Background(), func(now store.Snapshot) error {
		rows, err := now.Chain(1, 1, 100)
		for _, row := range rows {
			if bytes.Contains(row.Body, []byte(`"kind":"import"`)) {
				imports++
			}
			if bytes.Contains(row.Body, []byte("99900")) {
				t.Error("the log holds an NHS number")
			}
		}
		return err
	}))
	if imports != 4 {
		t.Errorf("%d entries, want two batches and the close of two runs", imports)
	}
}

// brittleStore fails where a test says.
type brittleStore struct {
	store.Store
	aside, personOf, standing error
	listed                    int // how often the list of what waits was asked, and taken off
}

func (b *brittleStore) View(ctx context.Context, read func(store.Snapshot) error) error {
	return b.Store.View(ctx, func(now store.Snapshot) error { return read(brittleSnapshot{now, b}) })
}

func (b *brittleStore) Update(ctx context.Context, change func(store.Tx) error) error {
	return b.Store.Update(ctx, func(tx store.Tx) error { return change(brittleTx{tx, b}) })
}

type brittleSnapshot struct {
	store.Snapshot
	b *brittleStore
}

func (s brittleSnapshot) PersonOf(typ, id string) (profiles.PersonID, error) {
	if s.b.personOf != nil {
		return "", s.b.personOf
	}
	return s.Snapshot.PersonOf(typ, id)
}

func (s brittleSnapshot) Waiting(source string) (map[string][]string, error) {
	s.b.listed++
	return s.Snapshot.Waiting(source)
}

type brittleTx struct {
	store.Tx
	b *brittleStore
}

func (t brittleTx) PersonOf(typ, id string) (profiles.PersonID, error) {
	if t.b.personOf != nil {
		return "", t.b.personOf
	}
	return t.Tx.PersonOf(typ, id)
}

func (t brittleTx) Standing(person profiles.PersonID) (persons.Standing, error) {
	if t.b.standing != nil {
		return persons.Standing{}, t.b.standing
	}
	return t.Tx.Standing(person)
}

func (t brittleTx) Waiting(source string) (map[string][]string, error) {
	t.b.listed++
	return t.Tx.Waiting(source)
}

func (t brittleTx) CameRight(at time.Time, ids []string) error {
	t.b.listed++
	return t.Tx.CameRight(at, ids)
}

func (t brittleTx) SetAside(faults []quarantine.Fault) (int, error) {
	if t.b.aside != nil {
		return 0, t.b.aside
	}
	return t.Tx.SetAside(faults)
}

func TestAStoreThatFailsEndsTheRunAndIsTakenUpAgain(t *testing.T) {
	broken := errors.New("the disk is gone")
	for name, fault := range map[string]brittleStore{"aside": {aside: broken}, "personOf": {personOf: broken}, "standing": {standing: broken}} {
		t.Run(name, func(t *testing.T) {
			d := openMixed(t)
			d.brittle.aside, d.brittle.personOf, d.brittle.standing = fault.aside, fault.personOf, fault.standing
			if _, err := d.Run(context.Background(), bundles(t, "clinic"), mixed()); !errors.Is(err, broken) {
				t.Errorf("want the store's error, got %v", err)
			}
			d.brittle.aside, d.brittle.personOf, d.brittle.standing = nil, nil, nil
			if sum := d.bring(bundles(t, "clinic"), mixed()); sum.Stored+sum.Unchanged != 3 || len(d.kept(ann, "CarePlan")) != 1 {
				t.Errorf("the next run: %+v", sum)
			}
		})
	}
}

// Two organisations whose sources have one name and one numbering wrote over each
// other: the later one's records were refused as another custodian's.
func TestIDsOfTwoCustodiansNeverMeet(t *testing.T) {
	d := openDesk(t)
	for custodian, number := range map[profiles.OrgCode]string{"7A4": ann, "7A1": bryn} {
		source := bundles(t, "clinic")
		source.Custodian = custodian
		if sum := d.bring(source, collection(patient("1", number), plan("1", "1"))); sum.Stored != 2 {
			t.Errorf("%s: %+v", custodian, sum)
		}
	}
}
