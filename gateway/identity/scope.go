package identity

import (
	"net/url"
	"regexp"
	"strings"

	"cpagateway/consent"
	"cpagateway/profiles/fhir"
)

// scopePattern is a SMART scope: v2 (system/CarePlan.rs?category=...) with its
// letters in order, or v1 (system/CarePlan.read).
var scopePattern = regexp.MustCompile(`^(system|user|patient)/(\*|[A-Z][A-Za-z]*)\.(c?r?u?d?s?|read|write|\*)(\?.+)?$`)

// ParseScope reads one SMART scope, v2 or v1. It is false for anything else, and
// for a scope narrowed in a way that could not be kept to: what is not understood
// grants nothing.
func ParseScope(text string) (consent.Scope, bool) {
	m := scopePattern.FindStringSubmatch(text)
	if m == nil || m[3] == "" {
		return consent.Scope{}, false
	}
	s := consent.Scope{Context: m[1], Type: m[2]}
	old := true
	switch m[3] {
	case "read":
		s.Read, s.Search = true, true
	case "write":
		s.Create, s.Update, s.Delete = true, true, true
	case "*":
		s.Read, s.Search, s.Create, s.Update, s.Delete = true, true, true, true, true
	default:
		old = false
		s.Read, s.Search = strings.Contains(m[3], "r"), strings.Contains(m[3], "s")
		s.Create, s.Update, s.Delete = strings.Contains(m[3], "c"), strings.Contains(m[3], "u"), strings.Contains(m[3], "d")
	}
	if m[4] == "" {
		return s, true
	}
	category, ok := categoryOf(m[4][1:])
	s.Category = category
	return s, ok && !old // v1 has no parameters
}

// categoryOf reads the parameters of a scope: one category, as system|code.
func categoryOf(query string) (string, bool) {
	parameters, err := url.ParseQuery(query)
	if err != nil || len(parameters) != 1 || len(parameters["category"]) != 1 {
		return "", false
	}
	value := parameters["category"][0]
	system, code, found := strings.Cut(value, "|")
	return value, found && system != "" && code != "" && !strings.ContainsAny(code, "|,")
}

// scopesIn reads the scope claim: words in a string, or an array of strings.
func scopesIn(claim fhir.Value) []consent.Scope {
	var scopes []consent.Scope
	for v := range claim.Each() {
		for word := range strings.SplitSeq(v.Text(), " ") {
			if s, ok := ParseScope(word); ok {
				scopes = append(scopes, s)
			}
		}
	}
	return scopes
}
