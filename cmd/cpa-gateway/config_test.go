package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"cpagateway/consent"
)

const sample = "../../docs/gateway.yaml"

func TestTheSampleConfigurationIsComplete(t *testing.T) {
	c, err := readConfig(sample, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(c.Policy, consent.DefaultPolicy()) {
		t.Errorf("the sample says it shows the defaults of the policy: %+v", c.Policy)
	}
	text, err := os.ReadFile(sample)
	if err != nil {
		t.Fatal(err)
	}
	keys := settings(reflect.TypeOf(c))
	if len(keys) < 30 {
		t.Fatalf("only %d settings found: the test looked at nothing", len(keys))
	}
	for _, key := range keys {
		if !regexp.MustCompile(`(?m)^[\s{-]*` + key + `:|[{,]\s*` + key + `:`).Match(text) {
			t.Errorf("%s is not in the sample", key)
		}
	}
}

// settings lists the yaml names of every field below a type.
func settings(typ reflect.Type) []string {
	for typ.Kind() == reflect.Slice || typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	if typ.Kind() != reflect.Struct || typ.PkgPath() == "time" {
		return nil
	}
	var names []string
	for i := range typ.NumField() {
		tag, _, _ := strings.Cut(typ.Field(i).Tag.Get("yaml"), ",")
		if tag == "-" {
			continue
		}
		if tag != "" {
			names = append(names, tag)
		}
		names = append(names, settings(typ.Field(i).Type)...)
	}
	return names
}

func TestBadConfigurationIsRefusedWithItsPlace(t *testing.T) {
	good := "organisation: 7A4\nhttp: {base: https://x/fhir/R4}\naudience: https://x\nissuers: [{url: https://i}]\nagreements: a\nrecords: {sqlite: d}\n"
	cases := []struct {
		name, text string
		environ    []string
		want       string
	}{
		{"an unknown key", good + "colour: red\n", nil, "line 7"},
		{"an unknown key inside", good + "hot: {radis: x}\n", nil, "radis"},
		{"an unknown switch", good + "policy: {verbal: maybe}\n", nil, "on or off"},
		{"a missing key", strings.Replace(good, "agreements: a\n", "", 1), nil, "agreements"},
		{"a certificate without its key", good + "", []string{"CPA_GATEWAY_HTTP_CERT=c"}, "go together"},
		{"a base without a scheme", strings.Replace(good, "https://x/", "x/", 1), nil, "http.base"},
		{"a base without a host", strings.Replace(good, "https://x/", "https:///", 1), nil, "http.base"},
		{"a collector without a scheme", good + "telemetry: {otlp: 'collector:4318'}\n", nil, "telemetry.otlp"},
		{"callers' certificates without one of its own", good, []string{"CPA_GATEWAY_HTTP_CLIENTCA=c"}, "http.clientCA needs http.cert"},
		{"one address for both", good, []string{"CPA_GATEWAY_HTTP_ADMIN=:8080"}, "two addresses"},
		{"no capacity", good, []string{"CPA_GATEWAY_HTTP_CAPACITY=0"}, "http.capacity"},
		{"less than none reserved", good, []string{"CPA_GATEWAY_HTTP_RESERVED=-1"}, "http.reserved"},
		{"everything reserved", good, []string{"CPA_GATEWAY_HTTP_RESERVED=256"}, "http.reserved"},
		{"more than every trace", good + "telemetry: {sampling: 1.1}\n", nil, "telemetry.sampling"},
		{"less than no trace", good + "telemetry: {sampling: -0.1}\n", nil, "telemetry.sampling"},
		{"no share of the traces", good + "telemetry: {sampling: .nan}\n", nil, "telemetry.sampling"},
		{"a source without a name", good + "sources: [{format: welsh-ctp}]\n", nil, "sources[0]: name"},
		{"a source named as an organisation that writes", good + "sources: [{name: 'organisation:LA9A1', format: fhir-bundle, custodian: 7A4}]\n", nil, "sources[0]: name \"organisation:LA9A1\""},
		{"a source named as a folder", good + "sources: [{name: ../x, format: fhir-bundle, custodian: 7A4}]\n", nil, "sources[0]: name \"../x\""},
		{"a source of the gateway's own name", good + "sources: [{name: gateway, format: fhir-bundle, custodian: 7A4}]\n", nil, "sources[0]: name gateway"},
		{"an unknown format", good + "sources: [{name: a, format: csv}]\n", nil, "sources[0]: format"},
		{"a source of nobody", good + "sources: [{name: a, format: welsh-ctp}]\n", nil, "sources[0]: custodian"},
		{"a source that perhaps may grant", good + "sources: [{name: a, format: welsh-ctp, custodian: 7A4, grants: maybe}]\n", nil, "on or off"},
		{"two sources of one name", good + "sources: [{name: a, format: welsh-ctp, custodian: 7A4}, {name: a, format: welsh-ctp, custodian: 7A3}]\n", nil, "sources[1]: name a"},
		{"an unknown rule for numbers", good + "sources: [{name: a, format: welsh-ctp, custodian: 7A4, nhsNumbers: reprot}]\n", nil, "sources[0]: nhsNumbers"},
		{"an unknown setting", good, []string{"CPA_GATEWAY_COLOUR=red"}, "CPA_GATEWAY_COLOUR"},
		{"a secret without its file", good, []string{"CPA_GATEWAY_HOT_REDIS_FILE=/nowhere/at/all"}, "CPA_GATEWAY_HOT_REDIS_FILE"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "gateway.yaml")
			if err := os.WriteFile(name, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := readConfig(name, c.environ); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("want an error with %q, got %v", c.want, err)
			}
		})
	}
}

