package bundle_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"cpagateway/mapping"
)

const canary = "Canary9990000093"

// pieces are what a random bundle is made of; every value that is a person's holds the canary.
var pieces = []string{
	`{"fullUrl":"urn:uuid:%d","resource":{"resourceType":"Patient","id":"p%d","name":[{"text":"` + canary + `"}]}}`,
	`{"fullUrl":"https://s.example/fhir/Patient/p%d","resource":{"resourceType":"Patient","identifier":[{"system":"s","value":"` + canary + `%d"}]}}`,
	`{"resource":{"resourceType":"CarePlan","id":"c%d","subject":{"reference":"Patient/p%d"},"title":"` + canary + `"}}`,
	`{"fullUrl":"urn:uuid:%d","resource":{"resourceType":"Flag","subject":{"reference":"urn:uuid:%d"},"text":{"reference":"` + canary + `"}}}`,
	`{"resource":{"resourceType":"Goal","id":"` + canary + `%d","subject":{"identifier":{"system":"s","value":"` + canary + `%d"}}}}`,
	`{"resource":{"resourceType":"Flag","id":"f%d","subject":{"reference":"https://s.example/fhir/Patient/p%d/_history/2"}}}`,
	`{"request":{"method":"DELETE","url":"CarePlan/c%d"},"fullUrl":"urn:uuid:%d"}`,
	`{"request":{"method":"PATCH","url":"Patient/p%d"},"resource":{"resourceType":"Binary","id":"` + canary + `%d"}}`,
	`{"resource":{"resourceType":"Practitioner","id":"n%d","identifier":[{"system":"s","value":"%d"}]}}`,
	`{"resource":{"resourceType":"OperationOutcome","id":"o%d%d"},"search":{"mode":"outcome"}}`,
	`{"fullUrl":"Patient/p%d","response":{"status":"303","location":"Patient/p%d"}}`,
	`{"resource":{"resourceType":"CareTeam","id":"t%d","subject":{"reference":"Patient?identifier=s|` + canary + `%d"}}}`,
	`"` + canary + `%d%d"`,
}

// drawBundle draws a bundle and breaks it: bytes lost, doubled or changed.
func drawBundle(t *rapid.T) string {
	entries := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
		number := rapid.IntRange(1, 3)
		return fmt.Sprintf(rapid.SampledFrom(pieces).Draw(t, "piece"), number.Draw(t, "a"), number.Draw(t, "b"))
	}), 0, 8).Draw(t, "entries")
	kind := rapid.SampledFrom([]string{"transaction", "searchset", "history", "collection"}).Draw(t, "kind")
	text := `{"resourceType":"Bundle","type":"` + kind + `","entry":[` + strings.Join(entries, ",\n") + `]}`
	for range rapid.IntRange(0, 3).Draw(t, "breaks") {
		at := rapid.IntRange(0, len(text)-1).Draw(t, "at")
		with := rapid.SampledFrom([]string{"", `"`, "{", "}", "[", "]", ",", `\`, "x", "\n", "\xff", text[at:min(at+40, len(text))]}).Draw(t, "with")
		text = text[:at] + with + text[min(at+1, len(text)):]
	}
	return text
}

// Whatever is read: the account adds up, every fragment does what holds says, a
// second run is the same, and no reason tells what a person's record says.
func TestAnyBundleIsAccountedFor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawBundle(t)
		b, report := readText(t, text)
		if again, second := readText(t, text); story(again, second) != story(b, report) {
			t.Errorf("a second run made something else")
		}
		for _, f := range b.aside {
			if strings.Contains(f.Reason+f.Rule+f.At.Field, "Canary") {
				t.Errorf("the reason holds a value: %s %s", f.At.Field, f.Reason)
			}
		}
		for path := range report.LeftBehind {
			if strings.Contains(path, "9990000093") {
				t.Errorf("what is left behind holds a value: %s", path)
			}
		}
	})
}

func FuzzReread(f *testing.F) {
	for _, piece := range pieces {
		one := fmt.Sprintf(piece, 1, 1)
		f.Add([]byte(`{"resourceType":"Bundle","type":"batch","entry":[` + one + `,` + one + `]}`))
		f.Add([]byte(one + "\n" + one))
	}
	f.Add([]byte(whole))
	f.Fuzz(func(t *testing.T, raw []byte) {
		b := &book{}
		report, err := format.Reread(context.Background(), bytes.Clone(raw), env, b)
		if err != nil {
			t.Fatal(err)
		}
		if report.Read != report.Taken+report.Refused || len(b.taken) != report.Taken {
			t.Errorf("%+v", report)
		}
		for _, r := range b.taken {
			onlyOurs(t, mapping.Resource{Type: r.Type, ID: r.ID, Key: r.Key, Body: r.Body, Fragment: r.Fragment})
		}
	})
}
