package intake_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"cpagateway/gateway/intake"
	"cpagateway/gateway/quarantine"
	"cpagateway/gateway/quarantine/quarantinetest"
	maps "cpagateway/mapping/folder"
	"cpagateway/mapping/mhsds"
)

// open are the faults that are on the list, by rule and place.
func (d *desk) open() (list []string) {
	d.t.Helper()
	all, err := quarantinetest.Of(d.store).Faults(d.t.Context(), quarantine.Filter{})
	must(d.t, err)
	for _, f := range all {
		list = append(list, fmt.Sprintf("%s %d %s", f.File, f.Row, f.Rule))
	}
	return list
}

// careMaps are crisisMaps in which a wish is the person's, and not each plan's; a row may have
// either.
func careMaps(t *testing.T) intake.Source {
	t.Helper()
	crisis := string(crisisMaps["crisis.map"].Data)
	plan, wish, _ := strings.Cut(crisis, "map crisis -> Consent\n  key Plan\n")
	head, plan, _ := strings.Cut(plan, "map crisis -> CarePlan")
	text := head + "map crisis -> Consent  when Share present\n  key Person\n" + wish + "\nmap crisis -> CarePlan  when Review present" + plan
	format, err := maps.New(fstest.MapFS{"people.map": crisisMaps["people.map"], "crisis.map": {Data: []byte(text)}}, "")
	must(t, err)
	return intake.Source{Name: "board", Format: format}
}

// A record that was set aside came right in a later extract, and stood on the list until
// somebody discarded it by hand.
func TestARecordThatComesRightLeavesTheList(t *testing.T) {
	mhsdsRows, err := mhsds.New(mhsds.V6)
	must(t, err)
	invalid := func(p string) string { return strings.Replace(p, `"status":"active"`, `"status":"activ"`, 1) }
	for name, c := range map[string]struct {
		source       intake.Source
		wrong, right fstest.MapFS
		faults       int
	}{
		"a row":                  {board(t), crisisRows("7,1,2026-07-01,soon,Y"), crisisRows("6,1,2026-07-01,2027-06-30,Y", "7,1,2026-07-01,2027-06-30,Y"), 1},
		"a person":               {board(t), peopleRows("2,999 000,Price,1990-01-01"), peopleRows("2," + bryn + ",Price,1990-01-01"), 1},
		"wrong twice":            {board(t), crisisRows("7,1,soon,soon,Y"), crisisRows("7,1,2026-07-01,2027-06-30,Y"), 2},
		"a Welsh plan":           {plans(t), extract(t, breakElsewhere(withWishes(t))), extract(t, withWishes(t)), 1},
		"a resource":             {bundles(t, "clinic"), collection(patient("a", bryn), invalid(plan("p", "a"))), collection(patient("a", bryn), plan("p", "a")), 1},
		"a row without its rows": {joinedMaps(t), crisisRows("7,1,2026-07-01,2027-06-30,Y"), with(crisisRows("7,1,2026-07-01,2027-06-30,Y"), tableOf("signs.csv", "Plan,Sign", []string{"7,sleeps little"})), 1},
		"a plan too soon":        {bundles(t, "clinic"), collection(plan("p", "a")), collection(patient("a", bryn), plan("p", "a")), 1},
		"an MHSDS row": {intake.Source{Name: "mhsds-v6", Format: mhsdsRows, Custodian: "7A4"},
			period("2026-06-30", "2026-07-02T09:00:00Z", "a kind that there is not"), period("2026-07-31", "2026-08-02T09:00:00Z", "10"), 1},
	} {
		t.Run(name, func(t *testing.T) {
			d := openDesk(t)
			if c.source.Name == "board" {
				d.bring(c.source, peopleRows(annsRow(ann)))
			}
			if sum := d.bring(c.source, c.wrong); sum.NewFaults != c.faults || len(d.open()) != c.faults {
				t.Fatalf("wrong: %+v", sum)
			}
			d.now = d.now.AddDate(0, 1, 2)
			sum := d.bring(c.source, c.right)
			if sum.CameRight != c.faults || len(d.open()) > 0 {
				t.Errorf("right: %+v, and open is %v", sum, d.open())
			}
			if again := d.bring(c.source, c.right); again.CameRight+again.Stored > 0 {
				t.Errorf("again: %+v", again)
			}
			all, err := quarantinetest.Of(d.store).Faults(t.Context(), quarantine.Filter{Settled: true})
			if err != nil || len(all) != c.faults || !all[0].CameRight || len(all[0].Raw) == 0 {
				t.Errorf("it is not kept: %+v, %v", all, err)
			}
		})
	}
}

