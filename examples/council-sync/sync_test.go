package main

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func (c councilFile) part(id string) part {
	for _, p := range c.Parts {
		if p.ID == id {
			return p
		}
	}
	return part{}
}

// One council, one team and one plan, from the first round to the last.
func TestAFileAndAPlanStayInStep(t *testing.T) {
	s := openStage(t)
	for _, step := range []struct {
		name string
		do   func(*stage)
	}{
		{"the first round", firstRound}, {"edits each way", editsEachWay}, {"a clash", clash}, {"a refusal", refusal}, {"wrong parts", wrongPart}, {"an end each way", endsEachWay},
		{"an outage", outage}, {"a kill between send and save", killed}, {"a kill between file and memory", killedBetweenFiles}, {"an edit during a round", editedMeanwhile}, {"a withdrawal", withdrawal},
	} {
		t.Run(step.name, func(t *testing.T) {
			s.t = t
			step.do(s)
		})
		if t.Failed() {
			return
		}
	}
}

func firstRound(s *stage) {
	s.says("cs-1", "A flat with a garden")
	s.sync(inStep)
	if s.times("A flat with a garden") != 1 {
		s.t.Error("the team does not see what the council wrote")
	}
	if c := s.read(); len(c.Parts) != 1 || !slices.ContainsFunc(c.Others, func(w words) bool { return strings.HasPrefix(w.Text, "Tenancy support") }) {
		s.t.Errorf("the council does not see what the team wrote: %+v", c)
	}
	_, before := s.team("", "")
	first, err := os.ReadFile(s.file())
	s.must(err)
	s.sync(inStep)
	again, err := os.ReadFile(s.file())
	s.must(err)
	if _, after := s.team("", ""); after != before || string(again) != string(first) {
		s.t.Errorf("a round without a change changed something: %s, %s\n%s", before, after, again)
	}
}

func editsEachWay(s *stage) {
	s.says("cs-1", "A flat without stairs")
	s.says("cs-2", "A key safe")
	s.team("Tenancy support", "Tenancy advice")
	s.sync(inStep)
	if s.times("A flat without stairs") != 1 || s.times("A flat with a garden") != 0 || s.times("A key safe") != 1 {
		s.t.Error("the team does not see what the council changed")
	}
	if text := s.councilText(); !strings.Contains(text, "Tenancy advice") || strings.Contains(text, "Tenancy support") {
		s.t.Errorf("the council does not see what the team changed: %s", text)
	}
	s.team("A key safe", "A key safe at the back door")
	s.sync(inStep)
	if got := s.read().part("cs-2").Text; got != "A key safe at the back door" {
		s.t.Errorf("the council's part says %q", got)
	}
}

func (s *stage) councilText() string {
	s.t.Helper()
	text, err := os.ReadFile(s.file())
	s.must(err)
	return string(text)
}

func clash(s *stage) {
	s.says("cs-1", "A flat by the park")
	s.says("cs-3", "A removal firm")
	s.team("A flat without stairs", "A flat near Beth")
	s.sync(held)
	p := s.read().part("cs-1")
	if p.Text != "A flat by the park" || !strings.Contains(p.Held, "A flat near Beth") {
		s.t.Errorf("the file says %+v", p)
	}
	if s.times("A flat near Beth") != 1 || s.times("A flat by the park") != 0 || s.times("A removal firm") != 1 {
		s.t.Error("the plan is not the team's words beside the council's other part")
	}
	s.sync(held) // nothing is sent until somebody decides
	s.edit(func(c *councilFile) { c.Parts[0].Held = "" })
	s.sync(inStep)
	if s.times("A flat near Beth") != 1 || s.times("A flat by the park") != 1 {
		s.t.Error("the plan has not both")
	}
}

