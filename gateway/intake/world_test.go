package intake_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"cpagateway/consent"
	"cpagateway/consent/agreements"
	"cpagateway/consent/facts"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/demo"
	"cpagateway/gateway/intake"
	"cpagateway/gateway/quarantine"
	"cpagateway/gateway/quarantine/quarantinetest"
	"cpagateway/gateway/records"
	"cpagateway/gateway/records/recordstest"
	"cpagateway/gateway/store"
	"cpagateway/gateway/store/memory"
	"cpagateway/mapping/bundle"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

const (
	ann   = "9990000018"
	bryn  = "9990000026"
	carys = "9990000034"
)

// desk is an intake on a memory store with a real audit log.
type desk struct {
	*intake.Intake
	t       *testing.T
	store   *memory.Store
	brittle *brittleStore // the same, as the intake and its log have it
	now     time.Time
}

func openDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, store: memory.New(), now: time.Date(2026, 7, 31, 9, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return d.now }
	keys, err := audit.FolderKeys(t.TempDir())
	must(t, err)
	d.brittle = &brittleStore{Store: d.store}
	log, err := audit.Open[store.Tx](context.Background(), d.brittle, keys, nil, clock)
	must(t, err)
	t.Cleanup(func() { must(t, log.Close()) })
	register, err := agreements.Load(demo.Agreements())
	must(t, err)
	d.Intake = &intake.Intake{Store: d.brittle, Audit: log, Register: register, Secret: []byte(strings.Repeat("k", 32)), Home: "7A4", Leaflets: consent.DefaultPolicy().PolicyVersions, Clock: clock}
	return d
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// bundles is a source that sends FHIR.
func bundles(t *testing.T, name string) intake.Source {
	t.Helper()
	return intake.Source{Name: name, Format: &bundle.Format{}}
}

// collection is a bundle of resources as they are written.
func collection(resources ...string) fstest.MapFS {
	var entries []string
	for _, r := range resources {
		entries = append(entries, `{"resource":`+r+`}`)
	}
	text := `{"resourceType":"Bundle","type":"collection","entry":[` + strings.Join(entries, ",") + `]}`
	return fstest.MapFS{"bundle.json": {Data: []byte(text)}}
}

// with is an extract of the files of two.
func with(files, more fstest.MapFS) fstest.MapFS {
	maps.Copy(files, more)
	return files
}

func patient(id, number string) string {
	return fmt.Sprintf(`{"resourceType":"Patient","id":%q,"identifier":[{"system":%q,"value":%q}],"name":[{"family":"Test"}]}`, id, profiles.SystemNHSNumber, number)
}

func plan(id, patient string) string {
	return fmt.Sprintf(`{"resourceType":"CarePlan","id":%q,"status":"active","intent":"plan","category":[{"coding":[{"system":"http://snomed.info/sct","code":%q}]}],"subject":{"reference":"Patient/%s"}}`,
		id, profiles.CodeCrisisPlan, patient)
}

// bring runs an extract and holds what is true of every run: that it adds up.
func (d *desk) bring(source intake.Source, files fstest.MapFS) intake.Summary {
	d.t.Helper()
	sum, err := d.Run(context.Background(), source, files)
	must(d.t, err)
	if sum.Read == 0 || sum.Read != sum.Stored+sum.Unchanged+sum.Quarantined {
		d.t.Errorf("the account does not add up: %+v", sum)
	}
	return sum
}

// faults are those that are set aside, by rule.
func (d *desk) faults() map[string][]quarantine.Fault {
	d.t.Helper()
	all, err := quarantinetest.Of(d.store).Faults(context.Background(), quarantine.Filter{})
	must(d.t, err)
	byRule := map[string][]quarantine.Fault{}
	for _, f := range all {
		byRule[f.Rule] = append(byRule[f.Rule], f)
	}
	return byRule
}

func (d *desk) person(number string) profiles.PersonID {
	d.t.Helper()
	id, err := recordstest.Of(d.store).Person(context.Background(), profiles.SystemNHSNumber, number)
	if err != nil {
		return ""
	}
	return id
}

// gathered are the facts about somebody as a decision has them.
func (d *desk) gathered(number string) facts.Person {
	d.t.Helper()
	return d.about(d.person(number))
}

// about are the facts about a person as a decision of the first custodian has them.
func (d *desk) about(person profiles.PersonID) facts.Person {
	d.t.Helper()
	held, err := recordstest.Of(d.store).Holdings(context.Background(), person)
	must(d.t, err)
	return held.At("7A4")
}

// kept are the resources of a type that a care coordinator finds of a person.
func (d *desk) kept(number, typ string) []string {
	d.t.Helper()
	person := d.person(number)
	if person == "" {
		return nil
	}
	decision := consent.Decide(consent.Request{
		Caller: consent.Caller{Client: "test", Organisation: "7A4", Team: "cmht-north", Purpose: profiles.Treatment, Scopes: []consent.Scope{{Context: "system", Type: "*", Read: true, Search: true}}},
		Action: consent.Read, Type: typ, Wanted: profiles.ItemsOfType(typ), At: d.now, Register: d.Register, Policy: consent.DefaultPolicy(),
		Person: &facts.Person{ID: person, Custodian: "7A4", Relations: []facts.Relation{{Organisation: "7A4", Team: "cmht-north", Kind: facts.CareTeamMember}}},
		Source: "7A4",
	})
	page, err := recordstest.Of(d.store).Find(context.Background(), decision, typ, records.Query{Count: 100})
	must(d.t, err)
	var ids []string
	for _, m := range page.Matches {
		ids = append(ids, m.ID)
	}
	return ids
}

// names are the family names of the Patients under a number, sorted.
func (d *desk) names(number string) []string {
	d.t.Helper()
	var names []string
	must(d.t, d.store.View(context.Background(), func(now store.Snapshot) error {
		held, err := now.Held(d.person(number), "Patient")
		for _, v := range held {
			patient, err := fhir.ParseResource(v.Body)
			must(d.t, err)
			names = append(names, patient.Find("name", "family").Text())
		}
		return err
	}))
	slices.Sort(names)
	return names
}

// try runs an extract of one source, of which something may be refused.
func (d *desk) try(files fstest.MapFS) {
	d.t.Helper()
	_, err := d.Run(context.Background(), bundles(d.t, "clinic"), files)
	must(d.t, err)
}

// folder is an extract of several files.
func folder(files map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

// closedIsListed holds that every person whose identity decisions doubt is listed.
func (d *desk) closedIsListed() {
	d.t.Helper()
	must(d.t, d.store.View(context.Background(), func(now store.Snapshot) error {
		for _, number := range []string{ann, bryn} {
			person, err := now.Person(profiles.SystemNHSNumber, number)
			if err != nil {
				continue
			}
			standing, err := now.Standing(person)
			if closed := d.about(person).Unverified; closed && !standing.Open() || err != nil {
				d.t.Errorf("%s is closed and not listed: %v", person, err)
			}
		}
		return nil
	}))
}
