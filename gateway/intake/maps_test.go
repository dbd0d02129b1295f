package intake_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"cpagateway/gateway/intake"
	"cpagateway/gateway/quarantine"
	maps "cpagateway/mapping/folder"
	"cpagateway/profiles"
)

// named is a Patient's number and name, from the columns that are called like them.
const named = `  in identifier[]
    $SystemNHSNumber -> system
    NHSNumber -> value   nhs-number required
  in name[]
    Surname -> family
`

// crisisMaps are maps of a board's own: people, and of each plan a row that says whether the
// person refuses that it is shared, in a crisis too (T4).
var crisisMaps = fstest.MapFS{
	"people.map": {Data: []byte(`
csv people
  Id "Id"
  NHSNumber "NHSNumber"
  Surname "Surname"
  Born "Born"

map people -> Patient
  key Id
` + named + `  Born -> birthDate   date
`)},
	"crisis.map": {Data: []byte(`
csv crisis
  Plan "Plan"
  Person "Person"
  Agreed "Agreed"
  Review "Review"
  Share "Share"

table Status  https://board.example/share -> http://hl7.org/fhir/consent-state-codes
  N -> active
  Y -> inactive

map crisis -> CarePlan
  key Plan
  person Person
  "active" -> status
  "plan" -> intent
  Person -> subject.reference   ref Patient required
  Review -> period.end   date

map crisis -> Consent
  key Plan
  person Person
  Share -> status   code Status required
  in scope
    in coding[]
      "http://terminology.hl7.org/CodeSystem/consentscope" -> system
      "patient-privacy" -> code
  in category[]
    in coding[]
      "http://loinc.org" -> system
      "59284-0" -> code
  Person -> patient.reference   ref Patient required
  Agreed -> dateTime   date
  in performer[]
    Person -> reference   ref Patient
  in provision
    "deny" -> type
    in provision[]
      "deny" -> type
      in purpose[]
        "http://terminology.hl7.org/CodeSystem/v3-ActReason" -> system
        "ETREAT" -> code
`)},
}

// board is a source of crisisMaps.
func board(t *testing.T) intake.Source {
	t.Helper()
	format, err := maps.New(crisisMaps, "")
	must(t, err)
	return intake.Source{Name: "board", Format: format}
}

// rows are the rows of an extract of it.
func peopleRows(rows ...string) fstest.MapFS {
	return tableOf("people.csv", "Id,NHSNumber,Surname,Born", rows)
}
func crisisRows(rows ...string) fstest.MapFS {
	return tableOf("crisis.csv", "Plan,Person,Agreed,Review,Share", rows)
}

func tableOf(name, header string, rows []string) fstest.MapFS {
	text := header + "\n"
	for _, row := range rows {
		text += row + "\n"
	}
	return fstest.MapFS{name: {Data: []byte(text)}}
}

func annsRow(number string) string { return fmt.Sprintf("1,%s,Test,1980-01-01", number) }

// refusing is what stands of a refusal that was taken from a row that is set aside: as it is, or
// where part of it cannot be read, a refusal of everything.
var refusing = map[string]bool{"T4 active": true, "T0 active": true}

// A row that was set aside for a date took the refusal in it along: the crisis team went on
// reading the plan. The page said of every format that this cannot be.
func TestARefusalInARowThatIsSetAsideIsTaken(t *testing.T) {
	for name, row := range map[string]string{
		"a wrong date beside it":    "7,1,2026-07-02,31/06/2027,N",
		"a wrong date of its own":   "7,1,02/07/2026,2027-06-30,N",
		"a date that is not a date": "7,1,soon,soon,N",
	} {
		d := openDesk(t)
		d.bring(board(t), peopleRows(annsRow(ann)))
		d.bring(board(t), crisisRows("7,1,2026-07-01,2027-06-30,Y"))
		sum := d.bring(board(t), crisisRows(row))
		if got := d.reads(ann); sum.Quarantined != 1 || sum.Wishes != 1 || !refusing[got] {
			t.Errorf("%s: %+v, and there stands %q", name, sum, got)
		}
		d.bring(board(t), crisisRows("7,1,2026-07-03,2027-06-30,Y"))
		if got := d.reads(ann); got != "T4 inactive" {
			t.Errorf("%s: mended, there stands %q", name, got)
		}
	}
}

