package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// certificate writes a certificate for a host, valid from and until days from now, and its key.
func certificate(t *testing.T, host string, from, until int) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{host}, NotBefore: time.Now().AddDate(0, 0, from), NotAfter: time.Now().AddDate(0, 0, until)}
	signed, err := x509.CreateCertificate(rand.Reader, about, about, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	return write(t, filepath.Join(dir, "cert.pem"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}))),
		write(t, filepath.Join(dir, "key.pem"), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})))
}

// --check said that all was well of what nobody could use.
func TestCheckWarnsOfWhatWillHurt(t *testing.T) {
	s := configure(t, "")
	with := func(host string, from, until int) string {
		cert, key := certificate(t, host, from, until)
		return s.change("http: {", fmt.Sprintf("http: {cert: %q, key: %q, ", cert, key))
	}
	ca, _ := certificate(t, "ca", -9, -1)
	cert, key := certificate(t, "127.0.0.1", -9, 90)
	for name, c := range map[string]struct{ file, says string }{
		"a folder that is not there":     {s.config, "does not exist: serve makes a new folder"},
		"an issuer that does not answer": {s.config, "reading the keys of issuer http://" + s.issuer},
		"another audience":               {s.config, "is of another host than http.base"},
		"no TLS":                         {s.change(`address: "127.0.0.1`, `address: "0.0.0.0`), "tokens and records cross the network in clear"},
		"health for the outside":         {s.change(`admin: "127.0.0.1`, `admin: "0.0.0.0`), "http.admin"},
		"a base without TLS":             {s.change("base: \"http://"+s.addr, "base: \"http://cpa.example"), "http.base http://cpa.example/fhir/R4 has no TLS"},
		"a base elsewhere":               {s.change(s.addr+"/fhir/R4", s.addr+"/api"), "does not end with /fhir/R4"},
		"nobody to call":                 {s.change("dutyLine: ", "dutyLine: '' #"), "dutyLine is empty"},
		"an unknown purpose":             {s.change("purposes: [COC]", "purposes: [COC, BTG]"), "the purpose BTG is none that an agreement can name"},
		"a suspension of nowhere":        {s.change("dutyLine", "policy: {breakGlass: {suspended: [7a4/nia]}}\ndutyLine"), "policy.breakGlass.suspended: no client is of the organisation 7a4"},
		"a client without a team":        {s.change("teams: [practice], ", ""), "without a team it is forbidden everything"},
		"a client without a purpose":     {s.change(", purposes: [COC]}", "}"), "without a purpose it is forbidden everything"},
		"a collector that is not there":  {s.change("dutyLine", "telemetry: {otlp: 'http://127.0.0.1:1'}\ndutyLine"), "telemetry.otlp cannot be reached"},
		"a Redis that is not there":      {s.change("dutyLine", "hot: {redis: 'redis://:secret@127.0.0.1:1'}\ndutyLine"), "hot.redis cannot be reached: nothing answers at 127.0.0.1:1"},
		"an expired certificate":         {with("127.0.0.1", -9, -1), "http.cert: the certificate expired on"},
		"one that begins later":          {with("127.0.0.1", 1, 9), "is not valid before"},
		"one that ends soon":             {with("127.0.0.1", -9, 9), "http.cert: the certificate expires on"},
		"one of another host":            {with("elsewhere.example", -9, 90), "http.cert is not for the host of http.base"},
		"an expired authority":           {s.change("http: {", fmt.Sprintf("http: {cert: %q, key: %q, clientCA: %q, ", cert, key, ca)), "http.clientCA: the certificate expired on"},
	} {
		t.Run(name, func(t *testing.T) {
			p := cli("serve", "--config", c.file, "--check").must(t, exitDone)
			if !strings.Contains(p.out, "warning: ") || !strings.Contains(p.out, c.says) || strings.Contains(p.out, "secret") {
				t.Errorf("does not say %q: %s", c.says, p.out)
			}
		})
	}
	if _, err := os.Stat(filepath.Join(s.dir, "data")); !os.IsNotExist(err) {
		t.Errorf("--check made the data folder: %v", err)
	}
}

