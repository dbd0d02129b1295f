package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cpagateway/gateway/audit"
	"cpagateway/gateway/store"
	"cpagateway/gateway/store/sqlite"
	"cpagateway/profiles"
)

const brynsNumber = "9990000026"

// registry is a gateway that serves while its persons are settled by commands, which
// open the same folder as another process does.
type registry struct {
	*served
	token string
	files int
}

func openRegistry(t *testing.T) *registry {
	t.Helper()
	s := configure(t, "{name: clinic, format: fhir-bundle, custodian: 7A4}, {name: ward, format: fhir-bundle, custodian: 7A4}")
	s.openIssuer()
	s.start()
	s.await("/readyz", http.StatusOK)
	return &registry{served: s, token: s.token("cmht")}
}

// bring imports resources, and must end with a code.
func (r *registry) bring(source string, code int, resources ...string) {
	r.t.Helper()
	var entries []string
	for _, resource := range resources {
		entries = append(entries, `{"resource":`+resource+`}`)
	}
	r.files++
	file := write(r.t, filepath.Join(r.dir, fmt.Sprintf("%d.json", r.files)), `{"resourceType":"Bundle","type":"collection","entry":[`+strings.Join(entries, ",")+`]}`)
	cli("import", "--config", r.config, "--source", source, file).must(r.t, code)
}

// person runs a command on persons.
func (r *registry) person(args ...string) printed {
	r.t.Helper()
	return cli(append([]string{"person"}, append(args, "--config", r.config)...)...)
}

// settle runs a command that settles something, and gives the id of the move.
func (r *registry) settle(args ...string) string {
	r.t.Helper()
	return r.person(append(args, "--ground", "INC-7", "--json")...).must(r.t, exitDone).object(r.t, "id", "kind", "at", "from", "to", "resources", "ground")["id"].(string)
}

// listed is who is in doubt: the doubts, and the ids for the commands.
func (r *registry) listed() (doubts []string, list []standingView) {
	r.t.Helper()
	if err := json.Unmarshal([]byte(r.person("list", "--json").must(r.t, exitDone).out), &list); err != nil {
		r.t.Fatal(err)
	}
	for _, s := range list {
		doubts = append(doubts, s.doubts())
		if s.Since.IsZero() || s.Custodian != "7A4" || s.Source == "" || s.Patient == "" {
			r.t.Errorf("%+v does not say since when and in whose records", s)
		}
	}
	return doubts, list
}

// found is how many plans the care coordinator finds under a number.
func (r *registry) found(number string) int { return len(r.matches(number)) }

func (r *registry) matches(number string) []map[string]any {
	r.t.Helper()
	form := url.Values{"patient.identifier": {profiles.SystemNHSNumber + "|" + number}}
	return r.search(r.token, "CarePlan", form.Encode()).matches(r.t)
}

// plans are the titles of these.
func (r *registry) plans(number string) []string {
	r.t.Helper()
	var titles []string
	for _, plan := range r.matches(number) {
		titles = append(titles, plan["title"].(string))
	}
	slices.Sort(titles)
	return titles
}

// picture is all that can be read.
func (r *registry) picture() string {
	r.t.Helper()
	return fmt.Sprint(annsNumber, r.plans(annsNumber), " ", brynsNumber, r.plans(brynsNumber))
}

// unresolved is the gauge, by doubt.
func (r *registry) unresolved() (lines []string) {
	r.t.Helper()
	response, err := http.Get("http://" + r.admin + "/metrics")
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		name, labels, _ := strings.Cut(strings.TrimSpace(line), "{")
		_, doubt, _ := strings.Cut(labels, `doubt="`)
		doubt, _, _ = strings.Cut(doubt, `"`)
		if value := labels[strings.LastIndexByte(labels, ' ')+1:]; name == "cpa_gateway_persons_unresolved" && value != "0" {
			lines = append(lines, doubt+"="+value)
		}
	}
	return lines
}

func someone(id, numbers, more string) string {
	return `{"resourceType":"Patient","id":"` + id + `","name":[{"family":"Example","given":["Ann"]}],"birthDate":"1980-05-17"` + numbers + more + `}`
}

func numbered(number string) string {
	return fmt.Sprintf(`,"identifier":[{"system":%q,"value":%q}]`, profiles.SystemNHSNumber, number)
}

func replaced(old, now string) string {
	return fmt.Sprintf(`,"identifier":[{"use":"old","system":%q,"value":%q},{"system":%q,"value":%q}]`, profiles.SystemNHSNumber, old, profiles.SystemNHSNumber, now)
}

