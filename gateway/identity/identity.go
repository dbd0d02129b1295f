// Package identity turns a verified credential into a caller.
//
// Verify is the whole of it, and reads as the order in which trust is built:
// what was presented, whether the issuer signed it for this gateway and for now,
// whether its client is in the register, whether whoever presents it is the one
// it was issued to, whether it was used before. Every step refuses by itself,
// and none ever opens: an issuer that cannot be reached, a replay guard that does
// not answer and a binding that cannot be checked are refusals.
//
// Nothing here decides what a caller may see. A Caller is an argument of
// consent.Decide, and a purpose that does not resolve is left empty for it to
// refuse, so that the answer is that of somebody who may not see.
package identity

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"cpagateway/consent"
)

// ReplayGuard is the part of hot.State that identity needs: true for at most one
// caller per key until its life is over, over all instances of the gateway, and
// never for what was issued before the guard's memory begins. An error means that
// nobody knows, and the credential is refused.
type ReplayGuard interface {
	Claim(ctx context.Context, key string, issued time.Time, life time.Duration) (first bool, err error)
}

// Verifier verifies the credentials of requests. It is safe for concurrent use.
type Verifier struct {
	audience string
	origin   *url.URL // scheme and host under which callers know the gateway
	below    string   // and the path, where a proxy adds one
	issuers  map[string]*issuer
	order    []*issuer // as configured
	register map[registered]Client
	rates    map[consent.ClientID]Rate
	seen     *seen
	guard    ReplayGuard
	clock    func() time.Time
}

// registered is the register's key: a client is known under the issuer that
// speaks for it, so that one issuer cannot make tokens for another's clients.
type registered struct {
	issuer string
	client consent.ClientID
}

// New makes a Verifier. It checks cfg, naming everything wrong with it at once,
// and reaches for no issuer: keys are fetched when the first token comes, so the
// gateway starts while an issuer is down. Fetches end with ctx.
func New(ctx context.Context, cfg Config, guard ReplayGuard, clock func() time.Time) (*Verifier, error) {
	cfg = cfg.withDefaults()
	origin, err := cfg.check()
	if err != nil {
		return nil, fmt.Errorf("checking the identity configuration: %w", err)
	}
	v := &Verifier{
		audience: cfg.Audience,
		origin:   origin,
		below:    cfg.Below,
		issuers:  map[string]*issuer{},
		register: map[registered]Client{},
		rates:    map[consent.ClientID]Rate{},
		seen:     newSeen(),
		guard:    guard,
		clock:    clock,
	}
	client := boundedClient(cfg.Transport)
	for _, i := range cfg.Issuers {
		known := newIssuer(ctx, i, cfg.Audience, client, clock)
		v.issuers[i.URL], v.order = known, append(v.order, known)
	}
	for _, c := range cfg.Clients {
		v.register[registered{c.Issuer, c.ID}] = c
		v.rates[c.ID] = c.Rate
	}
	return v, nil
}

// Verify says who sent r, and for which one purpose. The error is always a *Refusal.
func (v *Verifier) Verify(ctx context.Context, r *http.Request) (consent.Caller, error) {
	c, err := presented(r.Header)
	if err != nil {
		return consent.Caller{}, err
	}
	t, client, err := v.accept(ctx, c.token)
	if err != nil {
		return consent.Caller{}, err
	}
	purpose, missing := choosePurpose(t.purposes, client.Purposes, r.Header.Values(purposeHeader))
	if missing != "" {
		return consent.Caller{}, refuse(missing)
	}
	if err := v.checkBinding(ctx, r, c, t); err != nil {
		return consent.Caller{}, err
	}
	if client.once(t) {
		if err := v.claimToken(ctx, t); err != nil {
			return consent.Caller{}, err
		}
	}
	return t.caller(client, purpose), nil
}

// accept is everything that is asked of a token by itself, whoever presents it.
func (v *Verifier) accept(ctx context.Context, raw string) (*token, Client, error) {
	t, err := v.token(ctx, raw)
	if err != nil {
		return nil, Client{}, err
	}
	client, err := v.admit(t)
	return t, client, err
}

// Rate is how fast a registered client may ask; the zero Rate, which allows
// nothing, for any other.
func (v *Verifier) Rate(id consent.ClientID) Rate { return v.rates[id] }

// Registered reports whether a token could still say what a caller is: its client is in
// the register, for this organisation, team and purpose.
func (v *Verifier) Registered(c consent.Caller) bool {
	for key, client := range v.register {
		if key.client == c.Client {
			return client.Organisation == c.Organisation && slices.Contains(client.Purposes, c.Purpose) &&
				client.Custody == c.Custody && (c.Team == "" || slices.Contains(client.Teams, c.Team))
		}
	}
	return false
}

// token verifies the access token, or remembers that it did so a moment ago.
func (v *Verifier) token(ctx context.Context, raw string) (*token, error) {
	if len(raw) > maxToken {
		return nil, refuse(TokenTooLarge)
	}
	name := sha256.Sum256([]byte(raw))
	if t, ok := v.seen.get(name, v.clock()); ok {
		// Where there are no keys their generation is 0, which no token has, and verify refuses.
		if keys, _ := t.issuer.keys.current(ctx); keys.generation == t.generation {
			return t, nil
		}
	}
	t, err := v.verify(ctx, raw)
	if err != nil {
		return nil, err
	}
	v.seen.put(name, t)
	return t, nil
}

// admit holds the token against the client register.
func (v *Verifier) admit(t *token) (Client, error) {
	client, ok := v.register[registered{t.issuer.config.URL, t.client}]
	if !ok {
		return Client{}, refuse(ClientUnknown)
	}
	return client, client.admits(t)
}

// claimToken takes the one use of a token that is good for one request.
func (v *Verifier) claimToken(ctx context.Context, t *token) error {
	return v.claim(ctx, guardKey("token", t.issuer.config.URL, t.id), t.issued, t.expires.Sub(v.clock())+skew, TokenReplayed)
}

// claim asks the guard, and refuses with replayed when somebody was first or may have been.
func (v *Verifier) claim(ctx context.Context, key string, issued time.Time, life time.Duration, replayed string) error {
	first, err := v.guard.Claim(ctx, key, issued, life)
	switch {
	case err != nil:
		return refuse(ReplayUnknown)
	case !first:
		return refuse(replayed)
	}
	return nil
}

// guardKey names a single use in the shared state: of fixed length and without
// anything readable from the token, whatever an issuer or a caller put into it.
func guardKey(kind, owner, id string) string {
	sum := sha256.Sum256([]byte(owner + "\x00" + id))
	return "identity/" + kind + "/" + base64.RawURLEncoding.EncodeToString(sum[:])
}
