package gateway_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"cpagateway/gateway/intake"
	"cpagateway/gateway/subscriptions"
	"cpagateway/mapping/mhsds"
	"cpagateway/profiles"
)

// javaFolder prepares the programs in testdata/java and says what they stand on.
func javaFolder(t *testing.T) (folder, classes string) {
	t.Helper()
	folder = t.TempDir()
	must(t, os.CopyFS(folder, os.DirFS(filepath.Join("testdata", "java"))))
	list := filepath.Join(folder, "classes.txt")
	resolve := exec.CommandContext(t.Context(), "mvn", "-q", "-B", "dependency:build-classpath", "-Dmdep.outputFile="+list)
	resolve.Dir = folder
	if out, err := resolve.CombinedOutput(); err != nil {
		t.Fatalf("fetching HAPI (Java 17 or later and Maven are needed): %v\n%s", err, out)
	}
	text, err := os.ReadFile(list)
	must(t, err)
	return folder, strings.TrimSpace(string(text))
}

// java runs one of the programs.
func java(t *testing.T, folder, classes, program string, args ...string) string {
	t.Helper()
	run := exec.CommandContext(t.Context(), "java", append([]string{"-XX:TieredStopAtLevel=1", "-cp", classes, program}, args...)...)
	run.Dir = folder
	var said, faults bytes.Buffer
	run.Stdout, run.Stderr = &said, &faults
	if err := run.Run(); err != nil {
		t.Fatalf("%s: %v\n%s%s", program, err, said.String(), faults.String())
	}
	return said.String()
}

// keptAnswers are the bodies that a stand gives, each kind of answer once or more, by a
// name for each.
func (s *stand) keptAnswers() map[string]string {
	kept := map[string]string{}
	keep := func(name string, a answer) answer {
		if _, twice := kept[name]; twice {
			s.t.Fatalf("two answers are named %s", name)
		}
		kept[name] = a.body
		return a
	}
	keep("metadata", s.get("", "/metadata"))
	for _, language := range []string{"en", "cy"} {
		get := func(as, path string) answer { return s.get(as, path, "Accept-Language", language) }
		for as, path := range map[string]string{"cmht": "/CarePlan?colour=red", "gp": "/CarePlan/unknown", "": "/CarePlan/unknown", "ooh": "/Nonsense"} {
			keep(language+"-refused-"+as, get(as, path))
		}
		for _, person := range []string{ann, bryn, elin, nobody, "9990000042", "9990000085", "9000000009"} {
			for _, as := range []string{"cmht", "ooh", "gp", "social-care"} {
				for _, typ := range []string{"Patient", "CarePlan", "CareTeam", "EpisodeOfCare", "Flag", "Goal", "RiskAssessment"} {
					key := "patient.identifier"
					if typ == "Patient" {
						key = "identifier"
					}
					name := fmt.Sprintf("%s-%s-%s-%s", language, as, person, typ)
					found := keep(name, get(as, "/"+typ+"?"+strings.Replace(about(person), "patient.identifier", key, 1)))
					if person != ann {
						continue
					}
					if include, can := includes[typ]; can {
						keep(name+"-included", get(as, "/"+typ+"?"+about(person)+include))
					}
					for _, part := range parts {
						if as != "ooh" {
							break
						}
						keep(name+part, get(as, "/"+typ+"?"+strings.Replace(about(person), "patient.identifier", key, 1)+part))
					}
					for _, id := range found.ids(s.t) {
						read := keep(name+"-"+id, get(as, "/"+typ+"/"+id))
						keep(name+"-"+id+"-version", get(as, "/"+typ+"/"+id+"/_history/"+read.version()))
					}
				}
			}
		}
	}
	s.keepDirectory(kept)
	s.keepSubscriptions(kept)
	_, asked := s.financeClashes()
	kept["task"] = s.get("cmht", "/Task/"+asked.ID).body
	kept["task-search"] = s.get("cmht", "/Task?"+about(ann)).body
	return kept
}

var backportProfile = regexp.MustCompile(`("meta":\{"profile":\["[^"]*subscriptions-backport[^"]*"\]\},|,"profile":\["[^"]*subscriptions-backport[^"]*"\])`)

// keepSubscriptions keeps what a subscriber is answered, and what it is told.
func (s *stand) keepSubscriptions(kept map[string]string) {
	s.t.Helper()
	e := openEndpoint(s.t)
	s.agree(e, "demo-social-care")
	path := s.subscribe("social-care", subscription(subscriptions.PlanChanged, e.URL, "id-only", ""))
	o := s.tell("a", nil)
	s.changeArea("accommodation", "A flat near her sister")
	until(s.t, func() bool { return len(e.events()) == 1 }, o)
	o.end()
	for name, address := range map[string]string{"read": path, "search": "/Subscription", "status": path + "/$status", "events": path + "/$events"} {
		kept["subscription-"+name] = s.get("social-care", address).body
	}
	for i, m := range e.told {
		kept[fmt.Sprint("subscription-told-", i)] = m.body
	}
	for name, body := range kept { // the validator has R4's own profiles alone
		kept[name] = backportProfile.ReplaceAllString(body, "")
	}
}

