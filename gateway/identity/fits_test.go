package identity

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"slices"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// TestFits: each kind of key is one to verify its own algorithms with, and no other kind is.
func TestFits(t *testing.T) {
	must := func(key any, err error) any {
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	rsaKey := must(rsa.GenerateKey(rand.Reader, 2048)).(*rsa.PrivateKey)
	small := must(rsa.GenerateKey(rand.Reader, 2047)).(*rsa.PrivateKey)
	p256 := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)).(*ecdsa.PrivateKey)
	p384 := must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)).(*ecdsa.PrivateKey)
	edPublic, edPrivate, err := ed25519.GenerateKey(rand.Reader)
	must(nil, err)
	named := []string{"RS256", "PS256", "ES256", "EdDSA", "ES384", "HS256", "none", ""}
	for name, c := range map[string]struct {
		key  any
		want []string
	}{
		"RSA":                {rsaKey.Public(), []string{"RS256", "PS256"}},
		"RSA, a bit short":   {small.Public(), nil},
		"P-256":              {p256.Public(), []string{"ES256"}},
		"P-384":              {p384.Public(), nil},
		"Ed25519":            {edPublic, []string{"EdDSA"}},
		"a private RSA key":  {rsaKey, nil},
		"a private EC key":   {p256, nil},
		"a private Ed25519":  {edPrivate, nil},
		"a symmetric secret": {[]byte("0123456789abcdef0123456789abcdef"), nil},
		"nothing":            {nil, nil},
	} {
		for _, algorithm := range named {
			want := slices.Contains(c.want, algorithm)
			for _, use := range []string{"", "sig"} {
				for _, own := range []string{"", algorithm} {
					if got := fits(jose.JSONWebKey{Key: c.key, Use: use, Algorithm: own}, algorithm); got != want {
						t.Errorf("%s for %q (use %q, alg %q): %v", name, algorithm, use, own, got)
					}
				}
			}
			if fits(jose.JSONWebKey{Key: c.key, Use: "enc"}, algorithm) || fits(jose.JSONWebKey{Key: c.key, Algorithm: "another"}, algorithm) {
				t.Errorf("%s for %q fits in spite of its use or algorithm", name, algorithm)
			}
		}
	}
}