// What is known of one record by several nights, which are wrong each in its own way, comes
// right together.
func TestEveryNightOfARecordComesRightWithIt(t *testing.T) {
	d := openDesk(t)
	d.bring(board(t), peopleRows(annsRow(ann)))
	for _, review := range []string{"soon", "later", "never"} {
		d.bring(board(t), crisisRows("7,1,2026-07-01,"+review+",Y"))
	}
	if sum := d.bring(board(t), crisisRows("7,1,2026-07-01,2027-06-30,Y")); sum.CameRight != 3 || len(d.open()) > 0 {
		t.Errorf("%+v, and open is %v", sum, d.open())
	}
}

// A fault that left the list although its record is still wrong would be a loss that nobody
// sees. Each of these stays.
func TestWhatIsStillWrongStaysOnTheList(t *testing.T) {
	other, also := board(t), board(t)
	other.Name, also.Custodian = "ward", "7A5"
	wrong, right := crisisRows("7,1,2026-07-01,soon,Y"), crisisRows("7,1,2026-07-01,2027-06-30,Y")
	people := peopleRows(annsRow(ann))
	format, err := mhsds.New(mhsds.V6)
	must(t, err)
	trust := intake.Source{Name: "mhsds-v6", Format: format, Custodian: "7A4"}
	one := period("2026-06-30", "2026-07-02T09:00:00Z", "10")
	two := period("2026-06-30", "2026-07-02T09:00:00Z", "10")
	two["MHS008CarePlanType.csv"].Data = append(two["MHS008CarePlanType.csv"].Data, "CP1,P1,12,2026-01-13,2026-01-13\n"...)
	theirs := withWishes(t)
	theirs["person"] = object{"key": "another", "name": object{"family": "Price"}}
	deletes := fstest.MapFS{"bundle.json": {Data: []byte(`{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"DELETE","url":"CarePlan/p"}}]}`)}}
	twice := strings.Replace(plan("p", "a"), `"intent":"plan"`, `"intent":"plan","title":"another's"`, 1)
	for name, c := range map[string]struct {
		source  intake.Source
		before  []fstest.MapFS // of which the last is wrong
		then    intake.Source
		extract fstest.MapFS
	}{
		"another source":                 {board(t), []fstest.MapFS{wrong}, other, right},
		"another custodian":              {board(t), []fstest.MapFS{wrong}, also, right},
		"another record":                 {board(t), []fstest.MapFS{wrong}, board(t), crisisRows("8,1,2026-07-01,2027-06-30,Y")},
		"another person's of that key":   {board(t), []fstest.MapFS{wrong}, board(t), crisisRows("7,2,2026-07-01,2027-06-30,Y")},
		"without a key":                  {board(t), []fstest.MapFS{crisisRows(",1,2026-07-01,2027-06-30,Y")}, board(t), right},
		"another plan of one wish":       {careMaps(t), []fstest.MapFS{crisisRows("7,1,2026-07-01,soon,Y")}, careMaps(t), crisisRows("8,1,2026-07-02,2027-06-30,Y")},
		"a plan whose key is unreadable": {careMaps(t), []fstest.MapFS{crisisRows(",1,2026-07-01,2027-06-30,Y")}, careMaps(t), crisisRows("8,1,2026-07-02,,Y")},
		"still wrong otherwise":          {board(t), []fstest.MapFS{wrong}, board(t), crisisRows("7,1,2026-07-01,later,Y")},
		"an older extract again":         {board(t), []fstest.MapFS{right, wrong}, board(t), right},
		"it refuses":                     {board(t), []fstest.MapFS{crisisRows("7,1,2026-07-01,soon,N")}, board(t), right},
		"it is gone":                     {board(t), []fstest.MapFS{wrong}, board(t), peopleRows("1," + ann + ",Tested,1980-01-01")},
		"a file that was no table":       {board(t), []fstest.MapFS{tableOf("crisis.csv", "Plan;Person", nil)}, board(t), right},
		"it is to be deleted":            {bundles(t, "clinic"), []fstest.MapFS{collection(patient("a", bryn)), deletes}, bundles(t, "clinic"), collection(plan("p", "a"))},
		"two with one id":                {bundles(t, "clinic"), []fstest.MapFS{collection(patient("a", bryn), plan("p", "a"), twice)}, bundles(t, "clinic"), collection(patient("a", bryn), strings.Replace(twice, "another's", "its own", 1))},
		"two MHSDS rows with one key":    {trust, []fstest.MapFS{two}, trust, one},
		"two Welsh plans with one id":    {plans(t), []fstest.MapFS{extract(t, withWishes(t), theirs)}, plans(t), extract(t, planWritten(t, "2026-07-30T09:00:00Z", "July"))},
		"two rows with one key":          {board(t), []fstest.MapFS{crisisRows("7,1,2026-07-01,2027-06-30,Y", "7,1,2026-07-01,2027-06-29,Y")}, board(t), right},
	} {
		t.Run(name, func(t *testing.T) {
			d := openDesk(t)
			for _, source := range []intake.Source{c.source, c.then} {
				if source.Name == "board" || source.Name == "ward" {
					d.bring(source, people)
					d.bring(source, peopleRows("2,"+carys+",Other,1990-01-01"))
				}
			}
			for _, files := range c.before {
				d.attempt(c.source, files)
			}
			was := d.open()
			sum := d.attempt(c.then, c.extract)
			kept := map[string]bool{}
			for _, f := range d.open() {
				kept[f] = true
			}
			for _, f := range was {
				if !kept[f] || sum.CameRight > 0 {
					t.Errorf("%s left the list: %+v", f, sum)
				}
			}
			if len(was) == 0 && name != "a file that was no table" { // of which nothing is kept
				t.Error("nothing was wrong")
			}
		})
	}
}

