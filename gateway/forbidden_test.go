package gateway_test

import (
	"net/http"
	"strings"
	"testing"

	"cpagateway/gateway"
	"cpagateway/gateway/demo"
)

// A token that could be answered with nothing alone, whoever is asked about, got an
// empty page, which reads as "no plan". It is told what it lacks: by the request alone,
// so that nobody learns who is known, and in the caller's language.
func TestATokenThatCanSeeNothingIsForbidden(t *testing.T) {
	s := openStand(t)
	for name, c := range map[string]struct {
		ask    demo.Ask
		header string
		code   string
		says   string
		sees   string // a path that it may ask
	}{
		"another purpose":     {demo.Ask{Name: "ooh", Purpose: "COC"}, "", "PURPOSE_MISSING", "purpose of use that is registered", ""},
		"two purposes":        {demo.Ask{Name: "ooh", Purpose: "ETREAT COC"}, "", "PURPOSE_AMBIGUOUS", "X-Purpose-Of-Use", ""},
		"the wrong one":       {demo.Ask{Name: "ooh", Purpose: "ETREAT COC"}, "COC", "PURPOSE_MISSING", "purpose of use", ""},
		"a scope of others":   {demo.Ask{Name: "ooh", Scope: "system/Goal.rs"}, "", "SCOPE_EXCEEDED", "No scope", "/Goal?"},
		"a scope for reading": {demo.Ask{Name: "ooh", Scope: "system/CarePlan.r"}, "", "SCOPE_EXCEEDED", "No scope", "/CarePlan/unknown?"},
	} {
		token := s.newToken(c.ask)
		ask := func(path, language string) answer {
			headers := []string{"Authorization", "Bearer " + token, "Accept-Language", language, "X-Request-Id", requestName}
			if c.header != "" {
				headers = append(headers, "X-Purpose-Of-Use", c.header)
			}
			return s.do("", http.MethodGet, gateway.Prefix+path, "", headers...)
		}
		known, unknown := ask("/CarePlan?"+about(bryn), "en"), ask("/CarePlan?"+about("9990000093"), "en")
		if known.status != http.StatusForbidden || known.body != unknown.body || !strings.Contains(known.text(t), c.says) ||
			!strings.Contains(known.header.Get("WWW-Authenticate"), `error="insufficient_scope"`) {
			t.Errorf("%s: %d %q %s", name, known.status, known.header.Get("WWW-Authenticate"), known.body)
		}
		if welsh := ask("/CarePlan?"+about(bryn), "cy"); welsh.text(t) == known.text(t) {
			t.Errorf("%s: in Welsh it is told %s", name, welsh.text(t))
		}
		if c.sees != "" {
			if a := ask(c.sees+about(bryn), "en"); a.status == http.StatusForbidden {
				t.Errorf("%s: what it reaches is forbidden", name)
			}
		}
		if rows := s.recorded(requestName); len(rows) < 3 || rows[0].Outcome != "refused" {
			t.Errorf("%s: on record: %+v", name, rows)
		}
	}
}
