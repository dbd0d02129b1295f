package identity

// advice names the check behind each code, and says to an operator how to mend what
// it finds. A test holds docs/tokens.md to it.
var advice = map[string]struct{ check, do string }{
	TokenMissing:         {"credential", "send one header Authorization: Bearer TOKEN (or DPoP TOKEN)"},
	TokenTooLarge:        {"size", "have the issuer leave out what the gateway does not need"},
	TokenMalformed:       {"form", "send the access token whole and alone, as a JWT; an opaque token cannot be checked here"},
	TokenIssuer:          {"issuer", "write the token's iss into issuers, byte for byte, if you trust it"},
	TokenType:            {"type", "have the issuer write typ at+jwt (RFC 9068), or set acceptJWT: true for it; an ID token is not taken"},
	TokenAlgorithm:       {"algorithm", "have the issuer sign with RS256, PS256, ES256 or EdDSA, without crit"},
	TokenAudience:        {"audience", "have the issuer put the gateway's audience into aud, or ask for it with resource"},
	TokenExpired:         {"expiry", "ask for a new token, and compare the clocks"},
	TokenEarly:           {"beginning", "compare the clocks: more than a minute ahead is refused"},
	TokenClaim:           {"required claims", "have the issuer add the claim in its form, or name the claim it uses under claims"},
	TokenLife:            {"life", "have the issuer shorten the life of its tokens, or raise maxLife"},
	IssuerUnavailable:    {"keys", "see that the gateway can reach the issuer's discovery document and its jwks_uri"},
	TokenSignature:       {"signature", "see that kid names a key of the issuer's jwks_uri, of the right kind (RSA of 2048 bits, P-256, Ed25519)"},
	ClientUnknown:        {"client", "register the client under clients, with this issuer"},
	OrganisationMismatch: {"organisation", "have the issuer write the ODS code of the register into the token"},
	TeamNotRegistered:    {"registered team", "add the team to the client's teams, or have the issuer name one of them"},
	TeamMissing:          {"team", "have the issuer name one team of the client's, or register exactly one"},
	PurposeMissing:       {"purpose", "have the issuer put a purpose of the register into the token, or register it"},
	PurposeAmbiguous:     {"purposes", "choose one of the token's purposes with the header X-Purpose-Of-Use"},
	BindingFailed:        {"binding", "show the certificate of cnf.x5t#S256 to the gateway itself; another kind of cnf cannot be checked"},
	TokenReplayed:        {"use", "ask for a new token for each request: this one is good for one"},
	ProofInvalid:         {"proof", "send Authorization: DPoP and a new proof of the key in cnf.jkt, for this method, URL and token"},
	ProofReplayed:        {"proof", "make a new proof, with a jti of its own, for each request"},
	ReplayUnknown:        {"use", "see that Redis answers: single use and proofs are not checked without it"},
}
