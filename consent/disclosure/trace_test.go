package disclosure

import (
	"bytes"
	"regexp"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

var places = regexp.MustCompile(`\[\d+\]`)

// A trace is the content of the copy of the same terms, and leads from each element of a
// list to one of the same list of the original, in the same order.
func TestATraceLeadsToWhatWasCopied(t *testing.T) {
	elements, withheld := 0, 0
	ofEachType(t, func(t *rapid.T, typ string) {
		m := &maker{t: t, modifiers: Modifiers(rapid.IntRange(0, 2).Draw(t, "modifiers"))}
		source := parsed(t, m.resource(typ).source(keepAll))
		granted := grants(t, source)
		var digest Digest
		held := heldOf(source)
		held.Tag = func(_ profiles.ItemSet, d Digest) string { digest = d; return "v1" }
		made := Terms(permitting(granted)).Copy(held, madeTargets())
		trace := Terms(permitting(granted)).Trace(heldOf(source), madeTargets())
		if made.Withheld() {
			if withheld++; trace.Content.Exists() {
				t.Fatalf("nothing may be seen, and the trace is %s", trace.Content.Raw())
			}
			return
		}
		if trace.Digest != digest {
			t.Fatalf("digest %x, of the copy %x", trace.Digest, digest)
		}
		body := parsed(t, string(made.Body()))
		for name, member := range trace.Content.Members() {
			if !bytes.Equal(member.Raw(), body.Get(name).Raw()) {
				t.Fatalf("%s is %s, in the copy %s", name, member.Raw(), body.Get(name).Raw())
			}
		}
		last := map[string]int{}
		for list := range lists(trace.Content) {
			for element := range list.Each() {
				elements++
				from := trace.From(element)
				if got, want := places.ReplaceAllString(from.Path(), ""), typ+places.ReplaceAllString(element.Path(), "")[1:]; got != want {
					t.Fatalf("%s comes from %s", want, from.Path())
				}
				if here := list.Path(); from.Offset() <= last[here] {
					t.Fatalf("the elements of %s come from places in another order", here)
				} else {
					last[here] = from.Offset()
				}
			}
		}
		if trace.From(trace.Content).Exists() {
			t.Fatal("the whole comes from an element")
		}
	})
	if elements < 100 || withheld == 0 {
		t.Errorf("%d elements and %d copies withheld: too few", elements, withheld)
	}
}

// lists are the arrays in a value, whatever they stand in.
func lists(v fhir.Value) func(func(fhir.Value) bool) {
	var all []fhir.Value
	var find func(fhir.Value)
	find = func(v fhir.Value) {
		if v.Kind() == fhir.Array {
			all = append(all, v)
			for element := range v.Each() {
				find(element)
			}
		}
		for _, member := range v.Members() {
			find(member)
		}
	}
	find(v)
	return slices.Values(all)
}

// Of an element that is not copied after all no origin is left, to which what is then
// copied to its place would lead.
func TestATraceForgetsWhatWasNotCopied(t *testing.T) {
	const absent = `"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]`
	for _, list := range []string{"name", "telecom", "address"} {
		source := parsed(t, `{"resourceType":"Patient","id":"ann","`+list+`":[{`+absent+`},{`+absent+`,"use":"home"}]}`)
		trace := Terms(permitting(profiles.AllItems)).Trace(heldOf(source), nil)
		copied := trace.Content.Get(list)
		if from := trace.From(copied.At(0).Get("extension").At(0)).Path(); copied.At(1).Exists() || from != source.Get(list).At(1).Get("extension").At(0).Path() {
			t.Errorf("%s: %s comes from %q", list, copied.Raw(), from)
		}
	}
}
