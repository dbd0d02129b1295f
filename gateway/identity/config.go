package identity

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"time"

	"cpagateway/consent"
	"cpagateway/profiles"
)

// Config is what identity needs of the gateway's configuration.
type Config struct {
	// Audience is the gateway's URL as callers know it. Tokens must name it in aud,
	// and DPoP proofs must be for a URL of the same scheme and host.
	Audience string `yaml:"audience"`
	// Below is the path below which a proxy serves the gateway; it is empty where none does.
	Below   string   `yaml:"-"`
	Issuers []Issuer `yaml:"issuers"`
	Clients []Client `yaml:"clients"`
	// Transport carries the fetches of keys; nil is a transport of its own.
	Transport http.RoundTripper `yaml:"-"`
}

// Issuer is an OpenID provider whose access tokens are accepted.
type Issuer struct {
	// URL is the issuer identifier, byte for byte as in iss. Discovery is below it.
	URL string `yaml:"url"`
	// AcceptJWT also takes tokens of typ JWT or none, for issuers that do not follow
	// RFC 9068. The audience still keeps ID tokens out.
	AcceptJWT bool `yaml:"acceptJWT"`
	// PlainHTTP lets the keys be fetched without TLS from a host that is not this machine.
	PlainHTTP bool `yaml:"plainHTTP"`
	// MaxLife is the longest time from issue to expiry. Zero is one hour.
	MaxLife time.Duration `yaml:"maxLife"`
	// Require names claims that must be there besides iss, aud, exp and iat, such as cnf.
	Require []string   `yaml:"require"`
	Claims  ClaimNames `yaml:"claims"`
}

// ClaimNames says where an issuer puts what the gateway needs. A name is first
// taken whole, then as a path with dots. An empty name is the default given here.
type ClaimNames struct {
	Client       string `yaml:"client"`       // client_id, else azp
	Organisation string `yaml:"organisation"` // extensions.ihe_iua.subject_organization_id
	Team         string `yaml:"team"`         // team
	Person       string `yaml:"person"`       // extensions.ihe_iua.person_id
	Role         string `yaml:"role"`         // extensions.ihe_iua.subject_role
	Purposes     string `yaml:"purposes"`     // extensions.ihe_iua.purpose_of_use
	Scope        string `yaml:"scope"`        // scope
	SingleUse    string `yaml:"singleUse"`    // singleUse: true makes the token good for one request
}

// Client is a calling system of the register.
type Client struct {
	ID consent.ClientID `yaml:"id"`
	// Issuer is the URL of the issuer that speaks for the client. It may be left
	// out where there is only one.
	Issuer       string             `yaml:"issuer"`
	Organisation profiles.OrgCode   `yaml:"organisation"`
	Teams        []profiles.TeamID  `yaml:"teams"`
	Purposes     []profiles.Purpose `yaml:"purposes"`
	Rate         Rate               `yaml:"rate"`
	// SingleUse makes each token of the client good for one request.
	SingleUse bool `yaml:"singleUse"`
	// Custody says that the client keeps its own organisation's records through the API.
	Custody consent.Switch `yaml:"custody"`
}

// Rate is a token bucket, convertible to hot.Rate: Burst at once, PerSecond in
// the long run.
type Rate struct {
	PerSecond float64 `yaml:"perSecond"`
	Burst     int     `yaml:"burst"`
}

// DefaultRate is that of a client whose registration names none.
var DefaultRate = Rate{PerSecond: 50, Burst: 100}

const defaultMaxLife = time.Hour

// withDefaults fills in what was left out, in a copy.
func (c Config) withDefaults() Config {
	c.Issuers = slices.Clone(c.Issuers)
	for i := range c.Issuers {
		issuer := &c.Issuers[i]
		issuer.MaxLife = cmp.Or(issuer.MaxLife, defaultMaxLife)
		issuer.Claims = issuer.Claims.withDefaults()
	}
	c.Clients = slices.Clone(c.Clients)
	for i := range c.Clients {
		client := &c.Clients[i]
		client.Rate = cmp.Or(client.Rate, DefaultRate)
		if len(c.Issuers) == 1 {
			client.Issuer = cmp.Or(client.Issuer, c.Issuers[0].URL)
		}
	}
	return c
}

