package subscriptions

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// Asked is what a client writes of a subscription.
type Asked struct {
	Topic     Topic
	Patient   string // id of the one Patient whose changes it wants; empty: of everybody
	Endpoint  string
	Payload   Payload
	Heartbeat time.Duration // the longest silence; 0: any
	Timeout   time.Duration // how long the endpoint may take to answer
	End       time.Time     // zero: none
	Reason    string
	Stopped   bool // the client wants it off
}

// Topic is a kind of change that can be subscribed to.
type Topic string

// The topics. Each is the last part of its canonical URL.
const (
	PlanChanged        Topic = "plan-changed"             // a CarePlan
	CrisisPlanChanged  Topic = "crisis-plan-changed"      // a crisis plan
	CoordinatorChanged Topic = "care-coordinator-changed" // who a CareTeam's care coordinator is
	EpisodeChanged     Topic = "episode-changed"          // an EpisodeOfCare
	DutySent           Topic = "communication-sent"       // a Communication to the custodian's own people, who alone are told
	TaskChanged        Topic = "task-changed"             // a Task for the custodian's own people, who alone are told
	ConsentWithdrawn   Topic = "consent-withdrawn"        // a wish that takes back or refuses; the custodian's own systems alone are told
)

// Topics are all of them.
func Topics() []Topic {
	return []Topic{PlanChanged, CrisisPlanChanged, CoordinatorChanged, EpisodeChanged, ConsentWithdrawn, DutySent, TaskChanged}
}

const topicBase = profiles.Base + "/SubscriptionTopic/"

// URL is the canonical URL of the topic.
func (t Topic) URL() string { return topicBase + string(t) }

// Payload is how much a notification holds.
type Payload string

// The payloads that are served. Content is never sent: whoever is told reads it, and that
// is decided and recorded as any read is.
const (
	Empty  Payload = "empty"   // that something has changed
	IDOnly Payload = "id-only" // which record
)

// Of the Subscriptions R5 Backport 1.1.0.
const (
	backport      = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
	filterURL     = backport + "backport-filter-criteria"
	contentURL    = backport + "backport-payload-content"
	heartbeatURL  = backport + "backport-heartbeat-period"
	timeoutURL    = backport + "backport-timeout"
	maxCountURL   = backport + "backport-max-count"
	profileURL    = backport + "backport-subscription"
	statusProfile = backport + "backport-subscription-status-r4"
)

// Limits of a subscription.
const (
	defaultTimeout = 10 * time.Second
	maxTimeout     = 60 * time.Second
	leastHeartbeat = 10 * time.Second
	maxHeartbeat   = 7 * 24 * time.Hour
	maxText        = 1000 // bytes of a reason and of an endpoint
)

// Issue is one thing that is wrong with what a client wrote.
type Issue struct {
	Path string // FHIRPath
	Text string // without anything of what was written
}

// reader reads a Subscription, and keeps what is wrong in it.
type reader struct {
	asked Asked
	wrong []Issue
}

func (r *reader) report(path, text string) {
	r.wrong = append(r.wrong, Issue{"Subscription" + path, text})
}

// Read reads a Subscription as a client writes it. What is not served is refused and never
// passed over: nobody waits for what does not come.
func Read(resource fhir.Value) (Asked, []Issue) {
	r := &reader{asked: Asked{Payload: Empty, Timeout: defaultTimeout}}
	for name, member := range resource.Members() {
		switch name {
		case "resourceType", "id", "meta", "text", "criteria", "_criteria", "channel", "error":
		case "status":
			r.status(member.Text())
		case "reason":
			if r.asked.Reason = member.Text(); len(r.asked.Reason) > maxText {
				r.report(".reason", "is too long")
			}
		case "end":
			from, _, err := fhir.Interval(member.Text(), time.UTC)
			if err != nil || !strings.Contains(member.Text(), "T") {
				r.report(".end", "is not an instant")
			}
			r.asked.End = from
		default:
			r.report("", "has an element that is not served here; served are status, end, reason, criteria, channel")
		}
	}
	if r.asked.Reason == "" {
		r.report(".reason", "must say why, as R4 requires")
	}
	r.criteria(resource)
	r.channel(resource.Get("channel"))
	return r.asked, r.wrong
}

func (r *reader) status(status string) {
	switch Status(status) {
	case Requested, Active:
	case Off:
		r.asked.Stopped = true
	default:
		r.report(".status", "must be requested or, to stop it, off")
	}
}

// criteria reads the topic, and the filter beside it.
func (r *reader) criteria(resource fhir.Value) {
	topic, found := strings.CutPrefix(resource.Get("criteria").Text(), topicBase)
	if r.asked.Topic = Topic(topic); !found || !slices.Contains(Topics(), r.asked.Topic) {
		var urls []string
		for _, t := range Topics() {
			urls = append(urls, t.URL())
		}
		r.report(".criteria", "must be one of "+strings.Join(urls, ", "))
	}
	for extension := range resource.Get("_criteria").All("extension") {
		if extension.Get("url").Text() != filterURL || r.asked.Patient != "" || !r.filter(extension.Get("valueString").Text()) {
			r.report(".criteria.extension", "must be one backport-filter-criteria of the form CarePlan?patient=Patient/ID, with the type that the topic is about")
		}
	}
}

