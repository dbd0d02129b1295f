package intake_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"cpagateway/consent"
	"cpagateway/gateway/intake"
	"cpagateway/gateway/persons"
	"cpagateway/gateway/store"
	"cpagateway/mapping/mhsds"
	"cpagateway/profiles"
)

// human is a Patient as a test writes it down.
type human struct {
	id, number, given, family, born, gender string
	verified                                bool
	more                                    string // further members
}

func (h human) String() string {
	status := ""
	if h.verified {
		status = fmt.Sprintf(`"extension":[{"url":%q,"valueCodeableConcept":{"coding":[{"system":%q,"code":"01"}]}}],`, profiles.ExtNHSNumberStatus, profiles.SystemNHSNumberStatusWales)
	}
	members := []string{`"resourceType":"Patient"`, fmt.Sprintf(`"id":%q`, h.id), fmt.Sprintf(`"name":[{"family":%q,"given":[%q]}]`, h.family, h.given)}
	if h.number != "" {
		members = append(members, fmt.Sprintf(`"identifier":[{%s"system":%q,"value":%q}]`, status, profiles.SystemNHSNumber, h.number))
	}
	if h.born != "" {
		members = append(members, fmt.Sprintf(`"birthDate":%q`, h.born))
	}
	if h.gender != "" {
		members = append(members, fmt.Sprintf(`"gender":%q`, h.gender))
	}
	if h.more != "" {
		members = append(members, h.more)
	}
	return "{" + strings.Join(members, ",") + "}"
}

var (
	annHerself  = human{id: "ann", number: ann, given: "Ann", family: "Jones", born: "1980-05-17", gender: "female"}
	somebody    = human{id: "other", number: ann, given: "Bryn", family: "Price", born: "1999-09-09", gender: "male"}
	unresolveds = func(d *desk) (list []persons.Standing) {
		must(d.t, d.store.View(context.Background(), func(now store.Snapshot) (err error) {
			list, err = now.Unresolved()
			return err
		}))
		return list
	}
)

// wishOf is a Consent of a template about a Patient.
func refusalOf(id, patient string) string {
	return `{"resourceType":"Consent","id":"` + id + `","status":"active","scope":{"coding":[{"system":"` + profiles.SystemConsentScope + `","code":"patient-privacy"}]},
		"category":[{"coding":[{"system":"http://loinc.org","code":"59284-0"}]}],"patient":{"reference":"Patient/` + patient + `"},"dateTime":"2026-01-01","provision":{"type":"deny","provision":[
		{"type":"deny","purpose":[{"system":"` + profiles.SystemActReason + `","code":"ETREAT"}]}]}}`
}

// Two people under one NHS number were put together without a word: a crisis search
// answered the plan of each for the other.
func TestTwoPeopleUnderOneNumberAreKeptApart(t *testing.T) {
	d := openDesk(t)
	extract := collection(annHerself.String(), plan("plan-one", "ann"), somebody.String(), plan("plan-two", "other"))
	sum := d.bring(bundles(t, "clinic"), extract)
	if sum.Stored != 4 || sum.Apart != 1 || sum.Quarantined != 0 || len(d.faults()["IDENTITY-CONFLICT"]) != 1 {
		t.Errorf("%+v, %v", sum, d.faults())
	}
	if plans := d.kept(ann, "CarePlan"); len(plans) != 1 || len(d.kept(ann, "Patient")) != 1 {
		t.Errorf("Ann has the plans %v", plans)
	}
	if d.gathered(ann).Unverified {
		t.Error("Ann's record is closed")
	}
	list := unresolveds(d)
	if len(list) != 1 || list[0].Apart != d.person(ann) || list[0].Custodian != "7A4" || list[0].Source != "clinic" || !slices.Equal(list[0].Doubts, []persons.Doubt{persons.Contradicts}) {
		t.Fatalf("%+v", list)
	}
	if !d.about(list[0].Person).Unverified {
		t.Error("the record that is kept apart is open")
	}
	before := d.gathered(ann)
	again := d.bring(bundles(t, "clinic"), extract)
	if again.Unchanged != 4 || again.NewFaults != 0 || again.Resources != 0 || len(unresolveds(d)) != 1 || d.gathered(ann).Epoch != before.Epoch {
		t.Errorf("a second run: %+v", again)
	}
}

