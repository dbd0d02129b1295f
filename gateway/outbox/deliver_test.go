package outbox

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"cpagateway/gateway/road"
	"cpagateway/gateway/subscriptions"
)

// silent is an endpoint that never answers.
type silent struct{}

func (silent) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// An endpoint that hangs held up a gateway that stops for its own time, a minute at most, which
// is longer than what runs a gateway waits before it kills it.
func TestAStopWaitsForNoEndpointWithoutEnd(t *testing.T) {
	for name, c := range map[string]struct{ stops, want time.Duration }{
		"while nothing stops": {2 * time.Minute, time.Minute}, "where it stops at once": {0, drain}, "where it stops near the end": {50 * time.Second, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(c.stops, cancel)
				o := &Outbox{Road: &road.Road{}, Clock: time.Now, client: newClient(silent{})}
				since := time.Now()
				err := o.post(ctx, subscriptions.Subscription{Asked: subscriptions.Asked{Endpoint: "https://a.example", Timeout: time.Minute}}, "1", nil)
				if took := time.Since(since); err == nil || took != c.want {
					t.Errorf("%v after %s, want %s", err, took, c.want)
				}
				time.Sleep(2 * time.Minute) // until nothing of it runs on
			})
		})
	}
}
