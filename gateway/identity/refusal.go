package identity

// The codes say why a credential was refused, for the audit log. Nothing beyond
// the code and its fixed words is sent to the caller or written anywhere: what was
// in the token may be somebody's name.
const (
	TokenMissing         = "TOKEN_MISSING"         // no credential, or more than one
	TokenMalformed       = "TOKEN_MALFORMED"       // not a signed JWT that can be read in one way only
	TokenTooLarge        = "TOKEN_TOO_LARGE"       // over 16 KiB
	TokenType            = "TOKEN_TYPE"            // not an access token, by its typ
	TokenAlgorithm       = "TOKEN_ALGORITHM"       // not RS256, PS256, ES256 or EdDSA
	TokenIssuer          = "TOKEN_ISSUER"          // not an issuer of the configuration
	TokenAudience        = "TOKEN_AUDIENCE"        // issued for somebody else
	TokenExpired         = "TOKEN_EXPIRED"         // exp is absent or over
	TokenEarly           = "TOKEN_EARLY"           // nbf or iat is still to come
	TokenLife            = "TOKEN_LIFE"            // valid for longer than the issuer's maxLife
	TokenClaim           = "TOKEN_CLAIM"           // a claim that is needed is absent, or not of its form
	TokenSignature       = "TOKEN_SIGNATURE"       // not signed by a key of the issuer
	TokenReplayed        = "TOKEN_REPLAYED"        // good for one request, and used or perhaps used
	BindingFailed        = "BINDING_FAILED"        // bound to another sender, or in a way that cannot be checked
	ProofInvalid         = "PROOF_INVALID"         // the DPoP proof is absent or is not of this token and request
	ProofReplayed        = "PROOF_REPLAYED"        // the DPoP proof was used before, or perhaps was
	ClientUnknown        = "CLIENT_UNKNOWN"        // not in the client register
	OrganisationMismatch = "ORGANISATION_MISMATCH" // not the client's organisation
	TeamNotRegistered    = "TEAM_NOT_REGISTERED"   // not one of the client's teams
	TeamMissing          = "TEAM_MISSING"          // the token names no team, and the client has not exactly one
	PurposeMissing       = "PURPOSE_MISSING"       // none of the client's purposes is left to the request
	PurposeAmbiguous     = "PURPOSE_AMBIGUOUS"     // several purposes, and the request does not choose
	IssuerUnavailable    = "ISSUER_UNAVAILABLE"    // its keys cannot be had: no fault of the caller
	ReplayUnknown        = "REPLAY_UNKNOWN"        // the replay guard does not answer: no fault of the caller
)

// Refusal is why a request has no caller. Its texts are fixed: they hold nothing
// from the token.
type Refusal struct {
	Code string
	// Challenge is the value of WWW-Authenticate (RFC 6750, RFC 9449). Empty when
	// the credential is not at fault and the same one may work in a while.
	Challenge string
	// Forbidden says that the credential is sound, and says too little: answered with
	// 403 (RFC 6750 section 3.1).
	Forbidden bool
}

// Error is the refusal in words.
func (r *Refusal) Error() string { return "refused: " + texts[r.Code].words }

// refuse is the only maker of refusals.
func refuse(code string) error {
	t := texts[code]
	if t.scheme == "" {
		return &Refusal{Code: code}
	}
	challenge := t.scheme
	if t.reason != "" {
		challenge += ` error="` + t.reason + `", error_description="` + t.words + `"`
	}
	if t.scheme == schemeDPoP {
		challenge += `, algs="` + algorithmList + `"`
	}
	return &Refusal{Code: code, Challenge: challenge, Forbidden: t.reason == tooLittle}
}

const (
	schemeBearer = "Bearer"
	schemeDPoP   = "DPoP"
	badToken     = "invalid_token"
	badProof     = "invalid_dpop_proof"
	tooLittle    = "insufficient_scope"
)

// texts gives each code its challenge and its fixed words. A code without a scheme asks the caller for
// no other credential.
var texts = map[string]struct{ scheme, reason, words string }{
	TokenMissing:         {schemeBearer, "", "one access token is needed"},
	TokenMalformed:       {schemeBearer, badToken, "the access token cannot be read"},
	TokenTooLarge:        {schemeBearer, badToken, "the access token is too large"},
	TokenType:            {schemeBearer, badToken, "not an access token"},
	TokenAlgorithm:       {schemeBearer, badToken, "the signature algorithm is not accepted"},
	TokenIssuer:          {schemeBearer, badToken, "the issuer is not accepted"},
	TokenAudience:        {schemeBearer, badToken, "the access token is for another audience"},
	TokenExpired:         {schemeBearer, badToken, "the access token has expired"},
	TokenEarly:           {schemeBearer, badToken, "the access token is not valid yet"},
	TokenLife:            {schemeBearer, badToken, "the access token is valid for too long"},
	TokenClaim:           {schemeBearer, badToken, "the access token lacks a claim or has one of the wrong form"},
	TokenSignature:       {schemeBearer, badToken, "the signature does not verify"},
	TokenReplayed:        {schemeBearer, badToken, "the access token was used before, or may have been"},
	BindingFailed:        {schemeBearer, badToken, "the access token is bound to another sender"},
	ProofInvalid:         {schemeDPoP, badProof, "the proof is not of this token and request"},
	ProofReplayed:        {schemeDPoP, badProof, "the proof was used before, or may have been"},
	ClientUnknown:        {schemeBearer, badToken, "the client is not registered"},
	OrganisationMismatch: {schemeBearer, badToken, "the organisation is not that of the client"},
	TeamNotRegistered:    {schemeBearer, badToken, "the team is not one of the client's"},
	TeamMissing:          {schemeBearer, tooLittle, "the token names no team, and the client has not exactly one"},
	PurposeMissing:       {schemeBearer, tooLittle, "the request has none of the client's purposes of use"},
	PurposeAmbiguous:     {schemeBearer, tooLittle, "the token has several purposes of use, and the request does not choose one"},
	IssuerUnavailable:    {"", "", "the issuer's keys cannot be read now"},
	ReplayUnknown:        {"", "", "the replay guard does not answer now"},
}