// What the team has written the council cannot change, and its words stay in the file.
func refusal(s *stage) {
	s.says("cs-2", "No key safe")
	s.sync(held)
	if p := s.read().part("cs-2"); p.Text != "No key safe" || !strings.HasPrefix(p.Held, "refused: forbidden") {
		s.t.Errorf("the file says %+v", p)
	}
	if s.times("A key safe at the back door") != 1 || s.times("No key safe") != 0 {
		s.t.Error("the team's words are gone")
	}
	s.edit(func(c *councilFile) {
		c.Parts = slices.DeleteFunc(c.Parts, func(p part) bool { return p.ID == "cs-2" })
	})
	s.sync(held)
	if p := s.read().part("cs-2"); p.Text != "A key safe at the back door" || p.Held == "" {
		s.t.Errorf("what may not be taken away is not back: %+v", p)
	}
	s.edit(func(c *councilFile) {
		for i := range c.Parts {
			c.Parts[i].Held = ""
		}
	})
	s.sync(inStep)
}

// A part that is wrong by itself keeps no other back.
func wrongPart(s *stage) {
	s.edit(func(c *councilFile) {
		c.Parts = append(c.Parts, part{ID: "w-1", words: words{"accommodation", "", "scheduled"}}, part{ID: "w-2", words: words{"gambling", "A bet", "scheduled"}},
			part{ID: "w-3", words: words{"work", "A job", "soon"}}, part{ID: "w-4", words: words{"accommodation", "A spare key", "scheduled"}})
	})
	s.sync(held)
	c := s.read()
	for _, id := range []string{"w-1", "w-2", "w-3"} {
		if p := c.part(id); !strings.HasPrefix(p.Held, "refused: ") {
			s.t.Errorf("the file says %+v", p)
		}
	}
	if s.times("A spare key") != 1 {
		s.t.Error("a part that is right was kept back")
	}
	s.edit(func(c *councilFile) {
		c.Parts = slices.DeleteFunc(c.Parts, func(p part) bool { return strings.HasPrefix(p.ID, "w-") })
	})
	s.sync(inStep)
}

func endsEachWay(s *stage) {
	s.edit(func(c *councilFile) {
		c.Parts = slices.DeleteFunc(c.Parts, func(p part) bool { return p.ID == "cs-3" })
	})
	s.sync(inStep)
	if s.times("A removal firm") != 0 {
		s.t.Error("what the council ended is still there")
	}
	s.says("cs-4", "A gas check")
	s.sync(inStep)
	s.end("A gas check")
	s.sync(inStep)
	if p := s.read().part("cs-4"); p.ID != "" {
		s.t.Errorf("what the team ended is still there: %+v", p)
	}
	s.says("cs-5", "A fire alarm")
	s.sync(inStep)
	s.says("cs-5", "Two fire alarms")
	s.end("A fire alarm")
	s.sync(held)
	if p := s.read().part("cs-5"); p.Text != "Two fire alarms" || !strings.Contains(p.Held, "ended") {
		s.t.Errorf("words that were not sent are gone: %+v", p)
	}
	s.edit(func(c *councilFile) { c.Parts[s.at("cs-5")].Held = "" })
	s.sync(inStep)
}

func (s *stage) at(id string) int {
	return slices.IndexFunc(s.read().Parts, func(p part) bool { return p.ID == id })
}

// end takes an activity out of the plan, as the care coordinator.
func (s *stage) end(text string) {
	s.t.Helper()
	body, tag := s.team("", "")
	p, err := parsePlan([]byte(body))
	s.must(err)
	i := slices.IndexFunc(p.words(), func(w words) bool { return w.Text == text })
	without, err := p.with(slices.Delete(p.activities, i, i+1))
	s.must(err)
	var id struct{ ID string }
	s.must(json.Unmarshal([]byte(body), &id))
	s.ask(http.MethodPut, "/CarePlan/"+id.ID, string(without), tag)
}

func outage(s *stage) {
	s.says("cs-1", "A flat on the ground floor")
	s.stop()
	before, state := s.councilText(), s.file()+".state"
	waited := s.sync(notReached)
	s.must(os.Rename(state, state+".kept")) // as before its first round, which looks for the person
	waited += s.sync(notReached)
	s.must(os.Rename(state+".kept", state))
	if s.councilText() != before {
		s.t.Error("the file has changed")
	}
	if strings.Count(waited, "trying again for up to") != 2 || strings.Contains(waited, s.read().Person) {
		s.t.Errorf("what it says names the person, or not that it waits: %s", waited)
	}
	s.start()
	s.renew("social-care")
	refusals := 0
	busy := func(response *http.Response) error {
		if refusals++; refusals <= 3 {
			response.StatusCode = []int{http.StatusServiceUnavailable, http.StatusTooManyRequests, http.StatusBadGateway}[refusals-1]
		}
		return nil
	}
	s.answered.Store(&busy)
	s.sync(inStep)
	s.answered.Store(nil)
	if refusals < 4 || s.times("A flat on the ground floor") != 1 {
		s.t.Errorf("after an outage and %d answers the team does not see it", refusals)
	}
}

