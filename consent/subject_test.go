package consent

import (
	"strings"
	"testing"

	"cpagateway/consent/facts"
	"cpagateway/profiles"
)

func TestGivingTeamNarrowsToItsPeople(t *testing.T) {
	src := strings.Replace(sample(t, "isp"), `from: {org: 7A4, team: "*"}`, "from: {org: 7A4, team: cmht-north}", 1)
	q := world(t)
	q.Register = register(t, src)
	q.Person.Directives = []facts.Directive{grant("g", "LA9A1", "adult-mh", profiles.CareCoordination)}
	if d := Decide(q); d.Outcome() != Permit {
		t.Errorf("a person of the team: %s", d.Deciding().Code)
	}
	q.Person.Relations[0].Team = "cmht-south"
	if d := Decide(q); d.Deciding().Code != "SUBJECT_OUT_OF_SCOPE" {
		t.Errorf("a person of another team: %s", d.Deciding().Code)
	}
}