// filter reads the one filter that is served: whose changes are wanted.
func (r *reader) filter(text string) bool {
	typ, query, _ := strings.Cut(text, "?")
	values, err := url.ParseQuery(query)
	id := strings.TrimPrefix(values.Get("patient"), "Patient/")
	if err != nil || typ != r.asked.Topic.Focus() || len(values) != 1 || len(values["patient"]) != 1 || !fhir.IsID(id) {
		return false
	}
	r.asked.Patient = id
	return true
}

// Focus is the type of the records that a topic is about.
func (t Topic) Focus() string {
	switch t {
	case CoordinatorChanged:
		return "CareTeam"
	case EpisodeChanged:
		return "EpisodeOfCare"
	case DutySent:
		return "Communication"
	case TaskChanged:
		return "Task"
	case ConsentWithdrawn:
		return "Patient"
	}
	return "CarePlan"
}

// Need is what a subscriber must be granted beside the record itself.
func (t Topic) Need() profiles.ItemSet {
	if t == CoordinatorChanged {
		return profiles.SetOf(profiles.TeamCoordinator)
	}
	return profiles.ItemSet{}
}

func (r *reader) channel(channel fhir.Value) {
	for name, member := range channel.Members() {
		switch name {
		case "id", "_payload":
		case "type":
			if member.Text() != "rest-hook" {
				r.report(".channel.type", "must be rest-hook")
			}
		case "endpoint":
			r.asked.Endpoint = member.Text()
		case "payload":
			if !slices.Contains([]string{"application/fhir+json", "application/json"}, member.Text()) {
				r.report(".channel.payload", "must be application/fhir+json")
			}
		case "extension":
			for extension := range member.Each() {
				r.setting(extension)
			}
		case "header":
			r.report(".channel.header", "is not kept here: notifications are signed with the secret that was agreed for this client (Standard Webhooks)")
		default:
			r.report(".channel", "has an element that is not served here")
		}
	}
	for extension := range channel.Get("_payload").All("extension") {
		r.content(extension)
	}
	if channel.Get("type").Text() == "" {
		r.report(".channel.type", "must be rest-hook")
	}
	if r.asked.Endpoint == "" || len(r.asked.Endpoint) > maxText {
		r.report(".channel.endpoint", "must be a URL that was agreed for this client")
	}
}

// setting reads one extension of the channel.
func (r *reader) setting(extension fhir.Value) {
	seconds, _ := strconv.ParseUint(string(extension.Get("valueUnsignedInt").Raw()), 10, 31)
	length := time.Duration(seconds) * time.Second //nolint:gosec // of 31 bits
	switch extension.Get("url").Text() {
	case heartbeatURL:
		if r.asked.Heartbeat = length; length < leastHeartbeat || length > maxHeartbeat {
			r.report(".channel.extension", "the heartbeat period must be from 10 seconds to 7 days")
		}
	case timeoutURL:
		if r.asked.Timeout = length; length < time.Second || length > maxTimeout {
			r.report(".channel.extension", "the timeout must be from 1 to 60 seconds")
		}
	case maxCountURL: // each notification holds one event, which is never too many
	default:
		r.report(".channel.extension", "is not served here")
	}
}

func (r *reader) content(extension fhir.Value) {
	r.asked.Payload = Payload(extension.Get("valueCode").Text())
	if extension.Get("url").Text() != contentURL || r.asked.Payload != Empty && r.asked.Payload != IDOnly {
		r.report(".channel.payload.extension", "must be one backport-payload-content, empty or id-only: content is read, and never sent")
	}
}

// Resource is the Subscription as its client reads it.
func (s Subscription) Resource() []byte {
	w := fhir.NewWriter(make([]byte, 0, 1024))
	w.Object(func() {
		w.Member("resourceType", Type)
		w.Member("id", s.ID)
		w.Name("meta").Object(func() {
			w.Member("versionId", s.VersionID())
			w.Member("lastUpdated", instant(s.Changed))
			w.Name("profile").Array(func() { w.String(profileURL) })
		})
		w.Member("status", string(s.Status))
		if !s.End.IsZero() {
			w.Member("end", instant(s.End))
		}
		w.Member("reason", s.Reason)
		w.Member("criteria", s.Topic.URL())
		if s.Patient != "" {
			extended(w.Name("_criteria"), filterURL, func() { w.Member("valueString", s.Topic.Focus()+"?patient=Patient/"+s.Patient) })
		}
		w.Member("error", s.Problem)
		s.channel(w.Name("channel"))
	})
	return w.Bytes()
}

func (s Subscription) channel(w *fhir.Writer) {
	seconds := func(d time.Duration) func() {
		return func() { w.Name("valueUnsignedInt").Int(int64(d / time.Second)) }
	}
	w.Object(func() {
		w.Name("extension").Array(func() {
			if s.Heartbeat > 0 {
				extension(w, heartbeatURL, seconds(s.Heartbeat))
			}
			extension(w, timeoutURL, seconds(s.Timeout))
		})
		w.Member("type", "rest-hook")
		w.Member("endpoint", s.Endpoint)
		w.Member("payload", "application/fhir+json")
		extended(w.Name("_payload"), contentURL, func() { w.Member("valueCode", string(s.Payload)) })
	})
}

func extended(w *fhir.Writer, url string, value func()) {
	w.Object(func() {
		w.Name("extension").Array(func() { extension(w, url, value) })
	})
}

func extension(w *fhir.Writer, url string, value func()) {
	w.Object(func() {
		w.Member("url", url)
		value()
	})
}

func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