// TestTheEstablishedRecordStaysAsItWas: what decisions see of the person is the same
// before and after a contradicting record came, whatever it brings.
func TestTheEstablishedRecordStaysAsItWas(t *testing.T) {
	d := openDesk(t)
	d.bring(bundles(t, "clinic"), collection(annHerself.String(), plan("plan-one", "ann")))
	before := d.gathered(ann)
	team := `{"resourceType":"CareTeam","id":"t","status":"active","subject":{"reference":"Patient/other"},"managingOrganization":[{"identifier":{"system":"` + profiles.SystemODS + `","value":"LA9A1"}}]}`
	granting := bundles(t, "ward")
	granting.Grants = consent.On
	d.bring(granting, collection(somebody.String(), plan("plan-two", "other"), team, shareWith("c", "other", "active")))
	after := d.gathered(ann)
	if len(after.Directives) != 1 || !after.Directives[0].Apart {
		t.Fatalf("wishes: %+v", after.Directives)
	}
	after.Directives, after.Epoch = before.Directives, before.Epoch
	if fmt.Sprint(after) != fmt.Sprint(before) || len(d.kept(ann, "CarePlan")) != 1 {
		t.Errorf("got  %+v\nwant %+v", after, before)
	}
}

// TestARefusalThatIsKeptApartBindsRoutineSharing and never a crisis, with an alert.
func TestARefusalThatIsKeptApartBindsRoutineSharing(t *testing.T) {
	d := openDesk(t)
	granting := bundles(t, "clinic")
	granting.Grants = consent.On
	team := `{"resourceType":"CareTeam","id":"t","status":"active","subject":{"reference":"Patient/ann"},"participant":[{"member":{"identifier":{"system":"` + profiles.SystemODS + `","value":"LA9A1"}}}]}`
	wish := shareWith("c", "ann", "active")
	wish = strings.Replace(wish, `"dateTime"`, `"performer":[{"reference":"Patient/ann"}],"policy":[{"uri":"`+profiles.Base+`/Policy/sharing-wishes/1"}],"sourceAttachment":{"title":"form"},"dateTime"`, 1)
	d.bring(granting, collection(annHerself.String(), plan("p", "ann"), team, wish))
	ask := func(org profiles.OrgCode, team profiles.TeamID, purpose profiles.Purpose) consent.Decision {
		person := d.gathered(ann)
		return consent.Decide(consent.Request{
			Caller: consent.Caller{Client: "c", Organisation: org, Team: team, Purpose: purpose, Scopes: []consent.Scope{{Context: "system", Type: "*", Read: true, Search: true}}},
			Action: consent.Read, Type: "CarePlan", At: d.now, Register: liveAgreement(t), Policy: consent.DefaultPolicy(),
		}.For("7A4", &person))
	}
	if ask("LA9A1", "adult-mh", profiles.CareCoordination).Outcome() == consent.Deny || ask("7A1", "crht", profiles.EmergencyTreatment).Outcome() == consent.Deny {
		t.Fatal("nobody is shown anything before: the test could not fail")
	}
	d.bring(bundles(t, "ward"), collection(somebody.String(), refusalOf("no", "other")))
	routine, crisis := ask("LA9A1", "adult-mh", profiles.CareCoordination), ask("7A1", "crht", profiles.EmergencyTreatment)
	if routine.Outcome() != consent.Deny || !slices.Contains(routine.Obligations(), consent.Alert) {
		t.Errorf("routine: %v %v", routine.Outcome(), routine.Obligations())
	}
	if crisis.Outcome() != consent.Slice {
		t.Errorf("crisis: %v", crisis.Outcome())
	}
}

