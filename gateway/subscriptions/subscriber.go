package subscriptions

import (
	"net/url"
	"path"
	"slices"
	"strings"

	"cpagateway/consent"
)

// Subscriber is a client that may subscribe.
type Subscriber struct {
	Client    consent.ClientID
	Endpoints []string // its notifications go to addresses below these, and to no other
	Secret    []byte   // signs them
}

// Subscribers are all of them, by client.
type Subscribers map[consent.ClientID]Subscriber

// Allows reports whether an endpoint is below an address that was agreed: of the same
// scheme, host and port, in the same folder or a deeper one. The zero Subscriber allows none.
func (s Subscriber) Allows(endpoint string) bool {
	to, err := url.Parse(endpoint)
	if err != nil || to.User != nil || to.Fragment != "" || to.RawQuery != "" || to.RawPath != "" || to.Path != "" && path.Clean(to.Path) != strings.TrimSuffix(to.Path, "/") && to.Path != "/" {
		return false
	}
	return slices.ContainsFunc(s.Endpoints, func(agreed string) bool {
		from, err := url.Parse(agreed)
		if err != nil {
			return false
		}
		folder := strings.TrimSuffix(from.Path, "/")
		return from.Scheme == to.Scheme && from.Host == to.Host && (to.Path == folder || strings.HasPrefix(to.Path, folder+"/"))
	})
}

// Filter is one parameter of a search for subscriptions. Any of its values may match.
type Filter struct {
	Name   string // of FilterNames
	Values []string
}

// FilterNames are the parameters that subscriptions can be searched by.
func FilterNames() []string { return []string{"criteria", "status", "type", "url"} }

// Matches reports whether a subscription is one that is searched for.
func (f Filter) Matches(s Subscription) bool {
	has := map[string]string{"criteria": s.Topic.URL(), "status": string(s.Status), "type": "rest-hook", "url": s.Endpoint}
	return slices.Contains(f.Values, has[f.Name])
}
