package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
)

const (
	fetchTime = 5 * time.Second
	maxFetch  = 512 << 10 // bytes of a discovery document or key set
)

// Endpoints is where the callers of one issuer turn to.
type Endpoints struct {
	Issuer string // its URL
	Token  string // the token endpoint; empty where the issuer names none
	Keys   string // jwks_uri
}

// discover reads the issuer's discovery document.
func discover(ctx context.Context, client *http.Client, issuer Issuer) (Endpoints, error) {
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, client), issuer.URL)
	if err != nil {
		return Endpoints{}, fmt.Errorf("discovering the issuer: %w", err)
	}
	var metadata struct {
		Keys string `json:"jwks_uri"`
	}
	err = provider.Claims(&metadata)
	if err == nil {
		err = checkFetchURL(metadata.Keys, issuer)
	}
	if err != nil {
		return Endpoints{}, fmt.Errorf("reading jwks_uri of the discovery document: %w", err)
	}
	return Endpoints{Issuer: issuer.URL, Token: provider.Endpoint().TokenURL, Keys: metadata.Keys}, nil
}

// fetchKeys reads the key set of an issuer.
func fetchKeys(ctx context.Context, client *http.Client, from Endpoints) ([]jose.JSONWebKey, error) {
	var answer *http.Response
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, from.Keys, nil)
	if err == nil {
		answer, err = client.Do(request)
	}
	if err != nil {
		return nil, fmt.Errorf("fetching the key set: %w", err)
	}
	defer answer.Body.Close()
	var document struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&document); err != nil {
		return nil, fmt.Errorf("reading the key set: %w", err)
	}
	return readableKeys(document.Keys), nil
}

// readableKeys keeps the keys that can be read: one of a kind that is not known
// here must not take the others with it.
func readableKeys(documents []json.RawMessage) (set []jose.JSONWebKey) {
	for _, document := range documents {
		var key jose.JSONWebKey
		if err := json.Unmarshal(document, &key); err == nil {
			set = append(set, key)
		}
	}
	return set
}

// checkFetchURL lets keys be fetched over TLS, within this machine, and in plain
// where the configuration says so.
func checkFetchURL(text string, issuer Issuer) error {
	u, err := webURL(text)
	if err != nil {
		return err
	}
	if u.Scheme == "https" || issuer.PlainHTTP || loopback(u.Hostname()) {
		return nil
	}
	return errors.New("must be https (or set plainHTTP: true)")
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// boundedClient reaches for issuers: limited in time and in what it reads, and
// following no redirect.
func boundedClient(transport http.RoundTripper) *http.Client {
	if transport == nil {
		own := http.DefaultTransport.(*http.Transport).Clone()
		own.DisableKeepAlives = true // there are minutes between two fetches
		transport = own
	}
	return &http.Client{Transport: bounded{transport}, Timeout: fetchTime}
}

type bounded struct{ next http.RoundTripper }

// RoundTrip takes only a 200. An http.RoundTripper is not meant to judge answers;
// this one does because go-oidc would put the body of any other, which may be of
// any size and hold anything, into its error.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := b.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		answer.Body.Close()
		return nil, fmt.Errorf("answered with status %d", answer.StatusCode)
	}
	answer.Body = http.MaxBytesReader(nil, answer.Body, maxFetch)
	return answer, nil
}