func linkTo(patient string) string {
	return `,"link":[{"type":"replaces","other":{"reference":"Patient/` + patient + `"}}]`
}

// withPlan is a Patient with the team that treats them, and a plan.
func withPlan(patient, id, title string) []string {
	return []string{patient,
		`{"resourceType":"CareTeam","id":"t-` + id + `","status":"active","subject":{"reference":"Patient/` + id + `"},"participant":[{"member":{"identifier":{"system":"` + profiles.TeamSystem("7A4") + `","value":"cmht-north"}}}]}`,
		`{"resourceType":"CarePlan","id":"p-` + id + `","status":"active","intent":"plan","title":"` + title + `","subject":{"reference":"Patient/` + id + `"}}`}
}

// TestPersonsAreSettledByCommands: each kind of doubt is listed, is settled while a
// gateway serves, reads change at once, and are as before when it is taken back.
func TestPersonsAreSettledByCommands(t *testing.T) {
	bryn := strings.NewReplacer("1980-05-17", "1999-09-09", "Example", "Price", "Ann", "Bryn")
	joinIt := func(list []standingView) []string {
		return []string{"join", string(list[0].Person), string(list[0].ApartFrom)}
	}
	confirmIt := func(list []standingView) []string { return []string{"confirm", string(list[0].Person)} }
	for name, c := range map[string]struct {
		bring   func(r *registry)
		doubts  []string
		before  string
		settle  func(list []standingView) []string
		settled string
		left    []string // in doubt afterwards
	}{
		"a number traced later": {
			bring: func(r *registry) {
				r.bring("clinic", exitDone, withPlan(someone("n", "", ""), "n", "one")...)
				r.bring("ward", exitDone, withPlan(someone("w", numbered(annsNumber), ""), "w", "two")...)
				r.bring("clinic", exitRefused, someone("n", numbered(annsNumber), ""))
			},
			doubts: []string{"NHS-NUMBER-TRACED"}, before: annsNumber + "[two] " + brynsNumber + "[]",
			settle: joinIt, settled: annsNumber + "[one two] " + brynsNumber + "[]",
		},
		"a superseded number": {
			bring: func(r *registry) {
				r.bring("clinic", exitDone, withPlan(someone("n", numbered(brynsNumber), ""), "n", "one")...)
				r.bring("ward", exitRefused, withPlan(someone("w", replaced(brynsNumber, annsNumber), ""), "w", "two")...)
			},
			doubts: []string{"NHS-NUMBER-SUPERSEDED"}, before: annsNumber + "[] " + brynsNumber + "[one]",
			settle: joinIt, settled: annsNumber + "[one two] " + brynsNumber + "[one two]",
		},
		"a superseded number of somebody else": {
			bring: func(r *registry) {
				r.bring("clinic", exitDone, withPlan(someone("n", numbered(brynsNumber), ""), "n", "one")...)
				r.bring("ward", exitRefused, withPlan(bryn.Replace(someone("w", replaced(brynsNumber, annsNumber), "")), "w", "two")...)
			},
			doubts: []string{"NHS-NUMBER-SUPERSEDED"}, before: annsNumber + "[] " + brynsNumber + "[one]",
			settle: confirmIt, settled: annsNumber + "[two] " + brynsNumber + "[one]",
		},
		"a link to a record that is not held": {
			bring: func(r *registry) {
				r.bring("clinic", exitDone, withPlan(someone("n", numbered(annsNumber), linkTo("gone")), "n", "one")...)
			},
			doubts: []string{"PATIENT-LINK"}, before: annsNumber + "[] " + brynsNumber + "[]",
			settle: confirmIt, settled: annsNumber + "[one] " + brynsNumber + "[]",
		},
		"a merge": {
			bring: func(r *registry) {
				r.bring("clinic", exitDone, append(withPlan(someone("n", numbered(annsNumber), ""), "n", "one"), withPlan(someone("w", numbered(brynsNumber), linkTo("n")), "w", "two")...)...)
			},
			doubts: []string{"PATIENT-LINK"}, before: annsNumber + "[one] " + brynsNumber + "[]",
			settle:  func(list []standingView) []string { return []string{"join", string(list[0].Person), "beside"} },
			settled: annsNumber + "[one two] " + brynsNumber + "[one two]",
		},
		"two records of one human that contradict each other": {
			bring: func(r *registry) {
				r.bring("clinic", exitDone, withPlan(someone("n", numbered(annsNumber), ""), "n", "one")...)
				r.bring("ward", exitRefused, withPlan(bryn.Replace(someone("w", numbered(annsNumber), "")), "w", "two")...)
			},
			doubts: []string{"IDENTITY-CONFLICT"}, before: annsNumber + "[one] " + brynsNumber + "[]",
			settle: joinIt, settled: annsNumber + "[one two] " + brynsNumber + "[]",
		},
		"no number": {
			bring: func(r *registry) {
				r.bring("clinic", exitDone, withPlan(someone("n", "", ""), "n", "one")...)
			},
			doubts: []string{"NO-NHS-NUMBER"}, before: annsNumber + "[] " + brynsNumber + "[]",
			settle: confirmIt, settled: annsNumber + "[] " + brynsNumber + "[]",
		},
		"two humans under one number who agree": {
			bring: func(r *registry) {
				r.bring("clinic", exitDone, withPlan(someone("n", numbered(annsNumber), ""), "n", "one")...)
				r.bring("ward", exitDone, withPlan(someone("w", numbered(annsNumber), ""), "w", "two")...)
			},
			before: annsNumber + "[one two] " + brynsNumber + "[]",
			settle: func([]standingView) []string { return []string{"part", "ward's"} },
			left:   []string{"PARTED"}, settled: annsNumber + "[one] " + brynsNumber + "[]",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := openRegistry(t)
			c.bring(r)
			doubts, list := r.listed()
			if got := r.picture(); !slices.Equal(doubts, c.doubts) || got != c.before {
				t.Fatalf("in doubt %v, want %v; reads %s, want %s", doubts, c.doubts, got, c.before)
			}
			args := c.settle(list)
			switch args[len(args)-1] {
			case "beside":
				args[len(args)-1] = string(r.shown(list[0].Person).Beside[0].Person)
			case "ward's":
				args[len(args)-1] = r.patientOf("ward")
			}
			id := r.settle(args...)
			if doubts, _ := r.listed(); !slices.Equal(doubts, c.left) || r.picture() != c.settled {
				t.Errorf("%v: in doubt %v, want %v; reads %s, want %s", args, doubts, c.left, r.picture(), c.settled)
			}
			r.settle("undo", id)
			if doubts, again := r.listed(); !slices.Equal(doubts, c.doubts) || r.picture() != c.before || fmt.Sprint(again) != fmt.Sprint(list) {
				t.Errorf("taken back: in doubt %v, want %v; reads %s, want %s", doubts, c.doubts, r.picture(), c.before)
			}
			cli("audit", "verify", "--config", r.config).must(t, exitDone)
		})
	}
}

