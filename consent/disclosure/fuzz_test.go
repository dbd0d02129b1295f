package disclosure

import (
	"bytes"
	"strings"
	"testing"

	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// FuzzDisclose: whatever a resource looks like, what comes out of it is one, about the
// same thing, no longer than its label is granted, and the source is as it was.
func FuzzDisclose(f *testing.F) {
	f.Add([]byte(annsCrisisPlan), profiles.CrisisSlice.Bits())
	f.Add([]byte(strings.ReplaceAll(annsCrisisPlan, `"@`, `"`+profiles.Base+`/StructureDefinition/Extension-CPAWales-`)), profiles.AllItems.Bits())
	f.Add([]byte(`{"resourceType":"Patient","id":"ann","_birthDate":{"extension":[{"url":"x"}]},"name":[{"given":[null,"A"],"_given":[{},null]}]}`), ^uint64(0))
	f.Add([]byte(`{"resourceType":"Consent","id":"x","status":"active","scope":{},"category":[],"provision":{"provision":[{"provision":[]}]}}`), ^uint64(0))
	f.Fuzz(func(t *testing.T, src []byte, items uint64) {
		r, err := fhir.ParseResource(src)
		if err != nil {
			t.Skip("not a resource: Parse refuses it, and nothing is decided")
		}
		before := bytes.Clone(r.Raw())
		granted := profiles.ItemSetOfBits(items).Intersect(profiles.AllItems)
		x := permitting(granted).disclose(heldOf(r), madeTargets())
		if !bytes.Equal(before, r.Raw()) {
			t.Fatal("the source was changed")
		}
		if x.Withheld() {
			return
		}
		body, err := fhir.ParseResource(x.Body())
		if err != nil {
			t.Fatalf("the body cannot be read: %v", err)
		}
		if body.Type() != r.Type() || body.ID() != r.ID() || !profiles.Items(r).Within(granted) || !granted.Covers(x.Items()) {
			t.Fatalf("disclosed %s/%s with %v", body.Type(), body.ID(), x.Items())
		}
		for _, name := range []string{"contained", "modifierExtension", "implicitRules"} {
			if body.Get(name).Exists() {
				t.Fatalf("%s was copied", name)
			}
		}
	})
}