// A row that lifts a refusal waits to be mended, and so does one that does not say.
func TestARowThatIsSetAsideLiftsNothing(t *testing.T) {
	for _, says := range []string{"Y", "", "?"} {
		d := openDesk(t)
		d.bring(board(t), peopleRows(annsRow(ann)))
		d.bring(board(t), crisisRows("7,1,2026-07-01,2027-06-30,N"))
		sum := d.bring(board(t), crisisRows("7,1,2026-07-02,31/06/2027,"+says))
		if got := d.reads(ann); sum.Quarantined != 1 || !refusing[got] {
			t.Errorf("%q: %+v, and there stands %q", says, sum, got)
		}
	}
}

// A refusal that named its person by the NHS number alone, and could not be taken as it was, was
// said to be taken all the same, and was not.
func TestARefusalByNumberAloneIsTakenFromARecordThatIsSetAside(t *testing.T) {
	consent := fmt.Sprintf(`{"resourceType":"Consent","id":"c","status":"activ","scope":{"coding":[{"code":"patient-privacy"}]},"category":[{"text":"x"}],
		"patient":{"identifier":{"system":%q,"value":%q}},"provision":{"type":"deny"}}`, profiles.SystemNHSNumber, ann)
	d := openDesk(t)
	d.bring(bundles(t, "clinic"), collection(patient("p", ann)))
	sum := d.bring(bundles(t, "clinic"), collection(consent))
	if got := d.reads(ann); sum.Quarantined != 1 || sum.Wishes != 1 || got != "T0 active" {
		t.Errorf("%+v, and there stands %q", sum, got)
	}
}

// A row that was set aside for want of its person was fed in again a day after the source had
// sent a newer one: what it had said before stood again, and a refusal was lifted.
func TestARecordFedInAgainDoesNotGoBackInTime(t *testing.T) {
	d := openDesk(t)
	d.bring(board(t), crisisRows("7,1,2026-07-01,2027-06-30,Y"))
	fault := d.faults()["UNKNOWN-PERSON"][0]
	d.now = d.now.Add(time.Hour)
	d.bring(board(t), peopleRows(annsRow(ann)))
	again := func() intake.Summary {
		t.Helper()
		sum, err := d.Again(t.Context(), board(t), fault, fault.Raw)
		must(t, err)
		return sum
	}
	if sum := again(); sum.Stored != 1 {
		t.Errorf("nothing was sent since: %+v", sum)
	}
	d.now = d.now.Add(time.Hour)
	if sum := again(); sum.Unchanged != 1 || len(sum.SetAside) != 0 {
		t.Errorf("twice: %+v", sum)
	}
	d.bring(board(t), crisisRows("7,1,2026-07-01,2027-06-30,N"))
	if sum := again(); sum.Quarantined != 1 || len(sum.SetAside) != 1 || sum.SetAside[0].Rule != wentBack || d.reads(ann) != "T4 active" {
		t.Errorf("after a newer row: %+v, and there stands %q", sum, d.reads(ann))
	}
}

// What was taken of a record that was set aside does not count as sent since.
func TestARecordWhoseRefusalWasTakenIsFedInAgain(t *testing.T) {
	d := openDesk(t)
	d.Clock = func() time.Time { d.now = d.now.Add(time.Second); return d.now }
	d.bring(board(t), peopleRows(annsRow(ann)))
	for _, agreed := range []string{"2026-07-01", "01/07/2026"} { // taken as it is, and in brief
		d.bring(board(t), crisisRows("7"+agreed[:1]+",1,"+agreed+",31/06/2027,N"))
	}
	for _, faults := range d.faults() {
		for _, fault := range faults {
			mended := strings.NewReplacer("31/06/2027", "2027-06-30", "01/07/2026", "2026-07-01").Replace(string(fault.Raw))
			if sum, err := d.Again(t.Context(), board(t), fault, []byte(mended)); err != nil || sum.Quarantined != 0 {
				t.Errorf("%+v, %v", sum, err)
			}
		}
	}
	if got := d.reads(ann); got != "T4 active, T4 active" {
		t.Errorf("there stands %q", got)
	}
}

