package identity

import (
	"cmp"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"

	"cpagateway/consent"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// maxClaim is the longest text taken from a token, in bytes.
const maxClaim = 256

// readClaims reads what a verified token says. It names the claims that are used,
// are there and are not of their form, such as two teams: then there is no token.
func readClaims(claims fhir.Value, from Issuer) (t *token, wrong []string) {
	names := from.Claims
	exp, ok := instant(claims.Get("exp"))
	if !ok {
		wrong = append(wrong, "exp")
	}
	iat, ok := instant(claims.Get("iat"))
	if !ok {
		wrong = append(wrong, "iat")
	}
	text := func(name string) string {
		value, ok := single(lookup(claims, name))
		if !ok {
			wrong = append(wrong, name)
		}
		return value
	}
	t = &token{
		issued:       iat,
		expires:      exp,
		id:           text("jti"),
		organisation: profiles.OrgCode(text(names.Organisation)),
		team:         profiles.TeamID(text(names.Team)),
		person:       text(names.Person),
		role:         text(names.Role),
		purposes:     purposesIn(lookup(claims, names.Purposes)),
		scopes:       scopesIn(lookup(claims, names.Scope)),
		singleUse:    lookup(claims, names.SingleUse).Bool(),
	}
	if once := lookup(claims, names.SingleUse); once.Exists() && once.Kind() != fhir.Bool && once.Kind() != fhir.Null {
		wrong = append(wrong, names.SingleUse)
	}
	if names.Client != "" {
		t.client = consent.ClientID(text(names.Client))
	} else {
		id, azp := text("client_id"), text("azp")
		if id != "" && azp != "" && id != azp {
			wrong = append(wrong, "client_id and azp, which differ")
		}
		t.client = consent.ClientID(cmp.Or(id, azp))
	}
	t.binding = bindingIn(claims.Get("cnf"))
	return t, wrong
}

// lookup finds the claim of a name: as one member (names may be URLs, dots and
// all), or else down a path with dots.
func lookup(claims fhir.Value, name string) fhir.Value {
	if v := claims.Get(name); v.Exists() {
		return v
	}
	v := claims
	for part := range strings.SplitSeq(name, ".") {
		v = v.Get(part)
	}
	return v
}

// single is the one text of a claim, empty when the claim is absent or null. The
// text may stand alone, as the code of a Coding, or as the only element of an array.
func single(v fhir.Value) (string, bool) {
	if v.Kind() == fhir.Null {
		return "", true
	}
	found := ""
	for each := range v.Each() {
		value := each.Text()
		if each.Kind() == fhir.Object {
			value = each.Get("code").Text()
		}
		if value == "" || found != "" || !plain(value) {
			return "", false
		}
		found = value
	}
	return found, true
}

// plain reports whether text may go into a Caller, and so into the audit log.
func plain(text string) bool {
	return len(text) <= maxClaim && strings.IndexFunc(text, unicode.IsControl) < 0
}

// instant reads a NumericDate: seconds since 1970, perhaps with a fraction.
func instant(v fhir.Value) (time.Time, bool) {
	if v.Kind() != fhir.Number {
		return time.Time{}, false
	}
	seconds, err := strconv.ParseFloat(string(v.Raw()), 64)
	const year9999 = 253402300799 // beyond it, conversions overflow
	if err != nil || math.Abs(seconds) > year9999 {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(seconds * 1000)), true
}