// The gateway has made the edit, and the program is killed before it hears of it.
func killed(s *stage) {
	for _, edit := range []struct{ id, text string }{{"cs-1", "A flat with a lift"}, {"cs-6", "A handrail"}} {
		s.says(edit.id, edit.text)
		state, err := os.ReadFile(s.file() + ".state")
		s.must(err)
		c := exec.Command(filepath.Join(s.programs, "council-sync"), s.flags()...)
		kill := func(response *http.Response) error {
			if response.Request.Method == http.MethodPut {
				_ = c.Process.Kill()
			}
			return nil
		}
		s.answered.Store(&kill)
		if err := c.Run(); err == nil {
			s.t.Fatal("the program was not killed")
		}
		s.answered.Store(nil)
		if s.times(edit.text) != 1 {
			s.t.Fatal("the edit was not made: the test looks at nothing")
		}
		if now, err := os.ReadFile(s.file() + ".state"); err != nil || string(now) != string(state) {
			s.t.Fatal("the program remembers what it could not know")
		}
		s.sync(inStep)
		if n := s.times(edit.text); n != 1 {
			s.t.Errorf("%q is there %d times", edit.text, n)
		}
	}
}

// The program is killed when it has written the file, and not yet what it remembers.
func killedBetweenFiles(s *stage) {
	s.says("cs-10", "A bath seat")
	s.says("cs-11", "A grab rail")
	s.sync(inStep)
	state, err := os.ReadFile(s.file() + ".state")
	s.must(err)
	s.team("A bath seat", "A shower seat")
	s.end("A grab rail")
	s.sync(inStep)
	s.must(os.WriteFile(s.file()+".state", state, 0o600))
	s.sync(inStep)
	if s.times("A shower seat") != 1 || s.times("A bath seat") != 0 || s.times("A grab rail") != 0 {
		s.t.Error("the team's work was taken back")
	}
	if c := s.read(); c.part("cs-10").Text != "A shower seat" || c.part("cs-11").ID != "" {
		s.t.Errorf("the file is not the plan: %+v", c)
	}
}

// Somebody saves the file while the program waits for the gateway.
func editedMeanwhile(s *stage) {
	s.says("cs-6", "Two handrails")
	once := true
	save := func(response *http.Response) error {
		if once && response.Request.Method == http.MethodPut {
			once = false
			s.says("cs-7", "A ramp")
		}
		return nil
	}
	s.answered.Store(&save)
	s.sync(inStep)
	s.answered.Store(nil)
	if s.times("Two handrails") != 1 || s.times("A ramp") != 1 {
		s.t.Errorf("the plan has not both: %s", s.councilText())
	}
}

func withdrawal(s *stage) {
	name := filepath.Join(s.data, "extract", "ann.json")
	text, err := os.ReadFile(name)
	s.must(err)
	var ann map[string]any
	s.must(json.Unmarshal(text, &ann))
	for _, d := range ann["directives"].([]any) {
		d.(map[string]any)["status"] = "withdrawn"
	}
	text, err = json.Marshal(ann)
	s.must(err)
	s.must(os.WriteFile(name, text, 0o600))
	if out, code := s.run("cpa-gateway", "import", "--data", s.data, "--source", "welsh-ctp", name); code != 0 {
		s.t.Fatal(out)
	}
	s.says("cs-8", "A garden shed")
	before := s.councilText()
	for range 2 {
		out := s.sync(notGiven)
		if s.councilText() != before || !strings.Contains(out, "1 parts stand in") || !strings.Contains(out, "no longer") {
			s.t.Errorf("says %s\nand the file\n%s", out, s.councilText())
		}
	}
	if s.times("A garden shed") != 0 || s.times("A ramp") != 1 {
		s.t.Error("the health board's record has changed")
	}
}