// A refusal that was set aside because its person was not known yet, or was set aside too, was said
// to be taken all the same. It was not when the person came: the crisis team read the plan.
func TestARefusalThatCameBeforeItsPersonIsTakenWithThem(t *testing.T) {
	for name, before := range map[string]fstest.MapFS{"no person": nil, "a person who is set aside": peopleRows(annsRow("9990000019"))} {
		for _, review := range []string{"2027-06-30", "31/06/2027"} { // set aside for its person alone, and for itself
			d := openDesk(t)
			d.Clock = func() time.Time { d.now = d.now.Add(time.Second); return d.now }
			if before != nil {
				d.bring(board(t), before)
			}
			d.bring(board(t), crisisRows("7,1,2026-07-01,"+review+",N"))
			d.bring(board(t), peopleRows(annsRow(ann)))
			if got := d.reads(ann); got != "T4 active" {
				t.Errorf("%s, %s: there stands %q", name, review, got)
			}
			// What the source says of it since, stands, whoever else comes.
			d.bring(board(t), crisisRows("7,1,2026-07-01,2027-06-30,Y"))
			d.bring(board(t), peopleRows("2,"+bryn+",Other,1990-01-01"))
			if got := d.reads(ann); got != "T4 inactive" {
				t.Errorf("%s, %s: lifted by its source, there stands %q", name, review, got)
			}
		}
	}
}

// Of two rows with one key the last one held, without a word: a refusal in the first was gone, and
// every run of the same extract wrote both anew.
func TestTwoRowsWithOneKeyAreTold(t *testing.T) {
	for name, c := range map[string]struct {
		rows       []string
		reads      map[string]bool
		duplicates int
	}{
		"a refusal first":  {[]string{"7,1,2026-07-01,2027-06-30,N", "7,1,2026-07-01,2027-06-30,Y"}, refusing, 2},
		"a refusal last":   {[]string{"7,1,2026-07-01,2027-06-30,Y", "7,1,2026-07-01,2027-06-30,N"}, refusing, 2},
		"of two people":    {[]string{"7,1,2026-07-01,2027-06-30,N", "7,2,2026-07-01,2027-06-30,Y"}, refusing, 2},
		"the very same":    {[]string{"7,1,2026-07-01,2027-06-30,N", "7,1,2026-07-01,2027-06-30,N"}, map[string]bool{"T4 active": true}, 0},
		"of two keys":      {[]string{"7,1,2026-07-01,2027-06-30,N", "8,1,2026-07-01,2027-06-30,N"}, map[string]bool{"T4 active, T4 active": true}, 0},
		"one is set aside": {[]string{"7,1,2026-07-01,31/06/2027,Y", "7,1,2026-07-01,2027-06-30,N"}, refusing, 1},
	} {
		d := openDesk(t)
		d.bring(board(t), peopleRows(annsRow(ann), "2,"+bryn+",Other,1990-01-01"))
		d.bring(board(t), crisisRows(c.rows...))
		faults := d.faults()["DUPLICATE"]
		if got := d.reads(ann); !c.reads[got] || len(faults) != c.duplicates {
			t.Errorf("%s: %d told, and there stands %q", name, len(faults), got)
		}
		for _, f := range faults {
			if !strings.Contains(f.Reason, fmt.Sprint("crisis.csv row ", 3-f.Row)) {
				t.Errorf("%s: told as %+v", name, f)
			}
		}
		if sum := d.bring(board(t), crisisRows(c.rows...)); sum.Resources != 0 {
			t.Errorf("%s: a second run writes: %+v", name, sum)
		}
	}
}

// What several records share is not theirs alone: the person stands in the row of every plan.
func TestAPersonInTheRowOfEachPlanIsNoDuplicate(t *testing.T) {
	flat := fstest.MapFS{"plans.map": {Data: []byte(`
csv plans
  Plan "Plan"
  Id "Id"
  NHSNumber "NHSNumber"
  Surname "Surname"

map plans -> Patient
  key Id
` + named + `
map plans -> CarePlan
  key Plan
  person Id
  "active" -> status
  "plan" -> intent
  Id -> subject.reference   ref Patient required
`)}}
	format, err := maps.New(flat, "")
	must(t, err)
	d := openDesk(t)
	rows := tableOf("plans.csv", "Plan,Id,NHSNumber,Surname", []string{"7,1," + ann + ",Test", "8,1," + ann + ",Test", "9,1," + ann + ",Tests"})
	if sum := d.bring(intake.Source{Name: "flat", Format: format}, rows); sum.Stored != 3 || sum.Quarantined != 0 {
		t.Errorf("%+v", sum)
	}
}

