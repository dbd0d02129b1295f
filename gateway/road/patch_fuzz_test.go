package road

import (
	"testing"

	"cpagateway/profiles/fhir"
	"cpagateway/profiles/merge"
)

// FuzzPatched applies any patch to a copy, and carries over what it changes: nothing
// panics, what comes of it is of the same type and id and no larger than it may be, and
// the same patch once more changes nothing.
func FuzzPatched(f *testing.F) {
	const plan = `"status":"active","title":"One","_title":{"extension":[{"url":"x","valueString":"Un"}]},"period":{"start":"2026-01-01"},
		"goal":[{"reference":"Goal/1"},{"reference":"Goal/2"}],"activity":[{"detail":{"description":"A"}},{"detail":{"description":"A"}},{"detail":{"description":"B","goal":[{"reference":"Goal/1"}]}}]}`
	for _, patch := range []string{
		`[{"op":"add","path":"/activity/-","value":{"detail":{"description":"C"}}},{"op":"remove","path":"/activity/0"}]`,
		`[{"op":"copy","from":"/activity","path":"/contained"},{"op":"move","from":"/activity/2","path":"/activity/0"}]`,
		`[{"op":"replace","path":"/activity/1/detail/description","value":"B"},{"op":"test","path":"/title","value":"One"}]`,
		`[{"op":"remove","path":"/_title"},{"op":"replace","path":"/goal/0/reference","value":"Goal/2"}]`,
		`[{"op":"replace","path":"","value":{"resourceType":"CarePlan","id":"c","activity":[1,null,{}]}}]`,
		`[{"op":"add","path":"/activity/99999999999999999999","value":null}]`, `[null]`, `{}`, `[{"op":"move","from":"/activity","path":"/activity/0"}]`,
	} {
		f.Add([]byte(patch))
	}
	content, err := fhir.Parse([]byte("{" + plan))
	if err != nil {
		f.Fatal(err)
	}
	resource, err := fhir.ParseResource([]byte(`{"resourceType":"CarePlan","id":"c",` + plan))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, patch []byte) {
		mine, err := patched("CarePlan", "c", content, patch)
		if err != nil {
			return
		}
		if mine.Type() != "CarePlan" || mine.ID() != "c" || len(mine.Raw()) > maxPatched {
			t.Fatalf("%s made %.300s", patch, mine.Raw())
		}
		made, err := merge.Merge(content, mine, merge.View{Content: resource}, resource, rebuilt...)
		if err != nil {
			return
		}
		now, err := fhir.ParseResource(made.Resource)
		if err != nil || len(made.Clashes) > 0 {
			t.Fatalf("%s made %s of %s: %v, %+v", patch, made.Resource, mine.Raw(), err, made.Clashes)
		}
		again, err := merge.Merge(content, mine, merge.View{Content: now}, now, rebuilt...)
		if err != nil || len(again.Edits)+len(again.Clashes) > 0 {
			t.Fatalf("%s made of\n%s\nonce more\n%s\n%v", patch, made.Resource, again.Resource, err)
		}
	})
}
