package demo

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/url"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"cpagateway/consent"
)

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// authenticate finds the caller by its client assertion (RFC 7523): signed with
// the caller's own key, for this issuer, for five minutes at most, used once.
func (i *Issuer) authenticate(ctx context.Context, form url.Values) (Caller, *oauthError) {
	if form.Get("client_assertion_type") != assertionType {
		return Caller{}, errClient
	}
	signed, err := jwt.ParseSigned(form.Get("client_assertion"), []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return Caller{}, errClient
	}
	var said, claims jwt.Claims
	if err := signed.UnsafeClaimsWithoutVerification(&said); err != nil {
		return Caller{}, errClient
	}
	caller, ok := callerBy(func(c Caller) bool { return string(c.Client) == said.Subject })
	if !ok || (form.Has("client_id") && form.Get("client_id") != said.Subject) {
		return Caller{}, errClient
	}
	if err := signed.Claims(i.public[caller.Client].Key, &claims); err != nil || !i.accepts(claims, caller.Client) {
		return Caller{}, errClient
	}
	// Assertions need no iat (RFC 7523), and the guard is that of this process: they count as of now.
	first, err := i.guard.Claim(ctx, assertionKey(caller.Client, claims.ID), i.clock(), assertionLife+3*skew)
	switch {
	case err != nil:
		return Caller{}, errGuard
	case !first:
		return Caller{}, errClient
	}
	return caller, nil
}

// accepts checks the claims of an assertion whose signature verifies. It must be
// for the token endpoint or, as newer clients have it, for the issuer.
func (i *Issuer) accepts(claims jwt.Claims, client consent.ClientID) bool {
	now := i.clock()
	err := claims.ValidateWithLeeway(jwt.Expected{
		Issuer: string(client), Subject: string(client),
		AnyAudience: jwt.Audience{i.url, i.url + tokenPath},
		Time:        now,
	}, skew)
	return err == nil && claims.ID != "" &&
		claims.Expiry != nil && !claims.Expiry.Time().After(now.Add(assertionLife+skew))
}

// assertionKey names an assertion in the shared state, at a fixed length.
func assertionKey(client consent.ClientID, id string) string {
	sum := sha256.Sum256([]byte(string(client) + "\x00" + id))
	return "demo/assertion/" + base64.RawURLEncoding.EncodeToString(sum[:])
}