// What could not be read kept its mended form from being fed in.
func TestTheMendedFormOfWhatCannotBeReadIsFedIn(t *testing.T) {
	d := openDesk(t)
	for _, raw := range []string{"", "{broken", `{"nobodys":{}}`} {
		sum, err := d.Again(t.Context(), board(t), quarantine.Fault{At: d.now, Raw: []byte(raw)}, []byte(`{"people":{"Id":"1","NHSNumber":"`+ann+`","Surname":"Test","Born":"1980-01-01"}}`))
		if err != nil || sum.Stored+sum.Unchanged != 1 {
			t.Errorf("%q: %+v, %v", raw, sum, err)
		}
	}
}

// joinedMaps are crisisMaps in which the rows of another table belong to each plan.
func joinedMaps(t *testing.T) intake.Source {
	format, err := maps.New(fstest.MapFS{"people.map": crisisMaps["people.map"], "crisis.map": {Data: append([]byte(`
csv signs of crisis by Plan
  Plan "Plan"
  Sign "Sign"
`), crisisMaps["crisis.map"].Data...)}}, "")
	must(t, err)
	return intake.Source{Name: "board", Format: format}
}

// A row whose rows of another table nobody can tell took its refusal along.
func TestARefusalInARowWhoseOwnRowsAreInDoubtIsTaken(t *testing.T) {
	source, row := joinedMaps(t), "7,1,2026-07-01,2027-06-30,"
	signs := tableOf("signs.csv", "Plan,Sign", []string{"7,sleeps little"})
	for rule, second := range map[string]fstest.MapFS{"JOIN": {}, "DUPLICATE": signs} {
		rows := []string{row + "N"}
		if len(second) > 0 {
			rows = append(rows, "7,1,2026-07-01,2027-06-29,N")
		}
		people, files := peopleRows(annsRow(ann)), with(crisisRows(rows...), second)
		for order, extracts := range map[string][]fstest.MapFS{"the person first": {people, files}, "the person last": {files, people}} {
			d := openDesk(t)
			d.Clock = func() time.Time { d.now = d.now.Add(time.Second); return d.now }
			for _, extract := range extracts {
				d.bring(source, extract)
			}
			if got := d.reads(ann); len(d.faults()[rule]) != len(rows) || !refusing[got] {
				t.Errorf("%s, %s: there stands %q", rule, order, got)
			}
		}
	}
}

// A row or a document that could not be read stood in the account and nowhere else, of which the
// account said that it was kept whole.
func TestWhatCannotBeReadIsKept(t *testing.T) {
	for name, c := range map[string]struct {
		files        fstest.MapFS
		kept, mended string // the record
	}{
		"a field too few":    {crisisRows("6,1,2026-07-01,2027-06-30,N", "7,1,\"2026-07-01\""), `"7,1,\"2026-07-01\""`, `{"Plan":"7","Person":"1","Agreed":"2026-07-01","Review":"2027-06-30","Share":"N"}`},
		"a quote in a text":  {crisisRows(`7,1,2026-07-01,so "it" is,N`), `"7,1,2026-07-01,so \"it\" is,N"`, `{"Plan":"7","Person":"1","Agreed":"2026-07-01","Review":"2027-06-30","Share":"N"}`},
		"not UTF-8":          {crisisRows("7,1,\xff,2027-06-30,N"), "\"7,1,\ufffd,2027-06-30,N\"", `{"Plan":"7","Person":"1","Agreed":"2026-07-01","Review":"2027-06-30","Share":"N"}`},
		"a member twice":     {fstest.MapFS{"crisis.json": {Data: []byte(`{"Plan":"7","Plan":"8","Person":"1"}`)}}, `{"Plan":"7","Plan":"8","Person":"1"}`, `{"Plan":"7","Person":"1","Agreed":"2026-07-01","Review":"2027-06-30","Share":"N"}`},
		"no JSON":            {fstest.MapFS{"crisis.json": {Data: []byte(`[{"Plan":"7" "Person":"1"}]`)}}, `{"Plan":"7" "Person":"1"}`, `{"Plan":"7","Person":"1","Agreed":"2026-07-01","Review":"2027-06-30","Share":"N"}`},
		"without its rows":   {crisisRows("7,1,2026-07-01,2027-06-30,N"), `{"Plan":"7","Person":"1","Agreed":"2026-07-01","Review":"2027-06-30","Share":"N","signs":[null]}`, `{"Plan":"7","Person":"1","Agreed":"2026-07-01","Review":"2027-06-30","Share":"N","signs":[{"Sign":"sleeps little"}]}`},
		"one row unreadable": {fstest.MapFS{"crisis.csv": crisisRows("7,1,2026-07-01,2027-06-30,N")["crisis.csv"], "signs.csv": {Data: []byte("Plan,Sign\n7,sleeps little\n7\n")}}, `{"Plan":"7","Person":"1","Agreed":"2026-07-01","Review":"2027-06-30","Share":"N","signs":[{"Sign":"sleeps little"},null]}`, `{"Plan":"7","Person":"1","Agreed":"2026-07-01","Review":"2027-06-30","Share":"N","signs":[{"Sign":"sleeps little"}]}`},
	} {
		d, source := openDesk(t), board(t)
		if strings.Contains(c.kept, "null") {
			source = joinedMaps(t)
		}
		d.bring(source, peopleRows(annsRow(ann)))
		sum := d.bring(source, c.files)
		all := slices.Concat(d.faults()["FILE"], d.faults()["JOIN"])
		at := slices.IndexFunc(all, func(f quarantine.Fault) bool { return f.File == "crisis.csv" || f.File == "crisis.json" })
		if at < 0 || string(all[at].Raw) != `{"crisis":`+c.kept+`}` || len(all) != sum.Quarantined {
			t.Errorf("%s: %+v, kept %+v", name, sum, all)
			continue
		}
		if sum, err := d.Again(t.Context(), source, all[at], all[at].Raw); err == nil && (sum.Stored > 0 || len(sum.SetAside) == 0) {
			t.Errorf("%s: taken as it was: %+v", name, sum)
		}
		if sum, err := d.Again(t.Context(), source, all[at], []byte(`{"crisis":`+c.mended+`}`)); err != nil || sum.Stored != 1 {
			t.Errorf("%s: mended: %+v %v", name, sum, err)
		}
	}
}

