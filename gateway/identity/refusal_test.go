package identity

import (
	"errors"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestRefusalCodes pins what others rely on: the codes are in every audit log
// that was ever written, and the challenges in the programs of callers.
func TestRefusalCodes(t *testing.T) {
	const (
		token = `Bearer error="invalid_token", error_description="`
		proof = `DPoP error="invalid_dpop_proof", error_description="`
		algs  = `", algs="RS256 PS256 ES256 EdDSA"`
	)
	want := map[string]string{
		"TOKEN_MISSING":         "Bearer",
		"TOKEN_MALFORMED":       token + `the access token cannot be read"`,
		"TOKEN_TOO_LARGE":       token + `the access token is too large"`,
		"TOKEN_TYPE":            token + `not an access token"`,
		"TOKEN_ALGORITHM":       token + `the signature algorithm is not accepted"`,
		"TOKEN_ISSUER":          token + `the issuer is not accepted"`,
		"TOKEN_AUDIENCE":        token + `the access token is for another audience"`,
		"TOKEN_EXPIRED":         token + `the access token has expired"`,
		"TOKEN_EARLY":           token + `the access token is not valid yet"`,
		"TOKEN_LIFE":            token + `the access token is valid for too long"`,
		"TOKEN_CLAIM":           token + `the access token lacks a claim or has one of the wrong form"`,
		"TOKEN_SIGNATURE":       token + `the signature does not verify"`,
		"TOKEN_REPLAYED":        token + `the access token was used before, or may have been"`,
		"BINDING_FAILED":        token + `the access token is bound to another sender"`,
		"PROOF_INVALID":         proof + `the proof is not of this token and request` + algs,
		"PROOF_REPLAYED":        proof + `the proof was used before, or may have been` + algs,
		"CLIENT_UNKNOWN":        token + `the client is not registered"`,
		"ORGANISATION_MISMATCH": token + `the organisation is not that of the client"`,
		"TEAM_NOT_REGISTERED":   token + `the team is not one of the client's"`,
		"TEAM_MISSING":          `Bearer error="insufficient_scope", error_description="the token names no team, and the client has not exactly one"`,
		"PURPOSE_MISSING":       `Bearer error="insufficient_scope", error_description="the request has none of the client's purposes of use"`,
		"PURPOSE_AMBIGUOUS":     `Bearer error="insufficient_scope", error_description="the token has several purposes of use, and the request does not choose one"`,
		"ISSUER_UNAVAILABLE":    "",
		"REPLAY_UNKNOWN":        "",
	}
	if len(texts) != len(want) {
		t.Errorf("%d codes, %d are pinned", len(texts), len(want))
	}
	for code, challenge := range want {
		var refusal *Refusal
		if !errors.As(refuse(code), &refusal) || refusal.Code != code || refusal.Challenge != challenge {
			t.Errorf("%s: %+v, want challenge %s", code, refusal, challenge)
		}
		if words := texts[code].words; words == "" || refusal.Error() != "refused: "+words {
			t.Errorf("%s says %q", code, refusal.Error())
		}
	}
}

// TestTheSurfaceListsEveryRefusal holds docs/surface.md to the codes.
func TestTheSurfaceListsEveryRefusal(t *testing.T) {
	page, err := os.ReadFile("../../docs/surface.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([A-Z_]+)` \\|").FindAllStringSubmatch(string(page), -1) {
		listed = append(listed, m[1])
	}
	slices.Sort(listed)
	if known := slices.Sorted(maps.Keys(texts)); !slices.Equal(listed, known) {
		t.Errorf("the page lists %v\nthe code has %v", listed, known)
	}
}

// TestTheTokensPageSaysWhatToDo holds docs/tokens.md to the checks, their advice and the
// names of the claims.
func TestTheTokensPageSaysWhatToDo(t *testing.T) {
	text, err := os.ReadFile("../../docs/tokens.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	for code := range texts {
		a, ok := advice[code]
		if row := "| `" + code + "` | " + a.check + " | " + a.do + " |\n"; !ok || a.do == "" || !strings.Contains(page, row) {
			t.Errorf("the page lacks %s", row)
		}
	}
	if rows := len(regexp.MustCompile("(?m)^\\| `[A-Z_]+` \\|").FindAllString(page, -1)); rows != len(texts) || len(advice) != len(texts) {
		t.Errorf("%d rows and %d pieces of advice for %d codes", rows, len(advice), len(texts))
	}
	names := reflect.ValueOf(ClaimNames{Client: "client_id`, else `azp"}.withDefaults())
	for i := range names.NumField() {
		key, _, _ := strings.Cut(names.Type().Field(i).Tag.Get("yaml"), ",")
		if row := "| `" + names.Field(i).String() + "` | `" + key + "` |"; !strings.Contains(page, row) {
			t.Errorf("the page lacks %s", row)
		}
	}
	for _, check := range tokenChecks {
		if tokenFound[check.code] == nil {
			t.Errorf("an inspection has no words for %s", check.code)
		}
	}
	for _, check := range clientChecks {
		if clientFound[check.code] == nil {
			t.Errorf("an inspection has no words for %s", check.code)
		}
	}
}