// withDefaults leaves Client empty: its default is two names, see clientOf.
func (n ClaimNames) withDefaults() ClaimNames {
	const iua = "extensions.ihe_iua."
	return ClaimNames{
		Client:       n.Client,
		Organisation: cmp.Or(n.Organisation, iua+"subject_organization_id"),
		Team:         cmp.Or(n.Team, "team"),
		Person:       cmp.Or(n.Person, iua+"person_id"),
		Role:         cmp.Or(n.Role, iua+"subject_role"),
		Purposes:     cmp.Or(n.Purposes, iua+"purpose_of_use"),
		Scope:        cmp.Or(n.Scope, "scope"),
		SingleUse:    cmp.Or(n.SingleUse, "singleUse"),
	}
}

// check names everything that is wrong with a configuration, and reads its audience.
func (c Config) check() (audience *url.URL, err error) {
	var wrong []error
	report := func(bad error, format string, args ...any) {
		if bad != nil {
			wrong = append(wrong, fmt.Errorf(format+": %w", append(args, bad)...))
		}
	}
	audience, err = checkURL(c.Audience)
	report(err, "audience")
	if len(c.Issuers) == 0 {
		wrong = append(wrong, errors.New("issuers: at least one is needed"))
	}
	issuers := map[string]bool{}
	for n, i := range c.Issuers {
		report(i.check(issuers), "issuers[%d]", n)
		issuers[i.URL] = true
	}
	clients := map[consent.ClientID]bool{}
	for n, client := range c.Clients {
		report(client.check(issuers, clients), "clients[%d]", n)
		clients[client.ID] = true
	}
	return audience, errors.Join(wrong...)
}

func (i Issuer) check(before map[string]bool) error {
	switch {
	case before[i.URL]:
		return errors.New("url: named twice")
	case i.MaxLife < time.Second: // such as 5 without its unit, which YAML takes for nanoseconds
		return errors.New("maxLife: must be a second at least, written with its unit, such as 15m")
	}
	_, err := checkURL(i.URL)
	if err = cmp.Or(checkFetchURL(i.URL, i), err); err != nil {
		return fmt.Errorf("url: %w", err)
	}
	return nil
}

func (c Client) check(issuers map[string]bool, before map[consent.ClientID]bool) error {
	switch {
	case c.ID == "":
		return errors.New("id: missing")
	case before[c.ID]:
		return errors.New("id: registered twice")
	case !issuers[c.Issuer]:
		return errors.New("issuer: must be the url of one of the issuers")
	case c.Organisation == "":
		return errors.New("organisation: missing")
	case slices.Contains(c.Teams, ""):
		return errors.New("teams: one is empty")
	case slices.Contains(c.Purposes, ""):
		return errors.New("purposes: one is empty")
	case !(c.Rate.PerSecond > 0) || math.IsInf(c.Rate.PerSecond, 1) || c.Rate.Burst < 1: // so that NaN is refused too
		return errors.New("rate: perSecond must be a number above 0, and burst 1 at least")
	}
	return nil
}

// checkURL wants an http or https URL with a host and nothing after its path.
func checkURL(text string) (*url.URL, error) {
	u, err := webURL(text)
	if err == nil && (u.RawQuery != "" || u.Fragment != "") {
		err = errors.New("must have no query and no fragment")
	}
	return u, err
}

// webURL reads an http or https URL with a host and without a password.
func webURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, errors.New("not a URL")
	case u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil:
		return nil, errors.New("must be an http or https URL with a host")
	}
	return u, nil
}