// A document in which null stood for an empty list was set aside, as if rows of it were missing.
func TestADocumentWhoseListIsNullIsTaken(t *testing.T) {
	for list, stored := range map[string]int{"null": 1, "[]": 1, "[null]": 0, `[{"Sign":"sleeps little"},null]`: 0} {
		d, source := openDesk(t), joinedMaps(t)
		d.bring(source, peopleRows(annsRow(ann)))
		document := `{"Plan":"7","Person":"1","Agreed":"2026-07-01","Review":"2027-06-30","Share":"N","signs":` + list + `}`
		if sum := d.bring(source, fstest.MapFS{"crisis.json": {Data: []byte(document)}}); sum.Stored != stored || len(d.faults()["JOIN"]) != 1-stored {
			t.Errorf("%s: %+v", list, sum)
		}
	}
}

// wishMaps are crisisMaps whose wishes stand in rows of a table of their own.
func wishMaps(t *testing.T) intake.Source {
	t.Helper()
	text := string(crisisMaps["crisis.map"].Data)
	text = strings.Replace(text, "  Agreed \"Agreed\"\n", "", 1)
	text = strings.Replace(text, "  Share \"Share\"\n", "\ncsv wishes of crisis by Plan\n  Plan \"Plan\"\n  No \"No\"\n  Agreed \"Agreed\"\n  Share \"Share\"\n", 1)
	plan, wish, _ := strings.Cut(text, "map crisis -> Consent\n  key Plan\n")
	wish = "map crisis each wishes -> Consent\n  key No\n" + strings.ReplaceAll(wish, "Person", "^Person")
	format, err := maps.New(fstest.MapFS{"people.map": crisisMaps["people.map"], "crisis.map": {Data: []byte(plan + wish)}}, "")
	must(t, err)
	return intake.Source{Name: "board", Format: format}
}

func wishRows(plans []string, wishes ...string) fstest.MapFS {
	files := tableOf("crisis.csv", "Plan,Person,Review", plans)
	files["wishes.csv"] = tableOf("wishes.csv", "Plan,No,Agreed,Share", wishes)["wishes.csv"]
	return files
}

