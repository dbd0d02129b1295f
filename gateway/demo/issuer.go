package demo

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"

	"cpagateway/consent"
	"cpagateway/gateway/identity"
)

// IssuerPath is where the issuer's endpoints lie on the demo's listener.
const IssuerPath = "/demo/issuer"

const (
	discoveryPath = "/.well-known/openid-configuration"
	keysPath      = "/jwks"
	tokenPath     = "/token"

	tokenLife     = 5 * time.Minute
	assertionLife = 5 * time.Minute
	skew          = time.Minute
)

// Issuer is the demo's OpenID issuer. It is an http.Handler for everything below
// IssuerPath, with the path as it came, and safe for concurrent use.
type Issuer struct {
	gateway  string // the audience of its tokens
	url      string
	guard    identity.ReplayGuard
	clock    func() time.Time
	key      jose.JSONWebKey
	signer   jose.Signer
	public   map[consent.ClientID]jose.JSONWebKey // of the callers
	keySet   []byte                               // what keysPath answers
	metadata []byte                               // what discoveryPath answers
	answers  map[string]http.HandlerFunc          // by method and path
}

// New makes the issuer of a demo that listens on addr, a loopback literal with its
// port ("127.0.0.1:8080"): a name is refused, for what it resolves to can change.
// The keys are read from dir, and made there on the first start. Client assertions
// are claimed in guard, which hot.State satisfies.
func New(addr, dir string, guard identity.ReplayGuard, clock func() time.Time) (*Issuer, error) {
	if !loopback(addr) {
		return nil, fmt.Errorf("making the demo's issuer: %s is not a loopback address: the demo's keys open whatever trusts this issuer", addr)
	}
	gateway := "http://" + addr
	i := &Issuer{gateway: gateway, url: gateway + IssuerPath, guard: guard, clock: clock, public: map[consent.ClientID]jose.JSONWebKey{}}
	if err := i.readKeys(dir); err != nil {
		return nil, err
	}
	var err error
	if i.metadata, err = json.Marshal(i.discovery()); err != nil {
		return nil, fmt.Errorf("writing the issuer's discovery document: %w", err)
	}
	if i.keySet, err = json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{i.key.Public()}}); err != nil {
		return nil, fmt.Errorf("writing the issuer's key set: %w", err)
	}
	i.answers = map[string]http.HandlerFunc{
		"GET " + IssuerPath + discoveryPath: i.fixed(i.metadata),
		"GET " + IssuerPath + keysPath:      i.fixed(i.keySet),
		"POST " + IssuerPath + tokenPath:    i.token,
	}
	return i, nil
}

func (i *Issuer) readKeys(dir string) error {
	key, err := keyAt(issuerKeyPath(dir))
	if err != nil {
		return err
	}
	options := (&jose.SignerOptions{}).WithType("at+jwt")
	i.key = key
	if i.signer, err = jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, options); err != nil {
		return fmt.Errorf("preparing the issuer's signature: %w", err)
	}
	for _, c := range Callers {
		key, err := keyAt(callerKeyPath(dir, c.Name))
		if err != nil {
			return err
		}
		i.public[c.Client] = key.Public()
	}
	return nil
}

// URL is the issuer identifier.
func (i *Issuer) URL() string { return i.url }

// Identity is the configuration of a gateway that trusts this issuer and knows the
// demo's callers.
func (i *Issuer) Identity() identity.Config { return IdentityAt(i.gateway) }

// IdentityAt is that of the demo which listens on an address such as
// http://127.0.0.1:8080.
func IdentityAt(gateway string) identity.Config {
	return identity.Config{
		Audience: gateway,
		Issuers:  []identity.Issuer{{URL: gateway + IssuerPath}},
		Clients:  Clients(),
	}
}

// Serves reports whether a request is for one of the issuer's endpoints, by method
// and path as they came. Everything else is the gateway's to refuse and record.
func (i *Issuer) Serves(r *http.Request) bool {
	_, known := i.answers[r.Method+" "+r.URL.EscapedPath()]
	return known
}

// ServeHTTP answers only what arrived on a loopback address, wherever the issuer
// may have been mounted.
func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok || !loopback(local.String()) || !i.Serves(r) {
		http.NotFound(w, r)
		return
	}
	i.answers[r.Method+" "+r.URL.EscapedPath()](w, r)
}

// fixed answers with a document that never changes.
func (i *Issuer) fixed(document []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Write(document) // a caller who is gone needs no answer
	}
}

// metadata is the discovery document. It says what there is: no sign-in of people,
// so no authorization endpoint and no response types, and no ID tokens.
type metadata struct {
	Issuer         string   `json:"issuer"`
	Token          string   `json:"token_endpoint"`
	Keys           string   `json:"jwks_uri"`
	Grants         []string `json:"grant_types_supported"`
	Responses      []string `json:"response_types_supported"`
	AuthMethods    []string `json:"token_endpoint_auth_methods_supported"`
	AuthAlgorithms []string `json:"token_endpoint_auth_signing_alg_values_supported"`
	Scopes         []string `json:"scopes_supported"`
}

func (i *Issuer) discovery() metadata {
	return metadata{
		Issuer:         i.url,
		Token:          i.url + tokenPath,
		Keys:           i.url + keysPath,
		Grants:         []string{grantType},
		Responses:      []string{},
		AuthMethods:    []string{"private_key_jwt"},
		AuthAlgorithms: []string{string(jose.ES256)},
		Scopes:         []string{defaultScope},
	}
}

// loopback reports whether addr, host:port, is a loopback literal.
func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
