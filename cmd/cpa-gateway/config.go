package main

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"cpagateway/consent"
	"cpagateway/gateway"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/identity"
	"cpagateway/profiles"
)

// config is gateway.yaml. docs/gateway.yaml is a complete sample, which a test
// reads. Unknown keys are refused with their line.
type config struct {
	Organisation profiles.OrgCode `yaml:"organisation"` // ODS code of the organisation that runs this gateway
	HTTP         httpConfig       `yaml:"http"`
	Identity     identity.Config  `yaml:",inline"`
	Agreements   string           `yaml:"agreements"` // a folder of agreement files
	Records      recordsConfig    `yaml:"records"`
	Audit        auditConfig      `yaml:"audit"`
	Hot          hotConfig        `yaml:"hot"`
	Sources      []sourceConfig   `yaml:"sources"`
	Subscribers  subscribers      `yaml:"subscribers"`
	Policy       consent.Policy   `yaml:"policy"`
	DutyLine     string           `yaml:"dutyLine"` // the duty team's telephone number, given with every crisis read
	Telemetry    telemetryConfig  `yaml:"telemetry"`
	Log          logConfig        `yaml:"log"`
	Memory       int              `yaml:"memory"` // MB that serve may take
	// PatientIdentifiers are the systems of the sources' own patient numbers that
	// callers may ask for a person by, beside the NHS number.
	PatientIdentifiers []string `yaml:"patientIdentifiers"`
}

type httpConfig struct {
	Address  string        `yaml:"address"`
	Admin    string        `yaml:"admin"`    // health and metrics; not for the outside
	Base     string        `yaml:"base"`     // the FHIR base URL as callers know it
	Cert     string        `yaml:"cert"`     // TLS certificate file; empty behind a proxy that ends TLS
	Key      string        `yaml:"key"`      // its private key
	ClientCA string        `yaml:"clientCA"` // certificates of callers that bind their tokens by mTLS
	Capacity int           `yaml:"capacity"` // requests at once
	Reserved int           `yaml:"reserved"` // of these, kept for crisis reads
	Beat     time.Duration `yaml:"beat"`     // when an answer that releases nothing leaves, after its request came: see road.Road
	// Notice is how long readiness says no, when serve stops, before connections are refused.
	Notice time.Duration `yaml:"notice"`
}

// defaultBeat is several times what a slow answer takes that is made from the store.
const defaultBeat = 50 * time.Millisecond

type auditConfig struct {
	Witness string `yaml:"witness"` // file that keeps the newest checkpoint; best on another disk. Empty: in the data folder
}

type logConfig struct {
	Level slog.Level `yaml:"level"` // debug, info, warn, error; the zero level is info
}

type telemetryConfig struct {
	OTLP     string        `yaml:"otlp"`     // OTLP/HTTP endpoint URL; empty: off
	Sampling float64       `yaml:"sampling"` // share of traces kept, 0 to 1
	Interval time.Duration `yaml:"interval"` // of metrics
}

// embedded is the configuration of the embedded defaults: everything in one folder.
func embedded(dir string) (config, error) {
	const own = "7A4"
	sources, err := sourcesIn(dir, own)
	policy := consent.DefaultPolicy()
	policy.BreakGlass.Roles = []string{"nurse"} // of the demo's cast
	return config{
		Organisation: own, Memory: defaultMemory,
		HTTP:       httpConfig{Capacity: 256, Reserved: 64, Beat: defaultBeat},
		Agreements: filepath.Join(dir, "agreements"),
		Records:    recordsConfig{SQLite: dir},
		Policy:     policy,
		Sources:    sources,
	}, err
}

// readConfig reads gateway.yaml, then the environment over it.
func readConfig(name string, environ []string) (config, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return config{}, misuse("reading the configuration: %v", err)
	}
	c := config{
		HTTP:   httpConfig{Address: ":8080", Admin: "127.0.0.1:9090", Capacity: 256, Reserved: 64, Beat: defaultBeat, Notice: 5 * time.Second},
		Memory: defaultMemory, Policy: consent.DefaultPolicy(), Telemetry: telemetryConfig{Sampling: 0.01, Interval: time.Minute},
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&c); err != nil {
		return config{}, misuse("reading %s: %v", name, err)
	}
	if err := overlay(&c, environ); err != nil {
		return config{}, misuse("reading the environment: %v", err)
	}
	if err := c.check(); err != nil {
		return config{}, misuse("reading %s: %v", name, err)
	}
	for i := range c.Sources {
		c.Sources[i].settledBy = name
	}
	return c, nil
}

// check names what must be there for serve.
func (c config) check() error {
	required := []struct{ key, value string }{
		{"organisation", string(c.Organisation)}, {"http.base", c.HTTP.Base}, {"agreements", c.Agreements},
	}
	for _, r := range required {
		if r.value == "" {
			return fmt.Errorf("%s is missing", r.key)
		}
	}
	if err := c.Records.check(); err != nil {
		return err
	}
	for _, u := range []struct{ key, value string }{{"http.base", c.HTTP.Base}, {"telemetry.otlp", c.Telemetry.OTLP}} {
		if !isHTTP(u.value) {
			return fmt.Errorf("%s must be a URL with http:// or https:// and a host, and no query", u.key)
		}
	}
	switch {
	case (c.HTTP.Cert == "") != (c.HTTP.Key == ""):
		return errors.New("http.cert and http.key go together")
	case c.HTTP.ClientCA != "" && c.HTTP.Cert == "":
		return errors.New("http.clientCA needs http.cert and http.key: without them no caller can present a certificate")
	case c.HTTP.Address == c.HTTP.Admin:
		return errors.New("http.address and http.admin must be two addresses")
	case c.HTTP.Capacity < 1:
		return errors.New("http.capacity must be at least 1")
	case c.HTTP.Reserved < 0 || c.HTTP.Reserved >= c.HTTP.Capacity:
		return errors.New("http.reserved must be at least 0 and less than http.capacity")
	case c.HTTP.Beat < 0 || c.HTTP.Beat > 10*time.Second:
		return errors.New("http.beat must be from 0s to 10s")
	case c.Memory < leastMemory:
		return fmt.Errorf("memory must be at least %d (MB)", leastMemory)
	case c.HTTP.Notice < 0:
		return errors.New("http.notice must not be negative")
	case !(0 <= c.Telemetry.Sampling && c.Telemetry.Sampling <= 1): // so that NaN is refused too
		return errors.New("telemetry.sampling must be from 0 to 1")
	}
	if err := c.Policy.Check(); err != nil {
		return fmt.Errorf("policy.%w", err)
	}
	if err := c.Subscribers.check(c.Identity.Clients); err != nil {
		return err
	}
	return checkSources(c.Sources)
}

// below is the path that a proxy puts before those of the gateway; empty where there is none,
// and where it writes paths anew.
func (c httpConfig) below() string {
	base, _ := url.Parse(c.Base) // the configuration was refused if it cannot be
	if below, found := strings.CutSuffix(base.Path, gateway.Prefix); found {
		return below
	}
	return ""
}

// isHTTP reports whether an optional setting is a URL that a web address can be made of.
func isHTTP(text string) bool {
	u, err := url.Parse(text)
	return text == "" || err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && u.RawQuery == "" && u.Fragment == ""
}

// witness keeps the newest checkpoint, so that a log that was cut off is found.
func (c config) witness() audit.FileWitness {
	if c.Audit.Witness != "" {
		return audit.FileWitness(c.Audit.Witness)
	}
	return audit.FileWitness(filepath.Join(c.Records.folder(), witnessFile))
}