// A row of wishes that could not be read was set aside alone, and its plan was taken without it:
// the wish beside it that lifts a refusal went in, and the refusal did not.
func TestNothingIsLiftedBesideAWishThatCannotBeRead(t *testing.T) {
	for name, row := range map[string]string{
		"a field too few":       "7,2,N",
		"a quote within":        `7,2,"2026-07-02,N`,
		"nobody knows whose":    "soon,7,2,2026-07-02,N",
		"a row that is no text": "7,2,2026-07-02\xff,N",
	} {
		d, source := openDesk(t), wishMaps(t)
		d.bring(source, peopleRows(annsRow(ann)))
		d.bring(source, wishRows([]string{"7,1,2027-06-30"}, "7,1,2026-07-01,N"))
		if got := d.reads(ann); got != "T4 active" {
			t.Fatalf("there stands %q", got)
		}
		sum := d.bring(source, wishRows([]string{"7,1,2027-06-30"}, "7,1,2026-07-03,Y", row))
		if got := d.reads(ann); sum.Stored > 0 || got != "T4 active" {
			t.Errorf("%s: %+v, and there stands %q", name, sum, got)
		}
		d.bring(source, wishRows([]string{"7,1,2027-06-30"}, "7,1,2026-07-03,Y", "7,2,2026-07-02,N"))
		if got := d.reads(ann); got != "T4 active, T4 inactive" {
			t.Errorf("%s, mended: there stands %q", name, got)
		}
	}
}

// What refuses in a row that can be read is taken, though another of the same plan cannot.
func TestARefusalBesideAWishThatCannotBeReadIsTaken(t *testing.T) {
	d, source := openDesk(t), wishMaps(t)
	d.bring(source, peopleRows(annsRow(ann)))
	sum := d.bring(source, wishRows([]string{"7,1,2027-06-30"}, "7,1,2026-07-03,N", "7,2"))
	if got := d.reads(ann); sum.Stored > 0 || !refusing[got] {
		t.Errorf("%+v, and there stands %q", sum, got)
	}
}

// What was kept of a row had its columns in another order each time, so that a row that is wrong
// night after night was on the list once for each night.
func TestARowThatIsWrongAgainIsKnownAgain(t *testing.T) {
	d := openDesk(t)
	for i := range 8 {
		sum := d.bring(board(t), peopleRows("2,999 000,Price,1990-01-01"))
		if want := max(0, 1-i); sum.NewFaults != want {
			t.Fatalf("night %d: %d new faults, want %d", i, sum.NewFaults, want)
		}
	}
}

// What was warned of in a record that was set aside was counted among what was taken all the same.
func TestWarningsOfARecordThatIsSetAsideAreNotCounted(t *testing.T) {
	format, err := maps.New(fstest.MapFS{"people.map": {Data: []byte(`
table Tongue  https://board.example/tongue -> urn:ietf:bcp:47
  CYM -> cy

map people -> Patient
  key Id
` + named + `  Born -> birthDate   date
  in communication[]
    Tongue -> language.coding[0]   coding Tongue   rule TONGUE
`)}}, "")
	must(t, err)
	d := openDesk(t)
	sum := d.bring(intake.Source{Name: "board", Format: format}, tableOf("people.csv", "Id,NHSNumber,Surname,Born,Tongue",
		[]string{"1," + ann + ",Test,1980-01-01,KLI", "2,,Other,1980-13-01,KLI"}))
	if sum.Stored != 1 || sum.Quarantined != 1 || sum.Warnings["TONGUE"] != 1 {
		t.Errorf("%+v", sum)
	}
}

// A wish that came as a list made no Consent and no fault, and the plan was taken without it: who
// could read the person went on reading.
func TestAWishInAnotherShapeIsNotPassedOver(t *testing.T) {
	for _, wish := range []string{`["N"]`, `{"says": "N"}`} {
		d, source := openDesk(t), careMaps(t)
		document := func(share string) fstest.MapFS {
			text := fmt.Sprintf(`{"Plan": "7", "Person": "1", "Agreed": "2026-07-01", "Review": "2027-06-30", "Share": %s}`, share)
			return fstest.MapFS{"crisis.json": {Data: []byte(text)}}
		}
		d.bring(source, peopleRows(annsRow(ann)))
		if sum := d.bring(source, document(wish)); sum.Stored > 0 || sum.Quarantined != 1 || len(d.kept(ann, "CarePlan")) > 0 {
			t.Errorf("%s: %+v", wish, sum)
		}
		d.bring(source, document(`"N"`))
		if sum := d.bring(source, document(strings.ReplaceAll(wish, "N", "Y"))); sum.Stored > 0 || d.reads(ann) != "T4 active" {
			t.Errorf("%s: %+v, and there stands %q", wish, sum, d.reads(ann))
		}
	}
}
