package bundle

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"cpagateway/mapping"
)

type keep struct {
	taken []mapping.Resource
	aside []mapping.Fault
}

func (k *keep) Take(r []mapping.Resource) error { k.taken = append(k.taken, r...); return nil }
func (k *keep) SetAside(f []mapping.Fault, _ []mapping.Resource) error {
	k.aside = append(k.aside, f...)
	return nil
}

// Every element of the table finds its person, and one that leads to somebody
// else than a Patient finds nobody.
func TestEveryTypeFindsItsPerson(t *testing.T) {
	if len(persons) == 0 {
		t.Fatal("the table is empty")
	}
	for typ, paths := range persons {
		for _, path := range paths {
			for who, want := range map[string]string{"Patient/p1": "p1", "Group/p1": "", "#p1": "", "Patient?identifier=s|1": ""} {
				value := fmt.Sprintf(`{"reference":%q}`, who)
				steps := strings.Split(path, ".")
				for _, step := range slices.Backward(steps) {
					value = fmt.Sprintf(`{%q:[%s]}`, step, value)
				}
				text := fmt.Sprintf(`{"resourceType":%q,"id":"r1",%s`, typ, value[1:])
				k := &keep{}
				env := mapping.Env{ID: func(typ, key string) string { return typ + key }}
				if _, err := (&Format{}).Reread(context.Background(), []byte(text), env, k); err != nil {
					t.Fatal(err)
				}
				switch {
				case want == "" && (len(k.taken) != 0 || k.aside[0].Rule != RuleNoSubject):
					t.Errorf("%s.%s -> %s: %+v", typ, path, who, k)
				case want != "" && (len(k.taken) != 1 || k.taken[0].Person != want):
					t.Errorf("%s.%s -> %s: %+v", typ, path, who, k)
				}
			}
		}
	}
}

// A subject with one Patient's reference and another's NHS number was filed under the first.
func TestASubjectThatNamesTwoIsNobodys(t *testing.T) {
	const number = `{"system":"https://fhir.nhs.uk/Id/nhs-number","value":%q}`
	one, two := fmt.Sprintf(number, "9990000018"), fmt.Sprintf(number, "999 000 0026")
	for named, taken := range map[string]bool{one: true, two: false} {
		text := fmt.Sprintf(`{"resourceType":"Bundle","type":"collection","entry":[
			{"resource":{"resourceType":"Patient","id":"p1","identifier":[%s]}},{"resource":{"resourceType":"Patient","id":"p2","identifier":[%s]}},
			{"resource":{"resourceType":"Goal","id":"g","subject":{"reference":"Patient/p1","identifier":%s}}}]}`, one, two, named)
		k := &keep{}
		env := mapping.Env{ID: func(typ, key string) string { return typ + key }}
		if _, err := (&Format{}).Reread(context.Background(), []byte(text), env, k); err != nil {
			t.Fatal(err)
		}
		goal := slices.IndexFunc(k.taken, func(r mapping.Resource) bool { return r.Type == "Goal" })
		switch {
		case taken && (goal < 0 || k.taken[goal].Person != "p1"), !taken && (goal >= 0 || len(k.aside) != 1 || k.aside[0].Rule != RuleSeveralPersons):
			t.Errorf("a subject with the number %s: %+v", named, k)
		}
	}
}