// attempt runs an extract of which something may be refused.
func (d *desk) attempt(source intake.Source, files fstest.MapFS) intake.Summary {
	d.t.Helper()
	sum, err := d.Run(d.t.Context(), source, files)
	must(d.t, err)
	return sum
}

// What came right and is wrong again is on the list again, as of then, and may be mended and fed
// in; what somebody has discarded stays off it.
func TestWhatIsWrongAgainIsOnTheListAgain(t *testing.T) {
	d := openDesk(t)
	wrong, right := crisisRows("7,1,2026-07-01,soon,Y"), crisisRows("7,1,2026-07-01,2027-06-30,Y")
	d.bring(board(t), peopleRows(annsRow(ann)))
	d.bring(board(t), wrong)
	d.now = d.now.AddDate(0, 0, 1)
	d.bring(board(t), right)
	d.now = d.now.AddDate(0, 0, 1)
	if sum := d.bring(board(t), wrong); sum.NewFaults != 1 || len(d.open()) != 1 {
		t.Fatalf("%+v, and open is %v", sum, d.open())
	}
	if sum := d.bring(board(t), wrong); sum.NewFaults != 0 {
		t.Errorf("new once more: %+v", sum)
	}
	for _, faults := range d.faults() {
		sum, err := d.Again(t.Context(), board(t), faults[0], []byte(`{"crisis":{"Plan":"7","Person":"1","Agreed":"2026-07-01","Review":"2027-07-31","Share":"Y"}}`))
		if err != nil || sum.Stored != 1 {
			t.Errorf("mended: %+v, %v", sum, err)
		}
		must(t, quarantinetest.Of(d.store).Settle(t.Context(), d.now, faults[0].ID))
	}
	if d.bring(board(t), wrong); len(d.open()) > 0 {
		t.Errorf("discarded, and open is %v", d.open())
	}
}