// shown is what is in doubt about a person.
func (r *registry) shown(person profiles.PersonID, more ...string) (v inquiryView) {
	r.t.Helper()
	out := r.person(append([]string{"show", string(person), "--json"}, more...)...).must(r.t, exitDone).out
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		r.t.Fatal(err)
	}
	return v
}

// kept opens the folder beside the gateway.
func (r *registry) kept(read func(store.Snapshot) error) {
	r.t.Helper()
	s, err := sqlite.Open(r.t.Context(), filepath.Join(r.dir, "data"))
	if err != nil {
		r.t.Fatal(err)
	}
	defer s.Close()
	if err := s.View(r.t.Context(), read); err != nil {
		r.t.Fatal(err)
	}
}

// patientOf is the id of the Patient that a source brought under the first number.
func (r *registry) patientOf(source string) (id string) {
	r.t.Helper()
	r.kept(func(now store.Snapshot) error {
		person, err := now.Person(profiles.SystemNHSNumber, annsNumber)
		if err != nil {
			return err
		}
		for _, p := range r.shown(person).Patients {
			if p.Source == source {
				id = p.ID
			}
		}
		return nil
	})
	return id
}

// TestPersonCommandsAreRecorded, together with the change or not at all, and hold
// nobody's name, birth date or number where nothing asked for it.
func TestPersonCommandsAreRecorded(t *testing.T) {
	r := openRegistry(t)
	r.bring("clinic", exitDone, someone("x", "", ""))
	_, list := r.listed()
	alone := string(list[0].Person)
	if p := r.person("confirm", alone, "--ground", "INC-7").must(t, exitDone); !strings.HasPrefix(p.out, "m1: confirm: "+alone+"\n") {
		t.Errorf("printed %q", p.out)
	}
	r.settle("undo", "m1")
	r.settle("confirm", alone)
	r.bring("clinic", exitDone, withPlan(someone("n", numbered(brynsNumber), ""), "n", "one")...)
	r.bring("ward", exitRefused, withPlan(someone("w", replaced(brynsNumber, annsNumber), ""), "w", "two")...)
	_, list = r.listed()
	apart, from := list[0].Person, list[0].ApartFrom
	if got := r.unresolved(); !slices.Equal(got, []string{"NHS-NUMBER-SUPERSEDED=1"}) {
		t.Errorf("the gauge says %v", got)
	}
	var all strings.Builder
	say := func(code int, args ...string) {
		t.Helper()
		p := r.person(args...).must(t, code)
		all.WriteString(p.out + p.errs)
	}
	say(exitDone, "list")
	say(exitDone, "show", string(apart))
	say(exitDone, "show", string(apart), "--json")
	say(exitRefused, "join", string(from), string(apart), "--ground", "INC-7") // the other way round
	say(exitUsage, "join", string(apart), "nobody", "--ground", "INC-7")
	say(exitUsage, "join", string(apart), string(from), "--ground", "Ann said so")
	say(exitUsage, "join", string(apart), string(from))
	say(exitDone, "join", string(apart), string(from), "--ground", "INC-7")
	say(exitRefused, "join", string(apart), string(apart), "--ground", "INC-7")
	say(exitUsage, "undo", "m9", "--ground", "INC-7")
	say(exitDone, "undo", "m4", "--ground", "INC-8")
	say(exitDone, "moves")
	say(exitDone, "moves", "--json")
	for _, canary := range []string{"Example", "Ann", "1980", annsNumber, brynsNumber} {
		if strings.Contains(strings.ReplaceAll(all.String(), "/Ann/", ""), canary) {
			t.Errorf("%q is printed:\n%s", canary, all.String())
		}
	}
	if v := r.shown(apart, "--identifiers"); len(v.Patients) != 1 || !slices.Contains(v.Patients[0].Identifiers, profiles.SystemNHSNumber+"|"+annsNumber) || len(v.Beside) != 1 || v.Beside[0].Person != from || v.Beside[0].Verdict != "agree" {
		t.Errorf("%+v", v)
	}
	if moves := r.person("moves", "--json").must(t, exitDone).list(t); len(moves) != 5 || moves[4]["undoes"] != "m4" || moves[3]["ground"] != "INC-7" {
		t.Errorf("moves: %v", moves)
	}
	var got []string
	r.kept(func(now store.Snapshot) error {
		for name, person := range map[string]profiles.PersonID{"apart": apart, "from": from} {
			rows, err := now.Entries(audit.Query{Person: person, Limit: 100})
			if err != nil {
				return err
			}
			entries, err := audit.Entries(rows)
			if err != nil {
				return err
			}
			for _, e := range entries {
				if e.Kind != audit.KindOperator {
					continue
				}
				got = append(got, fmt.Sprintf("%s %s %s %s", name, e.Interaction, e.Move, e.Reference))
				if e.Organisation != "7A4" || e.Client != "command-line" || e.Professional == "" || e.At.IsZero() {
					t.Errorf("%+v", e)
				}
			}
		}
		return nil
	})
	slices.Sort(got)
	want := []string{"apart person-join m4 INC-7", "apart person-show  ", "apart person-show  ", "apart person-show  ", "apart person-undo m5 INC-8", "from person-join m4 INC-7", "from person-undo m5 INC-8"}
	if !slices.Equal(got, want) {
		t.Errorf("recorded:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	cli("audit", "verify", "--config", r.config).must(t, exitDone)
	if logs := r.logs.String(); strings.Contains(logs, string(apart)) || strings.Contains(logs, "INC-7") {
		t.Errorf("the log tells of a person:\n%s", logs)
	}
}

// TestNothingIsSettledThatIsNotRecorded: the log has lost its witness, and takes nothing.
func TestNothingIsSettledThatIsNotRecorded(t *testing.T) {
	r := &registry{served: configure(t, "{name: clinic, format: fhir-bundle, custodian: 7A4}")}
	r.bring("clinic", exitDone, withPlan(someone("n", numbered(annsNumber), linkTo("gone")), "n", "one")...)
	doubts, list := r.listed()
	if err := os.Remove(filepath.Join(r.dir, "data", witnessFile)); err != nil {
		t.Fatal(err)
	}
	if p := r.person("confirm", string(list[0].Person), "--ground", "INC-7"); p.code == exitDone {
		t.Errorf("settled without a log: %s", p.out)
	}
	r.kept(func(now store.Snapshot) error {
		moves, err := now.Moves()
		standing, more := now.Standing(list[0].Person)
		if len(moves) != 0 || len(standing.Confirmed) != 0 || len(standing.Doubts) != len(doubts) {
			t.Errorf("%+v %+v", moves, standing)
		}
		return errors.Join(err, more)
	})
}

// TestAPartedRecordIsAPersonOfItsOwnOnceItsNumberIsCorrected, at its source.
func TestAPartedRecordIsAPersonOfItsOwnOnceItsNumberIsCorrected(t *testing.T) {
	r := openRegistry(t)
	r.bring("clinic", exitDone, withPlan(someone("n", numbered(annsNumber), ""), "n", "one")...)
	r.bring("ward", exitDone, withPlan(someone("w", numbered(annsNumber), ""), "w", "two")...)
	r.settle("part", "Patient/"+r.patientOf("ward"))
	if doubts, _ := r.listed(); !slices.Equal(doubts, []string{"PARTED"}) {
		t.Fatalf("in doubt: %v", doubts)
	}
	r.bring("ward", exitDone, someone("w", numbered(brynsNumber), ""))
	if doubts, _ := r.listed(); len(doubts) != 0 || r.picture() != annsNumber+"[one] "+brynsNumber+"[two]" {
		t.Errorf("in doubt: %v; reads %s", doubts, r.picture())
	}
}

// TestANumberReplacedByAnotherRecordsIsJoinedAndFedInAgain: what was set aside comes in
// once somebody has found out that the two are one human.
func TestANumberReplacedByAnotherRecordsIsJoinedAndFedInAgain(t *testing.T) {
	r := openRegistry(t)
	r.bring("clinic", exitDone, withPlan(someone("n", numbered(brynsNumber), ""), "n", "one")...)
	r.bring("ward", exitDone, withPlan(someone("w", numbered(annsNumber), ""), "w", "two")...)
	r.bring("clinic", exitRefused, someone("n", replaced(brynsNumber, annsNumber), ""))
	faults := cli("quarantine", "list", "--config", r.config, "--json").must(t, exitDone).list(t)
	if len(faults) != 1 || faults[0]["rule"] != "IDENTITY-UNRESOLVED" || r.picture() != annsNumber+"[two] "+brynsNumber+"[one]" {
		t.Fatalf("%v; reads %s", faults, r.picture())
	}
	r.settle("join", string(r.shown("999 000 0026").Person), string(r.shown(annsNumber).Person))
	cli("quarantine", "retry", faults[0]["id"].(string), "--config", r.config).must(t, exitDone)
	if doubts, _ := r.listed(); len(doubts) != 0 || r.picture() != annsNumber+"[one two] "+brynsNumber+"[one two]" {
		t.Errorf("in doubt: %v; reads %s", doubts, r.picture())
	}
	r.person("show", "9990000034").must(t, exitUsage)
}

// TestPublishedCasesOfIdentity: records that were once put together, or closed, without
// a word.
func TestPublishedCasesOfIdentity(t *testing.T) {
	for name, c := range map[string]struct {
		code    int
		doubts  []string
		plans   map[string]int // by NHS number
		confirm string         // the number of whoever a confirmation opens
	}{
		"02-two-people-one-nhs-number":    {exitRefused, []string{"IDENTITY-CONFLICT"}, map[string]int{annsNumber: 1}, ""},
		"03-superseded-nhs-number-silent": {exitDone, nil, map[string]int{annsNumber: 1, brynsNumber: 1}, ""},
		"04-patient-link-silent":          {exitDone, []string{"PATIENT-LINK"}, map[string]int{annsNumber: 0}, annsNumber},
		"05-nhs-number-in-another-system": {exitRefused, nil, map[string]int{brynsNumber: 1, annsNumber: 0}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			folder := filepath.Join("..", "..", "..", "shared", "cases", name, "in")
			if _, err := os.Stat(folder); err != nil {
				t.Skipf("../shared/cases/%s is not here", name)
			}
			r := openRegistry(t)
			cli("import", "--config", r.config, "--source", "clinic", folder).must(t, c.code)
			doubts, list := r.listed()
			if !slices.Equal(doubts, c.doubts) {
				t.Errorf("in doubt: %v, want %v", doubts, c.doubts)
			}
			for number, want := range c.plans {
				if got := r.found(number); got != want {
					t.Errorf("%s finds %d plans, want %d", number, got, want)
				}
			}
			if c.confirm == "" {
				return
			}
			id := r.settle("confirm", string(list[0].Person))
			if got := r.found(c.confirm); got != 1 {
				t.Errorf("confirmed, %d plans are found", got)
			}
			r.settle("undo", id)
			if got := r.found(c.confirm); got != 0 {
				t.Errorf("taken back, %d plans are found", got)
			}
		})
	}
}
