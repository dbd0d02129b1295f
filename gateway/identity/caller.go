package identity

import (
	"slices"
	"strings"

	"cpagateway/consent"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// purposeHeader chooses one of several purposes of a token. It never adds one.
const purposeHeader = "X-Purpose-Of-Use"

// clientChecks are what the registration of its client asks of a token, in the order
// asked.
var clientChecks = []struct {
	code  string
	holds func(c Client, t *token) bool
}{
	{OrganisationMismatch, func(c Client, t *token) bool { return t.organisation == c.Organisation }},
	{TeamNotRegistered, func(c Client, t *token) bool { return t.team == "" || slices.Contains(c.Teams, t.team) }},
	{TeamMissing, func(c Client, t *token) bool { return t.team != "" || len(c.Teams) == 1 }},
	{PurposeMissing, func(c Client, t *token) bool {
		return slices.ContainsFunc(t.purposes, func(p profiles.Purpose) bool { return slices.Contains(c.Purposes, p) })
	}},
	{BindingFailed, func(_ Client, t *token) bool { return !t.binding.unknown }},
	{TokenClaim, func(c Client, t *token) bool { return t.id != "" || !c.once(t) }},
}

// admits holds what a token says against the registration of its client.
func (c Client) admits(t *token) error {
	for _, check := range clientChecks {
		if !check.holds(c, t) {
			return refuse(check.code)
		}
	}
	return nil
}

// once reports whether a token is good for one request. It needs a jti for that.
func (c Client) once(t *token) bool { return c.SingleUse || t.singleUse }

// teamOf is the team that a token names or, where it names none, the only one of its
// client. A client that admits the token has no choice to make.
func (c Client) teamOf(t *token) profiles.TeamID {
	if t.team == "" && len(c.Teams) == 1 {
		return c.Teams[0]
	}
	return t.team
}

// caller is made anew for every request, since the purpose belongs to the request.
func (t *token) caller(client Client, purpose profiles.Purpose) consent.Caller {
	return consent.Caller{
		Client:       t.client,
		Organisation: t.organisation,
		Team:         client.teamOf(t),
		Person:       t.person,
		Role:         t.role,
		Purpose:      purpose,
		Scopes:       slices.Clone(t.scopes),
		TokenID:      t.id,
		Custody:      client.Custody,
	}
}

// choosePurpose finds the one purpose of a request, or the code of the refusal. A token
// with several must be narrowed by the header, even where the register leaves only one
// of them: which one was meant is for the caller to say.
func choosePurpose(named, registered []profiles.Purpose, header []string) (chosen profiles.Purpose, code string) {
	if len(header) > 1 {
		return "", PurposeAmbiguous
	}
	if len(header) == 1 {
		asked := purposeOf(header[0])
		named = slices.DeleteFunc(slices.Clone(named), func(p profiles.Purpose) bool { return p != asked })
	}
	switch {
	case len(named) > 1:
		return "", PurposeAmbiguous
	case len(named) == 0 || !slices.Contains(registered, named[0]):
		return "", PurposeMissing
	}
	return named[0], ""
}

// purposesIn reads purpose_of_use: Codings, strings, or an array of these. A string
// may hold several with blanks between. A code of another system is not a purpose.
func purposesIn(claim fhir.Value) []profiles.Purpose {
	var named []profiles.Purpose
	add := func(p profiles.Purpose) {
		if p != "" && plain(string(p)) && !slices.Contains(named, p) {
			named = append(named, p)
		}
	}
	for v := range claim.Each() {
		if v.Kind() == fhir.Object {
			add(purposeOf(v.Get("system").Text() + "|" + v.Get("code").Text()))
		}
		for word := range strings.FieldsSeq(v.Text()) {
			add(purposeOf(word))
		}
	}
	return named
}

// purposeOf reads a code, or system|code, of v3-ActReason.
func purposeOf(text string) profiles.Purpose {
	system, code, found := strings.Cut(strings.TrimSpace(text), "|")
	switch {
	case !found:
		return profiles.Purpose(system)
	case system == "" || slices.Contains(purposeSystems, system):
		return profiles.Purpose(code)
	}
	return ""
}

// purposeSystems is v3-ActReason under the names that issuers give it (IHE IUA uses the last two).
var purposeSystems = []string{profiles.SystemActReason, "urn:oid:2.16.840.1.113883.5.8", "2.16.840.1.113883.5.8"}
