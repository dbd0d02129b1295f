package identity_test

import (
	"errors"
	"net/http"
	"testing"

	"cpagateway/gateway/identity"
)

// FuzzVerify: whatever is presented and not signed by the issuer, there is a
// *Refusal and no caller.
func FuzzVerify(f *testing.F) {
	f.Add("Bearer a.b.c", "", "TREAT")
	f.Add("DPoP e30.e30.", "e30.e30.", "")
	f.Add("Bearer eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIn0.", "x", "y")
	f.Fuzz(func(t *testing.T, authorization, proof, purpose string) {
		w := newFuzzWorld(t)
		r := request("Bearer", "", "DPoP", proof, "X-Purpose-Of-Use", purpose)
		r.Header = http.Header{"Authorization": {authorization}, "Dpop": {proof}, "X-Purpose-Of-Use": {purpose}}
		caller, err := w.Verify(t.Context(), r)
		var refusal *identity.Refusal
		if !errors.As(err, &refusal) || caller.Client != "" {
			t.Fatalf("got %v and client %q", err, caller.Client)
		}
		holdsNothing(t, refusal)
	})
}

// newFuzzWorld has an issuer that is never reached: every round would open a server.
func newFuzzWorld(t *testing.T) *identity.Verifier {
	v, err := identity.New(t.Context(), identity.Config{
		Audience:  audience,
		Issuers:   []identity.Issuer{{URL: "https://issuer.example"}},
		Transport: unreachable{},
	}, &guard{}, (&world{}).clock)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

type unreachable struct{}

func (unreachable) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("unreachable")
}