// Of one extract that says a record twice, once wrong, neither order takes its fault off the list.
func TestARecordThatIsRightAndWrongInOneExtractStaysOnTheList(t *testing.T) {
	version := func(at, status string) string {
		return strings.NewReplacer(`"id":"p"`, `"id":"p","meta":{"lastUpdated":"`+at+`"}`, `"active"`, `"`+status+`"`).Replace(plan("p", "a"))
	}
	var between []string // so that the two are in two batches
	for i := range 20 {
		between = append(between, plan(fmt.Sprint("between", i), "a"))
	}
	for name, extract := range map[string]fstest.MapFS{
		"right, then wrong": collection(slices.Concat([]string{version("2026-07-02T09:00:00Z", "on-hold")}, between, []string{version("2026-07-03T09:00:00Z", "activ")})...),
		"wrong, then right": collection(slices.Concat([]string{version("2026-07-03T09:00:00Z", "activ")}, between, []string{version("2026-07-04T09:00:00Z", "on-hold")})...),
	} {
		d := openDesk(t)
		d.bring(bundles(t, "clinic"), collection(patient("a", ann), version("2026-07-03T09:00:00Z", "activ")))
		if len(d.open()) != 1 {
			t.Fatalf("%s: open is %v", name, d.open())
		}
		if sum := d.bring(bundles(t, "clinic"), extract); sum.Stored != 21 || len(d.open()) != 1 {
			t.Errorf("%s: %+v, and open is %v", name, sum, d.open())
		}
	}
}

// A fault leaves the list in the transaction that stores its record: whatever ends a run, the
// record is stored and its fault off the list, or neither.
func TestAFaultLeavesTheListWithTheStoringOfItsRecord(t *testing.T) {
	broken := errors.New("the disk is gone")
	d := openDesk(t)
	d.bring(board(t), peopleRows(annsRow(ann)))
	d.bring(board(t), crisisRows("7,1,2026-07-01,soon,Y"))
	d.brittle.aside = broken
	right := crisisRows("7,1,2026-07-01,2027-06-30,Y", "8,1,2026-07-01,soon,Y")
	if _, err := d.Run(t.Context(), board(t), right); !errors.Is(err, broken) || len(d.open()) != 1 || len(d.kept(ann, "CarePlan")) > 0 {
		t.Errorf("%v, open is %v, and kept %v", err, d.open(), d.kept(ann, "CarePlan"))
	}
	d.brittle.aside = nil
	if sum := d.bring(board(t), right); sum.CameRight != 1 || len(d.open()) != 1 {
		t.Errorf("%+v, and open is %v", sum, d.open())
	}
}

// The list is asked once in a run, however many records it brings; and of a record that is on
// it, once more.
func TestTheListIsAskedOnceInARun(t *testing.T) {
	d := openDesk(t)
	d.bring(board(t), peopleRows(annsRow(ann)))
	d.bring(board(t), crisisRows("7,1,2026-07-01,soon,Y", "8,1,2026-07-01,soon,Y"))
	var rows []string
	for i := range 100 {
		rows = append(rows, fmt.Sprintf("%d,1,2026-07-01,2027-06-30,Y", i))
	}
	d.brittle.listed = 0
	d.bring(board(t), crisisRows(rows...))
	if d.brittle.listed != 3 {
		t.Errorf("the list was asked %d times", d.brittle.listed)
	}
}

