package identity_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"cpagateway/gateway/identity"
	"cpagateway/profiles"
)

func TestConfigurationIsRefused(t *testing.T) {
	cases := map[string]struct {
		change func(*identity.Config)
		says   string
	}{
		"audience that is no URL":         {func(c *identity.Config) { c.Audience = "https://[" }, "audience: not a URL"},
		"audience of another scheme":      {func(c *identity.Config) { c.Audience = "ftp://gateway.example" }, "audience: must be an http or https URL with a host"},
		"audience with its host left out": {func(c *identity.Config) { c.Audience = "https:///fhir" }, "audience: must be an http or https URL with a host"},
		"audience with a password":        {func(c *identity.Config) { c.Audience = "https://a:b@gateway.example" }, "audience: must be an http or https URL with a host"},
		"audience with a fragment":        {func(c *identity.Config) { c.Audience = "https://gateway.example#x" }, "audience: must have no query and no fragment"},
		"issuer with a query":             {func(c *identity.Config) { c.Issuers[0].URL += "?x=1" }, "issuers[0]: url: must have no query and no fragment"},
		"issuer in plain at an address":   {func(c *identity.Config) { c.Issuers[0].URL = "http://10.0.0.1" }, "issuers[0]: url: must be https (or set plainHTTP: true)"},
		"life without its unit":           {func(c *identity.Config) { c.Issuers[0].MaxLife = time.Second - 1 }, "issuers[0]: maxLife: must be a second at least, written with its unit, such as 15m"},
		"no audience":                     {func(c *identity.Config) { c.Audience = "" }, "audience: must be an http or https URL with a host"},
		"audience without host":           {func(c *identity.Config) { c.Audience = "/fhir" }, "audience: must be an http or https URL with a host"},
		"audience with a query":           {func(c *identity.Config) { c.Audience = "https://g.example?x=1" }, "audience: must have no query and no fragment"},
		"no issuer":                       {func(c *identity.Config) { c.Issuers, c.Clients = nil, nil }, "issuers: at least one is needed"},
		"issuer over plain HTTP":          {func(c *identity.Config) { c.Issuers[0].URL = "http://issuer.example" }, "issuers[0]: url: must be https (or set plainHTTP: true)"},
		"issuer that is no URL":           {func(c *identity.Config) { c.Issuers[0].URL = "issuer" }, "issuers[0]: url: must be an http or https URL with a host"},
		"issuer twice":                    {func(c *identity.Config) { c.Issuers, c.Clients = append(c.Issuers, c.Issuers[0]), nil }, "issuers[1]: url: named twice"},
		"negative life":                   {func(c *identity.Config) { c.Issuers[0].MaxLife = -time.Second }, "issuers[0]: maxLife: must be a second at least, written with its unit, such as 15m"},
		"client without id":               {func(c *identity.Config) { c.Clients[1].ID = "" }, "clients[1]: id: missing"},
		"client twice":                    {func(c *identity.Config) { c.Clients[1].ID = c.Clients[0].ID }, "clients[1]: id: registered twice"},
		"client of no organisation":       {func(c *identity.Config) { c.Clients[0].Organisation = "" }, "clients[0]: organisation: missing"},
		"client of no issuer":             {func(c *identity.Config) { c.Clients[0].Issuer = "https://other.example" }, "clients[0]: issuer: must be the url of one of the issuers"},
		"client that leaves its issuer open among two": {func(c *identity.Config) {
			c.Issuers = append(c.Issuers, identity.Issuer{URL: "https://second.example"})
			c.Clients = c.Clients[:1]
		}, "clients[0]: issuer: must be the url of one of the issuers"},
		"empty team":             {func(c *identity.Config) { c.Clients[0].Teams = []profiles.TeamID{""} }, "clients[0]: teams: one is empty"},
		"empty purpose":          {func(c *identity.Config) { c.Clients[0].Purposes = []profiles.Purpose{""} }, "clients[0]: purposes: one is empty"},
		"negative rate":          {func(c *identity.Config) { c.Clients[0].Rate = identity.Rate{PerSecond: -1, Burst: 1} }, "clients[0]: rate: perSecond must be a number above 0, and burst 1 at least"},
		"negative burst":         {func(c *identity.Config) { c.Clients[0].Rate = identity.Rate{PerSecond: 1, Burst: -1} }, "clients[0]: rate: perSecond must be a number above 0, and burst 1 at least"},
		"rate without a burst":   {func(c *identity.Config) { c.Clients[0].Rate.PerSecond = 1 }, "clients[0]: rate: perSecond must be a number above 0, and burst 1 at least"},
		"burst without a rate":   {func(c *identity.Config) { c.Clients[0].Rate.Burst = 1 }, "clients[0]: rate: perSecond must be a number above 0, and burst 1 at least"},
		"rate that is no number": {func(c *identity.Config) { c.Clients[0].Rate = identity.Rate{PerSecond: math.NaN(), Burst: 1} }, "clients[0]: rate: perSecond must be a number above 0, and burst 1 at least"},
		"rate without an end":    {func(c *identity.Config) { c.Clients[0].Rate = identity.Rate{PerSecond: math.Inf(1), Burst: 1} }, "clients[0]: rate: perSecond must be a number above 0, and burst 1 at least"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			cfg := w.config()
			c.change(&cfg)
			_, err := identity.New(t.Context(), cfg, w.guard, w.clock)
			if want := "checking the identity configuration: " + c.says; err == nil || err.Error() != want {
				t.Errorf("got %v, want %s", err, want)
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

func TestIssuersThatMayBeReached(t *testing.T) {
	w := newWorld(t)
	for _, issuer := range []identity.Issuer{
		{URL: "http://issuer.example", PlainHTTP: true}, {URL: "http://localhost:8080/realm"}, {URL: "http://127.0.0.2"},
		{URL: "http://[::1]:8080"}, {URL: "https://issuer.example", MaxLife: time.Second},
	} {
		cfg := w.config()
		cfg.Issuers[0] = issuer
		if _, err := identity.New(t.Context(), cfg, w.guard, w.clock); err != nil {
			t.Error(err)
		}
	}
}

// What is filled in is filled in in a copy: the configuration is somebody else's.
func TestConfigurationIsNotChanged(t *testing.T) {
	w := newWorld(t)
	cfg := w.config()
	w.newVerifier(cfg)
	if diff := cmp.Diff(w.config(), cfg); diff != "" {
		t.Error(diff)
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
