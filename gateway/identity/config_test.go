package identity_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"cpagateway/gateway/identity"
	"cpagateway/profiles"
)

func TestConfigurationIsRefused(t *testing.T) {
	cases := map[string]struct {
		change func(*identity.Config)
		says   string
	}{
		"no audience":               {func(c *identity.Config) { c.Audience = "" }, "audience"},
		"audience without host":     {func(c *identity.Config) { c.Audience = "/fhir" }, "audience"},
		"audience with a query":     {func(c *identity.Config) { c.Audience = "https://g.example?x=1" }, "audience"},
		"no issuer":                 {func(c *identity.Config) { c.Issuers = nil }, "issuers: at least one"},
		"issuer over plain HTTP":    {func(c *identity.Config) { c.Issuers[0].URL = "http://issuer.example" }, "issuers[0]: url: must be https"},
		"issuer that is no URL":     {func(c *identity.Config) { c.Issuers[0].URL = "issuer" }, "issuers[0]: url"},
		"issuer twice":              {func(c *identity.Config) { c.Issuers = append(c.Issuers, c.Issuers[0]) }, "issuers[1]: url: named twice"},
		"negative life":             {func(c *identity.Config) { c.Issuers[0].MaxLife = -time.Second }, "issuers[0]: maxLife"},
		"client without id":         {func(c *identity.Config) { c.Clients[1].ID = "" }, "clients[1]: id: missing"},
		"client twice":              {func(c *identity.Config) { c.Clients[1].ID = c.Clients[0].ID }, "clients[1]: id: registered twice"},
		"client of no organisation": {func(c *identity.Config) { c.Clients[0].Organisation = "" }, "clients[0]: organisation"},
		"client of no issuer":       {func(c *identity.Config) { c.Clients[0].Issuer = "https://other.example" }, "clients[0]: issuer"},
		"client that leaves its issuer open among two": {func(c *identity.Config) {
			c.Issuers = append(c.Issuers, identity.Issuer{URL: "https://second.example"})
		}, "clients[0]: issuer"},
		"empty team":             {func(c *identity.Config) { c.Clients[0].Teams = []profiles.TeamID{""} }, "clients[0]: teams"},
		"empty purpose":          {func(c *identity.Config) { c.Clients[0].Purposes = []profiles.Purpose{""} }, "clients[0]: purposes"},
		"negative rate":          {func(c *identity.Config) { c.Clients[0].Rate = identity.Rate{PerSecond: -1, Burst: 1} }, "clients[0]: rate"},
		"negative burst":         {func(c *identity.Config) { c.Clients[0].Rate = identity.Rate{PerSecond: 1, Burst: -1} }, "clients[0]: rate"},
		"rate without a burst":   {func(c *identity.Config) { c.Clients[0].Rate.PerSecond = 1 }, "clients[0]: rate"},
		"burst without a rate":   {func(c *identity.Config) { c.Clients[0].Rate.Burst = 1 }, "clients[0]: rate"},
		"rate that is no number": {func(c *identity.Config) { c.Clients[0].Rate = identity.Rate{PerSecond: math.NaN(), Burst: 1} }, "clients[0]: rate"},
		"rate without an end":    {func(c *identity.Config) { c.Clients[0].Rate = identity.Rate{PerSecond: math.Inf(1), Burst: 1} }, "clients[0]: rate"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			cfg := w.config()
			c.change(&cfg)
			_, err := identity.New(t.Context(), cfg, w.guard, w.clock)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want it to say %q", err, c.says)
			}
		})
	}
}

func TestConfigurationErrorsComeTogether(t *testing.T) {
	w := newWorld(t)
	_, err := identity.New(t.Context(), identity.Config{Clients: []identity.Client{{}, {}}}, w.guard, w.clock)
	for _, want := range []string{"audience", "issuers", "clients[0]", "clients[1]"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %s", err, want)
		}
	}
}

func TestIssuerOverPlainHTTPWhenSaidSo(t *testing.T) {
	w := newWorld(t)
	cfg := w.config()
	cfg.Issuers[0] = identity.Issuer{URL: "http://issuer.example", PlainHTTP: true}
	if _, err := identity.New(t.Context(), cfg, w.guard, w.clock); err != nil {
		t.Error(err)
	}
}

func TestConfigurationFromYAML(t *testing.T) {
	const text = `
audience: https://gateway.example
issuers:
  - url: https://issuer.example
    acceptJWT: true
    maxLife: 5m
    require: [jti, cnf]
    claims: {team: groups.team, singleUse: once}
clients:
  - id: ooh
    organisation: 7A4
    teams: [crht]
    purposes: [ETREAT]
    rate: {perSecond: 2.5, burst: 5}
    singleUse: true
`
	var cfg identity.Config
	decoder := yaml.NewDecoder(strings.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&cfg); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	v := w.newVerifier(cfg)
	if got := v.Rate("ooh"); got != (identity.Rate{PerSecond: 2.5, Burst: 5}) {
		t.Errorf("rate %v", got)
	}
	if i := cfg.Issuers[0]; i.MaxLife != 5*time.Minute || !i.AcceptJWT || len(i.Require) != 2 || i.Claims.Team != "groups.team" {
		t.Errorf("issuer %+v", i)
	}
	if !cfg.Clients[0].SingleUse {
		t.Error("singleUse is lost")
	}
}
