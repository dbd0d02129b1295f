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