// --check passed what serve then refused.
func TestCheckRefusesWhatServeWould(t *testing.T) {
	s := settle(t)
	for name, c := range map[string]struct{ file, says string }{
		"an address of nothing":    {s.change(`address: "127.0.0.1:`, `address: "192.0.2.1:`), "http.address"},
		"no address at all":        {s.change(`address: "127.0.0.1:`, `address: "nonsense:x`), "http.address"},
		"a base without scheme":    {s.change("base: \"http://", "base: \""), "http.base"},
		"an authority and no TLS":  {s.change("http: {", "http: {clientCA: x, "), "http.clientCA needs http.cert"},
		"a role with a blank":      {s.change("dutyLine", "policy: {breakGlass: {roles: [' nurse']}}\ndutyLine"), "policy.breakGlass.roles"},
		"an assessment for ever":   {s.change("dutyLine", "policy: {capacityDays: 4294967297}\ndutyLine"), "policy.capacityDays"},
		"an assessment for no day": {s.change("dutyLine", "policy: {capacityDays: -1}\ndutyLine"), "policy.capacityDays"},
		"grace before the review":  {s.change("dutyLine", "policy: {crisisReviewGraceDays: -1}\ndutyLine"), "policy.crisisReviewGraceDays"},
		"somebody of nowhere":      {s.change("dutyLine", "policy: {breakGlass: {suspended: [nia]}}\ndutyLine"), "policy.breakGlass.suspended"},
		"somebody beside a blank":  {s.change("dutyLine", "policy: {breakGlass: {suspended: ['7A4 / nia']}}\ndutyLine"), "policy.breakGlass.suspended"},
	} {
		for _, args := range [][]string{{"--check"}, nil} {
			p := cli(append([]string{"serve", "--config", c.file}, args...)...)
			if p.code == exitDone || !strings.Contains(p.errs, c.says) && args != nil {
				t.Errorf("%s, %v: exit %d, %s", name, args, p.code, p.errs)
			}
		}
	}
	secret := filepath.Join(s.dir, "data", secretFile)
	own, err := os.ReadFile(secret)
	if err != nil {
		t.Fatal(err)
	}
	for name, lose := range map[string]func() error{
		"another secret": func() error { return os.WriteFile(secret, []byte(strings.Repeat("another ", secretSize/8)), 0o600) },
		"no secret":      func() error { return os.Remove(secret) },
	} {
		if err := lose(); err != nil {
			t.Fatal(err)
		}
		if p := cli("serve", "--config", s.config, "--check").must(t, exitUsage); !strings.Contains(p.errs, secret) {
			t.Errorf("%s: says %q", name, p.errs)
		}
	}
	write(t, secret, string(own))
}

// A client that may break the glass was warned of, and the operator took its purpose away.
func TestCheckTakesAClientThatBreaksTheGlass(t *testing.T) {
	s := settle(t)
	says := func(file string) bool {
		return strings.Contains(cli("serve", "--config", file, "--check").must(t, exitDone).out, "BTG")
	}
	if !says(s.config) || says(s.change("dutyLine", "policy: {breakGlass: {roles: [nurse]}}\ndutyLine")) {
		t.Error("the warning does not follow the roles that may")
	}
	s.config = s.change("purposes: [BTG]", "purposes: [ETREAT]")
	if says(s.config) || !says(s.change("dutyLine", "policy: {breakGlass: {roles: [nurse]}}\ndutyLine")) {
		t.Error("roles that no client can use are not warned of")
	}
}

// A gateway that runs is not in the way of the check of its own configuration.
func TestCheckBesideARunningGateway(t *testing.T) {
	s := settle(t)
	l, err := net.Listen("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if p := cli("serve", "--config", s.config, "--check").must(t, exitDone); !strings.Contains(p.out, "http.address "+s.addr+" is in use") {
		t.Errorf("prints %s", p.out)
	}
}
