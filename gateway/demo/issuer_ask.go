package demo

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"cpagateway/consent"
	"cpagateway/profiles"
)

// Ask is a wish for an access token of a running demo.
type Ask struct {
	Gateway string           // the demo's address, such as http://127.0.0.1:8080
	Dir     string           // the demo's data folder; empty: the one it left a note of, see LeaveNote
	Name    string           // of the caller
	Purpose profiles.Purpose // empty: the caller's own
	Scope   string           // empty: everything that can be read
	HTTP    *http.Client
	Clock   func() time.Time
}

// Token gets an access token as any client does: discovery, a client assertion
// signed with the caller's key, the token endpoint. The error is ErrNoDemo when
// there is no folder to read the key from.
func Token(ctx context.Context, a Ask) (string, error) {
	caller, ok := callerBy(func(c Caller) bool { return c.Name == a.Name })
	if !ok {
		return "", fmt.Errorf("asking for a token: there is no such caller; there are %s", callerNames())
	}
	gateway, err := local(a.Gateway)
	if err != nil {
		return "", err
	}
	dir := a.Dir
	if dir == "" {
		if dir, err = readNote(gateway.Port()); err != nil {
			return "", err
		}
	}
	key, err := readKey(callerKeyPath(dir, caller.Name))
	if err != nil {
		return "", err
	}
	endpoint, err := a.discover(ctx, gateway)
	if err != nil {
		return "", err
	}
	signed, err := assertion(key, caller.Client, endpoint, a.Clock())
	if err != nil {
		return "", err
	}
	return a.exchange(ctx, endpoint, signed)
}

func callerNames() string {
	names := make([]string, len(Callers))
	for n, c := range Callers {
		names[n] = c.Name
	}
	return strings.Join(names, ", ")
}

// local parses an address that must be on this machine: nothing signed with the
// demo's keys goes anywhere else.
func local(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" || !(loopback(u.Host) || u.Hostname() == "localhost") {
		return nil, errors.New("asking for a token: the demo's address must be http, on a loopback address, with its port")
	}
	return u, nil
}

// discover finds the token endpoint.
func (a Ask) discover(ctx context.Context, gateway *url.URL) (string, error) {
	document := gateway.JoinPath(IssuerPath, discoveryPath).String()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, document, nil)
	if err != nil {
		return "", fmt.Errorf("discovering the demo's issuer: %w", err)
	}
	var found metadata
	if err := a.do(request, &found); err != nil {
		return "", fmt.Errorf("discovering the demo's issuer: %w", err)
	}
	_, err = local(found.Token)
	return found.Token, err
}

// exchange swaps the client assertion for an access token.
func (a Ask) exchange(ctx context.Context, endpoint, assertion string) (string, error) {
	form := url.Values{
		"grant_type":            {grantType},
		"client_assertion_type": {assertionType},
		"client_assertion":      {assertion},
	}
	if a.Purpose != "" {
		form.Set(purposeField, string(a.Purpose))
	}
	if a.Scope != "" {
		form.Set("scope", a.Scope)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return "", fmt.Errorf("asking for a token: %w", err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var granted grant
	if err := a.do(request, &granted); err != nil {
		return "", fmt.Errorf("asking for a token: %w", err)
	}
	return granted.Token, nil
}

// do reads a JSON answer, or the OAuth error in its place.
func (a Ask) do(request *http.Request, into any) error {
	answer, err := a.HTTP.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body := json.NewDecoder(io.LimitReader(answer.Body, maxForm))
	if answer.StatusCode != http.StatusOK {
		var refused oauthError
		if err := body.Decode(&refused); err != nil || refused.Code == "" {
			return fmt.Errorf("answered with status %d", answer.StatusCode)
		}
		return fmt.Errorf("%s: %s", refused.Code, refused.Words)
	}
	return body.Decode(into)
}

// assertion says, signed, who asks (RFC 7523 §3).
func assertion(key jose.JSONWebKey, client consent.ClientID, endpoint string, now time.Time) (string, error) {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", fmt.Errorf("preparing a client assertion: %w", err)
	}
	claims, err := json.Marshal(map[string]any{
		"iss": client, "sub": client, "aud": endpoint, "jti": rand.Text(),
		"iat": now.Unix(), "exp": now.Add(assertionLife).Unix(),
	})
	if err != nil {
		return "", fmt.Errorf("preparing a client assertion: %w", err)
	}
	signed, err := signCompact(signer, claims)
	if err != nil {
		return "", fmt.Errorf("signing a client assertion: %w", err)
	}
	return signed, nil
}
