package consent

import (
	"encoding/json"
	"testing"

	"go.yaml.in/yaml/v3"
)

func TestPolicyFromConfiguration(t *testing.T) {
	p := DefaultPolicy()
	src := "{verbal: off, crisisSlice: component, crisisOnRoutineRefusal: on, crisisReviewGraceDays: 7, policyVersions: [a]}"
	if err := yaml.Unmarshal([]byte(src), &p); err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(p)
	want := `{"crisisWithoutConsent":"on","crisisOnRoutineRefusal":"on","crisisSlice":"component","crisisReviewGraceDays":7,"staleCrisis":"on","verbal":"off","policyVersions":["a"]}`
	if err != nil || string(body) != want {
		t.Errorf("got %s (%v)", body, err)
	}
	for _, bad := range []string{"verbal: yes please", "verbal: 1", "crisisSlice: wide"} {
		if yaml.Unmarshal([]byte(bad), &p) == nil {
			t.Errorf("%s was understood", bad)
		}
	}
}

func TestPolicyHashNamesEverySwitch(t *testing.T) {
	seen := map[string]bool{}
	for _, change := range []func(*Policy){
		func(*Policy) {},
		func(p *Policy) { p.CrisisWithoutConsent = Off },
		func(p *Policy) { p.CrisisOnRoutineRefusal = On },
		func(p *Policy) { p.CrisisSlice = Component },
		func(p *Policy) { p.CrisisReviewGraceDays = 1 },
		func(p *Policy) { p.StaleCrisis = Off },
		func(p *Policy) { p.Verbal = Off },
		func(p *Policy) { p.PolicyVersions = nil },
	} {
		p := DefaultPolicy()
		change(&p)
		seen[p.hash("register")] = true
	}
	if len(seen) != 8 || DefaultPolicy().hash("a") == DefaultPolicy().hash("b") {
		t.Errorf("%d hashes, want 8", len(seen))
	}
}