// A squatting Patient, sent before the person's own record, kept that out.
func TestWhichRecordIsTheEstablishedOne(t *testing.T) {
	verified := func(h human) human { h.verified = true; return h }
	for name, c := range map[string]struct {
		first, second []string // each a run of a source of its own
		established   string   // "" for the first
	}{
		"who comes first, without plans":        {[]string{somebody.String()}, []string{annHerself.String()}, "Price"},
		"who comes first, both with plans":      {[]string{somebody.String(), plan("x", "other")}, []string{annHerself.String(), plan("y", "ann")}, "Price"},
		"who has a plan":                        {[]string{somebody.String()}, []string{annHerself.String(), plan("y", "ann")}, "Jones"},
		"a plan, against a traced number":       {[]string{verified(somebody).String()}, []string{annHerself.String(), plan("y", "ann")}, "Jones"},
		"a traced number":                       {[]string{somebody.String()}, []string{verified(annHerself).String()}, "Jones"},
		"a traced number, both with plans":      {[]string{somebody.String(), plan("x", "other")}, []string{verified(annHerself).String(), plan("y", "ann")}, "Jones"},
		"a traced number without a plan":        {[]string{somebody.String(), plan("x", "other")}, []string{verified(annHerself).String()}, "Price"},
		"who comes first, both traced":          {[]string{verified(somebody).String()}, []string{verified(annHerself).String()}, "Price"},
		"a plan that comes with a second run":   {[]string{somebody.String()}, []string{annHerself.String()}, "Price"},
		"a goal is no plan, so who comes first": {[]string{somebody.String()}, []string{annHerself.String(), `{"resourceType":"Goal","id":"g","lifecycleStatus":"active","description":{"text":"x"},"subject":{"reference":"Patient/ann"}}`}, "Price"},
	} {
		t.Run(name, func(t *testing.T) {
			d := openDesk(t)
			d.bring(bundles(t, "first"), collection(c.first...))
			d.bring(bundles(t, "second"), collection(c.second...))
			if got := d.names(ann); !slices.Equal(got, []string{c.established}) {
				t.Errorf("established is %v, want %s", got, c.established)
			}
			if list := unresolveds(d); len(list) != 1 || list[0].Apart != d.person(ann) || !d.about(list[0].Person).Unverified || d.gathered(ann).Unverified {
				t.Errorf("%+v", list)
			}
			if sum := d.bring(bundles(t, "second"), collection(c.second...)); sum.Resources != 0 || len(unresolveds(d)) != 1 {
				t.Errorf("a second run: %+v", sum)
			}
		})
	}
}

// TestTheEstablishedRecordDoesNotDependOnOrder where plans or a traced number tell the
// two apart: in one run or in several, Patients and plans in any order.
func TestTheEstablishedRecordDoesNotDependOnOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		winner, loser := annHerself, somebody
		winner.verified = rapid.Bool().Draw(rt, "traced")
		pieces := []string{winner.String(), loser.String()}
		plans := rapid.SampledFrom([]string{"the one", "both"}).Draw(rt, "plans")
		if winner.verified && rapid.Bool().Draw(rt, "no plans at all") {
			plans = "none"
		}
		if plans != "none" {
			pieces = append(pieces, plan("w", winner.id))
		}
		switch {
		case plans == "both" && winner.verified:
			pieces = append(pieces, plan("l", loser.id))
		case plans == "both":
			loser.verified = true
			pieces[1] = loser.String()
		}
		d := openDesk(t)
		for len(pieces) > 0 {
			n := rapid.IntRange(1, len(pieces)).Draw(rt, "in one run")
			order := rapid.Permutation(pieces).Draw(rt, "order")
			d.try(collection(order[:n]...))
			pieces = order[n:]
			d.try(collection(order[:n]...)) // and what came before its Patient, once more
		}
		d.try(collection(winner.String(), loser.String(), plan("w", winner.id)))
		if got := d.names(ann); plans != "none" && !slices.Equal(got, []string{"Jones"}) {
			rt.Fatalf("established is %v", got)
		}
	})
}

// TestATypoInABirthDateIsNoSecondPerson, and is counted as a warning.
func TestATypoInABirthDateIsNoSecondPerson(t *testing.T) {
	for name, c := range map[string]struct {
		born, family string
		warned       int
		together     bool
	}{
		"the same":           {"1980-05-17", "Jones", 0, true},
		"a slip":             {"1980-05-11", "Jones", 1, true},
		"exchanged":          {"1980-17-05", "Jones", 0, false}, // no date: not valid FHIR
		"the year":           {"1908-05-17", "Jones", 1, true},
		"1 January":          {"1980-01-01", "Jones", 1, true},
		"none":               {"", "Jones", 1, true},
		"another name too":   {"1980-05-11", "Price", 1, true}, // the given name is shared
		"two components off": {"1981-06-17", "Jones", 0, false},
	} {
		d := openDesk(t)
		d.bring(bundles(t, "clinic"), collection(annHerself.String(), plan("p", "ann")))
		her := human{id: "a2", number: ann, given: "Ann", family: c.family, born: c.born, gender: "female"}
		sum := d.bring(bundles(t, "ward"), collection(her.String(), plan("p", "a2")))
		if together := len(d.kept(ann, "CarePlan")) == 2; together != c.together || sum.Warnings["IDENTITY-MATCHED"] != c.warned {
			t.Errorf("%s: together %v, %+v", name, together, sum)
		}
	}
}

