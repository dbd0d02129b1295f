package gateway

import (
	"encoding/json"

	"github.com/gin-gonic/gin"
)

// smartConfiguration is the discovery document of SMART App Launch 2.2, as far
// as Backend Services need it.
type smartConfiguration struct {
	Issuer        string   `json:"issuer,omitempty"`
	Keys          string   `json:"jwks_uri,omitempty"`
	Token         string   `json:"token_endpoint,omitempty"`
	AuthMethods   []string `json:"token_endpoint_auth_methods_supported"`
	AuthAlgs      []string `json:"token_endpoint_auth_signing_alg_values_supported"`
	GrantTypes    []string `json:"grant_types_supported"`
	Scopes        []string `json:"scopes_supported"`
	Capabilities  []string `json:"capabilities"`
	ResponseTypes []string `json:"response_types_supported,omitempty"`
}

// smart serves .well-known/smart-configuration. Where several issuers are
// configured the first one is told; callers of another know their own.
func (f *Front) smart(c *gin.Context) {
	doc := smartConfiguration{
		AuthMethods: []string{"private_key_jwt"}, AuthAlgs: []string{"RS256", "PS256", "ES256", "EdDSA"},
		GrantTypes: []string{"client_credentials"}, Capabilities: []string{"client-confidential-asymmetric", "permission-v2", "permission-v1"},
	}
	for _, s := range allowed {
		doc.Scopes = append(doc.Scopes, "system/"+s.typ+".rs", "user/"+s.typ+".rs")
	}
	if known := f.Road.Identity.Endpoints(c.Request.Context()); len(known) > 0 {
		doc.Issuer, doc.Token, doc.Keys = known[0].Issuer, known[0].Token, known[0].Keys
	}
	body, err := json.Marshal(doc)
	if err != nil {
		body = nil // a struct of strings always marshals; an empty document says nothing wrong
	}
	f.public(c, "smart-configuration", body, "application/json")
}
