package consent

import (
	"encoding/json"
	"reflect"
	"testing"

	"go.yaml.in/yaml/v3"
)

func TestPolicyFromConfiguration(t *testing.T) {
	p := DefaultPolicy()
	src := "{verbal: off, crisisSlice: component, crisisOnRoutineRefusal: on, crisisReviewGraceDays: 7, breakGlass: {roles: [nurse]}, policyVersions: [a]}"
	if err := yaml.Unmarshal([]byte(src), &p); err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(p)
	want := `{"crisisWithoutConsent":"on","crisisOnRoutineRefusal":"on","crisisSlice":"component","crisisReviewGraceDays":7,"staleCrisis":"on","verbal":"off","capacityDays":180,"breakGlass":{"roles":["nurse"],"publicInterest":"off"},"policyVersions":["a"]}`
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
		func(p *Policy) { p.CapacityDays = 30 },
		func(p *Policy) { p.BreakGlass.Roles = []string{"nurse"} },
		func(p *Policy) { p.BreakGlass.Suspended = []string{"7A4/nia"} },
		func(p *Policy) { p.BreakGlass.PublicInterest = On },
		func(p *Policy) { p.PolicyVersions = nil },
	} {
		p := DefaultPolicy()
		change(&p)
		if hash := p.hash("register"); hash != p.newHash("register") {
			t.Errorf("%+v is named as another", p)
		}
		seen[p.hash("register")] = true
	}
	if len(seen) != reflect.TypeFor[Policy]().NumField()+reflect.TypeFor[GlassPolicy]().NumField() || DefaultPolicy().hash("a") == DefaultPolicy().hash("b") {
		t.Errorf("%d hashes of %d switches", len(seen), reflect.TypeFor[Policy]().NumField())
	}
}

// Each entry in the audit log had the policy hashed anew.
func TestAPolicyIsHashedOnce(t *testing.T) {
	p := DefaultPolicy()
	p.hash("register")
	if n := testing.AllocsPerRun(100, func() { p.hash("register") }); n != 0 {
		t.Errorf("naming a policy again takes %v allocations", n)
	}
	p.PolicyVersions[0] = "another"
	if p.hash("register") != p.newHash("register") {
		t.Error("a changed policy has the name that it had before")
	}
}