// TestAnMHSDSPersonJoinsByNumberAndBirthDate: the data set has no names.
func TestAnMHSDSPersonJoinsByNumberAndBirthDate(t *testing.T) {
	format, err := mhsds.New(mhsds.V6)
	must(t, err)
	source := intake.Source{Name: "mhsds-v6", Format: format, Custodian: "7A4"}
	row := func(born string) map[string]string {
		return map[string]string{
			"MHS000Header.csv": "DatSetVer,OrgIDProvider,OrgIDSubmit,PrimSystemInUse,ReportingPeriodStartDate,ReportingPeriodEndDate,DateTimeDatSetCreate\n6.0,7A4,7A4,PARIS,2026-06-01,2026-06-30,2026-07-02T09:00:00+01:00\n",
			"MHS001MPI.csv":    "LocalPatientID,OrgIDLocalPatientID,NHSNumber,NHSNumberStatus,PersonBirthDate,Gender\nP1,7A4," + ann + ",01," + born + ",2\n",
		}
	}
	for born, together := range map[string]bool{"1980-05-17": true, "1980-05-18": false} {
		d := openDesk(t)
		d.bring(bundles(t, "clinic"), collection(annHerself.String(), plan("p", "ann")))
		d.bring(source, folder(row(born)))
		if got := len(d.kept(ann, "Patient")) == 2; got != together || d.gathered(ann).Unverified {
			t.Errorf("born %s: together %v; %v", born, got, d.faults())
		}
	}
}

// TestAKnownPatientIsNotMovedByWhatItSaysLater: it contradicts somebody now, so it is
// set aside, and what stood stands.
func TestAKnownPatientIsNotMovedByWhatItSaysLater(t *testing.T) {
	d := openDesk(t)
	d.bring(bundles(t, "clinic"), collection(annHerself.String(), plan("p", "ann")))
	her := annHerself
	her.id = "a2"
	d.bring(bundles(t, "ward"), collection(her.String(), plan("p", "a2")))
	changed := somebody
	changed.id = "a2"
	sum := d.bring(bundles(t, "ward"), collection(changed.String(), plan("q", "a2")))
	if sum.Stored != 0 || sum.Quarantined != 2 || len(d.faults()["IDENTITY-UNRESOLVED"]) != 2 || !slices.Equal(d.names(ann), []string{"Jones", "Jones"}) {
		t.Errorf("%+v, %v", sum, d.names(ann))
	}
	alone := openDesk(t)
	alone.bring(bundles(t, "clinic"), collection(annHerself.String()))
	corrected := annHerself
	corrected.born = "1971-04-16"
	if sum := alone.bring(bundles(t, "clinic"), collection(corrected.String())); sum.Stored != 1 {
		t.Errorf("what nobody else contradicts may be corrected: %+v", sum)
	}
}

// TestACorrectedRecordIsNoLongerKeptApart: a birth date that was mistyped.
func TestACorrectedRecordIsNoLongerKeptApart(t *testing.T) {
	d := openDesk(t)
	d.bring(bundles(t, "clinic"), collection(annHerself.String(), plan("p", "ann")))
	her := annHerself
	her.id, her.born = "a2", "1808-06-17"
	d.bring(bundles(t, "ward"), collection(her.String(), plan("q", "a2")))
	if len(unresolveds(d)) != 1 {
		t.Fatal("nothing is kept apart to begin with")
	}
	her.born = "1980-05-17"
	d.bring(bundles(t, "ward"), collection(her.String()))
	if len(unresolveds(d)) != 0 || len(d.kept(ann, "CarePlan")) != 2 || d.gathered(ann).Unverified {
		t.Errorf("%+v, %v", unresolveds(d), d.kept(ann, "CarePlan"))
	}
}