func TestTheEnvironmentGoesOverTheFile(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "redis")
	if err := os.WriteFile(secret, []byte("redis://secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := readConfig(sample, []string{"CPA_GATEWAY_HTTP_ADDRESS=:1234", "CPA_GATEWAY_TELEMETRY_SAMPLING=0.5", "CPA_GATEWAY_HOT_REDIS_FILE=" + secret, "PATH=x"})
	if err != nil {
		t.Fatal(err)
	}
	if c.HTTP.Address != ":1234" || c.Telemetry.Sampling != 0.5 || c.Hot.Redis != "redis://secret" {
		t.Errorf("not taken: %+v", c)
	}
}

func TestWrongUseExitsWithTwoAndSaysWhy(t *testing.T) {
	for _, args := range [][]string{
		{"nonsense"}, {"import"}, {"import", "--source", "mhsds-v6"}, {"import", "--data", t.TempDir(), "--source", "nonsense", "."},
		{"import", "--data", t.TempDir(), "--source", "mhsds-v6", "/nowhere/at/all"}, {"serve", "--config", "/nowhere/at/all"},
		{"consent"}, {"audit"}, {"register", "check"}, {"token"}, {"quarantine"}, {"quarantine", "show", "--data", t.TempDir()}, {"demo", "--nonsense"},
		{"demo", "--addr", "0.0.0.0:0"}, {"demo", "--addr", "example.org:80"},
	} {
		var out, errs bytes.Buffer
		w := world{ctx: context.Background(), out: &out, err: &errs, clock: time.Now}
		if code := run(w, args); code != exitUsage || errs.Len() == 0 {
			t.Errorf("%v: exit %d: %s", args, code, &errs)
		}
	}
}

// A DPoP proof is for the address that the caller knows, and a proxy may serve the gateway
// below a path.
func TestThePathBelowWhichAProxyServes(t *testing.T) {
	for base, want := range map[string]string{
		"https://a.example/fhir/R4": "", "https://a.example/cpa/fhir/R4": "/cpa", "https://a.example/fhir/R4/": "", "https://a.example/r4": "",
	} {
		if got := (httpConfig{Base: base}).below(); got != want {
			t.Errorf("%s: %q, want %q", base, got, want)
		}
	}
}
