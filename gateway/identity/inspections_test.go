package identity_test

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cpagateway/gateway/identity"
	"cpagateway/profiles"
)

var update = flag.Bool("update", false, "write testdata/inspections.txt")

const (
	firstIssuer  = "http://first.example"
	secondIssuer = "https://second.example"
)

// newNamedWorld is a world whose issuer has a name instead of a port of the day.
func newNamedWorld(t *testing.T, change func(*identity.Config)) *world {
	w := newWorld(t)
	address := w.provider.Listener.Addr().String()
	w.provider.URL = firstIssuer
	cfg := w.config()
	cfg.Issuers[0].PlainHTTP = true
	cfg.Transport = &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}}
	if change != nil {
		change(&cfg)
	}
	w.verifier = w.newVerifier(cfg)
	return w
}

func underTheSecond(c *identity.Config) {
	c.Issuers = append(c.Issuers, identity.Issuer{URL: secondIssuer})
	for n := range c.Clients {
		c.Clients[n].Issuer = secondIssuer
	}
}

func bySingleUse(c *identity.Config) { c.Clients[0].SingleUse = true }

func oneTeam(c *identity.Config) { c.Clients[0].Teams = []profiles.TeamID{"crht"} }

func noTeam(c *identity.Config) { c.Clients[0].Teams = nil }

func strict(c *identity.Config) {
	c.Issuers[0].Require = []string{"cnf", "sub"}
	c.Issuers[0].MaxLife = time.Minute
}

// inspections are tokens of many kinds, inspected in testdata/inspections.txt.
var inspections = []struct {
	name   string
	config func(*identity.Config)
	make   func(*world) string
}{
	{"a bearer token", nil, (*world).good},
	{"two audiences, no nbf, no kid", nil, func(w *world) string {
		return w.sign(map[string]any{"kid": nil}, w.claims(map[string]any{"aud": []any{"https://other.example", audience}, "nbf": nil}))
	}},
	{"no team, of a client with one", oneTeam, changed("team", nil)},
	{"another team, of a client with one", oneTeam, changed("team", "nowhere")},
	{"no team, of a client with two", nil, changed("team", nil)},
	{"a team, of a client without any", noTeam, changed("team", "crht")},
	{"no team, of a client without any", noTeam, changed("team", nil)},
	{"two purposes", nil, changed("extensions", iua(map[string]any{"purpose_of_use": "TREAT ETREAT"}))},
	{"no purpose", nil, changed("extensions", iua(map[string]any{"purpose_of_use": nil}))},
	{"scopes of which one is understood", nil, changed("scope", "openid system/Goal.s launch/"+strings.Repeat("x", 300))},
	{"no scope that is understood", nil, changed("scope", []any{"openid", "system/CarePlan.sr"})},
	{"no scope", nil, changed("scope", nil)},
	{"bound to a key", nil, changed("cnf", map[string]any{"jkt": "x"})},
	{"bound to a certificate", nil, changed("cnf", map[string]any{"x5t#S256": "x"})},
	{"bound to both", nil, changed("cnf", map[string]any{"jkt": "x", "x5t#S256": "x"})},
	{"bound in an unknown way", nil, changed("cnf", map[string]any{"jwk": map[string]any{}})},
	{"good for one request by its claim", nil, changed("singleUse", true)},
	{"good for one request by registration, without jti", bySingleUse, changed("jti", nil)},
	{"too early, of too long a life and without cnf", strict, changed("nbf", start.Unix()+61)},
	{"a second over", nil, func(w *world) string {
		return w.sign(nil, w.claims(map[string]any{"iat": start.Unix() - 90, "exp": start.Unix() - 1}))
	}},
	{"claims of no form", nil, func(w *world) string {
		return w.sign(map[string]any{"typ": 1, "alg": "none"}, w.claims(map[string]any{
			"aud": []any{}, "exp": "soon", "iat": nil, "nbf": []any{}, "team": []any{"crht", "crht-2"}, "azp": "gp",
		}))
	}},
	{"a foreign organisation, signed by another", nil, func(w *world) string {
		return compact(w.t, map[string]any{"alg": "ES256", "typ": "at+jwt", "kid": "k1"},
			encode(w.t, w.claims(map[string]any{"extensions": iua(map[string]any{"subject_organization_id": "7A3"})})), newKey(w.t))
	}},
	{"of no client", nil, changed("client_id", "stranger")},
	{"of the client of another issuer", underTheSecond, (*world).good},
	{"of an unknown issuer", underTheSecond, changed("iss", "https://"+strings.Repeat("x", 300))},
	{"with its issuer away", nil, func(w *world) string {
		w.provider.answers(badGateway, nil)
		return w.good()
	}},
	{"not a JWT", nil, func(*world) string { return "canary" }},
	{"too large", nil, func(w *world) string { return w.signOf(16<<10 + 1) }},
}

// TestInspections holds every word that an inspection can say. After a change of the
// words: go test ./gateway/identity -run TestInspections -update, and read what changed.
func TestInspections(t *testing.T) {
	const file = "testdata/inspections.txt"
	var all strings.Builder
	var bearer identity.Inspection
	for _, c := range inspections {
		w := newNamedWorld(t, c.config)
		in := w.verifier.Inspect(t.Context(), c.make(w))
		writeInspection(&all, c.name, bearer, in)
		if len(bearer.Findings) == 0 {
			bearer = in
		}
		if len(w.guard.held) != 0 {
			t.Errorf("%s: the inspection used something up", c.name)
		}
	}
	if *update {
		if err := os.WriteFile(file, []byte(all.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), all.String()); diff != "" {
		t.Error(diff)
	}
}

// writeInspection writes what differs from a bearer token's inspection, which stands
// first and whole, and names the checks that were not come to.
func writeInspection(out *strings.Builder, name string, bearer, in identity.Inspection) {
	answer := "taken"
	if in.Refusal != nil {
		answer = in.Refusal.Code
	}
	fmt.Fprintf(out, "== %s: %s\n", name, answer)
	come := map[string]bool{}
	for _, f := range in.Findings {
		come[f.Check] = true
		if slices.Contains(bearer.Findings, f) {
			continue
		}
		fmt.Fprintln(out, strings.TrimSpace(fmt.Sprintf("%-9s %s: %s", f.State, f.Check, f.Found)))
		for _, more := range []string{f.Code, f.Do} {
			if more != "" {
				fmt.Fprintf(out, "          %s\n", more)
			}
		}
	}
	for _, f := range bearer.Findings {
		if !come[f.Check] {
			fmt.Fprintln(out, "without   "+f.Check)
		}
	}
	fmt.Fprintln(out)
}