// TestNobodyIsClosedSilently: whoever cannot be found by an NHS number, or whose identity
// is in doubt, is listed.
func TestNobodyIsClosedSilently(t *testing.T) {
	old := fmt.Sprintf(`"identifier":[{"use":"old","system":%q,"value":%q}]`, profiles.SystemNHSNumber, bryn)
	link := func(to string) string {
		return `"link":[{"type":"replaces","other":{"reference":"Patient/` + to + `"}}]`
	}
	numberless := annHerself
	numberless.number = ""
	with := func(h human, id, more string) human { h.id, h.more = id, more; return h }
	for name, c := range map[string]struct {
		patients []string
		doubts   []persons.Doubt // of everybody who is listed
		closed   bool            // Ann
	}{
		"nothing in doubt":                         {[]string{annHerself.String()}, nil, false},
		"no NHS number":                            {[]string{numberless.String()}, []persons.Doubt{persons.NoNumber}, false},
		"only a superseded number":                 {[]string{with(numberless, "n", old).String()}, []persons.Doubt{persons.Replaced}, false},
		"only a number that is somebody else's":    {[]string{human{id: "b", number: bryn, given: "Bryn", family: "Price"}.String(), with(numberless, "n", old).String()}, []persons.Doubt{persons.Replaced}, false},
		"a link to nothing":                        {[]string{with(annHerself, "ann", link("gone")).String()}, []persons.Doubt{persons.Linked}, true},
		"a link to somebody else":                  {[]string{human{id: "b", number: bryn, given: "Bryn", family: "Price"}.String(), with(annHerself, "ann", link("b")).String()}, []persons.Doubt{persons.Linked}, true},
		"a link to another record of the same":     {[]string{with(annHerself, "a2", "").String(), with(annHerself, "ann", link("a2")).String()}, nil, false},
		"a modifier that nobody knows":             {[]string{with(annHerself, "ann", `"modifierExtension":[{"url":"http://x","valueBoolean":true}]`).String()}, []persons.Doubt{persons.Unverified}, true},
		"a wish about somebody else":               {[]string{annHerself.String(), strings.Replace(refusalOf("c", "ann"), `"patient":{"reference":"Patient/ann"}`, `"patient":{"reference":"Patient/ann","type":"Patient"}`, 1)}, nil, false},
		"two numbers in use":                       {[]string{with(numberless, "n", fmt.Sprintf(`"identifier":[{"system":%q,"value":%q},{"system":%q,"value":%q}]`, profiles.SystemNHSNumber, ann, profiles.SystemNHSNumber, bryn)).String()}, []persons.Doubt{persons.Unverified}, true},
		"two numbers, one of them somebody else's": {[]string{annHerself.String(), with(numberless, "n", fmt.Sprintf(`"identifier":[{"system":%q,"value":%q},{"system":%q,"value":%q}]`, profiles.SystemNHSNumber, ann, profiles.SystemNHSNumber, bryn)).String()}, []persons.Doubt{persons.Replaced}, false},
		"an old number under which nobody is held": {[]string{with(numberless, "n", fmt.Sprintf(`"identifier":[{"use":"old","system":%q,"value":%q},{"system":%q,"value":%q}]`, profiles.SystemNHSNumber, bryn, profiles.SystemNHSNumber, ann)).String()}, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			d := openDesk(t)
			d.bring(bundles(t, "clinic"), collection(c.patients...))
			var doubts []persons.Doubt
			for _, s := range unresolveds(d) {
				doubts = append(doubts, s.Doubts...)
				if s.Source != "clinic" || s.Patient == "" {
					t.Errorf("%+v does not say what came into doubt", s)
				}
			}
			if !slices.Equal(doubts, c.doubts) {
				t.Errorf("listed: %v, want %v", doubts, c.doubts)
			}
			if d.person(ann) != "" && d.gathered(ann).Unverified != c.closed {
				t.Errorf("closed: %v", d.gathered(ann).Unverified)
			}
			d.closedIsListed()
		})
	}
}