// A nightly extract has its date in its name: what was wrong in it was on the list anew each
// night, and what somebody had discarded came back.
func TestTheFileAndTheRowDoNotCount(t *testing.T) {
	format, err := mhsds.New(mhsds.V6)
	must(t, err)
	lines := func(entries ...string) string {
		return `{"resourceType":"Bundle","type":"collection","entry":[` + strings.Join(entries, ",") + "]}\n"
	}
	broken := `{"resource":` + strings.Replace(plan("p", "a"), `"active"`, `"activ"`, 1) + `}`
	const alone = `{"resourceType":"Basic"}`
	nobody := `{"resource":` + alone + `}`
	const one, soon, nameless, short = "6,1,2026-07-01,2027-06-30,Y", "7,1,2026-07-01,soon,Y", ",1,2026-07-01,2027-06-30,Y", "7,1"
	document := func(name, text string) fstest.MapFS { return folder(map[string]string{name: text}) }
	trust := period("2026-06-30", "2026-07-02T09:00:00Z", "a kind that there is not")
	otherwise := period("2026-06-30", "2026-07-02T09:00:00Z", "a kind that there is not")
	otherwise["MHS008.csv"] = &fstest.MapFile{Data: []byte(strings.Replace(string(otherwise["MHS008CarePlanType.csv"].Data), "\nCP1", "\nCP0,P2,10,2026-01-12,2026-01-12\nCP1", 1))}
	delete(otherwise, "MHS008CarePlanType.csv")
	otherwise["MHS001MPI.csv"].Data = append(otherwise["MHS001MPI.csv"].Data, "P2,7A4,"+bryn+",01,1981-05-17,2\n"...)
	for name, c := range map[string]struct {
		source         intake.Source
		night, another fstest.MapFS
		faults         int
	}{
		"rows":                          {board(t), crisisRows(soon, nameless, short), moved(crisisRows(one, short, nameless, soon)), 4},
		"rows with one content":         {board(t), crisisRows(nameless, nameless, short, one, short), moved(crisisRows(one, nameless, short, short, nameless)), 6},
		"rows of two tables":            {joinedMaps(t), with(crisisRows(one), tableOf("signs.csv", "Plan,Sign", []string{"9,paces", "9,paces"})), moved(with(crisisRows(one), tableOf("signs.csv", "Plan,Sign", []string{"9,paces", "9,paces"}))), 2},
		"a document":                    {plans(t), extract(t, breakElsewhere(withWishes(t))), moved(extract(t, breakElsewhere(withWishes(t)))), 1},
		"what cannot be read":           {plans(t), document("PY002.json", "{"), document("PY002-20261129.json", "{"), 1},
		"an entry":                      {bundles(t, "clinic"), document("27.json", lines(broken, nobody)), document("28.json", lines(`{"resource":`+patient("b", carys)+`}`, nobody, broken)), 2},
		"an entry of a line":            {bundles(t, "clinic"), document("27.ndjson", lines(broken, nobody)), document("28.ndjson", "\n"+lines(nobody, broken)), 2},
		"entries with one content":      {bundles(t, "clinic"), document("27.json", lines(nobody, nobody)), document("28.json", lines(nobody, `{"resource":`+patient("b", carys)+`}`, nobody)), 2},
		"rows of an MHSDS extract":      {intake.Source{Name: "mhsds-v6", Format: format, Custodian: "7A4"}, trust, otherwise, 1},
		"of one content, one mended":    {board(t), crisisRows(nameless, nameless), moved(crisisRows(one, nameless)), 4},
		"in two files, then in one":     {board(t), with(crisisRows(nameless), moved(crisisRows(nameless))), crisisRows(nameless, nameless), 4},
		"a line of one, and a document": {bundles(t, "clinic"), document("27.ndjson", alone+"\n"), document("28.json", alone), 1},
	} {
		t.Run(name, func(t *testing.T) {
			d := openDesk(t)
			if c.source.Name == "board" {
				d.bring(c.source, peopleRows(annsRow(ann)))
			}
			if sum := d.bring(c.source, c.night); sum.NewFaults != c.faults || len(d.open()) != c.faults {
				t.Fatalf("the first night: %+v, and open is %v", sum, d.open())
			}
			was := d.open()
			sum := d.bring(c.source, c.another)
			if now := d.open(); !slices.Equal(now, was) {
				t.Errorf("the next night: %+v, and open is %v, which was %v", sum, now, was)
			}
		})
	}
}

// moved is an extract in another folder.
func moved(files fstest.MapFS) fstest.MapFS {
	elsewhere := fstest.MapFS{}
	for name, file := range files {
		elsewhere["20261129/"+name] = file
	}
	return elsewhere
}