// keepDirectory follows what was kept to the staff and the organisations.
func (s *stand) keepDirectory(kept map[string]string) {
	for _, typ := range []string{"Practitioner", "PractitionerRole", "Organization"} {
		found := map[string]bool{}
		for _, body := range kept {
			for _, part := range strings.Split(body, `"`+typ+`/`)[1:] {
				id, _, _ := strings.Cut(part, `"`)
				found[id] = true
			}
		}
		for id := range found {
			kept["read-"+typ+"-"+id] = s.get("cmht", "/"+typ+"/"+id).body
			kept["search-"+typ+"-"+id] = s.get("gp", "/"+typ+"?_id="+id).body
		}
	}
}

// bringInMHSDS takes the sound files of the data set in.
func (s *stand) bringInMHSDS() {
	s.t.Helper()
	format, err := mhsds.New(mhsds.V6)
	must(s.t, err)
	files := os.DirFS(filepath.Join("..", "mapping", "mhsds", "testdata", "sound"))
	sum, err := s.intake().Run(context.Background(), intake.Source{Name: "mhsds-v6", Format: format, Custodian: "7A4"}, files)
	must(s.t, err)
	if sum.Stored == 0 {
		s.t.Fatalf("the data set did not come in: %+v", sum)
	}
}

// HAPI's instance validator found an entry without an address in each crisis answer,
// languages outside of R4's list, and narratives that did not say their language.
func TestThePublishedValidatorFindsNoError(t *testing.T) {
	needs(t, "hapi", "HL7's instance validator (HAPI 8.8.0), which needs Java 17 and Maven")
	s := openStand(t)
	s.bringInMHSDS()
	folder, classes := javaFolder(t)
	answers := filepath.Join(folder, "answers")
	must(t, os.Mkdir(answers, 0o700))
	kept := s.keptAnswers()
	for name, body := range kept {
		must(t, os.WriteFile(filepath.Join(answers, name+".json"), []byte(body), 0o600))
	}
	if len(kept) < 300 {
		t.Errorf("only %d answers: the test looked at little", len(kept))
	}
	said := java(t, folder, classes, "Validate.java", answers)
	if !strings.Contains(said, fmt.Sprintf("READ\t%d\n", len(kept))) {
		t.Fatalf("not all of %d answers were read: %.2000s", len(kept), said)
	}
	for line := range strings.Lines(said) {
		severity, message, _ := strings.Cut(strings.TrimSpace(line), "\t")
		switch {
		case severity == "READ":
		case strings.Contains(message, "dom-6:"): // what nobody reads as text has no narrative
		case severity == "WARNING" && strings.Contains(message, "CodeSystem is unknown"): // the package has those of HL7 alone
		case severity == "WARNING" && strings.HasSuffix(message, "because CodeSystem '"+profiles.SystemSNOMED+"' is ignored/not-present"): // nor may it hold SNOMED CT
		default:
			t.Errorf("%s %s", severity, message)
		}
	}
}

// What the validator found, held where neither Java nor Maven is.
func TestAnswersAreValidR4(t *testing.T) {
	s := openStand(t)
	crisis := s.get("ooh", "/Patient?identifier="+number(ann)).bundle(t)
	if last := crisis.Entry[len(crisis.Entry)-1]; last.Search.Mode != "outcome" || !strings.HasPrefix(last.FullURL, "urn:uuid:") {
		t.Errorf("the outcome stands at %q", last.FullURL)
	}
	if spoken := fmt.Sprint(crisis.Entry[0].Resource["communication"]); strings.Contains(spoken, "HumanLanguage") || !strings.Contains(spoken, "urn:ietf:bcp:47") {
		t.Errorf("languages: %s", spoken)
	}
	for _, e := range s.get("ooh", "/CarePlan?"+about(ann)).bundle(t).Entry {
		if text, ok := e.Resource["text"].(map[string]any); ok && !strings.Contains(text["div"].(string), `lang="en" xml:lang="en"><p>`) {
			t.Error("a narrative does not say its language")
		}
	}
	for _, r := range capabilities(t, s).Rest[0].Resource {
		for _, p := range r.SearchParam {
			if p.Name == "_profile" && p.Type.Code() != "uri" {
				t.Errorf("%s: _profile is of type %s", r.Type.Code(), p.Type.Code())
			}
		}
	}
}
