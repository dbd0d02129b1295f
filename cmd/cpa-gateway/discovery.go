package main

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"cpagateway/gateway"
	"cpagateway/gateway/identity"
)

// discoveryLife is how long what the issuers say of themselves is remembered,
// and the least time between two tries: a public document must not become a
// way to make this gateway knock at other doors.
const (
	discoveryLife = 5 * time.Minute
	discoveryTime = 5 * time.Second
)

// discovery tells callers where to get a token. Safe for concurrent use.
type discovery struct {
	issuers []identity.Issuer
	clock   func() time.Time

	mu    sync.Mutex
	tried time.Time
	known []gateway.Issuer
}

// endpoints are those of the issuers that could be reached.
func (d *discovery) endpoints(ctx context.Context) []gateway.Issuer {
	d.mu.Lock()
	defer d.mu.Unlock()
	if now := d.clock(); now.Sub(d.tried) > discoveryLife || len(d.known) < len(d.issuers) && now.Sub(d.tried) > discoveryTime {
		d.tried = now
		d.known = d.ask(ctx)
	}
	return d.known
}

func (d *discovery) ask(ctx context.Context) []gateway.Issuer {
	ctx = oidc.ClientContext(ctx, &http.Client{Timeout: discoveryTime})
	var known []gateway.Issuer
	for _, i := range d.issuers {
		provider, err := oidc.NewProvider(ctx, i.URL)
		var claims struct {
			Keys string `json:"jwks_uri"`
		}
		if err != nil || provider.Claims(&claims) != nil {
			continue // told without it; readiness says what is wrong with an issuer
		}
		known = append(known, gateway.Issuer{URL: i.URL, TokenEndpoint: provider.Endpoint().TokenURL, KeysEndpoint: claims.Keys})
	}
	return known
}
