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
	address := base + "/" + Type + "/" + s.ID + "/$status"
	w.Object(func() {
		w.Member("resourceType", "Bundle")
		if kind == QueryStatus {
			w.Member("type", "searchset")
		} else {
			w.Member("type", "history")
		}
		w.Member("timestamp", instant(at))
		if kind == QueryStatus {
			w.Name("link").Array(func() {
				w.Object(func() {
					w.Member("relation", "self")
					w.Member("url", address)
				})
			})
		}
		w.Name("entry").Array(func() {
			w.Object(func() {
				w.Member("fullUrl", address)
				s.status(w.Name("resource"), kind, base, events)
				if kind == QueryStatus {
					w.Name("search").Object(func() { w.Member("mode", "match") })
				} else {
					exchanged(w, "GET", address, "200 OK")
				}
			})
			if s.Payload == IDOnly {
				for _, e := range events {
					e.entry(w, base)
				}
			}
		})
	})
	return w.Bytes()
}

// entry names the record of an event.
func (e Event) entry(w *fhir.Writer, base string) {
	w.Object(func() {
		w.Member("fullUrl", base+"/"+e.Reference())
		if e.Removed {
			exchanged(w, "DELETE", e.Reference(), "204 No Content")
		} else {
			exchanged(w, "PUT", e.Reference(), "200 OK")
		}
	})
}

func exchanged(w *fhir.Writer, method, url, status string) {
	w.Name("request").Object(func() {
		w.Member("method", method)
		w.Member("url", url)
	})
	w.Name("response").Object(func() { w.Member("status", status) })
}

// status is the SubscriptionStatus in the form that R4 has for it.
func (s Subscription) status(w *fhir.Writer, kind Kind, base string, events []Event) {
	w.Object(func() {
		w.Member("resourceType", "Parameters")
		w.Member("id", s.ID)
		w.Name("meta").Object(func() {
			w.Name("profile").Array(func() { w.String(statusProfile) })
		})
		w.Name("parameter").Array(func() {
			parameter(w, "subscription", func() { reference(w, base+"/"+Type+"/"+s.ID) })
			parameter(w, "topic", func() { w.Member("valueCanonical", s.Topic.URL()) })
			parameter(w, "status", func() { w.Member("valueCode", string(s.Status)) })
			parameter(w, "type", func() { w.Member("valueCode", string(kind)) })
			parameter(w, "events-since-subscription-start", func() { w.Member("valueString", strconv.FormatUint(s.Numbered, 10)) })
			for _, e := range events {
				parameter(w, "notification-event", func() { w.Name("part").Array(func() { s.event(w, base, e) }) })
			}
			if s.Problem != "" {
				parameter(w, "error", func() { w.Name("valueCodeableConcept").Object(func() { w.Member("text", s.Problem) }) })
			}
		})
	})
}

// event tells of one event, in the parts of a parameter.
func (s Subscription) event(w *fhir.Writer, base string, e Event) {
	parameter(w, "event-number", func() { w.Member("valueString", strconv.FormatUint(e.Number, 10)) })
	parameter(w, "timestamp", func() { w.Member("valueInstant", instant(e.At)) })
	if s.Payload == IDOnly {
		parameter(w, "focus", func() { reference(w, base+"/"+e.Reference()) })
	}
}

func parameter(w *fhir.Writer, name string, value func()) {
	w.Object(func() {
		w.Member("name", name)
		value()
	})
}

func reference(w *fhir.Writer, text string) {
	w.Name("valueReference").Object(func() { w.Member("reference", text) })
}
