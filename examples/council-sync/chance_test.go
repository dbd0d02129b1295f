package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The council and the team write, rounds run, fail and are killed, in any order: in the
// end the file is the plan, and no words that either wrote are lost. Words of the council
// that nobody replaced at the council stand in the file or in some version of the plan.
func TestWhateverHappensNothingIsLost(t *testing.T) {
	s := openStage(t)
	chance := rand.New(rand.NewChaCha8([32]byte{1})) //nolint:gosec // the same chances whenever the test is run
	typed := map[string]string{}                     // the newest words of each part, as the council wrote them
	var done []string
	for n := range 60 {
		id := fmt.Sprintf("c-%d", chance.IntN(4))
		switch action := chance.IntN(6); action {
		case 0, 1:
			words := fmt.Sprintf("Council %d", n)
			s.says(id, words)
			typed[id] = words
			done = append(done, "says "+id+" "+words)
		case 2:
			if text := s.anyOfTheCouncil(chance); text != "" {
				s.team(`"`+text+`"`, fmt.Sprintf(`"Team %d"`, n))
				done = append(done, "team makes of "+text+" Team "+fmt.Sprint(n))
			}
		case 3:
			s.killedAt(chance)
			done = append(done, "killed")
		default:
			_, code := s.run("council-sync", s.flags()...)
			done = append(done, fmt.Sprintf("round: %d", code))
			if code != inStep && code != held {
				t.Fatalf("ended with %d after\n%s", code, strings.Join(done, "\n"))
			}
		}
	}
	s.release()
	history := s.history()
	file := s.councilText()
	for id, words := range typed {
		if !strings.Contains(history, `"`+words+`"`) && !strings.Contains(file, `"`+words+`"`) {
			t.Errorf("%s: %q is lost after\n%s\n%s", id, words, strings.Join(done, "\n"), file)
		}
	}
	s.isThePlan()
}

// anyOfTheCouncil is a part that the council sent, as the plan has it.
func (s *stage) anyOfTheCouncil(chance *rand.Rand) string {
	var m memory
	state, err := os.ReadFile(s.file() + ".state")
	if err != nil || json.Unmarshal(state, &m) != nil {
		return ""
	}
	var texts []string
	for _, w := range m.Sent {
		if s.times(w.Text) > 0 {
			texts = append(texts, w.Text)
		}
	}
	slices.Sort(texts)
	if len(texts) == 0 {
		return ""
	}
	return texts[chance.IntN(len(texts))]
}

// killedAt kills a round when the gateway has answered some request of it.
func (s *stage) killedAt(chance *rand.Rand) {
	s.t.Helper()
	left := chance.IntN(4)
	c := exec.Command(filepath.Join(s.programs, "council-sync"), s.flags()...)
	kill := func(*http.Response) error {
		if left--; left < 0 {
			_ = c.Process.Kill()
		}
		return nil
	}
	s.answered.Store(&kill)
	_ = c.Run()
	s.answered.Store(nil)
}

// release is somebody at the council who lets everything go out that was held: what it may
// not make of the team's part, as a part of its own.
func (s *stage) release() {
	s.t.Helper()
	for range 5 {
		if _, code := s.run("council-sync", s.flags()...); code == inStep {
			return
		}
		s.edit(func(c *councilFile) {
			for i := range c.Parts {
				if p := &c.Parts[i]; strings.HasPrefix(p.Held, "refused") && s.times(p.Text) == 0 {
					p.ID += "-anew" // as a part of the council's own
				}
				c.Parts[i].Held = ""
			}
		})
	}
	s.t.Errorf("not in step: %s", s.councilText())
}

func (s *stage) history() string {
	s.t.Helper()
	body, _ := s.team("", "")
	var plan struct{ ID string }
	s.must(json.Unmarshal([]byte(body), &plan))
	history, _ := s.ask(http.MethodGet, "/CarePlan/"+plan.ID+"/_history", "", "")
	return history
}

// isThePlan fails where the file does not say what the plan says to the council.
func (s *stage) isThePlan() {
	s.t.Helper()
	file := s.read()
	all := slices.Clone(file.Others)
	for _, p := range file.Parts {
		all = append(all, p.words)
	}
	var m memory
	state, err := os.ReadFile(s.file() + ".state")
	s.must(err)
	s.must(json.Unmarshal(state, &m))
	given, err := parsePlan(m.Base)
	s.must(err)
	said := slices.DeleteFunc(given.words(), func(w words) bool { return w.Area == "" })
	sorted := func(list []words) string {
		texts := make([]string, 0, len(list))
		for _, w := range list {
			texts = append(texts, fmt.Sprint(w))
		}
		slices.Sort(texts)
		return strings.Join(texts, "\n")
	}
	if sorted(all) != sorted(said) {
		s.t.Errorf("the file says\n%s\nthe plan\n%s", sorted(all), sorted(said))
	}
	for _, p := range file.Parts {
		if s.times(p.Text) == 0 {
			s.t.Errorf("the team does not see %q", p.Text)
		}
	}
}
