package subscriptions

import (
	"strconv"
	"time"

	"cpagateway/profiles/fhir"
)

// Kind is a code of subscription-notification-type.
type Kind string

// The kinds of notification, and of answers that are made like one.
const (
	Handshake    Kind = "handshake"          // asks whether the endpoint is there
	Heartbeat    Kind = "heartbeat"          // nothing has changed
	Notification Kind = "event-notification" // an event
	QueryStatus  Kind = "query-status"       // the answer to $status
	QueryEvents  Kind = "query-event"        // the answer to $events
)

// VersionID is the version of the Subscription: how often its client wrote it.
func (s Subscription) VersionID() string { return strconv.FormatUint(s.Revision, 10) }

// Notification is the Bundle that tells a subscriber of events, which may be none: a
// SubscriptionStatus as Parameters and, where the payload names records, one entry for each
// (Subscriptions R5 Backport 1.1.0, notifications.html). base is the FHIR base URL. The
// answer to $status is a searchset, all else a history.
func (s Subscription) Notification(kind Kind, base string, at time.Time, events ...Event) []byte {
	w := fhir.NewWriter(make([]byte, 0, 2048))
	w.BeginObject()
	w.Member("resourceType", "Bundle")
	if kind == QueryStatus {
		w.Member("type", "searchset")
	} else {
		w.Member("type", "history")
	}
	w.Member("timestamp", instant(at))
	address := base + "/" + Type + "/" + s.ID + "/$status"
	if kind == QueryStatus {
		w.Name("link")
		w.BeginArray()
		w.BeginObject()
		w.Member("relation", "self")
		w.Member("url", address)
		w.EndObject()
		w.EndArray()
	}
	w.Name("entry")
	w.BeginArray()
	w.BeginObject()
	w.Member("fullUrl", address)
	w.Name("resource")
	s.status(w, kind, base, events)
	if kind == QueryStatus {
		w.Name("search")
		w.BeginObject()
		w.Member("mode", "match")
		w.EndObject()
	} else {
		exchanged(w, "GET", address, "200 OK")
	}
	w.EndObject()
	if s.Payload == IDOnly {
		for _, e := range events {
			e.entry(w, base)
		}
	}
	w.EndArray()
	w.EndObject()
	return w.Bytes()
}

// entry names the record of an event.
func (e Event) entry(w *fhir.Writer, base string) {
	w.BeginObject()
	w.Member("fullUrl", base+"/"+e.Reference())
	if e.Removed {
		exchanged(w, "DELETE", e.Reference(), "204 No Content")
	} else {
		exchanged(w, "PUT", e.Reference(), "200 OK")
	}
	w.EndObject()
}

func exchanged(w *fhir.Writer, method, url, status string) {
	w.Name("request")
	w.BeginObject()
	w.Member("method", method)
	w.Member("url", url)
	w.EndObject()
	w.Name("response")
	w.BeginObject()
	w.Member("status", status)
	w.EndObject()
}

// status is the SubscriptionStatus in the form that R4 has for it.
func (s Subscription) status(w *fhir.Writer, kind Kind, base string, events []Event) {
	w.BeginObject()
	w.Member("resourceType", "Parameters")
	w.Member("id", s.ID)
	w.Name("meta")
	w.BeginObject()
	w.Name("profile")
	w.BeginArray()
	w.String(statusProfile)
	w.EndArray()
	w.EndObject()
	w.Name("parameter")
	w.BeginArray()
	parameter(w, "subscription", func() { reference(w, base+"/"+Type+"/"+s.ID) })
	parameter(w, "topic", func() { w.Member("valueCanonical", s.Topic.URL()) })
	parameter(w, "status", func() { w.Member("valueCode", string(s.Status)) })
	parameter(w, "type", func() { w.Member("valueCode", string(kind)) })
	parameter(w, "events-since-subscription-start", func() { w.Member("valueString", strconv.FormatUint(s.Numbered, 10)) })
	for _, e := range events {
		parameter(w, "notification-event", func() {
			w.Name("part")
			w.BeginArray()
			parameter(w, "event-number", func() { w.Member("valueString", strconv.FormatUint(e.Number, 10)) })
			parameter(w, "timestamp", func() { w.Member("valueInstant", instant(e.At)) })
			if s.Payload == IDOnly {
				parameter(w, "focus", func() { reference(w, base+"/"+e.Reference()) })
			}
			w.EndArray()
		})
	}
	if s.Problem != "" {
		parameter(w, "error", func() {
			w.Name("valueCodeableConcept")
			w.BeginObject()
			w.Member("text", s.Problem)
			w.EndObject()
		})
	}
	w.EndArray()
	w.EndObject()
}

func parameter(w *fhir.Writer, name string, value func()) {
	w.BeginObject()
	w.Member("name", name)
	value()
	w.EndObject()
}

func reference(w *fhir.Writer, text string) {
	w.Name("valueReference")
	w.BeginObject()
	w.Member("reference", text)
	w.EndObject()
}
