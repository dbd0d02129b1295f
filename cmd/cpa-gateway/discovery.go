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
// discoveryTime how long one of them may take to say it, and the least time
// between two tries: a public document must not become a way to make this
// gateway knock at other doors.
const (
	discoveryLife = 5 * time.Minute
	discoveryTime = 5 * time.Second
	discoverySize = 512 << 10 // bytes that an issuer may say
)

// discovery tells callers where to get a token. Safe for concurrent use.
type discovery struct {
	issuers []identity.Issuer
	clock   func() time.Time

	mu    sync.Mutex
	tried time.Time
	whole bool                      // every issuer answered the last try
	known map[string]gateway.Issuer // the last that each said, by its URL
}

// endpoints are those of the issuers that could be reached at least once, in
// the order of the configuration.
func (d *discovery) endpoints(ctx context.Context) []gateway.Issuer {
	d.mu.Lock()
	defer d.mu.Unlock()
	if since := d.clock().Sub(d.tried); since > discoveryLife || !d.whole && since > discoveryTime {
		d.tried = d.clock()
		d.ask(ctx)
	}
	var known []gateway.Issuer
	for _, i := range d.issuers {
		if k, ok := d.known[i.URL]; ok {
			known = append(known, k)
		}
	}
	return known
}

// ask asks every issuer. The answers are for everybody, so that the caller who
// happened to be first cannot break it off by going away.
func (d *discovery) ask(ctx context.Context) {
	if d.known == nil {
		d.known = map[string]gateway.Issuer{}
	}
	d.whole = true
	for _, i := range d.issuers {
		said, err := discover(context.WithoutCancel(ctx), i.URL)
		if err != nil {
			d.whole = false // told as it was; readiness says what is wrong with an issuer
			continue
		}
		d.known[i.URL] = said
	}
}

// discover reads what one issuer says of itself, from its own door alone.
func discover(ctx context.Context, url string) (gateway.Issuer, error) {
	ctx, cancel := context.WithTimeout(ctx, discoveryTime)
	defer cancel()
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, &http.Client{
		Transport:     bounded{http.DefaultTransport},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}), url)
	if err != nil {
		return gateway.Issuer{}, err
	}
	var claims struct {
		Keys string `json:"jwks_uri"`
	}
	if err := provider.Claims(&claims); err != nil {
		return gateway.Issuer{}, err
	}
	return gateway.Issuer{URL: url, TokenEndpoint: provider.Endpoint().TokenURL, KeysEndpoint: claims.Keys}, nil
}

// bounded cuts answers off that are longer than any issuer's: go-oidc reads them
// whole.
type bounded struct{ http.RoundTripper }

// RoundTrip bounds the body of the answer.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := b.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	response.Body = http.MaxBytesReader(nil, response.Body, discoverySize)
	return response, nil
}
