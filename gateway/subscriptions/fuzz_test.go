package subscriptions_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cpagateway/gateway/subscriptions"
	"cpagateway/profiles/fhir"
)

// whole is a subscription with everything that one can have.
func whole(topic subscriptions.Topic) []byte {
	return []byte(`{"resourceType":"Subscription","status":"requested","end":"2027-01-01T00:00:00Z","reason":"r","criteria":"` + topic.URL() + `",
			"_criteria":{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-filter-criteria","valueString":"` + topic.Focus() + `?patient=Patient/a"}]},
			"channel":{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-heartbeat-period","valueUnsignedInt":60}],"type":"rest-hook","endpoint":"https://a.example/x","payload":"application/fhir+json",
			"_payload":{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content","valueCode":"id-only"}]}}}`)
}

func TestEverythingIsRead(t *testing.T) {
	for _, topic := range subscriptions.Topics() {
		resource, err := fhir.ParseResource(whole(topic))
		if err != nil {
			t.Fatal(err)
		}
		got, wrong := subscriptions.Read(resource)
		want := subscriptions.Asked{
			Topic: topic, Patient: "a", Endpoint: "https://a.example/x", Payload: subscriptions.IDOnly, Heartbeat: time.Minute, Timeout: 10 * time.Second,
			End: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), Reason: "r",
		}
		if diff := cmp.Diff(want, got); diff != "" || len(wrong) > 0 {
			t.Errorf("%s: %v %s", topic, wrong, diff)
		}
	}
}

// FuzzRead reads whatever comes. What is accepted is shown to its client as it was
// understood: reading that gives the same.
func FuzzRead(f *testing.F) {
	for _, topic := range subscriptions.Topics() {
		f.Add(whole(topic))
	}
	f.Add([]byte(`{"resourceType":"Subscription","channel":[{"type":1}],"criteria":{},"_criteria":[{}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		resource, err := fhir.ParseResource(body)
		if err != nil {
			return
		}
		asked, wrong := subscriptions.Read(resource)
		if len(wrong) > 0 {
			return
		}
		shown, err := fhir.ParseResource(subscriptions.Subscription{ID: "a", Asked: asked, Progress: subscriptions.Progress{Status: subscriptions.Requested}}.Resource())
		if err != nil {
			t.Fatal(err)
		}
		again, wrong := subscriptions.Read(shown)
		asked.Stopped = false // its status says how it stands
		if diff := cmp.Diff(asked, again); diff != "" || len(wrong) > 0 {
			t.Errorf("%v %s", wrong, diff)
		}
	})
}
