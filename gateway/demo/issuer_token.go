package demo

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"cpagateway/gateway/identity"
	"cpagateway/profiles"
)

const (
	grantType    = "client_credentials"
	defaultScope = "system/*.rs"
	purposeField = "purpose_of_use" // of the token request: one or more, with blanks between
	maxForm      = 64 << 10
)

// oauthError is an error answer of the token endpoint (RFC 6749 §5.2).
type oauthError struct {
	status int
	Code   string `json:"error"`
	Words  string `json:"error_description"`
}

var (
	errRequest = &oauthError{http.StatusBadRequest, "invalid_request", "the form, or a field of it, cannot be read"}
	errGrant   = &oauthError{http.StatusBadRequest, "unsupported_grant_type", "only client_credentials is supported"}
	errScope   = &oauthError{http.StatusBadRequest, "invalid_scope", "only system/ scopes that the client may have are granted"}
	errClient  = &oauthError{http.StatusUnauthorized, "invalid_client", "the client assertion is not accepted"}
	errGuard   = &oauthError{http.StatusServiceUnavailable, "temporarily_unavailable", "the replay guard does not answer now"}
)

// grant is the answer to a token request (RFC 6749 §5.1).
type grant struct {
	Token string `json:"access_token"`
	Type  string `json:"token_type"`
	Life  int    `json:"expires_in"` // seconds
	Scope string `json:"scope"`
}

// token is the token endpoint.
func (i *Issuer) token(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	g, refused := i.grant(r)
	if refused != nil {
		w.WriteHeader(refused.status)
		_ = json.NewEncoder(w).Encode(refused) // a caller who is gone needs no answer
		return
	}
	_ = json.NewEncoder(w).Encode(g)
}

// grant authenticates the client last but for its own scopes and signing: a request that
// no client could make does not use an assertion up.
func (i *Issuer) grant(r *http.Request) (*grant, *oauthError) {
	if err := r.ParseForm(); err != nil {
		return nil, errRequest
	}
	form := r.PostForm
	for _, values := range form {
		if len(values) != 1 {
			return nil, errRequest
		}
	}
	if form.Get("grant_type") != grantType {
		return nil, errGrant
	}
	words := systemScopes(form.Get("scope"))
	if len(words) == 0 && form.Get("scope") != "" {
		return nil, errScope
	}
	asked := strings.Fields(form.Get(purposeField))
	for _, p := range asked {
		if !purposePattern.MatchString(p) {
			return nil, errRequest
		}
	}
	caller, refused := i.authenticate(r.Context(), form)
	if refused != nil {
		return nil, refused
	}
	scope := caller.granted(words)
	if scope == "" {
		return nil, errScope
	}
	signed, err := i.sign(caller, asked, scope)
	if err != nil {
		return nil, &oauthError{http.StatusInternalServerError, "server_error", "the access token could not be signed"}
	}
	return &grant{Token: signed, Type: "Bearer", Life: int(tokenLife / time.Second), Scope: scope}, nil
}

// purposePattern is the form of the codes of v3-ActReason.
var purposePattern = regexp.MustCompile(`^[A-Z]{2,12}$`)

// systemScopes is what of the scopes asked for a system can have at all.
func systemScopes(asked string) []string {
	var words []string
	for word := range strings.FieldsSeq(asked) {
		if s, ok := identity.ParseScope(word); ok && s.Context == "system" {
			words = append(words, word)
		}
	}
	return words
}

// granted keeps what a caller may have of what it asks for, and is all of it where it
// asks for nothing in particular.
func (c Caller) granted(words []string) string {
	own := cmp.Or(c.Scope, defaultScope)
	if len(words) == 0 {
		return own
	}
	var granted []string
	for _, word := range words {
		if slices.ContainsFunc(strings.Fields(own), func(has string) bool { return covers(has, word) }) {
			granted = append(granted, word)
		}
	}
	return strings.Join(granted, " ")
}

// covers reports whether a scope of a caller's own, which has no category, reaches all
// that another does.
func covers(own, asked string) bool {
	o, _ := identity.ParseScope(own)
	a, _ := identity.ParseScope(asked)
	within := func(letter, of bool) bool { return !letter || of }
	return (o.Type == "*" || o.Type == a.Type) && within(a.Read, o.Read) && within(a.Search, o.Search) &&
		within(a.Create, o.Create) && within(a.Update, o.Update) && within(a.Delete, o.Delete)
}

// accessToken is what the issuer says of a caller (RFC 9068; extensions of IHE IUA).
type accessToken struct {
	Issuer     string     `json:"iss"`
	Audience   string     `json:"aud"`
	Subject    string     `json:"sub"`
	Client     string     `json:"client_id"`
	Issued     int64      `json:"iat"`
	Expires    int64      `json:"exp"`
	ID         string     `json:"jti"`
	Scope      string     `json:"scope"`
	Team       string     `json:"team"`
	Extensions extensions `json:"extensions"`
}

type extensions struct {
	IUA iua `json:"ihe_iua"`
}

type iua struct {
	Organisation string   `json:"subject_organization_id"`
	Person       string   `json:"person_id,omitempty"`
	PersonName   string   `json:"subject_name,omitempty"`
	Role         string   `json:"subject_role,omitempty"`
	Purposes     []coding `json:"purpose_of_use"`
}

type coding struct {
	System string `json:"system"`
	Code   string `json:"code"`
}

// sign makes the access token. A purpose asked for is stated, whatever it is: the
// gateway does not rest on its issuers, its client register is what refuses.
func (i *Issuer) sign(c Caller, asked []string, scope string) (string, error) {
	if len(asked) == 0 {
		for _, p := range c.Purposes {
			asked = append(asked, string(p))
		}
	}
	purposes := make([]coding, len(asked))
	for n, p := range asked {
		purposes[n] = coding{profiles.SystemActReason, p}
	}
	now := i.clock()
	claims, err := json.Marshal(accessToken{
		Issuer: i.url, Audience: i.gateway, Subject: string(c.Client), Client: string(c.Client),
		Issued: now.Unix(), Expires: now.Add(tokenLife).Unix(), ID: rand.Text(),
		Scope: scope, Team: string(c.Team),
		Extensions: extensions{iua{
			Organisation: string(c.Organisation),
			Person:       c.Person, PersonName: c.PersonName, Role: c.Role,
			Purposes: purposes,
		}},
	})
	if err != nil {
		return "", err
	}
	return signCompact(i.signer, claims)
}

// signCompact is a signed JWT of the claims.
func signCompact(signer jose.Signer, claims []byte) (string, error) {
	signed, err := signer.Sign(claims)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}
