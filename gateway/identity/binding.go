package identity

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"

	"cpagateway/profiles/fhir"
)

// binding is to whom a token was issued, when it says so (RFC 7800): to the holder
// of a client certificate (RFC 8705), of a DPoP key (RFC 9449), or of both. The zero
// binding is a bearer token's.
type binding struct {
	certificate string // x5t#S256
	key         string // jkt
	unknown     bool   // in a way that cannot be checked here
}

func bindingIn(cnf fhir.Value) binding {
	if !cnf.Exists() {
		return binding{}
	}
	b := binding{unknown: cnf.Kind() != fhir.Object || cnf.Len() == 0}
	for name, v := range cnf.Members() {
		switch name {
		case "x5t#S256":
			b.certificate = v.Text()
			b.unknown = b.unknown || b.certificate == ""
		case "jkt":
			b.key = v.Text()
			b.unknown = b.unknown || b.key == ""
		default:
			b.unknown = true
		}
	}
	return b
}

// checkBinding refuses a token in the hands of another than it was issued to; one that
// is bound in a way that cannot be checked was not admitted.
// The proof is claimed last of all, so that a request refused for something else
// does not use it up.
func (v *Verifier) checkBinding(ctx context.Context, r *http.Request, c credential, t *token) error {
	switch {
	case t.binding.certificate != "" && !shows(r, t.binding.certificate):
		return refuse(BindingFailed)
	case (t.binding.key != "") != (c.scheme == schemeDPoP):
		return refuse(ProofInvalid)
	case t.binding.key == "":
		return nil
	}
	p := readProof(r.Header)
	if p == nil || !p.proves(t, c, r.Method, v.target(r), v.clock()) {
		return refuse(ProofInvalid)
	}
	return v.claim(ctx, guardKey("proof", t.binding.key, p.id), p.issued, proofLife, ProofReplayed)
}

// shows reports whether the sender showed the certificate of a thumbprint to this
// server. A certificate in a header is somebody's word only.
func shows(r *http.Request, thumbprint string) bool {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return false
	}
	sum := sha256.Sum256(r.TLS.PeerCertificates[0].Raw)
	return base64.RawURLEncoding.EncodeToString(sum[:]) == thumbprint
}