// TestANumberThatIsTracedLater stays with its record; where another record is held
// under it, the one that got it waits for somebody to join the two.
func TestANumberThatIsTracedLater(t *testing.T) {
	numberless := annHerself
	numberless.number = ""
	d := openDesk(t)
	d.bring(bundles(t, "clinic"), collection(numberless.String(), plan("p", "ann")))
	d.bring(bundles(t, "clinic"), collection(annHerself.String()))
	if len(unresolveds(d)) != 0 || len(d.kept(ann, "CarePlan")) != 1 {
		t.Errorf("nobody else has it: %+v", unresolveds(d))
	}
	ward := annHerself
	ward.id = "w"
	d.bring(bundles(t, "ward"), collection(ward.String(), plan("q", "w")))
	if len(d.kept(ann, "CarePlan")) != 2 {
		t.Error("the next record under the number lies elsewhere")
	}
	for who, doubt := range map[string]persons.Doubt{"herself": persons.Traced, "somebody else": persons.Contradicts} {
		d := openDesk(t)
		holder := ward
		if who == "somebody else" {
			holder = somebody
		}
		d.bring(bundles(t, "ward"), collection(holder.String(), plan("q", holder.id)))
		d.bring(bundles(t, "clinic"), collection(numberless.String(), plan("p", "ann")))
		before := d.person(ann)
		sum := d.bring(bundles(t, "clinic"), collection(annHerself.String(), plan("p2", "ann")))
		list := unresolveds(d)
		if sum.Stored != 2 || sum.Apart != 1 || len(list) != 1 || !slices.Equal(list[0].Doubts, []persons.Doubt{doubt}) || d.person(ann) != before || len(d.kept(ann, "CarePlan")) != 1 {
			t.Errorf("%s has it: %+v, %+v", who, sum, list)
		}
	}
}

// TestASupersededNumberThatAnotherRecordHas: the two records may be one person's, and
// nothing is released by that until somebody has said so.
func TestASupersededNumberThatAnotherRecordHas(t *testing.T) {
	both := func(id string) string {
		h := annHerself
		h.id, h.number = id, ""
		h.more = fmt.Sprintf(`"identifier":[{"use":"old","system":%q,"value":%q},{"system":%q,"value":%q}]`, profiles.SystemNHSNumber, bryn, profiles.SystemNHSNumber, ann)
		return h.String()
	}
	under := func(number string) string {
		h := annHerself
		h.number = number
		return h.String()
	}
	t.Run("the old one comes first", func(t *testing.T) {
		d := openDesk(t)
		d.bring(bundles(t, "clinic"), collection(under(bryn), plan("p", "ann")))
		holder := d.person(bryn)
		d.bring(bundles(t, "ward"), collection(both("w"), plan("q", "w")))
		list := unresolveds(d)
		if len(list) != 1 || list[0].Apart != holder || list[0].Doubts[0] != persons.Replaced || d.person(bryn) != holder || len(d.kept(bryn, "CarePlan")) != 1 || d.gathered(bryn).Unverified {
			t.Errorf("%+v", list)
		}
	})
	t.Run("the new one comes first", func(t *testing.T) {
		d := openDesk(t)
		d.bring(bundles(t, "ward"), collection(both("w"), plan("q", "w")))
		holder := d.person(ann)
		d.bring(bundles(t, "clinic"), collection(under(bryn), plan("p", "ann")))
		list := unresolveds(d)
		if len(list) != 1 || list[0].Apart != holder || list[0].Doubts[0] != persons.Replaced || d.person(bryn) != holder || len(d.kept(ann, "CarePlan")) != 1 {
			t.Errorf("%+v", list)
		}
	})
	t.Run("the source replaces its own", func(t *testing.T) {
		d := openDesk(t)
		d.bring(bundles(t, "clinic"), collection(under(bryn), plan("p", "ann")))
		if sum := d.bring(bundles(t, "clinic"), collection(both("ann"))); sum.Stored != 1 || d.person(ann) != d.person(bryn) || len(unresolveds(d)) != 0 {
			t.Errorf("%+v, %+v", sum, unresolveds(d))
		}
	})
	t.Run("by one that another record has", func(t *testing.T) {
		d := openDesk(t)
		d.bring(bundles(t, "clinic"), collection(under(bryn), plan("p", "ann")))
		d.bring(bundles(t, "ward"), collection(strings.Replace(under(ann), `"id":"ann"`, `"id":"w"`, 1)))
		sum := d.bring(bundles(t, "clinic"), collection(both("ann")))
		if sum.Quarantined != 1 || d.person(ann) == d.person(bryn) || len(d.faults()["IDENTITY-UNRESOLVED"]) != 1 || d.gathered(bryn).Unverified {
			t.Errorf("%+v, %v", sum, d.faults())
		}
	})
}
