package identity

import (
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"cpagateway/profiles/fhir"
)

const (
	maxProof = 8 << 10
	// proofLife is how long a proof is remembered: it is good for skew on either
	// side of its iat, and instances may differ in their clocks.
	proofLife = 3 * skew
)

// proof is a DPoP proof (RFC 9449 §4) whose signature verifies with the key it
// carries; of what it is a proof is still to be compared.
type proof struct {
	thumbprint string // of the key, RFC 7638
	id         string
	issued     time.Time
	claims     fhir.Value
}

// readProof finds the one proof of a request, nil where there is none.
func readProof(h http.Header) *proof {
	values := h.Values("DPoP")
	if len(values) != 1 || len(values[0]) > maxProof {
		return nil
	}
	j, ok := readJWT(values[0])
	if !ok || !strings.EqualFold(j.header.Get("typ").Text(), "dpop+jwt") {
		return nil
	}
	algorithm, ok := j.algorithm()
	if !ok {
		return nil
	}
	signed, err := jose.ParseSignedCompact(values[0], algorithms)
	if err != nil {
		return nil
	}
	key := signed.Signatures[0].Header.JSONWebKey
	if key == nil || !fits(*key, algorithm) {
		return nil
	}
	if _, err := signed.Verify(key.Key); err != nil {
		return nil
	}
	thumbprint, err := key.Thumbprint(crypto.SHA256)
	id := j.claims.Get("jti").Text()
	issued, dated := instant(j.claims.Get("iat"))
	if err != nil || id == "" || !dated {
		return nil
	}
	return &proof{base64.RawURLEncoding.EncodeToString(thumbprint), id, issued, j.claims}
}

// proves compares the proof with the token it came with and the request it is for.
func (p *proof) proves(t *token, c credential, method string, target *url.URL, now time.Time) bool {
	hash := sha256.Sum256([]byte(c.token))
	return p.issued.Sub(now).Abs() <= skew &&
		p.thumbprint == t.binding.key &&
		p.claims.Get("htm").Text() == method &&
		sameTarget(p.claims.Get("htu").Text(), target) &&
		p.claims.Get("ath").Text() == base64.RawURLEncoding.EncodeToString(hash[:])
}

// target is the URL of the request as its sender knows it: the path as it came,
// at the gateway's own address. The Host header is the sender's word and is not used.
func (v *Verifier) target(r *http.Request) *url.URL {
	return &url.URL{Scheme: v.origin.Scheme, Host: v.origin.Host, Path: v.below + r.URL.Path, RawPath: v.below + r.URL.EscapedPath()}
}

// sameTarget compares a htu with the request's URL: scheme and host without regard
// to case and default port, the path as written. Query and fragment do not count
// (RFC 9449 §4.3).
func sameTarget(htu string, target *url.URL) bool {
	u, err := url.Parse(htu)
	return err == nil && origin(u) == origin(target) && u.EscapedPath() == target.EscapedPath()
}

func origin(u *url.URL) string {
	port := map[string]string{"http": ":80", "https": ":443"}[u.Scheme]
	return u.Scheme + "://" + strings.TrimSuffix(strings.ToLower(u.Host), port)
}
